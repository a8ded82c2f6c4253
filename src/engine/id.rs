//! Names as the platforms write them, and the small numbers the ledgers keep in their place.
//!
//! Ids are text, however many digits (events.md, "An event"). Inside the ledgers a text is interned
//! once and carried as a [`Sym`], four bytes, in order of first appearance.

use compact_str::CompactString;
use foldhash::fast::FixedState;
use indexmap::IndexSet;

/// An id, a sku, a visitor, a cart: any name that comes from a platform. Up to 24 bytes without an allocation.
pub type Name = CompactString;

/// A hash table that remembers the order of insertion, so that no hash order can ever be seen.
pub type Table<K, V> = indexmap::IndexMap<K, V, FixedState>;
/// A set with the order of insertion.
pub type Set<K> = IndexSet<K, FixedState>;

/// An interned [`Name`]: an index into the [`Names`] that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sym(pub u32);

impl Sym {
    /// As an index into a vector that runs beside the names.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The names of one kind (skus, carts, visitors …), each known by its [`Sym`].
#[derive(Clone, Debug, Default)]
pub struct Names(Set<Name>);

impl Names {
    /// The symbol of `name`, new if it was never seen. Past `u32::MAX` names everything shares the last one.
    pub fn intern(&mut self, name: &str) -> Sym {
        if let Some(index) = self.0.get_index_of(name) {
            return Sym(u32::try_from(index).unwrap_or(u32::MAX));
        }
        let (index, _) = self.0.insert_full(Name::new(name));
        Sym(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The symbol of a name that was seen before.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Sym> {
        self.0.get_index_of(name).and_then(|index| u32::try_from(index).ok()).map(Sym)
    }

    /// The text of a symbol; empty for one that these names did not make.
    #[must_use]
    pub fn text(&self, sym: Sym) -> &str {
        self.0.get_index(sym.index()).map_or("", |name| name.as_str())
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All names with their symbols, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (Sym, &str)> {
        self.0.iter().enumerate().map(|(index, name)| (Sym(u32::try_from(index).unwrap_or(u32::MAX)), name.as_str()))
    }
}
