//! What stands in a topic, written by others than ourselves: batches of any codec, sound and not, and a producer that sends them.

#![allow(dead_code, reason = "each test uses its part")]

use std::io::{self, Read};

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, ProduceRequest, ProduceResponse, RequestHeader, TopicName};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
pub use kafka_protocol::records::Compression as Packing;
use kafka_protocol::records::{
    NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use warroom::clock::wall_now;

pub const PACKINGS: [Packing; 4] = [Packing::Gzip, Packing::Snappy, Packing::Lz4, Packing::Zstd];
/// Blocks of snappy in a bomb.
const BLOCK: usize = 1 << 20;

/// What a batch is beside its records.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub packing: Packing,
    pub producer: i64,
    pub transactional: bool,
    pub control: bool,
}

impl Kind {
    pub const fn packed(packing: Packing) -> Self {
        Self { packing, producer: -1, transactional: false, control: false }
    }
}

/// A batch of these keys and values, from offset 0 on.
pub fn batch(records: &[(&str, String)], kind: Kind) -> Bytes {
    let plain = |plain: &[u8]| pack(kind.packing, plain);
    seal(records, kind, plain)
}

/// A batch of one record whose packed bytes come to `bytes` zeros.
pub fn bomb(packing: Packing, bytes: usize) -> Bytes {
    seal(&[("bomb", "boom".to_owned())], Kind::packed(packing), |_| zeros(packing, bytes))
}

fn seal(records: &[(&str, String)], kind: Kind, pack: impl Fn(&[u8]) -> Vec<u8>) -> Bytes {
    let record = |(offset, (key, value)): (i64, &(&str, String))| Record {
        transactional: kind.transactional,
        control: kind.control,
        delete_horizon: false,
        partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
        producer_id: kind.producer,
        producer_epoch: NO_PRODUCER_EPOCH,
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: i32::try_from(offset).expect("few"),
        timestamp: wall_now().ms(),
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Default::default(),
    };
    let records: Vec<Record> = (0..).zip(records).map(record).collect();
    let packer = |plain: &mut BytesMut, out: &mut BytesMut, _| {
        out.put_slice(&pack(plain));
        Ok(())
    };
    let mut sealed = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: kind.packing };
    RecordBatchEncoder::encode_with_custom_compression(&mut sealed, &records, &options, Some(packer)).expect("a batch");
    sealed.freeze()
}

pub fn pack(packing: Packing, plain: &[u8]) -> Vec<u8> {
    match packing {
        Packing::None => plain.to_vec(),
        Packing::Snappy => snap::raw::Encoder::new().compress_vec(plain).expect("snappy"),
        Packing::Gzip | Packing::Lz4 | Packing::Zstd => stream(packing, plain),
    }
}

fn stream(packing: Packing, mut plain: impl Read) -> Vec<u8> {
    match packing {
        Packing::Gzip => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::copy(&mut plain, &mut packer).and_then(|_| packer.finish()).expect("gzip")
        }
        Packing::Lz4 => {
            let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
            io::copy(&mut plain, &mut packer).expect("lz4");
            packer.finish().expect("lz4")
        }
        Packing::Zstd => zstd::stream::encode_all(plain, 3).expect("zstd"),
        Packing::None | Packing::Snappy => unreachable!("it is no stream"),
    }
}

/// So many zeros, packed without ever being in memory.
fn zeros(packing: Packing, bytes: usize) -> Vec<u8> {
    if packing != Packing::Snappy {
        return stream(packing, io::repeat(0).take(bytes as u64));
    }
    let block = pack(Packing::Snappy, &vec![0; BLOCK]);
    let mut framed = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for _ in 0..bytes / BLOCK {
        framed.extend(u32::try_from(block.len()).expect("small").to_be_bytes());
        framed.extend(&block);
    }
    framed
}

/// A producer's connection to a broker.
#[derive(Debug)]
pub struct Producer {
    stream: TcpStream,
    asked: i32,
}

impl Producer {
    pub async fn connect(port: u16) -> Option<Self> {
        Some(Self { stream: TcpStream::connect(("127.0.0.1", port)).await.ok()?, asked: 0 })
    }

    /// The broker's error, 0 for none; nothing when the connection broke.
    pub async fn produce(&mut self, topic: &str, partition: i32, batch: Bytes) -> Option<i16> {
        const VERSION: i16 = 7;
        self.asked += 1;
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(batch));
        let topic =
            TopicProduceData::default().with_name(TopicName(StrBytes::from_string(topic.to_owned()))).with_partition_data(vec![data]);
        let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(5_000).with_topic_data(vec![topic]);
        let header = RequestHeader::default().with_request_api_key(ApiKey::Produce as i16).with_request_api_version(VERSION);
        let header = header.with_correlation_id(self.asked).with_client_id(Some(StrBytes::from_static_str("publisher")));
        let mut message = BytesMut::new();
        header.encode(&mut message, 1).ok()?;
        request.encode(&mut message, VERSION).ok()?;
        self.stream.write_i32(i32::try_from(message.len()).ok()?).await.ok()?;
        self.stream.write_all(&message).await.ok()?;
        let mut answer = vec![0; usize::try_from(self.stream.read_i32().await.ok()?).ok()?];
        self.stream.read_exact(&mut answer).await.ok()?;
        let mut answer = Bytes::from(answer).split_off(4);
        let answer = ProduceResponse::decode(&mut answer, VERSION).ok()?;
        Some(answer.responses.first()?.partition_responses.first()?.error_code)
    }
}
