//! The summary against DuckDB: a generated broadcast, figure by figure, to the cent; then shuffled and with a tenth twice.
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

#[path = "support/totals.rs"]
mod totals;

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use totals::{python, root, run, summary};

const EVENTS: &str = "100000";
const PRODUCTS: &str = "200";
const HOURS: &str = "3";

fn broadcast(folder: &Path) -> PathBuf {
    let (generator, path) = (folder.join("generate"), folder.join("broadcast.ndjson"));
    let source = root().join("benches/peer/generate.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    run(Command::new(rustc).args(["-O", "-A", "warnings", "--edition", "2021"]).arg(source).arg("-o").arg(&generator), "rustc");
    let lines = run(Command::new(&generator).args([EVENTS, PRODUCTS, HOURS, "7"]), "the generator").stdout;
    fs::write(&path, lines).unwrap();
    path
}

fn truth(path: &Path) -> Value {
    let output = run(Command::new(python()).arg(root().join("benches/peer/truth.py")).arg(path), "truth.py");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The summary without what copies and order may change.
fn without_events(summary: &str) -> String {
    let (from, to) = (summary.find("\"events\":").unwrap(), summary.find("\"broadcast\":").unwrap());
    format!("{}{}", &summary[..from], &summary[to..])
}

fn shuffled_with_copies(path: &Path, folder: &Path) -> PathBuf {
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let copies: Vec<&str> = lines.iter().copied().step_by(10).collect();
    lines.extend(copies);
    let mut state = 11u64;
    for place in (1..lines.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lines.swap(place, usize::try_from(state >> 33).unwrap() % (place + 1));
    }
    let shuffled = folder.join("shuffled.ndjson");
    let mut out = BufWriter::new(fs::File::create(&shuffled).unwrap());
    for line in lines {
        writeln!(out, "{line}").unwrap();
    }
    out.flush().unwrap();
    shuffled
}

/// Figures of one object that differ: `path: ours against theirs`.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn same(&mut self, what: &str, ours: &Value, theirs: &Value) {
        if ours.as_i64() != theirs.as_i64() || ours.as_i64().is_none() {
            self.0.push(format!("{what}: {ours} against {theirs}"));
        }
    }
    fn all(&mut self, what: &str, ours: &Value, theirs: &Value, figures: &[(&str, &str, &str)]) {
        for (metric, unit, peer) in figures {
            self.same(&format!("{what} {metric}.{unit}"), &ours[metric][unit], &theirs[peer]);
        }
    }
}

fn row<'a>(rows: &'a Value, key: &str, name: &str) -> &'a Value {
    static NONE: Value = Value::Null;
    rows.as_array().and_then(|rows| rows.iter().find(|row| row[key] == name)).unwrap_or(&NONE)
}

fn differences(ours: &Value, truth: &Value) -> Vec<String> {
    let mut found = Differences::default();
    let broadcast = &ours["broadcast"];
    found.same("accepted", &ours["events"]["accepted"], &truth["events"]);
    found.all(
        "broadcast",
        broadcast,
        truth,
        &[
            ("orders_placed", "value", "orders"),
            ("orders_paid", "value", "orders"),
            ("units", "value", "units"),
            ("gmv_paid", "minor", "revenue"),
            ("gmv_placed", "minor", "revenue"),
            ("viewers_uv", "value", "viewers"),
            ("buyers", "value", "buyers"),
            ("chatters", "value", "chatters"),
            ("chat_messages", "value", "chat"),
            ("views", "value", "views"),
            ("clicks", "value", "clicks"),
            ("adds", "value", "adds"),
            ("checkouts", "value", "checkouts"),
            ("pcu", "value", "peak"),
            ("checkout_abandon", "numerator", "checkouts_left"),
            ("checkout_abandon", "denominator", "checkouts"),
        ],
    );
    let carts = &truth["carts"];
    found.all(
        "carts",
        broadcast,
        carts,
        &[
            ("carts_opened", "value", "opened"),
            ("carts_abandoned", "value", "abandoned"),
            ("cart_abandon", "numerator", "abandoned"),
            ("cart_recovery_rate", "numerator", "recovered"),
            ("cart_recovery_rate", "denominator", "ever"),
        ],
    );
    for (name, channel) in truth["channels"].as_object().unwrap() {
        let figures = [
            ("views", "value", "views"),
            ("clicks", "value", "clicks"),
            ("orders_placed", "value", "orders"),
            ("gmv_paid", "minor", "revenue"),
        ];
        found.all(&format!("channel {name}"), row(&ours["channels"], "channel", name), channel, &figures);
    }
    for (sku, product) in truth["products"].as_object().unwrap() {
        let figures = [
            ("units", "value", "units"),
            ("orders_placed", "value", "orders"),
            ("gmv_placed", "minor", "revenue"),
            ("gmv_paid", "minor", "revenue"),
        ];
        found.all(&format!("product {sku}"), row(&ours["products"], "sku", sku), product, &figures);
    }
    for (sku, product) in truth["looks"].as_object().unwrap() {
        let figures = [("views", "value", "views"), ("clicks", "value", "clicks"), ("adds", "value", "adds")];
        found.all(&format!("product {sku}"), row(&ours["products"], "sku", sku), product, &figures);
    }
    for (minute, figures) in truth["minutes"].as_object().unwrap() {
        let at = warroom::engine::time::At::from_minute(minute.parse().unwrap()).rfc3339();
        let ours = row(&ours["minutes"], "at", &at);
        let names = [
            ("orders_placed", "value", "orders"),
            ("gmv_paid", "minor", "revenue"),
            ("chat_messages", "value", "chat"),
            ("clicks", "value", "clicks"),
        ];
        found.all(&at, ours, figures, &names);
    }
    found.0
}

#[test]
fn every_figure_equals_duckdbs_to_the_cent_whatever_the_order_and_the_copies() {
    let folder = tempfile::tempdir().unwrap();
    let path = broadcast(folder.path());
    let text = summary(&path);
    let ours: Value = serde_json::from_str(&text).unwrap();
    let found = differences(&ours, &truth(&path));
    assert!(found.is_empty(), "{} figures differ:\n{}", found.len(), found[..found.len().min(40)].join("\n"));

    let turned = summary(&shuffled_with_copies(&path, folder.path()));
    let turned_events: Value = serde_json::from_str::<Value>(&turned).unwrap()["events"].take();
    assert_eq!(turned_events["duplicate"], 10_000);
    assert!(without_events(&text) == without_events(&turned), "the order of the lines shows");
}

#[test]
fn the_reports_files_add_up_to_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let (_, compared) = totals::report_is_the_summarys(&broadcast(folder.path()), folder.path());
    assert!(compared > 40, "{compared} figures were compared");
}
