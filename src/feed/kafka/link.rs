//! One connection to a broker: opened, let in, and asked one thing at a time; no answer is larger in memory than it may be.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::super::fault::{Fault, FaultKind};
use super::login::{Login, Opening};
use super::wire::{Malformed, Sink, Source, refusal};
use crate::clock;

/// Longest for a connection, its TLS included.
const CONNECT: Duration = Duration::from_secs(3);
/// Beyond it, without a byte, the broker is silent.
const SILENCE: Duration = Duration::from_millis(2_500);
/// Longest that an answer may take as a whole.
const ANSWER: Duration = Duration::from_secs(30);
/// Largest answer to a question about a topic.
pub const SMALL_BYTES: usize = 2 << 20;
/// Largest answer to a question about the broker itself.
const TINY_BYTES: usize = 64 << 10;
/// Bytes that are read at once.
const CHUNK_BYTES: u64 = 64 << 10;
/// Mechanisms of a broker that are told.
const MOST_MECHANISMS: usize = 8;

const API_FETCH: i16 = 1;
const API_LIST_OFFSETS: i16 = 2;
const API_METADATA: i16 = 3;
const API_SASL_HANDSHAKE: i16 = 17;
const API_VERSIONS: i16 = 18;
const API_SASL_AUTHENTICATE: i16 = 36;
/// The version that is asked for first knows an older broker's answer to a version that it does not know.
const UNSUPPORTED_VERSION: i16 = 35;

/// What is asked, in versions that all brokers from Kafka 0.11 to 4 know. Only of fetches there are several: batches that are
/// packed with zstd come with the tenth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    Fetch,
    ListOffsets,
    Metadata,
}

const VERSIONS: [(Api, i16, i16, i16); 3] =
    [(Api::Fetch, API_FETCH, 4, 10), (Api::ListOffsets, API_LIST_OFFSETS, 2, 2), (Api::Metadata, API_METADATA, 4, 4)];

/// How brokers are entered.
#[derive(Clone, Debug, Default)]
pub struct Entrance {
    pub tls: Option<Arc<rustls::ClientConfig>>,
    pub login: Option<Login>,
}

trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<W: AsyncRead + AsyncWrite + Send + Sync + Unpin> Wire for W {}

/// An answer, or as much of it as was taken.
#[derive(Debug)]
pub struct Answer {
    pub bytes: Vec<u8>,
    /// It was larger than is taken: this is its beginning, and the connection is of no more use.
    pub cut: bool,
    /// Held while a large answer is in memory.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// What becomes of an answer that is large.
#[derive(Clone, Debug)]
pub enum Room {
    /// It is refused beyond so many bytes.
    Small(usize),
    /// One larger than `small` waits for its turn, one larger than `most` is cut.
    Large { small: usize, most: usize, turn: Arc<Semaphore> },
}

/// A connection.
pub struct Link {
    wire: Box<dyn Wire>,
    asked: i32,
    versions: [i16; VERSIONS.len()],
    /// The broker will end it then, for we have to log in anew.
    until: Option<Instant>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("versions", &self.versions).finish_non_exhaustive()
    }
}

impl Link {
    /// Connects and logs in.
    ///
    /// # Errors
    /// When nobody answers, the certificate is not valid, we are not let in, or it is no Kafka broker.
    pub async fn open(address: &str, entrance: &Entrance) -> Result<Self, Fault> {
        let connecting = timeout(CONNECT, connect(address, entrance.tls.clone())).await;
        let wire = connecting.map_err(|_| Fault::new(FaultKind::Timeout, "no connection within 3 s"))??;
        let mut link = Self { wire, asked: 0, versions: [0; VERSIONS.len()], until: None };
        link.versions = link.agree().await?;
        if let Some(login) = &entrance.login {
            link.log_in(login).await?;
        }
        Ok(link)
    }

    /// False when the broker is about to end it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.until.is_none_or(|until| clock::instant() < until)
    }

    /// The version in which this is asked.
    #[must_use]
    pub fn version(&self, api: Api) -> i16 {
        VERSIONS.iter().zip(self.versions).find(|((known, ..), _)| *known == api).map_or(0, |(_, version)| version)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer takes too long, is too large or is another's.
    pub async fn ask(&mut self, api: Api, body: &[u8], room: Room) -> Result<Answer, Fault> {
        let key = VERSIONS.iter().find(|(known, ..)| *known == api).map_or(API_VERSIONS, |(_, key, ..)| *key);
        self.exchange((key, self.version(api)), body, room).await
    }

    async fn exchange(&mut self, (key, version): (i16, i16), body: &[u8], room: Room) -> Result<Answer, Fault> {
        self.asked = self.asked.wrapping_add(1);
        let message = Sink::default().i16(key).i16(version).i32(self.asked).text("warroom").raw(body).done();
        let framed = Sink::default().bytes(&message).done();
        let asking = async {
            self.wire.write_all(&framed).await?;
            self.wire.flush().await
        };
        timeout(SILENCE, asking).await.map_err(|_| silent())?.map_err(|error| broke(&error))?;
        timeout(ANSWER, self.receive(room)).await.map_err(|_| silent())?
    }

    async fn receive(&mut self, room: Room) -> Result<Answer, Fault> {
        let mut length = [0; 4];
        timeout(SILENCE, self.wire.read_exact(&mut length)).await.map_err(|_| silent())?.map_err(|error| broke(&error))?;
        let length = usize::try_from(i32::from_be_bytes(length)).map_err(|_| Malformed)?;
        let (most, permit) = match room {
            Room::Small(most) if length > most => return Err(Malformed.into()),
            Room::Small(_) => (length, None),
            Room::Large { small, most, turn } if length > small => (length.min(most), turn.acquire_owned().await.ok()),
            Room::Large { .. } => (length, None),
        };
        let mut bytes = Vec::with_capacity(most);
        while bytes.len() < most {
            let left = (most - bytes.len()) as u64;
            let mut chunk = (&mut self.wire).take(left.min(CHUNK_BYTES));
            let read = timeout(SILENCE, chunk.read_buf(&mut bytes)).await.map_err(|_| silent())?;
            if read.map_err(|error| broke(&error))? == 0 {
                return Err(broken());
            }
        }
        let asked = Source::new(&bytes).i32()?;
        if asked != self.asked {
            return Err(Malformed.into());
        }
        bytes.drain(..4);
        Ok(Answer { bytes, cut: length > most, permit })
    }

    /// The versions in which we shall ask.
    async fn agree(&mut self) -> Result<[i16; VERSIONS.len()], Fault> {
        let answer = self.exchange((API_VERSIONS, 0), &[], Room::Small(TINY_BYTES)).await?;
        let mut source = Source::new(&answer.bytes);
        let code = source.i16()?;
        if code != 0 && code != UNSUPPORTED_VERSION {
            return Err(refusal(code));
        }
        let mut known = Vec::new();
        for _ in 0..source.length()? {
            known.push((source.i16()?, source.i16()?, source.i16()?));
        }
        let mut versions = [0; VERSIONS.len()];
        for (agreed, (api, key, least, most)) in versions.iter_mut().zip(VERSIONS) {
            let (_, from, to) = known.iter().copied().find(|(known, ..)| *known == key).unwrap_or((key, -1, -1));
            *agreed = to.min(most);
            if *agreed < least.max(from) {
                let why = format!("the broker speaks {api:?} in versions {from} to {to}, this program in {least} to {most}");
                return Err(Fault::new(FaultKind::Refused, why));
            }
        }
        Ok(versions)
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), Fault> {
        let body = Sink::default().text(login.mechanism.name()).done();
        let answer = self.exchange((API_SASL_HANDSHAKE, 1), &body, Room::Small(TINY_BYTES)).await?;
        let mut source = Source::new(&answer.bytes);
        let code = source.i16()?;
        if code != 0 {
            let count = source.length()?.min(MOST_MECHANISMS);
            let offered: Result<Vec<String>, Malformed> = (0..count).map(|_| source.text()).collect();
            let offered = offered?.join(", ");
            let why = format!("the broker does not take {}, but {offered}", login.mechanism.name());
            return Err(if offered.is_empty() { refusal(code) } else { Fault::new(FaultKind::Unauthorized, why) });
        }
        let (said, lifetime_ms) = match login.open()? {
            Opening::Plain(said) => (said, None),
            Opening::Scram(scram) => {
                let (heard, _) = self.authenticate(scram.first().as_bytes()).await?;
                // it computes for a while
                let proving = tokio::task::spawn_blocking(move || scram.prove(&heard)).await;
                let proof = proving.map_err(|_| Fault::new(FaultKind::Crashed, "the login broke"))??;
                let (heard, lifetime_ms) = self.authenticate(proof.message.as_bytes()).await?;
                proof.check(&heard)?;
                (Vec::new(), Some(lifetime_ms))
            }
        };
        let lifetime_ms = match lifetime_ms {
            Some(lifetime_ms) => lifetime_ms,
            None => self.authenticate(&said).await?.1,
        };
        // a little before it ends
        let lifetime = u64::try_from(lifetime_ms).ok().filter(|ms| *ms > 0).map(|ms| Duration::from_millis(ms / 10 * 8));
        self.until = lifetime.and_then(|lifetime| clock::instant().checked_add(lifetime));
        Ok(())
    }

    /// What the broker says to this, and how long it will believe us.
    async fn authenticate(&mut self, said: &[u8]) -> Result<(Vec<u8>, i64), Fault> {
        let body = Sink::default().bytes(said).done();
        let answer = self.exchange((API_SASL_AUTHENTICATE, 1), &body, Room::Small(TINY_BYTES)).await;
        // some brokers hang up on a wrong password
        let no = || Fault::new(FaultKind::Unauthorized, "the broker does not accept the user");
        let answer = answer.map_err(|fault| if fault.kind == FaultKind::Truncated { no() } else { fault })?;
        let mut source = Source::new(&answer.bytes);
        let (code, _) = (source.i16()?, source.text()?);
        if code != 0 {
            return Err(no());
        }
        Ok((source.bytes()?.to_vec(), source.i64()?))
    }
}

async fn connect(address: &str, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Box<dyn Wire>, Fault> {
    let unreached = |_: io::Error| Fault::new(FaultKind::Unreachable, "no broker answers");
    let stream = TcpStream::connect(address).await.map_err(unreached)?;
    // a question is a small packet that an answer is waited for
    stream.set_nodelay(true).map_err(|error| broke(&error))?;
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Fault::new(FaultKind::Tls, "the broker has no name for a certificate"))?;
    Ok(Box::new(TlsConnector::from(tls).connect(name, stream).await.map_err(|error| broke(&error))?))
}

/// What went wrong, without an address.
fn broke(error: &io::Error) -> Fault {
    match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => Fault::new(FaultKind::Tls, "the certificate is not valid for the broker"),
        Some(_) => Fault::new(FaultKind::Tls, "the broker speaks no TLS that we speak"),
        None => broken(),
    }
}

fn broken() -> Fault {
    Fault::new(FaultKind::Truncated, "the connection to the broker broke")
}

fn silent() -> Fault {
    Fault::new(FaultKind::Timeout, "the broker is silent")
}
