//! A topic of a Kafka-protocol broker, all partitions of it, read behind positions of our own.
//!
//! No consumer group: the offsets of all partitions are the feed's cursor, stored in the transaction of the events that they
//! belong to, so a crash on either side neither loses nor doubles a record. Nobody else is asked to step aside for the desk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use rskafka::BackoffConfig;
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder, Credentials, SaslConfig};
use rskafka::record::RecordAndOffset;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::timeout;

use super::broker::{Inlet, Kafka, Message, filled};
use super::fault::{Fault, FaultKind};
use super::outlet::{Gone, Outlet};
use super::template::Values;
use crate::clock;
use crate::engine::time::At;

/// Longest for everything that opens a topic.
const OPENING: Duration = Duration::from_secs(6);
/// Longest that the broker holds a fetch which finds nothing.
const WAIT: Duration = Duration::from_millis(500);
/// Beyond it the broker is silent.
const SILENCE: Duration = Duration::from_millis(2_500);
/// Bytes of one fetch; a single larger batch still comes.
const FETCH_BYTES: i32 = 1 << 19;
/// Largest answer that is taken from a broker. The library unpacks a batch whole, and gzip packs at most 1,032 times: a malicious
/// broker can cost 2 GiB, no more. It is also why zstd, which packs without such a bound, is not read.
const MAX_ANSWER_BYTES: usize = 2 << 20;
/// Partitions of a topic at most.
const MAX_PARTITIONS: usize = 256;
/// How often we look for partitions that were added.
const LOOK: Duration = Duration::from_secs(60);
/// The library's own retries end early, for ours are shown.
const RETRIES: BackoffConfig = BackoffConfig {
    init_backoff: Duration::from_millis(50),
    max_backoff: Duration::from_millis(200),
    base: 2.0,
    deadline: Some(Duration::from_millis(500)),
};

/// The next offset of each partition, as it is stored.
type Offsets = BTreeMap<i32, i64>;

/// Reads the topic until it breaks; the caller opens it again.
///
/// # Errors
/// When no broker can be reached, the topic cannot be read, or the connection ends.
pub async fn listen(kafka: &Kafka, inlet: &Inlet, start: At, outlet: &mut Outlet) -> Result<(), Fault> {
    let values = &inlet.account().values;
    let topic = filled(Some(&kafka.topic), values)?;
    let stored: Offsets = outlet.cursor().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let opening = async {
        let client = connect(kafka, values).await?;
        let partitions = partitions(&client, &topic).await?;
        let (topic, known, now) = (topic.clone(), BTreeMap::new(), clock::instant());
        let mut reader = Reader { inlet, topic, client, offsets: stored, known, gone: 0, looked: now, reported: now };
        reader.enter(&partitions, Begin::At(start)).await?;
        Ok(reader)
    };
    let opened: Result<Reader<'_>, Fault> =
        timeout(OPENING, opening).await.map_err(|_| Fault::new(FaultKind::Timeout, "the topic does not open within 6 s"))?;
    let mut reader = opened?;
    if reader.gone > 0 {
        let error = format!("gap: {} records were deleted before they were read", reader.gone);
        outlet.note(|state| {
            state.errors += 1;
            state.last_error = Some(error.into());
        });
    }
    reader.run(outlet).await
}

async fn connect(kafka: &Kafka, values: &Values) -> Result<Client, Fault> {
    let servers = filled(Some(&kafka.servers), values)?;
    let servers: Vec<&str> = servers.split(',').map(str::trim).filter(|server| !server.is_empty()).collect();
    let secured = servers.iter().any(|server| server.starts_with("tls://"));
    let brokers: Vec<String> = servers.iter().map(|server| server.strip_prefix("tls://").unwrap_or(server).to_owned()).collect();
    let named = |broker: &String| broker.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if brokers.is_empty() || !brokers.iter().all(named) {
        return Err(Fault::new(FaultKind::Refused, "`servers` holds no host:port of a broker").fatal());
    }
    let mut builder = ClientBuilder::new(brokers).client_id("warroom").max_message_size(MAX_ANSWER_BYTES).backoff_config(RETRIES);
    if secured {
        builder = builder.tls_config(Arc::new(trust(&filled(kafka.access.ca.as_ref(), values)?)?));
    }
    let access = &kafka.access;
    let (user, password) = (filled(access.user.as_ref(), values)?, filled(access.password.as_ref(), values)?);
    if !user.is_empty() {
        let credentials = Credentials::new(user, password);
        let sasl = match filled(access.mechanism.as_ref(), values)?.to_ascii_lowercase().as_str() {
            "" | "plain" => SaslConfig::Plain(credentials),
            "scram-sha-256" => SaslConfig::ScramSha256(credentials),
            "scram-sha-512" => SaslConfig::ScramSha512(credentials),
            other => {
                let why = format!("`{other}` is no mechanism; write plain, scram-sha-256 or scram-sha-512");
                return Err(Fault::new(FaultKind::Refused, why).fatal());
            }
        };
        builder = builder.sasl_config(sasl);
    }
    builder.build().await.map_err(|error| fault(&error))
}

/// The machine's own certificates decide whom we believe, and those of the file `ca`.
fn trust(ca: &str) -> Result<rustls::ClientConfig, Fault> {
    let mut roots = rustls::RootCertStore::empty();
    // one that cannot be read is no reason to believe nobody
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if !ca.is_empty() {
        let unreadable = |error: rustls::pki_types::pem::Error| Fault::new(FaultKind::Input, format!("{ca}: {error}")).fatal();
        for certificate in CertificateDer::pem_file_iter(ca).map_err(unreadable)? {
            let refused = |error: rustls::Error| Fault::new(FaultKind::Input, format!("{ca}: {error}")).fatal();
            roots.add(certificate.map_err(unreadable)?).map_err(refused)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Fault::new(FaultKind::Tls, error.to_string()).fatal())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The partitions of the topic.
async fn partitions(client: &Client, topic: &str) -> Result<Vec<i32>, Fault> {
    let topics = client.list_topics().await.map_err(|error| fault(&error))?;
    let found = topics.into_iter().find(|known| known.name == topic);
    let partitions: Vec<i32> = found.map(|found| found.partitions.into_iter().collect()).unwrap_or_default();
    match partitions.len() {
        0 => Err(Fault::new(FaultKind::Refused, format!("there is no topic `{topic}`"))),
        1..=MAX_PARTITIONS => Ok(partitions),
        _ => Err(Fault::new(FaultKind::TooLarge, format!("the topic `{topic}` has more than {MAX_PARTITIONS} partitions")).fatal()),
    }
}

/// Where a partition is begun that the journal does not know.
#[derive(Clone, Copy)]
enum Begin {
    At(At),
    /// It was added while we read: all of it is new.
    Earliest,
}

/// One partition.
struct Partition {
    client: Arc<PartitionClient>,
    /// Everything before this has been read.
    read_to: Option<At>,
    /// True once it was read to its end.
    caught_up: bool,
}

/// What a fetch found.
enum Found {
    /// Records, and the end of the partition.
    Records(Vec<RecordAndOffset>, i64),
    /// The place is none any more: the topic was made anew, or what was there is deleted.
    Nowhere,
}

/// The partition, when it was asked, and what was found.
type Fetched = (i32, At, Result<Found, Fault>);

/// One connection's reading of the topic.
struct Reader<'r> {
    inlet: &'r Inlet,
    topic: String,
    client: Client,
    offsets: Offsets,
    known: BTreeMap<i32, Partition>,
    /// Records that were deleted before we came back for them.
    gone: i64,
    looked: Instant,
    reported: Instant,
}

impl Reader<'_> {
    /// Finds the place in each of these partitions.
    async fn enter(&mut self, partitions: &[i32], begin: Begin) -> Result<(), Fault> {
        for partition in partitions {
            let client = self.client.partition_client(self.topic.clone(), *partition, UnknownTopicHandling::Error);
            let client = client.await.map_err(|error| fault(&error))?;
            let at = |place: OffsetAt| {
                let client = &client;
                async move { client.get_offset(place).await.map_err(|error| fault(&error)) }
            };
            let offset = match (self.offsets.get(partition).copied(), begin) {
                (Some(known), _) => {
                    let earliest = at(OffsetAt::Earliest).await?;
                    self.gone += (earliest - known).max(0);
                    known.max(earliest)
                }
                (None, Begin::Earliest) => at(OffsetAt::Earliest).await?,
                (None, Begin::At(start)) => {
                    // the end first: what comes behind it is new, whatever the next answer says
                    let latest = at(OffsetAt::Latest).await?;
                    let time = DateTime::from_timestamp_millis(start.ms()).unwrap_or_default();
                    let found = at(OffsetAt::Timestamp(time)).await?;
                    if found < 0 { latest } else { found }
                }
            };
            self.offsets.insert(*partition, offset);
            self.known.insert(*partition, Partition { client: Arc::new(client), read_to: None, caught_up: false });
        }
        Ok(())
    }

    /// Fetches from all partitions at once until the owner goes.
    async fn run(&mut self, outlet: &mut Outlet) -> Result<(), Fault> {
        let mut fetches: FuturesUnordered<BoxFuture<'static, Fetched>> = FuturesUnordered::new();
        for partition in self.known.keys().copied().collect::<Vec<_>>() {
            fetches.extend(self.fetch(partition, outlet.now()));
        }
        self.note(outlet);
        if outlet.report().await.is_err() {
            return Ok(());
        }
        while let Some((partition, asked, found)) = fetches.next().await {
            match found? {
                Found::Records(records, end) => {
                    if self.take(partition, asked, (records, end), outlet).await?.is_err() {
                        return Ok(());
                    }
                }
                Found::Nowhere => self.begin_anew(partition, outlet).await?,
            }
            fetches.extend(self.fetch(partition, outlet.now()));
            for added in self.look().await? {
                fetches.extend(self.fetch(added, outlet.now()));
            }
        }
        Err(Fault::new(FaultKind::Truncated, "the topic has no partitions any more"))
    }

    fn fetch(&self, partition: i32, asked: At) -> Option<BoxFuture<'static, Fetched>> {
        let client = Arc::clone(&self.known.get(&partition)?.client);
        let offset = self.offsets.get(&partition).copied()?;
        let wait = i32::try_from(WAIT.as_millis()).ok()?;
        Some(Box::pin(async move {
            let fetched = timeout(SILENCE, client.fetch_records(offset, 1..FETCH_BYTES, wait)).await;
            let found = match fetched {
                Err(_) => Err(Fault::new(FaultKind::Timeout, "the broker is silent")),
                Ok(Ok((records, end))) => Ok(Found::Records(records, end)),
                Ok(Err(Error::ServerError { protocol_error: ProtocolError::OffsetOutOfRange, .. })) => Ok(Found::Nowhere),
                Ok(Err(error)) => Err(fault(&error)),
            };
            (partition, asked, found)
        }))
    }

    /// Goes on at the earliest record there is.
    async fn begin_anew(&mut self, partition: i32, outlet: &mut Outlet) -> Result<(), Fault> {
        self.offsets.remove(&partition);
        self.enter(&[partition], Begin::Earliest).await?;
        outlet.note(|state| {
            state.errors += 1;
            state.last_error =
                Some(format!("gap: partition {partition} has lost the place where it was read to, and is read from its beginning").into());
        });
        Ok(())
    }

    /// Hands over what a fetch found. The inner error means that the owner has gone.
    async fn take(
        &mut self,
        partition: i32,
        asked: At,
        (records, end): (Vec<RecordAndOffset>, i64),
        outlet: &mut Outlet,
    ) -> Result<Result<(), Gone>, Fault> {
        let next = records.last().map(|last| last.offset + 1);
        let told = records.last().map(|last| At::from_ms(last.record.timestamp.timestamp_millis()));
        // the broker's own marks between records are counted, but never come
        let ended = next.is_none_or(|next| next >= end);
        if let Some(known) = self.known.get_mut(&partition) {
            known.caught_up |= ended;
            known.read_to = known.read_to.max(if ended { Some(asked) } else { told.map(|told| told.min(asked)) });
        }
        let Some(next) = next else {
            self.note(outlet);
            // many partitions have one health
            if self.reported.elapsed() < WAIT {
                return Ok(Ok(()));
            }
            self.reported = clock::instant();
            return Ok(outlet.report().await);
        };
        let messages = records.into_iter().map(|record| message(&self.topic, partition, record)).collect();
        let mapped = self.inlet.read(messages, outlet.now()).await?;
        self.offsets.insert(partition, next);
        self.note(outlet);
        Ok(outlet.deliver(mapped, serde_json::to_string(&self.offsets).ok()).await)
    }

    /// Complete is what all partitions have told.
    fn note(&self, outlet: &mut Outlet) {
        let told: Option<At> = self.known.values().map(|partition| partition.read_to).min().flatten();
        let Some(told) = told else { return };
        if self.known.values().all(|partition| partition.caught_up) { outlet.note_success(told) } else { outlet.note_progress(told) }
    }

    /// Partitions that were added since the last look.
    async fn look(&mut self) -> Result<Vec<i32>, Fault> {
        if self.looked.elapsed() < LOOK {
            return Ok(Vec::new());
        }
        self.looked = clock::instant();
        let looking = timeout(OPENING, partitions(&self.client, &self.topic)).await;
        let all = looking.map_err(|_| Fault::new(FaultKind::Timeout, "the broker is silent"))??;
        let added: Vec<i32> = all.into_iter().filter(|partition| !self.known.contains_key(partition)).collect();
        self.enter(&added, Begin::Earliest).await?;
        Ok(added)
    }
}

fn message(topic: &str, partition: i32, RecordAndOffset { record, offset }: RecordAndOffset) -> Message {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Message {
        place: format!("partition {partition} offset {offset}"),
        subject: topic.to_owned(),
        key: record.key.map(text).unwrap_or_default(),
        headers: record.headers.into_iter().map(|(name, value)| (name, text(value))).collect(),
        payload: record.value.unwrap_or_default(),
    }
}

/// What went wrong, without the addresses that the library names.
fn fault(error: &Error) -> Fault {
    if let Error::ServerError { protocol_error, .. } = error {
        let kind = match protocol_error {
            ProtocolError::TopicAuthorizationFailed
            | ProtocolError::ClusterAuthorizationFailed
            | ProtocolError::SaslAuthenticationFailed => FaultKind::Unauthorized,
            ProtocolError::CorruptMessage => FaultKind::BadBody,
            _ => FaultKind::Refused,
        };
        return Fault::new(kind, format!("the broker says {protocol_error:?}"));
    }
    let said = error.to_string();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let (kind, detail) = if has(&["Message too large"]) {
        (FaultKind::TooLarge, "an answer of more than 2 MiB: let the producers write smaller batches")
    } else if has(&["Sasl", "SASL"]) {
        (FaultKind::Unauthorized, "the broker does not accept the user")
    } else if has(&["certificate", "Certificate"]) {
        (FaultKind::Tls, "the certificate is not valid for the broker")
    } else if has(&["refused", "unreachable", "lookup address", "No route"]) {
        (FaultKind::Unreachable, "no broker answers")
    } else if has(&["Timeout", "timed out"]) {
        (FaultKind::Timeout, "the broker is silent")
    } else if has(&["compression"]) {
        (FaultKind::BadBody, "records are compressed in a way that this program does not read")
    } else if has(&["CRC", "Malformed", "malformed", "Invalid", "Cannot read", "overflow"]) {
        (FaultKind::BadBody, "an answer that is not of the Kafka protocol")
    } else {
        (FaultKind::Truncated, "the connection to the broker broke")
    };
    Fault::new(kind, detail)
}
