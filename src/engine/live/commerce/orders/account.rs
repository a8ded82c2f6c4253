//! What an order comes to: when it was placed, paid and cancelled, what it is worth, and what stays of it.

use smallvec::SmallVec;

use super::settled::Settled;
use super::ties::Ties;
use super::{Line, Order};
use crate::engine::event::OrderStatus;
use crate::engine::id::Sym;
use crate::engine::plan::Plan;
use crate::engine::series::{Count, Sheet, Sheets, Sum, slot_of};
use crate::engine::time::{At, Moment};

use super::Buyer;

/// The account of one order.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub placed: At,
    pub paid: Option<At>,
    pub cancelled: Option<At>,
    /// What the customer pays, in minor units.
    pub value: i64,
    pub channel: Option<Sym>,
    pub method: Option<Sym>,
    pub buyer: Buyer,
    /// The platform's word on a first-ever buyer.
    pub new: Option<bool>,
    pub lines: SmallVec<[Line; 1]>,
    pub expires_at: Option<At>,
    pub in_scope: bool,
    pub excluded: bool,
    promotional: bool,
    premium: bool,
    attributed: bool,
    direct: bool,
    refunds: SmallVec<[(At, i64); 1]>,
}

/// The account of an order; `None` while only claims know of it.
pub fn of(order: &Order, plan: &Plan, closed: Option<At>) -> Option<Account> {
    let said = order.said.as_ref();
    let placed = order.placed_at()?;
    let claimed = order.claimed.as_deref();
    let value = said.map(|said| said.value).or_else(|| claimed?.brought())?;
    let by_version = said.and_then(|said| {
        (said.status == OrderStatus::Cancelled || order.first[2].is_some() || said.cancelled_at.is_some())
            .then(|| said.cancelled_at.or(order.named[2]).or(order.first[2]).map_or(said.version.ts, Moment::at))
    });
    let cancelled = by_version.or_else(|| claimed?.cancelled.map(Moment::at));
    let first_paid = || order.first[1].into_iter().chain(order.approved()).min();
    let paid = said.and_then(|said| said.paid_at).or(order.named[1]).or_else(first_paid).map(Moment::at);
    let ends = closed.or_else(|| plan.ends_at());
    let after_start = plan.starts_at.is_none_or(|start| placed >= start);
    let direct = after_start && ends.is_none_or(|ends| placed < ends);
    let ties = order.ties();
    let attributed = ties.attributed.unwrap_or(false);
    Some(Account {
        placed,
        paid,
        cancelled,
        value,
        channel: said.map(|said| ties.channel.unwrap_or(said.channel)),
        method: claimed.and_then(|claimed| claimed.paid_by).or(ties.method),
        buyer: buyer(order.number, &ties),
        new: ties.new,
        lines: said.map(|said| said.lines.clone()).unwrap_or_default(),
        expires_at: claimed.and_then(|claimed| claimed.expiry).or_else(|| said?.expires_at).map(Moment::at),
        in_scope: in_scope(plan, attributed, placed, ends),
        excluded: order.excluded,
        promotional: said.is_some_and(|said| said.promotional),
        premium: is_premium(value, plan),
        attributed,
        direct,
        refunds: claimed.map(|claimed| refunds(claimed, value, said.map_or(&[], |said| &said.lines))).unwrap_or_default(),
    })
}

const fn buyer(number: u32, ties: &Ties) -> Buyer {
    match (ties.customer, ties.visitor) {
        (Some(customer), _) => Buyer::Customer(customer),
        (None, Some(visitor)) => Buyer::Visitor(visitor),
        (None, None) => Buyer::Order(number),
    }
}

/// What went back, by time: of goods what their lines say, and where all that was left did, what the others leave of the value.
fn refunds(claimed: &Settled, value: i64, lines: &[Line]) -> SmallVec<[(At, i64); 1]> {
    let mut refunds = claimed.refunds.clone();
    let mut back = SmallVec::<[(Sym, i64); 4]>::new();
    // no more units of a product come back than were sold
    let mut cost = |(product, units): &(Sym, i64)| {
        let line = lines.iter().find(|line| line.product == *product && line.units > 0)?;
        let place = back.iter().position(|(known, _)| known == product).unwrap_or_else(|| {
            back.push((*product, 0));
            back.len() - 1
        });
        let share = |units: i64| i128::from(line.amount) * i128::from(units) / i128::from(line.units);
        let before = back[place].1;
        back[place].1 = before.saturating_add((*units).max(0)).min(line.units);
        i64::try_from(share(back[place].1) - share(before)).ok()
    };
    // what a payment's provider tells to have gone back is for these goods
    let mut told = claimed.gone_back_of_payments();
    for (at, goods) in &claimed.returned {
        let worth = goods.iter().filter_map(&mut cost).fold(0, i64::saturating_add);
        refunds.push((*at, worth.saturating_sub(told).max(0)));
        told = told.saturating_sub(worth).max(0);
    }
    if let Some(emptied) = claimed.emptied {
        let others = refunds.iter().fold(0, |sum: i64, (_, value)| sum.saturating_add(*value));
        let rest = value.saturating_sub(others).max(0);
        if rest > 0 || refunds.is_empty() {
            refunds.push((emptied.at(), rest));
        }
    }
    refunds.sort_by_key(|(at, _)| *at);
    refunds
}

/// An order belongs when any of the given rules says so; when none is given, all do but those that were placed before there was a
/// live: a shop tells again of yesterday's orders when it sends them.
fn in_scope(plan: &Plan, attributed: bool, placed: At, ends: Option<At>) -> bool {
    let scope = &plan.scope;
    let tagged = !(scope.live.is_empty() && scope.coupons.is_empty() && scope.campaigns.is_empty());
    let in_time = |tail_min: i64| {
        let begins = plan.starts_at.is_none_or(|start| placed >= start);
        begins && ends.is_none_or(|ends| placed < ends.plus_s(tail_min.saturating_mul(60)))
    };
    match (tagged, scope.tail_min) {
        (false, None) => plan.takes_from().is_none_or(|begins| placed >= begins),
        (_, tail) => attributed || tail.is_some_and(in_time),
    }
}

/// A ticket in the dearest price band.
fn is_premium(value: i64, plan: &Plan) -> bool {
    let unit = 10i128.pow(plan.currency.map_or(2, crate::engine::money::Currency::exponent));
    plan.limits.price_bands.last().is_some_and(|edge| i128::from(value) >= i128::from(*edge).saturating_mul(unit))
}

impl Account {
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.paid.is_none() && self.cancelled.is_none()
    }

    /// The changes of what stays of the order, by time.
    fn net_steps(&self) -> SmallVec<[(At, i128); 4]> {
        let mut steps = SmallVec::new();
        let Some(paid_at) = self.paid else { return steps };
        let mut instants: SmallVec<[At; 4]> = self.refunds.iter().map(|(at, _)| *at).chain([paid_at]).chain(self.cancelled).collect();
        instants.sort_unstable();
        instants.dedup();
        let mut stood = 0;
        for at in instants {
            let paid = if at >= paid_at { i128::from(self.value) } else { 0 };
            let refunded: i128 = self.refunds.iter().filter(|(ts, _)| *ts <= at).map(|(_, value)| i128::from(*value)).sum();
            let taken = if self.cancelled.is_some_and(|cancelled| cancelled <= at) { paid.max(refunded) } else { refunded };
            let stands = paid - taken.min(paid);
            if stands != stood {
                steps.push((at, stands - stood));
                stood = stands;
            }
        }
        steps
    }

    /// Adds the account to every sheet that it concerns; with `sign` −1 takes it out again.
    pub fn post(&self, sign: i64, sheets: &mut Sheets) {
        self.post_whole(sign, &mut sheets.live);
        if let Some(channel) = self.channel {
            self.post_whole(sign, sheets.channel(channel));
        }
        if let Some(method) = self.method {
            self.post_whole(sign, sheets.method(method));
        }
        for line in &self.lines {
            self.post_line(line, sign, sheets.product(line.product));
        }
    }

    fn post_whole(&self, sign: i64, sheet: &mut Sheet) {
        let placed = slot_of(self.placed);
        let money = |value: i64| i128::from(value) * i128::from(sign);
        sheet.add(Count::OrdersPlaced, placed, sign);
        sheet.add_money(Sum::GmvPlaced, placed, money(self.value));
        let units: i64 = self.lines.iter().map(|line| line.units).fold(0, i64::saturating_add);
        if units != 0 {
            sheet.add(Count::Units, placed, units * sign);
        }
        for (flag, count) in [(self.promotional, Count::PromoOrders), (self.premium, Count::PremiumOrders)] {
            if flag {
                sheet.add(count, placed, sign);
            }
        }
        if let Some(cancelled) = self.cancelled {
            sheet.add(Count::OrdersCancelled, slot_of(cancelled), sign);
        }
        for (at, value) in &self.refunds {
            sheet.add(Count::Refunds, slot_of(*at), sign);
            sheet.add_money(Sum::Refunded, slot_of(*at), money(*value));
        }
        let Some(paid) = self.paid.map(slot_of) else { return };
        sheet.add(Count::OrdersPaid, paid, sign);
        sheet.add_money(Sum::GmvPaid, paid, money(self.value));
        for (flag, sum) in [(self.direct, Sum::GmvDirect), (self.attributed, Sum::GmvAttributed)] {
            if flag {
                sheet.add_money(sum, paid, money(self.value));
            }
        }
        for (at, change) in self.net_steps() {
            sheet.add_money(Sum::GmvNet, slot_of(at), change * i128::from(sign));
        }
    }

    fn post_line(&self, line: &Line, sign: i64, sheet: &mut Sheet) {
        let placed = slot_of(self.placed);
        sheet.add(Count::OrdersPlaced, placed, sign);
        sheet.add(Count::Units, placed, line.units * sign);
        sheet.add_money(Sum::GmvPlaced, placed, i128::from(line.amount) * i128::from(sign));
        if let Some(paid) = self.paid.map(slot_of) {
            sheet.add(Count::OrdersPaid, paid, sign);
            sheet.add_money(Sum::GmvPaid, paid, i128::from(line.amount) * i128::from(sign));
        }
        if let Some(cancelled) = self.cancelled.map(slot_of) {
            sheet.add(Count::OrdersCancelled, cancelled, sign);
        }
    }
}
