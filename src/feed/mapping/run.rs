//! Payloads through filters, on the calling thread and without a bound of memory or time: whoever calls gives both.

use std::hash::BuildHasher;
use std::time::Duration;

use jaq_json::{Val, read};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    BEGINNING_COLUMNS, Context, Expansion, LeftOut, MAX_BYTES, MAX_DEPTH, MAX_OUTPUT_BYTES, MAX_OUTPUTS, Mapped, Recipe, TOLD_LEFT_OUT,
};
use crate::engine::event::Quarantine;
use crate::engine::text::clean;
use crate::engine::wire::{self, Reject};
use crate::feed::Rejected;
use crate::feed::fault::{Fault, FaultKind};
use crate::feed::filter::{Compiled, depth};

/// Outputs of one input that may be no event.
const MAX_REJECTS: usize = 1_000;
/// Outputs that the answer to a question is made of.
const ANSWERS: usize = 64;

/// What filters may ask for beside their input.
#[derive(Debug)]
pub struct Scope {
    context: Context,
    feed: Val,
    at: Val,
    response: Val,
    join: Val,
}

impl Scope {
    /// `join` is the lookup table.
    #[must_use]
    pub fn new(context: Context, join: Val) -> Self {
        let feed = context.feed.iter().map(|(name, value)| (Val::from(name.clone()), Val::from(value.clone())));
        let at = Val::from(context.at.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        let response = read::parse_single(context.response.to_string().as_bytes()).unwrap_or(Val::Null);
        Self { feed: Val::obj(feed.collect()), at, response, join, context }
    }

    fn run<'f>(&self, filter: &'f Compiled, input: Val, page: &Val) -> impl Iterator<Item = Result<Val, String>> + use<'f> {
        filter.run(input, [self.feed.clone(), self.at.clone(), self.response.clone(), page.clone(), self.join.clone()])
    }

    /// The first output that is neither null nor false, as text.
    fn first_text(&self, filter: &Compiled, page: &Val) -> Result<Option<String>, String> {
        self.run(filter, page.clone(), page).next().transpose().map(|value| value.as_ref().and_then(said))
    }
}

/// What an output says; nothing where it is null or false.
fn said(value: &Val) -> Option<String> {
    match value {
        Val::Null | Val::Bool(false) => None,
        other => Some(plain_text(other)),
    }
}

/// Sees how far the work is.
pub trait Watch {
    /// An input begins, from 1; 0 behind the last one.
    fn begins(&self, number: usize);
    /// An output came.
    fn goes_on(&self);
    /// Takes what an input became, where it is handed over one by one; `poison` is the mark of one that was put aside untouched.
    fn keeps(&self, outcome: &mut Outcome, poison: Option<u64>);
}

/// Where a payload is taken up again whose mapper ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Resume {
    /// So many inputs have been handed over.
    pub done: usize,
    /// The input that ended the mapper, and why.
    pub aside: Option<(usize, String)>,
    /// Inputs that ended a mapper before, by their mark, and why.
    pub poison: Vec<(u64, String)>,
}

impl Resume {
    /// Why an input is not touched, and its mark.
    fn passes_over(&self, input: &Val, number: usize) -> Option<(&str, u64)> {
        let named = self.aside.as_ref().filter(|(aside, _)| *aside == number);
        if named.is_none() && self.poison.is_empty() {
            return None;
        }
        let mark = foldhash::fast::FixedState::default().hash_one(input.to_string());
        let known = self.poison.iter().find(|(known, _)| *known == mark);
        named.map(|(_, why)| why).or(known.map(|(_, why)| why)).map(|why| (why.as_str(), mark))
    }
}

/// What became of a payload, its events as the filter gave them: lines of JSON that can be read.
#[derive(Debug, Default)]
pub struct Outcome {
    pub mapped: Mapped,
    pub lines: Vec<String>,
}

/// Runs a payload through a recipe.
///
/// # Errors
/// When the payload is no JSON within the limits, or the platform says no in it.
pub fn map(payload: &[u8], recipe: &Recipe<&Compiled>, scope: &Scope, resume: &Resume, watch: &impl Watch) -> Result<Outcome, Fault> {
    let page = parse(payload)?;
    judge(&page, recipe, scope)?;
    let mut work = Work { recipe, scope, page: &page, watch, outcome: Outcome::default(), bytes: 0 };
    match &recipe.items {
        None => work.map_input(&page, 0),
        Some(items) => {
            for (item, number) in scope.run(items, page.clone(), &page).zip(1..) {
                let item = item.map_err(|error| Fault::new(FaultKind::Mapping, format!("items: {error}")))?;
                watch.begins(number);
                if number <= resume.done {
                    continue;
                }
                let passed = resume.passes_over(&item, number);
                match passed {
                    Some((why, _)) => work.pass_over(&item, number, why),
                    None => work.map_input(&item, number),
                }
                watch.keeps(&mut work.outcome, passed.map(|(_, mark)| mark));
            }
            watch.begins(0);
        }
    }
    let mut outcome = work.outcome;
    let aside = |filter: &Option<&Compiled>, name: &str| match filter {
        None => Ok(None),
        Some(filter) => scope.first_text(filter, &page).map_err(|error| Fault::new(FaultKind::Mapping, format!("{name}: {error}"))),
    };
    let mapped = &mut outcome.mapped;
    mapped.next = aside(&recipe.next, "next")?.filter(|text| !text.is_empty());
    mapped.interval_s = aside(&recipe.interval, "interval")?.and_then(|text| text.parse::<f64>().ok()).filter(|s| s.is_finite());
    mapped.quota_left = aside(&recipe.quota, "quota")?.and_then(|text| text.split('.').next()?.parse().ok());
    mapped.ack = aside(&recipe.ack, "ack")?;
    Ok(outcome)
}

/// The outputs of a filter up to its first error, as texts; null and false say nothing.
///
/// # Errors
/// When the payload is no JSON within the limits, or the filter begins with an error.
pub fn ask(payload: &[u8], filter: &Compiled, scope: &Scope) -> Result<Vec<Option<String>>, Fault> {
    let page = parse(payload)?;
    let mut texts = Vec::new();
    for output in scope.run(filter, page.clone(), &page).take(ANSWERS) {
        match output {
            Ok(value) => texts.push(said(&value)),
            Err(error) if texts.is_empty() => return Err(Fault::new(FaultKind::Mapping, error)),
            Err(_) => break,
        }
    }
    Ok(texts)
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

/// Asks the platform's own predicates before anything is mapped.
fn judge(page: &Val, recipe: &Recipe<&Compiled>, scope: &Scope) -> Result<(), Fault> {
    let said = |error: String| Fault::new(FaultKind::Mapping, error);
    if let Some(throttled) = &recipe.throttled
        && let Some(seconds) = scope.first_text(throttled, page).map_err(said)?
    {
        let wait = seconds.parse::<f64>().ok().filter(|s| (0.0..=86_400.0).contains(s)).map(Duration::from_secs_f64);
        return Err(Fault::new(FaultKind::Throttled, "the platform asks to slow down").waiting(wait));
    }
    if let Some(denied) = &recipe.denied
        && let Some(text) = scope.first_text(denied, page).map_err(said)?
    {
        let said = if text == "true" { "the platform says no".to_owned() } else { text };
        return Err(Fault::new(FaultKind::Unauthorized, said));
    }
    if let Some(ok) = &recipe.ok {
        match scope.run(ok, page.clone(), page).next() {
            None | Some(Ok(Val::Null | Val::Bool(true))) => {}
            Some(Ok(Val::Bool(false))) => return Err(Fault::new(FaultKind::Refused, "the answer is not ok")),
            Some(Ok(value)) => return Err(Fault::new(FaultKind::Refused, plain_text(&value))),
            Some(Err(error)) => return Err(Fault::new(FaultKind::Mapping, format!("ok: {error}"))),
        }
    }
    Ok(())
}

/// A payload on its way through a recipe.
struct Work<'w, W> {
    recipe: &'w Recipe<&'w Compiled>,
    scope: &'w Scope,
    page: &'w Val,
    watch: &'w W,
    outcome: Outcome,
    /// Of all lines of the payload.
    bytes: usize,
}

impl<W: Watch> Work<'_, W> {
    fn map_input(&mut self, input: &Val, number: usize) {
        let mut became = Became::default();
        for output in self.scope.run(self.recipe.map, input.clone(), self.page) {
            self.watch.goes_on();
            became.outputs += 1;
            let failed = output.is_err();
            let taken = output.map_err(|error| Reject { reason: Quarantine::BadField, detail: format!("map: {error}") });
            if let Err(reject) = taken.and_then(|value| became.take(&value, &self.scope.context)) {
                became.rejects.push(reject);
            }
            if became.outputs > MAX_OUTPUTS || became.rejects.len() > MAX_REJECTS || self.bytes + became.bytes > MAX_OUTPUT_BYTES {
                return self.pass_over(input, number, "the filter does not stop giving outputs");
            }
            if failed {
                // an error ends a filter, as in jq
                break;
            }
        }
        self.bytes += became.bytes;
        let Outcome { mapped, lines } = &mut self.outcome;
        mapped.inputs += 1;
        mapped.unmapped += usize::from(became.outputs == 0);
        mapped.skipped += became.skips;
        mapped.gap = became.gap.or(mapped.gap.take());
        mapped.expansions.append(&mut became.expansions);
        lines.append(&mut became.lines);
        if (became.outputs == 0 || became.skips > 0) && mapped.left_out.len() < TOLD_LEFT_OUT {
            let why = (became.outputs > 0).then_some(became.why);
            mapped.left_out.push(LeftOut { why, beginning: clean(&input.to_string(), BEGINNING_COLUMNS).to_string() });
        }
        for reject in became.rejects {
            self.put_aside(input, number, reject);
        }
    }

    /// An input that costs too much, or ended its mapper before.
    fn pass_over(&mut self, input: &Val, number: usize, why: &str) {
        self.outcome.mapped.inputs += 1;
        self.put_aside(input, number, Reject { reason: Quarantine::BadField, detail: format!("map: {why}") });
    }

    fn put_aside(&mut self, input: &Val, number: usize, reject: Reject) {
        let place = &self.scope.context.place;
        let place = if number == 0 { place.clone() } else { format!("{place} item {number}").trim().to_owned() };
        let beginning = clean(&input.to_string(), BEGINNING_COLUMNS).to_string();
        self.outcome.mapped.rejected.push(Rejected { reject, place, beginning });
    }
}

/// What one input became.
#[derive(Default)]
struct Became {
    outputs: usize,
    lines: Vec<String>,
    bytes: usize,
    skips: usize,
    /// The reason of the last skip.
    why: String,
    /// Why events were lost.
    gap: Option<String>,
    expansions: Vec<Expansion>,
    rejects: Vec<Reject>,
}

impl Became {
    /// An output is an event, `{"skip": why}`, `{"gap": why}` or `{"expand": {"id": …}}`.
    fn take(&mut self, value: &Val, context: &Context) -> Result<(), Reject> {
        let bad = |detail: &str| Reject { reason: Quarantine::BadField, detail: detail.into() };
        let Val::Obj(object) = value else { return Err(bad("map: the output is no object")) };
        let key = |name: &str| Val::from(name.to_owned());
        if let (Some(why), 1) = (object.get(&key("skip")), object.len()) {
            self.skips += 1;
            self.why = clean(&plain_text(why), BEGINNING_COLUMNS).to_string();
            return Ok(());
        }
        if let (Some(why), 1) = (object.get(&key("gap")), object.len()) {
            self.skips += 1;
            let why = clean(&plain_text(why), BEGINNING_COLUMNS).to_string();
            self.why = format!("gap: {why}");
            self.gap = Some(why);
            return Ok(());
        }
        if let (Some(Val::Obj(expand)), 1) = (object.get(&key("expand")), object.len()) {
            let known = expand.iter().filter(|(_, value)| **value != Val::Null);
            let values: Vec<(String, String)> = known.map(|(name, value)| (plain_text(name), plain_text(value))).collect();
            let id = values.iter().find(|(name, _)| name == "id").ok_or_else(|| bad("expand: no id"))?.1.clone();
            self.expansions.push(Expansion { id, values });
            return Ok(());
        }
        let mut object = (**object).clone();
        object.retain(|_, value| !matches!(value, Val::Null));
        if !object.contains_key(&key("ts")) {
            object.insert(key("ts"), Val::from(context.snapshot_at.rfc3339()));
        }
        let line = Val::obj(object).to_string();
        // read here, so that it can be told which input a bad one came from
        wire::read(&line, &context.defaults)?;
        self.bytes += line.len();
        self.lines.push(line);
        Ok(())
    }
}

/// A text as it is, anything else as JSON.
fn plain_text(value: &Val) -> String {
    match value {
        Val::TStr(bytes) | Val::BStr(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::At;
    use crate::engine::wire::Defaults;
    use crate::feed::filter::Source;

    fn scope() -> Scope {
        Scope::new(Context::new(At::parse("2026-11-21T23:31:00.5Z", None).unwrap(), Defaults::default()), Val::Null)
    }

    fn compile(expression: &str) -> &'static Compiled {
        let source = Source { definitions: String::new(), expression: expression.to_owned() };
        Box::leak(Box::new(Compiled::new(&source).unwrap_or_else(|e| panic!("{expression}: {e:?}"))))
    }

    fn run(expression: &str, input: &str) -> String {
        let input = parse(input.as_bytes()).unwrap();
        let filter = compile(expression);
        let outputs: Vec<String> = scope().run(filter, input.clone(), &input).map(|o| o.map_or_else(|e| e, |v| v.to_string())).collect();
        outputs.join(" ")
    }

    /// Keeps nothing, and writes down what begins.
    #[derive(Default)]
    struct Noted(std::cell::RefCell<Vec<usize>>);

    impl Watch for Noted {
        fn begins(&self, number: usize) {
            self.0.borrow_mut().push(number);
        }
        fn goes_on(&self) {}
        fn keeps(&self, _: &mut Outcome, _: Option<u64>) {}
    }

    fn map_all(payload: &str, recipe: &Recipe<&Compiled>) -> Result<Mapped, Fault> {
        map(payload.as_bytes(), recipe, &scope(), &Resume::default(), &Noted::default()).map(|outcome| outcome.mapped)
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
        assert_eq!(
            run(".[] | shown", r#"["R$ 1.299,90","1,299.90","US$12","59,9","1.234.567","1,299","LIVE10","10%",7,null]"#),
            r#""1299.90" "1299.90" "12" "59.9" "1234567" "1,299" "LIVE10" "10%" 7 null"#
        );
        assert_eq!(run("[1245, 55] | map(minor) | sum, (.[0] | times(3))", "null"), r#"{"minor":1300} {"minor":3735}"#);
        assert_eq!(run(r#"1245 | minor | rounded("EUR"), rounded("JPY"), rounded("KWD")"#, "null"), r#""12.45" "1245" "1.245""#);
        let line = r#"{sku: "A", quantity: 2, whole: (1245 | minor), discount: (0 | minor)} | line("BRL")"#;
        assert_eq!(run(line, "null"), r#"{"sku":"A","quantity":1,"price":"6.23"} {"sku":"A","quantity":1,"price":"6.22"}"#);
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
            let source = Source { definitions: String::new(), expression: expression.to_owned() };
            assert!(Compiled::new(&source).is_err(), "{expression}");
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
    fn inputs_that_map_to_nothing_are_counted_and_skips_are_not() {
        let mut recipe = Recipe::new(compile("if .n == 1 then empty elif .n == 2 then skip(\"test\") else error(\"bad\") end"));
        recipe.items = Some(compile(".rows[]"));
        let mapped = map_all(r#"{"rows":[{"n":1},{"n":2},{"n":3}]}"#, &recipe).unwrap();
        assert_eq!((mapped.inputs, mapped.unmapped, mapped.skipped, mapped.rejected.len()), (3, 1, 1, 1));
        assert_eq!(mapped.rejected[0].place, "item 3");
        assert_eq!(mapped.rejected[0].beginning, r#"{"n":3}"#);
    }

    #[test]
    fn a_no_inside_an_answer_is_a_fault() {
        let mut recipe = Recipe::new(compile("empty"));
        recipe.denied = Some(compile(".errors[0] | select(.code == \"FORBIDDEN\") | .message"));
        recipe.ok = Some(compile(".errors[0].message"));
        let kind = |text: &str| map_all(text, &recipe).map_err(|f| (f.kind, f.detail)).map(|_| ());
        assert_eq!(kind(r#"{"errors":[{"code":"FORBIDDEN","message":"no"}]}"#), Err((FaultKind::Unauthorized, "no".into())));
        assert_eq!(kind(r#"{"errors":[{"message":"oops"}]}"#), Err((FaultKind::Refused, "oops".into())));
        assert_eq!(kind(r#"{"data":1}"#), Ok(()));
    }

    #[test]
    fn a_text_that_is_no_number_is_one_error_and_loses_nothing_else() {
        let mut recipe = Recipe::new(compile("(.c | tonumber) as $c | skip(\"\\($c)\")"));
        recipe.items = Some(compile(".[]"));
        let mapped = map_all(r#"[{"c":"12"},{"c":"n/a"},{"c":"12,50"},{"c":"1 2"},{"c":"7"}]"#, &recipe).unwrap();
        assert_eq!((mapped.skipped, mapped.rejected.len()), (2, 3), "{:?}", mapped.rejected);
        assert!(mapped.rejected[0].reject.detail.contains("n/a"), "{:?}", mapped.rejected[0]);
    }

    #[test]
    fn an_input_whose_outputs_do_not_end_is_put_aside_and_the_others_are_mapped() {
        for endless in ["repeat(skip(\"x\"))", "repeat(1)", "repeat({type:\"note\",text:(\"x\" * 4000)})"] {
            let mut recipe = Recipe::new(compile(&format!("if . == 2 then {endless} else skip(\"fine\") end")));
            recipe.items = Some(compile(".[]"));
            let mapped = map_all("[1,2,3]", &recipe).unwrap();
            assert_eq!((mapped.inputs, mapped.skipped, mapped.rejected.len()), (3, 2, 1), "{endless}");
            assert_eq!(mapped.rejected[0].reject.detail, "map: the filter does not stop giving outputs");
        }
    }

    #[test]
    fn an_input_that_ended_a_mapper_is_put_aside_untouched_and_known_again() {
        let mut recipe = Recipe::new(compile(".a.b | skip(.)"));
        recipe.items = Some(compile(".[]"));
        let payload = br#"[{"a":{"b":"x"}},{"n":2},{"a":{"b":"y"}}]"#;
        let noted = Noted::default();
        let resume = Resume { done: 1, aside: Some((2, "it ended".to_owned())), ..Resume::default() };
        let outcome = map(payload, &recipe, &scope(), &resume, &noted).unwrap();
        assert_eq!(noted.0.take(), [1, 2, 3, 0]);
        assert_eq!((outcome.mapped.inputs, outcome.mapped.skipped), (2, 1));
        let aside = &outcome.mapped.rejected[0];
        assert_eq!(
            (aside.place.as_str(), aside.beginning.as_str(), aside.reject.detail.as_str()),
            ("item 2", r#"{"n":2}"#, "map: it ended")
        );
        let (_, mark) = resume.passes_over(&parse(br#"{"n":2}"#).unwrap(), 2).unwrap();
        let again = Resume { poison: vec![(mark, "as before".to_owned())], ..Resume::default() };
        let outcome = map(payload, &recipe, &scope(), &again, &noted).unwrap();
        assert_eq!((outcome.mapped.inputs, outcome.mapped.skipped), (3, 2));
        assert_eq!(outcome.mapped.rejected[0].reject.detail, "map: as before");
    }

    #[test]
    fn a_question_is_answered_up_to_the_first_error() {
        let ask = |filter: &str, payload: &str| ask(payload.as_bytes(), compile(filter), &scope()).map_err(|fault| fault.kind);
        let texts = |list: &[&str]| Ok(list.iter().map(|text| (*text != "-").then(|| (*text).to_owned())).collect::<Vec<_>>());
        assert_eq!(ask(".[]", r#"["a",null,{"b":1.50},false]"#), texts(&["a", "-", r#"{"b":1.50}"#, "-"]));
        assert_eq!(ask("1, error(\"x\"), 2", "1"), texts(&["1"]));
        assert_eq!(ask("error(\"x\")", "1"), Err(FaultKind::Mapping));
        assert_eq!(ask("repeat(1)", "1").map(|list| list.len()), Ok(ANSWERS));
        assert_eq!(ask(".", "{"), Err(FaultKind::BadBody));
    }
}
