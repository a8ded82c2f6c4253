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
    let draw = plan.segments.iter().find(|segment| segment.name == "draw").unwrap();
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

/// A plan of one product with a floor, a segment that shows it, and whatever else is given.
fn one_product(product: &str, segment: &str, rest: &str) -> String {
    format!(
        "currency = \"BRL\"\ntime_zone = \"America/Sao_Paulo\"\nstarts_at = \"2026-11-24 20:00\"\nlength = \"1h\"\n{rest}\n\
         [[product]]\nsku = \"A\"\nprice = \"100\"\ncost = \"70\"\nmargin_floor = \"20%\"\n{product}\n\
         [[segment]]\nname = \"a\"\nlength = \"1h\"\nskus = [\"A\"]\n{segment}\n"
    )
}

#[test]
fn a_planned_discount_never_goes_under_the_floor() {
    assert_eq!(problems(&one_product("", "discount = \"12%\"", "")), [] as [&str; 0]);
    let told = problems(&one_product("max_discount = \"14%\"", "discount = \"15%\"", ""));
    assert_eq!(
        told,
        [
            "16: `segment[a].discount` is 15.0 %, above the 14.0 % that `A` allows",
            "16: `segment[a].discount` leaves `A` a margin of 17.6 %, under its floor of 20.0 %",
        ]
    );
    let bundles = "bundle_with = [\"B\"]\nbundle_price = \"110\"\n[[product]]\nsku = \"B\"\nprice = \"10\"\ncost = \"20\"";
    let told = problems(&one_product(bundles, "", "")).join("\n");
    assert!(told.contains("`product[1].bundle_price` is no less than its parts cost apart"), "{told}");
    assert!(told.contains("`product[1].bundle_price` leaves a margin of 18.2 %, under the floor of 20.0 %"), "{told}");
}

#[test]
fn what_is_worth_a_look_has_its_line_and_a_remedy() {
    let rest = "aim = \"leads\"\n[targets]\ngmv_paid = \"5000\"\nroas = 2\n[feeds.tape]\npath = \"-\"\ngives = [\"purchase\"]\n\
                [[channel]]\nname = \"ads\"\nbudget = \"10\"\n[[campaign]]\nname = \"c\"\nchannel = \"ads\"\nbudget = \"20\"";
    let product = "stock = 10\nexpected_units = 40\nmax_discount = \"50%\"\n[[product]]\nsku = \"B\"\nprice = \"1\"\nstock = 0";
    let text = one_product(product, "anchor = \"15m\"", rest).replace("length = \"1h\"\nskus", "length = \"20m\"\nskus");
    let text = format!("margin = \"30%\"\n{text}");
    let doubts: Vec<String> = plan(&text)
        .unwrap()
        .doubts
        .into_iter()
        .map(|doubt| {
            assert!(!doubt.remedy.is_empty());
            format!("{}: {}", doubt.line, doubt.what)
        })
        .collect();
    for expected in [
        "6: `aim` has no target that measures it",
        "8: `targets.gmv_paid` cannot be reached: all planned stock is worth BRL 1000.00",
        "9: `targets.roas` loses money: at a margin of 30.0 % ads break even at 3.3",
        "9: `targets.roas` cannot be measured: no feed gives `ad_spend`",
        "25: `product[1].stock` of `A` lasts to 0:15 of the live: 10 units of 40 that are expected",
        "27: `product[1].max_discount` would leave `A` a margin of -40.0 %, under its floor of 20.0 %",
        "31: `product[2].stock` of `B` is 0",
        "29: `product[2].sku` `B` is in no segment",
        "36: `segment[a].anchor` leaves 15 min before it with nothing planned",
        "5: `length` is 25 min longer than the run of show",
        "15: `channel[ads].budget` is less than its campaigns' BRL 20.00",
    ] {
        assert!(doubts.iter().any(|doubt| doubt == expected), "{expected} in {doubts:#?}\n{text}");
    }
}

#[test]
fn products_of_a_csv_file_are_products_of_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.toml");
    let csv = folder.path().join("products.csv");
    std::fs::write(&file, "currency = \"BRL\"\nproducts = \"products.csv\"\n[[product]]\nsku = \"Z\"\nsubstitutes = [\"A\"]\n").unwrap();
    std::fs::write(
        &csv,
        "\u{feff}sku;nome;preço;custo;slot;estoque;substitutes;good_on_camera\nA;Fone;1.199,90;800;3;12;B Z;sim\nB;Caixa;99,5;;;;;\n",
    )
    .unwrap();
    let loaded = warroom::config::plan::load(&file, &|_| None).unwrap();
    let product = |sku: &str| loaded.plan.product(sku).unwrap().clone();
    let fone = product("A");
    assert_eq!((fone.name.as_str(), fone.price_minor, fone.cost_minor, fone.slot), ("Fone", Some(119_990), Some(80_000), 3));
    assert_eq!((fone.stock, fone.good_on_camera, fone.substitutes.len()), (Some(12), Some(true), 2));
    assert_eq!((product("B").price_minor, product("B").slot, product("Z").slot), (Some(9_950), 2, 1));
    std::fs::write(&csv, "sku,price,cost,substitutes,colour\nA,10,12,Q,red\nZ,1.234,,,\n").unwrap();
    let told = warroom::config::plan::load(&file, &|_| None).unwrap_err();
    let told: Vec<String> =
        told.iter().map(|problem| format!("{}:{}: {}", problem.file.rsplit('/').next().unwrap(), problem.line, problem.what)).collect();
    assert_eq!(
        told,
        [
            "products.csv:2: `product[1].price` is below the cost",
            "products.csv:2: `product[1].substitutes` names `Q`, which is no product of the plan",
            "products.csv:3: `product[2].price` is no amount of BRL",
            "products.csv:3: `product[2].sku` names `Z` a second time",
        ]
    );
    std::fs::remove_file(&csv).unwrap();
    let told = warroom::config::plan::load(&file, &|_| None).unwrap_err();
    assert!(told.iter().any(|problem| problem.file.ends_with("products.csv") && problem.remedy.contains("CSV")), "{told:?}");
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
