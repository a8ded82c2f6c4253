//! Who plays: nobody, chance, or the desk's own advice. A policy sees what the desk sees, never the simulator's truth.

use crate::engine::Engine;
use crate::engine::advice::{Recommendation, State};
use crate::engine::event::InterventionKind;
use crate::engine::id::Name;
use crate::engine::time::At;
use crate::simulate::act::{Act, Deed};
use crate::simulate::luck::{Concern, Luck, Seed};

/// Somebody at the desk.
pub trait Policy: std::fmt::Debug {
    /// What is done now. Asked once a second.
    fn decide(&mut self, now: At, desk: &Engine) -> Vec<Act>;
}

/// Nobody at the desk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Policy for Nobody {
    fn decide(&mut self, _: At, _: &Engine) -> Vec<Act> {
        Vec::new()
    }
}

/// Acts at known times: recorded ones.
#[derive(Clone, Debug, Default)]
pub struct Recorded(pub std::collections::VecDeque<Act>);

impl Policy for Recorded {
    fn decide(&mut self, now: At, _: &Engine) -> Vec<Act> {
        let mut due = Vec::new();
        while self.0.front().is_some_and(|act| act.at <= now) {
            due.extend(self.0.pop_front());
        }
        due
    }
}

/// Any act on any product, a few times an hour: what a useless playbook would do.
#[derive(Clone, Debug)]
pub struct Chance {
    luck: Luck,
    per_hour: f64,
    done: usize,
}

impl Chance {
    #[must_use]
    pub fn new(seed: u64, per_hour: f64) -> Self {
        Self { luck: Seed(seed).keyed(Concern::Lottery, 0xc4a9ce), per_hour, done: 0 }
    }
}

impl Policy for Chance {
    fn decide(&mut self, now: At, desk: &Engine) -> Vec<Act> {
        if !self.luck.strikes(self.per_hour / 3_600.0) {
            return Vec::new();
        }
        self.done += 1;
        let kind = InterventionKind::ALL[self.luck.index(InterventionKind::ALL.len())];
        let products = &desk.plan().products;
        let sku = products.get(self.luck.index(products.len())).map(|product| product.sku.as_str());
        vec![Act::begin(now, &format!("c{}", self.done), kind, sku)]
    }
}

/// Does what the desk advises, as soon as a card has been up for so many seconds.
#[derive(Clone, Copy, Debug)]
pub struct Advised {
    reaction_s: i64,
}

impl Advised {
    #[must_use]
    pub const fn new(reaction_s: i64) -> Self {
        Self { reaction_s }
    }
}

impl Policy for Advised {
    fn decide(&mut self, now: At, desk: &Engine) -> Vec<Act> {
        let ripe = |card: &&&Recommendation| {
            matches!(card.state, State::Raised | State::Seen) && card.held_by.is_none() && now >= card.raised.plus_s(self.reaction_s)
        };
        desk.advisor().open().iter().filter(ripe).map(|card| accept(card, now, desk)).collect()
    }
}

/// The act that a card proposes, with its own parameters.
fn accept(card: &Recommendation, now: At, desk: &Engine) -> Act {
    let mut id = Name::const_new("i-");
    id.push_str(&card.id);
    let minutes = card.parameters.get("minutes").and_then(|minutes| minutes.parse::<i64>().ok());
    let deed = Deed::Begin {
        id,
        kind: card.kind,
        sku: card.target.product.map(|product| Name::new(desk.live().books.skus.text(product))),
        duration_s: minutes.map(|minutes| minutes * 60),
        parameters: card.parameters.clone(),
        advice: Some(card.id.clone()),
    };
    Act { at: now, told: None, deed }
}
