//! What lies over the glass: each layer is a shape with its own keys, opened by the operator, closed by `Esc` or by time.

use std::sync::Arc;

use crate::engine::event::InterventionKind;
use crate::engine::id::Name;
use crate::engine::time::At;

use super::intent::Wish;
use super::line::Line;
use super::page::Page;

/// A layer of keys closes by itself after this long without one.
pub const LAYER_MS: i64 = 8_000;

/// A layer that is open, and when it last had a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    pub layer: Layer,
    pub touched: At,
}

/// The layers.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// `?`: the keys of the layer below.
    Help { top: usize },
    /// `:`: a line with completion, and the completion that the operator chose.
    Palette { line: Line, choice: Option<usize> },
    /// `/`
    Filter(Line),
    /// `.`: a note, on the minute under the cursor or on the present.
    Note(Line),
    /// `#`: a slot beyond 9.
    Slot(Line),
    /// `i`
    Intervene(Draft),
    /// `c`: the segment that comes next, by its place in the plan's run of show.
    Cue { segment: usize },
    /// `e`: the acts that run, the chosen one by its id.
    End { id: Name },
    /// `u`: the act that would be taken back.
    Undo { id: Name },
    /// `Enter` on a minute: the card of the minute under the cursor.
    Minute,
    /// `a`: the card of a recommendation.
    Card { id: Name, page: CardPage },
    /// An act that the shop's own automation can carry out: asks first, with how many orders it is about.
    Send { wish: Box<Wish>, count: usize },
    /// `P` on a masked glass.
    Unmask,
    /// `q`, `Ctrl-C` on a live: asks for the word.
    Leave(Line),
    /// A page over the whole glass: the debrief of a rehearsal.
    Page { page: Arc<Page>, top: usize },
}

/// What the card of a recommendation shows or asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum CardPage {
    #[default]
    Answer,
    /// Why it fired, and why the others did not; the first line that is shown.
    Why { top: usize },
    /// Why it is declined.
    Declining,
    /// Other parameters are being typed.
    Editing(Line),
}

/// An act that is being put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub kind: Option<InterventionKind>,
    /// The product that was chosen, by its slot.
    pub slot: Option<u32>,
    /// The product on air, prefilled for what is about a product.
    pub on_air: Option<u32>,
    /// After `#`: the digits make one number.
    pub beyond: bool,
    /// Details that were typed: `-10% 12m code=LIVE10`.
    pub typed: String,
    /// Details are being typed (`Tab`).
    pub details: Option<Line>,
}

impl CardPage {
    #[must_use]
    pub const fn is_why(&self) -> bool {
        matches!(self, Self::Why { .. })
    }
}

impl Layer {
    /// Its name in `config/keys.toml`.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Help { .. } => "help",
            Self::Palette { .. } => "palette",
            Self::Filter(_) => "filter",
            Self::Note(_) => "note",
            Self::Slot(_) => "slot",
            Self::Intervene(_) => "intervene",
            Self::Cue { .. } => "cue",
            Self::End { .. } => "end",
            Self::Undo { .. } => "undo",
            Self::Minute => "minute",
            Self::Card { .. } => "card",
            Self::Send { .. } => "send",
            Self::Unmask => "unmask",
            Self::Leave(_) => "leave",
            Self::Page { .. } => "page",
        }
    }

    /// True where letters are typed.
    #[must_use]
    pub const fn takes_text(&self) -> bool {
        match self {
            Self::Palette { .. } | Self::Filter(_) | Self::Note(_) | Self::Slot(_) | Self::Leave(_) => true,
            Self::Intervene(draft) => draft.details.is_some(),
            Self::Card { page, .. } => matches!(page, CardPage::Editing(_)),
            Self::Help { .. }
            | Self::Cue { .. }
            | Self::End { .. }
            | Self::Undo { .. }
            | Self::Minute
            | Self::Send { .. }
            | Self::Unmask
            | Self::Page { .. } => false,
        }
    }

    /// True for a layer that closes after [`LAYER_MS`] without a key: those that wait for one, not those that are read or written in.
    #[must_use]
    pub const fn closes_by_itself(&self) -> bool {
        match self {
            Self::Slot(_) | Self::Leave(_) | Self::Cue { .. } | Self::End { .. } | Self::Undo { .. } | Self::Send { .. } | Self::Unmask => {
                true
            }
            Self::Intervene(draft) => draft.details.is_none(),
            Self::Palette { .. }
            | Self::Filter(_)
            | Self::Note(_)
            | Self::Help { .. }
            | Self::Minute
            | Self::Card { .. }
            | Self::Page { .. } => false,
        }
    }

    /// True where a key that is held down must not count twice.
    #[must_use]
    pub const fn refuses_repeats(&self) -> bool {
        match self {
            Self::Intervene(draft) => draft.details.is_none(),
            Self::Card { page, .. } => !matches!(page, CardPage::Editing(_)),
            Self::Send { .. } => true,
            _ => false,
        }
    }
}
