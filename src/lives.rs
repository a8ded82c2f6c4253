//! The lives of this desk: every journal of the data folder with its key figures.
//!
//! A journal that was closed carries its figures and its curves; another is folded. What is damaged is listed with what is
//! left of it. [`import`] makes one of a platform's export, [`retention`] ends those that are too old.

pub mod import;
pub mod mapping;
pub mod retention;
pub mod sheet;

use std::path::{Path, PathBuf};

use chrono::TimeZone;
use serde::{Deserialize, Serialize};

use crate::config::paths::journals_in;
use crate::engine::earlier::{EarlierLive, MOST_LIVES};
use crate::engine::metric::{Metric, Scope, Value};
use crate::engine::money::{Currency, Money};
use crate::engine::plan::Plan;
use crate::engine::time::{At, Span};
use crate::engine::{Arrival, Engine};
use crate::journal::format::key;
use crate::journal::{Losses, Reader};

/// The key figures of a live, as of its last record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeyFigures {
    /// The last record that they count.
    pub seq: u64,
    pub from: Option<At>,
    pub to: Option<At>,
    pub closed: Option<At>,
    /// Minor units; absent where it is not known.
    pub gmv_paid_minor: Option<i64>,
    pub currency: Option<Currency>,
    pub orders: Option<i64>,
    pub cvr: Option<f64>,
    /// Made of a platform's export.
    #[serde(default)]
    pub imported: bool,
    /// What later lives are held against.
    #[serde(default)]
    pub curves: EarlierLive,
}

impl KeyFigures {
    /// The figures of a folded live; `seq` is its last record. Stored by [`crate::journal::Writer::remember`] under
    /// [`key::FIGURES`] when a live is closed.
    #[must_use]
    pub fn of(engine: &Engine, seq: u64) -> Self {
        let value = |metric| engine.reading(metric, Scope::Live, Span::Live).value;
        let paid = match value(Metric::GmvPaid) {
            Value::Money(money) => Some(money),
            Value::Count(_) | Value::Number(_) | Value::Unknown(_) => None,
        };
        let count = |metric| match value(metric) {
            Value::Count(count) => Some(count),
            Value::Money(_) | Value::Number(_) | Value::Unknown(_) => None,
        };
        let tally = engine.tally();
        Self {
            seq,
            from: engine.started().or(tally.from),
            to: tally.to,
            closed: engine.closed(),
            gmv_paid_minor: paid.map(|money| money.minor),
            currency: paid.map(|money| money.currency),
            orders: count(Metric::OrdersPlaced).or_else(|| count(Metric::OrdersPaid)),
            imported: false,
            curves: EarlierLive::of(engine),
            cvr: value(Metric::CvrUv).number(),
        }
    }

    /// How long it went on, to its close or its last fact.
    #[must_use]
    pub fn length_ms(&self) -> Option<i64> {
        Some(self.closed.or(self.to)?.since_ms(self.from?))
    }
}

/// A journal that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    pub path: PathBuf,
    pub state: LifeState,
}

/// What a journal is.
#[derive(Clone, Debug, PartialEq)]
pub enum LifeState {
    Readable {
        plan: Box<Plan>,
        figures: Box<KeyFigures>,
        losses: Losses,
    },
    /// With the reason.
    Unreadable(String),
}

/// The lives of a folder that have every one of these words in their name, title, format, theme, date, state or file, the
/// latest first.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path, words: &[String]) -> std::io::Result<Vec<Life>> {
    let mut lives: Vec<Life> = journals_in(folder)?.into_iter().map(|path| Life { state: read(&path), path }).collect();
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    lives.retain(|life| {
        let told = life.words().to_lowercase();
        words.iter().all(|word| told.contains(word))
    });
    lives.sort_by(|a, b| b.began().cmp(&a.began()).then_with(|| a.path.cmp(&b.path)));
    Ok(lives)
}

/// The curves of the latest lives of a folder that began before `before`, without the journal `own`.
#[must_use]
pub fn earlier(folder: &Path, own: &Path, before: At) -> Vec<EarlierLive> {
    let same = |path: &Path| path == own || path.canonicalize().ok().is_some_and(|path| own.canonicalize().is_ok_and(|own| own == path));
    let mut found: Vec<(At, PathBuf)> = journals_in(folder)
        .unwrap_or_default()
        .into_iter()
        .filter(|path| !same(path))
        .filter_map(|path| Some((Reader::open(&path).ok()?.plan()?.starts_at?, path)))
        .filter(|(starts_at, _)| *starts_at < before)
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.truncate(MOST_LIVES);
    let curves = found.into_iter().filter_map(|(_, path)| match read(&path) {
        LifeState::Readable { figures, .. } => Some(figures.curves),
        LifeState::Unreadable(_) => None,
    });
    curves.filter(|curves| curves.minutes() > 0).collect()
}

/// One journal.
#[must_use]
pub fn read(path: &Path) -> LifeState {
    let reader = match Reader::open(path) {
        Ok(reader) => reader,
        Err(error) => return LifeState::Unreadable(error.to_string()),
    };
    let plan = Box::new(reader.plan().cloned().unwrap_or_default());
    let stored = reader.recall(key::FIGURES).and_then(|json| serde_json::from_str::<Box<KeyFigures>>(&json).ok());
    if let Some(figures) = stored.filter(|figures| figures.seq == reader.last_seq()) {
        return LifeState::Readable { plan, figures, losses: Losses::default() };
    }
    let mut engine = Engine::new((*plan).clone(), Arrival::Live);
    let mut records = reader.records();
    let mut last = 0;
    for record in records.by_ref() {
        engine.step(&record);
        last = record.seq;
    }
    LifeState::Readable { plan, figures: Box::new(KeyFigures::of(&engine, last)), losses: records.losses().clone() }
}

impl Life {
    fn began(&self) -> Option<At> {
        match &self.state {
            LifeState::Readable { plan, figures, .. } => plan.starts_at.or(figures.from),
            LifeState::Unreadable(_) => None,
        }
    }

    fn words(&self) -> String {
        let file = self.path.display();
        match &self.state {
            LifeState::Readable { plan, .. } => {
                let more = [plan.format.as_deref(), plan.theme.as_deref()].map(Option::unwrap_or_default).join(" ");
                let [_, date, .., state, _] = self.cells();
                format!("{file} {} {} {more} {date} {state}", plan.name, plan.title)
            }
            LifeState::Unreadable(_) => file.to_string(),
        }
    }

    /// Name, date, length, paid money, orders, conversion, state and file, each as text.
    #[must_use]
    pub fn cells(&self) -> [String; 8] {
        let unknown = || "—".to_owned();
        let file = self.path.file_name().map_or_else(unknown, |name| name.to_string_lossy().into_owned());
        let (plan, figures, losses) = match &self.state {
            LifeState::Readable { plan, figures, losses } => (plan, figures, losses),
            LifeState::Unreadable(reason) => {
                return [unknown(), unknown(), unknown(), unknown(), unknown(), unknown(), format!("unreadable: {reason}"), file];
            }
        };
        let zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
        let date = |at: At| zone.from_utc_datetime(&at.utc().naive_utc()).format("%Y-%m-%d %H:%M").to_string();
        let length = |ms: i64| format!("{}:{:02}", ms / 3_600_000, ms / 60_000 % 60);
        let paid = figures.gmv_paid_minor.zip(figures.currency).map(|(minor, currency)| Money::new(minor, currency).to_string());
        let mut state = if figures.imported {
            "imported".to_owned()
        } else if figures.closed.is_some() {
            "closed".to_owned()
        } else {
            "open".to_owned()
        };
        if !losses.is_empty() {
            let count = if losses.tail { "its end".to_owned() } else { format!("{} records", losses.records()) };
            state.push_str(&format!(", damaged: {count} lost"));
        }
        [
            if plan.name.is_empty() { unknown() } else { plan.name.clone() },
            self.began().map_or_else(unknown, date),
            figures.length_ms().map_or_else(unknown, length),
            paid.unwrap_or_else(unknown),
            figures.orders.map_or_else(unknown, |orders| orders.to_string()),
            figures.cvr.map_or_else(unknown, |cvr| format!("{:.1}%", cvr * 100.0)),
            state,
            file,
        ]
    }
}
