//! The table that the product works by: every metric with its formula, what it needs and where it is told.

use serde::Serialize;

use super::Metric;
use super::Why;
use super::ask::{Ask, Term};
use super::special;
use crate::engine::metric::Reading;
use crate::engine::series::{Count, Sum};

/// What a value is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Count,
    /// Minor units of the desk's currency.
    Money,
    /// A share, a rate, a quotient without a unit.
    Ratio,
    PerMinute,
    Seconds,
    Minutes,
}

/// The kinds of [`super::Scope`] that a metric is told for. A segment is a stretch of the live, an explain one of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    Live,
    Product,
    Channel,
    Band,
    Segment,
    Explain,
    Method,
}

/// How a value is worked out.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// One sum as it is.
    Plain(Term),
    /// One sum over another; `Why` says what is missing when the lower one is zero.
    Ratio(Term, Term, Why),
    /// Money over a count, so many times, half to even.
    MoneyPer(Term, Term, i64, Why),
    /// Ad spend over a count, so many times; what costs nothing has no cost per order, not one of zero.
    CostPer(Term, i64, Why),
    /// One sum over the minutes of the window, or over so many of them.
    PerTime(Term, i64),
    Own(fn(&Ask<'_>) -> Reading),
}

/// A metric of the product.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MetricDef {
    #[serde(rename = "id", serialize_with = "id")]
    pub metric: Metric,
    pub unit: Unit,
    pub numerator: &'static str,
    pub denominator: &'static str,
    /// Event types: of every group one must come.
    pub needs: &'static [&'static [&'static str]],
    pub scopes: &'static [ScopeKind],
    pub formula: &'static str,
    pub source: &'static str,
    #[serde(skip)]
    pub how: How,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn id<S: serde::Serializer>(metric: &Metric, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(metric.id())
}

use How::{CostPer, MoneyPer, Own, PerTime, Plain, Ratio};
use ScopeKind::{Band, Channel, Explain, Live, Method, Product, Segment};

type Needs = &'static [&'static [&'static str]];
type Scopes = &'static [ScopeKind];

const ORDERS: &[&str] = &["purchase"];
const CARTS: &[&str] = &["add_to_cart", "begin_checkout", "cart"];
const CLICKS: &[&str] = &["select_item"];
const ADDS: &[&str] = &["add_to_cart"];
const CHAT: &[&str] = &["chat_message"];
const REACTIONS: &[&str] = &["reaction"];
const ENTRIES: &[&str] = &["viewer_join"];
const STAYS: &[&str] = &["viewer_leave"];
const VISITORS: &[&str] = &[
    "viewer_join",
    "view_item",
    "select_item",
    "add_to_cart",
    "remove_from_cart",
    "begin_checkout",
    "add_payment_info",
    "cart",
    "viewer_leave",
    "purchase",
];
const GAUGE: &[&str] = &["audience"];
const ADS: &[&str] = &["ad_spend"];
const LEADS: &[&str] = &["generate_lead"];
const PLATFORM: &[&str] = &["reading"];

const EVERYWHERE: Scopes = &[Live, Product, Channel, Method, Segment, Explain];
const ORDERED: Scopes = &[Live, Product, Channel, Method, Segment, Explain];
const WHOLE_ORDER: Scopes = &[Live, Channel, Method, Segment];
const FUNNEL: Scopes = &[Live, Product, Channel, Segment, Explain];
const ROOM: Scopes = &[Live, Channel, Segment];
const BROADCAST: Scopes = &[Live, Segment];
const CARTED: Scopes = &[Live, Product, Channel, Band, Segment, Explain];

const GUIDE: &str = "field guide 3";
const CONTRACT: &str = "events, counts";
const ORDER_RULES: &str = "events, orders";
const CART_RULES: &str = "events, carts";
const QUESTION_RULES: &str = "events, questions";

/// A row of [`METRICS`]: metric, unit, how, numerator over denominator, needs, scopes, formula, source.
const fn row(
    metric: Metric,
    unit: Unit,
    how: How,
    over: (&'static str, &'static str),
    told: (Needs, Scopes),
    text: (&'static str, &'static str),
) -> MetricDef {
    MetricDef { metric, unit, how, numerator: over.0, denominator: over.1, needs: told.0, scopes: told.1, formula: text.0, source: text.1 }
}

const fn count(metric: Metric, of: Count, told: (Needs, Scopes), text: (&'static str, &'static str)) -> MetricDef {
    row(metric, Unit::Count, Plain(Term::Count(of)), (metric.id(), ""), told, text)
}

const fn money(metric: Metric, of: Sum, told: (Needs, Scopes), text: (&'static str, &'static str)) -> MetricDef {
    row(metric, Unit::Money, Plain(Term::Money(of)), (metric.id(), ""), told, text)
}

/// Every metric, once.
pub static METRICS: &[MetricDef] = &[
    money(
        Metric::GmvPlaced,
        Sum::GmvPlaced,
        (&[ORDERS], ORDERED),
        ("value of orders ever placed; of a product: quantity x price - discount of its items", ORDER_RULES),
    ),
    money(Metric::GmvPaid, Sum::GmvPaid, (&[ORDERS], ORDERED), ("value of orders ever paid, in the minute of payment", ORDER_RULES)),
    money(
        Metric::GmvNet,
        Sum::GmvNet,
        (&[ORDERS], WHOLE_ORDER),
        ("paid - min(paid, max(paid if cancelled, refunds)), each change in its own minute", ORDER_RULES),
    ),
    row(
        Metric::GmvAttributed,
        Unit::Money,
        Own(special::attributed),
        ("gmv_attributed", ""),
        (&[ORDERS], WHOLE_ORDER),
        ("paid value of orders that name this live by tag, coupon or campaign of the plan's scope", GUIDE),
    ),
    money(
        Metric::GmvDirect,
        Sum::GmvDirect,
        (&[ORDERS], WHOLE_ORDER),
        ("paid value of orders placed between start and end of the live", GUIDE),
    ),
    row(
        Metric::SalesPerMin,
        Unit::PerMinute,
        PerTime(Term::Count(Count::OrdersPlaced), 1),
        ("orders_placed", "minutes"),
        (&[ORDERS], ORDERED),
        ("orders_placed / minutes of the window", GUIDE),
    ),
    row(
        Metric::GmvPerMin,
        Unit::Money,
        PerTime(Term::Money(Sum::GmvPaid), 1),
        ("gmv_paid", "minutes"),
        (&[ORDERS], ORDERED),
        ("gmv_paid / minutes of the window", GUIDE),
    ),
    row(
        Metric::GmvPerHour,
        Unit::Money,
        PerTime(Term::Money(Sum::GmvPaid), 60),
        ("gmv_paid", "hours"),
        (&[ORDERS], ORDERED),
        ("gmv_paid / hours of the window", GUIDE),
    ),
    row(
        Metric::GpmView,
        Unit::Money,
        MoneyPer(Term::Money(Sum::GmvPaid), Term::ViewsPv, 1_000, Why::NoViews),
        ("gmv_paid x 1000", "views_pv"),
        (&[ORDERS, ENTRIES], ROOM),
        ("gmv_paid / views_pv x 1000", GUIDE),
    ),
    row(
        Metric::GpmShow,
        Unit::Money,
        MoneyPer(Term::Money(Sum::GmvPaid), Term::Told(Metric::RoomImpressions), 1_000, Why::NoImpressions),
        ("gmv_paid x 1000", "room_impressions"),
        (&[ORDERS, PLATFORM], ROOM),
        ("gmv_paid / room_impressions x 1000", GUIDE),
    ),
    row(
        Metric::GpmProduct,
        Unit::Money,
        MoneyPer(Term::Money(Sum::GmvPaid), Term::Told(Metric::ProductImpressions), 1_000, Why::NoImpressions),
        ("gmv_paid x 1000", "product_impressions"),
        (&[ORDERS, PLATFORM], &[Product, Explain]),
        ("gmv_paid of the product / its product_impressions x 1000", GUIDE),
    ),
    row(
        Metric::UvValue,
        Unit::Money,
        MoneyPer(Term::Money(Sum::GmvPaid), Term::ViewersUv, 1, Why::NoViewers),
        ("gmv_paid", "viewers_uv"),
        (&[ORDERS, VISITORS], ROOM),
        ("gmv_paid / viewers_uv", GUIDE),
    ),
    row(
        Metric::Aov,
        Unit::Money,
        MoneyPer(Term::Money(Sum::GmvPaid), Term::Count(Count::OrdersPaid), 1, Why::NoPaidOrders),
        ("gmv_paid", "orders_paid"),
        (&[ORDERS], ORDERED),
        ("gmv_paid / orders_paid", GUIDE),
    ),
    row(
        Metric::EntryRate,
        Unit::Ratio,
        Ratio(Term::ViewsPv, Term::Told(Metric::RoomImpressions), Why::NoImpressions),
        ("views_pv", "room_impressions"),
        (&[ENTRIES, PLATFORM], ROOM),
        ("views_pv / room_impressions", GUIDE),
    ),
    row(
        Metric::Ccu,
        Unit::Count,
        Own(special::ccu),
        ("ccu", ""),
        (&[GAUGE], &[Live, Channel, Segment, Explain]),
        ("sum over sources of the latest gauge within its stale limit; of a segment or explain: the average over it", CONTRACT),
    ),
    row(
        Metric::EngagedCcu,
        Unit::Count,
        Own(special::engaged),
        ("engaged_ccu", ""),
        (&[GAUGE], &[Live, Channel, Segment]),
        ("as ccu, of viewers there for more than a minute", GUIDE),
    ),
    row(Metric::Pcu, Unit::Count, Own(special::peak), ("pcu", ""), (&[GAUGE], ROOM), ("max(ccu)", GUIDE)),
    row(
        Metric::Acu,
        Unit::Count,
        Own(special::average),
        ("viewer seconds", "known seconds"),
        (&[GAUGE], ROOM),
        ("time average of ccu where it is known", GUIDE),
    ),
    row(
        Metric::ViewsPv,
        Unit::Count,
        Plain(Term::ViewsPv),
        ("views_pv", ""),
        (&[ENTRIES], ROOM),
        ("room entries: the platform's reading, else viewer_join", CONTRACT),
    ),
    row(
        Metric::ViewersUv,
        Unit::Count,
        Plain(Term::ViewersUv),
        ("viewers_uv", ""),
        (&[VISITORS], ROOM),
        ("the platform's reading, else distinct visitor of any event", CONTRACT),
    ),
    row(
        Metric::AvgWatchS,
        Unit::Seconds,
        Ratio(Term::Count(Count::WatchedS), Term::Count(Count::Visits), Why::NoViewers),
        ("watched seconds", "visits that ended"),
        (&[STAYS], BROADCAST),
        ("watched seconds of visits that ended in the window / those visits", GUIDE),
    ),
    row(
        Metric::Retention30s,
        Unit::Ratio,
        Own(special::retention_30),
        ("visits of at least 30 s", "visits that began"),
        (&[STAYS], BROADCAST),
        ("1 - visits that were over before 30 s / visits that began at least 30 s ago", GUIDE),
    ),
    row(
        Metric::Retention60s,
        Unit::Ratio,
        Own(special::retention_60),
        ("visits of at least 60 s", "visits that began"),
        (&[STAYS], BROADCAST),
        ("1 - visits that were over before 60 s / visits that began at least 60 s ago", GUIDE),
    ),
    row(
        Metric::CtrRoom,
        Unit::Ratio,
        Ratio(Term::Count(Count::Clicks), Term::ViewsPv, Why::NoViews),
        ("clicks", "views_pv"),
        (&[CLICKS, ENTRIES], ROOM),
        ("clicks / views_pv", GUIDE),
    ),
    row(
        Metric::CtrProduct,
        Unit::Ratio,
        Ratio(Term::Count(Count::Clicks), Term::Told(Metric::ProductImpressions), Why::NoImpressions),
        ("clicks", "product_impressions"),
        (&[CLICKS, PLATFORM], &[Live, Product, Segment, Explain]),
        ("clicks / product_impressions", GUIDE),
    ),
    row(
        Metric::CoRate,
        Unit::Ratio,
        Ratio(Term::Count(Count::OrdersPlaced), Term::Count(Count::Clicks), Why::NoClicks),
        ("orders_placed", "clicks"),
        (&[ORDERS, CLICKS], FUNNEL),
        ("orders_placed / clicks", GUIDE),
    ),
    row(
        Metric::CvrView,
        Unit::Ratio,
        Ratio(Term::Count(Count::OrdersPlaced), Term::ViewsPv, Why::NoViews),
        ("orders_placed", "views_pv"),
        (&[ORDERS, ENTRIES], ROOM),
        ("orders_placed / views_pv", GUIDE),
    ),
    row(
        Metric::CvrUv,
        Unit::Ratio,
        Ratio(Term::Buyers, Term::ViewersUv, Why::NoViewers),
        ("buyers", "viewers_uv"),
        (&[ORDERS, VISITORS], ROOM),
        ("buyers / viewers_uv", GUIDE),
    ),
    row(
        Metric::CvrProduct,
        Unit::Ratio,
        Ratio(Term::Buyers, Term::ProductVisitors, Why::NoViewers),
        ("buyers of the product", "visitors of the product"),
        (&[ORDERS, &["view_item", "select_item", "add_to_cart"]], &[Product, Explain]),
        ("buyers of the product / distinct visitors who viewed, clicked or added it", GUIDE),
    ),
    row(
        Metric::AtcRate,
        Unit::Ratio,
        Ratio(Term::Count(Count::Adds), Term::Count(Count::Clicks), Why::NoClicks),
        ("adds", "clicks"),
        (&[ADDS, CLICKS], FUNNEL),
        ("adds / clicks", GUIDE),
    ),
    row(
        Metric::CartOrderRate,
        Unit::Ratio,
        Ratio(Term::Count(Count::OrdersPlaced), Term::Count(Count::Adds), Why::NoAdds),
        ("orders_placed", "adds"),
        (&[ORDERS, ADDS], FUNNEL),
        ("orders_placed / adds", GUIDE),
    ),
    row(
        Metric::ClicksPerViewer,
        Unit::Ratio,
        Ratio(Term::Count(Count::Clicks), Term::ViewersUv, Why::NoViewers),
        ("clicks", "viewers_uv"),
        (&[CLICKS, VISITORS], ROOM),
        ("clicks / viewers_uv", GUIDE),
    ),
    row(
        Metric::OrderPaidRate,
        Unit::Ratio,
        Ratio(Term::Count(Count::OrdersPaid), Term::Count(Count::OrdersPlaced), Why::NoOrders),
        ("orders_paid", "orders_placed"),
        (&[ORDERS], ORDERED),
        ("orders_paid / orders_placed", GUIDE),
    ),
    row(
        Metric::CartAbandon,
        Unit::Ratio,
        Ratio(Term::CartsAbandoned, Term::CartsEnded, Why::NoCarts),
        ("carts_abandoned", "carts abandoned + carts bought"),
        (&[CARTS], CARTED),
        ("abandoned / (abandoned + bought) as they stand; of a window: those that were abandoned or bought in it", CART_RULES),
    ),
    row(
        Metric::CheckoutAbandon,
        Unit::Ratio,
        Ratio(Term::CheckoutsLost, Term::Count(Count::Checkouts), Why::NoCheckouts),
        ("checkouts without a purchase", "checkouts"),
        (&[&["begin_checkout"]], CARTED),
        ("checkouts without a purchase / checkouts", CART_RULES),
    ),
    row(
        Metric::CartRecoveryRate,
        Unit::Ratio,
        Ratio(Term::CartsRecovered, Term::CartsEverAbandoned, Why::NoAbandonedCarts),
        ("carts_recovered", "carts ever abandoned"),
        (&[CARTS], CARTED),
        ("abandoned carts whose cart, visitor or customer bought afterwards / carts ever abandoned", CART_RULES),
    ),
    row(
        Metric::RefundRate,
        Unit::Ratio,
        Ratio(Term::Money(Sum::Refunded), Term::Money(Sum::GmvPaid), Why::NoPaidOrders),
        ("refunded amount", "gmv_paid"),
        (&[ORDERS, &["refund"]], WHOLE_ORDER),
        ("refunded amount / gmv_paid", GUIDE),
    ),
    row(
        Metric::InteractionRate,
        Unit::Ratio,
        Ratio(Term::Interacting, Term::ViewersUv, Why::NoViewers),
        ("people who wrote, liked or shared", "viewers_uv"),
        (&[&["chat_message", "reaction"], VISITORS], BROADCAST),
        ("distinct people who wrote, liked or shared / viewers_uv", GUIDE),
    ),
    row(
        Metric::ChatRate,
        Unit::PerMinute,
        PerTime(Term::Count(Count::Chats), 1),
        ("chat_messages", "minutes"),
        (&[CHAT], BROADCAST),
        ("chat_messages / minutes of the window", GUIDE),
    ),
    row(
        Metric::FollowRate,
        Unit::Ratio,
        Ratio(Term::Count(Count::Follows), Term::ViewersUv, Why::NoViewers),
        ("follows", "viewers_uv"),
        (&[REACTIONS, VISITORS], BROADCAST),
        ("follows / viewers_uv", GUIDE),
    ),
    row(
        Metric::NegFeedbackRate,
        Unit::Ratio,
        Own(special::only_told),
        ("not interested", "impressions"),
        (&[PLATFORM], BROADCAST),
        ("the platform's reading", GUIDE),
    ),
    money(Metric::AdSpend, Sum::AdSpend, (&[ADS], ROOM), ("ad spend, buckets spread over their elapsed minutes", CONTRACT)),
    row(
        Metric::Roas,
        Unit::Ratio,
        Ratio(Term::SpendersGmv, Term::Money(Sum::AdSpend), Why::NoSpend),
        ("gmv_paid of the channels that spend", "ad_spend"),
        (&[ORDERS, ADS], ROOM),
        ("gmv_paid of the channel / its ad_spend; of the live: of all channels that spend", "events, ratios"),
    ),
    row(
        Metric::Mer,
        Unit::Ratio,
        Ratio(Term::Money(Sum::GmvPaid), Term::Money(Sum::AdSpend), Why::NoSpend),
        ("gmv_paid", "ad_spend"),
        (&[ORDERS, ADS], BROADCAST),
        ("gmv_paid / ad_spend of all channels", GUIDE),
    ),
    row(
        Metric::RoasBreakeven,
        Unit::Ratio,
        Own(special::breakeven),
        ("1", "contribution margin"),
        (&[], &[Live, Product, Channel]),
        ("1 / contribution margin; of the live: by what was paid of each product", GUIDE),
    ),
    row(
        Metric::Cpa,
        Unit::Money,
        CostPer(Term::Count(Count::OrdersPlaced), 1, Why::NoOrders),
        ("ad_spend", "orders_placed"),
        (&[ADS, ORDERS], ROOM),
        ("ad_spend / orders_placed", GUIDE),
    ),
    row(
        Metric::Cac,
        Unit::Money,
        CostPer(Term::NewBuyers, 1, Why::NoNewBuyers),
        ("ad_spend", "new_buyers"),
        (&[ADS, ORDERS], ROOM),
        ("ad_spend / new_buyers", GUIDE),
    ),
    row(
        Metric::Cpl,
        Unit::Money,
        CostPer(Term::Count(Count::Leads), 1, Why::NoLeads),
        ("ad_spend", "leads"),
        (&[ADS, LEADS], ROOM),
        ("ad_spend / leads", GUIDE),
    ),
    row(
        Metric::Cpm,
        Unit::Money,
        CostPer(Term::Count(Count::AdImpressions), 1_000, Why::NoImpressions),
        ("ad_spend x 1000", "ad_impressions"),
        (&[ADS], ROOM),
        ("ad_spend / ad_impressions x 1000", GUIDE),
    ),
    row(
        Metric::Cpc,
        Unit::Money,
        CostPer(Term::Count(Count::AdClicks), 1, Why::NoClicks),
        ("ad_spend", "ad_clicks"),
        (&[ADS], ROOM),
        ("ad_spend / ad_clicks", GUIDE),
    ),
    row(
        Metric::CostPerLiveView,
        Unit::Money,
        CostPer(Term::ViewsPv, 1, Why::NoViews),
        ("ad_spend", "views_pv"),
        (&[ADS, ENTRIES], ROOM),
        ("ad_spend / views_pv", GUIDE),
    ),
    row(
        Metric::CostPer10sView,
        Unit::Money,
        CostPer(Term::Views10s, 1, Why::NoViews),
        ("ad_spend", "visits of at least 10 s"),
        (&[ADS, STAYS], BROADCAST),
        ("ad_spend / visits of at least 10 s", GUIDE),
    ),
    row(
        Metric::NewBuyerShare,
        Unit::Ratio,
        Ratio(Term::NewBuyers, Term::ToldBuyers, Why::NoBuyers),
        ("new_buyers", "buyers of whom it is known"),
        (&[ORDERS], ROOM),
        ("first-ever buyers / buyers of whom it is known", GUIDE),
    ),
    row(
        Metric::PromoOrderShare,
        Unit::Ratio,
        Ratio(Term::Count(Count::PromoOrders), Term::Count(Count::OrdersPlaced), Why::NoOrders),
        ("orders with a discount or a coupon", "orders_placed"),
        (&[ORDERS], WHOLE_ORDER),
        ("orders placed with a discount or a coupon / orders_placed", "plan, audience profile"),
    ),
    row(
        Metric::PremiumOrderShare,
        Unit::Ratio,
        Ratio(Term::Count(Count::PremiumOrders), Term::Count(Count::OrdersPlaced), Why::NoOrders),
        ("orders in the dearest price band", "orders_placed"),
        (&[ORDERS], WHOLE_ORDER),
        ("orders placed in the dearest price band / orders_placed", "plan, audience profile"),
    ),
    row(
        Metric::Ltv,
        Unit::Money,
        Own(special::ltv),
        ("aov x (buyers + buyers who bought before or again)", "buyers"),
        (&[ORDERS], &[Live]),
        ("aov x (1 + buyers who bought before or again / buyers)", GUIDE),
    ),
    row(
        Metric::Stock,
        Unit::Count,
        Own(special::stock),
        ("stock", ""),
        (&[], &[Live, Product]),
        ("units available over all places; of sources that disagree the least; without a feed the plan's stock - units", GUIDE),
    ),
    row(
        Metric::StockCoverMin,
        Unit::Minutes,
        Own(special::cover),
        ("stock", "units per minute"),
        (&[ORDERS], &[Product]),
        ("stock / units per minute over 15 minutes, the best minute counted as the second best", GUIDE),
    ),
    row(
        Metric::SellThrough,
        Unit::Ratio,
        Own(special::sell_through),
        ("units", "opening stock"),
        (&[ORDERS], &[Live, Product]),
        ("units / opening stock (the plan's, else the first figure and what was sold before it)", GUIDE),
    ),
    count(Metric::OrdersPlaced, Count::OrdersPlaced, (&[ORDERS], ORDERED), ("orders that ever reached the state", ORDER_RULES)),
    count(Metric::OrdersPaid, Count::OrdersPaid, (&[ORDERS], ORDERED), ("orders that were ever paid", ORDER_RULES)),
    count(Metric::OrdersCancelled, Count::OrdersCancelled, (&[ORDERS], ORDERED), ("orders that were cancelled", ORDER_RULES)),
    count(Metric::Units, Count::Units, (&[ORDERS], ORDERED), ("quantities of items of orders placed", ORDER_RULES)),
    row(
        Metric::Buyers,
        Unit::Count,
        Plain(Term::Buyers),
        ("buyers", ""),
        (&[ORDERS], EVERYWHERE),
        ("distinct customer, else visitor, else order, of orders placed", ORDER_RULES),
    ),
    row(
        Metric::NewBuyers,
        Unit::Count,
        Plain(Term::NewBuyers),
        ("new_buyers", ""),
        (&[ORDERS], ROOM),
        ("first-ever buyers, by the platform's word, else by the ledger of earlier lives", ORDER_RULES),
    ),
    count(Metric::CartsOpened, Count::CartsOpened, (&[CARTS], CARTED), ("carts by their first fact", CART_RULES)),
    row(
        Metric::CartsIdle,
        Unit::Count,
        Own(special::carts_idle),
        ("carts_idle", ""),
        (&[CARTS], BOUGHT_CARTS),
        ("open carts without activity for 5 minutes", CART_RULES),
    ),
    row(
        Metric::CartsUnbought,
        Unit::Count,
        Own(special::carts_unbought),
        ("carts_unbought", ""),
        (&[CARTS], BOUGHT_CARTS),
        ("carts that are not bought: open, idle and abandoned", CART_RULES),
    ),
    row(
        Metric::CartsAbandoned,
        Unit::Count,
        Plain(Term::CartsAbandoned),
        ("carts_abandoned", ""),
        (&[CARTS], CARTED),
        ("carts that stand abandoned; of a window: those first abandoned in it", CART_RULES),
    ),
    row(
        Metric::CartsRecovered,
        Unit::Count,
        Plain(Term::CartsRecovered),
        ("carts_recovered", ""),
        (&[CARTS], CARTED),
        ("abandoned carts whose cart, visitor or customer bought afterwards", CART_RULES),
    ),
    count(Metric::Checkouts, Count::Checkouts, (&[&["begin_checkout"]], CARTED), ("carts with begin_checkout", CART_RULES)),
    count(Metric::Views, Count::Views, (&[&["view_item"]], FUNNEL), ("view_item", CONTRACT)),
    count(Metric::Clicks, Count::Clicks, (&[CLICKS], FUNNEL), ("select_item", CONTRACT)),
    count(Metric::Adds, Count::Adds, (&[ADDS], FUNNEL), ("add_to_cart", CONTRACT)),
    row(
        Metric::RoomImpressions,
        Unit::Count,
        Plain(Term::Told(Metric::RoomImpressions)),
        ("room_impressions", ""),
        (&[PLATFORM], ROOM),
        ("the platform's reading", GUIDE),
    ),
    row(
        Metric::ProductImpressions,
        Unit::Count,
        Plain(Term::Told(Metric::ProductImpressions)),
        ("product_impressions", ""),
        (&[PLATFORM], &[Live, Product, Segment, Explain]),
        ("the platform's reading", GUIDE),
    ),
    count(Metric::ChatMessages, Count::Chats, (&[CHAT], BROADCAST), ("chat_message", CONTRACT)),
    row(
        Metric::Chatters,
        Unit::Count,
        Plain(Term::Chatters),
        ("chatters", ""),
        (&[CHAT], BROADCAST),
        ("distinct authors of messages", CONTRACT),
    ),
    count(Metric::Reactions, Count::Reactions, (&[REACTIONS], BROADCAST), ("reactions of every kind", CONTRACT)),
    count(Metric::Likes, Count::Likes, (&[REACTIONS], BROADCAST), ("likes", CONTRACT)),
    count(Metric::Shares, Count::Shares, (&[REACTIONS], BROADCAST), ("shares", CONTRACT)),
    count(Metric::Follows, Count::Follows, (&[REACTIONS], BROADCAST), ("follows", CONTRACT)),
    count(Metric::Gifts, Count::Gifts, (&[REACTIONS], BROADCAST), ("gifts", CONTRACT)),
    count(Metric::Leads, Count::Leads, (&[LEADS], ROOM), ("generate_lead", CONTRACT)),
    count(Metric::Refunds, Count::Refunds, (&[&["refund"]], WHOLE_ORDER), ("refunds of orders that count", ORDER_RULES)),
    count(Metric::AdClicks, Count::AdClicks, (&[ADS], ROOM), ("clicks that ad rows tell", CONTRACT)),
    count(Metric::AdImpressions, Count::AdImpressions, (&[ADS], ROOM), ("impressions that ad rows tell", CONTRACT)),
    row(
        Metric::Questions,
        Unit::Count,
        Own(special::questions),
        ("questions", ""),
        (&[CHAT], &[Live]),
        ("messages of viewers that ask, the same question counted each time", QUESTION_RULES),
    ),
    row(
        Metric::QuestionsAnswered,
        Unit::Count,
        Own(special::questions_answered),
        ("questions_answered", ""),
        (&[CHAT], &[Live]),
        (
            "questions that the house replied to, or whose topic or product it named, or that a block of answers covered, in time",
            QUESTION_RULES,
        ),
    ),
    row(
        Metric::QuestionsUnanswered,
        Unit::Count,
        Own(special::questions_unanswered),
        ("questions_unanswered", ""),
        (&[CHAT], &[Live]),
        ("questions whose time was over before anybody answered", QUESTION_RULES),
    ),
    row(
        Metric::AnswerS,
        Unit::Seconds,
        Own(special::answer_s),
        ("seconds waited", "questions_answered"),
        (&[CHAT], &[Live]),
        ("seconds from question to answer / questions_answered", QUESTION_RULES),
    ),
];

const BOUGHT_CARTS: Scopes = &[Live, Product, Channel, Band];

/// The row of a metric.
#[must_use]
pub fn definition(metric: Metric) -> &'static MetricDef {
    let place = metric as usize;
    match METRICS.get(place) {
        Some(row) if row.metric == metric => row,
        _ => METRICS.iter().find(|row| row.metric == metric).unwrap_or(&METRICS[0]),
    }
}
