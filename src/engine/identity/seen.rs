//! Ids that were seen, as a table of open addressing: 24 bytes an id, nothing allocated for one.
//!
//! A key is a strong number of 128 bits already, so it is its own hash. Beside it stand 56 bits of its content and how
//! long it must be remembered; what has outlived that goes when the table is full, before it grows.

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

/// A generation of window ids; the lateness limit of high-volume kinds is three of them.
const GENERATION_MS: i64 = 10 * MINUTE_MS;
/// Generations that are kept before the present one: the lateness limit and the begun one.
const KEPT: i64 = 4;
/// Generations that may lie ahead of the present one.
const AHEAD: i64 = 3;
const WHOLE_LIVE: u8 = 1;
const UNTIL_CAUGHT_UP: u8 = 2;
const FIRST_GENERATION: u8 = 3;
const GENERATIONS: i64 = 253;
const SMALLEST: usize = 1 << 10;

/// `tag` is 0 in an empty place, else the content's 56 bits above the lifetime's 8.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    high: u64,
    low: u64,
    tag: u64,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    places: Vec<Place>,
    used: usize,
}

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

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a key, and the low bits of its mix")]
impl Seen {
    /// The place of a key, or the empty one where it would stand.
    fn place(&self, high: u64, low: u64) -> usize {
        let mask = self.places.len() - 1;
        let mixed = (high ^ low.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut index = (mixed >> 32) as usize & mask;
        loop {
            let place = &self.places[index];
            if place.tag == 0 || (place.low == low && place.high == high) {
                return index;
            }
            index = (index + 1) & mask;
        }
    }

    /// What is known of a key with that content.
    #[must_use]
    pub fn find(&self, key: u128, content: u64) -> Known {
        if self.places.is_empty() {
            return Known::No;
        }
        match self.places[self.place((key >> 64) as u64, key as u64)].tag {
            0 => Known::No,
            tag if tag >> 8 == content >> 8 => Known::Same,
            _ => Known::Other,
        }
    }

    /// Remembers a key unless it is known. [`Seen::make_room`] goes before when it [`Seen::is_full`].
    pub fn insert(&mut self, key: u128, content: u64, lifetime: Lifetime) -> Known {
        if self.used + 1 >= self.places.len() {
            self.resize(|_| true);
        }
        let (high, low) = ((key >> 64) as u64, key as u64);
        let index = self.place(high, low);
        let place = &mut self.places[index];
        if place.tag != 0 {
            return if place.tag >> 8 == content >> 8 { Known::Same } else { Known::Other };
        }
        *place = Place { high, low, tag: content & !0xFF | u64::from(lifetime_byte(lifetime)) };
        self.used += 1;
        Known::No
    }

    /// True when the next key needs room.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        (self.used + 1) * 4 > self.places.len() * 3
    }

    /// Forgets what has outlived its time at `now`; grows when that was too little.
    pub fn make_room(&mut self, now: At, reading_history: bool) {
        let present = generation(now);
        self.resize(|tag| match tag as u8 {
            WHOLE_LIVE => true,
            UNTIL_CAUGHT_UP => reading_history,
            byte => {
                let age = (present - i64::from(byte - FIRST_GENERATION)).rem_euclid(GENERATIONS);
                age <= KEPT || age >= GENERATIONS - AHEAD
            }
        });
    }

    fn resize(&mut self, keeps: impl Fn(u64) -> bool) {
        let kept = self.places.iter().filter(|place| place.tag != 0 && keeps(place.tag)).count();
        let size = ((kept + kept / 2 + kept / 8).max(SMALLEST)).next_power_of_two();
        let old = std::mem::replace(&mut self.places, vec![Place::default(); size]);
        self.used = kept;
        for place in old.into_iter().filter(|place| place.tag != 0 && keeps(place.tag)) {
            let index = self.place(place.high, place.low);
            self.places[index] = place;
        }
    }

    #[cfg(test)]
    pub const fn len(&self) -> usize {
        self.used
    }
}
