//! A real Vendure shop pushes to the desk, which is killed in the middle: a push is a thin notice that is looked up, what was pushed
//! while nobody listened is found by the slow poll of the same account, and the end is the shop's own figures.
#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types, reason = "a test stops where it fails")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/servers.rs"]
mod servers;
#[path = "support/shop.rs"]
mod shop;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use desk::{Desk, PROGRAM};
use serde_json::Value;
use shop::{Shop, Truth};
use warroom::feed::platform::PlatformText;

/// Longest that the shoppers, and then the feeds, may take.
const LONGEST: Duration = Duration::from_secs(120);

/// What the shop's plugin pushes, beside the shipped requests: it is not signed, so it is only looked up.
const PUSH: &str = r#"
[[request]]
name = "push"
gives = ["cart", "add_to_cart", "purchase", "payment", "refund"]
transport = "webhook"
path = "/vendure"
signature = { kind = "refetch" }
map = '(.data.order.id // .data.id) as $id | if $id then expand({id: ($id | text)}) else skip("no order") end'

[request.expand]
url = "{{base}}/admin-api"
items = ".data.orders.items[]"
map = "order"

[request.expand.body]
query = """
query($options: OrderListOptions) { orders(options: $options) { items {
  id code state active orderPlacedAt createdAt updatedAt currencyCode totalWithTax couponCodes
  customer { id } customFields { utmSource utmMedium utmCampaign liveId }
  discounts { amountWithTax }
  lines { id createdAt quantity orderPlacedQuantity unitPriceWithTax proratedUnitPriceWithTax productVariant { sku name product { id } } }
  payments { id method state amount createdAt updatedAt refunds { id state total reason createdAt updatedAt } }
} } }"""

[request.expand.body.variables.options]
take = 1
filter = { id = { eq = "{{expand.id}}" } }
"#;

fn write_plan(folder: &Path, base: &str, port: u16) -> PathBuf {
    let shipped = PlatformText::shipped("vendure").expect("it is shipped");
    std::fs::write(folder.join("pushing.toml"), shipped.toml + PUSH).expect("a file");
    std::fs::write(folder.join("pushing.jq"), shipped.jq).expect("a file");
    let starts = warroom::clock::wall_now().plus_s(-30).rfc3339();
    let text = format!(
        r#"name = "pushed"
title = "Pushed"
starts_at = "{starts}"
length = "1h"
time_zone = "America/Sao_Paulo"
currency = "BRL"

[feeds.shop]
platform = "./pushing.toml"
requests = ["push", "refunds", "stock"]
base = "{base}"
user = "superadmin"
password = {{ env = "SHOP_PASSWORD" }}
listen = "127.0.0.1:{port}"
"#
    );
    let plan = folder.join("plan.toml");
    std::fs::write(&plan, text).expect("a plan");
    plan
}

fn summary(journal: &Path) -> Value {
    let output = Command::new(PROGRAM).args(["summary".as_ref(), journal.as_os_str(), "--json".as_ref()]).output().expect("summary runs");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// The shop's figures beside the desk's.
fn figures(truth: &Truth, told: &Value) -> (Vec<String>, Vec<String>) {
    let ours = ["orders_placed", "orders_paid", "orders_cancelled", "refunds"];
    let theirs = [truth.placed, truth.paid, truth.cancelled, truth.refunds];
    let number = |metric: &str| told["broadcast"][metric]["value"].to_string();
    let mut said: Vec<String> = ours.iter().map(|metric| format!("{metric} {}", number(metric))).collect();
    let mut right: Vec<String> = ours.iter().zip(theirs).map(|(metric, count)| format!("{metric} {count}")).collect();
    said.push(format!("paid {}", told["broadcast"]["gmv_paid"]["minor"]));
    right.push(format!("paid {}", truth.paid_by_source.values().sum::<i64>()));
    (said, right)
}

#[tokio::test(flavor = "multi_thread")]
async fn pushed_orders_end_with_the_shops_own_figures_through_kills() {
    let port = servers::free_port();
    let shop = Shop::start_fresh_pushing(&format!("http://127.0.0.1:{port}/vendure"));
    let folder = tempfile::tempdir().expect("a folder");
    let (plan, journal) = (write_plan(folder.path(), &shop.base(), port), folder.path().join("live.warroom"));
    let open = || Desk::open(&plan, &journal, &[("SHOP_PASSWORD", "superadmin")]);
    let mut desk = open();
    let mut shoppers = shop.drive(36, 2.5, 21);
    for pause in [4_000, 2_500] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        desk.kill();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        desk = open();
    }
    let began = Instant::now();
    while shoppers.try_wait().expect("the shoppers").is_none() {
        assert!(began.elapsed() < LONGEST, "the shoppers do not come to an end");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    shop.after_sale().await;
    let truth = shop.admin().await.truth().await;
    assert!(truth.placed >= 12 && truth.refunds == 2, "{truth:?}");
    let began = Instant::now();
    loop {
        let (said, right) = figures(&truth, &summary(&journal));
        if said == right {
            break;
        }
        assert!(began.elapsed() < LONGEST, "the desk says {said:?}, the shop says {right:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    desk.end();
    let told = summary(&journal);
    let (said, right) = figures(&truth, &told);
    assert_eq!(said, right, "what is right stays right");
    let feeds = told["events"]["feeds"].as_array().expect("feeds");
    let push = feeds.iter().find(|feed| feed["feed"] == "shop.push").expect("the push");
    assert!(push["received"].as_u64().is_some_and(|received| received > truth.placed), "the push brought it: {push}");
}
