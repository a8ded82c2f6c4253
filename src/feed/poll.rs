//! Asking a platform again and again: windows with overlap, pages, and a cursor that is stored with what it brought.
//!
//! A round is one window read to its end. Its pages are handed over as they come; the cursor goes with the last one,
//! so that a crash or an error in between reads the window again. Nothing is lost, and the engine knows what it has. A page that
//! is refused for what may pass is asked for again by itself: where the pages are many, some of them are refused in every round.

mod page;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::asides::{Asides, hash};
use super::backoff::Backoff;
use super::call::Filled;
use super::expand::Expander;
use super::fault::{Fault, FaultKind};
use super::http::Answer;
use super::join::Joined;
use super::mapper::Mapper;
use super::mapping::{Context, Mapped, Recipe};
use super::outlet::{Gone, Outlet};
use super::patience::Patience;
use super::platform::{Paging, Poll, Request};
use super::quota;
use super::session::Session;
use super::stream::note_return;
use super::template::{Value, Values};
use super::unchanged::Unchanged;
use crate::clock;
use crate::engine::event::{FeedStatus, Guarantee};
use crate::engine::id::Name;
use crate::engine::time::At;
use page::{Cursor, Page, next_link, same_origin};

/// Pages of one round at most.
const MAX_PAGES: u32 = 2_000;
/// A difference between the clocks below this is noise of the network.
const SKEW_NOISE_MS: i64 = 2_000;
/// The longest that a slow server is spared; it may be a long poll of which the platform file says nothing.
const MOST_SPARED: Duration = Duration::from_secs(30);
/// A long poll whose answer took so long had nothing to say when it was asked.
const KEPT_BACK: Duration = Duration::from_secs(1);
/// In a longer wait rows of a counted page may move further up than by a page.
const MOST_MOVED: Duration = Duration::from_secs(30);
/// A longer wait for a turn says nothing of the server's load.
const LINE: Duration = Duration::from_secs(1);

/// One feed that polls.
#[derive(Debug)]
pub struct Poller {
    session: Arc<Session>,
    poll: Poll,
    recipe: Arc<Recipe>,
    mapper: Mapper,
    expander: Option<Expander>,
    joined: Option<Joined>,
    cursor: Cursor,
    live_start: At,
    stale_after_s: i64,
    backoff: Backoff,
    /// With the page of the round that is asked for.
    patience: Patience,
    unchanged: Unchanged,
    asides: Asides,
    skew_ms: i64,
    /// The platform's wish for the time between requests.
    wished: Option<Duration>,
    /// A server that takes long is given time, in whole seconds.
    spared: Duration,
}

/// A page that came, with what it names.
struct Read {
    mapped: Mapped,
    asked: At,
    /// Until the platform answered.
    took: Duration,
    /// It was waited for, and is counted: rows of it may have moved up to the page before.
    may_have_moved: bool,
}

/// How a round ended.
enum End {
    Gone,
    Failed(Fault),
}

impl From<Gone> for End {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}
impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl Poller {
    /// # Errors
    /// When there is no filter.
    pub fn new(
        session: Arc<Session>,
        mapper: Mapper,
        (request, poll): (&Request, &Poll),
        start: (At, u64),
        stored: Option<&str>,
    ) -> Result<Self, Fault> {
        let (live_start, seed) = start;
        let recipe = request.recipe.clone().ok_or_else(|| Fault::new(FaultKind::Mapping, "a poll without a filter").fatal())?;
        let expander = request.expand.clone().map(|expand| Expander::new(Arc::clone(&session), expand, mapper.clone()));
        let joined = request.join.clone().map(|join| Joined::new(Arc::clone(&session), join, live_start));
        let backoff = || Backoff::new(seed, Duration::from_secs_f64(poll.interval_s));
        Ok(Self {
            session,
            poll: poll.clone(),
            recipe,
            mapper,
            expander,
            joined,
            cursor: stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
            live_start,
            stale_after_s: request.stale_after_s,
            backoff: backoff(),
            patience: Patience::new(backoff()),
            unchanged: Unchanged::default(),
            asides: Asides::default(),
            skew_ms: 0,
            wished: None,
            spared: Duration::ZERO,
        })
    }

    /// Polls until the owner goes, or once.
    ///
    /// # Errors
    /// With a fault that trying again cannot help.
    pub async fn run(&mut self, outlet: &mut Outlet) -> Result<(), Fault> {
        self.asides.know(outlet.known_asides());
        loop {
            let began = Instant::from_std(clock::instant());
            let (round, waited) = quota::round(self.round(outlet)).await;
            match round {
                Ok(()) => self.backoff.reset(),
                Err(End::Gone) => return Ok(()),
                Err(End::Failed(fault)) if fault.fatal => return Err(self.session.discreet(fault)),
                Err(End::Failed(fault)) => {
                    let wait = self.backoff.next(&fault);
                    if self.tell_refusal(fault, wait, outlet).await.is_err() {
                        return Ok(());
                    }
                    sleep(wait).await;
                    outlet.note(|state| state.retries += 1);
                    continue;
                }
            }
            if self.poll.once {
                outlet.note(|state| state.status = FeedStatus::Ended);
                // the owner may be gone by now
                let _ = outlet.report().await;
                return Ok(());
            }
            // a server under load is given time: it works for us a third of the time at most. To stand in line is a sign of
            // load as well, but of no more than that
            let idle = waited.in_line.saturating_sub(LINE) + waited.refused + self.poll.call.holds;
            let busy = began.elapsed().saturating_sub(idle).saturating_mul(3);
            self.spared = Duration::ZERO;
            if busy > self.interval(outlet.feed()) {
                self.spared = Duration::from_secs(busy.as_secs() + 1).min(MOST_SPARED);
            }
            let told = outlet.state().interval_ms;
            self.note_pace(outlet);
            if outlet.state().interval_ms != told && outlet.report().await.is_err() {
                return Ok(());
            }
            sleep_until(began + self.interval(outlet.feed())).await;
        }
    }

    /// Tells what failed, and when it is tried again.
    async fn tell_refusal(&self, fault: Fault, wait: Duration, outlet: &mut Outlet) -> Result<(), Gone> {
        let retry_at = outlet.now().plus_ms(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        outlet.note_fault(&self.session.discreet(fault), Some(retry_at));
        outlet.report().await
    }

    /// The time from one round to the next, as far as the account's limits have room and the server has time.
    fn interval(&self, feed: &Name) -> Duration {
        let planned = Duration::from_secs_f64(self.session.limiter.interval_s(feed).unwrap_or(self.poll.interval_s));
        let usual = planned.max(self.wished.unwrap_or_default());
        usual.max(self.spared)
    }

    /// Tells how often it asks and how the quota stands; who is asked less often is stale later.
    fn note_pace(&self, outlet: &mut Outlet) {
        let interval_s = self.interval(outlet.feed()).as_secs_f64();
        let standing = self.session.limiter.standing();
        #[expect(clippy::cast_possible_truncation, reason = "an interval is at most a day, stretched sixty times")]
        let (interval_ms, twice_s) =
            ((interval_s * 1_000.0) as i64, (interval_s * 2.0 + self.poll.call.holds.as_secs_f64() * 1.5).ceil() as i64);
        let stale_after_s = self.stale_after_s.max(twice_s);
        outlet.note(|state| {
            state.interval_ms = Some(interval_ms);
            state.stale_after_s = stale_after_s;
            (state.quota_left, state.quota, state.quota_until) = (standing.left, standing.of, standing.until);
        });
    }

    /// Reads one window to its end.
    async fn round(&mut self, outlet: &mut Outlet) -> Result<(), End> {
        let began = outlet.now();
        let lag_ms = self.poll.window.map_or(0, |window| ms(window.lag_s));
        let to = began.plus_ms(self.skew_ms - lag_ms);
        let mut values = self.session.account.values.clone();
        self.set_window(&mut values, to);
        let mut cursor = self.cursor.clone();
        let mut page = Page::first(&self.poll.paging, &cursor);
        self.asides.begin_round();
        let mut gap = None;
        if let Some(joined) = &mut self.joined {
            page.join = Some(joined.table().await?);
        }
        loop {
            page.set(&self.poll.paging, &mut values);
            let Read { mut mapped, asked, took, may_have_moved } = self.read(&page, &values, outlet).await?;
            // who kept the answer back had nothing when it was asked: there is no more behind it, and everything until then is told
            let answered = asked.plus_ms(i64::try_from(took.as_millis()).unwrap_or(i64::MAX));
            let was_empty = !self.poll.call.holds.is_zero()
                && matches!(self.poll.paging, Paging::Queue | Paging::Since { .. } | Paging::Token { persist: true, .. })
                && took >= KEPT_BACK;
            mapped.put_notices_aside();
            gap = mapped.gap.take().or(gap);
            self.unchanged.drop_repeated(&mut mapped.events, began);
            if self.poll.confirm.is_none() {
                // what is confirmed does not come again
                self.asides.drop_known(&mut mapped);
            }
            let more = match page.step(&self.poll.paging, &mapped, &mut cursor) {
                Ok(_) if may_have_moved => page.step_back(&self.poll.paging),
                Ok(more) => more,
                Err(fault) => {
                    self.hand_over(mapped, &values, outlet).await?;
                    return Err(fault.into());
                }
            };
            if !more || was_empty || self.poll.once && matches!(self.poll.paging, Paging::Since { .. }) {
                cursor.to = self.poll.window.map(|_| to.ms());
                let complete_to = if was_empty { answered } else { began }.plus_ms(-lag_ms);
                match gap {
                    Some(why) => tell_gap(&why, complete_to, outlet).await?,
                    None => outlet.note_success(complete_to),
                }
                self.note_pace(outlet);
                if self.poll.confirm.is_some() {
                    self.confirm(mapped, &values, outlet).await?;
                    return Ok(());
                }
                let stored = if cursor == Cursor::default() { None } else { serde_json::to_string(&cursor).ok() };
                outlet.deliver(mapped, stored).await?;
                self.keep();
                self.cursor = cursor;
                return Ok(());
            }
            self.hand_over(mapped, &values, outlet).await?;
            if page.number >= MAX_PAGES {
                return Err(Fault::new(FaultKind::Paging, "more than 2000 pages in one round").into());
            }
        }
    }

    /// Reads a page and what it names. Where one behind the first is refused for what may pass, it waits and asks again; not for long
    /// where pages are counted, for rows may move up to those before meanwhile.
    async fn read(&mut self, page: &Page, values: &Values, outlet: &mut Outlet) -> Result<Read, End> {
        let is_counted = matches!(self.poll.paging, Paging::Offset { .. } | Paging::Page { .. });
        self.patience.renew();
        let mut has_waited = false;
        loop {
            let fault = match self.read_once(page, values, outlet).await {
                Ok(read) => return Ok(Read { may_have_moved: is_counted && has_waited, ..read }),
                Err(fault) => fault,
            };
            let wait = self.patience.after(&fault).filter(|wait| page.number > 1 && !(is_counted && *wait > MOST_MOVED));
            let Some(wait) = wait else { return Err(fault.into()) };
            self.tell_refusal(fault, wait, outlet).await?;
            quota::pause(wait).await;
            has_waited = true;
            // that all is well is told at the end of the round
            outlet.note(|state| (state.retries, state.retry_at) = (state.retries + 1, None));
        }
    }

    async fn read_once(&mut self, page: &Page, values: &Values, outlet: &mut Outlet) -> Result<Read, Fault> {
        let asked = outlet.now();
        let (mut mapped, skew, took) = self.fetch(page, values, asked).await?;
        if let Some(skew) = skew {
            self.skew_ms = if skew.abs() > SKEW_NOISE_MS { skew } else { 0 };
            outlet.note(|state| state.skew_ms = Some(skew));
        }
        if let Some(left) = mapped.quota_left {
            self.session.limiter.note_left(left);
        }
        self.wished = mapped.interval_s.filter(|s| (0.0..=3_600.0).contains(s)).map(Duration::from_secs_f64);
        if let Some(expander) = &self.expander {
            let notices = std::mem::take(&mut mapped.expansions);
            expander.expand(notices, asked, &mut mapped).await?;
        }
        Ok(Read { mapped, asked, took, may_have_moved: false })
    }

    /// Hands over a page behind which the round goes on, or fails.
    async fn hand_over(&self, mapped: Mapped, values: &Values, outlet: &mut Outlet) -> Result<(), End> {
        if self.poll.confirm.is_some() {
            return self.confirm(mapped, values, outlet).await;
        }
        outlet.deliver(mapped, None).await?;
        self.keep();
        Ok(())
    }

    /// What the notices of a page led to is handed over.
    fn keep(&self) {
        if let Some(expander) = &self.expander {
            expander.keep();
        }
    }

    /// Tells the platform that a page is kept, once the journal has it.
    async fn confirm(&self, mut mapped: Mapped, values: &Values, outlet: &mut Outlet) -> Result<(), End> {
        let ack = mapped.ack.take();
        if !outlet.deliver_durably(mapped, None).await? {
            return Err(Fault::new(FaultKind::Journal, "not confirmed, for it could not be kept").into());
        }
        self.keep();
        let (Some(call), Some(ack)) = (&self.poll.confirm, ack) else { return Ok(()) };
        let mut values = values.clone();
        values.set_text("ack", ack);
        self.session.call(call, &values, |_| async { Ok(()) }).await?;
        Ok(())
    }

    fn set_window(&self, values: &mut Values, to: At) {
        values.set("now", Value::Time(to));
        values.set("to", Value::Time(to));
        values.set("live_start", Value::Time(self.live_start));
        let Some(window) = self.poll.window else {
            values.set("from", Value::Time(self.live_start));
            return;
        };
        let stored = self.cursor.to.filter(|_| !window.whole).map(At::from_ms);
        let from = stored.unwrap_or(self.live_start).plus_ms(-ms(window.overlap_s));
        values.set("from", Value::Time(from.min(to)));
    }

    /// Gets and maps one page; with the server's clock, and how long it took to answer.
    async fn fetch(&self, page: &Page, values: &Values, at: At) -> Result<(Mapped, Option<i64>, Duration), Fault> {
        let place = if page.number > 1 { format!("page {}", page.number) } else { String::new() };
        let examine = |answer: Answer| {
            let (place, join) = (place.clone(), page.join.clone());
            async move {
                let context = Context { join, ..Context::of_answer(&answer, at, place, &self.session.account) };
                let (skew, took) = (answer.skew_ms, answer.took);
                // no content: there is nothing new
                if answer.status == reqwest::StatusCode::NO_CONTENT {
                    return Ok((Mapped::default(), skew, took));
                }
                let link = next_link(&answer.headers);
                let look = hash(&answer.body);
                let mut mapped = self.mapper.map(answer.body, &self.recipe, context).await?;
                mapped.look = Some(look);
                if matches!(self.poll.paging, Paging::Link { .. }) {
                    mapped.next = mapped.next.or(link);
                }
                Ok((mapped, skew, took))
            }
        };
        match &page.link {
            None => self.session.call(&self.poll.call, values, examine).await,
            Some(link) => {
                let lead = |first: Filled| Ok(Filled { url: same_origin(&first.url, link)?, ..first });
                self.session.call_at(&self.poll.call, values, lead, examine).await
            }
        }
    }
}

/// A filter says that the platform does not go on where it was read to: what happened since the last answer is lost.
async fn tell_gap(why: &str, complete_to: At, outlet: &mut Outlet) -> Result<(), Gone> {
    let promise = outlet.state().guarantee;
    let told = outlet.state().complete_to;
    if told.is_some() {
        outlet.note_doubt(told);
        outlet.note(|state| state.guarantee = Guarantee::BestEffort);
        outlet.report().await?;
    }
    note_return(complete_to, None, Some(why), complete_to, outlet);
    outlet.report().await?;
    outlet.note(|state| state.guarantee = promise);
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a platform file, at most a day")]
fn ms(seconds: f64) -> i64 {
    (seconds * 1_000.0) as i64
}
