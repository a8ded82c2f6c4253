//! What a failure says beside its kind: the program's own words in the operator's language; a peer's stay as it said them.
//!
//! A failure is told in English in logs, journals and states. The catalogue has that English under `detail-…`, with `#` for a number
//! or a name in backticks, and the same in the operator's language.

use crate::ui::words::{Lang, Words};

/// What the keys of such words begin with.
const PREFIX: &str = "detail-";

/// A failure's detail as the operator reads it.
#[must_use]
pub fn told(detail: &str, words: &Words) -> String {
    if words.lang() == Lang::En {
        return detail.to_owned();
    }
    let english = Words::new(Lang::En);
    let parts: Vec<String> = detail.split(": ").map(|part| of_part(part, &english, words)).collect();
    parts.join(": ")
}

fn of_part(part: &str, english: &Words, words: &Words) -> String {
    let (pattern, values) = open(part);
    let Some(key) = english.key_of(PREFIX, &pattern) else { return part.to_owned() };
    let mut values = values.into_iter();
    let pieces: Vec<&str> = words.get(key).split('#').collect();
    let mut told = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        told.push_str(piece);
        if index + 1 < pieces.len() {
            told.push_str(values.next().unwrap_or_default());
        }
    }
    told
}

/// A text with `#` for each number and each name in backticks, and these.
fn open(text: &str) -> (String, Vec<&str>) {
    let (mut pattern, mut values, mut rest) = (String::new(), Vec::new(), text);
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit() || c == '`') {
        let (before, behind) = rest.split_at(at);
        let length = match behind.strip_prefix('`') {
            Some(name) => name.find('`').map_or(behind.len(), |end| end + 2),
            None => behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len()),
        };
        pattern.push_str(before);
        pattern.push('#');
        values.push(&behind[..length]);
        rest = &behind[length..];
    }
    pattern.push_str(rest);
    (pattern, values)
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
            ("http 401 wrong password", "http 401 wrong password"),
            ("the login of shop 7", "the login of shop 7"),
            ("`never closed", "`never closed"),
            ("", ""),
        ] {
            assert_eq!((told(detail, &en).as_str(), told(detail, &pt).as_str()), (detail, expected));
        }
    }

    #[test]
    fn what_the_catalogue_translates_is_what_the_feeds_say() {
        fn read(folder: &std::path::Path, into: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() { read(&path, into) } else { into.push_str(&std::fs::read_to_string(path).unwrap()) }
            }
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut feeds = String::new();
        read(&root.join("src/feed"), &mut feeds);
        feeds.push_str(&std::fs::read_to_string(root.join("src/feed.rs")).unwrap());
        let catalogue = std::fs::read_to_string(root.join("config/words/en.ftl")).unwrap();
        // the system's and the HTTP client's words stand in no file of ours
        let ours = catalogue.lines().filter_map(|line| line.strip_prefix(PREFIX)?.split_once(" = "));
        let ours: Vec<(&str, &str)> = ours.filter(|(key, _)| !key.starts_with("os-") && !key.starts_with("client-")).collect();
        assert!(ours.len() > 30);
        for (key, text) in ours {
            let piece = text.split('#').max_by_key(|piece| piece.len()).unwrap();
            assert!(feeds.contains(piece), "{PREFIX}{key}: nobody says `{piece}`");
        }
    }
}
