//! `warroom feed show`: a shipped platform as text, for who writes one of their own.

use super::output::{Failure, code, print};
use crate::feed::filter::LIBRARY;
use crate::feed::platform::{PlatformText, SHIPPED};

/// The name that the library of all filters goes by.
const LIBRARY_NAME: &str = "warroom";

/// Prints the platform's file, or its filters.
///
/// # Errors
/// When no such platform is shipped, or nothing can be printed.
pub fn run(name: &str, filters: bool) -> Result<u8, Failure> {
    let text = match PlatformText::shipped(name) {
        Some(platform) if filters => platform.jq,
        Some(platform) => platform.toml,
        None if filters && name == LIBRARY_NAME => LIBRARY.into(),
        None => return Err(unknown(name)),
    };
    print(|out| out.write_all(text.as_bytes())).map(|()| code::DONE)
}

fn unknown(name: &str) -> Failure {
    let names: Vec<&str> = SHIPPED.iter().map(|(name, ..)| *name).collect();
    let message = format!("`{name}` is no shipped platform; name one of: {}; with --filters also {LIBRARY_NAME}", names.join(", "));
    Failure::new(code::CONFIGURATION, message)
}
