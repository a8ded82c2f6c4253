//! New and returning buyers, and what customers are worth.

use crate::engine::metric::Metric;
use crate::engine::money::Money;
use crate::report::document::{Block, Cell, Table, Writer};
use crate::report::lifetime::{LEAST_REPEATS, Lifetime, Model, Origin};
use crate::report::voice::id_of;
use crate::summary::Amount;

/// Leads of a hundred that buy, for the value of a lead.
const LEADS_THAT_BUY: [f64; 4] = [0.01, 0.02, 0.05, 0.10];

pub(super) fn customers(writer: &Writer<'_>) -> Vec<Block> {
    let shown = [Metric::Buyers, Metric::NewBuyerShare, Metric::Ltv, Metric::Leads, Metric::Cpl];
    let mut blocks = vec![writer.cards(&shown)];
    if writer.report.buyers.is_empty() {
        blocks.push(Block::Text(writer.say("report-no-buyers")));
    } else {
        blocks.push(Block::Table(novelty(writer)));
    }
    blocks.extend(lifetime(writer));
    blocks
}

fn novelty(writer: &Writer<'_>) -> Table {
    let all: i64 = writer.report.buyers.iter().filter_map(|row| row.paid).map(|paid| paid.minor).sum();
    let rows = writer.report.buyers.iter().map(|row| {
        let money = |amount: Option<Amount>| {
            amount.map_or_else(|| Cell::unknown(writer.say("why-several-currencies")), |paid| writer.money(paid.minor, paid.currency))
        };
        let ticket = if row.paid_orders == 0 {
            Cell::unknown(writer.say("why-no-paid-orders"))
        } else {
            money(row.paid.map(|paid| Amount { minor: paid.minor / row.paid_orders, ..paid }))
        };
        vec![
            Cell::text(writer.say(&format!("report-{}", row.who))),
            writer.count(row.buyers),
            writer.count(row.orders),
            money(row.paid),
            ticket,
            row.paid.filter(|_| all > 0).map_or_else(|| Cell::text(""), |paid| writer.share_of(paid.minor, all)),
        ]
    });
    let head = writer.head(&["report-who", "report-buyers", "report-orders", "report-paid", "report-ticket", "report-of-paid"]);
    Table { caption: writer.say("report-novelty"), head, rows: rows.collect() }
}

fn lifetime(writer: &Writer<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(writer.say("report-lifetime"))];
    blocks.push(Block::Text(writer.say("report-ltv-formula")));
    let Some(lifetime) = &writer.report.lifetime else {
        blocks.push(Block::Text(writer.say("report-no-history")));
        return blocks;
    };
    let counts = [
        ("customers", writer.whole(lifetime.customers)),
        ("once", writer.whole(lifetime.once)),
        ("again", writer.whole(lifetime.again)),
        ("days", writer.voice.count(i64::from(lifetime.days))),
    ];
    let origin = match lifetime.origin {
        Origin::File => "report-history-file",
        Origin::Ledger => "report-history-ledger",
    };
    blocks.push(Block::Text(writer.voice.text(origin, &counts)));
    match &lifetime.model {
        None => {
            let least = [("least", writer.whole(LEAST_REPEATS))];
            blocks.push(Block::Text(writer.voice.text("report-no-model", &least)));
        }
        Some(model) => blocks.extend(modelled(writer, lifetime, model)),
    }
    blocks
}

fn modelled(writer: &Writer<'_>, lifetime: &Lifetime, model: &Model) -> Vec<Block> {
    let number = |number: f64| writer.voice.number(number, 3);
    let Some(currency) = writer.report.figures.currency else {
        return vec![Block::Text(writer.say("why-several-currencies"))];
    };
    let money = |minor: f64| writer.money(rounded(minor), currency);
    let interval =
        writer.voice.text("report-between", &[("low", money(model.value_minor.low).text), ("high", money(model.value_minor.high).text)]);
    let row = |key: &str, value: Cell, note: String| vec![Cell::text(writer.say(key)), value, Cell::text(note)];
    let rows = vec![
        row("report-model-value", money(model.value_minor.value), interval),
        row("report-model-once", money(model.once_minor), String::new()),
        row("report-model-again", money(model.again_minor), String::new()),
        row("report-model-purchases", Cell::number(writer.voice.number(model.purchases, 2)), String::new()),
        row("report-model-alive", Cell::number(writer.voice.percent(model.alive)), String::new()),
    ];
    let head = writer.head(&["report-what", "report-value", "report-interval-95"]);
    let months = [("months", writer.voice.count(i64::from(model.months)))];
    let caption = writer.voice.text("report-model-caption", &months);
    let values = [
        ("r", number(model.buying.r)),
        ("alpha", number(model.buying.alpha)),
        ("a", number(model.buying.a)),
        ("b", number(model.buying.b)),
        ("p", number(model.spending.p)),
        ("q", number(model.spending.q)),
        ("v", money(model.spending.v).text),
        ("discount", writer.voice.percent(model.discount)),
        ("fitted", writer.whole(model.fitted)),
        ("origin", writer.word("origin", &id_of(&lifetime.origin))),
    ];
    let leads = LEADS_THAT_BUY.map(|share| {
        let worth = money(share * model.value_minor.value);
        vec![Cell::number(writer.voice.percent(share)), worth]
    });
    let lead_head = writer.head(&["report-leads-buy", "report-lead-worth"]);
    vec![
        Block::Table(Table { caption, head, rows }),
        Block::Table(Table { caption: writer.say("report-leads"), head: lead_head, rows: leads.to_vec() }),
        Block::Text(writer.voice.text("report-model-note", &values)),
    ]
}

#[expect(clippy::cast_possible_truncation, reason = "money of one customer in minor units")]
const fn rounded(minor: f64) -> i64 {
    minor.round() as i64
}

impl Writer<'_> {
    fn money(&self, minor: i64, currency: crate::engine::money::Currency) -> Cell {
        Cell::number(self.voice.money(Money::new(minor, currency)))
    }
    fn whole(&self, count: usize) -> String {
        self.voice.count(i64::try_from(count).unwrap_or(i64::MAX))
    }
    #[expect(clippy::cast_precision_loss, reason = "a share for a reader")]
    fn share_of(&self, part: i64, all: i64) -> Cell {
        Cell::number(self.voice.percent(part as f64 / all as f64))
    }
}
