//! How the columns of an export are read: `config/imports/*.toml`, or a file of the operator's own.

use std::path::Path;

use crate::engine::metric::{Metric, Unit, definition};
use crate::engine::spelling;
use crate::feed::document::{Document, Problem, Section};

const SHIPPED: [(&str, &str); 3] = [
    ("tiktok_shop", include_str!("../../config/imports/tiktok_shop.toml")),
    ("shopee", include_str!("../../config/imports/shopee.toml")),
    ("minutes", include_str!("../../config/imports/minutes.toml")),
];

/// What a row of an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    Live,
    Minute,
}

/// How a metric's column is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Money,
    Count,
    /// A gauge: the viewers of a minute, the peak.
    Level,
    Seconds,
}

/// The columns of an export.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub name: String,
    pub title: String,
    pub rows: Rows,
    pub times: Vec<String>,
    /// Seconds that a bare number of the length column counts.
    pub length_unit_s: f64,
    pub column_title: Vec<String>,
    pub column_starts_at: Vec<String>,
    pub column_length: Vec<String>,
    pub metrics: Vec<(Metric, Taken, Vec<String>)>,
}

impl Mapping {
    /// A shipped mapping by its name, else the file of that name.
    ///
    /// # Errors
    /// With all problems of the file.
    pub fn open(named: &str) -> Result<Self, Vec<String>> {
        if let Some((name, text)) = SHIPPED.iter().find(|(name, _)| *name == named) {
            return Self::read(name, text);
        }
        let path = Path::new(named);
        if !path.is_file() {
            let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            return Err(vec![format!("mapping `{named}`: no file, and {}", spelling::remedy(named, &known))]);
        }
        let text = std::fs::read_to_string(path).map_err(|cause| vec![format!("{named}: {cause}")])?;
        Self::read(named, &text)
    }

    /// Reads a mapping's text.
    ///
    /// # Errors
    /// With all problems, each with its line.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<String>> {
        let document = Document::new(file, text);
        let told = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect();
        let Some(table) = document.parse() else { return Err(told(document.take_problems())) };
        let root = Section::root(&document, &table);
        let name = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let texts = |section: &Section<'_>, key: &str| section.texts(key).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let columns = root.section("columns");
        let column = |key: &str| columns.as_ref().map(|columns| texts(columns, key)).unwrap_or_default();
        let mapping = Self {
            name,
            title: root.required_text("title", "say what is exported").unwrap_or_default().to_owned(),
            rows: root.choice("rows", &[("live", Rows::Live), ("minute", Rows::Minute)]).unwrap_or(Rows::Live),
            times: texts(&root, "times"),
            length_unit_s: root.choice("length", &[("s", 1.0), ("min", 60.0), ("h", 3_600.0)]).unwrap_or(1.0),
            column_title: column("title"),
            column_starts_at: column("starts_at"),
            column_length: column("length"),
            metrics: root.section("metrics").map(|section| metrics(&section)).unwrap_or_default(),
        };
        if mapping.column_starts_at.is_empty() {
            root.missing("columns.starts_at", "name the column that says when the live (or the minute) began");
        }
        if mapping.metrics.is_empty() {
            root.missing("metrics", "map at least one metric to its column: gmv_paid = [\"Gross revenue\"]");
        }
        if let Some(columns) = columns {
            columns.finish();
        }
        root.finish();
        let problems = document.take_problems();
        if problems.is_empty() { Ok(mapping) } else { Err(told(problems)) }
    }
}

fn metrics(section: &Section<'_>) -> Vec<(Metric, Taken, Vec<String>)> {
    let mut found = Vec::new();
    for (id, _) in section.entries() {
        let names: Vec<String> = section.texts(id).into_iter().map(str::to_owned).collect();
        match Metric::parse(id).and_then(|metric| Some((metric, taken(metric)?))) {
            Some((metric, taken)) => found.push((metric, taken, names)),
            None => {
                section.wrong(id, "is no metric that an export can tell", "map counts, money, ccu, pcu or seconds; rates follow from them")
            }
        }
    }
    found
}

fn taken(metric: Metric) -> Option<Taken> {
    match (metric, definition(metric).unit) {
        (Metric::Ccu | Metric::Pcu | Metric::EngagedCcu, _) => Some(Taken::Level),
        (_, Unit::Money) => Some(Taken::Money),
        (_, Unit::Count) => Some(Taken::Count),
        (_, Unit::Seconds) => Some(Taken::Seconds),
        (_, Unit::Ratio | Unit::PerMinute | Unit::Minutes) => None,
    }
}
