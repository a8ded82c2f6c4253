//! The cards over the chart: the figures that the plan's aim puts first, each with its window and what to hold it against.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::earlier::Ghost;
use crate::engine::metric::{Metric, Reading, Scope, Value};
use crate::engine::plan::Aim;
use crate::engine::time::Span;
use crate::engine::view::commerce::BandView;
use crate::ui::pane::{ADS, AUDIENCE, Better, CARTS, CHAT, CLICKS, LEADS, Needs, ORDERS, Pane, STOCK, tone_of};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit, put, width};

/// A card needs this many columns.
const LEAST: u16 = 13;
/// Cards of the full screen, and of the small one.
const CARDS: u16 = 8;
const CARDS_COMPACT: u16 = 6;

/// What a card may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kpi {
    Gmv,
    OrdersPerMin,
    Viewers,
    Watch,
    OrdersPerClick,
    CartsLeft,
    Unpaid,
    Roas,
    Leads,
    Cpl,
    SellThrough,
    Cover,
    Interaction,
    Follows,
    NewBuyers,
    ChatRate,
}

/// Which cards come first for which aim.
const fn order(aim: Aim) -> [Kpi; 8] {
    match aim {
        Aim::Conversion => {
            [Kpi::Gmv, Kpi::OrdersPerMin, Kpi::Viewers, Kpi::Watch, Kpi::OrdersPerClick, Kpi::CartsLeft, Kpi::Unpaid, Kpi::Roas]
        }
        Aim::Leads => [Kpi::Leads, Kpi::Cpl, Kpi::Viewers, Kpi::Watch, Kpi::Interaction, Kpi::Gmv, Kpi::OrdersPerMin, Kpi::Roas],
        Aim::ClearStock => {
            [Kpi::SellThrough, Kpi::Cover, Kpi::OrdersPerMin, Kpi::Gmv, Kpi::Viewers, Kpi::OrdersPerClick, Kpi::CartsLeft, Kpi::Unpaid]
        }
        Aim::Branding => {
            [Kpi::Viewers, Kpi::Watch, Kpi::Interaction, Kpi::Follows, Kpi::ChatRate, Kpi::NewBuyers, Kpi::Gmv, Kpi::OrdersPerMin]
        }
    }
}

/// One card: a title with its window, a value, a foot.
struct Card {
    /// Keys of the catalogue.
    title: &'static str,
    short: Option<&'static str>,
    window: String,
    /// Ways to say it, the fullest first; the first that fits is drawn.
    values: Vec<Phrase>,
    feet: Vec<Phrase>,
    needs: Needs,
}

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let most = if area.height < 3 { CARDS_COMPACT } else { CARDS };
    let count = (area.width / LEAST).clamp(1, most);
    let focused = pane.view.state.focus == Panel::Kpis;
    for (index, kpi) in (0u16..count).zip(order(pane.view.engine.plan().aim)) {
        let (from, to) = (area.width * index / count, area.width * (index + 1) / count);
        let is_last = index + 1 == count;
        let place = Rect::new(area.x + from, area.y, (to - from).saturating_sub(u16::from(!is_last)), area.height);
        draw_card(pane, &card(pane, kpi), focused && index == 0, place, buf);
        for y in area.top()..area.bottom() {
            if !is_last {
                put(buf, area, place.right(), y, pane.view.glyphs.vertical, pane.style(Tone::Frame));
            }
        }
    }
}

fn draw_card(pane: &Pane<'_>, card: &Card, focused: bool, area: Rect, buf: &mut Buffer) {
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(1), area.height);
    let tone = if focused { Tone::Focused } else { Tone::Title };
    let title = title_of(pane, card, inner.width);
    let title_end = put(buf, inner, inner.x, inner.y, &fit(title, inner.width, pane.view.glyphs.dots), pane.style(tone));
    let fitting = |ways: &[Phrase]| ways.iter().find(|phrase| phrase.width() <= inner.width).cloned().unwrap_or_default();
    let value_end = fitting(&card.values).put(buf, inner, inner.x, inner.y + 1);
    let foot_end = fitting(&card.feet).put(buf, inner, inner.x, inner.y + 2);
    let age = pane.age(card.needs);
    let mut free = vec![(title_end, inner.y), (foot_end, inner.y + 2), (value_end, inner.y + 1)];
    free.retain(|(_, y)| *y < inner.bottom());
    if age.stale {
        buf.set_style(inner.intersection(buf.area), pane.style(Tone::Stale));
        free.sort_by_key(|(_, y)| *y != inner.y + 1);
        put_where_free(&pane.age_phrase(card.needs), inner, &mut free, buf);
        free.sort_by_key(|(_, y)| *y);
    }
    // every card names its window: beside its title, else where there is room
    let window = pane.phrase(card.window.as_str(), Tone::Muted);
    if title_end + window.width() < inner.right() && free.iter().any(|(_, y)| *y == inner.y) {
        let end = window.put(buf, inner, title_end + 1, inner.y);
        free.retain(|(_, y)| *y != inner.y);
        free.insert(0, (end, inner.y));
    } else {
        put_where_free(&window, inner, &mut free, buf);
    }
    if !age.stale {
        free.retain(|(_, y)| *y == inner.y);
        put_where_free(&pane.age_phrase(card.needs), inner, &mut free, buf);
    }
}

/// The card's title, in the short form where the long one leaves no room for the window beside it.
fn title_of<'a>(pane: &Pane<'a>, card: &Card, room: u16) -> &'a str {
    let long = pane.word(card.title);
    let fits = width(long) + 1 + width(&card.window) <= room;
    match card.short {
        Some(short) if !fits => pane.word(short),
        _ => long,
    }
}

/// Puts a phrase at the right end of the first row that has room for it.
fn put_where_free(phrase: &Phrase, area: Rect, free: &mut Vec<(u16, u16)>, buf: &mut Buffer) {
    if let Some(place) = free.iter().position(|(end, _)| end + phrase.width() < area.right()) {
        let (_, y) = free.remove(place);
        phrase.put_right(buf, area, y);
    }
}

/// The short form of a title, where it has one.
fn short_of(title: &str) -> Option<&'static str> {
    match title {
        "card-gmv" => Some("card-gmv-short"),
        "card-orders" => Some("card-orders-short"),
        "card-viewers" => Some("card-viewers-short"),
        "card-watch" => Some("card-watch-short"),
        "card-orders-per-click" => Some("card-orders-per-click-short"),
        "card-carts-left" => Some("card-carts-left-short"),
        _ => None,
    }
}

fn card(pane: &Pane<'_>, kpi: Kpi) -> Card {
    match kpi {
        Kpi::Gmv => gmv(pane),
        Kpi::OrdersPerMin => orders(pane),
        Kpi::Viewers => viewers(pane),
        Kpi::Watch => watch(pane),
        Kpi::OrdersPerClick => orders_per_click(pane),
        Kpi::CartsLeft => carts_left(pane),
        Kpi::Unpaid => unpaid(pane),
        Kpi::Roas => roas(pane),
        Kpi::Cover => cover(pane),
        Kpi::Leads => plain(pane, "card-leads", Metric::Leads, LEADS),
        Kpi::Cpl => plain(pane, "card-cpl", Metric::Cpl, LEADS),
        Kpi::SellThrough => sell_through(pane),
        Kpi::Interaction => ratio(pane, "card-interaction", Metric::InteractionRate, Span::M10, CHAT),
        Kpi::NewBuyers => ratio(pane, "card-new-buyers", Metric::NewBuyerShare, Span::Live, ORDERS),
        Kpi::Follows => plain(pane, "card-follows", Metric::Follows, AUDIENCE),
        Kpi::ChatRate => rate(pane, "card-chat", Metric::ChatRate, CHAT),
    }
}

fn gmv(pane: &Pane<'_>) -> Card {
    let paid = pane.read(Metric::GmvPaid, Scope::Live, Span::Live);
    let net = pane.read(Metric::GmvNet, Scope::Live, Span::Live);
    Card {
        title: "card-gmv",
        short: short_of("card-gmv"),
        window: pane.word("window-live").to_owned(),
        values: vec![pane.phrase(pane.money(&paid), Tone::Accent)],
        feet: against_last(pane, Metric::GmvPaid, format!("{} {}", pane.word("card-net"), pane.amount(&net))),
        needs: ORDERS,
    }
}

/// `last live +7%` at the same minute, where there was one, else what is told instead.
fn against_last(pane: &Pane<'_>, metric: Metric, instead: String) -> Vec<Phrase> {
    let mut feet = Vec::new();
    if let Some(change) = pane.view.engine.against(Ghost::Last, metric) {
        let sign = if pane.view.engine.is_straight(Ghost::Last) { "~" } else { "" };
        for key in ["card-last-live", "card-last-live-short"] {
            let told = format!("{} {sign}{}", pane.word(key), pane.view.format.change(change));
            feet.push(pane.phrase(told, tone_of(change, Better::Up)));
        }
    }
    feet.push(pane.phrase(instead, Tone::Muted));
    feet
}

fn orders(pane: &Pane<'_>) -> Card {
    let now = pane.read(Metric::SalesPerMin, Scope::Live, Span::M5);
    let live = pane.read(Metric::SalesPerMin, Scope::Live, Span::Live);
    let change = pane.change(Metric::SalesPerMin, Scope::Live, Span::M5);
    Card {
        title: "card-orders",
        short: short_of("card-orders"),
        window: Span::M5.label().to_owned(),
        values: with_change(pane, pane.number(&now, 1), change, Better::Up),
        feet: vec![pane.phrase(format!("{} {}", pane.word("window-live"), pane.number(&live, 1)), Tone::Muted)],
        needs: ORDERS,
    }
}

fn viewers(pane: &Pane<'_>) -> Card {
    let now = pane.read(Metric::Ccu, Scope::Live, Span::M1);
    let peak = pane.read(Metric::Pcu, Scope::Live, Span::Live);
    let change = pane.change(Metric::Acu, Scope::Live, Span::M5);
    let mut values = with_change(pane, pane.count(&now), change, Better::Up);
    values.push(pane.phrase(pane.count_short(&now), Tone::Accent));
    Card {
        title: "card-viewers",
        short: short_of("card-viewers"),
        window: pane.word("window-now").to_owned(),
        values,
        feet: peak_feet(pane, &peak),
        needs: AUDIENCE,
    }
}

/// `pk 2,980 @33'`: the peak and its minute, the peak alone.
fn peak_feet(pane: &Pane<'_>, peak: &Reading) -> Vec<Phrase> {
    let alone = format!("{} {}", pane.word("card-peak"), pane.count(peak));
    let mut feet = vec![pane.phrase(alone.as_str(), Tone::Muted)];
    if let Some((minute, _)) = pane.view.engine.peak_minute() {
        let at = pane.minute_label(minute);
        let short = format!("{} {} @{at}", pane.word("card-peak-short"), pane.count(peak));
        feet.insert(0, pane.phrase(short, Tone::Muted));
        feet.insert(0, pane.phrase(format!("{alone} @{at}"), Tone::Muted));
    }
    feet
}

fn watch(pane: &Pane<'_>) -> Card {
    let watch = pane.read(Metric::AvgWatchS, Scope::Live, Span::Live);
    let uv = pane.read(Metric::ViewersUv, Scope::Live, Span::Live);
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a live")]
    let told = watch.number().map_or_else(|| pane.unknown().to_owned(), |s| pane.view.format.countdown((s * 1_000.0) as i64));
    Card {
        title: "card-watch",
        short: short_of("card-watch"),
        window: pane.word("window-live").to_owned(),
        values: vec![pane.phrase(told, Tone::Normal)],
        feet: vec![pane.phrase(format!("{} {}", pane.count_short(&uv), pane.word("card-viewers-uv")), Tone::Muted)],
        needs: AUDIENCE,
    }
}

fn orders_per_click(pane: &Pane<'_>) -> Card {
    ratio(pane, "card-orders-per-click", Metric::CoRate, Span::M10, CLICKS)
}

/// A ratio with its change, and its support below.
fn ratio(pane: &Pane<'_>, title: &'static str, metric: Metric, span: Span, needs: Needs) -> Card {
    let reading = pane.read(metric, Scope::Live, span);
    Card {
        title,
        short: short_of(title),
        window: window(pane, span).to_owned(),
        values: with_change(pane, pane.percent(&reading, 1), pane.change(metric, Scope::Live, span), Better::Up),
        feet: vec![pane.phrase(pane.support(&reading), Tone::Muted)],
        needs,
    }
}

/// What is sold of the lot, and when it will be empty at this pace.
fn sell_through(pane: &Pane<'_>) -> Card {
    let mut card = ratio(pane, "card-sell-through", Metric::SellThrough, Span::Live, STOCK);
    if let Some(at) = pane.view.engine.lot_empty_at() {
        let time = pane.live_time(at);
        let late = pane.view.engine.plan().ends_at().is_some_and(|end| at > end);
        let tone = if late { Tone::Warn } else { Tone::Good };
        let told =
            ["card-lot-empty", "card-lot-empty-short"].map(|key| pane.phrase(pane.say(key, &[("time", time.as_str().into())]), tone));
        card.feet.splice(0..0, told);
    }
    card
}

fn window<'a>(pane: &Pane<'a>, span: Span) -> &'a str {
    if span == Span::Live { pane.word("window-live") } else { span.label() }
}

fn carts_left(pane: &Pane<'_>) -> Card {
    let all = pane.read(Metric::CartAbandon, Scope::Live, Span::Live);
    let change = pane.change(Metric::CartAbandon, Scope::Live, Span::M10);
    let foot = match worst_band(pane) {
        Some((band, reading)) => pane
            .phrase(band_label(pane, &band, false), Tone::Muted)
            .and(format!(" {}", pane.percent(&reading, 0)), pane.style(Tone::Normal)),
        None => pane.phrase(pane.support(&all), Tone::Muted),
    };
    Card {
        title: "card-carts-left",
        short: short_of("card-carts-left"),
        window: pane.word("window-live").to_owned(),
        values: with_change(pane, pane.percent(&all, 0), change, Better::Down),
        feet: vec![foot],
        needs: CARTS,
    }
}

/// Carts of a band that were decided (left or bought) before it is called the worst.
const BAND_SUPPORT: i128 = 10;

/// The price band where most carts are left.
pub fn worst_band(pane: &Pane<'_>) -> Option<(BandView, Reading)> {
    pane.view
        .engine
        .bands()
        .into_iter()
        .map(|band| {
            let reading = pane.read(Metric::CartAbandon, Scope::Band(band.index), Span::Live);
            (band, reading)
        })
        .filter(|(_, reading)| reading.denominator.is_some_and(|n| n >= BAND_SUPPORT))
        .max_by(|(_, a), (_, b)| a.number().unwrap_or(0.0).total_cmp(&b.number().unwrap_or(0.0)))
}

/// `>500`, `200-500`, `<100`, with the currency's symbol where asked for. The edges are the plan's and no secret.
pub fn band_label(pane: &Pane<'_>, band: &BandView, with_symbol: bool) -> String {
    let exponent = band.from.currency.exponent().min(18);
    let symbol = pane.view.format.symbol(band.from.currency);
    let symbol = if with_symbol { symbol.trim_end() } else { "" };
    let whole = |minor: i64| pane.view.format.count(minor / 10i64.pow(exponent));
    match band.to {
        None => format!(">{symbol}{}", whole(band.from.minor)),
        Some(to) if band.from.minor == 0 => format!("<{symbol}{}", whole(to.minor)),
        Some(to) => format!("{symbol}{}-{}", whole(band.from.minor), whole(to.minor)),
    }
}

fn unpaid(pane: &Pane<'_>) -> Card {
    let list = &pane.pending;
    let soon = pane.view.now.plus_s(pane.view.engine.plan().limits.expiring_s);
    let expiring = list.iter().filter(|order| order.expires_at.is_some_and(|at| at <= soon && at > pane.view.now)).count();
    let is_known = pane.read(Metric::OrdersPlaced, Scope::Live, Span::Live).number().is_some();
    let count = pane.view.format.count(i64::try_from(list.len()).unwrap_or(i64::MAX));
    let value = match pane.sum(list.iter().filter_map(|order| order.value)) {
        _ if !is_known => pane.unknown().to_owned(),
        Some(money) => format!("{count} {}", pane.view.format.money_short(money)),
        None => count,
    };
    let foot = match expiring {
        _ if !is_known => Phrase::default(),
        0 => pane.phrase(pane.word("card-none-expiring"), Tone::Muted),
        n => pane.phrase(pane.say("card-expiring", &[("n", n.into())]), Tone::Warn),
    };
    Card {
        title: "card-unpaid",
        short: short_of("card-unpaid"),
        window: pane.word("window-now").to_owned(),
        values: vec![pane.phrase(value, Tone::Normal)],
        feet: vec![foot],
        needs: ORDERS,
    }
}

/// ROAS of the paid channel where there is one, else of the whole live.
fn roas(pane: &Pane<'_>) -> Card {
    let paid = pane.view.engine.channels().into_iter().find(|channel| channel.name == "paid");
    let (scope, title) = match paid {
        Some(channel) => (Scope::Channel(channel.sym), "card-roas-paid"),
        None => (Scope::Live, "card-roas"),
    };
    let reading = pane.read(Metric::Roas, scope, Span::Live);
    let even = pane.read(Metric::RoasBreakeven, Scope::Live, Span::Live);
    let tone = match (reading.number(), even.number()) {
        (Some(roas), Some(even)) if roas < even => Tone::Alarm,
        (Some(_), Some(_)) => Tone::Good,
        _ => Tone::Normal,
    };
    let sign = if tone == Tone::Alarm { "!" } else { "" };
    Card {
        title,
        short: short_of(title),
        window: pane.word("window-live").to_owned(),
        values: vec![pane.phrase(format!("{}{sign}", pane.number(&reading, 1)), tone)],
        feet: vec![pane.phrase(format!("{} {}", pane.word("card-break-even"), pane.number(&even, 1)), Tone::Muted)],
        needs: ADS,
    }
}

/// When the product with the least cover sells out: `lot empty at 21:20`.
fn cover(pane: &Pane<'_>) -> Card {
    let covers = pane.products.iter().filter_map(|product| {
        let reading = pane.read(Metric::StockCoverMin, Scope::Product(product.sym), Span::M10);
        reading.number().filter(|minutes| minutes.is_finite()).map(|minutes| (minutes, product, reading))
    });
    let (title, short, window) = ("card-cover", None, Span::M10.label().to_owned());
    match covers.min_by(|(a, ..), (b, ..)| a.total_cmp(b)) {
        None => Card { title, short, window, values: vec![pane.phrase(pane.unknown(), Tone::Normal)], feet: Vec::new(), needs: STOCK },
        Some((minutes, product, reading)) => {
            #[expect(clippy::cast_possible_truncation, reason = "minutes of cover; saturates")]
            let at = pane.view.now.plus_s((minutes * 60.0) as i64);
            let empty = pane.say("card-empty-at", &[("time", pane.view.format.clock(at).into())]);
            let tone = if minutes < 15.0 { Tone::Alarm } else { Tone::Normal };
            Card {
                title,
                short,
                window,
                values: vec![pane.phrase(format!("{} #{}", pane.cover(&reading), product.slot), tone)],
                feet: vec![pane.phrase(empty, Tone::Muted)],
                needs: STOCK,
            }
        }
    }
}

/// A count or an amount of the whole live, its last ten minutes below.
fn plain(pane: &Pane<'_>, title: &'static str, metric: Metric, needs: Needs) -> Card {
    let live = pane.read(metric, Scope::Live, Span::Live);
    let recent = pane.read(metric, Scope::Live, Span::M10);
    let told = |reading: &Reading| match reading.value {
        Value::Money(_) => pane.money(reading),
        _ => pane.count(reading),
    };
    Card {
        title,
        short: short_of(title),
        window: pane.word("window-live").to_owned(),
        values: vec![pane.phrase(told(&live), Tone::Accent)],
        feet: against_last(pane, metric, format!("{} {}", Span::M10.label(), told(&recent))),
        needs,
    }
}

/// A rate a minute over the last five.
fn rate(pane: &Pane<'_>, title: &'static str, metric: Metric, needs: Needs) -> Card {
    let reading = pane.read(metric, Scope::Live, Span::M5);
    let live = pane.read(metric, Scope::Live, Span::Live);
    Card {
        title,
        short: short_of(title),
        window: Span::M5.label().to_owned(),
        values: with_change(pane, pane.number(&reading, 1), pane.change(metric, Scope::Live, Span::M5), Better::Up),
        feet: vec![pane.phrase(format!("{} {}", pane.word("window-live"), pane.number(&live, 1)), Tone::Muted)],
        needs,
    }
}

/// A value with its change, with the arrow alone, alone. What is not known has none.
fn with_change(pane: &Pane<'_>, value: String, change: Option<f64>, better: Better) -> Vec<Phrase> {
    let change = pane.change_phrase(change.filter(|_| value != pane.unknown()), better);
    let alone = pane.phrase(value, Tone::Accent);
    let Some((told, style)) = change.0.first() else { return vec![alone] };
    let arrow: String = told.chars().take(1).collect();
    let with = |part: &str| alone.clone().and(" ", pane.style(Tone::Normal)).and(part, *style);
    vec![with(told), with(&arrow), alone]
}
