//! What the desk did and was told to do, and what to change next time.

use crate::engine::metric::{Metric, Unit, Value, definition};
use crate::engine::money::Money;
use crate::report::document::{Block, Cell, Table, Tone, Writer};
use crate::report::lessons::{Proposal, Said};
use crate::report::model::{Act, Card};
use crate::report::voice::written;

pub(super) fn interventions(writer: &Writer<'_>) -> Vec<Block> {
    let acts = &writer.report.acts;
    if acts.is_empty() {
        return vec![Block::Text(writer.say("report-no-acts"))];
    }
    let head = writer.head(&[
        "report-number",
        "report-time",
        "report-what",
        "report-product",
        "report-length",
        "report-details",
        "report-impact",
        "report-interval",
    ]);
    let rows = acts.iter().enumerate().map(|(number, act)| act_row(writer, number + 1, act)).collect();
    vec![Block::Table(Table { caption: writer.say("report-interventions"), head, rows }), Block::Text(writer.say("report-impact-note"))]
}

fn act_row(writer: &Writer<'_>, number: usize, act: &Act) -> Vec<Cell> {
    let mut kind = writer.word("act", act.kind.id());
    for (is_so, key) in [(act.withdrawn, "report-withdrawn"), (act.overlaps, "report-overlaps")] {
        if is_so {
            kind.push_str(&format!(" · {}", writer.say(key)));
        }
    }
    let length = act.ended.map_or_else(|| writer.say("report-no-end"), |ended| writer.voice.length(ended.since_ms(act.started)));
    let (impact, interval) = impact(writer, act);
    vec![
        Cell::number(number.to_string()),
        writer.clock(act.started),
        Cell::text(kind),
        Cell::text(act.sku.as_deref().map_or("", |sku| writer.report.product_name(sku))),
        Cell::number(length),
        Cell::text(act.parameters_text()),
        impact,
        interval,
    ]
}

/// The measured effect of an act, and its interval.
fn impact(writer: &Writer<'_>, act: &Act) -> (Cell, Cell) {
    let impact = match (&act.impact.verdict, &act.impact.why) {
        (Some(verdict), _) => {
            let tone = match verdict.as_str() {
                "better" => Tone::Good,
                "worse" => Tone::Bad,
                _ => Tone::Plain,
            };
            Cell::text(writer.word("verdict", verdict)).toned(tone)
        }
        (None, why) => Cell::unknown(writer.word("why", why.as_deref().unwrap_or("not_measured"))),
    };
    let times = |ratio: f64| format!("×{}", writer.voice.number(ratio, 2));
    let interval = match (act.impact.ratio, act.impact.low, act.impact.high) {
        (Some(ratio), Some(low), Some(high)) => Cell::number(format!("{} ({} – {})", times(ratio), times(low), times(high))),
        _ => Cell::text(""),
    };
    (impact, interval)
}

pub(super) fn advice(writer: &Writer<'_>) -> Vec<Block> {
    let cards = &writer.report.advice;
    if cards.is_empty() {
        return [Block::Text(writer.say("report-no-advice"))].into_iter().chain(pooled(writer)).collect();
    }
    let head = writer.head(&[
        "report-time",
        "report-what",
        "report-product",
        "report-because",
        "report-answer",
        "report-reason",
        "report-impact",
        "report-interval",
    ]);
    let rows = cards.iter().map(|card| card_row(writer, card)).collect();
    let told = [Block::Table(answers(writer, cards)), Block::Table(Table { caption: writer.say("report-advice"), head, rows })];
    told.into_iter().chain(pooled(writer)).collect()
}

/// What became of each rule's cards, and what acts of each kind brought, over earlier lives.
fn pooled(writer: &Writer<'_>) -> Vec<Block> {
    let (records, earlier) = (&writer.report.records, &writer.report.figures.earlier);
    let number = |count: u32| writer.count(i64::from(count));
    let rows: Vec<Vec<Cell>> = records
        .iter()
        .map(|row| {
            let of = &row.record;
            let unclear = of.cant_tell.saturating_add(of.no_visible_change);
            let counts = [of.fired, of.accepted, of.declined, of.held_out, of.better, of.worse, unclear];
            [Cell::text(row.title.clone())].into_iter().chain(counts.map(number)).collect()
        })
        .collect();
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        let lives = earlier.as_ref().map_or(0, |earlier| earlier.lives).saturating_add(1);
        let head = ["report-what", "report-raised", "answer-accepted", "answer-declined", "answer-held-out"].into_iter().chain([
            "verdict-better",
            "verdict-worse",
            "verdict-cant-tell",
        ]);
        let head = writer.head(&head.collect::<Vec<_>>());
        let caption = writer.voice.text("report-record", &[("lives", writer.voice.count(i64::from(lives)))]);
        blocks.push(Block::Table(Table { caption, head, rows }));
    }
    let kinds = earlier.iter().flat_map(|earlier| &earlier.kinds).map(|known| {
        let times = |ratio: f64| format!("×{}", writer.voice.number(ratio, 2));
        let interval = format!("{} ({} – {})", times(known.ratio), times(known.low), times(known.high));
        vec![Cell::text(writer.word("act", known.kind.id())), number(known.acts), Cell::number(interval)]
    });
    let rows: Vec<Vec<Cell>> = kinds.collect();
    if !rows.is_empty() {
        let head = writer.head(&["report-what", "report-acts-measured", "report-interval"]);
        blocks.push(Block::Table(Table { caption: writer.say("report-kinds-pooled"), head, rows }));
    }
    blocks
}

/// How many recommendations of each kind were raised, and what became of them.
fn answers(writer: &Writer<'_>, cards: &[Card]) -> Table {
    let states: std::collections::BTreeSet<&str> = cards.iter().map(|card| card.state).collect();
    let kinds: std::collections::BTreeSet<&str> = cards.iter().map(|card| card.kind.id()).collect();
    let number = |count: usize| writer.count(i64::try_from(count).unwrap_or(i64::MAX));
    let row = |label: String, is_of: &dyn Fn(&Card) -> bool| {
        let of: Vec<&Card> = cards.iter().filter(|card| is_of(card)).collect();
        let each = states.iter().map(|state| number(of.iter().filter(|card| card.state == *state).count()));
        [Cell::text(label), number(of.len())].into_iter().chain(each).collect()
    };
    let mut rows: Vec<Vec<Cell>> = kinds.iter().map(|kind| row(writer.word("act", kind), &|card| card.kind.id() == *kind)).collect();
    rows.push(row(writer.say("report-all"), &|_| true));
    let head = writer.head(&["report-what", "report-raised"]).into_iter().chain(states.iter().map(|state| writer.word("answer", state)));
    Table { caption: writer.say("report-answers"), head: head.collect(), rows }
}

fn card_row(writer: &Writer<'_>, card: &Card) -> Vec<Cell> {
    let act = card.act.as_deref().and_then(|id| writer.report.acts.iter().find(|act| act.id == id));
    let (impact, interval) = act.map_or_else(|| (Cell::text(""), Cell::text("")), |act| impact(writer, act));
    let title = if card.title.is_empty() { card.rule.clone() } else { card.title.clone() };
    vec![
        writer.clock(card.raised),
        Cell::text(title),
        Cell::text(card.sku.as_deref().map_or("", |sku| writer.report.product_name(sku))),
        Cell::text(because(writer, card)),
        Cell::text(writer.word("answer", card.state)),
        Cell::text(card.reason.clone().unwrap_or_default()),
        impact,
        interval,
    ]
}

/// `conversion 3.3% → 1.2%`, the metric by its name where it is one of ours.
fn because(writer: &Writer<'_>, card: &Card) -> String {
    let metric = Metric::parse(&card.metric);
    // what unpaid orders are worth is no movement of the sales
    let is_unpaid = metric == Some(Metric::GmvPlaced) && card.from.is_none();
    let label = if is_unpaid { writer.say("report-unpaid-value") } else { writer.word("metric", &card.metric) };
    let value = |number: Option<f64>| {
        number.map(|number| metric.map_or_else(|| writer.voice.number(number, 2), |metric| told(writer, metric, number)))
    };
    match (value(card.from), value(card.to)) {
        (Some(from), Some(to)) => format!("{label}: {from} → {to}"),
        (None, Some(to)) => format!("{label}: {to}"),
        _ => label,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "minor units that were integers or averages of them")]
fn told(writer: &Writer<'_>, metric: Metric, number: f64) -> String {
    let value = match (definition(metric).unit == Unit::Money, writer.report.figures.currency) {
        (true, Some(currency)) if number.is_finite() => Value::Money(Money::new(number.round() as i64, currency)),
        _ => Value::Number(number),
    };
    written(writer.voice, metric, value)
}

pub(super) fn proposals(writer: &Writer<'_>) -> Vec<Block> {
    let proposals = &writer.report.proposals;
    if proposals.is_empty() {
        return vec![Block::Text(writer.say("report-no-proposals"))];
    }
    vec![Block::Text(writer.say("report-next-note")), Block::Ticks(ticks(writer))]
}

/// What to do and why, of every proposal.
#[must_use]
pub fn ticks(writer: &Writer<'_>) -> Vec<(String, String)> {
    writer.report.proposals.iter().map(|proposal| tick(writer, proposal)).collect()
}

fn tick(writer: &Writer<'_>, proposal: &Proposal) -> (String, String) {
    let values: Vec<(&'static str, String)> = proposal.evidence.iter().map(|(name, said)| (*name, said_text(writer, said))).collect();
    let text = |what: &str| writer.voice.text(&format!("{what}-{}", proposal.lesson), &values);
    (text("lesson"), text("evidence"))
}

fn said_text(writer: &Writer<'_>, said: &Said) -> String {
    match said {
        Said::Text(text) => text.clone(),
        Said::Word(list, id) => writer.word(list, id),
        Said::Amount(amount) => writer.voice.money(Money::new(amount.minor, amount.currency)),
        Said::Count(count) => writer.voice.count(*count),
        Said::Share { share } => writer.voice.percent(*share),
        Said::Number { number } => writer.voice.number(*number, 2),
        Said::At(at) => writer.voice.clock(*at),
    }
}
