//! Filters run in a process of their own: what they do to it is told, costs the input that they did it with, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "a test stops where it fails")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::RwLock;
use warroom::engine::time::At;
use warroom::engine::wire::Defaults;
use warroom::feed::fault::{Fault, FaultKind};
use warroom::feed::filter::Filter;
use warroom::feed::mapper::{CPU_BUDGET, Mapper, Workshop};
use warroom::feed::mapping::{Context, Mapped, Recipe};

const PROGRAM: &str = env!("CARGO_BIN_EXE_warroom");

/// Filters that no thread of a program survives: values nested without end, recursion, memory.
const DEADLY: [(&str, &str); 6] = [
    ("reduce range(1000000) as $i (0; [.]) | tojson", "nested too deep"),
    ("last(limit(1000000; recurse([.]))) | tojson", "nested too deep"),
    ("reduce range(500000) as $i (0; {a: .}) | tojson | length", "nested too deep"),
    ("def f: [f]; f", "calls itself too often"),
    ("def c: if . > 0 then ((. - 1) | c) + 1 else 0 end; 10000000 | c", "calls itself too often"),
    ("reduce range(40) as $i (\"x\"; . + .) | length", "1 GiB of memory"),
];

/// One test kills the children of this process; meanwhile no other may have one.
static PEACE: RwLock<()> = RwLock::const_new(());

fn mapper() -> Mapper {
    Workshop::of(PROGRAM).mapper()
}

fn context() -> Context {
    Context::new(At::parse("2026-11-21T23:31:00.5Z", None).unwrap(), Defaults::default())
}

fn recipe(items: Option<&str>, map: &str) -> Recipe {
    let filter = |expression| Filter::read("", expression).unwrap_or_else(|error| panic!("{expression}: {error:?}"));
    Recipe { items: items.map(filter), ..Recipe::new(filter(map)) }
}

async fn map(mapper: &Mapper, recipe: &Recipe, payload: &str) -> Result<Mapped, Fault> {
    mapper.map(payload.as_bytes().to_vec(), recipe, context()).await
}

/// As whoever brings a payload again where it was not finished.
async fn map_at_last(mapper: &Mapper, recipe: &Recipe, payload: &str) -> Mapped {
    for _ in 0..30 {
        match map(mapper, recipe, payload).await {
            Ok(mapped) => return mapped,
            Err(fault) => assert_eq!(fault.kind, FaultKind::Crashed, "{fault}"),
        }
    }
    panic!("it is never finished");
}

#[tokio::test]
async fn what_a_filter_does_to_its_process_is_told() {
    let _peace = PEACE.read().await;
    let mapper = mapper();
    for (filter, why) in DEADLY {
        let fault = map(&mapper, &recipe(None, filter), "1").await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Mapping, "{filter}");
        assert!(fault.detail.contains(why) && !fault.fatal, "{filter}: {fault}");
    }
    // the same mapper goes on
    assert_eq!(map(&mapper, &recipe(None, "skip(\"fine\")"), "1").await.unwrap().skipped, 1);
}

#[tokio::test]
async fn an_input_that_ends_its_process_is_put_aside_and_the_others_are_mapped() {
    let _peace = PEACE.read().await;
    let deep = "if .n == 3 then reduce range(400000) as $i (0; {a: .}) | tojson else skip(\"n \\(.n)\") end";
    let payload = r#"[{"n":1},{"n":2},{"n":3,"text":"poison"},{"n":4},{"n":3},{"n":5}]"#;
    let mapped = map_at_last(&mapper(), &recipe(Some(".[]"), deep), payload).await;
    assert_eq!((mapped.inputs, mapped.skipped, mapped.rejected.len()), (6, 4, 2));
    let aside = &mapped.rejected[0];
    assert_eq!((aside.place.as_str(), aside.beginning.as_str()), ("item 3", r#"{"n":3,"text":"poison"}"#));
    assert!(aside.reject.detail.contains("nested too deep"), "{aside:?}");
    // many of them cost themselves, and are known when they come again
    let mapper = mapper();
    let poison: Vec<String> = (0..30).map(|k| format!(r#"{{"n":3,"k":{k}}}"#)).collect();
    let payload = format!("[{{\"n\":1}},{},{{\"n\":2}}]", poison.join(","));
    let mapped = map_at_last(&mapper, &recipe(Some(".[]"), deep), &payload).await;
    assert_eq!((mapped.inputs, mapped.skipped, mapped.rejected.len()), (32, 2, 30));
    let began = Instant::now();
    let mapped = map(&mapper, &recipe(Some(".[]"), deep), &payload).await.unwrap();
    assert_eq!((mapped.inputs, mapped.skipped, mapped.rejected.len()), (32, 2, 30));
    assert!(began.elapsed() < CPU_BUDGET, "known inputs end no process: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_filter_without_end_is_ended_and_costs_its_input() {
    let _peace = PEACE.read().await;
    let mapper = mapper();
    for endless in ["last(repeat(.))", "range(1000000000)", "repeat(skip(\"x\"))"] {
        let filter = format!("if .n == 2 then {endless} else skip(\"n\") end");
        let mapped = map(&mapper, &recipe(Some(".[]"), &filter), r#"[{"n":1},{"n":2},{"n":3}]"#).await.unwrap();
        assert_eq!((mapped.inputs, mapped.skipped, mapped.rejected.len()), (3, 2, 1), "{endless}");
        let why = &mapped.rejected[0].reject.detail;
        assert!(why.contains("did not get on within 2 s") || why.contains("does not stop giving outputs"), "{endless}: {why}");
    }
    let fault = map(&mapper, &recipe(None, "last(repeat(.))"), "1").await.unwrap_err();
    assert!(fault.is_of_payload() && fault.detail.contains("did not get on"), "{fault}");
}

#[tokio::test]
async fn a_filter_may_write_on_its_standard_error() {
    let _peace = PEACE.read().await;
    let loud = "(. | stderr | debug) | skip(\"x\")";
    let mapped = map(&mapper(), &recipe(Some("range(2000) | tostring * 400"), loud), "1").await.unwrap();
    assert_eq!((mapped.skipped, mapped.rejected.len()), (2000, 0));
}

/// Slow as a whole, but it gets on.
#[tokio::test]
async fn a_payload_that_takes_long_is_mapped_as_long_as_it_gets_on() {
    let _peace = PEACE.read().await;
    let slow = "[range(150000)] | length as $n | skip(\"\\($n)\")";
    let payload = format!("[{}]", vec!["1"; 400].join(","));
    let began = Instant::now();
    let mapped = map(&mapper(), &recipe(Some(".[]"), slow), &payload).await.unwrap();
    assert_eq!((mapped.skipped, mapped.rejected.len()), (400, 0), "after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_text_of_a_peer_that_is_nested_without_end_is_an_error_of_its_input() {
    let _peace = PEACE.read().await;
    let brackets = "[".repeat(1_000_000);
    let mapper = mapper();
    for text in [brackets.clone(), format!("#\\\"\\n{brackets}"), format!("\\\"{brackets}"), "{\\\"a\\\":".repeat(100_000)] {
        for expression in ["tonumber", "fromjson", "minor"] {
            let mapped = map(&mapper, &recipe(Some(".[]"), expression), &format!("[\"{text}\"]")).await.unwrap();
            assert_eq!((mapped.events.len(), mapped.rejected.len()), (0, 1), "{expression}");
        }
    }
    let mapped = map(&mapper, &recipe(Some(".[]"), "skip(\"\\(fromjson)\")"), r#"["[[1]]","{\"a\":\"[[[\"}"," 7 ","007"]"#).await.unwrap();
    let texts: Vec<&str> = mapped.left_out.iter().filter_map(|left| left.why.as_deref()).collect();
    assert_eq!(texts, ["[[1]]", r#"{"a":"[[["}"#, "7", "7"]);
}

#[tokio::test]
async fn deep_recursion_that_comes_to_its_end_is_in_order() {
    let _peace = PEACE.read().await;
    let mapper = mapper();
    for (filter, result) in [
        ("def c: if . > 0 then ((. - 1) | c) + 1 else 0 end; 1000 | c", "1000"),
        ("def t: if . < 300000 then . + 1 | t else . end; 1 | t", "300000"),
        ("def last: if .next then .next | last else . end; [path(last)] | length", "1"),
    ] {
        let mapped = map(&mapper, &recipe(None, &format!("({filter}) as $r | skip($r)")), r#"{"next":{"next":{"v":1}}}"#).await.unwrap();
        assert_eq!(mapped.left_out[0].why.as_deref(), Some(result), "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_somebody_kills_or_freezes_costs_nothing() {
    let _peace = PEACE.write().await;
    let mapper = mapper();
    for items in [None, Some(".")] {
        let recipe = recipe(items, "skip(\"here\")");
        for signal in ["-9", "-STOP", "-TERM"] {
            assert_eq!(map(&mapper, &recipe, "1").await.unwrap().skipped, 1);
            signal_children(signal);
            assert_eq!(map(&mapper, &recipe, "2").await.unwrap().skipped, 1, "{signal}");
        }
    }
    // killed again and again: nobody says that it was the payload's fault
    let running = std::sync::atomic::AtomicBool::new(true);
    let fault = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while running.load(std::sync::atomic::Ordering::Relaxed) {
                    signal_children("-9");
                }
            });
            let handle = tokio::runtime::Handle::current();
            let busy = recipe(Some(".[]"), "[range(300000)] | length | skip(\"x\")");
            let fault = handle.block_on(map(&mapper, &busy, "[1,2,3,4,5,6,7,8,9]")).unwrap_err();
            running.store(false, std::sync::atomic::Ordering::Relaxed);
            fault
        })
    });
    assert_eq!((fault.kind, fault.is_of_payload()), (FaultKind::Crashed, false), "{fault}");
    assert_eq!(map(&mapper, &recipe(None, "skip(\"here\")"), "2").await.unwrap().skipped, 1);
}

fn signal_children(signal: &str) {
    for child in children() {
        // it may be gone meanwhile
        drop(Command::new("kill").args([signal, &child]).stderr(Stdio::null()).status());
    }
}

/// The children of this process that are mappers.
fn children() -> Vec<String> {
    let listed = Command::new("ps").args(["-o", "pid=,args=", "--ppid", &std::process::id().to_string()]).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mappers = listed.lines().filter(|line| line.contains("warroom mapper"));
    mappers.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

#[test]
fn a_mapper_alone_ends_with_its_input_even_in_the_middle_of_a_filter() {
    let mut child = Command::new(PROGRAM).arg("mapper").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let order = |head: &str, body: &str| {
        let length = |text: &str| u32::try_from(text.len()).unwrap().to_le_bytes();
        [&length(head)[..], &length(body)[..], head.as_bytes(), body.as_bytes()].concat()
    };
    let mut stdin = child.stdin.take().unwrap();
    let learn = r#"{"Learn":{"number":1,"source":{"definitions":"","expression":"last(repeat(1))"}}}"#;
    stdin.write_all(&order(learn, "")).unwrap();
    let context = serde_json::to_string(&context()).unwrap();
    stdin.write_all(&order(&format!(r#"{{"Ask":{{"filter":1,"context":{context}}}}}"#), "1")).unwrap();
    stdin.flush().unwrap();
    drop(stdin);
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "it goes on without its mapper");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_program_survives_a_platform_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.toml"), OWN).unwrap();
    for (filter, why) in [DEADLY[0], DEADLY[5]] {
        fs::write(folder.path().join("own.jq"), format!("def sale: {filter};")).unwrap();
        let mut program = Command::new(PROGRAM)
            .args(["feed", "try", "own.toml", "--request", "sales", "--payload", "-"])
            .current_dir(folder.path())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        program.stdin.take().unwrap().write_all(br#"[{"c":"x"}]"#).unwrap();
        let output = program.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{filter}: {told}");
        assert!(told.contains(why), "{filter}: {told}");
    }
}

const OWN: &str = r#"
name = "own"
title = "One's own"

[[request]]
name = "sales"
gives = ["purchase"]
interval_s = 3
url = "http://127.0.0.1:1/sales"
items = ".[]"
map = "sale"
"#;
