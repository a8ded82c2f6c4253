//! One turn at one broker: the connection, the places of partitions that are new to it, and one fetch for all that it leads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::fault::Fault;
use super::batch::MAX_BATCH_BYTES;
use super::cluster::{Cluster, Entered, Place, READ_COMMITTED};
use super::link::{Api, Link, Room};
use super::wire::{Malformed, Sink, Source, refusal};
use crate::clock;
use crate::engine::time::At;

/// Longest that the broker holds a fetch which finds nothing.
pub const WAIT: Duration = Duration::from_millis(500);
/// Bytes of one answer; a single larger batch still comes.
const FETCH_BYTES: i32 = 1 << 20;
/// Bytes of one partition, so that one which has much does not keep the others waiting.
pub const PARTITION_BYTES: i32 = 1 << 19;
/// Answers up to this size are taken from all brokers at once, larger ones from one at a time.
const SMALL_BYTES: usize = 2 << 20;
/// Largest answer that is taken whole: a batch of the largest size, and what may stand beside it.
const MAX_ANSWER_BYTES: usize = MAX_BATCH_BYTES + SMALL_BYTES;
/// Longest that we keep still where a broker asks for it; it would answer later anyway.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// An answer that holds nothing and comes sooner is of a broker that does not wait; we do.
const SOON: Duration = Duration::from_millis(50);

/// From where a partition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub partition: i32,
    pub offset: i64,
    pub bytes: i32,
}

/// What is done at a broker at once.
#[derive(Debug)]
pub struct Turn {
    pub node: i32,
    pub address: String,
    pub link: Option<Link>,
    pub cluster: Arc<Cluster>,
    pub entering: BTreeMap<i32, Place>,
    pub reading: Vec<Wanted>,
    pub large: Arc<Semaphore>,
    pub asked: At,
    /// Waited before anything is asked.
    pub pause: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Turned {
    pub node: i32,
    pub asked: At,
    pub link: Option<Link>,
    pub entered: BTreeMap<i32, Result<Entered, i16>>,
    pub fetched: Result<Fetched, Fault>,
}

/// What a fetch brought.
#[derive(Debug, Default)]
pub struct Fetched {
    pub bytes: Arc<Vec<u8>>,
    pub portions: Vec<Portion>,
    /// The broker asks for so long to be left alone: its quota is used up.
    pub pause: Duration,
    /// The answer is large, and no other is in memory beside it.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// What was fetched of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portion {
    pub partition: i32,
    /// The broker's error; 0 is none.
    pub code: i16,
    /// Everything before it is there to be read.
    pub end: i64,
    /// Everything before it is deleted; -1 where the broker does not say.
    pub start: i64,
    /// Transactions that were taken back: the producer, and the first offset.
    pub aborted: Vec<(i64, i64)>,
    /// Where its batches stand in the answer.
    pub records: Range<usize>,
}

impl Turn {
    pub async fn run(mut self) -> Turned {
        tokio::time::sleep(self.pause).await;
        let (mut entered, mut link) = (BTreeMap::new(), None);
        let fetched = self.go(&mut entered, &mut link).await;
        Turned { node: self.node, asked: self.asked, link: link.filter(|_| fetched.is_ok()), entered, fetched }
    }

    async fn go(&mut self, entered: &mut BTreeMap<i32, Result<Entered, i16>>, kept: &mut Option<Link>) -> Result<Fetched, Fault> {
        let mut link = match self.link.take().filter(Link::is_good) {
            Some(link) => link,
            None => Link::open(&self.address, &self.cluster.entrance).await?,
        };
        if !self.entering.is_empty() {
            *entered = self.cluster.enter(&mut link, &self.entering).await?;
            let found = entered.iter().filter_map(|(partition, entered)| Some((*partition, entered.ok()?.offset)));
            self.reading.extend(found.map(|(partition, offset)| Wanted { partition, offset, bytes: PARTITION_BYTES }));
        }
        if self.reading.is_empty() {
            *kept = Some(link);
            return Ok(Fetched::default());
        }
        let began = clock::instant();
        let version = link.version(Api::Fetch);
        let room = Room::Large { small: SMALL_BYTES, most: MAX_ANSWER_BYTES, turn: Arc::clone(&self.large) };
        let answer = link.ask(Api::Fetch, &request(&self.cluster.topic, &self.reading, version), room).await?;
        let (pause, portions) = read(&answer.bytes, version, answer.cut, self.reading.len())?;
        if portions.iter().all(|portion| portion.records.is_empty()) && began.elapsed() < SOON {
            tokio::time::sleep(SOON).await;
        }
        // the rest of a cut answer is still to come on it
        *kept = (!answer.cut).then_some(link);
        Ok(Fetched { bytes: Arc::new(answer.bytes), portions, pause, permit: answer.permit })
    }
}

fn request(topic: &str, reading: &[Wanted], version: i16) -> Vec<u8> {
    let wait = i32::try_from(WAIT.as_millis()).unwrap_or(i32::MAX);
    let most = reading.iter().map(|wanted| wanted.bytes).max().unwrap_or_default().max(FETCH_BYTES);
    let mut sink = Sink::default().i32(-1).i32(wait).i32(1).i32(most).i8(READ_COMMITTED);
    if version >= 7 {
        // no session: each fetch tells all
        sink = sink.i32(0).i32(-1);
    }
    sink = sink.length(1).text(topic).length(reading.len());
    for wanted in reading {
        sink = sink.i32(wanted.partition);
        if version >= 9 {
            sink = sink.i32(-1);
        }
        sink = sink.i64(wanted.offset);
        if version >= 5 {
            sink = sink.i64(-1);
        }
        sink = sink.i32(wanted.bytes);
    }
    if version >= 7 {
        sink = sink.length(0);
    }
    sink.done()
}

/// How long the broker wants to be left alone, and what an answer holds of each partition. Of one that was cut the last portion
/// may be cut too.
fn read(answer: &[u8], version: i16, cut: bool, asked: usize) -> Result<(Duration, Vec<Portion>), Fault> {
    let mut source = Source::new(answer);
    let pause = Duration::from_millis(u64::try_from(source.i32()?).unwrap_or_default()).min(LONGEST_PAUSE);
    if version >= 7 {
        let (code, _) = (source.i16()?, source.i32()?);
        if code != 0 {
            return Err(refusal(code));
        }
    }
    let mut portions = Vec::new();
    for _ in 0..source.length()? {
        source.text()?;
        for _ in 0..source.length()? {
            match read_portion(&mut source, answer.len(), version, cut) {
                Err(Malformed) if cut => return Ok((pause, portions)),
                portion => portions.push(portion?),
            }
            if portions.len() > asked {
                return Err(Malformed.into());
            }
        }
    }
    Ok((pause, portions))
}

fn read_portion(source: &mut Source<'_>, length: usize, version: i16, cut: bool) -> Result<Portion, Malformed> {
    let (partition, code, high, stable) = (source.i32()?, source.i16()?, source.i64()?, source.i64()?);
    let start = if version >= 5 { source.i64()? } else { -1 };
    let mut aborted = Vec::new();
    for _ in 0..source.length()? {
        aborted.push((source.i64()?, source.i64()?));
    }
    let records = source.length()?;
    let at = length - source.left();
    let here = if cut { records.min(source.left()) } else { records };
    source.take(here)?;
    Ok(Portion { partition, code, end: if stable >= 0 { stable } else { high }, start, aborted, records: at..at + here })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(version: i16, records: &[u8]) -> Vec<u8> {
        let mut sink = Sink::default().i32(250);
        if version >= 7 {
            sink = sink.i16(0).i32(0);
        }
        sink = sink.length(1).text("t").length(2);
        for partition in [3, 4] {
            sink = sink.i32(partition).i16(0).i64(90).i64(80);
            if version >= 5 {
                sink = sink.i64(7);
            }
            sink = sink.length(1).i64(11).i64(70).bytes(records);
        }
        sink.done()
    }

    #[test]
    fn the_oldest_and_the_newest_answer_are_read_and_a_cut_one_as_far_as_it_goes() {
        for version in 4..=10 {
            let bytes = answer(version, b"batches");
            let (pause, portions) = read(&bytes, version, false, 2).unwrap();
            assert_eq!(pause, Duration::from_millis(250));
            assert_eq!(portions.iter().map(|portion| portion.partition).collect::<Vec<_>>(), [3, 4]);
            assert_eq!((portions[1].end, &bytes[portions[1].records.clone()]), (80, &b"batches"[..]));
            assert_eq!((portions[0].start, &portions[0].aborted), (if version >= 5 { 7 } else { -1 }, &vec![(11, 70)]));
            let short = &bytes[..bytes.len() - 3];
            assert!(read(short, version, false, 2).is_err());
            assert_eq!(read(short, version, true, 2).unwrap().1[1].records.len(), 4);
            assert_eq!(read(&bytes[..bytes.len() - 12], version, true, 2).unwrap().1.len(), 1);
            assert!(read(&bytes, version, false, 1).is_err(), "more than was asked for");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(version in 4i16..=10, cut: bool, flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = answer(version, b"batches");
            for (at, bits) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
            for bytes in [&bytes, &noise] {
                for portion in read(bytes, version, cut, 2).map(|(_, portions)| portions).unwrap_or_default() {
                    prop_assert!(portion.records.end <= bytes.len());
                }
            }
        }
    }
}
