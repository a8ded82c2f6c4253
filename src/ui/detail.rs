//! What a failure says beside its kind, and what is wrong or doubtful in a file: the program's own words in the operator's language;
//! a peer's stay as it said them.
//!
//! All of it is told in English in logs, journals and states. The catalogue has that English under `detail-…`, with `#` for a number,
//! an amount or a name in backticks and `§` for anything else, and the same in the operator's language.

use crate::engine::id::Table;
use crate::ui::words::{Lang, Words};

/// What the keys of such words begin with.
const PREFIX: &str = "detail-";
/// What stands between two sayings of one text.
const SEPARATORS: [&str; 2] = [": ", "; "];
/// Parts of a text that are one saying of the catalogue, at most.
const MOST_PARTS: usize = 4;
/// A number, an amount or a name in backticks.
const VALUE: char = '#';
/// Anything else that is not the program's own word.
const FOREIGN: char = '§';

/// The program's own sayings in English, each with the operator's.
#[derive(Debug, Default)]
pub struct Details {
    /// By the English, with [`VALUE`] for each value.
    known: Table<String, Saying>,
    /// What the English says between values that nothing marks.
    loose: Vec<(Vec<String>, String)>,
}

/// A saying in the operator's language.
#[derive(Debug)]
struct Saying {
    /// The values of the English that are given on; the others stand in the text as the catalogue has them.
    given: Vec<bool>,
    text: String,
}

impl Details {
    /// The sayings that both catalogues have.
    #[must_use]
    pub fn new(english: &Words, words: &Words) -> Self {
        let mut details = Self::default();
        for (key, said) in english.plain(PREFIX) {
            let text = words.get(key).to_owned();
            if said.contains(FOREIGN) {
                details.loose.push((said.split([VALUE, FOREIGN]).map(str::to_owned).collect(), text));
                continue;
            }
            let (pattern, values) = open(said);
            let given = values.into_iter().map(|value| value.len() == VALUE.len_utf8() && value.starts_with(VALUE)).collect();
            details.known.insert(pattern, Saying { given, text });
        }
        // what says more is looked for first
        details.loose.sort_by_key(|(pieces, _)| std::cmp::Reverse(pieces.iter().map(String::len).sum::<usize>()));
        details
    }

    fn translated(&self, part: &str) -> Option<String> {
        let (pattern, values) = open(part);
        if let Some(saying) = self.known.get(&pattern) {
            let given = values.into_iter().zip(&saying.given).filter(|(_, given)| **given).map(|(value, _)| value);
            return Some(filled(&saying.text, given));
        }
        self.loose.iter().find_map(|(pieces, text)| Some(filled(text, between(part, pieces)?)))
    }
}

/// A detail as the operator reads it: the longest sayings that are known, the rest as it is.
#[must_use]
pub fn told(detail: &str, words: &Words) -> String {
    let Some(details) = words.details() else { return detail.to_owned() };
    let parts = parts(detail);
    let (mut told, mut next) = (String::new(), 0);
    while next < parts.len() {
        let most = (next + MOST_PARTS).min(parts.len());
        let known = (next..most).rev().find_map(|last| Some((last, details.translated(&detail[parts[next].start..parts[last].end])?)));
        let (last, text) = known.unwrap_or_else(|| (next, detail[parts[next].clone()].to_owned()));
        told.push_str(&text);
        if let Some(after) = parts.get(last + 1) {
            told.push_str(&detail[parts[last].end..after.start]);
        }
        next = last + 1;
    }
    told
}

/// A failure, or what was put aside, by the name of its kind in the catalogue.
#[must_use]
pub fn named(text: &str, words: &Words) -> String {
    let (id, detail) = text.split_once(": ").unwrap_or((text, ""));
    let kind = id.replace('_', "-");
    let key = ["fault", "aside"].map(|list| format!("{list}-{kind}")).into_iter().find(|key| words.has(key));
    match (key, detail) {
        (None, _) => told(text, words),
        (Some(key), "") => words.get(&key).to_owned(),
        (Some(key), detail) => format!("{} ({})", words.get(&key), told(detail, words)),
    }
}

/// A failure, or what was put aside, as the glass shows it: its kind as the log has it, where that is the operator's language.
#[must_use]
pub fn shown(text: &str, words: &Words) -> String {
    if words.lang() == Lang::En { text.to_owned() } else { named(text, words) }
}

/// The parts of a text, as far as a separator cuts it outside of names in backticks.
fn parts(text: &str) -> Vec<std::ops::Range<usize>> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(separator) = SEPARATORS.iter().find(|separator| rest.starts_with(**separator)) {
            parts.push(start..at);
            at += separator.len();
            start = at;
        } else {
            at += name_length(rest).unwrap_or(c.len_utf8());
        }
    }
    parts.push(start..text.len());
    parts
}

/// A text with its values put in.
fn filled<'v>(text: &str, values: impl IntoIterator<Item = &'v str>) -> String {
    let mut values = values.into_iter();
    let mut told = String::new();
    for (number, piece) in text.split([VALUE, FOREIGN]).enumerate() {
        if number > 0 {
            told.push_str(values.next().unwrap_or_default());
        }
        told.push_str(piece);
    }
    told
}

/// What stands in a part between the pieces of a saying, where the part is made of them.
fn between<'t>(part: &'t str, pieces: &[String]) -> Option<Vec<&'t str>> {
    let (first, rest) = pieces.split_first()?;
    let (last, middle) = rest.split_last()?;
    let mut inside = part.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
    let mut values = Vec::new();
    for piece in middle {
        let (value, after) = inside.split_once(piece.as_str())?;
        values.push(value);
        inside = after;
    }
    values.push(inside);
    let sound = |value: &&str| !value.is_empty() && SEPARATORS.iter().all(|separator| !value.contains(separator));
    values.iter().all(sound).then_some(values)
}

/// A text with [`VALUE`] for each number, amount and name in backticks, and these.
fn open(text: &str) -> (String, Vec<&str>) {
    let (mut pattern, mut values, mut rest) = (String::new(), Vec::new(), text);
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit() || c == '`' || c == VALUE) {
        let start = at - currency_before(&rest[..at]);
        let length = match &rest[at..] {
            name if name.starts_with('`') => name_length(name).unwrap_or(name.len()),
            mark if mark.starts_with(VALUE) => VALUE.len_utf8(),
            number => number_length(number),
        };
        pattern.push_str(&rest[..start]);
        pattern.push(VALUE);
        values.push(&rest[start..at + length]);
        rest = &rest[at + length..];
    }
    pattern.push_str(rest);
    (pattern, values)
}

/// The length of the name in backticks that a text begins with.
fn name_length(text: &str) -> Option<usize> {
    text.strip_prefix('`')?.find('`').map(|end| end + 2)
}

/// The length of a currency's code before an amount.
fn currency_before(text: &str) -> usize {
    let code = text.strip_suffix(' ').and_then(|code| code.get(code.len().checked_sub(3)?..));
    if code.is_some_and(|code| code.bytes().all(|b| b.is_ascii_uppercase())) { "BRL ".len() } else { 0 }
}

/// The length of the number that a text begins with.
fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let whole = digits(text);
    let decimals = text[whole..].strip_prefix('.').map_or(0, digits);
    if decimals > 0 { whole + 1 + decimals } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_words_are_told_in_the_operators_language_and_a_peers_as_they_are() {
        let (en, pt) = (Words::new(Lang::En), Words::new(Lang::PtBr));
        for (detail, expected) in [
            ("no whole answer within 15 s", "nenhuma resposta inteira em 15 s"),
            ("http 302: redirects are not followed", "http 302: redirecionamentos não são seguidos"),
            ("login: the answer holds no token", "login: a resposta não traz token"),
            ("there is no topic `orders`", "não há o tópico `orders`"),
            (
                "cannot listen at port 8787: Address already in use (os error 98)",
                "não se pode escutar na porta 8787: o endereço já está em uso (erro 98 do sistema)",
            ),
            (
                "`targets.roas` loses money: at a margin of 30.0 % ads break even at 3.3",
                "`targets.roas` dá prejuízo: com margem de 30.0 % os anúncios se pagam a partir de 3.3",
            ),
            (
                "`targets.gmv_paid` cannot be reached: all planned stock is worth BRL 12990.00",
                "`targets.gmv_paid` não pode ser alcançada: todo o estoque planejado vale BRL 12990.00",
            ),
            (
                "`product.stock` of `LIP-01` lasts to 1:05 of the live: 40 units of 90 that are expected",
                "`product.stock` de `LIP-01` dura até 1:05 da live: 40 unidades de 90 esperadas",
            ),
            ("columns that say nothing of a product are left aside: colour", "colunas que nada dizem de um produto ficam de lado: colour"),
            ("http 401 wrong password", "http 401 wrong password"),
            ("the login of shop 7", "the login of shop 7"),
            ("`never closed", "`never closed"),
            ("", ""),
        ] {
            assert_eq!((told(detail, &en).as_str(), told(detail, &pt).as_str()), (detail, expected));
        }
    }

    #[test]
    fn a_kind_is_told_by_its_name_and_a_value_that_nothing_marks_is_given_on() {
        let (en, pt) = (Words::new(Lang::En), Words::new(Lang::PtBr));
        for (text, expected) in [
            (
                "unreachable: client error (Connect): tcp connect error: Connection refused (os error 111)",
                "não se alcança (ao conectar: conexão TCP: conexão recusada (erro 111 do sistema))",
            ),
            ("status: http 404 {}", "o servidor responde com erro (http 404 {})"),
            ("unauthorized: a delivery with a wrong signature", "acesso negado (uma entrega com assinatura errada)"),
            ("input: exit status: 3", "a entrada não se lê (código de saída: 3)"),
            ("bad_money: value", "não é valor em dinheiro (value)"),
            ("gap: 17 events in 3 s were missed", "lacuna: 17 eventos em 3 s se perderam"),
            ("refused: the broker says NotLeaderOrFollower", "a plataforma recusa (o broker diz NotLeaderOrFollower)"),
            ("timeout", "sem resposta a tempo"),
            ("closed by peer: bye", "closed by peer: bye"),
        ] {
            assert_eq!((shown(text, &en).as_str(), shown(text, &pt).as_str()), (text, expected));
        }
        let problem = "my plans/p.toml:4: `feeds.a: b` of the feed `a` is nowhere: the environment variable X_2 is not set; set X_2";
        let told_in_portuguese = "my plans/p.toml:4: `feeds.a: b` da fonte `a` não está em lugar nenhum: a variável de ambiente X_2 não está definida; defina X_2";
        assert_eq!(told(problem, &pt), told_in_portuguese);
    }

    #[test]
    fn no_two_sayings_are_told_apart_by_a_value_alone() {
        let (en, pt) = (Words::new(Lang::En), Words::new(Lang::PtBr));
        let details = pt.details().unwrap();
        let mut patterns: Vec<&str> = Vec::new();
        for (key, said) in en.plain(PREFIX) {
            let marks = |text: &str| text.chars().filter(|c| [VALUE, FOREIGN].contains(c)).count();
            assert_eq!(marks(said), marks(pt.get(key)), "{key}: values");
            assert!(!patterns.contains(&said), "{key}: `{said}` stands twice");
            patterns.push(said);
        }
        assert_eq!(details.known.len() + details.loose.len(), patterns.len());
    }
}
