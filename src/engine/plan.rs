//! The plan: what the broadcast was meant to be. Read from TOML by `config`, carried in the journal as JSON.

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{ChannelParts, InterventionKind, SegmentKind};
use super::id::Name;
use super::money::Currency;
use super::time::At;

/// What the live is for. Orders the KPI cards, the rules and the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    #[default]
    Conversion,
    Leads,
    ClearStock,
    Branding,
}

/// Which feed's word makes an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrdersFrom {
    #[default]
    Shop,
    /// There is no shop feed: an approved payment is an order.
    Payments,
}

/// Everything known before the first minute, as a journal has it: a plan file is written as `config/plan.example.toml` shows. [`Plan::default`] is the desk without a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Plan {
    /// Slug that a live is found again by, with `starts_at`.
    pub name: String,
    /// As on the glass: `Loja Clara · Terça Tech`.
    pub title: String,
    /// Absent without a plan: the live starts with its first fact.
    pub starts_at: Option<At>,
    /// Planned length; 0 when nobody said.
    pub length_s: i64,
    /// Time zone of the glass.
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<Tz>,
    pub currency: Option<Currency>,
    /// Other currencies: what one unit of each costs in the plan's, as decimal text (`"5.42"` for 1 USD = R$ 5.42).
    pub rates: std::collections::BTreeMap<String, String>,
    pub aim: Aim,
    pub format: Option<String>,
    pub theme: Option<String>,
    /// `new` `returning` `promotional` `premium`.
    pub audience_profile: Vec<String>,
    pub targets: Vec<Target>,
    /// Share of the GMV target (0 to 1) that should be reached by each minute; straight when empty.
    pub target_curve: Vec<CurvePoint>,
    pub products: Vec<PlanProduct>,
    pub segments: Vec<PlanSegment>,
    pub channels: Vec<PlanChannel>,
    pub campaigns: Vec<PlanCampaign>,
    pub scope: LiveScope,
    pub orders_from: OrdersFrom,
    /// Other platforms' product ids: alias → sku.
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub aliases: std::collections::BTreeMap<Name, Name>,
    /// Who must not count: staff, testers, bots.
    pub exclude: Exclude,
    /// Contribution margin (0 to 1) where a product names none.
    pub margin: Option<f64>,
    pub limits: Limits,
    /// Points to tick by hand before the live.
    pub checklist: Vec<String>,
    /// Keep chat names in the journal (else they stay in memory).
    pub keep_chat_names: bool,
    /// The feeds that the plan starts, by name: what they give and when they count as stale.
    pub feeds: Vec<PlanFeed>,
    /// Kinds of acts that the shop's own automation can be asked to carry out.
    pub actions: Vec<InterventionKind>,
    /// What the plan's platforms cannot give live.
    pub unavailable: Vec<Unavailable>,
    /// Ticked lessons of an earlier report that this plan follows.
    pub lessons: Vec<String>,
}

/// A KPI and what it should reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// A metric id.
    pub metric: String,
    /// Minor units for money, else the number itself.
    pub value: f64,
}

/// A point of the target curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurvePoint {
    pub minute: i64,
    pub share: f64,
}

/// A product of the plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlanProduct {
    #[schemars(with = "String")]
    pub sku: Name,
    /// Other skus of the same product (sizes, colours).
    #[schemars(with = "Vec<String>")]
    pub variants: Vec<Name>,
    pub name: String,
    /// 1-9 is its key on the desk; `#12` beyond.
    pub slot: u32,
    pub price_minor: Option<i64>,
    pub cost_minor: Option<i64>,
    /// Contribution margin, 0 to 1.
    pub margin: Option<f64>,
    /// No advice goes below it.
    pub margin_floor: Option<f64>,
    pub stock: Option<i64>,
    /// `cash_cow` `question_mark` `star` `dog` `hook` `hero` `profit` `flash`.
    pub role: Option<String>,
    pub good_on_camera: Option<bool>,
    pub fits_theme: Option<bool>,
    #[schemars(with = "Vec<String>")]
    pub substitutes: Vec<Name>,
    /// Skus that may be offered with it at a lower ticket.
    #[schemars(with = "Vec<String>")]
    pub bundle_with: Vec<Name>,
    pub bundle_price_minor: Option<i64>,
    /// A gift that raises the ticket.
    #[schemars(with = "Option<String>")]
    pub bonus_kit: Option<Name>,
    /// Largest discount that may be advised, 0 to 1.
    pub max_discount: Option<f64>,
    /// Units that the live is expected to sell.
    pub expected_units: Option<i64>,
}

/// A segment of the run of show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlanSegment {
    pub name: String,
    pub length_s: i64,
    pub kind: Option<SegmentKind>,
    pub host: Option<String>,
    #[schemars(with = "Vec<String>")]
    pub skus: Vec<Name>,
    /// Must begin at this second of the live (a draw announced for 21:00).
    pub anchor_s: Option<i64>,
    /// Planned offer, in words.
    pub offer: Option<String>,
    /// Planned discount on what is shown, 0 to 1.
    pub discount: Option<f64>,
}

/// A channel of the plan's own, with the rules that recognise it; the first that matches wins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlanChannel {
    #[schemars(with = "String")]
    pub name: Name,
    /// Every part given must be equal, letter case aside; a trailing `*` matches any rest.
    pub rules: Vec<ChannelParts>,
    pub budget_minor: Option<i64>,
}

/// A campaign with its budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlanCampaign {
    #[schemars(with = "String")]
    pub name: Name,
    #[schemars(with = "String")]
    pub channel: Name,
    pub budget_minor: Option<i64>,
}

/// Which orders belong to the live. An order belongs when any of the given rules says so; all do when none is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LiveScope {
    /// The order's `live` tag is one of these.
    #[schemars(with = "Vec<String>")]
    pub live: Vec<Name>,
    #[schemars(with = "Vec<String>")]
    pub coupons: Vec<Name>,
    #[schemars(with = "Vec<String>")]
    pub campaigns: Vec<Name>,
    /// Orders after the end that still count, in minutes.
    pub tail_min: Option<i64>,
}

/// Traffic that must not count: shown as excluded, never silently gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Exclude {
    #[schemars(with = "Vec<String>")]
    pub customers: Vec<Name>,
    #[schemars(with = "Vec<String>")]
    pub visitors: Vec<Name>,
    #[schemars(with = "Vec<String>")]
    pub authors: Vec<Name>,
    #[schemars(with = "Vec<String>")]
    pub coupons: Vec<Name>,
}

/// A feed as the engine needs to know it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlanFeed {
    #[schemars(with = "String")]
    pub name: Name,
    #[schemars(with = "String")]
    pub source: Name,
    /// Canonical event types that it gives.
    #[schemars(with = "Vec<String>")]
    pub gives: Vec<Name>,
    pub stale_after_s: i64,
}

/// Something that a platform cannot give live: shown as "not available from this platform", never waited for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Unavailable {
    /// The feeds' name in the plan.
    #[schemars(with = "String")]
    pub account: Name,
    /// A canonical type or metric.
    #[schemars(with = "String")]
    pub kind: Name,
    /// The reason, by language.
    pub why: std::collections::BTreeMap<String, String>,
}

impl Unavailable {
    /// The reason in a language, else in English, else in any.
    #[must_use]
    pub fn why(&self, lang: &str) -> &str {
        self.why.get(lang).or_else(|| self.why.get("en")).or_else(|| self.why.values().next()).map_or("", String::as_str)
    }
}

/// Times and bands that the semantics turn on. Defaults are those of events.md.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    pub future_s: i64,
    pub grace_s: i64,
    pub late_s: i64,
    pub too_old_s: i64,
    pub cart_idle_s: i64,
    pub cart_abandoned_s: i64,
    /// After `add_payment_info` or in status `checkout`.
    pub checkout_abandoned_s: i64,
    pub ccu_stale_s: i64,
    pub question_open_s: i64,
    /// Lower edges of the price bands of carts, in major units, rising, the first 0.
    pub price_bands: Vec<i64>,
    /// A product with fewer units left is low.
    pub low_stock: i64,
    /// A pending payment that ends within this is "about to expire".
    pub expiring_s: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            future_s: 600,
            grace_s: 1_800,
            late_s: 120,
            too_old_s: 1_800,
            cart_idle_s: 300,
            cart_abandoned_s: 600,
            checkout_abandoned_s: 1_800,
            ccu_stale_s: 120,
            question_open_s: 600,
            price_bands: vec![0, 100, 200, 500],
            low_stock: 10,
            expiring_s: 300,
        }
    }
}

impl Plan {
    /// The product with this sku, as a main sku or a variant.
    #[must_use]
    pub fn product(&self, sku: &str) -> Option<&PlanProduct> {
        self.products.iter().find(|p| p.sku == sku || p.variants.iter().any(|v| v == sku))
    }

    /// What a KPI should reach, by its metric id.
    #[must_use]
    pub fn target(&self, metric: &str) -> Option<f64> {
        self.targets.iter().find(|target| target.metric == metric).map(|target| target.value)
    }

    /// Share of the target (0 to 1) that should be reached at an instant, straight between the points of the curve.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "minutes of a broadcast")]
    pub fn share_due(&self, at: At) -> Option<f64> {
        let minute = at.since_ms(self.starts_at?) as f64 / super::time::MINUTE_MS as f64;
        let close = CurvePoint { minute: self.length_s / 60, share: 1.0 };
        let curve = if self.target_curve.is_empty() { std::slice::from_ref(&close) } else { self.target_curve.as_slice() };
        let mut before = (0.0, 0.0);
        for point in curve {
            let here = (point.minute as f64, point.share);
            if minute < here.0 {
                let part = (minute.max(0.0) - before.0) / (here.0 - before.0);
                return Some(before.1 + (here.1 - before.1) * part);
            }
            before = here;
        }
        (self.length_s > 0 || !self.target_curve.is_empty()).then_some(before.1)
    }

    /// What happened before is of no concern: the start, minus the grace.
    #[must_use]
    pub fn takes_from(&self) -> Option<At> {
        self.starts_at.map(|start| start.plus_s(-self.limits.grace_s))
    }
    /// The planned close.
    #[must_use]
    pub fn ends_at(&self) -> Option<At> {
        (self.length_s > 0).then(|| self.starts_at.map(|at| at.plus_s(self.length_s))).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_curve_stands_in_for_one_that_nobody_drew() {
        let starts_at = At::from_ms(1_000_000_000_000);
        let plan = Plan { starts_at: Some(starts_at), length_s: 7_200, ..Plan::default() };
        assert_eq!(plan.share_due(starts_at.plus_s(1_800)), Some(0.25));
        assert_eq!(plan.share_due(starts_at.plus_s(-60)), Some(0.0));
        assert_eq!(plan.share_due(starts_at.plus_s(9_000)), Some(1.0));
        assert_eq!(Plan::default().share_due(starts_at), None);
    }

    #[test]
    fn the_curve_is_straight_between_its_points() {
        let starts_at = At::from_ms(1_000_000_000_000);
        let target_curve = vec![CurvePoint { minute: 10, share: 0.5 }, CurvePoint { minute: 20, share: 1.0 }];
        let plan = Plan { starts_at: Some(starts_at), length_s: 1_200, target_curve, ..Plan::default() };
        assert_eq!([5, 10, 15, 99].map(|m| plan.share_due(starts_at.plus_s(m * 60))), [Some(0.25), Some(0.5), Some(0.75), Some(1.0)]);
    }
}
