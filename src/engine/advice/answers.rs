//! What the operator answers to a card, and what they or a platform do without it.

use super::{Advisor, Course, State};
use crate::engine::Engine;
use crate::engine::event::{AdviceAnswer, Answer as Reply, Fact, Intervention, InterventionKind, Record};
use crate::engine::id::Name;
use crate::engine::live::log::AdviceTurn;
use crate::engine::notice::{Notice, NoticeKind};
use crate::engine::price::price;
use crate::engine::rule::Playbook;
use crate::engine::time::At;

/// A snooze without a time.
const SNOOZE_S: i64 = 300;

impl Advisor {
    /// True for what [`Advisor::fold`] takes.
    #[must_use]
    pub const fn concerns(fact: &Fact) -> bool {
        matches!(
            fact,
            Fact::AdviceAnswer(_) | Fact::Intervention(_) | Fact::InterventionWithdrawn(_) | Fact::ProductPinned(_) | Fact::Playbook(_)
        )
    }

    /// Takes what the operator or a platform did.
    pub fn fold(&mut self, record: &Record, engine: &Engine, notices: &mut Vec<Notice>) {
        match &record.event.fact {
            Fact::AdviceAnswer(answer) => self.answer(answer, record.at, engine),
            Fact::Intervention(act) => self.acted(act, record, engine),
            Fact::InterventionWithdrawn(end) => self.taken_back(&end.intervention, record.at, engine),
            Fact::ProductPinned(pin) => self.pinned(&pin.sku, record, engine),
            Fact::Playbook(control) => {
                if let Ok(playbook) = serde_json::from_str::<Playbook>(&control.body) {
                    self.arm(playbook);
                    notices.push(Notice { at: record.at, kind: NoticeKind::PlaybookLoaded { rules: self.armed.len() } });
                }
            }
            _ => {}
        }
    }

    fn answer(&mut self, answer: &AdviceAnswer, at: At, engine: &Engine) {
        if answer.answer == Reply::Muted {
            self.muted_until = answer.until;
            return;
        }
        let Some(card) = self.cards.iter_mut().find(|card| card.id == answer.advice && card.state.is_open()) else { return };
        card.state = match answer.answer {
            Reply::Seen if card.state == State::Raised => State::Seen,
            Reply::Seen => card.state,
            Reply::Waiting => State::Waiting { since: at },
            Reply::Said if matches!(card.state, State::Waiting { .. }) => card.state,
            Reply::Said => State::Waiting { since: at },
            Reply::Accepted => State::Accepted,
            Reply::Declined => State::Declined,
            Reply::Snoozed => State::Snoozed { until: answer.until.unwrap_or_else(|| at.plus_s(SNOOZE_S)) },
            Reply::HeldOut => State::HeldOut,
            Reply::Muted => card.state,
        };
        match answer.answer {
            Reply::Waiting => card.course = Course { told: Some(at), ..Course::default() },
            Reply::Said => card.course = Course { told: card.course.told.or(Some(at)), said: Some(at), runs: None },
            Reply::Seen | Reply::Accepted | Reply::Declined | Reply::Snoozed | Reply::HeldOut | Reply::Muted => {}
        }
        if !answer.parameters.is_empty() {
            card.parameters.extend(answer.parameters.clone());
            // what the plan forbids stays as it was: the desk asks before it writes
            if let Ok(bill) = price(card.kind, card.act_product(engine), &mut card.parameters, engine.priors().effect(card.kind), engine) {
                card.price = bill;
            }
        }
        card.reason.clone_from(&answer.reason);
        card.changed = at;
    }

    /// An act was logged: the card that it answers is accepted, others of the same kind and product are superseded.
    fn acted(&mut self, act: &Intervention, record: &Record, engine: &Engine) {
        let at = record.at;
        let product = act.sku.as_deref().and_then(|sku| engine.live().books.find_product(sku));
        for card in self.cards.iter_mut().filter(|card| card.state.is_open()) {
            if act.advice.as_ref() == Some(&card.id) {
                (card.state, card.changed) = (State::Accepted, at);
                card.course.runs = Some(record.event.ts);
            } else if card.kind == act.kind && (card.target.product == product || card.target.product.is_none()) {
                let told = matches!(card.state, State::Waiting { .. });
                (card.state, card.changed) = (if told { State::Accepted } else { State::Superseded }, at);
                card.course.runs = told.then_some(record.event.ts);
                if !told {
                    self.gone.push((card.id.clone(), AdviceTurn::Superseded));
                }
            }
        }
    }

    /// A platform put a product on air: what the host was told to bring is there.
    fn pinned(&mut self, sku: &str, record: &Record, engine: &Engine) {
        let Some(product) = engine.live().books.find_product(sku) else { return };
        let brings = |kind| matches!(kind, InterventionKind::PinProduct | InterventionKind::SwitchProduct);
        for card in self.cards.iter_mut().filter(|card| brings(card.kind) && matches!(card.state, State::Waiting { .. })) {
            if card.act_product(engine) == Some(product) {
                (card.state, card.changed) = (State::Accepted, record.at);
                card.course.runs = Some(record.event.ts);
            }
        }
    }

    /// The act that answered a card was taken back: the card is open again.
    fn taken_back(&mut self, intervention: &Name, at: At, engine: &Engine) {
        let answered = engine.live().interventions.find(intervention).and_then(|act| act.advice.clone());
        let card = self.cards.iter_mut().find(|card| Some(&card.id) == answered.as_ref() && card.state == State::Accepted);
        if let Some(card) = card {
            card.state = card.course.told.map_or(State::Seen, |since| State::Waiting { since });
            (card.changed, card.course.runs) = (at, None);
        }
    }
}
