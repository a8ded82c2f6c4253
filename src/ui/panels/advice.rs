//! Recommendations: what moved with its counts, where the funnel broke, the act, what it brings and costs, the rule's record.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::Engine;
use crate::engine::advice::{HeldBy, Recommendation, State};
use crate::engine::metric::Metric;
use crate::engine::prior::{RuleRecord, of_this_live};
use crate::engine::watch::{Target, Watching};
use crate::ui::View;
use crate::ui::action::Action;
use crate::ui::pane::{OWN, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::fit;

/// A halving that shows sooner is not worth a line.
const SLOW_MIN: f64 = 10.0;
/// Lines that the first card takes at most where a second one waits.
const FIRST: usize = 8;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let advisor = pane.view.engine.advisor();
    let open = advisor.open();
    let title = match open.len() {
        0 => pane.word("panel-advice").to_owned(),
        n => pane.say("advice-title", &[("shown", n.into()), ("waiting", advisor.waiting_count().into())]),
    };
    let room = pane.heading(Panel::Advice, &title, OWN, area, buf);
    if open.is_empty() {
        pane.empty("advice-none", room, buf);
        if let (Some(minutes), true) = (slowest_halving(pane.view), room.height > 1) {
            let told = pane.say("advice-volume", &[("minutes", format!("{minutes:.0}").into())]);
            let text = fit(&told, room.width.saturating_sub(2), pane.view.glyphs.dots).into_owned();
            pane.phrase(text, Tone::Muted).put(buf, room, room.x + 1, room.y + 1);
        }
        return;
    }
    let mut y = room.y;
    for (index, card) in open.iter().enumerate() {
        let tone = if card.held_by.is_some() { Tone::Muted } else { Tone::Normal };
        let mut lines = vec![(headline(card, pane), if card.held_by.is_some() { Tone::Muted } else { Tone::Warn })];
        lines.extend(evidence(card, pane.view).into_iter().map(|line| (line, tone)));
        let keep = if index == 0 && open.len() > 1 { FIRST } else { lines.len() };
        for (text, tone) in lines.into_iter().take(keep) {
            if y >= room.bottom() {
                return;
            }
            let text = fit(&text, room.width.saturating_sub(2), pane.view.glyphs.dots).into_owned();
            pane.phrase(text, tone).put(buf, room, room.x + 1, y);
            y += 1;
        }
    }
}

/// `ACT · 46:30 · Fewer orders per click`, with its state.
fn headline(card: &Recommendation, pane: &Pane<'_>) -> String {
    let words = pane.view.engine.advisor().words(card, pane.view.words.lang().id());
    let state = match (card.state, card.held_by) {
        (_, Some(HeldBy::PriceAct | HeldBy::SameProduct)) => pane.word("card-held-act").to_owned(),
        (_, Some(HeldBy::StaleFeed)) => pane.word("card-held-stale").to_owned(),
        (State::Waiting { since }, None) => {
            pane.say("card-waiting", &[("time", pane.view.format.countdown(pane.view.now.since_ms(since)).into())])
        }
        _ => pane.word("card-act").to_owned(),
    };
    format!("! {state} {} {}", pane.live_time(card.raised), words.title)
}

/// What a card tells below its title.
pub fn evidence(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let because = &card.because;
    let number = |value: f64| {
        if value.fract().abs() < 1e-9 && value.abs() < 1e6 { view.format.number(value, 0) } else { view.format.number(value, 2) }
    };
    let share = |value: f64| {
        let is_share = Metric::parse(&because.metric).is_some_and(|metric| {
            use Metric::{AtcRate, CartAbandon, CartOrderRate, CoRate, NewBuyerShare, OrderPaidRate};
            matches!(metric, CoRate | AtcRate | CartOrderRate | CartAbandon | OrderPaidRate | NewBuyerShare)
        });
        if is_share { view.format.percent(value, 1) } else { number(value) }
    };
    if let (Some(events), Some(exposure)) = (because.support, because.exposure) {
        let mut line = view.text("card-counted", &[("events", number(events).into()), ("exposure", number(exposure).into())]);
        if because.window_s > 0 {
            line.push_str(&format!(", {}", view.format.age(because.window_s * 1_000)));
        }
        if let Some(expected) = because.expected {
            line.push_str(&format!("; {}", view.text("card-usually", &[("expected", number(expected).into())])));
        }
        lines.push(line);
    }
    if let (Some(from), Some(to)) = (because.from, because.to) {
        let mut line = format!("{}: {} {} {}", because.metric, share(from), view.glyphs.arrow, share(to));
        if let (Some(ratio), Some(low), Some(high)) = (because.ratio, because.low, because.high) {
            line.push_str(&format!(" {}{ratio:.2} [{low:.2}{}{high:.2}]", view.glyphs.times, "–"));
        }
        lines.push(line);
    }
    if let Some(broke) = &card.broke {
        lines.push(view.text("card-broke", &[("factor", broke.factor.into()), ("ratio", format!("{:.2}", broke.to / broke.from).into())]));
    }
    lines.push(proposal(card, view));
    if let Some(bill) = &card.price {
        lines.push(view.text(
            "card-units",
            &[
                ("without", format!("{:.0}", bill.units_without).into()),
                ("units", format!("{:.0}", bill.units).into()),
                ("low", format!("{:.0}", bill.units_low).into()),
                ("high", format!("{:.0}", bill.units_high).into()),
                ("even", bill.break_even_units.map_or_else(|| view.glyphs.dash.to_owned(), |units| format!("{units:.0}")).into()),
            ],
        ));
        if let Some((mid, low, high)) = bill.margin {
            let money = |money| view.format.amount_short(money);
            lines.push(view.text(
                "card-margin",
                &[("mid", view.format.money_short(mid).into()), ("low", money(low).into()), ("high", money(high).into())],
            ));
        }
        if let (Some(stock), Some(left)) = (bill.stock, bill.margin_left) {
            let floor = bill.margin_floor.map_or_else(|| view.glyphs.dash.to_owned(), |floor| view.format.percent(floor, 0));
            lines.push(
                view.text(
                    "card-limits",
                    &[("stock", stock.into()), ("margin", view.format.percent(left, 0).into()), ("floor", floor.into())],
                ),
            );
        }
    }
    let record = rule_record(&card.rule, view.engine);
    lines.push(view.text(
        "card-record",
        &[
            ("fired", record.fired.into()),
            ("done", record.accepted.into()),
            ("better", record.better.into()),
            ("unclear", (record.cant_tell + record.no_visible_change).into()),
        ],
    ));
    lines
}

/// What became of a rule's cards, in earlier lives and in this one.
fn rule_record(rule: &str, engine: &Engine) -> RuleRecord {
    engine.priors().rules.get(rule).copied().unwrap_or_default().and(of_this_live(rule, engine))
}

/// `→ flash deal −10 % · 10 min · 1 Fone Pro X2`.
fn proposal(card: &Recommendation, view: &View<'_>) -> String {
    let mut parts = vec![view.words.get(&Action::Kind(card.kind).doc_key()).to_owned()];
    if let Some(percent) = card.parameters.get("percent") {
        parts.push(format!("{}{percent} %", view.glyphs.minus));
    }
    if let Some(minutes) = card.parameters.get("minutes") {
        parts.push(format!("{minutes} min"));
    }
    if let Some(cap) = card.parameters.get("cap") {
        parts.push(view.text("card-cap", &[("cap", cap.as_str().into())]));
    }
    let sku = card.parameters.get("sku").map(String::as_str);
    if let Some(product) =
        view.engine.products().into_iter().find(|product| Some(product.sku) == sku || card.target.product == Some(product.sym))
    {
        parts.push(format!("{} {}", product.slot, product.name));
    }
    if let Some(channel) = card.target.channel {
        parts.push(view.engine.live().books.channels.text(channel).to_owned());
    }
    format!("{} {}", view.glyphs.arrow, parts.join(&format!(" {} ", view.glyphs.middot)))
}

/// In a small shop: how long a halving of orders per click takes to be seen, where it takes long.
fn slowest_halving(view: &View<'_>) -> Option<f64> {
    let of_live = view.engine.advisor().reasons().flat_map(|(_, watching, _)| watching).filter(|watch| watch.target == Target::default());
    let minutes = of_live.filter_map(Watching::halving_min).filter(|minutes| *minutes >= SLOW_MIN);
    minutes.fold(None, |slowest: Option<f64>, minutes| Some(slowest.map_or(minutes, |slowest| slowest.max(minutes))))
}
