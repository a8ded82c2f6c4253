//! Asks the engine for every figure of the summary.

use super::Folded;
use super::shape::{
    AdviceRow, BandRow, BecauseRow, ChannelRow, EarlierRow, Events, ExplainRow, FORMAT, FeedCounters, FeedRow, Figures, GestureRow, Impact,
    InterventionRow, KindRow, Metrics, MinuteRow, ProductRow, RuleRow, SampleRow, SegmentRow,
};
use crate::engine::Engine;
use crate::engine::id::Sym;
use crate::engine::metric::{Metric, Reading, Scope, Value, Why};
use crate::engine::money::Currency;
use crate::engine::time::{At, Span};
use crate::engine::view::show::{FeedView, Gesture};
use crate::files::{InputReport, Sample};

/// Why an act has no verdict.
const NOT_MEASURED: &str = "not_measured";

impl Figures {
    /// The figures of a folded broadcast.
    #[must_use]
    pub fn of(folded: &Folded) -> Self {
        let engine = &folded.engine;
        let tally = engine.tally();
        let minutes = minutes(tally.from, folded.at);
        Self {
            format: FORMAT,
            from: tally.from,
            to: tally.to,
            at: folded.at,
            currency: currency(engine),
            events: events(engine, &folded.reports),
            broadcast: metrics(engine, Scope::Live),
            products: products(engine),
            channels: channels(engine),
            price_bands: bands(engine),
            minutes: minutes.clone().map(|minute| minute_row(engine, minute)).collect(),
            gestures: Gesture::ALL.iter().map(|gesture| gesture_row(engine, *gesture, minutes.clone())).collect(),
            segments: segments(engine),
            explains: explains(engine),
            advice: advice(engine),
            interventions: interventions(engine),
            earlier: earlier(engine),
        }
    }
}

/// Clock minutes from the first event's to that of `at`.
fn minutes(from: Option<At>, at: Option<At>) -> std::ops::Range<i64> {
    match (from, at) {
        (Some(from), Some(at)) => from.minute()..at.minute() + 1,
        _ => 0..0,
    }
}

/// The one currency of all amounts.
fn currency(engine: &Engine) -> Option<Currency> {
    let said = |metric| match engine.reading(metric, Scope::Live, Span::Live).value {
        Value::Money(money) if money.currency.is_named() => Some(money.currency),
        _ => None,
    };
    engine.plan().currency.or_else(|| said(Metric::GmvPlaced)).or_else(|| said(Metric::AdSpend))
}

fn metrics(engine: &Engine, scope: Scope) -> Metrics {
    told(|metric| engine.reading(metric, scope, Span::Live))
}

/// All metrics but those that are not told there.
fn told(read: impl Fn(Metric) -> Reading) -> Metrics {
    let readings = Metric::ALL.iter().map(|metric| (*metric, read(*metric)));
    Metrics(readings.filter(|(_, reading)| reading.value != Value::Unknown(Why::NotForScope)).collect())
}

fn minute_row(engine: &Engine, minute: i64) -> MinuteRow {
    MinuteRow { at: At::from_minute(minute), metrics: told(|metric| engine.reading_in_minute(metric, Scope::Live, minute)) }
}

fn gesture_row(engine: &Engine, gesture: Gesture, minutes: std::ops::Range<i64>) -> GestureRow {
    GestureRow { gesture: gesture.id(), minutes: minutes.map(|minute| engine.gestures_in_minute(gesture, minute)).collect() }
}

fn products(engine: &Engine) -> Vec<ProductRow> {
    let mut rows: Vec<ProductRow> = engine
        .products()
        .iter()
        .map(|product| ProductRow { sku: product.sku.to_owned(), metrics: metrics(engine, Scope::Product(product.sym)) })
        .collect();
    rows.sort_by(|a, b| a.sku.cmp(&b.sku));
    rows
}

fn channels(engine: &Engine) -> Vec<ChannelRow> {
    let mut rows: Vec<ChannelRow> = engine
        .channels()
        .iter()
        .map(|channel| ChannelRow { channel: channel.name.to_owned(), metrics: metrics(engine, Scope::Channel(channel.sym)) })
        .collect();
    rows.sort_by(|a, b| a.channel.cmp(&b.channel));
    rows
}

fn bands(engine: &Engine) -> Vec<BandRow> {
    let mut rows: Vec<BandRow> = engine
        .bands()
        .iter()
        .map(|band| BandRow { from: band.from.into(), to: band.to.map(Into::into), metrics: metrics(engine, Scope::Band(band.index)) })
        .collect();
    rows.sort_by_key(|row| row.from.minor);
    rows
}

fn sku(engine: &Engine, product: Sym) -> String {
    engine.products().iter().find(|view| view.sym == product).map_or_else(String::new, |view| view.sku.to_owned())
}

fn segments(engine: &Engine) -> Vec<SegmentRow> {
    let mut rows: Vec<SegmentRow> = engine
        .segments()
        .iter()
        .map(|segment| SegmentRow {
            segment: segment.name.to_owned(),
            kind: segment.kind,
            host: segment.host.map(str::to_owned),
            from: segment.from,
            to: segment.to,
            metrics: metrics(engine, Scope::Segment(segment.index)),
        })
        .collect();
    rows.sort_by(|a, b| (a.from, &a.segment).cmp(&(b.from, &b.segment)));
    rows
}

fn explains(engine: &Engine) -> Vec<ExplainRow> {
    let shown = [Metric::Clicks, Metric::OrdersPlaced, Metric::GmvPaid, Metric::Ccu];
    let mut rows: Vec<ExplainRow> = engine
        .explains()
        .iter()
        .map(|explain| {
            let read = |metric: Metric| (metric, engine.reading(metric, Scope::Explain(explain.index), Span::Live));
            ExplainRow { sku: sku(engine, explain.product), from: explain.from, to: explain.to, metrics: Metrics(shown.map(read).to_vec()) }
        })
        .collect();
    rows.sort_by(|a, b| (a.from, &a.sku).cmp(&(b.from, &b.sku)));
    rows
}

fn advice(engine: &Engine) -> Vec<AdviceRow> {
    let cards = engine.advisor().cards().iter();
    cards
        .map(|card| AdviceRow {
            rule: card.rule.clone(),
            kind: card.kind,
            sku: card.target.product.map(|product| sku(engine, product)),
            raised: card.raised,
            state: card.state.id().to_owned(),
            because: BecauseRow {
                metric: card.because.metric.clone(),
                from: card.because.from,
                to: card.because.to,
                ratio: card.because.ratio,
                low: card.because.low,
                high: card.because.high,
                support: card.because.support,
                window_s: card.because.window_s,
            },
            parameters: card.parameters.clone(),
            told: card.course.told,
            said: card.course.said,
            runs: card.course.runs,
        })
        .collect()
}

fn impact(engine: &Engine, intervention: &str) -> Impact {
    let unknown = Impact { verdict: None, ratio: None, low: None, high: None, early: None, why: Some(NOT_MEASURED) };
    engine.impact(intervention).map_or(unknown, |impact| Impact {
        verdict: Some(impact.verdict.id()),
        ratio: impact.effect.map(|effect| effect.ratio),
        low: impact.effect.map(|effect| effect.low),
        high: impact.effect.map(|effect| effect.high),
        early: Some(impact.early),
        why: None,
    })
}

fn interventions(engine: &Engine) -> Vec<InterventionRow> {
    let mut rows: Vec<InterventionRow> = engine
        .interventions()
        .iter()
        .map(|act| InterventionRow {
            id: act.id.to_owned(),
            kind: act.kind,
            sku: act.product.map(|product| sku(engine, product)),
            started: act.started,
            ended: act.ended,
            parameters: act.parameters.clone(),
            advice: act.advice.map(str::to_owned),
            withdrawn: act.withdrawn,
            impact: impact(engine, act.id),
        })
        .collect();
    rows.sort_by(|a, b| (a.started, &a.id).cmp(&(b.started, &b.id)));
    rows
}

/// What the journal's own record of earlier lives says.
fn earlier(engine: &Engine) -> Option<EarlierRow> {
    let priors = engine.priors();
    let rules = priors.rules.iter().map(|(rule, record)| RuleRow {
        rule: rule.clone(),
        fired: record.fired,
        accepted: record.accepted,
        declined: record.declined,
        held_out: record.held_out,
        better: record.better,
        worse: record.worse,
        no_visible_change: record.no_visible_change,
        cant_tell: record.cant_tell,
    });
    let kinds = priors.kinds.iter().map(|known| KindRow {
        kind: known.kind,
        acts: known.acts,
        ratio: known.ratio,
        low: known.low,
        high: known.high,
    });
    (priors.lives > 0).then(|| EarlierRow { lives: priors.lives, rules: rules.collect(), kinds: kinds.collect() })
}

fn events(engine: &Engine, reports: &[InputReport]) -> Events {
    let tally = engine.tally();
    let mut events = Events {
        accepted: tally.accepted,
        duplicate: tally.duplicate,
        conflict: tally.conflict,
        late: tally.late,
        test: engine.tests(),
        manual: tally.manual,
        excluded: engine.excluded().iter().sum(),
        by_type: tally.by_type().collect(),
        ..Events::default()
    };
    for (reason, count) in tally.quarantine.iter().chain(reports.iter().flat_map(|report| &report.quarantine)) {
        *events.quarantine.entry(reason.id()).or_default() += count;
        events.quarantined += count;
    }
    events.feeds.extend(reports.iter().map(input_row));
    events.feeds.extend(engine.feeds().iter().map(feed_row));
    events
}

fn input_row(report: &InputReport) -> FeedRow {
    FeedRow {
        feed: report.name.clone(),
        received: report.received,
        quarantined: report.quarantined(),
        lost: (!report.losses.is_empty()).then(|| report.losses.records()),
        samples: report.samples.iter().map(sample_row).collect(),
        ..FeedRow::default()
    }
}

fn sample_row(sample: &Sample) -> SampleRow {
    SampleRow { place: sample.place.clone(), reason: sample.reason.id(), field: sample.detail.clone(), beginning: sample.beginning.clone() }
}

fn feed_row(view: &FeedView<'_>) -> FeedRow {
    let state = view.state;
    FeedRow {
        feed: state.feed.to_string(),
        status: Some(state.status),
        complete_to: view.complete_to,
        received: state.received,
        quarantined: state.quarantined,
        counters: Some(FeedCounters {
            duplicate: state.duplicate,
            conflict: state.conflict,
            late: view.late,
            unmapped: state.unmapped,
            dropped: state.dropped,
            errors: state.errors,
            retries: state.retries,
        }),
        ..FeedRow::default()
    }
}
