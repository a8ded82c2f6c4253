//! The lines of the preflight about products, for each way that a night can be: verdict, words and remedy.

use super::*;
use crate::cli::check::shelves::tests::{Row, answer, request};
use crate::clock;
use crate::engine::money::Currency;
use crate::engine::plan::PlanProduct;
use crate::feed::probe::{Outcome, Probe};
use crate::ui::format::Format;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::words::{Lang, Words};

/// How a source tells its stock on this night.
enum Way {
    /// Asked, and lists all.
    Lists(&'static [Row<'static>]),
    /// A file that is followed.
    Followed(&'static [Row<'static>]),
    Fails,
    Delivers,
}
use Way::{Delivers, Fails, Followed, Lists};

fn shelves(sources: &[(&str, Way)]) -> Shelves {
    let mut shelves = Shelves::default();
    for (source, way) in sources {
        let (name, stock) = (Name::from(*source), request("shop", "stock"));
        match way {
            Lists(rows) => shelves.take(&name, &stock, Some(&answer(source, rows))),
            Followed(rows) => shelves.take(&name, &request("file", ""), Some(&answer(source, rows))),
            Fails => shelves.take(&name, &stock, Some(&Probe { outcome: Outcome::Failed, ..answer(source, &[]) })),
            Delivers => shelves.take(&name, &request("pushing", ""), None),
        }
    }
    shelves
}

/// The night of these tests: A to E, of 10.00 to 50.00; E has two variants.
fn plan() -> Plan {
    let product = |(slot, sku, stock): (u32, &str, i64)| PlanProduct {
        sku: sku.into(),
        name: format!("Prod {sku}"),
        slot,
        price_minor: Some(i64::from(slot) * 1_000),
        stock: Some(stock),
        ..PlanProduct::default()
    };
    let mut products: Vec<PlanProduct> = [(1, "A", 100), (2, "B", 50), (3, "C", 30), (4, "D", 5), (5, "E", 7)].map(product).into();
    products[4].variants = vec!["E-1".into(), "E-2".into()];
    Plan { currency: Some(Currency::BRL), products, ..Plan::default() }
}

fn told_in(lang: Lang, plan: &Plan, sources: &[(&str, Way)]) -> Vec<String> {
    let words = Words::new(lang);
    let format = Format::new(lang, chrono_tz::UTC, Glyphs::of(Charset::Unicode));
    let speaker = Speaker { words: &words, format, now: clock::wall_now() };
    let line = |point: Point| match point.remedy.as_str() {
        "" => format!("{} {}", point.verdict.label(&words), point.what),
        remedy => format!("{} {} → {remedy}", point.verdict.label(&words), point.what),
    };
    judge(plan, &shelves(sources), &speaker).into_iter().map(line).collect()
}

fn told(plan: &Plan, sources: &[(&str, Way)]) -> Vec<String> {
    told_in(Lang::En, plan, sources)
}

const ALL: &[Row<'static>] = &[
    ("A", 100, Some(1_000)),
    ("B", 50, Some(2_000)),
    ("C", 30, Some(3_000)),
    ("D", 5, Some(4_000)),
    ("E-1", 4, Some(5_000)),
    ("E-2", 3, Some(5_000)),
];
const ABE: &[Row<'static>] = &[("A", 100, Some(1_000)), ("B", 50, Some(2_000)), ("E-1", 4, Some(5_000)), ("E-2", 3, Some(5_000))];
const CD_BARE: &[Row<'static>] = &[("C", 30, None), ("D", 5, None)];
const AE_BARE: &[Row<'static>] = &[("A", 100, None), ("E", 7, None)];

#[test]
fn what_is_as_planned_is_one_line() {
    assert_eq!(told(&plan(), &[("shop", Lists(ALL))]), ["✓ pass 5 products: stock and price as planned"]);
    let pt = told_in(Lang::PtBr, &plan(), &[("shop", Lists(ALL))]);
    assert_eq!(pt, ["✓ ok 5 produtos: estoque e preço como no plano"]);
}

#[test]
fn sources_that_share_the_products_are_no_defect_and_a_price_that_nobody_tells_is_said() {
    let sources = || [("shop", Lists(ABE)), ("erp", Lists(CD_BARE))];
    assert_eq!(
        told(&plan(), &sources()),
        [
            "✓ pass 3 products: stock and price as planned",
            "✓ pass 2 products: stock as planned",
            "✓ pass the sources share the products: shop knows 3, not Prod C, Prod D; erp knows 2, not Prod A, Prod B, Prod E",
            "! warn price not compared, as nobody tells it: Prod C, Prod D → compare it by hand",
        ]
    );
    assert_eq!(
        told_in(Lang::PtBr, &plan(), &sources()),
        [
            "✓ ok 3 produtos: estoque e preço como no plano",
            "✓ ok 2 produtos: estoque como no plano",
            "✓ ok as fontes repartem os produtos: shop conhece 3, não Prod C, Prod D; erp conhece 2, não Prod A, Prod B, Prod E",
            "! aviso preço não comparado, pois ninguém o informa: Prod C, Prod D → compare à mão",
        ]
    );
}

#[test]
fn what_only_a_source_may_have_that_did_not_answer_is_not_judged() {
    let unheard = "→ the lines of the feeds above say what to do; then check again";
    assert_eq!(
        told(&plan(), &[("shop", Fails), ("erp", Lists(AE_BARE))]),
        [
            "✓ pass 2 products: stock as planned".to_owned(),
            format!("! warn not judged, as shop did not answer in full: Prod B, Prod C, Prod D {unheard}"),
            format!("! warn price not compared, as shop did not answer in full: Prod A, Prod E {unheard}"),
        ]
    );
    let alone = told(&plan(), &[("shop", Fails)]);
    assert_eq!(alone, [format!("! warn not judged, as shop did not answer in full: Prod A, Prod B, Prod C, Prod D, Prod E {unheard}")]);
    let shared = told(&plan(), &[("shop", Fails), ("erp", Lists(ALL))]);
    assert_eq!(shared, ["✓ pass 5 products: stock and price as planned"], "what the other has is compared with what it tells");
}

#[test]
fn what_a_source_may_have_that_cannot_be_asked_is_compared_by_hand() {
    let asked = "erp tells stock only as it changes (deliveries, a stream) and cannot be asked";
    assert_eq!(
        told(&plan(), &[("shop", Lists(ABE)), ("erp", Delivers)]),
        [
            "✓ pass 3 products: stock and price as planned".to_owned(),
            format!(
                "! warn not judged, as {asked}, and no other source knows: Prod C, Prod D \
                 → compare them by hand; where it tells no stock, leave `inventory` out of its `gives`"
            ),
        ]
    );
    let known = told(&plan(), &[("shop", Lists(ALL)), ("erp", Delivers)]);
    assert_eq!(known[0], "✓ pass 5 products: stock and price as planned");
    assert_eq!(known[1], format!("! warn {asked} → compare its stock by hand; where it tells none, leave `inventory` out of its `gives`"));
    let lost = told(&plan(), &[("shop", Fails), ("erp", Delivers)]);
    assert!(lost[0].starts_with(&format!("! warn {asked} →")) && lost[1].starts_with("! warn not judged, as shop"), "{lost:?}");
}

#[test]
fn what_no_whole_list_holds_fails_and_what_a_followed_file_may_still_tell_does_not() {
    let unknown = |slot: u32, sku: &str, source: &str| {
        format!(
            "✗ FAIL slot {slot} Prod {sku}: {sku} is not in the whole stock list of {source} \
             → correct the sku, add the shop's own id under [aliases], or let the shop keep stock of it"
        )
    };
    let alone = told(&plan(), &[("shop", Lists(ABE))]);
    assert_eq!(alone[1..], [unknown(3, "C", "shop"), unknown(4, "D", "shop")]);
    // a file beside it that was read as far as it goes changes nothing
    let beside = told(&plan(), &[("shop", Lists(ABE)), ("erp", Followed(&[("C", 30, Some(3_000))]))]);
    assert_eq!(beside[0], "✓ pass 4 products: stock and price as planned");
    assert_eq!(beside[2..], [unknown(4, "D", "shop")], "{beside:?}");
    let both = told(&plan(), &[("shop", Lists(&[])), ("erp", Lists(&ALL[1..]))]);
    assert_eq!(both[2..], [unknown(1, "A", "shop, erp")], "{both:?}");
    // a file alone may name the rest later
    assert_eq!(
        told(&plan(), &[("erp", Followed(&ALL[2..4]))]),
        [
            "✓ pass 2 products: stock and price as planned",
            "! warn erp has not told so far, and no source lists all its stock: Prod A, Prod B, Prod E → see that it tells them \
             before the live; else correct the sku, or add the shop's own id under [aliases]",
        ]
    );
}

#[test]
fn every_variants_price_is_judged_and_the_one_that_differs_is_named() {
    let night = |first: i64, second: i64| -> Vec<String> {
        let rows: Vec<Row<'static>> = ALL[..4].iter().copied().chain([("E-1", 4, Some(first)), ("E-2", 3, Some(second))]).collect();
        told(&plan(), &[("shop", Lists(rows.leak()))])
    };
    let dearer = |name: &str| {
        format!("✗ FAIL slot 5 {name}: R$ 55.00 in shop, R$ 50.00 planned → set the announced price in the shop, or correct the plan")
    };
    let four = "✓ pass 4 products: stock and price as planned".to_owned();
    assert_eq!(night(5_000, 5_500), [four.clone(), dearer("Prod E (E-2)")]);
    assert_eq!(night(5_500, 5_000), [four.clone(), dearer("Prod E (E-1)")]);
    assert_eq!(night(5_500, 5_500), [four, dearer("Prod E")], "both: the product");
    let cheaper = night(4_500, 5_500);
    assert!(cheaper[1].starts_with("! warn slot 5 Prod E (E-1): R$ 45.00") && cheaper[2] == dearer("Prod E (E-2)"), "{cheaper:?}");
}

#[test]
fn a_variant_that_nobody_knows_or_prices_is_named() {
    let lone: Vec<Row<'static>> = ALL[..5].iter().copied().map(|row| if row.0 == "E-1" { ("E-1", 7, row.2) } else { row }).collect();
    let lone = told(&plan(), &[("shop", Lists(lone.leak()))]);
    assert_eq!(
        lone[1..],
        ["! warn slot 5 Prod E: no source knows of its variants: E-2 → correct the variant, or add the shop's own id under [aliases]"]
    );
    let by_product = told(&plan(), &[("erp", Lists(AE_BARE))]);
    assert!(!by_product.iter().any(|line| line.contains("variant")), "a source that keeps stock by product names none: {by_product:?}");
    let bare: Vec<Row<'static>> = ALL[..5].iter().copied().chain([("E-2", 3, None)]).collect();
    let bare = told(&plan(), &[("shop", Lists(bare.leak()))]);
    assert_eq!(
        bare,
        [
            "✓ pass 4 products: stock and price as planned",
            "✓ pass 1 products: stock as planned",
            "! warn price not compared, as nobody tells it: Prod E (E-2) → compare it by hand",
        ]
    );
    let parent: Vec<Row<'static>> = ALL.iter().copied().chain([("E", 0, None)]).collect();
    let parent = told(&plan(), &[("shop", Lists(parent.leak()))]);
    assert_eq!(parent, ["✓ pass 5 products: stock and price as planned"], "the price of a product is that of its variants");
}

#[test]
fn prices_of_another_currency_are_not_compared_and_the_plan_need_not_name_any() {
    let foreign = told(&Plan { currency: Currency::parse("USD"), ..plan() }, &[("shop", Lists(ALL))]);
    assert_eq!(foreign[0], "✓ pass 5 products: stock as planned");
    assert!(
        foreign[1].starts_with("! warn price not compared, as it is told in another currency than the plan's: Prod A, "),
        "{foreign:?}"
    );
    let mut silent = plan();
    silent.products.iter_mut().for_each(|product| product.price_minor = None);
    let told = told(&silent, &[("shop", Lists(ALL))]);
    assert_eq!(told, ["✓ pass 5 products: stock as planned; the plan names no price of theirs"]);
}

#[test]
fn a_long_row_of_names_ends_in_how_many_more_there_are() {
    let mut plan = plan();
    let more = (6..20).map(|slot| PlanProduct { sku: format!("P{slot}").into(), slot, ..PlanProduct::default() });
    plan.products = more.collect();
    let told = told(&plan, &[("shop", Fails)]);
    assert!(told[0].contains("in full: P6, P7, P8, P9, P10, P11, P12, P13 … +6 →"), "{told:?}");
}

#[test]
fn a_desk_without_stock_says_so() {
    let told = told(&plan(), &[]);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("! warn no feed tells stock and prices"), "{told:?}");
}
