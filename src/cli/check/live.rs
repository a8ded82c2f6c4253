//! The preflight: every feed of the plan is asked once, as it will be asked on the night, and judged against the plan.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::point::{Point, Speaker, Verdict};
use super::products;
use super::shelves::Shelves;
use crate::clock::Clock;
use crate::config::plan::Loaded;
use crate::engine::event::Fact;
use crate::engine::id::Name;
use crate::engine::money::Currency;
use crate::engine::plan::Plan;
use crate::engine::time::{At, HOUR_MS, SECOND_MS};
use crate::feed::fault::{Fault, FaultKind};
use crate::feed::knock::{Knock, knock};
use crate::feed::mapper::Workshop;
use crate::feed::platform::{Request, Transport};
use crate::feed::probe::{self, Look, Outcome, Probe};
use crate::feed::session::Session;
use crate::feed::sessions::Sessions;
use crate::feed::webhook::Webhook;
use crate::ui::detail;

/// Longest that a feed may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// An open stream is listened to for so long.
const LISTEN: Duration = Duration::from_secs(3);
/// What happened since then is asked for.
const BACK_MS: i64 = HOUR_MS;
/// Clocks apart by more are worth a look; by far more, signed requests and deliveries are refused.
const SKEW_WARN_MS: i64 = 5 * SECOND_MS;
const SKEW_FAIL_MS: i64 = 30 * SECOND_MS;
/// Credentials that end so soon after the close are as good as ended: a live runs over, and the report reads afterwards.
const AFTER_CLOSE_MS: i64 = 12 * HOUR_MS;
/// The live's length where the plan does not say.
const USUAL_LENGTH_S: i64 = 4 * 3_600;

/// Asks every feed of the plan and judges what they say.
///
/// # Errors
/// When there can be no network at all.
pub async fn ask(loaded: &Loaded, speaker: &Speaker<'_>) -> Result<Vec<Point>, Fault> {
    let clock = Clock::wall();
    let mut opened = Sessions::new(clock.clone(), loaded.plan.ends_at(), Workshop::own())?;
    let sessions: Vec<Arc<Session>> = loaded.accounts.iter().map(|account| opened.open(account.clone())).collect();
    let look = Look { live_start: clock.now().plus_ms(-BACK_MS), patience: PATIENCE, listen: LISTEN, to_the_end: false };
    let asked = sessions.iter().map(|session| ask_account(session, look));
    let mut shelves = Shelves::default();
    let mut points = Vec::new();
    for (session, (probes, ends)) in sessions.iter().zip(join_all(asked).await) {
        let judge = Judge { speaker, plan: &loaded.plan, session };
        for (request, probe) in &probes {
            points.extend(judge.answer(request, probe));
            shelves.take(&session.account.source, request, Some(probe));
        }
        points.extend(judge.credentials(ends, &probes).await);
        points.extend(judge.clocks(&probes));
        points.extend(judge.quota());
        // one after the other: doors at one address cannot be opened twice
        for (request, hook) in hooks(session) {
            shelves.take(&session.account.source, request, None);
            points.push(judge.door(request, knock(session, hook).await));
        }
    }
    points.extend(products::judge(&loaded.plan, &shelves, speaker));
    Ok(points)
}

fn hooks(session: &Session) -> impl Iterator<Item = (&Request, &Webhook)> {
    session.account.requests.iter().filter_map(|request| match &request.transport {
        Transport::Webhook(hook) => Some((request, &**hook)),
        _ => None,
    })
}

type Asked<'s> = (Vec<(&'s Request, Probe)>, Result<Option<At>, Fault>);

/// Every feed of an account but those that are delivered to, and when its credentials end.
async fn ask_account(session: &Arc<Session>, look: Look) -> Asked<'_> {
    let asks = session.account.requests.iter().filter(|request| !matches!(request.transport, Transport::Webhook(_)));
    let probes = asks.map(|request| async move { (request, probe::look_at(session, Workshop::own().mapper(), request, look).await) });
    (join_all(probes).await, session.credentials_end().await)
}

/// Judges what the feeds of one account said.
struct Judge<'j> {
    speaker: &'j Speaker<'j>,
    plan: &'j Plan,
    session: &'j Session,
}

impl Judge<'_> {
    fn account(&self) -> &str {
        &self.session.account.name
    }

    /// The answer itself, and what its sample maps to.
    fn answer(&self, request: &Request, probe: &Probe) -> Vec<Point> {
        let feed = self.session.account.feed_name(request);
        let seconds = self.speaker.format.number(probe.took.as_secs_f64(), 1);
        let values = |more: (&'static str, String)| {
            [("feed", feed.as_str().to_owned().into()), ("seconds", seconds.clone().into()), (more.0, more.1.into())]
        };
        match probe.outcome {
            Outcome::Failed => {
                let fault = self.session.redact(probe.fault().unwrap_or_default());
                return vec![self.failed("live-failed", feed.as_str(), &fault)];
            }
            Outcome::Late => return vec![self.speaker.point(Verdict::Fail, "live-late", &values(("fault", String::new())))],
            Outcome::Silent => return vec![self.speaker.point(Verdict::Warn, "live-silent", &values(("age", String::new())))],
            Outcome::Well => {}
        }
        let mut points = Vec::new();
        let told = probe.events.iter().filter(|event| !is_snapshot(&event.fact)).map(crate::engine::event::Event::happened_at).max();
        let point = match told {
            Some(newest) => {
                let age = self.speaker.format.age(self.speaker.now.since_ms(newest));
                self.speaker.point(Verdict::Pass, "live-newest", &values(("age", age)))
            }
            None if probe.events.is_empty() && !probe.rejected.is_empty() => return vec![self.all_put_aside(&feed, &seconds, probe)],
            None if probe.events.is_empty() => self.speaker.point(Verdict::Pass, "live-nothing-new", &values(("age", String::new()))),
            None => self.speaker.point(Verdict::Pass, "live-answered", &values(("n", probe.events.len().to_string()))),
        };
        points.push(point);
        if let Some(reason) = self.first_reason(probe) {
            let values = [("feed", feed.as_str().to_owned().into()), ("n", probe.rejected.len().into()), ("reason", reason.into())];
            points.push(self.speaker.point(Verdict::Warn, "live-put-aside", &values));
        }
        if probe.state.unmapped > 0 {
            let values = [("feed", feed.as_str().to_owned().into()), ("n", probe.state.unmapped.into())];
            points.push(self.speaker.point(Verdict::Warn, "live-unmapped", &values));
        }
        points.extend(self.currencies(&feed, probe));
        points
    }

    /// Amounts in a currency that the plan neither sums nor turns into its own: one of them, and no sum of money is told any more.
    fn currencies(&self, feed: &Name, probe: &Probe) -> Option<Point> {
        let told: BTreeSet<&str> = probe.events.iter().filter_map(|event| event.currency.as_ref()).map(Currency::code).collect();
        let home = self.plan.currency.as_ref().map(Currency::code).or(told.first().copied())?;
        let foreign: Vec<&str> = told.iter().copied().filter(|code| *code != home && !self.plan.rates.contains_key(*code)).collect();
        let values =
            [("feed", feed.as_str().to_owned().into()), ("currencies", foreign.join(", ").into()), ("home", home.to_owned().into())];
        (!foreign.is_empty()).then(|| self.speaker.point(Verdict::Warn, "live-currencies", &values))
    }

    /// The first input that was put aside, and why.
    fn first_reason(&self, probe: &Probe) -> Option<String> {
        let reject = &probe.rejected.first()?.reject;
        Some(detail::named(&format!("{}: {}", reject.reason.id(), reject.detail), self.speaker.words))
    }

    /// A feed that answers and gives nothing that can be used will give nothing on the night.
    fn all_put_aside(&self, feed: &Name, seconds: &str, probe: &Probe) -> Point {
        let values = [
            ("feed", feed.as_str().to_owned().into()),
            ("seconds", seconds.to_owned().into()),
            ("n", probe.rejected.len().into()),
            ("reason", self.first_reason(probe).unwrap_or_default().into()),
        ];
        self.speaker.point(Verdict::Fail, "live-all-put-aside", &values)
    }

    /// A failure with the remedy for its kind.
    fn failed(&self, key: &str, feed: &str, fault: &str) -> Point {
        let kind = fault.split_once(": ").map_or(fault, |(kind, _)| kind).replace('_', "-");
        let (remedy, fault) = (format!("remedy-{kind}"), detail::named(fault, self.speaker.words));
        let known = if self.speaker.words.has(&remedy) { remedy.as_str() } else { "remedy-other" };
        let what = self.speaker.words.text(key, &[("feed", feed.to_owned().into()), ("fault", fault.into())]);
        let hint = [("feed", feed.to_owned().into()), ("name", feed.split('.').next().unwrap_or(feed).to_owned().into())];
        Point { verdict: Verdict::Fail, what, remedy: self.speaker.words.text(known, &hint) }
    }

    /// When the credentials end, against the planned close. Those that a feed was refused with are good for nothing: its own line
    /// says so, and how long they would last is nothing to rely on.
    async fn credentials(&self, ends: Result<Option<At>, Fault>, probes: &[(&Request, Probe)]) -> Option<Point> {
        let point = self.credentials_end(ends).await?;
        let refused = FaultKind::Unauthorized.id();
        let is_refused = |probe: &Probe| probe.fault().is_some_and(|fault| fault.split(':').next() == Some(refused));
        let is_hollow = point.verdict == Verdict::Pass && probes.iter().any(|(_, probe)| is_refused(probe));
        (!is_hollow).then_some(point)
    }

    async fn credentials_end(&self, ends: Result<Option<At>, Fault>) -> Option<Point> {
        let feed = self.account();
        let name = |more: Vec<(&'static str, String)>| {
            let mut values: Vec<(&'static str, crate::ui::words::FluentValue<'_>)> = vec![("feed", feed.to_owned().into())];
            values.extend(more.into_iter().map(|(key, text)| (key, text.into())));
            values
        };
        let ends = match ends {
            Err(fault) => {
                let point = self.failed("live-token-unknown", feed, &fault.to_string());
                return Some(Point { verdict: Verdict::Warn, ..point });
            }
            Ok(Some(ends)) => ends,
            Ok(None) => {
                let renewed = self.session.token_ends().await.filter(|ends| *ends > self.session.clock.now())?;
                let values = name(vec![("at", self.speaker.at(renewed))]);
                return Some(self.speaker.point(Verdict::Pass, "live-token-renewed", &values));
            }
        };
        let now = self.speaker.now;
        let starts = self.plan.starts_at.unwrap_or(now).max(now);
        let closes = self.plan.ends_at().unwrap_or_else(|| starts.plus_s(USUAL_LENGTH_S));
        let (verdict, key) = match ends {
            ends if ends <= now => (Verdict::Fail, "live-token-ended"),
            ends if ends <= starts => (Verdict::Fail, "live-token-too-early"),
            ends if ends <= closes.plus_ms(AFTER_CLOSE_MS) => (Verdict::Warn, "live-token-ends"),
            _ => (Verdict::Pass, "live-token-good"),
        };
        Some(self.speaker.point(verdict, key, &name(vec![("at", self.speaker.at(ends))])))
    }

    /// The platform's clock against ours.
    fn clocks(&self, probes: &[(&Request, Probe)]) -> Option<Point> {
        let skew_ms = probes.iter().filter_map(|(_, probe)| probe.state.skew_ms).max_by_key(|ms| ms.abs())?;
        let seconds = self.speaker.format.number(as_seconds(skew_ms), 1);
        let values = [("feed", self.account().to_owned().into()), ("seconds", seconds.into())];
        Some(match skew_ms.abs() {
            ms if ms > SKEW_FAIL_MS => self.speaker.point(Verdict::Fail, "live-skew", &values),
            ms if ms > SKEW_WARN_MS => self.speaker.point(Verdict::Warn, "live-skew", &values),
            ms => {
                let within = self.speaker.format.number(as_seconds(ms), 1);
                let values = [("feed", self.account().to_owned().into()), ("seconds", within.into())];
                self.speaker.point(Verdict::Pass, "live-skew-good", &values)
            }
        })
    }

    /// The day's units against what the planned hours need.
    fn quota(&self) -> Option<Point> {
        let standing = self.session.limiter.standing();
        let left = standing.left.filter(|_| standing.of.is_some())?;
        let now = self.speaker.now;
        let starts = self.plan.starts_at.unwrap_or(now).max(now);
        let closes = self.plan.ends_at().unwrap_or_else(|| starts.plus_s(USUAL_LENGTH_S));
        let seconds = as_seconds(closes.since_ms(now).max(0));
        let needs = self.session.limiter.needs(seconds);
        let count = |n: i64| self.speaker.format.count(n);
        let lasts = if needs > 0 {
            now.plus_ms(i64::try_from(i128::from(closes.since_ms(now)) * i128::from(left) / i128::from(needs)).unwrap_or(0))
        } else {
            closes
        };
        let values = [
            ("feed", self.account().to_owned().into()),
            ("needs", count(needs).into()),
            ("left", count(left).into()),
            ("at", self.speaker.at(lasts).into()),
        ];
        Some(match () {
            () if left <= 0 => self.speaker.point(Verdict::Fail, "live-quota-none", &values),
            () if needs > left => self.speaker.point(Verdict::Warn, "live-quota-short", &values),
            () => self.speaker.point(Verdict::Pass, "live-quota-good", &values),
        })
    }

    /// The door that deliveries come to.
    fn door(&self, request: &Request, knocked: Result<Knock, Fault>) -> Point {
        let feed = self.session.account.feed_name(request);
        let address = self.session.account.listen.to_string();
        let values = [("feed", feed.as_str().to_owned().into()), ("address", address.into())];
        match knocked {
            Ok(Knock::Believed) => self.speaker.point(Verdict::Pass, "live-door-good", &values),
            Ok(Knock::Heard) => self.speaker.point(Verdict::Pass, "live-door-heard", &values),
            Ok(Knock::Fooled) => self.speaker.point(Verdict::Fail, "live-door-fooled", &values),
            Ok(Knock::Disbelieved(_)) => self.speaker.point(Verdict::Fail, "live-door-disbelieved", &values),
            Err(fault) => {
                let fault = detail::told(&self.session.redact(&fault.detail), self.speaker.words);
                let point = self.speaker.point(Verdict::Fail, "live-door-closed", &values);
                Point { what: format!("{}: {fault}", point.what), ..point }
            }
        }
    }
}

/// A figure as it is now, which has no age of its own.
const fn is_snapshot(fact: &Fact) -> bool {
    matches!(fact, Fact::Inventory(_) | Fact::Reading(_) | Fact::Audience(_) | Fact::AdSpend(_))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
const fn as_seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}
