//! Rehearsal: a closed-loop broadcast to practise on, and what came of it.
//!
//! [`solo`] plays a scenario by a [`policy`] without a screen; the glass plays it with a desk. Either way the play is its
//! scenario, its seed and its acts, so [`score`] can ask the simulator itself: what would nobody have made, what was each
//! act worth, what is the [`best`] play that a search finds. [`progress`] remembers it, [`keys`] are what
//! was pressed in it, [`study`] compares policies over seeds with the response curves varied, for the curves are assumptions.
//! [`recast`] makes a scenario of a live that was.
#![expect(clippy::cast_precision_loss, reason = "shares and means of sums that are kept in integers")]

pub mod best;
pub mod keys;
pub mod policy;
pub mod progress;
pub mod recast;
pub mod score;
pub mod solo;
pub mod study;
