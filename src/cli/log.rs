//! `--log FILE`: what happens inside, for whoever looks for a fault. Never on the screen, never a secret.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::output::{Failure, code};

/// Sets the filter of what is logged.
pub const VARIABLE: &str = "WARROOM_LOG";

/// Starts logging to a file.
///
/// # Errors
/// When the file cannot be opened.
pub fn start(path: &Path, filter: Option<&str>) -> Result<(), Failure> {
    let file = OpenOptions::new().create(true).append(true).open(path).map_err(|cause| {
        Failure::new(code::CONFIGURATION, format!("{}: {cause}; name a file that can be written with --log", path.display()))
    })?;
    let filter =
        EnvFilter::try_new(filter.unwrap_or("info")).map_err(|cause| Failure::new(code::CONFIGURATION, format!("{VARIABLE}: {cause}")))?;
    // the network's own crates would log what is sent, tokens and all
    let ours = filter_fn(|place| place.target().split("::").next() == Some(env!("CARGO_PKG_NAME")));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(file)).with_filter(filter.and(ours));
    tracing_subscriber::registry().with(lines).try_init().map_err(|cause| Failure::other(format!("the log cannot be started: {cause}")))
}
