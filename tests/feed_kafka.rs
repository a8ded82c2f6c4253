//! Topics as they are out there: written by foreign clients with every codec, packed into bombs, damaged, taken back, on brokers
//! old and new whose leaders move; each record comes once, and what cannot be read is named with its place and holds up nothing.
#![cfg(all(feature = "nats", feature = "kafka"))]
#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types, reason = "a test stops where it fails")]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/brokers.rs"]
mod brokers;
#[path = "support/desk.rs"]
mod desk;
#[path = "support/owner.rs"]
mod owner;
#[path = "support/publisher.rs"]
mod publisher;
#[path = "support/servers.rs"]
mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use authority::Authority;
use brokers::Cluster;
use desk::{Desk, Kept};
use owner::{Owner, Taken};
use publisher::order;
use publisher::topic::{Kind, PACKINGS, Packing, Producer, batch, bomb};
use servers::{Server, free_port};
use warroom::clock::wall_now;
use warroom::engine::event::{Fact, FeedStatus};

/// What a bomb comes to; the most memory that the whole program may ever have used beside eight of them, less than for one.
const BOMB_BYTES: usize = 300 << 20;
const MOST_MEMORY_KIB: u64 = 200 << 10;
/// Only against hangs.
const LONGEST: Duration = Duration::from_secs(120);

fn plan(servers: &str, more: &str) -> String {
    format!("[feeds.log]\nplatform = \"kafka\"\nservers = \"{servers}\"\ntopic = \"orders\"\ngives = [\"purchase\"]\n{more}")
}

fn orders(taken: &Taken) -> Vec<String> {
    let order = |event: &warroom::engine::event::Event| match &event.fact {
        Fact::Purchase(purchase) => Some(purchase.order.to_string()),
        _ => None,
    };
    taken.events.iter().filter_map(order).collect()
}

/// A batch of orders by their ids.
fn batch_of(ids: &[&str], kind: Kind) -> bytes::Bytes {
    let records: Vec<(&str, String)> = ids.iter().map(|id| (*id, order(id))).collect();
    batch(&records, kind)
}

fn set<'t>(ids: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    ids.into_iter().map(str::to_owned).collect()
}

/// All orders, each once.
fn exact(taken: &Taken) -> BTreeSet<String> {
    let all = orders(taken);
    let distinct: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(distinct.len(), all.len(), "each once: {all:?}");
    distinct
}

fn write_plan(folder: &Path, feeds: &str) -> std::path::PathBuf {
    let starts = wall_now().plus_s(-30).rfc3339();
    let head = format!(
        "name = \"k\"\ntitle = \"K\"\nstarts_at = \"{starts}\"\nlength = \"1h\"\ntime_zone = \"America/Sao_Paulo\"\ncurrency = \"BRL\"\n"
    );
    let file = folder.join("plan.toml");
    std::fs::write(&file, head + feeds).expect("a plan");
    file
}

/// The most memory that a process has used so far.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_of_any_codec_is_named_costs_little_and_holds_up_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let bucket = Server::bucket(&folder.join("bucket"));
    let port = free_port();
    let broker = Server::kafka(&bucket, port, port);
    broker.make_topic("orders", 2);
    let cluster = Cluster::start(1, 1, (4, 10)).await;
    let mut producer = Producer::connect(port).await.expect("a connection");
    let mut at_broker = 0;
    for (n, packing) in PACKINGS.into_iter().enumerate() {
        let armed = bomb(packing, BOMB_BYTES);
        println!("{packing:?}: {} bytes come to {BOMB_BYTES}", armed.len());
        cluster.append(0, &armed);
        cluster.append(0, &batch_of(&[&format!("behind-{n}")], Kind::packed(packing)));
        // the real broker keeps those that it takes
        if producer.produce("orders", 0, armed).await == Some(0) {
            at_broker += 1;
        } else {
            producer = Producer::connect(port).await.expect("a connection");
        }
        let behind = batch_of(&[&format!("real-{n}")], Kind::packed(packing));
        assert_eq!(producer.produce("orders", i32::from(n % 2 == 0), behind).await, Some(0));
    }
    println!("the real broker took {at_broker} of them");
    std::fs::write(folder.join("beside.ndjson"), order("beside-1").replace("}", ",\"source\":\"beside\"}") + "\n").expect("a file");
    let feeds = plan(&cluster.servers(), "")
        + &plan(&format!("127.0.0.1:{port}"), "").replace("feeds.log", "feeds.real")
        + &format!("[feeds.beside]\npath = \"{}\"\n", folder.join("beside.ndjson").display());
    let journal = folder.join("live.warroom");
    let desk = Desk::open(&write_plan(folder, &feeds), &journal, &[]);
    let expected: BTreeMap<&str, BTreeSet<String>> = BTreeMap::from([
        ("log", (0..4).map(|n| format!("behind-{n}")).collect()),
        ("real", (0..4).map(|n| format!("real-{n}")).collect()),
        ("beside", set(["beside-1"])),
    ]);
    let began = Instant::now();
    let kept = loop {
        let kept = Kept::read(&journal);
        let has = |source: &str, ids: &BTreeSet<String>| {
            kept.orders.get(source).is_some_and(|known| known.keys().cloned().collect::<BTreeSet<_>>() == *ids)
        };
        if expected.iter().all(|(source, ids)| has(source, ids)) && kept.quarantined.get("log") == Some(&4) {
            break kept;
        }
        assert!(began.elapsed() < LONGEST, "{:#?} {:#?} {:?}", kept.orders, kept.errors, kept.quarantined);
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let peak = peak_kib(desk.pid());
    desk.end();
    println!("peak {peak} KiB after {:?}: {:#?}", began.elapsed(), kept.errors);
    assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
    // the health page has one last error, the last of the four or any before it
    let told = kept.errors["log"].iter().any(|error| {
        error.starts_with("gap: partition 0 offset ") && error.ends_with(": too_large: the batch unpacks to more than 16 MiB")
    });
    assert!(told, "{:?}", kept.errors["log"]);
    assert_eq!(kept.quarantined.get("real").copied().unwrap_or_default(), at_broker, "each that the broker took");
    assert!(kept.orders.values().flat_map(BTreeMap::values).all(|count| *count == 1), "nothing twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_the_largest_size_are_read_in_pieces() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // three brokers that all have much to give at once, packed and not
    let cluster = Cluster::start(3, 6, (4, 10)).await;
    let mut expected = BTreeSet::new();
    for (n, packing) in [Packing::None].into_iter().chain(PACKINGS).chain([Packing::None]).enumerate() {
        let ids: Vec<String> = (0..15).map(|k| format!("large-{n}-{k}")).collect();
        let padded = |id: &String| order(id).replace('}', &format!(",\"note\":\"{}\"}}", "n".repeat(1_000_000)));
        let records: Vec<(&str, String)> = ids.iter().map(|id| (id.as_str(), padded(id))).collect();
        cluster.append(n, &batch(&records, Kind::packed(packing)));
        expected.extend(ids);
    }
    let journal = folder.join("live.warroom");
    let desk = Desk::open(&write_plan(folder, &plan(&cluster.servers(), "")), &journal, &[]);
    let began = Instant::now();
    loop {
        let kept = Kept::read(&journal);
        let known: BTreeSet<String> = kept.orders.get("log").into_iter().flat_map(BTreeMap::keys).cloned().collect();
        if known == expected {
            assert_eq!(kept.quarantined.get("log").copied().unwrap_or_default(), 0);
            break;
        }
        assert!(began.elapsed() < LONGEST, "{} of {}: {:?}", known.len(), expected.len(), kept.errors);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let peak = peak_kib(desk.pid());
    desk.end();
    println!("peak {peak} KiB for 6 batches of 15 MB after {:?}", began.elapsed());
    assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn fetches_with_flipped_bits_break_nothing_and_cost_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let cluster = Cluster::start(2, 8, (4, 10)).await;
    cluster.spoil(true);
    for n in 0..80 {
        cluster.append(n % 8, &batch_of(&[&format!("spoiled-{n}"), &format!("spoilt-{n}")], Kind::packed(PACKINGS[n % 4])));
    }
    let journal = folder.join("live.warroom");
    let desk = Desk::open(&write_plan(folder, &plan(&cluster.servers(), "")), &journal, &[]);
    let began = Instant::now();
    let named = |error: &String| {
        let known = ["bad_body: ", "truncated: ", "timeout: ", "refused: ", "gap: ", "too_large: ", "unauthorized: "];
        error.is_empty() || known.iter().any(|kind| error.starts_with(kind))
    };
    loop {
        let kept = Kept::read(&journal);
        let errors = kept.errors.get("log").cloned().unwrap_or_default();
        assert!(errors.iter().all(named), "{errors:?}");
        if errors.len() > 5 || began.elapsed() > LONGEST / 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    cluster.spoil(false);
    for n in 0..8 {
        cluster.append(n, &batch_of(&[&format!("sound-{n}")], Kind::packed(PACKINGS[n % 4])));
    }
    loop {
        let kept = Kept::read(&journal);
        let errors = &kept.errors["log"];
        assert!(errors.iter().all(named), "{errors:?}");
        let orders = kept.orders.get("log").cloned().unwrap_or_default();
        if (0..8).all(|n| orders.contains_key(&format!("sound-{n}"))) {
            println!("{} of 160 came through: {errors:#?}", orders.keys().filter(|id| id.starts_with("spoil")).count());
            break;
        }
        assert!(began.elapsed() < LONGEST, "{orders:?} {errors:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let peak = peak_kib(desk.pid());
    desk.end();
    println!("peak {peak} KiB");
    assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_foreign_clients_write_with_every_codec_is_read_exactly() {
    let folder = tempfile::tempdir().expect("a folder");
    let bucket = Server::bucket(&folder.path().join("bucket"));
    let port = free_port();
    let broker = Server::kafka(&bucket, port, port);
    broker.make_topic("orders", 3);
    let mut owner = Owner::start(&plan(&format!("127.0.0.1:{port}"), ""), wall_now().plus_s(-30), Taken::default());
    owner.until("it is up", |taken| taken.state("log").caught_up).await;
    let writing = tokio::task::spawn_blocking(move || {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/foreign.py");
        Command::new(python).arg(script).args([&port.to_string(), "orders", "3", "200"]).output().expect("python: run tests/setup.sh")
    });
    let written = writing.await.expect("it ends");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let text = String::from_utf8(written.stdout).expect("text");
    let ids = set(text.lines());
    assert_eq!(ids.len(), 2 * 5 * 200, "two clients, four codecs and none");
    owner.until("all of them", |taken| orders(taken).len() >= ids.len()).await;
    owner.run_for(Duration::from_secs(1)).await;
    let taken = owner.stop().await;
    assert_eq!(exact(&taken), ids);
    assert_eq!((taken.rejected.len(), taken.all_faults("log")), (0, Vec::<String>::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_old_and_new_are_spoken_to_and_a_place_inside_a_batch_is_kept() {
    for (from, to, asked) in [(0, 4, 4), (4, 7, 7), (4, 17, 10)] {
        let cluster = Cluster::start(1, 2, (from, to)).await;
        for packing in PACKINGS {
            let id = |n: usize| format!("{packing:?}-{n}");
            let ids = [id(0), id(1), id(2)];
            cluster.append(1, &batch_of(&[&ids[0], &ids[1], &ids[2]], Kind::packed(packing)));
        }
        let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now().plus_s(-30), Taken::default());
        owner.until("all", |taken| orders(taken).len() >= 12 && taken.state("log").caught_up).await;
        assert_eq!(cluster.fetched_in(), [asked]);
        let mut taken = owner.stop().await;
        assert_eq!(exact(&taken).len(), 12);
        // the journal stands in the middle of the last batch
        taken.cursors.insert("log".into(), "{\"0\":0,\"1\":10}".into());
        taken.events.clear();
        let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now().plus_s(-30), taken);
        owner.until("the rest of it", |taken| orders(taken).len() >= 2).await;
        owner.run_for(Duration::from_millis(700)).await;
        assert_eq!(exact(&owner.stop().await), set(["Zstd-1", "Zstd-2"]));
    }
    let cluster = Cluster::start(1, 1, (12, 17)).await;
    let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now(), Taken::default());
    assert!(owner.until_told("log", "refused: the broker speaks Fetch in versions 12 to 17, this program in 4 to 10").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_is_no_record_and_marks_at_the_end_keep_nobody_waiting() {
    let cluster = Cluster::start(1, 1, (4, 10)).await;
    let of = |producer| Kind { producer, transactional: true, ..Kind::packed(Packing::Gzip) };
    let mark = |producer| Kind { control: true, packing: Packing::None, ..of(producer) };
    let first = cluster.append(0, &batch_of(&["no-1", "no-2"], of(7)));
    cluster.append(0, &batch_of(&["yes-1"], of(8)));
    cluster.append(0, &batch(&[("\0\0\0\0", String::new())], mark(7)));
    cluster.append(0, &batch(&[("\0\0\0\u{1}", String::new())], mark(8)));
    cluster.append(0, &batch_of(&["yes-2"], of(7)));
    cluster.append(0, &batch(&[("\0\0\0\u{1}", String::new())], mark(7)));
    cluster.abort(0, 7, first);
    let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now().plus_s(-30), Taken::default());
    owner.until("complete", |taken| taken.state("log").caught_up).await;
    assert_eq!(exact(&owner.stop().await), set(["yes-1", "yes-2"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_can_never_be_read_is_left_out_with_its_place_and_no_other() {
    let cluster = Cluster::start(1, 2, (4, 10)).await;
    let sound = |id: &str| batch_of(&[id], Kind::packed(Packing::Lz4));
    cluster.append(0, &sound("a"));
    // damaged in the topic itself
    let mut damaged = batch_of(&["x", "y"], Kind::packed(Packing::None)).to_vec();
    let at = damaged.len() - 10;
    damaged[at] ^= 4;
    cluster.append(0, &damaged.into());
    cluster.append(0, &sound("b"));
    // larger than anything that is taken, packed or not
    let large = batch(&[("z", "z".repeat(20 << 20))], Kind::packed(Packing::None));
    cluster.append(0, &large);
    cluster.append(0, &sound("c"));
    // of the format before Kafka 0.11
    let mut old = batch_of(&["v"], Kind::packed(Packing::None)).to_vec();
    old[16] = 1;
    cluster.append(0, &old.into());
    cluster.append(0, &sound("d"));
    cluster.append(1, &sound("e"));
    let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now().plus_s(-30), Taken::default());
    assert!(owner.until_told("log", "bad_body: partition 0 offset 1: the checksum of the batch does not hold").await);
    for gap in [
        "gap: partition 0 offsets 1 to 2: bad_body: the checksum of the batch does not hold",
        "gap: partition 0 offset 4: too_large: the batch is larger than 16 MiB",
        "gap: partition 0 offset 6: bad_body: the batch has format 1, only 2 (Kafka 0.11 and later) is read",
    ] {
        assert!(owner.until_told("log", gap).await, "{gap}: {:?}", owner.taken.all_faults("log"));
    }
    owner.until("the sound ones", |taken| orders(taken).len() >= 5 && taken.state("log").caught_up).await;
    let taken = owner.stop().await;
    assert_eq!(exact(&taken), set(["a", "b", "c", "d", "e"]));
    let places: Vec<&str> = taken.rejected.iter().map(|rejected| rejected.place.as_str()).collect();
    assert_eq!(places, ["partition 0 offsets 1 to 2", "partition 0 offset 4", "partition 0 offset 6"]);
    assert_eq!(taken.state("log").status, FeedStatus::Ok);
    let offsets: BTreeMap<i32, i64> = serde_json::from_str(&taken.cursors["log"]).expect("offsets");
    assert_eq!(offsets, BTreeMap::from([(0, 8), (1, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_falls_silent_and_a_leader_that_moves_stop_no_other_partition() {
    let cluster = Cluster::start(2, 4, (4, 10)).await;
    let sound = |id: &str| batch_of(&[id], Kind::packed(Packing::Zstd));
    let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now().plus_s(-30), Taken::default());
    owner.until("it is up", |taken| taken.state("log").caught_up).await;
    cluster.silence(2, true);
    for n in 0..4 {
        cluster.append(n, &sound(&format!("silent-{n}")));
    }
    // partitions 1 and 3 are led by the silent one
    owner.until("the others", |taken| orders(taken).len() >= 2).await;
    assert!(owner.until_told("log", "timeout: the broker is silent").await, "{:?}", owner.taken.all_faults("log"));
    cluster.append(0, &sound("still-0"));
    owner.until("they go on", |taken| orders(taken).contains(&"still-0".to_owned())).await;
    assert_eq!(exact(&owner.taken), set(["silent-0", "silent-2", "still-0"]));
    assert_eq!(owner.taken.state("log").status, FeedStatus::Retrying, "it is not complete, and says so");
    // another leads them now
    cluster.lead(1, 1);
    cluster.lead(3, 1);
    owner.until("all", |taken| orders(taken).len() >= 5).await;
    // and it moves back, without anybody having failed
    cluster.silence(2, false);
    cluster.lead(0, 2);
    cluster.append(0, &sound("moved-0"));
    owner.until("behind the leader", |taken| orders(taken).len() >= 6 && taken.state("log").status == FeedStatus::Ok).await;
    assert!(owner.until_told("log", "refused: the broker says NotLeaderOrFollower").await);
    let taken = owner.stop().await;
    assert_eq!(exact(&taken), set(["silent-0", "silent-1", "silent-2", "silent-3", "still-0", "moved-0"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_partitions_share_what_is_fetched_and_none_is_forgotten() {
    let cluster = Cluster::start(3, 200, (4, 10)).await;
    for n in 0..200 {
        let ids: Vec<String> = (0..40).map(|k| format!("{n}-{k}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        // a megabyte of each tenth, so that others must wait for their turn
        let packing = if n % 10 == 0 { Packing::None } else { Packing::Gzip };
        let copies = if n % 10 == 0 { 50 } else { 1 };
        let records: Vec<(&str, String)> =
            ids.iter().map(|id| (*id, order(id).replace('}', &format!(",\"note\":\"{}\"}}", "n".repeat(copies * 10))))).collect();
        cluster.append(n, &batch(&records, Kind::packed(packing)));
    }
    let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now().plus_s(-30), Taken::default());
    owner.until("all", |taken| orders(taken).len() >= 8_000 && taken.state("log").caught_up).await;
    let taken = owner.stop().await;
    assert_eq!(exact(&taken).len(), 8_000);
    assert_eq!(taken.all_faults("log"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_we_are_is_asked_behind_tls_and_a_wrong_password_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(folder.path());
    let cluster = Cluster::start(1, 1, (4, 10)).await;
    cluster.secure(&authority.issue("127.0.0.1", 2099));
    cluster.append(0, &batch_of(&["in"], Kind::packed(Packing::Snappy)));
    let access = |mechanism: &str| {
        let servers = format!("tls://{}", cluster.servers());
        let ca = authority.file.display();
        plan(&servers, &format!("user = \"desk\"\npassword = {{ env = \"TEST_PASSWORD\" }}\nmechanism = \"{mechanism}\"\nca = \"{ca}\"\n"))
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        cluster.demand("desk", "canary-TEST_PASSWORD", mechanism);
        let mut owner = Owner::start(&access(mechanism), wall_now().plus_s(-30), Taken::default());
        owner.until("let in", |taken| orders(taken).len() == 1).await;
        assert_eq!(owner.stop().await.all_faults("log"), Vec::<String>::new(), "{mechanism}");
        cluster.demand("desk", "another", mechanism);
        let mut owner = Owner::start(&access(mechanism), wall_now(), Taken::default());
        assert!(owner.until_told("log", "unauthorized: the broker does not accept the user").await, "{mechanism}");
        assert!(!format!("{:?}", owner.taken.told).contains("canary"), "no secret in any state");
    }
    let mut owner = Owner::start(&access("plain"), wall_now(), Taken::default());
    assert!(owner.until_told("log", "unauthorized: the broker does not take PLAIN, but SCRAM-SHA-512").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_deleted_while_we_read_are_told_with_their_number() {
    let cluster = Cluster::start(1, 1, (4, 10)).await;
    for n in 0..6 {
        cluster.append(0, &batch_of(&[&format!("t{n}")], Kind::packed(Packing::Gzip)));
    }
    let taken = Taken { cursors: BTreeMap::from([("log".to_owned(), "{\"0\":1}".to_owned())]), ..Taken::default() };
    cluster.trim(0, 4);
    let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now().plus_s(-30), taken);
    assert!(owner.until_told("log", "gap: 3 records were deleted before they were read").await);
    owner.until("the rest", |taken| orders(taken).len() == 2).await;
    // the topic is made anew and shorter
    let taken = Taken { cursors: BTreeMap::from([("log".to_owned(), "{\"0\":90}".to_owned())]), ..Taken::default() };
    let mut owner = Owner::start(&plan(&cluster.servers(), ""), wall_now().plus_s(-30), taken);
    assert!(owner.until_told("log", "gap: partition 0 has lost the place where it was read to").await);
    owner.until("all that is there", |taken| orders(taken).len() == 2).await;
}
