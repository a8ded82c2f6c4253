//! A line of text with its cursor, edited by graphemes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::action::Action;
use crate::engine::text;

/// Columns of text that a line takes at most.
pub const LINE_COLUMNS: usize = 280;

/// A line of text with its cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// A byte offset on a grapheme's edge.
    cursor: usize,
}

impl Line {
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text::clean(text, LINE_COLUMNS).to_string();
        Self { cursor: text.len(), text }
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands left of the cursor, and from the cursor on.
    #[must_use]
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""))
    }

    /// The text as it may leave the glass.
    #[must_use]
    pub fn cleaned(&self) -> String {
        text::clean(self.text.trim(), LINE_COLUMNS).to_string()
    }

    /// Puts pasted text in at the cursor, cleaned as all foreign text is.
    pub fn paste(&mut self, pasted: &str) {
        self.insert(&text::clean(pasted, LINE_COLUMNS));
    }

    fn insert(&mut self, inserted: &str) {
        let (left, right) = self.halves();
        let whole = format!("{left}{inserted}{right}");
        if whole.width() <= LINE_COLUMNS && whole.len() <= text::INPUT_BYTES {
            self.cursor = left.len() + inserted.len();
            self.text = whole;
        }
    }

    fn type_letter(&mut self, letter: char) {
        // joiners and selectors come one by one while an emoji is typed; what they join is judged when the line is done
        let is_part = matches!(letter, '\u{200d}' | '\u{fe0f}');
        let mut around = String::from("x");
        around.push(letter);
        around.push('x');
        if is_part || text::clean(&around, 8).contains(letter) {
            self.insert(letter.encode_utf8(&mut [0; 4]));
        }
    }

    /// Applies an editing action; false for one that is none.
    pub fn edit(&mut self, action: Action) -> bool {
        let (left, right) = self.halves();
        let before = left.grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
        let after = self.cursor + right.graphemes(true).next().map_or(0, str::len);
        let word = left.trim_end().rfind(' ').map_or(0, |at| at + 1);
        match action {
            Action::Type(letter) => self.type_letter(letter),
            Action::CursorLeft => self.cursor = before,
            Action::CursorRight => self.cursor = after,
            Action::CursorFirst => self.cursor = 0,
            Action::CursorLast => self.cursor = self.text.len(),
            Action::EraseLeft => self.erase(before, self.cursor),
            Action::EraseRight => self.erase(self.cursor, after),
            Action::EraseWord => self.erase(word, self.cursor),
            Action::EraseLine => self.erase(0, self.text.len()),
            _ => return false,
        }
        true
    }

    fn erase(&mut self, from: usize, to: usize) {
        if from <= to && self.text.is_char_boundary(from) && self.text.is_char_boundary(to) {
            self.text.replace_range(from..to, "");
            self.cursor = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Line {
        let mut line = Line::default();
        for letter in text.chars() {
            assert!(line.edit(Action::Type(letter)));
        }
        line
    }

    #[test]
    fn what_is_typed_stands_there() {
        assert_eq!(typed("bom gancho").text(), "bom gancho");
        assert_eq!(typed("ação 👩‍🚀 ok").text(), "ação 👩‍🚀 ok");
    }

    #[test]
    fn the_cursor_goes_by_graphemes() {
        let mut line = typed("a👩‍🚀b");
        for action in [Action::CursorLeft, Action::CursorLeft, Action::EraseRight] {
            line.edit(action);
        }
        assert_eq!(line.text(), "ab");
        assert_eq!(line.halves(), ("a", "b"));
    }

    #[test]
    fn words_and_lines_are_erased() {
        let mut line = typed("spend 250 paid");
        line.edit(Action::EraseWord);
        assert_eq!(line.text(), "spend 250 ");
        line.edit(Action::EraseLine);
        assert_eq!(line.text(), "");
        for action in [Action::EraseLeft, Action::EraseRight, Action::EraseWord, Action::CursorLeft, Action::CursorRight] {
            line.edit(action);
        }
        assert_eq!(line, Line::default());
    }

    #[test]
    fn what_is_pasted_is_cleaned_and_has_a_limit() {
        let mut line = Line::default();
        line.paste("a\u{1b}[31mb\u{202e}c\nd");
        assert!(line.text().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{:?}", line.text());
        let mut long = Line::default();
        for _ in 0..10 {
            long.paste(&"x".repeat(100));
        }
        assert!(long.text().width() <= LINE_COLUMNS);
    }
}
