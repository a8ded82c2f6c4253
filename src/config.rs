//! Files and environment: what a file may say (raw) becomes what the desk works by (resolved); all errors at once.
//!
//! | module | duty |
//! |---|---|
//! | [`paths`] | where journals, keys and settings lie |
//! | [`settings`] | the operator's own defaults |
//! | [`plan`] | a plan file becomes a [`Plan`](crate::engine::plan::Plan) and the sections of its feeds |
//! | [`entries`] | products, segments, channels and campaigns of a plan |
//! | [`catalogue`] | products from a CSV file |
//! | [`fields`] | money, lengths, shares and times as people write them |
//! | [`judge`] | contradictions inside a plan |
//! | [`doubt`] | what is worth a look before the night |

pub mod catalogue;
pub mod doubt;
pub mod entries;
pub mod fields;
pub mod judge;
pub mod paths;
pub mod plan;
pub mod settings;

pub mod playbook;
