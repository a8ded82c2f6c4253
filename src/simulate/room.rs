//! The room: who comes, how long they stay, when they click.
//!
//! Patience and curiosity are hazards of the whole room ([`Room::worn`], [`Room::shown`]): everybody draws once how much of
//! them they take, and acts only change how fast they run. So a twin with an act keeps every visitor's own temper.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::luck::{Concern, Seed, share_out};
use super::scenario::Scenario;
use crate::engine::id::Name;

/// Nowhere in the room.
const GONE: u32 = u32::MAX;

/// A visitor, by its place in [`Room::visitors`].
pub type VisitorNo = u32;

/// Somebody who came.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub channel: u8,
    pub serial: u32,
    key: u64,
    pub entered_ms: i64,
    place: u32,
    clicked: u32,
    /// Clicks against the average viewer.
    keen: f32,
    pub bought_before: bool,
    /// Carts so far.
    pub carts: u16,
    /// The cart that is open, plus one; 0 for none.
    pub cart: u32,
}

impl Visitor {
    /// Who it is, whatever else happens in the broadcast.
    #[must_use]
    pub const fn key(&self) -> u64 {
        self.key
    }
    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> Name {
        numbered((b'a' + self.channel) as char, u64::from(self.serial))
    }
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        self.place != GONE
    }
}

/// A letter and a number, as ids are written here.
#[must_use]
pub fn numbered(letter: char, number: u64) -> Name {
    let mut digits = [0u8; 21];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let mut name = Name::default();
    name.push(letter);
    name.push_str(std::str::from_utf8(&digits[at..]).unwrap_or("0"));
    name
}

/// Who is there.
#[derive(Clone, Debug)]
pub struct Room {
    seed: Seed,
    pub visitors: Vec<Visitor>,
    inside: Vec<VisitorNo>,
    /// Who leaves at how much wear, and who clicks at how much of what was shown; the bits of a positive float keep its order.
    patience: BinaryHeap<Reverse<(u64, VisitorNo)>>,
    curiosity: BinaryHeap<Reverse<(u64, VisitorNo)>>,
    worn: f64,
    shown: f64,
    serials: Vec<u32>,
    /// Visitors are told apart by when they came, not by how many came before them.
    by_second: bool,
    /// By channel: the second in which the latest came, and how many in it.
    came: Vec<(i64, u64)>,
    pub watched_s: i64,
}

impl Room {
    #[must_use]
    pub fn new(seed: Seed, scenario: &Scenario) -> Self {
        Self {
            seed,
            visitors: Vec::new(),
            inside: Vec::new(),
            patience: BinaryHeap::new(),
            curiosity: BinaryHeap::new(),
            worn: 1.0,
            shown: 1.0,
            serials: vec![0; scenario.channels.len()],
            by_second: false,
            came: vec![(-1, 0); scenario.channels.len()],
            watched_s: 0,
        }
    }

    /// The same before anybody came, with visitors who are told apart by when they come: one more or less at the beginning
    /// then leaves the others who they are.
    pub const fn tell_by_second(&mut self) {
        self.by_second = true;
    }

    /// What the draws of the next visitor of a channel are keyed by, in 48 bits.
    fn next_key(&mut self, channel: usize, now_ms: i64) -> u64 {
        if !self.by_second {
            return ((channel as u64) << 32) | u64::from(self.serials[channel]);
        }
        let (second, count) = &mut self.came[channel];
        let now_s = now_ms.div_euclid(1_000);
        (*second, *count) = if *second == now_s { (now_s, *count + 1) } else { (now_s, 0) };
        ((channel as u64) << 40) | (((now_s as u64) & 0xf_ffff) << 20) | (*count & 0xf_ffff)
    }

    #[must_use]
    pub const fn len(&self) -> usize {
        self.inside.len()
    }
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.inside.is_empty()
    }
    /// Somebody in the room, by a draw in [0, n).
    #[must_use]
    pub fn inside(&self, index: usize) -> Option<VisitorNo> {
        self.inside.get(index).copied()
    }
    /// Those who have been there for more than a minute. The room keeps no order of entry, so this looks at everybody.
    #[must_use]
    pub fn engaged(&self, now_ms: i64) -> i64 {
        self.inside.iter().filter(|&&no| now_ms - self.visitors[no as usize].entered_ms > 60_000).count() as i64
    }

    /// A new visitor of the channel.
    pub fn enter(&mut self, scenario: &Scenario, channel: usize, now_ms: i64) -> VisitorNo {
        let key = self.next_key(channel, now_ms);
        let serial = self.serials[channel];
        self.serials[channel] += 1;
        let no = self.visitors.len() as VisitorNo;
        let audience = &scenario.audience;
        let mut visitor = Visitor {
            channel: channel as u8,
            serial,
            key,
            entered_ms: now_ms,
            place: self.inside.len() as u32,
            clicked: 0,
            keen: 0.0,
            bought_before: false,
            carts: 0,
            cart: 0,
        };
        let mut luck = self.seed.keyed(Concern::Visitor, visitor.key());
        let bounces = luck.strikes(audience.bounce_share);
        let stay = if bounces { audience.bounce_s } else { audience.stay_s * scenario.channels[channel].patience };
        let leaves_at = self.worn + luck.wait() * stay;
        let keen = if bounces { 0.5 } else { luck.around(0.95, 0.5) } * scenario.channels[channel].clicks;
        visitor.keen = keen as f32;
        visitor.bought_before = luck.strikes(audience.returning_share);
        self.patience.push(Reverse((leaves_at.to_bits(), no)));
        self.visitors.push(visitor);
        self.inside.push(no);
        self.plan_click(no);
        no
    }

    fn plan_click(&mut self, no: VisitorNo) {
        let visitor = &self.visitors[no as usize];
        if visitor.keen > 0.0 {
            let wait = self.seed.keyed(Concern::Click, visitor.key() << 16 | u64::from(visitor.clicked)).wait();
            let at = self.shown + wait / f64::from(visitor.keen);
            self.curiosity.push(Reverse((at.to_bits(), no)));
        }
    }

    /// Takes a visitor out and says how many seconds they watched; `None` for one who has gone.
    pub fn leave(&mut self, no: VisitorNo, now_ms: i64) -> Option<i64> {
        let visitor = &mut self.visitors[no as usize];
        let place = std::mem::replace(&mut visitor.place, GONE);
        if place == GONE {
            return None;
        }
        let watched = (now_ms - visitor.entered_ms).max(0) / 1_000;
        self.watched_s += watched;
        self.inside.swap_remove(place as usize);
        if let Some(&moved) = self.inside.get(place as usize) {
            self.visitors[moved as usize].place = place;
        }
        Some(watched)
    }

    /// Who leaves in a second in which everybody's patience wears by `wear`, with the milliseconds.
    pub fn leavers(&mut self, wear: f64, found: &mut Vec<(i64, VisitorNo)>) {
        take_until(&mut self.patience, &mut self.worn, wear, found);
    }

    /// Who clicks in a second that shows `show` of what makes curious. Each gets a next click.
    pub fn clickers(&mut self, show: f64, found: &mut Vec<(i64, VisitorNo)>) {
        let from = found.len();
        take_until(&mut self.curiosity, &mut self.shown, show, found);
        for &(_, no) in found.iter().skip(from) {
            self.visitors[no as usize].clicked += 1;
            if self.visitors[no as usize].is_inside() {
                self.plan_click(no);
            }
        }
        found.retain(|(_, no)| self.visitors[*no as usize].is_inside());
    }

    /// The draws of a visitor's latest click.
    #[must_use]
    pub fn click_luck(&self, no: VisitorNo) -> super::luck::Luck {
        let visitor = &self.visitors[no as usize];
        self.seed.keyed(Concern::Ear, visitor.key() << 16 | u64::from(visitor.clicked))
    }

    /// The product that a click falls on.
    #[must_use]
    pub fn pick(unit: f64, clicks: &[f64]) -> Option<usize> {
        share_out(unit, clicks.iter().copied())
    }
}

/// Moves a hazard on and takes everybody whose threshold it passes, with the millisecond of the second.
fn take_until(heap: &mut BinaryHeap<Reverse<(u64, VisitorNo)>>, level: &mut f64, step: f64, found: &mut Vec<(i64, VisitorNo)>) {
    let (from, to) = (*level, *level + step.max(0.0));
    while let Some(Reverse((bits, no))) = heap.peek().copied() {
        let threshold = f64::from_bits(bits);
        if threshold > to {
            break;
        }
        heap.pop();
        let ms = if to > from { ((threshold - from) / (to - from) * 999.0).clamp(0.0, 999.0) as i64 } else { 0 };
        found.push((ms, no));
    }
    *level = to;
}
