//! `?`: every key of the layer below and of the glass, made from the action table.

use ratatui::text::{Line as TextLine, Span};
use unicode_width::UnicodeWidthStr;

use super::Card;
use crate::ui::View;
use crate::ui::action::{Action, Availability};
use crate::ui::command::{self, Command, Verb};
use crate::ui::keymap::tables_of;
use crate::ui::layer::Layer;
use crate::ui::state::Mode;
use crate::ui::theme::Tone;

/// Lines of a page.
const PAGE: usize = 10;

pub fn step(top: usize, action: Action) -> Option<Layer> {
    let top = match action {
        Action::ChoiceUp => top.saturating_sub(1),
        Action::ChoiceDown => top.saturating_add(1),
        Action::PageUp => top.saturating_sub(PAGE),
        Action::PageDown => top.saturating_add(PAGE),
        _ => top,
    };
    Some(Layer::Help { top: top.min(line_limit()) })
}

/// More lines than the help can ever have.
const fn line_limit() -> usize {
    Action::PLAIN.len() * 4
}

pub fn card<'a>(top: usize, view: &View<'a>) -> Card<'a> {
    let mut lines = Vec::new();
    let below = view.state.layers.iter().rev().map(|open| &open.layer).find(|layer| !matches!(layer, Layer::Help { .. }));
    let mut tables: Vec<&str> = tables_of(below).to_vec();
    let is_page = matches!(below, Some(Layer::Page { .. }));
    for table in ["glass", "intervene", "everywhere"].into_iter().filter(|_| !is_page) {
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let is_replay = view.state.mode == Mode::Replay;
    if is_replay {
        lines.push(TextLine::styled(view.word("keys-replay"), view.style(Tone::Title)));
        lines.extend(key_lines("glass", view, moves_in_time));
        lines.extend(command_lines(view, |command| command.verb == Verb::Seek));
        lines.push(TextLine::default());
    }
    for table in tables {
        lines.push(TextLine::styled(view.words.get(&format!("keys-{table}")).to_owned(), view.style(Tone::Title)));
        lines.extend(key_lines(table, view, |action| !(is_replay && table == "glass" && moves_in_time(action))));
        lines.push(TextLine::default());
    }
    if is_page {
        return Card { top, ..Card::new(view.word("layer-help").to_owned(), lines) };
    }
    lines.push(TextLine::styled(view.word("keys-palette"), view.style(Tone::Title)));
    // in a replay what would be refused stands last
    let is_closed = view.engine.closed().is_some();
    lines.extend(command_lines(view, |command| command.refusal(view.state.mode, is_closed).is_none()));
    lines.extend(command_lines(view, |command| command.refusal(view.state.mode, is_closed).is_some()));
    Card { top, ..Card::new(view.word("layer-help").to_owned(), lines) }
}

/// What a replay is gone through by: its own keys, marks and bookmarks, the minute cursor.
const fn moves_in_time(action: Action) -> bool {
    matches!(
        action,
        Action::MarkBefore
            | Action::MarkNext
            | Action::Bookmark
            | Action::MinuteLeft
            | Action::MinuteRight
            | Action::MinuteFirst
            | Action::MinuteNow
    ) || action.is_of_replay()
}

fn command_lines<'a>(view: &View<'a>, keeps: impl Fn(&Command) -> bool) -> Vec<TextLine<'a>> {
    let is_closed = view.engine.closed().is_some();
    let line = |command: &Command| {
        let tone = if command.refusal(view.state.mode, is_closed).is_some() { Tone::Muted } else { Tone::Normal };
        let usage = format!(":{}", view.words.get(&command.usage_key()));
        two_columns(usage, view.words.get(&command.doc_key()).to_owned(), tone, view)
    };
    command::COMMANDS.iter().filter(|command| command.is_of(view.state.mode) && keeps(command)).map(line).collect()
}

fn key_lines<'a>(table: &str, view: &View<'a>, keeps: impl Fn(Action) -> bool) -> Vec<TextLine<'a>> {
    let mut lines = Vec::new();
    let mut slots_told = false;
    for (action, keys) in view.keymap.lines(table, view.state, view.engine).into_iter().filter(|(action, _)| keeps(*action)) {
        // nine digits are one line
        if matches!(action, Action::Slot(_)) {
            if !slots_told {
                lines.push(two_columns("1-9".to_owned(), view.words.get("do-slot").to_owned(), Tone::Normal, view));
            }
            slots_told = true;
            continue;
        }
        let tone = match action.availability(view.state, view.engine) {
            Availability::Absent => continue,
            Availability::Refused(_) => Tone::Muted,
            Availability::Yes => Tone::Normal,
        };
        let keys = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        lines.push(two_columns(keys, view.words.get(&action.doc_key()).to_owned(), tone, view));
    }
    lines
}

/// Columns of the keys.
const KEYS_WIDTH: usize = 22;

fn two_columns<'a>(keys: String, doc: String, tone: Tone, view: &View<'a>) -> TextLine<'a> {
    let room = " ".repeat(KEYS_WIDTH.saturating_sub(keys.width()).max(1));
    TextLine::from(vec![Span::styled(keys, view.style(Tone::Key)), Span::raw(room), Span::styled(doc, view.style(tone))])
}
