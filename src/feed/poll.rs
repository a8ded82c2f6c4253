//! Asking a platform again and again: windows with overlap, pages, and a cursor that is stored with what it brought.
//!
//! A round is one window read to its end. Its pages are handed over as they come; the cursor goes with the last one,
//! so that a crash or an error in between reads the window again. Nothing is lost, and the engine knows what it has.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
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
use super::platform::{Paging, Poll, Request};
use super::quota;
use super::session::Session;
use super::stream::note_return;
use super::template::{Value, Values};
use super::unchanged::Unchanged;
use crate::clock;
use crate::engine::event::{FeedStatus, Guarantee};
use crate::engine::id::{Name, Set};
use crate::engine::time::At;

/// Pages of one round at most.
const MAX_PAGES: u32 = 2_000;
/// A difference between the clocks below this is noise of the network.
const SKEW_NOISE_MS: i64 = 2_000;
/// The longest that a slow server is spared; it may be a long poll of which the platform file says nothing.
const MOST_SPARED: Duration = Duration::from_secs(30);
/// A long poll whose answer took so long had nothing to say when it was asked.
const KEPT_BACK: Duration = Duration::from_secs(1);
/// A longer wait for a turn says nothing of the server's load.
const LINE: Duration = Duration::from_secs(1);

/// Where a poll stands, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    /// The end of the last window that was read whole, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

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
    unchanged: Unchanged,
    asides: Asides,
    skew_ms: i64,
    /// The platform's wish for the time between requests.
    wished: Option<Duration>,
    /// A server that takes long is given time, in whole seconds.
    spared: Duration,
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
        let joined = request.join.clone().map(|join| Joined::new(Arc::clone(&session), join));
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
            backoff: Backoff::new(seed, Duration::from_secs_f64(poll.interval_s)),
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
                    let fault = self.session.discreet(fault);
                    let wait = self.backoff.next(&fault);
                    let retry_at = outlet.now().plus_ms(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
                    outlet.note_fault(&fault, Some(retry_at));
                    if outlet.report().await.is_err() {
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
            let busy = began.elapsed().saturating_sub(waited.saturating_sub(LINE)).saturating_sub(self.poll.call.holds).saturating_mul(3);
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
            let asked = outlet.now();
            let (mut mapped, skew, took) = self.fetch(&page, &values, asked).await?;
            // who kept the answer back had nothing when it was asked: there is no more behind it, and everything until then is told
            let answered = asked.plus_ms(i64::try_from(took.as_millis()).unwrap_or(i64::MAX));
            let was_empty = !self.poll.call.holds.is_zero()
                && matches!(self.poll.paging, Paging::Queue | Paging::Since { .. } | Paging::Token { persist: true, .. })
                && took >= KEPT_BACK;
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
            mapped.put_notices_aside();
            gap = mapped.gap.take().or(gap);
            self.unchanged.drop_repeated(&mut mapped.events, began);
            if self.poll.confirm.is_none() {
                // what is confirmed does not come again
                self.asides.drop_known(&mut mapped);
            }
            let more = match page.step(&self.poll.paging, &mapped, &mut cursor) {
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
                let (session, call, examine) = (&self.session, &self.poll.call, &examine);
                let ask = || {
                    session.within_limits(call, async move {
                        let (first, _) = session.fill(call, values).await?;
                        let url = same_origin(&first.url, link)?;
                        examine(session.send(call, Filled { url, ..first }).await?).await
                    })
                };
                session.admitted(call, ask).await
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

/// Which page of a round comes next.
#[derive(Debug, Default)]
struct Page {
    /// From 1.
    number: u32,
    offset: u64,
    token: Option<String>,
    since: Option<String>,
    link: Option<String>,
    /// The mark of the page before.
    look: Option<u64>,
    /// Tokens and links of the round so far.
    been: Set<u64>,
    /// The lookup table.
    join: Option<Arc<str>>,
}

impl Page {
    fn first(paging: &Paging, cursor: &Cursor) -> Self {
        let token = if matches!(paging, Paging::Token { persist: true, .. }) { cursor.token.clone() } else { None };
        let been = token.iter().chain(&cursor.since).map(|page| hash(&page.as_str())).collect();
        Self { number: 1, offset: 0, token, since: cursor.since.clone(), been, ..Self::default() }
    }

    fn set(&self, paging: &Paging, values: &mut Values) {
        match paging {
            Paging::One | Paging::Link { .. } | Paging::Queue => {}
            Paging::Offset { .. } => values.set_text("offset", self.offset.to_string()),
            Paging::Page { first, .. } => values.set_text("page", (u64::from(*first) + u64::from(self.number) - 1).to_string()),
            Paging::Token { alone, .. } => {
                set_optional(values, "page_token", self.token.as_ref());
                if *alone && self.token.is_some() {
                    for name in ["from", "to"] {
                        values.remove(name);
                    }
                }
            }
            Paging::Since { .. } => set_optional(values, "since", self.since.as_ref()),
        }
        if let Some(size) = paging.size() {
            values.set_text("size", size.to_string());
        }
    }

    /// Goes on to the next page; false when this was the last.
    fn step(&mut self, paging: &Paging, mapped: &Mapped, cursor: &mut Cursor) -> Result<bool, Fault> {
        self.number += 1;
        let next = mapped.next.clone();
        Ok(match paging {
            Paging::One => false,
            Paging::Queue => mapped.inputs > 0,
            Paging::Offset { size } | Paging::Page { size, .. } => {
                self.offset += mapped.inputs as u64;
                // some platforms give the last page again behind the last
                let is_again = mapped.look.is_some() && mapped.look == self.look;
                self.look = mapped.look;
                // a `next` filter that says no ends it, else a page that is not full
                mapped.inputs > 0 && !is_again && (next.is_some() || mapped.inputs >= *size as usize)
            }
            Paging::Token { persist, .. } => {
                if *persist && next.is_some() {
                    cursor.token.clone_from(&next);
                }
                // an empty page leads nowhere; behind a token that is kept, to what is not there yet
                let ends = next.is_none() || mapped.inputs == 0 && (*persist || self.has_been(next.as_deref()));
                let ends = ends || *persist && next == self.token;
                self.token.clone_from(&next);
                !ends && self.goes_to(next.as_deref())?
            }
            Paging::Since { .. } => {
                let moved = next.is_some() && next != self.since;
                if moved {
                    self.goes_to(next.as_deref())?;
                    self.since.clone_from(&next);
                    cursor.since = next;
                }
                moved
            }
            Paging::Link { .. } => {
                // what stands behind the # is not asked for
                self.link = next.map(|link| link.split('#').next().unwrap_or_default().to_owned());
                let link = self.link.clone();
                link.is_some() && self.goes_to(link.as_deref())?
            }
        })
    }

    /// True for a page that was read in this round.
    fn has_been(&self, next: Option<&str>) -> bool {
        next.is_some_and(|next| self.been.contains(&hash(&next)))
    }

    /// Notes a page that is read now.
    fn goes_to(&mut self, next: Option<&str>) -> Result<bool, Fault> {
        if next.is_some_and(|next| !self.been.insert(hash(&next))) {
            return Err(Fault::new(FaultKind::Paging, "the next page was read before"));
        }
        Ok(true)
    }
}

fn set_optional(values: &mut Values, name: &str, value: Option<&String>) {
    match value {
        Some(text) => values.set_text(name, text),
        None => values.remove(name),
    }
}

/// The address with `rel="next"` of a `Link` header.
fn next_link(headers: &reqwest::header::HeaderMap) -> Option<String> {
    let links = headers.get_all("link").iter().filter_map(|value| value.to_str().ok());
    links.flat_map(|text| text.split(',')).find_map(|link| {
        let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = rest.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then(|| address.to_owned())
    })
}

/// A link that the platform gave, if it stays where we are: credentials go nowhere else.
fn same_origin(base: &reqwest::Url, link: &str) -> Result<reqwest::Url, Fault> {
    let url = base.join(link).map_err(|_| Fault::new(FaultKind::ForeignLink, "the next page has no address"))?;
    if url.origin() == base.origin() { Ok(url) } else { Err(Fault::new(FaultKind::ForeignLink, "the next page is on another host")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_on_their_host() {
        let base = reqwest::Url::parse("https://shop.example/a?x=1").unwrap();
        assert_eq!(same_origin(&base, "/b?page=2").unwrap().as_str(), "https://shop.example/b?page=2");
        for link in ["https://evil.example/b", "http://shop.example/b", "https://shop.example:8443/", "//evil.example"] {
            assert_eq!(same_origin(&base, link).map_err(|f| f.kind), Err(FaultKind::ForeignLink), "{link}");
        }
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("link", "<https://a/1>; rel=\"prev\", <https://a/3>; rel=\"next\"".parse().unwrap());
        assert_eq!(next_link(&headers).as_deref(), Some("https://a/3"));
    }

    #[test]
    fn a_page_that_is_not_full_is_the_last() {
        let paging = Paging::Offset { size: 2 };
        let mut cursor = Cursor::default();
        let mut page = Page::first(&paging, &cursor);
        let full = Mapped { inputs: 2, ..Mapped::default() };
        let short = Mapped { inputs: 1, ..Mapped::default() };
        assert_eq!(page.step(&paging, &full, &mut cursor), Ok(true));
        assert_eq!(page.offset, 2);
        assert_eq!(page.step(&paging, &short, &mut cursor), Ok(false));
        let mut page = Page::first(&paging, &cursor);
        let seen = |look: u64| Mapped { look: Some(look), ..full.clone() };
        let steps = [7, 8, 8].map(|look| page.step(&paging, &seen(look), &mut cursor));
        assert_eq!(steps, [Ok(true), Ok(true), Ok(false)], "behind the last page comes the last page again");
    }

    #[test]
    fn a_kept_token_waits_at_an_empty_page() {
        let paging = Paging::Token { persist: true, alone: false, size: 100 };
        let mut cursor = Cursor::default();
        let mut page = Page::first(&paging, &cursor);
        let step = |page: &mut Page, cursor: &mut Cursor, inputs: usize, next: &str| {
            page.step(&paging, &Mapped { inputs, next: Some(next.into()), ..Mapped::default() }, cursor)
        };
        assert_eq!(step(&mut page, &mut cursor, 5, "a"), Ok(true));
        assert_eq!(step(&mut page, &mut cursor, 0, "b"), Ok(false));
        assert_eq!(cursor.token.as_deref(), Some("b"));
    }

    #[test]
    fn pages_that_lead_back_are_a_fault_and_an_empty_one_is_the_end() {
        let kept = Paging::Token { persist: true, alone: false, size: 100 };
        let told = Err("the next page was read before".to_owned());
        for paging in [Paging::Token { persist: false, alone: false, size: 9 }, kept, Paging::Link { size: 9 }, Paging::Since { size: 9 }] {
            let mut cursor = Cursor::default();
            let mut page = Page::first(&paging, &cursor);
            let mut step = |inputs: usize, next: &str| {
                let mapped = Mapped { inputs, next: Some(next.into()), ..Mapped::default() };
                page.step(&paging, &mapped, &mut cursor).map_err(|fault| fault.detail)
            };
            assert_eq!([step(3, "p2"), step(3, "p3"), step(3, "p4")], [Ok(true), Ok(true), Ok(true)], "{paging:?}");
            assert_eq!(step(3, "p2"), told, "{paging:?}: a circle");
        }
        let paging = Paging::Token { persist: false, alone: false, size: 100 };
        let mut page = Page::first(&paging, &Cursor::default());
        let mut step =
            |inputs: usize| page.step(&paging, &Mapped { inputs, next: Some("p2".into()), ..Mapped::default() }, &mut Cursor::default());
        assert_eq!(step(3), Ok(true));
        assert_eq!(step(3).map_err(|fault| fault.detail), told, "the page itself");
        assert_eq!(step(0), Ok(false));
    }

    #[test]
    fn a_token_that_goes_alone_takes_no_window_along() {
        let window = |alone: bool, token: Option<&str>| {
            let page = Page { token: token.map(str::to_owned), ..Page::default() };
            let mut values = Values::default();
            values.set_text("from", "f");
            page.set(&Paging::Token { persist: false, alone, size: 9 }, &mut values);
            (values.get("from").is_some(), values.get("page_token").is_some())
        };
        assert_eq!(window(true, None), (true, false), "the first page");
        assert_eq!(window(true, Some("p2")), (false, true));
        assert_eq!(window(false, Some("p2")), (true, true));
    }
}
