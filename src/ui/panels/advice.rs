//! Recommendations: what moved with its counts, where the funnel broke, the act, what it brings and costs, the rule's record.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::advice::{HeldBy, Recommendation, State};
use crate::engine::metric::{Metric, Unit, definition};
use crate::engine::money::Money;
use crate::engine::price::Price;
use crate::engine::prior::of_this_live;
use crate::engine::rule::{Cause, Urgency};
use crate::engine::time::At;
use crate::engine::view::show::Gesture;
use crate::engine::watch::{Target, Watching};
use crate::ui::View;
use crate::ui::action::Action;
use crate::ui::pane::{OWN, Pane, label};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit, width as columns};

/// Columns that a heading needs beside its title.
const AROUND_TITLE: u16 = 6;
/// A halving that shows sooner is not worth a line.
pub const SLOW_MIN: f64 = 10.0;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let open = pane.view.engine.advisor().open();
    let Some(first) = open.first() else { return draw_none(pane, area, buf) };
    let title = title(pane, first, 0, area.width);
    let room = pane.heading(Panel::Advice, &title, OWN, area, buf);
    let width = room.width.saturating_sub(2);
    let mut y = room.y;
    for (index, card) in open.iter().enumerate() {
        if index > 0 {
            // a heading with nothing below it says nothing
            if room.bottom().saturating_sub(y) < 2 {
                return;
            }
            let heading = Rect::new(area.x, y, area.width, 1);
            pane.rule(false, &self::title(pane, card, index, area.width), &Phrase::default(), heading, buf);
            y += 1;
        }
        let left = room.bottom().saturating_sub(y);
        let rows = if index == 0 { left.saturating_sub(kept_for_second(open.get(1).copied(), width, pane)) } else { left };
        for (text, tone) in lines(card, index, (width, rows), pane) {
            if y >= room.bottom() {
                return;
            }
            let text = fit(&text, width, pane.view.glyphs.dots).into_owned();
            pane.phrase(text, tone).put(buf, room, room.x + 1, y);
            y += 1;
        }
    }
}

/// Rows that the first card leaves to the second: its heading, and what it must say.
fn kept_for_second(second: Option<&Recommendation>, width: u16, pane: &Pane<'_>) -> u16 {
    let told = second.map_or(0, |second| 1 + lines(second, 1, (width, 0), pane).len());
    u16::try_from(told).unwrap_or(u16::MAX)
}

/// Nothing is recommended: whether that is by choice, and how long a change would take to be seen in a small shop.
fn draw_none(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.heading(Panel::Advice, pane.word("panel-advice"), OWN, area, buf);
    let muted = pane.view.engine.advisor().muted_until().filter(|until| pane.view.now < *until);
    match muted {
        Some(until) => {
            let left = pane.view.format.countdown(until.since_ms(pane.view.now));
            let told = pane.say("advice-muted", &[("time", left.into())]);
            pane.phrase(told, Tone::Mode).put(buf, room, room.x + 1.min(room.width), room.y);
        }
        None => pane.empty("advice-none", room, buf),
    }
    if let (Some(minutes), true) = (soonest_halving(pane.view), room.height > 1) {
        let told = pane.say("advice-volume", &[("minutes", format!("{minutes:.0}").into())]);
        let text = fit(&told, room.width.saturating_sub(2), pane.view.glyphs.dots).into_owned();
        pane.phrase(text, Tone::Muted).put(buf, room, room.x + 1, room.y + 1);
    }
}

/// `ADVICE 1/2 · ACT · raised 46:30`: its figures are of then. Without the time where that has no room.
fn title(pane: &Pane<'_>, card: &Recommendation, index: usize, width: u16) -> String {
    let advisor = pane.view.engine.advisor();
    let of = advisor.open().len() + advisor.waiting_count();
    let state = match (card.state, card.held_by) {
        (_, Some(HeldBy::PriceAct | HeldBy::SameProduct)) => pane.word("card-held-act").to_owned(),
        (_, Some(HeldBy::StaleFeed)) => pane.word("card-held-stale").to_owned(),
        (State::Waiting { .. }, None) => course(card, pane.view).pop().unwrap_or_default(),
        _ => pane.word(if card.urgency == Urgency::Act { "card-act" } else { "card-hint" }).to_owned(),
    };
    let plain = matches!(card.state, State::Raised | State::Seen) && card.held_by.is_none();
    let (place, at) = (index + 1, pane.live_time(card.raised));
    let values = [("place", place.into()), ("of", of.into()), ("state", state.into()), ("at", at.into())];
    let told = pane.say(if plain { "advice-title" } else { "advice-title-at" }, &values);
    if plain || columns(&told) + AROUND_TITLE <= width { told } else { pane.say("advice-title-short", &values) }
}

/// `WAITING 00:35`, and since when the host says it.
#[must_use]
pub fn course(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    let State::Waiting { since } = card.state else { return Vec::new() };
    let told = |key, at: At| view.text(key, &[("time", view.format.countdown(view.now.since_ms(at)).into())]);
    [told("card-waiting", since)].into_iter().chain(card.course.said.map(|said| told("card-said", said))).collect()
}

/// A card's lines, the title first; the first card says its keys. What matters less gives way where there are fewer rows;
/// what moved, the act and what it brings stay.
fn lines(card: &Recommendation, index: usize, (width, rows): (u16, u16), pane: &Pane<'_>) -> Vec<(String, Tone)> {
    let (tone, bright) = if card.held_by.is_some() { (Tone::Muted, Tone::Muted) } else { (Tone::Normal, Tone::Warn) };
    let words = pane.view.engine.advisor().words(card, pane.view.words.lang().id());
    let mut lines: Vec<_> = wrap(&words.title, width).into_iter().map(|line| (line, bright)).collect();
    let keys = (index == 0).then(|| (pane.word("advice-keys").to_owned(), Tone::Muted));
    let room = usize::from(rows).saturating_sub(lines.len() + usize::from(keys.is_some()));
    let pieces = ranked(card, pane.view);
    let told = |least: Rank| {
        let pieces = pieces.iter().filter(|(rank, _)| *rank <= least).map(|(_, piece)| piece.clone()).collect();
        pack(pieces, width, pane.view)
    };
    let packed = Rank::ALL.into_iter().rev().map(told).find(|packed| packed.len() <= room).unwrap_or_else(|| told(Rank::Act));
    lines.extend(packed.into_iter().map(|line| (line, tone)));
    lines.extend(keys);
    lines
}

/// What of a card gives way where there are few rows, the last first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// What moved, the act, the units that it brings.
    Act,
    Where,
    /// From and to of a rate, whose counts are told already.
    Rate,
    Margin,
    Limits,
    Record,
}

impl Rank {
    const ALL: [Self; 6] = [Self::Act, Self::Where, Self::Rate, Self::Margin, Self::Limits, Self::Record];
}

/// A text in as many lines as it takes.
#[must_use]
pub fn wrap(text: &str, width: u16) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Puts pieces beside each other as far as they fit, so that nothing is cut off for want of rows.
#[must_use]
pub fn pack(pieces: Vec<String>, width: u16, view: &View<'_>) -> Vec<String> {
    let between = format!(" {} ", view.glyphs.middot);
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if columns(line) + columns(&between) + columns(&piece) <= width => {
                line.push_str(&between);
                line.push_str(&piece);
            }
            _ => lines.push(piece),
        }
    }
    lines
}

/// What a card tells below its title, piece by piece.
#[must_use]
pub fn evidence(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    ranked(card, view).into_iter().map(|(_, piece)| piece).collect()
}

fn ranked(card: &Recommendation, view: &View<'_>) -> Vec<(Rank, String)> {
    let with = |rank: Rank| move |piece: String| (rank, piece);
    let mut pieces = moved(card, view);
    pieces.extend(broken(card, view).into_iter().map(with(Rank::Where)));
    pieces.extend(proposal(card, view).into_iter().map(with(Rank::Act)));
    if let Some(bill) = &card.price {
        pieces.push((Rank::Act, units(bill, view)));
        pieces.extend(margin(bill, view).map(with(Rank::Margin)));
        pieces.extend(limits(bill, view).map(with(Rank::Limits)));
    }
    pieces.push((Rank::Record, record(card, view)));
    pieces
}

/// What moved, and where the funnel broke.
#[must_use]
pub fn because(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    moved(card, view).into_iter().map(|(_, piece)| piece).chain(broken(card, view)).collect()
}

/// `28 of 842, 9m; usually 79`, `click to order: 9.3% → 3.3% ×0.36 [0.23–0.55]`.
fn moved(card: &Recommendation, view: &View<'_>) -> Vec<(Rank, String)> {
    let because = &card.because;
    let mut pieces = Vec::new();
    if let (Some(events), Some(exposure)) = (because.support, because.exposure) {
        // groups of the same live are held against each other, else events against what they come from
        let key = if because.expected.is_some() || because.window_s > 0 { "card-counted" } else { "card-compared" };
        let mut piece = view.text(key, &[("events", bare(events, view).into()), ("exposure", bare(exposure, view).into())]);
        if because.window_s > 0 {
            piece.push_str(&format!(", {}", view.format.age(because.window_s * 1_000)));
        }
        if let Some(expected) = because.expected {
            piece.push_str(&format!("; {}", view.text("card-usually", &[("expected", view.format.number(expected, 0).into())])));
        }
        pieces.push((Rank::Act, piece));
    }
    let key = format!("metric-{}", because.metric);
    let name = if view.words.has(&key) { view.words.get(&key) } else { because.metric.as_str() };
    let own = |value: f64| in_unit(&because.metric, value, view);
    match (because.from, because.to) {
        (Some(from), Some(to)) => {
            let rank = if because.expected.is_some() { Rank::Rate } else { Rank::Act };
            pieces.push((rank, format!("{name} {} {} {}", own(from), view.glyphs.arrow, own(to))));
        }
        (None, to) if card.cause == Cause::Payment && because.metric == Metric::GmvPlaced.id() => {
            let orders = bare(because.support.unwrap_or(0.0), view);
            let within = view.format.age(because.window_s * 1_000);
            let told = view.text(
                "card-ending",
                &[
                    ("orders", orders.into()),
                    ("money", to.map_or_else(|| view.format.unknown().to_owned(), own).into()),
                    ("time", within.into()),
                ],
            );
            pieces.push((Rank::Act, told));
        }
        _ => {}
    }
    if let (Some(ratio), Some(low), Some(high)) = (because.ratio, because.low, because.high) {
        let two = |value: f64| view.format.number(value, 2);
        pieces.push((Rank::Act, format!("{}{} [{}–{}]", view.glyphs.times, two(ratio), two(low), two(high))));
    }
    pieces
}

/// A number without a unit, whole where it is.
fn bare(value: f64, view: &View<'_>) -> String {
    view.format.number(value, if value.fract().abs() < 1e-9 && value.abs() < 1e6 { 0 } else { 2 })
}

/// A metric's value in its own unit.
fn in_unit(metric: &str, value: f64, view: &View<'_>) -> String {
    use Metric::{AtcRate, CartAbandon, CartOrderRate, CheckoutAbandon, CoRate, CvrUv, NewBuyerShare, OrderPaidRate};
    let Some(metric) = Metric::parse(metric) else {
        // what the chat says is told as a share of its messages
        let is_of_chat = Gesture::ALL.iter().any(|gesture| gesture.id() == metric);
        return if is_of_chat { view.format.percent(value, 1) } else { bare(value, view) };
    };
    if matches!(metric, CoRate | AtcRate | CartOrderRate | CartAbandon | CheckoutAbandon | CvrUv | OrderPaidRate | NewBuyerShare) {
        return view.format.percent(value, 1);
    }
    match definition(metric).unit {
        Unit::Minutes => format!("{} min", view.format.number(value, usize::from(value < 10.0))),
        Unit::Seconds => format!("{} s", view.format.number(value, 0)),
        Unit::Money => money_in_minor(value, view),
        Unit::Count | Unit::Ratio | Unit::PerMinute => bare(value, view),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "minor units of orders")]
fn money_in_minor(minor: f64, view: &View<'_>) -> String {
    let currency = view.engine.plan().currency;
    currency.map_or_else(|| view.format.number(minor / 100.0, 2), |currency| view.format.money_short(Money::new(minor as i64, currency)))
}

/// The key of a factor's name.
#[must_use]
pub fn factor_word(factor: &str) -> &'static str {
    match factor {
        "viewers" => "chain-viewers",
        "clicks_per_viewer" => "chain-clicks",
        "click_to_cart" => "chain-click-cart",
        "cart_to_order" => "chain-cart-order",
        _ => "chain-ticket",
    }
}

/// A factor's value in its own unit.
fn of_factor(factor: &str, value: f64, view: &View<'_>) -> String {
    match factor {
        "click_to_cart" | "cart_to_order" => view.format.percent(value, 0),
        "viewers" => view.format.number(value, 0),
        "clicks_per_viewer" => view.format.number(value, 3),
        _ => money_in_minor(value, view),
    }
}

/// Units without the act and with it, and at how many it is even.
fn units(bill: &Price, view: &View<'_>) -> String {
    let units = |units: f64| view.format.number(units, 0);
    view.text(
        "card-units",
        &[
            ("without", units(bill.units_without).into()),
            ("units", units(bill.units).into()),
            ("low", units(bill.units_low).into()),
            ("high", units(bill.units_high).into()),
            ("even", bill.break_even_units.map_or_else(|| view.glyphs.dash.to_owned(), |even| view.format.number(even.ceil(), 0)).into()),
        ],
    )
}

fn margin(bill: &Price, view: &View<'_>) -> Option<String> {
    let (mid, low, high) = bill.margin?;
    let money = |money| view.format.amount_short(money);
    let told = [("mid", view.format.money_short(mid).into()), ("low", money(low).into()), ("high", money(high).into())];
    Some(view.text("card-margin", &told))
}

/// Whether stock and margin floor allow it.
fn limits(bill: &Price, view: &View<'_>) -> Option<String> {
    let ok = |holds: bool| if holds { format!(" {}", view.word("card-ok")) } else { "!".to_owned() };
    let mut limits = Vec::new();
    if let Some(stock) = bill.stock {
        #[expect(clippy::cast_precision_loss, reason = "units in stock")]
        let holds = stock as f64 + 0.5 >= bill.units_high;
        let units = view.format.number(bill.units_high, 0);
        limits.push(view.text("card-stock", &[("stock", view.format.count(stock).into()), ("units", units.into())]) + &ok(holds));
    }
    if let (Some(left), Some(floor)) = (bill.margin_left, bill.margin_floor) {
        let told =
            view.text("card-floor", &[("margin", view.format.percent(left, 0).into()), ("floor", view.format.percent(floor, 0).into())]);
        limits.push(told + &ok(left >= floor));
    }
    (!limits.is_empty()).then(|| limits.join(&format!(" {} ", view.glyphs.middot)))
}

/// `record: fired 7 done 5 better 1 ?4`, in earlier lives and in this one.
fn record(card: &Recommendation, view: &View<'_>) -> String {
    let record = view.engine.priors().rules.get(&card.rule).copied().unwrap_or_default().and(of_this_live(&card.rule, view.engine));
    view.text(
        "card-record",
        &[
            ("fired", record.fired.into()),
            ("done", record.accepted.into()),
            ("better", record.better.into()),
            ("unclear", (record.cant_tell + record.no_visible_change).into()),
        ],
    )
}

/// `broke: carts per click 32% → 11%`.
fn broken(card: &Recommendation, view: &View<'_>) -> Option<String> {
    let broke = card.broke.as_ref()?;
    let (from, to) = (of_factor(broke.factor, broke.from, view), of_factor(broke.factor, broke.to, view));
    let factor = view.word(factor_word(broke.factor)).to_owned();
    Some(format!("{} {from} {} {to}", view.text("card-broke", &[("factor", factor.into())]), view.glyphs.arrow))
}

/// `→ flash deal · −10 % · 10 min`, `1 Fone Pro X2`, whom it reaches.
fn proposal(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    let mut parts = vec![view.words.get(&Action::Kind(card.kind).doc_key()).to_owned()];
    let parameter = |name: &str| card.parameters.get(name).map(String::as_str);
    parts.extend(parameter("percent").map(|percent| format!("{}{percent} %", view.glyphs.minus)));
    parts.extend(parameter("price").map(|price| view.text("card-price", &[("price", money_of(price, view).into())])));
    parts.extend(parameter("minutes").map(|minutes| view.text("host-minutes", &[("minutes", minutes.into())])));
    parts.extend(parameter("text").map(str::to_owned));
    let mut pieces = vec![format!("{} {}", view.glyphs.arrow, parts.join(&format!(" {} ", view.glyphs.middot)))];
    let about = card.act_product(view.engine);
    pieces
        .extend(view.engine.products().into_iter().find(|product| Some(product.sym) == about).map(|p| format!("{} {}", p.slot, label(&p))));
    pieces.extend(parameter("cap").map(|cap| view.text("card-cap", &[("cap", cap.into())])));
    pieces.extend(parameter("reaches").map(|carts| view.text("card-reaches", &[("carts", carts.into())])));
    pieces.extend(card.target.channel.map(|channel| view.engine.live().books.channels.text(channel).to_owned()));
    pieces
}

/// An amount of a parameter as the glass writes money.
#[must_use]
pub fn money_of(text: &str, view: &View<'_>) -> String {
    let money = view.engine.plan().currency.and_then(|currency| Money::parse(text, currency));
    money.map_or_else(|| text.to_owned(), |money| view.format.money_short(money))
}

/// In a small shop: how long a halving of orders or carts per click takes to be seen, where it takes long.
fn soonest_halving(view: &View<'_>) -> Option<f64> {
    let of_clicks = view.engine.advisor().reasons().filter(|(rule, _, _)| rule.cause == Cause::Conversion);
    let of_live = of_clicks.flat_map(|(_, watching, _)| watching).filter(|watch| watch.target == Target::default());
    let soonest = of_live.filter_map(Watching::halving_min).min_by(f64::total_cmp)?;
    (soonest >= SLOW_MIN).then_some(soonest)
}
