//! Lines of a file, one after the other, read into entries; what is no event is put aside and counted.

use std::fs::File;
use std::io::{BufRead, BufReader};

use super::course::{Course, Detour};
use super::entry::Entry;
use super::{InputReport, Sample};
use crate::engine::event::Quarantine;
use crate::engine::text;
use crate::engine::wire::{self, Reject};

/// A longer line is no event; it is skipped unread.
pub const LINE_BYTES: usize = 4 << 20;
/// Columns of a quarantined line that are shown.
const BEGINNING_COLUMNS: usize = 120;
const BUFFER_BYTES: usize = 256 << 10;
/// Ends what is kept of a line that is too long; no JSON ends so.
const CUT: &[u8] = b"\\";

/// Reads a file line by line.
#[derive(Debug)]
pub struct Lines<'a> {
    course: &'a Course,
    reader: BufReader<File>,
    input: usize,
    line: Vec<u8>,
    pub report: InputReport,
}

impl<'a> Lines<'a> {
    pub fn new(course: &'a Course, file: File, input: usize, name: &str) -> Self {
        let report = InputReport { name: name.to_owned(), ..InputReport::default() };
        course.gauge.expect(file.metadata().map_or(0, |file| file.len()));
        Self { course, reader: BufReader::with_capacity(BUFFER_BYTES, file), input, line: Vec::new(), report }
    }

    /// The next event; what is none is passed over.
    pub fn next(&mut self) -> Result<Option<Entry>, Detour> {
        while self.read_line()? {
            let not_text = |_| Reject { reason: Quarantine::NotJson, detail: "utf-8".to_owned() };
            let text = std::str::from_utf8(self.line.trim_ascii()).map_err(not_text);
            match text.and_then(|text| wire::read(text, &self.course.defaults)) {
                Ok(line) => {
                    let entry = Entry::of_line(line, self.input, self.course.arrival);
                    self.course.check(&entry)?;
                    return Ok(Some(entry));
                }
                Err(reject) => self.put_aside(reject),
            }
        }
        Ok(None)
    }

    /// The line that the latest entry was read from.
    pub fn latest(&self) -> &[u8] {
        self.line.trim_ascii()
    }

    fn read_line(&mut self) -> Result<bool, Detour> {
        loop {
            self.line.clear();
            if !self.take_line().map_err(|error| self.unreadable(error))? {
                return Ok(false);
            }
            if self.report.received == 0 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            self.report.received += 1;
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// Reads to the next line end; of a line that is too long only the beginning, made unreadable. False at the end.
    fn take_line(&mut self) -> std::io::Result<bool> {
        let mut length = 0usize;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(length > 0);
            }
            let end = memchr::memchr(b'\n', buffer);
            let part = end.map_or(buffer, |end| &buffer[..end]);
            length += part.len() + usize::from(end.is_some());
            if length <= LINE_BYTES {
                self.line.extend_from_slice(part);
            } else if !self.line.ends_with(CUT) {
                self.line.extend_from_slice(&part[..part.len().min(BEGINNING_COLUMNS)]);
                self.line.truncate(BEGINNING_COLUMNS);
                self.line.extend_from_slice(CUT);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            self.course.gauge.add(used as u64);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    fn unreadable(&self, error: std::io::Error) -> super::FilesError {
        super::FilesError::Unreadable { path: self.report.name.clone(), error }
    }

    fn put_aside(&mut self, reject: Reject) {
        let head: Vec<u8> = self.line.iter().copied().take(text::INPUT_BYTES).collect();
        let beginning = text::clean(String::from_utf8_lossy(&head).trim(), BEGINNING_COLUMNS);
        let place = self.report.received.to_string();
        self.report.put_aside(Sample { reason: reject.reason, detail: reject.detail, place, beginning: beginning.into() });
    }
}
