//! The listener for deliveries: one for each address, with a route for each feed, and a limit for everything.
//!
//! Slow, huge, broken and countless peers get an answer or an end; a good delivery is always taken in between.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Incoming as IncomingBody};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::fault::{Fault, FaultKind};
use super::signature::Delivery;
use crate::clock;
use crate::engine::id::Table;

/// Connections at once, whatever they do: a process often may open no more than 1,024 files.
const MAX_CONNECTIONS: usize = 640;
/// Whole deliveries at work at once; the next ones wait.
const MAX_AT_WORK: usize = 64;
/// A connection that is so young may still have its headers on the way.
const YOUNG: Duration = Duration::from_millis(250);
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest that a delivery may wait for its feed and the journal.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BODY_BYTES: usize = 256 << 10;
const MAX_HEADERS: usize = 64;
/// Longest that answers which are on their way may take when the doors are closed.
const CLOSING: Duration = Duration::from_secs(2);
/// Deliveries that may wait for a feed; more are told to come again.
const QUEUE_DELIVERIES: usize = 256;

/// A delivery that waits for its answer.
#[derive(Debug)]
pub struct Incoming {
    pub delivery: Delivery,
    pub answer: oneshot::Sender<Answer>,
}

/// What a delivery is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Answer {
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }
}

type Routes = Arc<Mutex<Table<String, mpsc::Sender<Incoming>>>>;

/// The open listeners by address.
#[derive(Debug, Default)]
pub struct Doors(Mutex<Table<SocketAddr, Door>>);

#[derive(Debug)]
struct Door {
    routes: Routes,
    connections: Arc<Connections>,
    closing: watch::Sender<bool>,
    task: AbortHandle,
}

/// A feed's place at a door; it leaves with the value.
#[derive(Debug)]
pub struct Place {
    pub deliveries: mpsc::Receiver<Incoming>,
    routes: Routes,
    path: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.routes).shift_remove(&self.path);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // what a panicking task left behind is still a list of routes
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Doors {
    /// Takes a path at an address; the first feed there opens the listener.
    ///
    /// # Errors
    /// When the address cannot be listened at or the path is taken.
    pub fn enter(&self, address: SocketAddr, path: &str) -> Result<Place, Fault> {
        let mut doors = locked(&self.0);
        let routes = match doors.get(&address) {
            Some(door) => Arc::clone(&door.routes),
            None => {
                let routes = Routes::default();
                let (connections, closing) = (Arc::<Connections>::default(), watch::Sender::new(false));
                let task = open(address, Arc::clone(&routes), Arc::clone(&connections), closing.subscribe())?;
                doors.insert(address, Door { routes: Arc::clone(&routes), connections, closing, task });
                routes
            }
        };
        let (tx, deliveries) = mpsc::channel(QUEUE_DELIVERIES);
        let mut known = locked(&routes);
        if known.contains_key(path) {
            return Err(Fault::new(FaultKind::Input, format!("another feed listens at {path}")));
        }
        known.insert(path.to_owned(), tx);
        drop(known);
        Ok(Place { deliveries, routes, path: path.to_owned() })
    }

    /// Lets the answers out that are on their way, and ends the connections.
    pub async fn close(&self) {
        let open: Vec<Arc<Connections>> = locked(&self.0)
            .values()
            .map(|door| {
                door.closing.send_replace(true);
                Arc::clone(&door.connections)
            })
            .collect();
        let all = async {
            for connections in open {
                connections.end().await;
            }
        };
        // who does not take its answer in time goes without
        let _ = tokio::time::timeout(CLOSING, all).await;
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        for door in locked(&self.0).values() {
            door.task.abort();
        }
    }
}

fn open(address: SocketAddr, routes: Routes, connections: Arc<Connections>, closing: watch::Receiver<bool>) -> Result<AbortHandle, Fault> {
    let input = |error: std::io::Error| Fault::new(FaultKind::Input, format!("cannot listen at port {}: {error}", address.port()));
    let listener = std::net::TcpListener::bind(address).map_err(input)?;
    listener.set_nonblocking(true).map_err(input)?;
    let listener = TcpListener::from_std(listener).map_err(input)?;
    Ok(tokio::spawn(accept(listener, routes, connections, closing)).abort_handle())
}

/// A connection as the listener sees it.
#[derive(Debug)]
struct Connection {
    number: u64,
    since: Instant,
    task: AbortHandle,
    /// True from the end of a request's headers to its answer.
    busy: Arc<AtomicBool>,
}

/// The connections of one listener, oldest first.
#[derive(Debug, Default)]
struct Connections {
    list: Mutex<VecDeque<Connection>>,
    left: Notify,
}

impl Connections {
    /// Makes room for one more: the oldest that has not sent its headers is closed; while all are at work, the next ones wait.
    async fn make_room(&self) {
        loop {
            let left = self.left.notified();
            {
                let mut list = locked(&self.list);
                if list.len() < MAX_CONNECTIONS {
                    return;
                }
                let may_go = |connection: &Connection| !connection.busy.load(Ordering::Acquire) && connection.since.elapsed() >= YOUNG;
                if let Some(index) = list.iter().position(may_go)
                    && let Some(oldest) = list.remove(index)
                {
                    oldest.task.abort();
                    return;
                }
            }
            // either somebody leaves or somebody is no longer young
            let _ = tokio::time::timeout(YOUNG, left).await;
        }
    }

    /// Waits until all have left.
    async fn end(&self) {
        loop {
            let left = self.left.notified();
            if locked(&self.list).is_empty() {
                return;
            }
            left.await;
        }
    }

    fn leave(&self, number: u64) {
        locked(&self.list).retain(|connection| connection.number != number);
        self.left.notify_waiters();
    }
}

/// Tells the list when a connection's task ends, however it ends.
struct Leaving {
    connections: Arc<Connections>,
    number: u64,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.connections.leave(self.number);
    }
}

/// Ends what it began.
struct AbortAll(Arc<Connections>);

impl Drop for AbortAll {
    fn drop(&mut self) {
        for connection in locked(&self.0.list).iter() {
            connection.task.abort();
        }
    }
}

async fn accept(listener: TcpListener, routes: Routes, connections: Arc<Connections>, closing: watch::Receiver<bool>) {
    let at_work = Arc::new(Semaphore::new(MAX_AT_WORK));
    let _all = AbortAll(Arc::clone(&connections));
    for number in 0.. {
        connections.make_room().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // out of descriptors for the moment
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let busy = Arc::new(AtomicBool::new(false));
        let mut list = locked(&connections.list);
        let leaving = Leaving { connections: Arc::clone(&connections), number };
        let shared = (Arc::clone(&routes), Arc::clone(&at_work), closing.clone());
        let task = tokio::spawn(serve(stream, shared, Arc::clone(&busy), leaving)).abort_handle();
        list.push_back(Connection { number, since: clock::instant(), task, busy });
    }
}

/// What all connections of a listener share: the feeds behind it, how many deliveries are at work, whether it closes.
type Shared = (Routes, Arc<Semaphore>, watch::Receiver<bool>);

async fn serve(stream: TcpStream, (routes, at_work, mut closing): Shared, busy: Arc<AtomicBool>, leaving: Leaving) {
    let service = service_fn(|request| {
        let (routes, at_work, busy) = (Arc::clone(&routes), Arc::clone(&at_work), Arc::clone(&busy));
        async move {
            busy.store(true, Ordering::Release);
            let answer = answer(request, &routes, &at_work).await;
            busy.store(false, Ordering::Release);
            Ok::<_, Infallible>(respond(answer))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let closes = async { drop(closing.wait_for(|closing| *closing).await) };
    // a peer that breaks off or talks nonsense concerns nobody
    let closes = tokio::select! {
        _ = connection.as_mut() => false,
        () = closes => true,
    };
    if closes {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
    drop(leaving);
}

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if answer.status == 503 {
        response.headers_mut().insert("retry-after", hyper::header::HeaderValue::from_static("1"));
    }
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("text/plain; charset=utf-8"));
    for (name, value) in answer.headers {
        if let Ok(value) = hyper::header::HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn answer(request: Request<IncomingBody>, routes: &Routes, at_work: &Semaphore) -> Answer {
    let Some(route) = locked(routes).get(request.uri().path()).cloned() else { return Answer::empty(404) };
    let delivery = match read_delivery(request).await {
        Ok(delivery) => delivery,
        Err(status) => return Answer::empty(status),
    };
    // a closed semaphore would be the end of the listener
    let Ok(_permit) = at_work.acquire().await else { return Answer::empty(503) };
    let (answer, answered) = oneshot::channel();
    if route.try_send(Incoming { delivery, answer }).is_err() {
        return Answer::empty(503);
    }
    match tokio::time::timeout(ANSWER_TIMEOUT, answered).await {
        Ok(Ok(answer)) => answer,
        _ => Answer::empty(503),
    }
}

async fn read_delivery(request: Request<IncomingBody>) -> Result<Delivery, u16> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(413);
    }
    let read = Limited::new(body, MAX_BODY_BYTES).collect();
    let body = match tokio::time::timeout(BODY_TIMEOUT, read).await {
        Ok(Ok(body)) => body.to_bytes().to_vec(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => return Err(413),
        Ok(Err(_)) => return Err(400),
        Err(_) => return Err(408),
    };
    let headers = head.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let query = head.uri.query().map(parse_query).unwrap_or_default();
    Ok(Delivery { method: head.method.to_string(), path: head.uri.path().to_owned(), query, headers: headers.collect(), body })
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    let Ok(url) = reqwest::Url::parse(&format!("http://x/?{query}")) else { return Vec::new() };
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}
