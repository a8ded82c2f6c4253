//! Every question of the chat, and when the house answered it.
//!
//! The queue of [`super::questions`] holds what is open now; this ledger keeps what became of all of them. Only questions and
//! answers are kept; what was answered when follows from them, so the order of arrival cannot show.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use super::questions::Show;
use crate::engine::id::{Name, Pieces, Sym, Table};
use crate::engine::lexicon::GestureSet;
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::engine::view::show::Gesture;

/// Questions that are kept. Once there are more, what became of them is told no more.
pub const KEPT: u32 = 500_000;
/// Answers that are kept of each topic and product, and replies; the same goes for them.
const ANSWERS: usize = 20_000;

/// A message that asked.
#[derive(Clone, Copy, Debug)]
struct Asked {
    at: At,
    message: u64,
    asks: GestureSet,
    /// The product that it names.
    product: Option<Sym>,
}

/// What became of the questions of a live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuestionTally {
    pub asked: i64,
    pub answered: i64,
    /// Their time is over, or the live is, and nobody answered.
    pub unanswered: i64,
    /// Not answered yet, their time not over.
    pub open: i64,
    /// From the question to the answer, over those that were answered.
    pub waited_ms: i64,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    asked: Pieces<Asked>,
    /// When the house spoke of a topic, of a product; each by time.
    topics: BTreeMap<Gesture, Vec<At>>,
    products: Table<Sym, Vec<At>>,
    replied: Table<u64, At>,
    /// There were more than are kept.
    overflowed: bool,
}

/// A message as a number.
fn number(source: &Name, id: &Name) -> u64 {
    foldhash::quality::FixedState::with_seed(11).hash_one((source, id))
}

/// False when there is no room.
fn insert(times: &mut Vec<At>, at: At) -> bool {
    let has_room = times.len() < ANSWERS;
    if has_room {
        times.insert(times.partition_point(|known| *known <= at), at);
    }
    has_room
}

impl Answers {
    /// Takes a viewer's question.
    pub fn ask(&mut self, at: At, message: (&Name, &Name), asks: GestureSet, product: Option<Sym>) {
        if self.asked.len() < KEPT {
            self.asked.push(Asked { at, message: number(message.0, message.1), asks, product });
        } else {
            self.overflowed = true;
        }
    }

    /// The house spoke of topics and products.
    pub fn speak(&mut self, at: At, topics: GestureSet, products: &[Sym]) {
        for topic in topics.iter() {
            self.overflowed |= !insert(self.topics.entry(topic).or_default(), at);
        }
        for product in products {
            self.overflowed |= !insert(self.products.entry(*product).or_default(), at);
        }
    }

    /// The house replied to a message.
    pub fn reply(&mut self, at: At, message: (&Name, &Name)) {
        if self.replied.len() < ANSWERS {
            let first = self.replied.entry(number(message.0, message.1)).or_insert(at);
            *first = at.min(*first);
        } else {
            self.overflowed = true;
        }
    }

    /// What became of the questions until `now`; `None` once there were more than are kept.
    #[must_use]
    pub fn tally(&self, now: At, plan: &Plan, show: &Show<'_>) -> Option<QuestionTally> {
        if self.overflowed {
            return None;
        }
        let mut tally = QuestionTally::default();
        for asked in self.asked.iter().filter(|asked| asked.at <= now) {
            let over = asked.at.plus_s(plan.limits.question_open_s);
            tally.asked += 1;
            match self.answered(asked, show).filter(|answered| *answered <= over.min(now)) {
                Some(answered) => {
                    tally.answered += 1;
                    tally.waited_ms = tally.waited_ms.saturating_add(answered.since_ms(asked.at));
                }
                None if over <= now => tally.unanswered += 1,
                None => tally.open += 1,
            }
        }
        Some(tally)
    }

    /// The first answer after a question.
    fn answered(&self, asked: &Asked, show: &Show<'_>) -> Option<At> {
        let after = |times: Option<&Vec<At>>| {
            let times = times?;
            times.get(times.partition_point(|at| *at < asked.at)).copied()
        };
        let product = asked.product.or_else(|| (show.on_air_at)(asked.at));
        let topics = (!asked.asks.is_empty())
            .then(|| asked.asks.iter().map(|topic| after(self.topics.get(&topic))).collect::<Option<Vec<At>>>())
            .flatten()
            .and_then(|times| times.into_iter().max());
        let spoken = product.and_then(|product| after(self.products.get(&product)));
        let replied = self.replied.get(&asked.message).copied();
        let blocks = show.answers.iter().filter(|(when, of, on)| {
            *when >= asked.at && of.is_none_or(|of| Some(of) == product) && on.is_none_or(|on| asked.asks.has(on))
        });
        let block = blocks.map(|(when, ..)| *when).min();
        [topics, spoken, replied, block].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_more_questions_than_are_kept_is_not_told() {
        let (mut answers, at) = (Answers::default(), At::from_minute(1));
        let (source, id) = (Name::from("chat"), Name::from("m"));
        let tally = |answers: &Answers| answers.tally(at, &Plan::default(), &Show { on_air_at: &|_| None, answers: &[] });
        for _ in 0..KEPT {
            answers.ask(at, (&source, &id), GestureSet::default(), None);
        }
        assert_eq!(tally(&answers).map(|tally| tally.asked), Some(i64::from(KEPT)));
        answers.ask(at, (&source, &id), GestureSet::default(), None);
        assert_eq!(tally(&answers), None);
    }
}
