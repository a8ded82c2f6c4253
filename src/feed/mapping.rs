//! Payloads become canonical events by jq filters, off the owner's thread and within limits.
//!
//! A platform's `.jq` file is a library of definitions beside our own ([`LIBRARY`]); the expressions of its TOML file
//! (`items`, `map`, `ok` …) are compiled over both, once. A [`Mapper`] is a thread that runs them: whatever a filter
//! does, the feed waits for it at most [`BUDGET`].
//!
//! Number text stays exact: jaq keeps it, and money is read from it by the engine.

mod recursion;

use std::sync::Arc;
use std::time::Duration;

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, load, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use super::Rejected;
use super::account::Account;
use super::fault::{Fault, FaultKind};
use super::http::Answer;
use crate::engine::event::{Event, Quarantine};
use crate::engine::text::clean;
use crate::engine::time::At;
use crate::engine::wire::{self, Defaults, Reject};

/// Our own jq definitions, in scope of every filter.
pub const LIBRARY: &str = include_str!("../../config/platforms/warroom.jq");
/// Deepest nesting of a payload.
pub const MAX_DEPTH: usize = 64;
/// Largest payload, decompressed.
pub const MAX_BYTES: usize = 8 << 20;
/// Outputs of one payload at most.
pub const MAX_OUTPUTS: usize = 50_000;
/// Wall time that mapping one payload may take.
pub const BUDGET: Duration = Duration::from_secs(5);
/// Payloads that may wait for a mapper.
const QUEUE_JOBS: usize = 4;
/// Kept of an input that became no event.
const BEGINNING_COLUMNS: usize = 120;
/// Inputs of one payload whose being left out is told one by one; the rest is only counted.
const TOLD_LEFT_OUT: usize = 20;
/// Filters recurse; a thread's usual stack is small for that. What is not used costs nothing.
const STACK_BYTES: usize = 64 << 20;

/// What an expression is called among the definitions.
const MAIN: &str = "warroom_main";
/// What the expressions may ask for beside their input.
const GLOBALS: [&str; 5] = ["$feed", "$at", "$response", "$page", "$join"];

type Data = data::JustLut<Val>;

/// A compiled jq expression.
#[derive(Clone)]
pub struct Filter(Arc<jaq_core::Filter<Data>>);

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Filter")
    }
}

/// Why an expression does not compile, and where in the code (definitions, then expression).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// Byte offset into `definitions + "\n" + expression`.
    pub offset: usize,
    pub what: String,
}

impl Filter {
    /// Compiles `expression` with the definitions of a platform in scope.
    ///
    /// # Errors
    /// With the first place that is wrong.
    pub fn compile(definitions: &str, expression: &str) -> Result<Self, FilterError> {
        let code = format!("{definitions}\n{expression}");
        let own = load::parse(LIBRARY, |p| p.defs()).unwrap_or_default();
        let prelude = || jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(own.iter().cloned());
        let arena = Arena::default();
        let file = |code| File { code, path: () };
        let modules = Loader::new(prelude()).load(&arena, file(code.as_str())).map_err(|errors| load_error(&code, errors))?;
        // the same once more, as a definition of its own whose recursion is bounded
        let modules = match load::parse(&code, |p| p.term()) {
            None => modules,
            Some(whole) => {
                let main = load::parse::Def { name: MAIN, args: Vec::new(), body: recursion::inside(whole) };
                let bounded: Vec<load::parse::Def<&'static str>> = prelude().map(recursion::bounded).collect();
                let mut defs: Vec<load::parse::Def<&str>> = bounded;
                defs.push(main);
                Loader::new(defs).load(&arena, file(MAIN)).map_err(|errors| load_error(&code, errors))?
            }
        };
        // the clock and the environment have one door each, and it is not this one
        let natives = jaq_core::funs::<Data>().chain(jaq_std::funs::<Data>()).chain(jaq_json::funs::<Data>());
        let natives = natives.filter(|(name, ..)| !matches!(*name, "env" | "now" | "localtime" | "strflocaltime" | "fromjson"));
        let natives = natives.chain(recursion::natives());
        let compiled = Compiler::default().with_funs(natives).with_global_vars(GLOBALS).compile(modules);
        let filter = compiled.map_err(|errors| compile_error(&code, &errors))?;
        Ok(Self(Arc::new(filter)))
    }

    /// Runs the filter; each output is a value or the error's text.
    pub fn run<'a>(&'a self, input: Val, context: &Context, page: &Val) -> impl Iterator<Item = Result<Val, String>> + 'a {
        let vars = [context.feed.clone(), context.at_text(), context.response.clone(), page.clone(), context.join.clone()];
        let ctx = Ctx::<Data>::new(&self.0.lut, Vars::new(vars));
        recursion::start();
        self.0.id.run((ctx, input)).map(|out| unwrap_valr(out).map_err(|error| clean(&error.to_string(), BEGINNING_COLUMNS).to_string()))
    }

    /// The first output that is neither null nor false, as text.
    ///
    /// # Errors
    /// With the text of the filter's error.
    pub fn first_text(&self, input: &Val, context: &Context) -> Result<Option<String>, String> {
        match self.run(input.clone(), context, input).next() {
            None | Some(Ok(Val::Null | Val::Bool(false))) => Ok(None),
            Some(Ok(value)) => Ok(Some(plain_text(&value))),
            Some(Err(error)) => Err(error),
        }
    }
}

fn load_error(code: &str, errors: load::Errors<&str, ()>) -> FilterError {
    let place = |part: &str| if part.is_empty() { code.len() } else { load::span(code, part).start };
    for (_, error) in errors {
        match error {
            load::Error::Io(list) => {
                if let Some((path, error)) = list.into_iter().next() {
                    return FilterError { offset: place(path), what: format!("cannot include `{path}`: {error}") };
                }
            }
            load::Error::Lex(list) => {
                if let Some((expected, found)) = list.into_iter().next() {
                    return FilterError { offset: place(found), what: format!("jq: expected {}", expected.as_str()) };
                }
            }
            load::Error::Parse(list) => {
                if let Some((expected, found)) = list.into_iter().next() {
                    return FilterError { offset: place(found), what: format!("jq: expected {}", expected.as_str()) };
                }
            }
        }
    }
    FilterError { offset: 0, what: "jq: not a filter".into() }
}

fn compile_error(code: &str, errors: &jaq_core::compile::Errors<&str, ()>) -> FilterError {
    let first = errors.iter().flat_map(|(_, list)| list).next();
    match first {
        Some((name, kind)) => {
            let inside = code.as_bytes().as_ptr_range().contains(&name.as_ptr());
            let offset = if inside { load::span(code, name).start } else { 0 };
            FilterError { offset, what: format!("jq: there is no {} `{name}`", kind.as_str()) }
        }
        None => FilterError { offset: 0, what: "jq: not a filter".into() },
    }
}

/// What is known about a payload beside its text.
#[derive(Clone, Debug)]
pub struct Context {
    /// The feed's plain variables: `$feed`.
    pub feed: Val,
    /// When it was fetched or arrived: `$at`.
    pub at: At,
    /// `{status, headers}`: `$response`.
    pub response: Val,
    /// The lookup table beside the feed: `$join`.
    pub join: Val,
    /// What a snapshot without a time is stamped with: the response's `Date`, else the fetch time.
    pub snapshot_at: At,
    pub defaults: Defaults,
    /// Where it came from, for the quarantine: `line 12`, `page 3`.
    pub place: String,
}

impl Context {
    #[must_use]
    pub fn new(at: At, defaults: Defaults) -> Self {
        Self { feed: Val::Null, at, response: Val::Null, join: Val::Null, snapshot_at: at, defaults, place: String::new() }
    }

    /// The context of an HTTP answer.
    #[must_use]
    pub fn of_answer(answer: &Answer, at: At, place: String, account: &Account) -> Self {
        let text = |text: &str| Val::from(text.to_owned());
        let headers = answer.headers.iter().filter_map(|(name, value)| Some((text(name.as_str()), text(value.to_str().ok()?))));
        let response = [(text("status"), Val::from(usize::from(answer.status.as_u16()))), (text("headers"), Val::obj(headers.collect()))];
        let feed = account.values.plain().map(|(name, value)| (text(name), Val::from(value)));
        Self {
            feed: Val::obj(feed.collect()),
            at,
            response: Val::obj(response.into_iter().collect()),
            join: Val::Null,
            snapshot_at: answer.date.unwrap_or(at),
            defaults: account.defaults.clone(),
            place,
        }
    }

    fn at_text(&self) -> Val {
        Val::from(self.at.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }
}

/// The expressions that a payload goes through. All but `map` are optional.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Answers null or true for a good answer, else what the platform says.
    pub ok: Option<Filter>,
    /// Says that the refusal is one of credentials.
    pub denied: Option<Filter>,
    /// Seconds to wait where the platform says "too many requests" inside an HTTP success.
    pub throttled: Option<Filter>,
    /// The inputs of the payload; the payload itself without it.
    pub items: Option<Filter>,
    pub map: Filter,
    /// What the next page, token or interval is.
    pub next: Option<Filter>,
    pub interval: Option<Filter>,
    /// The quota left, in the platform's units.
    pub quota: Option<Filter>,
    /// What is acknowledged once the payload is kept: `{{ack}}` of the second call.
    pub ack: Option<Filter>,
}

impl Recipe {
    #[must_use]
    pub const fn new(map: Filter) -> Self {
        Self { ok: None, denied: None, throttled: None, items: None, map, next: None, interval: None, quota: None, ack: None }
    }
}

/// A notice that a resource changed: get it, map the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// Several notices of one id become one request.
    pub id: String,
    /// Values for the templates of the second request.
    pub values: Vec<(String, String)>,
}

/// An input that became no event, and not because it was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The filter's own reason; none where it gave nothing at all.
    pub why: Option<String>,
    /// The cleaned beginning of the input.
    pub beginning: String,
}

/// What became of one payload.
#[derive(Clone, Debug, Default)]
pub struct Mapped {
    pub events: Vec<Event>,
    pub rejected: Vec<Rejected>,
    /// Inputs that the payload held.
    pub inputs: usize,
    /// Inputs that became nothing, though nobody said that they should.
    pub unmapped: usize,
    /// Inputs that the mapping left out on purpose.
    pub skipped: usize,
    /// The first of both kinds.
    pub left_out: Vec<LeftOut>,
    pub expansions: Vec<Expansion>,
    pub next: Option<String>,
    /// The platform's wish for the time to the next request, in seconds.
    pub interval_s: Option<f64>,
    pub quota_left: Option<i64>,
    pub ack: Option<String>,
}

impl Mapped {
    /// Adds what another payload became.
    pub fn append(&mut self, other: Self) {
        self.events.extend(other.events);
        self.rejected.extend(other.rejected);
        self.expansions.extend(other.expansions);
        self.inputs += other.inputs;
        self.unmapped += other.unmapped;
        self.skipped += other.skipped;
        let room = TOLD_LEFT_OUT.saturating_sub(self.left_out.len());
        self.left_out.extend(other.left_out.into_iter().take(room));
        self.next = other.next.or(self.next.take());
        self.interval_s = other.interval_s.or(self.interval_s);
        self.quota_left = other.quota_left.or(self.quota_left);
    }
}

/// Runs a payload through a recipe, on the calling thread.
///
/// # Errors
/// When the payload is no JSON within the limits, or the platform says no in it.
pub fn map_payload(payload: &[u8], recipe: &Recipe, context: &Context) -> Result<Mapped, Fault> {
    let page = parse(payload)?;
    judge(&page, recipe, context)?;
    let mut work = Work { recipe, context, page: &page, mapped: Mapped::default(), outputs: 0, why: String::new() };
    match &recipe.items {
        None => work.map_input(&page, 0)?,
        Some(items) => {
            for (index, item) in items.run(page.clone(), context, &page).enumerate() {
                let item = item.map_err(|error| Fault::new(FaultKind::Mapping, format!("items: {error}")))?;
                work.map_input(&item, index + 1)?;
            }
        }
    }
    let mut mapped = work.mapped;
    let aside = |filter: &Option<Filter>, name: &str| match filter {
        None => Ok(None),
        Some(filter) => filter.first_text(&page, context).map_err(|error| Fault::new(FaultKind::Mapping, format!("{name}: {error}"))),
    };
    mapped.next = aside(&recipe.next, "next")?.filter(|text| !text.is_empty());
    mapped.interval_s = aside(&recipe.interval, "interval")?.and_then(|text| text.parse().ok());
    mapped.quota_left = aside(&recipe.quota, "quota")?.and_then(|text| text.split('.').next()?.parse().ok());
    mapped.ack = aside(&recipe.ack, "ack")?;
    Ok(mapped)
}

/// Reads a payload into a value: JSON as RFC 8259 has it, not deeper than [`MAX_DEPTH`].
///
/// # Errors
/// With what is wrong with it.
pub fn parse(payload: &[u8]) -> Result<Val, Fault> {
    if payload.len() > MAX_BYTES {
        return Err(Fault::new(FaultKind::TooLarge, "a payload of more than 8 MiB"));
    }
    let text = std::str::from_utf8(payload).map_err(|_| Fault::new(FaultKind::BadBody, "not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if depth(text.as_bytes()) > MAX_DEPTH {
        return Err(Fault::new(FaultKind::BadBody, "nested deeper than 64"));
    }
    // jaq reads more than JSON (comments, NaN); the strict reader decides first
    serde_json::from_str::<&RawValue>(text).map_err(|error| Fault::new(FaultKind::BadBody, format!("no JSON: {error}")))?;
    read::parse_single(text.as_bytes()).map_err(|error| Fault::new(FaultKind::BadBody, format!("no JSON: {error}")))
}

fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0, false, false);
    for byte in text {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Asks the platform's own predicates before anything is mapped.
fn judge(page: &Val, recipe: &Recipe, context: &Context) -> Result<(), Fault> {
    let said = |error: String| Fault::new(FaultKind::Mapping, error);
    if let Some(throttled) = &recipe.throttled
        && let Some(seconds) = throttled.first_text(page, context).map_err(said)?
    {
        let wait = seconds.parse::<f64>().ok().filter(|s| (0.0..=86_400.0).contains(s)).map(Duration::from_secs_f64);
        return Err(Fault::new(FaultKind::Throttled, "the platform asks to slow down").waiting(wait));
    }
    if let Some(denied) = &recipe.denied
        && let Some(text) = denied.first_text(page, context).map_err(said)?
    {
        return Err(Fault::new(FaultKind::Unauthorized, text));
    }
    if let Some(ok) = &recipe.ok {
        match ok.run(page.clone(), context, page).next() {
            None | Some(Ok(Val::Null | Val::Bool(true))) => {}
            Some(Ok(Val::Bool(false))) => return Err(Fault::new(FaultKind::Refused, "the answer is not ok")),
            Some(Ok(value)) => return Err(Fault::new(FaultKind::Refused, plain_text(&value))),
            Some(Err(error)) => return Err(Fault::new(FaultKind::Mapping, format!("ok: {error}"))),
        }
    }
    Ok(())
}

/// A payload on its way through a recipe.
struct Work<'w> {
    recipe: &'w Recipe,
    context: &'w Context,
    page: &'w Val,
    mapped: Mapped,
    outputs: usize,
    /// The reason of the last `skip`.
    why: String,
}

impl Work<'_> {
    fn map_input(&mut self, input: &Val, number: usize) -> Result<(), Fault> {
        self.mapped.inputs += 1;
        let (mut became, skipped) = (0, self.mapped.skipped);
        for output in self.recipe.map.run(input.clone(), self.context, self.page) {
            self.outputs += 1;
            if self.outputs > MAX_OUTPUTS {
                return Err(Fault::new(FaultKind::Mapping, "the filter does not stop giving outputs"));
            }
            became += 1;
            let failed = output.is_err();
            let taken = output.map_err(|error| Reject { reason: Quarantine::BadField, detail: format!("map: {error}") });
            if let Err(reject) = taken.and_then(|value| self.take_output(&value)) {
                let place = &self.context.place;
                let place = if number == 0 { place.clone() } else { format!("{place} item {number}").trim().to_owned() };
                let beginning = clean(&input.to_string(), BEGINNING_COLUMNS).to_string();
                self.mapped.rejected.push(Rejected { reject, place, beginning });
            }
            if failed {
                // an error ends a filter, as in jq
                break;
            }
        }
        self.mapped.unmapped += usize::from(became == 0);
        if (became == 0 || self.mapped.skipped > skipped) && self.mapped.left_out.len() < TOLD_LEFT_OUT {
            let why = (became > 0).then(|| std::mem::take(&mut self.why));
            self.mapped.left_out.push(LeftOut { why, beginning: clean(&input.to_string(), BEGINNING_COLUMNS).to_string() });
        }
        Ok(())
    }

    /// An output is an event, `{"skip": why}` or `{"expand": {"id": …}}`.
    fn take_output(&mut self, value: &Val) -> Result<(), Reject> {
        let bad = |detail: &str| Reject { reason: Quarantine::BadField, detail: detail.into() };
        let Val::Obj(object) = value else { return Err(bad("map: the output is no object")) };
        let key = |name: &str| Val::from(name.to_owned());
        if let (Some(why), 1) = (object.get(&key("skip")), object.len()) {
            self.mapped.skipped += 1;
            self.why = clean(&plain_text(why), BEGINNING_COLUMNS).to_string();
            return Ok(());
        }
        if let (Some(Val::Obj(expand)), 1) = (object.get(&key("expand")), object.len()) {
            let values: Vec<(String, String)> = expand.iter().map(|(name, value)| (plain_text(name), plain_text(value))).collect();
            let id = values.iter().find(|(name, _)| name == "id").ok_or_else(|| bad("expand: no id"))?.1.clone();
            self.mapped.expansions.push(Expansion { id, values });
            return Ok(());
        }
        let mut object = (**object).clone();
        object.retain(|_, value| !matches!(value, Val::Null));
        if !object.contains_key(&key("ts")) {
            object.insert(key("ts"), Val::from(self.context.snapshot_at.rfc3339()));
        }
        let line = Val::obj(object).to_string();
        self.mapped.events.push(wire::read(&line, &self.context.defaults)?.event);
        Ok(())
    }
}

/// A text as it is, anything else as JSON.
#[must_use]
pub fn plain_text(value: &Val) -> String {
    match value {
        Val::TStr(bytes) | Val::BStr(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.to_string(),
    }
}

struct Job {
    payload: Vec<u8>,
    recipe: Arc<Recipe>,
    context: Context,
    answer: oneshot::Sender<Result<Mapped, Fault>>,
}

/// A payload and what became of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub payload: Vec<u8>,
    pub mapped: Result<Mapped, Fault>,
}

/// Is told every payload that a mapper maps; what it has no room for it misses.
pub type Witness = mpsc::Sender<Exchange>;

/// A thread that maps the payloads of one feed, one after the other.
#[derive(Clone, Debug)]
pub struct Mapper {
    jobs: mpsc::Sender<Job>,
}

impl Mapper {
    /// Starts the thread. It ends with the last handle.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(witness: Option<Witness>) -> Result<Self, Fault> {
        let (jobs, mut inbox) = mpsc::channel::<Job>(QUEUE_JOBS);
        let work = move || {
            recursion::allow(STACK_BYTES);
            while let Some(job) = inbox.blocking_recv() {
                let map = std::panic::AssertUnwindSafe(|| map_payload(&job.payload, &job.recipe, &job.context));
                let mapped = std::panic::catch_unwind(map).unwrap_or_else(|_| Err(Fault::new(FaultKind::Mapping, "the filter broke")));
                if let Some(witness) = &witness {
                    // a full or closed witness misses it, the feed goes on
                    let _ = witness.try_send(Exchange { payload: job.payload, mapped: mapped.clone() });
                }
                // a feed that stopped waiting needs no answer
                let _ = job.answer.send(mapped);
            }
        };
        std::thread::Builder::new()
            .name("map".into())
            .stack_size(STACK_BYTES)
            .spawn(work)
            .map_err(|error| Fault::new(FaultKind::Mapping, error.to_string()))?;
        Ok(Self { jobs })
    }

    /// Maps a payload; waits at most [`BUDGET`].
    ///
    /// # Errors
    /// As [`map_payload`]; a filter that does not come to an end is fatal for its feed.
    pub async fn map(&self, payload: Vec<u8>, recipe: Arc<Recipe>, context: Context) -> Result<Mapped, Fault> {
        let (answer, answered) = oneshot::channel();
        let stuck = || Fault::new(FaultKind::Mapping, "the filter did not end within 5 s").fatal();
        let gone = || Fault::new(FaultKind::Mapping, "the mapper has ended").fatal();
        self.jobs.send(Job { payload, recipe, context, answer }).await.map_err(|_| gone())?;
        tokio::time::timeout(BUDGET, answered).await.map_err(|_| stuck())?.map_err(|_| gone())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context::new(At::parse("2026-11-21T23:31:00.5Z", None).unwrap(), Defaults::default())
    }

    fn run(expression: &str, input: &str) -> String {
        let filter = Filter::compile("", expression).unwrap_or_else(|e| panic!("{expression}: {e:?}"));
        let input = parse(input.as_bytes()).unwrap();
        let outputs: Vec<String> = filter.run(input.clone(), &context(), &input).map(|o| o.map_or_else(|e| e, |v| v.to_string())).collect();
        outputs.join(" ")
    }

    #[test]
    fn number_text_stays_exact() {
        assert_eq!(
            run(".a, .b, .c", r#"{"a":199.90,"b":890088186047892319,"c":12345678901234567890123.45}"#),
            "199.90 890088186047892319 12345678901234567890123.45"
        );
        assert_eq!(run(".a|text", r#"{"a":890088186047892319}"#), r#""890088186047892319""#);
    }

    #[test]
    fn the_library_reads_money_times_and_channels() {
        assert_eq!(run("12990 | minor", "null"), r#"{"minor":12990}"#);
        assert_eq!(run(".[] | micros", r#"[1234500,-5,"7000000",0]"#), r#""1.2345" "-0.000005" "7" "0""#);
        assert_eq!(run("comma", r#""1.299,90""#), r#""1299.90""#);
        assert_eq!(run("[.[] | time]", r#"[0,1795303864,"2026-11-21"]"#), r#"[null,"1795303864","2026-11-21"]"#);
        assert_eq!(
            run("channel(.l; .r)", r#"{"l":"/p?utm_source=insta+gram&utm_medium=paid%5Fsocial","r":""}"#),
            r#"{"source":"insta gram","medium":"paid_social","landing":"/p?utm_source=insta+gram&utm_medium=paid%5Fsocial"}"#
        );
        assert_eq!(run("channel(null; null)", "null"), "null");
    }

    #[test]
    fn a_filter_cannot_see_the_environment_or_the_clock() {
        for expression in ["env", "$ENV", "now", "input"] {
            assert!(Filter::compile("", expression).is_err(), "{expression}");
        }
        assert_eq!(run("$at", "null"), r#""2026-11-21T23:31:00.500Z""#);
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_refused_before_the_filter() {
        for text in ["", "{", "NaN", "[1,]", "{1:2}", "# c\n1", "1 2", "'a'", "\u{1}"] {
            assert_eq!(parse(text.as_bytes()).map_err(|f| f.kind), Err(FaultKind::BadBody), "{text}");
        }
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(deep(64).as_bytes()).is_ok());
        assert_eq!(parse(deep(65).as_bytes()).map_err(|f| f.kind), Err(FaultKind::BadBody));
        assert_eq!(parse(b"\"\xff\"").map_err(|f| f.kind), Err(FaultKind::BadBody));
        assert!(parse("\u{feff}{\"a\":\"[[\\\"[\"}".as_bytes()).is_ok());
    }

    #[test]
    fn an_error_of_a_filter_names_its_place() {
        let error = Filter::compile("def a: 1;\ndef b: nope;", "b").unwrap_err();
        assert_eq!(error.what, "jq: there is no filter `nope`");
        assert_eq!(error.offset, 17);
        let error = Filter::compile("", ".a | (").unwrap_err();
        assert!(error.offset >= 6, "{error:?}");
    }

    #[test]
    fn inputs_that_map_to_nothing_are_counted_and_skips_are_not() {
        let mut recipe =
            Recipe::new(Filter::compile("", "if .n == 1 then empty elif .n == 2 then skip(\"test\") else error(\"bad\") end").unwrap());
        recipe.items = Some(Filter::compile("", ".rows[]").unwrap());
        let mapped = map_payload(br#"{"rows":[{"n":1},{"n":2},{"n":3}]}"#, &recipe, &context()).unwrap();
        assert_eq!((mapped.inputs, mapped.unmapped, mapped.skipped, mapped.rejected.len()), (3, 1, 1, 1));
        assert_eq!(mapped.rejected[0].place, "item 3");
        assert_eq!(mapped.rejected[0].beginning, r#"{"n":3}"#);
    }

    #[test]
    fn a_no_inside_an_answer_is_a_fault() {
        let mut recipe = Recipe::new(Filter::compile("", "empty").unwrap());
        recipe.denied = Some(Filter::compile("", ".errors[0] | select(.code == \"FORBIDDEN\") | .message").unwrap());
        recipe.ok = Some(Filter::compile("", ".errors[0].message").unwrap());
        let kind = |text: &str| map_payload(text.as_bytes(), &recipe, &context()).map_err(|f| (f.kind, f.detail)).map(|_| ());
        assert_eq!(kind(r#"{"errors":[{"code":"FORBIDDEN","message":"no"}]}"#), Err((FaultKind::Unauthorized, "no".into())));
        assert_eq!(kind(r#"{"errors":[{"message":"oops"}]}"#), Err((FaultKind::Refused, "oops".into())));
        assert_eq!(kind(r#"{"data":1}"#), Ok(()));
    }

    fn in_a_mapper(definitions: &str, expression: &str, payload: String) -> Result<Mapped, Fault> {
        let recipe = Recipe::new(Filter::compile(definitions, expression).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { Mapper::start(None).unwrap().map(payload.into_bytes(), Arc::new(recipe), context()).await })
    }

    #[test]
    fn a_text_of_a_peer_that_is_nested_without_end_is_put_aside() {
        let brackets = "[".repeat(1_000_000);
        for text in [brackets.clone(), format!("#\\\"\n{brackets}"), format!("\\\"{brackets}"), "{\\\"a\\\":".repeat(100_000)] {
            for expression in [".[] | tonumber", ".[] | fromjson", ".[] | minor"] {
                let mapped = in_a_mapper("", expression, format!("[\"{}\"]", text.replace('\n', "\\n"))).unwrap();
                assert_eq!((mapped.events.len(), mapped.rejected.len()), (0, 1), "{expression}");
            }
        }
        assert_eq!(run(".[] | fromjson", r#"["[[1]]","{\"a\":\"[[[\"}"," 7 ","007"]"#), r#"[[1]] {"a":"[[["} 7 7"#);
    }

    #[test]
    fn a_text_that_is_no_number_is_one_error_and_loses_nothing_else() {
        let mut recipe = Recipe::new(Filter::compile("", "(.c | tonumber) as $c | skip(\"\\($c)\")").unwrap());
        recipe.items = Some(Filter::compile("", ".[]").unwrap());
        let mapped = map_payload(br#"[{"c":"12"},{"c":"n/a"},{"c":"12,50"},{"c":"1 2"},{"c":"7"}]"#, &recipe, &context()).unwrap();
        assert_eq!((mapped.skipped, mapped.rejected.len()), (2, 3), "{:?}", mapped.rejected);
        assert!(mapped.rejected[0].reject.detail.contains("n/a"), "{:?}", mapped.rejected[0]);
    }

    #[test]
    fn a_filter_that_calls_itself_too_often_is_an_error() {
        let numbered = "def c: if . > 0 then ((. - 1) | c) + 1 else 0 end;";
        for (definitions, expression, payload) in [
            ("def saldo: def f: [f]; f;", "saldo", "1"),
            (numbered, "c", "10000000"),
            ("def deep: if . > 0 then (. - 1) | [deep] else 0 end;", "deep", "10000000"),
            ("", "def f(g): {a: f(g)}; f(.)", "1"),
            ("def p: if . == null then . else (.a | p) end;", "\"\\(def q: \"\\(q)\"; q)\"", "1"),
        ] {
            let mapped = in_a_mapper(definitions, expression, payload.to_owned()).unwrap();
            let detail = &mapped.rejected[0].reject.detail;
            assert!(detail.contains("calls itself too often"), "{definitions} {expression}: {detail}");
        }
        // what is in order stays so: deep, in tail position without end, and as a path
        let run_over = |definitions: &str, expression: &str, payload: &str| {
            let mapped = in_a_mapper(definitions, &format!("({expression}) as $r | skip($r)"), payload.to_owned()).unwrap();
            (mapped.skipped, mapped.left_out.first().and_then(|left| left.why.clone()).unwrap_or_default())
        };
        assert_eq!(run_over(numbered, "c", "1000"), (1, "1000".into()));
        assert_eq!(run_over("def t: if . < 300000 then . + 1 | t else . end;", "t", "1"), (1, "300000".into()));
        assert_eq!(
            run_over("def last: if .next then .next | last else . end;", "[path(last)] | length", r#"{"next":{"next":{"v":1}}}"#),
            (1, "1".into())
        );
    }

    #[test]
    fn a_filter_that_gives_outputs_for_ever_is_stopped() {
        let recipe = Recipe::new(Filter::compile("", "repeat(skip(\"x\"))").unwrap());
        let fault = map_payload(b"1", &recipe, &context()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Mapping);
    }
}
