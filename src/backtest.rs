//! What rules and detectors would have done in the past: [`lives`] over journals, [`series`] over any CSV.

pub mod lives;
pub mod series;
