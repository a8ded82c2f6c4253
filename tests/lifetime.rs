//! New against returning and the lifetime-value model, beside the published package, on a public purchase history (CDNOW).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The python of `make test`, with the package.
fn python() -> std::path::PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    let has_package = Command::new(&python).args(["-c", "import lifetimes"]).output().is_ok_and(|output| output.status.success());
    assert!(has_package, "the package lifetimes is missing: run tests/setup.sh");
    python
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A broadcast of one order, for the report to be of.
const BROADCAST: &str = r#"{"type":"purchase","id":"1","ts":"2026-11-21T23:31:04Z","order":"1","value":"25.00","currency":"USD","customer":"c"}
"#;

fn near(what: &str, ours: &Value, theirs: &Value, within: f64) {
    let (ours, theirs) = (ours.as_f64().unwrap_or(f64::NAN), theirs.as_f64().unwrap());
    assert!((ours - theirs).abs() <= within * theirs.abs(), "{what}: {ours} against {theirs}");
}

#[test]
fn the_split_the_parameters_and_the_values_are_the_published_packages() {
    let folder = tempfile::tempdir().unwrap();
    let (history, events) = (folder.path().join("purchases.csv"), folder.path().join("live.ndjson"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/cdnow.py");
    let truth: Value = serde_json::from_slice(&run(Command::new(python()).arg(script).arg(&history))).unwrap();
    std::fs::write(&events, BROADCAST).unwrap();
    let mut report = Command::new(env!("CARGO_BIN_EXE_warroom"));
    report.arg("report").arg(&events).arg("--customers").arg(&history).arg("--out").arg(folder.path());
    report.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path()).env("LANG", "C.UTF-8");
    let page = String::from_utf8(run(&mut report)).unwrap();
    let json = std::fs::read_to_string(Path::new(page.trim()).with_file_name("report.json")).unwrap();
    let found = &serde_json::from_str::<Value>(&json).unwrap()["lifetime"];
    for count in ["customers", "once", "again"] {
        assert_eq!(found[count], truth[count], "{count}");
    }
    let model = &found["model"];
    for parameter in ["r", "alpha", "a", "b"] {
        near(parameter, &model["buying"][parameter], &truth["buying"][parameter], 0.001);
    }
    for parameter in ["p", "q"] {
        near(parameter, &model["spending"][parameter], &truth["spending"][parameter], 0.001);
    }
    let minor = |number: &Value| Value::from(number.as_f64().unwrap() * 100.0);
    near("v", &model["spending"]["v"], &minor(&truth["spending"]["v"]), 0.001);
    near("purchases", &model["purchases"], &truth["purchases"], 0.001);
    near("alive", &model["alive"], &truth["alive"], 0.001);
    near("value", &model["value_minor"]["value"], &minor(&truth["value"]), 0.001);
    near("of those who bought once", &model["once_minor"], &minor(&truth["once_value"]), 0.001);
    near("of those who bought again", &model["again_minor"], &minor(&truth["again_value"]), 0.001);
    let of = |bound: &str| model["value_minor"][bound].as_f64().unwrap();
    assert!(of("low") < of("value") && of("value") < of("high") && of("high") < 2.0 * of("low"), "{}", model["value_minor"]);
}
