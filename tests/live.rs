//! `warroom live` in a pseudo-terminal beside a real Vendure shop: killed five times, the shop gone for half a minute, and at
//! the end exactly the server's own figures.
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

#[path = "support/shop.rs"]
mod shop;
#[path = "support/totals.rs"]
mod totals;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::Value;
use shop::{Shop, Truth};

const PROGRAM: &str = env!("CARGO_BIN_EXE_warroom");
/// Longest that the shoppers, and then the feeds, may take.
const LONGEST: Duration = Duration::from_secs(420);

/// The desk at work.
struct Desk {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
}

impl Desk {
    fn open(plan: &Path, journal: &Path, data: &Path) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(["live".as_ref(), plan.as_os_str(), "--journal".as_ref(), journal.as_os_str()]);
        command.env("TERM", "xterm-256color");
        command.env("SHOP_PASSWORD", "superadmin");
        command.env("XDG_DATA_HOME", data);
        let child = pair.slave.spawn_command(command).expect("the desk starts");
        let mut reader = pair.master.try_clone_reader().expect("its screen");
        // Somebody has to look, or the terminal fills up.
        std::thread::spawn(move || {
            let mut seen = [0; 65_536];
            while matches!(reader.read(&mut seen), Ok(1..)) {}
        });
        let keys = pair.master.take_writer().expect("its keyboard");
        Self { child, master: pair.master, keys }
    }

    /// SIGKILL: no time for anything.
    fn kill(mut self) {
        let pid = self.child.process_id().expect("a running desk").to_string();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().expect("kill").success());
        self.child.wait().expect("it is gone");
        drop(self.master);
    }

    /// Closes the live with `:end` and gives the exit code.
    fn end(mut self) -> u32 {
        self.keys.write_all(b":end\r").expect("keys");
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its end") {
                return status.exit_code();
            }
            assert!(began.elapsed() < Duration::from_secs(20), "the desk does not end");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn summary(journal: &Path) -> Option<Value> {
    let output = Command::new(PROGRAM).args(["summary".as_ref(), journal.as_os_str(), "--json".as_ref()]).output().expect("summary runs");
    serde_json::from_slice(&output.stdout).ok()
}

/// The channel that the shop's utm source stands for.
fn channel(source: &str) -> &'static str {
    match source {
        "instagram" => "organic",
        "google" | "tiktok" => "paid",
        "(direct)" | "whatsapp" => "direct_link",
        _ => "unknown",
    }
}

/// The server's figures beside the desk's, as text: equal or not, and readable where not.
fn figures(truth: &Truth, told: &Value) -> (Vec<String>, Vec<String>) {
    let mut paid: BTreeMap<&str, i64> = BTreeMap::new();
    for (source, minor) in &truth.paid_by_source {
        *paid.entry(channel(source)).or_default() += minor;
    }
    let number = |metric: &str| told["broadcast"][metric]["value"].to_string();
    let mut ours =
        ["orders_placed", "orders_paid", "orders_cancelled", "carts_unbought", "refunds"].map(|m| format!("{m} {}", number(m))).to_vec();
    let mut theirs = vec![
        format!("orders_placed {}", truth.placed),
        format!("orders_paid {}", truth.paid),
        format!("orders_cancelled {}", truth.cancelled),
        format!("carts_unbought {}", truth.unbought_carts),
        format!("refunds {}", truth.refunds),
    ];
    for row in told["channels"].as_array().into_iter().flatten() {
        let name = row["channel"].as_str().unwrap_or_default();
        let expected = paid.get(name).copied().unwrap_or(0);
        let minor = row["gmv_paid"]["minor"].as_i64().unwrap_or(0);
        ours.push(format!("{name} paid {minor}"));
        theirs.push(format!("{name} paid {expected}"));
    }
    for row in told["products"].as_array().into_iter().flatten() {
        let sku = row["sku"].as_str().unwrap_or_default();
        ours.push(format!("{sku} stock {}", row["stock"]["value"]));
        theirs.push(format!("{sku} stock {}", truth.stock.get(sku).map_or("?".to_owned(), ToString::to_string)));
    }
    (ours, theirs)
}

/// Every minute is told: each feed, the slower ones that read everything again too, has come as far as the last event.
fn minutes_are_told(told: &Value) -> bool {
    let minutes = told["minutes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let figure = |row: &Value, metric: &str, form: &str| row[metric][form].as_i64();
    [("adds", "value"), ("orders_placed", "value"), ("gmv_paid", "minor")].iter().all(|(metric, form)| {
        let sum: i64 = minutes.iter().filter_map(|row| figure(row, metric, form)).sum();
        figure(&told["broadcast"], metric, form) == Some(sum)
    })
}

fn write_plan(folder: &Path, base: &str) -> PathBuf {
    let starts = warroom::clock::wall_now().plus_s(-30).rfc3339();
    let plan = folder.join("plan.toml");
    let text = format!(
        "name = \"beside-a-shop\"\ntitle = \"Beside a shop\"\nstarts_at = \"{starts}\"\nlength = \"1h\"\ntime_zone = \"America/Sao_Paulo\"\ncurrency = \"BRL\"\n\n[feeds.shop]\nplatform = \"vendure\"\nbase = \"{base}\"\nuser = \"superadmin\"\npassword = {{ env = \"SHOP_PASSWORD\" }}\n"
    );
    std::fs::write(&plan, text).expect("a plan");
    plan
}

#[tokio::test(flavor = "multi_thread")]

async fn the_desk_ends_with_the_shops_own_figures_through_five_kills_and_an_outage() {
    let mut shop = Shop::start_fresh();
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, data) = (folder.path().join("live.warroom"), folder.path().join("data"));
    let plan = write_plan(folder.path(), &shop.base());
    let mut desk = Desk::open(&plan, &journal, &data);
    let mut shoppers = shop.drive(400, 2.0, 7);
    for pause in [15, 9, 21, 6, 18] {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        desk.kill();
        desk = Desk::open(&plan, &journal, &data);
    }
    shop.stop();
    tokio::time::sleep(Duration::from_secs(30)).await;
    shop.start();
    let began = Instant::now();
    while shoppers.try_wait().expect("the shoppers").is_none() {
        assert!(began.elapsed() < LONGEST, "the shoppers do not come to an end");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    shop.after_sale().await;

    let truth = shop.admin().await.truth().await;
    assert!(truth.placed >= 100 && truth.refunds >= 1 && truth.unbought_carts >= 20, "{truth:?}");
    let began = Instant::now();
    let told = loop {
        let told = summary(&journal).expect("a summary of the journal");
        let (ours, theirs) = figures(&truth, &told);
        if ours == theirs && minutes_are_told(&told) {
            break told;
        }
        assert!(began.elapsed() < LONGEST, "the desk says\n{ours:#?}\nthe server says\n{theirs:#?}");
        tokio::time::sleep(Duration::from_secs(2)).await;
    };
    assert!(
        told["channels"].as_array().is_some_and(|rows| rows.len() >= 3) && told["products"].as_array().is_some_and(|rows| rows.len() >= 10)
    );

    assert_eq!(desk.end(), 0);
    let after = summary(&journal).expect("a summary of the closed journal");
    let (ours, theirs) = figures(&truth, &after);
    assert_eq!(ours, theirs, "what is right stays right");
    let (files, compared) = totals::report_is_the_summarys(&journal, folder.path());
    totals::every_analysis_stands(&files);
    assert!(compared > 25, "{compared} figures of the real shop were compared");
}
