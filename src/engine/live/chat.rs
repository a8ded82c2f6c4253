//! The chat: messages and reactions counted, the people behind them by ten-second slot, the newest lines in memory.

use std::collections::VecDeque;

use super::books::Books;
use super::gestures::reaction_gesture;
use crate::engine::event::{AuthorKind, ChatMessage, Reaction, Record};
use crate::engine::id::{Name, Sym};
use crate::engine::lexicon::{Folded, GestureSet, Lexicon};
use crate::engine::plan::Plan;
use crate::engine::series::{Count, MOST_UNITS, Sheet, Slots, Window, slot_of};
use crate::engine::time::At;
use crate::engine::view::show::Gesture;

/// Messages that stay in memory for the stream.
pub const LINES: usize = 500;

/// A message as it was understood, once for all ledgers.
#[derive(Clone, Debug)]
pub struct Heard {
    pub folded: Folded,
    pub said: GestureSet,
}

impl Heard {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let folded = Folded::of(text);
        let said = Lexicon::shipped().gestures(&folded);
        Self { folded, said }
    }
}

/// Distinct people of one slot. Repeats are taken out whenever it would have to grow.
#[derive(Clone, Debug, Default)]
struct Crowd(Vec<Sym>);

impl Crowd {
    fn add(&mut self, who: Sym) {
        if self.0.last() == Some(&who) {
            return;
        }
        if self.0.len() == self.0.capacity() {
            self.0.sort_unstable();
            self.0.dedup();
            if self.0.len() * 2 > self.0.capacity() {
                self.0.reserve(self.0.len().max(4));
            }
        }
        self.0.push(who);
    }
}

/// What the chat counts into, and the names it counts by.
#[derive(Debug)]
pub struct Hall<'a> {
    /// The sheet of the whole live.
    pub sheet: &'a mut Sheet,
    pub books: &'a mut Books,
    pub plan: &'a Plan,
}

/// How often a reaction stands for.
#[must_use]
pub fn times(reaction: &Reaction) -> i64 {
    reaction.count.unwrap_or(1).clamp(0, MOST_UNITS)
}

/// A set of people as bits.
#[derive(Clone, Debug, Default)]
struct People {
    bits: Vec<u64>,
    count: i64,
}

impl People {
    fn add(&mut self, who: Sym) {
        let (word, bit) = (who.index() / 64, 1 << (who.index() % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        if self.bits[word] & bit == 0 {
            self.bits[word] |= bit;
            self.count += 1;
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Cell {
    chatters: Crowd,
    /// Who liked or shared.
    reactors: Crowd,
}

/// A line of the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub at: At,
    pub seq: u64,
    pub author: Sym,
    pub text: Name,
    pub by: AuthorKind,
    pub said: GestureSet,
}

/// The chat of one broadcast.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    cells: Slots<Cell>,
    chatters: People,
    interacting: People,
    lines: VecDeque<Line>,
    excluded: i64,
}

impl Chat {
    /// Takes a message. False for one that must not count (its author is excluded by the plan).
    pub fn fold_message(&mut self, record: &Record, message: &ChatMessage, said: GestureSet, hall: &mut Hall<'_>) -> bool {
        if hall.plan.exclude.authors.contains(&message.author) {
            self.excluded += 1;
            return false;
        }
        let author = hall.books.authors.intern(&message.author);
        let slot = slot_of(record.event.ts);
        hall.sheet.add(Count::Chats, slot, 1);
        self.cells.entry(slot).chatters.add(author);
        self.chatters.add(author);
        self.interacting.add(author);
        let line = Line { at: record.event.ts, seq: record.seq, author, text: message.text.clone(), by: message.author_kind, said };
        self.keep(line);
        true
    }

    /// The newest lines by the time they were written; what is older than all of a full stream is let go.
    fn keep(&mut self, line: Line) {
        let place = self.lines.iter().rposition(|kept| (kept.at, kept.seq) <= (line.at, line.seq)).map_or(0, |before| before + 1);
        if self.lines.len() == LINES {
            if place == 0 {
                return;
            }
            self.lines.pop_front();
            self.lines.insert(place - 1, line);
        } else {
            self.lines.insert(place, line);
        }
    }

    /// Takes a reaction. False for one that must not count.
    pub fn fold_reaction(&mut self, record: &Record, reaction: &Reaction, hall: &mut Hall<'_>) -> bool {
        if reaction.author.as_ref().is_some_and(|author| hall.plan.exclude.authors.contains(author)) {
            self.excluded += 1;
            return false;
        }
        let number = times(reaction);
        let slot = slot_of(record.event.ts);
        hall.sheet.add(Count::Reactions, slot, number);
        let counted = match reaction_gesture(&reaction.kind) {
            Some(Gesture::Like) => Count::Likes,
            Some(Gesture::Share) => Count::Shares,
            Some(Gesture::Follow) => Count::Follows,
            Some(Gesture::Gift) => Count::Gifts,
            _ => return true,
        };
        hall.sheet.add(counted, slot, number);
        if let Some(author) = &reaction.author
            && matches!(counted, Count::Likes | Count::Shares)
        {
            let author = hall.books.authors.intern(author);
            self.cells.entry(slot).reactors.add(author);
            self.interacting.add(author);
        }
        true
    }

    /// Distinct authors of messages within a window.
    #[must_use]
    pub fn chatters(&self, window: Window) -> i64 {
        if window.whole { self.chatters.count } else { distinct(self.within(window).flat_map(|cell| &cell.chatters.0)) }
    }
    /// Distinct people who wrote, liked or shared within a window.
    #[must_use]
    pub fn interacting(&self, window: Window) -> i64 {
        if window.whole {
            return self.interacting.count;
        }
        distinct(self.within(window).flat_map(|cell| cell.chatters.0.iter().chain(&cell.reactors.0)))
    }
    /// Messages and reactions of people whom the plan excludes.
    #[must_use]
    pub const fn excluded(&self) -> i64 {
        self.excluded
    }
    /// The newest lines, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> + ExactSizeIterator {
        self.lines.iter()
    }

    fn within(&self, window: Window) -> impl Iterator<Item = &Cell> {
        self.cells.range(window.from, window.to).map(|(_, cell)| cell)
    }
}

fn distinct<'a>(people: impl Iterator<Item = &'a Sym>) -> i64 {
    let mut seen = People::default();
    people.for_each(|who| seen.add(*who));
    seen.count
}
