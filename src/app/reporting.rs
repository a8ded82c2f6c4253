//! The report in the operator's words: the one place that knows the journal, the catalogue and the report.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use fluent_bundle::FluentValue;

use super::settling;
use crate::clock;
use crate::config::paths::Folders;
use crate::config::plan::Loaded;
use crate::customers::{Ledger, purchases};
use crate::engine::Engine;
use crate::engine::money::Money;
use crate::engine::plan::Plan;
use crate::engine::time::{At, MINUTE_MS};
use crate::lessons::Lessons;
use crate::report::against::{self, Side};
use crate::report::document::Writer;
use crate::report::lesson::Lesson;
use crate::report::lifetime::{Lifetime, Origin};
use crate::report::sections::{results, ticks};
use crate::report::voice::{UNKNOWN, Voice};
use crate::report::write::put_text;
use crate::report::{Background, Report, Written, markdown, playbook, write};
use crate::summary::{self, Folded};
use crate::ui::format::Format;
use crate::ui::glyphs::Glyphs;
use crate::ui::words::{Lang, Words};

/// The playbook's name beside a plan.
pub const PLAYBOOK: &str = "playbook.md";

/// The catalogue and the locale of one language, in the zone of a plan.
#[derive(Debug)]
pub struct Spoken {
    words: Words,
    format: Format,
}

impl Spoken {
    #[must_use]
    pub fn new(lang: Lang, zone: Option<Tz>) -> Self {
        Self { words: Words::new(lang), format: Format::new(lang, zone.unwrap_or(chrono_tz::UTC), Glyphs::default()) }
    }
}

impl Voice for Spoken {
    fn language(&self) -> &'static str {
        self.words.lang().id()
    }
    fn text(&self, key: &str, values: &[(&'static str, String)]) -> String {
        let values: Vec<(&'static str, FluentValue<'_>)> = values.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
        self.words.text(key, &values)
    }
    fn money(&self, money: Money) -> String {
        self.format.money(money)
    }
    fn count(&self, count: i64) -> String {
        self.format.count(count)
    }
    fn number(&self, number: f64, decimals: usize) -> String {
        self.format.number(number, decimals)
    }
    fn percent(&self, share: f64) -> String {
        self.format.percent(share, 1)
    }
    fn clock(&self, at: At) -> String {
        self.format.clock(at)
    }
    fn day(&self, at: At) -> String {
        let there = at.utc().with_timezone(&self.format.zone());
        let zone = there.format("%Z").to_string();
        // zones without a name of their own tell their distance
        let utc = if zone.starts_with(['+', '-']) { "UTC" } else { "" };
        format!("{} {utc}{zone}", there.format("%Y-%m-%d %H:%M"))
    }
    fn length(&self, ms: i64) -> String {
        self.format.duration(ms)
    }
}

/// What a report is made of.
#[derive(Debug, Default)]
pub struct Request {
    /// Journals, or files of events.
    pub inputs: Vec<String>,
    /// The plan that files of events are judged by.
    pub plan: Option<Plan>,
    pub lang: Lang,
    /// Where its folder is made.
    pub out: PathBuf,
    /// A history of purchases, instead of the ledger of earlier lives.
    pub customers: Option<PathBuf>,
    /// Earlier lives to compare with.
    pub against: Vec<String>,
    /// The plan whose feeds are read again.
    pub update: Option<Loaded>,
    /// Where the ledger of customers and the lessons lie; without it neither is asked.
    pub folders: Option<Folders>,
    /// Proposed changes that are ticked, by their number from 1.
    pub ticks: Vec<usize>,
    /// The plan file beside which the playbook is written.
    pub beside: Option<PathBuf>,
}

/// A report that was written.
#[derive(Debug)]
pub struct Made {
    pub written: Written,
    pub report: Report,
    /// The first figures of the aim, each in a line.
    pub results: Vec<String>,
    /// What to do and why, of every proposal, in the report's language.
    pub proposals: Vec<(String, String)>,
    /// Shares of the money that are final, and that still wait, as a reader reads them.
    pub settled: String,
    pub provisional: String,
    /// What could not be had for it, each a sentence: the report stands without.
    pub missing: Vec<String>,
}

/// Makes a report and writes it.
///
/// # Errors
/// When an input cannot be read, a number of a tick is not proposed, or something cannot be written.
pub fn run(request: &Request) -> Result<Made, String> {
    let folded = fold(&request.inputs, request.plan.as_ref(), None)?;
    let engine = &folded.engine;
    let zone = engine.plan().time_zone.unwrap_or(chrono_tz::UTC);
    let mut missing = Vec::new();
    let mut lessons = request.folders.as_ref().map(|folders| Lessons::open(&folders.lessons())).transpose().map_err(told)?;
    let background = Background {
        lifetime: lifetime(request, engine, zone, &mut missing)?,
        settled: request.update.as_ref().map(|loaded| settling::settle(loaded, request, engine)).transpose()?,
        against: against_of(request, &folded)?,
        lessons: lessons.as_ref().map(|lessons| lessons.known().to_vec()).unwrap_or_default(),
    };
    let spoken = Spoken::new(request.lang, engine.plan().time_zone);
    let report = Report::of(&folded, request.lang.id(), background);
    let writer = Writer { report: &report, voice: &spoken };
    let (proposals, results) = (ticks(&writer), results(&writer));
    let ticked = ticked(&report, &proposals, &request.ticks)?;
    let written = write(&report, &spoken, &request.out).map_err(|error| format!("{}: {error}", request.out.display()))?;
    match &mut lessons {
        Some(lessons) => keep(lessons, &report, ticked, &spoken, request.beside.as_deref())?,
        None if ticked.is_empty() => {}
        None => return Err("there is no data folder to keep ticked lessons in; set HOME or XDG_DATA_HOME".to_owned()),
    }
    let share = |share: Option<f64>| share.map_or_else(|| UNKNOWN.to_owned(), |share| spoken.percent(share));
    let (settled, provisional) = (share(report.standing.settled_share), share(report.standing.provisional_share));
    Ok(Made { written, report, results, proposals, settled, provisional, missing })
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn fold(inputs: &[String], plan: Option<&Plan>, at: Option<At>) -> Result<Folded, String> {
    summary::fold(&summary::Request { inputs: inputs.to_vec(), plan: plan.cloned(), at, ..summary::Request::default() }).map_err(told)
}

/// What customers are worth: by the file of purchases that was given, else by the ledger of earlier lives.
fn lifetime(request: &Request, engine: &Engine, zone: Tz, missing: &mut Vec<String>) -> Result<Option<Lifetime>, String> {
    let currency = engine.currency().or(engine.plan().currency);
    if let Some(file) = &request.customers {
        let currency = currency
            .filter(|currency| currency.is_named())
            .ok_or("the broadcast has no one currency, so a history of purchases cannot be read; name it in the plan")?;
        return Ok(Some(Lifetime::of(&purchases::read(file, currency, zone).map_err(told)?, Origin::File)));
    }
    let ledger = request.folders.as_ref().map(Folders::customers).filter(|path| path.exists());
    let (Some(path), Some(currency), Some(until)) = (ledger, currency, engine.closed().or(engine.tally().to)) else { return Ok(None) };
    match Ledger::open(&path).and_then(|ledger| ledger.purchases(until, currency, zone)) {
        Ok(history) if history.is_empty() => Ok(None),
        Ok(history) => Ok(Some(Lifetime::of(&history, Origin::Ledger))),
        Err(error) => {
            missing.push(error.to_string());
            Ok(None)
        }
    }
}

/// This live and each earlier one, folded to the length of the shorter.
fn against_of(request: &Request, folded: &Folded) -> Result<Vec<(Side, Side)>, String> {
    if request.against.len() > against::MOST {
        return Err(format!("{} lives to compare with are more than {}; name the ones that matter", request.against.len(), against::MOST));
    }
    let own = against::minutes(&folded.engine);
    let mut pairs = Vec::new();
    for earlier in &request.against {
        let input = std::slice::from_ref(earlier);
        let mut other = fold(input, None, None)?;
        let length = against::minutes(&other.engine);
        let minutes = own.min(length);
        if minutes == 0 {
            return Err(format!("{earlier}: nothing to compare; one of the lives is shorter than a minute"));
        }
        let until = |engine: &Engine| engine.started().map(|started| started.plus_ms(minutes * MINUTE_MS));
        if length > minutes {
            other = fold(input, None, until(&other.engine))?;
        }
        let side = if own > minutes {
            Side::of(&fold(&request.inputs, request.plan.as_ref(), until(&folded.engine))?, minutes)
        } else {
            Side::of(folded, minutes)
        };
        pairs.push((side, Side::of(&other, minutes)));
    }
    Ok(pairs)
}

/// The proposals whose numbers were given, as lessons.
fn ticked(report: &Report, words: &[(String, String)], numbers: &[usize]) -> Result<Vec<Lesson>, String> {
    let now = clock::wall_now();
    let lesson = |number: &usize| {
        let place = number.checked_sub(1).filter(|place| *place < words.len());
        let place = place.ok_or_else(|| match words.len() {
            0 => format!("--tick {number}: this report proposes no change"),
            most => format!("--tick {number}: this report proposes {most}; give numbers from 1 to {most}"),
        })?;
        let (proposal, said) = report.proposals.get(place).zip(words.get(place)).ok_or("a proposal without words")?;
        Ok(Lesson::ticked(report, proposal, said.clone(), now))
    };
    numbers.iter().map(lesson).collect()
}

/// Keeps what was ticked and what this live says of earlier lessons, and writes the playbook beside the plan.
fn keep(lessons: &mut Lessons, report: &Report, ticked: Vec<Lesson>, voice: &Spoken, beside: Option<&Path>) -> Result<(), String> {
    let mut changed = !ticked.is_empty();
    lessons.tick(ticked);
    for followed in &report.followed {
        if let Some(outcome) = &followed.outcome {
            changed |= lessons.learn(&followed.id, outcome.clone());
        }
    }
    if !changed {
        return Ok(());
    }
    lessons.save().map_err(told)?;
    let Some(plan) = beside else { return Ok(()) };
    let path = plan.with_file_name(PLAYBOOK);
    put_text(&path, &markdown::print(&playbook::compose(lessons.known(), voice))).map_err(|error| format!("{}: {error}", path.display()))
}

/// The lessons of this desk as a document for other teams.
///
/// # Errors
/// When they cannot be read.
pub fn playbook_of(folders: &Folders, lang: Lang) -> Result<String, String> {
    let lessons = Lessons::open(&folders.lessons()).map_err(told)?;
    Ok(markdown::print(&playbook::compose(lessons.known(), &Spoken::new(lang, None))))
}
