//! A copy of files in the order of the contract, one record a line, in a temporary file that goes with it: files can only be
//! read from their beginning and out of order, a replay goes to any place.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::tape::Place;
use crate::engine::event::Record;
use crate::engine::wire::{self, Defaults};
use crate::files::spool::Spool;
use crate::journal::export::write_record;

/// A place in the file is kept for every so many records.
const MARK_EVERY: u64 = 1_024;

/// The copy: as far as it was written, it can be read.
#[derive(Debug)]
pub struct Copy {
    spool: Spool,
    marks: Mutex<Vec<u64>>,
    written: AtomicU64,
}

impl Copy {
    /// Records that can be read.
    #[must_use]
    pub fn written(&self) -> Place {
        self.written.load(Ordering::Acquire)
    }

    /// The records after a place, as far as they are written now.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn read(&self, from: Place) -> io::Result<Records> {
        let mut file = self.spool.rewound()?;
        let mark = usize::try_from(from / MARK_EVERY).unwrap_or(usize::MAX);
        let marks = self.marks.lock().map_err(|_| io::Error::other("the copy's places are lost"))?;
        let start = marks.get(mark).copied();
        drop(marks);
        let left = if start.is_some() { self.written().saturating_sub(from) } else { 0 };
        file.seek(SeekFrom::Start(start.unwrap_or(0)))?;
        let mut records =
            Records { lines: BufReader::with_capacity(1 << 16, file), line: String::new(), defaults: Defaults::default(), left };
        for _ in 0..from % MARK_EVERY {
            records.lines.skip_until(b'\n')?;
        }
        Ok(records)
    }
}

/// Records of a copy.
#[derive(Debug)]
pub struct Records {
    lines: BufReader<File>,
    line: String,
    defaults: Defaults,
    left: u64,
}

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.left = self.left.checked_sub(1)?;
        self.line.clear();
        self.lines.read_line(&mut self.line).ok().filter(|read| *read > 0)?;
        let line = wire::read(&self.line, &self.defaults).ok()?;
        Some(Record { seq: line.seq?, at: line.at?, event: line.event })
    }
}

/// Writes a copy.
#[derive(Debug)]
pub struct CopyWriter {
    copy: std::sync::Arc<Copy>,
    out: BufWriter<File>,
    line: String,
    records: u64,
    bytes: u64,
}

impl CopyWriter {
    /// An empty copy.
    ///
    /// # Errors
    /// When there is no place for temporary files.
    pub fn new() -> io::Result<Self> {
        let mut spool = Spool::new()?;
        let out = BufWriter::with_capacity(1 << 18, spool.file().try_clone()?);
        let copy = std::sync::Arc::new(Copy { spool, marks: Mutex::default(), written: AtomicU64::new(0) });
        Ok(Self { copy, out, line: String::new(), records: 0, bytes: 0 })
    }

    #[must_use]
    pub fn copy(&self) -> std::sync::Arc<Copy> {
        std::sync::Arc::clone(&self.copy)
    }

    /// Bytes so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes a record.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn push(&mut self, record: &Record) -> io::Result<()> {
        if self.records.is_multiple_of(MARK_EVERY) {
            let mut marks = self.copy.marks.lock().map_err(|_| io::Error::other("the copy's places are lost"))?;
            marks.push(self.bytes);
        }
        write_record(record, &mut self.line);
        self.out.write_all(self.line.as_bytes())?;
        self.bytes += self.line.len() as u64;
        self.records += 1;
        Ok(())
    }

    /// Makes what was written readable.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn publish(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.copy.written.store(self.records, Ordering::Release);
        Ok(())
    }
}
