//! Who bought: distinct buyers by scope, and which of them never bought before.

use super::Account;
use crate::engine::id::{Set, Sym, Table};

/// A distinct buyer: the customer, else the visitor, else the order itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Buyer {
    Customer(Sym),
    Visitor(Sym),
    Order(Sym, Sym),
}

/// A scope that buyers are told apart in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Circle {
    Channel(Sym),
    Product(Sym),
    Method(Sym),
}

/// What the orders of one buyer say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Words {
    orders: i64,
    new: i64,
    returning: i64,
}

/// The buyers of a broadcast.
#[derive(Clone, Debug, Default)]
pub struct Buyers {
    words: Table<Buyer, Words>,
    members: Table<(Circle, Buyer), u32>,
    sizes: Table<Circle, i64>,
    /// Customers who bought before, as the ledger of earlier lives knows them.
    known: Set<Sym>,
    /// Customers whom the ledger was asked for and does not know.
    strangers: Set<Sym>,
    /// The ledger named everybody it knows: who is not among them is new.
    ledger_is_whole: bool,
    new: i64,
    told: i64,
}

impl Buyers {
    /// Takes an order in (`sign` 1) or out again (−1).
    pub fn post(&mut self, account: &Account, sign: i64) {
        let buyer = account.buyer;
        self.recount(buyer, -1);
        let words = self.words.entry(buyer).or_default();
        words.orders += sign;
        match account.new {
            Some(true) => words.new += sign,
            Some(false) => words.returning += sign,
            None => {}
        }
        if words.orders == 0 {
            self.words.swap_remove(&buyer);
        }
        self.recount(buyer, 1);
        let products = account.lines.iter().map(|line| Circle::Product(line.product));
        let circles = account.channel.map(Circle::Channel).into_iter().chain(account.method.map(Circle::Method)).chain(products);
        for circle in circles {
            self.post_member(circle, buyer, sign);
        }
    }

    fn post_member(&mut self, circle: Circle, buyer: Buyer, sign: i64) {
        if sign > 0 {
            let orders = self.members.entry((circle, buyer)).or_default();
            *orders += 1;
            if *orders == 1 {
                *self.sizes.entry(circle).or_default() += 1;
            }
        } else if let Some(orders) = self.members.get_mut(&(circle, buyer)) {
            *orders = orders.saturating_sub(1);
            if *orders == 0 {
                self.members.swap_remove(&(circle, buyer));
                *self.sizes.entry(circle).or_default() -= 1;
            }
        }
    }

    fn recount(&mut self, buyer: Buyer, sign: i64) {
        if !self.words.contains_key(&buyer) {
            return;
        }
        if let Some(new) = self.is_new(buyer) {
            self.told += sign;
            self.new += if new { sign } else { 0 };
        }
    }

    /// Whether it is a first-ever buyer, where anybody knows.
    #[must_use]
    pub fn is_new(&self, buyer: Buyer) -> Option<bool> {
        match (self.words.get(&buyer), buyer) {
            (Some(words), _) if words.new > 0 => Some(true),
            (Some(words), _) if words.returning > 0 => Some(false),
            (_, Buyer::Customer(customer)) if self.known.contains(&customer) => Some(false),
            (_, Buyer::Customer(customer)) if self.ledger_is_whole || self.strangers.contains(&customer) => Some(true),
            (_, Buyer::Customer(_) | Buyer::Visitor(_) | Buyer::Order(..)) => None,
        }
    }

    /// Takes what the ledger of earlier lives says.
    pub fn learn(&mut self, known: impl Iterator<Item = Sym>, strangers: impl Iterator<Item = Sym>, whole: bool) {
        self.known.extend(known);
        self.strangers.extend(strangers);
        self.ledger_is_whole |= whole;
        let told = self.words.keys().filter_map(|buyer| self.is_new(*buyer));
        let (all, new) = told.fold((0, 0), |(all, new), is_new| (all + 1, new + i64::from(is_new)));
        (self.told, self.new) = (all, new);
    }

    /// Distinct buyers of the whole live.
    #[must_use]
    pub fn all(&self) -> i64 {
        i64::try_from(self.words.len()).unwrap_or(i64::MAX)
    }
    /// Distinct buyers of a scope over the whole live.
    #[must_use]
    pub fn of(&self, circle: Circle) -> i64 {
        self.sizes.get(&circle).copied().unwrap_or(0)
    }
    /// Of the whole live: first-ever buyers, and those of whom it is known.
    #[must_use]
    pub const fn new_and_told(&self) -> (i64, i64) {
        (self.new, self.told)
    }
    /// Orders of the whole live by buyers who had bought before in it or earlier.
    #[must_use]
    pub fn repeat_buyers(&self) -> i64 {
        let again = self.words.iter().filter(|(buyer, words)| words.orders > 1 || self.is_new(**buyer) == Some(false));
        i64::try_from(again.count()).unwrap_or(i64::MAX)
    }
}
