//! A scenario: what a simulated broadcast is made of, as TOML under `config/scenarios/`.
//!
//! Shop, audience, noise and what goes wrong are here; how shoppers answer to the operator is in
//! `config/responses.toml`, and `[responses]` of a scenario overrides it curve by curve.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use serde::Deserialize;

use super::check;
use super::incident::{Incident, Lottery};
use super::place::{Problem, Sheet, Step};
use super::response::Responses;
use crate::engine::earlier::EarlierLive;
use crate::engine::event::{ChannelParts, SegmentKind};
use crate::engine::id::Name;
use crate::engine::money::{Currency, Money};
use crate::engine::plan::{Aim, Plan, PlanCampaign, PlanChannel, PlanProduct, PlanSegment, Target};
use crate::engine::time::At;

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// The shipped scenarios by name; the first is the demo, and of `simulate`.
        pub const SHIPPED: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../config/scenarios/", $name, ".toml")))),*];
    };
}

shipped! {
    "demo",
    "w1-surprise-discount", "w2-lower-ticket", "w3-script-change", "w4-best-seller",
    "checkout-down", "sold-out", "overselling", "viral-surge", "ads-burning", "hostile-chat", "blind-feed", "outage", "late-host",
    "two-at-once", "small-shop", "full-evening",
}

/// Seconds after the close in which unpaid orders are paid or end, and discounts are missed.
const SETTLES_S: i64 = 900;

/// How much the rates wander (detection.md, "Noise, by name").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseLevel {
    /// None beyond counting.
    Poisson,
    /// Overdispersion 1.5, log-rates with deviation 0.12 over 15 minutes.
    #[default]
    Realistic,
    /// Overdispersion 1.5, log-rates with deviation 0.25 over 10 minutes.
    Harsh,
}

impl NoiseLevel {
    /// Overdispersion, deviation of the log-rate, its correlation time in seconds.
    #[must_use]
    pub const fn figures(self) -> (f64, f64, f64) {
        match self {
            Self::Poisson => (1.0, 0.0, 900.0),
            Self::Realistic => (1.5, 0.12, 900.0),
            Self::Harsh => (1.5, 0.25, 600.0),
        }
    }
}

/// An amount in major units as text, `"129.90"`, in the scenario's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Amount(pub String);

impl Amount {
    /// In minor units; `None` when it is no amount of that currency.
    #[must_use]
    pub fn minor(&self, currency: Currency) -> Option<i64> {
        Money::parse(&self.0, currency).map(|money| money.minor)
    }
}

/// Everything that a broadcast is simulated from, but the seed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name of its plan.
    pub name: String,
    /// The name that it is shipped under.
    #[serde(skip)]
    pub shipped: Option<&'static str>,
    pub title: String,
    /// What it is about, by language.
    #[serde(default)]
    pub about: BTreeMap<String, String>,
    pub starts_at: At,
    pub time_zone: Tz,
    pub currency: Currency,
    pub length_min: i64,
    #[serde(default)]
    pub aim: Aim,
    /// GMV that should be paid at the end.
    pub target: Option<Amount>,
    /// The shop of the demo has lives behind it that this one is held against.
    #[serde(default)]
    pub earlier_lives: bool,
    #[serde(default)]
    pub noise: NoiseLevel,
    /// Moods that are known: those of a live that was.
    #[serde(default)]
    pub moods: Moods,
    #[serde(default)]
    pub opens: Opens,
    pub audience: Audience,
    pub channels: Vec<Channel>,
    pub products: Vec<Product>,
    pub segments: Vec<Segment>,
    pub shoppers: Shoppers,
    pub methods: Vec<Method>,
    #[serde(default)]
    pub chat: Chat,
    #[serde(default)]
    pub delivery: Delivering,
    #[serde(default)]
    pub incidents: Vec<Incident>,
    pub lottery: Option<Lottery>,
    /// Curves that differ from `config/responses.toml`.
    #[serde(default)]
    pub(super) responses: toml::Table,
    /// How shoppers answer to what is done: the shipped curves with this scenario's overrides.
    #[serde(skip)]
    pub curves: Responses,
}

/// How keen people were, by minute, straight between the points; 1 where there are none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Moods {
    /// Factors on the clicks, and on the decisions to buy.
    pub clicks: Vec<[f64; 2]>,
    pub decisions: Vec<[f64; 2]>,
}

/// The stretch of it that is played.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Opens {
    /// Minutes that lie behind when the operator sits down.
    pub at_min: i64,
    /// Minutes that are played; to the end of the live when absent.
    pub play_min: Option<i64>,
}

/// Who comes and how long they stay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// In the room when the live begins.
    pub initial: usize,
    /// In the room when it has filled and nothing happens.
    pub plateau: f64,
    /// Share of those who look in and go.
    pub bounce_share: f64,
    pub bounce_s: f64,
    pub stay_s: f64,
    /// Entries relative to the plateau's, by minute, straight between the points.
    pub shape: Vec<[f64; 2]>,
    #[serde(default)]
    pub bursts: Vec<Burst>,
    /// Product cards seen, per viewer and minute.
    pub views_per_min: f64,
    /// Likes, per viewer and minute.
    pub likes_per_min: f64,
    /// Clicks on an average product on air, per viewer and minute.
    pub clicks_per_min: f64,
    /// Times that the platform shows the room, for one entry.
    #[serde(default = "default_impressions")]
    pub impressions_per_entry: f64,
    /// Share of visitors who bought here before.
    pub returning_share: f64,
}

const fn default_impressions() -> f64 {
    9.0
}

/// More people than usual for a while: a share, a raid, a story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    pub at_min: f64,
    pub minutes: f64,
    /// Entries are multiplied by it.
    pub factor: f64,
}

/// Where they come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// `organic`, `paid`, `direct_link`, or a name of its own; empty for those of whom nothing is known.
    pub name: Name,
    /// Share of the entries.
    pub share: f64,
    /// Clicks, orders per cart and patience against the average.
    #[serde(default = "one")]
    pub clicks: f64,
    #[serde(default = "one")]
    pub conversion: f64,
    #[serde(default = "one")]
    pub patience: f64,
    pub spend_per_min: Option<Amount>,
    pub campaign: Option<Name>,
    pub source: Option<Name>,
    pub medium: Option<Name>,
}

const fn one() -> f64 {
    1.0
}

/// What is sold. Its place in the list is its slot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    pub sku: Name,
    pub name: String,
    /// What the chat calls it.
    pub called: String,
    pub price: Amount,
    pub cost: Amount,
    pub stock: i64,
    /// Units that a restock can release.
    #[serde(default)]
    pub reserve: i64,
    /// Clicks against the average product.
    #[serde(default = "one")]
    pub clicks: f64,
    /// Carts per click.
    pub adds: f64,
    /// Orders per cart against what its price makes usual.
    #[serde(default = "one")]
    pub orders: f64,
    pub role: Option<String>,
    pub margin_floor: Option<f64>,
    pub max_discount: Option<f64>,
    /// What may be offered in its place at a lower ticket, and for how much.
    #[serde(default)]
    pub bundle_with: Vec<Name>,
    pub bundle_price: Option<Amount>,
    pub bonus_kit: Option<Name>,
    #[serde(default)]
    pub substitutes: Vec<Name>,
}

/// A part of the run of show.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    pub name: String,
    pub minutes: f64,
    pub kind: SegmentKind,
    pub host: Option<String>,
    /// On air; nothing when absent.
    pub sku: Option<Name>,
    pub offer: Option<String>,
}

/// How carts end.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shoppers {
    /// Share of carts that become orders, by the cart's value in major units, straight between the points: dear carts are left.
    pub completion: Vec<[f64; 2]>,
    /// Seconds from the cart to the decision: median.
    pub decide_s: f64,
    /// Share of those who leave after they began to pay.
    pub leave_in_checkout: f64,
    pub second_unit_share: f64,
    pub refund_share: f64,
    #[serde(default)]
    pub shipping: Amount,
    /// Goods from this on travel free.
    #[serde(default)]
    pub free_shipping_from: Amount,
}

/// A way to pay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    pub name: Name,
    pub share: f64,
    /// Share of the orders placed with it that are paid in the end.
    pub paid: f64,
    /// Seconds to the payment: median, and the spread of its logarithm.
    pub pay_s: f64,
    #[serde(default = "default_spread")]
    pub spread: f64,
    /// Minutes until an unpaid one ends; a method without is approved or declined at once.
    pub expires_min: Option<f64>,
}

const fn default_spread() -> f64 {
    0.7
}

/// What is said.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chat {
    /// Messages that ask nothing, per viewer and minute.
    pub messages_per_min: f64,
    /// Questions, per viewer and minute.
    pub questions_per_min: f64,
    pub english_share: f64,
    /// Share of the questions that the moderator answers, and after how many seconds.
    pub answered_share: f64,
    pub answer_s: f64,
    /// Orders per cart that a full queue of questions costs.
    pub unanswered_cost: f64,
    pub queue_full: f64,
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            messages_per_min: 0.06,
            questions_per_min: 0.004,
            english_share: 0.15,
            answered_share: 0.6,
            answer_s: 45.0,
            unanswered_cost: 0.12,
            queue_full: 25.0,
        }
    }
}

/// How the facts travel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivering {
    /// Share of the shop's and payment's facts that come minutes late.
    pub late_share: f64,
    pub late_min: f64,
    /// Share of all facts that come twice.
    pub twice_share: f64,
}

impl Default for Delivering {
    fn default() -> Self {
        Self { late_share: 0.004, late_min: 5.0, twice_share: 0.006 }
    }
}

impl Scenario {
    /// The scenario of the demo.
    ///
    /// # Errors
    /// Never with the shipped file.
    pub fn demo() -> Result<Arc<Self>, Vec<String>> {
        Self::shipped("demo").map(Arc::new)
    }

    /// A shipped scenario by its name.
    ///
    /// # Errors
    /// When there is none of that name: with the names that there are.
    pub fn shipped(name: &str) -> Result<Self, Vec<String>> {
        let (name, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name).ok_or_else(|| {
            let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            vec![format!("no shipped scenario is called \"{name}\"; there are: {}", names.join(" "))]
        })?;
        let told = |problems: Vec<Problem>| problems.iter().map(|problem| format!("{name}.toml:{problem}")).collect::<Vec<_>>();
        Ok(Self { shipped: Some(name), ..Self::read(text).map_err(told)? })
    }

    /// What it is asked for by: the name that it is shipped under, its own otherwise.
    #[must_use]
    pub fn called(&self) -> &str {
        self.shipped.unwrap_or(&self.name)
    }

    /// Reads a scenario and checks it as a whole.
    ///
    /// # Errors
    /// With everything that is wrong with it and every contradiction that it holds, each with its line and what to do.
    pub fn read(text: &str) -> Result<Self, Vec<Problem>> {
        let mut sheet = Sheet::new(text);
        let whole = whole_of(text, &mut sheet);
        check::shapes(&whole, &mut sheet);
        if !sheet.problems.is_empty() {
            return Err(sheet.problems);
        }
        let read: Result<Self, toml::de::Error> = whole.try_into();
        let scenario = read.map_err(|error| error.message().to_owned()).and_then(|mut scenario| {
            scenario.curves = Responses::shipped_with(&scenario.responses)?;
            Ok(scenario)
        });
        match scenario {
            Ok(scenario) => {
                check::contradictions(&scenario, &mut sheet);
                if sheet.problems.is_empty() { Ok(scenario) } else { Err(sheet.problems) }
            }
            Err(what) => {
                let key = if what.starts_with("responses") { "responses" } else { "" };
                sheet.note(&[Step::Key(key.into())], what, "correct it; a scenario with base = \"demo\" needs only what differs");
                Err(sheet.problems)
            }
        }
    }

    #[must_use]
    pub fn slot(&self, sku: &str) -> Option<usize> {
        self.products.iter().position(|product| product.sku == sku)
    }

    /// Seconds of the whole live.
    #[must_use]
    pub const fn length_s(&self) -> i64 {
        self.length_min * 60
    }

    /// Where the operator sits down, in seconds from the start.
    #[must_use]
    pub const fn opens_s(&self) -> i64 {
        self.opens.at_min * 60
    }

    /// When the outcome is taken: what was started at the close has had its time.
    #[must_use]
    pub fn settled_s(&self) -> i64 {
        self.closes_s() + SETTLES_S
    }

    /// Where the play ends, in seconds from the start.
    #[must_use]
    pub fn closes_s(&self) -> i64 {
        self.opens.play_min.map_or(self.length_s(), |minutes| (self.opens.at_min + minutes) * 60).min(self.length_s())
    }

    /// The same show for another length: the run of show repeats, the audience's shape stretches, the stock grows with it.
    #[must_use]
    pub fn lasting(&self, hours: f64) -> Self {
        let mut longer = self.clone();
        let minutes = (hours * 60.0).clamp(1.0, 24.0 * 60.0).round();
        let ratio = minutes / self.length_min as f64;
        longer.length_min = minutes as i64;
        for point in &mut longer.audience.shape {
            point[0] *= ratio;
        }
        for product in &mut longer.products {
            product.stock = (product.stock as f64 * ratio.max(1.0)).ceil() as i64;
        }
        let mut planned: f64 = longer.segments.iter().map(|segment| segment.minutes).sum();
        for segment in self.segments.iter().cycle() {
            if planned >= minutes {
                break;
            }
            planned += segment.minutes;
            longer.segments.push(segment.clone());
        }
        longer
    }

    /// The plan that the operator of this broadcast has.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let minor = |amount: &Amount| amount.minor(self.currency);
        #[expect(clippy::cast_precision_loss, reason = "a target is given in round figures")]
        let targets = self.target.as_ref().and_then(minor).map(|value| Target { metric: "gmv_paid".into(), value: value as f64 });
        Plan {
            name: self.name.clone(),
            title: self.title.clone(),
            starts_at: Some(self.starts_at),
            length_s: self.length_s(),
            time_zone: Some(self.time_zone),
            currency: Some(self.currency),
            aim: self.aim,
            targets: targets.into_iter().collect(),
            products: self.products.iter().zip(1..).map(|(product, slot)| self.plan_product(product, slot)).collect(),
            segments: self.segments.iter().map(plan_segment).collect(),
            channels: self.channels.iter().filter(|channel| !channel.name.is_empty()).map(plan_channel).collect(),
            campaigns: self.channels.iter().filter_map(|channel| self.plan_campaign(channel)).collect(),
            margin: self.usual_margin(),
            feeds: super::delivery::plan_feeds(),
            keep_chat_names: true,
            ..Plan::default()
        }
    }

    /// What earlier lives reached, as the body of a `priors` record; the latest a week before this one.
    #[must_use]
    pub fn priors(&self) -> Option<String> {
        if !self.earlier_lives {
            return None;
        }
        let mut lives: Vec<EarlierLive> = serde_json::from_str(EARLIER).ok()?;
        for (weeks, live) in (1..).zip(&mut lives) {
            live.starts_at = Some(self.starts_at.plus_s(-weeks * WEEK_S));
        }
        Some(serde_json::json!({ "lives": lives }).to_string())
    }

    fn plan_product(&self, product: &Product, slot: u32) -> PlanProduct {
        let minor = |amount: &Amount| amount.minor(self.currency);
        PlanProduct {
            sku: product.sku.clone(),
            name: product.name.clone(),
            slot,
            price_minor: minor(&product.price),
            cost_minor: minor(&product.cost),
            margin_floor: product.margin_floor,
            stock: Some(product.stock),
            role: product.role.clone(),
            substitutes: product.substitutes.clone(),
            bundle_with: product.bundle_with.clone(),
            bundle_price_minor: product.bundle_price.as_ref().and_then(minor),
            bonus_kit: product.bonus_kit.clone(),
            max_discount: product.max_discount,
            ..PlanProduct::default()
        }
    }

    fn plan_campaign(&self, channel: &Channel) -> Option<PlanCampaign> {
        let per_min = channel.spend_per_min.as_ref()?.minor(self.currency)?;
        Some(PlanCampaign {
            name: channel.campaign.clone()?,
            channel: channel.name.clone(),
            budget_minor: per_min.checked_mul(self.length_min),
        })
    }

    /// Margin over all planned products, weighted by price.
    fn usual_margin(&self) -> Option<f64> {
        let sums = self.products.iter().try_fold((0i64, 0i64), |(prices, costs), product| {
            Some((prices + product.price.minor(self.currency)?, costs + product.cost.minor(self.currency)?))
        })?;
        #[expect(clippy::cast_precision_loss, reason = "a ratio of prices")]
        (sums.0 > 0).then(|| ((sums.0 - sums.1) as f64 / sums.0 as f64 * 1_000.0).round() / 1_000.0)
    }
}

/// Curves of the demo's own broadcasts under other seeds; `tests/projection.rs` makes them.
const EARLIER: &str = include_str!("../../config/scenarios/earlier.json");
const WEEK_S: i64 = 7 * 86_400;

fn shipped_text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

/// The whole of a scenario: one that names a shipped one as its `base` says only what differs.
fn whole_of(text: &str, sheet: &mut Sheet<'_>) -> toml::Table {
    // what is no TOML at all is noted already
    let mut own: toml::Table = toml::from_str(text).unwrap_or_default();
    let Some(base) = own.remove("base") else { return own };
    let Some(mut whole) = base.as_str().and_then(shipped_whole) else {
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        sheet.note(
            &[Step::Key("base".into())],
            format!("base = {base}: no shipped scenario is called so"),
            format!("name one of {}", names.join(", ")),
        );
        return own;
    };
    lay_over(&mut whole, own);
    whole
}

/// A shipped scenario with all that lies under it.
fn shipped_whole(name: &str) -> Option<toml::Table> {
    let mut own: toml::Table = toml::from_str(shipped_text(name)?).unwrap_or_default();
    let base = own.remove("base");
    let Some(mut whole) = base.as_ref().and_then(toml::Value::as_str).and_then(shipped_whole) else { return Some(own) };
    lay_over(&mut whole, own);
    Some(whole)
}

/// Lays one table over another: tables within are laid over each other, everything else is replaced.
fn lay_over(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => lay_over(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn plan_segment(segment: &Segment) -> PlanSegment {
    #[expect(clippy::cast_possible_truncation, reason = "minutes of a broadcast")]
    PlanSegment {
        name: segment.name.clone(),
        length_s: (segment.minutes * 60.0).round() as i64,
        kind: Some(segment.kind),
        host: segment.host.clone(),
        skus: segment.sku.iter().cloned().collect(),
        anchor_s: None,
        offer: segment.offer.clone(),
        discount: None,
    }
}

fn plan_channel(channel: &Channel) -> PlanChannel {
    let parts = (channel.source.is_some() || channel.medium.is_some()).then(|| ChannelParts {
        source: channel.source.clone(),
        medium: channel.medium.clone(),
        ..ChannelParts::default()
    });
    PlanChannel { name: channel.name.clone(), rules: parts.into_iter().collect(), budget_minor: None }
}

/// The value at `x` of a line through points that rise in x; flat outside them.
#[must_use]
pub fn interpolate(points: &[[f64; 2]], x: f64) -> f64 {
    let after = points.partition_point(|point| point[0] <= x);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some([x0, y0]), Some([x1, y1])) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (Some([_, y]), None) | (None, Some([_, y])) => *y,
        (None, None) => 1.0,
    }
}
