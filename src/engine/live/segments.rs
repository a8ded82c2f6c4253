//! The run of show as it went: segments by cue, and each time that a product was on air.
//!
//! What was on air is a function of the acts in the order they happened, so an act that arrives late takes its place.

use std::collections::BTreeMap;

use super::books::Books;
use crate::engine::event::{CorrectionKind, Event, Fact, InterventionKind, Record, SegmentKind};
use crate::engine::id::{Name, Set, Sym};
use crate::engine::notice::{Notice, NoticeKind};
use crate::engine::plan::Plan;
use crate::engine::time::{At, MINUTE_MS};

/// A segment that began.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub name: Name,
    pub kind: Option<SegmentKind>,
    pub host: Option<Name>,
    pub from: At,
    /// `None` while it is on.
    pub to: Option<At>,
}

/// One presentation of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explain {
    pub product: Sym,
    pub from: At,
    /// `None` while it is on.
    pub to: Option<At>,
}

/// What changes the show.
#[derive(Clone, Debug, PartialEq)]
enum Act {
    Cue {
        segment: Name,
        kind: Option<SegmentKind>,
        host: Option<Name>,
        product: Option<Sym>,
    },
    On(Sym),
    /// Without a product: what its source pinned last.
    Off(Option<Sym>),
    Close,
}

/// Acts in the order they happened: by time, then by source and id.
type Place = (At, Name, Name);

/// The run of show as it went.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    acts: BTreeMap<Place, Act>,
    /// Ids of acts that were taken back, whether they have arrived or not.
    taken_back: Set<Name>,
    /// Products that the operator put on air, by the act's id: its end takes them off.
    pinned_by: BTreeMap<Name, Sym>,
    /// What each source pinned last and has not taken off.
    pinned: BTreeMap<Name, Sym>,
    segments: Vec<Segment>,
    explains: Vec<Explain>,
    closed: Option<At>,
}

impl Segments {
    /// Takes a record that concerns this ledger.
    pub fn fold(&mut self, record: &Record, books: &mut Books, plan: &Plan, notices: &mut Vec<Notice>) {
        let event = &record.event;
        let act = match &event.fact {
            Fact::ProductPinned(pin) => Act::On(books.product(&pin.sku, None, plan)),
            Fact::ProductUnpinned(pin) => Act::Off(pin.sku.as_ref().map(|sku| books.product(sku, None, plan))),
            Fact::Cue(cue) => Act::Cue {
                segment: cue.segment.clone(),
                kind: cue.kind,
                host: cue.host.clone(),
                product: cue.sku.as_ref().map(|sku| books.product(sku, None, plan)),
            },
            Fact::Intervention(act) if matches!(act.kind, InterventionKind::PinProduct | InterventionKind::SwitchProduct) => {
                let Some(sku) = &act.sku else { return };
                let product = books.product(sku, None, plan);
                self.pinned_by.insert(event.id.clone().unwrap_or_default(), product);
                Act::On(product)
            }
            Fact::InterventionEnded(end) => match self.pinned_by.get(&end.intervention) {
                Some(product) => Act::Off(Some(*product)),
                None => return,
            },
            Fact::InterventionWithdrawn(end) => return self.take_back(&end.intervention),
            Fact::Correction(correction) if correction.kind == CorrectionKind::Void => return self.take_back(&correction.target),
            Fact::Closed(_) => Act::Close,
            _ => return,
        };
        self.add(event, act, record.at, notices);
    }

    fn add(&mut self, event: &Event, act: Act, at: At, notices: &mut Vec<Notice>) {
        let id = event.id.clone().unwrap_or_default();
        if self.taken_back.contains(&id) {
            return;
        }
        let place: Place = (event.ts, event.source.clone(), id);
        let newest = self.acts.last_key_value().is_none_or(|(last, _)| *last < place);
        let before = self.on_air();
        if newest {
            self.apply(&place, &act);
            tell(before, self.on_air(), &act, at, notices);
            self.acts.insert(place, act);
        } else {
            self.acts.insert(place, act);
            self.rebuild();
        }
    }

    fn take_back(&mut self, id: &Name) {
        self.taken_back.insert(id.clone());
        let known = self.acts.len();
        self.acts.retain(|(_, _, act), _| act != id);
        if self.acts.len() < known {
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        self.segments.clear();
        self.explains.clear();
        self.pinned.clear();
        self.closed = None;
        for (place, act) in &std::mem::take(&mut self.acts) {
            self.apply(place, act);
            self.acts.insert(place.clone(), act.clone());
        }
    }

    fn apply(&mut self, (at, source, _): &Place, act: &Act) {
        let at = *at;
        match act {
            Act::On(product) => {
                self.pinned.insert(source.clone(), *product);
                self.put_on_air(*product, at);
            }
            Act::Off(product) => {
                let last =
                    if product.is_none_or(|named| self.pinned.get(source) == Some(&named)) { self.pinned.remove(source) } else { None };
                let off = product.or(last);
                if off.is_some() && self.on_air() == off {
                    self.take_off_air(at);
                }
            }
            Act::Cue { segment, kind, host, product } => {
                self.begin_segment(Segment { name: segment.clone(), kind: *kind, host: host.clone(), from: at, to: None });
                if let Some(product) = product {
                    self.put_on_air(*product, at);
                }
            }
            Act::Close => {
                self.take_off_air(at);
                self.end_segment(at);
                self.closed = Some(self.closed.map_or(at, |closed| closed.min(at)));
            }
        }
    }

    fn put_on_air(&mut self, product: Sym, at: At) {
        if self.on_air() != Some(product) {
            self.take_off_air(at);
            self.explains.push(Explain { product, from: at, to: None });
        }
    }
    /// What lasted no time was no presentation.
    fn take_off_air(&mut self, at: At) {
        match self.explains.last_mut() {
            Some(explain) if explain.to.is_none() && explain.from >= at => drop(self.explains.pop()),
            Some(explain) if explain.to.is_none() => explain.to = Some(at),
            _ => {}
        }
    }
    /// The same segment cued again (by the platform and by the desk) goes on.
    fn begin_segment(&mut self, segment: Segment) {
        let goes_on = self
            .segments
            .last()
            .is_some_and(|on| on.to.is_none() && on.name == segment.name && (segment.host.is_none() || segment.host == on.host));
        if !goes_on {
            self.end_segment(segment.from);
            self.segments.push(segment);
        }
    }
    fn end_segment(&mut self, at: At) {
        match self.segments.last_mut() {
            Some(segment) if segment.to.is_none() && segment.from >= at => drop(self.segments.pop()),
            Some(segment) if segment.to.is_none() => segment.to = Some(at),
            _ => {}
        }
    }

    /// The product on air now.
    #[must_use]
    pub fn on_air(&self) -> Option<Sym> {
        self.explains.last().filter(|explain| explain.to.is_none()).map(|explain| explain.product)
    }
    /// The product that was on air at an instant.
    #[must_use]
    pub fn on_air_at(&self, at: At) -> Option<Sym> {
        let begun = self.explains.partition_point(|explain| explain.from <= at);
        let explain = self.explains.get(begun.checked_sub(1)?)?;
        explain.to.is_none_or(|to| at < to).then_some(explain.product)
    }
    /// The product that was on air longest within a clock minute, up to `now`.
    #[must_use]
    pub fn on_air_in_minute(&self, minute: i64, now: At) -> Option<Sym> {
        let (from, to) = (At::from_minute(minute), At::from_minute(minute).plus_ms(MINUTE_MS).min(now.plus_ms(1)));
        let first = self.explains.partition_point(|explain| explain.to.is_some_and(|to| to <= from));
        let mut shares: BTreeMap<Sym, i64> = BTreeMap::new();
        for explain in self.explains[first..].iter().take_while(|explain| explain.from < to) {
            let ms = explain.to.unwrap_or(to).min(to).since_ms(explain.from.max(from));
            *shares.entry(explain.product).or_default() += ms;
        }
        shares.into_iter().filter(|(_, ms)| *ms > 0).max_by_key(|(_, ms)| *ms).map(|(product, _)| product)
    }
    /// Segments that began, by time.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
    /// Presentations, by time.
    #[must_use]
    pub fn explains(&self) -> &[Explain] {
        &self.explains
    }
    /// When the operator closed the live.
    #[must_use]
    pub const fn closed(&self) -> Option<At> {
        self.closed
    }
}

fn tell(before: Option<Sym>, after: Option<Sym>, act: &Act, at: At, notices: &mut Vec<Notice>) {
    if let Act::Cue { segment, kind, .. } = act {
        notices.push(Notice { at, kind: NoticeKind::SegmentBegan { segment: segment.clone(), kind: *kind } });
    }
    match (before, after) {
        (_, Some(product)) if before != after => notices.push(Notice { at, kind: NoticeKind::OnAir { product } }),
        (Some(product), None) => notices.push(Notice { at, kind: NoticeKind::OffAir { product } }),
        _ => {}
    }
    if *act == Act::Close {
        notices.push(Notice { at, kind: NoticeKind::Closed });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Arrival, Engine, wire};

    /// What was on air after these acts: (source, second, act), in the order they arrive.
    fn on_air(acts: &[(&str, i64, &str)]) -> Vec<String> {
        let mut engine = Engine::new(Plan::default(), Arrival::Files);
        for (seq, (source, second, act)) in (1..).zip(acts) {
            let (kind, sku) = act.split_once(' ').map_or((*act, String::new()), |(kind, sku)| (kind, format!(r#","sku":"{sku}""#)));
            let line = format!(r#"{{"type":"product_{kind}","id":"{seq}","source":"{source}","ts":"2026-11-21T22:00:{second:02}Z"{sku}}}"#);
            let event = wire::read(&line, &wire::Defaults::default()).unwrap_or_else(|reject| panic!("{reject:?} {line}")).event;
            engine.step(&Record { seq, at: event.ts, event });
        }
        let shown = |explain: &Explain| {
            let second = |at: At| at.ms() / 1_000 % 60;
            format!("{} {}-{}", engine.live().books.skus.text(explain.product), second(explain.from), explain.to.map_or(-1, second))
        };
        engine.live().segments.explains().iter().map(shown).collect()
    }

    #[test]
    fn nothing_pinned_at_a_source_takes_off_what_it_pinned_last() {
        let acts = [("market", 1, "pinned A"), ("market", 9, "unpinned"), ("market", 12, "unpinned"), ("market", 20, "pinned B")];
        assert_eq!(on_air(&acts), ["A 1-9", "B 20--1"]);
        let mut late = acts;
        late.reverse();
        assert_eq!(on_air(&late), ["A 1-9", "B 20--1"], "whatever comes first");
    }

    #[test]
    fn nothing_pinned_at_a_source_leaves_on_air_what_others_pinned() {
        assert_eq!(on_air(&[("market", 1, "pinned A"), ("desk", 5, "pinned B"), ("market", 9, "unpinned")]), ["A 1-5", "B 5--1"]);
        assert_eq!(on_air(&[("desk", 5, "pinned B"), ("market", 9, "unpinned")]), ["B 5--1"]);
        assert_eq!(on_air(&[("market", 1, "pinned A"), ("desk", 5, "unpinned A"), ("market", 9, "unpinned")]), ["A 1-5"]);
    }
}
