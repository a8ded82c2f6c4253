//! The log: what was done and what happened, the newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::Engine;
use crate::engine::event::{Answer, CorrectionKind};
use crate::engine::metric::{Metric, Unit, definition};
use crate::engine::money::Money;
use crate::engine::view::show::{AdviceTurn, LogEntry, Logged, Told};
use crate::ui::format::Format;
use crate::ui::pane::{OWN, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit};
use crate::ui::words::Words;

/// Columns that an entry needs at least beside another.
const ENTRY: u16 = 38;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = if area.height > 1 { pane.heading(Panel::Log, pane.word("panel-log"), OWN, area, buf) } else { area };
    let entries: Vec<_> = pane.log.iter().rev().filter(|entry| is_short(pane, entry)).collect();
    if entries.is_empty() {
        pane.empty("log-none", room, buf);
        return;
    }
    let columns = (room.width / ENTRY).max(1);
    let width = room.width / columns;
    let skipped = pane.chosen(Panel::Log, entries.len()).unwrap_or(0);
    for (index, entry) in (0..columns.saturating_mul(room.height)).zip(entries.into_iter().skip(skipped)) {
        let place = Rect::new(room.x + index % columns * width, room.y + index / columns, width, 1);
        line(pane, entry, place.width.saturating_sub(2)).put(buf, place, place.x + 1.min(place.width), place.y);
        if index == 0 && pane.view.state.focus == Panel::Log {
            buf.set_style(place.intersection(buf.area), pane.style(Tone::Selected));
        }
    }
}

/// One entry a row.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.heading(Panel::Log, pane.word("panel-log"), OWN, area, buf);
    let entries: Vec<_> = pane.log.iter().rev().filter(|entry| passes(pane, entry)).collect();
    if entries.is_empty() {
        pane.empty("log-none", room, buf);
        return;
    }
    let first = pane.first_row(Panel::Log, entries.len(), room.height);
    for (index, (entry, y)) in entries.iter().skip(first).zip(room.top()..room.bottom()).enumerate() {
        let clock = pane.phrase(format!(" {} ", pane.view.format.clock_s(entry.at)), Tone::Muted);
        let mut whole = clock;
        whole.0.extend(line(pane, entry, room.width.saturating_sub(12)).0);
        whole.put(buf, room, room.x, y);
        let style = pane.row_style(Panel::Log, entries.len(), first + index);
        buf.set_style(Rect::new(room.x, y, room.width, 1).intersection(buf.area), style);
    }
}

/// What the short log shows: that a product left the air is told by the next one that came.
fn is_short(pane: &Pane<'_>, entry: &LogEntry<'_>) -> bool {
    !matches!(entry.what, Logged::Unpinned { .. }) && passes(pane, entry)
}

fn passes(pane: &Pane<'_>, entry: &LogEntry<'_>) -> bool {
    pane.passes(Panel::Log, &what(pane, entry))
}

/// `43:02 p 1 Fone Pro X2`.
pub fn line(pane: &Pane<'_>, entry: &LogEntry<'_>, width: u16) -> Phrase {
    let time = pane.live_time(entry.at);
    let (mark, tone) = match &entry.what {
        _ if entry.withdrawn => (pane.view.glyphs.hollow.to_owned(), Tone::Muted),
        Logged::FeedLost { .. } => (pane.mark(&entry.what), Tone::Alarm),
        Logged::Started { .. } => (pane.mark(&entry.what), Tone::Accent),
        _ => (pane.mark(&entry.what), Tone::Normal),
    };
    let head = pane.phrase(format!("{time:>5} "), Tone::Muted).and(format!("{mark} "), pane.style(tone));
    let told = what(pane, entry);
    let told = fit(&told, width.saturating_sub(head.width()), pane.view.glyphs.dots).into_owned();
    head.and(told, pane.style(if tone == Tone::Accent { Tone::Normal } else { tone }))
}

/// What happened, in words.
fn what(pane: &Pane<'_>, entry: &LogEntry<'_>) -> String {
    let by = |operator: Option<&str>| operator.map(|name| format!(" ({})", pane.view.format.person(name))).unwrap_or_default();
    let on = |product: Option<_>| product.map(|sym| format!(" {} {}", pane.view.glyphs.middot, pane.product_name(sym))).unwrap_or_default();
    match &entry.what {
        Logged::Pinned { product } => pane.product_name(*product),
        Logged::Unpinned { product: Some(product) } => pane.say("log-unpinned", &[("product", pane.product_name(*product).into())]),
        Logged::Unpinned { product: None } => pane.word("log-unpinned-all").to_owned(),
        Logged::Cue { segment, kind } => {
            let kind = kind.map(|kind| format!(" ({})", pane.word(super::now::kind_word(kind)))).unwrap_or_default();
            format!("{segment}{kind}")
        }
        Logged::Started { kind, product, parameters, operator, .. } => {
            let parameters: String = parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{}{}{parameters}{}", pane.act(*kind), on(*product), by(*operator))
        }
        Logged::Ended { kind, product, operator, .. } => {
            pane.say("log-ended", &[("act", format!("{}{}", pane.act(*kind), on(*product)).into())]) + &by(*operator)
        }
        Logged::Withdrawn { kind, product, operator, .. } => {
            pane.say("log-withdrawn", &[("act", format!("{}{}", pane.act(*kind), on(*product)).into())]) + &by(*operator)
        }
        Logged::Note { text, operator } => format!("{text}{}", by(*operator)),
        Logged::Figure { metric, value } => figure(metric, value, pane.view.engine, (pane.view.words, pane.view.format)),
        Logged::Sale { value } => pane.say("log-sale", &[("value", pane.view.format.money(*value).into())]),
        Logged::Corrected { kind, target } => {
            let kind = match kind {
                CorrectionKind::ExcludeOrder => pane.word("log-excluded"),
                CorrectionKind::IncludeOrder => pane.word("log-included"),
                CorrectionKind::MergeChannel => pane.word("log-merged"),
                CorrectionKind::Void => pane.word("log-void"),
            };
            format!("{kind} {}", pane.view.format.person(target))
        }
        Logged::Advice { id, turn, .. } => pane.say(advice_word(*turn), &[("title", advice_title(pane, id).into())]),
        Logged::FeedLost { feed } => pane.say("log-feed-lost", &[("feed", (*feed).into())]),
        Logged::FeedBack { feed } => pane.say("log-feed-back", &[("feed", (*feed).into())]),
        Logged::Closed => pane.word("log-closed").to_owned(),
    }
}

/// A figure that was typed in: money as money, and what adds as such.
#[must_use]
pub fn figure(metric: &str, value: &Told, engine: &Engine, (words, format): (&Words, &Format)) -> String {
    let is_money = Metric::parse(metric).is_some_and(|metric| definition(metric).unit == Unit::Money);
    let (key, value) = match value {
        Told::Number(text) => {
            let currency = engine.currency().filter(|_| is_money);
            let money = currency.and_then(|currency| Money::parse(text, currency));
            ("log-figure", money.map_or_else(|| text.to_string(), |money| format.money(money)))
        }
        Told::Total(money) => ("log-figure", format.money(*money)),
        Told::More(money) => ("log-figure-more", format.money(*money)),
    };
    words.text(key, &[("metric", metric.to_owned().into()), ("value", value.into())])
}

/// How it is told what became of a recommendation.
#[must_use]
pub const fn advice_word(turn: AdviceTurn) -> &'static str {
    match turn {
        AdviceTurn::Expired => "log-advice-expired",
        AdviceTurn::Superseded => "log-advice-superseded",
        AdviceTurn::Answered(Answer::Waiting) => "log-advice-told",
        AdviceTurn::Answered(Answer::Said) => "log-advice-said",
        AdviceTurn::Answered(Answer::Declined) => "log-advice-declined",
        AdviceTurn::Answered(Answer::Snoozed) => "log-advice-snoozed",
        AdviceTurn::Raised | AdviceTurn::Answered(Answer::Seen | Answer::Accepted | Answer::HeldOut | Answer::Muted) => "log-advice-raised",
    }
}

/// A card's title in the glass's language.
fn advice_title(pane: &Pane<'_>, id: &str) -> String {
    let advisor = pane.view.engine.advisor();
    let card = advisor.cards().iter().find(|card| card.id == id);
    card.map(|card| advisor.words(card, pane.view.words.lang().id()).title).unwrap_or_default()
}
