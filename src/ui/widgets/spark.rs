//! A curve of bars, one a minute: gaps where nothing is known, hatching where a minute still fills.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

/// One minute of a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Bar {
    /// Nothing is known: nothing is drawn.
    #[default]
    Gap,
    Full(f64),
    /// The minute still fills, or lies beyond completeness: drawn hatched, never as a fall.
    Unfinished(f64),
    /// Filled again by facts that came late.
    Late(f64),
}

impl Bar {
    #[must_use]
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Gap => None,
            Self::Full(value) | Self::Unfinished(value) | Self::Late(value) => Some(value),
        }
    }
}

/// The largest value of some bars; `None` when nothing is known.
#[must_use]
pub fn top_of(bars: &[Bar]) -> Option<f64> {
    bars.iter().filter_map(|bar| bar.value()).filter(|value| value.is_finite()).reduce(f64::max)
}

/// Glyphs and styles of a curve.
#[derive(Clone, Copy, Debug)]
pub struct SparkLook<'a> {
    /// From the lowest to the full cell.
    pub levels: [&'a str; 8],
    /// A known zero: seen, but no bar.
    pub zero: &'a str,
    /// Fills an unfinished minute.
    pub hatch: &'a str,
    pub style: Style,
    pub zero_style: Style,
    pub unfinished: Style,
    pub late: Style,
}

/// The curve. As high as its area; each bar is `cells` columns wide.
#[derive(Clone, Copy, Debug)]
pub struct Spark<'a> {
    pub bars: &'a [Bar],
    /// The value of a full bar.
    pub top: f64,
    pub cells: u16,
    pub look: SparkLook<'a>,
}

/// Eighths of a cell in a cell.
const EIGHTHS: u32 = 8;

impl Spark<'_> {
    /// Height of a value in eighths; a positive one is never nothing, a full one never more than `most`.
    fn eighths(&self, value: f64, most: u32) -> u32 {
        if value <= 0.0 || !value.is_finite() || self.top <= 0.0 {
            return 0;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and most")]
        let eighths = (value / self.top * f64::from(most)).round().clamp(1.0, f64::from(most)) as u32;
        eighths
    }

    fn draw(&self, bar: Bar, x: u16, area: Rect, buf: &mut Buffer) {
        let Some(value) = bar.value() else { return };
        let eighths = self.eighths(value, u32::from(area.height) * EIGHTHS);
        for (row, y) in (area.top()..area.bottom()).rev().enumerate() {
            let below = u32::try_from(row).unwrap_or(u32::MAX).saturating_mul(EIGHTHS);
            let part = eighths.saturating_sub(below).min(EIGHTHS);
            let symbol = match (bar, part) {
                (Bar::Unfinished(_), 0) if row == 0 => self.look.hatch,
                (_, 0) if row == 0 => self.look.zero,
                (_, 0) => break,
                (Bar::Unfinished(_), _) => self.look.hatch,
                (_, part) => self.look.levels[(part as usize).saturating_sub(1).min(7)],
            };
            let style = match bar {
                Bar::Unfinished(_) => self.look.unfinished,
                _ if eighths == 0 => self.look.zero_style,
                Bar::Late(_) => self.look.late,
                _ => self.look.style,
            };
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    }
}

impl Widget for &Spark<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let cells = self.cells.max(1);
        for (x, column) in (area.left()..area.right()).zip(0u16..) {
            let Some(bar) = self.bars.get(usize::from(column / cells)) else { break };
            self.draw(*bar, x, area, buf);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: SparkLook<'static> = SparkLook {
        levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        zero: "_",
        hatch: "░",
        style: Style::new(),
        zero_style: Style::new(),
        unfinished: Style::new(),
        late: Style::new(),
    };

    fn drawn(bars: &[Bar], width: u16, height: u16, cells: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        Spark { bars, top: 8.0, cells, look: LOOK }.render(area, &mut buf);
        (0..height).map(|y| (0..width).map(|x| buf[(x, y)].symbol().to_owned()).collect()).collect()
    }

    #[test]
    fn a_gap_is_not_a_zero() {
        assert_eq!(drawn(&[Bar::Full(0.0), Bar::Gap, Bar::Full(0.1), Bar::Full(8.0)], 4, 1, 1), ["_ ▁█"]);
    }

    #[test]
    fn an_unfinished_minute_is_hatched_whatever_its_height() {
        assert_eq!(drawn(&[Bar::Unfinished(0.0), Bar::Unfinished(8.0), Bar::Late(4.0)], 3, 2, 1), [" ░ ", "░░█"]);
    }

    #[test]
    fn a_minute_may_be_two_cells_wide() {
        assert_eq!(drawn(&[Bar::Full(8.0), Bar::Full(4.0)], 5, 1, 2), ["██▄▄ "]);
    }

    #[test]
    fn no_size_and_no_value_breaks_it() {
        let bars = [Bar::Full(f64::NAN), Bar::Full(f64::INFINITY), Bar::Full(-3.0), Bar::Full(1e300)];
        assert_eq!(drawn(&bars, 0, 0, 0), Vec::<String>::new());
        assert_eq!(drawn(&bars, 1, 1, 0), ["_"]);
        assert_eq!(drawn(&bars, 4, 1, 1), ["___█"]);
        assert_eq!(top_of(&bars), Some(1e300));
        assert_eq!(top_of(&[Bar::Gap]), None);
    }
}
