//! A page over the whole glass between status line and footer: headings, lines, bars and tables, scrolled. The app makes it
//! (the debrief of a rehearsal); [`Page::markdown`] writes the same page as a file.

use std::fmt::Write;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::View;
use super::action::Action;
use super::glyphs::Glyphs;
use super::theme::{Theme, Tone};
use super::widgets::text::{Phrase, fit, fold_to_ascii, width, wrap};

/// Lines that one page key moves by.
const PAGE: usize = 10;
/// More lines than a page can have.
const LINE_LIMIT: usize = 5_000;
/// A note below a row is wrapped over so many lines at most.
const NOTE_LINES: usize = 4;
/// Columns of a bar at most.
const BAR_COLUMNS: u16 = 40;
/// Columns left of everything, and between two columns of a table.
const MARGIN: u16 = 1;
const GAP: u16 = 2;

/// Colours and symbols.
type Look<'a> = (&'a Theme, &'a Glyphs);

/// A piece of text and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub tone: Tone,
}

impl Piece {
    #[must_use]
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Normal)
    }
}

/// A row of a table, with what is to be said below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub cells: Vec<Piece>,
    pub note: String,
}

/// A table: the first columns hold words, the others figures, which stand at the right of theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    pub heads: Vec<String>,
    pub words: usize,
    pub rows: Vec<Row>,
}

/// What a page is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Heading(String),
    Text(Piece),
    /// A share of a whole, drawn.
    Bar {
        label: Piece,
        share: f64,
    },
    Grid(Grid),
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub title: String,
    pub blocks: Vec<Block>,
}

/// What a key does to a page that shows its lines from `top` on.
#[must_use]
pub const fn scrolled(top: usize, action: Action) -> usize {
    let top = match action {
        Action::RowUp => top.saturating_sub(1),
        Action::RowDown => top.saturating_add(1),
        Action::PageUp => top.saturating_sub(PAGE),
        Action::PageDown => top.saturating_add(PAGE),
        Action::CursorFirst => 0,
        Action::CursorLast => LINE_LIMIT,
        _ => top,
    };
    if top > LINE_LIMIT { LINE_LIMIT } else { top }
}

impl Page {
    /// The page as lines of at most so many columns.
    #[must_use]
    pub fn lines(&self, columns: u16, theme: &Theme, glyphs: &Glyphs) -> Vec<Phrase> {
        let room = columns.saturating_sub(2 * MARGIN);
        let mut lines = Vec::new();
        for block in &self.blocks {
            match block {
                Block::Heading(text) => {
                    lines.push(Phrase::default());
                    lines.push(Phrase::plain(text.clone(), theme.style(Tone::Title)));
                }
                Block::Text(piece) => {
                    let wrapped = wrap(&piece.text, room, NOTE_LINES);
                    lines.extend(wrapped.into_iter().map(|line| Phrase::plain(line, theme.style(piece.tone))));
                }
                Block::Bar { label, share } => lines.push(bar(label, *share, room, (theme, glyphs))),
                Block::Grid(grid) => grid.lines(room, (theme, glyphs), &mut lines),
            }
        }
        lines
    }

    /// The same page as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n", self.title);
        for block in &self.blocks {
            let _ = match block {
                // an empty one only keeps a distance on the glass
                Block::Heading(heading) if heading.is_empty() => Ok(()),
                Block::Heading(heading) => writeln!(text, "\n## {heading}"),
                Block::Text(piece) => writeln!(text, "\n{}", piece.text),
                Block::Bar { label, .. } => writeln!(text, "\n**{}**", label.text),
                Block::Grid(grid) => write!(text, "{}", grid.markdown()),
            };
        }
        text
    }
}

/// The label, and the share as a bar.
fn bar(label: &Piece, share: f64, room: u16, (theme, glyphs): Look<'_>) -> Phrase {
    let columns = room.saturating_sub(width(&label.text) + GAP).min(BAR_COLUMNS);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of at most a few hundred cells")]
    let full = (f64::from(columns) * share.clamp(0.0, 1.0)).round() as usize;
    let rest = usize::from(columns).saturating_sub(full);
    Phrase::plain(label.text.clone(), theme.style(label.tone))
        .and("  ", theme.style(Tone::Normal))
        .and(glyphs.rows[8].repeat(full), theme.style(Tone::Good))
        .and(glyphs.track.repeat(rest), theme.style(Tone::Muted))
}

impl Grid {
    fn is_words(&self, column: usize) -> bool {
        column < self.words
    }

    /// Widths of the columns; where they do not fit, the widest column of words gives way.
    fn widths(&self, room: u16) -> Vec<u16> {
        let mut widths: Vec<u16> = self.heads.iter().map(|head| width(head)).collect();
        for row in &self.rows {
            for (known, cell) in widths.iter_mut().zip(&row.cells) {
                *known = (*known).max(width(&cell.text));
            }
        }
        let gaps = GAP * u16::try_from(widths.len().saturating_sub(1)).unwrap_or(0);
        let excess = widths.iter().sum::<u16>().saturating_add(gaps).saturating_sub(room);
        if let Some(widest) = widths.iter_mut().take(self.words).max() {
            *widest = widest.saturating_sub(excess).max(4);
        }
        widths
    }

    fn lines(&self, room: u16, look: Look<'_>, lines: &mut Vec<Phrase>) {
        let widths = self.widths(room);
        let heads: Vec<Piece> = self.heads.iter().map(|head| Piece::new(head.clone(), Tone::Muted)).collect();
        if heads.iter().any(|head| !head.text.is_empty()) {
            lines.push(self.line(&heads, &widths, look));
        }
        let indent = widths.first().map_or(0, |first| first + GAP);
        for row in &self.rows {
            lines.push(self.line(&row.cells, &widths, look));
            let wrapped = wrap(&row.note, room.saturating_sub(indent), NOTE_LINES);
            let space = " ".repeat(usize::from(indent));
            lines.extend(wrapped.into_iter().map(|line| Phrase::plain(format!("{space}{line}"), look.0.style(Tone::Muted))));
        }
    }

    fn line(&self, cells: &[Piece], widths: &[u16], (theme, glyphs): Look<'_>) -> Phrase {
        let mut line = Phrase::default();
        for (column, (cell, most)) in cells.iter().zip(widths).enumerate() {
            let text = fit(&cell.text, *most, glyphs.dots);
            let space = " ".repeat(usize::from(most.saturating_sub(width(&text))));
            let between = if column > 0 { "  " } else { "" };
            let written = if self.is_words(column) { format!("{between}{text}{space}") } else { format!("{between}{space}{text}") };
            line = line.and(written, theme.style(cell.tone));
        }
        line
    }

    fn markdown(&self) -> String {
        let escaped = |text: &str| text.replace('|', "\\|");
        let mut text = format!("\n| {} |\n|", self.heads.iter().map(|head| escaped(head)).collect::<Vec<_>>().join(" | "));
        for column in 0..self.heads.len() {
            text.push_str(if self.is_words(column) { "---|" } else { "---:|" });
        }
        text.push('\n');
        for row in &self.rows {
            let mut cells: Vec<String> = row.cells.iter().map(|cell| escaped(&cell.text)).collect();
            if let Some(last) = cells.get_mut(self.words.saturating_sub(1)).filter(|_| !row.note.is_empty()) {
                let _ = write!(last, " ({})", escaped(&row.note));
            }
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

/// Draws the page; the status line above it and the footer below it stay.
pub fn draw(frame: &mut Frame<'_>, page: &Page, top: usize, view: &View<'_>) {
    let glass = frame.area();
    let area = Rect { y: glass.y + 1, height: glass.height.saturating_sub(2), ..glass };
    if glass.height < 3 || area.width <= 2 * MARGIN {
        return;
    }
    let buffer = frame.buffer_mut();
    Clear.render(area, buffer);
    buffer.set_style(area, view.style(Tone::Normal));
    let lines = page.lines(area.width, view.theme, view.glyphs);
    let shown = usize::from(area.height - 1);
    let top = top.min(lines.len().saturating_sub(shown));
    draw_title(page, (top, shown, lines.len()), area, buffer, view);
    for (line, y) in lines.iter().skip(top).zip(area.y + 1..area.bottom()) {
        line.put_fit(buffer, area, (area.x + MARGIN, y), area.width - 2 * MARGIN, view.glyphs.dots);
    }
    if view.glyphs.is_ascii() {
        fold_to_ascii(area, buffer);
    }
}

/// The title in a rule, and at its end which lines of how many are shown.
fn draw_title(page: &Page, (top, shown, all): (usize, usize, usize), area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let rule = view.glyphs.horizontal;
    let place = if all > shown { format!(" {}-{} / {all} ", top + 1, (top + shown).min(all)) } else { String::new() };
    let most = area.width.saturating_sub(width(&place) + 4);
    let title = fit(&page.title, most, view.glyphs.dots);
    let rest = area.width.saturating_sub(width(&title) + width(&place) + 4);
    Phrase::plain(format!("{rule} "), view.style(Tone::Frame))
        .and(title, view.style(Tone::Title))
        .and(format!(" {}", rule.repeat(usize::from(rest))), view.style(Tone::Frame))
        .and(place, view.style(Tone::Muted))
        .and(rule, view.style(Tone::Frame))
        .put(buffer, area, area.x, area.y);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let row = |what: &str, figure: &str, note: &str| Row { cells: vec![Piece::plain(what), Piece::plain(figure)], note: note.into() };
        let grid = Grid {
            heads: vec!["what".into(), "worth".into()],
            words: 1,
            rows: vec![row("a | b", "1", ""), row("longer than the rest", "1,234", "said below")],
        };
        Page {
            title: "Debrief".into(),
            blocks: vec![
                Block::Heading("Money".into()),
                Block::Bar { label: Piece::plain("50%"), share: 0.5 },
                Block::Grid(grid),
                Block::Text(Piece::plain("assumed")),
            ],
        }
    }

    #[test]
    fn a_page_is_a_file_too() {
        let text = page().markdown();
        assert!(text.starts_with("# Debrief\n"), "{text}");
        for part in
            ["## Money", "**50%**", "| what | worth |\n|---|---:|", "| a \\| b | 1 |", "| longer than the rest (said below) | 1,234 |"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn columns_give_way_where_there_is_no_room() {
        let Block::Grid(grid) = &page().blocks[2] else { panic!("a grid") };
        assert_eq!(grid.widths(80), [20, 5]);
        assert_eq!(grid.widths(20), [13, 5]);
        assert_eq!(grid.widths(3), [4, 5]);
    }

    #[test]
    fn keys_scroll_within_bounds() {
        assert_eq!(scrolled(0, Action::RowUp), 0);
        assert_eq!(scrolled(3, Action::PageDown), 13);
        assert_eq!(scrolled(3, Action::CursorFirst), 0);
        assert_eq!(scrolled(3, Action::CursorLast), LINE_LIMIT);
        assert_eq!(scrolled(LINE_LIMIT, Action::RowDown), LINE_LIMIT);
    }
}
