//! The other side of a [`super::Mapper`]: a process that runs filters, and may end by them.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use jaq_json::Val;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::frame::{self, Order, Report};
use crate::engine::id::Table;
use crate::feed::fault::{Fault, FaultKind};
use crate::feed::filter::Compiled;
use crate::feed::mapping::Recipe;
use crate::feed::mapping::run::{self, Care, Outcome, Scope};

/// Of the address space, where the system counts it.
const MEMORY_BYTES: u64 = 1 << 30;
/// Filters recurse; a thread's usual stack is small for that. What is not used costs nothing.
const STACK_BYTES: usize = 64 << 20;

/// Serves the mapper at the other end of stdin and stdout until it goes; the exit code.
#[must_use]
pub fn serve() -> u8 {
    let limit = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    // where the system cannot limit them, the mapper's patience still does
    let _ = setrlimit(Resource::As, limit(MEMORY_BYTES));
    let _ = setrlimit(Resource::Core, limit(0));
    let (tx, rx) = mpsc::sync_channel(1);
    let work = move || {
        let ended = catch_unwind(AssertUnwindSafe(|| Bench::default().work(&rx)));
        if let Ok(Err(error)) = &ended {
            // there is nowhere else to say it
            drop(writeln!(io::stderr(), "{error}"));
        }
        std::process::exit(i32::from(!matches!(ended, Ok(Ok(())))));
    };
    if std::thread::Builder::new().name("map".into()).stack_size(STACK_BYTES).spawn(work).is_err() {
        return 1;
    }
    let mut stdin = io::stdin().lock();
    // with its mapper it ends at once, whatever a filter is doing
    while let Ok(Some(frame)) = frame::read(&mut stdin) {
        if tx.send(frame).is_err() {
            break;
        }
    }
    0
}

/// What the child has been told so far.
#[derive(Debug, Default)]
struct Bench {
    filters: Table<u64, Compiled>,
    join: Val,
}

impl Bench {
    fn work(&mut self, orders: &mpsc::Receiver<(Vec<u8>, Vec<u8>)>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        while let Ok((head, body)) = orders.recv() {
            match serde_json::from_slice(&head)? {
                Order::Learn { number, source } => {
                    let compiled = Compiled::new(&source).map_err(|error| io::Error::other(error.what))?;
                    self.filters.insert(number, compiled);
                }
                Order::Join => self.join = run::parse(&body).map_err(|fault| io::Error::other(fault.to_string()))?,
                Order::Map { recipe, context, joined, careful, skip } => {
                    let mut begin = |number| {
                        if careful {
                            // a mapper that has gone hears nothing, and its child ends with it
                            drop(frame::write(&mut out, &Report::Begins(number), &[]));
                        }
                    };
                    let scope = Scope::new(context, if joined { self.join.clone() } else { Val::Null });
                    let outcome = self.map(&body, &recipe, &scope, Care { skip: &skip, begin: &mut begin });
                    let (mapped, lines) = match outcome {
                        Ok(Outcome { mapped, lines }) => (Ok(mapped), lines.join("\n")),
                        Err(fault) => (Err(fault), String::new()),
                    };
                    frame::write(&mut out, &Report::Mapped(mapped), lines.as_bytes())?;
                }
                Order::Ask { filter, context } => {
                    let said = match self.filters.get(&filter) {
                        Some(filter) => run::ask(&body, filter, &Scope::new(context, Val::Null)),
                        None => Err(untaught()),
                    };
                    frame::write(&mut out, &Report::Said(said), &[])?;
                }
            }
        }
        Ok(())
    }

    fn map(&self, payload: &[u8], recipe: &Recipe<u64>, scope: &Scope, care: Care<'_>) -> Result<Outcome, Fault> {
        let recipe = recipe.each(|number| self.filters.get(number)).ok_or_else(untaught)?;
        run::map(payload, &recipe, scope, care)
    }
}

fn untaught() -> Fault {
    Fault::new(FaultKind::Mapping, "the mapper was not told its filters")
}
