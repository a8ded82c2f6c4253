//! What the engine tells the shell: things that just became true. Side effects are return values.

use super::time::At;

/// Something the operator may want to hear of.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub at: At,
    pub kind: NoticeKind,
}

/// What became true.
#[derive(Clone, Debug, PartialEq)]
pub enum NoticeKind {
    FeedStale { feed: String },
    FeedRecovered { feed: String },
}
