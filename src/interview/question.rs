//! What is asked, in the order of a plan: what the live is for, what it should reach, what is sold when, where facts come from.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use super::draft::{Draft, Segment, list, quoted};
use super::talk::Talk;
use super::{InterviewError, Request, judge, told};
use crate::engine::metric::Metric;
use crate::engine::plan::{Aim, Plan, PlanProduct};
use crate::engine::spelling;
use crate::engine::time::{At, HOUR_MS};
use crate::feed::platform::SHIPPED;
use crate::ui::words::{Lang, Words};

/// Lines of a run of show, points to tick, at most.
const MOST_LINES: usize = 200;
/// Products that the proposed run of show presents one by one.
const PRESENTED: usize = 8;
/// The proposed run of show opens with a hook and closes with a last call of these lengths.
const HOOK_S: i64 = 300;
const LAST_CALL_S: i64 = 600;
/// Shortest presentation that is proposed.
const LEAST_DEMO_S: i64 = 180;
const WEEK_MS: i64 = 7 * 24 * HOUR_MS;

/// A key of the plan's head.
struct Key {
    key: &'static str,
    word: &'static str,
    needed: bool,
    /// What is probably the answer.
    usual: fn(&Request<'_>) -> Option<String>,
    /// The answer as TOML.
    value: fn(&str) -> String,
}

const fn key(
    key: &'static str,
    word: &'static str,
    needed: bool,
    usual: fn(&Request<'_>) -> Option<String>,
    value: fn(&str) -> String,
) -> Key {
    Key { key, word, needed, usual, value }
}

fn none(_: &Request<'_>) -> Option<String> {
    None
}

fn of_last<T: ToString>(request: &Request<'_>, part: impl Fn(&Plan) -> Option<T>) -> Option<String> {
    request.last.as_ref().and_then(part).map(|part| part.to_string())
}

fn text(answer: &str) -> String {
    quoted(answer)
}

fn texts(answer: &str) -> String {
    list(&answer.split([',', ' ', ';']).filter(|word| !word.is_empty()).collect::<Vec<_>>())
}

const HEAD: [Key; 10] = [
    key("title", "ask-title", true, |request| of_last(request, |plan| (!plan.title.is_empty()).then(|| plan.title.clone())), text),
    key("time_zone", "ask-time-zone", true, usual_zone, text),
    key("starts_at", "ask-starts-at", true, usual_start, text),
    key("length", "ask-length", true, usual_length, text),
    key("currency", "ask-currency", true, usual_currency, text),
    key("aim", "ask-aim", true, |_| Some("conversion".to_owned()), text),
    key("format", "ask-format", false, |request| of_last(request, |plan| plan.format.clone()), text),
    key("theme", "ask-theme", false, none, text),
    key("audience_profile", "ask-audience", false, none, texts),
    key("margin", "ask-margin", false, none, text),
];

fn usual_zone(request: &Request<'_>) -> Option<String> {
    let by_language = || (request.words.lang() == Lang::PtBr).then(|| "America/Sao_Paulo".to_owned());
    of_last(request, |plan| plan.time_zone.map(|zone| zone.name())).or_else(by_language)
}

fn usual_currency(request: &Request<'_>) -> Option<String> {
    let by_language = || (request.words.lang() == Lang::PtBr).then(|| "BRL".to_owned());
    of_last(request, |plan| plan.currency).or_else(by_language)
}

fn usual_length(request: &Request<'_>) -> Option<String> {
    let last = of_last(request, |plan| (plan.length_s > 0).then(|| length(plan.length_s)));
    last.or_else(|| Some("2h".to_owned()))
}

/// The same weekday and time as the last live, next time.
fn usual_start(request: &Request<'_>) -> Option<String> {
    let last = request.last.as_ref()?;
    let (start, zone) = (last.starts_at?, last.time_zone?);
    let weeks = (request.now.since_ms(start).max(0) / WEEK_MS) + 1;
    let next = start.plus_ms(weeks * WEEK_MS);
    Some(next.utc().with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string())
}

/// `1h30m`.
fn length(seconds: i64) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h{minutes:02}m"),
    }
}

/// The targets that are asked for by aim; the first one measures it.
const fn targets_of(aim: Aim) -> &'static [Metric] {
    match aim {
        Aim::Conversion => &[Metric::GmvPaid, Metric::OrdersPaid, Metric::CvrUv, Metric::Roas, Metric::Cac, Metric::AvgWatchS],
        Aim::Leads => &[Metric::Leads, Metric::Cpl, Metric::ViewersUv, Metric::AvgWatchS, Metric::GmvPaid],
        Aim::ClearStock => &[Metric::SellThrough, Metric::Units, Metric::GmvPaid, Metric::OrdersPaid],
        Aim::Branding => &[Metric::ViewersUv, Metric::AvgWatchS, Metric::InteractionRate, Metric::Follows, Metric::GmvPaid],
    }
}

/// Asks everything; the draft can be read as a plan after every answer.
///
/// # Errors
/// When an answer is missing or wrong and nobody is there to ask again.
pub fn ask_all<R: BufRead, W: Write>(request: &Request<'_>, draft: &mut Draft, talk: &mut Talk<R, W>) -> Result<(), InterviewError> {
    if talk.is_person() {
        talk.say(request.words.get("ask-lead"))?;
    }
    for entry in &HEAD {
        let usual = (entry.usual)(request);
        talk.ask(request.words.get(entry.word), usual.as_deref(), entry.needed, |answer| {
            take(request, draft, |draft| draft.put(entry.key, entry.word, (entry.value)(answer)))
        })?;
    }
    ask_targets(request, draft, talk)?;
    ask_products(request, draft, talk)?;
    ask_segments(request, draft, talk)?;
    ask_feeds(request, draft, talk)?;
    ask_points(request, draft, talk)
}

/// Takes a change when the plan can still be read with it.
fn take(request: &Request<'_>, draft: &mut Draft, change: impl FnOnce(&mut Draft)) -> Result<(), String> {
    let mut changed = draft.clone();
    change(&mut changed);
    judge(&request.file, &changed.toml(request.words)).map_err(|problems| told(&problems))?;
    *draft = changed;
    Ok(())
}

/// The plan as far as it is known.
fn so_far(request: &Request<'_>, draft: &Draft) -> Plan {
    judge(&request.file, &draft.toml(request.words)).map(|loaded| loaded.plan).unwrap_or_default()
}

fn ask_targets<R: BufRead, W: Write>(request: &Request<'_>, draft: &mut Draft, talk: &mut Talk<R, W>) -> Result<(), InterviewError> {
    for metric in targets_of(so_far(request, draft).aim) {
        let name = request.words.get(&format!("metric-{}", metric.id())).to_owned();
        let question = request.words.text("ask-target", &[("metric", name.into()), ("id", metric.id().into())]);
        talk.ask(&question, None, false, |answer| {
            take(request, draft, |draft| {
                draft.targets.retain(|(known, _)| known != metric);
                draft.targets.push((*metric, answer.to_owned()));
            })
        })?;
    }
    Ok(())
}

fn ask_products<R: BufRead, W: Write>(request: &Request<'_>, draft: &mut Draft, talk: &mut Talk<R, W>) -> Result<(), InterviewError> {
    let named = request.products.as_ref().map(|path| path.display().to_string());
    let mut put = |answer: &str| {
        let path = from_plan(&request.file, Path::new(answer));
        take(request, draft, |draft| draft.put("products", "ask-products", quoted(&path.display().to_string())))
    };
    match named {
        Some(path) => put(&path).map_err(|why| InterviewError::Refused {
            question: request.words.get("ask-products").to_owned(),
            answer: path.clone(),
            why,
        }),
        None => talk.ask(request.words.get("ask-products"), None, false, put),
    }
}

/// A path as the plan must name it: from its own folder where it lies there, else in full.
fn from_plan(plan: &Path, named: &Path) -> PathBuf {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = whole(plan).parent().map(Path::to_owned).unwrap_or_default();
    let named = whole(named);
    named.strip_prefix(&folder).map(Path::to_owned).unwrap_or(named)
}

fn ask_segments<R: BufRead, W: Write>(request: &Request<'_>, draft: &mut Draft, talk: &mut Talk<R, W>) -> Result<(), InterviewError> {
    let usual = proposed(&so_far(request, draft), request);
    talk.lines(&with_hint(request.words, "ask-segments", &usual), &usual, MOST_LINES, |line| {
        take(request, draft, |draft| draft.segments.push(Segment::read(line)))
    })
}

/// A question for lines, and how those that are proposed are taken.
fn with_hint(words: &Words, question: &str, usual: &[String]) -> String {
    let hint = if usual.is_empty() { String::new() } else { format!("\n  {}", words.get("ask-lines")) };
    words.get(question).to_owned() + &hint
}

/// A run of show that presents the planned products one after the other, in the order of their slots.
fn proposed(plan: &Plan, request: &Request<'_>) -> Vec<String> {
    let mut products: Vec<&PlanProduct> = plan.products.iter().collect();
    products.sort_by_key(|product| product.slot);
    products.truncate(PRESENTED);
    let count = i64::try_from(products.len()).unwrap_or(1).max(1);
    let left = plan.length_s - HOOK_S - LAST_CALL_S;
    let each = left / count / 60 * 60;
    if products.is_empty() || each < LEAST_DEMO_S {
        return Vec::new();
    }
    let word = |key: &str| request.words.get(key).replace(';', ",");
    let line = |name: &str, seconds: i64, kind: &str, skus: &str| format!("{name}; {}; {kind}; ; {skus}", length(seconds));
    let first = products.first().map_or("", |product| product.sku.as_str());
    let mut lines = vec![line(&word("ask-segment-hook"), HOOK_S, "talk", first)];
    for product in &products {
        lines.push(line(&product.name.replace(';', ","), each, "demo", &product.sku));
    }
    let all: Vec<&str> = products.iter().map(|product| product.sku.as_str()).collect();
    let rest = left - each * count;
    lines.push(line(&word("ask-segment-last"), LAST_CALL_S + rest / 60 * 60, "offer", &all.join(" ")));
    lines
}

fn ask_feeds<R: BufRead, W: Write>(request: &Request<'_>, draft: &mut Draft, talk: &mut Talk<R, W>) -> Result<(), InterviewError> {
    let known: Vec<&str> = SHIPPED.iter().map(|(name, ..)| *name).collect();
    let question = request.words.text("ask-platforms", &[("known", known.join(", ").into())]);
    talk.ask(&question, None, false, |answer| {
        let named: Vec<String> = answer.split([',', ' ', ';']).filter(|name| !name.is_empty()).map(str::to_lowercase).collect();
        if let Some(stranger) = named.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("`{stranger}`: {}", spelling::remedy(stranger, &known)));
        }
        take(request, draft, |draft| draft.platforms = named)
    })?;
    talk.ask(request.words.get("ask-events"), None, false, |answer| take(request, draft, |draft| draft.events = Some(answer.to_owned())))
}

/// Points to tick by hand, and the lessons of earlier reports.
fn ask_points<R: BufRead, W: Write>(request: &Request<'_>, draft: &mut Draft, talk: &mut Talk<R, W>) -> Result<(), InterviewError> {
    let words = request.words;
    let usual = ["ask-point-payment", "ask-point-delivery", "ask-point-chat"].map(|key| words.get(key).to_owned());
    let question = with_hint(words, "ask-checklist", &usual);
    talk.lines(&question, &usual, MOST_LINES, |line| take(request, draft, |draft| draft.checklist.push(line.to_owned())))?;
    for lesson in request.lessons.iter().filter(|lesson| !lesson.text.trim().is_empty()) {
        let question = words.text("ask-lesson", &[("lesson", lesson.text.as_str().into()), ("live", lesson.from_live.as_str().into())]);
        if talk.agrees(&question, words, true)? {
            draft.lessons.push(lesson.text.clone());
        }
    }
    Ok(())
}

/// The plan of the latest of some journals, by its start.
#[must_use]
pub fn latest(plans: impl IntoIterator<Item = Plan>) -> Option<Plan> {
    plans.into_iter().filter(|plan| plan.starts_at.is_some()).max_by_key(|plan| plan.starts_at.unwrap_or(At::default()))
}
