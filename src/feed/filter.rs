//! jq expressions of platform files: checked where they are read, compiled where they run.
//!
//! A platform's `.jq` file is a library of definitions beside our own ([`LIBRARY`]); the expressions of its TOML file
//! (`items`, `map`, `ok` …) are compiled over both. The desk itself runs none of them: see [`super::mapper`].
//!
//! Number text stays exact: jaq keeps it, and money is read from it by the engine; what is added on the way is added by [`amount`].

mod amount;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jaq_core::compile::Undefined;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::native::{Fun, bome, v};
use jaq_core::{Compiler, Ctx, Error, Native, Vars, data, load, unwrap_valr};
use jaq_json::{Val, read};
use serde::{Deserialize, Serialize};

use super::mapping::{BEGINNING_COLUMNS, MAX_DEPTH};
use crate::engine::text::clean;

/// Our own jq definitions, in scope of every filter.
pub const LIBRARY: &str = include_str!("../../config/platforms/warroom.jq");
/// What the expressions may ask for beside their input.
const GLOBALS: [&str; 5] = ["$feed", "$at", "$response", "$page", "$join"];

type Data = data::JustLut<Val>;

/// The text of a filter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// The platform's `.jq` file.
    pub definitions: String,
    pub expression: String,
}

/// A jq expression that compiles.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this filter and its clones alone.
    pub number: u64,
    pub source: Arc<Source>,
}

/// Why an expression does not compile, and where in the code (definitions, then expression).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// Byte offset into `definitions + "\n" + expression`.
    pub offset: usize,
    pub what: String,
}

impl Filter {
    /// Reads `expression` with the definitions of a platform in scope.
    ///
    /// # Errors
    /// With the first place that is wrong.
    pub fn read(definitions: &str, expression: &str) -> Result<Self, FilterError> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let source = Source { definitions: definitions.to_owned(), expression: expression.to_owned() };
        Compiled::new(&source)?;
        Ok(Self { number: NUMBERS.fetch_add(1, Ordering::Relaxed), source: Arc::new(source) })
    }
}

/// A filter that can run.
pub struct Compiled(jaq_core::Filter<Data>);

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compiled")
    }
}

impl Compiled {
    /// # Errors
    /// With the first place that is wrong.
    pub fn new(source: &Source) -> Result<Self, FilterError> {
        let code = format!("{}\n{}", source.definitions, source.expression);
        let own = load::parse(LIBRARY, |p| p.defs()).unwrap_or_default();
        let prelude = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(own);
        let arena = Arena::default();
        let file = File { code: code.as_str(), path: () };
        let modules = Loader::new(prelude).load(&arena, file).map_err(|errors| load_error(&code, errors))?;
        // the clock and the environment have one door each, and it is not this one
        let natives = jaq_core::funs::<Data>().chain(jaq_std::funs::<Data>()).chain(jaq_json::funs::<Data>());
        let natives = natives.filter(|(name, ..)| !matches!(*name, "env" | "now" | "localtime" | "strflocaltime" | "fromjson"));
        // `tonumber` goes through it too
        let from_json: Fun<Data> = ("fromjson", v(0), Native::new(|cv| bome(parse_text(&cv.1))));
        let compiler = Compiler::default().with_funs(natives.chain([from_json]).chain(amount::natives())).with_global_vars(GLOBALS);
        let compiled = compiler.compile(modules).map_err(|errors| compile_error(&code, &errors))?;
        Ok(Self(compiled))
    }

    /// Runs the filter with what [`GLOBALS`] names; each output is a value or the error's text.
    pub fn run(&self, input: Val, globals: [Val; 5]) -> impl Iterator<Item = Result<Val, String>> + '_ {
        let ctx = Ctx::<Data>::new(&self.0.lut, Vars::new(globals));
        self.0.id.run((ctx, input)).map(|out| unwrap_valr(out).map_err(|error| clean(&error.to_string(), BEGINNING_COLUMNS).to_string()))
    }
}

/// The one value that a text holds, nested no deeper than a payload: peers write such texts.
fn parse_text(value: &Val) -> Result<Val, Error<Val>> {
    let (Val::TStr(text) | Val::BStr(text)) = value else { return Err(Error::str(format_args!("cannot parse {value} as JSON"))) };
    // what is not JSON may hide its brackets from us: then all of them count
    let brackets = text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    let is_flat = brackets <= MAX_DEPTH || (depth(text) <= MAX_DEPTH && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok());
    if !is_flat {
        return Err(Error::str(format_args!("a text nested deeper than {MAX_DEPTH} is not parsed as JSON")));
    }
    read::parse_single(text).map_err(|error| Error::str(format_args!("cannot parse {value} as JSON: {error}")))
}

/// How deep a text of JSON is nested.
#[must_use]
pub fn depth(text: &[u8]) -> usize {
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
            let called = match kind {
                Undefined::Filter(arity @ 1..) => format!("{name}/{arity}"),
                _ => (*name).to_owned(),
            };
            FilterError { offset, what: format!("jq: there is no {} `{called}`", kind.as_str()) }
        }
        None => FilterError { offset: 0, what: "jq: not a filter".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_filter_names_its_place() {
        let error = Filter::read("def a: 1;\ndef b: nope;", "b").unwrap_err();
        assert_eq!(error.what, "jq: there is no filter `nope`");
        assert_eq!(error.offset, 17);
        assert_eq!(Filter::read("def a($x): 1;", "a(1; 2)").unwrap_err().what, "jq: there is no filter `a/2`");
        let error = Filter::read("", ".a | (").unwrap_err();
        assert!(error.offset >= 6, "{error:?}");
    }
}
