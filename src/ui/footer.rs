//! The last line: the keys of the layer that takes them, made from the action table, or the answer to the last key.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::View;
use super::action::{Action, Availability};
use super::keymap::{Code, Key, tables_of};
use super::state::FlashKind;
use super::theme::Tone;

/// A part of the footer: actions that share one word, and the key of that word.
struct Item {
    actions: &'static [Action],
    word: &'static str,
}

/// What the footer may show, the most needed first. Each layer shows those that it has.
const ITEMS: [Item; 31] = [
    Item { actions: &[Action::Accept], word: "foot-accept" },
    Item { actions: &[Action::Cancel], word: "foot-cancel" },
    Item { actions: &[Action::ChoiceUp, Action::ChoiceDown], word: "foot-choice" },
    Item { actions: &[Action::RepeatAct], word: "foot-repeat" },
    Item { actions: &[Action::Details], word: "foot-details" },
    Item { actions: &[Action::Complete], word: "foot-complete" },
    Item { actions: &[Action::PageUp, Action::PageDown], word: "foot-page" },
    Item { actions: &[Action::Intervene], word: "foot-intervene" },
    Item { actions: &[Action::Advice], word: "foot-advice" },
    Item { actions: &[Action::Cue], word: "foot-cue" },
    Item { actions: &[Action::Seek], word: "foot-seek" },
    Item { actions: &[Action::Pause], word: "foot-pause" },
    Item { actions: &[Action::Slower, Action::Faster], word: "foot-speed" },
    Item { actions: &[Action::SecondBack, Action::SecondOn], word: "foot-second" },
    Item { actions: &[Action::LeapBack, Action::LeapOn], word: "foot-leap" },
    Item { actions: &[Action::Known], word: "foot-known" },
    Item { actions: &[Action::Slot(1), Action::Slot(9)], word: "foot-slot" },
    Item { actions: &[Action::MinuteLeft, Action::MinuteRight], word: "foot-minute" },
    Item { actions: &[Action::MarkBefore, Action::MarkNext], word: "foot-mark" },
    Item { actions: &[Action::FocusNext], word: "foot-focus" },
    Item { actions: &[Action::Zoom], word: "foot-zoom" },
    Item { actions: &[Action::Hold], word: "foot-hold" },
    Item { actions: &[Action::Undo], word: "foot-undo" },
    Item { actions: &[Action::EndAct], word: "foot-end" },
    Item { actions: &[Action::Note], word: "foot-note" },
    Item { actions: &[Action::Filter], word: "foot-filter" },
    Item { actions: &[Action::Sort], word: "foot-sort" },
    Item { actions: &[Action::Feeds], word: "foot-feeds" },
    Item { actions: &[Action::Palette], word: "foot-palette" },
    Item { actions: &[Action::Help], word: "foot-help" },
    Item { actions: &[Action::Quit], word: "foot-quit" },
];

/// These close the line and are never pushed out by the others.
const LAST: [&str; 3] = ["foot-palette", "foot-help", "foot-quit"];

/// Draws the footer into one line.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    if area.height == 0 {
        return;
    }
    let line = line(usize::from(area.width), view);
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// The footer in so many columns.
#[must_use]
pub fn line<'a>(width: usize, view: &View<'a>) -> Line<'a> {
    if let Some(flash) = &view.state.flash {
        let (tone, symbol) = match flash.kind {
            FlashKind::Done => (Tone::Good, view.glyphs.pointer),
            FlashKind::Refused => (Tone::Warn, "!"),
        };
        return Line::from(vec![Span::styled(format!(" {symbol} {}", flash.text), view.style(tone))]);
    }
    let separator = format!(" {} ", view.glyphs.middot);
    let parts: Vec<(&Item, [Span<'a>; 3])> = ITEMS.iter().filter_map(|item| Some((item, part(item, view)?))).collect();
    let columns = |spans: &[Span<'_>; 3]| spans.iter().map(Span::width).sum::<usize>() + 3;
    let closing: usize = parts.iter().filter(|(item, _)| LAST.contains(&item.word)).map(|(_, spans)| columns(spans)).sum();
    let mut room = width.saturating_sub(closing);
    let mut line = Line::from(" ");
    for (item, spans) in parts {
        if !LAST.contains(&item.word) {
            match room.checked_sub(columns(&spans)) {
                Some(rest) => room = rest,
                None => continue,
            }
        }
        if line.spans.len() > 1 {
            line.push_span(Span::styled(separator.clone(), view.style(Tone::Muted)));
        }
        line.extend(spans);
    }
    line
}

/// `i log`: the keys and the word; `None` where the layer does not have the action.
fn part<'a>(item: &Item, view: &View<'a>) -> Option<[Span<'a>; 3]> {
    let table = tables_of(view.state.top().map(|open| &open.layer)).first()?;
    let keys: Vec<String> = item
        .actions
        .iter()
        .filter(|action| action.availability(view.state, view.engine) != Availability::Absent)
        .filter_map(|action| view.keymap.lines(table, view.state, view.engine).get(action)?.first().copied())
        .map(|key| symbol(key, view))
        .collect();
    if keys.len() != item.actions.len() {
        return None;
    }
    let refused = item.actions.iter().any(|action| matches!(action.availability(view.state, view.engine), Availability::Refused(_)));
    if refused {
        return None;
    }
    let between = if matches!(item.actions, [Action::Slot(_), ..]) { "-" } else { " " };
    let arrows = keys.iter().all(|key| key.chars().count() == 1 && !key.is_ascii());
    let keys = keys.join(if arrows { "" } else { between });
    Some([
        Span::styled(keys, view.style(Tone::Key)),
        Span::raw(" "),
        Span::styled(view.words.get(item.word).to_owned(), view.style(Tone::Muted)),
    ])
}

/// A key on few columns.
fn symbol(key: Key, view: &View<'_>) -> String {
    let arrow = match key.code {
        Code::Left => "←",
        Code::Right => "→",
        Code::Up => "↑",
        Code::Down => "↓",
        _ => return key.to_string(),
    };
    if view.glyphs.is_ascii() { key.to_string() } else { arrow.to_owned() }
}
