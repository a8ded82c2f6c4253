//! The door: what is known already, what contradicts it, what comes from too far off (events.md, "Identity", "Time").
//!
//! Facts are known by (source, id), those of commerce for the whole live, high-volume kinds within the lateness limit.
//! States (orders, carts) are known by their ledgers; gauges and buckets by their content, since their ledgers upsert.

mod seen;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;

use super::event::{Event, Fact, FeedState, Quarantine};
use super::id::{Name, Set, Table};
use super::live::log::DESK;
use super::plan::Plan;
use super::time::{At, HOUR_MS, SECOND_MS};
use super::{Admission, Arrival};
use seen::{Forget, Known, Lifetime, Seen};

/// In files nothing further than this from the plan's start belongs to the live.
pub const SPAN_MS: i64 = 48 * HOUR_MS;

/// What came in, by what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    pub accepted: u64,
    pub duplicate: u64,
    pub conflict: u64,
    /// Accepted, but more than the lateness limit after it happened.
    pub late: u64,
    pub test: u64,
    /// Refused by the engine; what was no event at all is counted by whoever read it.
    pub quarantine: BTreeMap<Quarantine, u64>,
    /// Smallest and largest accepted `ts`, control records aside.
    pub from: Option<At>,
    pub to: Option<At>,
    /// Figures that were typed in, and the time of the newest.
    pub manual: u64,
    pub manual_at: Option<At>,
    by_type: [u64; Fact::TYPES.len()],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            accepted: 0,
            duplicate: 0,
            conflict: 0,
            late: 0,
            test: 0,
            quarantine: BTreeMap::new(),
            from: None,
            to: None,
            manual: 0,
            manual_at: None,
            by_type: [0; Fact::TYPES.len()],
        }
    }
}

impl Tally {
    /// Accepted events by type, those that came.
    pub fn by_type(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Fact::TYPES.iter().copied().zip(self.by_type).filter(|(_, number)| *number > 0)
    }
    /// Accepted events of one type.
    #[must_use]
    pub fn of_type(&self, id: &str) -> u64 {
        Fact::TYPES.iter().position(|kind| *kind == id).map_or(0, |place| self.by_type[place])
    }
    /// Refused by the engine, all reasons together.
    #[must_use]
    pub fn quarantined(&self) -> u64 {
        self.quarantine.values().sum()
    }
}

/// A feed as far as lateness is concerned.
#[derive(Clone, Debug, PartialEq)]
struct Reader {
    feed: Name,
    source: Name,
    gives: Vec<Name>,
    caught_up: bool,
}

/// The door.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    tally: Tally,
    seen: Seen,
    readers: Vec<Reader>,
    late_minutes: Set<i64>,
    late_by_source: Table<Name, u64>,
}

impl Identity {
    /// A door that knows the plan's feeds: what they read before they have caught up is neither late nor too old.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let reader = |feed: &super::plan::PlanFeed| Reader {
            feed: feed.name.clone(),
            source: feed.source.clone(),
            gives: feed.gives.clone(),
            caught_up: false,
        };
        Self { readers: plan.feeds.iter().map(reader).collect(), ..Self::default() }
    }

    /// Takes another plan before any fact came: feeds that were heard of stay.
    pub fn replan(&mut self, plan: &Plan) {
        let known = Self::new(plan).readers;
        let new = known.into_iter().filter(|reader| self.readers.iter().all(|other| other.feed != reader.feed)).collect::<Vec<_>>();
        self.readers.extend(new);
    }

    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }
    /// True for a clock minute that was re-opened by facts that came late.
    #[must_use]
    pub fn filled_late(&self, minute: i64) -> bool {
        self.late_minutes.contains(&minute)
    }
    /// How many facts of a source came late.
    #[must_use]
    pub fn late_of(&self, source: &str) -> u64 {
        self.late_by_source.get(source).copied().unwrap_or(0)
    }

    /// What would become of an event, its version aside: a state's ledger knows whether it is a new one.
    #[must_use]
    pub fn judge(&self, event: &Event, at: At, arrival: Arrival, plan: &Plan) -> Admission {
        if let Some(verdict) = self.judge_time(event, at, arrival, plan) {
            return verdict;
        }
        match identify(event) {
            None => Admission::Accepted,
            Some((key, content, _)) => match self.seen.find(key, content) {
                Known::No => Admission::Accepted,
                Known::Same => Admission::Duplicate,
                Known::Other => Admission::Conflict,
            },
        }
    }

    fn judge_time(&self, event: &Event, at: At, arrival: Arrival, plan: &Plan) -> Option<Admission> {
        if event.test {
            return Some(Admission::Test);
        }
        if event.fact.is_control() {
            return Some(Admission::Accepted);
        }
        let begins = plan.takes_from();
        let reason = match arrival {
            Arrival::Files => {
                let ends = plan.starts_at.map(|start| start.plus_ms(SPAN_MS));
                (begins.is_some_and(|begins| event.ts < begins) || ends.is_some_and(|ends| event.reaches_to() > ends))
                    .then_some(Quarantine::Span)
            }
            Arrival::Live if event.reaches_to() > at.plus_s(plan.limits.future_s) => Some(Quarantine::Future),
            Arrival::Live if begins.is_some_and(|begins| event.ts < begins) => Some(Quarantine::TooEarly),
            Arrival::Live if event.fact.is_high_volume() => {
                let age = at.since_ms(event.ts);
                (age > plan.limits.too_old_s * SECOND_MS && !self.is_history(event)).then_some(Quarantine::TooOld)
            }
            Arrival::Live => None,
        };
        reason.map(Admission::Refused)
    }

    /// True for what a feed reads before it has first caught up.
    fn is_history(&self, event: &Event) -> bool {
        self.readers.iter().any(|reader| {
            !reader.caught_up
                && reader.source == event.source
                && (reader.gives.is_empty() || reader.gives.iter().any(|kind| kind == event.fact.type_id()))
        })
    }

    /// Judges an event, remembers its id and counts it. `version` is what the state's ledger says.
    pub fn admit(&mut self, event: &Event, at: At, arrival: Arrival, plan: &Plan, version: Admission) -> Admission {
        let verdict = match self.judge_time(event, at, arrival, plan) {
            Some(verdict) => verdict,
            None => match identify(event) {
                None => version,
                Some(known) => self.remember(known, event, at, plan.limits.too_old_s),
            },
        };
        self.count(verdict, event, at, arrival, plan);
        verdict
    }

    /// A copy that knows no ids.
    #[must_use]
    pub fn at_rest(&self) -> Self {
        Self {
            tally: self.tally.clone(),
            seen: Seen::default(),
            readers: self.readers.clone(),
            late_minutes: self.late_minutes.clone(),
            late_by_source: self.late_by_source.clone(),
        }
    }

    /// Counts what became of an event.
    pub fn count(&mut self, verdict: Admission, event: &Event, at: At, arrival: Arrival, plan: &Plan) {
        match verdict {
            Admission::Accepted => self.accept(event, at, arrival, plan),
            Admission::Duplicate => self.tally.duplicate += 1,
            Admission::Conflict => self.tally.conflict += 1,
            Admission::Test => self.tally.test += 1,
            Admission::Refused(reason) => *self.tally.quarantine.entry(reason).or_default() += 1,
        }
    }

    fn remember(&mut self, (key, content, lifetime): (u128, u64, Lifetime), event: &Event, at: At, too_old_s: i64) -> Admission {
        let lifetime = match lifetime {
            Lifetime::Window(_) if !self.readers.is_empty() && self.is_history(event) => Lifetime::UntilCaughtUp,
            Lifetime::Window(_) => Lifetime::Window(event.ts.max(at)),
            other @ (Lifetime::WholeLive | Lifetime::UntilCaughtUp) => other,
        };
        let reading = self.readers.iter().any(|reader| !reader.caught_up);
        let forget = Forget { now: at, window_ms: too_old_s.saturating_mul(SECOND_MS), reading };
        match self.seen.insert(key, content, lifetime, forget) {
            Known::No => Admission::Accepted,
            Known::Same => Admission::Duplicate,
            Known::Other => Admission::Conflict,
        }
    }

    fn accept(&mut self, event: &Event, at: At, arrival: Arrival, plan: &Plan) {
        self.tally.accepted += 1;
        self.tally.by_type[event.fact.place()] += 1;
        if event.fact.is_control() {
            if let Fact::FeedState(state) = &event.fact {
                self.hear(state, &event.source);
            }
            return;
        }
        self.tally.from = Some(self.tally.from.map_or(event.ts, |from| from.min(event.ts)));
        self.tally.to = self.tally.to.max(Some(event.ts));
        if event.is_manual() {
            self.tally.manual += 1;
            self.tally.manual_at = self.tally.manual_at.max(Some(event.ts));
        }
        if arrival == Arrival::Live
            && at.since_ms(event.ts) > plan.limits.late_s * SECOND_MS
            && !self.is_history(event)
            && event.source != DESK
        {
            self.tally.late += 1;
            self.late_minutes.insert(event.ts.minute());
            *self.late_by_source.entry(event.source.clone()).or_default() += 1;
        }
    }

    fn hear(&mut self, state: &FeedState, source: &Name) {
        let index = match self.readers.iter().position(|reader| reader.feed == state.feed) {
            Some(index) => index,
            None => {
                let source = if source.is_empty() { state.feed.clone() } else { source.clone() };
                self.readers.push(Reader { feed: state.feed.clone(), source, gives: Vec::new(), caught_up: false });
                self.readers.len() - 1
            }
        };
        let reader = &mut self.readers[index];
        reader.gives.clone_from(&state.gives);
        reader.caught_up |= state.caught_up;
    }
}

/// The key, the content and the lifetime of an event's identity; `None` for states and control records.
fn identify(event: &Event) -> Option<(u128, u64, Lifetime)> {
    match &event.fact {
        Fact::Purchase(_) | Fact::Cart(_) | Fact::Plan(_) | Fact::Playbook(_) | Fact::Priors(_) | Fact::FeedState(_) | Fact::Closed(_) => {
            None
        }
        Fact::Audience(_) | Fact::Inventory(_) | Fact::Reading(_) => Some((content_key(event), 0, Lifetime::Window(event.ts))),
        Fact::AdSpend(spend) if spend.total || spend.bucket.is_some() => Some((content_key(event), 0, Lifetime::Window(event.ts))),
        fact @ (Fact::ViewItem(_)
        | Fact::SelectItem(_)
        | Fact::AddToCart(_)
        | Fact::RemoveFromCart(_)
        | Fact::BeginCheckout(_)
        | Fact::AddPaymentInfo(_)
        | Fact::Payment(_)
        | Fact::Cancellation(_)
        | Fact::Refund(_)
        | Fact::ViewerJoin(_)
        | Fact::ViewerLeave(_)
        | Fact::ChatMessage(_)
        | Fact::Reaction(_)
        | Fact::ProductPinned(_)
        | Fact::ProductUnpinned(_)
        | Fact::AdSpend(_)
        | Fact::GenerateLead(_)
        | Fact::Cue(_)
        | Fact::Intervention(_)
        | Fact::InterventionEnded(_)
        | Fact::InterventionWithdrawn(_)
        | Fact::Note(_)
        | Fact::AdviceAnswer(_)
        | Fact::Correction(_)) => {
            let lifetime = if fact.is_high_volume() { Lifetime::Window(event.ts) } else { Lifetime::WholeLive };
            let key = event.id.as_ref().map_or_else(|| content_key(event), |id| text_key(&event.source).rotate_left(64) ^ text_key(id));
            Some((key, content(event), lifetime))
        }
    }
}

fn hash(value: &impl Hash, seed: u64) -> u64 {
    FixedState::with_seed(seed).hash_one(value)
}

/// What an event says, its source and id aside: those are its key.
fn content(event: &Event) -> u64 {
    let mut hasher = FixedState::with_seed(3).build_hasher();
    event.fact.hash(&mut hasher);
    hasher.write_i64(event.ts.ms());
    event.currency.hash(&mut hasher);
    if !event.extra.0.is_empty() {
        event.extra.hash(&mut hasher);
    }
    hasher.finish()
}

fn content_key(event: &Event) -> u128 {
    u128::from(hash(event, 4)) << 64 | u128::from(hash(event, 5))
}

/// A text as a number of 128 bits: a UUID is its own, so is what is shorter than sixteen bytes; anything else its hash.
fn text_key(text: &str) -> u128 {
    let bytes = text.as_bytes();
    if let Some(uuid) = uuid(bytes) {
        return uuid;
    }
    if bytes.len() < 16 {
        let mut key = [0u8; 16];
        key[..bytes.len()].copy_from_slice(bytes);
        key[15] = 0x80 | u8::try_from(bytes.len()).unwrap_or(0);
        return u128::from_le_bytes(key);
    }
    let half = |seed| {
        let mut hasher = FixedState::with_seed(seed).build_hasher();
        hasher.write(bytes);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// The number of a UUID in its usual form, in small letters; in another form it is another text.
fn uuid(bytes: &[u8]) -> Option<u128> {
    let bytes: &[u8; 36] = bytes.try_into().ok()?;
    if [bytes[8], bytes[13], bytes[18], bytes[23]] != *b"----" {
        return None;
    }
    let word = |places: [usize; 2]| {
        let mut word = [0; 8];
        word[..4].copy_from_slice(&bytes[places[0]..places[0] + 4]);
        word[4..].copy_from_slice(&bytes[places[1]..places[1] + 4]);
        hex(u64::from_le_bytes(word))
    };
    let (first, second, third, fourth) = (word([0, 4])?, word([9, 14])?, word([19, 24])?, word([28, 32])?);
    Some(u128::from(first << 32 | second) << 64 | u128::from(third << 32 | fourth))
}

/// The number that eight hexadecimal digits in small letters write, the first in the lowest byte.
fn hex(word: u64) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let values = (word & (ONES * 0x0F)).wrapping_add((word >> 6 & ONES) * 9);
    let written = values.wrapping_add(ONES * 0x30).wrapping_add((values.wrapping_add(ONES * 6) >> 4 & ONES) * 39);
    if written != word {
        return None;
    }
    let pairs = (values.swap_bytes() | values.swap_bytes() >> 4) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
    Some((fours | fours >> 16) & 0xFFFF_FFFF)
}

#[cfg(test)]
mod tests;
