//! `a`: the card of a recommendation. `Enter` runs it now, `h` told the host (again: the host said it), `d` no, `s` later,
//! `p` other parameters, `w` why and why not (`PgUp` `PgDn` on a low glass), `↓` next.

use ratatui::text::{Line as TextLine, Span as TextSpan};

use super::typed::{cursor_column, field};
use super::{Card, send};
use crate::engine::advice::{Recommendation, Silent, State};
use crate::engine::event::{Answer, Parameters};
use crate::engine::id::Name;
use crate::engine::money::Money;
use crate::engine::price::{TooDear, price};
use crate::engine::time::MINUTE_MS;
use crate::engine::watch::{Answer as Watched, Watching};
use crate::ui::View;
use crate::ui::act::Details;
use crate::ui::action::Action;
use crate::ui::futures::{self, Future};
use crate::ui::intent::{Intent, Wish};
use crate::ui::layer::{CardPage, Layer};
use crate::ui::line::Line;
use crate::ui::panels::advice::{SLOW_MIN, because, course, evidence, factor_word, pack, wrap};
use crate::ui::state::UiState;
use crate::ui::theme::Tone;
use crate::ui::update::Moment;

/// Minutes of a snooze.
const SNOOZE_MIN: i64 = 5;
/// Why a card is declined, by its digit.
const REASONS: [&str; 5] = ["not_now", "not_true", "too_dear", "cannot", "other"];
/// Lines of a page of the reasons, and the first line that they can be turned to.
const PAGE: usize = 8;
const MOST_TOP: usize = 40;
/// Columns that the card's lines are packed into.
const WIDTH: u16 = 74;

/// Opens the first open card.
pub fn opened(moment: &Moment<'_>) -> Result<Layer, &'static str> {
    let open = moment.live.advisor().open();
    open.first().map(|card| Layer::Card { id: card.id.clone(), page: CardPage::Answer }).ok_or("refused-no-card")
}

/// A key on the card.
pub fn step(id: Name, page: CardPage, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    let open = moment.live.advisor().open();
    let Some(index) = open.iter().position(|card| card.id == id) else {
        state.refuse(moment.words.get("refused-no-card").to_owned(), moment.wall);
        return (None, None);
    };
    let card = open[index];
    if let Some(why) = refused(action, state, moment) {
        state.refuse(moment.words.get(why).to_owned(), moment.wall);
        return (Some(Layer::Card { id, page: CardPage::Answer }), None);
    }
    match (page, action) {
        (CardPage::Editing(line), action) => edit(card, line, action, state, moment),
        (CardPage::Declining, Action::Slot(digit)) => {
            (None, Some(declined(card, REASONS.get(usize::from(digit) - 1).copied(), state, moment)))
        }
        (CardPage::Declining, Action::Accept) => (None, Some(declined(card, None, state, moment))),
        (page, Action::ChoiceDown | Action::ChoiceUp) => {
            let next = if action == Action::ChoiceDown { (index + 1) % open.len() } else { (index + open.len() - 1) % open.len() };
            let page = if page.is_why() { CardPage::Why { top: 0 } } else { CardPage::Answer };
            (Some(Layer::Card { id: open[next].id.clone(), page }), None)
        }
        (_, Action::Decline) => (Some(Layer::Card { id, page: CardPage::Declining }), None),
        (_, Action::Edit) => (Some(Layer::Card { id, page: CardPage::Editing(Line::new(&typed(&card.parameters))) }), None),
        (CardPage::Why { .. }, Action::Why) => (Some(Layer::Card { id, page: CardPage::Answer }), None),
        (_, Action::Why) => {
            state.future = Some(Future::Drawing { advice: id.clone() });
            (Some(Layer::Card { id: id.clone(), page: CardPage::Why { top: 0 } }), Some(Intent::Futures(id)))
        }
        (CardPage::Why { top }, Action::PageDown) => {
            (Some(Layer::Card { id, page: CardPage::Why { top: top.saturating_add(PAGE).min(MOST_TOP) } }), None)
        }
        (CardPage::Why { top }, Action::PageUp) => (Some(Layer::Card { id, page: CardPage::Why { top: top.saturating_sub(PAGE) } }), None),
        (page, action) => match answer(card, action, state, moment) {
            Some(answered) => answered,
            None => (Some(Layer::Card { id, page }), None),
        },
    }
}

/// The keys that answer the card at once.
fn answer(card: &Recommendation, action: Action, state: &mut UiState, moment: &Moment<'_>) -> Option<(Option<Layer>, Option<Intent>)> {
    let (said, wish) = match action {
        Action::Accept => {
            if !moment.live.plan().actions.contains(&card.kind) {
                state.say(moment.words.get("said-card-runs").to_owned(), moment.wall);
            }
            return Some(send::asked(run(card, moment), moment));
        }
        Action::Tell if matches!(card.state, State::Waiting { .. }) => ("said-card-said", answered(card, Answer::Said)),
        Action::Tell => ("said-card-told", answered(card, Answer::Waiting)),
        Action::Snooze => {
            let until = Some(moment.now.plus_s(SNOOZE_MIN * 60));
            let later = Wish::AnswerAdvice {
                advice: card.id.clone(),
                answer: Answer::Snoozed,
                reason: None,
                until,
                parameters: Parameters::default(),
            };
            ("said-card-later", later)
        }
        _ => return None,
    };
    state.say(moment.words.get(said).to_owned(), moment.wall);
    Some((None, Some(Intent::Write(wish))))
}

fn answered(card: &Recommendation, answer: Answer) -> Wish {
    Wish::AnswerAdvice { advice: card.id.clone(), answer, reason: None, until: None, parameters: Parameters::default() }
}

fn declined(card: &Recommendation, reason: Option<&str>, state: &mut UiState, moment: &Moment<'_>) -> Intent {
    state.say(moment.words.get("said-card-declined").to_owned(), moment.wall);
    Intent::Write(Wish::AnswerAdvice {
        advice: card.id.clone(),
        answer: Answer::Declined,
        reason: reason.map(Name::new),
        until: None,
        parameters: Parameters::default(),
    })
}

/// Parameters as they are typed: `-10% 10m`; the product, the cap and whom it reaches are the desk's own.
fn typed(parameters: &Parameters) -> String {
    const FIRST: [(&str, &str, &str); 4] = [("percent", "-", "%"), ("minutes", "", "m"), ("seconds", "", "s"), ("text", "", "")];
    const OWN: [&str; 4] = ["sku", "cap", "reaches", "below_major"];
    let first = FIRST.iter().filter_map(|(name, before, after)| Some(format!("{before}{}{after}", parameters.get(*name)?)));
    let is_other = |name: &str| !OWN.contains(&name) && FIRST.iter().all(|(known, _, _)| *known != name);
    let others = parameters.iter().filter(|(name, _)| is_other(name)).map(|(name, value)| format!("{name}={value}"));
    first.chain(others).collect::<Vec<_>>().join(" ")
}

/// A key while the parameters are typed. What the plan's margin floor or the stock forbids is refused.
fn edit(
    card: &Recommendation,
    mut line: Line,
    action: Action,
    state: &mut UiState,
    moment: &Moment<'_>,
) -> (Option<Layer>, Option<Intent>) {
    let id = card.id.clone();
    match action {
        Action::Cancel => return (Some(Layer::Card { id, page: CardPage::Answer }), None),
        Action::Accept => {}
        _ => {
            line.edit(action);
            return (Some(Layer::Card { id, page: CardPage::Editing(line) }), None);
        }
    }
    let details = Details::parse(&line.cleaned());
    let mut parameters = details.parameters;
    if let Some(seconds) = details.duration_s {
        let (name, value) = if card.parameters.contains_key("seconds") { ("seconds", seconds) } else { ("minutes", (seconds + 59) / 60) };
        parameters.insert(name.to_owned(), value.to_string());
    }
    let mut whole = card.parameters.clone();
    whole.extend(parameters.clone());
    match price(card.kind, card.act_product(moment.live), &mut whole, moment.live.priors().effect(card.kind), moment.live) {
        Ok(_) if parameters.get("percent").is_none_or(|percent| whole.get("percent") == Some(percent)) => {
            state.say(moment.words.get("said-card-edited").to_owned(), moment.wall);
            let wish = Wish::AnswerAdvice { advice: id.clone(), answer: Answer::Seen, reason: None, until: None, parameters };
            (Some(Layer::Card { id, page: CardPage::Answer }), Some(Intent::Write(wish)))
        }
        Ok(_) => {
            let most = whole.get("percent").cloned().unwrap_or_default();
            state.refuse(moment.words.text("refused-percent", &[("most", most.into())]), moment.wall);
            (Some(Layer::Card { id, page: CardPage::Editing(line) }), None)
        }
        Err(dear) => {
            let key = if dear == TooDear::Stock { "refused-stock" } else { "refused-floor" };
            state.refuse(moment.words.get(key).to_owned(), moment.wall);
            (Some(Layer::Card { id, page: CardPage::Editing(line) }), None)
        }
    }
}

/// Why a card can only be read now, where a key would answer it.
fn refused(action: Action, state: &UiState, moment: &Moment<'_>) -> Option<&'static str> {
    let answers = matches!(action, Action::Accept | Action::Tell | Action::Decline | Action::Snooze | Action::Edit);
    match (answers, state.mode.takes_records(), moment.live.closed().is_some()) {
        (true, false, _) => Some(state.mode.refusal()),
        (true, true, true) => Some("refused-closed"),
        _ => None,
    }
}

/// The act that the card proposes, as a record.
fn run(card: &Recommendation, moment: &Moment<'_>) -> Wish {
    let minutes = card.parameters.get("minutes").and_then(|text| text.parse::<i64>().ok());
    let seconds = card.parameters.get("seconds").and_then(|text| text.parse::<i64>().ok());
    let mut parameters = card.parameters.clone();
    parameters.remove("sku");
    Wish::LogIntervention {
        kind: card.kind,
        sku: card.act_product(moment.live).map(|sym| Name::new(moment.live.live().books.skus.text(sym))),
        duration_s: seconds.or(minutes.map(|m| m * 60)),
        parameters,
        advice: Some(card.id.clone()),
    }
}

/// The card's box: what moved, what it proposes, its keys; or why it fired and why the others did not.
pub fn card<'a>(id: &Name, page: &'a CardPage, view: &View<'a>) -> Card<'a> {
    let advisor = view.live.advisor();
    let Some(card) = advisor.cards().iter().find(|card| card.id == *id) else {
        return Card::new(view.word("layer-card").to_owned(), Vec::new());
    };
    let words = advisor.words(card, view.words.lang().id());
    let mut lines: Vec<TextLine<'a>> = vec![TextLine::styled(words.title.clone(), view.style(Tone::Title))];
    // on the page of the reasons what moved is enough, so that all of them are seen on a low glass
    let told = if page.is_why() { because(card, view) } else { evidence(card, view) };
    lines.extend(pack(told, WIDTH, view).into_iter().map(TextLine::from));
    lines.push(TextLine::styled(figures_of(card, view), view.style(Tone::Muted)));
    if !words.say.is_empty() && !page.is_why() {
        lines.push(TextLine::from(vec![
            TextSpan::styled(view.word("card-say").to_owned() + " ", view.style(Tone::Muted)),
            TextSpan::raw(words.say),
        ]));
    }
    lines.extend(pack(course(card, view), WIDTH, view).into_iter().map(|told| TextLine::styled(told, view.style(Tone::Warn))));
    lines.push(TextLine::default());
    if page.is_why() {
        lines.extend(futures::lines(id, card.price.as_ref().and_then(|price| price.break_even_units), view));
        lines.extend(why_lines(card, view));
        lines.push(TextLine::default());
    }
    let open = advisor.open();
    let place = open.iter().position(|open| open.id == *id).map_or(0, |place| place + 1);
    let title = format!("{} {place}/{}", view.word("layer-card"), open.len());
    let hint = match page {
        CardPage::Declining => "ask-decline",
        CardPage::Editing(_) => "hint-details",
        CardPage::Answer | CardPage::Why { .. } => "ask-card",
    };
    let mut boxed = Card::new(title, lines);
    let told = boxed.lines.len();
    if let CardPage::Editing(line) = page {
        boxed.cursor = Some((cursor_column(line), boxed.lines.len()));
        boxed.lines.push(field(line, view));
    }
    let keys = view.word(hint).split(" · ").map(str::to_owned).collect();
    boxed.lines.extend(pack(keys, WIDTH, view).into_iter().map(|line| TextLine::styled(line, view.style(Tone::Muted))));
    // on a low glass the keys stay in sight, and with them what is asked
    boxed.pinned = boxed.lines.len() - told;
    boxed.top = if let CardPage::Why { top } = page { *top } else { 0 };
    boxed
}

/// From when the figures are: a card keeps those that it was raised with.
fn figures_of(card: &Recommendation, view: &View<'_>) -> String {
    let at = view.format.countdown(card.raised.since_ms(view.live.started().unwrap_or(card.raised)));
    match view.now.since_ms(card.raised) / MINUTE_MS {
        ..=0 => view.text("card-figures", &[("at", at.into())]),
        minutes => view.text("card-figures-old", &[("at", at.into()), ("minutes", minutes.into())]),
    }
}

/// Where the funnel broke, in logarithms that add up; what the other rules answer.
fn why_lines<'a>(card: &Recommendation, view: &View<'a>) -> Vec<TextLine<'a>> {
    let mut lines = Vec::new();
    if let Some(broke) = &card.broke {
        let parts: Vec<String> = broke.shares.iter().map(|(factor, ln)| format!("{} {ln:+.2}", view.word(factor_word(factor)))).collect();
        let sum: f64 = broke.shares.iter().map(|(_, ln)| ln).sum();
        lines.push(TextLine::from(format!(
            "{} {}",
            view.word("card-logs"),
            view.text("card-log-sum", &[("sum", format!("{sum:+.2}").into())])
        )));
        lines.extend(pack(parts, WIDTH, view).into_iter().map(|line| TextLine::from(format!("  {line}"))));
    }
    lines.extend(pack(futures(card, view), WIDTH, view).into_iter().map(TextLine::from));
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    // rules that have their card on the glass speak there
    let open = view.live.advisor().open();
    let others =
        view.live.advisor().reasons().filter(|(rule, _, _)| open.iter().all(|open| open.rule != rule.name) && rule.name != card.rule);
    for (rule, watching, silent) in others {
        let Some(why) = why_not(watching, silent, view) else { continue };
        match told.iter_mut().find(|(known, _)| *known == why) {
            Some((_, rules)) => rules.push(&rule.name),
            None => told.push((why, vec![&rule.name])),
        }
    }
    for (why, rules) in told {
        let text = format!("{why}: {}", rules.join(", "));
        lines.extend(wrap(&text, WIDTH).into_iter().map(|line| TextLine::styled(line, view.style(Tone::Muted))));
    }
    lines
}

/// The bill of the act where the dip stays as it is, and where it would have recovered without the act.
fn futures(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    let (Some(bill), Some(ratio)) = (&card.price, card.because.ratio.filter(|ratio| *ratio > 0.0 && *ratio < 1.0)) else {
        return Vec::new();
    };
    let told = |key, scale: f64| {
        let units = |units: f64| view.format.number(units * scale, 0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minor units of a bill")]
        let margin = bill.margin.map(|(mid, _, _)| Money::new((mid.minor as f64 * scale) as i64, mid.currency));
        let margin = margin.map_or_else(|| view.glyphs.dash.to_owned(), |margin| view.format.money_short(margin));
        view.text(key, &[("without", units(bill.units_without).into()), ("units", units(bill.units).into()), ("margin", margin.into())])
    };
    vec![told("card-if-stays", 1.0), told("card-if-recovers", ratio.recip())]
}

/// Why a rule raised nothing.
fn why_not(watching: &[Watching], silent: Option<Silent>, view: &View<'_>) -> Option<String> {
    let answer = watching.iter().map(|watch| &watch.answer).max_by_key(|answer| answer.loudness());
    let key = match (silent, answer) {
        (Some(Silent::Inhibited(cause)), _) => return Some(view.text("why-inhibited", &[("cause", cause.id().into())])),
        (None, Some(Watched::NotEnoughYet { halving_min: Some(minutes) })) => {
            return Some(view.text("why-halving", &[("minutes", format!("{minutes:.0}").into())]));
        }
        (Some(Silent::Cooling), _) => "why-cooling",
        (Some(Silent::MostReached), _) => "why-most",
        (Some(Silent::TooDear(_)), _) => "why-too-dear",
        (Some(Silent::ActRuns), _) => "why-act-runs",
        (Some(Silent::Muted), _) => "why-muted",
        (Some(Silent::SoldOut), _) => "why-sold-out",
        (Some(Silent::OffAir), _) => "why-off-air",
        (Some(Silent::Grouped | Silent::TooMany), _) => "why-too-many",
        (None, Some(Watched::Quiet(_))) => return Some(why_quiet(watching, view)),
        (None, Some(Watched::NotEnoughYet { halving_min: None })) => "why-not-enough-yet",
        (None, Some(Watched::Frozen)) => "why-stale",
        (None, Some(Watched::NotNow(_))) => "why-not-now",
        (None, Some(Watched::Fires(_))) => "why-fires",
        (None, Some(Watched::Unasked) | None) => return None,
    };
    Some(view.words.get(key).to_owned())
}

/// Nothing moved; and how long a halving would take to be seen, where that is long.
fn why_quiet(watching: &[Watching], view: &View<'_>) -> String {
    let soonest = watching.iter().filter_map(Watching::halving_min).min_by(f64::total_cmp).filter(|minutes| *minutes >= SLOW_MIN);
    soonest.map_or_else(
        || view.word("why-quiet").to_owned(),
        |minutes| view.text("why-quiet-halving", &[("minutes", format!("{minutes:.0}").into())]),
    )
}
