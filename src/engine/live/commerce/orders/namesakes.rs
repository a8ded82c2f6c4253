//! Namesakes: everything that bears one order name, whatever the source, and what claims it.
//!
//! A refund may name its payment in place of the order. Where a payment says whose it is, such a claim is lent to that order.

use smallvec::SmallVec;

use super::settled::{Claim, Claimed};
use crate::engine::id::Sym;

/// Whose a payment is, and the payment's own id as claims give it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bearer {
    pub order: Sym,
    pub payment: Sym,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Namesakes {
    pub orders: SmallVec<[u32; 2]>,
    pub claims: Vec<Claim>,
    /// Claims that mean none of them.
    pub unmatched: usize,
    /// Where the name is a payment's own id.
    pub bearer: Option<Bearer>,
    /// Payments that name this order.
    pub payments: SmallVec<[Sym; 1]>,
}

impl Namesakes {
    /// Claims that mean an order of this name.
    pub fn own(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(|claim| !self.is_lent(claim))
    }

    /// Claims that mean the order `name`, to which the payment of this name belongs.
    pub fn lent(&self, name: Sym) -> impl Iterator<Item = &Claim> {
        let belongs = self.bearer.is_some_and(|bearer| bearer.order == name);
        self.claims.iter().filter(move |claim| belongs && self.is_lent(claim))
    }

    fn is_lent(&self, claim: &Claim) -> bool {
        let is_refund = matches!(claim.what, Claimed::Refund { .. });
        is_refund && self.bearer.is_some_and(|bearer| claim.payment == Some(bearer.payment))
    }
}
