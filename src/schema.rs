//! The formats of the product, printed by `warroom schema` and committed under `config/schema/`: generated from the types.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use crate::engine::event::Event;
use crate::engine::metric::METRICS;
use crate::engine::plan::Plan;
use crate::summary::Figures;

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One line of an input.
    Events,
    Plan,
    Summary,
    /// No schema: the table that the engine works by.
    Metrics,
}

impl Subject {
    pub const ALL: [Self; 4] = [Self::Events, Self::Plan, Self::Summary, Self::Metrics];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Plan => "plan",
            Self::Summary => "summary",
            Self::Metrics => "metrics",
        }
    }
    /// The subject with that name.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.id() == id)
    }

    /// Its document, pretty-printed, with its line end.
    #[must_use]
    pub fn print(self) -> String {
        let document = match self {
            Self::Events => schema::<Event>(SchemaSettings::draft2020_12(), "An event of a live broadcast, one JSON object a line"),
            Self::Plan => schema::<Plan>(SchemaSettings::draft2020_12(), "What a live broadcast was meant to be"),
            Self::Summary => schema::<Figures>(SchemaSettings::draft2020_12().for_serialize(), "The figures of a broadcast"),
            Self::Metrics => serde_json::to_value(METRICS).unwrap_or_default(),
        };
        serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
    }
}

fn schema<T: JsonSchema>(settings: SchemaSettings, title: &str) -> Value {
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schemas_are_those_of_the_types() {
        for subject in Subject::ALL {
            let path = format!("{}/config/schema/{}.json", env!("CARGO_MANIFEST_DIR"), subject.id());
            if std::env::var_os("WARROOM_BLESS").is_some() {
                std::fs::write(&path, subject.print()).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == subject.print(), "config/schema/{}.json is not up to date: run with WARROOM_BLESS=1", subject.id());
        }
    }
}
