//! What payments and refunds say of an order: who claims it, what came in, what went back.
//!
//! Told of one payment is told of the same money: it counts once, whoever tells it, and several payments of an order add up. What
//! went back of a payment is the most that its single refunds and its running totals come to.

use smallvec::SmallVec;

use crate::engine::event::PaymentStatus;
use crate::engine::id::{Name, Sym};
use crate::engine::time::{At, Moment};

/// A payment or a refund that names an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub source: Sym,
    pub ts: At,
    /// The money's own id.
    pub payment: Option<Sym>,
    /// A refund's id, by which it may be taken back.
    pub id: Option<Name>,
    pub what: Claimed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Claimed {
    Payment {
        status: PaymentStatus,
        value: Option<i64>,
        method: Option<Sym>,
        expires_at: Option<At>,
    },
    Cancellation,
    /// Without a value all that is left goes back.
    Refund {
        value: Option<i64>,
        total: bool,
    },
}

impl Claim {
    /// The place among others: by time, then by amount, so that totals of one instant grow.
    #[must_use]
    pub const fn place(&self) -> (At, Option<i64>) {
        match self.what {
            Claimed::Payment { value, .. } | Claimed::Refund { value, .. } => (self.ts, value),
            Claimed::Cancellation => (self.ts, None),
        }
    }
}

/// What went back of one payment, as it is added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Back {
    single: i64,
    total: i64,
    /// Of single refunds that came to nothing, which totals may hold.
    failed: i64,
}

impl Back {
    fn amount(&self) -> i64 {
        self.single.max(self.total.saturating_sub(self.failed))
    }
}

/// What the claims on an order come to: the first approval, the latest expiry and method, when it was called off, every refund by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    pub approved: Option<Moment>,
    pub expiry: Option<Moment>,
    pub paid_by: Option<Sym>,
    pub cancelled: Option<Moment>,
    pub refunds: SmallVec<[(At, i64); 1]>,
    /// When all that was left went back.
    pub emptied: Option<Moment>,
    /// The amount of each approved payment; those without an id are one.
    brought: SmallVec<[(Option<Sym>, Option<i64>); 1]>,
    back: SmallVec<[(Option<Sym>, Back); 1]>,
}

impl Settled {
    /// Takes a claim; they come by their place.
    pub fn take(&mut self, claim: &Claim) {
        match claim.what {
            Claimed::Payment { status, value, method, expires_at } => {
                if status == PaymentStatus::Approved {
                    self.approved.get_or_insert(claim.ts.into());
                    match self.brought.iter_mut().find(|(payment, _)| *payment == claim.payment) {
                        Some((_, brought)) => *brought = brought.or(value),
                        None => self.brought.push((claim.payment, value)),
                    }
                }
                self.expiry = expires_at.map(Moment::from).or(self.expiry);
                self.paid_by = method.or(self.paid_by);
            }
            Claimed::Cancellation => {
                self.cancelled.get_or_insert(claim.ts.into());
            }
            Claimed::Refund { value: None, .. } => {
                self.emptied.get_or_insert(claim.ts.into());
            }
            Claimed::Refund { value: Some(value), total } => {
                let step = self.give_back(claim.payment, value, total);
                if step > 0 || !total && value == 0 {
                    self.refunds.push((claim.ts, step));
                }
            }
        }
    }

    /// Takes a refund that was taken back; those come first.
    pub fn leave(&mut self, claim: &Claim) {
        if let Claimed::Refund { value: Some(value), total: false } = claim.what {
            let back = self.back_of(claim.payment);
            back.failed = back.failed.saturating_add(value);
        }
    }

    fn back_of(&mut self, payment: Option<Sym>) -> &mut Back {
        let place = self.back.iter().position(|(known, _)| *known == payment).unwrap_or_else(|| {
            self.back.push((payment, Back::default()));
            self.back.len() - 1
        });
        &mut self.back[place].1
    }

    /// What a refund adds to what went back of its payment already.
    fn give_back(&mut self, payment: Option<Sym>, value: i64, total: bool) -> i64 {
        let back = self.back_of(payment);
        let before = back.amount();
        if total {
            back.total = back.total.max(value);
        } else {
            back.single = back.single.saturating_add(value);
        }
        back.amount() - before
    }

    /// What the approved payments brought together; nothing where none names its amount.
    #[must_use]
    pub fn brought(&self) -> Option<i64> {
        self.brought.iter().filter_map(|(_, value)| *value).reduce(i64::saturating_add)
    }
}
