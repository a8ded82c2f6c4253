//! A scenario played without a screen: the simulator, a desk's engine and a policy in one loop of seconds.

use std::sync::Arc;

use super::policy::Policy;
use super::score::{Played, Raised};
use crate::engine::advice::State;
use crate::engine::event::{Event, Extra, Fact, Intervention, InterventionEnd, Record};
use crate::engine::id::Name;
use crate::engine::time::At;
use crate::engine::{Arrival, Engine};
use crate::simulate::act::{Act, Deed};
use crate::simulate::broadcast::Broadcast;
use crate::simulate::plan_event;
use crate::simulate::scenario::Scenario;

/// A play under way.
#[derive(Debug)]
pub struct Solo {
    broadcast: Broadcast,
    engine: Engine,
    seq: u64,
    at: At,
    acts: Vec<Act>,
    next: Vec<Act>,
    /// Cards that were open at sitting down.
    there: Vec<Name>,
}

impl Solo {
    /// A desk before the first second of a broadcast.
    ///
    /// # Errors
    /// When the simulator cannot be set up.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Result<Self, String> {
        let (at, plan, first) = (scenario.starts_at, scenario.plan(), plan_event(&scenario));
        let mut solo = Self {
            broadcast: Broadcast::new(scenario, seed)?,
            engine: Engine::new(plan, Arrival::Live),
            seq: 0,
            at,
            acts: Vec::new(),
            next: Vec::new(),
            there: Vec::new(),
        };
        solo.take(at, first);
        Ok(solo)
    }

    /// The desk's engine, to arm it with a playbook.
    pub const fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }
    #[must_use]
    pub const fn broadcast(&self) -> &Broadcast {
        &self.broadcast
    }

    fn take(&mut self, at: At, event: Event) {
        self.seq += 1;
        self.at = self.at.max(at);
        self.engine.step(&Record { seq: self.seq, at: self.at, event });
    }

    /// One second: facts arrive, the desk looks, the policy acts from when the operator sits down until the close.
    pub fn step(&mut self, policy: &mut dyn Policy) {
        let acts = std::mem::take(&mut self.next);
        let to = self.broadcast.now().plus_s(1);
        for delivery in self.broadcast.advance_to(to, &acts) {
            self.take(delivery.at, delivery.event);
        }
        self.engine.advance_to(to);
        let scenario = self.broadcast.scenario();
        let (opens, closes) = (scenario.starts_at.plus_s(scenario.opens_s()), scenario.starts_at.plus_s(scenario.closes_s()));
        if to == opens {
            self.there = open_cards(&self.engine);
        }
        if to < opens || to >= closes {
            return;
        }
        for act in policy.decide(to, &self.engine) {
            if let Some(event) = event_of(&act) {
                self.take(to, event);
            }
            self.acts.push(act.clone());
            self.next.push(act);
        }
    }

    /// True at the close.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let scenario = self.broadcast.scenario();
        self.broadcast.now() >= scenario.starts_at.plus_s(scenario.closes_s())
    }

    /// What was done and what the desk said.
    #[must_use]
    pub fn finish(self) -> Played {
        let raised = raised(&self.engine, &self.there);
        Played { scenario: Arc::clone(&self.broadcast.scenario), seed: self.broadcast.seed.0, acts: self.acts, raised }
    }

    /// Plays to the close.
    #[must_use]
    pub fn play(mut self, policy: &mut dyn Policy) -> Played {
        while !self.is_over() {
            self.step(policy);
        }
        self.finish()
    }
}

/// The cards that can be answered now.
#[must_use]
pub fn open_cards(engine: &Engine) -> Vec<Name> {
    engine.advisor().cards().iter().filter(|card| card.state.is_open()).map(|card| card.id.clone()).collect()
}

/// What the desk has raised so far; `there`: the cards that were open at sitting down.
#[must_use]
pub fn raised(engine: &Engine, there: &[Name]) -> Vec<Raised> {
    let cards = engine.advisor().cards().iter().filter(|card| card.state != State::HeldOut);
    cards
        .map(|card| Raised {
            id: card.id.clone(),
            at: card.raised,
            rule: card.rule.clone(),
            kind: card.kind,
            was_there: there.contains(&card.id),
            sku: card.target.product.map(|product| Name::new(engine.live().books.skus.text(product))),
            told: if let State::Waiting { since } = card.state { Some(since) } else { None },
        })
        .collect()
}

/// The record that an act leaves at the desk.
#[must_use]
pub fn event_of(act: &Act) -> Option<Event> {
    let (id, fact) = match &act.deed {
        Deed::Begin { id, kind, sku, duration_s, parameters, advice } => {
            let intervention = Intervention {
                kind: *kind,
                sku: sku.clone(),
                duration_s: *duration_s,
                parameters: parameters.clone(),
                advice: advice.clone(),
                operator: None,
            };
            (id.clone(), Fact::Intervention(Box::new(intervention)))
        }
        Deed::End { id, withdrawn } => {
            let mut own = id.clone();
            own.push_str(".end");
            let end = InterventionEnd { intervention: id.clone(), operator: None };
            (own, if *withdrawn { Fact::InterventionWithdrawn(end) } else { Fact::InterventionEnded(end) })
        }
        Deed::Cue { .. } => return None,
    };
    Some(Event { fact, ts: act.at, id: Some(id), source: Name::const_new("desk"), currency: None, test: false, extra: Extra::default() })
}
