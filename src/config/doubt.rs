//! What is not wrong in a plan but worth a look before the night, each with its line and what to do.

use super::judge::{Places, margin_after, margin_of, percent};
use crate::engine::metric::{Metric, definition};
use crate::engine::money::{Currency, Money};
use crate::engine::plan::{Aim, Plan, PlanProduct};
use crate::feed::document::{Problem, Section};

/// A run of show that ends so long before the live is no oversight any more.
const UNPLANNED_S: i64 = 10 * 60;

/// Everything that is worth a look, in the order of the plan.
#[must_use]
pub fn doubts(root: &Section<'_>, plan: &Plan, places: &Places<'_, '_>) -> Vec<Problem> {
    let mut found = identity(root, plan);
    found.extend(aim(root, plan, places));
    found.extend(targets(plan, places));
    found.extend(worth(plan, places));
    for (product, section) in plan.products.iter().zip(places.products) {
        found.extend(margins(product, plan, section));
        found.extend(stock(product, plan, section));
    }
    found.extend(run_of_show(root, plan, places));
    found.extend(budgets(plan, places));
    found
}

fn identity(root: &Section<'_>, plan: &Plan) -> Vec<Problem> {
    let given = [
        ("currency", plan.currency.is_some(), "name it, so that amounts have their decimals and several currencies are told apart"),
        ("time_zone", plan.time_zone.is_some(), "name it: the glass shows the plan's zone, never the machine's"),
        ("starts_at", plan.starts_at.is_some(), "give it, so that the live is found again after a restart and history is read from there"),
        ("length", plan.length_s > 0, "give it: pace, projection and the time left need an end"),
        ("product", !plan.products.is_empty(), "plan the products to have them on the keys 1-9 with their margins"),
    ];
    given.into_iter().filter(|(_, given, _)| !given).map(|(key, _, remedy)| root.remark(key, "is not given", remedy)).collect()
}

fn aim(root: &Section<'_>, plan: &Plan, places: &Places<'_, '_>) -> Option<Problem> {
    if plan.targets.iter().any(|target| measures(plan.aim, &target.metric)) {
        return None;
    }
    let remedy = aim_remedy(plan.aim);
    Some(match places.targets {
        Some(targets) if !root.has("aim") => targets.remark("", "has no target that measures it: the aim is conversion", remedy),
        _ => root.remark("aim", "has no target that measures it", remedy),
    })
}

/// Targets that no feed can measure, and a ROAS that loses money.
fn targets(plan: &Plan, places: &Places<'_, '_>) -> Vec<Problem> {
    let Some(section) = places.targets else { return Vec::new() };
    let gives = |kind: &str| plan.feeds.iter().any(|feed| feed.gives.is_empty() || feed.gives.iter().any(|given| given == kind));
    let lacks = |metric: Metric| -> Vec<String> {
        let lacking = definition(metric).needs.iter().filter(|group| !group.iter().any(|kind| gives(kind)));
        if plan.feeds.is_empty() || gives("reading") { Vec::new() } else { lacking.map(|group| group.join(" or ")).collect() }
    };
    let mut found = Vec::new();
    for target in &plan.targets {
        let Some(metric) = Metric::parse(&target.metric) else { continue };
        let lacking = lacks(metric);
        if !lacking.is_empty() {
            let what = format!("cannot be measured: no feed gives `{}`", lacking.join(" and "));
            found.push(section.remark(&target.metric, what, "add a feed that does, or type it in during the live"));
        }
        let even = plan.margin.filter(|margin| *margin > 0.0).map(|margin| 1.0 / margin);
        if let Some(even) = even.filter(|even| metric == Metric::Roas && target.value < *even) {
            let what = format!("loses money: at a margin of {} ads break even at {even:.1}", percent(1.0 / even));
            found.push(section.remark(&target.metric, what, "aim higher, or correct the margin"));
        }
    }
    found
}

/// A GMV target that the whole stock is not worth.
fn worth(plan: &Plan, places: &Places<'_, '_>) -> Option<Problem> {
    let section = places.targets?;
    let id = [Metric::GmvPaid, Metric::GmvPlaced, Metric::GmvNet].into_iter().map(Metric::id).find(|id| plan.target(id).is_some())?;
    let worth = plan.products.iter().map(|product| product.price_minor?.checked_mul(product.stock?));
    let worth = worth.reduce(|sum, product| sum?.checked_add(product?))??;
    #[expect(clippy::cast_precision_loss, reason = "amounts of a plan, to be compared")]
    let short = (worth as f64) < plan.target(id)?;
    let money = Money::new(worth, plan.currency.unwrap_or(Currency::NONE));
    short.then(|| section.remark(id, format!("cannot be reached: all planned stock is worth {money}"), "plan more stock, or aim lower"))
}

fn margins(product: &PlanProduct, plan: &Plan, section: &Section<'_>) -> Option<Problem> {
    let (margin, floor, discount) = (margin_of(product, plan)?, product.margin_floor?, product.max_discount?);
    if discount >= 1.0 || margin_after(margin, discount) >= floor {
        return None;
    }
    let what = format!(
        "would leave `{}` a margin of {}, under its floor of {}",
        product.sku,
        percent(margin_after(margin, discount)),
        percent(floor)
    );
    Some(section.remark("max_discount", what, "lower it: nothing under the floor is ever advised"))
}

/// Stock that will not last at the expected rate.
fn stock(product: &PlanProduct, plan: &Plan, section: &Section<'_>) -> Option<Problem> {
    let stock = product.stock?;
    if stock == 0 {
        return Some(section.remark("stock", format!("of `{}` is 0", product.sku), "restock it, or take it out of the run of show"));
    }
    let expected = product.expected_units.filter(|expected| *expected > stock)?;
    let what = if plan.length_s > 0 {
        let lasts = i128::from(plan.length_s) * i128::from(stock) / i128::from(expected) / 60;
        format!("of `{}` lasts to {}:{:02} of the live: {stock} units of {expected} that are expected", product.sku, lasts / 60, lasts % 60)
    } else {
        format!("of `{}` will not last: {stock} units of {expected} that are expected", product.sku)
    };
    Some(section.remark("stock", what, "restock it, hold some back, or plan a substitute"))
}

fn run_of_show(root: &Section<'_>, plan: &Plan, places: &Places<'_, '_>) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut reached = 0i64;
    for (segment, section) in plan.segments.iter().zip(places.segments) {
        if let Some(anchor) = segment.anchor_s {
            let idle = anchor - reached;
            if idle >= UNPLANNED_S {
                let what = format!("leaves {} min before it with nothing planned", idle / 60);
                found.push(section.remark("anchor", what, "plan what is shown until then, or move the anchor"));
            }
            reached = reached.max(anchor);
        }
        if segment.length_s == 0 {
            found.push(section.remark("length", "is not given", "give it: the time left and the drift need it"));
        }
        reached += segment.length_s;
    }
    if !plan.segments.is_empty() && plan.length_s - reached >= UNPLANNED_S {
        let what = format!("is {} min longer than the run of show", (plan.length_s - reached) / 60);
        found.push(root.remark("length", what, "plan the rest, or shorten the live"));
    }
    let shown =
        |product: &PlanProduct| plan.segments.iter().any(|segment| segment.skus.iter().any(|sku| plan.product(sku) == Some(product)));
    if plan.segments.iter().any(|segment| !segment.skus.is_empty()) {
        for (product, section) in plan.products.iter().zip(places.products).filter(|(product, _)| !shown(product)) {
            found.push(section.remark(
                "sku",
                format!("`{}` is in no segment", product.sku),
                "name it in the `skus` of a segment, or take it out",
            ));
        }
    }
    found
}

/// Campaigns that cost more than their channel may.
fn budgets(plan: &Plan, places: &Places<'_, '_>) -> Vec<Problem> {
    let mut found = Vec::new();
    for (channel, section) in plan.channels.iter().zip(places.channels) {
        let Some(budget) = channel.budget_minor else { continue };
        let campaigns = plan.campaigns.iter().filter(|campaign| campaign.channel == channel.name);
        let planned = campaigns.filter_map(|campaign| campaign.budget_minor).fold(0i64, i64::saturating_add);
        if planned > budget {
            let money = Money::new(planned, plan.currency.unwrap_or(Currency::NONE));
            found.push(section.remark("budget", format!("is less than its campaigns' {money}"), "raise it, or lower the campaigns'"));
        }
    }
    found
}

fn measures(aim: Aim, metric: &str) -> bool {
    let Some(metric) = Metric::parse(metric) else { return false };
    match aim {
        Aim::Conversion => matches!(
            metric,
            Metric::GmvPaid
                | Metric::GmvPlaced
                | Metric::GmvNet
                | Metric::OrdersPlaced
                | Metric::OrdersPaid
                | Metric::CvrUv
                | Metric::CvrView
                | Metric::CvrProduct
                | Metric::CoRate
        ),
        Aim::Leads => matches!(metric, Metric::Leads | Metric::Cpl),
        Aim::ClearStock => matches!(metric, Metric::SellThrough | Metric::Units),
        Aim::Branding => matches!(
            metric,
            Metric::ViewersUv
                | Metric::ViewsPv
                | Metric::Pcu
                | Metric::Acu
                | Metric::AvgWatchS
                | Metric::InteractionRate
                | Metric::FollowRate
                | Metric::Follows
        ),
    }
}

const fn aim_remedy(aim: Aim) -> &'static str {
    match aim {
        Aim::Conversion => "set one in [targets], as gmv_paid, orders_paid or cvr_uv",
        Aim::Leads => "set one in [targets], as leads or cpl",
        Aim::ClearStock => "set one in [targets], as sell_through or units",
        Aim::Branding => "set one in [targets], as viewers_uv, pcu or avg_watch_s",
    }
}
