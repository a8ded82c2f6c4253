//! The panels, one a file. Each draws what the engine answers into the area that it is given, and nothing else.

pub mod advice;
pub mod banner;
pub mod carts;
pub mod channels;
pub mod chat;
pub mod feeds;
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
pub mod reel;
pub mod running;
pub mod segments;
pub mod status;
pub mod summary;
pub mod trend;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pane::Pane;
use super::state::Panel;

/// Draws a panel in its usual place.
pub fn draw(panel: Panel, pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    match panel {
        Panel::Trend => trend::draw(pane, area, buf),
        Panel::Heat => heat::draw(pane, area, buf),
        Panel::Products => products::draw(pane, area, buf),
        Panel::Channels => channels::draw(pane, area, buf),
        Panel::Carts => carts::draw(pane, area, buf),
        Panel::Payment => payment::draw(pane, area, buf),
        Panel::Now => now::draw(pane, area, buf),
        Panel::Advice => advice::draw(pane, area, buf),
        Panel::Running => running::draw(pane, area, buf),
        Panel::Questions => questions::draw(pane, area, buf),
        Panel::Log => log::draw(pane, area, buf),
        Panel::Kpis => kpis::draw(pane, area, buf),
        Panel::Feeds => feeds::draw(pane, area, buf),
        Panel::Segments => segments::draw(pane, area, buf),
        Panel::Chat => chat::draw(pane, area, buf),
    }
}

/// Draws a panel in full detail.
pub fn draw_zoomed(panel: Panel, pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    match panel {
        Panel::Trend => trend::draw_zoomed(pane, area, buf),
        Panel::Heat => heat::draw(pane, area, buf),
        Panel::Products => products::draw_zoomed(pane, area, buf),
        Panel::Channels => channels::draw_zoomed(pane, area, buf),
        Panel::Carts => carts::draw_zoomed(pane, area, buf),
        Panel::Payment => payment::draw_zoomed(pane, area, buf),
        Panel::Now => now::draw_zoomed(pane, area, buf),
        Panel::Advice => advice::draw(pane, area, buf),
        Panel::Running => running::draw_zoomed(pane, area, buf),
        Panel::Questions => questions::draw(pane, area, buf),
        Panel::Log => log::draw_zoomed(pane, area, buf),
        Panel::Kpis => metrics::draw(pane, area, buf),
        Panel::Feeds => feeds::draw_zoomed(pane, area, buf),
        Panel::Segments => segments::draw_zoomed(pane, area, buf),
        Panel::Chat => chat::draw(pane, area, buf),
    }
}
