//! The layout: which panel lies where, as a pure function of area and view state.

use ratatui::Frame;

use super::View;

/// Draws every panel in its place.
pub fn draw(frame: &mut Frame<'_>, view: &View<'_>) {
    frame.render_widget(view.word("app-name"), frame.area());
}
