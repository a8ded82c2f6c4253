//! What the operator asks of the live. The app turns an intent into an event (it takes the same way as everything else)
//! or into a deed of the shell; the glass itself changes nothing but its own state.

use super::words::Lang;
use crate::engine::event::{
    AdSpend, AdviceAnswer, Answer, Audience, ChannelClue, Closed, Correction, CorrectionKind, Cue, Fact, Intervention, InterventionEnd,
    InterventionKind, Item, Note, OrderStatus, Parameters, PlatformReading, Purchase, ReadingKind, SegmentKind,
};
use crate::engine::id::Name;
use crate::engine::money::Money;
use crate::engine::time::At;

/// A wish of the operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Writes a record.
    Write(Wish),
    /// Writes an act and has the shop's own automation carry it out.
    Send(Wish),
    /// Asks the app to hold the glass, or to let it go on.
    Hold(bool),
    /// Draw both futures of a recommendation.
    Futures(Name),
    /// A place to come back to, beside the journal.
    Bookmark(At),
    Replay(Steering),
    SetTheme(String),
    SetLang(Lang),
    /// `Ctrl-Z`: give the terminal back and stop.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Leave. The live goes on in the platforms; the journal can be opened again.
    Quit,
}

/// What becomes a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    LogIntervention {
        kind: InterventionKind,
        sku: Option<Name>,
        duration_s: Option<i64>,
        parameters: Parameters,
        advice: Option<Name>,
    },
    EndIntervention {
        id: Name,
    },
    Withdraw {
        id: Name,
    },
    /// On a minute of the past where the cursor stands on one.
    Note {
        text: String,
        at: Option<At>,
    },
    Cue {
        segment: Name,
        kind: Option<SegmentKind>,
        host: Option<Name>,
        sku: Option<Name>,
    },
    /// Money spent on ads: the running total so far, or an amount that adds.
    Spend {
        value: Money,
        channel: Option<Name>,
        total: bool,
    },
    Viewers {
        viewers: i64,
        channel: Option<Name>,
    },
    /// Any other figure that no feed gives, by metric id.
    Figure {
        metric: Name,
        value: Name,
        channel: Option<Name>,
    },
    /// A sale that no feed sees.
    Sale {
        value: Money,
        sku: Option<Name>,
        quantity: i64,
        channel: Option<Name>,
        method: Option<Name>,
    },
    AnswerAdvice {
        advice: Name,
        answer: Answer,
        reason: Option<Name>,
        until: Option<At>,
        parameters: Parameters,
    },
    Correct {
        kind: CorrectionKind,
        target: Name,
        value: Option<Name>,
        reason: Option<Name>,
    },
    Close,
}

/// How a replay is steered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steering {
    Seek(At),
    Pause,
    Faster,
    Slower,
    /// Seconds forward, or back when negative.
    Step(i64),
    /// What was known then, or what is known now.
    Known(super::state::Known),
}

impl Wish {
    /// When it happened, where that is not the present.
    #[must_use]
    pub const fn happened_at(&self) -> Option<At> {
        match self {
            Self::Note { at, .. } => *at,
            _ => None,
        }
    }

    /// The fact that it becomes. `id` is the id that the app gives the record: an order of a manual sale is named by it.
    #[must_use]
    pub fn fact(self, id: &Name, operator: Option<Name>) -> Fact {
        let channel_clue = |channel: Option<Name>| channel.map(ChannelClue::Name);
        match self {
            Self::LogIntervention { kind, sku, duration_s, parameters, advice } => {
                Fact::Intervention(Box::new(Intervention { kind, sku, duration_s, parameters, advice, operator }))
            }
            Self::EndIntervention { id } => Fact::InterventionEnded(InterventionEnd { intervention: id, operator }),
            Self::Withdraw { id } => Fact::InterventionWithdrawn(InterventionEnd { intervention: id, operator }),
            Self::Note { text, at: _ } => Fact::Note(Note { text: text.into(), operator }),
            Self::Cue { segment, kind, host, sku } => Fact::Cue(Cue { segment, kind, host, sku }),
            Self::Spend { value, channel, total } => Fact::AdSpend(AdSpend {
                value,
                channel: channel_clue(channel),
                campaign: None,
                bucket: None,
                total,
                clicks: None,
                impressions: None,
            }),
            Self::Viewers { viewers, channel } => Fact::Audience(Audience { viewers, channel: channel_clue(channel), engaged: None }),
            Self::Figure { metric, value, channel } => Fact::Reading(PlatformReading {
                metric,
                value,
                sku: None,
                channel: channel_clue(channel),
                kind: Some(ReadingKind::Gauge),
                bucket: None,
            }),
            Self::Sale { value, sku, quantity, channel, method } => {
                Fact::Purchase(Box::new(manual_sale(id, value, sku, quantity, channel_clue(channel), method)))
            }
            Self::AnswerAdvice { advice, answer, reason, until, parameters } => {
                Fact::AdviceAnswer(AdviceAnswer { advice, answer, reason, until, parameters, operator })
            }
            Self::Correct { kind, target, value, reason } => Fact::Correction(Correction { kind, target, value, reason, operator }),
            Self::Close => Fact::Closed(Closed { operator }),
        }
    }
}

/// A paid order of one line. Its unit price is told only where it comes out even.
fn manual_sale(
    order: &Name,
    value: Money,
    sku: Option<Name>,
    quantity: i64,
    channel: Option<ChannelClue>,
    method: Option<Name>,
) -> Purchase {
    let price = (quantity > 0 && value.minor % quantity == 0).then(|| Money::new(value.minor / quantity, value.currency));
    let items = sku.map(|sku| Item { sku, quantity, price, name: None, discount: None }).into_iter().collect();
    Purchase {
        order: order.clone(),
        value,
        status: OrderStatus::Paid,
        rev: None,
        placed_at: None,
        paid_at: None,
        cancelled_at: None,
        expires_at: None,
        items,
        cart: None,
        customer: None,
        new: None,
        visitor: None,
        channel,
        discount: None,
        coupons: Vec::new(),
        method,
        live: None,
    }
}
