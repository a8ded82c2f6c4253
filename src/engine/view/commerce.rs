//! Products, channels, price bands, payment methods, unpaid orders, stock, and where the money of a minute comes from.

use crate::engine::Engine;
use crate::engine::event::InterventionKind;
use crate::engine::id::{Set, Sym};
use crate::engine::live::commerce::channels::UNKNOWN;
use crate::engine::live::commerce::stock::{Level, Shelf};
use crate::engine::metric::Scope;
use crate::engine::money::{Currency, Money};
use crate::engine::plan::PlanProduct;
use crate::engine::series::{Count, Window, slot_of};
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
    /// Unknown while there are several currencies.
    pub value: Option<Money>,
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
/// The logarithms of the five factors add up to the logarithm of [`Chain::gmv_per_min_minor`]. Each is `None` where it is not known.
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

/// Orders by whether their buyers had bought before this live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoveltyView {
    pub buyers: i64,
    pub orders: i64,
    pub paid_orders: i64,
    /// Of orders that were paid, in minor units.
    pub paid_minor: i64,
}

impl Engine {
    /// First-ever buyers, those who had bought before, and those of whom nobody knows. `None` where no feed tells of orders.
    #[must_use]
    pub fn novelty(&self) -> Option<[NoveltyView; 3]> {
        if !self.is_told(&["purchase", "payment"]) {
            return None;
        }
        let (mut sums, mut seen) = ([NoveltyView::default(); 3], Set::default());
        let orders = &self.live().commerce.orders;
        for (_, account) in orders.accounts(0, u32::MAX, self.plan()) {
            let place = match orders.buyers.is_new(account.buyer) {
                Some(true) => 0,
                Some(false) => 1,
                None => 2,
            };
            let sum = &mut sums[place];
            sum.orders += 1;
            sum.buyers += i64::from(seen.insert(account.buyer));
            if account.paid.is_some() {
                sum.paid_orders += 1;
                sum.paid_minor = sum.paid_minor.saturating_add(account.value);
            }
        }
        Some(sums)
    }

    /// All products, by slot.
    #[must_use]
    pub fn products(&self) -> Vec<ProductView<'_>> {
        let (plan, books, on_air) = (self.plan(), &self.live().books, self.on_air());
        let mut free = plan.products.iter().map(|product| product.slot).max().unwrap_or(0);
        let mut rows: Vec<ProductView<'_>> = Vec::new();
        for sym in books.products() {
            let sku = books.skus.text(sym);
            let planned = plan.product(sku);
            let slot = planned.map(|product| product.slot).filter(|slot| *slot > 0).unwrap_or_else(|| {
                free += 1;
                free
            });
            let plan_price = || Some(Money::new(planned?.price_minor?, self.currency()?));
            let price = self.live().commerce.prices.latest(sym).or_else(plan_price);
            let name = planned.map(|product| product.name.as_str()).filter(|name| !name.is_empty());
            let name = name.or_else(|| books.title(sym)).unwrap_or(sku);
            rows.push(ProductView { sym, sku, name, slot, price, planned, on_air: on_air == Some(sym) });
        }
        rows.sort_by_key(|row| row.slot);
        rows
    }

    /// The currency that sums are told in; `None` when there are several.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.live().commerce.purse.currency()
    }

    /// Channels that were planned or seen; those that were merged into another are told there.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelView<'_>> {
        let (plan, live) = (self.plan(), self.live());
        let planned = |name: &str| plan.channels.iter().any(|channel| channel.name == name);
        let seen = |sym: Sym| live.sheets.of_channel(sym).is_some_and(|sheet| !sheet.is_blank());
        let told = |sym: Sym| live.commerce.channels.told_under(sym, &live.books).any(seen);
        let mut rows: Vec<ChannelView<'_>> = live
            .books
            .channels
            .iter()
            .filter(|(sym, name)| live.commerce.channels.home(*sym) == *sym && (planned(name) || told(*sym)))
            .map(|(sym, name)| ChannelView { sym, name })
            .collect();
        rows.sort_by_key(|row| (row.name == UNKNOWN, row.sym));
        rows
    }

    /// The price bands of carts, the cheapest first.
    #[must_use]
    pub fn bands(&self) -> Vec<BandView> {
        let Some(currency) = self.currency() else { return Vec::new() };
        let edges = &self.plan().limits.price_bands;
        let edge = |index: usize| edges.get(index).map(|major| Money::new(major.saturating_mul(10i64.pow(currency.exponent())), currency));
        let bands = (0..edges.len()).filter_map(|index| Some(BandView { index, from: edge(index)?, to: edge(index + 1) }));
        bands.collect()
    }

    /// Payment methods that feeds named, by first appearance.
    #[must_use]
    pub fn methods(&self) -> Vec<MethodView<'_>> {
        self.live().books.methods.iter().map(|(sym, name)| MethodView { sym, name }).collect()
    }

    /// The orders that an act of this kind is about: for a rescue the unpaid ones that end soon, else all unpaid ones.
    #[must_use]
    pub fn orders_about(&self, kind: InterventionKind) -> Vec<&str> {
        if kind != InterventionKind::CartRescue {
            return Vec::new();
        }
        let (now, until) = (self.now(), self.now().plus_s(self.plan().limits.expiring_s));
        let pending = self.pending_orders();
        let ends_soon = |order: &&PendingOrder<'_>| order.expires_at.is_some_and(|end| end > now && end <= until);
        let soon: Vec<&str> = pending.iter().filter(ends_soon).map(|order| order.order).collect();
        if soon.is_empty() { pending.iter().map(|order| order.order).collect() } else { soon }
    }
    /// Unpaid orders, the first to expire first, those without an expiry last.
    #[must_use]
    pub fn pending_orders(&self) -> Vec<PendingOrder<'_>> {
        let currency = self.currency();
        let books = &self.live().books;
        let pending = self.live().commerce.orders.pending(self.plan());
        let mut rows: Vec<PendingOrder<'_>> = pending
            .map(|(order, account)| PendingOrder {
                order: books.orders.text(order.name),
                value: currency.map(|currency| Money::new(account.value, currency)),
                method: account.method.map(|method| books.methods.text(method)),
                placed_at: account.placed,
                expires_at: account.expires_at,
            })
            .collect();
        rows.sort_by_key(|row| (row.expires_at.is_none(), row.expires_at, row.placed_at, row.order));
        rows
    }

    /// Stock of a product, sorted by source and location: which came first does not show.
    #[must_use]
    pub fn stock(&self, product: Sym) -> Vec<StockView<'_>> {
        let books = &self.live().books;
        let shelves = self.live().commerce.stock.shelves(product);
        let row = |(shelf, level): &(Shelf, Level)| StockView {
            source: books.sources.text(shelf.source),
            location: shelf.location.map_or("", |location| books.locations.text(location)),
            available: level.available,
            at: level.at,
        };
        let mut rows: Vec<StockView<'_>> = shelves.iter().map(row).collect();
        rows.sort_by_key(|row| (row.source, row.location));
        rows
    }

    /// What is wrong with a product's stock: sources that disagree, more sold than there was, nothing left.
    #[must_use]
    pub fn stock_alarm(&self, product: Sym) -> StockAlarm {
        let sources = self.live().commerce.stock.by_source(product);
        let figures = || sources.iter().map(|(_, level)| level.available);
        let mismatch = figures().min().zip(figures().max()).filter(|(least, most)| least != most);
        let sold = |from: u32| {
            let sheet = self.live().sheets.of_product(product);
            sheet.map_or(0, |sheet| sheet.count(Count::Units, Window::between(from, u32::MAX)))
        };
        let planned = self.plan().product(self.live().books.skus.text(product)).and_then(|product| product.stock);
        let beyond_figures = sources.iter().map(|(_, level)| sold(slot_of(level.at) + 1) - level.available);
        let beyond_plan = planned.filter(|_| sources.is_empty()).map(|stock| sold(0) - stock);
        let oversold = beyond_figures.chain(beyond_plan).max().unwrap_or(0).max(0);
        let left = figures().min().or_else(|| planned.map(|stock| stock - sold(0)));
        StockAlarm { mismatch, oversold, sold_out: left.is_some_and(|left| left <= 0) }
    }

    /// When the product last sold.
    #[must_use]
    pub fn last_sale(&self, product: Sym) -> Option<At> {
        let slot = self.live().sheets.of_product(product)?.last(Count::OrdersPlaced)?;
        let accounts = self.live().commerce.orders.accounts(slot, slot + 1, self.plan());
        let sold = accounts.filter(|(_, account)| account.lines.iter().any(|line| line.product == product));
        sold.map(|(_, account)| account.placed).max()
    }

    /// Where the money of a window comes from.
    #[must_use]
    pub fn chain(&self, scope: Scope, span: Span) -> Chain {
        self.chain_over(scope, span, false)
    }

    /// The same over the window before.
    #[must_use]
    pub fn chain_before(&self, scope: Scope, span: Span) -> Chain {
        self.chain_over(scope, span, true)
    }
}
