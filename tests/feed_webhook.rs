//! Deliveries: believed only when signed, answered once they are kept, and never stopped by those who come badly.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

#[path = "support/owner.rs"]
mod owner;
#[path = "support/peer.rs"]
mod peer;

use std::path::Path;
use std::time::{Duration, Instant};

use owner::{Owner, Taken};
use peer::{Peer, Reply};
use ring::hmac;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use warroom::clock::wall_now;
use warroom::engine::event::{Fact, FeedStatus};

const PLATFORM: &str = r#"
name = "pushing"
[variables.base]
default = "http://127.0.0.1:9"
[variables.secret]
secret = true
environment = "TEST_PUSH_SECRET"
[variables.verify_token]
secret = true
environment = "TEST_VERIFY"

[[request]]
name = "orders"
gives = ["purchase"]
transport = "webhook"
path = "/orders"
signature = { kind = "hmac", header = "X-Hmac", encoding = "base64", secret = "{{secret}}" }
handshake = 'if .query["hub.mode"] == "subscribe" and .query["hub.verify_token"] == .variables.verify_token then .query["hub.challenge"] else null end'
map = 'if .id then {type: "purchase", order: (.id | text), rev: .rev, value: .total, currency: "BRL", placed_at: $at, ts: $at} else empty end'

[[request]]
name = "thin"
gives = ["purchase"]
transport = "webhook"
path = "/thin"
signature = { kind = "refetch" }
map = 'expand({id: (.id | text)})'
[request.expand]
url = "{{base}}/orders/{{expand.id}}"
map = '{type: "purchase", order: (.id | text), value: .total, currency: "BRL", placed_at: $at}'

[[request]]
name = "lines"
gives = ["purchase"]
transport = "webhook"
path = "/lines"
signature = { kind = "refetch" }
map = 'expand({id: (.id | text)})'
[request.expand]
url = "{{base}}/orders/{{expand.id}}"
map = 'expand({id: (.id | text), order: tojson})'
[request.expand.then]
url = "{{base}}/orders/{{expand.id}}/lines"
map = """
  ($feed["expand.order"] | fromjson) as $order |
  {type: "purchase", order: ($order.id | text), value: $order.total, currency: "BRL", placed_at: $at, items: [.lines[] | {sku, quantity: .n}]}"""

[[request]]
name = "lists"
gives = ["purchase"]
transport = "webhook"
path = "/lists"
signature = { kind = "hmac", header = "X-Hmac", encoding = "base64", secret = "{{secret}}" }
items = ".[]"
map = """
  if .deep then reduce range(400000) as $i (0; {a: .}) | tojson elif .loops then last(repeat(.)) elif .endless then range(1e9)
  else {type: "purchase", order: (.id | text), value: .total, currency: "BRL", placed_at: $at, ts: $at} end"""

[[request]]
name = "own"
gives = ["note"]
transport = "webhook"
canonical = true
path = "/events"
signature = { kind = "open" }
"#;

const SECRET: &str = "canary-TEST_PUSH_SECRET";

struct Desk {
    base: String,
    port: u16,
    http: reqwest::Client,
    owner: tokio::task::JoinHandle<Taken>,
    stop: tokio::sync::oneshot::Sender<()>,
}

impl Desk {
    async fn start(folder: &Path, platform_base: &str, journal_fails: bool) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        std::fs::write(folder.join("pushing.toml"), PLATFORM).expect("a file");
        let plan = format!(
            "[feeds.push]\nplatform = \"{}/pushing.toml\"\nlisten = \"127.0.0.1:{port}\"\nbase = \"{platform_base}\"\n",
            folder.display()
        );
        let mut owner = Owner::start(&plan, wall_now(), Taken { journal_fails, ..Taken::default() });
        owner.until("it listens", |taken| taken.states.values().filter(|state| state.caught_up).count() == 5).await;
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let owner = tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = &mut stopped => return owner.stop().await,
                    () = owner.run_for(Duration::from_millis(20)) => {}
                }
            }
        });
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { base: format!("http://127.0.0.1:{port}"), port, http, owner, stop }
    }

    async fn post(&self, path: &str, body: &str, signature: Option<String>) -> u16 {
        let mut request = self.http.post(format!("{}{path}", self.base)).body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("X-Hmac", signature);
        }
        request.send().await.expect("an answer").status().as_u16()
    }

    async fn end(self) -> Taken {
        self.stop.send(()).expect("the owner");
        self.owner.await.expect("the owner")
    }
}

fn signed(body: &str) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    Some(data_encoding::BASE64.encode(hmac::sign(&key, body.as_bytes()).as_ref()))
}

fn order(id: u32) -> String {
    format!(r#"{{"id":{id},"rev":1,"total":"10.50"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_signed_is_taken_and_everything_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    assert_eq!(desk.post("/orders", &order(1), signed(&order(1))).await, 200);
    assert_eq!(desk.post("/orders", &order(1), signed(&order(1))).await, 200, "a duplicate");
    assert_eq!(desk.post("/orders", &order(2), signed(&order(1))).await, 401);
    assert_eq!(desk.post("/orders", &order(2), None).await, 401);
    assert_eq!(desk.post("/orders", "{\"ping\":1}", signed("{\"ping\":1}")).await, 200, "unmapped");
    assert_eq!(desk.post("/orders", "not json", signed("not json")).await, 200, "put aside, for it would only come again");
    assert_eq!(desk.post("/nowhere", "{}", None).await, 404);
    assert_eq!(desk.post("/orders/../etc", "{}", None).await, 404);
    let hello = desk.http.get(format!("{}/orders?hub.mode=subscribe&hub.verify_token=canary-TEST_VERIFY&hub.challenge=42", desk.base));
    assert_eq!(hello.send().await.expect("an answer").text().await.expect("text"), "42");
    let liar = desk.http.get(format!("{}/orders?hub.mode=subscribe&hub.verify_token=x&hub.challenge=42", desk.base));
    assert_eq!(liar.send().await.expect("an answer").status().as_u16(), 401);
    let event = r#"{"specversion":"1.0","id":"n1","source":"crm","type":"x.note","time":"2026-11-21T23:31:04Z","data":{"text":"hello"}}"#;
    assert_eq!(desk.post("/events", event, None).await, 200);
    let taken = desk.end().await;
    let state = taken.state("push.orders");
    assert_eq!((state.received, state.unmapped, state.errors), (2, 1, 3));
    assert_eq!(taken.rejected.len(), 1);
    assert_eq!(taken.events.len(), 3);
    assert!(!format!("{taken:?}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_believes_nobody_says_so_until_somebody_is_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    for id in 1..=6 {
        assert_eq!(desk.post("/orders", &order(id), None).await, 401);
    }
    assert_eq!(desk.post("/orders", &order(1), signed(&order(1))).await, 200);
    for id in 2..=4 {
        // signed, but with another secret than ours
        assert_eq!(desk.post("/orders", &order(id), signed("something else")).await, 401);
    }
    assert_eq!(desk.post("/orders", &order(2), signed(&order(2))).await, 200);
    let taken = desk.end().await;
    let told: Vec<(FeedStatus, u64)> =
        taken.told.iter().filter(|state| state.feed == "push.orders").map(|state| (state.status, state.errors)).collect();
    assert!(told.iter().any(|(status, errors)| *status == FeedStatus::Ok && *errors >= 6), "what anybody may send says nothing: {told:?}");
    assert!(told.iter().any(|(status, errors)| *status == FeedStatus::Retrying && *errors == 9), "{told:?}");
    assert_eq!(told.last(), Some(&(FeedStatus::Ok, 9)), "until it is believed again: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bit_flip_of_the_signature_or_the_body_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let (body, signature) = (order(7), signed(&order(7)).expect("a signature"));
    let flipped = |text: &[u8]| {
        let text = text.to_vec();
        (0..text.len() * 8).map(move |bit| {
            let mut flipped = text.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        })
    };
    let mac = data_encoding::BASE64.decode(signature.as_bytes()).expect("base64");
    let macs = flipped(&mac).map(|mac| data_encoding::BASE64.encode(&mac).into_bytes());
    let mut refused = 0;
    for header in macs.chain(flipped(signature.as_bytes())) {
        // some bytes cannot stand in a header at all
        let Ok(header) = reqwest::header::HeaderValue::from_bytes(&header) else { continue };
        let delivery = desk.http.post(format!("{}/orders", desk.base)).body(body.clone()).header("X-Hmac", header);
        assert_eq!(delivery.send().await.expect("an answer").status().as_u16(), 401);
        refused += 1;
    }
    for body in flipped(body.as_bytes()) {
        let delivery = desk.http.post(format!("{}/orders", desk.base)).body(body).header("X-Hmac", &signature);
        assert_eq!(delivery.send().await.expect("an answer").status().as_u16(), 401);
        refused += 1;
    }
    assert!(refused > 256 + 8 * body.len(), "{refused}");
    assert_eq!(desk.post("/orders", &body, Some(signature)).await, 200, "as it was sent it is taken");
    let taken = desk.end().await;
    assert_eq!((taken.events.len(), taken.state("push.orders").errors), (1, refused as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_again_or_in_another_order_leads_to_the_same_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let version = |rev: u32, total: &str| format!(r#"{{"id":1,"rev":{rev},"total":"{total}"}}"#);
    let wrong = [r#"{"id":{},"total":"1.00"}"#, r#"{"id":2,"total":["1.00"]}"#, r#"{"id":3,"rev":1,"total":"1.005"}"#];
    for body in [version(3, "30.00"), version(1, "10.00"), version(3, "30.00"), version(2, "20.00"), version(1, "10.00")] {
        assert_eq!(desk.post("/orders", &body, signed(&body)).await, 200, "replayed or late, it is taken");
    }
    for body in wrong {
        assert_eq!(desk.post("/orders", body, signed(body)).await, 200, "of a wrong type, it would only come again");
    }
    let taken = desk.end().await;
    assert_eq!(taken.rejected.len(), 3, "{:?}", taken.rejected);
    let fold = owner::Fold::of(&taken.events);
    assert_eq!(fold.orders.values().map(|order| order.value).collect::<Vec<_>>(), [3_000], "the last version stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_journal_does_not_keep_is_not_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", true).await;
    assert_eq!(desk.post("/orders", &order(1), signed(&order(1))).await, 503);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_notice_is_fetched_once_and_comes_again_when_that_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop =
        Peer::start(
            |asked, n| if n == 0 { Reply::status(500, &[], "") } else { Reply::Json(order(asked.path()[8..].parse().expect("a number"))) },
        )
        .await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    assert_eq!(desk.post("/thin", r#"{"id":7}"#, None).await, 503);
    // until it comes again not everything is read
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(desk.post("/thin", r#"{"id":7}"#, None).await, 200);
    let taken = desk.end().await;
    assert_eq!(taken.events.len(), 1);
    let told: Vec<_> = taken.told.iter().filter(|state| state.feed == "push.thin").collect();
    let away = told.iter().position(|state| state.status == FeedStatus::Retrying).expect("it is told");
    let back = told[away..].iter().find(|state| state.status == FeedStatus::Ok).expect("and that it came");
    assert!(back.received == 1 && told[away].complete_to < back.complete_to, "{told:?}");
    assert!(told[away..].iter().take_while(|state| state.received == 0).all(|state| state.complete_to == told[away].complete_to));
    assert_eq!(shop.asked()[1].path(), "/orders/7");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_notice_named_is_asked_for_again_though_it_does_not_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Peer::start(|_, n| if n < 2 { Reply::status(500, &[], "") } else { Reply::Json(order(7)) }).await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    assert_eq!(desk.post("/thin", r#"{"id":7}"#, None).await, 503);
    let patience = Instant::now() + Duration::from_secs(60);
    while shop.asked().len() < 3 {
        assert!(Instant::now() < patience, "it is asked for again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let taken = desk.end().await;
    assert_eq!((taken.events.len(), taken.state("push.thin").status), (1, FeedStatus::Ok), "{:?}", taken.state("push.thin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_what_is_not_there_comes_again_once_and_is_put_aside_then() {
    let folder = tempfile::tempdir().expect("a folder");
    // the second order can be read a little later than its notice comes
    let shop = Peer::start(|asked, n| match asked.path() {
        "/orders/8" if n > 3 => Reply::Json(order(8)),
        _ => Reply::status(404, &[], "{}"),
    })
    .await;
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    for (body, answers) in [(r#"{"id":7}"#, [503, 200, 200]), (r#"{"id":8}"#, [503, 200, 200])] {
        for wanted in answers {
            assert_eq!(desk.post("/thin", body, None).await, wanted, "{body}");
        }
    }
    let taken = desk.end().await;
    assert_eq!(owner::Fold::of(&taken.events).orders.len(), 1);
    assert!(taken.rejected.iter().all(|aside| aside.beginning == "7" && aside.reject.detail.starts_with("status: http 404")));
    assert!(!taken.rejected.is_empty() && taken.state("push.thin").status == FeedStatus::Ok, "{:?}", taken.rejected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_whose_order_has_its_lines_elsewhere_takes_two_calls() {
    let shop = Peer::start(|asked, _| match asked.path() {
        "/orders/7" => Reply::Json(r#"{"id":7,"total":"10.50"}"#.into()),
        "/orders/7/lines" => Reply::Json(r#"{"lines":[{"sku":"A","n":2},{"sku":"B","n":1}]}"#.into()),
        _ => Reply::status(404, &[], "{}"),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), &shop.base(), false).await;
    assert_eq!(desk.post("/lines", r#"{"id":7}"#, None).await, 200);
    let taken = desk.end().await;
    let orders: Vec<_> = taken
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Purchase(order) => Some((order.order.to_string(), order.items.iter().map(|item| item.quantity).collect::<Vec<_>>())),
            _ => None,
        })
        .collect();
    assert_eq!(orders, [("7".to_owned(), vec![2, 1])]);
    assert!(taken.rejected.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_company_changes_nothing_for_a_good_delivery() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let mut company = Vec::new();
    for index in 0..500 {
        let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).await.expect("a connection");
        let begin: &[u8] = match index % 4 {
            0 => b"POST /orders HTTP/1.1\r\nhost: x\r\n",
            1 => b"",
            2 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            _ => b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        };
        // some are closed while they come
        let _ = stream.write_all(begin).await;
        company.push(stream);
    }
    for id in 0..20 {
        let began = Instant::now();
        assert_eq!(desk.post("/orders", &order(id), signed(&order(id))).await, 200);
        assert!(began.elapsed() < Duration::from_secs(2), "it took {:?}", began.elapsed());
    }
    let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).await.expect("a connection");
    stream.write_all(b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\r\n").await.expect("sent");
    let mut answer = vec![0; 64];
    let count = stream.read(&mut answer).await.expect("an answer before the body");
    assert!(String::from_utf8_lossy(&answer[..count]).starts_with("HTTP/1.1 413"));
    drop(company);
    let taken = desk.end().await;
    assert_eq!(owner::Fold::of(&taken.events).orders.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_of_cloud_events_may_ask_first_and_its_headers_are_decoded() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let events = format!("{}/events", desk.base);
    let asked = desk.http.request(reqwest::Method::OPTIONS, &events).header("WebHook-Request-Origin", "eventgrid.example").send().await;
    let asked = asked.expect("an answer");
    assert_eq!((asked.status().as_u16(), asked.headers()["webhook-allowed-origin"].to_str().ok()), (200, Some("eventgrid.example")));
    assert!(asked.headers()["webhook-allowed-rate"].to_str().expect("text").parse::<u32>().expect("a number") >= 30_000);
    let of_a_filter = desk.http.request(reqwest::Method::OPTIONS, format!("{}/orders", desk.base)).header("WebHook-Request-Origin", "x");
    assert_eq!(of_a_filter.send().await.expect("an answer").status().as_u16(), 401, "who signs in another way is not asked so");
    let told = desk.http.post(&events).header("ce-specversion", "1.0").header("ce-type", "x.note").header("ce-source", "/caf%C3%A9");
    let told = told.header("ce-id", "n%201").header("ce-time", "2026-11-21T23:31:05Z").body(r#"{"text":"one"}"#);
    assert_eq!(told.send().await.expect("an answer").status().as_u16(), 200);
    let taken = desk.end().await;
    assert_eq!(taken.events.iter().map(|event| event.id.as_deref()).collect::<Vec<_>>(), [Some("n 1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_end_the_filters_cost_no_other_input_of_their_delivery() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let list = |first: u32, poison: &str| {
        let poison = [poison; 5].join(",");
        format!("[{},{poison},{}]", order(first), order(first + 1))
    };
    for (first, poison) in [(10, "{\"deep\":1}"), (20, "{\"endless\":1}"), (30, "{\"loops\":1}")] {
        let body = list(first, poison);
        // a sender sends again what was not answered with 200
        let mut answers = Vec::new();
        while answers.last() != Some(&200) && answers.len() < 10 {
            answers.push(desk.post("/lists", &body, signed(&body)).await);
        }
        assert_eq!(answers.last(), Some(&200), "{poison}: {answers:?}");
        assert_eq!(desk.post("/lists", &body, signed(&body)).await, 200, "known by now");
    }
    let taken = desk.end().await;
    let orders: Vec<String> = owner::Fold::of(&taken.events).orders.into_keys().collect();
    assert_eq!(orders, ["10", "11", "20", "21", "30", "31"], "the first and the last of each delivery");
    for why in ["nested too deep", "does not stop giving outputs", "did not get on"] {
        assert!(taken.rejected.iter().any(|rejected| rejected.reject.detail.contains(why)), "{why}: {:?}", taken.rejected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_deliveries_a_second_are_verified_and_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::start(folder.path(), "http://127.0.0.1:9", false).await;
    let desk = std::sync::Arc::new(desk);
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..1_000 {
        tick.tick().await;
        let desk = std::sync::Arc::clone(&desk);
        tasks.spawn(async move {
            let began = Instant::now();
            (desk.post("/orders", &order(id), signed(&order(id))).await, began.elapsed())
        });
    }
    let mut times = Vec::new();
    while let Some(Ok((status, time))) = tasks.join_next().await {
        assert_eq!(status, 200);
        times.push(time);
    }
    times.sort();
    println!("1000 deliveries at 500/s: p50 {:?}, p99 {:?}", times[500], times[990]);
    let desk = std::sync::Arc::into_inner(desk).expect("nobody else");
    assert_eq!(owner::Fold::of(&desk.end().await.events).orders.len(), 1_000);
}
