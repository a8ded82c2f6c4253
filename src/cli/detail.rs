//! What a failure says beside its kind, and what is doubtful in a plan: the program's own words in the operator's language; a
//! peer's stay as it said them.
//!
//! Both are told in English in logs, journals and states. The catalogue has that English under `detail-…`, with `#` for a number, an
//! amount or a name in backticks, and the same in the operator's language.

use crate::feed::document::Problem;
use crate::ui::words::{Lang, Words};

/// What the keys of such words begin with.
const PREFIX: &str = "detail-";

/// A detail as the operator reads it: as a whole where it is known, else part by part.
#[must_use]
pub fn told(detail: &str, words: &Words) -> String {
    if words.lang() == Lang::En {
        return detail.to_owned();
    }
    let english = Words::new(Lang::En);
    translated(detail, &english, words).unwrap_or_else(|| {
        let parts = detail.split(": ").map(|part| translated(part, &english, words).unwrap_or_else(|| part.to_owned()));
        parts.collect::<Vec<_>>().join(": ")
    })
}

/// A doubt about a plan as the operator reads it.
#[must_use]
pub fn doubt(doubt: Problem, words: &Words) -> Problem {
    Problem { what: told(&doubt.what, words), remedy: told(&doubt.remedy, words), ..doubt }
}

fn translated(part: &str, english: &Words, words: &Words) -> Option<String> {
    let (pattern, values) = open(part);
    let pieces = words.get(english.key_of(PREFIX, &pattern)?).split('#');
    let mut values = values.into_iter();
    let mut told = String::new();
    for piece in pieces {
        told.push_str(piece);
        told.push_str(values.next().unwrap_or_default());
    }
    Some(told)
}

/// A text with `#` for each number, amount and name in backticks, and these.
fn open(text: &str) -> (String, Vec<&str>) {
    let (mut pattern, mut values, mut rest) = (String::new(), Vec::new(), text);
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit() || c == '`') {
        let start = at - currency_before(&rest[..at]);
        let length = match rest[at..].strip_prefix('`') {
            Some(name) => name.find('`').map_or(rest.len() - at, |end| end + 2),
            None => number_length(&rest[at..]),
        };
        pattern.push_str(&rest[..start]);
        pattern.push('#');
        values.push(&rest[start..at + length]);
        rest = &rest[at + length..];
    }
    pattern.push_str(rest);
    (pattern, values)
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
    fn what_the_catalogue_translates_is_what_the_program_says() {
        fn read(folder: &std::path::Path, into: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() { read(&path, into) } else { into.push_str(&std::fs::read_to_string(path).unwrap()) }
            }
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut program = String::new();
        ["src/feed", "src/config", "config/platforms"].iter().for_each(|folder| read(&root.join(folder), &mut program));
        let catalogue = std::fs::read_to_string(root.join("config/words/en.ftl")).unwrap();
        // the system's and the HTTP client's words stand in no file of ours
        let ours = catalogue.lines().filter_map(|line| line.strip_prefix(PREFIX)?.split_once(" = "));
        let ours: Vec<(&str, &str)> = ours.filter(|(key, _)| !key.starts_with("os-") && !key.starts_with("client-")).collect();
        assert!(ours.len() > 30);
        for (key, text) in ours {
            let piece = text.split('#').max_by_key(|piece| piece.len()).unwrap();
            assert!(program.contains(piece.trim_matches([' ', '%'])), "{PREFIX}{key}: nobody says `{piece}`");
        }
    }
}
