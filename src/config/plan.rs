//! A plan file becomes a [`Plan`]: every key of it in words and units of people, every error at once.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use toml::de::DeValue;

use super::catalogue::Catalogue;
use super::entries::{number_slots, read_campaign, read_channel, read_product, read_segment};
use super::fields::{self, PlanFields};
use super::{doubt, judge};
use crate::engine::id::Name;
use crate::engine::metric::{Metric, Unit, definition};
use crate::engine::money::{Currency, Money};
use crate::engine::plan::{Aim, CurvePoint, Exclude, Limits, LiveScope, OrdersFrom, Plan, PlanFeed, Target};
use crate::engine::spelling;
use crate::feed::account::{Account, Environment};
use crate::feed::document::{Document, Problem, Section};
use crate::feed::errand::Errand;

/// A plan file larger than this is no plan.
pub const LARGEST_BYTES: u64 = 4 << 20;
/// Products, segments, channels: of each at most.
pub const MOST_ENTRIES: usize = 10_000;

const AIMS: [(&str, Aim); 4] =
    [("conversion", Aim::Conversion), ("leads", Aim::Leads), ("clear_stock", Aim::ClearStock), ("branding", Aim::Branding)];
const ORDERS_FROM: [(&str, OrdersFrom); 2] = [("shop", OrdersFrom::Shop), ("payments", OrdersFrom::Payments)];
const PROFILES: [&str; 4] = ["new", "returning", "promotional", "premium"];

/// A plan file, read.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub plan: Plan,
    /// The accounts of `[feeds.NAME]`, ready to be started.
    pub accounts: Vec<Account>,
    /// What `[actions.KIND]` asks of the shop's own automation.
    pub errands: Vec<Errand>,
    pub file: PathBuf,
    /// Not wrong, but worth a look before the night.
    pub doubts: Vec<Problem>,
}

/// Reads a plan file. Secrets come through `environment`, which alone knows the machine's.
///
/// # Errors
/// With all problems of the file and of the platform files that it names, in the order of their lines.
pub fn load(path: &Path, environment: Environment<'_>) -> Result<Loaded, Vec<Problem>> {
    let file = path.display().to_string();
    let problem = |what: String, remedy: &str| vec![Problem { file: file.clone(), line: 1, what, remedy: remedy.to_owned() }];
    let size = std::fs::metadata(path).map_err(|cause| problem(cause.to_string(), "give the path of a plan file"))?.len();
    if size > LARGEST_BYTES {
        return Err(problem(format!("{size} bytes are too many for a plan"), "give the path of a plan file"));
    }
    let text = std::fs::read_to_string(path).map_err(|cause| problem(cause.to_string(), "save the plan as UTF-8 text"))?;
    let stem = path.file_stem().map(|stem| slug(&stem.to_string_lossy())).unwrap_or_default();
    read(&file, &text, &stem, environment)
}

/// Reads the text of a plan file; `fallback_name` is the plan's name when it gives none.
///
/// # Errors
/// With all problems of the text, in the order of its lines.
pub fn read(file: &str, text: &str, fallback_name: &str, environment: Environment<'_>) -> Result<Loaded, Vec<Problem>> {
    let document = Document::new(file, text);
    let Some(table) = document.parse() else { return Err(document.take_problems()) };
    let root = Section::root(&document, &table);
    let mut accounts = Account::read_all(file, text, environment).unwrap_or_else(|problems| {
        document.note_all(problems);
        Vec::new()
    });
    let errands = Errand::read_all(file, text, environment).unwrap_or_else(|problems| {
        document.note_all(problems);
        Vec::new()
    });
    let catalogue = match root.value("products").map(|value| value.get_ref()) {
        Some(DeValue::Array(_)) => {
            root.wrong("products", "names a table of products in a file", "products that stand in the plan are each a [[product]]");
            Catalogue::default()
        }
        _ => root.text("products").map(|named| Catalogue::open(file, named)).unwrap_or_default(),
    };
    let listed = Document::new(&catalogue.file, &catalogue.toml);
    let rows = if catalogue.toml.is_empty() { None } else { listed.parse() };
    let rows = rows.as_ref().map(|table| Section::root(&listed, table));
    for (account, secret) in accounts.iter().filter_map(|account| Some((account, account.unkept_secret()?))) {
        let offset = text.find(&format!("[feeds.{}]", account.name)).unwrap_or(0);
        let what =
            format!("each login changes the secret `{secret}` of the feed `{}`, and an environment variable cannot keep it", account.name);
        document.note(offset..offset, what, format!("write it into a file that only you can read: `{secret} = {{ file = \"path\" }}`"));
    }
    let feeds = accounts.iter().flat_map(Account::plan_feeds).collect();
    let (mut plan, mut doubts) = read_plan(root, rows.as_ref(), fallback_name, feeds);
    document.note_all(catalogue.problems);
    document.note_all(listed.take_problems());
    let problems = document.take_problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    plan.actions = errands.iter().map(|errand| errand.kind).collect();
    plan.unavailable = accounts.iter().flat_map(|account| account.unavailable.clone()).collect();
    for account in &mut accounts {
        account.defaults.currency = account.defaults.currency.or(plan.currency);
        account.set_zone(plan.time_zone);
    }
    doubts.extend(catalogue.doubts);
    Ok(Loaded { plan, accounts, errands, file: PathBuf::from(file), doubts })
}

/// Everything, with what is worth a look; what is wrong is noted in the documents.
fn read_plan(root: Section<'_>, rows: Option<&Section<'_>>, fallback_name: &str, feeds: Vec<PlanFeed>) -> (Plan, Vec<Problem>) {
    let mut plan = Plan { feeds, ..Plan::default() };
    read_identity(&root, &mut plan, fallback_name);
    let currency = plan.currency.unwrap_or(Currency::NONE);
    plan.rates = read_rates(&root);
    let targets = read_targets(&root, &mut plan, currency);
    let mut products = sections(&root, "product");
    products.extend(rows.into_iter().flat_map(|rows| sections(rows, "product")));
    plan.products = products.iter().map(|section| read_product(section, currency)).collect();
    number_slots(&mut plan.products);
    let segments = sections(&root, "segment");
    plan.segments = segments.iter().map(|section| read_segment(section, &plan)).collect();
    let channels = sections(&root, "channel");
    plan.channels = channels.iter().map(|section| read_channel(section, currency)).collect();
    let campaigns = sections(&root, "campaign");
    plan.campaigns = campaigns.iter().map(|section| read_campaign(section, currency)).collect();
    read_boundaries(&root, &mut plan);
    plan.limits = read_limits(&root);
    // Read by the feeds themselves.
    root.value("feeds");
    root.value("actions");
    let places =
        judge::Places { targets: targets.as_ref(), products: &products, segments: &segments, channels: &channels, campaigns: &campaigns };
    judge::contradictions(&root, &plan, &places);
    let doubts = doubt::doubts(&root, &plan, &places);
    root.finish();
    for section in products.into_iter().chain(segments).chain(channels).chain(campaigns) {
        section.finish();
    }
    (plan, doubts)
}

/// The tables of a list, at most [`MOST_ENTRIES`].
fn sections<'d>(root: &Section<'d>, key: &str) -> Vec<Section<'d>> {
    let mut found = root.sections(key);
    if found.len() > MOST_ENTRIES {
        root.wrong(key, format!("has {} entries", found.len()), format!("keep it to {MOST_ENTRIES}"));
        found.truncate(MOST_ENTRIES);
    }
    found
}

/// Letters, digits and hyphens of a text, as a name for files.
#[must_use]
pub fn slug(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut slug = String::new();
    for c in text.nfd().filter(|c| c.is_ascii() || c.is_alphanumeric() || c.is_whitespace()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && !c.is_alphabetic() {
            slug.push('-');
        }
        if slug.len() >= 60 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

fn read_identity(root: &Section<'_>, plan: &mut Plan, fallback_name: &str) {
    plan.title = root.owned("title").unwrap_or_default();
    plan.name = match root.text("name") {
        Some(name) if !name.is_empty() && slug(name) == name => name.to_owned(),
        Some(name) => {
            root.wrong("name", "is no name for a file", format!("write small letters, digits and hyphens, as `{}`", slug(name)));
            slug(name)
        }
        None if plan.title.is_empty() => fallback_name.to_owned(),
        None => slug(&plan.title),
    };
    plan.time_zone = root.text("time_zone").and_then(|text| {
        let zone = text.parse::<Tz>().ok();
        if zone.is_none() {
            let known: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
            let near = spelling::nearest(text, known).map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
            root.wrong(
                "time_zone",
                format!("is `{text}`, which is no time zone"),
                format!("write its IANA name, as America/Sao_Paulo{near}"),
            );
        }
        zone
    });
    plan.currency = root.text("currency").and_then(|text| {
        let currency = Currency::parse(text).filter(|currency| currency.is_named());
        if currency.is_none() {
            root.wrong("currency", format!("is `{text}`, which ISO 4217 does not list"), "write the three letters of its code, as BRL");
        }
        currency
    });
    plan.starts_at = root.instant("starts_at", plan.time_zone);
    plan.length_s = root.length("length").unwrap_or(0);
    plan.aim = choice(root, "aim", &AIMS).unwrap_or_default();
    plan.orders_from = choice(root, "orders_from", &ORDERS_FROM).unwrap_or_default();
    plan.format = root.owned("format");
    plan.theme = root.owned("theme");
    plan.audience_profile = words(root, "audience_profile", &PROFILES);
    plan.margin = root.share("margin");
    plan.checklist = root.texts("checklist").into_iter().map(str::to_owned).collect();
    plan.lessons = root.texts("lessons").into_iter().map(str::to_owned).collect();
    plan.keep_chat_names = root.flag("keep_chat_names").unwrap_or(false);
}

pub(super) fn choice<T: Copy>(section: &Section<'_>, key: &str, choices: &[(&str, T)]) -> Option<T> {
    let known: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let word = section.word(key, &known)?;
    choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice)
}

/// A list of words, each out of `known`.
fn words(section: &Section<'_>, key: &str, known: &[&str]) -> Vec<String> {
    let found = section.texts(key);
    for word in found.iter().filter(|word| !known.contains(word)) {
        section.wrong(key, format!("names `{word}`, which is not known"), spelling::remedy(word, known));
    }
    found.into_iter().map(str::to_owned).collect()
}

fn read_rates(root: &Section<'_>) -> std::collections::BTreeMap<String, String> {
    let mut rates = std::collections::BTreeMap::new();
    let Some(section) = root.section("rates") else { return rates };
    for (code, value) in section.entries() {
        if Currency::parse(code).filter(|currency| currency.is_named()).is_none() {
            section.wrong(code, "is no ISO 4217 currency", "write the three letters of its code, as USD");
        }
        match fields::digits(value.get_ref()).filter(|text| is_rate(text)) {
            Some(text) => {
                rates.insert(code.to_ascii_uppercase(), text);
            }
            None => section.wrong(code, "is no rate", "write how much of the plan's currency one unit costs, as text: USD = \"5.42\""),
        }
    }
    rates
}

/// A positive decimal number without an exponent.
fn is_rate(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let points = text.bytes().filter(|b| *b == b'.').count();
    digits + points == text.len() && points <= 1 && (1..=18).contains(&digits) && text.bytes().any(|b| (b'1'..=b'9').contains(&b))
}

/// The targets and their curve; answers where the targets stand.
fn read_targets<'d>(root: &Section<'d>, plan: &mut Plan, currency: Currency) -> Option<Section<'d>> {
    let targets = root.section("targets");
    if let Some(section) = &targets {
        for (id, value) in section.entries() {
            let Some(metric) = Metric::parse(id) else {
                let known: Vec<&str> = Metric::ALL.iter().map(|metric| metric.id()).collect();
                let near = spelling::nearest(id, known)
                    .map_or_else(|| "`warroom schema metrics` lists them".into(), |near| format!("did you mean `{near}`?"));
                section.wrong(id, "is no metric", near);
                continue;
            };
            match target(metric, value.get_ref(), currency) {
                Some(value) if value >= 0.0 => plan.targets.push(Target { metric: id.to_owned(), value }),
                _ => section.wrong(
                    id,
                    "is no value that this metric can reach",
                    "write money as \"180000.00\", a share as \"2.5%\", seconds as \"6m\", else a number",
                ),
            }
        }
    }
    for section in sections(root, "target_curve") {
        let minute = section.length("at").map(|seconds| seconds / 60);
        let share = section.share("share");
        if let (Some(minute), Some(share)) = (minute, share) {
            plan.target_curve.push(CurvePoint { minute, share });
        }
        section.finish();
    }
    let rising = plan.target_curve.windows(2).all(|pair| pair[0].minute < pair[1].minute && pair[0].share <= pair[1].share);
    if !rising {
        root.wrong("target_curve", "does not rise", "order its points by `at`, with shares that never fall");
    }
    targets
}

/// The value of a target in the metric's own unit.
fn target(metric: Metric, value: &DeValue<'_>, currency: Currency) -> Option<f64> {
    if definition(metric).unit == Unit::Money {
        let minor = Money::parse(&fields::digits(value)?, currency)?.minor;
        return i32::try_from(minor).map(f64::from).ok().or_else(|| minor.to_string().parse().ok());
    }
    if let DeValue::String(text) = value {
        if let Some(seconds) = fields::length(text) {
            return seconds.to_string().parse().ok();
        }
        if text.trim().ends_with('%') {
            return fields::share(value);
        }
    }
    fields::digits(value)?.parse().ok()
}

/// Scope, aliases and exclusions: what belongs to this live.
fn read_boundaries(root: &Section<'_>, plan: &mut Plan) {
    if let Some(section) = root.section("scope") {
        plan.scope = LiveScope {
            live: section.names("live"),
            coupons: section.names("coupons"),
            campaigns: section.names("campaigns"),
            tail_min: section.length("tail").map(|seconds| seconds / 60),
        };
        section.finish();
    }
    if let Some(section) = root.section("exclude") {
        plan.exclude = Exclude {
            customers: section.names("customers"),
            visitors: section.names("visitors"),
            authors: section.names("authors"),
            coupons: section.names("coupons"),
        };
        section.finish();
    }
    if let Some(section) = root.section("aliases") {
        for (alias, value) in section.entries() {
            match fields::text_of(value) {
                Some(sku) => {
                    plan.aliases.insert(Name::from(alias), Name::from(sku));
                }
                None => section.wrong(alias, "is no sku", "write the sku that it stands for: \"tt-123\" = \"LIP-01\""),
            }
        }
    }
}

fn read_limits(root: &Section<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(section) = root.section("limits") else { return limits };
    let lengths: [(&str, &mut i64); 10] = [
        ("future", &mut limits.future_s),
        ("grace", &mut limits.grace_s),
        ("late", &mut limits.late_s),
        ("too_old", &mut limits.too_old_s),
        ("cart_idle", &mut limits.cart_idle_s),
        ("cart_abandoned", &mut limits.cart_abandoned_s),
        ("checkout_abandoned", &mut limits.checkout_abandoned_s),
        ("viewers_stale", &mut limits.ccu_stale_s),
        ("question_open", &mut limits.question_open_s),
        ("expiring", &mut limits.expiring_s),
    ];
    for (key, limit) in lengths {
        if let Some(seconds) = section.length(key) {
            *limit = seconds;
        }
    }
    if let Some(units) = section.whole("low_stock") {
        limits.low_stock = units;
    }
    if let Some(value) = section.value("price_bands") {
        let edges: Option<Vec<i64>> = value
            .get_ref()
            .as_array()
            .and_then(|list| list.iter().map(|edge| fields::digits(edge.get_ref()).and_then(|text| text.parse().ok())).collect());
        match edges {
            Some(edges) if edges.first() == Some(&0) && edges.windows(2).all(|pair| pair[0] < pair[1]) => limits.price_bands = edges,
            Some(_) => section.wrong(
                "price_bands",
                "does not rise from 0",
                "write the lower edges in major units, the first 0: [0, 100, 200, 500]",
            ),
            None => section.wrong("price_bands", "is no list of whole numbers", "write the lower edges in major units: [0, 100, 200, 500]"),
        }
    }
    section.finish();
    limits
}
