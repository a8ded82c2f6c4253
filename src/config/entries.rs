//! The entries of a plan's lists: products, segments of the run of show, channels and campaigns.

use chrono::{Days, TimeZone};

use super::fields::{self, PlanFields};
use super::plan::choice;
use crate::engine::event::{ChannelParts, SegmentKind};
use crate::engine::id::{Name, Set};
use crate::engine::money::Currency;
use crate::engine::plan::{Plan, PlanCampaign, PlanChannel, PlanProduct, PlanSegment};
use crate::engine::spelling;
use crate::engine::time::At;
use crate::feed::document::Section;

const ROLES: [&str; 8] = ["cash_cow", "question_mark", "star", "dog", "hook", "hero", "profit", "flash"];
const KINDS: [(&str, SegmentKind); 6] = [
    ("demo", SegmentKind::Demo),
    ("talk", SegmentKind::Talk),
    ("offer", SegmentKind::Offer),
    ("qa", SegmentKind::Qa),
    ("giveaway", SegmentKind::Giveaway),
    ("break", SegmentKind::Break),
];

/// A `[[product]]`, or a row of the products' CSV file.
#[must_use]
pub fn read_product(section: &Section<'_>, currency: Currency) -> PlanProduct {
    let sku = section.required_text("sku", "write the id that the shop sells it by: sku = \"LIP-01\"").unwrap_or_default();
    PlanProduct {
        sku: Name::from(sku),
        variants: section.names("variants"),
        name: section.owned("name").unwrap_or_else(|| sku.to_owned()),
        slot: section.count("slot", 1..=9_999).unwrap_or(0),
        price_minor: section.money("price", currency),
        cost_minor: section.money("cost", currency),
        margin: section.share("margin"),
        margin_floor: section.share("margin_floor"),
        stock: section.whole("stock"),
        role: section.word("role", &ROLES).map(str::to_owned),
        good_on_camera: section.flag("good_on_camera"),
        fits_theme: section.flag("fits_theme"),
        substitutes: section.names("substitutes"),
        bundle_with: section.names("bundle_with"),
        bundle_price_minor: section.money("bundle_price", currency),
        bonus_kit: section.text("bonus_kit").map(Name::from),
        max_discount: section.share("max_discount"),
        expected_units: section.whole("expected_units"),
    }
}

/// Products without a slot get the next free ones, in the order of the file.
pub fn number_slots(products: &mut [PlanProduct]) {
    let mut taken: Set<u32> = products.iter().map(|product| product.slot).collect();
    let mut next = 1;
    for product in products.iter_mut().filter(|product| product.slot == 0) {
        while taken.contains(&next) {
            next += 1;
        }
        product.slot = next;
        taken.insert(next);
    }
}

/// A `[[segment]]` of the run of show.
#[must_use]
pub fn read_segment(section: &Section<'_>, plan: &Plan) -> PlanSegment {
    let name = section.required_text("name", "name the part of the show: name = \"hook\"").unwrap_or_default();
    PlanSegment {
        name: name.to_owned(),
        length_s: section.length("length").unwrap_or(0),
        kind: choice(section, "kind", &KINDS),
        host: section.owned("host"),
        skus: section.names("skus"),
        anchor_s: read_anchor(section, plan),
        offer: section.owned("offer"),
        discount: section.share("discount"),
    }
}

/// `anchor = "21:00"` on the plan's clock, or `anchor = "52m"` from the start.
fn read_anchor(section: &Section<'_>, plan: &Plan) -> Option<i64> {
    let text = section.text("anchor")?;
    if let Some(seconds) = fields::length(text) {
        return Some(seconds);
    }
    let remedy = "write a clock time (\"21:00\") or the time from the start (\"52m\")";
    let Some(time) = fields::clock_time(text) else {
        section.wrong("anchor", "is no time", remedy);
        return None;
    };
    let (Some(starts_at), Some(zone)) = (plan.starts_at, plan.time_zone) else {
        section.wrong(
            "anchor",
            "is a clock time, but the plan has no `starts_at` and `time_zone`",
            "give both, or write the time from the start (\"52m\")",
        );
        return None;
    };
    let local = zone.from_utc_datetime(&starts_at.utc().naive_utc()).date_naive();
    let seconds = [Some(local), local.checked_add_days(Days::new(1))].into_iter().flatten().find_map(|day| {
        let at = zone.from_local_datetime(&day.and_time(time)).earliest()?;
        let after = At::from_ms(at.timestamp_millis()).since_ms(starts_at) / 1_000;
        (after >= 0).then_some(after)
    });
    if seconds.is_none() {
        section.wrong("anchor", "does not exist on that day", remedy);
    }
    seconds
}

/// A `[[channel]]` with the rules that recognise it.
#[must_use]
pub fn read_channel(section: &Section<'_>, currency: Currency) -> PlanChannel {
    let name = section.required_text("name", "name the channel: name = \"influencer\"").unwrap_or_default();
    let rules = section.sections("rules").iter().map(|rule| read_rule(rule)).collect();
    PlanChannel { name: Name::from(name), rules, budget_minor: section.money("budget", currency) }
}

fn read_rule(section: &Section<'_>) -> ChannelParts {
    let part = |key| section.text(key).map(Name::from);
    let parts = ChannelParts {
        source: part("source"),
        medium: part("medium"),
        campaign: part("campaign"),
        referrer: part("referrer"),
        landing: part("landing"),
        coupon: part("coupon"),
    };
    for (key, _) in section.entries() {
        const PARTS: [&str; 6] = ["source", "medium", "campaign", "referrer", "landing", "coupon"];
        if !PARTS.contains(&key) {
            section.wrong(key, "is no part of a visit", spelling::remedy(key, &PARTS));
        }
    }
    if parts == ChannelParts::default() {
        section.document().note(
            section.span(),
            format!("`{}` matches everything", section.path()),
            "give at least one part, as { medium = \"paid*\" }",
        );
    }
    parts
}

/// A `[[campaign]]` with its budget.
#[must_use]
pub fn read_campaign(section: &Section<'_>, currency: Currency) -> PlanCampaign {
    PlanCampaign {
        name: Name::from(section.required_text("name", "write the campaign's name or id as the ads platform does").unwrap_or_default()),
        channel: Name::from(section.text("channel").unwrap_or("paid")),
        budget_minor: section.money("budget", currency),
    }
}
