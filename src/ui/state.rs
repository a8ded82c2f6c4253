//! What the glass remembers: focus, cursor, page, layers. Nothing here reaches the journal.

use super::futures::Future;
use super::keymap::Key;
use super::layer::Open;
use super::reel::Reel;
use crate::engine::Engine;
use crate::engine::time::At;

/// What kind of broadcast is on the glass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    #[default]
    Live,
    /// A simulated broadcast that plays by itself.
    Demo,
    Replay,
    /// A simulated broadcast that answers to what the operator does.
    Rehearsal,
    /// Another desk's live, only looked at.
    Mirror,
    /// The same for the host: what to say, and no keys but to leave.
    Host,
}

impl Mode {
    /// Its name in `config/keys.toml` and, after `mode-`, in the catalogue.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Demo => "demo",
            Self::Replay => "replay",
            Self::Rehearsal => "rehearsal",
            Self::Mirror => "mirror",
            Self::Host => "host",
        }
    }
    /// What writes a record is refused in a replay, and where another desk writes.
    #[must_use]
    pub const fn takes_records(self) -> bool {
        !matches!(self, Self::Replay | Self::Mirror | Self::Host)
    }
    /// True where another desk writes the records.
    #[must_use]
    pub const fn follows(self) -> bool {
        matches!(self, Self::Mirror | Self::Host)
    }
    /// Why a record is refused, a key of the catalogue.
    #[must_use]
    pub const fn refusal(self) -> &'static str {
        if self.follows() { "refused-mirror" } else { "refused-replay" }
    }
}

/// A panel that can have the focus, in the order of `Tab`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Panel {
    #[default]
    Trend,
    Heat,
    Products,
    Channels,
    Carts,
    Payment,
    Now,
    Advice,
    Running,
    Questions,
    Log,
    Kpis,
    Feeds,
    Segments,
    Chat,
}

impl Panel {
    pub const ALL: [Self; 15] = [
        Self::Trend,
        Self::Heat,
        Self::Products,
        Self::Channels,
        Self::Carts,
        Self::Payment,
        Self::Now,
        Self::Advice,
        Self::Running,
        Self::Questions,
        Self::Log,
        Self::Kpis,
        Self::Feeds,
        Self::Segments,
        Self::Chat,
    ];

    /// Its name; after `panel-` the key of its title in the catalogue.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Trend => "trend",
            Self::Heat => "heat",
            Self::Products => "products",
            Self::Channels => "channels",
            Self::Carts => "carts",
            Self::Payment => "payment",
            Self::Now => "now",
            Self::Advice => "advice",
            Self::Running => "running",
            Self::Questions => "questions",
            Self::Log => "log",
            Self::Kpis => "kpis",
            Self::Feeds => "feeds",
            Self::Segments => "segments",
            Self::Chat => "chat",
        }
    }
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|panel| panel.id() == id)
    }
    /// Its place in [`Panel::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self.index() + 1) % Self::ALL.len()]
    }
    #[must_use]
    pub fn before(self) -> Self {
        Self::ALL[(self.index() + Self::ALL.len() - 1) % Self::ALL.len()]
    }
    /// True where one column is one minute.
    #[must_use]
    pub const fn has_minutes(self) -> bool {
        matches!(self, Self::Trend | Self::Heat)
    }
    /// How many rows the cursor can stand on.
    #[must_use]
    pub fn rows(self, engine: &Engine) -> usize {
        match self {
            Self::Products => engine.products().len(),
            Self::Channels => engine.channels().len(),
            Self::Carts => engine.bands().len(),
            Self::Payment => engine.pending_orders().len(),
            Self::Running => engine.interventions().len(),
            Self::Questions => engine.questions().len(),
            Self::Log => engine.log().len(),
            Self::Feeds => engine.feeds().len(),
            Self::Segments => engine.segments().len(),
            Self::Heat => crate::engine::view::show::Gesture::ALL.len(),
            Self::Chat => CHAT_ROWS,
            Self::Kpis => crate::engine::metric::Metric::ALL.len(),
            Self::Trend | Self::Now | Self::Advice => 0,
        }
    }
}

/// Lines of chat that can be scrolled through.
pub const CHAT_ROWS: usize = 200;

/// In which order a panel's rows stand: the column to sort by, counted from 0 as the panel names its columns; `None` is the panel's own order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    pub column: Option<usize>,
    pub rising: bool,
}

/// Columns that `s` goes through before it comes back to the panel's own order.
pub const SORT_COLUMNS: usize = 6;

impl Sort {
    /// The next order that `s` gives: each column falling, then rising, then the panel's own.
    #[must_use]
    pub const fn next(self) -> Self {
        match (self.column, self.rising) {
            (None, _) => Self { column: Some(0), rising: false },
            (Some(column), false) => Self { column: Some(column), rising: true },
            (Some(column), true) if column + 1 < SORT_COLUMNS => Self { column: Some(column + 1), rising: false },
            (Some(_), true) => Self { column: None, rising: false },
        }
    }
}

/// In a replay: what had arrived by then, or everything that is known today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    #[default]
    Then,
    Now,
}

/// A line that answers the last key, until it fades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    pub text: String,
    pub kind: FlashKind,
    pub until: At,
}

/// How a flash is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashKind {
    /// It was done.
    Done,
    /// It was not done, and why.
    Refused,
}

/// How long a flash stays.
pub const FLASH_MS: i64 = 4_000;

/// The state of the glass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UiState {
    pub mode: Mode,
    pub focus: Panel,
    /// The cursor's row in each panel, by [`Panel::index`]. A panel with fewer rows shows its last.
    pub rows: [usize; Panel::ALL.len()],
    /// The minute under the cursor, a clock minute in UTC; `None` is NOW.
    pub minute: Option<i64>,
    /// The focused panel fills the glass.
    pub zoomed: bool,
    /// Rows whose name holds this text, letter case aside; empty for all.
    pub filter: String,
    pub sorts: [Sort; Panel::ALL.len()],
    /// The product looked at, by the plan's slot; `None` is the whole live.
    pub slot: Option<u32>,
    /// The glass stands still since; the feeds go on.
    pub held: Option<At>,
    pub masked: bool,
    pub known: Known,
    /// Both futures of the card that was last asked why.
    pub future: Option<Future>,
    /// How the replay stands that is on the glass.
    pub reel: Option<Reel>,
    /// Places to come back to; `None` where there is no journal to keep them beside.
    pub bookmarks: Option<Vec<At>>,
    /// When the operator of a rehearsal sits down, and when it ends, which is sooner than the broadcast does.
    pub drill: Option<(At, At)>,
    /// What lies over the glass, the newest last.
    pub layers: Vec<Open>,
    pub flash: Option<Flash>,
    /// The last key and when it was pressed: a key held down is told by it.
    pub last_key: Option<(Key, At)>,
    /// Lines written after `:`, for `↑`.
    pub lines: Vec<String>,
}

impl UiState {
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    #[must_use]
    pub const fn row(&self, panel: Panel) -> usize {
        self.rows[panel.index()]
    }
    #[must_use]
    pub const fn sort(&self, panel: Panel) -> Sort {
        self.sorts[panel.index()]
    }
    /// The panel that fills the glass.
    #[must_use]
    pub fn zoom(&self) -> Option<Panel> {
        self.zoomed.then_some(self.focus)
    }
    /// The layer that takes the keys.
    #[must_use]
    pub fn top(&self) -> Option<&Open> {
        self.layers.last()
    }
    /// True for a row that the filter lets through.
    #[must_use]
    pub fn passes(&self, name: &str) -> bool {
        self.filter.is_empty() || name.to_lowercase().contains(&self.filter.to_lowercase())
    }
}
