//! `a`: the card of a recommendation. `Enter` runs it now, `h` told the host, `d` no, `s` later, `w` why and why not, `↓` next.

use ratatui::text::{Line as TextLine, Span as TextSpan};

use super::{Card, send};
use crate::engine::advice::{Recommendation, Silent, State};
use crate::engine::event::Answer;
use crate::engine::id::Name;
use crate::engine::watch::Answer as Watched;
use crate::ui::View;
use crate::ui::action::Action;
use crate::ui::futures::{self, Future};
use crate::ui::intent::{Intent, Wish};
use crate::ui::layer::Layer;
use crate::ui::state::UiState;
use crate::ui::theme::Tone;
use crate::ui::update::Moment;

/// Minutes of a snooze.
const SNOOZE_MIN: i64 = 5;
/// Why a card is declined, by its digit.
const REASONS: [&str; 5] = ["not_now", "not_true", "too_dear", "cannot", "other"];

/// Opens the first open card.
pub fn opened(moment: &Moment<'_>) -> Result<Layer, &'static str> {
    let open = moment.engine.advisor().open();
    open.first().map(|card| Layer::Card { id: card.id.clone(), why: false, declining: false }).ok_or("refused-no-card")
}

/// A key on the card.
pub fn step(
    id: Name,
    why: bool,
    declining: bool,
    action: Action,
    state: &mut UiState,
    moment: &Moment<'_>,
) -> (Option<Layer>, Option<Intent>) {
    let open = moment.engine.advisor().open();
    let Some(index) = open.iter().position(|card| card.id == id) else {
        state.refuse(moment.words.get("refused-no-card").to_owned(), moment.wall);
        return (None, None);
    };
    let card = open[index];
    let answered = |answer, reason: Option<&str>, until| {
        let wish = Wish::AnswerAdvice { advice: id.clone(), answer, reason: reason.map(Name::new), until, parameters: Default::default() };
        (None, Some(Intent::Write(wish)))
    };
    if let Some(why) = refused(action, state, moment) {
        state.refuse(moment.words.get(why).to_owned(), moment.wall);
        return (Some(Layer::Card { id, why: false, declining: false }), None);
    }
    match action {
        Action::Slot(digit) if declining => answered(Answer::Declined, REASONS.get(usize::from(digit) - 1).copied(), None),
        Action::Accept if declining => answered(Answer::Declined, None, None),
        Action::Accept => {
            if !moment.live.plan().actions.contains(&card.kind) {
                state.say(moment.words.get("said-card-runs").to_owned(), moment.wall);
            }
            send::asked(run(card, moment), moment)
        }
        Action::Tell => {
            state.say(moment.words.get("said-card-told").to_owned(), moment.wall);
            answered(Answer::Waiting, None, None)
        }
        Action::Decline => (Some(Layer::Card { id, why, declining: true }), None),
        Action::Snooze => answered(Answer::Snoozed, None, Some(moment.now.plus_s(SNOOZE_MIN * 60))),
        Action::Why => {
            let asks = (!why).then(|| Intent::Futures(id.clone()));
            if asks.is_some() {
                state.future = Some(Future::Drawing { advice: id.clone() });
            }
            (Some(Layer::Card { id, why: !why, declining: false }), asks)
        }
        Action::ChoiceDown | Action::ChoiceUp => {
            let next = if action == Action::ChoiceDown { (index + 1) % open.len() } else { (index + open.len() - 1) % open.len() };
            (Some(Layer::Card { id: open[next].id.clone(), why, declining: false }), None)
        }
        _ => (Some(Layer::Card { id, why, declining }), None),
    }
}

/// Why a card can only be read now, where a key would answer it.
fn refused(action: Action, state: &UiState, moment: &Moment<'_>) -> Option<&'static str> {
    let answers = matches!(action, Action::Accept | Action::Tell | Action::Decline | Action::Snooze);
    match (answers, state.mode.takes_records(), moment.live.closed().is_some()) {
        (true, false, _) => Some("refused-replay"),
        (true, true, true) => Some("refused-closed"),
        _ => None,
    }
}

/// The act that the card proposes, as a record.
fn run(card: &Recommendation, moment: &Moment<'_>) -> Wish {
    let minutes = card.parameters.get("minutes").and_then(|text| text.parse::<i64>().ok());
    let seconds = card.parameters.get("seconds").and_then(|text| text.parse::<i64>().ok());
    let sku = card
        .parameters
        .get("sku")
        .map(Name::new)
        .or_else(|| card.target.product.map(|sym| Name::new(moment.engine.live().books.skus.text(sym))));
    let mut parameters = card.parameters.clone();
    parameters.remove("sku");
    Wish::LogIntervention {
        kind: card.kind,
        sku,
        duration_s: minutes.map(|m| m * 60).or(seconds),
        parameters,
        advice: Some(card.id.clone()),
    }
}

/// The card's box: its keys, or why it fired and why the others did not.
pub fn card<'a>(id: &Name, why: bool, declining: bool, view: &View<'a>) -> Card<'a> {
    let Some(card) = view.engine.advisor().cards().iter().find(|card| card.id == *id) else {
        return Card::new(view.word("layer-card").to_owned(), Vec::new());
    };
    let words = view.engine.advisor().words(card, view.words.lang().id());
    let mut lines: Vec<TextLine<'a>> = vec![TextLine::styled(words.title.clone(), view.style(Tone::Title))];
    lines.extend(crate::ui::panels::advice::evidence(card, view).into_iter().map(TextLine::from));
    if !words.say.is_empty() {
        lines.push(TextLine::from(vec![
            TextSpan::styled(view.word("card-say").to_owned() + " ", view.style(Tone::Muted)),
            TextSpan::raw(words.say),
        ]));
    }
    if let State::Waiting { since } = card.state {
        lines.push(TextLine::styled(
            view.text("card-waiting", &[("time", view.format.countdown(view.now.since_ms(since)).into())]),
            view.style(Tone::Warn),
        ));
    }
    if why {
        lines.push(TextLine::default());
        lines.extend(futures::lines(id, card.price.as_ref().and_then(|price| price.break_even_units), view));
        lines.extend(why_lines(card, view));
    }
    lines.push(TextLine::default());
    lines.push(TextLine::styled(view.word(if declining { "ask-decline" } else { "ask-card" }).to_owned(), view.style(Tone::Muted)));
    Card::new(view.word("layer-card").to_owned(), lines)
}

/// Where the funnel broke, in logarithms that add up; what the other rules answer.
fn why_lines<'a>(card: &Recommendation, view: &View<'a>) -> Vec<TextLine<'a>> {
    let mut lines = Vec::new();
    if let Some(broke) = &card.broke {
        let parts: Vec<String> = broke.shares.iter().map(|(factor, ln)| format!("{factor} {:+.2}", ln)).collect();
        let sum: f64 = broke.shares.iter().map(|(_, ln)| ln).sum();
        lines.push(TextLine::from(format!("{} {} = {sum:+.2}", view.word("card-logs"), parts.join(" + "))));
    }
    for (rule, watching, silent) in view.engine.advisor().reasons().filter(|(rule, _, _)| rule.name != card.rule) {
        let answer = watching.iter().map(|watch| &watch.answer).max_by_key(|answer| answer.loudness());
        let told = match (silent, answer) {
            (Some(Silent::Inhibited(cause)), _) => view.text("why-inhibited", &[("cause", cause.id().into())]),
            (Some(Silent::Cooling), _) => view.word("why-cooling").to_owned(),
            (Some(Silent::MostReached), _) => view.word("why-most").to_owned(),
            (Some(Silent::TooDear(_)), _) => view.word("why-too-dear").to_owned(),
            (Some(Silent::ActRuns), _) => view.word("why-act-runs").to_owned(),
            (Some(Silent::Muted), _) => view.word("why-muted").to_owned(),
            (Some(Silent::SoldOut), _) => view.word("why-sold-out").to_owned(),
            (Some(Silent::OffAir), _) => view.word("why-off-air").to_owned(),
            (Some(Silent::Grouped | Silent::TooMany), _) => view.word("why-too-many").to_owned(),
            (None, Some(Watched::Quiet(_))) => view.word("why-quiet").to_owned(),
            (None, Some(Watched::NotEnoughYet { halving_min: Some(minutes) })) => {
                view.text("why-halving", &[("minutes", format!("{minutes:.0}").into())])
            }
            (None, Some(Watched::NotEnoughYet { halving_min: None })) => view.word("why-not-enough-yet").to_owned(),
            (None, Some(Watched::Frozen)) => view.word("why-stale").to_owned(),
            (None, Some(Watched::NotNow(_))) => view.word("why-not-now").to_owned(),
            (None, Some(Watched::Fires(_))) => view.word("why-fires").to_owned(),
            (None, Some(Watched::Unasked) | None) => continue,
        };
        lines.push(TextLine::styled(format!("{}: {told}", rule.name), view.style(Tone::Muted)));
    }
    lines
}
