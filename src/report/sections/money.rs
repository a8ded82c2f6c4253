//! Products, channels, customers, carts, payments, stock and refunds.

use crate::engine::metric::{Metric, ScopeKind, definition};
use crate::engine::money::Money;
use crate::report::document::{Block, Card, Cell, Table, Tone, Writer};
use crate::report::model::{Quadrant, median};
use crate::report::svg::{Chart, Quadrants};
use crate::report::voice::{UNKNOWN, name};
use crate::summary::Amount;

pub(super) fn products(writer: &Writer<'_>) -> Vec<Block> {
    let report = writer.report;
    if report.figures.products.is_empty() {
        return vec![Block::Text(writer.say("report-no-products"))];
    }
    let shown = [
        Metric::Views,
        Metric::Clicks,
        Metric::Adds,
        Metric::OrdersPlaced,
        Metric::CvrProduct,
        Metric::CoRate,
        Metric::Units,
        Metric::GmvPaid,
        Metric::CartAbandon,
        Metric::SellThrough,
    ];
    let rows = report.figures.products.iter().zip(&report.products).map(|(row, fit)| {
        let quadrant = fit.quadrant.map_or_else(
            || Cell::unknown(writer.say("report-not-compared")),
            |quadrant| {
                let tone = if quadrant == Quadrant::ManyViewsLow { Tone::Bad } else { Tone::Plain };
                Cell::text(writer.word("quadrant", quadrant.id())).toned(tone)
            },
        );
        let role = fit.role.as_deref().map_or_else(String::new, |role| writer.word("role", role));
        (vec![Cell::text(&fit.name), Cell::text(&fit.sku), Cell::text(role), quadrant], &row.metrics)
    });
    let own = ["report-product", "report-sku", "report-role", "report-quadrant"];
    let table = writer.table("report-products", &own, &shown, rows);
    let mut blocks = vec![Block::Table(table)];
    blocks.extend(quadrants(writer));
    blocks.extend(explains(writer));
    blocks
}

fn quadrants(writer: &Writer<'_>) -> Option<Block> {
    let placed = writer.report.products.iter().filter_map(|fit| Some((fit.views?, fit.conversion?, fit, fit.quadrant?)));
    let points: Vec<(f64, f64, String, bool)> =
        placed.map(|(views, cvr, fit, quadrant)| (views, cvr, fit.name.clone(), quadrant == Quadrant::ManyViewsLow)).collect();
    let middle = (median(points.iter().map(|point| point.0).collect())?, median(points.iter().map(|point| point.1).collect())?);
    let most = |of: fn(&(f64, f64, String, bool)) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let tops = (writer.voice.number(most(|point| point.0), 0), writer.voice.percent(most(|point| point.1)));
    Some(Block::Chart(Chart::Quadrant(Quadrants {
        caption: writer.say("report-quadrant-caption"),
        across: name(writer.voice, Metric::Views),
        up: name(writer.voice, Metric::CvrProduct),
        middle,
        tops,
        corner: writer.word("quadrant", Quadrant::ManyViewsLow.id()),
        points,
    })))
}

fn explains(writer: &Writer<'_>) -> Option<Block> {
    let rows = &writer.report.figures.explains;
    let shown = [Metric::Clicks, Metric::OrdersPlaced, Metric::GmvPaid, Metric::Ccu];
    let cells = rows.iter().map(|row| {
        let length = row.to.or(writer.report.figures.at).map_or_else(String::new, |to| writer.voice.length(to.since_ms(row.from)));
        (vec![writer.clock(row.from), writer.product(Some(&row.sku)), Cell::number(length)], &row.metrics)
    });
    let table = writer.table("report-explains", &["report-time", "report-product", "report-length"], &shown, cells);
    (!rows.is_empty()).then_some(Block::Table(table))
}

pub(super) fn channels(writer: &Writer<'_>) -> Vec<Block> {
    let shown = [
        Metric::ViewersUv,
        Metric::OrdersPlaced,
        Metric::CvrUv,
        Metric::GmvPaid,
        Metric::AdSpend,
        Metric::Roas,
        Metric::RoasBreakeven,
        Metric::Cac,
        Metric::NewBuyers,
        Metric::CartAbandon,
    ];
    let rows = writer.report.figures.channels.iter().map(|row| (vec![Cell::text(writer.word("channel", &row.channel))], &row.metrics));
    let table = writer.table("report-channels", &["report-channel"], &shown, rows);
    vec![writer.cards(&[Metric::AdSpend, Metric::Roas, Metric::RoasBreakeven, Metric::Mer, Metric::Cac, Metric::Cpa]), Block::Table(table)]
}

pub(super) fn carts(writer: &Writer<'_>) -> Vec<Block> {
    let shown = [
        Metric::CartsOpened,
        Metric::CartsAbandoned,
        Metric::CartsRecovered,
        Metric::CartsUnbought,
        Metric::CartAbandon,
        Metric::CartRecoveryRate,
        Metric::CheckoutAbandon,
    ];
    let money = |amount: Amount| writer.voice.money(Money::new(amount.minor, amount.currency));
    let rows = writer.report.figures.price_bands.iter().map(|band| {
        let label = band.to.map_or_else(
            || writer.voice.text("report-band-above", &[("from", money(band.from))]),
            |to| writer.voice.text("report-band", &[("from", money(band.from)), ("to", money(to))]),
        );
        (vec![Cell::text(label)], &band.metrics)
    });
    let mut blocks = vec![writer.cards(&shown), Block::Table(writer.table("report-bands", &["report-cart-value"], &shown, rows))];
    blocks.extend(rescues(writer));
    blocks
}

fn rescues(writer: &Writer<'_>) -> Option<Block> {
    let rescues = &writer.report.rescues;
    let minutes = rescues.first()?.minutes;
    let rows = rescues.iter().map(|rescue| vec![writer.clock(rescue.started), writer.count(rescue.before), writer.count(rescue.after)]);
    let head = writer.head(&["report-time", "report-recovered-before", "report-recovered-after"]);
    let caption = writer.voice.text("report-rescues", &[("minutes", writer.voice.count(minutes))]);
    Some(Block::Table(Table { caption, head, rows: rows.collect() }))
}

pub(super) fn payments(writer: &Writer<'_>) -> Vec<Block> {
    let report = writer.report;
    let unknown = || writer.figure(&report.figures.broadcast, Metric::OrdersPlaced);
    let unpaid = report.unpaid.orders.map_or_else(unknown, |orders| writer.count(orders));
    let value = match (report.unpaid.value, report.unpaid.orders) {
        (Some(value), _) => Cell::number(writer.voice.money(Money::new(value.minor, value.currency))),
        (None, Some(_)) => Cell::unknown(writer.say("why-several-currencies")),
        (None, None) => unknown(),
    };
    let states = [
        Metric::OrdersPlaced,
        Metric::OrdersPaid,
        Metric::OrdersCancelled,
        Metric::OrderPaidRate,
        Metric::Refunds,
        Metric::RefundRate,
        Metric::GmvNet,
    ];
    let mut all = writer.figure_cards(&states);
    all.push(Card { label: writer.say("report-unpaid"), value: unpaid, note: String::new() });
    all.push(Card { label: writer.say("report-unpaid-value"), value, note: String::new() });
    let shown = [Metric::OrdersPlaced, Metric::OrdersPaid, Metric::OrdersCancelled, Metric::OrderPaidRate, Metric::GmvPaid];
    let told = |metric: Metric| definition(metric).scopes.contains(&ScopeKind::Method);
    let shown: Vec<Metric> = shown.into_iter().filter(|metric| told(*metric)).collect();
    let rows = report.methods.iter().map(|row| (vec![Cell::text(&row.method)], &row.metrics));
    let mut blocks = vec![Block::Cards(all)];
    if !report.methods.is_empty() {
        blocks.push(Block::Table(writer.table("report-methods", &["report-method"], &shown, rows)));
    }
    blocks
}

pub(super) fn stock(writer: &Writer<'_>) -> Vec<Block> {
    let report = writer.report;
    let shown = [Metric::Stock, Metric::Units, Metric::SellThrough];
    let rows = report.figures.products.iter().filter_map(|row| {
        let stock = report.stock.iter().find(|stock| stock.sku == row.sku)?;
        let state = match (stock.sold_out, stock.oversold) {
            (_, 1..) => Cell::text(writer.voice.text("report-oversold", &[("units", writer.voice.count(stock.oversold))])).toned(Tone::Bad),
            (true, _) => Cell::text(writer.say("report-sold-out")).toned(Tone::Bad),
            (false, _) => Cell::text(""),
        };
        let mismatch = stock
            .mismatch
            .map_or_else(String::new, |(least, most)| format!("{} – {}", writer.voice.count(least), writer.voice.count(most)));
        let last = stock.last_sale.map_or_else(|| Cell::text(UNKNOWN), |at| writer.clock(at));
        Some((vec![writer.product(Some(&row.sku)), state, Cell::text(mismatch), last], &row.metrics))
    });
    let own = ["report-product", "report-state", "report-mismatch", "report-last-sale"];
    if report.stock.is_empty() { Vec::new() } else { vec![Block::Table(writer.table("report-stock", &own, &shown, rows))] }
}
