//! What an account may ask of its platform, and how its feeds share that: one limiter for all of them.
//!
//! So many calls in any so many seconds are counted exactly, each by when it had come in at the latest: when it was answered. A
//! day's units are spread over what is left of the live, orders before figures before chat; what the platform says itself
//! (`Retry-After`, too many requests) holds for every feed of the account.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{Days, TimeZone};
use chrono_tz::Tz;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout_at};

use super::document::Section;
use super::fault::{Fault, FaultKind};
use crate::clock::{self, Clock};
use crate::engine::id::Name;
use crate::engine::time::At;

/// Whoever has waited so long for a turn goes first, whatever it asks for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The platform's own count may begin a little before ours.
const SLACK: f64 = 1.03;
/// A call that has no answer yet was counted by the platform after this time at the latest.
const ON_ITS_WAY: Duration = Duration::from_secs(3);
/// Share of a limit that the feeds are planned for; the rest is for retries, pages and logins.
const PLANNED: f64 = 0.9;
/// No interval grows beyond so many times its own.
const MOST_STRETCH: f64 = 60.0;
/// Of what a rank takes, the ranks behind it keep at least so much.
const LEAST_SHARE: f64 = 0.05;
/// Without a `Retry-After` the account rests so long.
const REST: Duration = Duration::from_secs(1);
/// A poll's round does not wait out a rest that lasts longer: it ends, and tells until when.
const LONG_REST: Duration = Duration::from_secs(2);
/// Calls that say how fast the account went when the platform asked it to slow down.
const RECENT: usize = 20;
/// The pace is learned from calls of this time.
const PACE_OVER: Duration = Duration::from_secs(10);
/// While calls go well, half of the gap between them goes in so long.
const PICKS_UP: Duration = Duration::from_secs(15);
/// So many times the gap of the declared rate an account is slowed down to, at most.
const SHARED: u32 = 4;
const LEAST_GAP: Duration = Duration::from_millis(50);
const MOST_GAP: Duration = Duration::from_secs(60);
/// The forecast is made from so much of the past.
const PAST_MS: i64 = 15 * 60_000;
const SAMPLE_MS: i64 = 5_000;
/// A forecast needs this much of the past.
const LEAST_PAST_MS: i64 = 60_000;
/// Where nobody knows how long the live lasts, a day's units are spread over this.
const USUAL_LIVE_MS: i64 = 4 * 3_600_000;

tokio::task_local! {
    /// What the round of a poll that runs here has waited.
    static WAITED: Cell<Waited>;
}

/// What of a round was no work of the server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waited {
    /// For turns.
    pub in_line: Duration,
    /// Because it was refused.
    pub refused: Duration,
}

/// Runs the round of a poll, and gives how much of it was waiting.
pub async fn round<T>(work: impl Future<Output = T>) -> (T, Waited) {
    let count = async {
        let result = work.await;
        (result, WAITED.get().get())
    };
    WAITED.scope(Cell::default(), count).await
}

/// Waits within the round of a poll that was refused.
pub async fn pause(wait: Duration) {
    sleep(wait).await;
    note_waited(|waited| waited.refused += wait);
}

fn note_waited(note: impl FnOnce(&mut Waited)) {
    // an error means that no round of a poll runs here
    let _ = WAITED.try_with(|waited| {
        let mut sum = waited.get();
        note(&mut sum);
        waited.set(sum);
    });
}

/// What a platform file says of its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quota {
    /// Calls, and the time that they are counted in.
    pub rate: Option<(u32, Duration)>,
    /// Units of a day, and the zone that its midnight is in.
    pub day: Option<(i64, Tz)>,
}

impl Quota {
    /// Reads the `limit` table.
    pub fn read(section: Section<'_>) -> Self {
        let calls = section.count("calls", 1..=10_000);
        let per_s = section.number("per_s", 0.1..=86_400.0);
        if section.has("calls") != section.has("per_s") {
            section.missing(if section.has("calls") { "per_s" } else { "calls" }, "give both: calls = 5, per_s = 10");
        }
        let units = section.count("units_a_day", 1..=2_000_000_000);
        let zone = section.text("day_ends_in").and_then(|text| {
            let zone = text.parse::<Tz>().ok();
            if zone.is_none() {
                section.wrong("day_ends_in", format!("is `{text}`, which is no time zone"), "write one as \"America/Los_Angeles\"");
            }
            zone
        });
        section.finish();
        let rate = calls.zip(per_s).map(|(calls, seconds)| (calls, Duration::from_secs_f64(seconds)));
        Self { rate, day: units.map(|units| (i64::from(units), zone.unwrap_or(Tz::UTC))) }
    }
}

/// What a call is for: orders before figures before chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    #[default]
    Commerce,
    Figures,
    Chat,
}

impl Rank {
    const ALL: [Self; 3] = [Self::Commerce, Self::Figures, Self::Chat];

    /// By the most important of what a request gives.
    #[must_use]
    pub fn of(gives: &[Name]) -> Self {
        let rank = |kind: &Name| match kind.as_str() {
            "chat_message" | "reaction" => Self::Chat,
            "audience" | "reading" | "ad_spend" | "viewer_join" | "viewer_leave" => Self::Figures,
            _ => Self::Commerce,
        };
        gives.iter().map(rank).min().unwrap_or_default()
    }
}

/// A poll as it is planned: what one round costs, how often.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Planned {
    rank: Rank,
    cost: i64,
    interval_s: f64,
}

/// The limiter of one account.
#[derive(Debug)]
pub struct Limiter {
    quota: Quota,
    clock: Clock,
    live_end: Option<At>,
    state: Mutex<State>,
    turn: Notify,
}

#[derive(Debug, Default)]
struct State {
    planned: BTreeMap<Name, Planned>,
    /// The last calls, as they went out.
    sent: VecDeque<Sent>,
    /// The platform asked for silence until then.
    rests_until: Option<Instant>,
    /// Least time between two calls, learned from "too many requests", and when it was last changed.
    gap: Duration,
    gap_since: Option<Instant>,
    waiting: BTreeMap<u64, (Rank, Instant)>,
    next_ticket: u64,
    /// Units of the day that are left, and when they are there again.
    left: Option<(i64, At)>,
    samples: VecDeque<(At, i64)>,
}

/// A call that went out.
#[derive(Clone, Copy, Debug)]
struct Sent {
    ticket: u64,
    at: Instant,
    /// The platform has counted it by then, whenever it came in.
    by: Instant,
}

impl Sent {
    fn new(ticket: u64, at: Instant) -> Self {
        Self { ticket, at, by: at + ON_ITS_WAY }
    }
}

/// A turn that was taken: its call goes out now, and is on its way until the value is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn<'l> {
    limiter: &'l Limiter,
    ticket: u64,
    cost: i64,
}

impl Turn<'_> {
    /// Nothing was sent.
    pub fn give_back(self) {
        let mut state = self.limiter.locked();
        state.sent.retain(|sent| sent.ticket != self.ticket);
        if let Some((left, _)) = state.left.as_mut().filter(|_| self.limiter.quota.day.is_some()) {
            *left += self.cost;
        }
        drop(state);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let now = clock::instant();
        if let Some(sent) = self.limiter.locked().sent.iter_mut().rev().find(|sent| sent.ticket == self.ticket) {
            sent.by = sent.by.min(now);
        }
        self.limiter.turn.notify_waiters();
    }
}

/// A place in the line; it is left with the value.
struct Place<'l> {
    limiter: &'l Limiter,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.limiter.locked().waiting.remove(&self.ticket);
        self.limiter.turn.notify_waiters();
    }
}

impl Limiter {
    #[must_use]
    pub fn new(quota: Quota, clock: Clock, live_end: Option<At>) -> Arc<Self> {
        Arc::new(Self { quota, clock, live_end, state: Mutex::default(), turn: Notify::new() })
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        // what a panicking task left behind is still a count
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A poll of the account: it counts when the intervals are spread.
    pub fn plan(&self, feed: Name, rank: Rank, cost: u32, interval_s: f64) {
        self.locked().planned.insert(feed, Planned { rank, cost: i64::from(cost), interval_s });
    }

    /// What an earlier run of the desk knew of the day's units.
    pub fn resume(&self, left: i64, at: At) {
        let now = self.clock.now();
        if let Some((_, zone)) = self.quota.day
            && midnight_after(at, zone) == midnight_after(now, zone)
            && self.standing().left.is_none_or(|known| left < known)
        {
            self.note_left(left);
        }
    }

    /// Waits for a turn and takes it.
    ///
    /// # Errors
    /// When the day's units are used up; in a poll's round when the account has to rest for long.
    pub async fn turn(&self, rank: Rank, cost: u32) -> Result<Turn<'_>, Fault> {
        let began = clock::instant();
        let taken = self.line_up(rank, i64::from(cost)).await;
        note_waited(|waited| waited.in_line += clock::instant().duration_since(began));
        taken
    }

    async fn line_up(&self, rank: Rank, cost: i64) -> Result<Turn<'_>, Fault> {
        let place = self.enter(rank);
        loop {
            let turned = self.turn.notified();
            let until = match self.try_take(place.ticket, cost)? {
                Next::Taken => return Ok(Turn { limiter: self, ticket: place.ticket, cost }),
                Next::At(until) => Some(until),
                Next::BehindOthers => None,
            };
            match until {
                // another's leaving may put us first
                Some(until) => drop(timeout_at(until.into(), turned).await),
                None => drop(timeout_at((clock::instant() + PATIENCE).into(), turned).await),
            }
        }
    }

    fn enter(&self, rank: Rank) -> Place<'_> {
        let mut state = self.locked();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.insert(ticket, (rank, clock::instant()));
        Place { limiter: self, ticket }
    }

    fn try_take(&self, ticket: u64, cost: i64) -> Result<Next, Fault> {
        let now = clock::instant();
        let mut state = self.locked();
        self.begin_day(&mut state);
        if let Some((left, again)) = state.left.filter(|_| self.quota.day.is_some())
            && left < cost
        {
            let wait = again.since_ms(self.clock.now()).max(0).unsigned_abs();
            return Err(Fault::new(FaultKind::Throttled, "the day's quota is used up").waiting(Some(Duration::from_millis(wait))));
        }
        let rest = state.rests_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if rest > LONG_REST && WAITED.try_with(|_| ()).is_ok() {
            return Err(Fault::new(FaultKind::Throttled, "the account waits, as the platform asked").held(rest));
        }
        let rank_of = |(ticket, (rank, since)): (&u64, &(Rank, Instant))| {
            (if now.duration_since(*since) > PATIENCE { Rank::Commerce } else { *rank }, *ticket)
        };
        if state.waiting.iter().map(rank_of).min().is_some_and(|(_, first)| first != ticket) {
            return Ok(Next::BehindOthers);
        }
        let free = state.free_at(self.quota.rate);
        if let Some(free) = free.filter(|free| *free > now) {
            return Ok(Next::At(free));
        }
        state.sent.push_back(Sent::new(ticket, now));
        state.forget_old(self.quota.rate, now);
        if let Some((left, _)) = state.left.as_mut().filter(|_| self.quota.day.is_some()) {
            *left -= cost;
            let (at, left) = (self.clock.now(), *left);
            state.sample(at, left);
        }
        Ok(Next::Taken)
    }

    /// A new day has all its units again.
    fn begin_day(&self, state: &mut State) {
        let Some((units, zone)) = self.quota.day else { return };
        let now = self.clock.now();
        if state.left.is_none_or(|(_, again)| now >= again) {
            state.left = Some((units, midnight_after(now, zone)));
            state.samples.clear();
        }
    }

    /// The platform asks the account to slow down.
    fn rest(&self, wait: Option<Duration>) {
        let now = clock::instant();
        let mut state = self.locked();
        let rested = state.rests_until;
        let rests = rested.is_some_and(|until| until > now);
        let until = now + wait.unwrap_or(REST);
        state.rests_until = Some(state.rests_until.map_or(until, |known| known.max(until)));
        // one lesson for all the calls that were on their way
        if !rests {
            self.slow_down(&mut state, rested, now);
            // a rest is no time in which calls go well
            state.gap_since = Some(until);
        }
        drop(state);
        // who stands in line may not want to wait so long
        self.turn.notify_waiters();
    }

    /// Learns from calls that were too many. Those that were seldom were not, and the one behind a rest only shows that the rest
    /// was too short: they teach nothing.
    fn slow_down(&self, state: &mut State, rested: Option<Instant>, now: Instant) {
        let is_recent = |at: &Instant| now.duration_since(*at) < PACE_OVER && rested.is_none_or(|until| *at >= until);
        let recent: Vec<Instant> = state.sent.iter().rev().take(RECENT).map(|sent| sent.at).take_while(is_recent).collect();
        let Some(first) = recent.last().filter(|_| recent.len() > 1) else { return };
        let pace = now.duration_since(*first) / u32::try_from(recent.len()).unwrap_or(1);
        // where the platform's own rate is known, others may share it, but not for ever
        let most = self.quota.rate.map_or(MOST_GAP, |(calls, per)| (per * SHARED / calls.max(1)).clamp(LEAST_GAP, MOST_GAP));
        state.gap = pace.mul_f64(1.25).max(state.gap.saturating_mul(2)).clamp(LEAST_GAP, most);
        state.gap_since = Some(now);
    }

    /// What became of a call.
    pub fn hear<T>(&self, result: &Result<T, Fault>) {
        match result {
            Ok(_) => self.went_well(),
            Err(fault) if fault.kind == FaultKind::Throttled || fault.wait.is_some() => self.rest(fault.wait),
            Err(_) => {}
        }
    }

    /// A call went well: the pace may pick up again, slowly.
    fn went_well(&self) {
        let (mut state, now) = (self.locked(), clock::instant());
        let since = state.gap_since.replace(now).map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let left = state.gap.mul_f64(0.5f64.powf(since.as_secs_f64() / PICKS_UP.as_secs_f64()));
        state.gap = if left > LEAST_GAP { left } else { Duration::ZERO };
    }

    /// What the platform says is left.
    pub fn note_left(&self, left: i64) {
        let now = self.clock.now();
        let again = self.quota.day.map_or(now, |(_, zone)| midnight_after(now, zone));
        let mut state = self.locked();
        if state.left.is_some_and(|(known, _)| left > known) {
            state.samples.clear();
        }
        state.left = Some((left, again));
        state.sample(now, left);
    }

    /// How the quota stands: left, of how many, and when it runs out at this rate.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let mut state = self.locked();
        self.begin_day(&mut state);
        let left = state.left.map(|(left, _)| left);
        Standing { left, of: self.quota.day.map(|(units, _)| units), until: state.runs_out() }
    }

    /// The interval of a feed while all of the account's share its limits; its own where there is room.
    #[must_use]
    pub fn interval_s(&self, feed: &Name) -> Option<f64> {
        let mut state = self.locked();
        self.begin_day(&mut state);
        let own = *state.planned.get(feed)?;
        let now = self.clock.now();
        let mut calls_a_s = match self.quota.rate {
            Some((calls, per)) => PLANNED * f64::from(calls) / (per + state.usually_on_its_way()).as_secs_f64(),
            None => f64::INFINITY,
        };
        if state.gap > Duration::ZERO {
            calls_a_s = calls_a_s.min(1.0 / state.gap.as_secs_f64());
        }
        let mut units_a_s = match (self.quota.day, state.left) {
            (Some(_), Some((left, again))) => {
                let usual = now.plus_ms(USUAL_LIVE_MS);
                let until = self.live_end.filter(|end| *end > now).unwrap_or(usual).min(again);
                PLANNED * as_f64(left.max(0)) / (as_f64(until.since_ms(now)) / 1_000.0).max(60.0)
            }
            _ => f64::INFINITY,
        };
        for rank in Rank::ALL {
            let of_rank = || state.planned.values().filter(|planned| planned.rank == rank);
            let calls: f64 = of_rank().map(|planned| 1.0 / planned.interval_s).sum();
            let units: f64 = of_rank().map(|planned| as_f64(planned.cost) / planned.interval_s).sum();
            let stretch = share(calls, calls_a_s).max(share(units, units_a_s)).clamp(1.0, MOST_STRETCH);
            if rank == own.rank {
                return Some(own.interval_s * stretch);
            }
            calls_a_s = (calls_a_s - calls / stretch).max(calls_a_s * LEAST_SHARE);
            units_a_s = (units_a_s - units / stretch).max(units_a_s * LEAST_SHARE);
        }
        None
    }

    /// Units that the account's polls use in so many seconds at their own pace.
    #[must_use]
    pub fn needs(&self, seconds: f64) -> i64 {
        let units: f64 = self.locked().planned.values().map(|planned| as_f64(planned.cost) / planned.interval_s).sum();
        #[expect(clippy::cast_possible_truncation, reason = "units of a day")]
        let needed = (units * seconds).ceil() as i64;
        needed
    }
}

/// How often what is wanted goes into what there is.
fn share(wanted: f64, there_is: f64) -> f64 {
    if wanted <= 0.0 || there_is == f64::INFINITY { 1.0 } else { wanted / there_is.max(1e-9) }
}

#[expect(clippy::cast_precision_loss, reason = "units and milliseconds of a day")]
const fn as_f64(number: i64) -> f64 {
    number as f64
}

/// How a quota stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub left: Option<i64>,
    pub of: Option<i64>,
    pub until: Option<At>,
}

enum Next {
    Taken,
    At(Instant),
    BehindOthers,
}

impl State {
    /// When the next call may go out.
    fn free_at(&self, rate: Option<(u32, Duration)>) -> Option<Instant> {
        let of_rate = rate.and_then(|(calls, per)| {
            let first = self.sent.len().checked_sub(calls as usize)?;
            // calls overtake each other
            let mut counted: Vec<Instant> = self.sent.iter().map(|sent| sent.by).collect();
            Some(*counted.select_nth_unstable(first).1 + per.mul_f64(SLACK))
        });
        let of_gap = self.sent.back().filter(|_| self.gap > Duration::ZERO).map(|last| last.at + self.gap);
        [of_rate, of_gap, self.rests_until].into_iter().flatten().max()
    }

    /// Forgets calls that no count is made of any more.
    fn forget_old(&mut self, rate: Option<(u32, Duration)>, now: Instant) {
        let (calls, per) = rate.unwrap_or_default();
        let keep = (calls as usize).max(RECENT);
        while self.sent.len() > keep && self.sent.front().is_some_and(|first| first.by + per.mul_f64(SLACK) <= now) {
            self.sent.pop_front();
        }
    }

    /// How long calls took lately; each has its place in the count until its answer.
    fn usually_on_its_way(&self) -> Duration {
        let times = self.sent.iter().rev().take(RECENT).map(|sent| sent.by.duration_since(sent.at)).filter(|time| *time < ON_ITS_WAY);
        let (count, sum) = times.fold((0, Duration::ZERO), |(count, sum), time| (count + 1, sum + time));
        sum.checked_div(count).unwrap_or_default()
    }

    fn sample(&mut self, at: At, left: i64) {
        if self.samples.back().is_none_or(|(last, _)| at.since_ms(*last) >= SAMPLE_MS) {
            self.samples.push_back((at, left));
        }
        while self.samples.front().is_some_and(|(first, _)| at.since_ms(*first) > PAST_MS) {
            self.samples.pop_front();
        }
    }

    /// When nothing is left at the rate of the last minutes.
    fn runs_out(&self) -> Option<At> {
        let ((from, first), (to, last)) = (self.samples.front()?, self.samples.back()?);
        let (span, used) = (to.since_ms(*from), first - last);
        if span < LEAST_PAST_MS || used <= 0 {
            return None;
        }
        let ms = i128::from(*last) * i128::from(span) / i128::from(used);
        i64::try_from(ms).ok().map(|ms| to.plus_ms(ms))
    }
}

/// The next midnight of a zone.
fn midnight_after(at: At, zone: Tz) -> At {
    let today = at.utc().with_timezone(&zone).date_naive();
    let next = today.checked_add_days(Days::new(1)).and_then(|day| day.and_hms_opt(0, 0, 0));
    // a midnight that a change of clocks leaves out is an hour later
    let next = next.and_then(|local| {
        let later = local + chrono::Duration::hours(1);
        zone.from_local_datetime(&local).earliest().or_else(|| zone.from_local_datetime(&later).earliest())
    });
    next.map_or_else(|| at.plus_ms(86_400_000), |next| At::from_ms(next.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(text: &str) -> Quota {
        let document = super::super::document::Document::new("x", text);
        let table = document.parse().unwrap();
        let quota = Quota::read(Section::root(&document, &table));
        assert_eq!(document.take_problems(), []);
        quota
    }

    fn youtube(at: &str, end: Option<&str>) -> Arc<Limiter> {
        let time = |text: &str| At::parse(text, None).unwrap();
        let quota = quota("units_a_day = 10000\nday_ends_in = \"America/Los_Angeles\"");
        let limiter = Limiter::new(quota, Clock::scaled(time(at), 0.0), end.map(time));
        limiter.plan("chat".into(), Rank::Chat, 5, 10.0);
        limiter.plan("video".into(), Rank::Figures, 1, 15.0);
        limiter
    }

    #[test]
    fn a_days_units_last_for_the_live_and_chat_gives_way_first() {
        let limiter = youtube("2026-11-21T23:00:00Z", Some("2026-11-22T01:00:00Z"));
        assert_eq!((limiter.interval_s(&"chat".into()), limiter.interval_s(&"video".into())), (Some(10.0), Some(15.0)), "there is room");
        assert_eq!(limiter.needs(7_200.0), 4_080);
        limiter.note_left(1_000);
        let (chat, video) = (limiter.interval_s(&"chat".into()).unwrap(), limiter.interval_s(&"video".into()).unwrap());
        assert!((video - 15.0).abs() < 1e-9, "{video}");
        // 900 units in two hours, 480 of them for the viewers
        assert!((chat - 7_200.0 * 5.0 / 420.0).abs() < 1e-6, "{chat}");
        limiter.note_left(0);
        assert!(limiter.interval_s(&"chat".into()).unwrap() <= 600.0);
    }

    #[test]
    fn the_forecast_follows_what_was_used() {
        let mut state = State::default();
        let at = |s: i64| At::from_ms(1_000_000_000_000 + s * 1_000);
        state.sample(at(0), 1_000);
        assert_eq!(state.runs_out(), None);
        state.sample(at(100), 900);
        assert_eq!(state.runs_out(), Some(at(1_000)));
    }

    #[tokio::test]
    async fn a_used_up_day_says_when_it_is_there_again() {
        let limiter = youtube("2026-11-21T23:00:00Z", None);
        limiter.note_left(4);
        let fault = limiter.turn(Rank::Chat, 5).await.unwrap_err();
        assert_eq!((fault.kind, fault.wait), (FaultKind::Throttled, Some(Duration::from_secs(9 * 3_600))), "midnight of the zone");
        limiter.turn(Rank::Figures, 1).await.unwrap().give_back();
        assert_eq!(limiter.standing().left, Some(4), "nothing was sent");
        drop(limiter.turn(Rank::Figures, 1).await.unwrap());
        assert_eq!(limiter.standing().left, Some(3));
        limiter.resume(2_000, At::parse("2026-11-20T23:00:00Z", None).unwrap());
        assert_eq!(limiter.standing().left, Some(3), "yesterday's count is no word about today");
    }

    #[test]
    fn a_rank_is_that_of_the_most_important() {
        let rank = |gives: &[&'static str]| Rank::of(&gives.iter().map(|kind| Name::const_new(kind)).collect::<Vec<_>>());
        assert_eq!(rank(&["chat_message", "purchase"]), Rank::Commerce);
        assert_eq!(rank(&["chat_message", "audience"]), Rank::Figures);
        assert_eq!(rank(&["chat_message"]), Rank::Chat);
    }

    #[test]
    fn the_account_slows_down_when_it_is_asked_to() {
        let limiter = Limiter::new(Quota::default(), Clock::wall(), None);
        limiter.plan("orders".into(), Rank::Commerce, 1, 0.2);
        assert_eq!(limiter.interval_s(&"orders".into()), Some(0.2));
        limiter.rest(Some(Duration::from_secs(7)));
        let state = limiter.locked();
        let rests = state.free_at(None).unwrap().duration_since(clock::instant());
        assert!(rests > Duration::from_secs(6), "{rests:?}");
        assert_eq!(state.gap, Duration::ZERO, "calls that were seldom teach no pace");
    }

    #[test]
    fn what_is_refused_behind_a_rest_teaches_no_pace_and_a_pace_is_unlearned_by_time() {
        let limiter = Limiter::new(Quota::default(), Clock::wall(), None);
        let ago = |s: u64| clock::instant().checked_sub(Duration::from_secs(s)).unwrap();
        limiter.locked().sent.extend([3, 2, 1].map(|s| Sent::new(0, ago(s))));
        limiter.rest(Some(Duration::ZERO));
        let learned = limiter.locked().gap;
        assert!(learned > Duration::from_secs(1) && learned < Duration::from_secs(2), "{learned:?}");
        for _ in 0..6 {
            // one call behind each rest
            limiter.locked().sent.push_back(Sent::new(0, clock::instant()));
            limiter.rest(Some(Duration::ZERO));
        }
        assert_eq!(limiter.locked().gap, learned);
        limiter.locked().gap_since = Some(ago(30));
        limiter.went_well();
        let left = limiter.locked().gap;
        assert!(left > learned / 5 && left < learned / 3, "{left:?} of {learned:?}");
        limiter.locked().gap_since = Some(ago(60));
        limiter.went_well();
        assert_eq!(limiter.locked().gap, Duration::ZERO);
    }

    #[test]
    fn who_has_a_declared_rate_is_not_slowed_down_far_below_it() {
        let limiter = Limiter::new(quota("calls = 40\nper_s = 10"), Clock::wall(), None);
        for _ in 0..12 {
            limiter.locked().sent.extend([Sent::new(0, clock::instant()); 2]);
            limiter.rest(Some(Duration::ZERO));
        }
        assert_eq!(limiter.locked().gap, Duration::from_secs(1), "four times 10 s / 40");
    }
}
