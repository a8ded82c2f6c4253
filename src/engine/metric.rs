//! Every formula of the product, once. Panels, rules, summary and report all ask here.
//!
//! A [`Metric`] over a [`Scope`] and a [`Span`] is a [`Reading`]: a value, the counts that it stands on, and until when
//! it is complete. Ratios are sums over sums, unrounded; what is not known is [`Value::Unknown`] with a reason.

mod ask;
mod chain;
mod special;
mod table;

use serde::Serialize;

use super::Engine;
use super::id::Sym;
use super::money::Money;
use super::series::{MINUTE_SLOTS, Sum, Window, slot_of, slot_of_minute};
use super::time::{At, SLOT_MS, Span};
use ask::{Ask, Term, Whom};
use table::How;
pub use table::{METRICS, MetricDef, ScopeKind, Unit, definition};

/// Defines [`Metric`] with its ids, so that an id is written once.
macro_rules! metrics {
    ($($variant:ident = $id:literal),* $(,)?) => {
        /// The metrics of the field (field guide, section 3) and the counts of events.md.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($variant),* }

        impl Metric {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// Its id on the wire and in every file.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }
        }
    };
}

metrics! {
    GmvPlaced = "gmv_placed", GmvPaid = "gmv_paid", GmvNet = "gmv_net", GmvAttributed = "gmv_attributed", GmvDirect = "gmv_direct",
    SalesPerMin = "sales_per_min", GmvPerMin = "gmv_per_min", GmvPerHour = "gmv_per_hour",
    GpmView = "gpm_view", GpmShow = "gpm_show", GpmProduct = "gpm_product", UvValue = "uv_value", Aov = "aov",
    EntryRate = "entry_rate", Ccu = "ccu", EngagedCcu = "engaged_ccu", Pcu = "pcu", Acu = "acu",
    ViewsPv = "views_pv", ViewersUv = "viewers_uv", AvgWatchS = "avg_watch_s", Retention30s = "retention_30s", Retention60s = "retention_60s",
    CtrRoom = "ctr_room", CtrProduct = "ctr_product", CoRate = "co_rate", CvrView = "cvr_view", CvrUv = "cvr_uv", CvrProduct = "cvr_product",
    AtcRate = "atc_rate", CartOrderRate = "cart_order_rate", ClicksPerViewer = "clicks_per_viewer", OrderPaidRate = "order_paid_rate",
    CartAbandon = "cart_abandon", CheckoutAbandon = "checkout_abandon", CartRecoveryRate = "cart_recovery_rate", RefundRate = "refund_rate",
    InteractionRate = "interaction_rate", ChatRate = "chat_rate", FollowRate = "follow_rate", NegFeedbackRate = "neg_feedback_rate",
    AdSpend = "ad_spend", Roas = "roas", Mer = "mer", RoasBreakeven = "roas_breakeven", Cpa = "cpa", Cac = "cac", Cpl = "cpl",
    Cpm = "cpm", Cpc = "cpc", CostPerLiveView = "cost_per_live_view", CostPer10sView = "cost_per_10s_view",
    NewBuyerShare = "new_buyer_share", PromoOrderShare = "promo_order_share", PremiumOrderShare = "premium_order_share", Ltv = "ltv",
    Stock = "stock", StockCoverMin = "stock_cover_min", SellThrough = "sell_through",
    OrdersPlaced = "orders_placed", OrdersPaid = "orders_paid", OrdersCancelled = "orders_cancelled", Units = "units",
    Buyers = "buyers", NewBuyers = "new_buyers",
    CartsOpened = "carts_opened", CartsIdle = "carts_idle", CartsUnbought = "carts_unbought", CartsAbandoned = "carts_abandoned",
    CartsRecovered = "carts_recovered", Checkouts = "checkouts",
    Views = "views", Clicks = "clicks", Adds = "adds", RoomImpressions = "room_impressions", ProductImpressions = "product_impressions",
    ChatMessages = "chat_messages", Chatters = "chatters", Reactions = "reactions", Likes = "likes", Shares = "shares", Follows = "follows", Gifts = "gifts",
    Leads = "leads", Refunds = "refunds", AdClicks = "ad_clicks", AdImpressions = "ad_impressions",
    Questions = "questions", QuestionsAnswered = "questions_answered", QuestionsUnanswered = "questions_unanswered", AnswerS = "answer_s",
}

impl Metric {
    /// The metric with that id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|metric| metric.id() == id)
    }
}

/// What a metric is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole broadcast.
    Live,
    Product(Sym),
    Channel(Sym),
    /// A price band of carts, by its place in [`super::plan::Limits::price_bands`].
    Band(usize),
    /// A segment that was on, by its place in the list of segments.
    Segment(usize),
    /// One presentation of a product, by its place in the list of explains.
    Explain(usize),
    /// A payment method, as the feeds write it.
    Method(Sym),
}

/// A known value, in its own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Count(i64),
    Money(Money),
    /// A ratio, a rate, seconds, minutes: see the metric's unit.
    Number(f64),
    Unknown(Why),
}

impl Value {
    /// As a plain number (minor units for money).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for drawing and comparing; sums stay integers")]
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(count as f64),
            Self::Money(money) => Some(money.minor as f64),
            Self::Number(number) => Some(number),
            Self::Unknown(_) => None,
        }
    }
}

/// Why a value is unknown. A closed list, in the summary as `why`, on the glass as words of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No feed of this desk gives the events that it needs.
    NotInFeeds,
    /// The metric is not told for this scope or window.
    NotForScope,
    NoViews,
    NoViewers,
    NoClicks,
    NoAdds,
    NoOrders,
    NoPaidOrders,
    NoBuyers,
    NoCarts,
    NoCheckouts,
    NoAbandonedCarts,
    NoImpressions,
    NoMessages,
    NoAnswers,
    NoSpend,
    NoLeads,
    NoNewBuyers,
    NoSales,
    NoStock,
    NoMargin,
    NoTarget,
    NoHistory,
    /// It is not known who bought before.
    NewUnknown,
    /// More than are kept.
    TooMany,
    SeveralCurrencies,
    /// The feed that it needs is stale.
    Stale,
    /// The window is not complete yet.
    NotEnoughYet,
}

/// A number with its support.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub value: Value,
    /// Of a ratio: the counted events (or minor units) above the line.
    pub numerator: Option<i128>,
    /// Of a ratio: what it is counted against.
    pub denominator: Option<i128>,
    /// The window ends here: no feed that it needs is complete beyond. `None` before anything is.
    pub until: Option<At>,
    /// True while a feed that it needs is stale: the value is the last known one.
    pub stale: bool,
}

impl Reading {
    #[must_use]
    pub const fn unknown(why: Why) -> Self {
        Self { value: Value::Unknown(why), numerator: None, denominator: None, until: None, stale: false }
    }
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.value.number()
    }
}

/// Which window a reading is asked over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// The one that ends at completeness, or so many before it.
    Span(Span, u32),
    Minute(i64),
}

impl Engine {
    /// A metric over a scope and the window that ends at the completeness of the feeds it needs.
    #[must_use]
    pub fn reading(&self, metric: Metric, scope: Scope, span: Span) -> Reading {
        self.read(metric, scope, Over::Span(span, 0))
    }

    /// The same metric over the window before that one. Before the whole live there is nothing.
    #[must_use]
    pub fn reading_before(&self, metric: Metric, scope: Scope, span: Span) -> Reading {
        if span == Span::Live {
            return Reading::unknown(Why::NoHistory);
        }
        self.read(metric, scope, Over::Span(span, 1))
    }

    /// The metric in one clock minute (UTC, minutes since 1970).
    #[must_use]
    pub fn reading_in_minute(&self, metric: Metric, scope: Scope, minute: i64) -> Reading {
        self.read(metric, scope, Over::Minute(minute))
    }

    fn read(&self, metric: Metric, scope: Scope, over: Over) -> Reading {
        let row = definition(metric);
        if !row.scopes.contains(&kind_of(scope)) {
            return Reading::unknown(Why::NotForScope);
        }
        let told_by_platform = self.is_told_by_platform(metric);
        // a payment names no products
        let by_line = matches!(scope, Scope::Product(_)) || matches!(metric, Metric::Units | Metric::SellThrough | Metric::StockCoverMin);
        let own = row.needs.iter().all(|group| self.is_needed_told(group, told_by_platform, by_line));
        if !own && !told_by_platform {
            return Reading::unknown(Why::NotInFeeds);
        }
        let until = if own { self.complete_to_all(row.needs, told_by_platform) } else { self.complete_to(&["reading"]) };
        let Some(until) = until else { return Reading::unknown(Why::NotEnoughYet) };
        let Some(ask) = self.ask(metric, scope, over, until) else { return Reading::unknown(Why::NotForScope) };
        if over_is_ahead(over, until) {
            return Reading { until: Some(until), ..Reading::unknown(Why::NotEnoughYet) };
        }
        if let Some(why) = ask.currency().err().filter(|_| is_by_price(metric, scope)) {
            return Reading { until: Some(until), ..Reading::unknown(why) };
        }
        let reading = if own { answer(&ask, row.how) } else { special::told(&ask).unwrap_or(Reading::unknown(Why::NotInFeeds)) };
        let names_nobody = metric == Metric::ViewersUv && reading.value == Value::Count(0) && !self.names_visitors();
        let reading = if names_nobody { Reading::unknown(Why::NotInFeeds) } else { reading };
        let stale = row.needs.iter().any(|group| self.is_stale(group));
        Reading { until: Some(until), stale, ..reading }
    }

    /// True where some event has named a visitor, or would.
    fn names_visitors(&self) -> bool {
        self.is_told(&["viewer_join"]) || self.live().commerce.visitors.ever(None) > 0
    }

    /// True where a platform's own counter tells this metric.
    fn is_told_by_platform(&self, metric: Metric) -> bool {
        self.live().commerce.readings.tells(metric)
    }

    /// One of the types of a group has come, or a feed gives it; a payment is an order where the plan says so, but not its lines.
    fn is_needed_told(&self, group: &[&str], by_platform: bool, by_line: bool) -> bool {
        let payments = || !by_line && self.plan().orders_from == super::plan::OrdersFrom::Payments && group.contains(&"purchase");
        let entries = || {
            let readings = &self.live().commerce.readings;
            (group.contains(&"viewer_join") && (readings.tells(Metric::ViewsPv) || readings.tells(Metric::ViewersUv)))
                || (by_platform && group.contains(&"viewer_join"))
        };
        let gauges = || group.contains(&"audience") && !self.live().commerce.audience.is_empty();
        self.is_told(group) || entries() || gauges() || (payments() && self.is_told(&["payment"]))
    }

    /// The oldest completeness of what a metric needs.
    fn complete_to_all(&self, needs: &[&[&str]], by_platform: bool) -> Option<At> {
        let mut until = self.now();
        for group in needs.iter().filter(|group| self.is_told(group)) {
            until = until.min(self.complete_to(group)?);
        }
        if by_platform { self.complete_to(&["reading"]).map(|to| to.min(until)) } else { Some(until) }
    }

    fn ask(&self, metric: Metric, scope: Scope, over: Over, until: At) -> Option<Ask<'_>> {
        let (whom, stretch) = self.resolve(scope)?;
        let begins = self.begins();
        let (window, from, to, past) = match (over, stretch) {
            (Over::Minute(minute), _) => {
                let from = slot_of_minute(minute);
                (Window::between(from, from + MINUTE_SLOTS), At::from_minute(minute), At::from_minute(minute + 1), true)
            }
            (Over::Span(Span::Live, _), Some((from, to))) => (Window::between(slot_of(from), slot_of(to) + 1), from, to, true),
            (Over::Span(span, back), stretch) => match span.ms() {
                None => (Window { from: 0, to: u32::MAX, whole: true }, begins, self.now(), false),
                Some(length) => {
                    let to = At::from_ms(until.slot() * SLOT_MS - length * i64::from(back));
                    let from = to.plus_ms(-length);
                    let (from, to) = stretch.map_or((from, to), |(begun, ended)| (from.max(begun), to.min(ended)));
                    (Window::between(slot_of(from), slot_of(to).max(slot_of(from))), from, to, back > 0)
                }
            },
        };
        Some(Ask { engine: self, metric, whom, window, from, to, past })
    }

    /// When the live that rates are told over began.
    fn begins(&self) -> At {
        let first = self.tally().from;
        match (self.plan().starts_at, first) {
            (Some(start), Some(_)) if start <= self.now() => start,
            (_, Some(first)) => first,
            (Some(start), None) => start,
            (None, None) => self.now(),
        }
    }

    /// The scope with its merged channels; a segment or an explain is a stretch of time.
    fn resolve(&self, scope: Scope) -> Option<(Whom, Option<(At, At)>)> {
        Some(match scope {
            Scope::Live => (Whom::Live, None),
            Scope::Product(product) => (Whom::Product(product), None),
            Scope::Channel(channel) => {
                let live = self.live();
                (Whom::Channels(live.commerce.channels.told_under(channel, &live.books).collect()), None)
            }
            Scope::Band(band) => (Whom::Band(band), None),
            Scope::Method(method) => (Whom::Method(method), None),
            Scope::Segment(index) => {
                let segments = self.segments();
                let segment = segments.iter().find(|segment| segment.index == index)?;
                (Whom::Live, Some((segment.from, segment.to.unwrap_or(self.now()))))
            }
            Scope::Explain(index) => {
                let explain = self.explains().into_iter().find(|explain| explain.index == index)?;
                (Whom::Product(explain.product), Some((explain.from, explain.to.unwrap_or(self.now()))))
            }
        })
    }
}

/// What is counted by its price: amounts of several currencies have none in common.
const fn is_by_price(metric: Metric, scope: Scope) -> bool {
    matches!(scope, Scope::Band(_)) || matches!(metric, Metric::PremiumOrderShare)
}

/// A minute that nothing is complete of yet.
fn over_is_ahead(over: Over, until: At) -> bool {
    matches!(over, Over::Minute(minute) if At::from_minute(minute) > until)
}

const fn kind_of(scope: Scope) -> ScopeKind {
    match scope {
        Scope::Live => ScopeKind::Live,
        Scope::Product(_) => ScopeKind::Product,
        Scope::Channel(_) => ScopeKind::Channel,
        Scope::Band(_) => ScopeKind::Band,
        Scope::Segment(_) => ScopeKind::Segment,
        Scope::Explain(_) => ScopeKind::Explain,
        Scope::Method(_) => ScopeKind::Method,
    }
}

fn answer(ask: &Ask<'_>, how: How) -> Reading {
    let both = |over, under| Ok((ask.term(over)?, ask.term(under)?));
    let reading = match how {
        How::Plain(term) => ask.plain(term),
        How::Own(own) => own(ask),
        How::PerTime(term, minutes) => ask.per_time(term, minutes),
        How::Ratio(over, under, zero) => match both(over, under) {
            Ok((over, under)) => ask.ratio(over, under, zero),
            Err(why) => Reading::unknown(why),
        },
        How::MoneyPer(over, under, times, zero) => match both(over, under) {
            Ok((over, under)) => ask.money_per(over, under, times, zero),
            Err(why) => Reading::unknown(why),
        },
        How::CostPer(under, times, zero) => match both(Term::Money(Sum::AdSpend), under) {
            Ok((0, _)) => Reading::unknown(Why::NoSpend),
            Ok((spent, under)) => ask.money_per(spent, under, times, zero),
            Err(why) => Reading::unknown(why),
        },
    };
    match reading.value {
        Value::Unknown(Why::NotInFeeds) => special::told(ask).unwrap_or(reading),
        _ => reading,
    }
}

#[cfg(test)]
mod tests;
