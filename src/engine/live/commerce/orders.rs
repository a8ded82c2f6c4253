//! Orders: versions in, one winner each; what was placed, paid, cancelled and refunded, by minute (events.md, "Orders").
//!
//! An order's [`Account`] is a pure function of what is known of it. On every change the old account is taken out of the
//! sheets and the new one put in, so no order of arrival can show.

mod account;
mod buyers;
mod namesakes;
mod said;
mod settled;
mod ties;

use smallvec::SmallVec;

use super::Desk;
use super::channels::UNKNOWN;
use crate::engine::Admission;
use crate::engine::event::{Cancellation, Correction, CorrectionKind, Event, OrderStatus, Payment, PaymentStatus, Purchase, Refund, Rev};
use crate::engine::id::{Name, Pieces, Set, Sym, Table};
use crate::engine::plan::{OrdersFrom, Plan};
use crate::engine::series::{Slots, slot_of};
use crate::engine::time::{At, Moment};
pub use account::Account;
pub use buyers::{Buyer, Buyers, Circle};
use namesakes::{Bearer, Namesakes};
pub use said::{Line, read_lines};
use said::{Said, is_excluded, read_purchase};
use settled::{Claim, Claimed, Goods, Settled};
use ties::{Lent, Ties};

/// Versions of one order that are told apart; of older ones only their effect stays.
const MOST_VERSIONS: usize = 64;

/// Names of its cart that one order has.
const MOST_CARTS: usize = 8;

/// How versions are ordered: what is never left again last, then by revision (else time), rank, time, content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    is_final: bool,
    stamp: i128,
    rank: u8,
    ts: At,
    content: u64,
}

impl Version {
    /// The version of a state's event.
    #[must_use]
    pub fn new(rev: Option<Rev>, rank: u8, is_final: bool, event: &Event) -> Self {
        let stamp = rev.map_or_else(|| i128::from(event.ts.ms()) * 1_000_000, |rev| rev.0);
        Self { is_final, stamp, rank, ts: event.ts, content: content_of(event) }
    }
    #[must_use]
    pub const fn content(&self) -> u64 {
        self.content
    }
    /// Whether it comes after another. Files bring versions that are equal in all but content by their canonical bytes,
    /// so there the later one is the greater; elsewhere a number of the content decides, whatever came first.
    #[must_use]
    pub fn beats(&self, other: &Self, sorted: bool) -> bool {
        let place = |version: &Self| (version.is_final, version.stamp, version.rank, version.ts);
        match place(self).cmp(&place(other)) {
            std::cmp::Ordering::Equal => sorted || self.content > other.content,
            order => order.is_gt(),
        }
    }
}

/// What a state says, whenever it was read.
#[must_use]
pub fn content_of(event: &Event) -> u64 {
    use std::hash::BuildHasher;
    foldhash::quality::FixedState::with_seed(6).hash_one((&event.fact, event.currency, &event.extra))
}

/// An order, by source and key.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its place in the ledger.
    number: u32,
    pub source: Sym,
    pub name: Sym,
    said: Option<Said>,
    /// The carts that its versions name.
    carts: Basket,
    /// What earlier versions name and the winner is silent on.
    lent: Option<Box<Lent>>,
    /// A version says that it is one of staff or a tester.
    excluded: bool,
    /// Distinct versions: their content and the smallest time each was read at.
    versions: SmallVec<[(u64, At); 1]>,
    /// The smallest `ts` over the versions with each status.
    first: [Option<Moment>; 3],
    /// The smallest instants that any version names.
    named: [Option<Moment>; 3],
    /// What payments and refunds say, where there are some.
    claimed: Option<Box<Settled>>,
}

/// The carts that one order names: a shop and those who tell of it may each have a name for it.
pub type Basket = SmallVec<[Sym; 1]>;

/// What other ledgers hear of an order: who bought, with which carts, when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub order: u32,
    pub source: Sym,
    pub at: At,
    /// In their order.
    pub carts: Basket,
    pub visitor: Option<Sym>,
    pub customer: Option<Sym>,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    orders: Pieces<Order>,
    by_name: Pieces<Namesakes>,
    /// Orders that count, by the slot they were placed in.
    by_slot: Slots<Vec<u32>>,
    pending: Set<u32>,
    unmatched: usize,
    excluded: usize,
    out_of_scope: usize,
    pub buyers: Buyers,
    /// The latest word of the desk on an order: excluded or not.
    corrected: Table<Sym, (At, bool)>,
    /// The order that each refund names.
    refunded: Table<Name, Sym>,
    /// Refunds that were taken back, whether they have arrived or not.
    voided: Set<Name>,
    ends_at: Option<At>,
}

impl Orders {
    /// Takes a version of an order. Tells what is placed before and after it.
    pub fn fold_purchase(&mut self, purchase: &Purchase, event: &Event, desk: &mut Desk<'_>) -> (Option<Placed>, Option<Placed>) {
        let index = self.index_of(desk.source, desk.books.orders.intern(&purchase.order), desk);
        let before = self.placed(index);
        self.post(index, -1, desk);
        let version = version_of(purchase, event);
        let said = read_purchase(purchase, version, desk);
        let cart = purchase.cart.as_ref().map(|cart| desk.books.carts.intern(cart));
        let order = &mut self.orders[index];
        order.note_version(purchase, version);
        if let Some(cart) = cart
            && order.carts.len() < MOST_CARTS
            && let Err(place) = order.carts.binary_search(&cart)
        {
            order.carts.insert(place, cart);
        }
        order.excluded |= is_excluded(purchase, desk.plan);
        order.hear(said, desk.sorted);
        self.post(index, 1, desk);
        (before, self.placed(index))
    }

    /// Whether a version of an order says anything new.
    #[must_use]
    pub fn judge(&self, purchase: &Purchase, event: &Event, source: Option<Sym>, name: Option<Sym>) -> Admission {
        let known = || {
            let namesakes = self.by_name.get(name?.0)?;
            let index = namesakes.orders.iter().find(|index| Some(self.orders[**index].source) == source)?;
            self.orders.get(*index)
        };
        let Some(order) = known() else { return Admission::Accepted };
        let version = version_of(purchase, event);
        match order.versions.iter().find(|(content, _)| *content == version.content) {
            None => Admission::Accepted,
            Some((_, earliest)) if version.ts < *earliest => Admission::Accepted,
            Some(_) if order.said.as_ref().is_some_and(|said| version > said.version && said.version.content != version.content) => {
                Admission::Accepted
            }
            Some(_) => Admission::Duplicate,
        }
    }

    /// Takes a re-read that says nothing new: only its time may matter, should an older version still come.
    pub fn note_again(&mut self, purchase: &Purchase, event: &Event, source: Option<Sym>, name: Option<Sym>) {
        let (Some(source), Some(name)) = (source, name) else { return };
        let Some(namesakes) = self.by_name.get(name.0) else { return };
        let Some(index) = namesakes.orders.iter().find(|index| self.orders[**index].source == source) else { return };
        let version = version_of(purchase, event);
        if let Some(said) = &mut self.orders[*index].said
            && said.version.content == version.content
        {
            said.version = said.version.max(version);
        }
    }

    /// Takes a payment: an approved one makes a placed order paid.
    pub fn fold_payment(&mut self, payment: &Payment, event: &Event, desk: &mut Desk<'_>) {
        let what = Claimed::Payment {
            status: payment.status,
            value: payment.value.map(|value| bounded(desk.purse.take(value))),
            method: payment.method.as_ref().map(|method| desk.books.methods.intern(method)),
            expires_at: payment.expires_at,
        };
        let name = desk.books.orders.intern(&payment.order);
        if desk.plan.orders_from == OrdersFrom::Payments && payment.status == PaymentStatus::Approved {
            self.index_of(desk.source, name, desk);
        }
        let own = payment.payment.as_ref();
        let payment_id = own.map(|own| desk.books.payments.intern(own));
        if let (Some(own), Some(payment_id)) = (own.filter(|own| **own != payment.order), payment_id) {
            self.bear(desk.books.orders.intern(own), Bearer { order: name, payment: payment_id }, desk);
        }
        self.claim(
            name,
            Claim { source: desk.source, ts: event.ts, payment: payment_id, id: event.id.clone(), goods: Goods::new(), what },
            desk,
        );
    }

    /// Takes the word that an order is called off, of one who tells nothing else of it.
    pub fn fold_cancellation(&mut self, cancellation: &Cancellation, event: &Event, desk: &mut Desk<'_>) {
        let name = desk.books.orders.intern(&cancellation.order);
        self.claim(
            name,
            Claim { source: desk.source, ts: event.ts, payment: None, id: None, goods: Goods::new(), what: Claimed::Cancellation },
            desk,
        );
    }

    pub fn fold_refund(&mut self, refund: &Refund, event: &Event, desk: &mut Desk<'_>) {
        let value = refund.value.map(|value| bounded(desk.purse.take(value)).max(0));
        let what = Claimed::Refund { value, total: refund.total };
        let name = desk.books.orders.intern(&refund.order);
        let payment = refund.payment.as_ref().map(|payment| desk.books.payments.intern(payment));
        if let Some(id) = &event.id {
            self.refunded.insert(id.clone(), name);
        }
        let goods = if value.is_none() { read_lines(&refund.items, desk) } else { SmallVec::new() };
        let goods = goods.iter().map(|line| (line.product, line.units)).collect();
        self.claim(name, Claim { source: desk.source, ts: event.ts, payment, id: event.id.clone(), goods, what }, desk);
    }

    /// Takes a refund back that came to nothing after all, by the id of its event.
    pub fn void(&mut self, id: &Name, desk: &mut Desk<'_>) {
        self.voided.insert(id.clone());
        if let Some(name) = self.refunded.get(id).copied() {
            self.resettle(name, desk);
        }
    }

    /// A payment says whose it is: a refund that names the payment in place of an order is that order's, of several the first by name.
    fn bear(&mut self, own: Sym, bearer: Bearer, desk: &mut Desk<'_>) {
        let before = self.namesakes(own).bearer.map(|before| before.order);
        if before.is_some_and(|before| desk.books.orders.text(before) <= desk.books.orders.text(bearer.order)) {
            return;
        }
        self.by_name[own.0].bearer = Some(bearer);
        self.namesakes(bearer.order).payments.push(own);
        if !self.by_name[own.0].claims.is_empty() {
            self.resettle(own, desk);
            if let Some(before) = before {
                self.resettle(before, desk);
            }
        }
    }

    fn claim(&mut self, name: Sym, claim: Claim, desk: &mut Desk<'_>) {
        self.namesakes(name).claims.push(claim);
        self.resettle(name, desk);
    }

    /// Gives out the claims on a name anew, and on the order that it stands for.
    fn resettle(&mut self, name: Sym, desk: &mut Desk<'_>) {
        for name in [Some(name), self.by_name[name.0].bearer.map(|bearer| bearer.order)].into_iter().flatten() {
            self.resettle_one(name, desk);
        }
    }

    fn resettle_one(&mut self, name: Sym, desk: &mut Desk<'_>) {
        let orders = self.by_name[name.0].orders.clone();
        for index in &orders {
            self.post(*index, -1, desk);
        }
        self.settle_claims(name);
        for index in &orders {
            self.post(*index, 1, desk);
        }
    }

    fn namesakes(&mut self, name: Sym) -> &mut Namesakes {
        self.by_name.of(name)
    }

    /// The order with that key, new if nobody named it. A new one may take claims that waited for it, or make others ambiguous.
    fn index_of(&mut self, source: Sym, name: Sym, desk: &mut Desk<'_>) -> u32 {
        let orders = self.namesakes(name).orders.clone();
        if let Some(index) = orders.iter().find(|index| self.orders[**index].source == source) {
            return *index;
        }
        let index = self.orders.push(Order::new(self.orders.len(), source, name));
        self.by_name[name.0].orders.push(index);
        let Namesakes { claims, payments, .. } = &self.by_name[name.0];
        if !claims.is_empty() || !payments.is_empty() {
            for index in &orders {
                self.post(*index, -1, desk);
            }
            self.settle_claims(name);
            // The new one may be paid already: whoever folds it takes its account out before it changes.
            for index in orders.into_iter().chain([index]) {
                self.post(index, 1, desk);
            }
        }
        index
    }

    /// Gives every claim on a name to the order that it means: its own source's, else the one that there is.
    fn settle_claims(&mut self, name: Sym) {
        let namesakes = &self.by_name[name.0];
        let Namesakes { orders, unmatched: before, payments, .. } = namesakes;
        let (before, mut unmatched) = (*before, 0);
        let lent = payments.iter().flat_map(|own| self.by_name[own.0].lent(name));
        for index in orders {
            self.orders[*index].claimed = None;
        }
        let is_void = |claim: &Claim| {
            let refund = claim.id.as_ref().filter(|_| matches!(claim.what, Claimed::Refund { .. }));
            refund.is_some_and(|id| self.voided.contains(id))
        };
        let mut sorted: Vec<(bool, &Claim)> = namesakes.own().chain(lent).map(|claim| (!is_void(claim), claim)).collect();
        sorted.sort_by_key(|(stands, claim)| (*stands, claim.place()));
        for (stands, claim) in sorted {
            let own = orders.iter().find(|index| self.orders[**index].source == claim.source);
            let only = (orders.len() == 1).then(|| orders.first()).flatten();
            match own.or(only) {
                Some(index) if stands => self.orders[*index].claimed.get_or_insert_default().take(claim),
                Some(index) => self.orders[*index].claimed.get_or_insert_default().leave(claim),
                None if !stands => {}
                None => unmatched += 1,
            }
        }
        self.unmatched = self.unmatched + unmatched - before;
        self.by_name[name.0].unmatched = unmatched;
    }

    /// Takes the desk's word that an order does not count, or does again.
    pub fn fold_correction(&mut self, correction: &Correction, ts: At, desk: &mut Desk<'_>) {
        let excluded = match correction.kind {
            CorrectionKind::ExcludeOrder => true,
            CorrectionKind::IncludeOrder => false,
            CorrectionKind::MergeChannel | CorrectionKind::Void => return,
        };
        let name = desk.books.orders.intern(&correction.target);
        let orders = self.namesakes(name).orders.clone();
        for index in &orders {
            self.post(*index, -1, desk);
        }
        let word = self.corrected.entry(name).or_insert((ts, excluded));
        *word = (*word).max((ts, excluded));
        for index in &orders {
            self.post(*index, 1, desk);
        }
    }

    /// Takes what changes which orders belong to the live, and puts every order anew.
    pub fn reopen(&mut self, desk: &mut Desk<'_>, change: impl FnOnce(&mut Self)) {
        let all = self.orders.len();
        for index in 0..all {
            self.post(index, -1, desk);
        }
        change(self);
        for index in 0..all {
            self.post(index, 1, desk);
        }
    }

    /// The live ended: orders after it belong to it only within the tail.
    pub fn close(&mut self, at: At, desk: &mut Desk<'_>) {
        if self.ends_at.is_none_or(|ends| at < ends) {
            self.reopen(desk, |orders| orders.ends_at = Some(at));
        }
    }

    fn placed(&self, index: u32) -> Option<Placed> {
        let order = &self.orders[index];
        order.said.as_ref()?;
        let at = order.placed_at()?;
        let Ties { visitor, customer, .. } = order.ties();
        Some(Placed { order: index, source: order.source, at, carts: order.carts.clone(), visitor, customer })
    }

    /// Puts an order's account into the sheets, or takes it out again.
    fn post(&mut self, index: u32, sign: i64, desk: &mut Desk<'_>) {
        let order = &self.orders[index];
        let Some(account) = account::of(order, desk.plan, self.ends_at) else { return };
        let excluded = self.corrected.get(&order.name).map_or(account.excluded, |(_, excluded)| *excluded);
        if excluded || !account.in_scope {
            let counter = if excluded { &mut self.excluded } else { &mut self.out_of_scope };
            *counter = if sign > 0 { *counter + 1 } else { counter.saturating_sub(1) };
            return;
        }
        account.post(sign, desk.sheets);
        self.buyers.post(&account, sign);
        let placed = self.by_slot.entry(slot_of(account.placed));
        if sign > 0 {
            placed.push(index);
        } else {
            placed.retain(|other| *other != index);
        }
        if account.is_pending() && sign > 0 {
            self.pending.insert(index);
        } else {
            self.pending.swap_remove(&index);
        }
    }

    /// The accounts of the orders that count and were placed in these slots.
    pub fn accounts<'a>(&'a self, from: u32, to: u32, plan: &'a Plan) -> impl Iterator<Item = (u32, Account)> + 'a {
        let indexes = self.by_slot.range(from, to).flat_map(|(_, orders)| orders.iter().copied());
        indexes.filter_map(move |index| Some((index, account::of(&self.orders[index], plan, self.ends_at)?)))
    }

    /// Channel and visitor of the orders that count and were placed within these slots.
    pub fn visitors(&self, from: u32, to: u32) -> impl Iterator<Item = (Sym, Sym)> + '_ {
        let indexes = self.by_slot.range(from, to).flat_map(|(_, orders)| orders.iter().copied());
        indexes.filter_map(|index| {
            let order = &self.orders[index];
            let Ties { channel, visitor, .. } = order.ties();
            Some((channel.unwrap_or(order.said.as_ref()?.channel), visitor?))
        })
    }

    /// Orders that are placed, neither paid nor cancelled.
    pub fn pending<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (&'a Order, Account)> + 'a {
        self.pending.iter().filter_map(move |index| {
            let order = &self.orders[*index];
            Some((order, account::of(order, plan, self.ends_at)?))
        })
    }

    /// Payments, cancellations and refunds that name no order that is known, or one that several sources hold.
    #[must_use]
    pub const fn unmatched(&self) -> usize {
        self.unmatched
    }
    /// Orders of staff, testers, or excluded by the desk.
    #[must_use]
    pub const fn excluded(&self) -> usize {
        self.excluded
    }
    /// Orders that the plan's scope leaves out.
    #[must_use]
    pub const fn out_of_scope(&self) -> usize {
        self.out_of_scope
    }
}

impl Order {
    const fn new(number: u32, source: Sym, name: Sym) -> Self {
        Self {
            number,
            source,
            name,
            said: None,
            carts: Basket::new_const(),
            lent: None,
            excluded: false,
            versions: SmallVec::new_const(),
            first: [None; 3],
            named: [None; 3],
            claimed: None,
        }
    }

    fn note_version(&mut self, purchase: &Purchase, version: Version) {
        let earliest = |known: &mut Option<Moment>, at: Option<At>| {
            if let Some(at) = at.map(Moment::from) {
                *known = Some(known.map_or(at, |known| known.min(at)));
            }
        };
        earliest(&mut self.first[purchase.status as usize], Some(version.ts));
        for (named, at) in self.named.iter_mut().zip([purchase.placed_at, purchase.paid_at, purchase.cancelled_at]) {
            earliest(named, at);
        }
        match self.versions.iter_mut().find(|(content, _)| *content == version.content) {
            Some((_, ts)) => *ts = version.ts.min(*ts),
            None => {
                if self.versions.len() >= MOST_VERSIONS {
                    self.versions.remove(0);
                }
                self.versions.push((version.content, version.ts));
            }
        }
    }

    /// Takes what a version says; of the one that wins everything counts, of the others what they name and it does not.
    fn hear(&mut self, said: Said, sorted: bool) {
        let Some(winner) = &mut self.said else {
            self.said = Some(said);
            return;
        };
        let earlier = if said.version.beats(&winner.version, sorted) { std::mem::replace(winner, said) } else { said };
        if winner.ties.or(earlier.ties) != winner.ties {
            self.lent.get_or_insert_default().take(earlier.version, &earlier.ties, &winner.ties, sorted);
        }
    }

    /// What is known of whom and what it belongs to.
    fn ties(&self) -> Ties {
        let ties = self.said.as_ref().map(|said| said.ties).unwrap_or_default();
        self.lent.as_ref().map_or(ties, |lent| ties.or(lent.ties()))
    }

    fn approved(&self) -> Option<Moment> {
        self.claimed.as_ref()?.approved
    }

    fn placed_at(&self) -> Option<At> {
        let said = self.said.as_ref().and_then(|said| said.placed_at);
        let first = || self.first.iter().flatten().min().copied();
        said.or(self.named[0]).or(self.first[0]).or_else(first).or(self.approved()).map(Moment::at)
    }
}

/// An amount that an order can have; one beyond 64 bits is taken for the greatest.
#[must_use]
pub fn bounded(minor: i128) -> i64 {
    i64::try_from(minor).unwrap_or(if minor > 0 { i64::MAX } else { i64::MIN })
}

fn version_of(purchase: &Purchase, event: &Event) -> Version {
    Version::new(purchase.rev, purchase.status as u8, purchase.status == OrderStatus::Cancelled, event)
}
