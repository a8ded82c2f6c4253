//! How deep filters may recurse: definitions that call themselves look at how much stack is left before they go on, and a text
//! that is read as JSON (`fromjson`, `tonumber`) is nested no deeper than a payload. A thread that runs out of stack would take
//! the program with it.

use std::cell::Cell;

use jaq_core::box_iter::box_once;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::native::{Fun, bome, v};
use jaq_core::path::Part;
use jaq_core::{Error, Exn, Native};
use jaq_json::{Val, read};

use super::{Data, MAX_DEPTH, depth};

/// The name that no filter can have.
const ROOM: &str = "!room";
/// Of a thread of the usual size.
const USUAL_BYTES: usize = 512 << 10;
/// Left for what recurses into a value that a filter built.
const SPARE_BYTES: usize = 16 << 20;

thread_local! {
    static GROUND: Cell<usize> = const { Cell::new(0) };
    static ROOM_BYTES: Cell<usize> = const { Cell::new(USUAL_BYTES) };
}

/// Says how large this thread's stack is, where it was made for filters.
pub fn allow(stack_bytes: usize) {
    ROOM_BYTES.set(stack_bytes.saturating_sub(SPARE_BYTES).max(USUAL_BYTES));
}

/// A filter starts here.
pub fn start() {
    GROUND.set(here());
}

/// About where the stack is.
#[inline(never)]
fn here() -> usize {
    let marker = 0u8;
    std::ptr::from_ref(&marker).addr()
}

fn too_deep() -> Option<Error<Val>> {
    let used = GROUND.get().abs_diff(here());
    (used > ROOM_BYTES.get()).then(|| Error::str("the filter calls itself too often"))
}

/// Our own natives, in the place of others or beside them.
pub fn natives() -> impl Iterator<Item = Fun<Data>> {
    let room = Native::new(|cv| bome(too_deep().map_or(Ok(cv.1), Err)));
    let room = room.with_paths(|cv| box_once(too_deep().map_or(Ok(cv.1), |error| Err(Exn::from(error)))));
    let fromjson = Native::new(|cv| bome(from_json(&cv.1)));
    [(ROOM, v(0), room), ("fromjson", v(0), fromjson)].into_iter()
}

/// The one value that a text holds.
fn from_json(value: &Val) -> Result<Val, Error<Val>> {
    let (Val::TStr(text) | Val::BStr(text)) = value else { return Err(Error::str(format_args!("cannot parse {value} as JSON"))) };
    // what is not JSON may hide its brackets from us: then all of them count
    let brackets = text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    let is_flat = brackets <= MAX_DEPTH || (depth(text) <= MAX_DEPTH && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok());
    if !is_flat {
        return Err(Error::str(format_args!("a text nested deeper than {MAX_DEPTH} is not parsed as JSON")));
    }
    read::parse_single(text).map_err(|error| Error::str(format_args!("cannot parse {value} as JSON: {error}")))
}

/// The definition with a look at the stack before its body, if it calls itself.
#[must_use]
pub fn bounded(def: Def<&str>) -> Def<&str> {
    let recurses = calls(&def.body, def.name);
    let body = inside(def.body);
    let body = if recurses { Term::BinOp(Box::new(Term::Call(ROOM, Vec::new())), BinaryOp::Pipe(None), Box::new(body)) } else { body };
    Def { body, ..def }
}

/// The term, all definitions in it bounded.
#[must_use]
pub fn inside<'s>(term: Term<&'s str>) -> Term<&'s str> {
    let boxed = |term: Box<Term<&'s str>>| Box::new(inside(*term));
    let each = |terms: Vec<Term<&'s str>>| terms.into_iter().map(inside).collect();
    match term {
        Term::Str(format, parts) => {
            let part = |part| if let StrPart::Term(term) = part { StrPart::Term(inside(term)) } else { part };
            Term::Str(format, parts.into_iter().map(part).collect())
        }
        Term::Arr(inner) => Term::Arr(inner.map(boxed)),
        Term::Obj(fields) => Term::Obj(fields.into_iter().map(|(key, value)| (inside(key), value.map(inside))).collect()),
        Term::Neg(inner) => Term::Neg(boxed(inner)),
        Term::BinOp(left, op, right) => Term::BinOp(boxed(left), op, boxed(right)),
        Term::Label(name, inner) => Term::Label(name, boxed(inner)),
        Term::Fold(name, over, pattern, args) => Term::Fold(name, boxed(over), pattern, each(args)),
        Term::TryCatch(inner, caught) => Term::TryCatch(boxed(inner), caught.map(boxed)),
        Term::IfThenElse(cases, other) => {
            Term::IfThenElse(cases.into_iter().map(|(when, then)| (inside(when), inside(then))).collect(), other.map(boxed))
        }
        Term::Def(defs, inner) => Term::Def(defs.into_iter().map(bounded).collect(), boxed(inner)),
        Term::Call(name, args) => Term::Call(name, each(args)),
        Term::Path(inner, mut path) => {
            path.0 = path.0.into_iter().map(|(part, opt)| (part_inside(part), opt)).collect();
            Term::Path(boxed(inner), path)
        }
        plain @ (Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_)) => plain,
    }
}

fn part_inside(part: Part<Term<&str>>) -> Part<Term<&str>> {
    match part {
        Part::Index(index) => Part::Index(inside(index)),
        Part::Range(from, to) => Part::Range(from.map(inside), to.map(inside)),
    }
}

/// Whether a filter of that name is called anywhere in the term.
fn calls(term: &Term<&str>, name: &str) -> bool {
    let any = |terms: &[Term<&str>]| terms.iter().any(|term| calls(term, name));
    let maybe = |term: &Option<Box<Term<&str>>>| term.as_ref().is_some_and(|term| calls(term, name));
    match term {
        Term::Str(_, parts) => parts.iter().any(|part| matches!(part, StrPart::Term(term) if calls(term, name))),
        Term::Arr(inner) => maybe(inner),
        Term::Obj(fields) => fields.iter().any(|(key, value)| calls(key, name) || value.as_ref().is_some_and(|value| calls(value, name))),
        Term::Neg(inner) | Term::Label(_, inner) => calls(inner, name),
        Term::BinOp(left, _, right) => calls(left, name) || calls(right, name),
        Term::Fold(_, over, _, args) => calls(over, name) || any(args),
        Term::TryCatch(inner, caught) => calls(inner, name) || maybe(caught),
        Term::IfThenElse(cases, other) => cases.iter().any(|(when, then)| calls(when, name) || calls(then, name)) || maybe(other),
        Term::Def(defs, inner) => defs.iter().any(|def| calls(&def.body, name)) || calls(inner, name),
        Term::Call(called, args) => *called == name || any(args),
        Term::Path(inner, path) => {
            let in_part = |part: &Part<Term<&str>>| match part {
                Part::Index(index) => calls(index, name),
                Part::Range(from, to) => [from, to].into_iter().flatten().any(|term| calls(term, name)),
            };
            calls(inner, name) || path.0.iter().any(|(part, _)| in_part(part))
        }
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => false,
    }
}
