//! The best play that a search finds within a stated number of runs: hindsight, on the same seed.
//!
//! Greedy and lazy: every candidate act is tried alone, the most valuable is kept, and the others are tried again beside
//! it only while their last known worth could still win. It is a yardstick, not a bound: "the best found in N runs".

use crate::engine::event::InterventionKind as Kind;
use crate::engine::time::At;
use crate::simulate::act::{Act, Deed};
use crate::simulate::broadcast::{Broadcast, Outcome};

/// How many broadcasts the search may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub runs: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { runs: 160 }
    }
}

/// Hears how many runs of how many are done, and says whether the search goes on.
pub type Watch<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// The best play found.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    pub acts: Vec<Act>,
    pub outcome: Outcome,
    pub runs: usize,
}

/// What a play from `start` comes to at `until`.
#[must_use]
pub fn outcome(start: &Broadcast, acts: &[Act], until: At) -> Outcome {
    let mut twin = start.silent();
    twin.advance_to(until, acts);
    twin.outcome()
}

/// Searches from `start` for acts before `closes` that leave the most margin at `until`, as long as `goes_on` lets it.
#[must_use]
pub fn search(start: &Broadcast, closes: At, until: At, budget: Budget, goes_on: Watch<'_>) -> Best {
    let mut kept: Vec<Act> = Vec::new();
    let mut reached = outcome(start, &kept, until);
    let nobody = reached.margin();
    let mut runs = 1;
    let mut open: Vec<(i64, Act)> = Vec::new();
    // What is kept first is known from trying it alone; half of the budget is left for what goes well beside it.
    for act in candidates(start, closes).into_iter().take(budget.runs.saturating_sub(1).div_ceil(2)) {
        if !goes_on(runs, budget.runs) {
            break;
        }
        let came_to = outcome(start, std::slice::from_ref(&act), until);
        runs += 1;
        let gain = came_to.margin() - nobody;
        if came_to.margin() > reached.margin() {
            open.extend(kept.pop().map(|before| (reached.margin() - nobody, before)));
            (kept, reached) = (vec![act], came_to);
        } else if gain > 0 {
            open.push((gain, act));
        }
    }
    while runs + kept.len() + 1 < budget.runs && goes_on(runs, budget.runs) {
        open.sort_by_key(|(gain, act)| (*gain, std::cmp::Reverse(act.at)));
        let Some((believed, act)) = open.pop() else { break };
        if believed <= 0 {
            break;
        }
        let mut tried = kept.clone();
        tried.push(act.clone());
        tried.sort_by_key(|act| act.at);
        let came_to = outcome(start, &tried, until);
        runs += 1;
        let gain = came_to.margin() - reached.margin();
        if gain > 0 && open.last().is_none_or(|(next, _)| gain >= *next) {
            (kept, reached) = (tried, came_to);
        } else if gain > 0 {
            open.push((gain, act));
        }
    }
    // What was kept first may be worth nothing beside what came later.
    for place in (0..kept.len()).rev() {
        let mut without = kept.clone();
        without.remove(place);
        let came_to = outcome(start, &without, until);
        runs += 1;
        if came_to.margin() >= reached.margin() {
            (kept, reached) = (without, came_to);
        }
    }
    Best { acts: renumbered(kept), outcome: reached, runs }
}

fn renumbered(mut acts: Vec<Act>) -> Vec<Act> {
    for (number, act) in acts.iter_mut().enumerate() {
        if let Deed::Begin { id, .. } = &mut act.deed {
            *id = format!("b{}", number + 1).into();
        }
    }
    acts
}

/// Acts worth trying: the right ones soon after each incident begins, and the desk's usual ones spread over the play.
fn candidates(start: &Broadcast, closes: At) -> Vec<Act> {
    let scenario = start.scenario();
    let opens = start.now();
    let mut found = Vec::new();
    for incident in start.incidents().iter().filter(|incident| scenario.starts_at.plus_s(incident.until_s()) > opens) {
        let begun = scenario.starts_at.plus_s(incident.from_s()).max(opens);
        for at in [begun.plus_s(20), begun.plus_s(150)] {
            for &kind in incident.right() {
                let sku = incident.sku.as_deref();
                found.extend(variants(start, kind, sku, at));
            }
        }
    }
    let minutes = closes.since_ms(opens) / 60_000;
    let step_s = if minutes <= 15 { 90 } else { (minutes * 60 / 8).max(300) };
    let mut at = opens.plus_s(15);
    while at < closes {
        for kind in USUAL {
            found.extend(variants(start, kind, None, at));
        }
        at = at.plus_s(step_s);
    }
    found.retain(|act| act.at < closes);
    found
}

/// What a desk can do at any time.
const USUAL: [Kind; 12] = [
    Kind::FlashDeal,
    Kind::SwitchProduct,
    Kind::PinProduct,
    Kind::CartRescue,
    Kind::Bundle,
    Kind::BroadcastPush,
    Kind::AnswerQuestion,
    Kind::Demo,
    Kind::Countdown,
    Kind::BonusKit,
    Kind::FreeShipping,
    Kind::AdsUp,
];

/// An act of a kind with the parameters and products that make a difference.
fn variants(start: &Broadcast, kind: Kind, sku: Option<&str>, at: At) -> Vec<Act> {
    let make = |sku: Option<&str>| Act::begin(at, "b", kind, sku);
    match kind {
        Kind::SwitchProduct | Kind::PinProduct => match sku {
            Some(sku) if kind == Kind::PinProduct || start.shop().shelf.len() < 2 => vec![make(Some(sku))],
            _ => earners(start).iter().map(|sku| make(Some(sku))).collect(),
        },
        Kind::FlashDeal if sku.is_none() => ["10", "20"].map(|percent| make(None).with("percent", percent)).to_vec(),
        Kind::Bundle => {
            let products = &start.scenario().products;
            products.iter().filter(|product| product.bundle_price.is_some()).take(1).map(|product| make(Some(&product.sku))).collect()
        }
        _ => vec![make(sku)],
    }
}

/// The products that earn most when they are shown: margin × clicks × carts, as long as there is stock.
fn earners(start: &Broadcast) -> Vec<&str> {
    let products = &start.scenario().products;
    let mut worth: Vec<(i64, &str)> = products
        .iter()
        .zip(&start.shop().shelf)
        .filter(|(_, shelf)| shelf.sells(20))
        .map(|(product, shelf)| {
            let sold = shelf.units.max(1) as f64;
            let margin = (shelf.price - shelf.cost) as f64 * product.clicks * product.adds * (1.0 + sold.ln());
            #[expect(clippy::cast_possible_truncation, reason = "only to order by")]
            let rank = margin as i64;
            (rank, product.sku.as_str())
        })
        .collect();
    worth.sort_by(|one, other| other.cmp(one));
    worth.into_iter().take(3).map(|(_, sku)| sku).collect()
}
