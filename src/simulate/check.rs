//! Does a scenario contradict itself? All problems at once, each with its line and what to do.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::delivery::Feed;
use super::incident::{Drawn, Incident, IncidentKind, Lottery};
use super::place::{Sheet, Step};
use super::scenario::{Amount, Audience, Channel, Chat, Delivering, Method, Moods, Opens, Product, Scenario, Segment, Shoppers};
use crate::engine::id::{Name, Set};

/// What a scenario may hold besides its lists and tables.
const FIGURES: [&str; 12] =
    ["name", "title", "about", "starts_at", "time_zone", "currency", "length_min", "aim", "target", "noise", "responses", "earlier_lives"];

fn key(name: impl Into<Cow<'static, str>>) -> Step {
    Step::Key(name.into())
}

/// A place in a list: `products`, its entry, a key of it.
fn at(list: &'static str, entry: usize, name: &'static str) -> [Step; 3] {
    [key(list), Step::Entry(entry), key(name)]
}

/// Notes every part that cannot be read as what it should be, so that one error does not hide the next.
pub fn shapes(whole: &toml::Table, sheet: &mut Sheet<'_>) {
    for (name, value) in whole {
        match name.as_str() {
            "channels" => list::<Channel>("channels", value, sheet),
            "products" => list::<Product>("products", value, sheet),
            "segments" => list::<Segment>("segments", value, sheet),
            "methods" => list::<Method>("methods", value, sheet),
            "incidents" => list::<Incident>("incidents", value, sheet),
            "audience" => part::<Audience>(vec![key("audience")], value, sheet),
            "shoppers" => part::<Shoppers>(vec![key("shoppers")], value, sheet),
            "chat" => part::<Chat>(vec![key("chat")], value, sheet),
            "delivery" => part::<Delivering>(vec![key("delivery")], value, sheet),
            "moods" => part::<Moods>(vec![key("moods")], value, sheet),
            "opens" => part::<Opens>(vec![key("opens")], value, sheet),
            "lottery" => part::<Lottery>(vec![key("lottery")], value, sheet),
            known if FIGURES.contains(&known) => {}
            _ => sheet.note(&[key(name.clone())], format!("{name}: no such key"), "take it out, or correct it"),
        }
    }
}

fn list<T: DeserializeOwned>(name: &'static str, value: &toml::Value, sheet: &mut Sheet<'_>) {
    match value.as_array() {
        None => sheet.note(&[key(name)], format!("{name}: is no list"), format!("write its entries as [[{name}]]")),
        Some(entries) => {
            for (entry, value) in entries.iter().enumerate() {
                part::<T>(vec![key(name), Step::Entry(entry)], value, sheet);
            }
        }
    }
}

fn part<T: DeserializeOwned>(mut place: Vec<Step>, value: &toml::Value, sheet: &mut Sheet<'_>) {
    let Err(error) = value.clone().try_into::<T>() else { return };
    let name = place.iter().find_map(|step| if let Step::Key(name) = step { Some(name.to_string()) } else { None }).unwrap_or_default();
    let number = place.iter().find_map(|step| if let Step::Entry(entry) = step { Some(format!(" {}", entry + 1)) } else { None });
    let message = error.message().to_owned();
    let named = named_key(&error.to_string(), &message);
    let what =
        format!("{name}{}{}: {message}", number.unwrap_or_default(), named.as_ref().map(|named| format!(".{named}")).unwrap_or_default());
    let remedy = if message.starts_with("missing") {
        "add it"
    } else if message.starts_with("unknown") {
        "correct it, or take it out"
    } else {
        "give it as the shipped scenarios do"
    };
    place.extend(named.map(key));
    sheet.note(&place, what, remedy);
}

/// The key that an error is about: as its path says, or as an unknown field is named.
fn named_key(told: &str, message: &str) -> Option<String> {
    let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
    let path = told.lines().rev().find_map(|line| line.strip_prefix("in `")).and_then(|rest| rest.split(['`', '.']).next());
    path.map(str::to_owned).or_else(|| message.starts_with("unknown field").then(|| quoted(message)).flatten())
}

/// Notes everything in a scenario that cannot be true at once.
pub fn contradictions(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    check_times(scenario, sheet);
    check_segments(scenario, sheet);
    check_products(scenario, sheet);
    check_amounts(scenario, sheet);
    check_shares(scenario, sheet);
    check_rates(scenario, sheet);
    check_incidents(scenario, sheet);
    check_drill(scenario, sheet);
    check_lottery(scenario, sheet);
}

fn check_times(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if scenario.name.is_empty() || !scenario.name.chars().all(is_plain) {
        sheet.note(&[key("name")], format!("name = \"{}\": journals are called by it", scenario.name), "use letters, digits and - alone");
    }
    let (length, opens) = (scenario.length_min, &scenario.opens);
    if !(1..=24 * 60).contains(&length) {
        sheet.note(&[key("length_min")], format!("length_min = {length}: no length of a live"), "give 1 to 1440 minutes");
    }
    if opens.at_min < 0 || opens.at_min >= length {
        let what = format!("opens.at_min = {}: lies outside the {length} minutes of the live", opens.at_min);
        sheet.note(&[key("opens"), key("at_min")], what, "open it within the live");
    }
    if let Some(minutes) = opens.play_min {
        let place = [key("opens"), key("play_min")];
        if minutes < 1 {
            sheet.note(
                &place,
                format!("opens.play_min = {minutes}: nothing is played"),
                "give 1 or more, or leave it out to play to the end",
            );
        } else if opens.at_min + minutes > length {
            let what = format!("opens.play_min = {minutes}: from minute {} on that goes past the end at {length}", opens.at_min);
            sheet.note(&place, what, "play less, open earlier, or give the live a longer length_min");
        }
    }
}

fn check_segments(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    if scenario.segments.is_empty() {
        sheet.note(&[key("segments")], "segments: there is no run of show", "give at least one [[segments]]");
    }
    for (entry, segment) in scenario.segments.iter().enumerate() {
        let name = &segment.name;
        if segment.minutes.is_nan() || segment.minutes <= 0.0 {
            let what = format!("segments \"{name}\": minutes = {} is no length", segment.minutes);
            sheet.note(&at("segments", entry, "minutes"), what, "give more than 0");
        }
        if let Some(sku) = segment.sku.as_ref().filter(|sku| scenario.slot(sku).is_none()) {
            let what = format!("segments \"{name}\": no product has the sku \"{sku}\"");
            sheet.note(&at("segments", entry, "sku"), what, "add the product, or correct the sku");
        }
    }
    for (place, points) in
        [([key("audience"), key("shape")], &scenario.audience.shape), ([key("shoppers"), key("completion")], &scenario.shoppers.completion)]
    {
        if points.is_empty() || points.windows(2).any(|pair| pair[0][0] >= pair[1][0]) {
            let name = place.iter().filter_map(|step| if let Step::Key(name) = step { Some(name.as_ref()) } else { None });
            let name = name.collect::<Vec<_>>().join(".");
            sheet.note(&place, format!("{name}: the points do not rise"), "give points [x, y] with x rising");
        }
    }
}

fn check_products(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    if scenario.products.is_empty() {
        sheet.note(&[key("products")], "products: there is nothing to sell", "give at least one [[products]]");
    }
    let mut seen = Set::default();
    for (entry, product) in scenario.products.iter().enumerate() {
        let sku = &product.sku;
        let mut note = |name, what: String, remedy: &str| sheet.note(&at("products", entry, name), format!("products {sku}{what}"), remedy);
        if !seen.insert(sku.clone()) {
            note("sku", ": the sku stands twice".into(), "give every product its own");
        }
        if product.stock < 0 || product.reserve < 0 {
            note(if product.stock < 0 { "stock" } else { "reserve" }, ": fewer than no units".into(), "give 0 or more");
        }
        if !(0.0..=1.0).contains(&product.adds) {
            note("adds", format!(".adds = {}: no share", product.adds), "carts per click lie between 0 and 1");
        }
        for (name, others) in [
            ("bundle_with", product.bundle_with.as_slice()),
            ("substitutes", product.substitutes.as_slice()),
            ("bonus_kit", product.bonus_kit.as_slice()),
        ] {
            for other in others.iter().filter(|other| scenario.slot(other).is_none()) {
                note(name, format!(".{name}: no product has the sku \"{other}\""), "add the product, or correct the sku");
            }
        }
        let minor = |amount: &Amount| amount.minor(scenario.currency);
        let (Some(price), Some(cost)) = (minor(&product.price), minor(&product.cost)) else { continue };
        if product.bundle_price.as_ref().and_then(minor).is_some_and(|bundle| bundle >= price) {
            note("bundle_price", ": the bundle costs no less than the product".into(), "give it a lower price: it wins back dear carts");
        }
        #[expect(clippy::cast_precision_loss, reason = "a share to compare with")]
        let margin = (price - cost) as f64 / price.max(1) as f64;
        if let Some(floor) = product.margin_floor.filter(|floor| margin < *floor) {
            let what = format!(".margin_floor = {floor}: price and cost leave {margin:.2}");
            note("margin_floor", what, "lower the floor, or correct price or cost");
        }
    }
}

fn check_amounts(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    let mut amount = |place: &[Step], name: String, amount: &Amount| {
        if amount.minor(scenario.currency).is_none_or(|minor| minor < 0) {
            let what = format!("{name} = \"{}\": is no amount of {}", amount.0, scenario.currency);
            sheet.note(place, what, "write it as text: \"129.90\"");
        }
    };
    for (entry, product) in scenario.products.iter().enumerate() {
        let own = [("price", Some(&product.price)), ("cost", Some(&product.cost)), ("bundle_price", product.bundle_price.as_ref())];
        for (name, given) in own {
            if let Some(given) = given {
                amount(&at("products", entry, name), format!("products {}.{name}", product.sku), given);
            }
        }
    }
    for (entry, channel) in scenario.channels.iter().enumerate() {
        if let Some(spend) = &channel.spend_per_min {
            amount(&at("channels", entry, "spend_per_min"), format!("channels {}.spend_per_min", channel.name), spend);
        }
    }
    if let Some(target) = &scenario.target {
        amount(&[key("target")], "target".into(), target);
    }
    for (name, given) in [("shipping", &scenario.shoppers.shipping), ("free_shipping_from", &scenario.shoppers.free_shipping_from)] {
        if !given.0.is_empty() {
            amount(&[key("shoppers"), key(name)], format!("shoppers.{name}"), given);
        }
    }
}

fn check_shares(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    for (what, sum) in [
        ("channels", scenario.channels.iter().map(|channel| channel.share).sum::<f64>()),
        ("methods", scenario.methods.iter().map(|method| method.share).sum::<f64>()),
    ] {
        if !(0.99..=1.01).contains(&sum) {
            sheet.note(&[key(what)], format!("{what}: the shares add up to {sum:.3}"), "make them add up to 1");
        }
    }
    if scenario.channels.len() > 16 {
        sheet.note(&[key("channels")], "channels: more than 16", "leave the small ones out");
    }
    let shares = [
        ("audience", "bounce_share", scenario.audience.bounce_share),
        ("audience", "returning_share", scenario.audience.returning_share),
        ("shoppers", "leave_in_checkout", scenario.shoppers.leave_in_checkout),
        ("shoppers", "second_unit_share", scenario.shoppers.second_unit_share),
        ("shoppers", "refund_share", scenario.shoppers.refund_share),
        ("chat", "english_share", scenario.chat.english_share),
        ("chat", "answered_share", scenario.chat.answered_share),
        ("delivery", "late_share", scenario.delivery.late_share),
        ("delivery", "twice_share", scenario.delivery.twice_share),
    ];
    for (table, name, share) in shares {
        if !(0.0..=1.0).contains(&share) {
            sheet.note(&[key(table), key(name)], format!("{table}.{name} = {share}: is no share"), "give a number between 0 and 1");
        }
    }
    for (entry, method) in scenario.methods.iter().enumerate() {
        if !(0.0..=1.0).contains(&method.paid) {
            let what = format!("methods {}.paid = {}: is no share", method.name, method.paid);
            sheet.note(&at("methods", entry, "paid"), what, "give a number between 0 and 1");
        }
    }
}

fn check_rates(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    let audience = &scenario.audience;
    let rates = [
        ("audience", "plateau", audience.plateau),
        ("audience", "bounce_s", audience.bounce_s),
        ("audience", "stay_s", audience.stay_s),
        ("audience", "clicks_per_min", audience.clicks_per_min),
        ("shoppers", "decide_s", scenario.shoppers.decide_s),
    ];
    for (table, name, rate) in rates {
        if rate.is_nan() || rate <= 0.0 {
            sheet.note(&[key(table), key(name)], format!("{table}.{name} = {rate}: nothing would happen"), "give more than 0");
        }
    }
    if audience.plateau > 50_000.0 {
        let what = format!("audience.plateau = {}: more than can be simulated", audience.plateau);
        sheet.note(&[key("audience"), key("plateau")], what, "give at most 50000 viewers");
    }
}

fn check_incidents(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    for (entry, incident) in scenario.incidents.iter().enumerate() {
        let kind = incident.kind.id();
        let mut note =
            |name, what: String, remedy: &str| sheet.note(&at("incidents", entry, name), format!("incidents {kind}: {what}"), remedy);
        if !(0..scenario.length_min).contains(&incident.at_min) {
            let what = format!("at_min = {} lies outside the {} minutes of the live", incident.at_min, scenario.length_min);
            note("at_min", what, "let it happen within the live");
        }
        if incident.minutes.is_some_and(|minutes| minutes < 1) {
            note("minutes", "it lasts no time".into(), "give 1 or more minutes, or leave them out");
        }
        if incident.size.is_some_and(|size| size.is_nan() || size < 0.0) {
            note("size", "size is below 0".into(), "give 0 or more");
        }
        for (name, what, remedy) in named(incident.kind, incident.sku.as_ref(), incident.feed.as_ref(), scenario) {
            note(name, what, &remedy);
        }
        let overlaps = |other: &&Incident| {
            let is_same = other.kind == incident.kind && other.sku == incident.sku && other.feed == incident.feed;
            is_same && other.from_s() < incident.until_s() && incident.from_s() < other.until_s()
        };
        if let Some(other) = scenario.incidents[..entry].iter().find(overlaps) {
            let what = format!("the one from minute {} on is still going on", other.at_min);
            note("at_min", what, "let one end before the next, or make it one that lasts longer");
        }
    }
}

/// An incident that nobody at the desk can meet. Those that the base brings are no fault, as long as one of them can be met.
fn check_drill(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    let (opens_s, closes_s) = (scenario.opens_s(), scenario.closes_s());
    let is_outside = |incident: &Incident| incident.until_s() <= opens_s || incident.from_s() >= closes_s;
    // a drill that opens nowhere is told already
    if !(0..scenario.length_min).contains(&scenario.opens.at_min) {
        return;
    }
    let own = sheet.has("incidents");
    if !own && (scenario.lottery.is_some() || !scenario.incidents.iter().all(is_outside)) {
        return;
    }
    let within = |incident: &Incident| (0..scenario.length_min).contains(&incident.at_min);
    for (entry, incident) in scenario.incidents.iter().enumerate().filter(|(_, incident)| is_outside(incident) && within(incident)) {
        let (what, remedy) = if incident.from_s() >= closes_s {
            let what = format!("begins at minute {}, when the drill has closed at minute {}", incident.at_min, closes_s / 60);
            (what, "let it begin earlier, or play longer (opens.play_min)")
        } else {
            let what = format!("is over at minute {}, before the drill opens at minute {}", incident.until_s() / 60, opens_s / 60);
            (what, "let it begin later or last longer, or open earlier (opens.at_min)")
        };
        let place = if own { at("incidents", entry, "at_min").to_vec() } else { vec![key("opens")] };
        sheet.note(&place, format!("incidents {}: {what}", incident.kind.id()), remedy);
    }
}

/// What is wrong with the product and the feed that an incident names: key, problem, remedy.
fn named(kind: IncidentKind, sku: Option<&Name>, feed: Option<&Name>, scenario: &Scenario) -> Vec<(&'static str, String, String)> {
    let feeds = || Feed::ALL.map(Feed::name).join(", ");
    let mut found = Vec::new();
    match sku {
        Some(sku) if scenario.slot(sku).is_none() => {
            found.push(("sku", format!("no product has the sku \"{sku}\""), "add the product, or correct the sku".into()));
        }
        None if kind.needs_sku() => found.push(("kind", "no product is named".into(), "name the one it happens to: sku = \"…\"".into())),
        _ => {}
    }
    match feed {
        Some(feed) if Feed::parse(feed).is_none() => {
            found.push(("feed", format!("there is no feed \"{feed}\""), format!("name one of {}", feeds())));
        }
        None if kind.needs_feed() => {
            found.push(("kind", "no feed is named".into(), format!("name one with feed = \"…\": {}", feeds())));
        }
        _ => {}
    }
    found
}

fn check_lottery(scenario: &Scenario, sheet: &mut Sheet<'_>) {
    let Some(lottery) = &scenario.lottery else { return };
    let Lottery { draws, from_min, to_min, kinds } = lottery;
    if from_min >= to_min || *from_min < 0 || *to_min > scenario.length_min {
        let what = format!("lottery: from minute {from_min} to {to_min} is no time within the {} minutes", scenario.length_min);
        sheet.note(&[key("lottery"), key("from_min")], what, "give from_min before to_min, both within the live");
    } else if to_min * 60 <= scenario.opens_s() || from_min * 60 >= scenario.closes_s() {
        let (opens, closes) = (scenario.opens_s() / 60, scenario.closes_s() / 60);
        let what = format!("lottery: from minute {from_min} to {to_min} is outside the drill, which is from minute {opens} to {closes}");
        sheet.note(&[key("lottery"), key("from_min")], what, "draw within the drill, or open it earlier or play longer ([opens])");
    }
    if *draws > kinds.len() {
        let what = format!("lottery.draws = {draws}: there are {} kinds to draw from", kinds.len());
        sheet.note(&[key("lottery"), key("draws")], what, "draw fewer, or give more kinds");
    }
    for (entry, Drawn { kind, sku, feed, .. }) in kinds.iter().enumerate() {
        for (name, what, remedy) in named(*kind, sku.as_ref(), feed.as_ref(), scenario) {
            let place = [key("lottery"), key("kinds"), Step::Entry(entry), key(name)];
            sheet.note(&place, format!("lottery {}: {what}", kind.id()), remedy);
        }
    }
}
