//! Peers for tests of feeds, on 127.0.0.1: a server that answers as a test says, and a proxy that spoils what passes.

#![allow(dead_code, reason = "each test uses its part")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: Instant,
    /// `GET /path?query HTTP/1.1` and the headers.
    pub head: String,
    pub body: String,
}

impl Asked {
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| line.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim()))
    }
    pub fn query(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://x{}", self.path())).ok()?;
        url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    Json(String),
    Full {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Is kept back for so long.
    Later(Duration, Box<Self>),
    /// Never answers.
    Hang,
    /// Announces more than it sends.
    Truncated(String),
    /// Sends the bytes as they are and keeps the connection open.
    Raw(Vec<u8>),
}

impl Reply {
    pub fn status(status: u16, headers: &[(&'static str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self::Full { status, headers, body: body.as_bytes().to_vec() }
    }
}

/// A server whose every answer is a test's own.
#[derive(Debug)]
pub struct Peer {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// `answer` gets the request and how many came before it.
    pub async fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (known, answer) = (Arc::clone(&asked), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&known), Arc::clone(&answer)));
            }
        });
        Self { address, asked, task }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }
}

async fn serve(mut stream: TcpStream, known: Arc<Mutex<Vec<Asked>>>, answer: Arc<impl Fn(&Asked, usize) -> Reply>) {
    let Some(asked) = read_request(&mut stream).await else { return };
    let before = {
        let mut list = known.lock().expect("no panic");
        list.push(asked.clone());
        list.len() - 1
    };
    let mut reply = answer(&asked, before);
    while let Reply::Later(wait, later) = reply {
        tokio::time::sleep(wait).await;
        reply = *later;
    }
    let bytes = match reply {
        Reply::Later(..) => return,
        Reply::Json(body) => response(200, &[("content-type", "application/json".into())], body.as_bytes(), body.len()),
        Reply::Full { status, headers, body } => response(status, &headers, &body, body.len()),
        Reply::Truncated(body) => response(200, &[], body.as_bytes(), body.len() + 100),
        Reply::Hang => std::future::pending().await,
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes).await;
            std::future::pending().await
        }
    };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let asked = Asked { at: Instant::now(), head: head.to_owned(), body: body.to_owned() };
        let length: usize = asked.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            return Some(asked);
        }
    }
}

fn response(status: u16, headers: &[(&'static str, String)], body: &[u8], length: usize) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut bytes = format!("{head}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// `size` zero bytes as gzip, small on the wire: one literal, then "258 bytes from one byte back" again and again.
pub fn gzip_bomb(size: usize) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut acc, mut used) = (0u32, 0);
    let mut push = |bits: &str| {
        for bit in bits.bytes() {
            acc |= u32::from(bit - b'0') << used;
            used += 1;
            if used == 8 {
                bytes.push(u8::try_from(acc).expect("a byte"));
                (acc, used) = (0, 0);
            }
        }
    };
    push("110");
    push("00110000");
    for _ in 0..size / 258 {
        push("11000101");
        push("00000");
    }
    push("0000000");
    push("0000000");
    bytes.extend_from_slice(&[0; 8]);
    bytes
}

/// What the proxy does to what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toxic {
    None,
    Latency(Duration),
    /// No connection is taken.
    Down,
    /// Bytes a second.
    Bandwidth(usize),
    /// Taken, but nothing passes.
    Timeout,
    /// Broken off after so many bytes of an answer.
    LimitData(usize),
    /// Closed hard as soon as the first byte of an answer would pass.
    Reset,
    /// One byte at a time.
    Slicer,
    /// Every n-th byte of an answer has a flipped bit.
    Flip(usize),
}

/// A proxy in front of a peer.
#[derive(Debug)]
pub struct FaultProxy {
    pub address: SocketAddr,
    toxic: Arc<Mutex<Toxic>>,
    task: JoinHandle<()>,
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FaultProxy {
    /// What comes from the peer is spoiled.
    pub async fn start(upstream: SocketAddr) -> Self {
        Self::start_at(0, upstream, false).await
    }

    /// What goes to the peer is spoiled too.
    pub async fn start_both_ways(upstream: SocketAddr) -> Self {
        Self::start_at(0, upstream, true).await
    }

    pub async fn start_at(port: u16, upstream: SocketAddr, both_ways: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let toxic = Arc::new(Mutex::new(Toxic::None));
        let now = Arc::clone(&toxic);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *now.lock().expect("no panic") == Toxic::Down {
                    drop(client);
                    continue;
                }
                let now = Arc::clone(&now);
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(upstream).await else { return };
                    let (mut from_client, to_client) = client.into_split();
                    let (from_server, mut to_server) = server.into_split();
                    let going = Arc::clone(&now);
                    let up = async move {
                        if both_ways {
                            spoil(from_client, to_server, going).await;
                        } else {
                            let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
                        }
                    };
                    // the end of either way is the end of both
                    tokio::select! {
                        () = up => {}
                        () = spoil(from_server, to_client, now) => {}
                    }
                });
            }
        });
        Self { address, toxic, task }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, toxic: Toxic) {
        *self.toxic.lock().expect("no panic") = toxic;
    }
}

async fn spoil(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, toxic: Arc<Mutex<Toxic>>) {
    let mut passed = 0;
    let mut chunk = vec![0; 8192];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        let now = *toxic.lock().expect("no panic");
        let bytes = &mut chunk[..count];
        let sent = match now {
            Toxic::None => to.write_all(bytes).await,
            Toxic::Latency(time) => {
                tokio::time::sleep(time).await;
                to.write_all(bytes).await
            }
            Toxic::Bandwidth(rate) => {
                tokio::time::sleep(Duration::from_millis((count * 1_000 / rate) as u64)).await;
                to.write_all(bytes).await
            }
            Toxic::Timeout => std::future::pending().await,
            Toxic::Down | Toxic::Reset => return,
            Toxic::LimitData(limit) => {
                let part = count.min(limit.saturating_sub(passed));
                let _ = to.write_all(&bytes[..part]).await;
                if part < count {
                    return;
                }
                Ok(())
            }
            Toxic::Slicer => {
                let mut sent = Ok(());
                for byte in bytes.iter() {
                    sent = to.write_all(&[*byte]).await;
                    tokio::task::yield_now().await;
                }
                sent
            }
            Toxic::Flip(every) => {
                for (index, byte) in bytes.iter_mut().enumerate() {
                    if (passed + index + 1) % every == 0 {
                        *byte ^= 0x10;
                    }
                }
                to.write_all(bytes).await
            }
        };
        passed += count;
        if sent.is_err() {
            return;
        }
    }
}
