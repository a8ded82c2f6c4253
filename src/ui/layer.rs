//! What lies over the glass: each layer is a shape with its own keys, opened by the operator, closed by `Esc` or by time.

use crate::engine::event::{InterventionKind, Parameters};
use crate::engine::id::Name;
use crate::engine::time::At;

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
    /// `:`: a line with completion.
    Palette(Line),
    /// `/`
    Filter(Line),
    /// `.`
    Note(Line),
    /// `#`: a slot beyond 9.
    Slot(Line),
    /// `i`
    Intervene(Draft),
    /// `c`: the segment that comes next, by its place in the plan's run of show; `None` for one that the plan does not know.
    Cue { segment: Option<usize> },
    /// `e`: the acts that run, the chosen one by its id.
    End { id: Name },
    /// `u`: the act that would be taken back.
    Undo { id: Name },
    /// `a`: the card.
    Advice,
    /// `Enter` on a minute: its card.
    Minute { minute: i64 },
    /// `P` on a masked glass.
    Unmask,
    /// `q`, `Ctrl-C`, `:end`: asks for the word.
    Confirm { what: Confirmed, line: Line },
}

/// What a confirmation stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    Quit,
    Close,
}

/// An act that is being put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub kind: Option<InterventionKind>,
    /// The product by its slot; prefilled with the one on air.
    pub slot: Option<u32>,
    /// Details are being typed (`Tab`): `-10% 12m code=LIVE10`.
    pub details: Option<Line>,
    pub duration_s: Option<i64>,
    pub parameters: Parameters,
}

/// A line of text with its cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    /// A byte offset on a grapheme's edge.
    pub cursor: usize,
}

impl Layer {
    /// Its name in `config/keys.toml`.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Help { .. } => "help",
            Self::Palette(_) => "palette",
            Self::Filter(_) => "filter",
            Self::Note(_) => "note",
            Self::Slot(_) => "slot",
            Self::Intervene(_) => "intervene",
            Self::Cue { .. } => "cue",
            Self::End { .. } => "end",
            Self::Undo { .. } => "undo",
            Self::Advice => "advice",
            Self::Minute { .. } => "minute",
            Self::Unmask => "unmask",
            Self::Confirm { .. } => "confirm",
        }
    }
}
