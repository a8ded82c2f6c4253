//! One cart: what was said of it, and where it stands at an instant.

use smallvec::SmallVec;

use crate::engine::event::CartStatus;
use crate::engine::id::Sym;
use crate::engine::live::commerce::orders::{Version, bounded};
use crate::engine::money::Currency;
use crate::engine::plan::{Limits, Plan};
use crate::engine::time::{At, Moment};

/// Marks and moves of one cart that are kept apart; beyond, those that cannot matter are thinned out.
const MOST_MARKS: usize = 256;

/// What an instant in a cart's life was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Act,
    /// `add_payment_info`: from here on it is left to rest longer.
    Payment,
    /// A state that was first read then.
    Open,
    Checkout,
    Left,
}

/// Where a cart stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Idle,
    Abandoned,
    Bought,
}

/// Everything that is counted of a cart.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub state: State,
    pub opened: Moment,
    /// When it was first abandoned, whatever happened after.
    pub abandoned: Option<Moment>,
    pub bought: Option<Moment>,
    pub recovered: Option<Moment>,
    pub checkout: Option<Moment>,
    pub band: Option<u8>,
    pub channel: Option<Sym>,
    /// When time alone will change it.
    pub next: Option<Moment>,
}

/// A distinct version of a cart's state: when it was read first and last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Read {
    content: u64,
    first: At,
    last: At,
    status: CartStatus,
}

/// What a version of a cart's state says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contents {
    pub status: CartStatus,
    pub value: Option<i128>,
    /// No product is named in it.
    pub is_bare: bool,
}

impl Contents {
    /// Its buyer took everything out.
    fn is_emptied(&self) -> bool {
        self.status != CartStatus::Bought && self.is_bare && self.value == Some(0)
    }
}

/// What a shop says of a cart: the version that wins, and when each was read.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    version: Version,
    contents: Contents,
    reads: SmallVec<[Read; 2]>,
}

/// A cart, by source and key.
#[derive(Clone, Debug, PartialEq)]
pub struct Cart {
    pub source: Sym,
    pub name: Sym,
    pub customer: Option<Sym>,
    /// The smallest instant at which a purchase that names it was placed.
    pub ordered_at: Option<Moment>,
    /// The instant that stands in the queue.
    pub queued: Option<Moment>,
    /// What is counted of it now, and with how many of its products.
    pub posted: Option<Standing>,
    pub posted_held: u32,
    /// Products that were ever in it.
    pub held: SmallVec<[Sym; 4]>,
    visitor: Option<(Moment, Sym)>,
    channel: Option<(Moment, Sym)>,
    checkout: Option<Moment>,
    marks: SmallVec<[(At, Mark); 2]>,
    anchor: Option<(Moment, i64)>,
    moves: SmallVec<[(At, i64); 1]>,
    said: Option<Box<Said>>,
}

/// Keeps the earliest word.
fn earliest(known: &mut Option<(Moment, Sym)>, at: At, sym: Sym) -> bool {
    let at = Moment::from(at);
    let earlier = known.is_none_or(|(known, _)| at < known);
    if earlier {
        *known = Some((at, sym));
    }
    earlier
}

impl Cart {
    #[must_use]
    pub const fn new(source: Sym, name: Sym) -> Self {
        Self {
            source,
            name,
            customer: None,
            ordered_at: None,
            queued: None,
            posted: None,
            posted_held: 0,
            held: SmallVec::new_const(),
            visitor: None,
            channel: None,
            checkout: None,
            marks: SmallVec::new_const(),
            anchor: None,
            moves: SmallVec::new_const(),
            said: None,
        }
    }

    /// True once anything but a purchase named it.
    #[must_use]
    pub fn is_real(&self) -> bool {
        !self.marks.is_empty() || self.said.is_some()
    }
    #[must_use]
    pub fn visitor(&self) -> Option<Sym> {
        self.visitor.map(|(_, visitor)| visitor)
    }
    /// True when this is its earliest visitor.
    pub fn belong_to(&mut self, visitor: Sym, at: At) -> bool {
        earliest(&mut self.visitor, at, visitor)
    }
    pub fn come_from(&mut self, channel: Sym, at: At) {
        earliest(&mut self.channel, at, channel);
    }
    pub fn hold(&mut self, product: Sym) {
        if !self.held.contains(&product) {
            self.held.push(product);
        }
    }
    pub fn begin_checkout(&mut self, at: At) {
        let at = Moment::from(at);
        self.checkout = Some(self.checkout.map_or(at, |known| known.min(at)));
    }
    pub fn anchor(&mut self, at: At, value: i128) {
        self.anchor = self.anchor.max(Some((Moment::from(at), bounded(value))));
    }

    pub fn note(&mut self, mark: Mark, at: At) {
        let place = self.marks.partition_point(|known| *known < (at, mark));
        if self.marks.get(place) != Some(&(at, mark)) {
            self.marks.insert(place, (at, mark));
        }
        if self.marks.len() > MOST_MARKS {
            self.thin();
        }
    }

    /// Lets go of acts between two others so near to each other that nothing can have been abandoned between them.
    fn thin(&mut self) {
        let near = Limits::default().cart_idle_s * 1_000;
        let mut kept = SmallVec::<[(At, Mark); 2]>::new();
        for index in 0..self.marks.len() {
            let (at, mark) = self.marks[index];
            let next = self.marks.get(index + 1).map(|(next, _)| *next);
            let between = kept.last().is_some_and(|(before, _)| next.is_some_and(|next| next.since_ms(*before) < near));
            if mark != Mark::Act || !between {
                kept.push((at, mark));
            }
        }
        self.marks = kept;
    }

    pub fn note_move(&mut self, at: At, amount: i128) {
        let amount = bounded(amount);
        let place = self.moves.partition_point(|(known, _)| *known <= at);
        self.moves.insert(place, (at, amount));
        if self.moves.len() > MOST_MARKS {
            let (_, oldest) = self.moves.remove(0);
            self.moves[0].1 = self.moves[0].1.saturating_add(oldest);
        }
    }

    /// Takes a version of its state.
    pub fn read(&mut self, version: Version, contents: Contents, at: At, sorted: bool) {
        let read = Read { content: version.content(), first: at, last: at, status: contents.status };
        let Some(said) = &mut self.said else {
            self.said = Some(Box::new(Said { version, contents, reads: SmallVec::from_iter([read]) }));
            return;
        };
        match said.reads.iter_mut().find(|read| read.content == version.content()) {
            Some(known) => (known.first, known.last) = (known.first.min(at), known.last.max(at)),
            None => said.reads.push(read),
        }
        if said.reads.len() > MOST_MARKS {
            said.reads.remove(0);
        }
        if version.beats(&said.version, sorted) {
            (said.version, said.contents) = (version, contents);
        }
    }

    /// Takes a re-read of what is known.
    pub fn read_again(&mut self, version: Version, at: At) {
        let Some(said) = &mut self.said else { return };
        if let Some(read) = said.reads.iter_mut().find(|read| read.content == version.content()) {
            read.last = read.last.max(at);
        }
        if said.version.content() == version.content() {
            said.version = said.version.max(version);
        }
    }

    /// Whether a version changes anything.
    #[must_use]
    pub fn is_news(&self, version: Version, at: At) -> bool {
        let Some(said) = &self.said else { return true };
        match said.reads.iter().find(|read| read.content == version.content()) {
            None => true,
            Some(read) => at < read.first || (version > said.version && said.version.content() != version.content()),
        }
    }

    /// Since when the winning state says what it says.
    fn said_since(said: &Said) -> Option<At> {
        let read = said.reads.iter().find(|read| read.content == said.version.content())?;
        let others = said.reads.iter().filter(|other| other.content != read.content).map(|other| other.last).max();
        Some(if others.is_none_or(|others| others < read.first) { read.first } else { read.last })
    }

    /// Its life by time: acts, and when each state was first read.
    fn life(&self) -> SmallVec<[(At, Mark); 8]> {
        let mut life = SmallVec::<[(At, Mark); 8]>::from_slice(&self.marks);
        if let Some(said) = &self.said {
            life.extend(said.reads.iter().map(|read| (read.first, mark_of(read.status))));
            life.extend(Self::said_since(said).map(|since| (since, mark_of(said.contents.status))));
            life.sort_unstable();
        }
        life
    }

    /// The latest value that was said, moved by later adds and removes; without one, adds minus removes.
    fn value(&self) -> Option<i128> {
        let state = self.said.as_ref().and_then(|said| Some((Moment::from(Self::said_since(said)?), bounded(said.contents.value?))));
        let anchor = self.anchor.max(state);
        if anchor.is_none() && self.moves.is_empty() {
            return None;
        }
        let moved =
            self.moves.iter().filter(|(at, _)| anchor.is_none_or(|(since, _)| *at > since.at())).map(|(_, amount)| i128::from(*amount));
        Some(anchor.map_or(0, |(_, value)| i128::from(value)).saturating_add(moved.sum()))
    }

    /// Since when it is empty, and nobody did anything with it: an empty cart is none, it can be neither left nor bought.
    fn emptied_at(&self) -> Option<At> {
        let emptied = self.said.as_ref().filter(|said| said.contents.is_emptied()).and_then(|said| Self::said_since(said));
        emptied.filter(|since| self.ordered_at.is_none() && self.marks.last().is_none_or(|(at, _)| at <= since))
    }

    /// Where it stands at `now`; `None` while nothing is counted of it. Who brought it back is not looked at here.
    #[must_use]
    pub fn standing(&self, now: At, plan: &Plan) -> Option<Standing> {
        let limits = &plan.limits;
        let by_state = self.said.as_ref().filter(|said| said.contents.status == CartStatus::Bought).and_then(|said| Self::said_since(said));
        let bought = self.ordered_at.map(Moment::at).into_iter().chain(by_state).min();
        let mut life = self.life();
        if let Some(bought) = bought {
            life.retain(|(at, _)| *at <= bought);
        }
        let opened = life.first().map(|(at, _)| *at).or(bought)?;
        let rest = rest(&life, bought, limits, now);
        // what was left before it was emptied was left
        if self.emptied_at().is_some_and(|since| rest.abandoned.is_none_or(|abandoned| abandoned > since)) {
            return None;
        }
        let (state, next) = match (bought, rest.last) {
            (Some(_), _) | (None, None) => (State::Bought, None),
            (None, Some((last, limit_s))) => self.resting(last, limit_s, limits, now),
        };
        Some(Standing {
            state,
            opened: opened.into(),
            abandoned: rest.abandoned.map(Moment::from),
            bought: bought.map(Moment::from),
            recovered: None,
            checkout: self.checkout,
            band: self.value().map(|value| band(value, plan)),
            channel: self.channel.map(|(_, channel)| channel),
            next: next.map(Moment::from),
        })
    }

    fn resting(&self, last: (At, Mark), limit_s: i64, limits: &Limits, now: At) -> (State, Option<At>) {
        let left = last.1 == Mark::Left && self.said.as_ref().is_some_and(|said| said.contents.status == CartStatus::Left);
        let (idle, abandoned) = (last.0.plus_s(limits.cart_idle_s), last.0.plus_s(limit_s));
        if left || abandoned <= now {
            (State::Abandoned, None)
        } else if idle <= now {
            (State::Idle, Some(abandoned))
        } else {
            (State::Open, Some(idle.min(abandoned)))
        }
    }
}

/// How a cart rested: its last mark with the limit then in force, and when it was first abandoned.
struct Rest {
    last: Option<((At, Mark), i64)>,
    abandoned: Option<At>,
}

fn rest(life: &[(At, Mark)], bought: Option<At>, limits: &Limits, now: At) -> Rest {
    let (mut paying, mut checking_out) = (false, false);
    let mut rest = Rest { last: None, abandoned: None };
    for (index, (at, mark)) in life.iter().enumerate() {
        match mark {
            Mark::Act => {}
            Mark::Payment => paying = true,
            Mark::Checkout => checking_out = true,
            Mark::Open | Mark::Left => checking_out = false,
        }
        let limit_s = if paying || checking_out { limits.checkout_abandoned_s } else { limits.cart_abandoned_s };
        let due = at.plus_s(limit_s);
        let next = life.get(index + 1).map(|(next, _)| *next).or(bought);
        let abandoned = match (mark, next) {
            (Mark::Left, _) => Some(*at),
            (_, Some(next)) => (next > due).then_some(due),
            (_, None) => (due <= now).then_some(due),
        };
        rest.abandoned = rest.abandoned.or(abandoned);
        rest.last = Some(((*at, *mark), limit_s));
    }
    rest
}

const fn mark_of(status: CartStatus) -> Mark {
    match status {
        CartStatus::Open | CartStatus::Bought => Mark::Open,
        CartStatus::Checkout => Mark::Checkout,
        CartStatus::Left => Mark::Left,
    }
}

/// The price band of a value.
fn band(value: i128, plan: &Plan) -> u8 {
    let unit = 10i128.pow(plan.currency.map_or(2, Currency::exponent));
    let edges = &plan.limits.price_bands;
    let place = edges.iter().rposition(|edge| value >= i128::from(*edge).saturating_mul(unit)).unwrap_or(0);
    u8::try_from(place).unwrap_or(u8::MAX)
}
