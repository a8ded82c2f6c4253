//! Layers that choose one of several: the segment that begins, the act that ends, the act that is taken back.

use ratatui::text::{Line as TextLine, Span};

use super::Card;
use crate::engine::Engine;
use crate::engine::id::Name;
use crate::engine::time::At;
use crate::engine::view::show::InterventionView;
use crate::ui::View;
use crate::ui::action::Action;
use crate::ui::intent::{Intent, Wish};
use crate::ui::layer::Layer;
use crate::ui::state::UiState;
use crate::ui::theme::Tone;
use crate::ui::update::{Moment, UNDO_MS};

/// Where `choice_up` and `choice_down` lead among so many.
fn moved(index: usize, action: Action, count: usize) -> usize {
    match action {
        Action::ChoiceUp => index.saturating_sub(1),
        Action::ChoiceDown => (index + 1).min(count.saturating_sub(1)),
        _ => index,
    }
}

/// The segment that comes next is prefilled.
pub fn opened_cue(moment: &Moment<'_>) -> Result<Layer, &'static str> {
    match moment.live.next_segment() {
        Some(segment) => Ok(Layer::Cue { segment }),
        None if moment.live.plan().segments.is_empty() => Err("refused-no-segments"),
        None => Err("refused-last-segment"),
    }
}

pub fn cue(segment: usize, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    let segments = &moment.live.plan().segments;
    if action != Action::Accept {
        return (Some(Layer::Cue { segment: moved(segment, action, segments.len()) }), None);
    }
    let Some(planned) = segments.get(segment) else { return (None, None) };
    state.say(moment.words.text("said-cue", &[("segment", planned.name.as_str().into())]), moment.wall);
    let wish = Wish::Cue {
        segment: Name::new(&planned.name),
        kind: planned.kind,
        host: planned.host.as_deref().map(Name::new),
        sku: planned.skus.first().cloned(),
    };
    (None, Some(Intent::Write(wish)))
}

pub fn cue_card<'a>(segment: usize, view: &View<'a>) -> Card<'a> {
    let lines = view.live.plan().segments.iter().enumerate().map(|(index, planned)| {
        let mut parts = vec![planned.name.clone()];
        if let Some(host) = &planned.host {
            parts.push(view.person(host).into_owned());
        }
        if planned.length_s > 0 {
            parts.push(view.format.countdown(planned.length_s.saturating_mul(1_000)));
        }
        choice(index == segment, parts.join(&format!(" {} ", view.glyphs.middot)), view)
    });
    scrolled(Card::new(view.word("layer-cue").to_owned(), lines.collect()), segment)
}

/// Acts that run, the newest first.
fn running(engine: &Engine) -> Vec<InterventionView<'_>> {
    let mut running: Vec<_> = engine.interventions().into_iter().filter(|act| act.ended.is_none() && !act.withdrawn).collect();
    running.sort_by_key(|act| std::cmp::Reverse(act.started));
    running
}

pub fn opened_end(moment: &Moment<'_>) -> Result<Layer, &'static str> {
    running(moment.live).first().map(|act| Layer::End { id: Name::new(act.id) }).ok_or("refused-nothing-runs")
}

pub fn end(id: Name, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    let running = running(moment.live);
    let Some(index) = running.iter().position(|act| act.id == id) else {
        state.refuse(moment.words.get("refused-nothing-runs").to_owned(), moment.wall);
        return (None, None);
    };
    if action != Action::Accept {
        let id = running.get(moved(index, action, running.len())).map_or(id, |act| Name::new(act.id));
        return (Some(Layer::End { id }), None);
    }
    if let Some(act) = running.get(index) {
        let name = moment.words.get(&Action::Kind(act.kind).doc_key()).to_owned();
        state.say(moment.words.text("said-ended", &[("act", name.into())]), moment.wall);
    }
    (None, Some(Intent::Write(Wish::EndIntervention { id })))
}

pub fn end_card<'a>(id: &Name, view: &View<'a>) -> Card<'a> {
    let running = running(view.live);
    let chosen = running.iter().position(|act| act.id == *id).unwrap_or(0);
    let lines = running.iter().map(|act| choice(act.id == *id, act_line(act, view), view)).collect();
    scrolled(Card::new(view.word("layer-end").to_owned(), lines), chosen)
}

/// The act logged last, if that was within the last half minute.
fn undoable(engine: &Engine, now: At) -> Option<InterventionView<'_>> {
    let last = engine.interventions().into_iter().filter(|act| !act.withdrawn).max_by_key(|act| act.started)?;
    (now.since_ms(last.started) <= UNDO_MS).then_some(last)
}

pub fn opened_undo(moment: &Moment<'_>) -> Result<Layer, &'static str> {
    undoable(moment.live, moment.now).map(|act| Layer::Undo { id: Name::new(act.id) }).ok_or("refused-nothing-to-undo")
}

pub fn undo(id: Name, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    if action != Action::Accept {
        return (Some(Layer::Undo { id }), None);
    }
    state.say(moment.words.get("said-withdrawn").to_owned(), moment.wall);
    (None, Some(Intent::Write(Wish::Withdraw { id })))
}

pub fn undo_card<'a>(id: &Name, view: &View<'a>) -> Card<'a> {
    let acts = view.live.interventions();
    let line = acts.iter().find(|act| act.id == *id).map(|act| act_line(act, view)).unwrap_or_default();
    Card::new(view.word("layer-undo").to_owned(), vec![choice(true, line, view)])
}

/// `flash deal · 1 Fone Pro X2 · 20:47:12`.
fn act_line(act: &InterventionView<'_>, view: &View<'_>) -> String {
    let mut parts = vec![view.words.get(&Action::Kind(act.kind).doc_key()).to_owned()];
    if let Some(product) = act.product
        && let Some(found) = view.live.products().into_iter().find(|known| known.sym == product)
    {
        parts.push(format!("{} {}", found.slot, found.name));
    }
    parts.push(view.format.clock_s(act.started));
    parts.join(&format!(" {} ", view.glyphs.middot))
}

/// One of several, with a pointer before the chosen one.
pub fn choice<'a>(chosen: bool, text: String, view: &View<'a>) -> TextLine<'a> {
    let (pointer, tone) = if chosen { (view.glyphs.pointer, Tone::Selected) } else { (" ", Tone::Normal) };
    TextLine::from(vec![Span::styled(pointer, view.style(Tone::Key)), Span::raw(" "), Span::styled(text, view.style(tone))])
}

/// Lines above the chosen one that stay in sight.
const ABOVE: usize = 6;

fn scrolled(card: Card<'_>, chosen: usize) -> Card<'_> {
    Card { top: chosen.saturating_sub(ABOVE), ..card }
}
