//! Wiring: the select loop, the frame clock, the terminal guard. The only owner of engine, view state and terminal.

pub mod desk;
