//! The playbook file: rules as TOML, all errors at once, the shipped one embedded.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::engine::rule::{Playbook, Rule};

const SHIPPED: &str = include_str!("../../config/playbook.toml");

/// What is wrong with a playbook, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaybookProblem {
    /// Counted from 1; 0 where no line can be told.
    pub line: usize,
    /// The rule's name, empty for the file as a whole.
    pub rule: String,
    pub text: String,
}

impl PlaybookProblem {
    fn new(line: usize, rule: &str, text: impl Into<String>) -> Self {
        Self { line, rule: rule.to_owned(), text: text.into() }
    }
}

impl fmt::Display for PlaybookProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.rule.is_empty() {
            write!(f, "rule {}: ", self.rule)?;
        }
        f.write_str(&self.text)
    }
}

/// The playbook that comes with the program; a test keeps it sound.
#[must_use]
pub fn shipped() -> Playbook {
    read(SHIPPED).unwrap_or_default()
}

/// Reads a playbook file.
///
/// # Errors
/// With everything that is wrong with it.
pub fn load(path: &Path) -> Result<Playbook, Vec<PlaybookProblem>> {
    let text = std::fs::read_to_string(path).map_err(|error| vec![PlaybookProblem::new(0, "", format!("cannot be read: {error}"))])?;
    read(&text)
}

/// Reads a playbook; each rule by itself, so that one error does not hide the next.
///
/// # Errors
/// With everything that is wrong with it.
pub fn read(text: &str) -> Result<Playbook, Vec<PlaybookProblem>> {
    let starts: Vec<usize> = (1..).zip(text.lines()).filter(|(_, line)| line.trim() == "[[rule]]").map(|(number, _)| number).collect();
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        vec![PlaybookProblem::new(line, "", error.message())]
    })?;
    let mut problems = Vec::new();
    let mut playbook = Playbook::default();
    for (key, value) in table {
        match (key.as_str(), value) {
            ("rule", toml::Value::Array(rules)) => read_rules(rules, &starts, &mut playbook, &mut problems),
            ("hold_out", toml::Value::Float(share)) => playbook.hold_out = share,
            ("hold_out_seed", toml::Value::Integer(seed)) if seed >= 0 => playbook.hold_out_seed = seed.unsigned_abs(),
            ("hold_out_seed", _) => {
                problems.push(PlaybookProblem::new(0, "", "hold_out_seed must be a whole number, 0 for one drawn anew"))
            }
            ("hold_out", _) => problems.push(PlaybookProblem::new(0, "", "hold_out must be a number from 0.0 to 0.5")),
            (key, _) => {
                problems.push(PlaybookProblem::new(0, "", format!("{key}: no such key; there are [[rule]], hold_out and hold_out_seed")))
            }
        }
    }
    problems.extend(playbook.problems().into_iter().map(|(rule, text)| {
        let index = playbook.rules.iter().position(|known| known.name == rule);
        PlaybookProblem::new(index.and_then(|index| starts.get(index).copied()).unwrap_or(0), &rule, text)
    }));
    if problems.is_empty() { Ok(playbook) } else { Err(problems) }
}

fn read_rules(rules: Vec<toml::Value>, starts: &[usize], playbook: &mut Playbook, problems: &mut Vec<PlaybookProblem>) {
    for (index, rule) in rules.into_iter().enumerate() {
        let name = rule.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        match rule.try_into::<Rule>() {
            Ok(rule) => playbook.rules.push(rule),
            Err(error) => problems.push(PlaybookProblem::new(starts.get(index).copied().unwrap_or(0), &name, error.message())),
        }
    }
}

/// The playbook beside the plan, read again when it changes; the shipped one where there is none.
#[derive(Debug)]
pub struct PlaybookFile {
    path: Option<PathBuf>,
    seen: Option<SystemTime>,
    current: Playbook,
}

impl PlaybookFile {
    /// Reads the file once; one with errors leaves the shipped rules in force until it is mended.
    #[must_use]
    pub fn open(path: Option<PathBuf>) -> Self {
        let mut file = Self { path, seen: None, current: shipped() };
        if let Some(Ok(playbook)) = file.changed() {
            file.current = playbook;
        }
        file
    }

    #[must_use]
    pub const fn current(&self) -> &Playbook {
        &self.current
    }

    /// What the file says now, when it changed since it was last read.
    pub fn changed(&mut self) -> Option<Result<Playbook, Vec<PlaybookProblem>>> {
        let path = self.path.as_ref()?;
        let modified = std::fs::metadata(path).and_then(|meta| meta.modified()).ok()?;
        if self.seen == Some(modified) {
            return None;
        }
        self.seen = Some(modified);
        Some(load(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_playbook_is_sound() {
        let playbook = read(SHIPPED).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert!(playbook.rules.len() >= 18);
    }

    #[test]
    fn all_errors_are_told_at_once_with_their_lines() {
        let text = r#"
[[rule]]
name = "a"
cause = "carts"
watch = { kind = "level", metric = "no_such", above = 1.0 }
act = "bundle"
[rule.words.en]
title = "x"
say = "y"

[[rule]]
name = "b"
cause = "nonsense"
watch = { kind = "silence", seconds = 3 }
act = "poll"
[rule.words.en]
title = "x"
say = "y"
"#;
        let told: Vec<String> = read(text).unwrap_err().iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|p| p.starts_with("line 2: rule a:") && p.contains("no_such")), "{told:#?}");
        assert!(told.iter().any(|p| p.contains("pt-BR")), "{told:#?}");
        assert!(told.iter().any(|p| p.starts_with("line 11: rule b:") && p.contains("nonsense")), "{told:#?}");
    }
}
