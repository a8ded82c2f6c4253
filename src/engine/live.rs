//! The ledgers of one broadcast, one a file. Ledgers don't read each other; [`Live`] hands each record to those it concerns.

pub mod answers;
pub mod books;
pub mod chat;
pub mod commerce;
pub mod feeds;
pub mod gestures;
pub mod interventions;
pub mod log;
pub mod questions;
pub mod segments;

use super::event::{ChatMessage, Event, Fact, Record};
use super::notice::Notice;
use super::plan::Plan;
use super::series::Sheets;
use super::time::At;
use super::{Admission, Arrival};
use books::Books;

/// All ledgers.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The names that every ledger speaks in.
    pub books: Books,
    /// Everything that is summed, by scope and time.
    pub sheets: Sheets,
    /// What is sold, who watches and what it costs.
    pub commerce: commerce::Commerce,
    pub chat: chat::Chat,
    pub gestures: gestures::Gestures,
    pub questions: questions::Questions,
    pub segments: segments::Segments,
    pub interventions: interventions::Interventions,
    pub log: log::Log,
    pub feeds: feeds::Feeds,
}

impl Live {
    #[must_use]
    pub fn new(plan: &Plan, arrival: Arrival) -> Self {
        let mut live =
            Self { books: Books::new(plan), commerce: commerce::Commerce::new(plan, arrival == Arrival::Files), ..Self::default() };
        live.questions.learn(plan, &mut live.books);
        live
    }

    /// Takes the plan, before any fact came.
    pub fn begin(&mut self, plan: &Plan, arrival: Arrival) {
        self.books = Books::new(plan);
        self.commerce = commerce::Commerce::new(plan, arrival == Arrival::Files);
    }

    /// Hands an admitted record to every ledger that it concerns.
    pub fn fold(&mut self, record: &Record, plan: &Plan, notices: &mut Vec<Notice>) {
        let books = &mut self.books;
        self.commerce.fold(record, books, &mut self.sheets, plan);
        self.log.fold(record, books, plan, notices);
        match &record.event.fact {
            Fact::ChatMessage(message) => self.fold_chat(record, message, plan),
            Fact::Reaction(reaction) => {
                let mut hall = chat::Hall { sheet: &mut self.sheets.live, books, plan };
                if self.chat.fold_reaction(record, reaction, &mut hall) {
                    self.gestures.fold(&record.event);
                }
            }
            Fact::ProductPinned(_) | Fact::ProductUnpinned(_) | Fact::Cue(_) | Fact::Correction(_) | Fact::Closed(_) => {
                self.segments.fold(record, books, plan, notices);
            }
            Fact::Intervention(_) | Fact::InterventionEnded(_) | Fact::InterventionWithdrawn(_) => {
                self.interventions.fold(record, books, plan, notices);
                self.segments.fold(record, books, plan, notices);
            }
            Fact::FeedState(state) => self.feeds.fold_state(state, record.at, notices),
            Fact::Plan(_) => self.questions.learn(plan, books),
            Fact::SelectItem(_) | Fact::AddToCart(_) => self.gestures.fold(&record.event),
            Fact::ViewItem(_)
            | Fact::RemoveFromCart(_)
            | Fact::BeginCheckout(_)
            | Fact::AddPaymentInfo(_)
            | Fact::Cart(_)
            | Fact::Purchase(_)
            | Fact::Payment(_)
            | Fact::Cancellation(_)
            | Fact::Refund(_)
            | Fact::ViewerJoin(_)
            | Fact::ViewerLeave(_)
            | Fact::Inventory(_)
            | Fact::GenerateLead(_)
            | Fact::Note(_)
            | Fact::Reading(_)
            | Fact::Audience(_)
            | Fact::AdSpend(_)
            | Fact::AdviceAnswer(_)
            | Fact::Playbook(_)
            | Fact::Priors(_) => {}
        }
    }

    /// Judges one whole second, once everything that arrived before it is folded.
    pub fn judge(&mut self, second: At, plan: &Plan, notices: &mut Vec<Notice>) {
        self.settle(second, plan);
        self.interventions.judge(second, notices);
        let answers: Vec<_> = self.interventions.answers().collect();
        let show = questions::Show { on_air_at: &|at| self.segments.on_air_at(at), answers: &answers };
        self.questions.judge(second, plan, &show, notices);
        for turn in self.feeds.judge(second, plan, notices) {
            self.log.tell_feed(second, turn);
        }
    }

    fn fold_chat(&mut self, record: &Record, message: &ChatMessage, plan: &Plan) {
        let heard = chat::Heard::of(&message.text);
        let mut hall = chat::Hall { sheet: &mut self.sheets.live, books: &mut self.books, plan };
        if self.chat.fold_message(record, message, heard.said, &mut hall) {
            self.gestures.fold_chat(&record.event, message.author_kind, heard.said);
            self.questions.fold(record, message, &heard);
        }
    }

    /// Open questions at `now`, oldest first.
    #[must_use]
    pub fn open_questions(&self, now: At, plan: &Plan) -> Vec<questions::Open<'_>> {
        let answers: Vec<_> = self.interventions.answers().collect();
        self.questions.open(now, plan, &questions::Show { on_air_at: &|at| self.segments.on_air_at(at), answers: &answers })
    }

    /// What became of all questions until `now`; `None` once there were more than are kept.
    #[must_use]
    pub fn question_tally(&self, now: At, plan: &Plan) -> Option<answers::QuestionTally> {
        let answers: Vec<_> = self.interventions.answers().collect();
        self.questions.tally(now, plan, &questions::Show { on_air_at: &|at| self.segments.on_air_at(at), answers: &answers })
    }

    /// Brings everything that ages (carts, questions) to `at`, judged or not.
    pub fn age(&mut self, at: At, plan: &Plan) {
        self.settle(at, plan);
    }

    fn settle(&mut self, at: At, plan: &Plan) {
        self.commerce.settle(at, &mut self.books, &mut self.sheets, plan);
    }

    /// What the ledger of a state makes of an event; accepted for everything else.
    #[must_use]
    pub fn judge_version(&self, event: &Event) -> Admission {
        self.commerce.judge(event, &self.books)
    }

    /// Takes a re-read of a state that says nothing new.
    pub fn note_again(&mut self, event: &Event) {
        self.commerce.note_again(event, &self.books);
    }

    /// Takes another plan in the middle of the live.
    pub fn replan(&mut self, plan: &Plan) {
        self.books.replan(plan);
        self.commerce.replan(&mut self.books, &mut self.sheets, plan);
    }
}
