//! One point of the table that `warroom check` prints: how it was judged, what it is, what to do about it.

use chrono::Datelike;

use crate::engine::time::At;
use crate::ui::format::Format;
use crate::ui::words::{FluentValue, Words};

/// Names that one line tells.
const MOST_NAMES: usize = 8;

/// How a point was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Warn,
    Fail,
    /// Only a person can tell.
    ByHand,
}

impl Verdict {
    /// Symbol and word, so that it needs no colour.
    #[must_use]
    pub fn label(self, words: &Words) -> String {
        let (symbol, key) = match self {
            Self::Pass => ('✓', "check-pass"),
            Self::Warn => ('!', "check-warn"),
            Self::Fail => ('✗', "check-fail"),
            Self::ByHand => ('☐', "check-tick"),
        };
        format!("{symbol} {}", words.get(key))
    }
}

/// One point of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub verdict: Verdict,
    pub what: String,
    pub remedy: String,
}

/// Values of a message.
pub type Values<'v> = [(&'static str, FluentValue<'v>)];

/// Says points in the operator's language and the plan's zone.
#[derive(Debug)]
pub struct Speaker<'s> {
    pub words: &'s Words,
    pub format: Format,
    pub now: At,
}

impl Speaker<'_> {
    /// A point whose message and remedy stand in the catalogue: `KEY` and, where there is something to do, `KEY-remedy`.
    #[must_use]
    pub fn point(&self, verdict: Verdict, key: &str, values: &Values<'_>) -> Point {
        let remedy = format!("{key}-remedy");
        let remedy = if self.words.has(&remedy) { self.words.text(&remedy, values) } else { String::new() };
        Point { verdict, what: self.words.text(key, values), remedy }
    }

    /// Names in a row; beyond a handful only how many more there are.
    #[must_use]
    pub fn list<N: AsRef<str>>(&self, names: &[N]) -> String {
        let told: Vec<&str> = names.iter().take(MOST_NAMES).map(AsRef::as_ref).collect();
        let more = names.len() - told.len();
        let told = told.join(", ");
        if more == 0 { told } else { format!("{told} … +{}", self.format.count(i64::try_from(more).unwrap_or(i64::MAX))) }
    }

    /// A time of the plan's zone: the clock, and the day where it is another one.
    #[must_use]
    pub fn at(&self, at: At) -> String {
        let (then, today) = (at.utc().with_timezone(&self.format.zone()), self.now.utc().with_timezone(&self.format.zone()));
        if then.date_naive() == today.date_naive() {
            return self.format.clock(at);
        }
        format!("{}-{:02}-{:02} {}", then.year(), then.month(), then.day(), self.format.clock(at))
    }
}
