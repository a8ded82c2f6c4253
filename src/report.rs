//! The report of a broadcast: what was reached, what happened on the way, what to change next time.
//!
//! [`model`] reads a folded broadcast ([`crate::summary::Figures`] and the engine's views) and works out nothing that the
//! engine knows. [`document`] puts it into sections once, in the words of a [`voice::Voice`]; [`html`] and [`markdown`] only
//! write those down. [`csv`] and JSON carry the raw figures. [`write`](mod@write) is the door to the disk.

pub mod csv;
pub mod document;
pub mod html;
pub mod lessons;
pub mod markdown;
pub mod model;
pub mod sections;
pub mod svg;
pub mod voice;
pub mod write;

pub use model::Report;
pub use write::{Written, write};
