//! Who bought: distinct buyers by scope, and which of them never bought before.

use smallvec::SmallVec;

use super::Account;
use crate::engine::id::{Pieces, Set, Sym, Table};

/// A distinct buyer: the customer, else the visitor, else the order itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Buyer {
    Customer(Sym),
    Visitor(Sym),
    Order(u32),
}

/// A scope that buyers are told apart in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Circle {
    Channel(Sym),
    Product(Sym),
    Method(Sym),
}

/// What the orders of one buyer say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Words {
    orders: i64,
    new: i64,
    returning: i64,
    /// Orders by scope.
    circles: SmallVec<[(Circle, u32); 3]>,
}

/// What is known of each customer, visitor or order that bought.
type Shelf = Pieces<Option<Box<Words>>>;

/// The buyers of a broadcast.
#[derive(Clone, Debug, Default)]
pub struct Buyers {
    customers: Shelf,
    visitors: Shelf,
    orders: Shelf,
    sizes: Table<Circle, i64>,
    /// Customers who bought before, as the ledger of earlier lives knows them.
    known: Set<Sym>,
    /// Customers whom the ledger was asked for and does not know.
    strangers: Set<Sym>,
    /// The ledger named everybody it knows: who is not among them is new.
    ledger_is_whole: bool,
    counts: Counts,
}

/// How many buyers there are of the whole live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    all: i64,
    new: i64,
    told: i64,
    /// Bought more than once, or before.
    repeat: i64,
}

impl Buyers {
    /// Takes an order in (`sign` 1) or out again (−1).
    pub fn post(&mut self, account: &Account, sign: i64) {
        let buyer = account.buyer;
        self.recount(buyer, -1);
        let entry = self.entry(buyer);
        let words = entry.get_or_insert_default();
        words.orders += sign;
        match account.new {
            Some(true) => words.new += sign,
            Some(false) => words.returning += sign,
            None => {}
        }
        let products = account.lines.iter().map(|line| Circle::Product(line.product));
        let circles = account.channel.map(Circle::Channel).into_iter().chain(account.method.map(Circle::Method)).chain(products);
        let moved: SmallVec<[Circle; 4]> = circles.filter(|circle| words.enters_or_leaves(*circle, sign)).collect();
        if words.orders == 0 {
            *entry = None;
        }
        for circle in moved {
            *self.sizes.entry(circle).or_default() += sign;
        }
        self.recount(buyer, 1);
    }

    fn entry(&mut self, buyer: Buyer) -> &mut Option<Box<Words>> {
        match buyer {
            Buyer::Customer(customer) => self.customers.of(customer),
            Buyer::Visitor(visitor) => self.visitors.of(visitor),
            Buyer::Order(order) => self.orders.of(Sym(order)),
        }
    }

    fn words(&self, buyer: Buyer) -> Option<&Words> {
        let entry = match buyer {
            Buyer::Customer(customer) => self.customers.get(customer.0),
            Buyer::Visitor(visitor) => self.visitors.get(visitor.0),
            Buyer::Order(order) => self.orders.get(order),
        };
        entry?.as_deref()
    }

    fn recount(&mut self, buyer: Buyer, sign: i64) {
        let mut counts = self.counts;
        counts.add(self.words(buyer), self.is_new(buyer), sign);
        self.counts = counts;
    }

    /// Whether it is a first-ever buyer, where anybody knows.
    #[must_use]
    pub fn is_new(&self, buyer: Buyer) -> Option<bool> {
        match (self.words(buyer), buyer) {
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
        let mut counts = Counts::default();
        let customers = self.customers.iter().zip(0..).map(|(words, customer)| (Buyer::Customer(Sym(customer)), words));
        let visitors = self.visitors.iter().zip(0..).map(|(words, visitor)| (Buyer::Visitor(Sym(visitor)), words));
        let orders = self.orders.iter().zip(0..).map(|(words, order)| (Buyer::Order(order), words));
        for (buyer, words) in customers.chain(visitors).chain(orders) {
            counts.add(words.as_deref(), self.is_new(buyer), 1);
        }
        self.counts = counts;
    }

    /// Distinct buyers of the whole live.
    #[must_use]
    pub const fn all(&self) -> i64 {
        self.counts.all
    }
    /// Distinct buyers of a scope over the whole live.
    #[must_use]
    pub fn of(&self, circle: Circle) -> i64 {
        self.sizes.get(&circle).copied().unwrap_or(0)
    }
    /// Of the whole live: first-ever buyers, and those of whom it is known.
    #[must_use]
    pub const fn new_and_told(&self) -> (i64, i64) {
        (self.counts.new, self.counts.told)
    }
    /// Buyers of the whole live who bought more than once in it, or before it.
    #[must_use]
    pub const fn repeat_buyers(&self) -> i64 {
        self.counts.repeat
    }
}

impl Words {
    /// Counts an order of a scope, or takes it out again. True when the buyer came into the scope by it, or left it.
    fn enters_or_leaves(&mut self, circle: Circle, sign: i64) -> bool {
        let place = self.circles.iter().position(|(known, _)| *known == circle);
        match (place, sign > 0) {
            (Some(place), true) => {
                self.circles[place].1 += 1;
                false
            }
            (None, true) => {
                self.circles.push((circle, 1));
                true
            }
            (Some(place), false) => {
                self.circles[place].1 -= 1;
                let leaves = self.circles[place].1 == 0;
                if leaves {
                    self.circles.swap_remove(place);
                }
                leaves
            }
            (None, false) => false,
        }
    }
}

impl Counts {
    /// Counts a buyer, of whom it may be known whether it is a new one.
    fn add(&mut self, words: Option<&Words>, is_new: Option<bool>, sign: i64) {
        let Some(words) = words else { return };
        self.all += sign;
        self.told += if is_new.is_some() { sign } else { 0 };
        self.new += if is_new == Some(true) { sign } else { 0 };
        self.repeat += if words.orders > 1 || is_new == Some(false) { sign } else { 0 };
    }
}
