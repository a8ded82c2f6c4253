//! Feed health and completeness: until when each feed has told everything, which is stale, what is filled late, what is lost.

use std::collections::{BTreeSet, VecDeque};

use crate::engine::event::{FeedState, FeedStatus, Guarantee};
use crate::engine::id::{Name, Table};
use crate::engine::notice::{Notice, NoticeKind};
use crate::engine::plan::{Plan, PlanFeed};
use crate::engine::time::{At, MINUTE_MS, SECOND_MS};

/// States of a feed that are remembered for its rate: one a second.
const MOST_MARKS: usize = 70;
/// A feed is stale after this where neither it nor the plan says.
pub const STALE_AFTER_S: i64 = 60;

/// A feed as its own records tell it.
#[derive(Clone, Debug)]
pub struct Feed {
    pub state: FeedState,
    /// When it was first heard of.
    since: At,
    pub stale: bool,
    /// It told everything until here, and then was away.
    away: Option<At>,
    /// When it became stale.
    pub stale_since: Option<At>,
    /// What it had brought, when: the last minute of it, and one before.
    marks: VecDeque<(At, u64)>,
    /// Stretches that a feed which keeps nothing for us will never tell.
    gaps: Vec<(At, At)>,
    /// When its last error was told first, or again.
    pub error_at: Option<At>,
    /// When an input of it was put aside last.
    pub aside_at: Option<At>,
}

impl Feed {
    /// How many stretches it will never tell, and their length together.
    #[must_use]
    pub fn gaps(&self) -> (usize, i64) {
        (self.gaps.len(), self.gaps.iter().map(|(from, to)| to.since_ms(*from)).sum())
    }

    /// It will never tell a part of this stretch: it was away, or not there yet, and nothing is kept for it.
    fn misses(&self, from: At, to: At) -> bool {
        self.state.heard_from.is_some_and(|heard| from < heard) || self.gaps.iter().any(|(lost, found)| *lost < to && from < *found)
    }

    /// It will never tell anything of this stretch.
    fn loses(&self, from: At, to: At) -> bool {
        self.state.heard_from.is_some_and(|heard| to <= heard) || self.gaps.iter().any(|(lost, found)| *lost <= from && to <= *found)
    }

    /// Dates what a state tells for the first time.
    fn date(&mut self, state: &FeedState, at: At) {
        let told = &self.state;
        if state.last_error.is_some() && (state.last_error != told.last_error || state.errors > told.errors) {
            self.error_at = Some(at);
        }
        if state.quarantined > told.quarantined {
            self.aside_at = Some(at);
        }
    }

    /// It was away, and tells again: what it cannot read again is lost.
    fn note_back(&mut self, state: &FeedState, at: At, notices: &mut Vec<Notice>) {
        if let Some(from) = self.away.take().filter(|_| state.guarantee == Guarantee::BestEffort) {
            self.gaps.push((from, at));
            notices.push(Notice { at, kind: NoticeKind::FeedGap { feed: state.feed.to_string(), from, to: at } });
        }
    }

    /// Everything that happened before this has arrived. A feed that ended as it should has told all.
    #[must_use]
    pub fn complete_to(&self, now: At) -> Option<At> {
        if self.state.status == FeedStatus::Ended { Some(now) } else { self.state.complete_to.map(|to| to.min(now)) }
    }

    #[must_use]
    pub fn is_stale_at(&self, now: At, plan: &Plan) -> bool {
        let after_s = match (self.state.stale_after_s, planned(&self.state.feed, plan)) {
            (1.., _) => self.state.stale_after_s,
            (_, Some(feed)) if feed.stale_after_s > 0 => feed.stale_after_s,
            _ => STALE_AFTER_S,
        };
        let told = self.complete_to(now).unwrap_or(self.since);
        now.since_ms(told) > after_s.saturating_mul(SECOND_MS)
    }

    /// New events of the last minute.
    #[must_use]
    pub fn rate(&self, now: At) -> Option<u64> {
        let from = now.plus_ms(-MINUTE_MS);
        let before = self.marks.iter().rev().find(|(at, _)| *at <= from).or_else(|| self.marks.front())?;
        Some(brought(&self.state).saturating_sub(before.1))
    }

    fn mark(&mut self, at: At) {
        self.marks.push_back((at, brought(&self.state)));
        // one mark stays from before the minute
        while self.marks.len() > MOST_MARKS || self.marks.get(1).is_some_and(|(next, _)| at.since_ms(*next) >= MINUTE_MS) {
            self.marks.pop_front();
        }
    }

    fn gives(&self, kind: &str, plan: &Plan) -> bool {
        gives(&self.state.gives, kind) || planned(&self.state.feed, plan).is_some_and(|feed| gives(&feed.gives, kind))
    }
}

/// Events that were new.
const fn brought(state: &FeedState) -> u64 {
    state.received.saturating_sub(state.duplicate).saturating_sub(state.conflict)
}

fn planned<'a>(feed: &str, plan: &'a Plan) -> Option<&'a PlanFeed> {
    plan.feeds.iter().find(|planned| planned.name == feed)
}

fn gives(types: &[Name], kind: &str) -> bool {
    types.iter().any(|given| given == kind)
}

/// What became of a feed in one second.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    Lost(Name),
    Back(Name),
}

/// All feeds of one broadcast.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    feeds: Table<Name, Feed>,
    /// Clock minutes that a feed left open while it was stale, and filled when it came back.
    filled_late: BTreeSet<i64>,
}

impl Feeds {
    /// Marks a minute that was re-opened by a state (an order placed back then, told now).
    pub fn mark_late(&mut self, minute: i64) {
        self.filled_late.insert(minute);
    }

    /// Takes a feed's own word.
    pub fn fold_state(&mut self, state: &FeedState, at: At, notices: &mut Vec<Notice>) {
        let Some(feed) = self.feeds.get_mut(&state.feed) else {
            let mut feed = Feed {
                state: state.clone(),
                since: at,
                stale: false,
                stale_since: None,
                away: None,
                marks: VecDeque::new(),
                gaps: Vec::new(),
                error_at: state.last_error.is_some().then_some(at),
                aside_at: None,
            };
            feed.mark(at);
            self.feeds.insert(state.feed.clone(), feed);
            return;
        };
        let was_well = feed.state.status == FeedStatus::Ok;
        match state.status {
            // a feed that was well and starts again was away with the desk
            // where it takes back what it told, from there
            FeedStatus::Retrying | FeedStatus::Failed | FeedStatus::Starting if was_well => {
                feed.away = Some(feed.state.complete_to.into_iter().chain(state.complete_to).min().unwrap_or(at))
            }
            FeedStatus::Ok => feed.note_back(state, at, notices),
            // it tells again, but is not yet trusted to last
            FeedStatus::Retrying if feed.away.is_some() && state.complete_to > feed.state.complete_to => {
                feed.note_back(state, at, notices);
                feed.away = state.complete_to;
            }
            FeedStatus::Starting | FeedStatus::Ended | FeedStatus::Retrying | FeedStatus::Failed => {}
        }
        if feed.stale && state.guarantee != Guarantee::BestEffort {
            refill(&mut self.filled_late, feed.state.complete_to, state.complete_to, at);
        }
        feed.date(state, at);
        feed.state = state.clone();
        feed.mark(at);
    }

    /// Judges one whole second.
    pub fn judge(&mut self, second: At, plan: &Plan, notices: &mut Vec<Notice>) -> Vec<Turn> {
        let mut turns = Vec::new();
        for (name, feed) in &mut self.feeds {
            let stale = feed.is_stale_at(second, plan);
            if stale != feed.stale {
                feed.stale = stale;
                feed.stale_since = stale.then_some(second);
                let feed = name.to_string();
                let kind = if stale { NoticeKind::FeedStale { feed } } else { NoticeKind::FeedRecovered { feed } };
                notices.push(Notice { at: second, kind });
                turns.push(if stale { Turn::Lost(name.clone()) } else { Turn::Back(name.clone()) });
            }
        }
        turns
    }

    /// All feeds by their first word.
    pub fn feeds(&self) -> impl Iterator<Item = &Feed> {
        self.feeds.values()
    }
    /// The account that a feed's facts come from.
    #[must_use]
    pub fn source<'a>(feed: &'a Feed, plan: &'a Plan) -> &'a Name {
        planned(&feed.state.feed, plan).filter(|planned| !planned.source.is_empty()).map_or(&feed.state.feed, |planned| &planned.source)
    }
    /// True for a minute that was filled only when its feed came back.
    #[must_use]
    pub fn filled_late(&self, minute: i64) -> bool {
        self.filled_late.contains(&minute)
    }
    /// Feeds that give one of these types, those that the plan starts and nobody heard of yet as `None`.
    fn giving<'a>(&'a self, types: &'a [&str], plan: &'a Plan) -> impl Iterator<Item = Option<&'a Feed>> {
        let heard = self.feeds.values().filter(|feed| types.iter().any(|kind| feed.gives(kind, plan))).map(Some);
        let unheard = plan.feeds.iter().filter(|feed| !self.feeds.contains_key(&feed.name));
        heard.chain(unheard.filter(|feed| types.iter().any(|kind| gives(&feed.gives, kind))).map(|_| None))
    }
    /// True where a feed of this desk gives one of these types.
    #[must_use]
    pub fn give(&self, types: &[&str], plan: &Plan) -> bool {
        self.giving(types, plan).next().is_some()
    }
    /// Until when all feeds that give one of these types are complete; `None` where one has told nothing yet, or there is none.
    #[must_use]
    pub fn complete_to(&self, types: &[&str], now: At, plan: &Plan) -> Option<At> {
        let ends: Option<Vec<At>> = self.giving(types, plan).map(|feed| feed?.complete_to(now)).collect();
        ends?.into_iter().min()
    }
    /// True while a feed that gives one of these types is stale.
    #[must_use]
    pub fn is_stale(&self, types: &[&str], now: At, plan: &Plan) -> bool {
        self.giving(types, plan).flatten().any(|feed| feed.is_stale_at(now, plan))
    }
    /// True where every feed that gives one of these types heard all of this stretch, or can still read it.
    #[must_use]
    pub fn hear(&self, types: &[&str], from: At, to: At, plan: &Plan) -> bool {
        self.giving(types, plan).flatten().all(|feed| !feed.misses(from, to))
    }
    /// True where no feed that gives one of these types can ever tell of this clock minute.
    #[must_use]
    pub fn is_lost(&self, types: &[&str], minute: i64, plan: &Plan) -> bool {
        let (from, to) = (At::from_minute(minute), At::from_minute(minute + 1));
        let mut giving = self.giving(types, plan).flatten().peekable();
        giving.peek().is_some() && giving.all(|feed| feed.loses(from, to))
    }
}

/// The minutes that a stale feed left open and fills now; the one that runs is no late one.
fn refill(minutes: &mut BTreeSet<i64>, told: Option<At>, tells: Option<At>, now: At) {
    if let (Some(told), Some(tells)) = (told, tells)
        && tells > told
    {
        minutes.extend(told.minute()..tells.minute().min(now.minute()));
    }
}
