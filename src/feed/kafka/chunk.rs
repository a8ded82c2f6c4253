//! Records of a partition that go to the owner at once, and where reading goes on behind them.

use super::super::broker::Message;
use super::batch::Record;
use crate::engine::time::At;

/// Records and their bytes that go to the owner at once.
const CHUNK_RECORDS: usize = 500;
const CHUNK_BYTES: usize = 1 << 20;

/// Records that were read, and the offset behind them and behind what was none.
#[derive(Debug)]
pub struct Chunk {
    messages: Vec<Message>,
    bytes: usize,
    pub next: i64,
    /// When the last record was written.
    pub told: Option<At>,
}

impl Chunk {
    /// No records yet, from this offset on.
    #[must_use]
    pub const fn at(next: i64) -> Self {
        Self { messages: Vec::new(), bytes: 0, next, told: None }
    }

    pub fn take(&mut self, partition: i32, topic: &str, record: &Record<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers: usize = record.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.bytes += record.key.len() + record.value.len() + headers;
        self.told = Some(At::from_ms(record.time_ms));
        self.next = record.offset.saturating_add(1);
        self.messages.push(Message {
            place: format!("partition {partition} offset {}", record.offset),
            subject: topic.to_owned(),
            key: text(record.key),
            headers: record.headers.iter().map(|(name, value)| (text(name), text(value))).collect(),
            payload: record.value.to_vec(),
        });
    }

    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.messages.len() >= CHUNK_RECORDS || self.bytes >= CHUNK_BYTES
    }
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The records, which are the owner's from here on.
    pub fn drain(&mut self) -> Vec<Message> {
        self.bytes = 0;
        std::mem::take(&mut self.messages)
    }
}
