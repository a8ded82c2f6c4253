//! The report in the operator's words: the one place that knows the journal, the catalogue and the report.

use std::path::Path;

use chrono_tz::Tz;
use fluent_bundle::FluentValue;

use crate::engine::money::Money;
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::report::voice::Voice;
use crate::report::{Report, Written, write};
use crate::summary::{self, Folded, Request};
use crate::ui::format::Format;
use crate::ui::glyphs::Glyphs;
use crate::ui::words::{Lang, Words};

/// The catalogue and the locale of one language, in the zone of a plan.
#[derive(Debug)]
pub struct Spoken {
    words: Words,
    format: Format,
}

impl Spoken {
    #[must_use]
    pub fn new(lang: Lang, zone: Option<Tz>) -> Self {
        Self { words: Words::new(lang), format: Format::new(lang, zone.unwrap_or(chrono_tz::UTC), Glyphs::default()) }
    }
}

impl Voice for Spoken {
    fn language(&self) -> &'static str {
        self.words.lang().id()
    }
    fn text(&self, key: &str, values: &[(&'static str, String)]) -> String {
        let values: Vec<(&'static str, FluentValue<'_>)> = values.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
        self.words.text(key, &values)
    }
    fn money(&self, money: Money) -> String {
        self.format.money(money)
    }
    fn count(&self, count: i64) -> String {
        self.format.count(count)
    }
    fn number(&self, number: f64, decimals: usize) -> String {
        self.format.number(number, decimals)
    }
    fn percent(&self, share: f64) -> String {
        self.format.percent(share, 1)
    }
    fn clock(&self, at: At) -> String {
        self.format.clock(at)
    }
    fn day(&self, at: At) -> String {
        at.utc().with_timezone(&self.format.zone()).format("%Y-%m-%d %H:%M %Z").to_string()
    }
    fn length(&self, ms: i64) -> String {
        self.format.duration(ms)
    }
}

/// Folds journals or files and writes their report below `out`.
///
/// # Errors
/// When an input cannot be read or the report cannot be written.
pub fn of_inputs(inputs: Vec<String>, plan: Option<Plan>, lang: Lang, out: &Path) -> Result<Written, String> {
    let folded = summary::fold(&Request { inputs, plan, ..Request::default() }).map_err(|error| error.to_string())?;
    of_folded(&folded, lang, out)
}

/// Writes the report of a folded broadcast below `out`.
///
/// # Errors
/// When the report cannot be written.
pub fn of_folded(folded: &Folded, lang: Lang, out: &Path) -> Result<Written, String> {
    let spoken = Spoken::new(lang, folded.engine.plan().time_zone);
    let report = Report::of(folded, lang.id());
    write(&report, &spoken, out).map_err(|error| format!("{}: {error}", out.display()))
}
