//! `warroom lives` and `warroom forget`: earlier lives listed, imported, kept for so long; a person taken out of all of them.

use std::io::{BufReader, IsTerminal, stderr, stdin};
use std::path::{Path, PathBuf};

use super::args::{ImportArgs, LivesArgs};
use super::output::{Failure, code, print, table};
use crate::clock;
use crate::config::paths::{Folders, journals_in};
use crate::customers::{Ledger, Pseudonyms};
use crate::engine::money::Currency;
use crate::interview::talk::Talk;
use crate::journal::erasure::{Person, erase};
use crate::lives::import::{Imported, Request, import};
use crate::lives::mapping::Mapping;
use crate::lives::{self, Life, retention};
use crate::ui::words::Words;

/// Lists the lives that have these words, or ends those that are too old.
///
/// # Errors
/// When the folder cannot be read, or a life cannot be removed.
pub fn run(arguments: &LivesArgs, words: &Words, folders: &Folders) -> Result<u8, Failure> {
    let folder = folders.journals();
    let found = lives::list(&folder, &arguments.words).map_err(|cause| Failure::other(format!("{}: {cause}", folder.display())))?;
    match &arguments.keep {
        Some(keep) => end_older(&found, keep, arguments.yes, words, folders),
        None => list(&found, &folder),
    }
}

fn list(found: &[Life], folder: &Path) -> Result<u8, Failure> {
    if found.is_empty() {
        print(|out| writeln!(out, "no lives yet in {}", folder.display()))?;
        return Ok(code::DONE);
    }
    print(|out| out.write_all(listed(found).as_bytes()))?;
    Ok(code::DONE)
}

fn listed<'l>(lives: impl IntoIterator<Item = &'l Life>) -> String {
    let head = ["live", "begins", "length", "GMV paid", "orders", "conversion", "state", "file"].map(str::to_owned);
    let rows: Vec<[String; 8]> = std::iter::once(head)
        .chain(lives.into_iter().map(|life| life.cells().map(|cell| crate::engine::text::clean(&cell, 200).to_string())))
        .collect();
    table(&rows)
}

/// Asks a person; without one the word must have been given.
fn agreed(question: &str, yes: bool, words: &Words) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !stdin().is_terminal() {
        return Err(Failure::new(code::CONFIGURATION, format!("{question} say --yes where nobody can be asked")));
    }
    Talk::new(BufReader::new(stdin()), stderr(), true).agrees(question, words, false).map_err(Failure::other)
}

fn end_older(found: &[Life], keep: &str, yes: bool, words: &Words, folders: &Folders) -> Result<u8, Failure> {
    let age = retention::age_ms(keep)
        .ok_or_else(|| Failure::new(code::CONFIGURATION, format!("--keep {keep}: write days, weeks or years, as 400d, 26w, 2y")))?;
    let before = clock::wall_now().plus_ms(-age);
    let old = retention::older_than(found, before);
    if old.is_empty() {
        print(|out| writeln!(out, "{}", words.get("lives-none-older")))?;
        return Ok(code::DONE);
    }
    print(|out| out.write_all(listed(old.iter().copied()).as_bytes()))?;
    if !agreed(&words.text("lives-remove", &[("n", old.len().into())]), yes, words)? {
        return Ok(code::FAILED);
    }
    let mut failed = false;
    for life in &old {
        if let Err(error) = retention::remove(&life.path) {
            failed = true;
            Failure::other(error).tell(words);
        }
    }
    if folders.customers().exists() {
        Ledger::open(&folders.customers()).and_then(|ledger| ledger.forget_before(before)).map_err(Failure::other)?;
    }
    Ok(if failed { code::FAILED } else { code::DONE })
}

/// Imports the lives of a platform's export.
///
/// # Errors
/// With everything that is wrong in the mapping or the file.
pub fn import_lives(arguments: ImportArgs, words: &Words, folders: &Folders) -> Result<u8, Failure> {
    let ImportArgs { file, map, zone, currency, format, title } = arguments;
    let wrong = |what: String| Failure::new(code::CONFIGURATION, what);
    let mapping = Mapping::open(&map).map_err(|problems| Failure::configuration(&problems))?;
    let zone = zone.parse().map_err(|_| wrong(format!("--zone {zone}: no IANA name, as America/Sao_Paulo")))?;
    let currency = Currency::parse(&currency)
        .filter(|currency| currency.is_named())
        .ok_or_else(|| wrong(format!("--currency {currency}: not in ISO 4217; write its three letters, as BRL")))?;
    let request = Request { file, mapping, zone, currency, format, title };
    let imported = import(&request, folders).map_err(|lines| Failure { code: code::FAILED, lines })?;
    print(|out| {
        imported.iter().try_for_each(|life| {
            let (key, title, at, journal) = match life {
                Imported::Written { title, at, journal } => ("lives-imported", title, at, journal),
                Imported::Known { title, at, journal } => ("lives-known", title, at, journal),
            };
            let day = at.utc().with_timezone(&request.zone).format("%Y-%m-%d %H:%M").to_string();
            let title = crate::engine::text::clean(title, 120).to_string();
            writeln!(
                out,
                "{}",
                words.text(key, &[("title", title.into()), ("day", day.into()), ("file", journal.display().to_string().into())])
            )
        })
    })?;
    Ok(code::DONE)
}

/// Takes a person out of the ledger and of every journal.
///
/// # Errors
/// When the key cannot be read, or a file cannot be written; the rest is done all the same.
pub fn forget(customer: &str, more: Vec<PathBuf>, yes: bool, words: &Words, folders: &Folders) -> Result<u8, Failure> {
    let customer = customer.trim();
    if customer.is_empty() {
        return Err(Failure::new(code::CONFIGURATION, "name the customer as the shop does: warroom forget c-17"));
    }
    if !agreed(words.get("forget-ask"), yes, words)? {
        return Ok(code::FAILED);
    }
    let people = Pseudonyms::open(&folders.people_key()).map_err(Failure::other)?;
    let hashes = vec![people.customer(customer).to_string(), people.author(customer).to_string()];
    let alias = Pseudonyms::alias().map_err(Failure::other)?;
    let person = Person { hashes, name: customer.to_owned(), alias };
    let mut failures: Vec<String> = Vec::new();
    let mut changed = 0u64;
    if folders.customers().exists() {
        let forgotten = Ledger::open(&folders.customers()).and_then(|ledger| ledger.forget(&person.hashes[0], &person.alias));
        match forgotten {
            Ok(rows) => changed += rows as u64,
            Err(error) => failures.push(error.to_string()),
        }
    }
    let mut journals = more;
    for folder in [folders.journals(), folders.data.join("rehearsals")] {
        journals.extend(journals_in(&folder).map_err(|cause| Failure::other(format!("{}: {cause}", folder.display())))?);
    }
    for journal in &journals {
        match erase(journal, &person) {
            Ok(erased) => changed += erased.rows,
            Err(error) => failures.push(error.to_string()),
        }
    }
    let told = words.text("forget-done", &[("rows", changed.into()), ("journals", journals.len().into())]);
    print(|out| writeln!(out, "{told}"))?;
    if failures.is_empty() { Ok(code::DONE) } else { Err(Failure { code: code::FAILED, lines: failures }) }
}
