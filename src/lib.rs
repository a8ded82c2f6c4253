//! `warroom`: a full-screen terminal war room for live commerce.
//!
//! Two halves, told apart by one question: *could this line run in a replay and give the same answer?*
//! Yes: it belongs to [`engine`]. No: it belongs to the shell, which is everything else.
//!
//! ```text
//! main, cli → app → { ui, feed, simulate, journal, files, summary, report, config, clock } → engine
//! engine: { metric → live → series } → { event, id, money, time }
//! ```
//!
//! Engine: [`engine`]. Shell: [`clock`] [`config`] [`customers`] [`experience`] [`feed`] [`simulate`] [`rehearsal`] [`replay`] [`journal`] [`lessons`] [`lives`] [`private`] [`files`] [`interview`] [`backtest`] [`trial`] [`summary`] [`report`] [`schema`] [`ui`] [`app`] [`cli`].

pub mod app;
pub mod backtest;
pub mod cli;
pub mod clock;
pub mod config;
pub mod customers;
pub mod engine;
pub mod experience;
pub mod feed;
pub mod files;
pub mod interview;
pub mod journal;
pub mod lessons;
pub mod lives;
pub mod private;
pub mod rehearsal;
pub mod replay;
pub mod report;
pub mod schema;
pub mod simulate;
pub mod summary;
pub mod trial;
pub mod ui;
