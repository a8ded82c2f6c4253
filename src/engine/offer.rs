//! What an act needs to be concrete, from the plan and the carts: the bundle's product and price, whom it reaches.

use super::Engine;
use super::event::{InterventionKind, Parameters};
use super::id::Sym;
use super::metric::{Metric, Scope};
use super::money::{Currency, Money};
use super::plan::PlanProduct;
use super::time::Span;

/// Where a rule names no lower edge of what is dear, in major units.
const DEAR_MAJOR: i64 = 500;

/// Puts what the desk knows into the parameters of a proposed act; what a rule says itself stays.
pub fn complete(kind: InterventionKind, parameters: &mut Parameters, engine: &Engine) {
    if kind != InterventionKind::Bundle {
        return;
    }
    let from_major = parameters.get("below_major").and_then(|text| text.parse().ok()).unwrap_or(DEAR_MAJOR);
    let reached = carts_from(from_major, engine);
    if reached > 0.0 {
        parameters.entry("reaches".to_owned()).or_insert_with(|| format!("{reached:.0}"));
    }
    let Some((product, price)) = bundle(from_major, engine) else { return };
    parameters.entry("sku".to_owned()).or_insert_with(|| product.sku.to_string());
    parameters.entry("price".to_owned()).or_insert_with(|| price.text());
}

/// The planned bundle of the dear product that most carts were left with.
fn bundle(from_major: i64, engine: &Engine) -> Option<(&PlanProduct, Money)> {
    let currency = engine.plan().currency.unwrap_or(Currency::NONE);
    let from_minor = from_major.saturating_mul(10_i64.pow(currency.exponent()));
    let left = |sym: Sym| engine.reading(Metric::CartsAbandoned, Scope::Product(sym), Span::Live).number().unwrap_or(0.0);
    let offered = engine.plan().products.iter().filter(|product| product.price_minor.is_some_and(|price| price >= from_minor));
    let found = offered.filter_map(|product| {
        let sym = engine.live().books.find_product(&product.sku)?;
        Some((product, product.bundle_price_minor?, left(sym)))
    });
    let best = found.reduce(|best, other| if other.2 > best.2 { other } else { best })?;
    Some((best.0, Money::new(best.1, currency)))
}

/// Carts of the bands from an edge on that were not bought.
fn carts_from(from_major: i64, engine: &Engine) -> f64 {
    let bands = engine.plan().limits.price_bands.iter().enumerate().filter(|(_, edge)| **edge >= from_major);
    bands.filter_map(|(index, _)| engine.reading(Metric::CartsUnbought, Scope::Band(index), Span::Live).number()).sum()
}
