//! A record on its way, with what its order is decided by.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::engine::Arrival;
use crate::engine::event::{Event, Fact, Record};
use crate::engine::wire::{self, Line};

/// A record of one of the inputs.
#[derive(Clone, Debug)]
pub struct Entry {
    pub record: Record,
    /// Which input it comes from.
    pub input: usize,
    /// Its own number where arrival is a fact; 0 for a line of a plain file.
    pub seq: u64,
    /// It carries `at` and `seq`.
    pub is_arrival: bool,
}

impl Entry {
    /// A line as `arrival` orders it.
    pub fn of_line(line: Line, input: usize, arrival: Arrival) -> Self {
        let own = line.at.zip(line.seq);
        let (at, seq) = match (own, arrival) {
            (Some(own), Arrival::Live) => own,
            _ => (line.event.ts, 0),
        };
        Self { record: Record { seq, at, event: line.event }, input, seq, is_arrival: own.is_some() }
    }

    /// A record of a journal.
    pub fn of_record(record: Record, input: usize) -> Self {
        Self { input, seq: record.seq, is_arrival: true, record }
    }

    /// Plain files: (ts, source, type, key or id, canonical bytes). Where arrival is a fact: (at, seq, input, bytes).
    pub fn order(&self, other: &Self) -> Ordering {
        self.record.at.cmp(&other.record.at).then_with(|| self.order_at_once(other))
    }

    fn order_at_once(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.record.event, &other.record.event);
        let named = || {
            let name = |event: &Event| event.fact.type_id();
            a.source.cmp(&b.source).then_with(|| name(a).cmp(name(b))).then_with(|| key(a).cmp(&key(b)))
        };
        let by_names = if self.seq == 0 && other.seq == 0 && !(self.is_arrival && other.is_arrival) {
            named()
        } else {
            self.seq.cmp(&other.seq).then(self.input.cmp(&other.input))
        };
        by_names.then_with(|| if a == b { Ordering::Equal } else { wire::write(a).cmp(&wire::write(b)) })
    }
}

/// What a state is known by, else the id.
pub fn key(event: &Event) -> Cow<'_, str> {
    match &event.fact {
        Fact::Cart(cart) => Cow::Borrowed(&cart.cart),
        Fact::Purchase(order) => Cow::Borrowed(&order.order),
        Fact::Inventory(stock) => match &stock.location {
            None => Cow::Borrowed(&stock.sku),
            Some(location) => Cow::Owned(format!("{}\0{location}", stock.sku)),
        },
        _ => Cow::Borrowed(event.id.as_deref().unwrap_or_default()),
    }
}
