//! Streams: server-sent events, WebSockets and IRC, broken off and taken up again; followed files and child processes.

#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "a test stops where it fails, and measures")]

#[path = "support/owner.rs"]
mod owner;
#[path = "support/peer.rs"]
mod peer;

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use owner::{Owner, Taken};
use peer::{Asked, Peer, Reply};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use warroom::clock::wall_now;
use warroom::engine::event::{Fact, FeedStatus, Guarantee};

fn platform(folder: &std::path::Path, request: &str) -> String {
    let text = format!(
        "name = \"streaming\"\n[variables.base]\n[auth.headers]\nx-key = \"k\"\n[[request]]\nname = \"chat\"\ngives = [\"chat_message\"]\n{request}\nmap = '{{type: \"chat_message\", id: (.id // .number | tostring), ts: $at, author: (.nick // \"a\"), text: (.text // .params[1])}}'\n"
    );
    std::fs::write(folder.join("streaming.toml"), text).expect("a file");
    format!("[feeds.chat]\nplatform = \"{}/streaming.toml\"\n", folder.display())
}

fn texts(taken: &Taken) -> BTreeSet<String> {
    let text = |event: &warroom::engine::event::Event| match &event.fact {
        Fact::ChatMessage(message) => Some(message.text.to_string()),
        _ => None,
    };
    taken.events.iter().filter_map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_goes_on_behind_the_last_id_after_breaks_and_kills() {
    // each connection gets three more messages and is cut off
    let server = Peer::start(|asked, _| {
        let last: u32 = asked.header("last-event-id").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = String::from(": hello\nretry: 10\n\n");
        for id in last + 1..=last + 3 {
            body.push_str(&format!("id: {id}\ndata: {{\"id\":{id},\"text\":\"m{id}\"}}\n\n"));
        }
        body.push_str("id: 999\ndata: {\"id\":999"); // never whole
        Reply::status(200, &[("content-type", "text/event-stream")], &body)
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let plan = platform(folder.path(), "transport = \"sse\"\nresumes = true\nurl = \"{{base}}/stream\"")
        + &format!("base = \"{}\"\n", server.base());
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("five", |taken| texts(taken).len() >= 5).await;
    owner = Owner::start(&plan, wall_now(), owner.kill());
    owner.until("twelve", |taken| texts(taken).len() >= 12).await;
    let taken = owner.stop().await;
    let seen = texts(&taken);
    let whole: BTreeSet<String> = (1..=seen.len()).map(|id| format!("m{id}")).collect();
    assert_eq!(taken.state("chat").guarantee, Guarantee::Resumable, "its ids are taken up again");
    assert!(!taken.all_faults("chat").iter().any(|fault| fault.starts_with("gap")), "so nothing is told as lost");
    assert_eq!(seen, whole, "nothing is lost and nothing is half");
    assert!(server.asked().iter().all(|asked| asked.header("x-key") == Some("k")));
}

/// A stream of events, each with its id; the next connection is more than a second later.
fn events(ids: impl IntoIterator<Item = u32>, words: &str) -> String {
    let event = |id: u32| format!("id: {id}\ndata: {{\"id\":\"{words}{id}\",\"text\":\"{words}{id}\"}}\n\n");
    let events: String = ids.into_iter().map(event).collect();
    format!(": hello\nretry: 1100\n\n{events}")
}

/// Reads a stream until the promise of the feed is as wanted after at least so many events.
async fn read_stream(
    more: &str,
    wanted: Guarantee,
    least: usize,
    answer: impl Fn(&Asked, usize) -> String + Send + Sync + 'static,
) -> Taken {
    let server =
        Peer::start(move |asked, before| Reply::status(200, &[("content-type", "text/event-stream")], &answer(asked, before))).await;
    let folder = tempfile::tempdir().expect("a folder");
    let request = format!("transport = \"sse\"\nurl = \"{{{{base}}}}/stream\"\n{more}");
    let plan = platform(folder.path(), &request) + &format!("base = \"{}\"\n", server.base());
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("the promise", |taken| texts(taken).len() >= least && taken.state("chat").guarantee == wanted).await;
    owner.stop().await
}

fn gaps(taken: &Taken) -> Vec<String> {
    taken.all_faults("chat").into_iter().filter(|fault| fault.starts_with("gap: ")).collect()
}

/// Where the header says that the reader is.
fn after(asked: &Asked) -> u32 {
    asked.header("last-event-id").and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_on_behind_the_last_id_is_trusted_once_its_numbers_show_it() {
    let taken = read_stream("", Guarantee::Resumable, 12, |asked, _| events(after(asked) + 1..=after(asked) + 3, "m")).await;
    assert_eq!(taken.told[0].guarantee, Guarantee::BestEffort, "nothing is promised before it is shown");
    assert_eq!(gaps(&taken), [""; 0], "and nothing was missed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_go_on_promises_nothing_and_each_gap_is_told_with_its_length() {
    // it counts all events, and five pass before the reader is back
    let taken =
        read_stream("", Guarantee::BestEffort, 9, |_, n| events((1..=3).map(|id| 8 * u32::try_from(n).expect("few") + id), "m")).await;
    assert!(taken.told.iter().all(|state| state.guarantee == Guarantee::BestEffort));
    let told = gaps(&taken);
    assert!(told.iter().any(|gap| gap.starts_with("gap: 5 events in ")), "{told:?}");
    assert!(told.iter().all(|gap| gap.ends_with(" s were missed")), "{told:?}");
    // it counts each connection from one
    let taken = read_stream("", Guarantee::BestEffort, 9, |_, n| events(1..=3, &format!("c{n}-"))).await;
    assert!(taken.told.iter().all(|state| state.guarantee == Guarantee::BestEffort));
    assert!(gaps(&taken).iter().any(|gap| gap.ends_with(" s were missed")), "{:?}", gaps(&taken));
    // its ids are no numbers: nobody can know
    let named = |n: usize| events(1..=3, &format!("c{n}-")).replace("id: ", "id: x");
    let taken = read_stream("", Guarantee::BestEffort, 9, move |_, n| named(n)).await;
    assert!(gaps(&taken).iter().any(|gap| gap.ends_with(" s were missed")), "{:?}", gaps(&taken));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_trusted_and_jumps_loses_the_trust_and_the_gap_is_told() {
    for more in ["resumes = true", ""] {
        // the first two returns go on, the third has forgotten four
        let answer = |asked: &Asked, n: usize| {
            let first = after(asked) + if n == 3 { 5 } else { 1 };
            events(first..first + 3, "m")
        };
        let taken = read_stream(more, Guarantee::BestEffort, 10, answer).await;
        assert!(taken.told.iter().any(|state| state.guarantee == Guarantee::Resumable), "{more}: it was trusted");
        let told = gaps(&taken);
        assert!(told.len() == 1 && told[0].starts_with("gap: 4 events in "), "{more}: {told:?}");
        let fell = taken.told.iter().position(|state| state.last_error.as_deref().is_some_and(|error| error.starts_with("gap: ")));
        let before = fell.and_then(|at| taken.told[..at].iter().rev().find(|state| state.feed == "chat"));
        assert_eq!(before.map(|state| state.status), Some(FeedStatus::Retrying), "{more}: that all was read is taken back");
    }
}

/// Puts another filter in the place of the usual one.
fn map_by(folder: &std::path::Path, map: &str) {
    let file = folder.join("streaming.toml");
    let text = std::fs::read_to_string(&file).expect("the file");
    let (head, _) = text.split_once("map = ").expect("a map");
    std::fs::write(&file, format!("{head}map = '{map}'\n")).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_that_it_begins_anew_leaves_a_gap_that_is_told_with_its_length() {
    // the second connection forgets what was asked for, and begins with how things stand
    let server = Peer::start(|asked, n| {
        let head = ": hello\nretry: 1100\n\n";
        let body = match (n, asked.header("last-event-id")) {
            (0, None) => format!("{head}event: state\nid: e1-7\ndata: {{\"id\":\"a\"}}\n\n"),
            (1, Some("e1-7")) => format!("{head}event: reset\nid: e2-1\ndata: {{}}\n\nevent: state\nid: e2-2\ndata: {{\"id\":\"b\"}}\n\n"),
            (2, Some("e2-2")) => return Reply::Hang,
            (_, last) => return Reply::status(400, &[], last.unwrap_or("no id")),
        };
        Reply::status(200, &[("content-type", "text/event-stream")], &body)
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let plan = platform(folder.path(), "transport = \"sse\"\nresumes = true\nurl = \"{{base}}/stream\"")
        + &format!("base = \"{}\"\n", server.base());
    map_by(
        folder.path(),
        r#"if $response.event == "reset" then gap("the server begins anew") else {type: "chat_message", id, ts: $at, author: "a", text: .id} end"#,
    );
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("both", |taken| texts(taken).len() == 2).await;
    let taken = owner.stop().await;
    let told: BTreeSet<String> = gaps(&taken).into_iter().collect();
    assert!(told.iter().any(|gap| gap.ends_with(" s were missed: the server begins anew")), "{told:?}");
    assert!(told.len() == 1 && !told.iter().any(|gap| gap.starts_with("gap: 0")), "{told:?}");
    assert_eq!(taken.state("chat").skipped, 1);
    assert_eq!(taken.state("chat").guarantee, Guarantee::BestEffort, "who has forgotten us once is not trusted again");
    let before = taken.told.iter().take_while(|state| !state.last_error.as_deref().is_some_and(|error| error.starts_with("gap: ")));
    assert!(before.into_iter().any(|state| state.guarantee == Guarantee::Resumable), "it was trusted before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_told_how_far_it_was_read_goes_on_there_and_tells_where_it_cannot() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    // three messages a connection; the fourth has thrown away what was asked for
    let server = tokio::spawn(async move {
        let mut heard = Vec::new();
        for connection in 0u32..5 {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a socket");
            let hello = socket.next().await.expect("a message").expect("a message").to_text().expect("text").to_owned();
            let last = hello.split_once("\"after\":").and_then(|(_, text)| text.trim_end_matches('}').parse().ok()).unwrap_or(0);
            heard.push(hello);
            let lost = if connection == 3 { 10 } else { 0 };
            if lost > 0 {
                socket.send(Message::Text("{\"gone\":true}".into())).await.expect("sent");
            }
            for seq in last + lost + 1..=last + lost + 3 {
                socket.send(Message::Text(format!("{{\"seq\":{seq},\"text\":\"m{seq}\"}}").into())).await.expect("sent");
            }
            tokio::time::sleep(Duration::from_millis(600)).await;
            drop(socket);
            tokio::time::sleep(Duration::from_millis(900)).await;
        }
        heard
    });
    let folder = tempfile::tempdir().expect("a folder");
    let request = "transport = \"ws\"\nresumes = true\nnext = \".seq\"\nurl = \"{{base}}/chat\"\nsend = ['{\"join\":1}']\nresume = ['{\"join\":1,\"after\":{{since|number}}}']";
    let plan = platform(folder.path(), request) + &format!("base = \"ws://{address}\"\n");
    map_by(
        folder.path(),
        r#"if .gone then gap("it keeps no more") else {type: "chat_message", id: (.seq | text), ts: $at, author: "a", text} end"#,
    );
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("two connections", |taken| texts(taken).len() >= 6).await;
    owner = Owner::start(&plan, wall_now(), owner.kill());
    owner.until("three connections", |taken| texts(taken).len() >= 9).await;
    assert_eq!(owner.taken.state("chat").guarantee, Guarantee::Resumable);
    assert_eq!(gaps(&owner.taken), [""; 0], "nothing was missed");
    owner.until("the fourth", |taken| texts(taken).len() >= 12).await;
    assert_eq!(owner.taken.state("chat").guarantee, Guarantee::BestEffort);
    assert!(gaps(&owner.taken).iter().any(|gap| gap.ends_with(" s were missed: it keeps no more")), "{:?}", gaps(&owner.taken));
    owner.until("the fifth", |taken| texts(taken).len() >= 15).await;
    owner.stop().await;
    let heard = server.await.expect("the server");
    assert_eq!(heard[0], "{\"join\":1}");
    assert_eq!(
        heard[1..],
        ["{\"join\":1,\"after\":3}", "{\"join\":1,\"after\":6}", "{\"join\":1,\"after\":9}", "{\"join\":1,\"after\":22}"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn places_that_begin_anew_leave_a_gap_that_is_told_whatever_the_platform_file_says() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    // it goes on once, then it has been started anew and counts from one
    let sockets = tokio::spawn(async move {
        for first in [7u32, 10, 1] {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a socket");
            socket.next().await.expect("a message").expect("a message");
            for seq in first..first + 3 {
                let message = format!("{{\"seq\":{seq},\"id\":\"{first}-{seq}\",\"text\":\"{first}-{seq}\"}}");
                socket.send(Message::Text(message.into())).await.expect("sent");
            }
            tokio::time::sleep(Duration::from_millis(600)).await;
            drop(socket);
            tokio::time::sleep(Duration::from_millis(900)).await;
        }
    });
    // the ids of its events say nothing of the places, which its filter finds
    let events = Peer::start(|_, n| {
        let first = [7, 10, 1].get(n).copied().unwrap_or(4);
        let event = |seq: usize| {
            format!("id: {}\ndata: {{\"seq\":{seq},\"id\":\"{first}-{seq}\",\"text\":\"{first}-{seq}\"}}\n\n", 90 - 7 * n - seq)
        };
        let body: String = (first..first + 3).map(event).collect();
        Reply::status(200, &[("content-type", "text/event-stream")], &format!("retry: 1100\n\n{body}"))
    })
    .await;
    let socket =
        "transport = \"ws\"\nurl = \"{{base}}/chat\"\nsend = ['{\"join\":1}']\nresume = ['{\"join\":1,\"after\":{{since|number}}}']";
    let stream = "transport = \"sse\"\nurl = \"{{base}}/stream?after={{since?}}\"";
    for (request, base) in [(socket, format!("ws://{address}")), (stream, events.base())] {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = platform(folder.path(), &format!("{request}\nresumes = true\nnext = \".seq\"")) + &format!("base = \"{base}\"\n");
        let mut owner = Owner::start(&plan, wall_now(), Taken::default());
        owner.until("the second", |taken| texts(taken).len() >= 6).await;
        assert_eq!(owner.taken.state("chat").guarantee, Guarantee::Resumable, "{request}");
        assert_eq!(gaps(&owner.taken), [""; 0], "{request}: nothing was missed");
        owner.until("the third", |taken| texts(taken).len() >= 9 && taken.state("chat").guarantee == Guarantee::BestEffort).await;
        let taken = owner.stop().await;
        let told = gaps(&taken);
        assert!(told.iter().any(|gap| gap.ends_with(" s were missed: its places begin anew: after 12 comes 1")), "{request}: {told:?}");
    }
    sockets.await.expect("the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_says_a_new_ticket_each_time_and_goes_on_by_epoch_and_offset() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    // the epoch is told at the beginning only, the offset with each message; a ticket is good once
    let server = tokio::spawn(async move {
        let mut heard: Vec<String> = Vec::new();
        while heard.len() < 3 {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a socket");
            let hello = socket.next().await.expect("a message").expect("a message").to_text().expect("text").to_owned();
            let first = 2 * heard.len() + 1;
            heard.push(hello);
            socket.send(Message::Text("{\"epoch\":\"e7\"}".into())).await.expect("sent");
            for offset in first..first + 2 {
                socket.send(Message::Text(format!("{{\"offset\":{offset},\"text\":\"m{offset}\"}}").into())).await.expect("sent");
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        heard
    });
    let logins = std::sync::atomic::AtomicUsize::new(0);
    let tickets = Peer::start(move |_, _| {
        Reply::Json(format!("{{\"ticket\":\"ticket-{}\"}}", logins.fetch_add(1, std::sync::atomic::Ordering::SeqCst)))
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let next = r#"next = 'if .epoch then {epoch, offset: ($feed.since // "{}" | fromjson | .offset // 0)} elif .offset then .offset as $n | $feed.since | fromjson | .offset = $n else null end'"#;
    let request = format!(
        "transport = \"ws\"\nresumes = true\n{next}\nurl = \"{{{{base}}}}/chat\"\nsend = ['{{\"ticket\":\"{{{{token}}}}\"}}']\nresume = ['{{\"ticket\":\"{{{{token}}}}\",\"recover\":{{{{since|raw}}}}}}']"
    );
    let plan = platform(folder.path(), &request) + &format!("base = \"ws://{address}\"\n");
    map_by(
        folder.path(),
        r#"if .epoch then skip("hello") else {type: "chat_message", id: (.offset | text), ts: $at, author: "a", text} end"#,
    );
    let file = folder.path().join("streaming.toml");
    let login = format!("[auth.login]\nonce = true\nurl = \"{}/login\"\ntoken = \".ticket\"\n[[request]]", tickets.base());
    let toml = std::fs::read_to_string(&file).expect("the file").replace("[[request]]", &login);
    std::fs::write(&file, toml).expect("written");
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("three connections", |taken| texts(taken).len() >= 6).await;
    owner.stop().await;
    let heard = server.await.expect("the server");
    let number = |hello: &str| hello.split("ticket-").nth(1).and_then(|rest| rest.split('"').next()).expect("a ticket").to_owned();
    let distinct: BTreeSet<String> = heard.iter().map(|hello| number(hello)).collect();
    assert_eq!(distinct.len(), 3, "each its own ticket: {heard:?}");
    assert!(heard[1].ends_with("\"recover\":{\"epoch\":\"e7\",\"offset\":2}}"), "{heard:?}");
    assert!(heard[2].ends_with("\"recover\":{\"epoch\":\"e7\",\"offset\":4}}"), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_comes_back_and_is_silent_shows_nothing_so_a_gap_is_told() {
    let server = Peer::start(|_, n| {
        let body = if n == 0 { events(1..=3, "m") } else { ": hello\n\n".to_owned() };
        match n {
            0 => Reply::status(200, &[("content-type", "text/event-stream")], &body),
            _ => Reply::Raw(format!("HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\n\r\n{body}").into_bytes()),
        }
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let plan =
        platform(folder.path(), "transport = \"sse\"\nidle_s = 4\nurl = \"{{base}}/stream\"") + &format!("base = \"{}\"\n", server.base());
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    assert!(owner.until_told("chat", "gap: ").await);
    assert_eq!(owner.taken.state("chat").status, FeedStatus::Ok, "it is open nevertheless");
    assert_eq!(owner.taken.state("chat").guarantee, Guarantee::BestEffort);
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_token_is_refused_logs_in_again_at_once_and_waits_where_that_is_refused_too() {
    let logins = std::sync::atomic::AtomicUsize::new(0);
    let server = Peer::start(move |asked, n| match (asked.path(), asked.header("x-ticket")) {
        ("/login", _) => {
            let login = logins.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            Reply::Json(format!("{{\"ticket\":\"t-{login}\"}}"))
        }
        // the first token is good for one connection
        (_, Some("t-1")) if n > 1 => Reply::status(401, &[], "expired"),
        (_, Some("t-3")) => Reply::status(401, &[], "expired"),
        (_, Some("t-2")) if n > 5 => Reply::status(401, &[], "expired"),
        (_, ticket) => Reply::status(200, &[("content-type", "text/event-stream")], &events(1..=3, ticket.unwrap_or_default())),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let base = server.base();
    let text = platform(folder.path(), "transport = \"sse\"\nurl = \"{{base}}/stream\"") + &format!("base = \"{base}\"\n");
    let file = folder.path().join("streaming.toml");
    let login = "[auth.login]\nmethod = \"POST\"\nurl = \"{{base}}/login\"\ntoken = \".ticket\"\n[auth.headers]\nx-ticket = \"{{token}}\"";
    let toml = std::fs::read_to_string(&file).expect("the file").replace("[auth.headers]\nx-key = \"k\"", login);
    std::fs::write(&file, toml).expect("written");
    let mut owner = Owner::start(&text, wall_now(), Taken::default());
    owner.until("it is in again", |taken| texts(taken).contains("t-21")).await;
    assert!(!owner.taken.all_faults("chat").iter().any(|fault| fault.starts_with("unauthorized")), "a token that ended is no refusal");
    assert!(owner.until_told("chat", "unauthorized: http 401").await);
    assert!(owner.taken.state("chat").retry_at.is_some_and(|at| at.since_ms(wall_now()) > 5_000), "{:?}", owner.taken.state("chat"));
    owner.until("it is in once more", |taken| texts(taken).contains("t-41")).await;
    owner.stop().await;
    let refused: Vec<_> = server.asked().into_iter().filter(|asked| asked.header("x-ticket") == Some("t-1")).collect();
    assert_eq!(refused.len(), 2, "what was refused is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_good_once_is_fetched_for_each_connection_and_not_more_often() {
    let logins = std::sync::atomic::AtomicUsize::new(0);
    let server = Peer::start(move |asked, _| match asked.path() {
        "/login" => Reply::Json(format!("{{\"ticket\":\"t-{}\"}}", logins.fetch_add(1, std::sync::atomic::Ordering::SeqCst))),
        _ => Reply::status(200, &[("content-type", "text/event-stream")], &events(1..=2, asked.header("x-ticket").unwrap_or_default())),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let base = server.base();
    let text = platform(folder.path(), "transport = \"sse\"\nurl = \"{{base}}/stream\"") + &format!("base = \"{base}\"\n");
    let file = folder.path().join("streaming.toml");
    let login = "[auth.login]\nonce = true\nurl = \"{{base}}/login\"\ntoken = \".ticket\"\n[auth.headers]\nx-ticket = \"{{token}}\"";
    let toml = std::fs::read_to_string(&file).expect("the file").replace("[auth.headers]\nx-key = \"k\"", login);
    std::fs::write(&file, toml).expect("written");
    let mut owner = Owner::start(&text, wall_now(), Taken::default());
    owner.until("three connections", |taken| texts(taken).contains("t-21")).await;
    owner.stop().await;
    let asked = server.asked();
    let tickets: Vec<&str> = asked.iter().filter_map(|asked| asked.header("x-ticket")).collect();
    let distinct: BTreeSet<&str> = tickets.iter().copied().collect();
    assert_eq!(distinct.len(), tickets.len(), "each its own: {tickets:?}");
    let logins = asked.iter().filter(|asked| asked.path() == "/login").count();
    assert!(logins <= tickets.len() + 1, "{logins} for {}", tickets.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_an_event_is_seen_a_heartbeat_is_left_out_and_one_that_is_too_large_is_put_aside() {
    let large = "x".repeat(9 << 20);
    let server = Peer::start(move |asked, _| {
        if after(asked) >= 3 {
            return Reply::Hang;
        }
        let body = format!(
            "event: order.created\nid: 1\ndata: {{\"n\":7}}\n\nevent: ping\ndata: keepalive\n\ndata:\n\nevent: order.created\nid: 2\ndata: {{\"n\":\"{large}\"}}\n\nevent: order.deleted\nid: 3\ndata: {{\"n\":8}}\n\n"
        );
        Reply::status(200, &[("content-type", "text/event-stream; charset=utf-8")], &body)
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let plan = platform(folder.path(), "transport = \"sse\"\ncodec = \"text\"\nresumes = true\nurl = \"{{base}}/stream\"")
        + &format!("base = \"{}\"\n", server.base());
    let map = r#"if $response.event == "ping" then skip("a heartbeat") else {type: "chat_message", id: $response.id, ts: $at, author: "a", text: "\($response.event) \(fromjson | .n)"} end"#;
    map_by(folder.path(), map);
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("both", |taken| texts(taken).len() == 2).await;
    let taken = owner.stop().await;
    assert_eq!(texts(&taken), BTreeSet::from(["order.created 7".to_owned(), "order.deleted 8".to_owned()]));
    let aside: Vec<_> = taken.rejected.iter().map(|aside| (aside.place.as_str(), aside.reject.detail.as_str())).collect();
    assert_eq!(aside, [("id 2", "an event of more than 8 MiB")]);
    assert_eq!(taken.state("chat").skipped, 1, "the heartbeat; empty data are no event");
    assert_eq!(taken.cursors.get("chat").map(String::as_str), Some("3"), "and it goes on behind it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_and_says_no_was_never_there() {
    // a socket that greets and then refuses, a page in the place of a stream, a stream that there is not
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { continue };
            for said in [r#"{"op":"hello"}"#, r#"{"op":"ack","err":"no such topic"}"#] {
                socket.send(Message::Text(said.into())).await.expect("sent");
            }
        }
    });
    let page = Peer::start(|asked, _| match asked.path() {
        "/none" => Reply::status(204, &[], ""),
        _ => Reply::status(200, &[("content-type", "text/html")], "<html>log in</html>"),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let tests = [
        (
            "transport = \"ws\"\nurl = \"{{base}}/chat\"\nok = '.err // null'".to_owned(),
            format!("ws://{address}"),
            "refused: no such topic",
        ),
        ("transport = \"sse\"\nurl = \"{{base}}/stream\"".to_owned(), page.base(), "bad_body: `text/html` is no event stream"),
        ("transport = \"sse\"\nurl = \"{{base}}/none\"".to_owned(), page.base(), "refused: the server has no stream for us"),
    ];
    for (request, base, fault) in tests {
        let plan = platform(folder.path(), &request) + &format!("base = \"{base}\"\n");
        let mut owner = Owner::start(&plan, wall_now(), Taken::default());
        assert!(owner.until_told("chat", fault).await, "{fault}: {:?}", owner.taken.all_faults("chat"));
        owner.run_for(Duration::from_secs(3)).await;
        let taken = owner.stop().await;
        assert!(taken.told.iter().all(|state| state.complete_to.is_none() && state.status != FeedStatus::Ok), "{fault}");
        assert!(taken.told.len() > 1 && gaps(&taken).is_empty(), "{fault}: it is tried again, and no gap has an end");
    }
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_texts_is_answered_and_beats() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a socket");
        socket.send(Message::Text("ping 7".into())).await.expect("sent");
        socket.send(Message::Binary(vec![0x1f, 0x8b, 0xff].into())).await.expect("sent");
        let mut heard = Vec::new();
        while heard.len() < 3 {
            if let Some(Ok(Message::Text(text))) = socket.next().await {
                heard.push(text.to_string());
            }
        }
        socket.send(Message::Text("ana: oi".into())).await.expect("sent");
        tokio::time::sleep(Duration::from_secs(60)).await;
        heard
    });
    let folder = tempfile::tempdir().expect("a folder");
    let request = "transport = \"ws\"\ncodec = \"text\"\nurl = \"{{base}}/chat\"\nbeat = { every_s = 1, send = \"hb\" }\nanswer = 'if startswith(\"ping\") then \"pong\" + .[4:] else null end'";
    let plan = platform(folder.path(), request) + &format!("base = \"ws://{address}\"\n");
    let file = folder.path().join("streaming.toml");
    let text = std::fs::read_to_string(&file).expect("the file");
    let (head, _) = text.split_once("map = ").expect("a map");
    let map = r#"map = 'if startswith("ping") then skip("a heartbeat") else {type: "chat_message", id: ., ts: $at, author: .[:3], text: .[5:]} end'"#;
    std::fs::write(&file, format!("{head}{map}\n")).expect("written");
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("the message behind a pong and two beats", |taken| texts(taken).contains("oi")).await;
    let taken = owner.stop().await;
    server.abort();
    let aside: Vec<_> = taken.rejected.iter().map(|aside| aside.reject.detail.as_str()).collect();
    assert_eq!(aside, ["bad_body: a binary message; ask the platform for text without compression"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_answers_pings_comes_back_and_tells_the_gap() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        for connection in 0u32.. {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a socket");
            let hello = socket.next().await.expect("a message").expect("a message");
            assert_eq!(hello.to_text().expect("text"), "{\"subscribe\":\"loja\"}");
            for n in 0..3 {
                let id = connection * 3 + n;
                socket.send(Message::Text(format!("{{\"id\":{id},\"text\":\"m{id}\"}}").into())).await.expect("sent");
            }
            socket.send(Message::Text("no json".into())).await.expect("sent");
            socket.send(Message::Ping(vec![1].into())).await.expect("sent");
            while !matches!(socket.next().await, Some(Ok(Message::Pong(_)))) {}
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            drop(socket);
            tokio::time::sleep(Duration::from_millis(1_100)).await;
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let request = "transport = \"ws\"\nurl = \"{{base}}/chat\"\nsend = ['{\"subscribe\":\"loja\"}']";
    let plan = platform(folder.path(), request) + &format!("base = \"ws://{address}\"\n");
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("both connections", |taken| texts(taken).len() >= 6).await;
    assert!(
        owner.taken.told.iter().any(|state| state.last_error.as_deref().is_some_and(|error| error.starts_with("gap: "))),
        "the gap is told"
    );
    assert!(!owner.taken.rejected.is_empty(), "what is no JSON is put aside");
    server.abort();
    owner.until("it is gone", |taken| taken.state("chat").status == FeedStatus::Retrying).await;
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_chat_needs_no_login_beside_a_counter_of_viewers_that_does() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.write_all(b":s 001 justinfan :Welcome\r\n:ana!a@h PRIVMSG #loja :tem no M?\r\n").await.expect("sent");
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream).lines();
                while let Ok(Some(_)) = lines.next_line().await {}
            });
        }
    });
    let platform = Peer::start(|asked, _| match (asked.path().split('?').next().unwrap_or_default(), asked.header("authorization")) {
        ("/oauth2/token", _) if asked.body.contains("client_id=app&") => {
            Reply::Json("{\"access_token\":\"t-1\",\"expires_in\":3600}".into())
        }
        ("/oauth2/token", _) => Reply::status(400, &[], "{\"status\":400,\"message\":\"invalid client\"}"),
        ("/streams", Some("Bearer t-1")) if asked.header("client-id") == Some("app") => {
            Reply::Json("{\"data\":[{\"user_login\":\"loja\",\"viewer_count\":1532}]}".into())
        }
        _ => Reply::status(401, &[], "{\"status\":401,\"message\":\"OAuth token is missing\"}"),
    })
    .await;
    let base = platform.base();
    let plan = format!(
        "[feeds.twitch]\nplatform = \"twitch\"\nchannel = \"loja\"\nrequests = [\"chat\", \"viewers\"]\nirc = \"irc://{address}\"\nbase = \"{base}\"\nauth = \"{base}\"\n"
    );
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("the message", |taken| texts(taken).contains("tem no M?")).await;
    owner.until("the viewers are refused", |taken| !taken.fault("twitch.viewers").is_empty()).await;
    assert_eq!(owner.taken.fault("twitch.chat"), "", "who needs no login is not refused with it");
    owner.stop().await;
    let mut owner = Owner::start(&format!("{plan}client_id = \"app\"\n"), wall_now(), Taken::default());
    let counted = |taken: &Taken| taken.events.iter().any(|event| matches!(&event.fact, Fact::Audience(gauge) if gauge.viewers == 1532));
    owner.until("the viewers", counted).await;
    owner.stop().await;
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_irc_server_is_greeted_joined_and_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut heard = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            match line.split(' ').next() {
                Some("NICK") => write.write_all(b":s 001 desk :Welcome\r\n:s 372 desk :- motd\r\n").await.expect("sent"),
                Some("JOIN") => write.write_all(b"PING :x1\r\n").await.expect("sent"),
                Some("PONG") => write.write_all(":ana!a@h PRIVMSG #loja :tem no M? 🙂\r\n".as_bytes()).await.expect("sent"),
                _ => {}
            }
            heard.push(line);
            if heard.len() == 3 {
                return heard;
            }
        }
        heard
    });
    let folder = tempfile::tempdir().expect("a folder");
    let request = "transport = \"ws\"\ncodec = \"irc\"\nurl = \"{{base}}\"\nsend = [\"NICK desk\"]\nwelcomed = [\"JOIN #loja\"]";
    let plan = platform(folder.path(), request) + &format!("base = \"irc://{address}\"\n");
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("the message", |taken| texts(taken).contains("tem no M? 🙂")).await;
    assert_eq!(server.await.expect("the server"), ["NICK desk", "JOIN #loja", "PONG :x1"]);
    owner.stop().await;
}

fn note(id: u32) -> String {
    format!("{{\"type\":\"note\",\"id\":\"n{id}\",\"ts\":\"2026-11-21T23:31:04Z\",\"text\":\"t{id}\"}}\n")
}

fn ids(taken: &Taken) -> Vec<String> {
    taken.events.iter().filter_map(|event| event.id.as_ref()).map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_followed_through_growth_rotation_truncation_and_kills() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.ndjson");
    let plan = format!("[feeds.tape]\npath = \"{}\"\n", path.display());
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("the missing file is told", |taken| taken.fault("tape").starts_with("input: ")).await;
    let append = |text: &str| {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&path).expect("the file");
        file.write_all(text.as_bytes()).expect("written");
    };
    append(&note(1));
    let (begun, rest) = {
        let whole = note(2);
        (whole[..20].to_owned(), whole[20..].to_owned())
    };
    append(&begun);
    owner.until("the first", |taken| ids(taken).len() == 1).await;
    owner = Owner::start(&plan, wall_now(), owner.kill());
    append(&rest);
    append("not json\n");
    append(&note(3));
    owner.until("three", |taken| ids(taken).len() == 3 && taken.rejected.len() == 1).await;
    assert_eq!(owner.taken.rejected[0].place, "line 3");
    // rotated
    std::fs::rename(&path, folder.path().join("events.1")).expect("renamed");
    append(&note(4));
    owner.until("the new file", |taken| ids(taken).len() == 4).await;
    // cut short and begun anew
    std::fs::write(&path, note(5)).expect("written");
    owner.until("the shorter file, read to its end", |taken| ids(taken).contains(&"n5".to_owned()) && taken.state("tape").caught_up).await;
    let taken = owner.stop().await;
    assert_eq!(ids(&taken), ["n1", "n2", "n3", "n4", "n5"], "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_fails_again_and_again_is_not_well_between() {
    let plan = format!("[feeds.robot]\ncommand = [\"sh\", \"-c\", '''echo '{}'; sleep 0.3; exit 3''']\n", note(1).trim());
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("it failed four times", |taken| taken.state("robot").errors >= 4).await;
    let taken = owner.stop().await;
    let failed = taken.told.iter().skip_while(|state| state.errors == 0);
    let wrong: Vec<_> = failed.filter(|state| state.status != FeedStatus::Retrying).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(taken.state("robot").complete_to.is_some() && taken.events.len() >= 4, "what it says is taken nevertheless");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_is_read_started_again_when_it_fails_and_ends_with_the_feed() {
    let folder = tempfile::tempdir().expect("a folder");
    let once = folder.path().join("once");
    let script = format!(
        "if [ ! -e {0} ]; then touch {0}; echo '{1}'; echo out of coffee >&2; exit 3; fi; echo '{2}'; exec sleep 600",
        once.display(),
        note(1).trim(),
        note(2).trim()
    );
    let plan =
        format!("[feeds.robot]\ncommand = [\"sh\", \"-c\", '''{script}''']\n[feeds.brief]\ncommand = [\"echo\", '{}']\n", note(9).trim());
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("the second run", |taken| ids(taken).contains(&"n2".to_owned()) && ids(taken).contains(&"n9".to_owned())).await;
    assert!(owner.taken.told.iter().any(|state| state.last_error.as_deref().is_some_and(|error| error.contains("out of coffee"))));
    owner.until("the brief one has ended", |taken| taken.state("brief").status == FeedStatus::Ended).await;
    owner.stop().await;
}
