//! What the desk writes: acts, notes, answers to cards, corrections, documents.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields;
use crate::engine::id::Name;
use crate::engine::time::At;

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

fields! {
    /// The live was closed by the operator.
    Closed {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        operator: Option<Name>,
    }
}
