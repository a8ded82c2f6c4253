//! `i`: a letter, perhaps a digit, `Enter`. The product on air is prefilled, `i` again takes the last kind, `Tab` adds details.

use ratatui::text::{Line as TextLine, Span};
use unicode_width::UnicodeWidthStr;

use super::typed::{cursor_column, field};
use super::{Card, send};
use crate::engine::Engine;
use crate::engine::event::InterventionKind;
use crate::engine::view::commerce::ProductView;
use crate::ui::View;
use crate::ui::act::{About, Details, about, duration_s};
use crate::ui::action::Action;
use crate::ui::intent::{Intent, Wish};
use crate::ui::layer::{Draft, Layer};
use crate::ui::line::Line;
use crate::ui::state::UiState;
use crate::ui::theme::Tone;
use crate::ui::update::Moment;

/// A slot has no more digits.
const LAST_SLOT: u32 = 9_999;

/// The layer with nothing chosen yet.
pub fn opened(moment: &Moment<'_>) -> Layer {
    Layer::Intervene(Draft { on_air: slot_on_air(moment.live), ..Draft::default() })
}

pub fn step(mut draft: Draft, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    if draft.details.is_some() {
        return (type_details(draft, action), None);
    }
    match action {
        Action::Cancel => return (None, None),
        Action::Accept => return log(draft, state, moment),
        Action::Kind(kind) => draft.kind = Some(next_kind(draft.kind, kind)),
        Action::RepeatAct => match last_kind(moment.live) {
            Some(kind) => draft.kind = Some(kind),
            None => state.refuse(moment.words.get("refused-nothing-to-repeat").to_owned(), moment.wall),
        },
        Action::Slot(digit) if draft.beyond => {
            let slot = draft.slot.unwrap_or(0).saturating_mul(10).saturating_add(u32::from(digit));
            draft.slot = Some(slot.min(LAST_SLOT));
        }
        Action::Slot(digit) => draft.slot = Some(u32::from(digit)),
        Action::WholeLive if draft.beyond => draft.slot = draft.slot.map(|slot| slot.saturating_mul(10).min(LAST_SLOT)),
        Action::WholeLive => (draft.slot, draft.on_air) = (None, None),
        Action::SlotBeyond => (draft.slot, draft.beyond) = (None, true),
        Action::Details => draft.details = Some(Line::new(&draft.typed)),
        _ => {}
    }
    (Some(Layer::Intervene(draft)), None)
}

/// `e e` is a policy warning, `e` a technical event.
fn next_kind(before: Option<InterventionKind>, chosen: InterventionKind) -> InterventionKind {
    match (before, chosen) {
        (Some(InterventionKind::TechEvent), InterventionKind::TechEvent) => InterventionKind::PolicyWarning,
        _ => chosen,
    }
}

fn type_details(mut draft: Draft, action: Action) -> Option<Layer> {
    match (action, &mut draft.details) {
        (Action::Accept | Action::Complete, Some(line)) => {
            draft.typed = line.cleaned();
            draft.details = None;
        }
        (Action::Cancel, _) => draft.details = None,
        (_, Some(line)) => {
            line.edit(action);
        }
        (_, None) => {}
    }
    Some(Layer::Intervene(draft))
}

/// The kind that was logged last.
fn last_kind(engine: &Engine) -> Option<InterventionKind> {
    engine.interventions().into_iter().filter(|act| !act.withdrawn).max_by_key(|act| act.started).map(|act| act.kind)
}

fn slot_on_air(engine: &Engine) -> Option<u32> {
    let on_air = engine.on_air()?;
    engine.products().into_iter().find(|product| product.sym == on_air).map(|product| product.slot)
}

/// The slot that the act would be about.
fn slot_of(draft: &Draft) -> Option<u32> {
    draft.slot.or_else(|| match about(draft.kind?) {
        About::Product | About::ProductOnAir => draft.on_air,
        About::Live => None,
    })
}

fn product_of<'a>(draft: &Draft, engine: &'a Engine) -> Option<ProductView<'a>> {
    let slot = slot_of(draft)?;
    engine.products().into_iter().find(|product| product.slot == slot)
}

/// Logs the act, or says what is missing and keeps the layer.
fn log(draft: Draft, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    let product = product_of(&draft, moment.live);
    let Some(kind) = draft.kind else {
        state.refuse(moment.words.get("refused-no-kind").to_owned(), moment.wall);
        return (Some(Layer::Intervene(draft)), None);
    };
    match (slot_of(&draft), &product) {
        (Some(slot), None) => {
            state.refuse(moment.words.text("refused-no-slot", &[("slot", slot.to_string().into())]), moment.wall);
            return (Some(Layer::Intervene(draft)), None);
        }
        (None, None) if about(kind) == About::Product => {
            state.refuse(moment.words.get("refused-no-product").to_owned(), moment.wall);
            return (Some(Layer::Intervene(draft)), None);
        }
        _ => {}
    }
    let details = Details::parse(&draft.typed);
    let act = moment.words.get(&Action::Kind(kind).doc_key()).to_owned();
    let name = product.as_ref().map_or(String::new(), |product| format!("{} {}", product.slot, product.name));
    if !moment.live.plan().actions.contains(&kind) {
        state.say(moment.words.text("said-logged", &[("act", act.into()), ("product", name.into())]), moment.wall);
    }
    let wish = Wish::LogIntervention {
        kind,
        sku: product.map(|product| product.sku.into()),
        duration_s: details.duration_s.or_else(|| duration_s(kind)),
        parameters: details.parameters,
        advice: None,
    };
    send::asked(wish, moment)
}

/// Columns of the list of letters.
const COLUMNS: usize = 3;

/// The letters with their acts, and below them what would be logged.
pub fn card<'a>(draft: &'a Draft, view: &View<'a>) -> Card<'a> {
    let mut lines = letters(draft, view);
    lines.push(TextLine::default());
    lines.push(chosen(draft, view));
    let mut card = Card::new(view.word("layer-intervene").to_owned(), lines);
    if let Some(line) = &draft.details {
        card.cursor = Some((cursor_column(line), card.lines.len()));
        card.lines.push(field(line, view));
        card.lines.push(TextLine::styled(view.word("hint-details"), view.style(Tone::Muted)));
    }
    // on a low glass what is chosen stays in sight, not the list
    card.keep_end = true;
    card
}

fn letters<'a>(draft: &Draft, view: &View<'a>) -> Vec<TextLine<'a>> {
    let cells: Vec<(String, String, bool)> = view
        .keymap
        .lines("intervene", view.state, view.live)
        .into_iter()
        .filter_map(|(action, keys)| {
            let Action::Kind(kind) = action else { return None };
            let name = view.words.get(&action.doc_key()).to_owned();
            Some((keys.first()?.to_string(), name, draft.kind == Some(kind)))
        })
        .collect();
    let widest = cells.iter().map(|(_, name, _)| name.width()).max().unwrap_or(0);
    let rows = cells.len().div_ceil(COLUMNS);
    (0..rows)
        .map(|row| {
            let spans = (0..COLUMNS).filter_map(|column| cells.get(column * rows + row)).flat_map(|(key, name, is_chosen)| {
                let tone = if *is_chosen { Tone::Selected } else { Tone::Normal };
                let room = " ".repeat(widest + 2 - name.width());
                [Span::styled(format!("{key} "), view.style(Tone::Key)), Span::styled(name.clone(), view.style(tone)), Span::raw(room)]
            });
            TextLine::from(spans.collect::<Vec<_>>())
        })
        .collect()
}

/// `→ flash deal · 1 Fone Pro X2 · 10:00 · -10%`.
fn chosen<'a>(draft: &Draft, view: &View<'a>) -> TextLine<'a> {
    let Some(kind) = draft.kind else {
        return TextLine::styled(view.word("hint-choose-act"), view.style(Tone::Muted));
    };
    let mut parts = vec![view.words.get(&Action::Kind(kind).doc_key()).to_owned()];
    parts.push(match (slot_of(draft), product_of(draft, view.live)) {
        (_, Some(product)) => format!("{} {}", product.slot, product.name),
        (Some(slot), None) => view.text("refused-no-slot", &[("slot", slot.to_string().into())]),
        (None, None) => view.word("whole-live").to_owned(),
    });
    let details = Details::parse(&draft.typed);
    if let Some(seconds) = details.duration_s.or_else(|| duration_s(kind)) {
        parts.push(view.format.countdown(seconds.saturating_mul(1_000)));
    }
    parts.extend(details.parameters.iter().map(|(name, value)| format!("{name} {value}")));
    let text = parts.join(&format!(" {} ", view.glyphs.middot));
    TextLine::from(vec![
        Span::styled(format!("{} ", view.glyphs.arrow), view.style(Tone::Key)),
        Span::styled(text, view.style(Tone::Accent)),
    ])
}
