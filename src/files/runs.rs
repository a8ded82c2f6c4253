//! External sort: lines are sorted in chunks of bounded memory, written as runs to temporary files, and merged.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::Range;

use super::InputReport;
use super::course::{Course, Detour};
use super::entry::{Entry, key};
use super::lines::Lines;
use super::spool::Spool;
use crate::engine::event::Event;
use crate::engine::time::At;
use crate::engine::wire;

/// Bytes of lines that are sorted in memory at once.
pub const CHUNK_BYTES: usize = 24 << 20;
/// Runs that are merged at once.
pub const RUNS: usize = 128;
const RUN_BUFFER_BYTES: usize = 64 << 10;

/// A line with the place that it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    at: At,
    seq: u64,
    /// `source`, `type` and key, each ended by a zero byte; empty where arrival is a fact.
    names: Range<usize>,
    line: Range<usize>,
}

/// Rows with their text.
#[derive(Debug, Default)]
struct Chunk {
    text: Vec<u8>,
    rows: Vec<Row>,
}

impl Chunk {
    fn push(&mut self, entry: &Entry, line: &[u8]) {
        let from = self.text.len();
        if !entry.is_arrival {
            push_names(&entry.record.event, &mut self.text);
        }
        let middle = self.text.len();
        self.text.extend_from_slice(line);
        self.rows.push(Row { at: entry.record.at, seq: entry.seq, names: from..middle, line: middle..self.text.len() });
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn view(&self, row: &Row) -> View<'_> {
        View { at: row.at, seq: row.seq, names: self.slice(&row.names), line: self.slice(&row.line) }
    }
}

fn push_names(event: &Event, out: &mut Vec<u8>) {
    for name in [event.source.as_bytes(), event.fact.type_id().as_bytes(), key(event).as_bytes()] {
        out.extend_from_slice(name);
        out.push(0);
    }
}

/// A row as it is compared, wherever it stands.
#[derive(Clone, Copy, Debug)]
struct View<'a> {
    at: At,
    seq: u64,
    names: &'a [u8],
    line: &'a [u8],
}

impl View<'_> {
    fn order(&self, other: &Self, course: &Course) -> Ordering {
        let by_names = || self.at.cmp(&other.at).then(self.seq.cmp(&other.seq)).then_with(|| self.names.cmp(other.names));
        by_names()
            .then_with(|| if self.line == other.line { Ordering::Equal } else { self.canonical(course).cmp(&other.canonical(course)) })
    }

    fn canonical(&self, course: &Course) -> String {
        let read = |line| wire::read(line, &course.defaults).ok();
        std::str::from_utf8(self.line).ok().and_then(read).map(|line| wire::write(&line.event)).unwrap_or_default()
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.at.ms().to_le_bytes())?;
        out.write_all(&self.seq.to_le_bytes())?;
        for part in [self.names, self.line] {
            out.write_all(&(part.len() as u64).to_le_bytes())?;
            out.write_all(part)?;
        }
        Ok(())
    }
}

/// A sorted file of rows, with the row that comes next.
#[derive(Debug)]
struct Run {
    reader: BufReader<File>,
    /// Keeps the temporary file while it is read.
    _spool: Spool,
    at: At,
    seq: u64,
    names: Vec<u8>,
    line: Vec<u8>,
    ended: bool,
}

impl Run {
    fn open(spool: Spool) -> io::Result<Self> {
        let reader = BufReader::with_capacity(RUN_BUFFER_BYTES, spool.rewound()?);
        let mut run = Self { reader, _spool: spool, at: At::default(), seq: 0, names: Vec::new(), line: Vec::new(), ended: false };
        run.advance()?;
        Ok(run)
    }

    fn advance(&mut self) -> io::Result<()> {
        let mut number = [0; 8];
        if let Err(error) = self.reader.read_exact(&mut number) {
            self.ended = true;
            return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(()) } else { Err(error) };
        }
        self.at = At::from_ms(i64::from_le_bytes(number));
        self.reader.read_exact(&mut number)?;
        self.seq = u64::from_le_bytes(number);
        for part in [&mut self.names, &mut self.line] {
            self.reader.read_exact(&mut number)?;
            part.clear();
            self.reader.by_ref().take(u64::from_le_bytes(number)).read_to_end(part)?;
        }
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View { at: self.at, seq: self.seq, names: &self.names, line: &self.line }
    }
}

/// All lines of an input, sorted.
#[derive(Debug)]
pub struct Runs<'a> {
    course: &'a Course,
    input: usize,
    runs: Vec<Run>,
    current: Option<Entry>,
    pub report: InputReport,
}

impl<'a> Runs<'a> {
    pub fn sort(course: &'a Course, mut lines: Lines<'a>, input: usize) -> Result<Self, Detour> {
        let (mut chunk, mut runs) = (Chunk::default(), Vec::new());
        while let Some(entry) = lines.next()? {
            chunk.push(&entry, lines.latest());
            if chunk.text.len() >= CHUNK_BYTES {
                runs.push(write_run(&mut chunk, course)?);
                if runs.len() == RUNS {
                    let merged = merge_runs(runs, course)?;
                    runs = vec![merged];
                }
            }
        }
        runs.push(write_run(&mut chunk, course)?);
        let runs = runs.into_iter().map(Run::open).collect::<io::Result<_>>()?;
        Ok(Self { course, input, runs, current: None, report: lines.report })
    }

    pub const fn current(&self) -> Option<&Entry> {
        self.current.as_ref()
    }

    pub const fn current_mut(&mut self) -> Option<&mut Entry> {
        self.current.as_mut()
    }

    /// Goes to the next entry.
    pub fn advance(&mut self) -> Result<(), Detour> {
        self.current = None;
        if let Some(run) = first_of(&mut self.runs, self.course) {
            let text = std::str::from_utf8(&run.line).unwrap_or_default();
            let line = wire::read(text, &self.course.defaults).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            self.current = Some(Entry::of_line(line, self.input, self.course.arrival));
            run.advance()?;
        }
        Ok(())
    }
}

fn write_run(chunk: &mut Chunk, course: &Course) -> io::Result<Spool> {
    let Chunk { text, rows } = std::mem::take(chunk);
    let mut sorted = Chunk { text, rows: Vec::new() };
    let mut rows = rows;
    rows.sort_by(|a, b| sorted.view(a).order(&sorted.view(b), course));
    let mut spool = Spool::new()?;
    let mut out = BufWriter::with_capacity(RUN_BUFFER_BYTES, spool.file());
    for row in &rows {
        sorted.view(row).write(&mut out)?;
    }
    out.flush()?;
    drop(out);
    sorted.text.clear();
    rows.clear();
    *chunk = Chunk { text: sorted.text, rows };
    Ok(spool)
}

fn merge_runs(spools: Vec<Spool>, course: &Course) -> io::Result<Spool> {
    let mut runs = spools.into_iter().map(Run::open).collect::<io::Result<Vec<_>>>()?;
    let mut merged = Spool::new()?;
    let mut out = BufWriter::with_capacity(RUN_BUFFER_BYTES, merged.file());
    while let Some(run) = first_of(&mut runs, course) {
        run.view().write(&mut out)?;
        run.advance()?;
    }
    out.flush()?;
    drop(out);
    Ok(merged)
}

/// The run whose next row comes first.
fn first_of<'r>(runs: &'r mut [Run], course: &Course) -> Option<&'r mut Run> {
    runs.iter_mut().filter(|run| !run.ended).min_by(|a, b| a.view().order(&b.view(), course))
}
