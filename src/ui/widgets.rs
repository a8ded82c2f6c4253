//! Small drawings that know nothing of a live: data, styles and glyphs in, cells out.
//!
//! Every widget draws nothing outside its area, whatever its size, and takes only what it was handed:
//! which minutes and which scale are the panel's to choose, what a number means is the engine's.

pub mod bar;
pub mod big;
pub mod heat;
pub mod spark;
pub mod table;
pub mod text;
