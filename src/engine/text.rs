//! Cleaning of foreign text, once, at the border: what leaves here may be drawn, logged, journaled and exported.
//!
//! Out go control characters, bidi marks, invisible fillers, stray joiners, variation selectors and tag characters;
//! what breaks a line becomes a space; a grapheme that is a bomb keeps only its letter; the whole is capped.
//! [`clean`] is idempotent. Plain Latin text is recognised byte by byte and only copied.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::id::Name;

/// What a foreign text may bring; the rest is not looked at.
pub const INPUT_BYTES: usize = 4_096;
/// The longest emoji sequences have about 35 bytes.
pub const GRAPHEME_BYTES: usize = 64;
/// Columns of a chat message, a note, an error text.
pub const LINE_COLUMNS: usize = 500;
/// Columns of an id, a sku, a name.
pub const NAME_COLUMNS: usize = 120;

const JOINER: char = '\u{200D}';
const NON_JOINER: char = '\u{200C}';
const BLACK_FLAG: char = '\u{1F3F4}';
const END_OF_TAG: char = '\u{E007F}';
/// Stands for a bomb that has no letter to keep.
const REPLACEMENT: char = '\u{FFFD}';

/// The text without anything that could harm a terminal, a log or a reader, at most `columns` wide.
#[must_use]
pub fn clean(text: &str, columns: usize) -> Name {
    let text = head(text);
    match plain_columns(text) {
        Some(width) if width <= columns => Name::new(text),
        Some(_) => text.chars().take(columns).collect(),
        None if is_simple(text, columns) => Name::new(text),
        None => clean_slowly(text, columns),
    }
}

/// True for text that [`clean`] would only copy: nothing but printable ASCII and Latin-1, short enough.
#[must_use]
pub fn is_plain(text: &str, columns: usize) -> bool {
    text.len() <= INPUT_BYTES && plain_columns(text).is_some_and(|width| width <= columns)
}

/// The first [`INPUT_BYTES`] of the text, cut between characters.
fn head(text: &str) -> &str {
    let mut end = text.len().min(INPUT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Columns of a text that is nothing but printable ASCII and Latin-1; `None` for any other.
fn plain_columns(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut two_byte = 0;
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        index += 1;
        match byte {
            0x20..=0x7E => {}
            0xC3 => {
                two_byte += 1;
                index += 1;
            }
            // U+00A1 to U+00BF, but for the soft hyphen; before them lie C1 and the no-break space
            0xC2 if bytes.get(index).is_some_and(|&next| next > 0xA0 && next != 0xAD) => {
                two_byte += 1;
                index += 1;
            }
            _ => return None,
        }
    }
    Some(bytes.len() - two_byte)
}

/// True for text of letters and emoji that stand alone: nothing joins them, so none can be a bomb and all are kept.
/// One style selector may follow each.
fn is_simple(text: &str, columns: usize) -> bool {
    let (mut most, mut before) = (0, ' ');
    for c in text.chars() {
        let stands_alone = matches!(c,
            ' '..='~' | '\u{A1}'..='\u{AC}' | '\u{AE}'..='\u{2FF}' | '\u{2010}'..='\u{2027}' | '\u{20A0}'..='\u{20BF}'
            | '\u{2600}'..='\u{27BF}' | '\u{2B05}'..='\u{2B55}' | '\u{1F300}'..='\u{1F3F3}' | '\u{1F400}'..='\u{1F64F}' | '\u{1F680}'..='\u{1F6DF}' | '\u{1F90C}'..='\u{1F9FF}');
        let is_styled = c == '\u{FE0F}' && before != ' ' && before != '\u{FE0F}';
        if !stands_alone && !is_styled {
            return false;
        }
        most += if c.is_ascii() { 1 } else { 2 };
        before = c;
    }
    most <= columns
}

fn clean_slowly(text: &str, columns: usize) -> Name {
    let visible = without_stray_tags(&without_invisible(text));
    let joined = without_stray_joiners(&visible);
    // no character is wider than it has bytes, so a short text can neither hold a bomb nor be too wide
    if joined.len() <= GRAPHEME_BYTES.min(columns) { Name::from(joined) } else { capped(&joined, columns) }
}

/// Without the characters that are never welcome; whatever spaces or breaks becomes a plain space.
fn without_invisible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    out.extend(text.chars().filter_map(|c| match kind(c) {
        Kind::Seen => Some(c),
        Kind::Space => Some(' '),
        Kind::Gone => None,
    }));
    out
}

enum Kind {
    Seen,
    Space,
    Gone,
}

/// What becomes of a character wherever it stands.
const fn kind(c: char) -> Kind {
    match c {
        '\t' | '\n' | '\r' | '\u{0B}' | '\u{0C}' | '\u{85}' => Kind::Space,
        // C0, DEL, C1
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => Kind::Gone,
        // spaces of any width, separators, the blank braille cell
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{2800}' | '\u{3000}' => {
            Kind::Space
        }
        // soft hyphen, grapheme joiner, Arabic letter mark, Hangul fillers, Khmer and Mongolian invisibles
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' => Kind::Gone,
        // zero-width space, bidi marks, embeddings and isolates, word joiner, invisible operators, deprecated formats
        '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => Kind::Gone,
        // fillers, variation selectors other than text and emoji style, byte order mark, annotations, non-characters
        '\u{3164}'
        | '\u{FE00}'..='\u{FE0D}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFC}'
        | '\u{FFFE}'
        | '\u{FFFF}'
        | '\u{FDD0}'..='\u{FDEF}' => Kind::Gone,
        // formats of hieroglyphs, shorthand and music; tags are judged by their place, other supplementary selectors go
        '\u{13430}'..='\u{1345F}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E001F}'
        | '\u{E0080}'..='\u{E0FFF}' => Kind::Gone,
        _ => Kind::Seen,
    }
}

const fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0020}'..='\u{E007F}')
}

/// Keeps tag characters only where they spell a flag: U+1F3F4, a region (`gbsct`), the end of the tag.
fn without_stray_tags(text: &str) -> String {
    if !text.chars().any(is_tag) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if !is_tag(c) {
            out.push(c);
        }
        if c == BLACK_FLAG
            && let Some(tags) = flag_tags(rest.as_str())
        {
            out.push_str(tags);
            rest = rest.as_str()[tags.len()..].chars();
        }
    }
    out
}

/// The tags of a flag at the beginning of `text`: two letters, one to three letters or digits, the end.
fn flag_tags(text: &str) -> Option<&str> {
    let mut length = 0;
    for (place, c) in text.chars().enumerate() {
        length += c.len_utf8();
        match c {
            '\u{E0061}'..='\u{E007A}' if place < 5 => {}
            '\u{E0030}'..='\u{E0039}' if (2..5).contains(&place) => {}
            END_OF_TAG if place >= 3 => return text.get(..length),
            _ => return None,
        }
    }
    None
}

const fn is_joiner(c: char) -> bool {
    matches!(c, JOINER | NON_JOINER)
}

const fn is_style(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}')
}

/// Keeps one joiner between two characters that can be joined (no ASCII), and one style selector after a character.
fn without_stray_joiners(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let keep = if is_joiner(c) {
            let after = rest.as_str().chars().next().unwrap_or(' ');
            !before.is_ascii() && !is_joiner(before) && !after.is_ascii() && !is_joiner(after) && !is_style(after)
        } else if is_style(c) {
            before != ' ' && !is_style(before) && !is_joiner(before)
        } else {
            true
        };
        if keep {
            out.push(c);
            before = c;
        }
    }
    out
}

/// Whole graphemes up to `columns`; of a bomb only its letter.
fn capped(text: &str, columns: usize) -> Name {
    let mut out = Name::default();
    let mut width = 0;
    for grapheme in text.graphemes(true) {
        let mut letter = [0; 4];
        let shown = if grapheme.len() <= GRAPHEME_BYTES { grapheme } else { letter_of(grapheme).encode_utf8(&mut letter) };
        width += shown.width();
        if width > columns {
            break;
        }
        out.push_str(shown);
    }
    while out.chars().next_back().is_some_and(is_joiner) {
        out.pop();
    }
    out
}

/// The letter under the marks, where it is one that joins nothing that follows.
fn letter_of(bomb: &str) -> char {
    let first = bomb.chars().next().unwrap_or(REPLACEMENT);
    if matches!(first, ' '..='\u{2FF}' | '\u{370}'..='\u{482}' | '\u{48A}'..='\u{52F}') { first } else { REPLACEMENT }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every line of the corpus, unescaped. A lone surrogate is no text in Rust: it arrives as U+FFFD.
    fn corpus() -> Vec<String> {
        let lines = include_str!("../../tests/corpus/hostile.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(|line| serde_json::from_str(&format!("\"{line}\"")).expect("a JSON string")).collect()
    }

    fn assert_harmless(cleaned: &str, columns: usize, input: &str) {
        assert!(cleaned.width() <= columns, "{} columns from {input:?}", cleaned.width());
        assert!(cleaned.len() <= INPUT_BYTES);
        assert!(cleaned.graphemes(true).all(|g| g.len() <= GRAPHEME_BYTES), "a bomb in {cleaned:?}");
        for c in cleaned.chars() {
            let bad = c.is_control()
                || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{61C}' | '\u{FEFF}')
                || matches!(c, '\u{FFF9}'..='\u{FFFB}' | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}');
            assert!(!bad, "{c:?} in {cleaned:?}");
        }
        let tags = cleaned.chars().filter(|c| is_tag(*c)).count();
        assert!(tags == 0 || cleaned.contains(BLACK_FLAG), "tags without a flag in {cleaned:?}");
        assert_eq!(clean(cleaned, columns), cleaned, "cleaned twice: {input:?}");
    }

    #[test]
    fn what_is_simple_is_what_cleaning_slowly_would_keep() {
        for text in ["amei ❤️ 🔥🔥 ótima 😍", "R$ 10,00 – “já” €5 ✨", "❤️❤️", "⭐ x️"] {
            assert!(is_simple(text, LINE_COLUMNS), "{text}");
            assert_eq!(clean_slowly(text, LINE_COLUMNS), text);
        }
        for text in ["👍🏽\u{200D}", "a\u{301}", "x \u{FE0F}", "❤\u{FE0F}\u{FE0F}", "\u{AD}"] {
            assert!(!is_simple(text, LINE_COLUMNS), "{text}");
        }
    }

    #[test]
    fn ordinary_messages_are_left_alone() {
        for text in [
            "",
            "quanto custa o fone?",
            "Não consigo pagar, só amanhã às 10h · ¿cuánto?",
            "amei 😍😍 ❤️ ❤️‍🔥 👩🏽‍💻 👨‍👩‍👧‍👦 1️⃣ 🇧🇷",
            "🏴󠁧󠁢󠁳󠁣󠁴󠁿 e 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "می‌خواهم",
            "가격이 얼마예요? 价格多少 いくらですか ราคาเท่าไหร่",
            "עברית שלום",
            "क्‍ष",
        ] {
            assert_eq!(clean(text, LINE_COLUMNS), text);
        }
    }

    #[test]
    fn what_harms_is_taken_out() {
        for (text, cleaned) in [
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{1b}]52;c;ZXZpbA==\u{7}copy", "]52;c;ZXZpbA==copy"),
            ("\u{9b}31mred", "31mred"),
            ("a\nb\r\nc\td", "a b  c d"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a b c d"),
            ("user\u{202E}txt.exe", "usertxt.exe"),
            ("ze\u{200B}ro\u{FEFF}", "zero"),
            ("\u{E0041}\u{E0042}hidden", "hidden"),
            ("🏴\u{E0067}\u{E0062}", "🏴"),
            ("🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E0073}\u{E0074}\u{E007F}", "🏴"),
            ("a\u{200D}b\u{200D}\u{200D}\u{200D}", "ab"),
            ("x\u{FE0F}\u{FE0F}\u{FE0F}", "x\u{FE0F}"),
            ("\u{FE0F}x", "x"),
            ("\u{3164}\u{115F}", ""),
            ("no\u{A0}break\u{3000}wide", "no break wide"),
        ] {
            assert_eq!(clean(text, LINE_COLUMNS), cleaned, "{text:?}");
        }
    }

    #[test]
    fn a_bomb_keeps_only_its_letter() {
        let bomb = format!("a{}b", "\u{301}".repeat(1_000));
        assert_eq!(clean(&bomb, LINE_COLUMNS), "ab");
        assert_eq!(clean(&format!("👩{}", "\u{200D}👩".repeat(500)), LINE_COLUMNS), "\u{FFFD}");
        assert_eq!(clean(&format!("👩{}", "\u{200D}".repeat(1_000)), LINE_COLUMNS), "👩");
    }

    #[test]
    fn a_text_ends_at_its_columns_between_graphemes() {
        assert_eq!(clean(&"x".repeat(1_000_000), 500).len(), 500);
        assert_eq!(clean("ação já", 4), "ação");
        assert_eq!(clean("价格多少", 5), "价格");
        assert_eq!(clean("👩🏽‍💻👩🏽‍💻", 3), "👩🏽‍💻");
        assert_eq!(clean("a", 0), "");
    }

    #[test]
    fn only_plain_text_is_called_plain() {
        assert!(is_plain("Não, é R$ 10 – ".trim_end_matches("– "), 120));
        for text in ["a\tb", "a\u{7f}", "\u{85}", "\u{a0}", "\u{ad}", "é\u{200B}"] {
            assert!(!is_plain(text, 120), "{text:?}");
        }
        assert!(!is_plain("abc", 2));
    }

    #[test]
    fn the_hostile_corpus_comes_out_harmless() {
        let corpus = corpus();
        assert!(corpus.len() >= 150, "{} lines", corpus.len());
        for text in &corpus {
            for columns in [0, 1, 2, 7, 80, LINE_COLUMNS] {
                assert_harmless(&clean(text, columns), columns, text);
                let repeated = text.repeat(40);
                assert_harmless(&clean(&repeated, columns), columns, &repeated);
            }
        }
    }

    /// Characters that meet in attacks, far more often than chance would bring them together.
    fn hostile() -> impl Strategy<Value = String> {
        let nasty = "a 1é\u{301}\u{200D}\u{200C}\u{FE0F}\u{FE0E}\u{E0067}\u{E0062}\u{E0073}\u{E007F}🏴👩🏽🇧🇷\u{1100}\u{1161}\u{11A8}\u{0600}\u{0915}\u{094D}\u{0937}\u{0903}\u{20E3}\u{202E}\u{1b}\u{9b}\n\u{3164}لا";
        let nasty: Vec<char> = nasty.chars().collect();
        let piece = (prop::sample::select(nasty), 1usize..40).prop_map(|(c, times)| c.to_string().repeat(times));
        prop_oneof![any::<String>(), prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())]
    }

    proptest! {
        #[test]
        fn any_text_comes_out_harmless_and_cleaning_twice_changes_nothing(text in hostile(), columns in 0usize..120) {
            assert_harmless(&clean(&text, columns), columns, &text);
        }

        #[test]
        fn plain_text_is_only_copied(text in "[ -~à-ÿ]{0,120}") {
            prop_assert!(is_plain(&text, 120));
            prop_assert_eq!(clean(&text, 120), text);
        }
    }
}
