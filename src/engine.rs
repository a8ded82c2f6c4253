//! The engine: facts in, notices out. No clock, no I/O, no async, no terminal, no randomness, no hash order.
//!
//! [`event`] is the vocabulary, [`wire`] its JSON form, [`plan`] what the broadcast was meant to be,
//! [`live`] one ledger a file, [`metric`] every formula of the product, once.

pub mod advice;
pub mod alarm;
pub mod detect;
pub mod earlier;
pub mod event;
pub mod guard;
pub mod id;
pub mod identity;
pub mod impact;
pub mod lexicon;
pub mod live;
pub mod metric;
pub mod money;
pub mod notice;
pub mod offer;
pub mod plan;
pub mod price;
pub mod prior;
pub mod projection;
pub mod rule;
pub mod series;
pub mod spelling;
pub mod text;
pub mod time;
pub mod view;
pub mod watch;
pub mod wire;

use event::{Control, Event, Fact, Quarantine, Record};
use identity::{Identity, Tally};
use live::Live;
use live::log::AdviceTurn;
use notice::Notice;
use plan::Plan;
use time::At;

/// How arrival is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A live, a journal, an export: the order of arrival is a fact, lateness is judged.
    Live,
    /// Plain files: `at = ts`, nothing is late.
    Files,
}

/// What becomes of an event that wants in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Accepted,
    /// The same content is known already.
    Duplicate,
    /// The id is known with other content; the first stays.
    Conflict,
    /// A test: counted, dropped.
    Test,
    Refused(Quarantine),
}

/// Seconds after the last record that are still judged; what lies beyond is a gap.
pub const JUDGED_AFTER_S: i64 = 120;

/// Acts are measured anew this often.
const IMPACT_EVERY_S: i64 = 10;

/// The state of one broadcast, a function of its records alone.
#[derive(Clone, Debug)]
pub struct Engine {
    plan: Plan,
    arrival: Arrival,
    live: Live,
    identity: Identity,
    advisor: advice::Advisor,
    impacts: impact::measure::Impacts,
    alarms: alarm::Alarms,
    priors: prior::Priors,
    earlier: earlier::EarlierLives,
    /// The instant that the state stands at.
    now: At,
    /// When the last record arrived.
    last_record: Option<At>,
    /// The last whole second that was judged.
    judged_s: i64,
}

impl Engine {
    /// An engine before its first record.
    #[must_use]
    pub fn new(plan: Plan, arrival: Arrival) -> Self {
        let live = Live::new(&plan, arrival);
        Self {
            live,
            identity: Identity::new(&plan),
            advisor: advice::Advisor::default(),
            impacts: impact::measure::Impacts::default(),
            alarms: alarm::Alarms::new(&plan),
            priors: prior::Priors::default(),
            earlier: earlier::EarlierLives::default(),
            plan,
            arrival,
            now: At::default(),
            last_record: None,
            judged_s: 0,
        }
    }

    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
    #[must_use]
    pub const fn arrival(&self) -> Arrival {
        self.arrival
    }
    #[must_use]
    pub const fn live(&self) -> &Live {
        &self.live
    }
    /// The playbook at work, and what it recommends.
    #[must_use]
    pub const fn advisor(&self) -> &advice::Advisor {
        &self.advisor
    }
    /// What the shop's earlier lives taught.
    #[must_use]
    pub const fn priors(&self) -> &prior::Priors {
        &self.priors
    }
    /// What an act did, as far as it can be told.
    #[must_use]
    pub fn impact(&self, intervention: &str) -> Option<&impact::measure::Impact> {
        self.impacts.of(intervention)
    }
    /// Puts a playbook in force without a record: for files, which carry none.
    pub fn arm(&mut self, playbook: rule::Playbook) {
        self.advisor.arm(playbook);
    }
    /// The instant that the state stands at.
    #[must_use]
    pub const fn now(&self) -> At {
        self.now
    }
    /// What came in so far, by what became of it.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        self.identity.tally()
    }
    /// The door: what came late, and from whom.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What would become of `event` if it arrived at `at`. Changes nothing: the shell asks before it journals,
    /// so that what is read again and again takes no place in the journal.
    #[must_use]
    pub fn admission(&self, event: &Event, at: At) -> Admission {
        match self.identity.judge(event, at, self.arrival, &self.plan) {
            Admission::Accepted => self.live.judge_version(event),
            other => other,
        }
    }

    /// Takes one record: walks the whole seconds up to it, judges it, then folds it into every ledger that it concerns.
    pub fn step(&mut self, record: &Record) -> Vec<Notice> {
        self.step_and_judge(record).0
    }

    /// Takes one record, and tells also what became of it.
    pub fn step_and_judge(&mut self, record: &Record) -> (Vec<Notice>, Admission) {
        let mut notices = self.walk_to(record);
        let version = self.live.judge_version(&record.event);
        let verdict = self.identity.admit(&record.event, record.at, self.arrival, &self.plan, version);
        self.fold(record, verdict, &mut notices);
        (notices, verdict)
    }

    /// Takes a record that was judged before, in a straight run: for a state [at rest](Self::at_rest), which knows no ids.
    pub fn step_judged(&mut self, record: &Record, verdict: Admission) -> Vec<Notice> {
        let mut notices = self.walk_to(record);
        self.identity.count(verdict, &record.event, record.at, self.arrival, &self.plan);
        self.fold(record, verdict, &mut notices);
        notices
    }

    /// A copy that shares with this state what is over, and leaves out what can be had again: the tables of names, which it makes
    /// anew when it needs them, and the ids that were seen. It goes on by [`Self::step_judged`].
    #[must_use]
    pub fn at_rest(&mut self) -> Self {
        let (identity, books) = (self.identity.at_rest(), self.live.books.at_rest());
        let (identity, books) = (std::mem::replace(&mut self.identity, identity), std::mem::replace(&mut self.live.books, books));
        let copy = self.clone();
        (self.identity, self.live.books) = (identity, books);
        copy
    }

    fn walk_to(&mut self, record: &Record) -> Vec<Notice> {
        let notices = self.advance_to(record.at);
        if self.last_record.is_none_or(|last| record.at > last.plus_s(JUDGED_AFTER_S)) {
            self.judged_s = self.judged_s.max(record.at.second());
        }
        self.last_record = self.last_record.max(Some(record.at));
        notices
    }

    fn fold(&mut self, record: &Record, verdict: Admission, notices: &mut Vec<Notice>) {
        match verdict {
            Admission::Accepted => {
                if let Fact::Plan(control) = &record.event.fact {
                    self.replan(control);
                }
                if let Fact::Priors(control) = &record.event.fact {
                    self.priors = prior::Priors::read(&control.body);
                    self.earlier.learn(&control.body);
                }
                self.live.fold(record, &self.plan, notices);
                self.alarms.fold(&record.event, &self.live.books, &self.plan);
                if advice::Advisor::concerns(&record.event.fact) {
                    self.advise(|advisor, engine| advisor.fold(record, engine, notices));
                    self.tell_gone(record.at);
                }
            }
            Admission::Duplicate => self.live.note_again(&record.event),
            Admission::Conflict | Admission::Test | Admission::Refused(_) => {}
        }
    }

    fn replan(&mut self, control: &Control) {
        let Ok(plan) = serde_json::from_str::<Plan>(&control.body) else { return };
        if plan == self.plan {
            return;
        }
        self.plan = plan;
        if self.identity.tally().from.is_none() {
            self.identity.replan(&self.plan);
            self.live.begin(&self.plan, self.arrival);
        } else {
            self.live.replan(&self.plan);
        }
    }

    /// Lets the advisor look at the rest of the engine.
    fn advise(&mut self, act: impl FnOnce(&mut advice::Advisor, &Self)) {
        let mut advisor = std::mem::take(&mut self.advisor);
        act(&mut advisor, self);
        self.advisor = advisor;
    }

    /// The log tells of cards that left the glass by themselves.
    fn tell_gone(&mut self, at: At) {
        for (advice, turn) in self.advisor.take_gone() {
            self.live.log.tell_advice(at, advice, turn);
        }
    }

    /// Walks the one-second grid to `at`. How often it is called cannot change the outcome: seconds are judged up to
    /// [`JUDGED_AFTER_S`] after the last record, and nothing in the gap beyond until the next one.
    pub fn advance_to(&mut self, at: At) -> Vec<Notice> {
        let mut notices = Vec::new();
        if let Some(last) = self.last_record {
            let until = at.min(last.plus_s(JUDGED_AFTER_S)).second();
            while self.judged_s < until {
                self.judged_s += 1;
                let second = At::from_ms(self.judged_s * time::SECOND_MS);
                self.now = self.now.max(second);
                self.live.judge(second, &self.plan, &mut notices);
                self.sound_alarms(second, &mut notices);
                if self.judged_s % IMPACT_EVERY_S == 0 {
                    let mut impacts = std::mem::take(&mut self.impacts);
                    impacts.look(second, self);
                    self.impacts = impacts;
                }
                if self.advisor.looks_at(second) {
                    self.live.age(second, &self.plan);
                    let before = notices.len();
                    self.advise(|advisor, engine| advisor.judge(second, engine, &mut notices));
                    for notice in notices.iter().skip(before) {
                        if let notice::NoticeKind::AdviceRaised { id, .. } = &notice.kind {
                            self.live.log.tell_advice(second, id.clone(), AdviceTurn::Raised);
                        }
                    }
                    self.tell_gone(second);
                }
            }
        }
        if at > self.now {
            self.now = at;
            self.live.age(at, &self.plan);
        }
        notices
    }
}
