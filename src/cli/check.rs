//! `warroom check`: a plan judged before the night, as a table of pass, warn and fail; with `--live` every feed is asked once.

mod live;
mod point;
mod product;
mod products;
mod shelves;

use std::path::Path;

pub use point::{Point, Speaker, Verdict};

use super::output::{self, code};
use crate::clock;
use crate::config::paths::Folders;
use crate::config::plan::{self, Loaded};
use crate::customers::{Ledger, Pseudonyms};
use crate::engine::event::Guarantee;
use crate::engine::plan::Plan;
use crate::engine::time::HOUR_MS;
use crate::feed::account::Environment;
use crate::feed::document::Problem;
use crate::journal::{JournalError, Reader, lock};
use crate::ui::detail;
use crate::ui::format::Format;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::words::Words;

/// What is judged, and how it is said.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub plan: &'a Path,
    pub journal: Option<&'a Path>,
    /// Every feed is asked once.
    pub live: bool,
    pub words: &'a Words,
    pub environment: Environment<'a>,
}

impl std::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("plan", &self.plan).field("live", &self.live).finish_non_exhaustive()
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    pub points: Vec<Point>,
    pub code: u8,
}

/// Points to tick where the plan lists none.
const USUAL_TICKS: [&str; 3] = ["check-tick-payment", "check-tick-delivery", "check-tick-service"];

/// Judges a plan file.
#[must_use]
pub fn check(asked: Asked<'_>) -> Findings {
    let loaded = match plan::load(asked.plan, asked.environment) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let points = problems.into_iter().map(|problem| of_problem(Verdict::Fail, problem, asked.words)).collect();
            return Findings { points, code: code::CONFIGURATION };
        }
    };
    let zone = loaded.plan.time_zone.unwrap_or(chrono_tz::UTC);
    let format = Format::new(asked.words.lang(), zone, Glyphs::of(Charset::Unicode));
    let speaker = Speaker { words: asked.words, format, now: clock::wall_now() };
    let mut points = vec![summary_of(&loaded.plan, &speaker)];
    points.extend(loaded.doubts.iter().cloned().map(|doubt| of_problem(Verdict::Warn, doubt, asked.words)));
    points.extend(feeds(&loaded, &speaker));
    points.extend(loaded.plan.actions.iter().map(|kind| speaker.point(Verdict::Pass, "check-action", &[("kind", kind.id().into())])));
    points.extend(time(&loaded.plan, &speaker));
    points.extend(storage(&loaded.plan, asked.journal, asked.environment, &speaker));
    if asked.live {
        points.extend(preflight(&loaded, &speaker));
    }
    points.extend(ticks(&loaded.plan, asked.live, &speaker));
    let failed = points.iter().any(|point| point.verdict == Verdict::Fail);
    Findings { points, code: if failed { code::FAILED } else { code::DONE } }
}

fn of_problem(verdict: Verdict, problem: Problem, words: &Words) -> Point {
    let problem = output::problem(problem, words);
    Point { verdict, what: format!("{}:{}: {}", problem.file, problem.line, problem.what), remedy: problem.remedy }
}

fn preflight(loaded: &Loaded, speaker: &Speaker<'_>) -> Vec<Point> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let asked = match runtime {
        Ok(runtime) => runtime.block_on(live::ask(loaded, speaker)).map_err(|fault| fault.to_string()),
        Err(error) => Err(error.to_string()),
    };
    asked.unwrap_or_else(|error| {
        vec![speaker.point(Verdict::Fail, "live-no-network", &[("fault", detail::shown(&error, speaker.words).into())])]
    })
}

/// What only a person can tell: the plan's own list, else on the night the usual three.
fn ticks(plan: &Plan, live: bool, speaker: &Speaker<'_>) -> Vec<Point> {
    let by_hand = |what: String| Point { verdict: Verdict::ByHand, what, remedy: String::new() };
    if plan.checklist.is_empty() && live {
        return USUAL_TICKS.iter().map(|key| by_hand(speaker.words.get(key).to_owned())).collect();
    }
    plan.checklist.iter().cloned().map(by_hand).collect()
}

fn summary_of(plan: &Plan, speaker: &Speaker<'_>) -> Point {
    let values = [
        ("name", plan.name.clone().into()),
        ("products", plan.products.len().into()),
        ("segments", plan.segments.len().into()),
        ("targets", plan.targets.len().into()),
    ];
    speaker.point(Verdict::Pass, "check-plan", &values)
}

fn feeds(loaded: &Loaded, speaker: &Speaker<'_>) -> Vec<Point> {
    if loaded.accounts.is_empty() {
        return vec![speaker.point(Verdict::Warn, "check-no-feed", &[])];
    }
    let mut points = Vec::new();
    for account in &loaded.accounts {
        for request in &account.requests {
            let gives: Vec<&str> = request.gives.iter().map(|kind| kind.as_str()).collect();
            let gives = if gives.is_empty() { speaker.words.get("check-any-event").to_owned() } else { gives.join(" ") };
            let feed = account.feed_name(request);
            let guarantee = speaker.words.get(promise(request.guarantee)).to_owned();
            let values = [("feed", feed.as_str().into()), ("gives", gives.into()), ("guarantee", guarantee.into())];
            points.push(match request.guarantee {
                Guarantee::Durable | Guarantee::Resumable => speaker.point(Verdict::Pass, "check-feed", &values),
                Guarantee::BestEffort => speaker.point(Verdict::Warn, "check-feed-best-effort", &values),
            });
        }
    }
    points.extend(unavailable(&loaded.plan, speaker));
    points
}

const fn promise(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::Durable => "guarantee-durable",
        Guarantee::Resumable => "guarantee-resumable",
        Guarantee::BestEffort => "guarantee-best-effort",
    }
}

/// What a platform cannot give and no other feed of the plan gives either.
fn unavailable(plan: &Plan, speaker: &Speaker<'_>) -> Vec<Point> {
    let given = |kind: &str| plan.feeds.iter().any(|feed| feed.gives.is_empty() || feed.gives.iter().any(|given| given == kind));
    let missing = plan.unavailable.iter().filter(|gap| !given(&gap.kind));
    let point = |gap: &crate::engine::plan::Unavailable| {
        let why = gap.why(speaker.words.lang().id()).to_owned();
        let values = [("feed", gap.account.as_str().into()), ("kind", gap.kind.as_str().into()), ("why", why.into())];
        speaker.point(Verdict::Warn, "check-unavailable", &values)
    };
    missing.map(point).collect()
}

fn time(plan: &Plan, speaker: &Speaker<'_>) -> Option<Point> {
    let (now, starts_at) = (speaker.now, plan.starts_at?);
    let ends_at = plan.ends_at().unwrap_or_else(|| starts_at.plus_ms(24 * HOUR_MS));
    if ends_at < now {
        return Some(speaker.point(Verdict::Warn, "check-over", &[("at", speaker.at(starts_at).into())]));
    }
    if starts_at < now {
        return Some(speaker.point(Verdict::Warn, "check-begun", &[]));
    }
    let minutes = starts_at.since_ms(now) / 60_000;
    let time = format!("{}:{:02}", minutes / 60, minutes % 60);
    Some(speaker.point(Verdict::Pass, "check-begins", &[("time", time.into())]))
}

/// The data folder, the key, the ledger and the journal.
fn storage(plan: &Plan, journal: Option<&Path>, environment: Environment<'_>, speaker: &Speaker<'_>) -> Vec<Point> {
    let mut points = Vec::new();
    let Some(folders) = Folders::find(environment) else {
        return vec![speaker.point(Verdict::Fail, "check-no-home", &[])];
    };
    match Pseudonyms::open(&folders.people_key()) {
        Ok(_) => points.push(speaker.point(Verdict::Pass, "check-people", &[])),
        Err(error) => {
            points.push(Point { verdict: Verdict::Fail, what: detail::told(&error.to_string(), speaker.words), remedy: String::new() });
        }
    }
    if let Err(error) = Ledger::open(&folders.customers()) {
        points.push(speaker.point(Verdict::Warn, "check-ledger", &[("error", detail::told(&error.to_string(), speaker.words).into())]));
    }
    let path = journal.map_or_else(|| folders.journal_of(plan), Path::to_owned);
    points.push(of_journal(&path, speaker));
    points
}

fn of_journal(path: &Path, speaker: &Speaker<'_>) -> Point {
    let shown = path.display().to_string();
    if !path.exists() {
        return speaker.point(Verdict::Pass, "check-journal-new", &[("path", shown.into())]);
    }
    match lock::WriteLock::take(path).and_then(|_held| Reader::open(path)) {
        Ok(reader) => {
            let record = i64::try_from(reader.last_seq()).unwrap_or(i64::MAX);
            speaker.point(Verdict::Warn, "check-journal-goes-on", &[("path", shown.into()), ("record", record.into())])
        }
        Err(JournalError::Locked { holder: None, .. }) => speaker.point(Verdict::Warn, "check-journal-locked", &[("path", shown.into())]),
        Err(JournalError::Locked { holder: Some(process), .. }) => {
            let values = [("path", shown.into()), ("process", process.to_string().into())];
            speaker.point(Verdict::Warn, "check-journal-locked-by", &values)
        }
        Err(error) => {
            speaker.point(Verdict::Fail, "check-journal-broken", &[("error", detail::told(&error.to_string(), speaker.words).into())])
        }
    }
}
