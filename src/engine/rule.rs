//! A rule of the playbook: data. What to watch and how it must move, when, how often, and which act it proposes.
//!
//! The state of a rule while a live runs is a [`watch`](super::watch); the playbook comes as a control record, so that a
//! journal replays with the rules that were in force.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{InterventionKind, SegmentKind};
use super::guard;
use super::metric::Metric;
use super::plan::Aim;
use super::view::show::Gesture;

/// All rules in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
    /// Share of recommendations held out at random, to learn honestly what they bring (0 to 1). They are only reported.
    #[serde(default)]
    pub hold_out: f64,
    /// Seed of their coins; 0: drawn anew for each live, and kept in its journal.
    #[serde(default)]
    pub hold_out_seed: u64,
}

/// What a recommendation is about: cards of one cause are one card, and some causes silence others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Checkout,
    Stock,
    Conversion,
    Carts,
    Payment,
    Audience,
    Product,
    Script,
    Chat,
    Ads,
    Customers,
    Leads,
    Ticket,
}

impl Cause {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Stock => "stock",
            Self::Conversion => "conversion",
            Self::Carts => "carts",
            Self::Payment => "payment",
            Self::Audience => "audience",
            Self::Product => "product",
            Self::Script => "script",
            Self::Chat => "chat",
            Self::Ads => "ads",
            Self::Customers => "customers",
            Self::Leads => "leads",
            Self::Ticket => "ticket",
        }
    }
}

/// What a watch looks at, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// The whole broadcast at once.
    #[default]
    Live,
    /// Each product that is planned or sells.
    Products,
    /// The product on air.
    OnAir,
    Channels,
}

/// Events that a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    OrdersPlaced,
    OrdersPaid,
    Units,
    Clicks,
    Adds,
    Views,
    CartsAbandoned,
    Checkouts,
    ChatMessages,
    Reactions,
}

/// What a rate counts them against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    Clicks,
    Adds,
    CartsOpened,
    OrdersPlaced,
    /// Viewers × minutes.
    ViewerMinutes,
    ChatMessages,
    Minutes,
}

/// What is expected of a rate is told apart by these parts, so that a change of the mix is no change of the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mix {
    #[default]
    None,
    Products,
    Channels,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    Falls,
    Rises,
}

/// What may run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// Units of a product, at the robust rate of its sales.
    Stock,
    /// Unpaid orders whose payment is about to expire.
    PendingPayments,
    /// A channel's budget of the plan.
    Budget,
}

/// Which groups are compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "of", deny_unknown_fields)]
pub enum Groups {
    /// Carts of this price band (major units) and above against those below: the share that is left.
    DearCarts { from: i64 },
    /// Segments of this kind against talk: viewers who stay.
    Segments { segment: SegmentKind },
    /// Each product against all others: orders per minute on air and per click.
    Products,
    /// Returning against new buyers: their share.
    Returning { share: f64 },
    /// Each channel against all others: buyers of its viewers. A ratio below 1 looks for one that converts that much worse.
    Channels,
}

/// What is watched and how it must move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Watch {
    /// A counted rate against its own baseline, sequentially (`engine/detect/rate`).
    Rate {
        events: Counted,
        against: Against,
        #[serde(default)]
        mix: Mix,
        #[serde(default)]
        across: Across,
        moves: Move,
    },
    /// A metric over or under a bound.
    Level {
        metric: String,
        #[serde(default)]
        across: Across,
        #[serde(default = "five_minutes")]
        span: String,
        #[serde(default)]
        above: Option<f64>,
        #[serde(default)]
        below: Option<f64>,
        /// The bound is a multiple of the break-even ROAS or of the live's own average.
        #[serde(default)]
        times: Times,
        /// Least support: events of the denominator.
        #[serde(default)]
        least: f64,
    },
    /// Two groups differ.
    Differ {
        groups: Groups,
        /// Least ratio between them, with the whole interval beyond 1.
        ratio: f64,
    },
    /// Something is used up before it should.
    RunsOut {
        supply: Supply,
        within_min: f64,
        /// Least units, orders: fewer are not worth a card.
        #[serde(default)]
        least: f64,
    },
    /// Sources disagree about stock, or more was sold than there was.
    StockWrong {},
    /// A chat gesture is made more often than before, per message.
    Surge {
        gesture: String,
        /// Least ratio against the twenty minutes before; the whole interval must lie above 1.
        ratio: f64,
        /// Least messages of the kind.
        least: u32,
        within_min: i64,
    },
    /// Questions wait.
    Questions { open: u32, oldest_s: i64 },
    /// Viewers near their peak while no offer runs.
    Peak { share: f64 },
    /// A KPI of the plan behind its pace.
    Behind { metric: String, share: f64 },
    /// Nobody clicks and nobody writes.
    Silence { seconds: i64 },
}

/// What a level's bound is a multiple of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// The number itself.
    #[default]
    One,
    BreakEven,
    LiveAverage,
}

fn five_minutes() -> String {
    "5m".to_owned()
}

/// How loud a card is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Something goes wrong: act.
    #[default]
    Act,
    /// An opportunity: gives way to what is wrong, and comes seldom.
    Hint,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub cause: Cause,
    #[serde(default)]
    pub urgency: Urgency,
    pub watch: Watch,
    /// The act that it proposes.
    pub act: InterventionKind,
    /// Where the funnel broke picks another act: factor (`clicks_per_viewer`, `click_to_cart`, `cart_to_order`, `ticket`, `viewers`) → kind.
    #[serde(default)]
    pub broke: BTreeMap<String, InterventionKind>,
    /// Not before this minute of the live.
    #[serde(default)]
    pub after_min: i64,
    /// Not with less than this left.
    #[serde(default)]
    pub left_min: i64,
    /// A CEL condition over the live's readings.
    #[serde(default)]
    pub guard: Option<String>,
    /// It must hold for so long before it is raised (a rate integrates by itself).
    #[serde(default)]
    pub hold_s: i64,
    /// A card stays so long after its reason is gone.
    #[serde(default = "two_minutes")]
    pub keep_s: i64,
    #[serde(default = "ten_minutes")]
    pub cooldown_s: i64,
    #[serde(default = "six")]
    pub most_per_live: u32,
    /// While its card is open, these causes raise nothing.
    #[serde(default)]
    pub inhibits: Vec<Cause>,
    /// Only for these aims; empty: for all.
    #[serde(default)]
    pub aims: Vec<Aim>,
    /// Of the act: `percent`, `minutes`, `below`, `text` …
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// By language: what moved, and what to say.
    pub words: BTreeMap<String, RuleWords>,
}

/// A rule's sentences in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleWords {
    /// What happened: `Fewer orders per click`.
    pub title: String,
    /// What the host says, in a few big words.
    pub say: String,
}

const fn two_minutes() -> i64 {
    120
}
const fn ten_minutes() -> i64 {
    600
}
const fn six() -> u32 {
    6
}

/// Longest condition.
pub const GUARD_CHARS: usize = 1_000;
/// Most rules of a playbook.
pub const MOST_RULES: usize = 500;
/// Languages that every rule must speak.
pub const LANGUAGES: [&str; 2] = ["en", "pt-BR"];

impl Playbook {
    /// Everything that is wrong with it, by rule, each with a remedy. Empty for one that can be used.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if self.rules.len() > MOST_RULES {
            problems.push((String::new(), format!("{} rules; at most {MOST_RULES} can be watched", self.rules.len())));
        }
        if !(0.0..=0.5).contains(&self.hold_out) {
            problems.push((String::new(), "hold_out must be a share from 0 to 0.5".to_owned()));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let name = if rule.name.is_empty() { format!("rule {}", index + 1) } else { rule.name.clone() };
            if self.rules[..index].iter().any(|other| other.name == rule.name) {
                problems.push((name.clone(), "another rule has this name; give each its own".to_owned()));
            }
            problems.extend(rule.problems().into_iter().map(|problem| (name.clone(), problem)));
        }
        problems
    }
}

impl Rule {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.name.is_empty() {
            problems.push("it has no name".to_owned());
        }
        for language in LANGUAGES.iter().filter(|language| !self.words.contains_key(**language)) {
            problems.push(format!("no words for {language}: add [rule.words.{language}] with title and say"));
        }
        if let Some(condition) = &self.guard
            && let Err(problem) = guard::Guard::compile(condition)
        {
            problems.push(format!("guard: {problem}"));
        }
        const FACTORS: [&str; 5] = ["viewers", "clicks_per_viewer", "click_to_cart", "cart_to_order", "ticket"];
        for factor in self.broke.keys().filter(|factor| !FACTORS.contains(&factor.as_str())) {
            problems.push(format!("broke.{factor}: no such factor; there are {}", FACTORS.join(", ")));
        }
        if self.hold_s < 0 || self.keep_s < 0 || self.cooldown_s < 0 || self.after_min < 0 || self.left_min < 0 {
            problems.push("times cannot be negative".to_owned());
        }
        problems.extend(self.watch.problems());
        problems
    }
}

impl Watch {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match self {
            Self::Level { metric, span, above, below, .. } => {
                if Metric::parse(metric).is_none() {
                    problems.push(format!("watch.metric {metric}: no such metric; `warroom schema metrics` lists them"));
                }
                if super::time::Span::ALL.iter().all(|known| known.label() != span) {
                    problems.push(format!("watch.span {span}: no such window; there are 10s, 1m, 5m, 10m, 15m, live"));
                }
                if above.is_some() == below.is_some() {
                    problems.push("watch: give either above or below".to_owned());
                }
            }
            Self::Behind { metric, share } => {
                if Metric::parse(metric).is_none() {
                    problems.push(format!("watch.metric {metric}: no such metric; `warroom schema metrics` lists them"));
                }
                if !(0.0..=1.0).contains(share) {
                    problems.push("watch.share must be from 0 to 1".to_owned());
                }
            }
            Self::Differ { ratio, .. } if *ratio <= 0.0 => problems.push("watch.ratio must be above 0".to_owned()),
            Self::Peak { share } if !(0.0..=1.0).contains(share) => problems.push("watch.share must be from 0 to 1".to_owned()),
            Self::RunsOut { within_min, .. } if *within_min <= 0.0 => problems.push("watch.within_min must be above 0".to_owned()),
            Self::Surge { gesture, .. } if Gesture::ALL.iter().all(|known| known.id() != gesture) => {
                problems.push(format!("watch.gesture {gesture}: no such gesture; there are {}", Gesture::ALL.map(Gesture::id).join(", ")));
            }
            Self::Rate { .. }
            | Self::Differ { .. }
            | Self::RunsOut { .. }
            | Self::StockWrong {}
            | Self::Surge { .. }
            | Self::Questions { .. }
            | Self::Peak { .. }
            | Self::Silence { .. } => {}
        }
        problems
    }

    /// The canonical event types that it needs: stale ones freeze it.
    #[must_use]
    pub fn needs(&self) -> &'static [&'static str] {
        match self {
            Self::Rate { events, against, .. } => match (events, against) {
                (Counted::OrdersPlaced | Counted::OrdersPaid | Counted::Units, Against::Clicks) => &["purchase", "select_item"],
                (Counted::OrdersPlaced | Counted::OrdersPaid | Counted::Units, Against::Adds) => &["purchase", "add_to_cart"],
                (Counted::OrdersPlaced | Counted::OrdersPaid | Counted::Units, Against::ViewerMinutes) => &["purchase", "audience"],
                (Counted::OrdersPlaced | Counted::OrdersPaid | Counted::Units, _) => &["purchase"],
                (Counted::Clicks, _) => &["select_item", "audience"],
                (Counted::Adds, Against::Clicks) => &["add_to_cart", "select_item"],
                (Counted::Adds, _) => &["add_to_cart"],
                (Counted::Views, _) => &["view_item"],
                (Counted::CartsAbandoned, _) => &["add_to_cart", "purchase"],
                (Counted::Checkouts, _) => &["begin_checkout"],
                (Counted::ChatMessages, _) => &["chat_message"],
                (Counted::Reactions, _) => &["reaction"],
            },
            Self::Level { .. } | Self::Behind { .. } => &[],
            Self::Differ { groups, .. } => match groups {
                Groups::DearCarts { .. } => &["add_to_cart", "purchase"],
                Groups::Segments { .. } => &["audience"],
                Groups::Products => &["purchase"],
                Groups::Returning { .. } => &["purchase"],
                Groups::Channels => &["purchase", "view_item"],
            },
            Self::RunsOut { supply: Supply::Stock, .. } => &["inventory", "purchase"],
            Self::RunsOut { supply: Supply::PendingPayments, .. } => &["purchase"],
            Self::RunsOut { supply: Supply::Budget, .. } => &["ad_spend"],
            Self::StockWrong {} => &["inventory"],
            Self::Surge { .. } | Self::Questions { .. } => &["chat_message"],
            Self::Peak { .. } => &["audience"],
            Self::Silence { .. } => &["chat_message", "select_item"],
        }
    }
}
