//! Wiring: the select loop, the frame clock, the terminal guard. The only owner of engine, view state and terminal.

pub mod desk;
pub mod ending;
pub mod glass;
pub mod history;
pub mod session;
pub mod terminal;
