//! A file is a test: every `tests/rules/*.toml` runs against the shipped playbook, and every shipped rule is told by one that
//! fires, one that does not, and one with missing data.
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

use std::path::{Path, PathBuf};
use std::process::Command;

use warroom::config::playbook;
use warroom::trial::file::{self, Trial};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn trials() -> Vec<Trial> {
    files().iter().flat_map(|path| file::load(path).unwrap_or_else(|problems| panic!("{problems:#?}"))).collect()
}

#[test]
fn every_file_of_tests_passes() {
    let playbook = playbook::shipped();
    let failed: Vec<_> = trials().iter().map(|trial| trial.run(&playbook)).filter(|outcome| !outcome.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_shipped_rule_has_a_test_that_fires_one_that_does_not_and_one_with_missing_data() {
    let trials = trials();
    let missing = ["frozen", "not_enough_yet", "guard_unknown", "no_target"];
    let mut untold = Vec::new();
    for rule in playbook::shipped().rules {
        let of_rule: Vec<&Trial> = trials.iter().filter(|trial| trial.rules.contains(&rule.name)).collect();
        let fires = of_rule.iter().any(|trial| trial.expect.iter().any(|expected| expected.rule == rule.name));
        let quiet = of_rule.iter().any(|trial| {
            trial.expect.iter().all(|expected| expected.rule != rule.name)
                && trial.says.iter().any(|said| said.rule == rule.name && said.says == "quiet")
        });
        let blind =
            of_rule.iter().any(|trial| trial.says.iter().any(|said| said.rule == rule.name && missing.contains(&said.says.as_str())));
        untold.extend(
            [(fires, "fires"), (quiet, "is quiet"), (blind, "misses data")]
                .iter()
                .filter(|(told, _)| !told)
                .map(|(_, what)| format!("no test in which {} {what}", rule.name)),
        );
    }
    assert!(untold.is_empty(), "{untold:#?}");
}

fn warroom(arguments: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_warroom")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

#[test]
fn a_test_that_fails_says_what_differs_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silence.toml");
    let test = |expect: &str| {
        format!(
            "[[test]]\nname = \"nobody clicks\"\nrules = [\"dead_air\"]\nminutes = 12\n\
             [[test.series]]\nevent = {{ type = \"audience\" }}\nfield = \"viewers\"\nvalues = \"300x12\"\n\
             [[test.series]]\nevent = {{ type = \"select_item\", sku = \"A\" }}\nper_minute = \"20x6 0x6\"\n\
             [[test.series]]\nevent = {{ type = \"chat_message\", author = \"a\", text = \"oi\" }}\nper_minute = \"9x6 0x6\"\n{expect}"
        )
    };
    let run = |text: String| {
        std::fs::write(&path, text).unwrap();
        warroom(&["rules", "test", path.to_str().unwrap()])
    };
    let (code, out, _) = run(test("[[test.expect]]\nrule = \"dead_air\"\nfrom_min = 6\nto_min = 8\nact = \"poll\"\n"));
    assert_eq!(code, Some(0), "{out}");
    let (code, out, _) = run(test("[[test.expect]]\nrule = \"dead_air\"\nfrom_min = 2\nto_min = 3\nact = \"giveaway\"\n"));
    assert_eq!(code, Some(1), "{out}");
    for told in ["- dead_air → giveaway, minute 2 to 3", "+ dead_air → poll", "0 passed, 1 failed"] {
        assert!(out.contains(told), "{told}: {out}");
    }
    let (code, _, error) = run(test("[[test.says]]\nminute = 3\nrule = \"dead_air\"\nsays = \"sleepy\"\n"));
    assert!(code == Some(2) && error.contains("sleepy") && error.contains("not_enough_yet"), "{error}");
    let (code, _, error) = run(test("[[test.series]]\nevent = { type = \"select_item\" }\nper_minute = \"1x2\"\n"));
    assert!(code == Some(2) && error.contains("bad_field"), "{error}");
    let (code, _, error) = run(test("[[test.series]]\nevent = { type = \"audience\" }\nper_minute = \"a lot\"\n"));
    assert!(code == Some(2) && error.contains("write it as 60x40"), "{error}");
}

/// Two rules of one's own: a channel that converts above the rest, and one below.
#[test]
fn channels_are_held_against_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let rule = |name: &str, ratio: &str, act: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\ncause = \"ads\"\nwatch = {{ kind = \"differ\", groups = {{ of = \"channels\" }}, ratio = {ratio} }}\n\
             act = \"{act}\"\nhold_s = 60\nmost_per_live = 1\n[rule.words.en]\ntitle = \"{name}\"\nsay = \"\"\n[rule.words.pt-BR]\ntitle = \"{name}\"\nsay = \"\"\n"
        )
    };
    let playbook = file("own.toml", &(rule("better", "1.5", "ads_up") + &rule("worse", "0.5", "ads_down")));
    let comes = |channel: &str, orders: &str| {
        format!(
            "[[test.series]]\nevent = {{ type = \"view_item\", sku = \"A\", visitor = \"{channel}{{n}}\", channel = \"{channel}\" }}\nper_minute = \"20x40\"\n\
             [[test.series]]\nevent = {{ type = \"purchase\", value = \"10.00\", visitor = \"{channel}{{n}}\", channel = \"{channel}\", items = [{{ sku = \"A\", quantity = 1, price = \"10.00\" }}] }}\nper_minute = \"{orders}\"\n"
        )
    };
    let test = |name: &str, orders: [&str; 2], expect: &str| {
        format!(
            "[[test]]\nname = \"{name}\"\nminutes = 40\nplan = {{ currency = \"BRL\" }}\n{}{}{expect}\n",
            comes("direct_link", orders[0]),
            comes("paid", orders[1])
        )
    };
    let expected = |rule: &str, act: &str, about: &str| {
        format!("[[test.expect]]\nrule = \"{rule}\"\nfrom_min = 2\nto_min = 20\nact = \"{act}\"\nabout = \"{about}\"\n")
    };
    let apart = expected("better", "ads_up", "direct_link") + &expected("worse", "ads_down", "paid");
    let says = |says: &str| format!("[[test.says]]\nminute = 38\nrule = \"better\"\nsays = \"{says}\"\n");
    let tests = test("one converts four times the other", ["4x40", "1x40"], &apart)
        + &test("both convert alike", ["2x40", "2x40"], &says("quiet"))
        + &test("nobody buys", ["0x40", "0x40"], &says("not_enough_yet"));
    let (code, out, error) = warroom(&["rules", "test", &file("channels.toml", &tests), "--playbook", &playbook]);
    assert!(code == Some(0) && out.contains("3 passed"), "{out}{error}");
}

#[test]
fn a_playbook_is_tried_on_a_past_live_and_says_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("past.warroom");
    let journal = journal.to_str().unwrap();
    let (code, _, error) = warroom(&["simulate", "--seed", "3", "--hours", "1", "--journal", journal]);
    assert_eq!(code, Some(0), "{error}");
    let playbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/playbook.toml");
    let arguments = ["backtest", playbook.to_str().unwrap(), journal, "--json"];
    let (code, first, error) = warroom(&arguments);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(warroom(&arguments).1, first);
    let told: serde_json::Value = serde_json::from_str(&first).unwrap();
    let fired = told["lives"][0]["fired"].as_array().unwrap();
    assert!(!fired.is_empty(), "{first}");
    for card in fired {
        assert!(
            card["rule"].is_string() && card["act"].is_string() && card["at"].is_string() && card["evidence"]["metric"].is_string(),
            "{card}"
        );
    }
    let counted: u64 = told["rules"].as_array().unwrap().iter().map(|rule| rule["fired"].as_u64().unwrap()).sum();
    assert_eq!(counted, fired.len() as u64);
    let (code, text, _) = warroom(&arguments[..3]);
    assert!(code == Some(0) && text.contains(fired[0]["rule"].as_str().unwrap()), "{text}");
    let (code, _, error) = warroom(&["backtest", journal, journal]);
    assert!(code == Some(2) && error.contains("past.warroom"), "{error}");
}

#[test]
fn a_series_comes_back_with_scores() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
    let rows: String = (0..200)
        .map(|row| format!("2026-01-01 {:02}:{:02}:00,{}\n", row / 60, row % 60, if row < 150 { 40 + row % 5 } else { 9 }))
        .collect();
    std::fs::write(&input, format!("timestamp,value\n{rows}")).unwrap();
    let (code, out, error) = warroom(&["backtest", "--series", input.to_str().unwrap(), "--out", output.to_str().unwrap()]);
    assert!(code == Some(0) && out.contains("200 rows, 1 fired"), "{out}{error}");
    let scored = std::fs::read_to_string(&output).unwrap();
    let fired: Vec<usize> = scored.lines().skip(1).enumerate().filter(|(_, line)| line.ends_with(",1")).map(|(row, _)| row).collect();
    assert!(matches!(fired[..], [150..=153]), "{fired:?}");
    std::fs::write(&input, "timestamp,value\n2026-01-01,1\nnever,2\n").unwrap();
    let (code, _, error) = warroom(&["backtest", "--series", input.to_str().unwrap(), "--out", output.to_str().unwrap()]);
    assert!(code == Some(2) && error.contains("in.csv:3"), "{error}");
}
