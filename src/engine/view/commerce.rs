//! Products, channels, price bands, payment methods, unpaid orders, stock, and where the money of a minute comes from.

use crate::engine::Engine;
use crate::engine::id::Sym;
use crate::engine::metric::Scope;
use crate::engine::money::Money;
use crate::engine::plan::PlanProduct;
use crate::engine::time::{At, Span};

/// A product that was planned or seen.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductView<'a> {
    pub sym: Sym,
    pub sku: &'a str,
    pub name: &'a str,
    /// Its key on the desk; products that nobody planned get the slots after the plan's, by first appearance.
    pub slot: u32,
    /// The latest price seen, else the plan's.
    pub price: Option<Money>,
    pub planned: Option<&'a PlanProduct>,
    pub on_air: bool,
}

/// A channel that was planned or seen, in the order organic, paid, direct_link, the plan's own, unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelView<'a> {
    pub sym: Sym,
    pub name: &'a str,
}

/// A price band of carts.
#[derive(Clone, Debug, PartialEq)]
pub struct BandView {
    /// Its place: `Scope::Band(index)`.
    pub index: usize,
    pub from: Money,
    /// Exclusive; `None` for the dearest.
    pub to: Option<Money>,
}

/// A payment method as the feeds write it (`pix`, `card`, `link` …).
#[derive(Clone, Debug, PartialEq)]
pub struct MethodView<'a> {
    pub sym: Sym,
    pub name: &'a str,
}

/// An order that is placed and neither paid nor cancelled.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingOrder<'a> {
    pub order: &'a str,
    pub value: Money,
    pub method: Option<&'a str>,
    pub placed_at: At,
    pub expires_at: Option<At>,
}

/// Units of a sku at one place, as one source says.
#[derive(Clone, Debug, PartialEq)]
pub struct StockView<'a> {
    pub source: &'a str,
    pub location: &'a str,
    pub available: i64,
    pub at: At,
}

/// What is wrong with a product's stock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StockAlarm {
    /// Sources disagree: the lowest and the highest figure.
    pub mismatch: Option<(i64, i64)>,
    /// Units sold beyond what there was.
    pub oversold: i64,
    pub sold_out: bool,
}

/// viewers × clicks per viewer × click→cart × cart→order × ticket = GMV per minute, over one window.
///
/// The logarithms of the five factors add up to the logarithm of [`Chain::gmv_per_min`]. Each is `None` where it is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// Average viewers over the window.
    pub viewers: Option<f64>,
    /// Clicks per viewer and minute.
    pub clicks_per_viewer: Option<f64>,
    pub click_to_cart: Option<f64>,
    pub cart_to_order: Option<f64>,
    /// Placed money per placed order, in minor units.
    pub ticket_minor: Option<f64>,
    pub gmv_per_min_minor: Option<f64>,
}

impl Engine {
    /// All products, by slot.
    #[must_use]
    pub fn products(&self) -> Vec<ProductView<'_>> {
        Vec::new()
    }
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelView<'_>> {
        Vec::new()
    }
    #[must_use]
    pub fn bands(&self) -> Vec<BandView> {
        Vec::new()
    }
    #[must_use]
    pub fn methods(&self) -> Vec<MethodView<'_>> {
        Vec::new()
    }
    /// Unpaid orders, the first to expire first, those without an expiry last.
    #[must_use]
    pub fn pending_orders(&self) -> Vec<PendingOrder<'_>> {
        Vec::new()
    }
    /// Stock of a product by source and location.
    #[must_use]
    pub fn stock(&self, product: Sym) -> Vec<StockView<'_>> {
        let _ = product;
        Vec::new()
    }
    #[must_use]
    pub fn stock_alarm(&self, product: Sym) -> StockAlarm {
        let _ = product;
        StockAlarm::default()
    }
    /// When the product last sold.
    #[must_use]
    pub fn last_sale(&self, product: Sym) -> Option<At> {
        let _ = product;
        None
    }
    /// Where the money of a window comes from.
    #[must_use]
    pub fn chain(&self, scope: Scope, span: Span) -> Chain {
        let _ = (scope, span);
        Chain::default()
    }
    /// The same over the window before.
    #[must_use]
    pub fn chain_before(&self, scope: Scope, span: Span) -> Chain {
        let _ = (scope, span);
        Chain::default()
    }
}
