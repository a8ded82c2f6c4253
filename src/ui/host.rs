//! The host's sheet: what to say now in big letters, what runs and how long, the oldest questions, what comes next. Only looks.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::View;
use super::pane::{OWN, Pane, below, label};
use super::panels;
use super::panels::advice::money_of;
use super::screen::{Lanes, Size};
use super::theme::Tone;
use super::timeline::Timeline;
use super::widgets::big::letters;
use super::widgets::text::{fit, fold_to_ascii, put};
use crate::engine::advice::{Recommendation, State};
use crate::engine::event::{InterventionKind, Parameters};
use crate::engine::id::Sym;
use crate::engine::live::interventions::is_momentary;
use crate::engine::time::At;
use crate::engine::view::show::InterventionView;

/// Rows of what runs, at most.
const RUNNING_ROWS: usize = 4;
/// Rows that the questions keep on a low screen, their title with them.
const QUESTIONS_LEAST: u16 = 4;
/// Rows of what is on air and comes next.
const NEXT_ROWS: u16 = 4;
/// Rows of the big letters at most: two lines of eight.
const BIG_MOST: u16 = 17;

/// What stands in big letters, and what is said of it.
struct Headline {
    title: String,
    tone: Tone,
    big: String,
    below: String,
}

/// Draws the sheet.
pub fn render(frame: &mut Frame<'_>, view: &View<'_>) {
    let area = frame.area();
    let buf = frame.buffer_mut();
    let pane = Pane::new(view, Timeline::of(view.engine, view.now, 60, 1, None), Lanes::default(), Size::Compact);
    buf.set_style(area, view.style(Tone::Normal));
    panels::status::draw(&pane, Rect { height: area.height.min(1), ..area }, buf);
    let room = below(area, 1);
    let running = running(&pane);
    let runs = u16::try_from(running.len().clamp(1, RUNNING_ROWS)).unwrap_or(1) + 1;
    let rest = room.height.saturating_sub(runs + QUESTIONS_LEAST + NEXT_ROWS);
    let headline = headline(&pane, &running);
    let used = draw_headline(&pane, &headline, Rect { height: rest.min(BIG_MOST + 2), ..room }, buf);
    let room = below(room, used);
    draw_running(&pane, &running, Rect { height: runs.min(room.height), ..room }, buf);
    let room = below(room, runs);
    let next = NEXT_ROWS.min(room.height.saturating_sub(QUESTIONS_LEAST));
    panels::questions::draw(&pane, Rect { height: room.height - next, ..room }, buf);
    panels::now::draw(&pane, below(room, room.height - next), buf);
    if view.glyphs.is_ascii() {
        fold_to_ascii(area, buf);
    }
}

/// Acts that run, the newest first; what is done in a moment does not run.
fn running<'a>(pane: &Pane<'a>) -> Vec<InterventionView<'a>> {
    let runs = |act: &InterventionView<'_>| {
        act.ended.is_none() && !act.withdrawn && !is_momentary(act.kind) && !act.kind.is_excluded_from_effects()
    };
    pane.view.engine.interventions().into_iter().rev().filter(runs).collect()
}

/// The card that the host was told last, else what runs, else what is on air.
fn headline(pane: &Pane<'_>, running: &[InterventionView<'_>]) -> Headline {
    let told = |card: &&Recommendation| matches!(card.state, State::Waiting { .. });
    let waiting = pane.view.engine.advisor().cards().iter().filter(told).max_by_key(|card| card.course.told);
    if let Some(card) = waiting {
        return to_say(pane, card);
    }
    if let Some(act) = running.first() {
        let left = act.ends_at.map(|end| pane.view.format.countdown(end.since_ms(pane.view.now).max(0)));
        let left = left.map(|left| format!(" {} {left}", pane.view.glyphs.middot)).unwrap_or_default();
        let big = format!("{}{left}", slogan(pane, act.kind, act.product, act.parameters, None));
        let since = pane.view.format.countdown(pane.view.now.since_ms(act.started));
        let title = pane.say("host-runs", &[("time", since.into())]);
        return Headline { title, tone: Tone::Good, big, below: said_of(pane, act) };
    }
    let product = pane.view.engine.on_air().and_then(|sym| pane.product(sym));
    Headline {
        title: pane.word("host-on-air").to_owned(),
        tone: Tone::Normal,
        big: product.map_or_else(|| pane.unknown().to_owned(), |product| label(product).to_uppercase()),
        below: pane.segments.iter().rev().find(|segment| segment.to.is_none()).map(|s| s.name.to_owned()).unwrap_or_default(),
    }
}

fn to_say(pane: &Pane<'_>, card: &Recommendation) -> Headline {
    let since = |at: Option<At>| pane.view.format.countdown(at.map_or(0, |at| pane.view.now.since_ms(at)));
    let (key, tone, at) = match card.course.said {
        Some(said) => ("host-said", Tone::Good, Some(said)),
        None => ("host-say", Tone::Warn, card.course.told),
    };
    let product = card.act_product(pane.view.engine);
    let minutes = card.parameters.get("minutes").map(String::as_str);
    Headline {
        title: pane.say(key, &[("time", since(at).into())]),
        tone,
        big: slogan(pane, card.kind, product, &card.parameters, minutes),
        below: pane.view.engine.advisor().words(card, pane.view.words.lang().id()).say,
    }
}

/// What the rule behind a running act lets the host say.
fn said_of(pane: &Pane<'_>, act: &InterventionView<'_>) -> String {
    let advisor = pane.view.engine.advisor();
    let card = act.advice.and_then(|id| advisor.cards().iter().find(|card| card.id == id));
    card.map(|card| advisor.words(card, pane.view.words.lang().id()).say).unwrap_or_default()
}

/// `FONE −10 % · 10 MIN`: an act in the fewest words.
fn slogan(pane: &Pane<'_>, kind: InterventionKind, product: Option<Sym>, parameters: &Parameters, minutes: Option<&str>) -> String {
    let name = product.and_then(|sym| pane.product(sym)).map(|product| short(pane, label(product)));
    let mut parts = match (parameters.get("percent"), name) {
        (Some(percent), name) => {
            let off = format!("{}{percent} %", pane.view.glyphs.minus);
            vec![name.unwrap_or_else(|| pane.act(kind)) + " " + &off]
        }
        (None, Some(name)) => vec![pane.act(kind), name],
        (None, None) => vec![pane.act(kind)],
    };
    parts.extend(parameters.get("price").map(|price| format!("≤ {}", money_of(price, pane.view))));
    parts.extend(minutes.map(|minutes| pane.say("host-minutes", &[("minutes", minutes.into())])));
    parts.join(&format!(" {} ", pane.view.glyphs.middot)).to_uppercase()
}

/// The first word of a product's name, where no other product begins with it.
fn short(pane: &Pane<'_>, name: &str) -> String {
    let first = name.split_whitespace().next().unwrap_or(name);
    let namesakes = pane.products.iter().filter(|product| label(product).split_whitespace().next() == Some(first)).count();
    if namesakes == 1 { first.to_owned() } else { name.to_owned() }
}

/// The title, the big letters, the sentence; answers how many rows they took.
fn draw_headline(pane: &Pane<'_>, headline: &Headline, area: Rect, buf: &mut Buffer) -> u16 {
    let title = pane.phrase(format!(" {} ", headline.title), headline.tone);
    title.put(buf, area, area.x, area.y);
    let room = below(area, 1);
    let style = pane.style(headline.tone);
    let rows = letters(&headline.big, room.width.saturating_sub(2), room.height.saturating_sub(1), pane.view.glyphs.is_ascii());
    for (row, y) in rows.iter().zip(room.top()..room.bottom()) {
        put(buf, room, room.x + 1, y, row, style);
    }
    let big = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(room.height);
    let under = below(room, big);
    if !headline.below.is_empty() {
        let told = fit(&headline.below, under.width.saturating_sub(2), pane.view.glyphs.dots).into_owned();
        pane.phrase(told, Tone::Title).put(buf, under, under.x + 1, under.y);
    }
    (2 + big).min(area.height)
}

fn draw_running(pane: &Pane<'_>, running: &[InterventionView<'_>], area: Rect, buf: &mut Buffer) {
    let room = pane.heading(super::state::Panel::Running, pane.word("panel-running"), OWN, area, buf);
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    if running.is_empty() {
        pane.empty("running-none", room, buf);
    }
    for (act, y) in running.iter().zip(inner.top()..inner.bottom()) {
        let (key, ms) = match act.ends_at {
            Some(end) => ("running-left", end.since_ms(pane.view.now).max(0)),
            None => ("running-since", pane.view.now.since_ms(act.started)),
        };
        let right = pane.phrase(pane.say(key, &[("time", pane.view.format.countdown(ms).into())]), Tone::Accent);
        let left = pane.phrase(slogan(pane, act.kind, act.product, act.parameters, None), Tone::Title);
        pane.line_of(&left, &right, inner, y, buf);
    }
}
