//! The dependency rules of the crate, held by a test and not by memory.
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

use std::fs;
use std::path::{Path, PathBuf};

/// Who may name whom. A module that is not listed may name everything (`main`, `cli`, `app`).
const MAY_NAME: &[(&str, &[&str])] = &[
    ("engine", &["engine"]),
    ("clock", &["clock", "engine"]),
    ("ui", &["ui", "engine"]),
    ("feed", &["feed", "engine", "clock", "config"]),
    ("journal", &["journal", "engine", "clock", "feed", "private"]),
    ("simulate", &["simulate", "engine"]),
    ("rehearsal", &["rehearsal", "simulate", "engine"]),
    ("report", &["report", "engine", "summary", "private"]),
    ("replay", &["replay", "engine", "files", "journal", "clock"]),
    ("files", &["files", "engine", "journal"]),
    ("backtest", &["backtest", "engine", "files"]),
    ("trial", &["trial", "backtest", "engine", "config"]),
    ("summary", &["summary", "engine", "files", "config"]),
];

/// Doors to the outside that the engine must not have.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "tokio",
    "reqwest",
    "ratatui",
    "crossterm",
    "rusqlite",
    "rand",
    "tracing",
    "Instant",
    "SystemTime",
    "println!",
];

/// Names that say nothing.
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "helpers", "common", "misc", "manager", "handler", "processor", "data", "info", "base", "mod"];

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file by its path below `src`, with its code: tests and comment lines left out.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    assert!(found.len() > 20, "the sources were found");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a readable source"))
    };
    found.into_iter().map(read).collect()
}

fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The top module that a file belongs to.
fn top(name: &str) -> &str {
    name.split('/').next().unwrap_or(name).trim_end_matches(".rs")
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The top modules that a piece of code names by `crate::`.
fn named(code: &str) -> Vec<String> {
    let mut tops = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => tops.extend(list.split('}').next().unwrap_or_default().split(',').map(first_word)),
            None => tops.push(first_word(rest)),
        }
    }
    tops.retain(|top| !top.is_empty());
    tops.sort();
    tops.dedup();
    tops
}

/// True where `word` stands in `line` as a word of its own.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| !joins(line[..at].chars().next_back()) && !joins(line[at + word.len()..].chars().next()))
}

#[test]
fn every_module_names_only_those_that_it_may_know() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let Some((_, allowed)) = MAY_NAME.iter().find(|(module, _)| *module == top(&name)) else { continue };
        let strangers = named(&code(&text)).into_iter().filter(|other| !allowed.contains(&other.as_str()));
        wrong.extend(strangers.map(|other| format!("{name} names {other}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_engine_has_no_clock_no_input_and_no_output() {
    let mut wrong = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| top(name) == "engine") {
        for line in code(&text).lines() {
            if OUTSIDE.iter().any(|word| has_word(line, word)) {
                wrong.push(format!("{name}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_opens_with_its_duty_and_has_a_name_that_says_something() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        if !text.starts_with("//!") {
            wrong.push(format!("{name} does not open with //!"));
        }
        let stem = name.rsplit('/').next().unwrap_or(&name).trim_end_matches(".rs");
        if EMPTY_NAMES.contains(&stem) {
            wrong.push(format!("{name} has a name that says nothing"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn wall_time_has_one_door() {
    let mut wrong = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| name != "clock.rs") {
        let code = code(&text);
        let calls = ["Utc::now(", "Local::now(", "SystemTime::now(", "std::time::Instant::now("];
        wrong.extend(calls.iter().filter(|call| code.contains(**call)).map(|call| format!("{name} calls {call})")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
