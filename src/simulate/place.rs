//! Where something stands in a scenario's text: the line of a key, of a table in a list, of an entry of a list.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(Cow<'static, str>),
    /// An entry of a list, from 0.
    Entry(usize),
}

/// Something wrong with a scenario, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1; the nearest line that the file has of it, where it comes from the base that the file names.
    pub line: usize,
    pub what: String,
    pub remedy: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.line, self.what, self.remedy)
    }
}

/// A text and what is wrong with it so far.
#[derive(Debug)]
pub struct Sheet<'t> {
    text: &'t str,
    table: Option<DeTable<'t>>,
    pub problems: Vec<Problem>,
}

impl<'t> Sheet<'t> {
    /// Parses the text; every error of writing is noted.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut sheet = Self { text, table: errors.is_empty().then(|| table.into_inner()), problems: Vec::new() };
        for error in &errors {
            let line = sheet.line_at(error.span().unwrap_or(0..0).start);
            let what = error.message().lines().next().unwrap_or_default().to_owned();
            sheet.problems.push(Problem { line, what, remedy: "write it as TOML asks".into() });
        }
        sheet
    }

    /// True where the text itself has the key, not what it is laid over.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.as_ref().is_some_and(|table| table.iter().any(|(written, _)| written.get_ref().as_ref() == key))
    }

    /// Notes a problem at a place.
    pub fn note(&mut self, place: &[Step], what: impl Into<String>, remedy: impl Into<String>) {
        let line = self.line_of(place);
        self.problems.push(Problem { line, what: what.into(), remedy: remedy.into() });
    }

    fn line_at(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    /// The line of a place, or of the last step that the text has of it.
    fn line_of(&self, place: &[Step]) -> usize {
        let span = self.table.as_ref().and_then(|table| walk(table, place)).unwrap_or(0..0);
        self.line_at(span.start)
    }
}

fn walk(table: &DeTable<'_>, place: &[Step]) -> Option<Range<usize>> {
    let (Step::Key(key), rest) = place.split_first()? else { return None };
    let (written, value) = table.iter().find(|(written, _)| written.get_ref().as_ref() == key.as_ref())?;
    Some(walk_value(value, rest).unwrap_or_else(|| written.span()))
}

fn walk_value(value: &Spanned<DeValue<'_>>, place: &[Step]) -> Option<Range<usize>> {
    let (first, rest) = place.split_first()?;
    match (first, value.get_ref()) {
        (Step::Entry(entry), DeValue::Array(entries)) => {
            let entry = entries.get(*entry)?;
            Some(walk_value(entry, rest).unwrap_or_else(|| entry.span()))
        }
        (Step::Key(_), DeValue::Table(table)) => walk(table, place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, place: &[Step]) -> usize {
        Sheet::new(text).line_of(place)
    }

    #[test]
    fn a_place_is_found_as_far_as_the_text_has_it() {
        let text = "name = \"x\"\n\n[[products]]\nsku = \"A\"\n\n[[products]]\nsku = \"B\"\nprice = \"1\"\n\n[audience]\nplateau = 3.0\n";
        let (products, second) = (Step::Key("products".into()), Step::Entry(1));
        assert_eq!(line(text, &[products.clone(), second.clone(), Step::Key("price".into())]), 8);
        assert_eq!(line(text, &[products.clone(), second, Step::Key("cost".into())]), 6);
        assert_eq!(line(text, &[Step::Key("audience".into()), Step::Key("plateau".into())]), 11);
        assert_eq!(line(text, &[Step::Key("channels".into())]), 1);
        let inline = "incidents = [\n  { kind = \"surge\" },\n  { kind = \"outage\",\n at_min = 3 },\n]\n";
        assert_eq!(line(inline, &[Step::Key("incidents".into()), Step::Entry(1), Step::Key("at_min".into())]), 4);
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let sheet = Sheet::new("a = 1\nb = = 2\n");
        assert_eq!(sheet.problems.first().map(|problem| problem.line), Some(2), "{:?}", sheet.problems);
    }
}
