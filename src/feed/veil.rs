//! Secrets that are known, however they are written: taken out of all that is said, kept or shown.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use serde_json::Value;

use super::template::push_uri;
use crate::engine::event::Event;
use crate::engine::wire::{self, Defaults};

/// What stands in the place of a secret.
pub const HIDDEN: &str = "***";
/// Secrets of other lengths are looked for as they are, in no other form: a shorter one would be found where it is not.
const ENCODED_BYTES: std::ops::RangeInclusive<usize> = 6..=16 << 10;
/// Shorter texts are no secrets.
const SHORTEST: usize = 4;

/// Knows some secrets, and hides them.
#[derive(Debug, Default)]
pub struct Veil {
    sought: Vec<String>,
    finder: Option<AhoCorasick>,
}

impl Veil {
    /// Over texts that are looked for as they are, and as they stand inside a JSON text.
    #[must_use]
    pub fn over<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut sought: Vec<String> = texts.into_iter().flat_map(|text| [text.to_owned(), escaped(text)]).collect();
        sought.retain(|text| text.len() >= SHORTEST);
        sought.sort_unstable();
        sought.dedup();
        if sought.is_empty() {
            return Self::default();
        }
        let mut builder = AhoCorasick::builder();
        // secrets may be long: a DFA of them would be large
        builder.match_kind(MatchKind::LeftmostLongest).kind(Some(AhoCorasickKind::ContiguousNFA));
        Self { finder: builder.build(&sought).ok(), sought }
    }

    /// Over secrets in all forms that a peer may repeat them in.
    #[must_use]
    pub fn over_secrets<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let forms: Vec<String> = secrets.into_iter().flat_map(encoded).collect();
        Self::over(forms.iter().map(String::as_str))
    }

    /// True when one of them stands in a text.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        match &self.finder {
            Some(finder) => finder.is_match(text),
            None => self.sought.iter().any(|secret| text.contains(secret)),
        }
    }

    /// An event without them, where one stands in it: in any text but its type, for figures and times are no secrets.
    #[must_use]
    pub fn over_event(&self, event: &Event) -> Option<Event> {
        if self.sought.is_empty() {
            return None;
        }
        let line = wire::write(event);
        if !self.finds(&line) {
            return None;
        }
        let mut value: Value = serde_json::from_str(&line).ok()?;
        value.as_object_mut()?.iter_mut().filter(|(name, _)| *name != "type").for_each(|(_, value)| self.hide_in(value));
        // what cannot be read any more said a word of the vocabulary
        let hidden = wire::read(&value.to_string(), &Defaults::default()).ok()?;
        Some(hidden.event)
    }

    fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) if !is_figure(text) && self.finds(text) => *text = self.replace(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_in(item)),
            Value::Object(pairs) => pairs.values_mut().for_each(|value| self.hide_in(value)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn replace(&self, text: &str) -> String {
        match &self.finder {
            Some(finder) => finder.replace_all(text, &vec![HIDDEN; self.sought.len()]),
            None => self.sought.iter().fold(text.to_owned(), |hidden, secret| hidden.replace(secret, HIDDEN)),
        }
    }

    /// A text without them, and without the beginning of one that it was cut in.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        self.sought.iter().fold(self.replace(text), |hidden, secret| without_cut(hidden, secret))
    }
}

/// A number or a time, as texts tell them.
fn is_figure(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || b".:+-TZ".contains(&b))
}

/// A text without the beginning of a secret that it was cut in.
fn without_cut(text: String, secret: &str) -> String {
    let cut = text.trim_end_matches(['…', '.', ' ']);
    let Some(head) = secret.char_indices().map(|(at, _)| at).find(|at| *at >= 4).map(|at| &secret[..at]) else { return text };
    let mut from = 0;
    while let Some(at) = cut[from..].find(head).map(|found| from + found) {
        if secret.starts_with(&cut[at..]) {
            return format!("{}{HIDDEN}", &cut[..at]);
        }
        from = at + cut[at..].chars().next().map_or(1, char::len_utf8);
    }
    text
}

/// A text as it stands inside a JSON text.
fn escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// A secret as it may stand in a payload: in hexadecimal, in a URL, and the part of a longer text in base64 that is it alone.
#[must_use]
pub fn encoded(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    if !ENCODED_BYTES.contains(&bytes.len()) {
        return vec![secret.to_owned()];
    }
    let mut uri = String::new();
    push_uri(&mut uri, secret);
    let mut forms = vec![secret.to_owned(), uri, HEXLOWER.encode(bytes), HEXUPPER.encode(bytes)];
    for before in 0..3 {
        let shifted = [&[0; 3][..before], bytes].concat();
        let whole = (before * 8).div_ceil(6)..(shifted.len() * 8) / 6;
        forms.extend([BASE64_NOPAD.encode(&shifted), BASE64URL_NOPAD.encode(&shifted)].iter().map(|text| text[whole.clone()].to_owned()));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_form_and_where_a_text_was_cut_in_it() {
        let secret = "Zq\"91/kv ü+opensesame";
        let veil = Veil::over_secrets([secret]);
        for form in encoded(secret).into_iter().chain([escaped(secret)]) {
            assert_eq!(veil.hide(&format!("[{form}]")), "[***]", "{form}");
            for cut in (4..form.len()).filter(|at| form.is_char_boundary(*at)) {
                assert_eq!(veil.hide(&format!("[{}…", &form[..cut])), "[***", "{form} cut at {cut}");
            }
        }
        assert_eq!(veil.hide("what is no secret of ours"), "what is no secret of ours");
    }

    #[test]
    fn a_short_secret_is_hidden_as_it_is_and_no_veil_hides_nothing() {
        let veil = Veil::over_secrets(["pin4", "abc"]);
        assert_eq!(veil.hide("pin4 abc 70696e34"), "*** abc 70696e34");
        assert_eq!(Veil::default().hide("as it is"), "as it is");
    }

    #[test]
    fn the_longer_of_two_secrets_is_hidden_whole_and_an_overlap_is_no_escape() {
        assert_eq!(Veil::over(["hunter22", "hunter22-long"]).hide("x hunter22-long y"), "x *** y");
        assert_eq!(Veil::over(["ababXYZ"]).hide("zababab"), "zab***");
    }
}
