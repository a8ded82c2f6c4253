//! `warroom check`: everything that can be judged about a plan without a network, as a table of pass, warn and fail.

use std::path::Path;

use super::output::code;
use crate::clock;
use crate::config::paths::Folders;
use crate::config::plan::{self, Loaded};
use crate::customers::{Ledger, Pseudonyms};
use crate::engine::plan::Plan;
use crate::engine::time::HOUR_MS;
use crate::feed::account::Environment;
use crate::feed::document::Problem;
use crate::journal::{JournalError, Reader, lock};

/// How a point was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Warn,
    Fail,
    /// Only a person can tell.
    ByHand,
}

impl Verdict {
    /// Symbol and word, so that it needs no colour.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pass => "✓ pass",
            Self::Warn => "! warn",
            Self::Fail => "✗ FAIL",
            Self::ByHand => "☐ tick",
        }
    }
}

/// One point of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub verdict: Verdict,
    pub what: String,
    pub remedy: String,
}

impl Point {
    fn new(verdict: Verdict, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict, what: what.into(), remedy: remedy.into() }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    pub points: Vec<Point>,
    pub code: u8,
}

/// Judges a plan file.
#[must_use]
pub fn check(path: &Path, journal: Option<&Path>, environment: Environment<'_>) -> Findings {
    let loaded = match plan::load(path, environment) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let points = problems.into_iter().map(|problem| of_problem(Verdict::Fail, problem)).collect();
            return Findings { points, code: code::CONFIGURATION };
        }
    };
    let mut points = vec![Point::new(Verdict::Pass, summary_of(&loaded.plan), "")];
    points.extend(loaded.doubts.iter().cloned().map(|doubt| of_problem(Verdict::Warn, doubt)));
    points.extend(feeds(&loaded));
    points.extend(
        loaded.plan.actions.iter().map(|kind| Point::new(Verdict::Pass, format!("action `{}`: asks before it sends", kind.id()), "")),
    );
    points.extend(time(&loaded.plan));
    points.extend(storage(&loaded.plan, journal, environment));
    points.extend(loaded.plan.checklist.iter().map(|point| Point::new(Verdict::ByHand, point.clone(), "")));
    let failed = points.iter().any(|point| point.verdict == Verdict::Fail);
    Findings { points, code: if failed { code::FAILED } else { code::DONE } }
}

fn of_problem(verdict: Verdict, problem: Problem) -> Point {
    Point::new(verdict, format!("{}:{}: {}", problem.file, problem.line, problem.what), problem.remedy)
}

fn summary_of(plan: &Plan) -> String {
    let (products, segments) = (plan.products.len(), plan.segments.len());
    format!("plan `{}`: {products} products, {segments} segments, {} targets", plan.name, plan.targets.len())
}

fn feeds(loaded: &Loaded) -> Vec<Point> {
    if loaded.accounts.is_empty() {
        return vec![Point::new(Verdict::Warn, "no feed", "add a [feeds.NAME] table: without one only the keyboard brings facts")];
    }
    let mut points = Vec::new();
    for feed in &loaded.plan.feeds {
        let gives: Vec<&str> = feed.gives.iter().map(|kind| kind.as_str()).collect();
        let gives = if gives.is_empty() { "any event".to_owned() } else { gives.join(" ") };
        points.push(Point::new(Verdict::Pass, format!("feed `{}`: {gives}", feed.name), ""));
    }
    for account in &loaded.accounts {
        for (kind, why) in &account.unavailable {
            points.push(Point::new(
                Verdict::Warn,
                format!("feed `{}`: no {kind} from this platform, {why}", account.name),
                "add a feed that gives it, or type it in",
            ));
        }
    }
    points
}

fn time(plan: &Plan) -> Option<Point> {
    let (now, starts_at) = (clock::wall_now(), plan.starts_at?);
    let ends_at = plan.ends_at().unwrap_or_else(|| starts_at.plus_ms(24 * HOUR_MS));
    if ends_at < now {
        return Some(Point::new(
            Verdict::Warn,
            format!("the live of {starts_at} is over"),
            "correct `starts_at`, or look at it with `warroom replay`",
        ));
    }
    if starts_at < now {
        return Some(Point::new(Verdict::Warn, "the live has begun", "start now: history is read back from the plan's start"));
    }
    let minutes = starts_at.since_ms(now) / 60_000;
    Some(Point::new(Verdict::Pass, format!("begins in {}:{:02} h", minutes / 60, minutes % 60), ""))
}

/// The data folder, the key, the ledger and the journal.
fn storage(plan: &Plan, journal: Option<&Path>, environment: Environment<'_>) -> Vec<Point> {
    let mut points = Vec::new();
    let Some(folders) = Folders::find(environment) else {
        return vec![Point::new(Verdict::Fail, "no home folder", "set HOME or XDG_DATA_HOME")];
    };
    match Pseudonyms::open(&folders.people_key()) {
        Ok(_) => points.push(Point::new(Verdict::Pass, "customers and chat names are hidden by this installation's key", "")),
        Err(error) => points.push(Point::new(Verdict::Fail, error.to_string(), "")),
    }
    if let Err(error) = Ledger::open(&folders.customers()) {
        points.push(Point::new(Verdict::Warn, error.to_string(), "new and returning buyers are told only where a platform does"));
    }
    let path = journal.map_or_else(|| folders.journal_of(plan), Path::to_owned);
    points.push(of_journal(&path));
    points
}

fn of_journal(path: &Path) -> Point {
    let shown = path.display();
    if !path.exists() {
        return Point::new(Verdict::Pass, format!("the journal will be {shown}"), "");
    }
    match lock::WriteLock::take(path).and_then(|_held| Reader::open(path)) {
        Ok(reader) => Point::new(
            Verdict::Warn,
            format!("{shown} goes on after its record {}", reader.last_seq()),
            "name another file with --journal to begin anew",
        ),
        Err(error @ JournalError::Locked { .. }) => Point::new(Verdict::Warn, error.to_string(), ""),
        Err(error) => Point::new(Verdict::Fail, error.to_string(), "name another file with --journal"),
    }
}
