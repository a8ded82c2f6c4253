//! A live to sit beside: its plan, a shop that is polled, a file that grows with what the audience does. What lies behind is
//! written before the desk opens and read back by it.

#![allow(dead_code, reason = "each test uses its part")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;
use warroom::clock::wall_now;
use warroom::engine::time::At;

use crate::peer::{Peer, Reply};
use crate::seat::{PROGRAM, Seat};

/// The shop: every answer holds all orders, so what an outage kept back comes with the first one after it.
const SHOP: &str = r#"
name = "corner"
[variables.base]
[[request]]
name = "orders"
gives = ["purchase", "payment"]
interval_s = 0.5
stale_after_s = 8
url = "{{base}}/orders"
items = ".orders[]"
map = '{type: "purchase", order: .id, rev: .rev, ts: .at, placed_at: .at, paid_at: .paid_at, status: .status, value: .total, currency: "BRL", method: .method, expires_at: .expires_at, cart: .cart, items: [{sku: .sku, quantity: 1, price: .total}]} | with_entries(select(.value != null))'
"#;

const PLAN: &str = r#"
name = "walk"
title = "Loja Clara · Terça Tech"
length = "2h"
time_zone = "America/Sao_Paulo"
currency = "BRL"
margin = "30%"

[targets]
gmv_paid = "180000.00"

[[product]]
sku = "FONE"
name = "Fone Pro X2"
price = "199.00"
margin = "30%"
margin_floor = "15%"
max_discount = "12%"
[[product]]
sku = "KIT"
name = "Kit Casa 5pc"
price = "549.00"
bundle_with = ["CANECA"]
bundle_price = "329.00"
[[product]]
sku = "CANECA"
name = "Caneca termica"
price = "79.00"
[[product]]
sku = "RELOGIO"
name = "Smartwatch S"
price = "349.00"
[[product]]
sku = "SOM"
name = "Caixa de som"
price = "259.00"
[[product]]
sku = "CARR"
name = "Carregador"
price = "61.00"

[[segment]]
name = "hook"
length = "5m"
kind = "talk"
host = "Clara"
[[segment]]
name = "offer"
length = "20m"
kind = "offer"
host = "Clara"
skus = ["FONE"]
[[segment]]
name = "finale"
length = "10m"
kind = "qa"
host = "Bia"
skus = ["RELOGIO"]
"#;

/// A live in a folder of its own.
pub struct Stage {
    folder: TempDir,
    pub start: At,
    shop: Peer,
    orders: Arc<Mutex<Vec<Value>>>,
    is_down: Arc<AtomicBool>,
    written: u64,
    /// Lines that are written at once when the file is next opened.
    pending: String,
    is_over: Arc<AtomicBool>,
    crowd: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(crowd) = self.crowd.take() {
            let _ = crowd.join();
        }
    }
}

impl Stage {
    /// A live that began then. Limits of the plan as given, in TOML.
    pub async fn set(start: At, limits: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let orders: Arc<Mutex<Vec<Value>>> = Arc::default();
        let is_down = Arc::new(AtomicBool::new(false));
        let (kept, down) = (Arc::clone(&orders), Arc::clone(&is_down));
        let shop = Peer::start(move |_, _| match down.load(Ordering::SeqCst) {
            true => Reply::status(503, &[], "closed for a moment"),
            false => Reply::Json(serde_json::json!({"orders": *kept.lock().expect("orders")}).to_string()),
        })
        .await;
        let starts = start.rfc3339();
        let mut plan = format!("starts_at = \"{starts}\"\n{PLAN}\n[limits]\n{limits}\n");
        let _ = write!(plan, "[feeds.shop]\nplatform = \"corner.toml\"\nbase = \"{}\"\n", shop.base());
        plan.push_str(
            "[feeds.room]\npath = \"room.ndjson\"\ngives = [\"select_item\", \"add_to_cart\", \"cart\", \"audience\", \"chat_message\", \"product_pinned\", \"inventory\"]\n",
        );
        std::fs::write(folder.path().join("plan.toml"), plan).expect("a plan");
        std::fs::write(folder.path().join("corner.toml"), SHOP).expect("a platform");
        std::fs::write(folder.path().join("room.ndjson"), "").expect("a file");
        let is_over = Arc::default();
        Self { folder, start, shop, orders, is_down, written: 0, pending: String::new(), is_over, crowd: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn journal(&self) -> PathBuf {
        self.path("walk.warroom")
    }

    /// So many seconds after the start.
    pub fn at(&self, second: i64) -> At {
        self.start.plus_s(second)
    }

    /// Adds an event of the room; it is there for the desk after [`Stage::tell`].
    pub fn room(&mut self, at: At, event: &Value) {
        self.written += 1;
        let mut event = event.clone();
        event["ts"] = at.rfc3339().into();
        event["id"] = format!("e{}", self.written).into();
        self.pending.push_str(&event.to_string());
        self.pending.push('\n');
    }

    /// Appends what was added to the file that the desk follows.
    pub fn tell(&mut self) {
        let mut file = std::fs::OpenOptions::new().append(true).open(self.path("room.ndjson")).expect("the room's file");
        file.write_all(std::mem::take(&mut self.pending).as_bytes()).expect("a line");
    }

    /// An order in the shop; `more` adds to it or changes it.
    pub fn order(&mut self, at: At, sku: &str, total: &str, more: &Value) {
        self.written += 1;
        let mut order = serde_json::json!({"id": format!("o{}", self.written), "rev": 1, "at": at.rfc3339(), "paid_at": at.rfc3339(),
            "status": "paid", "total": total, "sku": sku, "method": "card"});
        for (name, value) in more.as_object().into_iter().flatten() {
            order[name] = value.clone();
        }
        self.orders.lock().expect("orders").push(order);
    }

    /// An order is paid now.
    pub fn pay(&mut self, index: usize) {
        let now = wall_now().rfc3339();
        let mut orders = self.orders.lock().expect("orders");
        let order = &mut orders[index];
        (order["status"], order["paid_at"], order["rev"]) = ("paid".into(), now.into(), 2.into());
    }

    pub fn orders(&self) -> usize {
        self.orders.lock().expect("orders").len()
    }

    /// The shop answers 503 from now on, or as before.
    pub fn take_shop_down(&self, down: bool) {
        self.is_down.store(down, Ordering::SeqCst);
    }

    /// Minutes that lie behind: viewers, clicks, things put in carts and orders of `sku`, so many a minute.
    pub fn history(&mut self, minutes: std::ops::Range<i64>, (sku, total): (&str, &str), (clicks, adds, orders): (i64, i64, i64)) {
        for minute in minutes {
            let second = |part: i64, of: i64| minute * 60 + part * 60 / of.max(1);
            for half in 0..2 {
                let viewers = viewers_after(minute);
                self.room(self.at(second(half, 2)), &serde_json::json!({"type": "audience", "viewers": viewers}));
            }
            for click in 0..clicks {
                let visitor = format!("v{}", (minute * clicks + click) % 997);
                self.room(self.at(second(click, clicks)), &serde_json::json!({"type": "select_item", "sku": sku, "visitor": visitor}));
            }
            for add in 0..adds {
                self.room(self.at(second(add, adds)), &serde_json::json!({"type": "add_to_cart", "sku": sku, "price": total, "quantity": 1, "cart": format!("k{minute}-{}", add.min(orders))}));
            }
            for order in 0..orders {
                self.order(self.at(second(order, orders)), sku, total, &serde_json::json!({"cart": format!("k{minute}-{order}")}));
            }
        }
        self.tell();
    }

    /// The room goes on from now: viewers, clicks on `sku` and chat, until the stage is struck.
    pub fn go_on(&mut self, sku: &str, clicks_a_second: u64, orders_a_minute: u64, total: &str) {
        // what happened since the last whole minute of the history
        let mut at = At::from_minute(wall_now().minute());
        while at < wall_now() {
            self.room(at, &serde_json::json!({"type": "select_item", "sku": sku, "visitor": "w0"}));
            at = at.plus_s(1);
        }
        self.tell();
        let (orders, total) = (Arc::clone(&self.orders), total.to_owned());
        let viewers = viewers_after(wall_now().minute() - self.start.minute());
        let (file, stop, sku) = (self.path("room.ndjson"), Arc::clone(&self.is_over), sku.to_owned());
        self.crowd = Some(std::thread::spawn(move || {
            let (mut count, mut second) = (0_u64, 0_u64);
            while !stop.load(Ordering::SeqCst) {
                let at = wall_now().rfc3339();
                second += 1;
                if orders_a_minute > 0 && second * orders_a_minute / 60 > (second - 1) * orders_a_minute / 60 {
                    let order = serde_json::json!({"id": format!("w{second}"), "rev": 1, "at": at, "paid_at": at, "status": "paid",
                        "total": total, "sku": sku, "method": "card"});
                    orders.lock().expect("orders").push(order);
                }
                let mut lines = format!("{}\n", serde_json::json!({"type": "audience", "viewers": viewers, "ts": at}));
                if second % 4 == 0 {
                    let add = serde_json::json!({"type": "add_to_cart", "sku": sku, "price": total, "quantity": 1,
                        "cart": format!("g{second}"), "id": format!("a{second}"), "ts": at});
                    lines.push_str(&format!("{add}\n"));
                }
                for _ in 0..clicks_a_second {
                    count += 1;
                    let visitor = format!("w{}", count % 499);
                    let click =
                        serde_json::json!({"type": "select_item", "sku": sku, "visitor": visitor, "id": format!("w{count}"), "ts": at});
                    lines.push_str(&format!("{click}\n"));
                }
                let message =
                    serde_json::json!({"type": "chat_message", "author": "a", "text": "oi gente", "id": format!("m{count}"), "ts": at});
                lines.push_str(&format!("{message}\n"));
                let mut room = std::fs::OpenOptions::new().append(true).open(&file).expect("the room's file");
                room.write_all(lines.as_bytes()).expect("lines");
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
        }));
    }

    /// Opens the desk on it.
    pub fn desk(&self, size: (u16, u16)) -> Seat {
        let (plan, journal) = (self.path("plan.toml"), self.journal());
        Seat::take(["live".as_ref(), plan.as_os_str(), "--journal".as_ref(), journal.as_os_str()], &self.path("data"), size)
    }

    /// A second terminal on the same journal.
    pub fn second(&self, what: &str, more: &[&str], size: (u16, u16)) -> Seat {
        let journal = self.journal().into_os_string();
        let fixed: [std::ffi::OsString; 3] = ["view".into(), what.into(), journal];
        Seat::take(fixed.into_iter().chain(more.iter().map(std::ffi::OsString::from)), &self.path("data"), size)
    }

    /// What `warroom summary --json` says of the journal.
    pub fn summary(&self) -> Value {
        summary(&self.journal())
    }
}

/// They go, slowly.
const fn viewers_after(minutes: i64) -> i64 {
    1_200 - 4 * minutes
}

pub fn summary(journal: &Path) -> Value {
    let output = Command::new(PROGRAM).args(["summary".as_ref(), journal.as_os_str(), "--json".as_ref()]).output().expect("summary runs");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}
