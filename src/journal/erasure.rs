//! A person is taken out of a journal: every trace is put in place of by an alias that leads nowhere, so that the figures
//! stay what they were; then the file is written anew, so that no page of it still holds the old bytes.

use std::path::Path;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use rusqlite::Connection;
use serde_json::Value;

use super::lock::WriteLock;
use super::{JournalError, format, salvage};

/// Names that are shorter are only looked for where a whole field is equal to them.
const LEAST_IN_TEXT: usize = 3;

/// Fields that name no person: the words of the vocabulary, products, places in the file.
const NO_PERSON: [&str; 24] = [
    "type", "ts", "at", "source", "status", "kind", "currency", "channel", "metric", "sku", "product", "segment", "method", "cart",
    "order", "rev", "id", "medium", "campaign", "name", "title", "format", "theme", "reason",
];

/// A person as the files of a desk know them, and the alias that takes their place.
#[derive(Clone, Debug)]
pub struct Person {
    /// Keyed hashes, as customer and as chat author.
    pub hashes: Vec<String>,
    /// As the platform calls them.
    pub name: String,
    /// Leads nowhere; the person's visits get it with a number.
    pub alias: String,
}

/// What was changed in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    pub rows: u64,
}

/// What is looked for, and what stands there afterwards.
struct Search<'p> {
    person: &'p Person,
    finder: AhoCorasick,
    /// Visits that were seen together with the person.
    visitors: Vec<String>,
}

impl Search<'_> {
    fn touches(&self, text: &str) -> bool {
        self.finder.is_match(text) || self.visitors.iter().any(|visitor| text.contains(visitor.as_str()))
    }

    /// The text without the person; `None` where it does not name them.
    fn without(&self, text: &str) -> Option<String> {
        if !self.touches(text) {
            return None;
        }
        let cleaned = match serde_json::from_str::<Value>(text) {
            Ok(mut value) if value.is_object() || value.is_array() => {
                self.clean(&mut value, true);
                value.to_string()
            }
            _ => self.clean_text(text, true),
        };
        (cleaned != text).then_some(cleaned)
    }

    fn clean(&self, value: &mut Value, names_persons: bool) {
        match value {
            Value::String(text) => *text = self.clean_text(text, names_persons),
            Value::Array(list) => list.iter_mut().for_each(|item| self.clean(item, names_persons)),
            Value::Object(members) => {
                for (name, item) in members.iter_mut() {
                    self.clean(item, !NO_PERSON.contains(&name.as_str()));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A field that is the person becomes the alias; a hash is replaced wherever it stands, a name where it is a word.
    fn clean_text(&self, text: &str, names_persons: bool) -> String {
        let alias = &self.person.alias;
        let fold = |text: &str| text.trim().to_lowercase();
        if let Some(place) = self.visitors.iter().position(|visitor| visitor == text) {
            return format!("{alias}{}", place + 1);
        }
        if names_persons && fold(text) == fold(&self.person.name) {
            return alias.clone();
        }
        // a document within a text: the body of a control record
        if text.starts_with(['{', '['])
            && let Ok(mut inner) = serde_json::from_str::<Value>(text)
        {
            self.clean(&mut inner, true);
            return inner.to_string();
        }
        let mut cleaned = text.to_owned();
        for hash in &self.person.hashes {
            cleaned = cleaned.replace(hash.as_str(), alias);
        }
        let looks_in_text = names_persons && self.person.name.chars().count() >= LEAST_IN_TEXT;
        if looks_in_text { replace_word(&cleaned, &self.person.name, alias) } else { cleaned }
    }
}

/// Replaces a name where it stands as a word of its own, letter case aside.
fn replace_word(text: &str, name: &str, alias: &str) -> String {
    let Ok(finder) = AhoCorasickBuilder::new().ascii_case_insensitive(true).build([name]) else { return text.to_owned() };
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for found in finder.find_iter(text) {
        if joins(text[..found.start()].chars().next_back()) || joins(text[found.end()..].chars().next()) {
            continue;
        }
        out.push_str(&text[from..found.start()]);
        out.push_str(alias);
        from = found.end();
    }
    out.push_str(&text[from..]);
    out
}

/// Takes a person out of a journal.
///
/// # Errors
/// When it is being written, is damaged, or cannot be written.
pub fn erase(path: &Path, person: &Person) -> Result<Erased, JournalError> {
    let _held = WriteLock::take(path)?;
    salvage::repair(path)?;
    let connection = format::open_for_writing(path)?;
    let sql = |cause| JournalError::sql(path, cause);
    let needles: Vec<&str> = person.hashes.iter().map(String::as_str).chain([person.name.as_str()]).collect();
    let finder = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(needles);
    let finder = finder.map_err(|cause| JournalError::Io { path: path.to_owned(), cause: std::io::Error::other(cause) })?;
    let mut search = Search { person, finder, visitors: Vec::new() };
    search.visitors = visitors(&connection, &search).map_err(sql)?;
    let rows = rewrite(&connection, &search).map_err(sql)?;
    if rows > 0 {
        settle(&connection).map_err(sql)?;
    }
    connection.close().map_err(|(_, cause)| sql(cause))?;
    Ok(Erased { rows })
}

/// The visits of records that name the person by a hash.
fn visitors(connection: &Connection, search: &Search<'_>) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare("SELECT body FROM record")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(0)?.as_str().unwrap_or_default();
        if !search.person.hashes.iter().any(|hash| body.contains(hash.as_str())) {
            continue;
        }
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        if let Some(visitor) = value.get("visitor").and_then(Value::as_str)
            && !found.iter().any(|known| known == visitor)
        {
            found.push(visitor.to_owned());
        }
    }
    Ok(found)
}

/// Every text of the file that may name somebody: table, key, column.
const PLACES: [(&str, &str, &str); 6] = [
    ("record", "rowid", "body"),
    ("quarantine", "rowid", "place"),
    ("quarantine", "rowid", "detail"),
    ("quarantine", "rowid", "beginning"),
    ("meta", "key", "value"),
    ("cursor", "feed", "position"),
];

fn rewrite(connection: &Connection, search: &Search<'_>) -> rusqlite::Result<u64> {
    connection.pragma_update(None, "secure_delete", true)?;
    let transaction = connection.unchecked_transaction()?;
    let mut changed = 0;
    for (table, key, column) in PLACES {
        let mut found: Vec<(rusqlite::types::Value, String)> = Vec::new();
        let mut statement = transaction.prepare(&format!("SELECT {key}, {column} FROM {table}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(cleaned) = search.without(row.get_ref(1)?.as_str().unwrap_or_default()) {
                found.push((row.get(0)?, cleaned));
            }
        }
        let mut update = transaction.prepare(&format!("UPDATE {table} SET {column} = ?2 WHERE {key} = ?1"))?;
        for (at, cleaned) in found {
            update.execute((at, cleaned))?;
            changed += 1;
        }
    }
    transaction.commit()?;
    Ok(changed)
}

/// Writes the whole file anew and leaves nothing beside it.
///
/// # Errors
/// When another connection holds the file, or it cannot be written.
pub fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.execute_batch("VACUUM")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_replaced_as_a_word_and_never_inside_one() {
        assert_eq!(replace_word("Ana, ANA e Anabela: ana!", "ana", "x"), "x, x e Anabela: x!");
        assert_eq!(replace_word("nothing", "ana", "x"), "nothing");
    }
}
