//! Ids that were seen, as tables of open addressing: 24 bytes an id, nothing allocated for one.
//!
//! A key is a strong number of 128 bits already, so it is its own hash. Beside it stand 56 bits of its content and how
//! long it must be remembered; what has outlived that goes when a table is full, before it grows. There are several tables,
//! so that making room in one needs little place and little time.

use crate::engine::time::{At, MINUTE_MS};

/// How long an id is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    WholeLive,
    /// Until every feed has read its history.
    UntilCaughtUp,
    /// While facts of that time are still let in.
    Window(At),
}

/// What is known of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    No,
    Same,
    Other,
}

/// What may be forgotten when room is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forget {
    pub now: At,
    /// Facts of a window are let in for so long.
    pub window_ms: i64,
    /// A feed is still reading its history.
    pub reading: bool,
}

/// A generation of ids that are kept for a window.
const GENERATION_MS: i64 = 5 * MINUTE_MS;
/// Generations that may lie ahead of the present one.
const AHEAD: i64 = 3;
const WHOLE_LIVE: u8 = 1;
const UNTIL_CAUGHT_UP: u8 = 2;
const FIRST_GENERATION: u8 = 3;
const GENERATIONS: i64 = 253;
const TABLES: usize = 16;
const SMALLEST: usize = 64;

const fn generation(at: At) -> i64 {
    at.ms().div_euclid(GENERATION_MS).rem_euclid(GENERATIONS)
}

fn lifetime_byte(lifetime: Lifetime) -> u8 {
    match lifetime {
        Lifetime::WholeLive => WHOLE_LIVE,
        Lifetime::UntilCaughtUp => UNTIL_CAUGHT_UP,
        Lifetime::Window(at) => FIRST_GENERATION + u8::try_from(generation(at)).unwrap_or(0),
    }
}

impl Forget {
    fn keeps(&self, lifetime: u8) -> bool {
        match lifetime {
            WHOLE_LIVE => true,
            UNTIL_CAUGHT_UP => self.reading,
            byte => {
                let age = (generation(self.now) - i64::from(byte - FIRST_GENERATION)).rem_euclid(GENERATIONS);
                age <= self.window_ms.div_euclid(GENERATION_MS) + 1 || age >= GENERATIONS - AHEAD
            }
        }
    }
}

/// `tag` is 0 in an empty place, else the content's 56 bits above the lifetime's 8.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    high: u64,
    low: u64,
    tag: u64,
}

#[derive(Clone, Debug, Default)]
struct Table {
    places: Vec<Place>,
    used: usize,
}

/// The ids.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    tables: [Table; TABLES],
}

/// A key's two halves, and the bits that it is placed by.
#[derive(Clone, Copy)]
struct Key {
    high: u64,
    low: u64,
    mixed: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a key, and parts of its mix")]
impl Key {
    const fn new(key: u128) -> Self {
        let (high, low) = ((key >> 64) as u64, key as u64);
        let product = (high ^ 0x9E37_79B9_7F4A_7C15) as u128 * (low ^ 0xC2B2_AE3D_27D4_EB4F) as u128;
        Self { high, low, mixed: (product >> 64) as u64 ^ product as u64 }
    }
    const fn table(self) -> usize {
        self.mixed as usize % TABLES
    }
    /// Where it would stand among so many places.
    const fn home(self, places: usize) -> usize {
        ((self.mixed as u128 * places as u128) >> 64) as usize
    }
}

impl Table {
    /// The place of a key, or the empty one where it would stand.
    fn place(&self, key: Key) -> usize {
        let mut index = key.home(self.places.len());
        loop {
            let place = &self.places[index];
            if place.tag == 0 || (place.low == key.low && place.high == key.high) {
                return index;
            }
            index = if index + 1 == self.places.len() { 0 } else { index + 1 };
        }
    }

    fn make_room(&mut self, forget: Forget) {
        let keeps = |place: &Place| place.tag != 0 && forget.keeps(place.tag.to_le_bytes()[0]);
        let kept = self.places.iter().filter(|place| keeps(place)).count();
        let size = (kept * 2 + kept / 4).max(SMALLEST);
        let old = std::mem::replace(&mut self.places, vec![Place::default(); size]);
        self.used = kept;
        for place in old.into_iter().filter(keeps) {
            let index = self.place(Key::new(u128::from(place.high) << 64 | u128::from(place.low)));
            self.places[index] = place;
        }
    }
}

const fn compare(tag: u64, content: u64) -> Known {
    match tag {
        0 => Known::No,
        tag if tag >> 8 == content >> 8 => Known::Same,
        _ => Known::Other,
    }
}

impl Seen {
    /// What is known of a key with that content.
    #[must_use]
    pub fn find(&self, key: u128, content: u64) -> Known {
        let key = Key::new(key);
        let table = &self.tables[key.table()];
        if table.places.is_empty() { Known::No } else { compare(table.places[table.place(key)].tag, content) }
    }

    /// Remembers a key unless it is known.
    pub fn insert(&mut self, key: u128, content: u64, lifetime: Lifetime, forget: Forget) -> Known {
        let key = Key::new(key);
        let table = &mut self.tables[key.table()];
        if (table.used + 1) * 4 > table.places.len() * 3 {
            table.make_room(forget);
        }
        let index = table.place(key);
        let place = &mut table.places[index];
        let known = compare(place.tag, content);
        if known == Known::No {
            *place = Place { high: key.high, low: key.low, tag: content & !0xFF | u64::from(lifetime_byte(lifetime)) };
            table.used += 1;
        }
        known
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.used).sum()
    }
}
