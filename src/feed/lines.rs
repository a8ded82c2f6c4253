//! Bytes cut into lines of bounded length, and lines read as canonical events or mapped to some.

use std::sync::Arc;
use std::time::Duration;

use super::Rejected;
use super::fault::{Fault, FaultKind};
use super::mapper::Mapper;
use super::mapping::{BEGINNING_COLUMNS, Context, Mapped, Recipe};
use crate::engine::event::Quarantine;
use crate::engine::text::clean;
use crate::engine::wire::{self, Defaults, Reject};

/// For a line whose process was killed.
const MORE_TRIES: usize = 10;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// Longest line; a longer one is put aside and skipped to its end.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Cuts what arrives into lines.
#[derive(Debug, Default)]
pub struct Cutter {
    rest: Vec<u8>,
    /// Lines cut so far, blank ones too.
    pub number: u64,
    /// Inside a line that is too long.
    skipping: bool,
}

/// A line with its number, from 1; `None` for one that was too long.
pub type Line = (u64, Option<String>);

impl Cutter {
    /// A cutter behind so many lines.
    #[must_use]
    pub fn after(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// Takes bytes, gives the lines that are whole now.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            self.extend(&rest[..end]);
            rest = &rest[end + 1..];
            lines.extend(self.cut());
        }
        self.extend(rest);
        lines
    }

    /// The last line, when no line end will come any more.
    pub fn finish(&mut self) -> Option<Line> {
        if self.rest.is_empty() && !self.skipping { None } else { self.cut() }
    }

    /// Bytes of a line that is not yet whole.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.rest.len()
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.skipping || self.rest.len() + bytes.len() > MAX_LINE_BYTES {
            self.skipping = true;
            self.rest.clear();
        } else {
            self.rest.extend_from_slice(bytes);
        }
    }

    fn cut(&mut self) -> Option<Line> {
        self.number += 1;
        let bytes = std::mem::take(&mut self.rest);
        if std::mem::take(&mut self.skipping) {
            return Some((self.number, None));
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim().trim_start_matches('\u{feff}');
        (!text.is_empty()).then(|| (self.number, Some(text.to_owned())))
    }
}

/// How lines become events.
#[derive(Debug)]
pub struct LineReader {
    pub defaults: Defaults,
    /// Absent where the lines are canonical events.
    pub mapping: Option<(Mapper, Arc<Recipe>)>,
}

impl LineReader {
    /// Reads lines that arrived at `context.at`; a bad one is put aside and the rest goes on.
    ///
    /// # Errors
    /// When the filter breaks as a whole.
    pub async fn read(&self, lines: Vec<Line>, context: &Context) -> Result<Mapped, Fault> {
        let mut mapped = Mapped::default();
        for (number, line) in lines {
            let place = format!("line {number}");
            let Some(line) = line else {
                let reject = Reject { reason: Quarantine::NotJson, detail: "longer than 1 MiB".into() };
                mapped.rejected.push(Rejected { reject, place, beginning: String::new() });
                continue;
            };
            match &self.mapping {
                None => {
                    mapped.inputs += 1;
                    match wire::read(&line, &self.defaults) {
                        Ok(read) => mapped.events.push(read.event),
                        Err(reject) => mapped.rejected.push(rejected(reject, place, &line)),
                    }
                }
                Some((mapper, recipe)) => {
                    let context = Context { place: place.clone(), ..context.clone() };
                    match map_patiently(mapper, &line, recipe, &context).await {
                        Ok(one) => mapped.append(one),
                        Err(fault) if fault.fatal || fault.kind == FaultKind::Crashed => return Err(fault),
                        Err(fault) => {
                            let reject = Reject { reason: Quarantine::NotJson, detail: fault.to_string() };
                            mapped.rejected.push(rejected(reject, place, &line));
                        }
                    }
                }
            }
        }
        Ok(mapped)
    }
}

/// Maps a line, and once more where the process of its filters was killed: what came through a pipe does not come again.
async fn map_patiently(mapper: &Mapper, line: &str, recipe: &Recipe, context: &Context) -> Result<Mapped, Fault> {
    for _ in 0..MORE_TRIES {
        match mapper.map(line.as_bytes().to_vec(), recipe, context.clone()).await {
            Err(fault) if fault.kind == FaultKind::Crashed => tokio::time::sleep(BETWEEN_TRIES).await,
            other => return other,
        }
    }
    mapper.map(line.as_bytes().to_vec(), recipe, context.clone()).await
}

fn rejected(reject: Reject, place: String, line: &str) -> Rejected {
    Rejected { reject, place, beginning: clean(line.get(..4 * BEGINNING_COLUMNS).unwrap_or(line), BEGINNING_COLUMNS).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_the_bytes_are_sliced() {
        let text = "one\r\n\n\u{feff}two ü\nthree";
        let whole = |step: usize| {
            let mut cutter = Cutter::default();
            let mut lines: Vec<Line> = text.as_bytes().chunks(step).flat_map(|chunk| cutter.push(chunk)).collect();
            lines.extend(cutter.finish());
            lines
        };
        let expected: Vec<Line> = [(1, "one"), (3, "two ü"), (4, "three")].map(|(n, t)| (n, Some(t.to_owned()))).to_vec();
        for step in [1, 2, 3, 7, 100] {
            assert_eq!(whole(step), expected, "{step}");
        }
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut cutter = Cutter::default();
        for _ in 0..40 {
            assert_eq!(cutter.push(&vec![b'x'; 100_000]), []);
            assert!(cutter.pending() <= MAX_LINE_BYTES);
        }
        assert_eq!(cutter.push(b"\nnext\n"), [(1, None), (2, Some("next".into()))]);
    }
}
