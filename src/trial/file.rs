//! What a test file of rules may say, all errors at once.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::course::{self, Series};
use crate::config::plan;
use crate::engine::event::InterventionKind;
use crate::engine::plan::Plan;
use crate::engine::time::At;

/// Minutes of a test, at most.
pub const MOST_MINUTES: i64 = 24 * 60;
/// Tests of a file, at most.
pub const MOST_TESTS: usize = 1_000;
/// A test file larger than this is none.
pub const LARGEST_BYTES: u64 = 4 << 20;
/// When a test begins whose plan names no time.
const BEGINS: &str = "2026-01-13T23:00:00Z";

/// A file of tests as it stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    test: Vec<RawTrial>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTrial {
    name: String,
    /// Only these rules are armed; left out: all of the playbook.
    #[serde(default)]
    rules: Vec<String>,
    minutes: i64,
    /// A plan as in a plan file.
    #[serde(default)]
    plan: toml::Table,
    #[serde(default)]
    series: Vec<RawSeries>,
    /// Single events.
    #[serde(default)]
    at: Vec<RawEvent>,
    #[serde(default)]
    expect: Vec<RawExpected>,
    #[serde(default)]
    says: Vec<Said>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSeries {
    /// A canonical event; `{n}` in a text is the number of the event in its series.
    event: toml::Table,
    /// So many of them a minute: `60x40 30x20`.
    per_minute: Option<String>,
    /// One a minute, with the field `field` set to these values.
    values: Option<String>,
    field: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    minute: f64,
    event: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    rule: String,
    from_min: f64,
    to_min: f64,
    act: Option<InterventionKind>,
    /// Sku or channel.
    about: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Trial {
    pub name: String,
    pub rules: Vec<String>,
    pub minutes: i64,
    pub plan: Plan,
    pub series: Vec<Series>,
    pub events: Vec<(f64, serde_json::Value)>,
    pub expect: Vec<Expected>,
    pub says: Vec<Said>,
}

/// A recommendation that must be raised.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    pub rule: String,
    pub from_min: f64,
    pub to_min: f64,
    pub act: Option<InterventionKind>,
    pub about: Option<String>,
    pub parameters: BTreeMap<String, String>,
}

/// What a rule must say at a minute: `quiet` `fires` `not_enough_yet` `frozen` `too_early` …, or what keeps it silent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    pub minute: f64,
    pub rule: String,
    pub says: String,
}

/// Every word that a rule can say.
const WORDS: [&str; 21] = [
    "sold_out",
    "off_air",
    "no_target",
    "unasked",
    "quiet",
    "fires",
    "not_enough_yet",
    "frozen",
    "too_early",
    "too_late",
    "other_aim",
    "guard",
    "guard_unknown",
    "inhibited",
    "cooling",
    "most_reached",
    "too_dear",
    "act_runs",
    "muted",
    "grouped",
    "too_many",
];

impl Trial {
    /// When it begins.
    #[must_use]
    pub fn begins(&self) -> At {
        self.plan.starts_at.unwrap_or_default()
    }
}

/// Reads a file of tests.
///
/// # Errors
/// With everything that is wrong with it, each with a remedy.
pub fn load(path: &Path) -> Result<Vec<Trial>, Vec<String>> {
    let file = path.display();
    let io = |cause: std::io::Error| vec![format!("{file}: {cause}; give the path of a file of tests")];
    if std::fs::metadata(path).map_err(io)?.len() > LARGEST_BYTES {
        return Err(vec![format!("{file}: larger than {LARGEST_BYTES} bytes; split it")]);
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    read(&text).map_err(|problems| problems.into_iter().map(|problem| format!("{file}:{problem}")).collect())
}

/// Reads the text of a file of tests.
///
/// # Errors
/// With everything that is wrong with it, each with its line and a remedy.
pub fn read(text: &str) -> Result<Vec<Trial>, Vec<String>> {
    let raw: Raw = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        vec![format!("{line}: {}", error.message().replace('\n', " "))]
    })?;
    let starts: Vec<usize> = (1..).zip(text.lines()).filter(|(_, line)| line.trim() == "[[test]]").map(|(number, _)| number).collect();
    if raw.test.is_empty() {
        return Err(vec!["1: holds no test; begin one with [[test]], name and minutes".to_owned()]);
    }
    if raw.test.len() > MOST_TESTS {
        return Err(vec![format!("1: {} tests; split the file at {MOST_TESTS}", raw.test.len())]);
    }
    let (mut trials, mut problems) = (Vec::new(), Vec::new());
    for (index, test) in raw.test.into_iter().enumerate() {
        let (line, name) = (starts.get(index).copied().unwrap_or(1), test.name.clone());
        match resolve(test) {
            Ok(trial) => trials.push(trial),
            Err(wrong) => problems.extend(wrong.into_iter().map(|what| format!("{line}: test `{name}`: {what}"))),
        }
    }
    if problems.is_empty() { Ok(trials) } else { Err(problems) }
}

fn resolve(raw: RawTrial) -> Result<Trial, Vec<String>> {
    let mut problems = Vec::new();
    if !(1..=MOST_MINUTES).contains(&raw.minutes) {
        problems.push(format!("minutes = {}; write a number from 1 to {MOST_MINUTES}", raw.minutes));
    }
    let plan = resolve_plan(&raw.plan).unwrap_or_else(|wrong| {
        problems.extend(wrong);
        Plan::default()
    });
    let mut series = Vec::new();
    for raw in raw.series {
        match resolve_series(raw) {
            Ok(one) => series.push(one),
            Err(what) => problems.push(what),
        }
    }
    let mut events = Vec::new();
    for RawEvent { minute, event } in raw.at {
        match course::json(event) {
            Ok(event) => events.push((minute, event)),
            Err(what) => problems.push(what),
        }
    }
    for said in raw.says.iter().filter(|said| !WORDS.contains(&said.says.as_str())) {
        problems.push(format!("says = `{}`; a rule can say {}", said.says, WORDS.join(" ")));
    }
    for expected in raw.expect.iter().filter(|expected| expected.from_min > expected.to_min) {
        problems.push(format!("expects {} from minute {} to {}; turn them round", expected.rule, expected.from_min, expected.to_min));
    }
    let expect = raw.expect.into_iter().map(|raw| Expected {
        rule: raw.rule,
        from_min: raw.from_min,
        to_min: raw.to_min,
        act: raw.act,
        about: raw.about,
        parameters: raw.parameters,
    });
    let trial =
        Trial { name: raw.name, rules: raw.rules, minutes: raw.minutes, plan, series, events, expect: expect.collect(), says: raw.says };
    if problems.is_empty() {
        problems.extend(trial.misread());
    }
    if problems.is_empty() { Ok(trial) } else { Err(problems) }
}

fn resolve_plan(table: &toml::Table) -> Result<Plan, Vec<String>> {
    let text = toml::to_string(table).map_err(|error| vec![format!("plan: {error}")])?;
    let loaded =
        plan::read("plan", &text, "test", &|_| None).map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let mut plan = loaded.plan;
    plan.starts_at = plan.starts_at.or_else(|| At::parse(BEGINS, None));
    plan.currency = plan.currency.or_else(|| crate::engine::money::Currency::parse("BRL"));
    Ok(plan)
}

fn resolve_series(raw: RawSeries) -> Result<Series, String> {
    let event = course::json(raw.event)?;
    match (raw.per_minute, raw.values, raw.field) {
        (Some(text), None, None) => Ok(Series { event, field: None, values: course::values(&text)? }),
        (None, Some(text), Some(field)) => Ok(Series { event, field: Some(field), values: course::values(&text)? }),
        _ => Err("a series has either per_minute, or field and values".to_owned()),
    }
}
