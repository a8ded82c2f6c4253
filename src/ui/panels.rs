//! The panels, one a file. Each draws what the engine answers into the area that it is given, and nothing else.

pub mod advice;
pub mod carts;
pub mod channels;
pub mod chat;
pub mod feeds;
pub mod footer;
pub mod heat;
pub mod kpis;
pub mod log;
pub mod metrics;
pub mod minute;
pub mod now;
pub mod pace;
pub mod payment;
pub mod products;
pub mod questions;
pub mod running;
pub mod segments;
pub mod status;
pub mod summary;
pub mod trend;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::desk::Desk;
use super::state::Panel;

/// Draws a panel in its usual place.
pub fn draw(panel: Panel, desk: &Desk<'_>, area: Rect, buf: &mut Buffer) {
    match panel {
        Panel::Trend => trend::draw(desk, area, buf),
        Panel::Heat => heat::draw(desk, area, buf),
        Panel::Products => products::draw(desk, area, buf),
        Panel::Channels => channels::draw(desk, area, buf),
        Panel::Carts => carts::draw(desk, area, buf),
        Panel::Payment => payment::draw(desk, area, buf),
        Panel::Now => now::draw(desk, area, buf),
        Panel::Advice => advice::draw(desk, area, buf),
        Panel::Running => running::draw(desk, area, buf),
        Panel::Questions => questions::draw(desk, area, buf),
        Panel::Log => log::draw(desk, area, buf),
        Panel::Kpis => kpis::draw(desk, area, buf),
        Panel::Feeds => feeds::draw(desk, area, buf),
        Panel::Segments => segments::draw(desk, area, buf),
        Panel::Chat => chat::draw(desk, area, buf),
    }
}

/// Draws a panel in full detail.
pub fn draw_zoomed(panel: Panel, desk: &Desk<'_>, area: Rect, buf: &mut Buffer) {
    match panel {
        Panel::Trend => trend::draw_zoomed(desk, area, buf),
        Panel::Heat => heat::draw(desk, area, buf),
        Panel::Products => products::draw_zoomed(desk, area, buf),
        Panel::Channels => channels::draw_zoomed(desk, area, buf),
        Panel::Carts => carts::draw_zoomed(desk, area, buf),
        Panel::Payment => payment::draw_zoomed(desk, area, buf),
        Panel::Now => now::draw_zoomed(desk, area, buf),
        Panel::Advice => advice::draw(desk, area, buf),
        Panel::Running => running::draw_zoomed(desk, area, buf),
        Panel::Questions => questions::draw(desk, area, buf),
        Panel::Log => log::draw_zoomed(desk, area, buf),
        Panel::Kpis => metrics::draw(desk, area, buf),
        Panel::Feeds => feeds::draw(desk, area, buf),
        Panel::Segments => segments::draw(desk, area, buf),
        Panel::Chat => chat::draw(desk, area, buf),
    }
}
