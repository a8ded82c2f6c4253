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

/// A set of symbols: a sorted list while it is small, bits once those take less place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Syms {
    few: Vec<u32>,
    bits: Vec<u64>,
    len: usize,
}

impl Syms {
    /// True when it was not there before.
    pub fn insert(&mut self, sym: Sym) -> bool {
        if self.bits.is_empty() {
            let Err(place) = self.few.binary_search(&sym.0) else { return false };
            self.few.insert(place, sym.0);
            self.len += 1;
            let most = self.few.last().map_or(0, |last| *last as usize);
            if self.few.len() > 16 && self.few.len() * 32 > most {
                self.turn_to_bits(most);
            }
            return true;
        }
        let (word, bit) = (sym.index() / 64, 1u64 << (sym.index() % 64));
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        self.len += usize::from(new);
        new
    }

    fn turn_to_bits(&mut self, most: usize) {
        self.bits = vec![0; most / 64 + 1];
        for sym in std::mem::take(&mut self.few) {
            self.bits[sym as usize / 64] |= 1 << (sym % 64);
        }
    }

    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// A list that grows by pieces: nothing is ever moved, and no half of it stands empty.
#[derive(Clone, Debug)]
pub struct Pieces<T> {
    pieces: Vec<Vec<T>>,
    len: u32,
}

/// Entries of a piece.
const PIECE: usize = 512;

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T> Pieces<T> {
    /// Puts an entry at the end and tells its number.
    pub fn push(&mut self, entry: T) -> u32 {
        match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(entry),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(entry);
                self.pieces.push(piece);
            }
        }
        self.len += 1;
        self.len - 1
    }
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
    }
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&T> {
        self.pieces.get(number as usize / PIECE)?.get(number as usize % PIECE)
    }
}

impl<T: Default> Pieces<T> {
    /// The entry of a symbol, made if there is none yet.
    pub fn of(&mut self, sym: Sym) -> &mut T {
        while self.len <= sym.0 {
            self.push(T::default());
        }
        &mut self[sym.0]
    }
}

impl<T> std::ops::Index<u32> for Pieces<T> {
    type Output = T;
    fn index(&self, number: u32) -> &T {
        &self.pieces[number as usize / PIECE][number as usize % PIECE]
    }
}

impl<T> std::ops::IndexMut<u32> for Pieces<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.pieces[number as usize / PIECE][number as usize % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_symbols_is_the_same_as_a_list_and_as_bits() {
        let mut set = Syms::default();
        let mut known = std::collections::BTreeSet::new();
        for number in 0..5_000u32 {
            let sym = number.wrapping_mul(2_654_435_761) % 3_000;
            assert_eq!(set.insert(Sym(sym)), known.insert(sym));
        }
        assert_eq!(set.len(), known.len());
    }

    #[test]
    fn entries_of_a_list_in_pieces_keep_their_numbers() {
        let mut list = Pieces::default();
        for number in 0..2_000u32 {
            assert_eq!(list.push(number), number);
        }
        *list.of(Sym(2_100)) = 7;
        assert_eq!([list[0], list[1_999], list[2_000], list[2_100]], [0, 1_999, 0, 7]);
        assert_eq!((list.len(), list.get(2_101)), (2_101, None));
    }
}
