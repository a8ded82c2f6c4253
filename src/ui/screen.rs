//! The layout: which panel lies where, as a pure function of area and view state, and the drawing of all of them.
//!
//! From 110×36 on (sketched at 120×40; from 180×54 on, in brackets, what more room adds):
//!
//! ```text
//! status: mode, clock, title, recording, age of every feed, time left
//! pace:   paid of target, how far it should be
//! kpis:   eight cards, by the plan's aim
//! ─ trend ──────────────────────────────────────│─ now ──────────────────
//!  viewers, orders/min, last live, on air,      │─ advice ───────────────
//!  marks, axis: one column = one minute         │
//! ─ heat ───────────────────────────────────────│─ running ──────────────
//!  gestures on the same minutes                 │
//! ─ products ───────────────────────────────────│─ questions ────────────
//!                                               │
//! ─ channels ────────────────┬─ carts ──────────│─ payment ──────────────
//! [payment beside the carts]                    │ [minute card, chat,
//! [─ segments ─────────────────────────────────]│  feeds]
//! ─ log ─────────────────────────────────────────────────────────────────
//! footer: the keys that can be pressed
//! ```
//!
//! Smaller (sketched at 80×24):
//!
//! ```text
//! status
//! pace
//! six cards in two rows
//! chart in five rows, 30 minutes of two cells
//! products: on air first, then alarms
//! advice
//! unpaid · questions · worst price band
//! log
//! footer
//! ```
//!
//! What has no room goes by rank, the status line last. A focused panel that has no place takes that of the products;
//! a zoomed one takes everything between the pace and the advice.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::View;
use super::footer;
use super::layer::Layer;
use super::pane::Pane;
use super::panels;
use super::state::{Panel, UiState};
use super::theme::Tone;
use super::timeline::Timeline;
use super::widgets::text::put;

/// From here on the screen has two columns.
const TWO_COLUMNS: (u16, u16) = (110, 36);
/// From here on it has everything.
const WIDE: (u16, u16) = (180, 54);
/// The right column at 120 columns, and what it gains over the next 80.
const RIGHT_LEAST: u16 = 41;
const RIGHT_GAIN: u16 = 18;

/// Size of the minute card where it is opened.
const CARD: (u16, u16) = (59, 10);

/// From this height on a replay has its timeline.
const REEL_FROM: u16 = 6;

/// Rows of the right column from which on the feeds have a place in it.
const FEEDS_FROM: u16 = 38;

/// How much there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Compact,
    Standard,
    Wide,
}

/// What can have a place on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Status,
    Pace,
    Panel(Panel),
    /// The focused panel in full detail.
    Zoom(Panel),
    /// Unpaid orders, questions and the worst price band in one line.
    Summary,
    /// The minute card that is always open.
    Minute,
    /// The timeline of a replay.
    Reel,
    Footer,
    /// The line between two columns.
    Divider,
}

/// Where everything lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub size: Size,
    pub places: Vec<(Place, Rect)>,
}

/// How a row of minutes is divided: a label, the minutes, a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lanes {
    pub label: u16,
    pub figure: u16,
    /// Width of a minute in cells.
    pub cells: u16,
    pub width: u16,
}

/// A place in a stack: given its least height by rank, then what it wants, then what it can use.
#[derive(Clone, Copy, Debug)]
struct Share {
    place: Place,
    rank: u8,
    least: u16,
    want: u16,
    most: u16,
}

const fn share(place: Place, rank: u8, least: u16, want: u16, most: u16) -> Share {
    Share { place, rank, least, want, most }
}
const fn panel(panel: Panel, rank: u8, least: u16, want: u16, most: u16) -> Share {
    share(Place::Panel(panel), rank, least, want, most)
}

/// Heights of a stack, from the top, that fit into `room`.
fn heights(shares: &[Share], room: u16) -> Vec<u16> {
    let mut given = vec![0u16; shares.len()];
    let mut left = room;
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|index| shares[*index].rank);
    for (index, least) in order.iter().map(|index| (*index, shares[*index].least)) {
        if least <= left {
            given[index] = least;
            left -= least;
        }
    }
    for goal in [|share: &Share| share.want, |share: &Share| share.most] {
        for index in &order {
            let more = goal(&shares[*index]).saturating_sub(given[*index]).min(left);
            if given[*index] > 0 {
                given[*index] += more;
                left -= more;
            }
        }
    }
    given
}

/// Lays a stack into an area.
fn stack(area: Rect, shares: &[Share], places: &mut Vec<(Place, Rect)>) {
    let mut y = area.y;
    for (share, height) in shares.iter().zip(heights(shares, area.height)) {
        if height > 0 {
            places.push((share.place, Rect::new(area.x, y, area.width, height)));
        }
        y += height;
    }
}

/// Where everything lies in `area` while so many recommendations are open: their place grows with them, those below give way.
#[must_use]
pub fn layout(area: Rect, state: &UiState, cards: usize) -> Layout {
    // the timeline of a replay lies over the footer and takes its line from the others
    let glass = area;
    let has_reel = state.reel.is_some() && glass.height >= REEL_FROM;
    let area = Rect { height: glass.height - u16::from(has_reel), ..glass };
    let at_least = |(width, height): (u16, u16)| area.width >= width && area.height >= height;
    let size = match () {
        () if at_least(WIDE) => Size::Wide,
        () if at_least(TWO_COLUMNS) => Size::Standard,
        () => Size::Compact,
    };
    let mut places = Vec::new();
    match (state.zoom(), size) {
        (Some(zoomed), _) => lay_zoom(area, zoomed, cards, &mut places),
        (None, Size::Compact) => lay_compact(area, cards, &mut places),
        (None, _) => lay_columns(area, size, cards, &mut places),
    }
    give_focus_a_place(state, &mut places);
    if has_reel {
        if let Some((_, footer)) = places.iter_mut().find(|(place, _)| *place == Place::Footer) {
            footer.y = glass.bottom() - 1;
        }
        places.push((Place::Reel, Rect { y: glass.bottom() - 2, height: 1, ..glass }));
    }
    Layout { size, places }
}

fn lay_zoom(area: Rect, zoomed: Panel, cards: usize, places: &mut Vec<(Place, Rect)>) {
    let mut shares = vec![
        share(Place::Status, 0, 1, 1, 1),
        share(Place::Pace, 4, 1, 1, 1),
        share(Place::Zoom(zoomed), 1, 2, u16::MAX, u16::MAX),
        share(Place::Footer, 2, 1, 1, 1),
    ];
    if zoomed != Panel::Advice {
        // the advice never scrolls away, the zoomed panel takes what is left
        let advice = if cards > 0 && area.height >= 24 { 6 } else { 2 };
        shares.insert(3, panel(Panel::Advice, 3, 2, advice, advice));
        shares[2].want = area.height.saturating_sub(3 + advice);
    }
    stack(area, &shares, places);
}

fn lay_compact(area: Rect, cards: usize, places: &mut Vec<(Place, Rect)>) {
    // a card takes five rows, which the products give up
    let (products, advice) = if cards > 0 { (6, 6) } else { (10, 2) };
    let shares = [
        share(Place::Status, 0, 1, 1, 1),
        share(Place::Pace, 5, 1, 1, 1),
        panel(Panel::Kpis, 1, 2, 2, 2),
        panel(Panel::Trend, 6, 5, 5, 8),
        panel(Panel::Products, 3, 3, products, 16),
        panel(Panel::Advice, 4, 2, advice, 6),
        share(Place::Summary, 7, 1, 1, 1),
        panel(Panel::Log, 8, 1, 1, 1),
        share(Place::Footer, 2, 1, 1, 1),
    ];
    stack(area, &shares, places);
}

fn lay_columns(area: Rect, size: Size, cards: usize, places: &mut Vec<(Place, Rect)>) {
    let body = area.height.saturating_sub(5 + 3 + 1);
    let rows = |y: u16, height: u16| Rect::new(area.x, area.y + y, area.width, height);
    places.push((Place::Status, rows(0, 1)));
    places.push((Place::Pace, rows(1, 1)));
    places.push((Place::Panel(Panel::Kpis), rows(2, 3)));
    let right = RIGHT_LEAST + area.width.saturating_sub(120) * RIGHT_GAIN / 80;
    let left = area.width.saturating_sub(right + 1);
    let top = area.y + 5;
    lay_left(Rect::new(area.x, top, left, body), size, places);
    places.push((Place::Divider, Rect::new(area.x + left, top, 1, body)));
    lay_right(Rect::new(area.x + left + 1, top, right, body), size, cards, places);
    places.push((Place::Panel(Panel::Log), rows(5 + body, 3)));
    places.push((Place::Footer, rows(area.height - 1, 1)));
}

fn lay_left(area: Rect, size: Size, places: &mut Vec<(Place, Rect)>) {
    let wide = size == Size::Wide;
    let mut shares = vec![
        panel(Panel::Trend, 0, 8, 8, 16),
        panel(Panel::Heat, 2, 4, if wide { 17 } else { 7 }, 17),
        panel(Panel::Products, 1, 6, if wide { 16 } else { 10 }, 40),
        panel(Panel::Channels, 3, 6, 6, 9),
    ];
    if wide {
        shares.push(panel(Panel::Segments, 4, 3, 4, 24));
    }
    let from = places.len();
    stack(area, &shares, places);
    let Some(strip) = places[from..].iter().position(|(place, _)| *place == Place::Panel(Panel::Channels)).map(|n| n + from) else {
        return;
    };
    let (_, whole) = places[strip];
    let names: &[Panel] = if wide { &[Panel::Channels, Panel::Carts, Panel::Payment] } else { &[Panel::Channels, Panel::Carts] };
    places.splice(strip..=strip, side_by_side(whole, names));
}

/// Panels in one row, a line between them; the first is a little wider.
fn side_by_side(area: Rect, names: &[Panel]) -> Vec<(Place, Rect)> {
    let count = u16::try_from(names.len()).unwrap_or(1).max(1);
    let inner = area.width.saturating_sub(count - 1);
    let other = inner / count - if count == 2 { inner / 12 } else { 0 };
    let mut x = area.x;
    let mut out = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let width = if index == 0 { inner - other * (count - 1) } else { other };
        if index > 0 {
            out.push((Place::Divider, Rect::new(x, area.y + 1, 1, area.height.saturating_sub(1))));
            x += 1;
        }
        out.push((Place::Panel(*name), Rect::new(x, area.y, width, area.height)));
        x += width;
    }
    out
}

fn lay_right(area: Rect, size: Size, cards: usize, places: &mut Vec<(Place, Rect)>) {
    // a card in full takes twelve rows, a second one what it must say
    let (advice, running, questions, payment) = match cards {
        0 => (4, 5, 12, 6),
        1 => (13, 4, 5, 5),
        _ => (17, 3, 3, 4),
    };
    match size {
        Size::Wide => stack(
            area,
            &[
                panel(Panel::Now, 0, 4, 4, 4),
                panel(Panel::Advice, 1, 3, advice, 18),
                panel(Panel::Running, 2, 3, running + 1, 12),
                panel(Panel::Questions, 3, 3, questions.min(7), 16),
                share(Place::Minute, 4, 9, 10, 10),
                panel(Panel::Chat, 6, 4, 11, 60),
                panel(Panel::Feeds, 5, 4, 9, 14),
            ],
            places,
        ),
        Size::Standard | Size::Compact => {
            let mut shares = vec![
                panel(Panel::Now, 0, 4, 4, 4),
                panel(Panel::Advice, 1, 3, advice, 18),
                panel(Panel::Running, 2, 3, running, 12),
                panel(Panel::Questions, 3, 3, questions, 16),
                panel(Panel::Payment, 4, 4, payment, 9),
            ];
            if area.height >= FEEDS_FROM {
                shares.push(panel(Panel::Feeds, 5, 4, 8, 12));
            }
            stack(area, &shares, places);
        }
    }
}

/// A focused panel that has no place takes that of the products.
fn give_focus_a_place(state: &UiState, places: &mut [(Place, Rect)]) {
    let focus = Place::Panel(state.focus);
    if state.zoomed || places.iter().any(|(place, _)| *place == focus) {
        return;
    }
    if let Some(entry) = places.iter_mut().find(|(place, _)| *place == Place::Panel(Panel::Products)) {
        entry.0 = focus;
    }
}

impl Layout {
    /// The panel at a cell, for the mouse.
    #[must_use]
    pub fn panel_at(&self, x: u16, y: u16) -> Option<Panel> {
        self.places.iter().find(|(_, area)| area.contains((x, y).into())).and_then(|(place, _)| match place {
            Place::Panel(panel) | Place::Zoom(panel) => Some(*panel),
            Place::Status | Place::Pace | Place::Summary | Place::Minute | Place::Reel | Place::Footer | Place::Divider => None,
        })
    }

    /// Where a panel lies.
    #[must_use]
    pub fn area_of(&self, wanted: Panel) -> Option<Rect> {
        self.places.iter().find(|(place, _)| matches!(place, Place::Panel(panel) | Place::Zoom(panel) if *panel == wanted)).map(|(_, r)| *r)
    }

    /// How chart, lanes and heatmap divide their rows: the same for all of them.
    #[must_use]
    pub fn lanes(&self, area: Rect) -> Lanes {
        let width = self.area_of(Panel::Trend).or_else(|| self.area_of(Panel::Heat)).map_or(area.width, |r| r.width);
        let is_zoomed = self.places.iter().any(|(place, _)| matches!(place, Place::Zoom(_)));
        let label = if width < 48 { 7.min(width) } else { 12 };
        let figure = match width {
            0..24 => 0,
            _ if self.size == Size::Standard && !is_zoomed => 6,
            _ => 8,
        };
        let cells = if self.size == Size::Compact && !is_zoomed && width >= 72 { 2 } else { 1 };
        Lanes { label, figure, cells, width: width.saturating_sub(label + figure) }
    }
}

/// Draws every panel in its place.
pub fn draw(frame: &mut Frame<'_>, view: &View<'_>) {
    let area = frame.area();
    paint(area, frame.buffer_mut(), view);
}

/// The same into a buffer.
pub fn paint(area: Rect, buf: &mut Buffer, view: &View<'_>) {
    if area.is_empty() {
        return;
    }
    let layout = layout(area, view.state, view.engine.advisor().open().len());
    let lanes = layout.lanes(area);
    let line = Timeline::of(view.engine, view.now, lanes.width, lanes.cells, view.state.minute);
    let pane = Pane::new(view, line, lanes, layout.size);
    let ahead = View { engine: view.curves, ..*view };
    let curves = if std::ptr::eq(view.curves, view.engine) { pane.clone() } else { Pane::new(&ahead, line, lanes, layout.size) };
    buf.set_style(area, view.style(Tone::Normal));
    for (place, area) in &layout.places {
        match place {
            Place::Status => panels::status::draw(&pane, *area, buf),
            Place::Pace => panels::pace::draw(&pane, *area, buf),
            Place::Panel(panel) => panels::draw(*panel, if panel.has_minutes() { &curves } else { &pane }, *area, buf),
            Place::Zoom(panel) => panels::draw_zoomed(*panel, if panel.has_minutes() { &curves } else { &pane }, *area, buf),
            Place::Summary => panels::summary::draw(&pane, *area, buf),
            Place::Reel => panels::reel::draw(&pane, *area, buf),
            Place::Minute => panels::minute::draw(&curves, view.state.minute.unwrap_or(line.now - 1), *area, buf),
            Place::Footer => footer::draw(buf, *area, view),
            Place::Divider => draw_divider(&pane, *area, buf),
        }
    }
    if layout.size != Size::Wide || view.state.zoomed {
        draw_open_card(&pane, area, buf);
    }
    if view.glyphs.is_ascii() {
        super::widgets::text::fold_to_ascii(area, buf);
    }
}

/// The minute card over the lower right corner, while the operator has it open.
fn draw_open_card(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    if !pane.view.state.layers.iter().any(|open| matches!(open.layer, Layer::Minute)) {
        return;
    }
    let (width, height) = (CARD.0.min(area.width), CARD.1.min(area.height.saturating_sub(2)));
    let card = Rect::new(area.right() - width, area.bottom() - 1 - height, width, height);
    Clear.render(card, buf);
    buf.set_style(card, pane.style(Tone::Normal));
    draw_divider(pane, Rect::new(card.x, card.y, 1, card.height), buf);
    let inner = Rect::new(card.x + 1, card.y, card.width.saturating_sub(1), card.height);
    panels::minute::draw(pane, pane.view.state.minute.unwrap_or(pane.line.now - 1), inner, buf);
}

fn draw_divider(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    for y in area.top()..area.bottom() {
        put(buf, area, area.x, y, pane.view.glyphs.vertical, pane.style(Tone::Frame));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(width: u16, height: u16, state: &UiState) -> Layout {
        layout(Rect::new(0, 0, width, height), state, 0)
    }
    fn height_of(layout: &Layout, place: Place) -> u16 {
        layout.places.iter().find(|(p, _)| *p == place).map_or(0, |(_, r)| r.height)
    }

    #[test]
    fn every_size_lies_inside_its_area_and_nothing_overlaps() {
        let mut state = UiState::default();
        for (zoomed, cards) in [(false, 0), (false, 1), (false, 3), (true, 0), (true, 2)] {
            state.zoomed = zoomed;
            for (width, height) in (1..=400).step_by(7).flat_map(|w| (1..=120).step_by(3).map(move |h| (w, h))) {
                let area = Rect::new(0, 0, width, height);
                let layout = layout(area, &state, cards);
                let mut cells = vec![false; usize::from(width) * usize::from(height)];
                for (place, rect) in &layout.places {
                    assert_eq!(rect.intersection(area), *rect, "{place:?} at {width}x{height}");
                    for (x, y) in (rect.left()..rect.right()).flat_map(|x| (rect.top()..rect.bottom()).map(move |y| (x, y))) {
                        let cell = &mut cells[usize::from(y) * usize::from(width) + usize::from(x)];
                        assert!(!*cell, "{place:?} lies over another at {width}x{height}");
                        *cell = true;
                    }
                }
            }
        }
    }

    #[test]
    fn at_80_by_24_everything_has_its_row() {
        let layout = places(80, 24, &UiState::default());
        let heights = |place| height_of(&layout, place);
        assert_eq!(heights(Place::Status) + heights(Place::Pace) + heights(Place::Summary) + heights(Place::Footer), 4);
        assert_eq!(heights(Place::Panel(Panel::Kpis)), 2);
        assert_eq!(heights(Place::Panel(Panel::Trend)), 5);
        assert_eq!(heights(Place::Panel(Panel::Products)) + heights(Place::Panel(Panel::Advice)), 12);
        assert_eq!(heights(Place::Panel(Panel::Log)), 1);
        let lanes = layout.lanes(Rect::new(0, 0, 80, 24));
        assert_eq!(lanes.width / lanes.cells, 30, "30 minutes");
    }

    #[test]
    fn at_120_by_40_sixty_minutes_and_at_200_by_60_two_hours_are_seen() {
        for (width, height, minutes) in [(120, 40, 60), (200, 60, 120)] {
            let layout = places(width, height, &UiState::default());
            let lanes = layout.lanes(Rect::new(0, 0, width, height));
            assert_eq!((lanes.width, lanes.cells), (minutes, 1));
        }
        let wide = places(200, 60, &UiState::default());
        assert_eq!(height_of(&wide, Place::Panel(Panel::Heat)), 17, "all gestures");
        assert_eq!(height_of(&wide, Place::Panel(Panel::Products)), 16, "14 products and their sum");
        for place in [Panel::Segments, Panel::Chat, Panel::Feeds].map(Place::Panel).into_iter().chain([Place::Minute]) {
            assert!(height_of(&wide, place) > 2, "{place:?}");
        }
    }

    #[test]
    fn cards_have_the_rows_of_the_sketch_and_the_others_give_way() {
        let rows = |width, height, cards, panel| {
            let layout = layout(Rect::new(0, 0, width, height), &UiState::default(), cards);
            height_of(&layout, Place::Panel(panel))
        };
        assert_eq!(rows(120, 40, 2, Panel::Advice), 17);
        assert_eq!((rows(120, 40, 1, Panel::Payment), rows(120, 40, 2, Panel::Payment)), (5, 4));
        assert_eq!((rows(80, 24, 1, Panel::Advice), rows(80, 24, 1, Panel::Products)), (6, 6));
        assert_eq!((rows(80, 24, 0, Panel::Advice), rows(80, 24, 0, Panel::Products)), (2, 10));
    }

    #[test]
    fn a_replay_has_its_timeline_over_the_footer() {
        let state = UiState { reel: Some(crate::ui::reel::Reel::default()), ..UiState::default() };
        for (width, height) in [(80, 24), (120, 40), (200, 60), (20, 6)] {
            for zoomed in [false, true] {
                let state = UiState { zoomed, ..state.clone() };
                let layout = places(width, height, &state);
                let row = |wanted| layout.places.iter().find(|(place, _)| *place == wanted).map(|(_, area)| area.y);
                assert_eq!(row(Place::Reel), Some(height - 2), "{width}x{height}");
                assert_eq!(row(Place::Status), Some(0));
                assert!(row(Place::Footer).is_none_or(|y| y == height - 1));
                assert!(
                    layout.places.iter().all(|(place, area)| matches!(place, Place::Reel | Place::Footer) || area.bottom() <= height - 2)
                );
            }
        }
    }

    #[test]
    fn the_status_line_is_the_last_to_go() {
        assert_eq!(places(1, 1, &UiState::default()).places, [(Place::Status, Rect::new(0, 0, 1, 1))]);
    }

    #[test]
    fn every_panel_can_be_reached_by_focus() {
        for (width, height) in [(80, 24), (120, 40), (200, 60)] {
            for panel in Panel::ALL {
                let state = UiState { focus: panel, ..UiState::default() };
                assert!(places(width, height, &state).area_of(panel).is_some(), "{panel:?} at {width}x{height}");
            }
        }
    }

    #[test]
    fn the_mouse_finds_the_panel_under_it() {
        let layout = places(120, 40, &UiState::default());
        assert_eq!(layout.panel_at(3, 7), Some(Panel::Trend));
        assert_eq!(layout.panel_at(119, 6), Some(Panel::Now));
        assert_eq!(layout.panel_at(3, 0), None);
    }
}
