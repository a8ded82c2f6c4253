//! Names as the platforms write them, and the small numbers the ledgers keep in their place.
//!
//! Ids are text, however many digits (events.md, "An event"). Inside the ledgers a text is interned
//! once and carried as a [`Sym`], four bytes, in order of first appearance.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use compact_str::CompactString;
use foldhash::fast::FixedState;
use indexmap::IndexSet;
use smallvec::SmallVec;

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
///
/// A table of open addressing beside the texts: a name is found by two looks at memory, and growing touches no text.
/// Names [at rest](Names::at_rest) have no table: their texts are shared with every later state, a table could not be.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Pieces<Name, TEXTS>,
    /// A name's hash above its symbol's number plus one; 0 is empty. A power of two, at most two thirds full; none at rest.
    places: Vec<u64>,
}

/// Names of a piece: they never change, so nothing is gained by small ones.
const TEXTS: usize = 512;
/// Places of the first table.
const NAMES_SMALLEST: usize = 16;

impl Names {
    /// The symbol of `name`, new if it was never seen. Past `u32::MAX` names everything shares the last one.
    pub fn intern(&mut self, name: &str) -> Sym {
        if (self.len() + 1) * 3 > self.places.len() * 2 {
            self.grow();
        }
        let hash = hash_of(name);
        let place = self.place(hash, name);
        if self.places[place] != 0 {
            return symbol_at(self.places[place]);
        }
        let Some(number) = self.texts.len().checked_add(1) else { return Sym(u32::MAX) };
        self.texts.push(Name::new(name));
        self.places[place] = hash << 32 | u64::from(number);
        Sym(number - 1)
    }

    /// A copy without the table: it is made anew at the next new name, until then a name is looked for among all.
    #[must_use]
    pub fn at_rest(&self) -> Self {
        Self { texts: self.texts.clone(), places: Vec::new() }
    }

    /// The symbol of a name that was seen before.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Sym> {
        if self.places.is_empty() {
            return self.iter().find(|(_, text)| *text == name).map(|(sym, _)| sym);
        }
        let entry = self.places[self.place(hash_of(name), name)];
        (entry != 0).then(|| symbol_at(entry))
    }

    /// The text of a symbol; empty for one that these names did not make.
    #[must_use]
    pub fn text(&self, sym: Sym) -> &str {
        self.texts.get(sym.0).map_or("", Name::as_str)
    }

    #[must_use]
    pub const fn len(&self) -> usize {
        self.texts.len() as usize
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// All names with their symbols, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (Sym, &str)> {
        self.texts.iter().zip(0..).map(|(name, number)| (Sym(number), name.as_str()))
    }

    /// Where a name stands, or the empty place where it would.
    fn place(&self, hash: u64, name: &str) -> usize {
        let mask = self.places.len() - 1;
        let mut place = home(hash, mask);
        loop {
            let entry = self.places[place];
            if entry == 0 || (entry >> 32 == hash && self.text(symbol_at(entry)) == name) {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self) {
        if self.places.is_empty() {
            self.places = vec![0; ((self.len() + 1) * 3 / 2 + 1).next_power_of_two().max(NAMES_SMALLEST)];
            for (text, number) in self.texts.iter().zip(1u64..) {
                put(&mut self.places, hash_of(text) << 32 | number);
            }
            return;
        }
        let mut places = vec![0; self.places.len() * 2];
        for entry in std::mem::take(&mut self.places).into_iter().filter(|entry| *entry != 0) {
            put(&mut places, entry);
        }
        self.places = places;
    }
}

/// Puts an entry into the first empty place from its home on.
fn put(places: &mut [u64], entry: u64) {
    let mask = places.len() - 1;
    let mut place = home(entry >> 32, mask);
    while places[place] != 0 {
        place = (place + 1) & mask;
    }
    places[place] = entry;
}

/// The upper half of a name's hash.
fn hash_of(name: &str) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.finish() >> 32
}

#[expect(clippy::cast_possible_truncation, reason = "half a hash is masked to a place")]
const fn home(hash: u64, mask: usize) -> usize {
    hash as usize & mask
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is the symbol's")]
const fn symbol_at(entry: u64) -> Sym {
    Sym(entry as u32 - 1)
}

/// A set of symbols: a sorted list while it is small, bits once those take less place.
#[derive(Clone, Debug, Default)]
pub struct Syms {
    few: Vec<u32>,
    bits: Pieces<u64>,
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
                for sym in std::mem::take(&mut self.few) {
                    self.set(sym);
                }
            }
            return true;
        }
        let new = !self.has(sym.0);
        if new {
            self.set(sym.0);
            self.len += 1;
        }
        new
    }

    fn has(&self, sym: u32) -> bool {
        self.bits.get(sym / 64).is_some_and(|word| word >> (sym % 64) & 1 == 1)
    }

    fn set(&mut self, sym: u32) {
        *self.bits.of(Sym(sym / 64)) |= 1 << (sym % 64);
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let word = |(first, word): (u32, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        };
        self.few.iter().copied().chain((0..).step_by(64).zip(self.bits.iter()).flat_map(word))
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

/// A list that grows by pieces: nothing is ever moved, and no half of it stands empty. Clones share their pieces, and a
/// piece is copied when one of them changes it: states of one broadcast a while apart hold in common what is long over.
/// `PIECE` is the number of entries of a piece: small enough that a change here and there leaves most of them shared.
#[derive(Clone, Debug)]
pub struct Pieces<T, const PIECE: usize = 16> {
    pieces: Vec<Arc<SmallVec<[T; PIECE]>>>,
    len: u32,
}

impl<T, const PIECE: usize> Default for Pieces<T, PIECE> {
    fn default() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T: Clone, const PIECE: usize> Pieces<T, PIECE> {
    /// Puts an entry at the end and tells its number.
    pub fn push(&mut self, entry: T) -> u32 {
        match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => Arc::make_mut(piece).push(entry),
            _ => self.pieces.push(Arc::new(SmallVec::from_iter([entry]))),
        }
        self.len += 1;
        self.len - 1
    }
}

impl<T, const PIECE: usize> Pieces<T, PIECE> {
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
    /// All entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }
}

impl<T: Clone + Default, const PIECE: usize> Pieces<T, PIECE> {
    /// The entry of a symbol, made if there is none yet.
    pub fn of(&mut self, sym: Sym) -> &mut T {
        while self.len <= sym.0 {
            self.push(T::default());
        }
        &mut self[sym.0]
    }
}

impl<T, const PIECE: usize> std::ops::Index<u32> for Pieces<T, PIECE> {
    type Output = T;
    fn index(&self, number: u32) -> &T {
        &self.pieces[number as usize / PIECE][number as usize % PIECE]
    }
}

impl<T: Clone, const PIECE: usize> std::ops::IndexMut<u32> for Pieces<T, PIECE> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut Arc::make_mut(&mut self.pieces[number as usize / PIECE])[number as usize % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_own_symbol_in_order_of_appearance() {
        let mut names = Names::default();
        assert_eq!((names.find("x"), names.text(Sym(0))), (None, ""));
        for round in 0..2 {
            for number in 0..10_000u32 {
                assert_eq!(names.intern(&format!("visitor-{number}")), Sym(number), "round {round}");
            }
        }
        assert_eq!((names.len(), names.find("visitor-77"), names.find("visitor-x")), (10_000, Some(Sym(77)), None));
        assert_eq!(names.text(Sym(9_999)), "visitor-9999");
        let mut names = names.at_rest();
        assert_eq!((names.find("visitor-77"), names.find("visitor-x")), (Some(Sym(77)), None), "found without a table");
        assert_eq!(
            [names.intern("visitor-77"), names.intern("visitor-x"), names.intern("visitor-9999")],
            [Sym(77), Sym(10_000), Sym(9_999)]
        );
    }

    #[test]
    fn a_set_of_symbols_is_the_same_as_a_list_and_as_bits() {
        let mut set = Syms::default();
        let mut known = std::collections::BTreeSet::new();
        for number in 0..5_000u32 {
            let sym = number.wrapping_mul(2_654_435_761) % 3_000;
            assert_eq!(set.insert(Sym(sym)), known.insert(sym));
        }
        assert_eq!(set.len(), known.len());
        assert!(set.iter().eq(known));
    }

    #[test]
    fn entries_of_a_list_in_pieces_keep_their_numbers() {
        let mut list = Pieces::<u32>::default();
        for number in 0..2_000u32 {
            assert_eq!(list.push(number), number);
        }
        *list.of(Sym(2_100)) = 7;
        assert_eq!([list[0], list[1_999], list[2_000], list[2_100]], [0, 1_999, 0, 7]);
        assert_eq!((list.len(), list.get(2_101)), (2_101, None));
        assert_eq!(list.iter().copied().take(3).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn a_copy_of_a_list_in_pieces_keeps_what_it_had_and_shares_what_stays() {
        let mut list = Pieces::<u32>::default();
        for number in 0..1_500u32 {
            list.push(number);
        }
        let copy = list.clone();
        list[3] = 7;
        list.push(1_500);
        assert_eq!((copy[3], copy.len(), list[3], list.len()), (3, 1_500, 7, 1_501));
        let shared = copy.pieces.iter().zip(&list.pieces).map(|(one, other)| Arc::ptr_eq(one, other)).collect::<Vec<_>>();
        let touched = |piece: usize| piece == 0 || piece == 1_499 / 16;
        assert!(shared.iter().enumerate().all(|(piece, shared)| *shared != touched(piece)), "{shared:?}");
    }
}
