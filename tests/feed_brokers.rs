//! What a broker can do to a desk beside dying: streams that are missing, trimmed, made anew or of the wrong kind, consumers
//! that belong to somebody else, two desks that share one.
#![cfg(all(feature = "nats", feature = "kafka"))]
#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types, reason = "a test stops where it fails")]

#[path = "support/owner.rs"]
mod owner;
#[path = "support/publisher.rs"]
mod publisher;
#[path = "support/servers.rs"]
mod servers;

use std::collections::BTreeSet;

use async_nats::jetstream::{consumer, stream};
use owner::{Owner, Taken};
use publisher::{make_stream, nats_context, publish_kafka, publish_nats};
use servers::{Server, free_port};
use warroom::clock::wall_now;
use warroom::engine::event::{Fact, FeedStatus};

fn plan(server: &str, name: &str, stream: &str) -> String {
    format!(
        "[feeds.{name}]\nplatform = \"nats\"\nservers = \"{server}\"\nstream = \"{stream}\"\nsubject = \"shop.orders\"\ngives = [\"purchase\"]\n"
    )
}

fn orders(taken: &Taken) -> Vec<String> {
    let order = |event: &warroom::engine::event::Event| match &event.fact {
        Fact::Purchase(purchase) => Some(purchase.order.to_string()),
        _ => None,
    };
    taken.events.iter().filter_map(order).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_missing_trimmed_or_made_anew_is_read_and_the_gap_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::nats(folder.path(), &[]);
    let at = format!("nats://127.0.0.1:{}", server.port);
    let (plan, start) = (plan(&at, "bus", "SHOP"), wall_now().plus_s(-30));
    let mut owner = Owner::start(&plan, start, Taken::default());
    assert!(owner.until_told("bus", "refused: there is no stream `SHOP`").await, "{:?}", owner.taken.states);
    let context = make_stream(&at).await;
    for n in 0..10 {
        publish_nats(&context, &format!("a{n}")).await;
    }
    owner.until("ten", |taken| orders(taken).len() == 10).await;
    let taken = owner.kill();

    for n in 10..15 {
        publish_nats(&context, &format!("a{n}")).await;
    }
    let stream = context.get_stream("SHOP").await.expect("the stream");
    stream.purge().sequence(13).await.expect("purged");
    let mut owner = Owner::start(&plan, start, taken);
    owner.until("the rest", |taken| orders(taken).len() == 13).await;
    assert!(owner.until_told("bus", "gap: 2 messages were deleted before they were read").await);
    let expected: BTreeSet<String> = (0..10).chain(12..15).map(|n| format!("a{n}")).collect();
    assert_eq!(orders(&owner.taken).into_iter().collect::<BTreeSet<_>>(), expected);

    context.delete_stream("SHOP").await.expect("deleted");
    make_stream(&at).await;
    for n in 0..3 {
        publish_nats(&context, &format!("b{n}")).await;
    }
    owner.until("the new stream", |taken| orders(taken).len() == 16).await;
    let taken = owner.stop().await;
    let distinct: BTreeSet<String> = orders(&taken).into_iter().collect();
    assert_eq!(distinct.len(), 16, "each once, in spite of the same numbers");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_harm_others_is_refused_and_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::nats(folder.path(), &[]);
    let at = format!("nats://127.0.0.1:{}", server.port);
    let context = nats_context(&at).await;
    let work = stream::Config {
        name: "WORK".into(),
        subjects: vec!["work.>".into()],
        retention: stream::RetentionPolicy::WorkQueue,
        ..Default::default()
    };
    context.create_stream(work).await.expect("a stream");
    let shop = make_stream(&at).await.get_stream("SHOP").await.expect("the stream");
    let theirs = consumer::pull::Config { durable_name: Some("warroom".into()), ..Default::default() };
    shop.create_consumer(theirs).await.expect("a consumer");
    let plan = plan(&at, "work", "WORK") + &plan(&at, "shop", "SHOP");
    let mut owner = Owner::start(&plan, wall_now(), Taken::default());
    assert!(owner.until_told("work", "refused: the stream `WORK` deletes what is acknowledged; name a mirror").await);
    assert!(owner.until_told("shop", "refused: the consumer `warroom` belongs to somebody else").await);
    for feed in ["work", "shop"] {
        assert_eq!(owner.taken.state(feed).status, FeedStatus::Failed, "{feed}: only the operator can help");
    }
    assert!(shop.consumer_info("warroom").await.is_ok(), "theirs is as it was");
    owner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_desks_that_share_a_consumer_are_told_and_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::nats(folder.path(), &[]);
    let at = format!("nats://127.0.0.1:{}", server.port);
    let context = make_stream(&at).await;
    let plan = plan(&at, "bus", "SHOP");
    let mut first = Owner::start(&plan, wall_now().plus_s(-30), Taken::default());
    first.until("the first is up", |taken| taken.state("bus").caught_up).await;
    let mut second = Owner::start(&plan, wall_now().plus_s(-30), Taken::default());
    for n in 0..60 {
        publish_nats(&context, &format!("s{n}")).await;
        first.run_for(std::time::Duration::from_millis(20)).await;
        second.run_for(std::time::Duration::from_millis(20)).await;
    }
    let told = |taken: &Taken| taken.all_faults("bus").iter().any(|fault| fault.contains("`durable`") || fault.contains("onsumer"));
    assert!(told(&first.taken) || told(&second.taken), "{:?} {:?}", first.taken.all_faults("bus"), second.taken.all_faults("bus"));
    // one goes; the other ends with everything, once
    first.kill();
    second.until("all of them", |taken| orders(taken).len() >= 60).await;
    let all = orders(&second.stop().await);
    assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len(), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_missing_is_told_and_read_once_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let bucket = Server::bucket(&folder.path().join("bucket"));
    let port = free_port();
    let broker = Server::kafka(&bucket, port, port);
    let plan = format!("[feeds.log]\nplatform = \"kafka\"\nservers = \"127.0.0.1:{port}\"\ntopic = \"orders\"\ngives = [\"purchase\"]\n");
    let mut owner = Owner::start(&plan, wall_now().plus_s(-30), Taken::default());
    assert!(owner.until_told("log", "refused: there is no topic `orders`").await, "{:?}", owner.taken.states);
    broker.make_topic("orders", 3);
    let mut known = None;
    for n in 0..30 {
        publish_kafka(port, &mut known, n % 3, &format!("k{n}")).await;
    }
    owner.until("all partitions", |taken| orders(taken).len() == 30).await;
    owner = Owner::start(&plan, wall_now().plus_s(-30), owner.kill());
    for n in 30..40 {
        publish_kafka(port, &mut known, n % 3, &format!("k{n}")).await;
    }
    owner.until("what came after the kill", |taken| orders(taken).len() == 40).await;
    owner.until("it is complete", |taken| taken.state("log").caught_up).await;
    let all = orders(&owner.stop().await);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 40, "each once");
}
