//! The report of a broadcast: what was reached, what happened on the way, what to change next time.
//!
//! [`model`] reads a folded broadcast ([`crate::summary::Figures`] and the engine's views) and works out nothing that the
//! engine knows. [`document`] puts it into sections once, in the words of a [`voice::Voice`]; [`html`] and [`markdown`] only
//! write those down. [`tables`] are the raw figures, as [`csv`] and [`sqlite`] write them; JSON carries everything. [`write`](mod@write) is the door to the disk.

pub mod against;
pub mod air;
pub mod boards;
pub mod csv;
pub mod document;
pub mod html;
pub mod lesson;
pub mod lessons;
pub mod lifetime;
pub mod markdown;
pub mod measure;
pub mod model;
pub mod playbook;
pub mod sections;
pub mod settled;
pub mod sqlite;
pub mod svg;
pub mod tables;
pub mod voice;
pub mod write;

pub use model::{Background, Report};
pub use write::{Written, write};
