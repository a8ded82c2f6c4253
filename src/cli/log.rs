//! `--log FILE`: what happens inside, for whoever looks for a fault. Never on the screen, never a secret.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

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
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init()
        .map_err(|cause| Failure::other(format!("the log cannot be started: {cause}")))
}
