//! A TOML document read so that every error is found at once, each with file, line and remedy.
//!
//! [`Section`] hands out the fields of a table one by one and remembers which were asked for; what nobody asked for
//! is an unknown field, reported by [`Section::finish`].

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Something in a file that must be put right before anything is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// From 1.
    pub line: usize,
    pub what: String,
    pub remedy: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}; {}", self.file, self.line, self.what, self.remedy)
    }
}

/// A file's text with the problems found in it so far.
#[derive(Debug)]
pub struct Document<'d> {
    pub file: &'d str,
    pub text: &'d str,
    problems: RefCell<Vec<Problem>>,
}

impl<'d> Document<'d> {
    #[must_use]
    pub const fn new(file: &'d str, text: &'d str) -> Self {
        Self { file, text, problems: RefCell::new(Vec::new()) }
    }

    /// Parses the text; `None`, with the syntax errors noted, when it is no TOML.
    pub fn parse(&self) -> Option<DeTable<'d>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            self.note(error.span().unwrap_or(0..0), format!("is no TOML: {message}"), "write it as TOML 1.0 asks");
        }
        errors.is_empty().then(|| table.into_inner())
    }

    /// Notes a problem at a place of the text.
    pub fn note(&self, span: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) {
        let line = line_of(self.text, span.start);
        self.note_line(line, what, remedy);
    }

    /// Notes a problem on a line.
    pub fn note_line(&self, line: usize, what: impl Into<String>, remedy: impl Into<String>) {
        let problem = Problem { file: self.file.to_owned(), line, what: what.into(), remedy: remedy.into() };
        self.problems.borrow_mut().push(problem);
    }

    /// Notes problems of another file.
    pub fn note_all(&self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.borrow_mut().extend(problems);
    }

    /// Everything noted so far, in order of lines; the document is clean afterwards.
    pub fn take_problems(&self) -> Vec<Problem> {
        let mut problems = std::mem::take(&mut *self.problems.borrow_mut());
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        problems.dedup();
        problems
    }
}

/// The line (from 1) that a byte of the text stands on.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

/// One table of a document.
#[derive(Debug)]
pub struct Section<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    /// `request[orders].body`, for messages; empty for the root.
    path: String,
    span: Range<usize>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'d> Section<'d> {
    #[must_use]
    pub const fn root(document: &'d Document<'d>, table: &'d DeTable<'d>) -> Self {
        Self { document, table, path: String::new(), span: 0..0, asked: RefCell::new(BTreeSet::new()) }
    }

    fn child(&self, table: &'d DeTable<'d>, path: String, span: Range<usize>) -> Section<'d> {
        Section { document: self.document, table, path, span, asked: RefCell::new(BTreeSet::new()) }
    }

    #[must_use]
    pub const fn document(&self) -> &'d Document<'d> {
        self.document
    }
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
    /// Where the table begins.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The name of a field for messages.
    #[must_use]
    pub fn name_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A field as it stands; it counts as asked for.
    pub fn value(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key)
    }

    fn expected(&self, key: &str, span: Range<usize>, kind: &str) {
        self.document.note(span, format!("`{}` is not {kind}", self.name_of(key)), format!("give {kind}"));
    }

    /// Notes that a field is wrong.
    pub fn wrong(&self, key: &str, what: impl std::fmt::Display, remedy: impl Into<String>) {
        let span = self.table.get(key).map_or(self.span(), Spanned::span);
        self.document.note(span, format!("`{}` {what}", self.name_of(key)), remedy);
    }

    /// A remark on a field, or on the table where it is not given: nothing wrong, but worth a look.
    #[must_use]
    pub fn remark(&self, key: &str, what: impl std::fmt::Display, remedy: impl Into<String>) -> Problem {
        let span = self.table.get(key).map_or(self.span(), Spanned::span);
        let name = if key.is_empty() { self.path.clone() } else { self.name_of(key) };
        Problem {
            file: self.document.file.to_owned(),
            line: line_of(self.document.text, span.start),
            what: format!("`{name}` {what}"),
            remedy: remedy.into(),
        }
    }

    /// Notes that a field must be there.
    pub fn missing(&self, key: &str, remedy: impl Into<String>) {
        self.document.note(self.span(), format!("`{}` is missing", self.name_of(key)), remedy);
    }

    pub fn text(&self, key: &str) -> Option<&'d str> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.expected(key, value.span(), "text");
        }
        text
    }

    pub fn required_text(&self, key: &str, remedy: &str) -> Option<&'d str> {
        if !self.has(key) {
            self.missing(key, remedy);
        }
        self.text(key)
    }

    pub fn flag(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.expected(key, value.span(), "true or false");
        }
        flag
    }

    /// A number of seconds (or pieces) within limits; fractions are allowed.
    pub fn number(&self, key: &str, limits: std::ops::RangeInclusive<f64>) -> Option<f64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(n) => n.as_str().parse::<f64>().ok(),
            DeValue::Float(n) => n.as_str().parse::<f64>().ok(),
            _ => None,
        };
        match number {
            Some(number) if limits.contains(&number) => Some(number),
            _ => {
                self.expected(key, value.span(), &format!("a number from {} to {}", limits.start(), limits.end()));
                None
            }
        }
    }

    /// A whole number within limits.
    pub fn count(&self, key: &str, limits: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(n) => n.as_str().parse::<u32>().ok().filter(|n| limits.contains(n)),
            _ => None,
        };
        if number.is_none() {
            self.expected(key, value.span(), &format!("a whole number from {} to {}", limits.start(), limits.end()));
        }
        number
    }

    /// A word out of a closed list.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.wrong(key, format!("is `{text}`, which is none of its values"), format!("write one of: {}", names.join(", ")));
        }
        found
    }

    pub fn section(&self, key: &str) -> Option<Section<'d>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(self.child(table, self.name_of(key), value.span())),
            _ => {
                self.expected(key, value.span(), "a table");
                None
            }
        }
    }

    /// An array of tables, each named by its `name` field or its number.
    pub fn sections(&self, key: &str) -> Vec<Section<'d>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else {
            self.expected(key, value.span(), "an array of tables");
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let DeValue::Table(table) = item.get_ref() else {
                self.expected(key, item.span(), "an array of tables");
                continue;
            };
            let name = table.get("name").and_then(|name| name.get_ref().as_str()).map_or_else(|| (index + 1).to_string(), str::to_owned);
            sections.push(self.child(table, format!("{}[{name}]", self.name_of(key)), item.span()));
        }
        sections
    }

    /// A list of texts; a single text is a list of one.
    pub fn texts(&self, key: &str) -> Vec<&'d str> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::String(text) => vec![text],
            DeValue::Array(list) => self.texts_of(key, list),
            _ => {
                self.expected(key, value.span(), "a list of texts");
                Vec::new()
            }
        }
    }

    fn texts_of(&self, key: &str, list: &'d DeArray<'d>) -> Vec<&'d str> {
        let mut texts = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(text),
                None => self.expected(key, item.span(), "a list of texts"),
            }
        }
        texts
    }

    /// Every field by name in the order of the file; all count as asked for.
    pub fn entries(&self) -> Vec<(&'d str, &'d Spanned<DeValue<'d>>)> {
        let mut entries: Vec<(&'d str, &'d Spanned<DeValue<'d>>)> =
            self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), value)).collect();
        entries.sort_by_key(|(_, value)| value.span().start);
        self.asked.borrow_mut().extend(entries.iter().map(|(key, _)| (*key).to_owned()));
        entries
    }

    /// Reports the fields that nobody asked for.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for key in self.table.keys().filter(|key| !asked.contains(key.get_ref().as_ref())) {
            let known: Vec<&str> = asked.iter().map(String::as_str).collect();
            let remedy =
                if known.is_empty() { "remove it".to_owned() } else { format!("remove it, or write one of: {}", known.join(", ")) };
            self.document.note(key.span(), format!("`{}` is not known here", self.name_of(key.get_ref())), remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_of_a_file_is_found_at_once_with_its_line() {
        let document = Document::new("x.toml", "name = 3\n[request]\ninterval_s = \"soon\"\nspeed = 2\n");
        let table = document.parse().expect("TOML");
        let root = Section::root(&document, &table);
        assert_eq!(root.text("name"), None);
        let request = root.section("request").expect("a table");
        assert_eq!(request.number("interval_s", 0.1..=60.0), None);
        request.finish();
        root.finish();
        let problems = document.take_problems();
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(problems[2].to_string(), "x.toml:4: `request.speed` is not known here; remove it, or write one of: interval_s");
    }

    #[test]
    fn a_file_that_is_no_toml_says_where() {
        let document = Document::new("x.toml", "a = 1\nb = = 2\n");
        assert!(document.parse().is_none());
        assert_eq!(document.take_problems()[0].line, 2);
    }
}
