//! The products: what sells now and what it leaves on the shelf. On air first, then those with an alarm, then by slot.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use crate::engine::metric::{Metric, Reading, Scope, Value};
use crate::engine::money::Money;
use crate::engine::time::{At, Span};
use crate::engine::view::commerce::ProductView;
use crate::engine::view::show::{ExplainView, Logged};
use crate::ui::pane::{ORDERS, Pane, label};
use crate::ui::screen::Size;
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::spark::{Bar, Spark, top_of};
use crate::ui::widgets::table::{Align, Column, Row, Table};
use crate::ui::widgets::text::Phrase;

/// Cells and minutes of the little curve.
const CURVE_CELLS: u16 = 10;
const CURVE_MINUTES: i64 = 20;
/// Under this cover a product is about to sell out.
const COVER_ALARM_MIN: f64 = 15.0;

/// A column: its key in the catalogue, when it goes, how wide at least, and from which room on it is shown.
#[derive(Clone, Copy, Debug)]
struct Spec {
    what: What,
    title: &'static str,
    priority: u8,
    least: u16,
    from: Size,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Slot,
    Name,
    Curve,
    Rate,
    PerClick,
    Views,
    ClickCart,
    Units,
    Gmv,
    Margin,
    Explained,
    Stock,
    Cover,
    Role,
    Last,
}

const fn spec(what: What, title: &'static str, priority: u8, least: u16, from: Size) -> Spec {
    Spec { what, title, priority, least, from }
}

/// In the order of the glass. The first six behind the name are those that `s` sorts by.
const SPECS: [Spec; 15] = [
    spec(What::Slot, "", 0, 3, Size::Compact),
    spec(What::Name, "panel-products", 0, 10, Size::Compact),
    spec(What::Curve, "column-20m", 8, CURVE_CELLS, Size::Compact),
    spec(What::Rate, "column-5m", 3, 5, Size::Compact),
    spec(What::PerClick, "column-per-click", 5, 6, Size::Compact),
    spec(What::Views, "column-views", 9, 6, Size::Wide),
    spec(What::ClickCart, "column-click-cart", 9, 6, Size::Wide),
    spec(What::Units, "column-units", 2, 4, Size::Compact),
    spec(What::Gmv, "column-placed", 4, 6, Size::Compact),
    spec(What::Margin, "column-margin", 11, 4, Size::Wide),
    spec(What::Explained, "column-explained", 10, 6, Size::Wide),
    spec(What::Stock, "column-stock", 1, 4, Size::Compact),
    spec(What::Cover, "column-cover", 4, 4, Size::Compact),
    spec(What::Role, "column-role", 12, 4, Size::Wide),
    spec(What::Last, "column-last", 7, 5, Size::Compact),
];

/// A product's readings, asked for once.
struct Line<'d, 'a> {
    product: &'d ProductView<'a>,
    units: Reading,
    gmv: Reading,
    rate: Reading,
    per_click: Reading,
    stock: Reading,
    cover: Reading,
    is_alarm: bool,
}

impl<'d, 'a> Line<'d, 'a> {
    fn of(pane: &'d Pane<'a>, product: &'d ProductView<'a>) -> Self {
        let scope = Scope::Product(product.sym);
        let alarm = pane.view.engine.stock_alarm(product.sym);
        let stock = pane.read(Metric::Stock, scope, Span::Live);
        let cover = pane.read(Metric::StockCoverMin, scope, Span::M10);
        #[expect(clippy::cast_precision_loss, reason = "a few units")]
        let is_low = stock.number().is_some_and(|left| left < pane.view.engine.plan().limits.low_stock as f64);
        let is_short = cover.number().is_some_and(|minutes| minutes < COVER_ALARM_MIN);
        Self {
            product,
            units: pane.read(Metric::Units, scope, Span::Live),
            gmv: pane.read(Metric::GmvPlaced, scope, Span::Live),
            rate: pane.read(Metric::SalesPerMin, scope, Span::M5),
            per_click: pane.read(Metric::CoRate, scope, Span::Live),
            stock,
            cover,
            is_alarm: is_low || is_short || alarm.sold_out || alarm.oversold > 0 || alarm.mismatch.is_some(),
        }
    }

    /// What the `n`-th column of `s` sorts by.
    fn key(&self, column: usize) -> Option<f64> {
        match column {
            0 => self.rate.number(),
            1 => self.per_click.number(),
            2 => self.units.number(),
            3 => self.gmv.number(),
            4 => self.stock.number(),
            _ => self.cover.number(),
        }
    }
}

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_table(pane, pane.size, area, buf);
}

/// With every column that there is room for, and the stock of the chosen product by source.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let details = details(pane);
    let height = u16::try_from(details.len()).unwrap_or(u16::MAX).min(area.height / 3);
    let table = Rect::new(area.x, area.y, area.width, area.height - height);
    draw_table(pane, Size::Wide, table, buf);
    for (line, y) in details.into_iter().zip(table.bottom()..area.bottom()) {
        line.put_fit(buf, area, (area.x + 1, y), area.width.saturating_sub(2), pane.view.glyphs.dots);
    }
}

fn draw_table(pane: &Pane<'_>, size: Size, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    if pane.products.is_empty() {
        pane.heading(Panel::Products, pane.word("panel-products"), ORDERS, area, buf);
        pane.empty("products-none", room, buf);
        return;
    }
    let lines = ordered(pane);
    let specs: Vec<Spec> = SPECS.into_iter().filter(|spec| size == Size::Wide || spec.from != Size::Wide).collect();
    let rows = usize::from(room.height.saturating_sub(1));
    let has_rest = lines.len() > rows || others(pane, &specs, &lines, pane.products.len()).is_some();
    let fits = if has_rest { rows.saturating_sub(1) } else { rows };
    let first = pane.first_row(Panel::Products, lines.len(), u16::try_from(fits).unwrap_or(u16::MAX));
    let shown = &lines[first.min(lines.len())..(first + fits).min(lines.len())];
    let title_style = pane.title_style(Panel::Products, ORDERS);
    let mut table = Table { title_style, ellipsis: pane.view.glyphs.dots, ..Table::default() };
    table.columns = specs.iter().map(|spec| column(pane, *spec)).collect();
    table.rows = shown
        .iter()
        .enumerate()
        .map(|(n, line)| row(pane, &specs, line, pane.row_style(Panel::Products, lines.len(), first + n)))
        .collect();
    table.rows.extend(others(pane, &specs, shown, pane.products.len()));
    table.rows.push(all(pane, &specs));
    let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), area.height);
    let slots = table.slots(inner.width);
    table.put_titles(&slots, inner, area.y, buf);
    table.put_rows(&slots, 0, Rect::new(inner.x, room.y, inner.width, room.height), buf);
    if let Some(place) = slots.iter().find(|slot| specs[slot.column].what == What::Curve) {
        for (line, y) in shown.iter().zip(room.top()..room.bottom()) {
            draw_curve(pane, line.product, Rect::new(inner.x + place.x, y, place.width.min(CURVE_CELLS), 1), buf);
        }
    }
    pane.fade(ORDERS, room, buf);
}

/// The rows that pass the filter, in the order asked for.
fn ordered<'d, 'a>(pane: &'d Pane<'a>) -> Vec<Line<'d, 'a>> {
    let passes = |product: &&ProductView<'_>| pane.passes(Panel::Products, label(product)) || pane.passes(Panel::Products, product.sku);
    let mut lines: Vec<Line<'_, '_>> = pane.products.iter().filter(passes).map(|product| Line::of(pane, product)).collect();
    lines.sort_by_key(|line| (!line.product.on_air, !line.is_alarm, line.product.slot));
    pane.sort(Panel::Products, &mut lines, Line::key);
    lines
}

/// The number of a column for `s`.
const fn sort_place(what: What) -> Option<usize> {
    match what {
        What::Rate => Some(0),
        What::PerClick => Some(1),
        What::Units => Some(2),
        What::Gmv => Some(3),
        What::Stock => Some(4),
        What::Cover => Some(5),
        What::Slot
        | What::Name
        | What::Curve
        | What::Views
        | What::ClickCart
        | What::Margin
        | What::Explained
        | What::Role
        | What::Last => None,
    }
}

fn column(pane: &Pane<'_>, spec: Spec) -> Column {
    let title = match (spec.title, sort_place(spec.what)) {
        ("", _) => String::new(),
        (title, Some(place)) => pane.sorted_title(Panel::Products, place, title),
        (title, None) => pane.word(title).to_owned(),
    };
    match spec.what {
        What::Name => Column::words(pane.table_title(Panel::Products, spec.title, ORDERS), spec.least),
        What::Slot | What::Curve | What::Role => Column::mark(title, spec.least, spec.priority),
        What::Last => Column { align: Align::Right, ..Column::mark(title, spec.least, spec.priority) },
        _ => Column::number(title, spec.least, spec.priority),
    }
}

fn row(pane: &Pane<'_>, specs: &[Spec], line: &Line<'_, '_>, style: Style) -> Row {
    let cells = specs.iter().map(|spec| cell(pane, spec.what, line)).collect();
    Row { cells, style }
}

fn cell(pane: &Pane<'_>, what: What, line: &Line<'_, '_>) -> Phrase {
    let product = line.product;
    let scope = Scope::Product(product.sym);
    let plain = |text: String| pane.phrase(text, Tone::Normal);
    match what {
        What::Slot => slot(pane, product),
        What::Name => pane.phrase(label(product), if product.on_air { Tone::Accent } else { Tone::Normal }),
        What::Curve => Phrase::default(),
        What::Rate => plain(format!("{}/m", pane.number(&line.rate, 1))),
        What::PerClick => plain(pane.percent(&line.per_click, 1)),
        What::Views => plain(pane.count_short(&pane.read(Metric::Views, scope, Span::Live))),
        What::ClickCart => plain(pane.percent(&pane.read(Metric::AtcRate, scope, Span::Live), 1)),
        What::Units => plain(format!("{} u", pane.count(&line.units))),
        What::Gmv => plain(pane.amount(&line.gmv)),
        What::Margin => {
            let margin = product.planned.and_then(|plan| plan.margin).or(pane.view.engine.plan().margin);
            plain(margin.map_or_else(|| pane.unknown().to_owned(), |margin| pane.view.format.percent(margin, 0)))
        }
        What::Explained => plain(explained(pane, product)),
        What::Stock => stock(pane, line),
        What::Cover => {
            let is_short = line.cover.number().is_some_and(|minutes| minutes < COVER_ALARM_MIN);
            pane.phrase(pane.cover(&line.cover), if is_short { Tone::Alarm } else { Tone::Normal })
        }
        What::Role => {
            let role = product.planned.and_then(|plan| plan.role.as_deref());
            pane.phrase(role.map_or_else(|| pane.unknown().to_owned(), |role| pane.say(&format!("role-{role}"), &[])), Tone::Muted)
        }
        What::Last => pane.phrase(last(pane, product), Tone::Muted),
    }
}

/// ` 1▸`: the key of the pane, and a pointer on the product on air.
fn slot(pane: &Pane<'_>, product: &ProductView<'_>) -> Phrase {
    let number = pane.phrase(format!("{:>2}", product.slot), Tone::Key);
    number.and(if product.on_air { pane.view.glyphs.pointer } else { " " }, pane.style(Tone::Accent))
}

/// The stock with what is wrong: `9!` low, `0 ×` sold out, `2≠5` a mismatch.
fn stock(pane: &Pane<'_>, line: &Line<'_, '_>) -> Phrase {
    let alarm = pane.view.engine.stock_alarm(line.product.sym);
    let told = pane.count_short(&line.stock);
    if alarm.oversold > 0 {
        return pane.phrase(pane.say("stock-oversold", &[("n", alarm.oversold.into())]), Tone::Alarm);
    }
    if alarm.sold_out {
        return pane.phrase(pane.word("stock-out"), Tone::Alarm);
    }
    if let Some((low, high)) = alarm.mismatch {
        return pane.phrase(format!("{low}/{high}!"), Tone::Warn);
    }
    #[expect(clippy::cast_precision_loss, reason = "a few units")]
    let is_low = line.stock.number().is_some_and(|left| left < pane.view.engine.plan().limits.low_stock as f64);
    if is_low { pane.phrase(format!("{told}!"), Tone::Alarm) } else { pane.phrase(told, Tone::Normal) }
}

/// Money a minute on air, over the latest presentation.
fn explained(pane: &Pane<'_>, product: &ProductView<'_>) -> String {
    let latest = pane.explains.iter().rev().find(|explain| explain.product == product.sym);
    match latest {
        Some(explain) => pane.amount(&pane.read(Metric::GmvPerMin, Scope::Explain(explain.index), Span::Live)),
        None => pane.unknown().to_owned(),
    }
}

/// The latest thing that was done with the product: `p 4m`.
fn last(pane: &Pane<'_>, product: &ProductView<'_>) -> String {
    let about = |what: &Logged<'_>| match what {
        Logged::Pinned { product } => Some(*product),
        Logged::Started { product, .. } => *product,
        _ => None,
    };
    let entry = pane.log.iter().rev().find(|entry| !entry.withdrawn && about(&entry.what) == Some(product.sym));
    entry.map_or_else(String::new, |entry| format!("{} {}", pane.mark(&entry.what), pane.view.format.age(pane.view.now.since_ms(entry.at))))
}

/// Units sold in two-minute steps over the last twenty.
fn draw_curve(pane: &Pane<'_>, product: &ProductView<'_>, area: Rect, buf: &mut Buffer) {
    let per = CURVE_MINUTES / i64::from(CURVE_CELLS);
    let first = pane.line.now + 1 - CURVE_MINUTES;
    let bars: Vec<Bar> = (0..i64::from(CURVE_CELLS))
        .map(|cell| {
            let from = (first + cell * per).max(pane.line.start);
            let minutes = from..(first + (cell + 1) * per).max(from);
            minutes.map(|minute| pane.minute(Metric::OrdersPlaced, Scope::Product(product.sym), minute)).fold(
                Bar::Gap,
                |bar, (value, is_finished)| match (value, bar.value(), bar) {
                    (None, ..) => bar,
                    (Some(value), before, Bar::Unfinished(_)) => Bar::Unfinished(before.unwrap_or(0.0) + value),
                    (Some(value), before, _) if !is_finished => Bar::Unfinished(before.unwrap_or(0.0) + value),
                    (Some(value), before, _) => Bar::Full(before.unwrap_or(0.0) + value),
                },
            )
        })
        .collect();
    let style = pane.style(if product.on_air { Tone::Accent } else { Tone::Normal });
    (&Spark { bars: &bars, top: top_of(&bars).unwrap_or(0.0).max(2.0), cells: 1, look: pane.spark(style) }).render(area, buf);
}

/// What the rows above leave of a count: the sum minus what is shown.
fn rest(all: &Reading, shown: impl Iterator<Item = Value>) -> Option<Value> {
    match all.value {
        Value::Count(count) => {
            shown.map(|value| if let Value::Count(count) = value { count } else { 0 }).try_fold(count, i64::checked_sub).map(Value::Count)
        }
        Value::Money(money) => shown
            .map(|value| match value {
                Value::Money(part) if part.currency == money.currency => part.minor,
                _ => 0,
            })
            .try_fold(money.minor, i64::checked_sub)
            .map(|minor| Value::Money(Money::new(minor, money.currency))),
        Value::Number(_) | Value::Unknown(_) => None,
    }
}

/// What stands between the rows shown and the sum: products without a row, shipping and tax, what no item names.
fn others(pane: &Pane<'_>, specs: &[Spec], shown: &[Line<'_, '_>], count: usize) -> Option<Row> {
    let units = rest(&pane.read(Metric::Units, Scope::Live, Span::Live), shown.iter().map(|line| line.units.value));
    let gmv = rest(&pane.read(Metric::GmvPlaced, Scope::Live, Span::Live), shown.iter().map(|line| line.gmv.value));
    let hidden = count.saturating_sub(shown.len());
    if hidden == 0 && [units, gmv].into_iter().flatten().all(|value| value.number() == Some(0.0)) {
        return None;
    }
    let name = match hidden {
        0 => pane.word("products-rest").to_owned(),
        n => pane.say("products-others", &[("n", n.into())]),
    };
    let cells = specs.iter().map(|spec| match spec.what {
        What::Name => pane.phrase(name.clone(), Tone::Muted),
        What::Units => units.map_or_else(Phrase::default, |value| pane.phrase(format!("{} u", pane.view.format.value(value)), Tone::Muted)),
        What::Gmv => match gmv {
            Some(Value::Money(money)) => pane.phrase(pane.view.format.amount_short(money), Tone::Muted),
            _ => Phrase::default(),
        },
        _ => Phrase::default(),
    });
    Some(Row { cells: cells.collect(), style: Style::new() })
}

/// The whole live: what the rows above add up to.
fn all(pane: &Pane<'_>, specs: &[Spec]) -> Row {
    let read = |metric, span| pane.read(metric, Scope::Live, span);
    let plain = |text: String| pane.phrase(text, Tone::Title);
    let cells = specs.iter().map(|spec| match spec.what {
        What::Name => plain(pane.word("products-all").to_owned()),
        What::Rate => plain(format!("{}/m", pane.number(&read(Metric::SalesPerMin, Span::M5), 1))),
        What::PerClick => plain(pane.percent(&read(Metric::CoRate, Span::Live), 1)),
        What::Views => plain(pane.count_short(&read(Metric::Views, Span::Live))),
        What::ClickCart => plain(pane.percent(&read(Metric::AtcRate, Span::Live), 1)),
        What::Units => plain(format!("{} u", pane.count(&read(Metric::Units, Span::Live)))),
        What::Gmv => plain(pane.amount(&read(Metric::GmvPlaced, Span::Live))),
        What::Explained => plain(pane.amount(&read(Metric::GmvPerMin, Span::Live))),
        What::Slot | What::Curve | What::Margin | What::Stock | What::Cover | What::Role | What::Last => Phrase::default(),
    });
    Row { cells: cells.collect(), style: Style::new() }
}

/// The chosen product in full: price, sources of stock, latest sale, support of its ratio.
fn details(pane: &Pane<'_>) -> Vec<Phrase> {
    let lines = ordered(pane);
    let Some(line) = pane.chosen(Panel::Products, lines.len()).and_then(|chosen| lines.get(chosen)) else { return Vec::new() };
    let product = line.product;
    let format = pane.view.format;
    let price = product.price.map_or_else(|| pane.unknown().to_owned(), |price| format.money(price));
    let sold =
        pane.view.engine.last_sale(product.sym).map_or_else(|| pane.unknown().to_owned(), |at: At| format.age(pane.view.now.since_ms(at)));
    let name = pane.product_name(product.sym);
    let mut out = vec![pane.phrase(name, Tone::Title).and(
        format!(
            "  {}",
            pane.say(
                "product-facts",
                &[
                    ("sku", product.sku.into()),
                    ("price", price.into()),
                    ("sold", sold.into()),
                    ("support", pane.support(&line.per_click).into()),
                ]
            )
        ),
        pane.style(Tone::Normal),
    )];
    for stock in pane.view.engine.stock(product.sym) {
        let age = format.age(pane.view.now.since_ms(stock.at));
        out.push(pane.phrase(
            pane.say(
                "product-stock",
                &[
                    ("source", stock.source.into()),
                    ("location", stock.location.into()),
                    ("available", format.count(stock.available).into()),
                    ("age", age.into()),
                ],
            ),
            Tone::Normal,
        ));
    }
    if let Some((low, high)) = pane.view.engine.stock_alarm(product.sym).mismatch {
        out.push(pane.phrase(pane.say("product-mismatch", &[("low", low.into()), ("high", high.into())]), Tone::Warn));
    }
    out.extend(pane.explains.iter().rev().filter(|explain| explain.product == product.sym).map(|explain| presentation(pane, explain)));
    out
}

/// One presentation of the product: when, how long, what it brought.
fn presentation(pane: &Pane<'_>, explain: &ExplainView) -> Phrase {
    let read = |metric| pane.read(metric, Scope::Explain(explain.index), Span::Live);
    let until = explain.to.unwrap_or(pane.view.now);
    let told = pane.say(
        "product-explain",
        &[
            ("from", pane.live_time(explain.from).into()),
            ("length", pane.view.format.countdown(until.since_ms(explain.from)).into()),
            ("clicks", pane.count(&read(Metric::Clicks)).into()),
            ("orders", pane.count(&read(Metric::OrdersPlaced)).into()),
            ("gmv", pane.amount(&read(Metric::GmvPaid)).into()),
            ("viewers", pane.count(&read(Metric::Acu)).into()),
        ],
    );
    pane.phrase(told, if explain.to.is_none() { Tone::Accent } else { Tone::Normal })
}
