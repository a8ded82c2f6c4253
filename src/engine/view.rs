//! What the shell may look at beside the readings: rows with their identity, lists in their order. `&Engine` in, plain data out.
//!
//! Every figure is still asked from [`super::metric`]; a view only names what there is to ask about.

pub mod commerce;
pub mod course;
pub mod marks;
pub mod show;
