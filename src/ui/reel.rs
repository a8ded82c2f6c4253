//! How a replay stands: what the glass draws of it, and what its keys need to know.

use std::sync::Arc;

use super::state::Known;
use crate::engine::time::At;
use crate::engine::view::marks::{Mark, MarkKind};

/// How its time moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    #[default]
    Plays,
    Paused,
    /// On the way: the curves are there, the exact state follows.
    Seeks,
    Ended,
}

/// What could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Records that a damaged journal no longer holds.
    pub records: u64,
    /// Its end cannot be read: how much followed is not known.
    pub tail: bool,
    /// Lines and inputs that were no events.
    pub lines: u64,
    /// Late facts that are not remembered for "as known now".
    pub late: u64,
}

/// A replay, as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reel {
    pub from: At,
    pub to: At,
    pub speed: f64,
    pub pace: Pace,
    pub known: Known,
    /// Facts that today's knowledge added.
    pub added: u64,
    /// How much of it is read, from 0 to 1.
    pub opened: f64,
    pub marks: Arc<[Mark]>,
    pub lost: Lost,
    /// Why it can go no further.
    pub failed: Option<String>,
}

/// Where `[` and `]` can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Mark(Mark),
    Bookmark(At),
}

impl Stop {
    #[must_use]
    pub const fn at(self) -> At {
        match self {
            Self::Mark(mark) => mark.at,
            Self::Bookmark(at) => at,
        }
    }
    /// The key of its word; an act has a word of its own.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bookmark(_) => "stop-bookmark",
            Self::Mark(Mark { kind, .. }) => match kind {
                MarkKind::Pin => "mark-pin",
                MarkKind::Cue => "mark-cue",
                MarkKind::Note => "mark-note",
                MarkKind::Peak => "stop-peak",
                MarkKind::Advice => "stop-advice",
                MarkKind::Act(_) => "mark-act",
            },
        }
    }
}

impl Reel {
    /// The next stop after a moment, or the last one before it.
    #[must_use]
    pub fn stop(&self, here: At, forward: bool, bookmarks: &[At]) -> Option<Stop> {
        let marks = self.marks.iter().copied().filter(|mark| mark.at >= self.from).map(Stop::Mark);
        let stops = marks.chain(bookmarks.iter().copied().map(Stop::Bookmark));
        if forward {
            stops.filter(|stop| stop.at() > here).min_by_key(|stop| stop.at())
        } else {
            stops.filter(|stop| stop.at() < here).max_by_key(|stop| stop.at())
        }
    }
    /// True while time stands.
    #[must_use]
    pub const fn stands(&self) -> bool {
        matches!(self.pace, Pace::Paused | Pace::Ended)
    }
}
