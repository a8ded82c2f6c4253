//! The page "connect your own platform" does what it says: its files are read and run as they stand there.

#![allow(clippy::expect_used, clippy::panic, reason = "a test stops where it fails")]

use warroom::engine::time::At;
use warroom::engine::wire::{self, Defaults};
use warroom::feed::account::Account;
use warroom::feed::platform::PlatformText;
use warroom::feed::trial::Trial;

const PAGE: &str = include_str!("../docs/connect-a-platform.md");

/// The n-th block of a language.
fn block(language: &str, n: usize) -> String {
    let fence = format!("```{language}\n");
    let blocks = PAGE.split(fence.as_str()).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).nth(n).expect("a block")
}

#[test]
fn the_worked_example_maps_its_answer_to_the_events_of_the_page() {
    let text = PlatformText { file: "kiosk.toml".into(), toml: block("toml", 0), jq_file: "kiosk.jq".into(), jq: block("jq", 0) };
    let platform = text.read().unwrap_or_else(|problems| panic!("{problems:?}"));
    let at = At::parse("2026-04-12T23:45:00Z", None).expect("a time");
    let trial = Trial::new(at, Defaults { account: Some("kiosk".into()), ..Defaults::default() });
    let mapped = trial.map(platform.request("sales").expect("the request"), block("json", 0).as_bytes()).expect("events");
    let lines: Vec<String> = mapped.events.iter().map(wire::write).collect();
    assert_eq!(lines, [block("json", 1).trim()]);
    assert_eq!((mapped.inputs, mapped.skipped, mapped.unmapped, mapped.rejected.len()), (2, 1, 0, 0));
}

#[test]
fn the_program_prints_the_events_of_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("kiosk.toml", block("toml", 0)), ("kiosk.jq", block("jq", 0)), ("answer.json", block("json", 0))] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let command = PAGE.lines().find_map(|line| line.strip_prefix("`warroom ")?.split('`').next()).expect("the command of the page");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(command.split(' '))
        .current_dir(folder.path())
        .env_clear()
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), block("json", 1).trim());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("2 inputs · 1 events · 1 left out on purpose · 0 became nothing · 0 put aside"), "{told}");
    assert!(told.contains("left out: a training sale · {"), "{told}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_plan_of_the_page_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kiosk.toml"), block("toml", 0)).expect("a file");
    std::fs::write(folder.path().join("kiosk.jq"), block("jq", 0)).expect("a file");
    let environment = |name: &str| (name == "KIOSK_KEY").then(|| "secret".to_owned());
    let plan = folder.path().join("plan.toml").display().to_string();
    let accounts = Account::read_all(&plan, &block("toml", 1), &environment).unwrap_or_else(|problems| panic!("{problems:?}"));
    let names: Vec<String> = accounts[0].plan_feeds().iter().map(|feed| feed.name.to_string()).collect();
    assert_eq!(names, ["kiosk.sales", "kiosk.sales_hook"]);
}
