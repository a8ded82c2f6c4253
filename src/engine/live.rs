//! The ledgers of one broadcast, one a file. Ledgers don't read each other; [`Live`] hands each record to those it concerns.

pub mod books;
pub mod chat;
pub mod feeds;
pub mod interventions;
pub mod questions;
pub mod segments;

use super::event::{Fact, Record};
use super::notice::Notice;
use super::plan::Plan;
use super::time::At;
use books::Books;

/// All ledgers.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The names that every ledger speaks in.
    pub books: Books,
    pub chat: chat::Chat,
    pub questions: questions::Questions,
    pub segments: segments::Segments,
    pub interventions: interventions::Interventions,
    pub feeds: feeds::Feeds,
}

impl Live {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self { books: Books::new(plan), ..Self::default() }
    }

    /// Hands an admitted record to every ledger that it concerns.
    pub fn fold(&mut self, record: &Record, plan: &Plan, notices: &mut Vec<Notice>) {
        let books = &mut self.books;
        self.feeds.fold(record, books, plan, notices);
        match &record.event.fact {
            Fact::ChatMessage(_) => {
                self.chat.fold(record, books, plan);
                self.questions.fold(record, books, plan);
            }
            Fact::ProductPinned(_) | Fact::ProductUnpinned(_) | Fact::Cue(_) => self.segments.fold(record, books, plan),
            Fact::Intervention(_) | Fact::InterventionEnded(_) | Fact::InterventionWithdrawn(_) => {
                self.interventions.fold(record, books, plan);
                self.segments.fold(record, books, plan);
                self.questions.fold(record, books, plan);
            }
            Fact::Note(_) | Fact::Correction(_) | Fact::Closed(_) => {
                self.interventions.fold(record, books, plan);
                self.segments.fold(record, books, plan);
            }
            Fact::Reading(_) | Fact::Audience(_) | Fact::AdSpend(_) => self.interventions.fold(record, books, plan),
            Fact::FeedState(_) => self.interventions.fold(record, books, plan),
            Fact::Reaction(_) => self.chat.fold(record, books, plan),
            Fact::ViewItem(_)
            | Fact::SelectItem(_)
            | Fact::AddToCart(_)
            | Fact::RemoveFromCart(_)
            | Fact::BeginCheckout(_)
            | Fact::AddPaymentInfo(_)
            | Fact::Cart(_)
            | Fact::Purchase(_)
            | Fact::Payment(_)
            | Fact::Refund(_)
            | Fact::ViewerJoin(_)
            | Fact::ViewerLeave(_)
            | Fact::Inventory(_)
            | Fact::GenerateLead(_)
            | Fact::AdviceAnswer(_)
            | Fact::Plan(_)
            | Fact::Playbook(_)
            | Fact::Priors(_) => {}
        }
    }

    /// Judges one whole second, once everything that arrived before it is folded.
    pub fn judge(&mut self, second: At, plan: &Plan, notices: &mut Vec<Notice>) {
        self.questions.judge(second, plan);
        self.interventions.judge(second, plan);
        self.feeds.judge(second, plan, notices);
    }

    /// Brings everything that ages (carts, questions) to `at`, judged or not.
    pub fn age(&mut self, at: At, plan: &Plan) {
        let _ = (at, plan);
    }
}
