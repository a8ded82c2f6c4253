//! The brokers of a topic: who leads which partition, and where offsets stand.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::select_ok;

use super::super::fault::{Fault, FaultKind};
use super::link::{Api, Entrance, Link, Room, SMALL_BYTES};
use super::wire::{Malformed, Sink, Source, refusal};
use crate::engine::time::At;

/// Partitions of a topic at most.
pub const MAX_PARTITIONS: usize = 256;
/// Brokers that lead some of them at most.
const MAX_LEADERS: usize = 64;
/// Servers that are tried at once.
const MAX_SERVERS: usize = 16;
/// The broker's name for a topic that it does not know.
const UNKNOWN_TOPIC: i16 = 3;
/// Only what is committed is read.
pub const READ_COMMITTED: i8 = 1;
/// Places that are no times.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// A topic, and how its brokers are entered.
#[derive(Debug)]
pub struct Cluster {
    /// `host:port` of brokers that know the others; at least one.
    pub servers: Vec<String>,
    pub entrance: Entrance,
    pub topic: String,
}

/// Who leads which partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// `host:port` of each broker that leads.
    pub brokers: BTreeMap<i32, String>,
    /// The leader of each partition; none while there is none.
    pub leaders: BTreeMap<i32, Option<i32>>,
}

/// Where a partition is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where it was left, or at the first record that is left of it.
    Known(i64),
    Earliest,
    /// At the first record of this time or later.
    At(At),
}

/// A place that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    pub offset: i64,
    /// Records that were deleted before they were read.
    pub gone: i64,
}

impl Cluster {
    /// Asks the servers and the brokers that are known, all at once; the first one that answers is believed.
    ///
    /// # Errors
    /// When none of them answers, or the topic cannot be read.
    pub async fn layout(&self, known: &[String]) -> Result<Layout, Fault> {
        let more = known.iter().filter(|known| !self.servers.contains(known));
        let asking = self.servers.iter().chain(more).take(MAX_SERVERS).map(|server| self.layout_by(server).boxed());
        // what is wrong with the topic is no server's fault, and comes as an answer
        let (layout, _) = select_ok(asking).await?;
        layout
    }

    async fn layout_by(&self, server: &str) -> Result<Result<Layout, Fault>, Fault> {
        let mut link = Link::open(server, &self.entrance).await?;
        // a topic that is not there must not be made by asking for it
        let body = Sink::default().length(1).text(&self.topic).i8(0).done();
        let answer = link.ask(Api::Metadata, &body, Room::Small(SMALL_BYTES)).await?;
        Ok(self.read_layout(&answer.bytes)?)
    }

    fn read_layout(&self, answer: &[u8]) -> Result<Result<Layout, Fault>, Malformed> {
        let mut source = Source::new(answer);
        source.i32()?;
        let mut brokers = BTreeMap::new();
        for _ in 0..source.length()? {
            let (node, host, port, _) = (source.i32()?, source.text()?, source.i32()?, source.text()?);
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            brokers.insert(node, format!("{host}:{port}"));
        }
        let (_, _) = (source.text()?, source.i32()?);
        let mut leaders = BTreeMap::new();
        for _ in 0..source.length()? {
            let (code, name, _) = (source.i16()?, source.text()?, source.i8()?);
            if name == self.topic && code != 0 {
                let missing = || Fault::new(FaultKind::Refused, format!("there is no topic `{}`", self.topic));
                return Ok(Err(if code == UNKNOWN_TOPIC { missing() } else { refusal(code) }));
            }
            for _ in 0..source.length()? {
                let (_, partition, leader) = (source.i16()?, source.i32()?, source.i32()?);
                for _ in 0..2 {
                    let replicas = source.length()?.checked_mul(4).ok_or(Malformed)?;
                    source.take(replicas)?;
                }
                if name == self.topic {
                    leaders.insert(partition, Some(leader).filter(|leader| brokers.contains_key(leader)));
                }
            }
        }
        brokers.retain(|node, _| leaders.values().any(|leader| *leader == Some(*node)));
        let large =
            |what: &str| Ok(Err(Fault::new(FaultKind::TooLarge, format!("the topic `{}` has more than {what}", self.topic)).fatal()));
        match leaders.len() {
            0 => Ok(Err(Fault::new(FaultKind::Refused, format!("there is no topic `{}`", self.topic)))),
            _ if brokers.len() > MAX_LEADERS => large(&format!("{MAX_LEADERS} brokers")),
            1..=MAX_PARTITIONS => Ok(Ok(Layout { brokers, leaders })),
            _ => large(&format!("{MAX_PARTITIONS} partitions")),
        }
    }

    /// Finds the place in each of these partitions; what the leader says no to is an error of its own.
    ///
    /// # Errors
    /// When the leader does not answer.
    pub async fn enter(&self, link: &mut Link, places: &BTreeMap<i32, Place>) -> Result<BTreeMap<i32, Result<Entered, i16>>, Fault> {
        let timed = |place: &Place| matches!(place, Place::At(_));
        // the end first: what comes behind it is new, whatever the next answer says
        let ends = places.iter().map(|(partition, place)| (*partition, if timed(place) { LATEST } else { EARLIEST })).collect();
        let ends = self.offsets(link, &ends).await?;
        let times = places.iter().filter_map(|(partition, place)| match place {
            Place::At(at) => Some((*partition, at.ms().max(0))),
            Place::Known(_) | Place::Earliest => None,
        });
        let found = self.offsets(link, &times.collect()).await?;
        let entered = places.iter().map(|(partition, place)| {
            let end = ends.get(partition).copied().ok_or(Malformed)?;
            let entered = match (place, end) {
                (_, Err(code)) => Err(code),
                (Place::Known(known), Ok(earliest)) => {
                    Ok(Entered { offset: earliest.max(*known), gone: earliest.saturating_sub(*known).max(0) })
                }
                (Place::Earliest, Ok(earliest)) => Ok(Entered { offset: earliest, gone: 0 }),
                (Place::At(_), Ok(latest)) => match found.get(partition).copied().ok_or(Malformed)? {
                    Ok(found) => Ok(Entered { offset: if found < 0 { latest } else { found }, gone: 0 }),
                    Err(code) => Err(code),
                },
            };
            Ok((*partition, entered))
        });
        entered.collect::<Result<_, Malformed>>().map_err(Fault::from)
    }

    async fn offsets(&self, link: &mut Link, times: &BTreeMap<i32, i64>) -> Result<BTreeMap<i32, Result<i64, i16>>, Fault> {
        if times.is_empty() {
            return Ok(BTreeMap::new());
        }
        let body = Sink::default().i32(-1).i8(READ_COMMITTED).length(1).text(&self.topic).length(times.len());
        let body = times.iter().fold(body, |body, (partition, time)| body.i32(*partition).i64(*time)).done();
        let answer = link.ask(Api::ListOffsets, &body, Room::Small(SMALL_BYTES)).await?;
        Ok(read_offsets(&answer.bytes)?)
    }
}

fn read_offsets(answer: &[u8]) -> Result<BTreeMap<i32, Result<i64, i16>>, Malformed> {
    let mut source = Source::new(answer);
    source.i32()?;
    let mut offsets = BTreeMap::new();
    for _ in 0..source.length()? {
        source.text()?;
        for _ in 0..source.length()? {
            let (partition, code, _, offset) = (source.i32()?, source.i16()?, source.i64()?, source.i64()?);
            offsets.insert(partition, if code == 0 { Ok(offset) } else { Err(code) });
        }
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cluster() -> Cluster {
        Cluster { servers: Vec::new(), entrance: Entrance::default(), topic: "t".into() }
    }

    fn layout(code: i16, leaders: &[i32]) -> Vec<u8> {
        let sink = Sink::default().i32(0).length(2).i32(1).text("a").i32(9092).i16(-1).i32(2).text("::1").i32(9093).text("rack");
        let sink = sink.i16(-1).i32(1).length(1).i16(code).text("t").i8(0).length(leaders.len());
        let partition = |sink: Sink, (n, leader): (i32, &i32)| sink.i16(0).i32(n).i32(*leader).length(1).i32(1).length(1).i32(1);
        (0..).zip(leaders).fold(sink, partition).done()
    }

    #[test]
    fn leaders_are_found_and_a_partition_without_one_waits() {
        let read = cluster().read_layout(&layout(0, &[2, -1, 2])).unwrap().unwrap();
        assert_eq!(read.brokers, BTreeMap::from([(2, "[::1]:9093".to_owned())]));
        assert_eq!(read.leaders, BTreeMap::from([(0, Some(2)), (1, None), (2, Some(2))]));
        let told = |code, leaders: &[i32]| cluster().read_layout(&layout(code, leaders)).unwrap().unwrap_err().to_string();
        assert_eq!(told(3, &[]), "refused: there is no topic `t`");
        assert_eq!(told(29, &[]), "unauthorized: the broker says TopicAuthorizationFailed");
        assert_eq!(told(0, &[1; 257]), "too_large: the topic `t` has more than 256 partitions");
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = layout(0, &[1, 2]);
            for (at, bits) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
            for bytes in [&bytes, &noise] {
                let _ = cluster().read_layout(bytes);
                let _ = read_offsets(bytes);
            }
        }
    }
}
