//! How the report speaks: the words of the catalogue and the locale's numbers, lent by whoever asks for the report.

use crate::engine::metric::{Metric, Reading, Unit, Value, definition};
use crate::engine::money::Money;
use crate::engine::time::At;

/// What stands for a value that is not known.
pub const UNKNOWN: &str = "—";

/// Seconds from which on minutes are told.
const LONG_S: f64 = 120.0;

/// Words and numbers of one language and time zone.
pub trait Voice {
    /// `en`, `pt-BR`.
    fn language(&self) -> &'static str;
    /// A message of the catalogue; the key itself where there is none.
    fn text(&self, key: &str, values: &[(&'static str, String)]) -> String;
    fn money(&self, money: Money) -> String;
    fn count(&self, count: i64) -> String;
    fn number(&self, number: f64, decimals: usize) -> String;
    /// `3.3%` from 0.033.
    fn percent(&self, share: f64) -> String;
    /// `20:47`, in the plan's zone.
    fn clock(&self, at: At) -> String;
    /// `2026-11-21 20:47`, in the plan's zone.
    fn day(&self, at: At) -> String;
    /// `01:12:48`.
    fn length(&self, ms: i64) -> String;
}

/// A message without variables.
pub fn say(voice: &dyn Voice, key: &str) -> String {
    voice.text(key, &[])
}

/// The word of a closed list: `act-flash-deal` for `flash_deal`; the id itself where the catalogue has none.
pub fn word(voice: &dyn Voice, list: &str, id: &str) -> String {
    let keys = [format!("{list}-{}", id.replace('_', "-")), format!("{list}-{id}")];
    let texts = keys.into_iter().map(|key| (voice.text(&key, &[]), key));
    texts.into_iter().find_map(|(text, key)| (text != key).then_some(text)).unwrap_or_else(|| id.to_owned())
}

/// The id that a closed list has on the wire.
pub fn id_of(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A metric's name.
pub fn name(voice: &dyn Voice, metric: Metric) -> String {
    word(voice, "metric", metric.id())
}

/// Quotients that are no shares: told as a number.
const fn is_quotient(metric: Metric) -> bool {
    matches!(metric, Metric::Roas | Metric::Mer | Metric::RoasBreakeven | Metric::ClicksPerViewer)
}

/// A number of a metric's own unit (minor units for money) as a reader reads it.
pub fn written(voice: &dyn Voice, metric: Metric, value: Value) -> String {
    match (value, definition(metric).unit) {
        (Value::Money(money), _) => voice.money(money),
        (Value::Count(count), _) => voice.count(count),
        (Value::Number(number), _) if !number.is_finite() => UNKNOWN.to_owned(),
        (Value::Number(number), Unit::Ratio) if !is_quotient(metric) => voice.percent(number),
        (Value::Number(number), Unit::Seconds) if number >= LONG_S => {
            let (minutes, seconds) = ((number.round() / 60.0).floor(), number.round() % 60.0);
            format!("{} min {seconds:02.0} s", voice.number(minutes, 0))
        }
        (Value::Number(number), Unit::Seconds) => format!("{} s", voice.number(number, 0)),
        (Value::Number(number), Unit::Minutes) => format!("{} min", voice.number(number, 0)),
        (Value::Number(number), Unit::Count) => voice.number(number, 0),
        (Value::Number(number), Unit::Ratio | Unit::PerMinute | Unit::Money) => voice.number(number, 2),
        (Value::Unknown(_), _) => UNKNOWN.to_owned(),
    }
}

/// Why a reading is not known, in words.
pub fn why(voice: &dyn Voice, reading: &Reading) -> Option<String> {
    let Value::Unknown(why) = reading.value else { return None };
    Some(word(voice, "why", &id_of(&why)))
}
