//! The shape of the summary: what is serialised, and what its JSON Schema is made from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::engine::event::{FeedStatus, InterventionKind, Parameters, SegmentKind};
use crate::engine::metric::{Metric, Reading, Unit, Value, Why, definition};
use crate::engine::money::{Currency, Money};
use crate::engine::time::At;

/// Version of the summary's form.
pub const FORMAT: u32 = 1;

/// Everything that `warroom summary --json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Figures {
    pub format: u32,
    /// Smallest accepted `ts`.
    pub from: Option<At>,
    /// Largest accepted `ts`.
    pub to: Option<At>,
    /// The instant that the figures are of.
    pub at: Option<At>,
    pub currency: Option<Currency>,
    pub events: Events,
    pub broadcast: Metrics,
    pub products: Vec<ProductRow>,
    pub channels: Vec<ChannelRow>,
    pub price_bands: Vec<BandRow>,
    pub minutes: Vec<MinuteRow>,
    pub gestures: Vec<GestureRow>,
    pub segments: Vec<SegmentRow>,
    pub explains: Vec<ExplainRow>,
    pub advice: Vec<AdviceRow>,
    pub interventions: Vec<InterventionRow>,
    /// What earlier lives taught, as the journal holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierRow>,
}

impl Figures {
    /// As one line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What came in, by what became of it. The only part that copies and order may change.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Events {
    pub accepted: u64,
    pub duplicate: u64,
    pub conflict: u64,
    pub late: u64,
    pub quarantined: u64,
    pub test: u64,
    /// Figures that were typed in, at the desk or into a file.
    pub manual: u64,
    /// Orders, acts and messages of people whom the plan excludes.
    pub excluded: u64,
    /// Accepted events by type.
    pub by_type: BTreeMap<&'static str, u64>,
    /// Quarantined ones by reason.
    pub quarantine: BTreeMap<&'static str, u64>,
    pub feeds: Vec<FeedRow>,
}

/// A feed of the journal, or an input of the summary.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct FeedRow {
    pub feed: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<FeedStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete_to: Option<At>,
    pub received: u64,
    pub quarantined: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<FeedCounters>,
    /// Records that a damaged journal has lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// The first quarantined lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<SampleRow>,
}

/// What a feed counted on its own.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct FeedCounters {
    pub duplicate: u64,
    pub conflict: u64,
    pub late: u64,
    pub unmapped: u64,
    pub dropped: u64,
    pub errors: u64,
    pub retries: u64,
}

/// A quarantined line.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SampleRow {
    /// The line number.
    pub place: String,
    pub reason: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// Cleaned.
    pub beginning: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProductRow {
    pub sku: String,
    #[serde(flatten)]
    pub metrics: Metrics,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChannelRow {
    pub channel: String,
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// Carts by what is in them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BandRow {
    pub from: Amount,
    /// Exclusive; absent for the dearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Amount>,
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// A clock minute in UTC.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MinuteRow {
    pub at: At,
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// How often a gesture was made, minute by minute from the first; null where no feed could have told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GestureRow {
    pub gesture: &'static str,
    pub minutes: Vec<Option<i64>>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SegmentRow {
    pub segment: String,
    pub kind: Option<SegmentKind>,
    pub host: Option<String>,
    pub from: At,
    /// Null while it is on.
    pub to: Option<At>,
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// One presentation of a product.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExplainRow {
    pub sku: String,
    pub from: At,
    /// Null while it is on.
    pub to: Option<At>,
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// A recommendation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AdviceRow {
    pub rule: String,
    pub kind: InterventionKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    pub raised: At,
    pub state: String,
    pub because: BecauseRow,
    pub parameters: Parameters,
    /// When the host was told, when the host said it, since when it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<At>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<At>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<At>,
}

/// What moved, with the counts that it stands on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BecauseRow {
    pub metric: String,
    pub from: Option<f64>,
    pub to: Option<f64>,
    pub ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub support: Option<f64>,
    pub window_s: i64,
}

/// An act of the operator.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InterventionRow {
    pub id: String,
    pub kind: InterventionKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    pub started: At,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<At>,
    pub parameters: Parameters,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    pub withdrawn: bool,
    pub impact: Impact,
}

/// What an act has changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Impact {
    /// Null where it was not measured.
    pub verdict: Option<&'static str>,
    /// Against what would have happened without it, with a 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// True while its minutes are not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

/// The record of rules and of kinds of acts, pooled over earlier lives.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EarlierRow {
    pub lives: u32,
    pub rules: Vec<RuleRow>,
    pub kinds: Vec<KindRow>,
}

/// What became of a rule's recommendations; the verdicts are those on the acts that followed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RuleRow {
    pub rule: String,
    pub fired: u32,
    pub accepted: u32,
    pub declined: u32,
    pub held_out: u32,
    pub better: u32,
    pub worse: u32,
    pub no_visible_change: u32,
    pub cant_tell: u32,
}

/// What acts of a kind brought: the pooled ratio with its 95 % interval.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KindRow {
    pub kind: InterventionKind,
    pub acts: u32,
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}

/// Money as the summary writes it.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Amount {
    pub minor: i64,
    pub currency: Currency,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency }
    }
}

/// Readings under their metric ids. What a metric does not tell for a scope is left out.
#[derive(Clone, Debug, Default)]
pub struct Metrics(pub Vec<(Metric, Reading)>);

impl Metrics {
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<&Reading> {
        self.0.iter().find(|(id, _)| *id == metric).map(|(_, reading)| reading)
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (metric, reading) in &self.0 {
            map.serialize_entry(metric.id(), &Figure::of(*metric, reading))?;
        }
        map.end()
    }
}

/// A reading as it is written: `minor` and `currency` for money, `value` otherwise, null with a reason where unknown.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Figure {
    Money {
        minor: i64,
        currency: Currency,
        #[serde(flatten)]
        support: Support,
    },
    Count {
        value: i64,
        #[serde(flatten)]
        support: Support,
    },
    Number {
        value: f64,
        #[serde(flatten)]
        support: Support,
    },
    UnknownMoney {
        minor: (),
        #[schemars(with = "String")]
        why: Why,
    },
    Unknown {
        value: (),
        #[schemars(with = "String")]
        why: Why,
    },
}

/// The sums that a ratio is made of.
#[derive(Serialize, JsonSchema)]
struct Support {
    #[serde(skip_serializing_if = "Option::is_none")]
    numerator: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denominator: Option<i64>,
    /// What it stands on, where it is no quotient of two sums.
    #[serde(skip_serializing_if = "Option::is_none")]
    support: Option<i64>,
}

impl Figure {
    fn of(metric: Metric, reading: &Reading) -> Self {
        let whole = |sum: Option<i128>| sum.and_then(|sum| i64::try_from(sum).ok());
        let (numerator, denominator) = (whole(reading.numerator), whole(reading.denominator));
        let support = if numerator.is_some() {
            Support { numerator, denominator, support: None }
        } else {
            Support { numerator: None, denominator: None, support: denominator }
        };
        match reading.value {
            Value::Money(Money { minor, currency }) => Self::Money { minor, currency, support },
            Value::Count(value) => Self::Count { value, support },
            Value::Number(value) if value.is_finite() => Self::Number { value, support },
            Value::Number(_) => Self::Unknown { value: (), why: Why::NotEnoughYet },
            Value::Unknown(why) if definition(metric).unit == Unit::Money => Self::UnknownMoney { minor: (), why },
            Value::Unknown(why) => Self::Unknown { value: (), why },
        }
    }
}

impl JsonSchema for Metrics {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Metrics".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let figure = generator.subschema_for::<Figure>();
        let properties: serde_json::Map<String, serde_json::Value> =
            Metric::ALL.iter().map(|metric| (metric.id().to_owned(), figure.clone().to_value())).collect();
        schemars::json_schema!({"type": "object", "properties": properties})
    }
}
