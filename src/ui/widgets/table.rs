//! An aligned table whose columns go by priority when there is no room, so that no number is ever cut.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{Phrase, fit, fit_middle, put, width};

/// Which edge a column's cells stand at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    Left,
    Right,
}

/// A column.
#[derive(Clone, Debug, Default)]
pub struct Column {
    pub title: String,
    pub align: Align,
    /// The higher, the earlier it goes; 0 goes last.
    pub priority: u8,
    /// Kept at least this wide, so that growing numbers don't make the table jump.
    pub least: u16,
    /// Holds words: may be cut to `least`, and takes the room that is left.
    pub elastic: bool,
    /// Names that begin alike: cut in the middle.
    pub middle: bool,
}

impl Column {
    /// Words: the column that gives way and takes what is left.
    #[must_use]
    pub fn words(title: impl Into<String>, least: u16) -> Self {
        Self { title: title.into(), least, elastic: true, ..Self::default() }
    }
    /// Numbers, at the right edge.
    #[must_use]
    pub fn number(title: impl Into<String>, least: u16, priority: u8) -> Self {
        Self { title: title.into(), align: Align::Right, priority, least, ..Self::default() }
    }
    /// A mark or a drawing of fixed width.
    #[must_use]
    pub fn mark(title: impl Into<String>, least: u16, priority: u8) -> Self {
        Self { title: title.into(), align: Align::Left, priority, least, ..Self::default() }
    }
}

/// A row: a phrase a column.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub cells: Vec<Phrase>,
    /// Laid under the whole row.
    pub style: Style,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub title_style: Style,
    /// For words that were cut.
    pub ellipsis: &'static str,
}

/// Where a column stands: its place in [`Table::columns`], offset and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub column: usize,
    pub x: u16,
    pub width: u16,
}

impl Table {
    /// Width that a column needs to be read in full.
    fn natural(&self, column: usize) -> u16 {
        let Some(spec) = self.columns.get(column) else { return 0 };
        let cells = self.rows.iter().filter_map(|row| row.cells.get(column)).map(Phrase::width);
        cells.chain([width(&spec.title), spec.least]).max().unwrap_or(0)
    }

    /// The columns that are shown in `room` columns, and where.
    #[must_use]
    pub fn slots(&self, room: u16) -> Vec<Slot> {
        let natural: Vec<u16> = (0..self.columns.len()).map(|column| self.natural(column)).collect();
        let least = |column: usize| {
            let spec = &self.columns[column];
            if spec.elastic { natural[column].min(spec.least) } else { natural[column] }
        };
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let total = |shown: &[usize]| {
            let gaps = u16::try_from(shown.len().saturating_sub(1)).unwrap_or(u16::MAX);
            shown.iter().fold(gaps, |sum, column| sum.saturating_add(least(*column)))
        };
        while total(&shown) > room {
            // the last of those with the highest priority goes
            let Some((place, _)) = shown.iter().enumerate().max_by_key(|(place, column)| (self.columns[**column].priority, *place)) else {
                return Vec::new();
            };
            shown.remove(place);
        }
        let mut left = room.saturating_sub(total(&shown));
        // words are first read in full, then the last of them take the rest
        let mut widths: Vec<u16> = shown.iter().map(|column| least(*column)).collect();
        for (width, column) in widths.iter_mut().zip(&shown).filter(|(_, column)| self.columns[**column].elastic) {
            let more = left.min(natural[*column].saturating_sub(*width));
            *width += more;
            left -= more;
        }
        if let Some(last) = shown.iter().rposition(|column| self.columns[*column].elastic) {
            widths[last] += left;
        }
        let mut x = 0;
        let mut slots = Vec::with_capacity(shown.len());
        for (column, width) in shown.into_iter().zip(widths) {
            slots.push(Slot { column, x, width });
            x = x.saturating_add(width).saturating_add(1);
        }
        slots
    }

    /// Draws the table into an area whose first row is the rule that the titles stand in, a column in from either edge.
    pub fn put(&self, area: Rect, buf: &mut Buffer) {
        let inner = Rect::new(area.x + 1.min(area.width), area.y, area.width.saturating_sub(2), area.height);
        let slots = self.slots(inner.width);
        self.put_titles(&slots, inner, area.y, buf);
        let body = Rect::new(inner.x, area.y + 1.min(area.height), inner.width, area.height.saturating_sub(1));
        self.put_rows(&slots, 0, body, buf);
    }

    /// Writes the titles of `slots` into row `y` of `area`.
    pub fn put_titles(&self, slots: &[Slot], area: Rect, y: u16, buf: &mut Buffer) {
        for slot in slots {
            let column = &self.columns[slot.column];
            let title = fit(&column.title, slot.width, self.ellipsis);
            let x = area.x + slot.x + if column.align == Align::Right { slot.width - width(&title).min(slot.width) } else { 0 };
            // a blank at either side, so that a title stands out of the rule it is written over
            if !title.is_empty() {
                let around = Rect::new(area.x.saturating_sub(1), area.y, area.width.saturating_add(2), area.height);
                let (start, lead) = if x > 0 { (x - 1, " ") } else { (0, "") };
                put(buf, around, start, y, &format!("{lead}{title} "), self.title_style);
            }
        }
    }

    /// Draws the rows from the `first` on into `area`, as many as there is room for.
    pub fn put_rows(&self, slots: &[Slot], first: usize, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        for (row, y) in self.rows.iter().skip(first).zip(area.top()..area.bottom()) {
            buf.set_style(Rect::new(area.x, y, area.width, 1), row.style);
            for slot in slots {
                if let Some(cell) = row.cells.get(slot.column) {
                    self.put_cell(cell, *slot, area, y, buf);
                }
            }
        }
    }

    fn put_cell(&self, cell: &Phrase, slot: Slot, area: Rect, y: u16, buf: &mut Buffer) {
        let place = Rect::new(area.x.saturating_add(slot.x), y, slot.width, 1).intersection(area);
        if self.columns[slot.column].align == Align::Right {
            cell.put_right(buf, place, y);
            return;
        }
        let mut left = slot.width;
        let mut x = place.x;
        for (text, style) in &cell.0 {
            let cut = if self.columns[slot.column].middle { fit_middle } else { fit };
            let text = cut(text, left, self.ellipsis);
            left -= width(&text).min(left);
            x = put(buf, place, x, y, &text, *style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let plain = |text: &str| Phrase::plain(text, Style::new());
        let row = |name: &str, units: &str, money: &str| Row { cells: vec![plain(name), plain(units), plain(money)], style: Style::new() };
        Table {
            columns: vec![Column::words("product", 6), Column::number("units", 0, 2), Column::number("GMV", 0, 1)],
            rows: vec![row("Caneca térmica", "76", "6.1k"), row("Fone", "125", "24.9k")],
            title_style: Style::new(),
            ellipsis: "…",
        }
    }

    fn drawn(room: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, room, height);
        let mut buf = Buffer::empty(area);
        let table = table();
        let slots = table.slots(room);
        table.put_titles(&slots, area, 0, &mut buf);
        table.put_rows(&slots, 0, Rect::new(0, 1, room, height.saturating_sub(1)), &mut buf);
        (0..height).map(|y| (0..room).map(|x| buf[(x, y)].symbol().to_owned()).collect()).collect()
    }

    #[test]
    fn numbers_stand_at_the_right_and_words_take_what_is_left() {
        assert_eq!(drawn(28, 3), ["product          units   GMV", "Caneca térmica      76  6.1k", "Fone               125 24.9k"]);
    }

    #[test]
    fn columns_go_by_priority_and_numbers_are_never_cut() {
        assert_eq!(drawn(14, 3), ["product    GMV", "Caneca…   6.1k", "Fone     24.9k"]);
        assert_eq!(drawn(8, 3), ["product ", "Caneca… ", "Fone    "]);
    }

    #[test]
    fn no_size_breaks_it() {
        assert_eq!(drawn(0, 0), Vec::<String>::new());
        assert_eq!(drawn(1, 1), [" "]);
    }
}
