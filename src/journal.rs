//! The journal: one SQLite file per broadcast, the feeds' cursors in the same transaction as the records.
