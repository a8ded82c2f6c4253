//! The thin binary: parse, call, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(warroom::cli::run(std::env::args_os()))
}
