//! The owner of the state: stamps what arrives, queues it to the journal, steps the engine. Never waits for a disk or a network.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::chronicle::{self, Chronicle};
use crate::clock::{self, Clock};
use crate::engine::event::{Control, Event, Fact, FeedState, Record};
use crate::engine::id::{Name, Table};
use crate::engine::notice::Notice;
use crate::engine::plan::Plan;
use crate::engine::rule::Playbook;
use crate::engine::text::clean;
use crate::engine::time::{At, SECOND_MS};
use crate::engine::{Admission, Arrival, Engine};
use crate::feed::asides::Asides;
use crate::feed::session::Session;
use crate::feed::{Batch, Rejected};
use crate::journal::{JournalBatch, Quarantined, Writer};
use crate::ui::intent::Wish;

/// The source of what the operator writes.
pub const DESK: &str = "desk";
/// A feed's health is journaled at most this often, unless it changed in substance.
const FEED_STATE_EVERY_MS: i64 = SECOND_MS;

/// New facts that a feed's lag is the middle one of.
const LAGS: usize = 31;
/// Shown of the reason why an input was put aside.
const ASIDE_COLUMNS: usize = 80;

/// Records that bring their own time and are further behind are still being read.
const BEHIND_MS: i64 = 15 * SECOND_MS;

/// A clock that follows another desk's records is set anew when it is further from them.
const BESIDE_MS: i64 = 2 * SECOND_MS;

/// What a key leads back to.
#[derive(Debug, Default)]
pub struct Taken {
    pub notices: Vec<Notice>,
    /// The acts that were written, for a broadcast that answers to them.
    pub written: Vec<Record>,
}

/// Counters of one feed that only the owner can know.
#[derive(Debug, Default)]
struct Tally {
    received: u64,
    duplicate: u64,
    conflict: u64,
    late: u64,
    test: u64,
    quarantined: u64,
    /// What was refused before: it may come again with every poll.
    refused: Asides,
    /// Why the newest was put aside.
    last_aside: Option<Name>,
    /// From happening to arrival, of the last facts that were new.
    lags_ms: VecDeque<i64>,
    /// The state as last journaled, and when.
    told: Option<(FeedState, At)>,
    /// A newer one that came too soon after it.
    untold: Option<FeedState>,
}

impl Tally {
    /// True once the feed said so, in what was journaled.
    fn has_caught_up(&self) -> bool {
        self.told.as_ref().is_some_and(|(state, _)| state.caught_up)
    }

    fn lag_ms(&self) -> Option<i64> {
        let mut lags: Vec<i64> = self.lags_ms.iter().copied().collect();
        lags.sort_unstable();
        lags.get(lags.len() / 2).copied()
    }
}

/// What a batch becomes.
struct Intake {
    /// The feed had caught up before.
    measures: bool,
    /// Whose secrets are kept out of what is put aside here.
    session: Option<Arc<Session>>,
    counted: Tally,
    records: Vec<Record>,
    quarantined: Vec<Quarantined>,
    notices: Vec<Notice>,
}

/// Turns names of people into keyed hashes before anything is kept.
pub type Pseudonymise = Box<dyn Fn(&mut Event) + Send>;

/// The owner.
pub struct Desk {
    engine: Engine,
    journal: Option<Writer>,
    clock: Clock,
    seq: u64,
    last_at: At,
    tallies: Table<Name, Tally>,
    pseudonymise: Option<Pseudonymise>,
    operator: Option<Name>,
    /// The records bring the time of their arrival with them.
    keeps_no_time: bool,
    /// The time as its owner sets it, second by second: a rehearsal.
    by_hand: Option<At>,
    chronicle: Chronicle,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("seq", &self.seq)
            .field("last_at", &self.last_at)
            .field("journal", &self.journal)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// A desk before its first record.
    #[must_use]
    pub fn new(plan: Plan, clock: Clock, journal: Option<Writer>) -> Self {
        Self {
            engine: Engine::new(plan, Arrival::Live),
            journal,
            clock,
            seq: 0,
            last_at: At::default(),
            tallies: Table::default(),
            pseudonymise: None,
            operator: None,
            keeps_no_time: false,
            by_hand: None,
            chronicle: Chronicle::default(),
        }
    }

    /// Puts a playbook in force without a record, for a broadcast that is not kept.
    pub fn arm(&mut self, playbook: Playbook) {
        self.engine.arm(playbook);
    }

    /// Hides people's names from now on.
    pub fn hide_people(&mut self, pseudonymise: Pseudonymise) {
        self.pseudonymise = Some(pseudonymise);
    }
    /// Who is at the desk; goes into what they write.
    pub fn set_operator(&mut self, operator: Option<Name>) {
        self.operator = operator;
    }
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }
    #[must_use]
    pub const fn journal(&self) -> Option<&Writer> {
        self.journal.as_ref()
    }
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }
    /// Time as the next record would be stamped.
    #[must_use]
    pub fn now(&self) -> At {
        self.by_hand.unwrap_or_else(|| self.clock.now()).max(self.last_at)
    }
    /// From now on time is what it is set to here, not what the clock says.
    pub const fn set_now(&mut self, at: At) {
        self.by_hand = Some(at);
    }
    /// The time of what is written now; before the first record of a broadcast that brings its own time, its start.
    fn moment(&self) -> At {
        match self.engine.plan().starts_at {
            Some(starts_at) if self.keeps_no_time && self.now().since_ms(self.last_at.max(starts_at)) > self.behind_ms() => {
                self.last_at.max(starts_at)
            }
            _ => self.now(),
        }
    }
    /// How far behind the clock records may be that bring their own time: a chunk, and what passes while one is on its way.
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a few hundred times real speed")]
    fn behind_ms(&self) -> i64 {
        BEHIND_MS + (self.clock.speed() * 2_000.0) as i64
    }
    /// False while the disk is healthy and behind: the feeds wait.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.journal.as_ref().is_none_or(Writer::has_room)
    }
    /// The writer, to close it.
    #[must_use]
    pub fn into_journal(mut self) -> Option<Writer> {
        self.chronicle.tell_counts();
        self.journal
    }

    /// Steps a record that the journal already holds: what a restart does with all of them.
    pub fn restore(&mut self, record: &Record) -> Vec<Notice> {
        self.seq = self.seq.max(record.seq);
        self.last_at = self.last_at.max(record.at);
        if let Fact::FeedState(state) = &record.event.fact {
            let tally = self.tallies.entry(state.feed.clone()).or_default();
            (tally.received, tally.duplicate) = (state.received, state.duplicate);
            (tally.conflict, tally.quarantined, tally.test) = (state.conflict, state.quarantined, state.tests);
            tally.late = state.late.unwrap_or_default();
            tally.last_aside.clone_from(&state.last_aside);
        }
        self.engine.step(record)
    }

    /// Walks the engine's grid to the present; not while what lies behind is still being read, which would look like silence.
    pub fn advance(&mut self) -> Vec<Notice> {
        let now = self.now();
        if self.keeps_no_time && now.since_ms(self.last_at) > self.behind_ms() {
            return Vec::new();
        }
        let mut notices = self.tell_untold();
        notices.extend(self.engine.advance_to(now));
        self.chronicle.pass(now, self.journal.as_ref().map(Writer::status).as_ref());
        notices
    }

    /// Journals the health that came too soon after the last: what a feed said at the end of a burst, however long it is silent then.
    fn tell_untold(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        if self.keeps_no_time || self.by_hand.is_some() {
            return notices;
        }
        let waiting = self.tallies.iter_mut().filter_map(|(feed, tally)| Some((feed.clone(), tally.untold.take()?)));
        for (feed, state) in waiting.collect::<Vec<_>>() {
            let mut records = Vec::with_capacity(1);
            notices.extend(self.tell_state(&feed, state, &mut records));
            if !records.is_empty() {
                self.append(JournalBatch { feed, records: Arc::from(records), ..JournalBatch::default() });
            }
        }
        notices
    }

    /// Another desk writes the records: the clock stays beside the last of them, whatever speed theirs runs at.
    pub fn keep_up(&mut self) {
        if self.clock.now().since_ms(self.last_at).abs() > BESIDE_MS {
            self.clock = Clock::scaled(self.last_at, 1.0);
        }
    }

    /// Records bring their own time: a simulated broadcast, a replay.
    pub fn follow_the_records(&mut self) {
        self.keeps_no_time = true;
    }

    /// Takes a feed's batch as a whole: admitted events get a number and a time, go to the journal with the feed's cursor, and
    /// are stepped. What is known already is counted and takes no place.
    pub fn take(&mut self, batch: Batch) -> Taken {
        let Batch { feed, events, arrived, rejected, cursor, state, session, committed, by_cursor } = batch;
        let now = self.now();
        let aside = |r: Rejected| Quarantined {
            feed: feed.clone(),
            place: r.place,
            reason: r.reject.reason,
            detail: r.reject.detail,
            beginning: r.beginning,
            at: now,
        };
        let quarantined: Vec<Quarantined> = rejected.into_iter().map(aside).collect();
        let mut intake = Intake {
            // what was read to catch up was not waited for
            measures: state.as_ref().is_some_and(|state| state.caught_up) && self.tallies.get(&feed).is_some_and(Tally::has_caught_up),
            session,
            counted: Tally { quarantined: quarantined.len() as u64, ..Tally::default() },
            records: Vec::with_capacity(events.len() + 1),
            quarantined,
            notices: Vec::new(),
        };
        for (index, event) in events.into_iter().enumerate() {
            let at = arrived.get(index).copied().unwrap_or(now).max(self.last_at);
            self.admit(&feed, event, at, &mut intake);
        }
        let Intake { mut counted, mut records, quarantined, mut notices, .. } = intake;
        quarantined.iter().for_each(|aside| self.chronicle.hear_aside(&aside.feed, aside.reason));
        counted.last_aside = quarantined.last().map(in_short);
        self.count(&feed, counted);
        if let Some(state) = state {
            notices.extend(self.tell_state(&feed, state, &mut records));
        }
        self.append(JournalBatch { feed, records: Arc::from(records), cursor, quarantined, committed, by_cursor });
        Taken { notices, ..Taken::default() }
    }

    /// Takes one event of a batch, or counts why not.
    fn admit(&mut self, feed: &Name, mut event: Event, at: At, intake: &mut Intake) {
        if let Some(pseudonymise) = &self.pseudonymise {
            pseudonymise(&mut event);
        }
        let counted = &mut intake.counted;
        counted.received += 1;
        match self.engine.admission(&event, at) {
            Admission::Accepted => {
                if intake.measures {
                    counted.lags_ms.push_back(at.since_ms(event.happened_at()).max(0));
                }
                let late = self.engine.tally().late;
                intake.notices.extend(self.stamp(event, at, &mut intake.records));
                counted.late += self.engine.tally().late - late;
            }
            Admission::Duplicate => counted.duplicate += 1,
            Admission::Conflict => counted.conflict += 1,
            Admission::Test => counted.test += 1,
            Admission::Refused(reason) => {
                let aside = refused(feed, &event, reason, at, intake.session.as_deref());
                let known = &mut self.tallies.entry(feed.clone()).or_default().refused;
                if known.is_news(&(reason, &aside.place, &aside.beginning)) {
                    counted.quarantined += 1;
                    intake.quarantined.push(aside);
                } else {
                    counted.duplicate += 1;
                }
            }
        }
    }

    /// Writes what the operator wishes. The same way as everything else: stamp, journal, step.
    pub fn write(&mut self, wish: Wish) -> Taken {
        self.write_and_tell(wish, None)
    }

    /// As [`Desk::write`]; `committed` hears whether the record is on the disk.
    pub fn write_and_tell(&mut self, wish: Wish, committed: Option<oneshot::Sender<bool>>) -> Taken {
        let at = self.moment();
        let id = Name::from(format!("{DESK}-{}", self.seq + 1));
        // a note may be about a minute of the past
        let ts = wish.happened_at().unwrap_or(at);
        let fact = wish.fact(&id, self.operator.clone());
        let event = Event {
            fact,
            ts,
            id: Some(id),
            source: DESK.into(),
            currency: self.engine.plan().currency,
            test: false,
            extra: Default::default(),
        };
        self.write_event(event, committed)
    }

    /// Writes a control record: the plan, the playbook, what earlier lives taught.
    pub fn write_control(&mut self, control: fn(Control) -> Fact, body: Box<str>) -> Taken {
        let ts = self.moment();
        let event = Event {
            fact: control(Control { body }),
            ts,
            id: None,
            source: DESK.into(),
            currency: None,
            test: false,
            extra: Default::default(),
        };
        self.write_event(event, None)
    }

    /// Writes a playbook. Where it holds cards out at random and names no seed, the one in force goes on; else one is drawn.
    pub fn write_playbook(&mut self, mut playbook: Playbook) -> Taken {
        if playbook.hold_out > 0.0 && playbook.hold_out_seed == 0 {
            let known = self.engine.advisor().playbook().hold_out_seed;
            playbook.hold_out_seed = if known == 0 { clock::wall_now().ms().unsigned_abs() } else { known };
        }
        if *self.engine.advisor().playbook() == playbook {
            return Taken::default();
        }
        self.write_control(Fact::Playbook, serde_json::to_string(&playbook).unwrap_or_default().into_boxed_str())
    }

    fn write_event(&mut self, event: Event, committed: Option<oneshot::Sender<bool>>) -> Taken {
        chronicle::tell_desk(&event);
        let at = self.moment().max(event.ts);
        let mut records = Vec::with_capacity(1);
        let notices = self.stamp(event, at, &mut records);
        let records: Arc<[Record]> = Arc::from(records);
        self.append(JournalBatch { records: Arc::clone(&records), committed, ..JournalBatch::default() });
        Taken { notices, written: records.to_vec() }
    }

    /// The only place where a record gets its number and its time.
    fn stamp(&mut self, event: Event, at: At, records: &mut Vec<Record>) -> Vec<Notice> {
        self.seq += 1;
        self.last_at = self.last_at.max(at);
        let record = Record { seq: self.seq, at: self.last_at, event };
        let notices = self.engine.step(&record);
        records.push(record);
        notices
    }

    fn append(&mut self, batch: JournalBatch) {
        match &mut self.journal {
            Some(journal) => journal.append(batch),
            None => answer(batch.committed, true),
        }
    }

    fn count(&mut self, feed: &Name, counted: Tally) {
        let tally = self.tallies.entry(feed.clone()).or_default();
        tally.received += counted.received;
        tally.duplicate += counted.duplicate;
        tally.conflict += counted.conflict;
        tally.late += counted.late;
        tally.test += counted.test;
        tally.quarantined += counted.quarantined;
        tally.last_aside = counted.last_aside.or_else(|| tally.last_aside.take());
        tally.lags_ms.extend(&counted.lags_ms);
        let over = tally.lags_ms.len().saturating_sub(LAGS);
        tally.lags_ms.drain(..over);
    }

    /// Journals a feed's health when it changed in substance, or a second after the last time.
    fn tell_state(&mut self, feed: &Name, mut state: FeedState, records: &mut Vec<Record>) -> Vec<Notice> {
        let now = self.now();
        let tally = self.tallies.entry(feed.clone()).or_default();
        state.feed = feed.clone();
        (state.received, state.duplicate) = (tally.received, tally.duplicate);
        (state.conflict, state.quarantined, state.tests) = (tally.conflict, tally.quarantined, tally.test);
        state.late = Some(tally.late);
        state.lag_ms = tally.lag_ms();
        state.last_aside.clone_from(&tally.last_aside);
        let due = tally
            .told
            .as_ref()
            .is_none_or(|(told, at)| changed_in_substance(told, &state) || (*told != state && now.since_ms(*at) >= FEED_STATE_EVERY_MS));
        tally.untold = tally.told.as_ref().filter(|(told, _)| !due && *told != state).map(|_| state.clone());
        if !due {
            return Vec::new();
        }
        self.chronicle.hear_feed(&state);
        tally.told = Some((state.clone(), now));
        let event = Event {
            fact: Fact::FeedState(Box::new(state)),
            ts: now,
            id: None,
            source: DESK.into(),
            currency: None,
            test: false,
            extra: Default::default(),
        };
        self.stamp(event, now, records)
    }
}

/// True where the operator would see a difference that must not wait.
fn changed_in_substance(told: &FeedState, state: &FeedState) -> bool {
    told.status != state.status
        || told.caught_up != state.caught_up
        || told.last_error != state.last_error
        || told.guarantee != state.guarantee
}

/// Why it was put aside, without what it held: a text that repeats a value ends before it.
fn in_short(aside: &Quarantined) -> Name {
    // a filter's own error is a text in quotes
    let detail = aside.detail.replacen(": \"", ": ", 1);
    let detail = detail.split(['{', '[', '"', '\\']).next().unwrap_or_default();
    let detail = clean(detail, ASIDE_COLUMNS);
    let (reason, detail) = (aside.reason.id(), detail.trim());
    if detail.is_empty() { Name::from(reason) } else { Name::from(format!("{reason}: {detail}")) }
}

/// An event that the engine has no place for; of its session's secrets nothing is kept.
fn refused(feed: &Name, event: &Event, reason: crate::engine::event::Quarantine, at: At, session: Option<&Session>) -> Quarantined {
    use crate::engine::event::Quarantine::Future;
    let hide = |text: &str| session.map_or_else(|| text.to_owned(), |session| session.redact(text));
    Quarantined {
        feed: feed.clone(),
        place: hide(event.id.as_deref().unwrap_or_default()),
        reason,
        detail: format!("happened {}", if reason == Future { event.reaches_to() } else { event.ts }),
        beginning: hide(&crate::engine::wire::write(event)).chars().take(120).collect(),
        at,
    }
}

fn answer(waiting: Option<oneshot::Sender<bool>>, durable: bool) {
    if let Some(waiting) = waiting {
        // A feed that no longer waits needs no answer.
        let _ = waiting.send(durable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Quarantine;

    #[test]
    fn why_an_input_was_put_aside_is_told_without_what_it_held() {
        let told = |detail: &str| {
            let aside = Quarantined {
                feed: "shop".into(),
                place: String::new(),
                reason: Quarantine::BadField,
                detail: detail.into(),
                beginning: "{\"name\":\"Maria\"}".into(),
                at: At::default(),
            };
            in_short(&aside).to_string()
        };
        assert_eq!(told("map: cannot index {\"name\":\"Maria\"} with a number"), "bad_field: map: cannot index");
        assert_eq!(told("\"Maria\" is no number"), "bad_field");
        assert!(told(&"long ".repeat(100)).chars().count() <= "bad_field: ".len() + ASIDE_COLUMNS);
    }
}
