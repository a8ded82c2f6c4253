//! What a report says: the summary's figures with the marks, lists and lessons around them. Reads `&Engine`, folds nothing.

mod commerce;
mod desk;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::against::{self, Comparison, Side};
use super::air::{self, Air};
use super::boards::{self, Board};
use super::lesson::{self, FollowUp, Lesson};
use super::lessons::{self, Proposal};
use super::lifetime::Lifetime;
use super::settled::{Settled, Standing};
use crate::engine::Engine;
use crate::engine::event::{InterventionKind, Parameters};
use crate::engine::id::Sym;
use crate::engine::metric::{Metric, Reading, Scope, Value};
use crate::engine::plan::Aim;
use crate::engine::prior::RuleRecord;
use crate::engine::time::{At, Span};
use crate::summary::{Amount, Figures, Folded, Metrics};

/// Version of the report's JSON.
pub const FORMAT: u32 = 1;
/// Minutes after a call to left carts that are looked at.
const RESCUE_MIN: i64 = 15;
/// Minutes that are picked as best and as worst.
const PICKED: usize = 5;

/// A report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub format: u32,
    pub title: String,
    /// What its folder is named after.
    pub slug: String,
    pub aim: Aim,
    pub starts_at: Option<At>,
    /// The planned close.
    pub ends_at: Option<At>,
    pub closed: Option<At>,
    pub targets: Vec<TargetRow>,
    pub figures: Figures,
    /// Sku on air for most of each of the figures' minutes.
    pub on_air: Vec<Option<String>>,
    /// Minutes that facts came to after they were told.
    pub filled_late: Vec<At>,
    pub products: Vec<ProductFit>,
    pub marks: Vec<Mark>,
    pub best: Vec<Picked>,
    pub worst: Vec<Picked>,
    pub methods: Vec<MethodRow>,
    pub unpaid: Unpaid,
    pub standing: Standing,
    /// Live against settled figures, where the feeds were read again.
    pub settled: Option<Settled>,
    pub buyers: Vec<BuyerRow>,
    pub lifetime: Option<Lifetime>,
    /// What viewers, clicks and chat did while a product was on air.
    pub air: Vec<Air>,
    pub hosts: Vec<Board>,
    pub kinds: Vec<Board>,
    /// Minutes that a feed was away in, first and last.
    pub away: Vec<(At, At)>,
    pub rescues: Vec<Rescue>,
    pub stock: Vec<StockRow>,
    pub questions: Vec<Question>,
    pub advice: Vec<Card>,
    pub acts: Vec<Act>,
    /// What became of each rule's cards over earlier lives and this one.
    pub records: Vec<Record>,
    pub damage: Vec<Damage>,
    pub against: Vec<Comparison>,
    /// Lessons of earlier lives that this one followed.
    pub followed: Vec<FollowUp>,
    pub proposals: Vec<Proposal>,
}

/// What a report knows beside the broadcast itself.
#[derive(Clone, Debug, Default)]
pub struct Background {
    pub lifetime: Option<Lifetime>,
    pub settled: Option<Settled>,
    /// This live and an earlier one, each folded to the same length.
    pub against: Vec<(Side, Side)>,
    /// Lessons that were ticked in reports of earlier lives.
    pub lessons: Vec<Lesson>,
}

/// Buyers who had bought before, or not.
#[derive(Clone, Debug, Serialize)]
pub struct BuyerRow {
    /// `new` `returning` `untold`.
    pub who: &'static str,
    pub buyers: i64,
    pub orders: i64,
    pub paid_orders: i64,
    pub paid: Option<Amount>,
}

/// What came of a call to left carts.
#[derive(Clone, Debug, Serialize)]
pub struct Rescue {
    pub act: String,
    pub started: At,
    /// Carts recovered in the minutes after it, and in as many before.
    pub after: i64,
    pub before: i64,
    pub minutes: i64,
}

/// A KPI of the plan with what it reached.
#[derive(Clone, Debug, Serialize)]
pub struct TargetRow {
    pub metric: &'static str,
    /// Minor units for money.
    pub target: f64,
    /// Under its metric id.
    pub reached: Metrics,
    /// Reached / target.
    pub share: Option<f64>,
}

/// Where a product stands among the others: by views, by conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quadrant {
    ManyViewsHigh,
    /// Many look, few buy.
    ManyViewsLow,
    FewViewsHigh,
    FewViewsLow,
}

impl Quadrant {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ManyViewsHigh => "many_views_high",
            Self::ManyViewsLow => "many_views_low",
            Self::FewViewsHigh => "few_views_high",
            Self::FewViewsLow => "few_views_low",
        }
    }
}

/// A product beside its figures.
#[derive(Clone, Debug, Serialize)]
pub struct ProductFit {
    pub sku: String,
    pub name: String,
    pub role: Option<String>,
    pub views: Option<f64>,
    pub conversion: Option<f64>,
    /// None where views or conversion are not known, or there is nothing to compare with.
    pub quadrant: Option<Quadrant>,
}

/// Something that happened on the curve.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    pub at: At,
    /// `pin` `unpin` `cue` `act` `act_ended` `act_withdrawn` `note` `figure` `correction` `feed_lost` `feed_back` `closed`.
    pub kind: &'static str,
    /// A sku, a segment, the id of an act's kind, the words of a note.
    pub subject: String,
    pub sku: Option<String>,
    pub operator: Option<String>,
    pub withdrawn: bool,
}

/// A minute that stands out.
#[derive(Clone, Debug, Serialize)]
pub struct Picked {
    pub at: At,
    pub on_air: Option<String>,
    pub segment: Option<String>,
    /// Viewers against the minute before.
    pub viewers_change: Option<i64>,
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// Orders by payment method.
#[derive(Clone, Debug, Serialize)]
pub struct MethodRow {
    pub method: String,
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// Orders that are placed and neither paid nor cancelled.
#[derive(Clone, Debug, Serialize)]
pub struct Unpaid {
    /// None where no feed tells of orders.
    pub orders: Option<i64>,
    pub value: Option<Amount>,
}

/// A product's stock at the end.
#[derive(Clone, Debug, Serialize)]
pub struct StockRow {
    pub sku: String,
    pub sold_out: bool,
    pub oversold: i64,
    /// The lowest and the highest figure of sources that disagree.
    pub mismatch: Option<(i64, i64)>,
    pub last_sale: Option<At>,
}

/// A question that nobody has answered.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    pub text: String,
    pub topic: Option<&'static str>,
    pub sku: Option<String>,
    pub count: u32,
    pub since: At,
}

/// What became of a rule's cards.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    pub rule: String,
    pub title: String,
    #[serde(flatten)]
    pub record: RuleRecord,
}

/// A recommendation with what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    pub id: String,
    pub rule: String,
    pub title: String,
    pub kind: InterventionKind,
    pub sku: Option<String>,
    pub raised: At,
    pub state: &'static str,
    pub metric: String,
    pub from: Option<f64>,
    pub to: Option<f64>,
    pub ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub support: Option<f64>,
    pub reason: Option<String>,
    /// The act that answered it.
    pub act: Option<String>,
}

/// An act with its measured impact.
#[derive(Clone, Debug, Serialize)]
pub struct Act {
    pub id: String,
    pub kind: InterventionKind,
    pub sku: Option<String>,
    pub started: At,
    pub ended: Option<At>,
    pub parameters: Parameters,
    pub advice: Option<String>,
    pub withdrawn: bool,
    pub overlaps: bool,
    pub impact: Measured,
}

impl Act {
    /// `percent=10 code=LIVE10`.
    #[must_use]
    pub fn parameters_text(&self) -> String {
        self.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }
}

/// What the summary says an act has changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    pub verdict: Option<String>,
    pub ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub why: Option<String>,
}

/// What an input has lost.
#[derive(Clone, Debug, Serialize)]
pub struct Damage {
    pub input: String,
    pub records: u64,
    /// Stretches of missing records, first and last.
    pub gaps: Vec<(u64, u64)>,
    /// The end of the file is damaged; how much followed is not known.
    pub tail: bool,
}

impl Report {
    /// The report of a folded broadcast; `language` is that of the recommendations' titles.
    #[must_use]
    pub fn of(folded: &Folded, language: &str, background: Background) -> Self {
        let engine = &folded.engine;
        let figures = Figures::of(folded);
        let skus = Skus::of(engine);
        let minutes: Vec<At> = figures.minutes.iter().map(|row| row.at).collect();
        let on_air: Vec<Option<String>> = minutes.iter().map(|at| skus.text(engine.on_air_in_minute(at.minute()))).collect();
        let (best, worst) = picks(engine, &figures, &on_air);
        let (hosts, kinds) = boards::of(&figures, figures.at);
        let unpaid = commerce::unpaid(engine);
        let mut report = Self {
            format: FORMAT,
            title: title(engine),
            slug: slug(engine),
            aim: engine.plan().aim,
            starts_at: engine.started(),
            ends_at: engine.plan().ends_at(),
            closed: engine.closed(),
            targets: targets(engine),
            filled_late: minutes.iter().copied().filter(|at| engine.filled_late(at.minute())).collect(),
            products: product_fits(engine, &figures),
            marks: desk::marks(engine, &skus),
            best,
            worst,
            methods: commerce::methods(engine),
            standing: Standing::of(engine, unpaid.value.map(|value| value.minor), engine.closed().or(figures.at)),
            unpaid,
            settled: background.settled,
            buyers: commerce::buyers(engine),
            lifetime: background.lifetime,
            air: air::fits(engine, &figures, &on_air),
            on_air,
            hosts,
            kinds,
            away: desk::away(engine, figures.at),
            rescues: commerce::rescues(engine),
            stock: commerce::stock(engine),
            questions: desk::questions(engine, &skus),
            advice: desk::cards(engine, &skus, language),
            acts: desk::acts(engine, &figures),
            records: desk::records(engine, language),
            damage: damage(folded),
            against: against::compare(&background.against),
            followed: Vec::new(),
            proposals: Vec::new(),
            figures,
        };
        report.followed = lesson::follow_up(&background.lessons, &report, engine);
        report.proposals = lessons::propose(&report, engine);
        report
    }

    /// The name of a product; its sku where it has none.
    #[must_use]
    pub fn product_name<'a>(&'a self, sku: &'a str) -> &'a str {
        self.products.iter().find(|product| product.sku == sku).map_or(sku, |product| product.name.as_str())
    }
}

/// Skus by symbol.
struct Skus(BTreeMap<Sym, String>);

impl Skus {
    fn of(engine: &Engine) -> Self {
        Self(engine.products().into_iter().map(|product| (product.sym, product.sku.to_owned())).collect())
    }
    fn text(&self, product: Option<Sym>) -> Option<String> {
        self.0.get(&product?).cloned()
    }
}

fn title(engine: &Engine) -> String {
    let plan = engine.plan();
    if plan.title.is_empty() { plan.name.clone() } else { plan.title.clone() }
}

fn slug(engine: &Engine) -> String {
    let plan = engine.plan();
    let name = if plan.name.is_empty() { "live" } else { &plan.name };
    // The date last: a long name must not cut it off.
    let name: String = name.chars().take(40).collect();
    match engine.started() {
        Some(at) => format!("{name}-{}", at.utc().with_timezone(&plan.time_zone.unwrap_or(chrono_tz::UTC)).format("%Y-%m-%d-%H%M")),
        None => name,
    }
}

fn targets(engine: &Engine) -> Vec<TargetRow> {
    let known = engine.plan().targets.iter().filter_map(|target| Some((Metric::parse(&target.metric)?, target.value)));
    known
        .map(|(metric, target)| {
            let reading = engine.reading(metric, Scope::Live, Span::Live);
            let share = reading.number().filter(|_| target != 0.0).map(|reached| reached / target);
            TargetRow { metric: metric.id(), target, reached: Metrics(vec![(metric, reading)]), share }
        })
        .collect()
}

/// A known number of a row.
pub(super) fn number(metrics: &Metrics, metric: Metric) -> Option<f64> {
    metrics.get(metric).and_then(Reading::number)
}

/// A known count of a row.
pub(super) fn count(metrics: &Metrics, metric: Metric) -> Option<i64> {
    match metrics.get(metric)?.value {
        Value::Count(count) => Some(count),
        Value::Money(_) | Value::Number(_) | Value::Unknown(_) => None,
    }
}

/// The middle of some numbers.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = *numbers.get(middle)?;
    if numbers.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(*numbers.get(middle - 1)?, upper)) }
}

fn product_fits(engine: &Engine, figures: &Figures) -> Vec<ProductFit> {
    let views = engine.products();
    let mut fits: Vec<ProductFit> = figures
        .products
        .iter()
        .map(|row| {
            let view = views.iter().find(|view| view.sku == row.sku);
            ProductFit {
                sku: row.sku.clone(),
                name: view.map_or_else(|| row.sku.clone(), |view| view.name.to_owned()),
                role: view.and_then(|view| view.planned?.role.clone()),
                views: number(&row.metrics, Metric::Views).or_else(|| number(&row.metrics, Metric::Clicks)),
                conversion: number(&row.metrics, Metric::CvrProduct).or_else(|| number(&row.metrics, Metric::CoRate)),
                quadrant: None,
            }
        })
        .collect();
    let placed: Vec<(f64, f64)> = fits.iter().filter_map(|fit| fit.views.zip(fit.conversion)).collect();
    let middle = median(placed.iter().map(|(views, _)| *views).collect()).zip(median(placed.iter().map(|(_, cvr)| *cvr).collect()));
    let Some((views_middle, conversion_middle)) = middle.filter(|_| placed.len() > 1) else { return fits };
    for fit in &mut fits {
        fit.quadrant =
            fit.views.zip(fit.conversion).map(|(views, conversion)| match (views >= views_middle, conversion >= conversion_middle) {
                (true, true) => Quadrant::ManyViewsHigh,
                (true, false) => Quadrant::ManyViewsLow,
                (false, true) => Quadrant::FewViewsHigh,
                (false, false) => Quadrant::FewViewsLow,
            });
    }
    fits
}

/// The minutes that sold most, and those that most viewers left in, among the minutes of the live itself.
fn picks(engine: &Engine, figures: &Figures, on_air: &[Option<String>]) -> (Vec<Picked>, Vec<Picked>) {
    let begun = engine.started();
    let over = engine.closed().or(figures.at);
    let within = |at: At| begun.is_none_or(|begun| at >= begun) && over.is_none_or(|over| at.minute() < over.minute());
    let mut before = None;
    let mut picked: Vec<Picked> = Vec::new();
    for (row, on_air) in figures.minutes.iter().zip(on_air) {
        let viewers = count(&row.metrics, Metric::Ccu);
        let viewers_change = viewers.zip(before).map(|(now, before): (i64, i64)| now - before);
        before = viewers;
        if within(row.at) {
            let segments = engine.segments();
            let segment = segments.iter().rfind(|segment| segment.from.minute() <= row.at.minute()).map(|segment| segment.name.to_owned());
            let shown = [Metric::Ccu, Metric::OrdersPlaced, Metric::GmvPlaced, Metric::Clicks, Metric::ChatMessages, Metric::CartAbandon];
            let metrics = Metrics(row.metrics.0.iter().filter(|(metric, _)| shown.contains(metric)).copied().collect());
            picked.push(Picked { at: row.at, on_air: on_air.clone(), segment, viewers_change, metrics });
        }
    }
    let sold = |pick: &Picked| number(&pick.metrics, Metric::GmvPlaced).unwrap_or(0.0);
    let mut best: Vec<Picked> = picked.iter().filter(|pick| sold(pick) > 0.0).cloned().collect();
    best.sort_by(|a, b| sold(b).total_cmp(&sold(a)).then(a.at.cmp(&b.at)));
    best.truncate(PICKED);
    let mut worst: Vec<Picked> = picked.into_iter().filter(|pick| pick.viewers_change.is_some_and(|change| change < 0)).collect();
    worst.sort_by_key(|pick| (pick.viewers_change, pick.at));
    worst.truncate(PICKED);
    (best, worst)
}

fn damage(folded: &Folded) -> Vec<Damage> {
    let damaged = folded.reports.iter().filter(|report| !report.losses.is_empty());
    damaged
        .map(|report| Damage {
            // Where the file lies is nobody's business who reads the report.
            input: report.name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned(),
            records: report.losses.records(),
            gaps: report.losses.gaps.clone(),
            tail: report.losses.tail,
        })
        .collect()
}
