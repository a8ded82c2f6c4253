//! A row of a heatmap: how much of something happened in each minute, as shades.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::spark::Bar;

/// Glyphs and styles of the shades.
#[derive(Clone, Copy, Debug)]
pub struct HeatLook<'a> {
    /// From a little to most.
    pub shades: [&'a str; 4],
    /// A known zero.
    pub zero: &'a str,
    pub styles: [Style; 4],
    /// A minute that still fills, whatever is in it so far.
    pub hatch: &'a str,
    pub zero_style: Style,
    pub unfinished: Style,
    pub late: Style,
}

/// One row. Each minute is `cells` columns wide.
#[derive(Clone, Copy, Debug)]
pub struct Heat<'a> {
    pub bars: &'a [Bar],
    /// What the darkest shade stands for.
    pub top: f64,
    pub cells: u16,
    pub look: HeatLook<'a>,
}

impl Heat<'_> {
    /// Which shade a value has; `None` for zero.
    fn shade(&self, value: f64) -> Option<usize> {
        if value <= 0.0 || !value.is_finite() || self.top <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 4")]
        let shade = (value / self.top * 4.0).ceil().clamp(1.0, 4.0) as usize;
        Some(shade - 1)
    }
}

impl Widget for &Heat<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let cells = self.cells.max(1);
        for (x, column) in (area.left()..area.right()).zip(0u16..) {
            let Some(bar) = self.bars.get(usize::from(column / cells)) else { break };
            let Some(value) = bar.value() else { continue };
            let (mut symbol, mut style) =
                self.shade(value).map_or((self.look.zero, self.look.zero_style), |n| (self.look.shades[n], self.look.styles[n]));
            match bar {
                Bar::Unfinished(_) => {
                    symbol = if value > 0.0 { self.look.hatch } else { symbol };
                    style = self.look.unfinished;
                }
                Bar::Late(_) => style = style.patch(self.look.late),
                Bar::Full(_) | Bar::Gap => {}
            }
            for y in area.top()..area.bottom() {
                if let Some(cell) = buf.cell_mut((x, y)) {
                    cell.set_symbol(symbol).set_style(style);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(bars: &[Bar], width: u16, height: u16) -> String {
        let look = HeatLook {
            shades: ["░", "▒", "▓", "█"],
            zero: "·",
            hatch: "/",
            styles: [Style::new(); 4],
            zero_style: Style::new(),
            unfinished: Style::new(),
            late: Style::new(),
        };
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        Heat { bars, top: 4.0, cells: 1, look }.render(area, &mut buf);
        buf.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn shades_rise_and_a_gap_stays_empty() {
        assert_eq!(drawn(&[Bar::Full(0.0), Bar::Gap, Bar::Full(0.5), Bar::Full(2.0), Bar::Full(2.5), Bar::Late(9.0)], 6, 1), "· ░▒▓█");
    }

    #[test]
    fn no_size_breaks_it() {
        assert_eq!(drawn(&[Bar::Full(f64::NAN)], 0, 0), "");
        assert_eq!(drawn(&[Bar::Full(f64::NAN)], 1, 1), "·");
    }

    #[test]
    fn an_unfinished_minute_is_hatched() {
        assert_eq!(drawn(&[Bar::Unfinished(0.0), Bar::Unfinished(3.0)], 2, 1), "·/");
    }
}
