//! What each layer does with an action, and how it is drawn: a box over the lower edge of the glass, never over the status line.

mod card;
mod choose;
mod help;
mod intervene;
mod palette;
mod send;
mod typed;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line as TextLine;
use ratatui::widgets::{Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::View;
use super::action::Action;
use super::intent::Intent;
use super::layer::{CardPage, Layer};
use super::page;
use super::state::UiState;
use super::theme::Tone;
use super::update::{Moment, on_glass};
use super::widgets::text::fold_to_ascii;

/// Applies an action to the layer that takes the keys: the layer that stays (if one does), and what is asked of the live.
pub fn step(layer: Layer, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    if action == Action::Cancel && !matches!(layer, Layer::Filter(_) | Layer::Intervene(_) | Layer::Card { page: CardPage::Editing(_), .. })
    {
        return (None, None);
    }
    match layer {
        Layer::Help { top } => (help::step(top, action), None),
        Layer::Palette { line, choice } => palette::step(line, choice, action, state, moment),
        Layer::Filter(line) => (typed::filter(line, action, state), None),
        Layer::Note(line) => typed::note(line, action, state, moment),
        Layer::Slot(line) => (typed::slot(line, action, state, moment), None),
        Layer::Leave(line) => typed::leave(line, action, state, moment),
        Layer::Intervene(draft) => intervene::step(draft, action, state, moment),
        Layer::Cue { segment } => choose::cue(segment, action, state, moment),
        Layer::End { id } => choose::end(id, action, state, moment),
        Layer::Undo { id } => choose::undo(id, action, state, moment),
        Layer::Card { id, page } => card::step(id, page, action, state, moment),
        Layer::Send { wish, count } => send::step(wish, count, action, state, moment),
        Layer::Unmask => {
            if action == Action::Accept {
                state.masked = false;
                return (None, None);
            }
            (Some(Layer::Unmask), None)
        }
        Layer::Page { page, top } => (Some(Layer::Page { page, top: page::scrolled(top, action) }), None),
        Layer::Minute => {
            let intent = on_glass(state, action, moment);
            (Some(Layer::Minute), intent)
        }
    }
}

/// Opens the layer of an action that needs something to choose from.
pub fn open(state: &mut UiState, action: Action, moment: &Moment<'_>) {
    let opened = match action {
        Action::Intervene => Ok(intervene::opened(moment)),
        Action::Advice => card::opened(moment),
        Action::Cue => choose::opened_cue(moment),
        Action::EndAct => choose::opened_end(moment),
        _ => choose::opened_undo(moment),
    };
    match opened {
        Ok(layer) => state.open(layer, moment.wall),
        Err(why) => state.refuse(moment.words.get(why).to_owned(), moment.wall),
    }
}

/// A layer as it is drawn.
pub(super) struct Card<'a> {
    title: String,
    lines: Vec<TextLine<'a>>,
    /// The cursor of a text field: column and line inside the box.
    cursor: Option<(usize, usize)>,
    /// The first line that is shown, as far as there are more than fit.
    top: usize,
    /// Where not all lines fit, the last ones are shown.
    keep_end: bool,
    /// So many of the last lines stay in sight, whatever is scrolled above them.
    pinned: usize,
}

impl<'a> Card<'a> {
    fn new(title: String, lines: Vec<TextLine<'a>>) -> Self {
        Self { title, lines, cursor: None, top: 0, keep_end: false, pinned: 0 }
    }
}

impl Card<'_> {
    /// Which of its lines are seen where there is room for so many.
    fn rows(&self, room: usize) -> Vec<usize> {
        let pinned = self.pinned.min(self.lines.len()).min(room);
        let (above, room) = (self.lines.len() - pinned, room - pinned);
        let last_top = above.saturating_sub(room);
        let top = if self.keep_end { last_top } else { self.top.min(last_top) };
        (top..above.min(top + room)).chain(above..self.lines.len()).collect()
    }
}

/// Draws every open layer, the newest last. The minute card is a panel of its own and is not drawn here.
pub fn draw(frame: &mut Frame<'_>, view: &View<'_>) {
    for open in &view.state.layers {
        let card = match &open.layer {
            Layer::Help { top } => help::card(*top, view),
            Layer::Palette { line, choice } => palette::card(line, *choice, view),
            Layer::Filter(line) => typed::card("layer-filter", None, line, view),
            Layer::Note(line) => typed::note_card(line, view),
            Layer::Slot(line) => typed::card("layer-slot", None, line, view),
            Layer::Leave(line) => typed::card("layer-leave", Some("ask-leave"), line, view),
            Layer::Intervene(draft) => intervene::card(draft, view),
            Layer::Cue { segment } => choose::cue_card(*segment, view),
            Layer::End { id } => choose::end_card(id, view),
            Layer::Undo { id } => choose::undo_card(id, view),
            Layer::Card { id, page } => card::card(id, page, view),
            Layer::Send { wish, count } => send::card(wish, *count, view),
            Layer::Unmask => Card::new(view.word("layer-unmask").to_owned(), vec![TextLine::from(view.word("ask-unmask"))]),
            Layer::Page { page, top } => {
                page::draw(frame, page, *top, view);
                continue;
            }
            Layer::Minute => continue,
        };
        draw_card(frame, view, &card);
    }
    if view.glyphs.is_ascii() && !view.state.layers.is_empty() {
        fold_to_ascii(frame.area(), frame.buffer_mut());
    }
}

/// A box as wide and as high as its lines, over the lower edge, one line above the footer.
fn draw_card(frame: &mut Frame<'_>, view: &View<'_>, card: &Card<'_>) {
    let glass = frame.area();
    let widest = card.lines.iter().map(TextLine::width).chain([card.title.width() + 2]).max().unwrap_or(0);
    let width = u16::try_from(widest.saturating_add(4)).unwrap_or(u16::MAX).min(glass.width);
    let height = u16::try_from(card.lines.len().saturating_add(2)).unwrap_or(u16::MAX).min(glass.height.saturating_sub(2));
    if width < 3 || height < 3 {
        return;
    }
    let area = Rect { x: glass.x, y: glass.bottom() - 1 - height, width, height };
    let buffer = frame.buffer_mut();
    Clear.render(area, buffer);
    buffer.set_style(area, view.style(Tone::Normal));
    draw_frame(frame, view, card, area);
    let inner = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(4), height: area.height - 2 };
    let rows = card.rows(usize::from(inner.height));
    for (row, y) in rows.iter().zip(inner.y..inner.bottom()) {
        frame.buffer_mut().set_line(inner.x, y, &card.lines[*row], inner.width);
    }
    let cursor = card.cursor.and_then(|(column, row)| Some((column, rows.iter().position(|shown| *shown == row)?)));
    if let Some((column, place)) = cursor {
        let x = inner.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX)).min(inner.right());
        let y = inner.y.saturating_add(u16::try_from(place).unwrap_or(u16::MAX));
        if y < inner.bottom() && x < glass.right() {
            frame.set_cursor_position(Position { x, y });
        }
    }
}

fn draw_frame(frame: &mut Frame<'_>, view: &View<'_>, card: &Card<'_>, area: Rect) {
    let glyphs = view.glyphs;
    let (style, buffer) = (view.style(Tone::Accent), frame.buffer_mut());
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for x in area.x..=right {
        buffer.set_string(x, area.y, glyphs.horizontal, style);
        buffer.set_string(x, bottom, glyphs.horizontal, style);
    }
    for y in area.y..=bottom {
        buffer.set_string(area.x, y, glyphs.vertical, style);
        buffer.set_string(right, y, glyphs.vertical, style);
    }
    for (corner, (x, y)) in glyphs.corners.iter().zip([(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)]) {
        buffer.set_string(x, y, corner, style);
    }
    let title = format!(" {} ", card.title);
    buffer.set_stringn(area.x + 1, area.y, title, usize::from(area.width.saturating_sub(2)), view.style(Tone::Title));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_stay_in_sight_whatever_is_scrolled_above_them() {
        let lines = |count: usize| vec![TextLine::default(); count];
        let card = |top, pinned| Card { top, pinned, ..Card::new(String::new(), lines(10)) };
        assert_eq!(card(0, 2).rows(5), [0, 1, 2, 8, 9]);
        assert_eq!(card(4, 2).rows(5), [4, 5, 6, 8, 9]);
        assert_eq!(card(99, 2).rows(5), [5, 6, 7, 8, 9], "no further than its end");
        assert_eq!(card(99, 2).rows(20), (0..10).collect::<Vec<_>>(), "all of it where there is room");
        assert_eq!(card(0, 2).rows(1).len(), 1);
        assert_eq!(Card { keep_end: true, ..Card::new(String::new(), lines(10)) }.rows(3), [7, 8, 9]);
        assert!(Card::new(String::new(), lines(0)).rows(3).is_empty());
    }
}
