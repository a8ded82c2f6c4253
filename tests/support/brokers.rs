//! A small cluster of Kafka-protocol brokers in the test itself, both sides of the protocol by a library that is not ours: what a
//! real broker would not do on demand, these do: old versions, leaders that move, silence, transactions, batches of any kind.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use data_encoding::BASE64;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse, MetadataResponse,
    ProducerId, RequestHeader, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use ring::{digest, hmac, pbkdf2};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::authority::Issued;

pub const TOPIC: &str = "orders";

/// A partition.
#[derive(Debug, Default)]
pub struct Log {
    /// Batches with their last offsets.
    batches: Vec<(i64, Bytes)>,
    end: i64,
    start: i64,
    aborted: Vec<(i64, i64)>,
    leader: i32,
}

#[derive(Debug)]
struct State {
    logs: Vec<Log>,
    addresses: BTreeMap<i32, u16>,
    /// Brokers that answer no fetch.
    silent: BTreeSet<i32>,
    fetch: (i16, i16),
    /// The only user, the password, and how it is asked for.
    user: Option<(String, String, &'static str)>,
    tls: Option<Arc<rustls::ServerConfig>>,
    /// Where the luck stands that spoils fetches; nothing: they are as they should be.
    luck: Option<u64>,
    /// Versions that fetches came in.
    fetched_in: BTreeSet<i16>,
}

/// The brokers.
#[derive(Clone, Debug)]
pub struct Cluster(Arc<Mutex<State>>);

impl Cluster {
    /// Brokers 1 to `nodes`; partition `n` is led by broker `n % nodes + 1`. They know fetches of these versions.
    pub async fn start(nodes: i32, partitions: i32, fetch: (i16, i16)) -> Self {
        let logs = (0..partitions).map(|n| Log { leader: n % nodes + 1, ..Log::default() }).collect();
        let state = State {
            logs,
            addresses: BTreeMap::new(),
            silent: BTreeSet::new(),
            fetch,
            user: None,
            tls: None,
            luck: None,
            fetched_in: BTreeSet::new(),
        };
        let cluster = Self(Arc::new(Mutex::new(state)));
        for node in 1..=nodes {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let port = listener.local_addr().expect("an address").port();
            cluster.with(|state| state.addresses.insert(node, port));
            let cluster = cluster.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let cluster = cluster.clone();
                    tokio::spawn(async move {
                        match cluster.with(|state| state.tls.clone()) {
                            None => cluster.serve(node, stream).await,
                            Some(tls) => cluster.serve(node, TlsAcceptor::from(tls).accept(stream).await.ok()?).await,
                        }
                    });
                }
            });
        }
        cluster
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().expect("no panic"))
    }

    /// `host:port` of all of them.
    pub fn servers(&self) -> String {
        let list: Vec<String> = self.with(|state| state.addresses.values().map(|port| format!("127.0.0.1:{port}")).collect());
        list.join(",")
    }

    /// Appends a batch; the first offset of it.
    pub fn append(&self, partition: usize, batch: &Bytes) -> i64 {
        self.with(|state| {
            let log = &mut state.logs[partition];
            let mut bytes = batch.to_vec();
            let delta = i32::from_be_bytes(bytes[23..27].try_into().expect("four bytes"));
            let first = log.end;
            // the first offset is not part of what the checksum is of
            bytes[..8].copy_from_slice(&first.to_be_bytes());
            log.end = first + i64::from(delta) + 1;
            log.batches.push((log.end - 1, bytes.into()));
            first
        })
    }

    /// What was published before this offset is gone.
    pub fn trim(&self, partition: usize, start: i64) {
        self.with(|state| {
            state.logs[partition].start = start;
            state.logs[partition].batches.retain(|(last, _)| *last >= start);
        });
    }
    pub fn abort(&self, partition: usize, producer: i64, first: i64) {
        self.with(|state| state.logs[partition].aborted.push((producer, first)));
    }
    pub fn lead(&self, partition: usize, node: i32) {
        self.with(|state| state.logs[partition].leader = node);
    }
    pub fn silence(&self, node: i32, is_silent: bool) {
        self.with(|state| if is_silent { state.silent.insert(node) } else { state.silent.remove(&node) });
    }
    pub fn demand(&self, user: &str, password: &str, mechanism: &'static str) {
        self.with(|state| state.user = Some((user.to_owned(), password.to_owned(), mechanism)));
    }
    /// From now on bits of fetches are flipped, or not any more.
    pub fn spoil(&self, spoils: bool) {
        self.with(|state| state.luck = spoils.then_some(7));
    }
    /// Flips up to eight bits of an answer, the first of them near its beginning, where lengths and counts are.
    fn spoiled(&self, answer: &mut [u8]) {
        self.with(|state| {
            let Some(luck) = &mut state.luck else { return };
            let mut draw = |below: usize| {
                *luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                usize::try_from(*luck >> 33).expect("31 bits") % below
            };
            for n in 0..draw(9) {
                let below = if n == 0 { answer.len().min(140) } else { answer.len() };
                answer[draw(below)] ^= 1 << draw(8);
            }
        });
    }
    pub fn secure(&self, issued: &Issued) {
        let chain = vec![CertificateDer::from_pem_file(&issued.certificate).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_file(&issued.key).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let config = config.with_no_client_auth().with_single_cert(chain, key).expect("a server");
        self.with(|state| state.tls = Some(Arc::new(config)));
    }
    pub fn fetched_in(&self) -> Vec<i16> {
        self.with(|state| state.fetched_in.iter().copied().collect())
    }

    async fn serve(&self, node: i32, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let mut is_in = self.with(|state| state.user.is_none());
        let mut scram = ScramServer::default();
        loop {
            let length = stream.read_i32().await.ok()?;
            let mut message = vec![0; usize::try_from(length).ok()?];
            stream.read_exact(&mut message).await.ok()?;
            let mut message = Bytes::from(message);
            let header = RequestHeader::decode(&mut message, 1).ok()?;
            let key = ApiKey::try_from(header.request_api_key).ok()?;
            let asks_in = matches!(key, ApiKey::ApiVersions | ApiKey::SaslHandshake | ApiKey::SaslAuthenticate);
            if !is_in && !asks_in {
                return None;
            }
            let mut answer = BytesMut::new();
            let version = header.request_api_version;
            match key {
                ApiKey::ApiVersions => self.versions().encode(&mut answer, version),
                ApiKey::Metadata => self.layout().encode(&mut answer, version),
                ApiKey::ListOffsets => {
                    self.offsets(&ListOffsetsRequest::decode(&mut message, version).ok()?, node).encode(&mut answer, version)
                }
                ApiKey::Fetch => {
                    self.with(|state| state.fetched_in.insert(version));
                    let asked = FetchRequest::decode(&mut message, version).ok()?;
                    self.fetch(&asked, node).await.encode(&mut answer, version)
                }
                ApiKey::SaslHandshake => {
                    let asked = SaslHandshakeRequest::decode(&mut message, version).ok()?;
                    let (.., mechanism) = self.with(|state| state.user.clone()).unwrap_or_default();
                    let code = if asked.mechanism.as_str() == mechanism { 0 } else { 33 };
                    let known = vec![StrBytes::from_static_str(mechanism)];
                    SaslHandshakeResponse::default().with_error_code(code).with_mechanisms(known).encode(&mut answer, version)
                }
                ApiKey::SaslAuthenticate => {
                    let asked = SaslAuthenticateRequest::decode(&mut message, version).ok()?;
                    let (user, password, mechanism) = self.with(|state| state.user.clone()).unwrap_or_default();
                    let said = match mechanism {
                        "PLAIN" => (asked.auth_bytes == format!("\0{user}\0{password}").as_bytes()).then_some((String::new(), true)),
                        _ => scram.hear(&String::from_utf8_lossy(&asked.auth_bytes), (&user, &password), mechanism),
                    };
                    is_in = said.as_ref().is_some_and(|(_, done)| *done);
                    let answered = SaslAuthenticateResponse::default().with_error_code(if said.is_some() { 0 } else { 58 });
                    let said = said.map(|(said, _)| said.into_bytes()).unwrap_or_default();
                    answered.with_auth_bytes(said.into()).encode(&mut answer, version)
                }
                _ => return None,
            }
            .ok()?;
            if key == ApiKey::Fetch {
                self.spoiled(&mut answer);
            }
            stream.write_i32(i32::try_from(answer.len()).ok()? + 4).await.ok()?;
            stream.write_i32(header.correlation_id).await.ok()?;
            stream.write_all(&answer).await.ok()?;
        }
    }

    fn versions(&self) -> ApiVersionsResponse {
        let fetch = self.with(|state| state.fetch);
        let known = [(1, fetch.0, fetch.1), (2, 1, 7), (3, 0, 9), (17, 0, 1), (18, 0, 3), (36, 0, 2)];
        let known = known.map(|(key, from, to)| ApiVersion::default().with_api_key(key).with_min_version(from).with_max_version(to));
        ApiVersionsResponse::default().with_api_keys(known.to_vec())
    }

    fn layout(&self) -> MetadataResponse {
        self.with(|state| {
            let broker = |(node, port): (&i32, &u16)| {
                let host = StrBytes::from_static_str("127.0.0.1");
                MetadataResponseBroker::default().with_node_id(BrokerId(*node)).with_host(host).with_port(i32::from(*port))
            };
            let partition = |(index, log): (i32, &Log)| {
                MetadataResponsePartition::default()
                    .with_partition_index(index)
                    .with_leader_id(BrokerId(log.leader))
                    .with_replica_nodes(vec![BrokerId(1)])
            };
            let topic = MetadataResponseTopic::default().with_name(Some(TopicName(StrBytes::from_static_str(TOPIC))));
            let topic = topic.with_partitions((0..).zip(&state.logs).map(partition).collect());
            MetadataResponse::default().with_brokers(state.addresses.iter().map(broker).collect()).with_topics(vec![topic])
        })
    }

    fn offsets(&self, asked: &ListOffsetsRequest, node: i32) -> ListOffsetsResponse {
        self.with(|state| {
            let partitions = asked.topics[0].partitions.iter().map(|asked| {
                let log = &state.logs[usize::try_from(asked.partition_index).expect("small")];
                let code = if log.leader == node { 0 } else { 6 };
                let offset = if asked.timestamp == -1 { log.end } else { log.start };
                let answer = ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
                answer.with_error_code(code).with_offset(offset).with_timestamp(-1)
            });
            let topic = ListOffsetsTopicResponse::default().with_name(asked.topics[0].name.clone()).with_partitions(partitions.collect());
            ListOffsetsResponse::default().with_topics(vec![topic])
        })
    }

    async fn fetch(&self, asked: &FetchRequest, node: i32) -> FetchResponse {
        let end = tokio::time::Instant::now() + Duration::from_millis(u64::try_from(asked.max_wait_ms).expect("a wait"));
        loop {
            if self.with(|state| state.silent.contains(&node)) {
                std::future::pending::<()>().await;
            }
            let mut left = usize::try_from(asked.max_bytes).expect("bytes");
            let partitions: Vec<PartitionData> =
                asked.topics[0].partitions.iter().map(|asked| self.portion(asked, node, &mut left)).collect();
            let told = partitions.iter().any(|part| part.error_code != 0 || part.records.as_ref().is_some_and(|bytes| !bytes.is_empty()));
            if told || tokio::time::Instant::now() >= end {
                let topic = FetchableTopicResponse::default().with_topic(asked.topics[0].topic.clone()).with_partitions(partitions);
                return FetchResponse::default().with_responses(vec![topic]);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// As a broker does: a batch that goes beyond the limits is cut, unless it is the first of all.
    fn portion(&self, asked: &FetchPartition, node: i32, left: &mut usize) -> PartitionData {
        self.with(|state| {
            let log = &state.logs[usize::try_from(asked.partition).expect("small")];
            let answer = PartitionData::default().with_partition_index(asked.partition).with_last_stable_offset(log.end);
            let answer = answer.with_high_watermark(log.end).with_log_start_offset(log.start).with_records(Some(Bytes::new()));
            if log.leader != node {
                return answer.with_error_code(6);
            }
            if asked.fetch_offset > log.end || asked.fetch_offset < log.start {
                return answer.with_error_code(1);
            }
            let whole: Vec<u8> =
                log.batches.iter().filter(|(last, _)| *last >= asked.fetch_offset).flat_map(|(_, bytes)| bytes.to_vec()).collect();
            let first = log.batches.iter().find(|(last, _)| *last >= asked.fetch_offset).map_or(0, |(_, bytes)| bytes.len());
            let limit = usize::try_from(asked.partition_max_bytes).expect("bytes").min(*left);
            let taken = if first > limit && *left > 0 && limit > 0 { first } else { whole.len().min(limit) };
            *left = left.saturating_sub(taken);
            let aborted = log
                .aborted
                .iter()
                .map(|(producer, first)| AbortedTransaction::default().with_producer_id(ProducerId(*producer)).with_first_offset(*first));
            answer.with_aborted_transactions(Some(aborted.collect())).with_records(Some(Bytes::copy_from_slice(&whole[..taken])))
        })
    }
}

/// The broker's side of SCRAM, which keeps no password but what can be made of it.
#[derive(Debug, Default)]
struct ScramServer {
    /// Both first messages.
    said: String,
}

impl ScramServer {
    /// What is said to this, and whether the client is in; nothing when it is not who it says.
    fn hear(&mut self, heard: &str, (user, password): (&str, &str), mechanism: &str) -> Option<(String, bool)> {
        const SALT: &[u8] = b"a salt of the tests";
        if let Some(bare) = heard.strip_prefix("n,,") {
            let nonce = bare.strip_prefix(&format!("n={user},r="))?;
            let first = format!("r={nonce}-more,s={},i=8192", BASE64.encode(SALT));
            self.said = format!("{bare},{first}");
            return Some((first, false));
        }
        let (pbkdf, hash, hashed) = match mechanism {
            "SCRAM-SHA-512" => (pbkdf2::PBKDF2_HMAC_SHA512, hmac::HMAC_SHA512, &digest::SHA512),
            _ => (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256, &digest::SHA256),
        };
        let mut salted = vec![0; hashed.output_len()];
        pbkdf2::derive(pbkdf, std::num::NonZeroU32::new(8_192)?, SALT, password.as_bytes(), &mut salted);
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hash, key), text).as_ref().to_vec();
        let stored = digest::digest(hashed, &sign(&salted, b"Client Key"));
        let (end, proof) = heard.split_once(",p=")?;
        let all = format!("{},{end}", self.said);
        let signature = sign(stored.as_ref(), all.as_bytes());
        let key: Vec<u8> = BASE64.decode(proof.as_bytes()).ok()?.iter().zip(&signature).map(|(proof, sign)| proof ^ sign).collect();
        let known = digest::digest(hashed, &key).as_ref() == stored.as_ref();
        known.then(|| (format!("v={}", BASE64.encode(&sign(&sign(&salted, b"Server Key"), all.as_bytes()))), true))
    }
}
