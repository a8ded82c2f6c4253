//! Carts: what was left, what was bought, what came back (events.md, "Carts").
//!
//! Where a cart stands at an instant is a pure function of the facts that name it ([`Standing`]). It is worked out anew when
//! one of them changes, and when time makes it idle or abandoned: a queue holds the next such instant of every open cart,
//! so nothing ever walks over all of them.

mod cart;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use super::Desk;
use super::orders::{Basket, Placed, Version, read_lines};
use crate::engine::Admission;
use crate::engine::event::{Cart as CartState, CartStatus, ChannelClue, CheckoutAct, Event, ItemAct};
use crate::engine::id::{Name, Pieces, Sym, Table};
use crate::engine::plan::Plan;
use crate::engine::series::{Count, Sheet, Sheets, slot_of};
use crate::engine::time::{At, Moment};
use cart::{Cart, Contents, Mark, Standing, State};

/// Orders and carts of one visitor or customer.
#[derive(Clone, Debug, Default)]
struct Patron {
    carts: SmallVec<[u32; 2]>,
    orders: SmallVec<[(u32, At); 1]>,
}

/// Everything that bears one cart name, whatever the source.
#[derive(Clone, Debug, Default)]
struct Namesakes {
    carts: SmallVec<[u32; 2]>,
    purchases: SmallVec<[(u32, Sym, At); 1]>,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Carts {
    carts: Pieces<Cart>,
    by_name: Pieces<Namesakes>,
    visitors: Pieces<Patron>,
    customers: Pieces<Patron>,
    /// The names of the cart of an order that has several.
    several: Table<u32, Basket>,
    /// The next instant at which time alone changes a cart.
    due: BinaryHeap<Reverse<(At, u32)>>,
}

fn version_of(state: &CartState, event: &Event) -> Version {
    Version::new(state.rev, state.status as u8, state.status == CartStatus::Bought, event)
}

/// What a fact says of the cart that it names.
struct Told<'a> {
    cart: &'a Name,
    visitor: Option<&'a Name>,
    customer: Option<&'a Name>,
    channel: Option<&'a ChannelClue>,
}

impl Carts {
    /// Takes an act on a product that names a cart. `sign` says what it moves: 1 an add, −1 a remove, 0 nothing.
    pub fn fold_item(&mut self, act: &ItemAct, sign: i64, product: Sym, event: &Event, desk: &mut Desk<'_>) {
        let Some(cart) = &act.cart else { return };
        let told = Told { cart, visitor: act.visitor.as_ref(), customer: None, channel: act.channel.as_ref() };
        let price = if sign == 0 { None } else { act.price.map(|price| desk.purse.take(price)).or_else(|| planned_price(product, desk)) };
        let amount = price.map(|price| price.saturating_mul(i128::from(act.quantity.unwrap_or(1))).saturating_mul(i128::from(sign)));
        self.change(&told, event.ts, desk, |cart, _| {
            cart.note(Mark::Act, event.ts);
            if sign > 0 {
                cart.hold(product);
            }
            if let Some(amount) = amount {
                cart.note_move(event.ts, amount);
            }
        });
    }

    pub fn fold_checkout(&mut self, act: &CheckoutAct, begins: bool, event: &Event, desk: &mut Desk<'_>) {
        let told = Told { cart: &act.cart, visitor: act.visitor.as_ref(), customer: None, channel: act.channel.as_ref() };
        let lines = read_lines(&act.items, desk);
        let product = act.sku.as_ref().map(|sku| desk.books.product(sku, None, desk.plan));
        let value = act.value.filter(|_| begins).map(|value| desk.purse.take(value));
        self.change(&told, event.ts, desk, |cart, _| {
            cart.note(if begins { Mark::Act } else { Mark::Payment }, event.ts);
            for product in lines.iter().map(|line| line.product).chain(product) {
                cart.hold(product);
            }
            if begins {
                cart.begin_checkout(event.ts);
            }
            if let Some(value) = value {
                cart.anchor(event.ts, value);
            }
        });
    }

    /// Takes a version of a cart's state.
    pub fn fold_state(&mut self, state: &CartState, event: &Event, desk: &mut Desk<'_>) {
        let told =
            Told { cart: &state.cart, visitor: state.visitor.as_ref(), customer: state.customer.as_ref(), channel: state.channel.as_ref() };
        let lines = read_lines(&state.items, desk);
        let (version, sorted) = (version_of(state, event), desk.sorted);
        let by_lines = (!lines.is_empty()).then(|| lines.iter().map(|line| i128::from(line.amount)).sum());
        let value = state.value.map(|value| desk.purse.take(value)).or(by_lines);
        let contents = Contents { status: state.status, value, is_bare: lines.is_empty() };
        self.change(&told, event.ts, desk, |cart, _| {
            for line in &lines {
                cart.hold(line.product);
            }
            cart.read(version, contents, event.ts, sorted);
        });
    }

    /// Whether a version of a cart says anything new.
    #[must_use]
    pub fn judge(&self, state: &CartState, event: &Event, source: Option<Sym>, name: Option<Sym>) -> Admission {
        let known = || self.carts.get(self.find(source?, name?)?);
        match known() {
            Some(cart) if !cart.is_news(version_of(state, event), event.ts) => Admission::Duplicate,
            Some(_) | None => Admission::Accepted,
        }
    }

    /// Takes a re-read that says nothing new: only its time may matter, should an older version still come.
    pub fn note_again(&mut self, state: &CartState, event: &Event, source: Option<Sym>, name: Option<Sym>) {
        let (Some(source), Some(name)) = (source, name) else { return };
        if let Some(index) = self.find(source, name) {
            self.carts[index].read_again(version_of(state, event), event.ts);
        }
    }

    fn find(&self, source: Sym, name: Sym) -> Option<u32> {
        let namesakes = self.by_name.get(name.0)?;
        namesakes.carts.iter().copied().find(|index| self.carts[*index].source == source)
    }

    fn find_or_open(&mut self, source: Sym, name: Sym) -> u32 {
        if let Some(index) = self.find(source, name) {
            return index;
        }
        let index = self.carts.push(Cart::new(source, name));
        self.by_name.of(name).carts.push(index);
        index
    }

    fn change(&mut self, told: &Told<'_>, ts: At, desk: &mut Desk<'_>, change: impl FnOnce(&mut Cart, &Plan)) {
        let name = desk.books.carts.intern(told.cart);
        let index = self.find_or_open(desk.source, name);
        let was_real = self.carts[index].is_real();
        if let Some(visitor) = told.visitor {
            let visitor = desk.books.visitors.intern(visitor);
            if self.carts[index].belong_to(visitor, ts) {
                join(&mut self.visitors.of(visitor).carts, index);
            }
        }
        if let Some(customer) = told.customer {
            let customer = desk.books.customers.intern(customer);
            self.carts[index].customer = Some(customer);
            join(&mut self.customers.of(customer).carts, index);
        }
        if told.channel.is_some() {
            let channel = desk.books.channel(told.channel, &[], desk.plan);
            self.carts[index].come_from(channel, ts);
        }
        change(&mut self.carts[index], desk.plan);
        if !was_real {
            let purchases = self.by_name[name.0].purchases.clone();
            let others = purchases.iter().filter_map(|(order, ..)| self.several.get(order)).flatten().copied();
            let names: Basket = others.chain((!purchases.is_empty()).then_some(name)).collect();
            self.settle_all(&names, desk);
        }
        self.refresh(index, desk);
    }

    /// Hears of an order: who bought, with which carts, when.
    pub fn fold_order(&mut self, before: Option<&Placed>, after: Option<&Placed>, desk: &mut Desk<'_>) {
        if before == after {
            return;
        }
        for placed in before.into_iter().chain(after) {
            let is_after = Some(placed) == after;
            for cart in &placed.carts {
                let purchases = &mut self.by_name.of(*cart).purchases;
                purchases.retain(|(order, ..)| *order != placed.order);
                if is_after {
                    purchases.push((placed.order, placed.source, placed.at));
                }
            }
            if is_after && placed.carts.len() > 1 {
                self.several.insert(placed.order, placed.carts.clone());
            }
        }
        let names: Basket = before.into_iter().chain(after).flat_map(|placed| placed.carts.iter().copied()).collect();
        self.settle_all(&names, desk);
        if let Some(after) = after {
            self.tell_patrons(before, after, desk);
        }
    }

    fn settle_all(&mut self, names: &[Sym], desk: &mut Desk<'_>) {
        for (place, name) in names.iter().enumerate() {
            if !names[..place].contains(name) {
                self.settle_purchases(*name, desk);
            }
        }
    }

    /// True where somebody told of the cart before it was bought.
    fn is_seen(&self, name: Sym) -> bool {
        self.by_name[name.0].carts.iter().any(|index| self.carts[*index].is_real())
    }

    /// Whether an order whose cart nobody saw is told under this name: of several the first, where none of them was seen.
    fn stands_for(&self, order: u32, name: Sym, desk: &Desk<'_>) -> bool {
        let text = |name: &&Sym| desk.books.carts.text(**name);
        self.several
            .get(&order)
            .is_none_or(|names| names.iter().min_by_key(text) == Some(&name) && !names.iter().any(|name| self.is_seen(*name)))
    }

    /// A visitor or customer who buys brings back the carts that they had left.
    fn tell_patrons(&mut self, before: Option<&Placed>, after: &Placed, desk: &mut Desk<'_>) {
        let mut touched = SmallVec::<[u32; 4]>::new();
        for placed in before.into_iter().chain([after]) {
            let is_after = placed == after;
            let mut tell = |patron: &mut Patron| {
                patron.orders.retain(|(order, _)| *order != placed.order);
                if is_after {
                    patron.orders.push((placed.order, placed.at));
                }
                touched.extend_from_slice(&patron.carts);
            };
            if let Some(visitor) = placed.visitor {
                tell(self.visitors.of(visitor));
            }
            if let Some(customer) = placed.customer {
                tell(self.customers.of(customer));
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for index in touched {
            self.refresh(index, desk);
        }
    }

    /// Gives every purchase that names a cart to the cart that it means: its own source's, else the one that there is,
    /// else one that nobody saw before it was bought.
    fn settle_purchases(&mut self, name: Sym, desk: &mut Desk<'_>) {
        let Namesakes { carts, purchases } = self.by_name[name.0].clone();
        let real: SmallVec<[u32; 2]> = carts.iter().copied().filter(|index| self.carts[*index].is_real()).collect();
        let mut bought = SmallVec::<[(u32, At); 2]>::new();
        for (order, source, at) in &purchases {
            let own = real.iter().copied().find(|index| self.carts[*index].source == *source);
            let only = (real.len() == 1).then(|| real[0]);
            let unseen = (real.is_empty() && self.stands_for(*order, name, desk)).then(|| self.find_or_open(*source, name));
            bought.extend(own.or(only).or(unseen).map(|index| (index, *at)));
        }
        for index in self.by_name[name.0].carts.clone() {
            let at = bought.iter().filter(|(cart, _)| *cart == index).map(|(_, at)| Moment::from(*at)).min();
            if self.carts[index].ordered_at != at {
                self.carts[index].ordered_at = at;
                self.refresh(index, desk);
            }
        }
    }

    /// Works out anew where a cart stands, and moves what is counted of it.
    fn refresh(&mut self, index: u32, desk: &mut Desk<'_>) {
        let cart = &self.carts[index];
        let mut standing = cart.standing(desk.now, desk.plan);
        if let Some(standing) = &mut standing {
            if standing.channel.is_none() {
                standing.channel = Some(desk.books.channel(None, &[], desk.plan));
            }
            standing.recovered =
                standing.abandoned.and_then(|at| self.bought_after(cart, at.at()).into_iter().chain(standing.bought).min());
        }
        let next = standing.as_ref().and_then(|standing| standing.next).filter(|at| cart.queued.is_none_or(|queued| *at < queued));
        // one that stands as it stood stays shared with earlier states
        if cart.posted != standing || cart.posted_held as usize != cart.held.len() {
            self.carts[index].repost(standing, desk.sheets);
        }
        if let Some(at) = next {
            self.carts[index].queued = Some(at);
            self.due.push(Reverse((at.at(), index)));
        }
    }

    /// When the cart's visitor or customer bought something after `at`.
    fn bought_after(&self, cart: &Cart, at: At) -> Option<Moment> {
        let visitor = cart.visitor().and_then(|visitor| self.visitors.get(visitor.0));
        let customer = cart.customer.and_then(|customer| self.customers.get(customer.0));
        let orders = visitor.into_iter().chain(customer).flat_map(|patron| &patron.orders);
        orders.map(|(_, placed)| *placed).filter(|placed| *placed >= at).min().map(Moment::from)
    }

    /// Lets time pass: what falls due by `desk.now` becomes idle or abandoned.
    pub fn age(&mut self, desk: &mut Desk<'_>) {
        while let Some(Reverse((at, index))) = self.due.peek().copied() {
            if at > desk.now {
                return;
            }
            self.due.pop();
            if self.carts[index].queued == Some(at.into()) {
                self.carts[index].queued = None;
                self.refresh(index, desk);
            }
        }
    }

    /// Purchases whose cart could be any of several.
    #[must_use]
    pub fn unmatched(&self) -> usize {
        let all = (0..self.by_name.len()).map(|name| &self.by_name[name]);
        let named = all.filter(|namesakes| namesakes.carts.len() > 1);
        let lost = named.map(|namesakes| {
            let real = || namesakes.carts.iter().map(|index| &self.carts[*index]).filter(|cart| cart.is_real());
            if real().count() < 2 {
                return 0;
            }
            namesakes.purchases.iter().filter(|(_, source, _)| real().all(|cart| cart.source != *source)).count()
        });
        lost.sum()
    }
}

fn join(carts: &mut SmallVec<[u32; 2]>, index: u32) {
    if !carts.contains(&index) {
        carts.push(index);
    }
}

fn planned_price(product: Sym, desk: &Desk<'_>) -> Option<i128> {
    desk.plan.product(desk.books.skus.text(product))?.price_minor.map(i128::from)
}

/// Counts a cart in one sheet, or takes it out.
fn post(standing: &Standing, sign: i64, sheet: &mut Sheet) {
    let carts = &mut sheet.carts;
    match standing.state {
        State::Open => carts.open += sign,
        State::Idle => {
            carts.open += sign;
            carts.idle += sign;
        }
        State::Abandoned => carts.abandoned += sign,
        State::Bought => carts.bought += sign,
    }
    carts.ever_abandoned += sign * i64::from(standing.abandoned.is_some());
    carts.recovered += sign * i64::from(standing.recovered.is_some());
}

fn post_times(standing: &Standing, sign: i64, sheet: &mut Sheet) {
    for (count, at) in standing.times() {
        if let Some(at) = at {
            sheet.add(count, slot_of(at.at()), sign);
        }
    }
}

/// The sheets that a cart is counted in.
fn each_sheet(standing: &Standing, held: &[Sym], sheets: &mut Sheets, mut visit: impl FnMut(&mut Sheet)) {
    visit(&mut sheets.live);
    if let Some(channel) = standing.channel {
        visit(sheets.channel(channel));
    }
    if let Some(band) = standing.band {
        visit(sheets.band(usize::from(band)));
    }
    for product in held {
        visit(sheets.product(*product));
    }
}

impl Cart {
    /// Takes the old standing out of the sheets and puts the new one in; only what differs is touched.
    fn repost(&mut self, new: Option<Standing>, sheets: &mut Sheets) {
        let (held_before, held) = (self.posted_held as usize, self.held.len());
        let old = self.posted.take();
        match (&old, &new) {
            (Some(old), Some(new)) if old.channel == new.channel && old.band == new.band && held_before == held => {
                each_sheet(new, &self.held, sheets, |sheet| {
                    post(old, -1, sheet);
                    post(new, 1, sheet);
                    for ((count, was), (_, is)) in old.times().into_iter().zip(new.times()) {
                        if was != is {
                            was.into_iter().for_each(|at| sheet.add(count, slot_of(at.at()), -1));
                            is.into_iter().for_each(|at| sheet.add(count, slot_of(at.at()), 1));
                        }
                    }
                });
            }
            _ => {
                for (standing, sign, held) in [(&old, -1, held_before), (&new, 1, held)] {
                    if let Some(standing) = standing {
                        each_sheet(standing, &self.held[..held.min(self.held.len())], sheets, |sheet| {
                            post(standing, sign, sheet);
                            post_times(standing, sign, sheet);
                        });
                    }
                }
            }
        }
        self.posted = new;
        self.posted_held = u32::try_from(held).unwrap_or(u32::MAX);
    }
}

impl Standing {
    /// The instants that are counted by time.
    fn times(&self) -> [(Count, Option<Moment>); 6] {
        [
            (Count::CartsOpened, Some(self.opened)),
            (Count::CartsAbandoned, self.abandoned),
            (Count::CartsBought, self.bought),
            (Count::CartsRecovered, self.recovered),
            (Count::Checkouts, self.checkout),
            (Count::CheckoutsBought, self.checkout.filter(|_| self.state == State::Bought)),
        ]
    }
}
