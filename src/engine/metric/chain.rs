//! Where the money of a window comes from: five factors whose logarithms add up to that of GMV per minute.

use super::ask::{Ask, Term, Whom, quotient};
use super::{Metric, Over, Scope};
use crate::engine::Engine;
use crate::engine::live::commerce::audience::Figure;
use crate::engine::series::{Count, Sum};
use crate::engine::time::{MINUTE_MS, Span};
use crate::engine::view::commerce::Chain;

/// What the whole chain needs.
const LINKS: &[&[&str]] = &[&["audience"], &["select_item"], &["add_to_cart"], &["purchase"]];

impl Engine {
    /// The chain over a window, or over the one before it. All its links are over one stretch of time: the last in which
    /// everything that it needs is complete.
    pub(in crate::engine) fn chain_over(&self, scope: Scope, span: Span, before: bool) -> Chain {
        if before && span == Span::Live {
            return Chain::default();
        }
        let until = self.complete_to_all(LINKS, false);
        let ask = until.and_then(|until| self.ask(Metric::GmvPerMin, scope, Over::Span(span, u32::from(before)), until));
        ask.map_or_else(Chain::default, |ask| links(&ask))
    }
}

fn links(ask: &Ask<'_>) -> Chain {
    let told = |kind: &str| ask.engine.is_told(&[kind]);
    let count = |kind: &str, count: Count| told(kind).then(|| i128::from(ask.count(count)));
    let (clicks, adds) = (count("select_item", Count::Clicks), count("add_to_cart", Count::Adds));
    let orders = count("purchase", Count::OrdersPlaced);
    let money = orders.and_then(|_| ask.term(Term::Money(Sum::GmvPlaced)).ok());
    let length = i128::from(ask.length_ms());
    let viewers = viewers(ask);
    let over = |over: Option<i128>, under: Option<i128>| under.filter(|under| *under > 0).and_then(|under| Some(quotient(over?, under)));
    let per_minute = |sum: i128| (length > 0).then(|| quotient(sum.saturating_mul(i128::from(MINUTE_MS)), length));
    Chain {
        viewers,
        clicks_per_viewer: viewers.filter(|viewers| *viewers > 0.0).and_then(|viewers| Some(per_minute(clicks?)? / viewers)),
        click_to_cart: over(adds, clicks),
        cart_to_order: over(orders, adds),
        ticket_minor: over(money, orders),
        gmv_per_min_minor: money.and_then(per_minute),
    }
}

/// Average viewers; those of the whole live where the scope has none of its own.
fn viewers(ask: &Ask<'_>) -> Option<f64> {
    let crowd = match ask.whom {
        Whom::Live | Whom::Channels(_) => ask.crowd(Figure::Viewers),
        Whom::Product(_) | Whom::Band(_) | Whom::Method(_) => {
            let live = Ask { engine: ask.engine, whom: Whom::Live, ..*ask };
            live.crowd(Figure::Viewers)
        }
    };
    (crowd.known_ms > 0).then(|| quotient(crowd.integral, i128::from(crowd.known_ms)))
}
