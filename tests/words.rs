//! What the program says in English is what the catalogue translates, and nothing that it does not say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::type_complexity,
    reason = "a test stops where it fails"
)]

use std::path::{Path, PathBuf};

use warroom::ui::detail::told;
use warroom::ui::words::{Lang, Words};

/// Where the texts stand that the catalogue translates.
const SPEAKING: [&str; 25] = [
    "src/feed",
    "src/config",
    "src/journal.rs",
    "src/customers.rs",
    "src/cli.rs",
    "src/cli/trial.rs",
    "src/cli/look.rs",
    "src/cli/log.rs",
    "src/cli/output.rs",
    "src/cli/planning.rs",
    "src/cli/lives.rs",
    "src/cli/rehearsed.rs",
    "src/interview.rs",
    "src/app/terminal.rs",
    "src/app/reporting.rs",
    "src/app/settling.rs",
    "src/replay/copy.rs",
    "src/replay/player.rs",
    "src/replay/scan.rs",
    "src/files.rs",
    "src/rehearsal/keys.rs",
    "src/lives/import.rs",
    "src/lives/mapping.rs",
    "src/lives/sheet.rs",
    "src/lessons.rs",
];

/// Texts of these files that no operator reads as they are: parts of others, of protocols, of SQL, of the log, of what others say.
const SILENT: &[&str] = &[
    // parts that are put together, each of which tests/portuguese.rs shows
    "`7` is not 7",
    "the feed `7`",
    "the action `7`",
    "7 brokers",
    "7 partitions",
    "the topic `7` has more than 7",
    "true or false",
    "a number from 7 to 7",
    "a whole number from 7 to 7",
    "an array of tables",
    "a list of texts",
    "durable consumer",
    "unauthorized: a delivery 7",
    "without a signature",
    "with a time that is not near ours",
    "with a wrong signature",
    "while the secret is not set",
    "a signature is made of 7 and variables: write one of them, or declare it under [variables.7]",
    "begin it with 7:// (7:// for a server on this machine), as \"7://shop.example\"",
    " (did you mean `7`?)",
    "write its IANA name, as America/Sao_Paulo7",
    "`7` is no name for a 7",
    "there is no",
    "jq: there is no 7 `7`",
    "7, for this file is missing or empty",
    "loses money: at a margin of 7 ads break even at 7",
    "would leave `7` a margin of 7, under its floor of 7",
    "is 7, above the product's margin of 7",
    "is 7, which price and cost contradict",
    "is 7, above the 7 that `7` allows",
    "leaves `7` a margin of 7, under its floor of 7",
    "leaves a margin of 7, under the floor of 7",
    "another warroom is writing this journal7",
    "not a warroom journal (7)",
    "the journal of another live (7 7)",
    "of 7 is nowhere",
    "of 7 cannot be read from its file",
    ", and its end cannot be read",
    "7: damaged: 7 records are missing7; the rest was written",
    "the scenario of 7, which is not there",
    "the live of 7, which is not there",
    "7, which is no shipped scenario",
    "7: pressed in 7; give it: 7",
    "7 did not read everything again within 7 s7; try later",
    "7: holds no event to play7",
    "mapping `7`: no file, and 7",
    // what is written as it stands
    "{ts}, {body}, {h.NAME} (a header), {q.NAME} (a parameter of the address)",
    "offset, page, token, link, since, queue",
    "hmac, shared_header, refetch, open",
    "calls = 5, per_s = 10",
    "cargo build --release --features 7",
    "raw uri number epoch_s epoch_ms date strftime:… local:…",
    "name = \"influencer\"",
    "warroom forget c-17",
    // what others say, and what is said to them
    "closed with 7 7",
    "buffer is too small",
    "tls handshake",
    "from connection",
    "overflowed its stack",
    "memory allocation of",
    "timed out",
    "no responders",
    "PRIVATE KEY",
    "NICK 7_",
    "# warroom keys:",
    "7 scenario 7, seed 7, speed 77\n",
    "Client Key",
    "Server Key",
    "Basic 7",
    "warroom desk",
    "text/plain; charset=utf-8",
    "PING :warroom",
    "[feeds.tried]\nplatform = 7\n",
    "7 = { env = \"UNUSED\" }\n",
    // cells of a table, names of columns
    "GMV paid",
    "variant sku",
    "seller sku",
    "product name",
    "variant price",
    "cost per item",
    "margem mínima",
    "margem minima",
    "desconto máximo",
    "desconto maximo",
    "variant inventory qty",
    "unidades esperadas",
    // the log
    "a payload is mapped again: 7",
    // the list of lives is English as a whole
    "no lives yet in 7",
    "7 say --yes where nobody can be asked",
    "it has: 7",
];

fn sources() -> Vec<PathBuf> {
    fn read(path: &Path, into: &mut Vec<PathBuf>) {
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().flatten().for_each(|entry| read(&entry.path(), into));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            into.push(path.to_owned());
        }
    }
    let mut files = Vec::new();
    SPEAKING.iter().for_each(|place| read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(place), &mut files));
    files
}

/// The texts of a source file before its tests.
fn texts(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(next) = source[at..].find(['"', '\'', '/', 'r']) {
        at += next;
        let after = &source[at..];
        let marks = after[1..].bytes().take_while(|b| *b == b'#').count();
        if after.starts_with("//") {
            at += after.find('\n').unwrap_or(after.len());
        } else if after.starts_with('r') && after[1 + marks..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(marks));
            at += marks + 2 + after[marks + 2..].find(&end).unwrap() + end.len();
        } else if let Some(inside) = after.strip_prefix('"') {
            let (text, length) = quoted(inside);
            if !source[..at].trim_end().ends_with("reason =") {
                found.push(text);
            }
            at += 1 + length;
        } else if let Some(inside) = after.strip_prefix('\'') {
            // a character, or a lifetime
            let escaped = inside.starts_with('\\').then(|| inside[2..].find('\'').unwrap() + 4);
            let one = inside.chars().next().map_or(0, char::len_utf8);
            let plain = inside[one..].starts_with('\'').then_some(one + 2);
            at += escaped.or(plain).unwrap_or(1);
        } else {
            at += 1;
        }
    }
    found
}

/// A text up to its closing quote, unescaped, and how long it is in the source.
fn quoted(source: &str) -> (String, usize) {
    let mut text = String::new();
    let mut chars = source.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, at + 1),
            '\\' => match chars.next().unwrap().1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                '\n' => while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    (text, source.len())
}

/// A format's text with 7 for each value.
fn put_in(format: &str) -> String {
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        if rest[at + 1..].starts_with(brace) {
            text.push_str(brace);
            rest = &rest[at + 2..];
            continue;
        }
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        // braces of a text that is no format
        let inside = &rest[at + 1..end.saturating_sub(1).max(at + 1)];
        if inside.contains(' ') {
            text.push_str(&rest[at..end])
        } else {
            text.push('7')
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
    text
}

/// English words of a text, beside what is code, a name or a value.
fn words_of(text: &str) -> usize {
    let mut code = false;
    let plain: String = text
        .chars()
        .map(|c| {
            if c == '`' {
                code = !code;
                ' '
            } else if code {
                ' '
            } else {
                c
            }
        })
        .collect();
    plain.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1 && word.chars().any(char::is_lowercase)).count()
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(": ").flat_map(|part| part.split("; "))
}

#[test]
fn what_the_program_says_the_catalogue_translates() {
    let pt = Words::new(Lang::PtBr);
    let mut untold = Vec::new();
    for file in sources() {
        for text in texts(&std::fs::read_to_string(&file).unwrap()) {
            let (plain, text) = (text.clone(), put_in(&text));
            let is_sql = ["SELECT", "UPDATE", "INSERT", "CREATE", "DELETE", "ALTER", "PRAGMA"].iter().any(|verb| text.contains(verb));
            if words_of(&text) < 2 || !text.contains(' ') || is_sql || SILENT.contains(&text.as_str()) {
                continue;
            }
            let named = format!("`x` {text}");
            // a text that is no format has its braces as they stand
            let is_told = |said: &str| {
                let told = told(said, &pt);
                parts(said).filter(|part| words_of(part) > 1 && !SILENT.contains(part)).all(|part| !told.contains(part))
            };
            if ![&text, &named, &plain].into_iter().any(|said| is_told(said)) {
                untold.push(format!("{}: {text}", file.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    assert!(untold.is_empty(), "give these to config/words under detail-…, or name them in SILENT:\n{}", untold.join("\n"));
}

#[test]
fn what_the_catalogue_translates_is_what_the_program_says() {
    let read = |file: &PathBuf| texts(&std::fs::read_to_string(file).unwrap()).into_iter().flat_map(|text| [put_in(&text), text]);
    let mut said: Vec<String> = sources().iter().flat_map(read).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for place in ["src/cli", "src/journal", "src/experience.rs", "src/simulate/scenario.rs", "src/engine/spelling.rs"] {
        let path = root.join(place);
        let files =
            if path.is_dir() { std::fs::read_dir(&path).unwrap().flatten().map(|entry| entry.path()).collect() } else { vec![path] };
        said.extend(files.iter().filter(|file| file.is_file()).flat_map(read));
    }
    for platform in std::fs::read_dir(root.join("config/platforms")).unwrap().flatten() {
        said.push(std::fs::read_to_string(platform.path()).unwrap().replace("\\\"", "\""));
    }
    let said = said.join("\n");
    let english = Words::new(Lang::En);
    let ours = english.plain("detail-").filter(|(key, _)| !key.starts_with("detail-os-") && !key.starts_with("detail-client-"));
    let (mut checked, mut unsaid) = (0, Vec::new());
    for (key, text) in ours {
        let piece = text.split(['#', '§']).max_by_key(|piece| piece.len()).unwrap();
        // numbers and choices of words may be put in too
        let piece = piece.split(|c: char| c.is_ascii_digit()).max_by_key(|piece| piece.len()).unwrap().trim_matches([' ', '%', '(', ')']);
        let is_said = is_made(piece, &said, MOST_CUTS) || BY_CHOICE.contains(&key);
        if !is_said {
            unsaid.push(format!("{key}: {piece}"));
        }
        checked += 1;
    }
    assert!(unsaid.is_empty(), "nobody says:\n{}", unsaid.join("\n"));
    assert!(checked > 400, "{checked}");
}

/// Texts of the source that one saying is put together of, less one.
const MOST_CUTS: usize = 2;
/// Put together of more.
const BY_CHOICE: [&str; 7] = [
    "detail-begin-https",
    "detail-begin-wss",
    "detail-cli-damaged-end",
    "detail-journal-cut",
    "detail-journal-empty",
    "detail-journal-foreign",
    "detail-journal-no-sqlite",
];

/// True for what stands in the source, as a whole or in pieces that begin at a word.
fn is_made(piece: &str, said: &str, cuts: usize) -> bool {
    said.contains(piece)
        || cuts > 0 && piece.match_indices(' ').any(|(at, _)| said.contains(&piece[..at]) && is_made(&piece[at + 1..], said, cuts - 1))
}
