//! A real Vendure shop on 127.0.0.1 for tests: installed once, fresh for each start, driven by `shop.mjs`, asked for the truth.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Longest that anything of the shop may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// The files of the shop project.
const SOURCES: [&str; 7] = ["config.js", "populate.js", "server.js", "shop.mjs", "package.json", "package-lock.json", "products-brl.csv"];

/// A running shop. It ends with the value, by its pid.
#[derive(Debug)]
pub struct Shop {
    pub port: u16,
    home: PathBuf,
    database: tempfile::TempDir,
    server: Option<Child>,
    /// Where it pushes its events to.
    webhook: Option<String>,
}

/// The server's own figures. Money in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    pub placed: u64,
    pub paid: u64,
    pub cancelled: u64,
    /// Sum over orders that were paid, by utm source.
    pub paid_by_source: BTreeMap<String, i64>,
    pub unbought_carts: u64,
    /// On hand minus allocated, by sku.
    pub stock: BTreeMap<String, i64>,
    pub refunds: u64,
    pub refunded: i64,
}

impl Shop {
    /// Installs the shop if need be and starts it with a fresh catalogue.
    pub fn start_fresh() -> Self {
        Self::start_fresh_with(None)
    }

    /// The same, with every event of its orders pushed to an address, once, as a shop's own plugin does it.
    pub fn start_fresh_pushing(to: &str) -> Self {
        Self::start_fresh_with(Some(to.to_owned()))
    }

    fn start_fresh_with(webhook: Option<String>) -> Self {
        let home = install();
        let database = tempfile::tempdir().expect("a folder for the database");
        fs::copy(home.join("populated.sqlite"), database.path().join("vendure.sqlite")).expect("a copy of the catalogue");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let mut shop = Self { port, home, database, server: None, webhook };
        shop.start();
        shop
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts the server (again) and waits until it is ready.
    pub fn start(&mut self) {
        let mut server = node(&self.home, &self.database.path().join("vendure.sqlite"))
            .env("PORT", self.port.to_string())
            .envs(self.webhook.iter().map(|to| ("WEBHOOK_URL", to)))
            .arg("server.js")
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let output = BufReader::new(server.stdout.take().expect("its output"));
        self.server = Some(server);
        let (ready, wait) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line.contains("vendure ready") {
                    let _ = ready.send(());
                }
            }
        });
        wait.recv_timeout(PATIENCE).expect("the shop is ready");
    }

    /// Stops the server at once.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// A few things that happen after the sale: refunds, card payments settled, an order cancelled.
    pub async fn after_sale(&self) {
        let admin = self.admin().await;
        let orders = admin.orders().await;
        let in_state = |state: &str| orders.iter().filter(|o| o["state"] == state).cloned().collect::<Vec<_>>();
        for order in in_state("PaymentSettled").iter().take(2) {
            admin.refund(order).await;
        }
        if let Some(order) = in_state("PaymentSettled").get(3) {
            admin.cancel(order).await;
        }
        for order in in_state("PaymentAuthorized").iter().take(2) {
            admin.settle(order).await;
        }
    }

    /// Lets shoppers come; the process ends when the last one is done and then prints what they did.
    pub fn drive(&self, shoppers: u32, rate: f64, seed: u32) -> Child {
        let mut command = node(&self.home, &self.database.path().join("vendure.sqlite"));
        command.arg("shop.mjs").args(["--base", &self.base(), "--shoppers", &shoppers.to_string()]);
        command.args(["--rate", &rate.to_string(), "--seed", &seed.to_string()]);
        command.stdout(Stdio::piped()).spawn().expect("shoppers start")
    }

    pub async fn admin(&self) -> Admin {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut admin = Admin { base: self.base(), http, token: String::new() };
        let login = "mutation{login(username:\"superadmin\",password:\"superadmin\"){__typename}}";
        let answer = admin.post(login, &Value::Null).await;
        admin.token = answer.headers()["vendure-auth-token"].to_str().expect("a token").to_owned();
        admin
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The Admin API, as a shop's owner uses it.
#[derive(Debug)]
pub struct Admin {
    base: String,
    http: reqwest::Client,
    token: String,
}

impl Admin {
    async fn post(&self, query: &str, variables: &Value) -> reqwest::Response {
        let request = self.http.post(format!("{}/admin-api", self.base)).bearer_auth(&self.token);
        request.json(&json!({"query": query, "variables": variables})).send().await.expect("the shop answers")
    }

    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer: Value = self.post(query, &variables).await.json().await.expect("JSON");
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }

    /// Every order and cart there is.
    pub async fn orders(&self) -> Vec<Value> {
        let query = "query($o:OrderListOptions){orders(options:$o){items{id code state active orderPlacedAt totalWithTax \
            customFields{utmSource} lines{id quantity} payments{id state amount method refunds{id state total}}}}}";
        let mut orders = Vec::new();
        loop {
            let page = self.ask(query, json!({"o": {"take": 500, "skip": orders.len(), "sort": {"id": "ASC"}}})).await;
            let items = page["orders"]["items"].as_array().expect("orders").clone();
            let last = items.len() < 500;
            orders.extend(items);
            if last {
                return orders;
            }
        }
    }

    /// The figures that a desk must end with.
    pub async fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        for order in self.orders().await {
            if order["orderPlacedAt"].is_null() {
                let has_lines = order["lines"].as_array().is_some_and(|lines| !lines.is_empty());
                truth.unbought_carts += u64::from(order["active"] == true && has_lines);
                continue;
            }
            truth.placed += 1;
            truth.cancelled += u64::from(order["state"] == "Cancelled");
            let payments = order["payments"].as_array().expect("payments");
            let settled: i64 = payments.iter().filter(|p| p["state"] == "Settled").filter_map(|p| p["amount"].as_i64()).sum();
            if settled > 0 {
                truth.paid += 1;
                let source = order["customFields"]["utmSource"].as_str().unwrap_or("unknown").to_owned();
                *truth.paid_by_source.entry(source).or_default() += settled;
            }
            let refunds = payments.iter().flat_map(|p| p["refunds"].as_array().expect("refunds"));
            for refund in refunds.filter(|refund| refund["state"] == "Settled") {
                truth.refunds += 1;
                truth.refunded += refund["total"].as_i64().expect("an amount");
            }
        }
        let query = "{productVariants(options:{take:500}){items{sku stockLevels{stockOnHand stockAllocated}}}}";
        for variant in self.ask(query, Value::Null).await["productVariants"]["items"].as_array().expect("variants") {
            let levels = variant["stockLevels"].as_array().expect("levels");
            let sellable = levels.iter().map(|l| l["stockOnHand"].as_i64().expect("n") - l["stockAllocated"].as_i64().expect("n")).sum();
            truth.stock.insert(variant["sku"].as_str().expect("a sku").to_owned(), sellable);
        }
        truth
    }

    /// Refunds the goods of a settled order and settles the refund.
    pub async fn refund(&self, order: &Value) {
        let lines: Vec<Value> = order["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| json!({"orderLineId": line["id"], "quantity": line["quantity"]}))
            .collect();
        let payment = order["payments"].as_array().expect("payments").iter().find(|p| p["state"] == "Settled").expect("a payment");
        let input = json!({"lines": lines, "shipping": 0, "adjustment": 0, "paymentId": payment["id"], "reason": "customer"});
        let query = "mutation($i:RefundOrderInput!){refundOrder(input:$i){... on Refund{id} ... on ErrorResult{message}}}";
        let refund = self.ask(query, json!({"i": input})).await["refundOrder"]["id"].clone();
        let query = "mutation($i:SettleRefundInput!){settleRefund(input:$i){... on Refund{id state}}}";
        self.ask(query, json!({"i": {"id": refund, "transactionId": "r"}})).await;
    }

    pub async fn settle(&self, order: &Value) {
        let payment = order["payments"].as_array().expect("payments").iter().find(|p| p["state"] == "Authorized").expect("a payment");
        self.ask("mutation($id:ID!){settlePayment(id:$id){... on Payment{state}}}", json!({"id": payment["id"]})).await;
    }

    pub async fn cancel(&self, order: &Value) {
        let input = json!({"orderId": order["id"], "reason": "stock", "cancelShipping": true});
        self.ask("mutation($i:CancelOrderInput!){cancelOrder(input:$i){... on Order{state}}}", json!({"i": input})).await;
    }
}

/// Puts the shop below `target/`, its packages and a filled catalogue with it, once for all tests.
fn install() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = root.join("target/shop");
    fs::create_dir_all(&home).expect("a folder for the shop");
    // let go when the file is closed, however this process ends
    let lock = fs::File::create(home.join("lock")).expect("a lock file");
    lock.lock().expect("the lock");
    let mut changed = false;
    for name in SOURCES {
        let source = fs::read(root.join("tests/shop").join(name)).expect(name);
        if fs::read(home.join(name)).ok().as_ref() != Some(&source) {
            fs::write(home.join(name), &source).expect(name);
            changed = true;
        }
    }
    let installed = home.join("node_modules/.warroom-installed");
    if !installed.exists() || changed && !same_packages(&home, &installed) {
        let npm = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&home).status();
        assert!(
            npm.is_ok_and(|status| status.success()),
            "npm ci failed in {}: the real shop needs Node 20, npm and a package registry",
            home.display()
        );
        fs::copy(home.join("package-lock.json"), &installed).expect("a mark");
        changed = true;
    }
    let populated = home.join("populated.sqlite");
    if changed || !populated.exists() {
        let fresh = home.join("fresh.sqlite");
        let _ = fs::remove_file(&fresh);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let filled =
            node(&home, &fresh).env("PORT", port.to_string()).args(["populate.js", "products-brl.csv"]).stdout(Stdio::null()).status();
        assert!(filled.is_ok_and(|status| status.success()), "the shop's catalogue could not be filled");
        fs::rename(&fresh, &populated).expect("the catalogue");
    }
    home
}

fn same_packages(home: &Path, installed: &Path) -> bool {
    fs::read(home.join("package-lock.json")).ok() == fs::read(installed).ok()
}

fn node(home: &Path, database: &Path) -> Command {
    let mut command = Command::new("node");
    command.current_dir(home).env("DB", database).stdin(Stdio::null()).stderr(Stdio::null());
    command
}
