//! The program as a whole: verbs, exit codes, pipes.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).stdin(Stdio::null()).current_dir(self.0.path());
        command
    }
    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn example() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config/plan.example.toml"))
}

#[test]
fn every_verb_has_help_with_examples() {
    let home = Home::new();
    let help = out(&home.run(&["--help"]));
    assert!(help.contains("Exit codes"));
    for verb in ["demo", "live", "view", "replay", "summary", "export", "check", "lives", "simulate", "schema", "completions"] {
        assert!(help.contains(verb), "{verb}");
        let output = home.run(&[verb, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{verb}");
        assert!(out(&output).contains("Examples:"), "{verb}");
    }
}

#[test]
fn a_journal_and_its_export_have_the_same_figures() {
    let home = Home::new();
    let simulated = home.run(&["simulate", "--seed", "7", "--hours", "0.1", "--journal", "a.warroom"]);
    assert_eq!(simulated.status.code(), Some(0), "{}", err(&simulated));
    let exported = home.run(&["export", "a.warroom"]);
    assert_eq!(exported.status.code(), Some(0), "{}", err(&exported));
    let text = out(&exported);
    assert!(text.starts_with(r#"{"type":"plan""#));
    std::fs::write(home.path("a.ndjson"), &text).unwrap();
    let [journal, export] = ["a.warroom", "a.ndjson"].map(|input| {
        let output = home.run(&["summary", input, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let mut figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        figures.as_object_mut().unwrap().remove("events");
        figures
    });
    assert_eq!(journal, export);
    assert!(journal["broadcast"]["orders_placed"]["value"].as_i64().unwrap() > 0);
}

#[test]
fn lives_lists_what_there_is_and_what_is_broken() {
    let home = Home::new();
    assert!(out(&home.run(&["lives"])).contains("no lives yet"));
    let folder = home.path(".local/share/warroom/journals");
    std::fs::create_dir_all(&folder).unwrap();
    let good = folder.join("good.warroom");
    assert_eq!(home.run(&["simulate", "--hours", "0.1", "--journal", good.to_str().unwrap()]).status.code(), Some(0));
    std::fs::write(folder.join("bad.warroom"), "no journal at all ".repeat(300)).unwrap();
    let output = home.run(&["lives"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(text.lines().any(|line| line.contains("BRL") && line.ends_with("good.warroom")), "{text}");
    assert!(text.lines().any(|line| line.contains("unreadable") && line.ends_with("bad.warroom")), "{text}");
    assert_eq!(out(&home.run(&["lives", "bad"])).lines().count(), 2);
}

#[test]
fn the_example_plan_passes_its_check() {
    let home = Home::new();
    let output = home.run(&["check", example().to_str().unwrap()]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
    assert!(text.contains("✓ pass") && text.contains("☐ tick") && !text.contains("FAIL"), "{text}");
}

#[test]
fn a_wrong_plan_is_told_all_at_once_and_starts_nothing() {
    let home = Home::new();
    std::fs::write(home.path("plan.toml"), "curency = \"BRL\"\nlength = 2\n").unwrap();
    for verb in ["check", "live"] {
        let output = home.run(&[verb, "plan.toml"]);
        assert_eq!(output.status.code(), Some(2), "{verb}");
        let told = out(&output) + &err(&output);
        assert!(told.contains("plan.toml:1:") && told.contains("plan.toml:2:"), "{told}");
    }
    assert!(!home.path(".local").exists(), "nothing was started");
}

#[test]
fn what_is_missing_or_foreign_has_its_exit_code() {
    let home = Home::new();
    for (arguments, code) in [
        (&["summary", "none.ndjson"][..], 1),
        (&["export", "none.warroom"], 1),
        (&["live", "none.toml"], 2),
        (&["nothing"], 2),
        (&["summary", "-", "--at", "yesterday"], 2),
        (&["demo", "--theme", "pink"], 2),
        (&["demo", "--lang", "tlh"], 2),
    ] {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", err(&output));
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_simulation_never_overwrites_a_journal() {
    let home = Home::new();
    std::fs::write(home.path("a.warroom"), "mine").unwrap();
    let output = home.run(&["simulate", "--hours", "0.1", "--journal", "a.warroom"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert_eq!(std::fs::read(home.path("a.warroom")).unwrap(), b"mine");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let home = Home::new();
    let mut child = home.command(&["simulate", "--hours", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
}

#[test]
fn schemas_and_completions_are_printed() {
    let home = Home::new();
    for subject in ["events", "plan", "summary", "metrics"] {
        let output = home.run(&["schema", subject]);
        assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok(), "{subject}");
    }
    assert!(out(&home.run(&["completions", "bash"])).contains("warroom"));
}

#[test]
fn a_platform_and_a_plan_to_begin_from_are_printed() {
    let home = Home::new();
    for (name, ending) in [("vendure.toml", None), ("vendure.jq", Some("--filters")), ("warroom.jq", Some("--filters"))] {
        let stem = name.split('.').next().unwrap();
        let arguments: Vec<&str> = ["feed", "show", stem].into_iter().chain(ending).collect();
        let kept = std::fs::read_to_string(format!("{}/config/platforms/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert_eq!(out(&home.run(&arguments)), kept);
    }
    for unknown in ["warroom", "kiosk"] {
        let output = home.run(&["feed", "show", unknown]);
        assert!(output.status.code() == Some(2) && err(&output).contains("bambuser"), "{}", err(&output));
    }
    std::fs::write(home.path("plan.toml"), home.run(&["plan", "example"]).stdout).unwrap();
    let output = home.run(&["check", "plan.toml"]);
    assert!(!out(&output).contains("is not known here"), "{}", out(&output));
}

#[test]
fn an_error_cannot_touch_the_terminal() {
    let home = Home::new();
    let output = home.run(&["summary", "\u{1b}[31m\u{202e}none"]);
    assert!(!err(&output).chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{:?}", err(&output));
}

#[test]
fn a_replay_in_lines_says_so_in_every_line_and_ends() {
    let home = Home::new();
    assert_eq!(home.run(&["simulate", "--seed", "3", "--hours", "0.1", "--journal", "a.warroom"]).status.code(), Some(0));
    let output = home.run(&["replay", "a.warroom", "--plain", "--speed", "600"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let told = out(&output);
    assert!(told.lines().count() > 1 && told.lines().all(|line| line.starts_with("REPLAY x600 ")), "{told}");
}

#[test]
fn a_replay_reads_what_can_be_read_and_tells_the_rest() {
    let home = Home::new();
    let events = out(&home.run(&["simulate", "--seed", "3", "--hours", "0.05"]));
    std::fs::write(home.path("a.ndjson"), format!("{events}no event\n{{\"type\":\"nothing\"}}\n")).unwrap();
    let output = home.run(&["replay", "a.ndjson", "--plain", "--speed", "600"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("2 lines are no events and were left out"), "{}", err(&output));
    for missing in ["none.warroom", "none.ndjson"] {
        let output = home.run(&["replay", missing, "--plain"]);
        assert_ne!(output.status.code(), Some(0));
        assert!(err(&output).contains(missing), "{}", err(&output));
    }
}
