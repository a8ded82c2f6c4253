//! Does a scenario contradict itself? All problems at once, each with what to do.

use super::scenario::{Amount, Scenario};
use crate::engine::id::Set;

/// Everything that is wrong, in the order of the file.
#[must_use]
pub fn problems(scenario: &Scenario) -> Vec<String> {
    let mut found = Vec::new();
    check_times(scenario, &mut found);
    check_products(scenario, &mut found);
    check_shares(scenario, &mut found);
    check_incidents(scenario, &mut found);
    found
}

fn check_times(scenario: &Scenario, found: &mut Vec<String>) {
    if !(1..=24 * 60).contains(&scenario.length_min) {
        found.push(format!("length_min = {}: give the length of the live, 1 to 1440 minutes", scenario.length_min));
    }
    if scenario.opens.at_min < 0 || scenario.opens.at_min >= scenario.length_min {
        found.push(format!("opens.at_min = {}: open it within the {} minutes of the live", scenario.opens.at_min, scenario.length_min));
    }
    if scenario.opens.play_min.is_some_and(|minutes| minutes < 1) {
        found.push("opens.play_min: play at least one minute, or leave it out to play to the end".into());
    }
    if scenario.segments.is_empty() {
        found.push("segments: give a run of show with at least one [[segments]]".into());
    }
    for segment in &scenario.segments {
        if segment.minutes.is_nan() || segment.minutes <= 0.0 {
            found.push(format!("segments \"{}\": minutes must be more than 0", segment.name));
        }
        if let Some(sku) = &segment.sku
            && scenario.slot(sku).is_none()
        {
            found.push(format!("segments \"{}\": no product has the sku \"{sku}\"; add it or correct it", segment.name));
        }
    }
    for (what, points) in [("audience.shape", &scenario.audience.shape), ("shoppers.completion", &scenario.shoppers.completion)] {
        if points.is_empty() || points.windows(2).any(|pair| pair[0][0] >= pair[1][0]) {
            found.push(format!("{what}: give points [x, y] with x rising"));
        }
    }
}

fn check_products(scenario: &Scenario, found: &mut Vec<String>) {
    let amount = |what: String, amount: &Amount, found: &mut Vec<String>| {
        if amount.minor(scenario.currency).is_none_or(|minor| minor < 0) {
            found.push(format!("{what} = \"{}\": give an amount of {} as text, like \"129.90\"", amount.0, scenario.currency));
        }
    };
    if scenario.products.is_empty() {
        found.push("products: give at least one [[products]]".into());
    }
    let mut seen = Set::default();
    for product in &scenario.products {
        let sku = &product.sku;
        if !seen.insert(sku.clone()) {
            found.push(format!("products: the sku \"{sku}\" stands twice; every product needs its own"));
        }
        amount(format!("products {sku}.price"), &product.price, found);
        amount(format!("products {sku}.cost"), &product.cost, found);
        if let Some(price) = &product.bundle_price {
            amount(format!("products {sku}.bundle_price"), price, found);
        }
        if product.stock < 0 || product.reserve < 0 {
            found.push(format!("products {sku}: stock and reserve are units, 0 or more"));
        }
        if !(0.0..=1.0).contains(&product.adds) {
            found.push(format!("products {sku}.adds = {}: carts per click lie between 0 and 1", product.adds));
        }
        for other in product.bundle_with.iter().chain(&product.substitutes).chain(&product.bonus_kit) {
            if scenario.slot(other).is_none() {
                found.push(format!("products {sku}: it names the sku \"{other}\", which no product has"));
            }
        }
    }
    for (what, text) in [("target", scenario.target.as_ref()), ("shoppers.shipping", filled(&scenario.shoppers.shipping))] {
        if let Some(text) = text {
            amount(what.into(), text, found);
        }
    }
    for channel in &scenario.channels {
        if let Some(spend) = &channel.spend_per_min {
            amount(format!("channels {}.spend_per_min", channel.name), spend, found);
        }
    }
}

/// An amount that was given.
fn filled(amount: &Amount) -> Option<&Amount> {
    (!amount.0.is_empty()).then_some(amount)
}

fn check_shares(scenario: &Scenario, found: &mut Vec<String>) {
    for (what, sum) in [
        ("channels", scenario.channels.iter().map(|channel| channel.share).sum::<f64>()),
        ("methods", scenario.methods.iter().map(|method| method.share).sum::<f64>()),
    ] {
        if !(0.99..=1.01).contains(&sum) {
            found.push(format!("{what}: the shares add up to {sum:.3}; they must add up to 1"));
        }
    }
    if scenario.channels.len() > 16 {
        found.push("channels: at most 16".into());
    }
    let shares = [
        ("audience.bounce_share", scenario.audience.bounce_share),
        ("audience.returning_share", scenario.audience.returning_share),
        ("shoppers.leave_in_checkout", scenario.shoppers.leave_in_checkout),
        ("shoppers.second_unit_share", scenario.shoppers.second_unit_share),
        ("shoppers.refund_share", scenario.shoppers.refund_share),
        ("chat.english_share", scenario.chat.english_share),
        ("chat.answered_share", scenario.chat.answered_share),
        ("delivery.late_share", scenario.delivery.late_share),
        ("delivery.twice_share", scenario.delivery.twice_share),
    ];
    let methods = scenario.methods.iter().map(|method| ("methods.paid", method.paid));
    for (what, share) in shares.into_iter().chain(methods) {
        if !(0.0..=1.0).contains(&share) {
            found.push(format!("{what} = {share}: a share lies between 0 and 1"));
        }
    }
    let audience = &scenario.audience;
    let rates = [
        ("audience.plateau", audience.plateau),
        ("audience.bounce_s", audience.bounce_s),
        ("audience.stay_s", audience.stay_s),
        ("audience.clicks_per_min", audience.clicks_per_min),
        ("shoppers.decide_s", scenario.shoppers.decide_s),
    ];
    for (what, rate) in rates {
        if rate.is_nan() || rate <= 0.0 {
            found.push(format!("{what} = {rate}: must be more than 0"));
        }
    }
    if audience.plateau > 50_000.0 {
        found.push(format!("audience.plateau = {}: at most 50000 viewers", audience.plateau));
    }
}

fn check_incidents(scenario: &Scenario, found: &mut Vec<String>) {
    for incident in &scenario.incidents {
        let kind = incident.kind.id();
        if !(0..scenario.length_min).contains(&incident.at_min) {
            let (at, length) = (incident.at_min, scenario.length_min);
            found.push(format!("incidents {kind}: at_min = {at} lies outside the {length} minutes of the live"));
        }
        if incident.minutes.is_some_and(|minutes| minutes < 1) {
            found.push(format!("incidents {kind}: minutes must be 1 or more, or left out"));
        }
        if incident.size.is_some_and(|size| size.is_nan() || size < 0.0) {
            found.push(format!("incidents {kind}: size must be 0 or more"));
        }
        if let Some(sku) = &incident.sku
            && scenario.slot(sku).is_none()
        {
            found.push(format!("incidents {kind}: no product has the sku \"{sku}\""));
        }
        if incident.kind.needs_sku() && incident.sku.is_none() {
            found.push(format!("incidents {kind}: name the product it happens to with sku = \"…\""));
        }
        if incident.kind.needs_feed() && incident.feed.is_none() {
            let feeds = super::delivery::Feed::ALL.map(super::delivery::Feed::name).join(" ");
            found.push(format!("incidents {kind}: name the feed with feed = \"…\", one of {feeds}"));
        }
    }
    if let Some(lottery) = &scenario.lottery
        && (lottery.from_min >= lottery.to_min || lottery.to_min > scenario.length_min || lottery.kinds.is_empty())
    {
        found.push("lottery: give kinds, and from_min before to_min within the live".into());
    }
}
