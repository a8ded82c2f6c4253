//! Text into cells, clipped by display width.
//!
//! Foreign text is cleaned at the border; this is the last door before the terminal, and it lets nothing
//! through that is not meant to be seen: no control, bidi or tag character, no grapheme bomb.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A cell holds at most this much: the longest emoji sequences need about 35 bytes.
const CELL_BYTES: usize = 64;

/// True for what must never reach a terminal.
#[must_use]
pub const fn is_hostile(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A grapheme as a cell may hold it, with its width; `None` for what shows nothing.
fn cell_text(grapheme: &str) -> Option<(Cow<'_, str>, u16)> {
    if let [byte] = grapheme.as_bytes() {
        return (0x20..0x7f).contains(byte).then_some((Cow::Borrowed(grapheme), 1));
    }
    let mut text = Cow::Borrowed(grapheme);
    if grapheme.chars().any(is_hostile) {
        text = Cow::Owned(grapheme.chars().filter(|c| !is_hostile(*c)).collect());
    }
    if text.len() > CELL_BYTES {
        text = Cow::Owned(text.chars().take(1).collect());
    }
    match text.width() {
        0 => None,
        width => Some((text, u16::try_from(width.min(2)).unwrap_or(2))),
    }
}

/// Columns that a text takes on the glass.
#[must_use]
pub fn width(text: &str) -> u16 {
    if text.is_ascii() {
        return u16::try_from(text.bytes().filter(|b| (0x20..0x7f).contains(b)).count()).unwrap_or(u16::MAX);
    }
    text.graphemes(true).filter_map(cell_text).fold(0, |sum: u16, (_, width)| sum.saturating_add(width))
}

/// Writes `text` from `x` on, up to `right` (exclusive), in row `y` of `area`. Answers the first column after it.
pub fn put(buf: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    let right = area.right();
    if y < area.top() || y >= area.bottom() || x < area.left() {
        return x;
    }
    let mut x = x;
    for grapheme in text.graphemes(true) {
        let Some((symbol, width)) = cell_text(grapheme) else { continue };
        if x.saturating_add(width) > right {
            break;
        }
        if let Some(cell) = buf.cell_mut((x, y)) {
            cell.set_symbol(&symbol).set_style(style);
        }
        // the second half of a wide grapheme
        if width == 2
            && let Some(cell) = buf.cell_mut((x + 1, y))
        {
            cell.reset();
            cell.set_style(style);
        }
        x += width;
    }
    x
}

/// The same, ending at the right edge of `area`.
pub fn put_right(buf: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) -> u16 {
    let start = area.right().saturating_sub(width(text)).max(area.left());
    put(buf, area, start, y, text, style)
}

/// `text` in at most `most` columns, with `ellipsis` for what was cut. For words, never for numbers.
#[must_use]
pub fn fit<'a>(text: &'a str, most: u16, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    let Some(room) = most.checked_sub(width(ellipsis)) else { return Cow::Borrowed("") };
    let mut kept = String::new();
    let mut used = 0u16;
    for grapheme in text.graphemes(true) {
        let Some((symbol, width)) = cell_text(grapheme) else { continue };
        if used + width > room {
            break;
        }
        kept.push_str(&symbol);
        used += width;
    }
    kept.truncate(kept.trim_end().len());
    kept.push_str(ellipsis);
    Cow::Owned(kept)
}

/// `text` in at most `most` columns, with `ellipsis` in its middle: for names that begin alike. More is kept of its end.
#[must_use]
pub fn fit_middle<'a>(text: &'a str, most: u16, ellipsis: &str) -> Cow<'a, str> {
    let whole = width(text);
    let Some(room) = most.checked_sub(width(ellipsis)).filter(|_| whole > most) else { return fit(text, most, ellipsis) };
    let end = room - room * 2 / 5;
    let mut kept: Vec<&str> = Vec::new();
    let mut used = 0u16;
    for grapheme in text.graphemes(true).rev() {
        used = used.saturating_add(width(grapheme));
        if used > end {
            break;
        }
        kept.push(grapheme);
    }
    kept.reverse();
    let kept = kept.concat();
    let begin = fit(text, most - width(&kept), ellipsis);
    Cow::Owned(format!("{begin}{kept}"))
}

/// `text` broken between words into lines of at most `most` columns; a word that is longer is cut.
#[must_use]
pub fn wrap(text: &str, most: u16, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if most == 0 || lines == 0 {
        return out;
    }
    for word in text.split_whitespace() {
        let needed = width(word);
        let is_last = out.len() == lines;
        match out.last_mut() {
            Some(line) if width(line).saturating_add(needed).saturating_add(1) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if is_last => {
                *line = fit(&format!("{line} {word}"), most, "…").into_owned();
                break;
            }
            _ => out.push(fit(word, most, "…").into_owned()),
        }
    }
    out
}

/// Replaces whatever is not ASCII by what comes nearest, cell by cell: the last step on a terminal that shows nothing else.
pub fn fold_to_ascii(area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    for (x, y) in (area.top()..area.bottom()).flat_map(|y| (area.left()..area.right()).map(move |x| (x, y))) {
        let Some(cell) = buf.cell_mut((x, y)) else { continue };
        if cell.symbol().is_ascii() {
            continue;
        }
        let folded = cell.symbol().nfd().find(char::is_ascii).unwrap_or_else(|| cell.symbol().chars().next().map_or('?', nearest));
        let is_wide = cell.symbol().width() > 1;
        cell.set_char(folded);
        if is_wide && x + 1 < area.right() {
            buf[(x + 1, y)].set_char('?');
        }
    }
}

/// The ASCII character that looks most like this one.
const fn nearest(c: char) -> char {
    match c {
        '—' | '–' | '−' | '─' => '-',
        '×' => 'x',
        '…' => '~',
        '·' | '•' => '.',
        '│' | '┊' => '|',
        '≥' => '>',
        '≤' => '<',
        '→' | '▸' => '>',
        '←' => '<',
        '↑' | '▲' => '^',
        '↓' | '▼' => 'v',
        '●' | '◆' => '*',
        '○' | '◇' => 'o',
        '±' => '~',
        '░' => ':',
        '▒' => '+',
        '▓' => 'x',
        '█' => '#',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        _ => '?',
    }
}

/// What is said in one row, piece by piece, each with its own style.
#[derive(Clone, Debug, Default)]
pub struct Phrase(pub Vec<(String, Style)>);

impl Phrase {
    #[must_use]
    pub fn plain(text: impl Into<String>, style: Style) -> Self {
        Self(vec![(text.into(), style)])
    }
    /// With one more piece.
    #[must_use]
    pub fn and(mut self, text: impl Into<String>, style: Style) -> Self {
        self.0.push((text.into(), style));
        self
    }
    /// Draws it in at most `most` columns, with `ellipsis` for what was cut.
    pub fn put_fit(&self, buf: &mut Buffer, area: Rect, place: (u16, u16), most: u16, ellipsis: &str) {
        let (mut x, y) = place;
        let mut left = most;
        for (text, style) in &self.0 {
            let fitted = fit(text, left, ellipsis);
            left -= width(&fitted).min(left);
            x = put(buf, area, x, y, &fitted, *style);
            if fitted.len() != text.len() {
                break;
            }
        }
    }
    #[must_use]
    pub fn width(&self) -> u16 {
        self.0.iter().fold(0, |sum: u16, (text, _)| sum.saturating_add(width(text)))
    }
    /// Draws it from `x` on; answers the first column after it.
    pub fn put(&self, buf: &mut Buffer, area: Rect, x: u16, y: u16) -> u16 {
        self.0.iter().fold(x, |x, (text, style)| put(buf, area, x, y, text, *style))
    }
    /// Draws it so that it ends at the right edge.
    pub fn put_right(&self, buf: &mut Buffer, area: Rect, y: u16) -> u16 {
        let start = area.right().saturating_sub(self.width()).max(area.left());
        self.put(buf, area, start, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: u16, text: &str) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        put(&mut buf, area, 0, 0, text, Style::new());
        buf.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn a_wide_grapheme_takes_two_cells_and_never_half_of_them() {
        assert_eq!(width("日本"), 4);
        assert_eq!(drawn(5, "日本x"), "日 本 x");
        assert_eq!(drawn(3, "日本"), "日  ", "the second would need a cell that is not there");
        assert_eq!(drawn(1, "日"), " ");
    }

    #[test]
    fn names_that_begin_alike_are_cut_in_the_middle() {
        let cut = |text: &str, most| fit_middle(text, most, "…").into_owned();
        assert_eq!((cut("kiosk.movimentos", 6), cut("kiosk.saldo", 6)), ("ki…tos".to_owned(), "ki…ldo".to_owned()));
        assert_eq!(cut("kiosk.movimentos", 12), "kios…imentos".to_owned());
        assert_eq!(
            (cut("shop", 6), cut("日本日本", 4), cut("shop", 1), cut("shop", 0)),
            ("shop".into(), "…本".into(), "…".into(), String::new())
        );
    }

    #[test]
    fn nothing_hostile_reaches_a_cell() {
        assert_eq!(drawn(8, "a\u{1b}[31mb"), "a[31mb  ", "an escape becomes harmless text");
        assert_eq!(drawn(4, "a\u{202e}b\u{e0041}c"), "abc ");
        let bomb = format!("e{}x", "\u{301}".repeat(10_000));
        assert_eq!(drawn(2, &bomb), "ex");
    }

    #[test]
    fn an_ascii_terminal_gets_ascii() {
        let area = Rect::new(0, 0, 14, 1);
        let mut buf = Buffer::empty(area);
        put(&mut buf, area, 0, 0, "Câmera × 日 — ▁", Style::new());
        fold_to_ascii(area, &mut buf);
        let text: String = buf.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "Camera x ?? - ");
    }

    #[test]
    fn words_are_cut_with_a_sign() {
        assert_eq!(fit("Caneca térmica", 9, "…"), "Caneca t…");
        assert_eq!(fit("Fone", 9, "…"), "Fone");
        assert_eq!(fit("Fone", 0, "…"), "");
        assert_eq!(fit("日本語", 4, "…"), "日…");
    }

    #[test]
    fn sentences_break_between_words() {
        assert_eq!(wrap("one two three", 7, 3), ["one two", "three"]);
        assert_eq!(wrap("one two three", 7, 1), ["one tw…"]);
        assert!(wrap("one", 0, 3).is_empty());
    }

    #[test]
    fn drawing_outside_the_area_draws_nothing() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 2, 1));
        put(&mut buf, Rect::new(0, 0, 9, 9), 0, 5, "x", Style::new());
        put(&mut buf, Rect::new(5, 0, 9, 9), 5, 0, "x", Style::new());
        put_right(&mut buf, Rect::new(0, 0, 0, 0), 0, "x", Style::new());
        assert_eq!(buf, Buffer::empty(Rect::new(0, 0, 2, 1)));
    }
}
