//! Earlier lives: imported from a platform's export, held against the next one, kept for so long, and a person taken out of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use warroom::customers::{Bought, Ledger, Pseudonyms};
use warroom::engine::earlier::Ghost;
use warroom::engine::event::{Control, Event, Extra, Fact, Record};
use warroom::engine::metric::Metric;
use warroom::engine::plan::Plan;
use warroom::engine::time::At;
use warroom::engine::wire::{self, Defaults};
use warroom::engine::{Arrival, Engine};
use warroom::journal::{Journal, JournalBatch};
use warroom::lives;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn data(&self) -> PathBuf {
        self.path(".local/share/warroom")
    }
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).stdin(Stdio::null()).current_dir(self.0.path());
        command.output().unwrap()
    }
    fn json(&self, journal: &Path) -> serde_json::Value {
        let output = self.run(&["summary", journal.to_str().unwrap(), "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        let mut figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        // samples of what became no event show its beginning, which may have named somebody
        figures["events"].as_object_mut().unwrap().remove("feeds");
        figures
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn export(name: &str) -> String {
    format!("{}/tests/imports/{name}", env!("CARGO_MANIFEST_DIR"))
}

const SAO_PAULO: [&str; 4] = ["--zone", "America/Sao_Paulo", "--currency", "BRL"];

#[test]
fn an_export_of_tiktok_shop_becomes_lives_that_everything_reads() {
    let home = Home::new();
    let file = export("tiktok_shop.xlsx");
    let arguments = [&["lives", "import", &file, "--map", "tiktok_shop", "--format", "weekly"][..], &SAO_PAULO].concat();
    let output = home.run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let listed = told(&home.run(&["lives"]));
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let second = listed.lines().find(|line| line.starts_with("terca-tech-42")).unwrap();
    for cell in ["2026-11-17 20:00", "2:00", "BRL 60000.00", "420", "imported"] {
        assert!(second.contains(cell), "{cell} in {second}");
    }
    assert_eq!(told(&home.run(&["lives", "TECH", "2026-11-10"])).lines().count(), 2, "every word must be met");
    assert_eq!(told(&home.run(&["lives", "imported", "weekly"])).lines().count(), 4);
    let figures = home.json(&home.data().join("journals/terca-tech-41-2026-11-10-2000.warroom"));
    let of = |id: &str| figures["broadcast"][id].clone();
    assert_eq!(of("gmv_paid")["minor"], 4_821_050);
    assert_eq!((of("orders_paid")["value"].as_i64(), of("viewers_uv")["value"].as_i64()), (Some(338), Some(8_300)));
    assert_eq!((of("pcu")["value"].as_i64(), of("avg_watch_s")["value"].as_f64()), (Some(1_240), Some(96.0)));
    assert_eq!(figures["minutes"].as_array().unwrap().len(), 121);
    let odd = told(&home.run(&["lives", "hyperlink"]));
    assert!(odd.contains("1:30") && odd.contains("BRL 36000.00") && odd.contains("270"), "{odd}");
    let again = home.run(&arguments);
    assert!(again.status.code() == Some(0) && told(&again).contains("there already"), "{}", told(&again));
}

#[test]
fn what_was_imported_is_a_ghost_of_the_first_own_live() {
    let home = Home::new();
    let curve: String = std::iter::once("time;gmv;orders;viewers\n".to_owned())
        .chain((0..60).map(|minute| format!("2026-11-03 20:{minute:02};{};{};{}\n", if minute < 30 { 100 } else { 300 }, 2, 500 + minute)))
        .collect();
    std::fs::write(home.path("curve.csv"), curve).unwrap();
    let minutes = [&["lives", "import", "curve.csv", "--map", "minutes", "--title", "Curve"][..], &SAO_PAULO].concat();
    assert_eq!(home.run(&minutes).status.code(), Some(0), "{}", told(&home.run(&minutes)));
    let file = export("tiktok_shop.xlsx");
    let totals = [&["lives", "import", &file, "--map", "tiktok_shop"][..], &SAO_PAULO].concat();
    assert_eq!(home.run(&totals).status.code(), Some(0));
    let start = At::parse("2026-11-24T23:00:00Z", None).unwrap();
    let earlier = lives::earlier(&home.data().join("journals"), &home.path("none"), start);
    assert_eq!(earlier.len(), 4);
    let curve = earlier.iter().find(|live| live.title == "Curve").unwrap();
    assert!(!curve.straight && curve.viewers[10] == Some(510), "{:?}", &curve.viewers[..12]);
    assert_eq!((curve.closed_at(Metric::GmvPaid), curve.closed_at(Metric::OrdersPlaced)), (Some(1_200_000.0), Some(120.0)));
    let plan = Plan { starts_at: Some(start), length_s: 7_200, currency: "BRL".parse_currency(), ..Plan::default() };
    let mut engine = Engine::new(plan, Arrival::Live);
    let body = serde_json::json!({ "lives": earlier }).to_string().into_boxed_str();
    engine.step(&Record { seq: 1, at: start, event: control(Fact::Priors(Control { body }), start) });
    let hour = start.plus_s(3_600);
    // the last live closed at 60,000.00 after two hours: half of it after one, since only its total is known
    let last = engine.ghost_at(Ghost::Last, Metric::GmvPaid, hour).unwrap();
    assert!((last - 3_000_000.0).abs() < 60_000.0 && engine.is_straight(Ghost::Last), "{last}");
    assert_eq!(engine.ghost_close(Ghost::Best, Metric::GmvPaid), Some(6_000_000.0));
}

trait ParseCurrency {
    fn parse_currency(&self) -> Option<warroom::engine::money::Currency>;
}
impl ParseCurrency for str {
    fn parse_currency(&self) -> Option<warroom::engine::money::Currency> {
        warroom::engine::money::Currency::parse(self)
    }
}

fn control(fact: Fact, ts: At) -> Event {
    Event { fact, ts, id: None, source: "desk".into(), currency: None, test: false, extra: Extra::default() }
}

#[test]
fn an_export_of_shopee_is_read_with_its_own_dates_and_numbers() {
    let home = Home::new();
    let file = export("shopee.csv");
    let output = home.run(&["lives", "import", &file, "--map", "shopee", "--zone", "Asia/Jakarta", "--currency", "IDR"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let listed = told(&home.run(&["lives", "malam"]));
    assert!(
        listed.contains("2026-11-12 19:30") && listed.contains("4:02") && listed.contains("IDR 11100000.00") && listed.contains("96"),
        "{listed}"
    );
}

#[test]
fn what_is_no_export_is_refused_with_the_line_and_nothing_is_written() {
    let home = Home::new();
    let head = "Livestream,Start time,Duration,Gross revenue\n";
    let import = |name: &str, map: &str| home.run(&[&["lives", "import", name, "--map", map][..], &SAO_PAULO].concat());
    for (text, expected) in [
        ("a,b\n1,2\n".to_owned(), "Start time"),
        (head.to_owned(), "holds no live"),
        (format!("{head}A,yesterday,7200,5\n"), "x.csv:2: `yesterday` is no time"),
        (format!("{head}A,2026-11-10 20:00,for ever,5\n"), "x.csv:2: `for ever` is no length"),
        (format!("{head}A,2026-11-10 20:00,7200,5\nB,2026-11-11 20:00,7200,much\n"), "x.csv:3: `much` of gmv_paid is no number"),
    ] {
        std::fs::write(home.path("x.csv"), &text).unwrap();
        let output = import("x.csv", "tiktok_shop");
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(told(&output).contains(expected), "{expected} in {}", told(&output));
    }
    assert!(!home.data().join("journals").exists());
    std::fs::write(
        home.path("own.toml"),
        "title = \"x\"\nrows = \"live\"\n[columns]\nstarts_at = [\"t\"]\n[metrics]\ncvr_uv = [\"c\"]\nsold = [\"s\"]\n",
    )
    .unwrap();
    let output = import("x.csv", "own.toml");
    assert!(
        output.status.code() == Some(2) && told(&output).contains("own.toml:6:") && told(&output).contains("own.toml:7:"),
        "{}",
        told(&output)
    );
    assert!(told(&import("x.csv", "tiktok")).contains("tiktok_shop"));
    std::fs::write(home.path("x.xlsx"), "no workbook").unwrap();
    assert!(told(&import("x.xlsx", "tiktok_shop")).contains("XLSX or CSV"));
}

#[test]
fn lives_are_kept_for_as_long_as_they_should_and_not_without_a_word() {
    let home = Home::new();
    let file = export("tiktok_shop.xlsx");
    assert_eq!(home.run(&[&["lives", "import", &file, "--map", "tiktok_shop"][..], &SAO_PAULO].concat()).status.code(), Some(0));
    std::fs::write(home.path("old.csv"), "Livestream,Start time,Duration,GMV\nOld,2019-01-01 20:00,3600,10\n").unwrap();
    assert_eq!(home.run(&[&["lives", "import", "old.csv", "--map", "tiktok_shop"][..], &SAO_PAULO].concat()).status.code(), Some(0));
    let asked = home.run(&["lives", "--keep", "2y"]);
    assert!(asked.status.code() == Some(2) && told(&asked).contains("--yes") && told(&asked).contains("old"), "{}", told(&asked));
    assert_eq!(told(&home.run(&["lives"])).lines().count(), 5, "nothing is removed without a word");
    assert_eq!(home.run(&["lives", "--keep", "two years"]).status.code(), Some(2));
    let ended = home.run(&["lives", "--keep", "2y", "--yes"]);
    assert_eq!(ended.status.code(), Some(0), "{}", told(&ended));
    let left = told(&home.run(&["lives"]));
    assert!(left.lines().count() == 4 && !left.contains("old-2019"), "{left}");
}

/// A journal with two customers, their carts, visits and chat, and a line that became no event.
fn journal(home: &Home, people: &Pseudonyms, name: &str) -> PathBuf {
    let start = At::parse("2026-11-17T23:00:00Z", None).unwrap();
    let plan = Plan { name: name.into(), title: name.into(), starts_at: Some(start), length_s: 3_600, ..Plan::default() };
    let path = home.data().join("journals").join(format!("{name}.warroom"));
    let mut writer = Journal::create(&path, &plan).unwrap();
    let known =
        serde_json::json!({"known_customers": [people.customer("maria@example.com")], "complete": true}).to_string().into_boxed_str();
    let mut events = vec![
        control(Fact::Plan(Control { body: serde_json::to_string(&plan).unwrap().into_boxed_str() }), start),
        control(Fact::Priors(Control { body: known }), start),
    ];
    for (second, line) in [
        r#""type":"cart","cart":"k1","status":"open","customer":"maria@example.com","visitor":"v-maria","value":"10""#,
        r#""type":"select_item","id":"c1","sku":"A","visitor":"v-maria""#,
        r#""type":"purchase","order":"1","value":"10.00","customer":"maria@example.com","visitor":"v-maria","cart":"k1""#,
        r#""type":"purchase","order":"2","value":"20.00","customer":"maria@example.com""#,
        r#""type":"purchase","order":"3","value":"30.00","customer":"joao","visitor":"v-joao""#,
        r#""type":"chat_message","id":"m1","author":"maria@example.com","text":"oi, maria@example.com aqui: preço?""#,
        r#""type":"chat_message","id":"m2","author":"joao","text":"bom dia""#,
    ]
    .into_iter()
    .enumerate()
    {
        let ts = start.plus_s(60 + i64::try_from(second).unwrap()).rfc3339();
        let mut event =
            wire::read(&format!(r#"{{"ts":"{ts}","source":"shop","currency":"BRL",{line}}}"#), &Defaults::default()).unwrap().event;
        people.hide(&mut event, false);
        events.push(event);
    }
    let records: Vec<Record> = (1..).zip(events).map(|(seq, event)| Record { seq, at: event.ts, event }).collect();
    writer.append(JournalBatch {
        records: Arc::from(records),
        cursor: Some("after=maria@example.com".into()),
        feed: "shop".into(),
        quarantined: vec![warroom::journal::Quarantined {
            feed: "shop".into(),
            place: "line 3".into(),
            reason: warroom::engine::event::Quarantine::BadMoney,
            detail: "value".into(),
            beginning: r#"{"customer":"maria@example.com","value":"ten"}"#.into(),
            at: start,
        }],
        ..JournalBatch::default()
    });
    assert_eq!(writer.close().error, None);
    path
}

#[test]
fn a_person_who_is_forgotten_leaves_no_byte_and_every_figure_stays() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    let people = Pseudonyms::open(&home.data().join("people.key")).unwrap();
    let paths = [journal(&home, &people, "first"), journal(&home, &people, "second")];
    let (hash, author) = (people.customer("maria@example.com").to_string(), people.author("maria@example.com").to_string());
    let ledger_path = home.data().join("customers.db");
    let mut ledger = Ledger::open(&ledger_path).unwrap();
    let at = At::parse("2026-11-17T23:00:00Z", None).unwrap();
    let plan = Plan { name: "first".into(), starts_at: Some(at), ..Plan::default() };
    let bought = |orders| Bought { at, orders, spent: None };
    ledger.remember(&plan, [(hash.as_str(), bought(2)), ("someone-else", bought(1))]).unwrap();
    drop(ledger);
    let holds = |path: &Path, needle: &str| {
        let mut bytes = Vec::new();
        for ending in ["", "-wal", "-shm", "-journal"] {
            bytes.extend(std::fs::read(format!("{}{ending}", path.display())).unwrap_or_default());
        }
        bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
    };
    let needles = [hash.as_str(), author.as_str(), "maria@example.com", "v-maria"];
    assert!(needles.iter().all(|needle| holds(&paths[0], needle)) && holds(&ledger_path, &hash));
    let before = paths.each_ref().map(|path| home.json(path));
    assert_eq!(home.run(&["forget", "maria@example.com"]).status.code(), Some(2), "not without a word");
    let output = home.run(&["forget", "maria@example.com", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    for needle in needles {
        assert!(paths.iter().chain([&ledger_path]).all(|path| !holds(path, needle)), "{needle} is still there");
        assert!(!told(&output).contains(needle));
    }
    assert!(paths.each_ref().map(|path| home.json(path)) == before, "the figures stay what they were");
    assert_eq!(before[0]["broadcast"]["buyers"]["value"], 2);
    assert_eq!(before[0]["broadcast"]["new_buyers"]["value"], 1);
    assert!(holds(&paths[0], people.customer("joao").as_ref()) && holds(&ledger_path, "someone-else"), "nobody else is gone");
    let again = home.run(&["forget", "maria@example.com", "--yes"]);
    assert!(again.status.code() == Some(0) && told(&again).contains(": 0 "), "{}", told(&again));
}

#[test]
fn a_live_that_is_being_recorded_is_not_touched_and_the_rest_is_done() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    let people = Pseudonyms::open(&home.data().join("people.key")).unwrap();
    let paths = [journal(&home, &people, "first"), journal(&home, &people, "second")];
    let held = Journal::open_for_writing(&paths[0]).unwrap();
    let output = home.run(&["forget", "maria@example.com", "--yes"]);
    assert!(
        output.status.code() == Some(1) && told(&output).contains("first.warroom") && told(&output).contains("another warroom"),
        "{}",
        told(&output)
    );
    let hash = people.customer("maria@example.com").to_string();
    let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    assert!(text(&paths[0]).contains(&hash) && !text(&paths[1]).contains(&hash));
    drop(held);
}
