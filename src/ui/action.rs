//! What a key asks of the glass. One table: its name, whether it writes a record, where it can be had. Footer, help and palette are made from it.

use super::layer::Layer;
use super::state::{Mode, UiState};
use crate::engine::Engine;
use crate::engine::event::InterventionKind;

/// Defines the actions without a parameter with their names, so that a name is written once.
macro_rules! actions {
    ($($variant:ident = $id:literal),* $(,)?) => {
        /// An action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($variant,)*
            /// A product, by the plan's slot.
            Slot(u8),
            /// What is to be logged.
            Kind(InterventionKind),
            /// A letter of a text field.
            Type(char),
        }

        impl Action {
            /// All actions without a parameter.
            pub const PLAIN: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in `config/keys.toml`; with `do-` before it, the key of its words.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                    Self::Slot(_) => "slot",
                    Self::Kind(kind) => kind.id(),
                    Self::Type(_) => "type",
                }
            }
        }
    };
}

actions! {
    FocusNext = "focus_next", FocusBefore = "focus_before", RowUp = "row_up", RowDown = "row_down",
    MinuteLeft = "minute_left", MinuteRight = "minute_right", MinuteFirst = "minute_first", MinuteNow = "minute_now",
    MinuteCard = "minute_card", Zoom = "zoom", Filter = "filter", Sort = "sort", SlotBeyond = "slot_beyond", WholeLive = "whole_live",
    MarkBefore = "mark_before", MarkNext = "mark_next", Bookmark = "bookmark", Hold = "hold", Pause = "pause", Mask = "mask", Mute = "mute",
    Back = "back", Feeds = "feeds", Help = "help", Palette = "palette",
    Intervene = "intervene", Advice = "advice", Cue = "cue", Note = "note", EndAct = "end_act", Undo = "undo",
    Seek = "seek", Slower = "slower", Faster = "faster", SecondBack = "second_back", SecondOn = "second_on",
    LeapBack = "leap_back", LeapOn = "leap_on", Known = "known",
    Quit = "quit", Suspend = "suspend", Redraw = "redraw",
    Tell = "tell", Decline = "decline", Snooze = "snooze", Edit = "edit", Why = "why",
    RepeatAct = "repeat_act", Details = "details", Accept = "accept", Cancel = "cancel", Tick = "tick",
    ChoiceUp = "choice_up", ChoiceDown = "choice_down", PageUp = "page_up", PageDown = "page_down",
    Complete = "complete", CursorLeft = "cursor_left", CursorRight = "cursor_right", CursorFirst = "cursor_first", CursorLast = "cursor_last",
    EraseLeft = "erase_left", EraseRight = "erase_right", EraseWord = "erase_word", EraseLine = "erase_line",
}

/// Whether an action can be had now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    Yes,
    /// Not in this kind of broadcast: not shown.
    Absent,
    /// Shown, and refused with these words of the catalogue.
    Refused(&'static str),
}

impl Action {
    /// Reads a name of `config/keys.toml`: `zoom`, `slot 3`, `kind flash_deal`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            Some(("slot", digit)) => digit.parse().ok().filter(|slot| (1..=9).contains(slot)).map(Self::Slot),
            Some(("kind", id)) => InterventionKind::parse(id).map(Self::Kind),
            Some(_) => None,
            None => Self::PLAIN.iter().copied().find(|action| action.id() == text),
        }
    }

    /// The key of its words in the catalogue.
    #[must_use]
    pub fn doc_key(self) -> String {
        let family = if matches!(self, Self::Kind(_)) { "act" } else { "do" };
        format!("{family}-{}", self.id().replace('_', "-"))
    }

    /// The key of a word of the operator's own language that it is found by after `:`, where the catalogue has one.
    #[must_use]
    pub fn name_key(self) -> String {
        format!("name-{}", self.id().replace('_', "-"))
    }

    /// True for what puts a record into the journal, or opens the way to one.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Intervene | Self::Cue | Self::Note | Self::EndAct | Self::Undo | Self::Mute)
    }

    /// True for what only a replay has.
    #[must_use]
    pub const fn is_of_replay(self) -> bool {
        matches!(
            self,
            Self::Pause
                | Self::Seek
                | Self::Slower
                | Self::Faster
                | Self::SecondBack
                | Self::SecondOn
                | Self::LeapBack
                | Self::LeapOn
                | Self::Known
        )
    }

    /// Whether it can be had in this state of the glass and the live.
    #[must_use]
    pub fn availability(self, state: &UiState, engine: &Engine) -> Availability {
        if self.is_of_replay() && state.mode != Mode::Replay {
            return Availability::Absent;
        }
        if state.mode == Mode::Host && !matches!(self, Self::Quit | Self::Suspend | Self::Redraw) {
            return Availability::Absent;
        }
        if matches!(self, Self::Hold) && state.mode == Mode::Replay {
            return Availability::Absent;
        }
        let turns_pages = matches!(self, Self::PageUp | Self::PageDown);
        if turns_pages && state.top().is_some_and(|open| matches!(&open.layer, Layer::Card { page, .. } if !page.is_why())) {
            return Availability::Absent;
        }
        if self.writes() && !state.mode.takes_records() {
            return Availability::Refused(state.mode.refusal());
        }
        if self.writes() && engine.closed().is_some() {
            return Availability::Refused("refused-closed");
        }
        Availability::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::{Lang, Words};
    use super::*;

    #[test]
    fn every_action_reads_back_from_its_name() {
        for action in Action::PLAIN {
            assert_eq!(Action::parse(action.id()), Some(*action));
        }
        assert_eq!(Action::parse("slot 3"), Some(Action::Slot(3)));
        assert_eq!(Action::parse("slot 0"), None);
        assert_eq!(Action::parse("kind flash_deal"), Some(Action::Kind(InterventionKind::FlashDeal)));
        assert_eq!(Action::parse("kind nothing"), None);
    }

    #[test]
    fn every_action_has_its_words_in_every_language() {
        for lang in Lang::ALL {
            let words = Words::new(lang);
            let kinds = InterventionKind::ALL.into_iter().map(Action::Kind);
            for action in Action::PLAIN.iter().copied().chain(kinds).chain([Action::Slot(1)]) {
                assert!(words.has(&action.doc_key()), "{} in {}", action.doc_key(), lang.id());
            }
        }
    }
}
