//! Plan files: what they may say, and what they are told when they are wrong.
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

use warroom::config::plan::{Loaded, read, slug};
use warroom::engine::event::SegmentKind;
use warroom::engine::plan::Aim;
use warroom::feed::document::Problem;

const EXAMPLE: &str = include_str!("../config/plan.example.toml");

fn plan(text: &str) -> Result<Loaded, Vec<Problem>> {
    read("plan.toml", text, "plan", &|_| None)
}

/// The problems of a text as `line: what`.
fn problems(text: &str) -> Vec<String> {
    plan(text).err().unwrap_or_default().into_iter().map(|problem| format!("{}: {}", problem.line, problem.what)).collect()
}

fn remedies(text: &str) -> String {
    plan(text).err().unwrap_or_default().into_iter().map(|problem| problem.remedy).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_is_a_plan_without_a_doubt() {
    let loaded = plan(EXAMPLE).unwrap();
    assert_eq!(loaded.doubts, []);
    let plan = loaded.plan;
    assert_eq!((plan.name.as_str(), plan.length_s, plan.aim), ("terca-tech", 7_200, Aim::Conversion));
    assert_eq!(plan.starts_at.unwrap().rfc3339(), "2026-11-24T23:00:00Z");
    let target = |id: &str| plan.targets.iter().find(|target| target.metric == id).unwrap().value;
    assert_eq!((target("gmv_paid"), target("cvr_uv"), target("avg_watch_s")), (18_000_000.0, 0.03, 480.0));
    let first = &plan.products[0];
    assert_eq!((first.price_minor, first.cost_minor, first.bundle_price_minor), (Some(19_900), Some(14_500), Some(23_900)));
    assert_eq!(plan.products.iter().map(|product| product.slot).collect::<Vec<_>>(), [1, 2, 3]);
    let draw = &plan.segments[2];
    assert_eq!((draw.kind, draw.anchor_s), (Some(SegmentKind::Giveaway), Some(3_600)));
    assert_eq!(plan.feeds[0].source, "shop");
    assert_eq!(loaded.accounts[0].defaults.currency, plan.currency);
}

#[test]
fn the_example_explains_every_key() {
    for key in [
        "future",
        "grace",
        "late",
        "too_old",
        "cart_idle",
        "cart_abandoned",
        "checkout_abandoned",
        "viewers_stale",
        "question_open",
        "expiring",
    ] {
        assert!(EXAMPLE.contains(&format!("\n{key} = \"")), "{key}");
    }
    let defaults = plan("").unwrap().plan.limits;
    assert_eq!(plan(EXAMPLE).unwrap().plan.limits, defaults, "the example shows the defaults");
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_lines() {
    let text = r#"
titel = "x"
currency = "REAL"
time_zone = "America/Sao_Paolo"
aim = "convertion"
length = "two hours"

[targets]
gvm_paid = "1000"

[[product]]
sku = "A"
price = "12.345"
colour = "red"
"#;
    assert_eq!(
        problems(text),
        [
            "2: `titel` is not known here",
            "3: `currency` is `REAL`, which ISO 4217 does not list",
            "4: `time_zone` is `America/Sao_Paolo`, which is no time zone",
            "5: `aim` is `convertion`, which is not known",
            "6: `length` is no length of time",
            "9: `targets.gvm_paid` is no metric",
            "13: `product[1].price` is no amount of XXX",
            "14: `product[1].colour` is not known here",
        ]
    );
    let remedies = remedies(text);
    for near in ["America/Sao_Paulo", "did you mean `conversion`?", "did you mean `gmv_paid`?"] {
        assert!(remedies.contains(near), "{near} in {remedies}");
    }
}

#[test]
fn products_that_contradict_themselves_are_refused() {
    let text = r#"
currency = "BRL"
[[product]]
sku = "A"
slot = 1
price = "10"
cost = "12"
[[product]]
sku = "B"
slot = 1
margin = "10%"
margin_floor = "20%"
substitutes = ["AA"]
[[product]]
sku = "A"
stock = -1
price = "-5"
"#;
    assert_eq!(
        problems(text),
        [
            "6: `product[1].price` is below the cost",
            "10: `product[2].slot` 1 is taken by `A`",
            "12: `product[2].margin_floor` is 20.0 %, above the product's margin of 10.0 %",
            "13: `product[2].substitutes` names `AA`, which is no product of the plan",
            "15: `product[3].sku` names `A` a second time",
            "16: `product[3].stock` is no whole number",
            "17: `product[3].price` is negative",
        ]
    );
}

#[test]
fn a_run_of_show_must_fit_its_time() {
    let text = r#"
length = "30m"
[[segment]]
name = "a"
length = "25m"
[[segment]]
name = "b"
length = "10m"
anchor = "20m"
[[segment]]
name = "c"
anchor = "10m"
[[segment]]
name = "d"
anchor = "21:00"
"#;
    assert_eq!(
        problems(text),
        [
            "2: `length` is too short for the run of show by 5 min",
            "9: `segment[b].anchor` cannot be kept: what is planned before it runs 5 min past it",
            "12: `segment[c].anchor` is not after the anchor before it",
            "15: `segment[d].anchor` is a clock time, but the plan has no `starts_at` and `time_zone`",
        ]
    );
}

#[test]
fn an_anchor_after_midnight_belongs_to_the_next_day() {
    let text = "starts_at = \"2026-11-24 23:30\"\ntime_zone = \"America/Sao_Paulo\"\n[[segment]]\nname = \"draw\"\nanchor = \"00:15\"\n";
    assert_eq!(plan(text).unwrap().plan.segments[0].anchor_s, Some(45 * 60));
}

#[test]
fn a_time_without_a_zone_is_refused_and_one_with_an_offset_is_not() {
    assert_eq!(problems("starts_at = \"2026-11-24 20:00\""), ["1: `starts_at` is no time"]);
    assert_eq!(plan("starts_at = 2026-11-24T20:00:00-03:00").unwrap().plan.starts_at.unwrap().rfc3339(), "2026-11-24T23:00:00Z");
}

#[test]
fn bands_curves_channels_and_limits_are_judged() {
    let text = r#"
[limits]
price_bands = [0, 200, 100]
cart_idle = "1h"
[[target_curve]]
at = "20m"
share = "50%"
[[target_curve]]
at = "10m"
share = "60%"
[[channel]]
name = "mine"
rules = [{}]
[[channel]]
name = "mine"
[[campaign]]
name = "x"
channel = "payd"
budget = "-1"
"#;
    let found = problems(text);
    for expected in [
        "3: `limits.price_bands` does not rise from 0",
        "13: `channel[mine].rules[1]` matches everything",
        "18: `campaign[x].channel` is `payd`, which no [[channel]] defines",
        "19: `campaign[x].budget` is negative",
    ] {
        assert!(found.iter().any(|line| line == expected), "{expected} in {found:#?}");
    }
    assert!(found.iter().any(|line| line.contains("calls a cart idle later than abandoned")));
    assert!(found.iter().any(|line| line.contains("`target_curve` does not rise")));
    assert!(found.iter().any(|line| line.contains("`mine` is taken by another channel")));
}

#[test]
fn a_missing_secret_is_told_by_feed_and_variable_never_by_value() {
    let text =
        "[feeds.shop]\nplatform = \"vendure\"\nbase = \"https://shop.example\"\nuser = \"desk\"\npassword = { env = \"SHOP_TOKEN\" }\n";
    let told = problems(text).join("\n") + &remedies(text);
    assert!(told.contains("shop") && told.contains("SHOP_TOKEN"), "{told}");
    let loaded = read("plan.toml", text, "plan", &|name| (name == "SHOP_TOKEN").then(|| "s3cret".to_owned())).unwrap();
    assert!(!format!("{loaded:?}").contains("s3cret"));
}

#[test]
fn text_that_is_no_toml_says_where() {
    let found = problems("name = \"a\"\nlength = = 2\n");
    assert!(!found.is_empty() && found.iter().all(|problem| problem.starts_with("2: ")), "{found:?}");
}

#[test]
fn a_name_for_files_is_made_of_any_title() {
    for (title, name) in
        [("Loja Clara · Terça Tech", "loja-clara-terca-tech"), ("../../etc/passwd", "etc-passwd"), ("  ", ""), ("日本", "")]
    {
        assert_eq!(slug(title), name, "{title}");
    }
    assert!(slug(&"long ".repeat(100)).len() <= 60);
}
