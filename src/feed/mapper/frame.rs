//! What a mapper and its child process say to each other: a head as JSON and bytes behind it, their lengths before both.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::feed::fault::Fault;
use crate::feed::filter::Source;
use crate::feed::mapping::run::Resume;
use crate::feed::mapping::{Context, Mapped, Recipe};

/// Longest head, and longest body.
pub const MAX_BYTES: usize = 64 << 20;
/// Before head and body: how long they are.
pub const LENGTHS_BYTES: usize = 8;

/// To the child.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// A filter that the next orders name by its number.
    Learn { number: u64, source: Source },
    /// The body is the lookup table of the next orders that are `joined`.
    Join,
    /// The body is a payload; `careful` asks for [`Report::Begins`] and [`Report::Keeps`].
    Map { recipe: Recipe<u64>, context: Context, joined: bool, careful: bool, resume: Resume },
    /// The body is what the filter is asked about.
    Ask { filter: u64, context: Context },
}

/// From the child.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    /// The child works: it has not stopped getting on for long.
    Works,
    /// The mapping of this input begins; 0 behind the last one.
    Begins(usize),
    /// What an input became, and its mark where it was put aside untouched; the body are the lines of its events.
    Keeps(Mapped, Option<u64>),
    /// What the payload became, or the rest of it; the body are the lines of the events.
    Mapped(Result<Mapped, Fault>),
    Said(Result<Vec<Option<String>>, Fault>),
    /// It does not get on with this input, and the child ends; 0 where it is with none.
    Stuck(usize),
}

/// Lengths and head of a frame; the body follows as it is.
///
/// # Errors
/// When one of both is too long, or the head is no JSON.
pub fn begin(head: &impl Serialize, body_bytes: usize) -> io::Result<Vec<u8>> {
    let head = serde_json::to_vec(head)?;
    if head.len() > MAX_BYTES || body_bytes > MAX_BYTES {
        return Err(io::Error::other(TOO_LONG));
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    Ok([&length(head.len())[..], &length(body_bytes)[..], &head].concat())
}

/// What is told of a frame that is too long.
pub const TOO_LONG: &str = "more than 64 MiB";

/// The lengths of head and body.
///
/// # Errors
/// When one of both is too long.
pub fn lengths(bytes: [u8; LENGTHS_BYTES]) -> io::Result<(usize, usize)> {
    let [a, b, c, d, e, f, g, h] = bytes;
    let (head, body) = (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize);
    if head > MAX_BYTES || body > MAX_BYTES { Err(io::Error::other(TOO_LONG)) } else { Ok((head, body)) }
}

/// Writes a frame at once.
///
/// # Errors
/// When it is too long or cannot be written.
pub fn write(out: &mut impl Write, head: &impl Serialize, body: &[u8]) -> io::Result<()> {
    out.write_all(&begin(head, body.len())?)?;
    out.write_all(body)?;
    out.flush()
}

/// Reads head and body of a frame; nothing at the end of the stream.
///
/// # Errors
/// When the stream ends in the middle.
pub fn read(input: &mut impl Read) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut ahead = [0; LENGTHS_BYTES];
    match input.read_exact(&mut ahead) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (head_bytes, body_bytes) = lengths(ahead)?;
    let (mut head, mut body) = (vec![0; head_bytes], vec![0; body_bytes]);
    input.read_exact(&mut head)?;
    input.read_exact(&mut body)?;
    Ok(Some((head, body)))
}
