//! A replay: the records of a journal or of files, given to the same engine along a clock that can be paused, hurried and set
//! to any moment. Nothing in it writes a record.
//!
//! Opening reads everything once ([`scan`]), keeps states on the way ([`keyframes`]) and what came late. Any moment is then
//! the state before it, stepped on ([`head`]): exactly the state of a straight run, since a state is a function of its records
//! and of the time that it stands at. The [`player`] does it on a thread of its own; the glass never waits.
//!
//! | module | duty |
//! |---|---|
//! | [`tape`] | where the records lie, read from any place |
//! | [`copy`] | files in their order, in a temporary file |
//! | [`keyframes`] | states kept on the way, at most [`keyframes::MOST`] |
//! | [`scan`] | the one pass over everything |
//! | [`head`] | the state at any moment |
//! | [`hindsight`] | the state at a moment as it is known now |
//! | [`player`] | the clock, the orders of the operator, what is shown |

pub mod copy;
pub mod head;
pub mod hindsight;
pub mod keyframes;
pub mod player;
pub mod scan;
pub mod tape;
pub mod verdicts;

pub use player::{Known, Order, Pace, Player, Shown, Standing};
