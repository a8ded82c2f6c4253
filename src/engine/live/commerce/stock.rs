//! Stock by source, sku and location: the latest gauge of each, and where they disagree.

use crate::engine::event::Inventory;
use crate::engine::id::{Sym, Table};
use crate::engine::time::At;

/// A figure of stock as one source says it of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub at: At,
    pub available: i64,
    /// The earliest figure: what there was to begin with.
    pub opened_at: At,
    pub opening: i64,
}

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shelf {
    pub source: Sym,
    /// As the source writes it: a variant of the product.
    pub sku: Sym,
    pub location: Option<Sym>,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    shelves: Table<Sym, Table<Shelf, Level>>,
}

impl Stock {
    pub fn fold(&mut self, inventory: &Inventory, at: At, product: Sym, shelf: Shelf) {
        let available = inventory.available;
        let level =
            self.shelves.entry(product).or_default().entry(shelf).or_insert(Level { at, available, opened_at: at, opening: available });
        if (at, available) > (level.at, level.available) {
            (level.at, level.available) = (at, available);
        }
        if (at, -available) < (level.opened_at, -level.opening) {
            (level.opened_at, level.opening) = (at, available);
        }
    }

    /// All figures of a product, by source, sku and place.
    #[must_use]
    pub fn shelves(&self, product: Sym) -> Vec<(Shelf, Level)> {
        let mut shelves: Vec<_> = self.shelves.get(&product).into_iter().flatten().map(|(shelf, level)| (*shelf, *level)).collect();
        shelves.sort_unstable_by_key(|(shelf, _)| *shelf);
        shelves
    }

    /// The sum over places of every source.
    #[must_use]
    pub fn by_source(&self, product: Sym) -> Vec<(Sym, SourceLevel)> {
        let mut sources: Vec<(Sym, SourceLevel)> = Vec::new();
        for (shelf, level) in self.shelves(product) {
            let own = SourceLevel { available: level.available, at: level.at, opening: level.opening, opened_at: level.opened_at };
            match sources.last_mut().filter(|(source, _)| *source == shelf.source) {
                Some((_, sum)) => sum.add(&own),
                None => sources.push((shelf.source, own)),
            }
        }
        sources
    }

    /// Units available: of sources that disagree, the least.
    #[must_use]
    pub fn available(&self, product: Sym) -> Option<i64> {
        self.by_source(product).iter().map(|(_, level)| level.available).min()
    }
}

/// What one source has of a product, all places together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLevel {
    pub available: i64,
    /// Its oldest figure among the places.
    pub at: At,
    pub opening: i64,
    pub opened_at: At,
}

impl SourceLevel {
    fn add(&mut self, other: &Self) {
        self.available = self.available.saturating_add(other.available);
        self.at = self.at.min(other.at);
        self.opening = self.opening.saturating_add(other.opening);
        self.opened_at = self.opened_at.max(other.opened_at);
    }
}
