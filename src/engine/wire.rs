//! The JSON form of an event: reading a line (or an envelope) and writing the canonical bytes.

use chrono_tz::Tz;

use super::event::{Event, Quarantine};
use super::money::Currency;

/// What a line may leave out.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// For a line that names no source.
    pub source: Option<super::id::Name>,
    /// The feed's account: wins over the line's own source.
    pub account: Option<super::id::Name>,
    /// Zone of times without one.
    pub source_tz: Option<Tz>,
    pub currency: Option<Currency>,
}

/// Why a line is no event, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub reason: Quarantine,
    /// The field or a short explanation, for the operator.
    pub detail: String,
}

/// A line that was read: the event, and `seq` and `at` where an export carries them.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub event: Event,
    pub seq: Option<u64>,
    pub at: Option<super::time::At>,
}

/// Reads one JSON line: a canonical event or a CloudEvents 1.0 envelope around one.
///
/// # Errors
/// With the reason for quarantine.
pub fn read(line: &str, defaults: &Defaults) -> Result<Line, Reject> {
    let _ = (line, defaults);
    Err(Reject { reason: Quarantine::NotJson, detail: String::new() })
}

/// The canonical JSON of an event, on one line, without a line end.
#[must_use]
pub fn write(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_default()
}
