//! A journal's records, read on a thread of their own and handed to the owner in chunks, so that the first frame never waits.

use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::engine::event::Record;
use crate::journal::{Losses, Reader};

/// Records of one chunk.
pub(super) const CHUNK: usize = 4_096;
/// Chunks that may wait.
pub(super) const QUEUE: usize = 8;

/// A piece of what a journal holds.
#[derive(Debug)]
pub enum Piece {
    Records(Vec<Record>),
    /// All that could be read has been read.
    End(Losses),
    /// A file that is followed: all that is there was read, and nothing was added for so long.
    Silent {
        silent_ms: i64,
        losses: Losses,
    },
    /// The file cannot be read at all.
    Failed(String),
}

/// Starts reading; the pieces come in order and end with [`Piece::End`] or [`Piece::Failed`].
///
/// # Errors
/// When the thread cannot be started.
pub fn read(path: PathBuf) -> std::io::Result<mpsc::Receiver<Piece>> {
    let (pieces, taken) = mpsc::channel(QUEUE);
    std::thread::Builder::new().name("history".into()).spawn(move || {
        let reader = match Reader::open(&path) {
            Ok(reader) => reader,
            Err(error) => {
                let _ = pieces.blocking_send(Piece::Failed(error.to_string()));
                return;
            }
        };
        let mut records = reader.records();
        loop {
            let chunk: Vec<Record> = records.by_ref().take(CHUNK).collect();
            if chunk.is_empty() || pieces.blocking_send(Piece::Records(chunk)).is_err() {
                break;
            }
        }
        let _ = pieces.blocking_send(Piece::End(records.losses().clone()));
    })?;
    Ok(taken)
}
