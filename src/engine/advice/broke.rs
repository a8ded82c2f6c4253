//! Where the funnel broke: GMV a minute is viewers × clicks per viewer × carts per click × orders per cart × ticket, so that its
//! change falls apart in logarithms that add up.

use crate::engine::Engine;
use crate::engine::metric::Scope;
use crate::engine::time::Span;
use crate::engine::view::commerce::Chain;

/// Where the funnel broke.
#[derive(Clone, Debug, PartialEq)]
pub struct Broke {
    pub factor: &'static str,
    pub from: f64,
    pub to: f64,
    /// ln(now / before) of the five factors, in the order of the chain; they add up to that of GMV per minute.
    pub shares: [(&'static str, f64); 5],
}

/// The factor of the funnel that moved most over ten minutes against the ten before.
pub fn broke(engine: &Engine) -> Option<Broke> {
    let (before, after) = (engine.chain_before(Scope::Live, Span::M10), engine.chain(Scope::Live, Span::M10));
    let factors = |chain: &Chain| [chain.viewers, chain.clicks_per_viewer, chain.click_to_cart, chain.cart_to_order, chain.ticket_minor];
    const NAMES: [&str; 5] = ["viewers", "clicks_per_viewer", "click_to_cart", "cart_to_order", "ticket"];
    let mut shares = [("", 0.0); 5];
    let mut worst: Option<(usize, f64, f64, f64)> = None;
    for (index, (from, to)) in factors(&before).into_iter().zip(factors(&after)).enumerate() {
        let (Some(from), Some(to)) = (from, to) else { return None };
        if from <= 0.0 || to <= 0.0 {
            return None;
        }
        let ln = (to / from).ln();
        shares[index] = (NAMES[index], ln);
        if worst.is_none_or(|(_, _, _, least)| ln < least) {
            worst = Some((index, from, to, ln));
        }
    }
    worst.map(|(index, from, to, _)| Broke { factor: NAMES[index], from, to, shares })
}
