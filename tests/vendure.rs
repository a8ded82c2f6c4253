//! Beside a real Vendure shop the feeds end with exactly the shop's own figures, whatever happens on the way.
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

#[path = "support/owner.rs"]
mod owner;
#[path = "support/shop.rs"]
mod shop;

use std::process::Child;
use std::time::Duration;

use owner::{Fold, Owner, Taken};
use shop::{Shop, Truth};
use warroom::clock::wall_now;
use warroom::engine::event::OrderStatus;

/// Longest that shoppers may take.
const SHOPPING: Duration = Duration::from_secs(240);

fn plan(shop: &Shop) -> String {
    format!(
        "[feeds.shop]\nplatform = \"vendure\"\nbase = \"{}\"\nuser = \"superadmin\"\npassword = {{ env = \"SHOP_PASSWORD\" }}\n",
        shop.base()
    )
}

fn start(shop: &Shop, live_start: warroom::engine::time::At, taken: Taken) -> Owner {
    let environment = |name: &str| (name == "SHOP_PASSWORD").then(|| "superadmin".to_owned());
    let accounts = warroom::feed::account::Account::read_all("plan.toml", &plan(shop), &environment).expect("a plan");
    Owner::start_accounts(accounts, live_start, taken)
}

fn figures(fold: &Fold) -> Truth {
    let mut truth = Truth { unbought_carts: fold.unbought_carts(), ..Truth::default() };
    for order in fold.orders.values() {
        truth.placed += 1;
        truth.cancelled += u64::from(order.status == OrderStatus::Cancelled);
        if order.was_paid {
            truth.paid += 1;
            *truth.paid_by_source.entry(order.source.clone()).or_default() += order.value;
        }
    }
    truth.refunds = fold.refunds.len() as u64;
    truth.refunded = fold.refunds.values().sum();
    for ((sku, _), available) in &fold.stock {
        *truth.stock.entry(sku.clone()).or_default() += available;
    }
    truth
}

async fn until_done(owner: &mut Owner, shoppers: &mut Child) {
    let began = std::time::Instant::now();
    while shoppers.try_wait().expect("the shoppers").is_none() {
        assert!(began.elapsed() < SHOPPING, "the shoppers do not come to an end");
        owner.run_for(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feeds_end_with_the_shops_own_figures_through_kills_and_an_outage() {
    let mut shop = Shop::start_fresh();
    let live_start = wall_now().plus_s(-60);
    let mut owner = start(&shop, live_start, Taken::default());
    let mut shoppers = shop.drive(50, 3.0, 11);
    for pause in [3_000, 1_500, 2_300, 900, 2_700] {
        owner.run_for(Duration::from_millis(pause)).await;
        owner = start(&shop, live_start, owner.kill());
    }
    until_done(&mut owner, &mut shoppers).await;
    shop.after_sale().await;

    shop.stop();
    owner.until("the outage shows", |taken| taken.fault("shop.orders").starts_with("unreachable")).await;
    shop.start();
    let mut shoppers = shop.drive(15, 3.0, 12);
    until_done(&mut owner, &mut shoppers).await;

    let truth = shop.admin().await.truth().await;
    owner.until("the shop's own figures", |taken| figures(&Fold::of(&taken.events)) == truth).await;
    // what is right stays right
    owner.run_for(Duration::from_secs(8)).await;
    let taken = owner.stop().await;
    assert_eq!(figures(&Fold::of(&taken.events)), truth);
    assert!(truth.placed >= 20 && truth.refunds == 2 && truth.cancelled == 1, "{truth:?}");
    assert_eq!(taken.rejected, [], "nothing is put aside");
    assert_eq!(owner::conflicts(&taken.events), Vec::<String>::new(), "a fact that is read again is the same fact");
    for (feed, state) in &taken.states {
        assert_eq!(state.unmapped, 0, "{feed}: everything maps to something");
        assert!(state.caught_up && state.complete_to.is_some(), "{feed}: {state:?}");
    }
}
