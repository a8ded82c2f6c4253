//! The vocabulary: canonical events, exactly those of the contract, as types.
//!
//! [`super::wire`] reads and writes their JSON. A field that is absent is unknown, never 0.

mod desk;
mod feed;
pub mod moment;
mod room;
mod shop;

pub use desk::*;
pub use feed::*;
pub use room::*;
pub use shop::*;

use schemars::JsonSchema;
use serde::Serialize;

use super::id::Name;
use super::money::Currency;
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
    Cancellation(Cancellation),
    Refund(Refund),
    Audience(Audience),
    ViewerJoin(ViewerAct),
    ViewerLeave(ViewerAct),
    ChatMessage(ChatMessage),
    Reaction(Reaction),
    ProductPinned(Pin),
    ProductUnpinned(PinEnd),
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
    Cancellation = "cancellation", Refund = "refund", Audience = "audience", ViewerJoin = "viewer_join", ViewerLeave = "viewer_leave",
    ChatMessage = "chat_message", Reaction = "reaction", ProductPinned = "product_pinned", ProductUnpinned = "product_unpinned", Inventory = "inventory",
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
    /// The order that it takes money or goods back of, however long after.
    #[must_use]
    pub const fn takes_back(&self) -> Option<&Name> {
        match self {
            Self::Refund(refund) => Some(&refund.order),
            Self::Cancellation(cancellation) => Some(&cancellation.order),
            _ => None,
        }
    }
    /// Written by the desk itself: counts for no `from`, `to` or span.
    #[must_use]
    pub const fn is_control(&self) -> bool {
        matches!(self, Self::Plan(_) | Self::Playbook(_) | Self::Priors(_) | Self::FeedState(_) | Self::Closed(_))
    }
}

/// A struct whose fields are all public, as the wire writes it.
macro_rules! fields {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident : $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Hash, Serialize, JsonSchema)]
        pub struct $name { $($(#[$doc])* pub $field: $type),* }
    };
}
use fields;

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
