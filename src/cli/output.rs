//! Standard output and standard error of the verbs that have no screen.

use std::io::{self, Write};

use crate::engine::text::clean;
use crate::feed::document::Problem;
use crate::ui::detail;
use crate::ui::words::Words;

/// Columns of one line of an error.
const ERROR_COLUMNS: usize = 400;

/// Exit codes of the contract.
pub mod code {
    pub const DONE: u8 = 0;
    pub const FAILED: u8 = 1;
    pub const CONFIGURATION: u8 = 2;
    pub const JOURNAL: u8 = 3;
}

/// A failure with its exit code; every line goes to standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: u8,
    pub lines: Vec<String>,
}

impl Failure {
    #[must_use]
    pub fn new(code: u8, message: impl std::fmt::Display) -> Self {
        Self { code, lines: vec![message.to_string()] }
    }

    /// Anything that is neither configuration nor journal.
    #[must_use]
    pub fn other(message: impl std::fmt::Display) -> Self {
        Self::new(code::FAILED, message)
    }

    /// Wrong files of the operator: all problems at once.
    #[must_use]
    pub fn configuration<P: std::fmt::Display>(problems: &[P]) -> Self {
        Self { code: code::CONFIGURATION, lines: problems.iter().map(ToString::to_string).collect() }
    }

    /// Tells it on standard error, in the operator's language where the catalogue has it; foreign text cannot touch the terminal.
    pub fn tell(&self, words: &Words) {
        let mut err = io::stderr().lock();
        for line in self.lines.iter().flat_map(|line| line.lines()) {
            // There is nowhere left to say that this failed.
            drop(writeln!(err, "warroom: {}", clean(&detail::told(line, words), ERROR_COLUMNS)));
        }
    }
}

/// What is wrong or doubtful in a file, as the operator reads it.
#[must_use]
pub fn problem(found: Problem, words: &Words) -> Problem {
    Problem { what: detail::told(&found.what, words), remedy: detail::told(&found.remedy, words), ..found }
}

/// Writes to standard output; a reader that has gone (`| head`) is no failure.
///
/// # Errors
/// When the output cannot be written for another reason.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => {
            // What is still buffered has no reader.
            drop(out.into_parts());
            Ok(())
        }
        Err(cause) => Err(Failure::other(format!("standard output: {cause}"))),
        Ok(()) => Ok(()),
    }
}

/// Rows under each other, columns as wide as their widest cell; the last one is free.
#[must_use]
pub fn table<const N: usize>(rows: &[[String; N]]) -> String {
    use unicode_width::UnicodeWidthStr;
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
            line.push_str(cell);
            if place + 1 < N {
                line.push_str(&" ".repeat(width - cell.width() + 2));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["a".to_owned(), "b".to_owned()], ["çç".to_owned(), "d".to_owned()]];
        assert_eq!(table(&rows), "a   b\nçç  d\n");
    }
}
