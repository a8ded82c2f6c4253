//! A gauge: how far along, with a tick where it should be.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

/// Glyphs and styles of a gauge.
#[derive(Clone, Copy, Debug)]
pub struct GaugeLook<'a> {
    /// From one eighth to the full cell, filling from the left.
    pub parts: [&'a str; 8],
    pub empty: &'a str,
    pub tick: &'a str,
    pub full_style: Style,
    pub empty_style: Style,
    pub tick_style: Style,
}

/// A gauge in one row.
#[derive(Clone, Copy, Debug)]
pub struct Gauge<'a> {
    /// 0 to 1 and beyond; `None` when not known: an empty track.
    pub share: Option<f64>,
    /// Where it should be by now.
    pub due: Option<f64>,
    pub look: GaugeLook<'a>,
}

/// A share of a width in eighths of a cell.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and eight times a u16")]
fn eighths(share: f64, width: u16) -> u32 {
    if share.is_finite() { (share.clamp(0.0, 1.0) * f64::from(width) * 8.0).round() as u32 } else { 0 }
}

impl Widget for &Gauge<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let full = self.share.map_or(0, |share| eighths(share, area.width));
        let tick = self.due.map(|due| (eighths(due, area.width) / 8).min(u32::from(area.width - 1)));
        for (x, column) in (area.left()..area.right()).zip(0u32..) {
            let part = full.saturating_sub(column * 8).min(8) as usize;
            let (symbol, style) = match part {
                _ if tick == Some(column) => (self.look.tick, self.look.tick_style),
                0 => (self.look.empty, self.look.empty_style),
                part => (self.look.parts[part - 1], self.look.full_style),
            };
            if let Some(cell) = buf.cell_mut((x, area.y)) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(share: Option<f64>, due: Option<f64>, width: u16, height: u16) -> String {
        let look = GaugeLook {
            parts: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
            empty: "░",
            tick: "┊",
            full_style: Style::new(),
            empty_style: Style::new(),
            tick_style: Style::new(),
        };
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        Gauge { share, due, look }.render(area, &mut buf);
        buf.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn it_shows_how_far_and_how_far_it_should_be() {
        assert_eq!(drawn(Some(0.5), Some(0.75), 4, 1), "██░┊");
        assert_eq!(drawn(Some(0.375), None, 4, 1), "█▌░░");
        assert_eq!(drawn(Some(2.0), Some(1.0), 4, 1), "███┊");
    }

    #[test]
    fn unknown_is_an_empty_track() {
        assert_eq!(drawn(None, None, 3, 1), "░░░");
        assert_eq!(drawn(Some(f64::NAN), Some(f64::NAN), 3, 1), "┊░░");
    }

    #[test]
    fn no_size_breaks_it() {
        assert_eq!(drawn(Some(1.0), Some(1.0), 0, 0), "");
        assert_eq!(drawn(Some(1.0), None, 1, 1), "█");
    }
}
