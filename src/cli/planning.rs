//! `warroom plan new`, `example` and `products`: a plan by questions, one that explains every key, and its list of products from what
//! was told.

use std::io::{BufReader, IsTerminal, stderr, stdin, stdout};
use std::path::{Path, PathBuf};

use super::args::PlanVerb;
use super::output::{Failure, code, print, problem};
use super::trial;
use crate::clock;
use crate::config::catalogue::{self, Row};
use crate::config::paths::{Folders, journals_in};
use crate::config::plan;
use crate::engine::event::Record;
use crate::engine::id::Sym;
use crate::engine::metric::{Metric, Scope, Value};
use crate::engine::money::Money;
use crate::engine::spelling;
use crate::engine::time::Span;
use crate::engine::{Arrival, Engine};
use crate::feed::account::Environment;
use crate::interview::question::latest;
use crate::interview::talk::Talk;
use crate::interview::{self, InterviewError};
use crate::journal::Reader;
use crate::lessons::Lessons;
use crate::summary;
use crate::ui::words::Words;

/// The plan that explains every key.
const EXAMPLE: &str = include_str!("../../config/plan.example.toml");

/// Runs a verb of `warroom plan`.
///
/// # Errors
/// When no plan or no list could be made.
pub fn run(verb: PlanVerb, words: &Words, folders: Option<&Folders>, environment: Environment<'_>) -> Result<u8, Failure> {
    match verb {
        PlanVerb::Example => print(|out| out.write_all(EXAMPLE.as_bytes())).map(|()| code::DONE),
        PlanVerb::New { file, products, overwrite } => new(file, products, overwrite, words, folders),
        PlanVerb::Products { feed: Some(feed), plan: Some(plan), .. } => products_of(&of_feed(&feed, &plan, environment)?),
        PlanVerb::Products { inputs, .. } => {
            let folded = summary::fold(&summary::Request { inputs, ..summary::Request::default() }).map_err(Failure::other)?;
            products_of(&folded.engine)
        }
    }
}

fn new(file: PathBuf, products: Option<PathBuf>, overwrite: bool, words: &Words, folders: Option<&Folders>) -> Result<u8, Failure> {
    let ticked = folders.map(|folders| Lessons::open(&folders.lessons())).transpose().map_err(Failure::other)?;
    let last = folders.and_then(|folders| {
        let plans = journals_in(&folders.journals()).unwrap_or_default().into_iter();
        latest(plans.filter_map(|path| Reader::open(&path).ok()?.plan().cloned()))
    });
    let request = interview::Request {
        file,
        products,
        overwrite,
        lessons: ticked.map(Lessons::into_known).unwrap_or_default(),
        last,
        now: clock::wall_now(),
        words,
    };
    let is_person = stdin().is_terminal() && (stdout().is_terminal() || stderr().is_terminal());
    let mut talk = Talk::new(BufReader::new(stdin()), stderr(), is_person);
    let written = interview::run(&request, &mut talk).map_err(|error| match error {
        InterviewError::Io { .. } | InterviewError::Left => Failure::other(error),
        InterviewError::Exists { .. } | InterviewError::NoAnswer { .. } | InterviewError::Refused { .. } => {
            Failure::new(code::CONFIGURATION, error)
        }
    })?;
    let file = written.file.display().to_string();
    print(|out| {
        writeln!(out, "{}", words.text("ask-done", &[("file", file.as_str().into())]))?;
        written.doubts.iter().try_for_each(|doubt| writeln!(out, "  ! {}", problem(doubt.clone(), words)))
    })?;
    Ok(code::DONE)
}

/// What a feed of a plan tells when its polls are asked once.
fn of_feed(feed: &str, plan: &Path, environment: Environment<'_>) -> Result<Engine, Failure> {
    let loaded = plan::load(plan, environment).map_err(|problems| Failure::configuration(&problems))?;
    let known: Vec<&str> = loaded.accounts.iter().map(|account| account.name.as_str()).collect();
    let account = loaded.accounts.iter().find(|account| account.name == feed).ok_or_else(|| {
        Failure::new(code::CONFIGURATION, format!("{}: there is no feed `{feed}`; {}", plan.display(), spelling::remedy(feed, &known)))
    })?;
    let mut events = trial::polled(account)?;
    events.sort_by_key(|event| event.ts);
    let mut engine = Engine::new(loaded.plan, Arrival::Files);
    for (seq, event) in (1..).zip(events) {
        engine.step(&Record { seq, at: event.ts, event });
    }
    Ok(engine)
}

/// What was asked for a unit on average, where nobody named a price.
fn paid_each(engine: &Engine, product: Sym) -> Option<Money> {
    let whole = |metric| engine.reading(metric, Scope::Product(product), Span::Live).value;
    match (whole(Metric::GmvPlaced), whole(Metric::Units)) {
        (Value::Money(sum), Value::Count(units)) if units > 0 => Some(Money::new(sum.minor / units, sum.currency)),
        _ => None,
    }
}

/// The products that journals or events tell of, as a CSV file for `products = "…"`.
fn products_of(engine: &Engine) -> Result<u8, Failure> {
    let rows: Vec<Row> = engine
        .products()
        .into_iter()
        .map(|product| Row {
            sku: product.sku.to_owned(),
            name: product.name.to_owned(),
            price: product.price.or_else(|| paid_each(engine, product.sym)).map(|price| price.text()).unwrap_or_default(),
            stock: match engine.reading(Metric::Stock, Scope::Product(product.sym), Span::Live).number() {
                Some(stock) if stock >= 0.0 => format!("{stock:.0}"),
                _ => String::new(),
            },
        })
        .collect();
    if rows.is_empty() {
        return Err(Failure::other("these inputs tell of no product; give a journal, or events with inventory, views or purchases"));
    }
    print(|out| out.write_all(catalogue::write(&rows).as_bytes()))?;
    Ok(code::DONE)
}
