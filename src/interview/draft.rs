//! The plan as far as it is known, and its text: every key under the question that it answers.

use std::fmt::Write as _;

use crate::config::catalogue::plain_number;
use crate::engine::metric::{Metric, Unit, definition};
use crate::feed::platform::{Platform, PlatformText};
use crate::ui::words::Words;

/// A segment of the run of show as it was answered: `name; length; kind; host; skus; offer`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    pub parts: Vec<String>,
}

/// The keys of a segment's parts, in the order that they are typed in.
const PARTS: [&str; 6] = ["name", "length", "kind", "host", "skus", "offer"];

/// A plan that grows by answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Keys of the plan's head with the word of their question and their TOML.
    pub head: Vec<(&'static str, &'static str, String)>,
    /// Metric ids with what was answered.
    pub targets: Vec<(Metric, String)>,
    pub segments: Vec<Segment>,
    pub platforms: Vec<String>,
    /// A file of canonical events, or `-`.
    pub events: Option<String>,
    pub checklist: Vec<String>,
    pub lessons: Vec<String>,
}

/// A text as TOML.
#[must_use]
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Texts as a TOML list.
#[must_use]
pub fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let items: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

impl Segment {
    #[must_use]
    pub fn read(line: &str) -> Self {
        Self { parts: line.splitn(PARTS.len(), ';').map(|part| part.trim().to_owned()).collect() }
    }

    fn write(&self, out: &mut String) {
        out.push_str("\n[[segment]]\n");
        for (key, part) in PARTS.into_iter().zip(&self.parts).filter(|(_, part)| !part.is_empty()) {
            let value = match key {
                "skus" => list(&part.split([' ', ',', '+']).filter(|sku| !sku.is_empty()).collect::<Vec<_>>()),
                _ => quoted(part),
            };
            let _ = writeln!(out, "{key} = {value}");
        }
    }
}

impl Draft {
    /// Puts a key into the head, in place of an earlier answer.
    pub fn put(&mut self, key: &'static str, word: &'static str, value: String) {
        self.head.retain(|(known, ..)| *known != key);
        self.head.push((key, word, value));
    }

    /// The plan's text.
    #[must_use]
    pub fn toml(&self, words: &Words) -> String {
        let mut out = String::new();
        comment(&mut out, words.get("ask-written-head"));
        for (key, word, value) in &self.head {
            out.push('\n');
            comment(&mut out, words.get(word));
            let _ = writeln!(out, "{key} = {value}");
        }
        for (key, word, texts) in [("checklist", "ask-checklist", &self.checklist), ("lessons", "ask-lessons", &self.lessons)] {
            if !texts.is_empty() {
                out.push('\n');
                comment(&mut out, words.get(word));
                let items: Vec<String> = texts.iter().map(|text| format!("    {},\n", quoted(text))).collect();
                let _ = writeln!(out, "{key} = [\n{}]", items.concat());
            }
        }
        self.write_targets(&mut out, words);
        if !self.segments.is_empty() {
            out.push('\n');
            comment(&mut out, words.get("ask-segments"));
        }
        for segment in &self.segments {
            segment.write(&mut out);
        }
        self.write_feeds(&mut out, words);
        out
    }

    fn write_targets(&self, out: &mut String, words: &Words) {
        if self.targets.is_empty() {
            return;
        }
        out.push('\n');
        comment(out, words.get("ask-targets"));
        out.push_str("[targets]\n");
        for (metric, answer) in &self.targets {
            let _ = writeln!(out, "{} = {}", metric.id(), target(*metric, answer));
        }
    }

    /// Platforms are written as comments: their secrets and addresses are for the operator to fill in.
    fn write_feeds(&self, out: &mut String, words: &Words) {
        if let Some(path) = &self.events {
            out.push('\n');
            comment(out, words.get("ask-events"));
            let _ = write!(out, "[feeds.tape]\npath = {}\n", quoted(path));
        }
        if !self.platforms.is_empty() {
            out.push('\n');
            comment(out, words.get("ask-written-feeds"));
        }
        for name in &self.platforms {
            let Some(Ok(platform)) = PlatformText::shipped(name).map(|text| text.read()) else { continue };
            write_platform(out, name, &platform);
        }
    }
}

fn write_platform(out: &mut String, name: &str, platform: &Platform) {
    let _ = write!(out, "\n#[feeds.{name}]\n#platform = {}\n", quoted(name));
    for variable in platform.variables.iter().filter(|variable| variable.default.is_none()) {
        let value = match &variable.environment {
            Some(environment) if variable.secret => format!("{{ env = {} }}", quoted(environment)),
            _ if variable.secret => format!("{{ file = {} }}", quoted(&format!("{}.secret", variable.name))),
            _ => quoted(""),
        };
        let _ = writeln!(out, "#{} = {value}    # {}", variable.name, variable.about.lines().next().unwrap_or_default());
    }
}

fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "# {line}");
    }
}

/// A target in the way that the plan writes its metric.
fn target(metric: Metric, answer: &str) -> String {
    let answer = answer.trim();
    match definition(metric).unit {
        Unit::Money => quoted(&plain_number(answer)),
        Unit::Count => plain_number(answer).parse::<u64>().map_or_else(|_| quoted(answer), |number| number.to_string()),
        Unit::Ratio | Unit::PerMinute if !answer.ends_with('%') => {
            let plain = plain_number(answer);
            if plain.parse::<f64>().is_ok() { quoted(&plain) } else { quoted(answer) }
        }
        Unit::Ratio | Unit::PerMinute => quoted(&format!("{}%", plain_number(answer.trim_end_matches('%')))),
        Unit::Seconds | Unit::Minutes => quoted(answer),
    }
}
