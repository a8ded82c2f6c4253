//! Every formula of the product, once. Panels, rules, summary and report all ask here.
//!
//! A [`Metric`] over a [`Scope`] and a [`Span`] is a [`Reading`]: a value, the counts that it stands on, and until when
//! it is complete. Ratios are sums over sums, unrounded; what is not known is [`Value::Unknown`] with a reason.

use serde::Serialize;

use super::id::Sym;
use super::money::Money;
use super::time::At;

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
