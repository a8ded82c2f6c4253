//! `warroom check --live` against servers on this machine: every feed is asked once, and judged against the plan.
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

#[path = "support/peer.rs"]
mod peer;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chrono::{TimeZone, Timelike};
use peer::{Asked, Peer, Reply};
use warroom::clock::wall_now;
use warroom::engine::time::At;

const ZONE: chrono_tz::Tz = chrono_tz::America::Sao_Paulo;

/// An ads platform whose token ends, and that has a quota.
const ADS: &str = r#"
name = "ads"
[variables.base]
[variables.key]
secret = true
environment = "TEST_ADS_KEY"
[auth.headers]
authorization = "Bearer {{key}}"
[auth.expiry]
url = "{{base}}/token"
ends = ".expires_at | time"
[limit]
units_a_day = 10000
[unavailable]
purchase = { en = "ads sell nothing", pt-BR = "anúncios não vendem" }
viewer_join = { en = "ads know nobody", pt-BR = "anúncios não conhecem ninguém" }
[[request]]
name = "spend"
gives = ["ad_spend"]
interval_s = 30
cost = 2
url = "{{base}}/spend"
items = ".rows[]"
quota = ".left"
map = '{type: "ad_spend", id: .id, ts: .at, value: .spent, channel: "paid", total: true}'
"#;

/// A shop that is logged in to.
const STAND: &str = r#"
name = "stand"
[variables.base]
[auth.login]
url = "{{base}}/login"
token = ".token"
expires = ".seconds"
[auth.headers]
authorization = "Bearer {{token}}"
[[request]]
name = "sales"
gives = ["refund"]
interval_s = 30
url = "{{base}}/sales"
items = ".rows[]"
map = '{type: "refund", id: .id, ts: .at, order: .order, value: .value}'
"#;

/// A shop that pushes, signed.
const PUSHING: &str = r#"
name = "pushing"
[variables.secret]
secret = true
environment = "TEST_PUSH_SECRET"
[[request]]
name = "hook"
gives = ["refund"]
transport = "webhook"
path = "/hook"
signature = { kind = "hmac", header = "X-Sign", form = "pairs", message = "{{ts}}.{{h.x-delivery}}.{{body}}", secret = "{{secret}}" }
map = '{type: "refund", id: .id, ts: .at, order: .order, value: .value}'
"#;

/// What the servers say.
#[derive(Clone, Copy)]
struct Night {
    /// The shop's price of the product in slot 7.
    price: i64,
    stock: i64,
    /// The end of the ads token, in hours after the close.
    token_h: i64,
    quota: i64,
    /// The shop's clock ahead of ours, in seconds.
    skew_s: i64,
}

const GOOD: Night = Night { price: 12_990, stock: 40, token_h: 48, quota: 9_000, skew_s: 0 };

struct Desk {
    folder: tempfile::TempDir,
    shop: Peer,
    ads: Peer,
    starts: At,
    closes: At,
}

fn now_s() -> i64 {
    wall_now().ms() / 1_000
}

async fn shop(night: Night) -> Peer {
    Peer::start(move |asked: &Asked, _| {
        let date = chrono::DateTime::from_timestamp(now_s() + night.skew_s, 0).unwrap().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let json = |body: String| Reply::Full { status: 200, headers: vec![("date", date.clone()), ("vendure-auth-token", "canary".into())], body: body.into_bytes() };
        if asked.body.contains("login") {
            return json(r#"{"data":{"login":{"__typename":"CurrentUser"}}}"#.into());
        }
        if asked.body.contains("productVariants") {
            let (price, stock) = (night.price, night.stock);
            return json(format!(
                r#"{{"data":{{"productVariants":{{"items":[
                    {{"sku":"CAM-1","priceWithTax":{price},"currencyCode":"BRL","stockLevels":[{{"stockLocationId":"1","stockOnHand":{stock},"stockAllocated":0}}]}},
                    {{"sku":"shop-8","priceWithTax":5000,"currencyCode":"BRL","stockLevels":[{{"stockLocationId":"1","stockOnHand":9,"stockAllocated":2}}]}}]}}}}}}"#
            ));
        }
        json(r#"{"data":{"orders":{"items":[]}}}"#.into())
    })
    .await
}

async fn ads(night: Night, closes: At) -> Peer {
    Peer::start(move |asked: &Asked, _| {
        if asked.path() == "/token" {
            return Reply::Json(format!(r#"{{"expires_at":{}}}"#, closes.plus_s(night.token_h * 3_600).ms() / 1_000));
        }
        Reply::Json(format!(r#"{{"left":{},"rows":[{{"id":"1","at":{},"spent":"12.50"}}]}}"#, night.quota, now_s() - 90))
    })
    .await
}

impl Desk {
    async fn open(night: Night) -> Self {
        let starts = At::from_ms((wall_now().ms() / 60_000 + 30) * 60_000);
        let closes = starts.plus_s(7_200);
        let desk = Self { folder: tempfile::tempdir().unwrap(), shop: shop(night).await, ads: ads(night, closes).await, starts, closes };
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
        let plan = format!(
            r#"
name = "terca"
starts_at = "{}"
length = "2h"
time_zone = "America/Sao_Paulo"
currency = "BRL"
targets = {{ gmv_paid = "1000" }}
checklist = ["payment link tried", "delivery promise", "service staff"]
aliases = {{ "shop-8" = "KIT-8" }}
[[product]]
sku = "CAM-1"
name = "Câmera"
slot = 7
price = "129.90"
cost = "88.00"
margin_floor = "20%"
stock = 40
[[product]]
sku = "KIT-8"
slot = 8
price = "50.00"
stock = 7
[feeds.shop]
platform = "vendure"
base = "{}"
user = "desk"
password = {{ env = "TEST_SHOP_PASSWORD" }}
[feeds.ads]
platform = "./ads.toml"
base = "{}"
[feeds.hook]
platform = "./pushing.toml"
listen = "127.0.0.1:{port}"
"#,
            desk.starts.rfc3339(),
            desk.shop.base(),
            desk.ads.base(),
        );
        std::fs::write(desk.path("plan.toml"), plan).unwrap();
        std::fs::write(desk.path("ads.toml"), ADS).unwrap();
        std::fs::write(desk.path("pushing.toml"), PUSHING).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn check(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command
            .args(["check", "plan.toml", "--live"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path());
        for (name, value) in [("TEST_SHOP_PASSWORD", "pw-secret"), ("TEST_ADS_KEY", "ads-secret"), ("TEST_PUSH_SECRET", "push-secret")] {
            command.env(name, value);
        }
        let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(!text.contains("-secret"), "no secret: {text}");
        (text, output.status.code())
    }

    fn clock(at: At) -> String {
        let local = ZONE.from_utc_datetime(&at.utc().naive_utc());
        format!("{:02}:{:02}", local.hour(), local.minute())
    }
}

fn line<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no line with `{part}` in\n{text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_that_is_ready_passes_with_three_points_to_tick() {
    let desk = Desk::open(GOOD).await;
    let (text, code) = desk.check(&[]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("FAIL"), "{text}");
    assert!(line(&text, "shop.orders answered").contains("nothing in the last hour"));
    assert!(line(&text, "shop.stock answered").contains("2 figures"));
    assert!(line(&text, "ads answered").contains("1 figures"));
    assert!(line(&text, "ads token is good until").starts_with("✓ pass"));
    assert!(line(&text, "units that are left").contains("ads: the live needs"));
    assert!(line(&text, "clocks agree").starts_with("✓ pass"));
    assert!(line(&text, "a signed delivery is believed, a forged one is not").contains("hook"));
    assert!(line(&text, "products: stock and price as planned").contains("2 products"));
    assert!(line(&text, "viewer_join").contains("ads: viewer_join is not available from this platform: ads know nobody"));
    assert!(!text.contains("purchase is not available"), "the shop gives it: {text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("☐ tick")).count(), 3, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_step_of_the_walk_through_one_night() {
    let night = Night { price: 9_990, token_h: 1, ..GOOD };
    let desk = Desk::open(night).await;
    let (text, code) = desk.check(&[]).await;
    assert_eq!(code, Some(1), "{text}");
    let ends = Desk::clock(desk.closes.plus_s(3_600));
    let token = line(&text, "ads token ends");
    assert!(token.starts_with("! warn") && token.contains(&ends) && token.contains(" → renew it"), "{token}");
    let margin = line(&text, "below its floor");
    assert!(margin.starts_with("✗ FAIL") && margin.contains("slot 7 Câmera: margin 12%") && margin.contains("floor of 20%"), "{margin}");
    assert!(line(&text, "planned →").starts_with("! warn"), "cheaper than announced: {text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("☐ tick")).count(), 3);
    // the same in the operator's other language
    let (text, code) = desk.check(&["--lang", "pt-BR"]).await;
    assert_eq!(code, Some(1));
    let token = line(&text, "o token de ads vence");
    assert!(token.starts_with("! aviso") && token.contains(&ends) && token.contains(" → renove-o"), "{token}");
    let margin = line(&text, "abaixo do piso");
    assert!(margin.starts_with("✗ FALHA") && margin.contains("slot 7 Câmera: margem 12%") && margin.contains("R$ 99,90"), "{margin}");
    assert!(line(&text, "viewer_join").contains("anúncios não conhecem ninguém"));
    assert_eq!(text.lines().filter(|line| line.starts_with("☐ marcar")).count(), 3, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_spoil_the_night_fails_with_its_remedy() {
    let night = Night { price: 13_990, stock: 0, token_h: -48, quota: 100, skew_s: 120 };
    let desk = Desk::open(night).await;
    let (text, code) = desk.check(&[]).await;
    assert_eq!(code, Some(1), "{text}");
    for (part, verdict) in [
        ("slot 7 Câmera: 0 left in shop", "✗ FAIL"),
        ("slot 7 Câmera: R$ 139.90 in shop, R$ 129.90 planned", "✗ FAIL"),
        ("ads token ended", "✗ FAIL"),
        ("units are left, the live needs", "! warn"),
        ("shop: its clock is 1", "✗ FAIL"),
    ] {
        let found = line(&text, part);
        assert!(found.starts_with(verdict) && found.contains(" → "), "{found}");
    }
    drop(desk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_fails_is_named_with_what_to_do_and_the_others_are_asked_all_the_same() {
    let mut desk = Desk::open(GOOD).await;
    desk.ads = Peer::start(|_, _| Reply::status(401, &[], "token ads-secret is not valid")).await;
    let plan = std::fs::read_to_string(desk.path("plan.toml")).unwrap();
    let (before, rest) = plan.split_once("[feeds.ads]").unwrap();
    let (_, after) = rest.split_once("[feeds.hook]").unwrap();
    let base = desk.ads.base();
    let plan = format!(
        "{before}[feeds.ads]\nplatform = \"./ads.toml\"\nbase = \"{base}\"\n[feeds.gone]\npath = \"no.ndjson\"\n[feeds.hook]{after}"
    );
    std::fs::write(desk.path("plan.toml"), plan).unwrap();
    let taken = TcpListener::bind(listen(&desk.path("plan.toml"))).unwrap();
    let (text, code) = desk.check(&[]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(line(&text, "ads: access denied (http 401").contains(" → give the right credentials"), "{text}");
    assert!(line(&text, "gone: the input cannot be read (").contains(" → see that the file"), "{text}");
    assert!(line(&text, "hook: deliveries do not come in").contains(" → end what listens there"), "{text}");
    assert!(line(&text, "shop.stock answered").starts_with("✓ pass"));
    // our own words are the operator's, the peer's and the paths stay
    let (text, code) = desk.check(&["--lang", "pt-BR"]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(line(&text, "ads: acesso negado (http 401 token").starts_with("✗ FALHA"), "{text}");
    assert!(line(&text, "gone: a entrada não se lê (").contains("arquivo ou pasta não existe (erro 2 do sistema)"), "{text}");
    let bare = desk.path("plan.toml");
    std::fs::write(&bare, std::fs::read_to_string(&bare).unwrap().replace("length = \"2h\"\n", "")).unwrap();
    let (doubted, _) = desk.check(&["--lang", "pt-BR"]).await;
    assert!(line(&doubted, "`length` não foi dado").contains(" → dê-a: ritmo, projeção e tempo restante precisam de um fim"), "{doubted}");
    let door = line(&text, "hook: as entregas não chegam");
    assert!(door.contains("não se pode escutar na porta ") && door.contains("o endereço já está em uso"), "{door}");
    let (_, seconds) = line(&text, "shop.stock respondeu em ").split_once("respondeu em ").unwrap();
    assert!(seconds.starts_with(|c: char| c.is_ascii_digit()) && seconds[..4].contains(','), "{seconds}");
    drop(taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_compared_is_not_told_as_planned() {
    let desk = Desk::open(GOOD).await;
    let plan = std::fs::read_to_string(desk.path("plan.toml")).unwrap();
    std::fs::write(desk.path("plan.toml"), plan.replace("stock = 40\n", "").replace("price = \"50.00\"\nstock = 7\n", "")).unwrap();
    let (text, _) = desk.check(&[]).await;
    assert!(!text.contains("stock and price as planned"), "{text}");
    assert!(line(&text, "1 products: price as planned").starts_with("✓ pass"));
    assert!(line(&text, "1 products are in stock; neither their price nor their number").starts_with("! warn"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_whose_every_input_is_put_aside_fails() {
    let desk = Desk::open(GOOD).await;
    std::fs::write(desk.path("ads.toml"), ADS.replace("value: .spent", "value: \"much\"")).unwrap();
    for (lang, told, verdict) in [
        ("en", "everything that it gave (1) is put aside: no amount of money (", "✗ FAIL"),
        ("pt-BR", "tudo o que deu (1) ficou de lado: não é valor em dinheiro (", "✗ FALHA"),
    ] {
        let (text, code) = desk.check(&["--lang", lang]).await;
        assert_eq!(code, Some(1), "{text}");
        assert!(line(&text, told).starts_with(verdict), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_that_the_plan_can_not_sum_are_told_before_the_night() {
    let desk = Desk::open(GOOD).await;
    std::fs::write(desk.path("ads.toml"), ADS.replace("value: .spent", "value: .spent, currency: \"CHF\"")).unwrap();
    for (lang, told, remedy) in
        [("en", "ads tells amounts in CHF: the plan sums BRL → ", "rates = { CODE"), ("pt-BR", "o plano soma BRL → ", "rates = { CÓDIGO")]
    {
        let (text, _) = desk.check(&["--lang", lang]).await;
        let found = line(&text, told);
        assert!(found.starts_with('!') && found.contains(remedy), "{found}");
    }
    let plan = std::fs::read_to_string(desk.path("plan.toml")).unwrap();
    std::fs::write(desk.path("plan.toml"), plan.replacen("currency = \"BRL\"", "currency = \"BRL\"\nrates = { CHF = \"6.20\" }", 1))
        .unwrap();
    let (text, _) = desk.check(&[]).await;
    assert!(!text.contains("amounts in"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_that_a_file_tells_is_judged_though_the_plan_does_not_announce_it() {
    let desk = Desk::open(GOOD).await;
    let row = |sku: &str, available: i64| {
        format!(r#"{{"type":"inventory","ts":"{}","sku":"{sku}","available":{available}}}"#, wall_now().rfc3339())
    };
    // more than one look takes; the newest counts
    let mut rows: Vec<String> = (0..3_000).map(|number| row("CAM-1", number)).collect();
    rows.extend([row("CAM-1", 25), row("ERP-7", 3)]);
    std::fs::write(desk.path("erp.ndjson"), rows.join("\n") + "\n").unwrap();
    let plan = std::fs::read_to_string(desk.path("plan.toml")).unwrap();
    let plan =
        plan.replace("[feeds.shop]", "[[product]]\nsku = \"ERP-7\"\nslot = 9\n[feeds.shop]") + "[feeds.erp]\npath = \"erp.ndjson\"\n";
    std::fs::write(desk.path("plan.toml"), plan).unwrap();
    let (text, _) = desk.check(&[]).await;
    let mismatch = line(&text, "slot 7 Câmera:");
    assert!(mismatch.starts_with("! warn") && text.contains("shop 40 ≠ erp 25"), "{text}");
    let divided = line(&text, "the sources share the products: ");
    assert!(divided.starts_with("✓ pass") && divided.ends_with("shop knows 2, not ERP-7; erp knows 2, not KIT-8"), "{divided}");
    assert!(
        !text.lines().any(|line| line.starts_with("✗ FAIL") && line.contains("slot 8")),
        "a file owes no word about every product: {text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_products_of_a_shop_that_did_not_answer_are_laid_to_no_other_source() {
    let mut desk = Desk::open(GOOD).await;
    let gone = Peer::start(|_, _| Reply::status(404, &[], "{}")).await;
    let plan = std::fs::read_to_string(desk.path("plan.toml")).unwrap().replace(&desk.shop.base(), &gone.base());
    std::fs::write(desk.path("plan.toml"), plan + "[feeds.erp]\npath = \"erp.ndjson\"\n").unwrap();
    let row = format!(r#"{{"type":"inventory","ts":"{}","sku":"CAM-1","available":40}}"#, wall_now().rfc3339());
    std::fs::write(desk.path("erp.ndjson"), row + "\n").unwrap();
    desk.shop = gone;
    let (text, code) = desk.check(&[]).await;
    assert_eq!(code, Some(1), "the shop's own line: {text}");
    assert!(line(&text, "shop.stock: the server answers with an error").starts_with("✗ FAIL"), "{text}");
    assert!(line(&text, "not judged, as shop did not answer in full: KIT-8 →").starts_with("! warn"), "{text}");
    assert!(line(&text, "price not compared, as shop did not answer in full: Câmera →").starts_with("! warn"), "{text}");
    assert!(line(&text, "1 products: stock as planned").starts_with("✓ pass"), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("✗ FAIL") && line.contains("slot ")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_credentials_last_is_told_of_those_that_are_let_in_only() {
    let desk = Desk::open(GOOD).await;
    for (seconds, lets_in, is_told) in [(3_600, true, true), (3_600, false, false), (0, true, false)] {
        let stand = Peer::start(move |asked: &Asked, _| match asked.path() {
            "/login" => Reply::Json(format!(r#"{{"token":"t-1","seconds":{seconds}}}"#)),
            _ if lets_in => Reply::Json(r#"{"rows":[]}"#.into()),
            _ => Reply::status(401, &[], "no"),
        })
        .await;
        std::fs::write(desk.path("stand.toml"), STAND).unwrap();
        let plan =
            format!("name = \"stand\"\ntime_zone = \"UTC\"\n[feeds.stand]\nplatform = \"./stand.toml\"\nbase = \"{}\"\n", stand.base());
        std::fs::write(desk.path("plan.toml"), plan).unwrap();
        let (text, _) = desk.check(&[]).await;
        assert_eq!(text.contains("stand logs in by itself"), is_told, "{seconds} {lets_in}: {text}");
        assert_eq!(text.contains("✗ FAIL  stand: access denied"), !lets_in, "{seconds} {lets_in}: {text}");
    }
}

/// The address that the plan's webhook listens at.
fn listen(plan: &Path) -> String {
    let text = std::fs::read_to_string(plan).unwrap();
    text.lines().find_map(|line| line.strip_prefix("listen = ")).unwrap().trim_matches('"').to_owned()
}
