//! Detectors: has a counted rate moved, is something running out, do two groups differ. Each answers
//! *fires*, *quiet* or *not enough yet*; what to do about it is the playbook's matter.

pub mod alarm;
pub mod figure;
pub mod groups;
pub mod rate;
pub mod special;
