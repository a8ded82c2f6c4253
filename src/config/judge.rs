//! What a plan says against itself: a contradiction, and nothing is started.

use std::collections::BTreeMap;

use crate::engine::id::{Name, Set};
use crate::engine::plan::{Plan, PlanProduct, PlanSegment};
use crate::engine::spelling;
use crate::feed::document::Section;

/// The channels that every live has.
pub const CHANNELS: [&str; 4] = ["organic", "paid", "direct_link", "unknown"];

/// Where the entries of the plan's lists stand in the file, in the same order.
#[derive(Clone, Copy, Debug)]
pub struct Places<'p, 'd> {
    pub targets: Option<&'p Section<'d>>,
    pub products: &'p [Section<'d>],
    pub segments: &'p [Section<'d>],
    pub channels: &'p [Section<'d>],
    pub campaigns: &'p [Section<'d>],
}

/// Notes everything in the plan that cannot be true at once.
pub fn contradictions(root: &Section<'_>, plan: &Plan, places: &Places<'_, '_>) {
    let skus: Vec<&str> =
        plan.products.iter().flat_map(|product| std::iter::once(&product.sku).chain(&product.variants)).map(Name::as_str).collect();
    unique_products(plan, places.products);
    for (product, section) in plan.products.iter().zip(places.products) {
        prices(product, plan, section);
        known_skus(section, "substitutes", &product.substitutes, &skus);
        known_skus(section, "bundle_with", &product.bundle_with, &skus);
        known_skus(section, "bonus_kit", product.bonus_kit.as_slice(), &skus);
        bundle(product, plan, section);
    }
    for (segment, section) in plan.segments.iter().zip(places.segments) {
        known_skus(section, "skus", &segment.skus, &skus);
        discounts(segment, plan, section);
    }
    run_of_show(root, plan, places.segments);
    channels(plan, places);
    limits(root, plan);
    for (alias, sku) in &plan.aliases {
        if !skus.is_empty() && !skus.contains(&sku.as_str()) {
            root.wrong("aliases", format!("maps `{alias}` to `{sku}`, which is no product of the plan"), unknown_sku(sku, &skus));
        }
    }
}

fn unique_products(plan: &Plan, sections: &[Section<'_>]) {
    let mut slots: BTreeMap<u32, &str> = BTreeMap::new();
    let mut skus: Set<&str> = Set::default();
    for (product, section) in plan.products.iter().zip(sections) {
        if product.slot > 0
            && let Some(holder) = slots.insert(product.slot, &product.sku)
        {
            section.wrong("slot", format!("{} is taken by `{holder}`", product.slot), "give every product a slot of its own");
        }
        for sku in std::iter::once(&product.sku).chain(&product.variants) {
            if !sku.is_empty() && !skus.insert(sku) {
                let key = if *sku == product.sku { "sku" } else { "variants" };
                section.wrong(key, format!("names `{sku}` a second time"), "name every sku once, as a product or as a variant of one");
            }
        }
    }
}

fn unknown_sku(sku: &str, skus: &[&str]) -> String {
    match spelling::nearest(sku, skus.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "plan it as a [[product]], or take it out".into(),
    }
}

fn known_skus(section: &Section<'_>, key: &str, named: &[Name], skus: &[&str]) {
    for sku in named.iter().filter(|sku| !skus.contains(&sku.as_str())) {
        section.wrong(key, format!("names `{sku}`, which is no product of the plan"), unknown_sku(sku, skus));
    }
}

/// The contribution margin that a product has by its own figures: stated, from price and cost, or the plan's.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share to compare with; sums of money stay integers")]
pub fn margin_of(product: &PlanProduct, plan: &Plan) -> Option<f64> {
    let from_cost = match (product.price_minor, product.cost_minor) {
        (Some(price), Some(cost)) if price > 0 => Some((price - cost) as f64 / price as f64),
        _ => None,
    };
    product.margin.or(from_cost).or(plan.margin)
}

/// A share as problems tell it.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn prices(product: &PlanProduct, plan: &Plan, section: &Section<'_>) {
    if let (Some(price), Some(cost)) = (product.price_minor, product.cost_minor)
        && price < cost
    {
        section.wrong("price", "is below the cost", "raise the price, or correct the cost");
    } else if let (Some(margin), Some(floor)) = (margin_of(product, plan), product.margin_floor)
        && margin < floor
    {
        let what = format!("is {}, above the product's margin of {}", percent(floor), percent(margin));
        section.wrong("margin_floor", what, "lower the floor, or correct price, cost or margin");
    }
    if let (Some(stated), Some(price), Some(cost)) = (product.margin, product.price_minor, product.cost_minor)
        && price > 0
        && margin_of(&PlanProduct { margin: None, ..product.clone() }, plan).is_some_and(|counted| (counted - stated).abs() > 0.02)
        && cost > 0
    {
        section.wrong(
            "margin",
            format!("is {}, which price and cost contradict", percent(stated)),
            "give the margin or the cost, not both",
        );
    }
}

/// The margin that is left after a discount on the price.
#[must_use]
pub fn margin_after(margin: f64, discount: f64) -> f64 {
    (margin - discount) / (1.0 - discount)
}

/// A planned discount must leave every product that is shown its floor, and stay within what the product allows.
fn discounts(segment: &PlanSegment, plan: &Plan, section: &Section<'_>) {
    let Some(discount) = segment.discount.filter(|discount| *discount < 1.0) else {
        if segment.discount.is_some() {
            section.wrong("discount", "gives everything away", "write a share below 100 %");
        }
        return;
    };
    for product in segment.skus.iter().filter_map(|sku| plan.product(sku)) {
        if let Some(most) = product.max_discount.filter(|most| discount > *most) {
            let what = format!("is {}, above the {} that `{}` allows", percent(discount), percent(most), product.sku);
            section.wrong("discount", what, "plan a smaller discount, or raise the product's `max_discount`");
        }
        if let (Some(margin), Some(floor)) = (margin_of(product, plan), product.margin_floor)
            && margin_after(margin, discount) < floor
        {
            let what = format!(
                "leaves `{}` a margin of {}, under its floor of {}",
                product.sku,
                percent(margin_after(margin, discount)),
                percent(floor)
            );
            section.wrong("discount", what, "plan a smaller discount, or lower the product's `margin_floor`");
        }
    }
}

/// A bundle must cost less than its parts, and leave the margin floor.
#[expect(clippy::cast_precision_loss, reason = "a share to compare with; sums of money stay integers")]
fn bundle(product: &PlanProduct, plan: &Plan, section: &Section<'_>) {
    let Some(price) = product.bundle_price_minor.filter(|price| *price > 0) else { return };
    let parts: Vec<&PlanProduct> = std::iter::once(product).chain(product.bundle_with.iter().filter_map(|sku| plan.product(sku))).collect();
    let sum = |of: fn(&PlanProduct) -> Option<i64>| parts.iter().map(|part| of(part)).try_fold(0i64, |sum, minor| sum.checked_add(minor?));
    if sum(|part| part.price_minor).is_some_and(|apart| parts.len() > 1 && price >= apart) {
        section.wrong("bundle_price", "is no less than its parts cost apart", "lower it, or leave the bundle out");
    }
    if let (Some(cost), Some(floor)) = (sum(|part| part.cost_minor), product.margin_floor) {
        let margin = (price - cost) as f64 / price as f64;
        if margin < floor {
            let what = format!("leaves a margin of {}, under the floor of {}", percent(margin), percent(floor));
            section.wrong("bundle_price", what, "raise it, or lower the product's `margin_floor`");
        }
    }
}

fn run_of_show(root: &Section<'_>, plan: &Plan, sections: &[Section<'_>]) {
    let (mut reached, mut anchored) = (0i64, -1i64);
    for (segment, section) in plan.segments.iter().zip(sections) {
        if let Some(anchor) = segment.anchor_s {
            if anchor <= anchored {
                section.wrong("anchor", "is not after the anchor before it", "order the segments as they will run");
            } else if anchor < reached {
                let late = (reached - anchor).div_euclid(60).max(1);
                section.wrong(
                    "anchor",
                    format!("cannot be kept: what is planned before it runs {late} min past it"),
                    "shorten what comes before, or move the anchor",
                );
            }
            if plan.length_s > 0 && anchor >= plan.length_s {
                section.wrong("anchor", "lies after the end of the live", "move it, or give the live a longer `length`");
            }
            anchored = anchor;
            reached = reached.max(anchor);
        }
        reached += segment.length_s;
    }
    if plan.length_s > 0 && reached > plan.length_s {
        let over = (reached - plan.length_s + 59).div_euclid(60);
        root.wrong(
            "length",
            format!("is too short for the run of show by {over} min"),
            "shorten segments, or give the live a longer `length`",
        );
    }
    if let Some(point) = plan.target_curve.last()
        && plan.length_s > 0
        && point.minute * 60 > plan.length_s
    {
        root.wrong("target_curve", "goes on after the end of the live", "end it at the live's `length`");
    }
}

fn channels(plan: &Plan, places: &Places<'_, '_>) {
    let mut known: Vec<&str> = CHANNELS.to_vec();
    for (channel, section) in plan.channels.iter().zip(places.channels) {
        if known[CHANNELS.len()..].contains(&channel.name.as_str()) {
            section.wrong(
                "name",
                format!("`{}` is taken by another channel", channel.name),
                "put all rules of a channel in one [[channel]]",
            );
        }
        known.push(&channel.name);
    }
    for (campaign, section) in plan.campaigns.iter().zip(places.campaigns) {
        if !known.contains(&campaign.channel.as_str()) {
            section.wrong(
                "channel",
                format!("is `{}`, which no [[channel]] defines", campaign.channel),
                spelling::remedy(&campaign.channel, &known),
            );
        }
    }
}

fn limits(root: &Section<'_>, plan: &Plan) {
    let limits = &plan.limits;
    if limits.cart_idle_s > limits.cart_abandoned_s {
        root.wrong("limits", "calls a cart idle later than abandoned", "keep `cart_idle` at or below `cart_abandoned`");
    }
    if limits.cart_abandoned_s > limits.checkout_abandoned_s {
        root.wrong("limits", "waits for a checkout less than for a cart", "keep `cart_abandoned` at or below `checkout_abandoned`");
    }
    if limits.late_s > limits.too_old_s {
        root.wrong("limits", "refuses as too old what is not yet late", "keep `late` at or below `too_old`");
    }
}
