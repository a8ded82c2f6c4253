//! What a platform allows is kept, by all feeds of an account together, whatever it says and however it says it.
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
use std::sync::Mutex;
use std::time::{Duration, Instant};

use owner::{Owner, Taken};
use peer::{Asked, FaultProxy, Peer, Reply, Toxic};
use warroom::clock::wall_now;
use warroom::engine::event::FeedStatus;

/// Three feeds that would ask fifteen times a second.
const BUSY: &str = r#"
name = "busy"
throttled = '.slow_down'
[variables.base]
LIMIT
[[request]]
name = "orders"
gives = ["purchase"]
interval_s = 0.2
url = "{{base}}/orders"
items = ".rows[]"
map = '{type: "purchase", order: (.id | text), ts: $at, value: "1", currency: "BRL"}'
[[request]]
name = "viewers"
gives = ["audience"]
interval_s = 0.2
url = "{{base}}/viewers"
items = ".rows[]"
map = '{type: "audience", ts: $at, viewers: .id}'
[[request]]
name = "chat"
gives = ["chat_message"]
interval_s = 0.2
url = "{{base}}/chat"
items = ".rows[]"
map = '{type: "chat_message", id: (.id | text), ts: $at, author: "a", text: "x"}'
"#;

fn plan(folder: &Path, limit: &str, base: &str, names: &[&str]) -> String {
    std::fs::write(folder.join("busy.toml"), BUSY.replace("LIMIT", limit)).unwrap();
    let one =
        |name: &&str| format!("[feeds.{name}]\nplatform = \"{}/busy.toml\"\nbase = \"{base}\"\nsource = \"shop\"\n", folder.display());
    names.iter().map(one).collect()
}

fn rows() -> Reply {
    Reply::Json(r#"{"rows":[{"id":1}]}"#.into())
}

/// The most requests in any second.
fn most_in_a_second(asked: &[Asked]) -> usize {
    let mut times: Vec<Instant> = asked.iter().map(|asked| asked.at).collect();
    times.sort_unstable();
    let from = |first: usize| times[first..].iter().take_while(|at| at.duration_since(times[first]) < Duration::from_secs(1)).count();
    (0..times.len()).map(from).max().unwrap_or(0)
}

fn paths(asked: &[Asked]) -> [usize; 3] {
    ["/orders", "/viewers", "/chat"].map(|path| asked.iter().filter(|asked| asked.path() == path).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_limit_is_shared_by_all_feeds_of_the_account() {
    let peer = Peer::start(|_, _| rows()).await;
    let folder = tempfile::tempdir().unwrap();
    // two entries of the plan, one account
    let plan = plan(folder.path(), "[limit]\ncalls = 5\nper_s = 1", &peer.base(), &["one", "two"]);
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.run_for(Duration::from_secs(6)).await;
    let taken = owner.stop().await;
    let asked = peer.asked();
    let most = most_in_a_second(&asked);
    assert!(most <= 6, "{most} requests in a second of a quota of 5");
    assert!(asked.len() >= 15, "the quota is used: {}", asked.len());
    let [orders, viewers, chat] = paths(&asked);
    assert!(orders > viewers && orders > chat && viewers > 0 && chat > 0, "orders before figures before chat: {orders} {viewers} {chat}");
    assert!(taken.states.values().all(|state| state.errors == 0), "{:#?}", taken.states);
    let stretched = taken.state("one.chat");
    assert!(stretched.interval_ms > Some(200) && stretched.stale_after_s >= 2, "asked less often, stale later: {stretched:?}");
}

/// An account of which everything counts: logins, links, two lists, and what hooks only name.
const COUNTED: &str = r#"
name = "counted"
[variables.base]
[auth.login]
method = "POST"
url = "{{base}}/login"
token = ".token"
expires = ".expires_in"
[auth.headers]
authorization = "Bearer {{token}}"
[limit]
calls = 4
per_s = 1
[[request]]
name = "orders"
gives = ["purchase"]
interval_s = 0.5
url = "{{base}}/orders"
paging = { kind = "link", size = 1 }
next = ".next"
items = ".rows[]"
map = '{type: "purchase", order: (.id | text), ts: $at, placed_at: $at, value: "1.00", currency: "BRL"}'
[[request]]
name = "viewers"
gives = ["audience"]
interval_s = 0.5
url = "{{base}}/viewers"
map = '{type: "audience", ts: $at, viewers: .n}'
[[request]]
name = "hook"
gives = ["purchase"]
transport = "webhook"
path = "/hook"
signature = { kind = "refetch" }
map = 'expand({id: (.id | text)})'
[request.expand]
url = "{{base}}/orders/{{expand.id}}"
map = '{type: "purchase", order: (.id | text), placed_at: $at, value: "1.00", currency: "BRL"}'
"#;

/// Answers as the platform of [`COUNTED`]: three pages, tokens that live for three seconds.
fn counted(asked: &Asked, tokens: &Mutex<Vec<Instant>>) -> Reply {
    let mut tokens = tokens.lock().unwrap();
    if asked.path() == "/login" {
        tokens.push(asked.at);
        return Reply::Json(format!(r#"{{"token":"t-{}","expires_in":3}}"#, tokens.len() - 1));
    }
    let token = asked.header("authorization").and_then(|text| text.strip_prefix("Bearer t-")).and_then(|n| n.parse::<usize>().ok());
    if token.and_then(|n| tokens.get(n)).is_none_or(|since| asked.at.duration_since(*since) > Duration::from_secs(3)) {
        return Reply::status(401, &[], "token expired");
    }
    match asked.path() {
        "/viewers" => Reply::Json(r#"{"n":3}"#.into()),
        "/orders" => Reply::Json(r#"{"rows":[{"id":1}],"next":"/orders?page=2"}"#.into()),
        "/orders?page=2" => Reply::Json(r#"{"rows":[{"id":2}],"next":"/orders?page=3"}"#.into()),
        "/orders?page=3" => Reply::Json(r#"{"rows":[{"id":3}]}"#.into()),
        path => Reply::Json(format!(r#"{{"id":{}}}"#, path.trim_start_matches("/orders/"))),
    }
}

/// Lets the feeds of [`COUNTED`] run for twelve seconds while hooks come and `weather` changes the way there; the most calls that
/// came in in any second, and how many there were.
async fn count_calls(weather: impl Fn(usize) -> Toxic) -> (usize, Vec<Asked>) {
    let tokens = Mutex::default();
    let peer = Peer::start(move |asked, _| counted(asked, &tokens)).await;
    let proxy = FaultProxy::start_both_ways(peer.address).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("counted.toml"), COUNTED).unwrap();
    let door = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
    let plan = format!(
        "[feeds.shop]\nplatform = \"{}/counted.toml\"\nbase = \"{}\"\nlisten = \"{door}\"\n",
        folder.path().display(),
        proxy.base()
    );
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for n in 0..24 {
        proxy.set(weather(n));
        for id in [10 + 2 * n, 11 + 2 * n] {
            let notice = http.post(format!("http://{door}/hook")).body(format!(r#"{{"id":{id}}}"#));
            tokio::spawn(notice.send());
        }
        owner.run_for(Duration::from_millis(500)).await;
    }
    let taken = owner.stop().await;
    let told: Vec<&str> = taken.told.iter().filter_map(|state| state.last_error.as_deref()).collect();
    assert_eq!(told, [""; 0], "nothing was refused");
    let asked = peer.asked();
    (most_in_a_second(&asked), asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stretch_of_the_declared_length_has_more_calls_than_declared_whatever_they_are_for() {
    let (most, asked) = count_calls(|_| Toxic::None).await;
    assert!(most <= 4, "{most} calls in a second of a limit of 4");
    assert!(asked.len() >= 36, "the limit is used: {}", asked.len());
    let of = |path: &str| asked.iter().filter(|asked| asked.path().starts_with(path)).count();
    let counts = ["/login", "/orders?page=3", "/viewers", "/orders/"].map(of);
    assert!(counts.iter().all(|count| *count > 0), "logins, links, lists and second calls: {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_were_long_on_their_way_count_from_when_they_came_in() {
    // a second of bad weather, and a second of good
    let (most, asked) = count_calls(|n| if n / 2 % 2 == 0 { Toxic::Latency(Duration::from_millis(400)) } else { Toxic::None }).await;
    assert!(most <= 4, "{most} calls in a second of a limit of 4");
    assert!(asked.len() >= 30, "the limit is used: {}", asked.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_429_is_obeyed_by_the_whole_account_and_learned_from() {
    const QUOTA: usize = 5;
    let answered: Mutex<(Vec<Instant>, Vec<Instant>)> = Mutex::default();
    let refused = std::sync::Arc::new(Mutex::new(Vec::<Instant>::new()));
    let storm = std::sync::Arc::clone(&refused);
    let peer = Peer::start(move |asked, _| {
        let mut state = answered.lock().unwrap();
        state.0.retain(|at| asked.at.duration_since(*at) < Duration::from_secs(1));
        if state.0.len() >= QUOTA {
            storm.lock().unwrap().push(asked.at);
            return Reply::status(429, &[("retry-after", "1")], "slow down");
        }
        state.0.push(asked.at);
        rows()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "", &peer.base(), &["one"]);
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner
        .until("the platform says no", |taken| {
            taken.told.iter().any(|state| state.last_error.as_deref().is_some_and(|e| e.starts_with("throttled")))
        })
        .await;
    let learned = Instant::now();
    owner.run_for(Duration::from_secs(12)).await;
    let taken = owner.stop().await;
    let asked: Vec<Asked> = peer.asked().into_iter().filter(|asked| asked.at > learned).collect();
    let rate = asked.len() as f64 / 12.0;
    assert!(rate <= 1.2 * QUOTA as f64, "{rate} requests a second of a quota of {QUOTA}");
    assert!(most_in_a_second(&asked) <= 6, "{} in a second", most_in_a_second(&asked));
    assert!(rate >= 1.0, "it does not starve itself: {rate}");
    // what was on its way when the no came may still arrive
    let slack = Duration::from_millis(300);
    for no in refused.lock().unwrap().iter().filter(|no| **no > learned) {
        let early = asked.iter().filter(|asked| asked.at > *no + slack && asked.at < *no + Duration::from_millis(950)).count();
        assert_eq!(early, 0, "a feed asked before the Retry-After of another");
    }
    assert!(taken.events.len() > 10 && taken.states.len() == 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_feeds_wait_for_a_retry_after_no_longer_than_it_says_and_tell_it() {
    const WAIT_S: u64 = 8;
    let throttled: Mutex<Option<Instant>> = Mutex::default();
    let peer = Peer::start(move |asked, _| {
        let mut throttled = throttled.lock().unwrap();
        let from = throttled.get_or_insert(asked.at);
        // well at first, then one of them is told no
        let into = asked.at.duration_since(*from);
        if asked.path() == "/orders" && (Duration::from_millis(1_500)..Duration::from_millis(3_500)).contains(&into) {
            return Reply::status(429, &[("retry-after", "8")], "");
        }
        rows()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "", &peer.base(), &["one"]);
    let file = folder.path().join("busy.toml");
    let calm = std::fs::read_to_string(&file).unwrap().replace("interval_s = 0.2", "interval_s = 1");
    std::fs::write(&file, calm).unwrap();
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    let waits = |state: &warroom::engine::event::FeedState| {
        state.status == FeedStatus::Retrying
            && state.retry_at.is_some()
            && state.last_error.as_deref().is_some_and(|error| error.starts_with("throttled: the account waits"))
    };
    owner.until("the other feeds say that they wait, and until when", |taken| taken.told.iter().any(waits)).await;
    owner.until("all are well again", |taken| taken.states.len() == 3 && taken.states.values().all(|s| s.status == FeedStatus::Ok)).await;
    let taken = owner.stop().await;
    let held = taken.told.iter().find(|state| waits(state)).unwrap();
    assert_eq!(held.errors, taken.state(&held.feed).errors, "what was not asked did not fail: {held:?}");
    let asked = peer.asked();
    for path in ["/orders", "/viewers", "/chat"] {
        let times: Vec<Instant> = asked.iter().filter(|asked| asked.path() == path).map(|asked| asked.at).collect();
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(longest < Duration::from_secs(WAIT_S + 10), "{path} was silent for {longest:?}");
        assert!(longest > Duration::from_secs(WAIT_S - 1), "{path} asked before the Retry-After: {longest:?}");
    }
}

/// An account that logs in for its token; the busy one's feeds.
const LOCKED: &str = r#"
[auth.login]
method = "POST"
url = "{{base}}/login"
token = ".ticket"
[auth.headers]
x-ticket = "{{token}}"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_one_for_all_feeds_of_the_account_and_not_hammered() {
    let peer = Peer::start(|asked, _| {
        static LOGINS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        match asked.path() {
            "/login" if LOGINS.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 => Reply::status(401, &[], "wrong password"),
            "/login" => Reply::Json(r#"{"ticket":"t-1"}"#.into()),
            _ => rows(),
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "", &peer.base(), &["one"]);
    let file = folder.path().join("busy.toml");
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace("[[request]]\nname = \"orders\"", &format!("{LOCKED}[[request]]\nname = \"orders\""));
    std::fs::write(&file, text).unwrap();
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    let waits = |state: &warroom::engine::event::FeedState| {
        let refused = state.last_error.as_deref().is_some_and(|error| error.starts_with("unauthorized: login: http 401"));
        refused && state.status == FeedStatus::Retrying && state.retry_at.is_some_and(|at| at.since_ms(wall_now()) > 1_000)
    };
    owner.until("all tell the refusal, and when they try again", |taken| taken.states.len() == 3 && taken.states.values().all(waits)).await;
    assert_eq!(peer.asked().len(), 1, "one login, and nothing without it: {:?}", peer.asked());
    owner.until("all are well", |taken| taken.states.values().all(|state| state.status == FeedStatus::Ok)).await;
    let taken = owner.stop().await;
    let logins: Vec<Instant> = peer.asked().iter().filter(|asked| asked.path() == "/login").map(|asked| asked.at).collect();
    assert_eq!(logins.len(), 2, "the next is accepted, and serves all");
    assert!(logins[1] - logins[0] >= Duration::from_secs(10), "{logins:?}");
    assert!(taken.states.values().all(|state| state.errors == 1), "{:#?}", taken.states);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_entries_of_one_account_log_in_once_where_they_come_with_the_same_credentials() {
    for (second, logins) in [("TEST_ONE", 1), ("TEST_TWO", 2)] {
        let peer = Peer::start(|asked, _| match asked.path() {
            "/login" => Reply::Json(r#"{"ticket":"t-1"}"#.into()),
            _ if asked.header("x-ticket") == Some("t-1") => rows(),
            _ => Reply::status(401, &[], "who are you"),
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(folder.path(), "[variables.password]\nsecret = true", &peer.base(), &["one", "two"]);
        let (one, two) = plan.split_once("[feeds.two]").unwrap();
        let plan = format!("{one}password = {{ env = \"TEST_ONE\" }}\n[feeds.two]{two}password = {{ env = \"{second}\" }}\n");
        let file = folder.path().join("busy.toml");
        let login = LOCKED.replace("token =", "form = { password = \"{{password}}\" }\ntoken =");
        let text = std::fs::read_to_string(&file).unwrap().replacen("[[request]]", &format!("{login}[[request]]"), 1);
        std::fs::write(&file, text).unwrap();
        let mut owner = Owner::start(&plan, wall_now(), Taken::default());
        owner
            .until("all are well", |taken| {
                taken.states.len() == 6 && taken.states.values().all(|state| state.status == FeedStatus::Ok && state.received > 0)
            })
            .await;
        owner.stop().await;
        assert_eq!(peer.asked().iter().filter(|asked| asked.path() == "/login").count(), logins, "{second}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_refused_are_not_tried_again_by_every_feed_at_its_own_pace() {
    // one that would be asked five times a second by each of three feeds
    let peer = Peer::start(|_, before| if before < 3 { Reply::status(401, &[], "who are you") } else { rows() }).await;
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "", &peer.base(), &["one"]);
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    let waits = |state: &warroom::engine::event::FeedState| {
        let refused = state.last_error.as_deref().is_some_and(|error| error.starts_with("unauthorized: http 401"));
        refused && state.status == FeedStatus::Retrying && state.retry_at.is_some_and(|at| at.since_ms(wall_now()) > 1_000)
    };
    owner.until("all tell the refusal, and when they try again", |taken| taken.states.len() == 3 && taken.states.values().all(waits)).await;
    owner.until("all are well", |taken| taken.states.values().all(|state| state.status == FeedStatus::Ok)).await;
    let taken = owner.stop().await;
    let asked: Vec<Instant> = peer.asked().iter().map(|asked| asked.at).collect();
    assert!(asked[3] - asked[0] >= Duration::from_secs(10), "three feeds asked once, and ten seconds later again: {asked:?}");
    assert!(taken.states.values().all(|state| state.errors == 1), "{:#?}", taken.states);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_one_feed_lacks_stops_no_other_feed_of_the_account() {
    let peer = Peer::start(|asked, _| if asked.path() == "/chat" { Reply::status(403, &[], "not yours") } else { rows() }).await;
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "", &peer.base(), &["one"]);
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("it is told", |taken| taken.fault("one.chat").starts_with("unauthorized: http 403")).await;
    owner.until("the others go on", |taken| taken.state("one.orders").received > 20 && taken.state("one.viewers").received > 20).await;
    let taken = owner.stop().await;
    assert_eq!(paths(&peer.asked())[2], 1, "the one that was refused waits");
    assert_eq!(taken.state("one.orders").errors + taken.state("one.viewers").errors, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_inside_an_error_is_too_many_requests_not_a_wrong_key() {
    let peer = Peer::start(|asked, _| if asked.path() == "/orders" { Reply::status(403, &[], r#"{"slow_down":2}"#) } else { rows() }).await;
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "", &peer.base(), &["one"]);
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("it is told", |taken| taken.fault("one.orders").starts_with("throttled: http 403")).await;
    let state = owner.taken.state("one.orders");
    assert_eq!(state.status, FeedStatus::Retrying);
    assert!(state.retry_at.is_some_and(|at| at.since_ms(wall_now()) > 1_000), "{state:?}");
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_units_are_counted_told_and_taken_up_after_a_restart() {
    let peer = Peer::start(|_, _| rows()).await;
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "[limit]\nunits_a_day = 100000", &peer.base(), &["one"]);
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    owner.until("units are used", |taken| taken.state("one.orders").quota_left.is_some_and(|left| left <= 99_990)).await;
    let taken = owner.kill();
    let before = taken.state("one.orders").quota_left.unwrap();
    assert_eq!(taken.state("one.orders").quota, Some(100_000));
    let mut owner = Owner::start(&plan, wall_now(), taken);
    let told = owner.taken.told.len();
    owner
        .until("it goes on from there", |taken| taken.told[told..].iter().any(|state| state.quota_left.is_some_and(|left| left < before)))
        .await;
    let again: Vec<i64> = owner.taken.told[told..].iter().filter_map(|state| state.quota_left).collect();
    assert!(again.iter().all(|left| *left <= before), "{again:?} after {before}");
    owner.stop().await;
}
