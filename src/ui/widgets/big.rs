//! Letters several cells high, for what must be read from across a studio: the largest that fits.

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use unicode_normalization::UnicodeNormalization;

/// Rows of dots of a letter.
const DOTS: usize = 8;
/// Columns of dots of a space between words.
const SPACE: usize = 4;

/// How dots become cells, the largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// A dot is two cells beside each other: square, eight rows.
    Double,
    /// A dot is a cell: eight rows.
    Cell,
    /// Two dots above each other are a cell: four rows.
    Half,
    /// Four dots are a cell: four rows, half as wide.
    Quarter,
}

impl Scale {
    const UNICODE: &'static [Self] = &[Self::Double, Self::Cell, Self::Half, Self::Quarter];
    /// Half blocks are no ASCII.
    const ASCII: &'static [Self] = &[Self::Double, Self::Cell];

    const fn rows(self) -> usize {
        match self {
            Self::Double | Self::Cell => DOTS,
            Self::Half | Self::Quarter => DOTS / 2,
        }
    }
    const fn columns(self, dots: usize) -> usize {
        match self {
            Self::Double => dots * 2,
            Self::Cell | Self::Half => dots,
            Self::Quarter => dots.div_ceil(2),
        }
    }
}

/// The text as rows of cells, in the largest letters that fit; as it stands where none do.
#[must_use]
pub fn letters(text: &str, width: u16, height: u16, ascii: bool) -> Vec<String> {
    let (width, height) = (usize::from(width), usize::from(height));
    let words: Vec<Vec<u8>> = text.split_whitespace().map(dots).filter(|word| !word.is_empty()).collect();
    let scales = if ascii { Scale::ASCII } else { Scale::UNICODE };
    scales
        .iter()
        .find_map(|scale| {
            let lines = wrap(&words, width, *scale)?;
            let needed = lines.len() * scale.rows() + lines.len().saturating_sub(1);
            (needed <= height).then(|| draw(&lines, *scale, ascii))
        })
        .unwrap_or_else(|| vec![text.to_owned()])
}

/// A word as columns of dots, the top one the lowest bit, each letter as wide as it is.
fn dots(word: &str) -> Vec<u8> {
    let mut columns = Vec::new();
    for letter in word.chars() {
        for glyph in glyphs(letter) {
            let all: Vec<u8> =
                (0..8).map(|x| glyph.iter().enumerate().fold(0, |column, (y, row)| column | (((row >> x) & 1) << y))).collect();
            let Some(first) = all.iter().position(|column| *column != 0) else { continue };
            let last = all.iter().rposition(|column| *column != 0).unwrap_or(first);
            if !columns.is_empty() {
                columns.push(0);
            }
            columns.extend_from_slice(&all[first..=last]);
        }
    }
    columns
}

/// The letter's rows of dots; signs that the font lacks by what stands for them.
fn glyphs(letter: char) -> Vec<[u8; DOTS]> {
    let known = |c: char| BASIC_FONTS.get(c).or_else(|| LATIN_FONTS.get(c));
    let stands_for = match letter {
        '−' | '–' | '—' => "-",
        '≤' => "<=",
        '≥' => ">=",
        '…' => "...",
        '→' => "->",
        _ => "",
    };
    if !stands_for.is_empty() {
        return stands_for.chars().filter_map(known).collect();
    }
    let plain = || letter.nfd().next().and_then(known);
    known(letter).or_else(plain).or_else(|| known('?')).into_iter().collect()
}

/// Words in lines that fit; `None` where one word alone is too wide.
fn wrap(words: &[Vec<u8>], width: usize, scale: Scale) -> Option<Vec<Vec<u8>>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for word in words {
        if scale.columns(word.len()) > width {
            return None;
        }
        match lines.last_mut() {
            Some(line) if scale.columns(line.len() + SPACE + word.len()) <= width => {
                line.extend([0; SPACE]);
                line.extend_from_slice(word);
            }
            _ => lines.push(word.clone()),
        }
    }
    Some(lines)
}

fn draw(lines: &[Vec<u8>], scale: Scale, ascii: bool) -> Vec<String> {
    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            rows.push(String::new());
        }
        rows.extend((0..scale.rows()).map(|row| row_of(line, scale, row, ascii)));
    }
    rows
}

fn row_of(line: &[u8], scale: Scale, row: usize, ascii: bool) -> String {
    const QUARTERS: [char; 16] = [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];
    let full = if ascii { '#' } else { '█' };
    let dot = |column: u8, y: usize| (column >> y) & 1;
    let row = match scale {
        Scale::Double => line.iter().flat_map(|column| [if dot(*column, row) == 1 { full } else { ' ' }; 2]).collect::<String>(),
        Scale::Cell => line.iter().map(|column| if dot(*column, row) == 1 { full } else { ' ' }).collect(),
        Scale::Half => {
            let pair = |column: &u8| dot(*column, row * 2) | dot(*column, row * 2 + 1) << 1;
            line.iter().map(|column| [' ', '▀', '▄', '█'][usize::from(pair(column))]).collect()
        }
        Scale::Quarter => line
            .chunks(2)
            .map(|pair| {
                let (left, right) = (pair[0], pair.get(1).copied().unwrap_or(0));
                let (top, below) = (row * 2, row * 2 + 1);
                let number = dot(left, top) | dot(right, top) << 1 | dot(left, below) << 2 | dot(right, below) << 3;
                QUARTERS[usize::from(number)]
            })
            .collect(),
    };
    row.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_letters_that_fit_are_taken() {
        let text = "FONE −10 % · 10 MIN";
        for (width, height, rows) in [(198, 20, 17), (78, 9, 9), (78, 4, 4), (10, 4, 1)] {
            let lines = letters(text, width, height, false);
            assert_eq!(lines.len(), rows, "{width}x{height}: {lines:#?}");
            assert!(rows == 1 || lines.iter().all(|line| line.chars().count() <= usize::from(width)));
        }
        assert_eq!(letters(text, 10, 4, false), [text], "what cannot be large stands as it is");
    }

    #[test]
    fn a_letter_is_its_dots_in_every_scale() {
        let of = |scale, ascii| draw(&[dots("I")], scale, ascii);
        assert_eq!(of(Scale::Cell, true), ["####", " ##", " ##", " ##", " ##", " ##", "####", ""]);
        assert_eq!(of(Scale::Half, false), ["▀██▀", " ██", " ██", "▀▀▀▀"]);
        assert_eq!(of(Scale::Quarter, false), ["▜▛", "▐▌", "▐▌", "▀▀"]);
    }

    #[test]
    fn accents_and_signs_have_letters_and_ascii_stays_ascii() {
        for text in ["ÇÃO É ÀS 8", "≤ R$ 329 → JÁ", "日本 🎁", ""] {
            for ascii in [true, false] {
                let lines = letters(text, 400, 8, ascii);
                assert!(!ascii || lines.len() == 1 || lines.iter().all(|line| line.is_ascii()), "{lines:#?}");
            }
        }
    }
}
