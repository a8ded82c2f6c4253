//! The series of a test as the records of a live: events evenly spread over their minutes, a feed for each type of event.
//!
//! Where a series says `_` its feed is down: it is tried again in vain, and how far it is complete stands still.

use std::collections::BTreeMap;

use serde_json::Value;

use super::file::Trial;
use crate::engine::event::{Event, Extra, Fact, FeedState, FeedStatus, Guarantee, Record};
use crate::engine::id::Name;
use crate::engine::time::{At, MINUTE_MS, SECOND_MS};
use crate::engine::wire::{self, Defaults};

/// The account that events of a test come from.
const SOURCE: &str = "test";
/// A feed tells how far it is this often.
const FEED_EVERY_S: i64 = 10;
/// A feed that says nothing for longer is stale.
const STALE_AFTER_S: i64 = 60;
/// Events of a test, at most.
const MOST_EVENTS: f64 = 2_000_000.0;

/// A series: an event, and how many of it a minute or which values its field takes; `None` where its feed is down.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub event: Value,
    pub field: Option<String>,
    pub values: Vec<Option<f64>>,
}

impl Series {
    fn kind(&self) -> &str {
        self.event.get("type").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Values by the minute: `60x40` forty times sixty, `10+5x4` 10 15 20 25, `_x5` nothing for five minutes.
///
/// # Errors
/// With what is wrong and how it is written.
pub fn values(text: &str) -> Result<Vec<Option<f64>>, String> {
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let wrong = || format!("`{word}` is no stretch of minutes; write it as 60x40, 10+5x4 or _x5");
        let (value, times) = word.split_once('x').ok_or_else(wrong)?;
        let times: u32 = times.parse().map_err(|_| wrong())?;
        let (first, rise) = match value.split_once('+') {
            _ if value == "_" => (None, 0.0),
            Some((first, rise)) => (Some(first.parse::<f64>().map_err(|_| wrong())?), rise.parse::<f64>().map_err(|_| wrong())?),
            None => (Some(value.parse::<f64>().map_err(|_| wrong())?), 0.0),
        };
        if first.is_some_and(|first| !first.is_finite()) || i64::from(times) > super::file::MOST_MINUTES {
            return Err(wrong());
        }
        found.extend((0..times).map(|step| first.map(|first| first + rise * f64::from(step))));
    }
    if found.iter().flatten().filter(|value| **value > 0.0).sum::<f64>() > MOST_EVENTS {
        return Err(format!("`{text}` are more than {MOST_EVENTS} events; take fewer"));
    }
    Ok(found)
}

/// A TOML table as a JSON event.
///
/// # Errors
/// When it names no type.
pub fn json(table: toml::Table) -> Result<Value, String> {
    let value = serde_json::to_value(table).map_err(|error| format!("event: {error}"))?;
    if value.get("type").and_then(Value::as_str).is_none() {
        return Err("an event has a `type`; write event = { type = \"select_item\", sku = \"A\" }".to_owned());
    }
    Ok(value)
}

/// `{n}` in every text is the number of the event.
fn numbered(value: &Value, number: u64) -> Value {
    match value {
        Value::String(text) => text.replace("{n}", &number.to_string()).into(),
        Value::Array(list) => list.iter().map(|item| numbered(item, number)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, item)| (name.clone(), numbered(item, number))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

impl Trial {
    /// The first event of each series, and every single one, that cannot be read.
    pub fn misread(&self) -> Vec<String> {
        let firsts = self.series.iter().map(|series| {
            let mut event = numbered(&series.event, 1);
            if let (Some(field), Some(value)) = (&series.field, series.values.iter().flatten().next()) {
                event[field.as_str()] = figure(*value);
            }
            event
        });
        firsts
            .chain(self.events.iter().map(|(_, event)| event.clone()))
            .filter_map(|event| {
                let reject = self.event(event.clone(), self.begins(), 1).err()?;
                Some(format!("event {event}: {} {}; see `warroom schema events`", reject.reason.id(), reject.detail))
            })
            .collect()
    }

    /// One event as a line would be read.
    fn event(&self, mut event: Value, at: At, number: u64) -> Result<Event, wire::Reject> {
        if let Some(fields) = event.as_object_mut() {
            fields.entry("id").or_insert_with(|| format!("e{number}").into());
            fields.insert("ts".to_owned(), at.rfc3339().into());
            if fields.get("type").and_then(Value::as_str) == Some("purchase") {
                fields.entry("order").or_insert_with(|| format!("o{number}").into());
            }
        }
        let defaults = Defaults { source: Some(Name::const_new(SOURCE)), currency: self.plan.currency, ..Defaults::default() };
        wire::read(&event.to_string(), &defaults).map(|line| line.event)
    }

    /// Everything that happens, in its order.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let mut told: Vec<(At, Event)> = Vec::new();
        let mut number = 0;
        let mut push = |event: Value, at: At, told: &mut Vec<(At, Event)>| {
            number += 1;
            // What cannot be read was told when the file was read.
            told.extend(self.event(event, at, number).ok().map(|event| (at, event)));
        };
        for series in &self.series {
            let mut made = 0;
            for (offset_ms, value) in series.moments() {
                made += 1;
                let mut event = numbered(&series.event, made);
                if let Some(field) = &series.field {
                    event[field.as_str()] = figure(value);
                }
                push(event, self.begins().plus_ms(offset_ms), &mut told);
            }
        }
        for (minute, event) in &self.events {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes of a test")]
            let at = self.begins().plus_ms((minute * MINUTE_MS as f64) as i64);
            push(event.clone(), at, &mut told);
        }
        told.extend(self.feed_states());
        told.sort_by_key(|(at, event)| (*at, matches!(event.fact, Fact::FeedState(_))));
        told.into_iter().zip(1..).map(|((at, event), seq)| Record { seq, at, event }).collect()
    }

    /// A feed for each type: complete to every ten seconds, but for the minutes in which it is down.
    fn feed_states(&self) -> Vec<(At, Event)> {
        let mut down: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for series in &self.series {
            let missing = series.values.iter().enumerate().filter(|(_, value)| value.is_none()).map(|(minute, _)| minute);
            down.entry(series.kind()).or_default().extend(missing);
        }
        let mut states = Vec::new();
        for (kind, down) in down {
            let mut complete_to = self.begins();
            for second in (0..=self.minutes * 60).step_by(usize::try_from(FEED_EVERY_S).unwrap_or(1)) {
                let at = self.begins().plus_s(second);
                let is_down = usize::try_from(second / 60).is_ok_and(|minute| down.contains(&minute));
                if !is_down {
                    complete_to = at;
                }
                let status = if is_down { FeedStatus::Retrying } else { FeedStatus::Ok };
                states.push((at, told(kind, status, complete_to, at)));
            }
        }
        states
    }
}

impl Series {
    /// When its events happen, in milliseconds from the begin, and the value of their minute.
    fn moments(&self) -> Vec<(i64, f64)> {
        let mut moments = Vec::new();
        let mut due = 0.0;
        for (minute, value) in (0..).zip(&self.values) {
            let Some(value) = *value else { continue };
            if self.field.is_some() {
                moments.push((minute * MINUTE_MS + SECOND_MS, value));
                continue;
            }
            // Halves and thirds of an event add up over the minutes.
            due += value.max(0.0);
            #[expect(clippy::cast_possible_truncation, reason = "at most two million events")]
            let count = due as i64;
            #[expect(clippy::cast_precision_loss, reason = "at most two million events")]
            let whole = count as f64;
            due -= whole;
            moments.extend((0..count).map(|place| (minute * MINUTE_MS + (2 * place + 1) * MINUTE_MS / (2 * count), value)));
        }
        moments
    }
}

/// A number as JSON, whole where it is.
fn figure(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers of a test")]
    if value.fract() == 0.0 && value.abs() < 1e15 { Value::from(value as i64) } else { Value::from(value) }
}

fn told(kind: &str, status: FeedStatus, complete_to: At, at: At) -> Event {
    let state = FeedState {
        feed: Name::new(kind),
        status,
        guarantee: Guarantee::Durable,
        complete_to: Some(complete_to),
        gives: vec![Name::new(kind)],
        stale_after_s: STALE_AFTER_S,
        caught_up: true,
        ..FeedState::default()
    };
    Event {
        fact: Fact::FeedState(Box::new(state)),
        ts: at,
        id: None,
        source: Name::const_new(SOURCE),
        currency: None,
        test: false,
        extra: Extra::default(),
    }
}
