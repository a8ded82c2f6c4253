//! Where the records of a replay lie, read from any place: a journal by its own numbers, files through a [`struct@Copy`].

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::copy::Copy;
use crate::engine::event::Record;
use crate::journal::{JournalError, Losses, Reader};

/// How far a tape was read: a journal counts by its own numbers, a copy by records.
pub type Place = u64;

/// Records handed over at once.
const CHUNK: usize = 2_048;
/// Chunks that may wait.
const QUEUE: usize = 4;

/// The records of a replay.
#[derive(Clone, Debug)]
pub enum Tape {
    Journal(PathBuf),
    Copy(Arc<Copy>),
}

/// What a reader hands over.
#[derive(Debug)]
enum Chunk {
    Records(Vec<Record>),
    End(Losses),
    Failed(String),
}

impl Tape {
    /// The records after a place up to another one, read ahead on a thread of their own.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn stream(&self, from: Place, upto: Place) -> io::Result<Stream> {
        let (sender, chunks) = sync_channel(QUEUE);
        let tape = self.clone();
        std::thread::Builder::new().name("tape".into()).spawn(move || tape.read(from, upto, &sender))?;
        let counts = matches!(self, Self::Copy(_));
        Ok(Stream { chunks, ready: Vec::new().into_iter(), next: None, place: from, counts, losses: Losses::default(), failed: None })
    }

    fn read(&self, from: Place, upto: Place, chunks: &SyncSender<Chunk>) {
        let last = match self {
            Self::Journal(path) => match Reader::open(path) {
                Err(error) => Chunk::Failed(error.to_string()),
                Ok(reader) => {
                    let mut records = reader.tail(from);
                    hand_over(records.by_ref().take_while(|record| record.seq <= upto), chunks);
                    Chunk::End(records.losses().clone())
                }
            },
            Self::Copy(copy) => match copy.read(from) {
                Err(error) => Chunk::Failed(error.to_string()),
                Ok(records) => {
                    hand_over(records.take(usize::try_from(upto.saturating_sub(from)).unwrap_or(usize::MAX)), chunks);
                    Chunk::End(Losses::default())
                }
            },
        };
        // whoever has gone elsewhere meanwhile wants no more
        let _ = chunks.send(last);
    }

    /// Single records by their places; what cannot be read is left out.
    ///
    /// # Errors
    /// When the tape cannot be opened any more.
    pub fn records(&self, places: &[Place]) -> Result<Vec<Record>, JournalError> {
        match self {
            Self::Journal(path) => {
                let reader = Reader::open(path)?;
                Ok(places.iter().filter_map(|seq| reader.record(*seq)).collect())
            }
            Self::Copy(copy) => Ok(places.iter().filter_map(|place| copy.read(place.checked_sub(1)?).ok()?.next()).collect()),
        }
    }
}

fn hand_over(mut records: impl Iterator<Item = Record>, chunks: &SyncSender<Chunk>) {
    loop {
        let chunk: Vec<Record> = records.by_ref().take(CHUNK).collect();
        let is_last = chunk.len() < CHUNK;
        if chunks.send(Chunk::Records(chunk)).is_err() || is_last {
            return;
        }
    }
}

/// Records that come in their order.
#[derive(Debug)]
pub struct Stream {
    chunks: Receiver<Chunk>,
    ready: std::vec::IntoIter<Record>,
    next: Option<Record>,
    /// The place of the last record that was taken.
    place: Place,
    /// Places count records.
    counts: bool,
    losses: Losses,
    failed: Option<String>,
}

impl Stream {
    /// The record that comes next; `None` at the end.
    pub fn peek(&mut self) -> Option<&Record> {
        while self.next.is_none() {
            self.next = self.ready.next();
            if self.next.is_none() {
                match self.chunks.recv() {
                    Ok(Chunk::Records(records)) => self.ready = records.into_iter(),
                    Ok(Chunk::End(losses)) => self.losses = losses,
                    Ok(Chunk::Failed(error)) => self.failed = Some(error),
                    Err(_) => return None,
                }
            }
        }
        self.next.as_ref()
    }

    /// Takes the record that comes next.
    pub fn take(&mut self) -> Option<Record> {
        self.peek()?;
        let record = self.next.take()?;
        self.place = if self.counts { self.place + 1 } else { record.seq };
        Some(record)
    }

    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }
    /// What a damaged journal has lost, known at the end.
    #[must_use]
    pub const fn losses(&self) -> &Losses {
        &self.losses
    }
    /// Why nothing more comes, where that is not the end.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }
}
