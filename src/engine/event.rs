//! The vocabulary: canonical events, exactly those of the contract, as types.
//!
//! [`super::wire`] reads and writes their JSON. A field that is absent is unknown, never 0.

pub mod moment;

use schemars::JsonSchema;
use serde::Serialize;

use super::id::Name;
use super::money::{Currency, Money};
use super::time::At;

/// A fact with the place and number it has in the journal. The only thing that changes the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// 1, 2, 3 …: the order in which the engine saw it.
    pub seq: u64,
    /// When it arrived; never goes back. Files have `at = ts`.
    pub at: At,
    pub event: Event,
}

/// One canonical event.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, JsonSchema)]
pub struct Event {
    #[serde(flatten)]
    pub fact: Fact,
    /// When it happened; fills the buckets.
    pub ts: At,
    /// Unique within `source`; every fact has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub id: Option<Name>,
    /// The account that it comes from.
    #[serde(skip_serializing_if = "Name::is_empty")]
    #[schemars(with = "Option<String>")]
    pub source: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// A test order, a test message: counted, dropped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub test: bool,
    /// Fields that nobody here knows: kept in the journal, ignored.
    #[serde(flatten)]
    #[schemars(skip)]
    pub extra: Extra,
}

/// Unknown fields by name, in the order of their names, each as its JSON text.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Extra(pub Vec<(Name, Box<str>)>);

impl Serialize for Extra {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error, SerializeMap};
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, json) in &self.0 {
            let value: &serde_json::value::RawValue = serde_json::from_str(json).map_err(S::Error::custom)?;
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// What happened. The JSON `type` is the variant's name in `snake_case`.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fact {
    ViewItem(ItemAct),
    SelectItem(ItemAct),
    AddToCart(ItemAct),
    RemoveFromCart(ItemAct),
    BeginCheckout(CheckoutAct),
    AddPaymentInfo(CheckoutAct),
    Cart(Cart),
    Purchase(Box<Purchase>),
    Payment(Payment),
    Refund(Refund),
    Audience(Audience),
    ViewerJoin(ViewerAct),
    ViewerLeave(ViewerAct),
    ChatMessage(ChatMessage),
    Reaction(Reaction),
    ProductPinned(Pin),
    ProductUnpinned(Pin),
    Inventory(Inventory),
    AdSpend(AdSpend),
    Reading(PlatformReading),
    GenerateLead(Lead),
    Cue(Cue),
    Intervention(Box<Intervention>),
    InterventionEnded(InterventionEnd),
    InterventionWithdrawn(InterventionEnd),
    Note(Note),
    AdviceAnswer(AdviceAnswer),
    Correction(Correction),
    Plan(Control),
    Playbook(Control),
    Priors(Control),
    FeedState(Box<FeedState>),
    Closed(Closed),
}

/// The types of the vocabulary as they stand on the wire.
macro_rules! type_ids {
    ($($variant:ident = $id:literal),* $(,)?) => {
        impl Fact {
            /// Every `type` of the vocabulary.
            pub const TYPES: &'static [&'static str] = &[$($id),*];
            /// Its `type` on the wire.
            #[must_use]
            pub const fn type_id(&self) -> &'static str {
                match self { $(Self::$variant(_) => $id),* }
            }
            /// The place of its type in [`Fact::TYPES`].
            #[must_use]
            pub const fn place(&self) -> usize {
                enum Place { $($variant),* }
                match self { $(Self::$variant(_) => Place::$variant as usize),* }
            }
        }
    };
}

type_ids! {
    ViewItem = "view_item", SelectItem = "select_item", AddToCart = "add_to_cart", RemoveFromCart = "remove_from_cart",
    BeginCheckout = "begin_checkout", AddPaymentInfo = "add_payment_info", Cart = "cart", Purchase = "purchase", Payment = "payment",
    Refund = "refund", Audience = "audience", ViewerJoin = "viewer_join", ViewerLeave = "viewer_leave", ChatMessage = "chat_message",
    Reaction = "reaction", ProductPinned = "product_pinned", ProductUnpinned = "product_unpinned", Inventory = "inventory",
    AdSpend = "ad_spend", Reading = "reading", GenerateLead = "generate_lead", Cue = "cue", Intervention = "intervention",
    InterventionEnded = "intervention_ended", InterventionWithdrawn = "intervention_withdrawn", Note = "note",
    AdviceAnswer = "advice_answer", Correction = "correction", Plan = "plan", Playbook = "playbook", Priors = "priors",
    FeedState = "feed_state", Closed = "closed",
}

impl Fact {
    /// The kinds that come in masses: their ids are kept for the lateness limit only.
    #[must_use]
    pub const fn is_high_volume(&self) -> bool {
        matches!(
            self,
            Self::ViewItem(_) | Self::SelectItem(_) | Self::ViewerJoin(_) | Self::ViewerLeave(_) | Self::ChatMessage(_) | Self::Reaction(_)
        )
    }
    /// Written by the desk itself: counts for no `from`, `to` or span.
    #[must_use]
    pub const fn is_control(&self) -> bool {
        matches!(self, Self::Plan(_) | Self::Playbook(_) | Self::Priors(_) | Self::FeedState(_) | Self::Closed(_))
    }
}

macro_rules! fields {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident : $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Hash, Serialize, JsonSchema)]
        pub struct $name { $($(#[$doc])* pub $field: $type),* }
    };
}

fields! {
    /// `view_item` `select_item` `add_to_cart` `remove_from_cart`.
    #[derive(Default)]
    ItemAct {
        #[schemars(with = "String")]
        sku: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        product: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        quantity: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        visitor: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        cart: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
    }
}

fields! {
    /// `begin_checkout` `add_payment_info`.
    #[derive(Default)]
    CheckoutAct {
        #[schemars(with = "String")]
        cart: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        items: Vec<Item>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        sku: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        quantity: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        method: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        visitor: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
    }
}

/// What a shop says of a cart. Ordered by rank: `open < checkout < left < bought` (events.md ranks open < left < bought).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CartStatus {
    Open,
    Checkout,
    Left,
    Bought,
}

fields! {
    /// The state of a cart, by `cart`.
    Cart {
        #[schemars(with = "String")]
        cart: Name,
        status: CartStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        rev: Option<Rev>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        items: Vec<Item>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        visitor: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        customer: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
    }
}

/// The state of an order. Ordered by rank: `placed < paid < cancelled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Placed,
    #[default]
    Paid,
    Cancelled,
}

fields! {
    /// The state of an order, by `order`.
    Purchase {
        #[schemars(with = "String")]
        order: Name,
        /// What the customer pays: shipping and tax in, discounts out.
        value: Money,
        #[schemars(default)]
        status: OrderStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        rev: Option<Rev>,
        #[serde(skip_serializing_if = "Option::is_none")]
        placed_at: Option<At>,
        #[serde(skip_serializing_if = "Option::is_none")]
        paid_at: Option<At>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cancelled_at: Option<At>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<At>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        items: Vec<Item>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        cart: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        customer: Option<Name>,
        /// True for a first-ever buyer; absent when not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        visitor: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        discount: Option<Money>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        #[schemars(with = "Vec<String>")]
        coupons: Vec<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        method: Option<Name>,
        /// The live that the shop says it belongs to.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        live: Option<Name>,
    }
}

/// What a payment provider says of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Pending,
    Approved,
    Declined,
    Expired,
}

fields! {
    Payment {
        #[schemars(with = "String")]
        order: Name,
        status: PaymentStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        method: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<At>,
    }
}

fields! {
    Refund {
        #[schemars(with = "String")]
        order: Name,
        value: Money,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        items: Vec<Item>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        reason: Option<Name>,
    }
}

fields! {
    /// How many are in the room now.
    Audience {
        viewers: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        /// Those there for more than a minute.
        #[serde(skip_serializing_if = "Option::is_none")]
        engaged: Option<i64>,
    }
}

fields! {
    /// `viewer_join` `viewer_leave`.
    ViewerAct {
        #[schemars(with = "String")]
        visitor: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        watched_s: Option<i64>,
    }
}

/// Who wrote a chat message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    #[default]
    Viewer,
    Host,
    Moderator,
    Staff,
}

fields! {
    ChatMessage {
        #[schemars(with = "String")]
        author: Name,
        #[schemars(with = "String")]
        text: Name,
        #[schemars(default)]
        author_kind: AuthorKind,
        /// The id of the message that this one answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        reply_to: Option<Name>,
        /// Money sent with the message.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
    }
}

fields! {
    /// `like` `share` `follow` `gift` and whatever else a platform counts.
    Reaction {
        #[schemars(with = "String")]
        kind: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        count: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        author: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
    }
}

fields! {
    /// `product_pinned` `product_unpinned`.
    Pin {
        #[schemars(with = "String")]
        sku: Name,
    }
}

fields! {
    Inventory {
        #[schemars(with = "String")]
        sku: Name,
        available: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        location: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reserved: Option<i64>,
        /// What the shop asks for it now.
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
    }
}

fields! {
    /// The stretch of time that a platform's bucket covers.
    #[derive(Copy)]
    Bucket { from: At, to: At }
}

fields! {
    AdSpend {
        value: Money,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        campaign: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bucket: Option<Bucket>,
        /// True: `value` is the running total so far.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[schemars(default)]
        total: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        clicks: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        impressions: Option<i64>,
    }
}

/// How a platform's own counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadingKind {
    Gauge,
    Total,
    Bucket,
}

fields! {
    /// A platform's own counter, by canonical metric id.
    PlatformReading {
        #[schemars(with = "String")]
        metric: Name,
        /// Its JSON number (or money text) as written.
        #[schemars(with = "Money")]
        value: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        sku: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<ReadingKind>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bucket: Option<Bucket>,
    }
}

fields! {
    /// `generate_lead`.
    Lead {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        lead: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        campaign: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
    }
}

/// What a segment of the run of show is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    Demo,
    Talk,
    Offer,
    Qa,
    Giveaway,
    Break,
}

fields! {
    /// A segment of the run of show begins.
    Cue {
        #[schemars(with = "String")]
        segment: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<SegmentKind>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        host: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        sku: Option<Name>,
    }
}

/// What the operator can do about it (field guide, section 4). The keys are in the action table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterventionKind {
    PinProduct,
    SwitchProduct,
    FlashDeal,
    PriceDrop,
    Coupon,
    /// A lower ticket for dear carts that are left.
    Bundle,
    FreeShipping,
    Giveaway,
    Countdown,
    Restock,
    RemoveProduct,
    PinComment,
    AnswerQuestion,
    Poll,
    Demo,
    ScriptChange,
    HostChange,
    AdsUp,
    AdsDown,
    AdsCreative,
    BroadcastPush,
    CartRescue,
    /// A gift that raises the ticket.
    BonusKit,
    LeadOffer,
    TechEvent,
    PolicyWarning,
}

impl InterventionKind {
    pub const ALL: [Self; 26] = [
        Self::PinProduct,
        Self::SwitchProduct,
        Self::FlashDeal,
        Self::PriceDrop,
        Self::Coupon,
        Self::Bundle,
        Self::FreeShipping,
        Self::Giveaway,
        Self::Countdown,
        Self::Restock,
        Self::RemoveProduct,
        Self::PinComment,
        Self::AnswerQuestion,
        Self::Poll,
        Self::Demo,
        Self::ScriptChange,
        Self::HostChange,
        Self::AdsUp,
        Self::AdsDown,
        Self::AdsCreative,
        Self::BroadcastPush,
        Self::CartRescue,
        Self::BonusKit,
        Self::LeadOffer,
        Self::TechEvent,
        Self::PolicyWarning,
    ];

    /// Its id on the wire.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::PinProduct => "pin_product",
            Self::SwitchProduct => "switch_product",
            Self::FlashDeal => "flash_deal",
            Self::PriceDrop => "price_drop",
            Self::Coupon => "coupon",
            Self::Bundle => "bundle",
            Self::FreeShipping => "free_shipping",
            Self::Giveaway => "giveaway",
            Self::Countdown => "countdown",
            Self::Restock => "restock",
            Self::RemoveProduct => "remove_product",
            Self::PinComment => "pin_comment",
            Self::AnswerQuestion => "answer_question",
            Self::Poll => "poll",
            Self::Demo => "demo",
            Self::ScriptChange => "script_change",
            Self::HostChange => "host_change",
            Self::AdsUp => "ads_up",
            Self::AdsDown => "ads_down",
            Self::AdsCreative => "ads_creative",
            Self::BroadcastPush => "broadcast_push",
            Self::CartRescue => "cart_rescue",
            Self::BonusKit => "bonus_kit",
            Self::LeadOffer => "lead_offer",
            Self::TechEvent => "tech_event",
            Self::PolicyWarning => "policy_warning",
        }
    }
    /// The kind with that id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
    /// A change of what a product costs: one of these holds the cards that propose another.
    #[must_use]
    pub const fn is_price_act(self) -> bool {
        matches!(self, Self::FlashDeal | Self::PriceDrop | Self::Coupon | Self::Bundle)
    }
    /// Something that happened to the live, not something done for it: its span is excluded from every effect.
    #[must_use]
    pub const fn is_excluded_from_effects(self) -> bool {
        matches!(self, Self::TechEvent | Self::PolicyWarning)
    }
}

/// Parameters of an act by name: `percent`, `code`, `text`, `min_spend` …, each as text.
pub type Parameters = std::collections::BTreeMap<String, String>;

fields! {
    /// An act begins. `id` of the event is the intervention's id.
    Intervention {
        kind: InterventionKind,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        sku: Option<Name>,
        /// How long it is meant to run; absent for what has no end.
        #[serde(skip_serializing_if = "Option::is_none")]
        duration_s: Option<i64>,
        #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
        #[schemars(default)]
        parameters: Parameters,
        /// The recommendation that it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        advice: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        operator: Option<Name>,
    }
}

fields! {
    /// `intervention_ended` `intervention_withdrawn`.
    InterventionEnd {
        #[schemars(with = "String")]
        intervention: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        operator: Option<Name>,
    }
}

fields! {
    /// The operator's own words, the floor note.
    Note {
        #[schemars(with = "String")]
        text: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        operator: Option<Name>,
    }
}

/// What the operator answered to a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Seen,
    /// The host was told; the act is not on air yet.
    Waiting,
    /// The host said it; it is not on air yet.
    Said,
    Accepted,
    Declined,
    Snoozed,
    /// Held out at random, to learn honestly.
    HeldOut,
    /// All cards silent for a while (`M`).
    Muted,
}

fields! {
    AdviceAnswer {
        #[schemars(with = "String")]
        advice: Name,
        answer: Answer,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        reason: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<At>,
        #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
        #[schemars(default)]
        parameters: Parameters,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        operator: Option<Name>,
    }
}

/// What a correction corrects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// An order that must not count (a staff purchase).
    ExcludeOrder,
    /// The exclusion taken back.
    IncludeOrder,
    /// A channel that is another one: `target` becomes `value`.
    MergeChannel,
    /// An event of the desk that was wrong (a manual figure): `target` is its id.
    Void,
}

fields! {
    Correction {
        kind: CorrectionKind,
        #[schemars(with = "String")]
        target: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        value: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        reason: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        operator: Option<Name>,
    }
}

/// `plan` `playbook` `priors`: a document as JSON, so that a journal replays alone.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, JsonSchema)]
pub struct Control {
    #[serde(serialize_with = "json_text")]
    #[schemars(with = "serde_json::Value")]
    pub body: Box<str>,
}

fn json_text<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let value: &serde_json::value::RawValue = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
    value.serialize(serializer)
}

/// How a feed stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedStatus {
    /// Not yet read to the present for the first time.
    #[default]
    Starting,
    Ok,
    /// Failing; trying again at `retry_at`.
    Retrying,
    /// Ended as it should (a file read to its end, a child process that finished).
    Ended,
    /// Will not be tried again without the operator.
    Failed,
}

/// What a feed promises about events across a crash or an outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Guarantee {
    /// Acknowledged only after it is in the journal.
    Durable,
    /// Read again from a stored cursor.
    Resumable,
    #[default]
    BestEffort,
}

fields! {
    /// A feed's health at `ts`, as the shell saw it. Counters are running totals since the journal began.
    #[derive(Default)]
    FeedState {
        #[schemars(with = "String")]
        feed: Name,
        #[schemars(default)]
        status: FeedStatus,
        #[schemars(default)]
        guarantee: Guarantee,
        /// Everything that happened before this instant has been read.
        #[serde(skip_serializing_if = "Option::is_none")]
        complete_to: Option<At>,
        /// The canonical event types that it gives.
        #[schemars(with = "Vec<String>")]
        #[schemars(default)]
        gives: Vec<Name>,
        /// A feed older than this is stale.
        #[schemars(default)]
        stale_after_s: i64,
        /// True once the feed has read its history up to the present.
        #[schemars(default)]
        caught_up: bool,
        #[schemars(default)]
        received: u64,
        #[schemars(default)]
        duplicate: u64,
        #[schemars(default)]
        conflict: u64,
        #[schemars(default)]
        quarantined: u64,
        /// Inputs that mapped to no event.
        #[schemars(default)]
        unmapped: u64,
        /// Inputs that the mapping left out on purpose.
        #[schemars(default)]
        skipped: u64,
        /// Test orders and messages.
        #[schemars(default)]
        tests: u64,
        #[schemars(default)]
        dropped: u64,
        #[schemars(default)]
        errors: u64,
        #[schemars(default)]
        retries: u64,
        /// Cleaned, without secrets.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        last_error: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_at: Option<At>,
        /// Why the newest input was put aside, without what it held.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        last_aside: Option<Name>,
        /// The server's clock minus ours.
        #[serde(skip_serializing_if = "Option::is_none")]
        skew_ms: Option<i64>,
        /// From what it tells to its arrival here: the middle one of the last.
        #[serde(skip_serializing_if = "Option::is_none")]
        lag_ms: Option<i64>,
        /// How often it asks, as far as the quota has room.
        #[serde(skip_serializing_if = "Option::is_none")]
        interval_ms: Option<i64>,
        /// Quota of a day, in the platform's units.
        #[serde(skip_serializing_if = "Option::is_none")]
        quota: Option<i64>,
        /// What is left of it, and when it runs out at this rate.
        #[serde(skip_serializing_if = "Option::is_none")]
        quota_left: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        quota_until: Option<At>,
    }
}

fields! {
    /// The live was closed by the operator.
    Closed {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        operator: Option<Name>,
    }
}

fields! {
    /// A line of an order, a cart or a refund.
    Item {
        #[schemars(with = "String")]
        sku: Name,
        quantity: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        name: Option<Name>,
        /// Taken off the line, not off one unit.
        #[serde(skip_serializing_if = "Option::is_none")]
        discount: Option<Money>,
    }
}

/// Where a viewer came from, as the platform says it: a channel's name, or the parts to classify it by.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ChannelClue {
    Name(#[schemars(with = "String")] Name),
    Parts(Box<ChannelParts>),
}

/// The parts of a visit that tell its channel.
#[derive(Clone, Debug, Default, PartialEq, Hash, Serialize, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub struct ChannelParts {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub source: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub medium: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub campaign: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub referrer: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub landing: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub coupon: Option<Name>,
}

/// A version of a state: an instant in nanoseconds, or a number that counts up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rev(pub i128);

impl Rev {
    /// Reads a version: a time in any form, else an integer.
    #[must_use]
    pub fn parse(text: &str, zone: Option<chrono_tz::Tz>) -> Option<Self> {
        super::time::nanos(text, zone).or_else(|| text.trim().parse().ok()).map(Self)
    }
}

impl Serialize for Rev {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}
impl JsonSchema for Rev {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": ["string", "integer"], "description": "A time in any form, or an integer that counts up"})
    }
}

/// Why an input was put aside. A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quarantine {
    NotJson,
    NoType,
    UnknownType,
    NoId,
    BadTime,
    BadMoney,
    BadField,
    Future,
    TooEarly,
    TooOld,
    Span,
}

impl Quarantine {
    pub const ALL: [Self; 11] = [
        Self::NotJson,
        Self::NoType,
        Self::UnknownType,
        Self::NoId,
        Self::BadTime,
        Self::BadMoney,
        Self::BadField,
        Self::Future,
        Self::TooEarly,
        Self::TooOld,
        Self::Span,
    ];

    /// The reason with that id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.id() == id)
    }
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NoType => "no_type",
            Self::UnknownType => "unknown_type",
            Self::NoId => "no_id",
            Self::BadTime => "bad_time",
            Self::BadMoney => "bad_money",
            Self::BadField => "bad_field",
            Self::Future => "future",
            Self::TooEarly => "too_early",
            Self::TooOld => "too_old",
            Self::Span => "span",
        }
    }
}
