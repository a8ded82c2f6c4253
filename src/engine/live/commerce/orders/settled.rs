//! What payments and refunds say of an order: who claims it, what came in, what went back.
//!
//! Told of one payment is told of the same money: it counts once, whoever tells it, and several payments of an order add up. What
//! went back of a payment is the most that its single refunds and its running totals come to. A shop often tells a refund without its
//! payment, and the payment's provider tells it with it: what the one tells and the other does is the same money too.

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
    /// The event's id, by which a refund may be taken back.
    pub id: Option<Name>,
    /// Of a refund without a value: what came back, as product and units; nothing means all that is left.
    pub goods: Goods,
    pub what: Claimed,
}

/// Products and their units.
pub type Goods = Vec<(Sym, i64)>;

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
    /// The place among others: by time, then by amount, so that totals of one instant grow, then by id.
    #[must_use]
    pub const fn place(&self) -> (At, Option<i64>, Option<&Name>) {
        match self.what {
            Claimed::Payment { value, .. } | Claimed::Refund { value, .. } => (self.ts, value, self.id.as_ref()),
            Claimed::Cancellation => (self.ts, None, None),
        }
    }
}

/// What went back of one payment, as it is added up.
#[derive(Clone, Debug, Default, PartialEq)]
struct Back {
    /// Who tells of it, and what its single refunds come to.
    singles: SmallVec<[(Sym, i64); 1]>,
    total: i64,
    /// Of single refunds that came to nothing, which totals may hold.
    failed: i64,
}

impl Back {
    /// Of one payment: sources that tell of it tell of the same refunds.
    fn of_payment(&self) -> i64 {
        let most = self.singles.iter().map(|(_, single)| *single).max().unwrap_or(0);
        most.max(self.total.saturating_sub(self.failed))
    }

    /// Of an order whose refunds name no payment.
    fn of_order(&self) -> i64 {
        let sum = self.singles.iter().fold(0, |sum: i64, (_, single)| sum.saturating_add(*single));
        sum.max(self.total.saturating_sub(self.failed))
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
    /// Goods that came back, at what the order says they cost.
    pub returned: Vec<(At, Goods)>,
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
            Claimed::Refund { value: None, .. } if !claim.goods.is_empty() => self.returned.push((claim.ts, claim.goods.clone())),
            Claimed::Refund { value: None, .. } => {
                self.emptied.get_or_insert(claim.ts.into());
            }
            Claimed::Refund { value: Some(value), total } => {
                let step = self.give_back(claim, value, total);
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

    /// What a refund adds to what went back of the order already.
    fn give_back(&mut self, claim: &Claim, value: i64, total: bool) -> i64 {
        let before = self.gone_back();
        let back = self.back_of(claim.payment);
        let place = back.singles.iter().position(|(source, _)| *source == claim.source).unwrap_or_else(|| {
            back.singles.push((claim.source, 0));
            back.singles.len() - 1
        });
        if total {
            back.total = back.total.max(value);
        } else {
            back.singles[place].1 = back.singles[place].1.saturating_add(value);
        }
        self.gone_back() - before
    }

    /// What went back so far: what is told without a payment, and of the payments what the same tell; or of all payments, if that is more.
    fn gone_back(&self) -> i64 {
        let unnamed = self.back.iter().find(|(payment, _)| payment.is_none()).map(|(_, back)| back);
        let mut own = unnamed.map_or(0, Back::of_order);
        for (_, back) in self.back.iter().filter(|(payment, _)| payment.is_some()) {
            let tells = |source: &Sym| back.singles.iter().any(|(teller, _)| teller == source);
            if unnamed.is_some_and(|unnamed| unnamed.singles.iter().any(|(source, _)| tells(source))) {
                own = own.saturating_add(back.of_payment());
            }
        }
        own.max(self.gone_back_of_payments())
    }

    /// What went back of payments that are named.
    #[must_use]
    pub fn gone_back_of_payments(&self) -> i64 {
        let named = self.back.iter().filter(|(payment, _)| payment.is_some());
        named.fold(0, |sum: i64, (_, back)| sum.saturating_add(back.of_payment()))
    }

    /// What the approved payments brought together; nothing where none names its amount.
    #[must_use]
    pub fn brought(&self) -> Option<i64> {
        self.brought.iter().filter_map(|(_, value)| *value).reduce(i64::saturating_add)
    }
}
