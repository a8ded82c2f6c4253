//! The latest price of every product, by whoever named one.

use crate::engine::id::Sym;
use crate::engine::money::Money;
use crate::engine::time::At;

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Prices {
    latest: Vec<Option<(At, Money)>>,
}

impl Prices {
    /// Takes a price that was named at that time.
    pub fn note(&mut self, product: Sym, price: Money, at: At) {
        if self.latest.len() <= product.index() {
            self.latest.resize(product.index() + 1, None);
        }
        let known = &mut self.latest[product.index()];
        *known = (*known).max(Some((at, price)));
    }

    #[must_use]
    pub fn latest(&self, product: Sym) -> Option<Money> {
        self.latest.get(product.index()).copied().flatten().map(|(_, price)| price)
    }
}
