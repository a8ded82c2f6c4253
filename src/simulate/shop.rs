//! The shop: shelf, carts, orders, payments, refunds. Money in minor units, never through a float.

use std::sync::Arc;

use super::luck::{Concern, Luck, Seed, share_out};
use super::room::{Visitor, VisitorNo, numbered};
use super::scenario::{Scenario, interpolate};
use super::show::Factors;
use crate::engine::event::{Item, OrderStatus};
use crate::engine::id::Name;
use crate::engine::money::{Money, divide_half_even};

pub type CartNo = u32;
pub type OrderNo = u32;

/// A product on the shelf.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub price: i64,
    pub cost: i64,
    pub stock: i64,
    pub reserve: i64,
    pub opening: i64,
    pub bundle: Option<(Vec<usize>, i64)>,
    /// The shop no longer counts: it sells below zero.
    pub uncounted: bool,
    pub removed: bool,
    pub units: i64,
    pub oversold: i64,
    /// Orders that an offer brought forward and that are still missing.
    pub owed: f64,
    /// Told to the stock feed as this.
    pub told: Option<i64>,
    pub seen: i64,
}

impl Shelf {
    /// The share of carts that are bought, when an offer pulls that much of it forward, or what it pulled is missing now.
    fn settle(&mut self, share: f64, pulled: f64) -> f64 {
        if pulled > 0.0 {
            self.owed += share * pulled;
            return share;
        }
        let missing = (share / 2.0).min(self.owed);
        self.owed -= missing;
        share - missing
    }

    #[must_use]
    pub const fn sells(&self, quantity: i64) -> bool {
        !self.removed && (self.uncounted || self.stock >= quantity)
    }
}

/// A line of a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub slot: usize,
    pub quantity: i64,
    /// Price of the list, and what is off the whole line.
    pub price: i64,
    pub discount: i64,
}

impl Line {
    #[must_use]
    pub const fn value(&self) -> i64 {
        self.price * self.quantity - self.discount
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CartState {
    Open,
    /// On the way to an order.
    Buying,
    Left,
    Bought,
}

/// A cart, with everything about its fate drawn when it was opened.
#[derive(Clone, Debug)]
pub struct Cart {
    pub owner: VisitorNo,
    pub channel: u8,
    pub lines: Vec<Line>,
    pub state: CartState,
    pub left_ms: i64,
    pub at_checkout: bool,
    fate: f64,
    hesitation: f64,
    quits: f64,
    gate: f64,
    method: f64,
    pays: f64,
    pay_wait: f64,
    refund: f64,
    rescue: f64,
    pace: f64,
}

impl Cart {
    #[must_use]
    pub fn value(&self) -> i64 {
        self.lines.iter().map(Line::value).sum()
    }
    #[must_use]
    pub fn name(no: CartNo) -> Name {
        numbered('k', u64::from(no) + 1)
    }
    /// Seconds until the visitor decides.
    #[must_use]
    pub fn decides_after_ms(&self, median_s: f64) -> i64 {
        (median_s * 1_000.0 * (0.8 * self.hesitation).exp()).clamp(3_000.0, 900_000.0) as i64
    }
    /// Seconds between two steps at the checkout.
    #[must_use]
    pub fn step_ms(&self) -> i64 {
        4_000 + (self.pace * 22_000.0) as i64
    }
    /// True when a reminder or an offer that reaches this share of the left carts reaches this one.
    #[must_use]
    pub fn is_recovered_by(&self, share: f64) -> bool {
        self.rescue < share
    }
    #[must_use]
    pub fn passes_checkout(&self, ok: f64) -> bool {
        self.gate < ok
    }
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    pub cart: CartNo,
    pub method: usize,
    pub value: i64,
    pub shipping: i64,
    pub status: OrderStatus,
    pub placed_ms: i64,
    pub paid_ms: Option<i64>,
    pub cancelled_ms: Option<i64>,
    pub expires_ms: Option<i64>,
    pub declined: bool,
    pub refunded: i64,
    pub revision: i128,
}

impl Order {
    #[must_use]
    pub fn name(no: OrderNo) -> Name {
        numbered('#', 10_001 + u64::from(no))
    }
}

/// What becomes of a cart when its owner decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Buys,
    /// Begins to pay, then leaves.
    Wavers,
    Leaves,
}

/// How an order's payment ends, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    Approved(i64),
    Declined(i64),
    Expires(i64),
}

/// Totals of the truth, in minor units: what the shop would find out in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takings {
    pub placed: i64,
    pub paid: i64,
    pub refunded: i64,
    /// Cost of the goods of paid orders.
    pub goods: i64,
    pub orders_placed: i64,
    pub orders_paid: i64,
    pub orders_cancelled: i64,
    pub carts: i64,
    pub recovered: i64,
    /// Costs of acts that come with every order.
    pub extras: i64,
}

/// The shop's state.
#[derive(Clone, Debug)]
pub struct Shop {
    seed: Seed,
    scenario: Arc<Scenario>,
    pub shelf: Vec<Shelf>,
    pub carts: Vec<Cart>,
    pub orders: Vec<Order>,
    pub takings: Takings,
    shipping: i64,
    free_from: i64,
}

impl Shop {
    #[must_use]
    pub fn new(seed: Seed, scenario: Arc<Scenario>) -> Self {
        let minor = |amount: &super::scenario::Amount| amount.minor(scenario.currency).unwrap_or(0);
        let shelf = scenario.products.iter().map(|product| Shelf {
            price: minor(&product.price),
            cost: minor(&product.cost),
            stock: product.stock,
            reserve: product.reserve,
            opening: product.stock,
            bundle: bundle(&scenario, product),
            uncounted: false,
            removed: false,
            units: 0,
            oversold: 0,
            owed: 0.0,
            told: None,
            seen: 0,
        });
        Self {
            seed,
            shelf: shelf.collect(),
            carts: Vec::new(),
            orders: Vec::new(),
            takings: Takings::default(),
            shipping: minor(&scenario.shoppers.shipping),
            free_from: minor(&scenario.shoppers.free_shipping_from),
            scenario,
        }
    }

    /// Puts a product into the visitor's open cart, or into a new one. Says which cart, and whether it is new; `None` when it is sold out.
    pub fn add(&mut self, owner: VisitorNo, visitor: &mut Visitor, line: Line) -> Option<(CartNo, bool)> {
        if !self.shelf[line.slot].sells(line.quantity) {
            return None;
        }
        let open = visitor.cart.checked_sub(1).filter(|&no| self.carts[no as usize].state == CartState::Open);
        if let Some(no) = open {
            let lines = &mut self.carts[no as usize].lines;
            match lines.iter_mut().find(|own| own.slot == line.slot) {
                Some(own) => {
                    own.quantity += line.quantity;
                    own.discount += line.discount;
                }
                None => lines.push(line),
            }
            return Some((no, false));
        }
        let mut luck = self.seed.keyed(Concern::Deciding, visitor.key() << 16 | u64::from(visitor.carts));
        let no = self.carts.len() as CartNo;
        self.carts.push(open_cart(owner, visitor.channel, line, &mut luck));
        visitor.carts = visitor.carts.saturating_add(1);
        visitor.cart = no + 1;
        self.takings.carts += 1;
        Some((no, true))
    }

    /// What the owner of a cart decides under these factors; `keen` is the mood of the room and the channel.
    pub fn decide(&mut self, no: CartNo, factors: &Factors, keen: f64) -> Decision {
        let cart = &self.carts[no as usize];
        if !cart.lines.iter().all(|line| self.shelf[line.slot].sells(line.quantity)) {
            return Decision::Leaves;
        }
        // By the list price: what a discount does to the wish to buy is the curve of the act.
        let value: i64 = cart.lines.iter().map(|line| line.price * line.quantity).sum();
        let unit = 10f64.powi(i32::try_from(self.scenario.currency.exponent()).unwrap_or(2));
        let mut share = interpolate(&self.scenario.shoppers.completion, value as f64 / unit) * keen;
        if let Some(line) = cart.lines.first() {
            share *= self.scenario.products[line.slot].orders * factors.completion[line.slot];
        }
        if let Some((from, factor)) = factors.dear
            && value >= from
        {
            share *= factor;
        }
        if self.pays_shipping(value, factors) {
            share *= 0.93;
        }
        let mut share = share.min(0.97);
        if let Some(line) = cart.lines.first() {
            share = self.shelf[line.slot].settle(share, factors.pulled[line.slot]);
        }
        if cart.fate < share {
            Decision::Buys
        } else if cart.quits < self.scenario.shoppers.leave_in_checkout {
            Decision::Wavers
        } else {
            Decision::Leaves
        }
    }

    const fn pays_shipping(&self, goods: i64, factors: &Factors) -> bool {
        self.shipping > 0 && goods < self.free_from && !factors.free_shipping
    }

    /// Prices the cart anew when something is cheaper now.
    pub fn reprice(&mut self, no: CartNo, factors: &Factors) {
        for line in &mut self.carts[no as usize].lines {
            line.discount = line.discount.max(off(line.price * line.quantity, factors.discount[line.slot]));
        }
    }

    /// Swaps a dear cart's goods for the bundle that is offered in their place.
    pub fn swap_for_bundle(&mut self, no: CartNo) {
        let cart = &mut self.carts[no as usize];
        let Some((slots, price)) = cart.lines.first().and_then(|line| self.shelf[line.slot].bundle.clone()) else { return };
        if !slots.iter().all(|&slot| self.shelf[slot].sells(1)) {
            return;
        }
        let list: i64 = slots.iter().map(|&slot| self.shelf[slot].price).sum();
        let mut left = (list - price).max(0);
        cart.lines.clear();
        for (index, &slot) in slots.iter().enumerate() {
            let own = self.shelf[slot].price;
            let share = if index + 1 == slots.len() {
                left
            } else {
                divide_half_even(i128::from(list - price) * i128::from(own), i128::from(list.max(1))).unwrap_or(0)
            };
            let discount = share.clamp(0, own);
            left -= discount;
            cart.lines.push(Line { slot, quantity: 1, price: own, discount });
        }
    }

    /// Makes an order of a cart and takes its goods off the shelf; `None` when they have run out meanwhile.
    pub fn place(&mut self, no: CartNo, factors: &Factors, now_ms: i64) -> Option<OrderNo> {
        let lines = self.carts[no as usize].lines.clone();
        if !lines.iter().all(|line| self.shelf[line.slot].sells(line.quantity)) {
            return None;
        }
        for line in &lines {
            let shelf = &mut self.shelf[line.slot];
            shelf.stock -= line.quantity;
            shelf.units += line.quantity;
            if shelf.stock < 0 {
                shelf.oversold += line.quantity.min(-shelf.stock);
            }
        }
        let goods: i64 = lines.iter().map(Line::value).sum();
        let shipping = if self.pays_shipping(goods, factors) { self.shipping } else { 0 };
        let cart = &mut self.carts[no as usize];
        cart.state = CartState::Bought;
        let method = share_out(cart.method, self.scenario.methods.iter().map(|method| method.share)).unwrap_or(0);
        let expires = self.scenario.methods.get(method).and_then(|method| method.expires_min);
        let order = Order {
            cart: no,
            method,
            value: goods + shipping,
            shipping,
            status: OrderStatus::Placed,
            placed_ms: now_ms,
            paid_ms: None,
            cancelled_ms: None,
            expires_ms: expires.map(|minutes| now_ms + (minutes * 60_000.0) as i64),
            declined: false,
            refunded: 0,
            revision: 1,
        };
        self.takings.placed += order.value;
        self.takings.orders_placed += 1;
        self.orders.push(order);
        Some((self.orders.len() - 1) as OrderNo)
    }

    /// How the payment of a new order ends.
    #[must_use]
    pub fn payment(&self, no: OrderNo) -> Payment {
        let order = &self.orders[no as usize];
        let (cart, method) = (&self.carts[order.cart as usize], &self.scenario.methods[order.method]);
        let wait = (method.pay_s * 1_000.0 * (method.spread * cart.pay_wait).exp()).max(900.0) as i64;
        match (cart.pays < method.paid, order.expires_ms) {
            (true, expires) => Payment::Approved(expires.map_or(order.placed_ms + wait, |end| (order.placed_ms + wait).min(end - 1_000))),
            (false, Some(end)) => Payment::Expires(end),
            (false, None) => Payment::Declined(order.placed_ms + wait.min(20_000)),
        }
    }

    /// The order is paid; false when it is not waiting for that.
    pub fn pay(&mut self, no: OrderNo, now_ms: i64, per_order: i64) -> bool {
        let order = &mut self.orders[no as usize];
        if order.status != OrderStatus::Placed {
            return false;
        }
        order.status = OrderStatus::Paid;
        order.paid_ms = Some(now_ms);
        order.revision += 1;
        self.takings.paid += order.value;
        self.takings.orders_paid += 1;
        self.takings.extras += per_order;
        let lines = &self.carts[order.cart as usize].lines;
        self.takings.goods += lines.iter().map(|line| self.shelf[line.slot].cost * line.quantity).sum::<i64>();
        true
    }

    /// An unpaid order is cancelled and its goods go back; false when it is not waiting.
    pub fn cancel(&mut self, no: OrderNo, now_ms: i64, declined: bool) -> bool {
        let order = &mut self.orders[no as usize];
        if order.status != OrderStatus::Placed {
            return false;
        }
        order.status = OrderStatus::Cancelled;
        order.cancelled_ms = Some(now_ms);
        order.declined = declined;
        order.revision += 1;
        self.takings.orders_cancelled += 1;
        for line in &self.carts[order.cart as usize].lines {
            let shelf = &mut self.shelf[line.slot];
            shelf.oversold -= shelf.oversold.min(line.quantity);
            shelf.stock += line.quantity;
            shelf.units -= line.quantity;
        }
        true
    }

    /// When and how much of a paid order comes back: half of them a line, half of them whole.
    #[must_use]
    pub fn refund(&self, no: OrderNo) -> Option<(i64, i64)> {
        let order = &self.orders[no as usize];
        let cart = &self.carts[order.cart as usize];
        let share = self.scenario.shoppers.refund_share;
        if share <= 0.0 || cart.refund >= share {
            return None;
        }
        let part = cart.refund / share;
        let value =
            if part < 0.5 { order.value } else { cart.lines.first().map_or(order.value, |line| line.value() / line.quantity.max(1)) };
        Some((order.paid_ms? + (480_000.0 + part * 1_500_000.0) as i64, value))
    }

    pub fn take_refund(&mut self, no: OrderNo, value: i64) {
        self.orders[no as usize].refunded += value;
        self.takings.refunded += value;
    }

    /// A cart's lines as they stand on the wire.
    #[must_use]
    pub fn items(&self, lines: &[Line]) -> Vec<Item> {
        let money = |minor| Money::new(minor, self.scenario.currency);
        lines
            .iter()
            .map(|line| {
                let product = &self.scenario.products[line.slot];
                Item {
                    sku: product.sku.clone(),
                    quantity: line.quantity,
                    price: Some(money(line.price)),
                    name: Some(Name::new(&product.name)),
                    discount: (line.discount > 0).then(|| money(line.discount)),
                }
            })
            .collect()
    }
}

/// What is off an amount at so many thousandths, to the nearest minor unit.
#[must_use]
pub fn off(amount: i64, thousandths: i64) -> i64 {
    divide_half_even(i128::from(amount) * i128::from(thousandths), 1_000).unwrap_or(0)
}

fn open_cart(owner: VisitorNo, channel: u8, line: Line, luck: &mut Luck) -> Cart {
    Cart {
        owner,
        channel,
        lines: vec![line],
        state: CartState::Open,
        left_ms: 0,
        at_checkout: false,
        fate: luck.unit(),
        quits: luck.unit(),
        gate: luck.unit(),
        method: luck.unit(),
        pays: luck.unit(),
        refund: luck.unit(),
        rescue: luck.unit(),
        pace: luck.unit(),
        hesitation: luck.normal(),
        pay_wait: luck.normal(),
    }
}

fn bundle(scenario: &Scenario, product: &super::scenario::Product) -> Option<(Vec<usize>, i64)> {
    let slots: Vec<usize> = product.bundle_with.iter().filter_map(|sku| scenario.slot(sku)).collect();
    let price = product.bundle_price.as_ref()?.minor(scenario.currency)?;
    (!slots.is_empty()).then_some((slots, price))
}
