//! Tests of the module beside it.

use std::io::Write;

use serde_json::Value;

use super::*;

fn summary(lines: &[&str]) -> Value {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    let inputs = vec![file.path().to_str().unwrap().to_owned()];
    let text = print(&fold(&Request { inputs, ..Request::default() }).unwrap(), true);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn nothing_at_all_has_a_summary_too() {
    let summary = summary(&[]);
    assert_eq!((&summary["format"], &summary["from"], &summary["at"]), (&Value::from(1), &Value::Null, &Value::Null));
    assert_eq!((&summary["events"]["accepted"], &summary["minutes"]), (&Value::from(0), &Value::Array(Vec::new())));
    assert_eq!(summary["gestures"].as_array().map(Vec::len), Some(16));
}

#[test]
fn quarantined_lines_are_counted_by_reason_and_shown_with_their_place() {
    let summary = summary(&["{", r#"{"type":"closed"}"#, r#"{"type":"audience","viewers":3,"ts":"2026-11-21T20:31:04Z"}"#]);
    let events = &summary["events"];
    assert_eq!(
        (&events["quarantined"], &events["quarantine"]["not_json"], &events["quarantine"]["bad_time"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(events["feeds"][0]["samples"][0]["place"], "1");
    assert_eq!(events["feeds"][0]["received"], 3);
}

#[test]
fn the_table_for_readers_has_a_line_for_every_figure() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let inputs = vec![file.path().to_str().unwrap().to_owned()];
    let text = print(&fold(&Request { inputs, ..Request::default() }).unwrap(), false);
    assert!(text.contains("average order") && text.lines().count() > 15, "{text}");
}
