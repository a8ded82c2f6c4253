//! The other side of a [`super::Mapper`]: a process that runs filters, and may end by them.
//!
//! One thread reads orders, one works, one watches that the work gets on. With its mapper the process ends at once.

use std::io::{self, Stdout, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::Thread;
use std::time::Duration;

use jaq_json::Val;
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use super::CPU_BUDGET;
use super::frame::{self, Order, Report};
use crate::clock;
use crate::engine::id::Table;
use crate::feed::fault::{Fault, FaultKind};
use crate::feed::filter::Compiled;
use crate::feed::mapping::Recipe;
use crate::feed::mapping::run::{self, Outcome, Resume, Scope, Watch};

/// Of the address space, where the system counts it.
const MEMORY_BYTES: u64 = 1 << 30;
/// Filters recurse; a thread's usual stack is small for that. What is not used costs nothing.
const STACK_BYTES: usize = 64 << 20;
/// Without getting on, where no processor is used either.
const WALL_BUDGET: Duration = Duration::from_secs(30);
/// How often it is looked whether the work gets on, and said that it does.
const LOOK: Duration = Duration::from_millis(250);

/// Serves the mapper at the other end of stdin and stdout until it goes; the exit code.
#[must_use]
pub fn serve() -> u8 {
    let limit = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    // where the system cannot limit them, the watch on the work still does
    let _ = setrlimit(Resource::As, limit(MEMORY_BYTES));
    let _ = setrlimit(Resource::Core, limit(0));
    let (tx, rx) = mpsc::sync_channel(1);
    let desk = Arc::new(Desk { out: Mutex::new(io::stdout()), steps: AtomicU64::new(0), input: AtomicUsize::new(0) });
    let watched = Arc::clone(&desk);
    let Ok(watch) = std::thread::Builder::new().name("watch".into()).spawn(move || watched.watch()) else { return 1 };
    let watch = watch.thread().clone();
    let work = move || {
        let ended = catch_unwind(AssertUnwindSafe(|| Bench::new(desk, watch).work(&rx)));
        if let Ok(Err(error)) = &ended {
            // there is nowhere else to say it
            drop(writeln!(io::stderr(), "{error}"));
        }
        std::process::exit(i32::from(!matches!(ended, Ok(Ok(())))));
    };
    let work = std::thread::Builder::new().name("map".into()).stack_size(STACK_BYTES).spawn(work);
    if work.is_err() {
        return 1;
    }
    let mut stdin = io::stdin().lock();
    while let Ok(Some(frame)) = frame::read(&mut stdin) {
        if tx.send(frame).is_err() {
            break;
        }
    }
    0
}

/// What the working and the watching thread share.
struct Desk {
    out: Mutex<Stdout>,
    /// Odd while an order is carried out; counted on with whatever shows that the work gets on.
    steps: AtomicU64,
    /// The input that is mapped, from 1.
    input: AtomicUsize,
}

impl Desk {
    fn say(&self, report: &impl Serialize, body: &[u8]) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        frame::write(&mut *out, report, body)
    }

    /// Says that the work gets on, or ends the process where it does not. Where nothing is to be done it sleeps until it is woken.
    fn watch(&self) {
        let (mut seen, mut since, mut at) = (0, Duration::ZERO, clock::instant());
        loop {
            if seen == self.steps.load(Ordering::Acquire) && seen % 2 == 0 {
                std::thread::park();
            }
            std::thread::sleep(LOOK);
            let (steps, used) = (self.steps.load(Ordering::Acquire), cpu_time());
            let is_busy = steps % 2 == 1;
            if steps != seen || !is_busy {
                (seen, since, at) = (steps, used, clock::instant());
            }
            if used.saturating_sub(since) > CPU_BUDGET || at.elapsed() > WALL_BUDGET {
                // a mapper that has gone hears nothing, and the process ends all the same
                drop(self.say(&Report::Stuck(self.input.load(Ordering::Acquire)), &[]));
                std::process::exit(1);
            }
            if is_busy && self.say(&Report::Works, &[]).is_err() {
                std::process::exit(1);
            }
        }
    }

    fn gets_on(&self) {
        self.steps.fetch_add(2, Ordering::Release);
    }
}

/// What this process has used of a processor: that of a filter, for nothing else does anything here.
fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// What the child has been told so far.
struct Bench {
    desk: Arc<Desk>,
    watch: Thread,
    filters: Table<u64, Compiled>,
    join: Val,
}

/// How an order to map is watched.
struct Progress<'d> {
    desk: &'d Desk,
    careful: bool,
}

impl Watch for Progress<'_> {
    fn begins(&self, number: usize) {
        self.desk.input.store(number, Ordering::Release);
        self.desk.gets_on();
        if self.careful {
            // a mapper that has gone hears nothing, and its child ends with it
            drop(self.desk.say(&Report::Begins(number), &[]));
        }
    }

    fn goes_on(&self) {
        self.desk.gets_on();
    }

    fn keeps(&self, outcome: &mut Outcome, poison: Option<u64>) {
        if self.careful {
            let Outcome { mapped, lines } = std::mem::take(outcome);
            drop(self.desk.say(&Report::Keeps(mapped, poison), lines.join("\n").as_bytes()));
        }
    }
}

impl Bench {
    fn new(desk: Arc<Desk>, watch: Thread) -> Self {
        Self { desk, watch, filters: Table::default(), join: Val::Null }
    }

    fn work(&mut self, orders: &mpsc::Receiver<(Vec<u8>, Vec<u8>)>) -> io::Result<()> {
        while let Ok((head, body)) = orders.recv() {
            self.desk.input.store(0, Ordering::Release);
            // odd: busy
            self.desk.steps.fetch_add(1, Ordering::Release);
            self.watch.unpark();
            let done = self.obey(serde_json::from_slice(&head)?, &body);
            self.desk.steps.fetch_add(1, Ordering::Release);
            done?;
        }
        Ok(())
    }

    fn obey(&mut self, order: Order, body: &[u8]) -> io::Result<()> {
        match order {
            Order::Learn { number, source } => {
                let compiled = Compiled::new(&source).map_err(|error| io::Error::other(error.what))?;
                self.filters.insert(number, compiled);
                Ok(())
            }
            Order::Join => {
                self.join = run::parse(body).map_err(|fault| io::Error::other(fault.to_string()))?;
                Ok(())
            }
            Order::Map { recipe, context, joined, careful, resume } => {
                let scope = Scope::new(context, if joined { self.join.clone() } else { Val::Null });
                let (mapped, lines) = match self.map(body, &recipe, &scope, &resume, careful) {
                    Ok(Outcome { mapped, lines }) => (Ok(mapped), lines.join("\n")),
                    Err(fault) => (Err(fault), String::new()),
                };
                self.desk.say(&Report::Mapped(mapped), lines.as_bytes())
            }
            Order::Ask { filter, context } => {
                let said = match self.filters.get(&filter) {
                    Some(filter) => run::ask(body, filter, &Scope::new(context, Val::Null)),
                    None => Err(untaught()),
                };
                self.desk.say(&Report::Said(said), &[])
            }
        }
    }

    fn map(&self, payload: &[u8], recipe: &Recipe<u64>, scope: &Scope, resume: &Resume, careful: bool) -> Result<Outcome, Fault> {
        let recipe = recipe.each(|number| self.filters.get(number)).ok_or_else(untaught)?;
        run::map(payload, &recipe, scope, resume, &Progress { desk: &self.desk, careful })
    }
}

fn untaught() -> Fault {
    Fault::new(FaultKind::Crashed, "the mapper was not told its filters")
}
