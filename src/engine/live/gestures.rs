//! What the audience does, gesture by gesture and clock minute by clock minute: the rows of the heatmap.

use std::collections::BTreeMap;

use super::chat::times;
use crate::engine::event::{AuthorKind, Event, Fact};
use crate::engine::lexicon::GestureSet;
use crate::engine::view::show::Gesture;

const KINDS: usize = Gesture::ALL.len();

/// Counts by minute; only touched minutes are kept.
#[derive(Clone, Debug, Default)]
pub struct Gestures {
    minutes: BTreeMap<i64, [i64; KINDS]>,
}

impl Gestures {
    /// Takes an act of the audience: a click, an add, a reaction.
    pub fn fold(&mut self, event: &Event) {
        let (gesture, count) = match &event.fact {
            Fact::SelectItem(_) => (Gesture::Click, 1),
            Fact::AddToCart(_) => (Gesture::AddToCart, 1),
            Fact::Reaction(reaction) => match reaction_gesture(&reaction.kind) {
                Some(gesture) => (gesture, times(reaction)),
                None => return,
            },
            _ => return,
        };
        self.add(event.ts.minute(), gesture, count);
    }

    /// Takes what a chat message says. What host and staff say is no gesture of the audience.
    pub fn fold_chat(&mut self, event: &Event, by: AuthorKind, said: GestureSet) {
        if by == AuthorKind::Viewer {
            for gesture in said.iter() {
                self.add(event.ts.minute(), gesture, 1);
            }
        }
    }

    fn add(&mut self, minute: i64, gesture: Gesture, count: i64) {
        let cell = &mut self.minutes.entry(minute).or_default()[gesture as usize];
        *cell = cell.saturating_add(count);
    }

    /// How often in a clock minute.
    #[must_use]
    pub fn in_minute(&self, gesture: Gesture, minute: i64) -> i64 {
        self.minutes.get(&minute).map_or(0, |cell| cell[gesture as usize])
    }
}

/// The gesture that a platform's reaction is; others only count as reactions.
#[must_use]
pub fn reaction_gesture(kind: &str) -> Option<Gesture> {
    const KNOWN: [(&str, Gesture); 8] = [
        ("like", Gesture::Like),
        ("heart", Gesture::Like),
        ("love", Gesture::Like),
        ("share", Gesture::Share),
        ("follow", Gesture::Follow),
        ("subscribe", Gesture::Follow),
        ("gift", Gesture::Gift),
        ("super_chat", Gesture::Gift),
    ];
    KNOWN.iter().find(|(known, _)| kind.eq_ignore_ascii_case(known)).map(|(_, gesture)| *gesture)
}
