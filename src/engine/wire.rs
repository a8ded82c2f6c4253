//! The JSON form of an event: reading a line (or an envelope) and writing the canonical bytes.
//!
//! A line is scanned once into slices ([`fields`]), then the event is built from them by its type: no tree, no float,
//! nothing copied that the event does not keep.

mod fact;
mod fields;
mod scan;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::event::{Event, Quarantine};
use super::id::Name;
use super::money::Currency;
use super::time::At;
use fields::{Fault, Fields, Key};
use scan::Token;

/// What a line may leave out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Defaults {
    /// For a line that names no source.
    pub source: Option<Name>,
    /// The feed's account: wins over the line's own source.
    pub account: Option<Name>,
    /// Zone of times without one.
    pub source_tz: Option<Tz>,
    pub currency: Option<Currency>,
}

/// Why a line is no event, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub at: Option<At>,
}

/// Reads one JSON line: a canonical event or a CloudEvents 1.0 envelope around one.
///
/// # Errors
/// With the reason for quarantine.
pub fn read(line: &str, defaults: &Defaults) -> Result<Line, Reject> {
    read_line(line, defaults).map_err(|fault| rejected(fault, line, defaults))
}

#[cold]
fn rejected(fault: Fault, line: &str, defaults: &Defaults) -> Reject {
    let detail = fault.key.name().to_owned();
    // a time is one with a zone, and none without
    let zoned = Defaults { source_tz: Some(Tz::UTC), ..defaults.clone() };
    if defaults.source_tz.is_none() && read_line(line, &zoned).err() != Some(fault) {
        return Reject { reason: Quarantine::BadTime, detail: format!("{detail}: no time zone; name `source_tz` of the feed in the plan") };
    }
    Reject { reason: fault.reason, detail }
}

#[inline(always)]
fn read_line(line: &str, defaults: &Defaults) -> Result<Line, Fault> {
    let mut fields = Fields::read(line, defaults.source_tz)?;
    let enveloped = fields.has(Key::SpecVersion);
    if enveloped {
        fields = opened(fields, defaults)?;
    }
    let kind = fields.take(Key::Type).and_then(Token::text).ok_or(Fault::new(Quarantine::NoType, Key::Type))?;
    let kind = if enveloped { kind.rsplit('.').next().unwrap_or_default() } else { &*kind };
    let (read_fact, needs_id) = fact::of_type(kind).ok_or(Fault::new(Quarantine::UnknownType, Key::Type))?;
    let id = fields.name(Key::Id)?;
    if needs_id && id.is_none() {
        return Err(Fault::new(Quarantine::NoId, Key::Id));
    }
    let ts = fields.time(Key::Ts)?.ok_or(Fault::new(Quarantine::BadTime, Key::Ts))?;
    let (seq, at) = (fields.count(Key::Seq)?, fields.time(Key::At)?);
    let named = named_currency(&mut fields)?;
    fields.currency = named.or(defaults.currency).unwrap_or(Currency::NONE);
    // An export says all there is to say: who has no source there has none.
    let source = fields.name(Key::Source)?.or_else(|| defaults.source.clone().filter(|_| seq.is_none() || at.is_none()));
    let event = Event {
        fact: read_fact(&mut fields)?,
        ts,
        id,
        source: defaults.account.clone().or(source).unwrap_or_default(),
        currency: named.or_else(|| defaults.currency.filter(|_| fields.saw_money)),
        test: fields.flag(Key::Test)?.unwrap_or(false),
        extra: fields.extra()?,
    };
    Ok(Line { event, seq: seq.map(i64::unsigned_abs), at })
}

fn named_currency(fields: &mut Fields<'_>) -> Result<Option<Currency>, Fault> {
    let fault = Fault::new(Quarantine::BadField, Key::Currency);
    let Some(token) = fields.take(Key::Currency) else { return Ok(None) };
    let text = token.text().ok_or(fault)?;
    Currency::parse(&text).map(Some).ok_or(fault)
}

/// The event inside an envelope: `data`, with the envelope's type, id, source and time before its own.
fn opened<'a>(mut envelope: Fields<'a>, defaults: &Defaults) -> Result<Fields<'a>, Fault> {
    envelope.take(Key::SpecVersion);
    let mut fields = match envelope.take(Key::Data) {
        None => Fields::read("{}", defaults.source_tz)?,
        Some(Token::Object(raw)) => Fields::read(raw, defaults.source_tz)?,
        Some(_) => return Err(Fault::new(Quarantine::BadField, Key::Data)),
    };
    for (from, to) in [(Key::Type, Key::Type), (Key::Id, Key::Id), (Key::Source, Key::Source), (Key::Time, Key::Ts)] {
        if let Some(token) = envelope.take(from) {
            fields.push(to, token)?;
        }
    }
    Ok(fields)
}

/// The canonical JSON of an event, on one line, without a line end.
#[must_use]
pub fn write(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

#[cfg(test)]
mod tests;
