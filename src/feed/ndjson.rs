//! Lines of JSON from a file that grows, from stdin, or from a child process.
//!
//! A file is followed: what is appended is read, a file that was replaced (rotated) is read to its end and the new one
//! from its beginning, one that was cut short from its beginning. Its position is the feed's cursor, so a restart goes on.

use std::io::{Read, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::fault::{Fault, FaultKind};
use super::lines::{Cutter, LineReader};
use super::mapping::Context;
use super::outlet::{Gone, Outlet};
use crate::engine::event::FeedStatus;

/// Read at once.
const CHUNK_BYTES: usize = 256 << 10;
/// How often a file is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Looks between two reports of a file that did not grow.
const LOOKS_A_REPORT: u32 = 10;
/// A file is known again by its beginning.
const HEAD_BYTES: usize = 256;
/// Kept of what a child says on its standard error.
const STDERR_BYTES: usize = 1_000;
/// How long a child that closed its output may take to end.
const END_OF_CHILD: Duration = Duration::from_secs(2);
/// A program that ended badly is believed to be well again when it has run for so long.
const SETTLED: Duration = Duration::from_secs(30);

/// Where a file was read to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Position {
    /// Bytes of whole lines.
    offset: u64,
    lines: u64,
    /// The beginning of the file, to know it again.
    head: String,
}

/// Follows a file until the owner goes.
///
/// # Errors
/// When it cannot be read now; it may be later.
pub async fn follow(path: &Path, reader: &LineReader, outlet: &mut Outlet) -> Result<(), Fault> {
    let mut followed = Followed::open(path, outlet.cursor()).await?;
    let mut looks = 0;
    loop {
        let Ok(look) = followed.read_on(reader, outlet).await? else { return Ok(()) };
        if look == Look::Grown {
            looks = 0;
            continue;
        }
        if look == Look::Other || followed.was_replaced().await {
            followed = Followed::open(path, None).await?;
            continue;
        }
        // all that there is has been read
        outlet.note_success(outlet.now());
        if looks % LOOKS_A_REPORT == 0 && outlet.report().await.is_err() {
            return Ok(());
        }
        looks += 1;
        sleep(LOOK).await;
    }
}

/// What a look at a file found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Grown,
    Still,
    /// It begins otherwise than before: it was written anew.
    Other,
}

/// A file that is read as it grows.
struct Followed {
    path: PathBuf,
    file: File,
    position: Position,
    cutter: Cutter,
    chunk: Vec<u8>,
}

impl Followed {
    async fn open(path: &Path, stored: Option<&str>) -> Result<Self, Fault> {
        let input = |error: std::io::Error| Fault::new(FaultKind::Input, format!("{}: {error}", path.display()));
        let mut file = File::open(path).await.map_err(input)?;
        let stored: Position = stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let head = read_head(&mut file).await.map_err(input)?;
        let length = file.metadata().await.map_err(input)?.len();
        let known = !stored.head.is_empty() && head.starts_with(&stored.head) && stored.offset <= length;
        let position = if known { stored } else { Position::default() };
        file.seek(SeekFrom::Start(position.offset)).await.map_err(input)?;
        let cutter = Cutter::after(position.lines);
        Ok(Self { path: path.to_owned(), file, position, cutter, chunk: vec![0; CHUNK_BYTES] })
    }

    /// Reads a chunk if there is one. The inner error means that the owner has gone.
    async fn read_on(&mut self, reader: &LineReader, outlet: &mut Outlet) -> Result<Result<Look, Gone>, Fault> {
        let input = |error: std::io::Error| Fault::new(FaultKind::Input, error.to_string());
        let count = self.file.read(&mut self.chunk).await.map_err(input)?;
        if count == 0 {
            return Ok(Ok(Look::Still));
        }
        self.position.offset += count as u64;
        let head = self.head_again().await.map_err(input)?;
        if !head.starts_with(&self.position.head) {
            return Ok(Ok(Look::Other));
        }
        self.position.head = head;
        let lines = self.cutter.push(&self.chunk[..count]);
        let context = Context::new(outlet.now(), reader.defaults.clone());
        let mapped = reader.read(lines, &context).await?;
        // the beginning of a line that is not whole is read again
        let pending = self.cutter.pending() as u64;
        let whole = Position { offset: self.position.offset - pending, lines: self.cutter.number, head: self.position.head.clone() };
        let cursor = serde_json::to_string(&whole).ok();
        outlet.note(|state| state.status = FeedStatus::Ok);
        Ok(outlet.deliver(mapped, cursor).await.map(|()| Look::Grown))
    }

    async fn head_again(&mut self) -> std::io::Result<String> {
        let head = read_head(&mut self.file).await?;
        self.file.seek(SeekFrom::Start(self.position.offset)).await?;
        Ok(head)
    }

    /// True when another file bears the name now, or this one was cut short or begun anew.
    async fn was_replaced(&mut self) -> bool {
        let (Ok(ours), Ok(named)) = (self.file.metadata().await, tokio::fs::metadata(&self.path).await) else {
            // a file that is gone for the moment of a rotation: look again
            return false;
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if (ours.dev(), ours.ino()) != (named.dev(), named.ino()) {
                return true;
            }
        }
        if named.len() < self.position.offset || ours.len() < self.position.offset {
            return true;
        }
        // written anew, and just as long as before
        self.head_again().await.is_ok_and(|head| !head.starts_with(&self.position.head))
    }
}

/// The first bytes of a file, as hexadecimal text.
async fn read_head(file: &mut File) -> std::io::Result<String> {
    file.seek(SeekFrom::Start(0)).await?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.take(HEAD_BYTES as u64).read_to_end(&mut head).await?;
    // of a line that is being written only what is whole can be known again
    let whole = if head.len() < HEAD_BYTES { head.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1) } else { HEAD_BYTES };
    Ok(data_encoding::HEXLOWER.encode(&head[..whole]))
}

/// Reads stdin to its end.
///
/// # Errors
/// When it cannot be read.
pub async fn read_stdin(reader: &LineReader, outlet: &mut Outlet) -> Result<(), Fault> {
    let (tx, mut rx) = mpsc::channel::<std::io::Result<Vec<u8>>>(4);
    // a thread of its own, for a read of stdin cannot be broken off and must not hold up the end of the program
    let work = move || {
        let mut stdin = std::io::stdin().lock();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = stdin.read(&mut chunk).map(|count| chunk[..count].to_vec());
            let over = !matches!(&read, Ok(bytes) if !bytes.is_empty());
            if tx.blocking_send(read).is_err() || over {
                return;
            }
        }
    };
    std::thread::Builder::new().name("stdin".into()).spawn(work).map_err(|error| Fault::new(FaultKind::Input, error.to_string()))?;
    let mut cutter = Cutter::default();
    while let Some(read) = rx.recv().await {
        let bytes = read.map_err(|error| Fault::new(FaultKind::Input, error.to_string()))?;
        if bytes.is_empty() {
            break;
        }
        if take(&bytes, &mut cutter, reader, (FeedStatus::Ok, &mut *outlet)).await?.is_err() {
            return Ok(());
        }
    }
    end(&mut cutter, reader, outlet).await
}

/// Runs a program and reads its output to its end. The program dies with the feed.
///
/// # Errors
/// When it cannot be started or ends badly; it may be started again.
pub async fn read_child(command: &[String], reader: &LineReader, outlet: &mut Outlet) -> Result<(), Fault> {
    let input = |error: std::io::Error| Fault::new(FaultKind::Input, format!("{}: {error}", command.first().map_or("", String::as_str)));
    let (program, arguments) = command.split_first().ok_or_else(|| Fault::new(FaultKind::Input, "no program").fatal())?;
    let mut program = Command::new(program);
    program.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // the terminal's Ctrl-C is for the desk, not for its children
    #[cfg(unix)]
    program.process_group(0);
    let mut child = program.spawn().map_err(input)?;
    let (Some(mut output), Some(mut complaints)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Fault::new(FaultKind::Input, "the program has no output"));
    };
    let listen = tokio::spawn(async move {
        let mut last = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = complaints.read(&mut chunk).await {
            last.extend_from_slice(&chunk[..count]);
            let beyond = last.len().saturating_sub(STDERR_BYTES);
            last.drain(..beyond);
        }
        String::from_utf8_lossy(&last).into_owned()
    });
    let mut status = if outlet.state().status == FeedStatus::Retrying { FeedStatus::Retrying } else { FeedStatus::Ok };
    let settled = Instant::now() + SETTLED;
    let mut cutter = Cutter::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = async {
            if status == FeedStatus::Ok { Ok(output.read(&mut chunk).await) } else { timeout_at(settled, output.read(&mut chunk)).await }
        };
        let Ok(read) = read.await else {
            status = FeedStatus::Ok;
            outlet.note(|state| state.status = status);
            if outlet.report().await.is_err() {
                return Ok(());
            }
            continue;
        };
        let count = read.map_err(input)?;
        if count == 0 {
            break;
        }
        if take(&chunk[..count], &mut cutter, reader, (status, &mut *outlet)).await?.is_err() {
            return Ok(());
        }
    }
    let status = tokio::time::timeout(END_OF_CHILD, child.wait()).await;
    if let Ok(Ok(status)) = status
        && !status.success()
    {
        let said = tokio::time::timeout(END_OF_CHILD, listen).await.ok().and_then(Result::ok).unwrap_or_default();
        let said = said.trim();
        let why = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
        return Err(Fault::new(FaultKind::Input, why));
    }
    end(&mut cutter, reader, outlet).await
}

async fn take(
    bytes: &[u8],
    cutter: &mut Cutter,
    reader: &LineReader,
    (status, outlet): (FeedStatus, &mut Outlet),
) -> Result<Result<(), Gone>, Fault> {
    let lines = cutter.push(bytes);
    let context = Context::new(outlet.now(), reader.defaults.clone());
    let mapped = reader.read(lines, &context).await?;
    outlet.note_success(context.at);
    outlet.note(|state| state.status = status);
    Ok(outlet.deliver(mapped, None).await)
}

async fn end(cutter: &mut Cutter, reader: &LineReader, outlet: &mut Outlet) -> Result<(), Fault> {
    let context = Context::new(outlet.now(), reader.defaults.clone());
    let mapped = reader.read(cutter.finish().into_iter().collect(), &context).await?;
    outlet.note_success(context.at);
    outlet.note(|state| state.status = FeedStatus::Ended);
    // an owner that has gone needs nothing any more
    let _ = outlet.deliver(mapped, None).await;
    Ok(())
}
