//! `warroom report --update`: the feeds are read again, days later, and the report shows what the live's figures have become.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

#[path = "support/peer.rs"]
mod peer;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use peer::{Peer, Reply};
use serde_json::{Value, json};
use warroom::engine::event::Record;
use warroom::engine::plan::Plan;
use warroom::engine::time::At;
use warroom::engine::wire::{self, Defaults};
use warroom::journal::{Journal, JournalBatch};

const PLATFORM: &str = r#"
name = "kiosk"
title = "Kiosk"
[variables.base]
about = "Address of the shop"
[[request]]
name = "sales"
gives = ["purchase"]
interval_s = 5
window = { overlap_s = 60 }
url = "{{base}}/sales"
query = { changed_since = "{{from|epoch_s}}" }
items = ".sales[]"
map = "sale"
[[request]]
name = "returns"
gives = ["refund"]
interval_s = 5
window = { overlap_s = 60 }
url = "{{base}}/returns"
items = ".returns[]"
map = "back"
"#;

const FILTERS: &str = r#"
def sale: {type: "purchase", order: (.no | text), rev: (.changed | text), ts: $at, placed_at: (.at | time), paid_at: (.paid_at | time),
  status: (if .void then "cancelled" elif .paid_at then "paid" else "placed" end), value: (.cents | minor), currency: "BRL"};
def back: {type: "refund", id: (.id | text), order: (.no | text), ts: (.at | time), value: (.cents | minor), currency: "BRL"};
"#;

/// Three days ago, to the second.
fn start() -> At {
    At::from_ms(warroom::clock::wall_now().plus_s(-3 * 86_400).ms() / 1_000 * 1_000)
}

/// The night as it was: two orders paid, one waiting.
fn journal(folder: &Path, start: At) -> PathBuf {
    let path = folder.join("night.warroom");
    let brl = warroom::engine::money::Currency::parse("BRL");
    let plan = Plan { name: "night".into(), starts_at: Some(start), length_s: 3_600, currency: brl, ..Plan::default() };
    let order = |no: u32, cents: u32, status: &str, minute: i64| {
        let at = start.plus_s(minute * 60);
        let rev = at.ms() / 1_000;
        (
            at,
            format!(
                r#"{{"type":"purchase","ts":"{at}","source":"kiosk","order":"{no}","rev":{rev},"status":"{status}","placed_at":"{at}","value":{{"minor":{cents}}},"currency":"BRL"}}"#
            ),
        )
    };
    let end = start.plus_s(3_600);
    let lines = [
        (start, format!(r#"{{"type":"plan","ts":"{start}","source":"desk","body":{}}}"#, serde_json::to_string(&plan).unwrap())),
        order(1001, 10_000, "paid", 5),
        order(1002, 5_000, "placed", 6),
        order(1003, 20_000, "paid", 7),
        (end, format!(r#"{{"type":"closed","ts":"{end}","source":"desk"}}"#)),
    ];
    let mut writer = Journal::create(&path, &plan).unwrap();
    let mut seq = 0;
    let records: Arc<[Record]> = lines
        .into_iter()
        .map(|(at, line)| {
            seq += 1;
            Record { seq, at, event: wire::read(&line, &Defaults::default()).unwrap_or_else(|error| panic!("{line}: {error:?}")).event }
        })
        .collect();
    writer.append(JournalBatch { records, ..JournalBatch::default() });
    assert!(!writer.close().ever_failed);
    path
}

/// The shop as it is now: one order cancelled, one paid since, part of one given back; and one of the day after.
fn shop(start: At) -> (Value, Value) {
    let s = start.ms() / 1_000;
    let sale = |no: u32, cents: u32, minute: i64, changed: i64, paid: Option<i64>, void: bool| json!({"no": no, "cents": cents, "at": s + minute * 60, "changed": s + changed, "paid_at": paid.map(|paid| s + paid), "void": void});
    let sales = json!({"sales": [
        sale(1001, 10_000, 5, 90_000, Some(300), true),
        sale(1002, 5_000, 6, 80_000, Some(7_200), false),
        sale(1003, 20_000, 7, 420, Some(420), false),
        sale(1004, 99_900, 1_500, 90_000, Some(90_000), false),
    ]});
    (sales, json!({"returns": [{"id": "r1", "no": 1003, "cents": 5_000, "at": s + 100_000}]}))
}

fn report(folder: &Path, journal: &Path, plan: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.arg("report").arg(journal).arg("--update").arg(plan).arg("--out").arg(folder);
    command.env("HOME", folder).env("XDG_DATA_HOME", folder.join("data")).env("LANG", "C.UTF-8").env("NO_PROXY", "127.0.0.1");
    command.output().expect("it starts")
}

fn write_plan(folder: &Path, base: &str, start: At) -> PathBuf {
    std::fs::write(folder.join("kiosk.toml"), PLATFORM).unwrap();
    std::fs::write(folder.join("kiosk.jq"), FILTERS).unwrap();
    let plan = folder.join("plan.toml");
    let text = format!(
        "name = \"night\"\nstarts_at = \"{start}\"\nlength = \"1h\"\ntime_zone = \"America/Sao_Paulo\"\ncurrency = \"BRL\"\n[feeds.kiosk]\nplatform = \"./kiosk.toml\"\nbase = \"{base}\"\n"
    );
    std::fs::write(&plan, text).unwrap();
    plan
}

fn figure(side: &Value, metric: &str) -> i64 {
    let figure = &side[metric];
    figure["minor"].as_i64().or_else(|| figure["value"].as_i64()).unwrap_or_else(|| panic!("{metric}: {figure}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_report_shows_the_settled_figures_beside_those_of_the_night() {
    let folder = tempfile::tempdir().unwrap();
    let start = start();
    let (sales, returns) = shop(start);
    let peer =
        Peer::start(move |asked, _| Reply::Json(if asked.path().starts_with("/sales") { sales.to_string() } else { returns.to_string() }))
            .await;
    let (home, night) = (folder.path().to_owned(), journal(folder.path(), start));
    let plan = write_plan(folder.path(), &format!("http://{}", peer.address), start);
    let before = std::fs::read(&night).unwrap();
    let output = tokio::task::spawn_blocking({
        let night = night.clone();
        move || report(&home, &night, &plan)
    })
    .await
    .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let told: Value = serde_json::from_str(&std::fs::read_to_string(page.with_file_name("report.json")).unwrap()).unwrap();
    let (live, now) = (&told["settled"]["live"], &told["settled"]["now"]);
    let of = |side| ["orders_placed", "orders_paid", "orders_cancelled", "gmv_paid", "gmv_net"].map(|metric| figure(side, metric));
    assert_eq!(of(live), [3, 2, 0, 30_000, 30_000], "as on the night");
    assert_eq!(of(now), [3, 3, 1, 35_000, 20_000], "the order of the day after is none of this live's");
    assert_eq!(figure(now, "refunds"), 1);
    assert_eq!(figure(&told["figures"]["broadcast"], "gmv_paid"), 30_000, "the report itself stays that of the night");
    assert_eq!(std::fs::read(&night).unwrap(), before, "the journal is not touched");
    let text = std::fs::read_to_string(page.with_file_name("report.md")).unwrap();
    assert!(text.contains("R$ 300") && text.contains("R$ 200"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_a_shop_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let start = start();
    let (home, night) = (folder.path().to_owned(), journal(folder.path(), start));
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, format!("name = \"night\"\nstarts_at = \"{start}\"\nlength = \"1h\"\n")).unwrap();
    let output = tokio::task::spawn_blocking(move || report(&home, &night, &plan)).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("plan.toml: no feed of it can be asked for orders again"), "{told}");
}
