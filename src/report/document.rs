//! The report as sections of words, tables and charts: composed once, written by [`super::html`] and [`super::markdown`].

use super::Report;
use super::sections;
use super::svg::Chart;
use super::voice::{UNKNOWN, Voice, id_of, name, say, why, word, written};
use crate::engine::metric::{Metric, Value};
use crate::engine::time::At;
use crate::summary::Metrics;

/// A report for a reader.
#[derive(Clone, Debug)]
pub struct Document {
    pub language: &'static str,
    pub title: String,
    /// When it was, and as of when the figures are.
    pub lead: String,
    pub contents: String,
    pub sections: Vec<Section>,
}

/// A chapter.
#[derive(Clone, Debug)]
pub struct Section {
    /// Anchor; one of ours.
    pub id: &'static str,
    pub title: String,
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// The title of a part of a section.
    Heading(String),
    Text(String),
    /// Something that the reader must know before trusting the rest.
    Warning(String),
    Cards(Vec<Card>),
    Table(Table),
    Chart(Chart),
    /// Changes to tick, each with its evidence.
    Ticks(Vec<(String, String)>),
}

/// A figure with its name.
#[derive(Clone, Debug)]
pub struct Card {
    pub label: String,
    pub value: Cell,
    pub note: String,
}

/// Rows under a head.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub caption: String,
    pub head: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Without the columns that say nothing in any row; the first names the rows and stays.
    #[must_use]
    pub fn lean(&self) -> Self {
        let says =
            |column: usize| column == 0 || self.rows.is_empty() || self.rows.iter().any(|row| row.get(column).is_some_and(Cell::says));
        let kept: Vec<usize> = (0..self.head.len()).filter(|column| says(*column)).collect();
        let head = kept.iter().filter_map(|column| self.head.get(*column).cloned()).collect();
        let rows = self.rows.iter().map(|row| kept.iter().filter_map(|column| row.get(*column).cloned()).collect());
        Self { caption: self.caption.clone(), head, rows: rows.collect() }
    }
}

/// A cell: what it says, and why it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    /// The reason of a value that is not known.
    pub why: Option<String>,
    pub is_number: bool,
    pub tone: Tone,
}

/// What a cell means for the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
}

impl Cell {
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
    #[must_use]
    pub fn number(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_number: true, ..Self::default() }
    }
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { text: UNKNOWN.to_owned(), why: Some(why.into()), is_number: true, tone: Tone::Plain }
    }
    const fn says(&self) -> bool {
        !self.text.is_empty() || self.why.is_some()
    }
    #[must_use]
    pub const fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// What the sections are composed with.
pub struct Writer<'a> {
    pub report: &'a Report,
    pub voice: &'a dyn Voice,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("report", &self.report.slug).finish_non_exhaustive()
    }
}

impl Writer<'_> {
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        say(self.voice, key)
    }
    #[must_use]
    pub fn word(&self, list: &str, id: &str) -> String {
        word(self.voice, list, id)
    }
    #[must_use]
    pub fn count(&self, count: i64) -> Cell {
        Cell::number(self.voice.count(count))
    }
    #[must_use]
    pub fn total(&self, count: u64) -> Cell {
        self.count(i64::try_from(count).unwrap_or(i64::MAX))
    }
    #[must_use]
    pub fn clock(&self, at: At) -> Cell {
        Cell::text(self.voice.clock(at))
    }
    #[must_use]
    pub fn product(&self, sku: Option<&str>) -> Cell {
        Cell::text(sku.map_or(UNKNOWN, |sku| self.report.product_name(sku)))
    }

    /// A figure of a row, with the reason where it is not known.
    #[must_use]
    pub fn figure(&self, metrics: &Metrics, metric: Metric) -> Cell {
        let Some(reading) = metrics.get(metric) else { return Cell::unknown(self.say("why-not-for-scope")) };
        match reading.value {
            Value::Unknown(_) => Cell::unknown(why(self.voice, reading).unwrap_or_default()),
            value => Cell::number(written(self.voice, metric, value)),
        }
    }

    /// Figures of the whole live with their names.
    #[must_use]
    pub fn figure_cards(&self, metrics: &[Metric]) -> Vec<Card> {
        let broadcast = &self.report.figures.broadcast;
        let card = |metric: &Metric| Card { label: name(self.voice, *metric), value: self.figure(broadcast, *metric), note: String::new() };
        metrics.iter().map(card).collect()
    }
    #[must_use]
    pub fn cards(&self, metrics: &[Metric]) -> Block {
        Block::Cards(self.figure_cards(metrics))
    }

    /// A table whose first columns are its own and whose others are metrics.
    #[must_use]
    pub fn table<'m>(
        &self,
        caption: &str,
        own: &[&str],
        metrics: &[Metric],
        rows: impl Iterator<Item = (Vec<Cell>, &'m Metrics)>,
    ) -> Table {
        let head = own.iter().map(|key| self.say(key)).chain(metrics.iter().map(|metric| name(self.voice, *metric))).collect();
        let rows = rows.map(|(own, figures)| own.into_iter().chain(metrics.iter().map(|metric| self.figure(figures, *metric))).collect());
        Table { caption: self.say(caption), head, rows: rows.collect() }
    }

    #[must_use]
    pub fn head(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| self.say(key)).collect()
    }
}

/// The whole report in a language.
#[must_use]
pub fn compose(report: &Report, voice: &dyn Voice) -> Document {
    let writer = Writer { report, voice };
    let day = |at: Option<At>| at.map_or_else(|| UNKNOWN.to_owned(), |at| voice.day(at));
    // what is of the same day needs its clock alone
    let first = day(report.starts_at);
    let date = |said: &str| said.split(' ').next().unwrap_or_default().to_owned();
    let later = |at: Option<At>| at.filter(|at| date(&voice.day(*at)) == date(&first)).map_or_else(|| day(at), |at| voice.clock(at));
    let title = if report.title.is_empty() { writer.say("report-title") } else { report.title.clone() };
    Document {
        language: voice.language(),
        title,
        lead: voice.text(
            "report-lead",
            &[
                ("to", later(report.closed.or(report.figures.to))),
                ("at", later(report.figures.at)),
                ("from", first),
                ("aim", writer.word("aim", &id_of(&report.aim))),
            ],
        ),
        contents: writer.say("report-contents"),
        sections: sections::all(&writer),
    }
}
