//! The report of a broadcast against its summary: every figure the same, and the same totals by DuckDB over its CSV files and
//! by SQLite over its file.

#![allow(dead_code, reason = "each test uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The sections of the report of a live, in their order.
pub const SECTIONS: [&str; 17] = [
    "targets",
    "curve",
    "products",
    "air",
    "minutes",
    "segments",
    "channels",
    "customers",
    "carts",
    "payments",
    "settled",
    "chat",
    "interventions",
    "advice",
    "stock",
    "quality",
    "next",
];

/// What every report of a live tells, whatever its feeds give.
pub const TOLD: [&str; 12] = [
    "Targets and results",
    "GMV paid",
    "New against returning",
    "Lifetime value",
    "Carts by value",
    "carts recovered",
    "Payment methods",
    "Settled and provisional",
    "time to an answer",
    "questions not answered",
    "ROAS",
    "CAC",
];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn run(command: &mut Command, what: &str) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{what} cannot be started: {error}"));
    assert!(output.status.success(), "{what} failed: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A Python with DuckDB: what `make test` installed below `target/`, installed now where it is missing.
pub fn python() -> PathBuf {
    let venv = root().join("target/python");
    let python = venv.join("bin/python");
    let has_duckdb = || Command::new(&python).args(["-c", "import duckdb"]).output().is_ok_and(|output| output.status.success());
    if !has_duckdb() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv), "python3 -m venv (Debian packages python3, python3-venv)");
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "duckdb"];
        run(Command::new(&python).args(install), "pip install duckdb (the truth that the summary is compared with)");
    }
    python
}

/// What `warroom summary FILE --json` prints.
pub fn summary(path: &Path) -> String {
    let output = run(Command::new(env!("CARGO_BIN_EXE_warroom")).arg("summary").arg(path).arg("--json"), "warroom summary");
    String::from_utf8(output.stdout).unwrap()
}

/// Makes the report of a broadcast in a folder: where its files are.
pub fn report(input: &Path, folder: &Path) -> PathBuf {
    let mut report = Command::new(env!("CARGO_BIN_EXE_warroom"));
    report.arg("report").arg(input).arg("--out").arg(folder).env("HOME", folder).env("XDG_DATA_HOME", folder);
    let page = String::from_utf8(run(&mut report, "warroom report").stdout).unwrap();
    Path::new(page.trim()).parent().unwrap().to_owned()
}

/// What those files say, summed up by DuckDB and SQLite.
fn totals(files: &Path) -> Value {
    let script = root().join("tests/support/totals.py");
    let output = run(Command::new(python()).arg(script).arg(files), "totals.py");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every analysis stands in the files of a report.
pub fn every_analysis_stands(files: &Path) {
    let page = std::fs::read_to_string(files.join("report.html")).unwrap();
    let ids: Vec<&str> = page.split("<section id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids, SECTIONS);
    let text = std::fs::read_to_string(files.join("report.md")).unwrap();
    for told in TOLD {
        assert!(text.contains(told), "{told}");
    }
}

/// Makes the report and holds it against the summary of the same broadcast: where its files are, and how many figures DuckDB
/// has compared.
pub fn report_is_the_summarys(input: &Path, folder: &Path) -> (PathBuf, usize) {
    let text = summary(input);
    let summary: Value = serde_json::from_str(&text).unwrap();
    let files = report(input, folder);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(files.join("report.json")).unwrap()).unwrap();
    assert_eq!(written["figures"], summary, "the figures of the report are the summary's");
    let totals = totals(&files);
    let told = |metric: &str| {
        let figure = &summary["broadcast"][metric];
        if figure["minor"].is_null() { figure["value"].clone() } else { figure["minor"].clone() }
    };
    for table in ["minutes", "channels", "products"] {
        for (metric, total) in totals[table].as_object().unwrap() {
            assert_eq!(*total, told(metric), "{metric} over {table}.csv");
            assert_eq!(totals[format!("sqlite {table}")][metric], told(metric), "{metric} over {table} in the SQLite file");
        }
    }
    let figures = totals["broadcast"].as_object().unwrap();
    for (metric, value) in figures {
        let (ours, theirs) = (value.as_str().unwrap().parse::<f64>().unwrap(), told(metric).as_f64().unwrap());
        let theirs = if summary["broadcast"][metric]["minor"].is_null() { theirs } else { theirs / 100.0 };
        assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{metric}: {ours} against {theirs}");
    }
    (files, figures.len())
}
