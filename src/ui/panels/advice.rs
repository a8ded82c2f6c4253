//! Recommendations: what moved with its counts, where the funnel broke, the act, what it brings and costs, the rule's record.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::advice::{HeldBy, Recommendation, State};
use crate::engine::metric::{Metric, Unit, definition};
use crate::engine::money::Money;
use crate::engine::price::Price;
use crate::engine::prior::of_this_live;
use crate::engine::time::At;
use crate::engine::watch::{Target, Watching};
use crate::ui::View;
use crate::ui::action::Action;
use crate::ui::pane::{OWN, Pane, label};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit, width as columns};

/// A halving that shows sooner is not worth a line.
const SLOW_MIN: f64 = 10.0;
/// Lines that the first card takes at most where a second one waits: all of a card in full, its keys with them.
const FIRST: usize = 10;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let open = pane.view.engine.advisor().open();
    let Some(first) = open.first() else { return draw_none(pane, area, buf) };
    let title = title(pane, first, 0);
    let room = pane.heading(Panel::Advice, &title, OWN, area, buf);
    let mut y = room.y;
    for (index, card) in open.iter().enumerate() {
        if index > 0 {
            let heading = Rect::new(area.x, y, area.width, u16::from(y < room.bottom()));
            pane.rule(false, &self::title(pane, card, index), &Phrase::default(), heading, buf);
            y += 1;
        }
        let lines = lines(card, index, room.width.saturating_sub(2), pane);
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
    if let (Some(minutes), true) = (slowest_halving(pane.view), room.height > 1) {
        let told = pane.say("advice-volume", &[("minutes", format!("{minutes:.0}").into())]);
        let text = fit(&told, room.width.saturating_sub(2), pane.view.glyphs.dots).into_owned();
        pane.phrase(text, Tone::Muted).put(buf, room, room.x + 1, room.y + 1);
    }
}

/// `ADVICE 1/2 · ACT · raised 46:30`; without the time where that has no room.
fn title(pane: &Pane<'_>, card: &Recommendation, index: usize) -> String {
    let advisor = pane.view.engine.advisor();
    let of = advisor.open().len() + advisor.waiting_count();
    let state = match (card.state, card.held_by) {
        (_, Some(HeldBy::PriceAct | HeldBy::SameProduct)) => pane.word("card-held-act").to_owned(),
        (_, Some(HeldBy::StaleFeed)) => pane.word("card-held-stale").to_owned(),
        (State::Waiting { .. }, None) => course(card, pane.view).pop().unwrap_or_default(),
        _ => pane.word("card-act").to_owned(),
    };
    let plain = matches!(card.state, State::Raised | State::Seen) && card.held_by.is_none();
    let key = if plain { "advice-title" } else { "advice-title-short" };
    let (place, at) = (index + 1, pane.live_time(card.raised));
    pane.say(key, &[("place", place.into()), ("of", of.into()), ("state", state.into()), ("at", at.into())])
}

/// `WAITING 00:35`, and since when the host says it.
#[must_use]
pub fn course(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    let State::Waiting { since } = card.state else { return Vec::new() };
    let told = |key, at: At| view.text(key, &[("time", view.format.countdown(view.now.since_ms(at)).into())]);
    [told("card-waiting", since)].into_iter().chain(card.course.said.map(|said| told("card-said", said))).collect()
}

/// A card's lines, the title first; the first card says its keys.
fn lines(card: &Recommendation, index: usize, width: u16, pane: &Pane<'_>) -> Vec<(String, Tone)> {
    let (tone, bright) = if card.held_by.is_some() { (Tone::Muted, Tone::Muted) } else { (Tone::Normal, Tone::Warn) };
    let words = pane.view.engine.advisor().words(card, pane.view.words.lang().id());
    let mut lines: Vec<_> = wrap(&words.title, width).into_iter().map(|line| (line, bright)).collect();
    lines.extend(pack(evidence(card, pane.view), width, pane.view).into_iter().map(|line| (line, tone)));
    if index == 0 {
        lines.push((pane.word("advice-keys").to_owned(), Tone::Muted));
    }
    lines
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
    let mut pieces = because(card, view);
    pieces.extend(proposal(card, view));
    if let Some(bill) = &card.price {
        pieces.extend(expected(bill, view));
    }
    pieces.push(record(card, view));
    pieces
}

/// What moved, and where the funnel broke.
#[must_use]
pub fn because(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    let mut pieces = moved(card, view);
    pieces.extend(broken(card, view));
    pieces
}

/// `28 of 842, 9m; usually 79`, `click to order: 9.3% → 3.3% ×0.36 [0.23–0.55]`.
fn moved(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    let because = &card.because;
    let mut pieces = Vec::new();
    let number = |value: f64| bare(value, view);
    if let (Some(events), Some(exposure)) = (because.support, because.exposure) {
        // groups of the same live are held against each other, else events against what they come from
        let key = if because.expected.is_some() || because.window_s > 0 { "card-counted" } else { "card-compared" };
        let mut piece = view.text(key, &[("events", number(events).into()), ("exposure", number(exposure).into())]);
        if because.window_s > 0 {
            piece.push_str(&format!(", {}", view.format.age(because.window_s * 1_000)));
        }
        if let Some(expected) = because.expected {
            piece.push_str(&format!("; {}", view.text("card-usually", &[("expected", view.format.number(expected, 0).into())])));
        }
        pieces.push(piece);
    }
    if let (Some(from), Some(to)) = (because.from, because.to) {
        let key = format!("metric-{}", because.metric);
        let name = if view.words.has(&key) { view.words.get(&key) } else { because.metric.as_str() };
        let (from, to) = (in_unit(&because.metric, from, view), in_unit(&because.metric, to, view));
        pieces.push(format!("{name} {from} {} {to}", view.glyphs.arrow));
        if let (Some(ratio), Some(low), Some(high)) = (because.ratio, because.low, because.high) {
            let two = |value: f64| view.format.number(value, 2);
            pieces.push(format!("{}{} [{}–{}]", view.glyphs.times, two(ratio), two(low), two(high)));
        }
    }
    pieces
}

/// A number without a unit, whole where it is.
fn bare(value: f64, view: &View<'_>) -> String {
    view.format.number(value, if value.fract().abs() < 1e-9 && value.abs() < 1e6 { 0 } else { 2 })
}

/// A metric's value in its own unit.
fn in_unit(metric: &str, value: f64, view: &View<'_>) -> String {
    use Metric::{AtcRate, CartAbandon, CartOrderRate, CheckoutAbandon, CoRate, NewBuyerShare, OrderPaidRate};
    let Some(metric) = Metric::parse(metric) else { return bare(value, view) };
    if matches!(metric, CoRate | AtcRate | CartOrderRate | CartAbandon | CheckoutAbandon | OrderPaidRate | NewBuyerShare) {
        return view.format.percent(value, 1);
    }
    #[expect(clippy::cast_possible_truncation, reason = "minor units of a live")]
    match definition(metric).unit {
        Unit::Minutes => format!("{} min", view.format.number(value, usize::from(value < 10.0))),
        Unit::Seconds => format!("{} s", view.format.number(value, 0)),
        Unit::Money => match view.engine.plan().currency {
            Some(currency) => view.format.money_short(Money::new(value as i64, currency)),
            None => bare(value / 100.0, view),
        },
        Unit::Count | Unit::Ratio | Unit::PerMinute => bare(value, view),
    }
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
        _ => {
            #[expect(clippy::cast_possible_truncation, reason = "minor units of a ticket")]
            let minor = value as i64;
            let currency = view.engine.plan().currency;
            currency.map_or_else(|| view.format.number(value / 100.0, 2), |currency| view.format.money_short(Money::new(minor, currency)))
        }
    }
}

/// Units, break-even, margin, and whether stock and margin floor allow it.
fn expected(bill: &Price, view: &View<'_>) -> Vec<String> {
    let units = |units: f64| view.format.number(units, 0);
    let mut pieces = vec![view.text(
        "card-units",
        &[
            ("without", units(bill.units_without).into()),
            ("units", units(bill.units).into()),
            ("low", units(bill.units_low).into()),
            ("high", units(bill.units_high).into()),
            ("even", bill.break_even_units.map_or_else(|| view.glyphs.dash.to_owned(), |even| view.format.number(even.ceil(), 0)).into()),
        ],
    )];
    if let Some((mid, low, high)) = bill.margin {
        let money = |money| view.format.amount_short(money);
        pieces.push(view.text(
            "card-margin",
            &[("mid", view.format.money_short(mid).into()), ("low", money(low).into()), ("high", money(high).into())],
        ));
    }
    let ok = |holds: bool| if holds { format!(" {}", view.word("card-ok")) } else { "!".to_owned() };
    let mut limits = Vec::new();
    if let Some(stock) = bill.stock {
        #[expect(clippy::cast_precision_loss, reason = "units in stock")]
        let holds = stock as f64 + 0.5 >= bill.units_high;
        let told = view.text("card-stock", &[("stock", view.format.count(stock).into()), ("units", units(bill.units_high).into())]);
        limits.push(told + &ok(holds));
    }
    if let (Some(left), Some(floor)) = (bill.margin_left, bill.margin_floor) {
        let told =
            view.text("card-floor", &[("margin", view.format.percent(left, 0).into()), ("floor", view.format.percent(floor, 0).into())]);
        limits.push(told + &ok(left >= floor));
    }
    if !limits.is_empty() {
        pieces.push(limits.join(&format!(" {} ", view.glyphs.middot)));
    }
    pieces
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

/// `where it broke: carts per click`, `32% → 11%`.
fn broken(card: &Recommendation, view: &View<'_>) -> Vec<String> {
    let Some(broke) = &card.broke else { return Vec::new() };
    let (from, to) = (of_factor(broke.factor, broke.from, view), of_factor(broke.factor, broke.to, view));
    let factor = view.word(factor_word(broke.factor)).to_owned();
    vec![view.text("card-broke", &[("factor", factor.into())]), format!("{from} {} {to}", view.glyphs.arrow)]
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

/// In a small shop: how long a halving of orders per click takes to be seen, where it takes long.
fn slowest_halving(view: &View<'_>) -> Option<f64> {
    let of_live = view.engine.advisor().reasons().flat_map(|(_, watching, _)| watching).filter(|watch| watch.target == Target::default());
    let minutes = of_live.filter_map(Watching::halving_min).filter(|minutes| *minutes >= SLOW_MIN);
    minutes.fold(None, |slowest: Option<f64>, minutes| Some(slowest.map_or(minutes, |slowest| slowest.max(minutes))))
}
