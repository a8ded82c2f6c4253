//! A strict JSON reader over one line that hands out slices: no tree, no copies, numbers by their text.
//!
//! It accepts what RFC 8259 accepts, no more, and refuses what is nested deeper than [`DEPTH`].

use std::borrow::Cow;

/// Objects and arrays inside each other, at most.
pub const DEPTH: u8 = 64;

/// The line is not JSON, or nested too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// One value, as slices of the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// What stands between the quotes, without an escape.
    Text(&'a str),
    /// What stands between the quotes, escapes and all; they were checked.
    Escaped(&'a str),
    Number(&'a str),
    Bool(bool),
    Null,
    /// With its braces.
    Object(&'a str),
    /// With its brackets.
    Array(&'a str),
}

impl<'a> Token<'a> {
    /// The text of a string, escapes resolved; `None` for what is no string.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Escaped(raw) => unescape(raw).map(Cow::Owned),
            Self::Number(_) | Self::Bool(_) | Self::Null | Self::Object(_) | Self::Array(_) => None,
        }
    }

    /// Canonical JSON of the value: no blanks, members in the order of their names, numbers as they were written.
    pub fn canonical(self, out: &mut String) -> Result<(), Malformed> {
        match self {
            Self::Text(text) => write_text(text, out),
            Self::Escaped(raw) => write_text(&unescape(raw).ok_or(Malformed)?, out),
            Self::Number(text) => out.push_str(text),
            Self::Bool(value) => out.push_str(if value { "true" } else { "false" }),
            Self::Null => out.push_str("null"),
            Self::Object(raw) => canonical_object(raw, out)?,
            Self::Array(raw) => {
                out.push('[');
                let mut scanner = Scanner::array(raw)?;
                while let Some(element) = scanner.element()? {
                    if !out.ends_with('[') {
                        out.push(',');
                    }
                    element.canonical(out)?;
                }
                out.push(']');
            }
        }
        Ok(())
    }
}

fn canonical_object(raw: &str, out: &mut String) -> Result<(), Malformed> {
    let mut members = Vec::new();
    let mut scanner = Scanner::object(raw)?;
    while let Some((name, value)) = scanner.member()? {
        members.push((name, value));
    }
    members.sort_by(|a, b| a.0.cmp(&b.0));
    out.push('{');
    for (place, (name, value)) in members.iter().enumerate() {
        if members.get(place + 1).is_some_and(|next| next.0 == *name) {
            continue;
        }
        if !out.ends_with('{') {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        value.canonical(out)?;
    }
    out.push('}');
    Ok(())
}

/// A JSON string with the fewest escapes.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                out.push_str("\\u00");
                out.push(if c < '\u{10}' { '0' } else { '1' });
                out.extend(char::from_digit(u32::from(c) % 16, 16));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Resolves escapes; `None` for a lone surrogate or an unknown escape.
fn unescape(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(place) = rest.find('\\') {
        out.push_str(rest.get(..place)?);
        let kind = *rest.as_bytes().get(place + 1)?;
        let mut used = place + 2;
        out.push(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = hex4(rest, used)?;
                used += 4;
                if (0xD800..0xDC00).contains(&high) {
                    let low = rest.get(used..)?.starts_with("\\u").then(|| hex4(rest, used + 2)).flatten()?;
                    used += 6;
                    (0xDC00..0xE000).contains(&low).then(|| char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))).flatten()?
                } else {
                    char::from_u32(high)?
                }
            }
            _ => return None,
        });
        rest = rest.get(used..)?;
    }
    out.push_str(rest);
    Some(out)
}

fn hex4(text: &str, from: usize) -> Option<u32> {
    let digits = text.as_bytes().get(from..from + 4)?;
    digits.iter().try_fold(0, |sum, b| Some(sum * 16 + char::from(*b).to_digit(16)?))
}

/// Walks the members of one object or the elements of one array.
#[derive(Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    first: bool,
}

impl<'a> Scanner<'a> {
    /// Over a text that is one object and nothing else.
    pub fn object(text: &'a str) -> Result<Self, Malformed> {
        Self::opened(text, b'{')
    }

    /// Over a text that is one array and nothing else.
    pub fn array(text: &'a str) -> Result<Self, Malformed> {
        Self::opened(text, b'[')
    }

    fn opened(text: &'a str, bracket: u8) -> Result<Self, Malformed> {
        let mut scanner = Self { text, at: 0, first: true };
        scanner.blanks();
        scanner.expect(bracket)?;
        Ok(scanner)
    }

    /// The next member; `None` after the last, when nothing but blanks follows.
    #[inline]
    pub fn member(&mut self) -> Result<Option<(Cow<'a, str>, Token<'a>)>, Malformed> {
        match self.name()? {
            None => Ok(None),
            Some(name) => Ok(Some((name.text().ok_or(Malformed)?, self.next_value()?))),
        }
    }

    /// The name of the next member, to be followed by [`Scanner::next_value`]; `None` after the last.
    #[inline]
    pub fn name(&mut self) -> Result<Option<Token<'a>>, Malformed> {
        if self.closed(b'}')? {
            return self.ended();
        }
        self.expect(b'"')?;
        let name = self.string()?;
        if self.peek() != Some(b':') {
            self.blanks();
        }
        self.expect(b':')?;
        Ok(Some(name))
    }

    /// The name of the next member as [`packed`], where that is seen at once: at most eight letters, `,` before and `:`
    /// behind it without blanks. Else nothing has happened.
    #[inline(always)]
    pub fn short_name(&mut self) -> Option<u64> {
        let from = if self.first { self.at } else { self.at + 1 };
        let bytes = self.text.as_bytes().get(from..).and_then(|rest| rest.first_chunk::<11>())?;
        let before = self.text.as_bytes()[from - 1];
        let word = u64::from_le_bytes(*bytes[1..].first_chunk::<8>()?);
        let hits = specials(word);
        let length = hits.trailing_zeros() / 8;
        let end = length as usize + 1;
        if bytes[0] != b'"' || before != (if self.first { b'{' } else { b',' }) || bytes[end] != b'"' || bytes[end + 1] != b':' {
            return None;
        }
        self.first = false;
        self.at = from + end + 2;
        Some(if length == 8 { word } else { word & !(u64::MAX << (8 * length)) })
    }

    /// The value after a name.
    #[inline]
    pub fn next_value(&mut self) -> Result<Token<'a>, Malformed> {
        if self.peek() == Some(b'"') {
            self.at += 1;
            return self.string();
        }
        self.value(DEPTH)
    }

    /// The next element; `None` after the last, when nothing but blanks follows.
    pub fn element(&mut self) -> Result<Option<Token<'a>>, Malformed> {
        if self.closed(b']')? {
            return self.ended();
        }
        self.value(DEPTH).map(Some)
    }

    /// Where it stands, to come [`Scanner::back_to`].
    #[inline]
    pub const fn place(&self) -> (usize, bool) {
        (self.at, self.first)
    }

    #[inline]
    pub const fn back_to(&mut self, place: (usize, bool)) {
        (self.at, self.first) = place;
    }

    fn ended<T>(&mut self) -> Result<Option<T>, Malformed> {
        self.blanks();
        if self.at == self.text.len() { Ok(None) } else { Err(Malformed) }
    }

    /// Steps over the comma before the next entry; true at the closing bracket.
    #[inline]
    fn closed(&mut self, bracket: u8) -> Result<bool, Malformed> {
        if self.peek() == Some(b',') && !self.first {
            self.at += 1;
            if self.peek() != Some(b'"') {
                self.blanks();
            }
            return Ok(false);
        }
        self.blanks();
        if self.peek() == Some(bracket) {
            self.at += 1;
            return Ok(true);
        }
        if !std::mem::replace(&mut self.first, false) {
            self.expect(b',')?;
            self.blanks();
        }
        Ok(false)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() != Some(byte) {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn slice(&self, from: usize) -> Result<&'a str, Malformed> {
        self.text.get(from..self.at).ok_or(Malformed)
    }

    fn value(&mut self, depth: u8) -> Result<Token<'a>, Malformed> {
        self.blanks();
        let from = self.at;
        match self.peek().ok_or(Malformed)? {
            b'"' => {
                self.at += 1;
                self.string()
            }
            b'{' | b'[' => self.container(depth),
            b't' => self.word("true", Token::Bool(true)),
            b'f' => self.word("false", Token::Bool(false)),
            b'n' => self.word("null", Token::Null),
            b'-' | b'0'..=b'9' => {
                self.number()?;
                Ok(Token::Number(self.slice(from)?))
            }
            _ => Err(Malformed),
        }
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, Malformed> {
        if self.text.as_bytes().get(self.at..self.at + word.len()) != Some(word.as_bytes()) {
            return Err(Malformed);
        }
        self.at += word.len();
        Ok(token)
    }

    /// Checks a whole object or array, and hands it out unread.
    fn container(&mut self, depth: u8) -> Result<Token<'a>, Malformed> {
        let inner = depth.checked_sub(1).ok_or(Malformed)?;
        let (from, is_object) = (self.at, self.peek() == Some(b'{'));
        let bracket = if is_object { b'}' } else { b']' };
        self.at += 1;
        self.blanks();
        if self.peek() == Some(bracket) {
            self.at += 1;
        } else {
            loop {
                if is_object {
                    self.blanks();
                    self.expect(b'"')?;
                    self.string()?;
                    self.blanks();
                    self.expect(b':')?;
                }
                self.value(inner)?;
                self.blanks();
                if self.peek() == Some(bracket) {
                    self.at += 1;
                    break;
                }
                self.expect(b',')?;
            }
        }
        let raw = self.slice(from)?;
        Ok(if is_object { Token::Object(raw) } else { Token::Array(raw) })
    }

    /// From behind the opening quote to behind the closing one.
    #[inline]
    fn string(&mut self) -> Result<Token<'a>, Malformed> {
        let from = self.at;
        self.at = special(self.text.as_bytes(), from);
        if self.peek() != Some(b'"') {
            return self.escaped(from);
        }
        let raw = self.slice(from)?;
        self.at += 1;
        Ok(Token::Text(raw))
    }

    /// The same from the first backslash on.
    #[cold]
    fn escaped(&mut self, from: usize) -> Result<Token<'a>, Malformed> {
        loop {
            match self.peek().ok_or(Malformed)? {
                b'"' => break,
                b'\\' => self.at = special(self.text.as_bytes(), self.at + 2),
                _ => return Err(Malformed),
            }
        }
        let raw = self.slice(from)?;
        self.at += 1;
        unescape(raw).ok_or(Malformed)?;
        Ok(Token::Escaped(raw))
    }

    fn number(&mut self) -> Result<(), Malformed> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(Malformed),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Malformed> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == from { Err(Malformed) } else { Ok(()) }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The bytes of `word` that are quotes, backslashes or control characters, by their highest bit. The lowest one is
/// exact; a borrow can only spoil those above it.
#[inline(always)]
const fn specials(word: u64) -> u64 {
    let (quote, slash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
    (quote.wrapping_sub(ONES) | slash.wrapping_sub(ONES) | word.wrapping_sub(ONES * 0x20)) & !word & HIGHS
}

/// Where from `at` on the next quote, backslash or control character stands, eight bytes at a time.
#[inline(always)]
fn special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let hits = specials(u64::from_le_bytes(*chunk));
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|b| !matches!(b, b'"' | b'\\' | 0..=0x1f)) {
        at += 1;
    }
    at
}

/// A name of at most eight bytes as a number: its letters from the lowest byte on. Longer ones have numbers of their own
/// that no such name has.
pub const fn packed(name: &[u8]) -> u64 {
    let (mut number, mut place) = (0u64, 0);
    while place < name.len() {
        number = if name.len() > 8 { number.wrapping_mul(31) | (1 << 63) } else { number };
        number = number.wrapping_add((name[place] as u64) << (8 * (place % 8)));
        place += 1;
    }
    if name.len() > 8 { number | (1 << 63) } else { number }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(text: &str) -> bool {
        let wrapped = format!("[{text}]");
        let Ok(mut scanner) = Scanner::array(&wrapped) else { return false };
        let mut count = 0;
        loop {
            match scanner.element() {
                Ok(Some(token)) => {
                    count += 1;
                    assert!(token.canonical(&mut String::new()).is_ok());
                }
                Ok(None) => return count == 1,
                Err(Malformed) => return false,
            }
        }
    }

    fn peer_accepts(text: &str) -> bool {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(_) => true,
            // A number too large for a float is good JSON all the same.
            Err(error) => error.to_string().contains("number out of range"),
        }
    }

    #[test]
    fn nothing_but_json_is_accepted() {
        for good in [
            "0",
            "-0",
            "1.50",
            "1e400",
            "\"\\ud83d\\ude00\"",
            "[]",
            "{ }",
            " [1 , {\"a\" : null}] ",
            "\"\u{7f}é\"",
            "12345678901234567890123",
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in [
            "",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "-",
            "nul",
            "tru",
            "'a'",
            "\"a",
            "\"\t\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "[1,]",
            "[,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "1 2",
            "[1]]",
            "\u{feff}1",
            "NaN",
            "\"\\u12\"",
            "\\",
            "\"\\",
        ] {
            assert!(!accepts(bad), "{bad}");
        }
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(accepts(&nested(DEPTH as usize)));
        assert!(!accepts(&nested(DEPTH as usize + 1)));
        assert!(!accepts(&"[".repeat(1_000_000)));
    }

    #[test]
    fn canonical_json_has_no_blanks_and_sorted_names() {
        let mut out = String::new();
        Token::Object("{ \"b\" : [ 1.50, \"\\u00e9\\n\" ], \"a\":{}, \"b\":[true ,null] }").canonical(&mut out).unwrap();
        assert_eq!(out, "{\"a\":{},\"b\":[true,null]}");
    }

    proptest! {
        #[test]
        fn it_agrees_with_its_peer(text in "[\\[\\]{},:\"\\\\ntrue0-9.eE+ \\-abuDd8é]{0,24}") {
            prop_assert_eq!(accepts(&text), peer_accepts(&text));
        }

        #[test]
        fn a_text_comes_back(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let wrapped = format!("[{json}]");
            let token = Scanner::array(&wrapped).unwrap().element().unwrap().unwrap();
            let read = token.text();
            prop_assert_eq!(read.as_deref(), Some(text.as_str()));
            let mut out = String::new();
            token.canonical(&mut out).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
