//! Filters run in a process of their own, one for each feed: whatever they do to its stack, its memory or its time, the desk
//! goes on, and only the input that they did it with is put aside.

pub mod child;
mod frame;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::fault::{Fault, FaultKind};
use super::filter::Filter;
use super::mapping::{Context, Mapped, Recipe};
use crate::engine::id::Set;
use crate::engine::wire;
use frame::{LENGTHS_BYTES, Order, Report, TOO_LONG};

/// The verb that starts the child.
pub const VERB: &str = "mapper";
/// Wall time that mapping one payload may take.
pub const BUDGET: Duration = Duration::from_secs(5);
/// On top of it for a child that has just been started.
const STARTING: Duration = Duration::from_secs(10);
/// Inputs of one payload that may end the child; with one more the payload as a whole is refused.
const MOST_FATAL: usize = 3;
/// Kept of a child's last words.
const LAST_WORDS_BYTES: u64 = 4 << 10;
/// How long a child may take to be gone.
const END: Duration = Duration::from_secs(1);

/// A payload and what became of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub payload: Vec<u8>,
    pub mapped: Result<Mapped, Fault>,
}

/// Is told every payload that a mapper maps; what it has no room for it misses.
pub type Witness = mpsc::Sender<Exchange>;

/// Where mappers come from: the `warroom` that their processes are.
#[derive(Clone, Debug)]
pub struct Workshop {
    program: PathBuf,
}

impl Workshop {
    #[must_use]
    pub fn of(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Of the program that runs, even where its file has been replaced since.
    #[must_use]
    pub fn own() -> Self {
        let kept = Path::new("/proc/self/exe");
        Self::of(if kept.exists() { kept.to_owned() } else { std::env::current_exe().unwrap_or_else(|_| "warroom".into()) })
    }

    /// A mapper; its process is started with its first payload.
    #[must_use]
    pub fn mapper(&self) -> Mapper {
        Mapper { program: self.program.clone(), witness: None, worker: Arc::default() }
    }
}

/// Maps the payloads of one feed, one after the other. Its process ends with the last handle.
#[derive(Clone, Debug)]
pub struct Mapper {
    program: PathBuf,
    witness: Option<Witness>,
    worker: Arc<Mutex<Option<Worker>>>,
}

impl Mapper {
    /// The same, watched.
    #[must_use]
    pub fn watched(self, witness: Witness) -> Self {
        Self { witness: Some(witness), ..self }
    }

    /// What a payload becomes.
    ///
    /// # Errors
    /// When the payload is no JSON within the limits, the platform says no in it, or the filters end their process with more
    /// than a few of its inputs or take longer than [`BUDGET`].
    pub async fn map(&self, payload: Vec<u8>, recipe: &Recipe, context: Context) -> Result<Mapped, Fault> {
        let mapped = self.map_around(&payload, recipe, &context).await;
        if let Some(witness) = &self.witness {
            // a full or closed witness misses it, the feed goes on
            let _ = witness.try_send(Exchange { payload, mapped: mapped.clone() });
        }
        mapped
    }

    /// Maps a payload around the inputs that end the child.
    async fn map_around(&self, payload: &[u8], recipe: &Recipe, context: &Context) -> Result<Mapped, Fault> {
        let numbers = recipe.each(|filter| Some(filter.number)).ok_or_else(|| Fault::new(FaultKind::Mapping, "no filter"))?;
        let filters: Vec<&Filter> = recipe.filters().collect();
        let (mut careful, mut skip) = (false, Vec::new());
        loop {
            let order = Order::Map {
                recipe: numbers.clone(),
                context: context.clone(),
                joined: context.join.is_some(),
                careful,
                skip: skip.clone(),
            };
            let end = match self.attempt(&filters, context, &order, payload).await {
                Ok((Report::Mapped(mapped), lines)) => return read_lines(mapped?, &lines, context),
                Ok(_) => return Err(Fault::new(FaultKind::Mapping, "the mapper answers something else")),
                Err(end) => end,
            };
            // the first end may have been none of this payload's: the next child says with which input it ends
            match end.input {
                _ if !careful && (recipe.items.is_some() || !end.late) => careful = true,
                Some(input) if skip.len() < MOST_FATAL && skip.iter().all(|(skipped, _)| *skipped != input) => {
                    skip.push((input, end.fault.detail));
                }
                _ => return Err(end.fault),
            }
        }
    }

    /// The outputs of a filter about a payload, as texts; null and false say nothing.
    ///
    /// # Errors
    /// When the payload is no JSON within the limits, or the filter fails or ends its process.
    pub async fn ask(&self, filter: &Filter, payload: &[u8], context: Context) -> Result<Vec<Option<String>>, Fault> {
        let order = Order::Ask { filter: filter.number, context: context.clone() };
        match self.attempt(&[filter], &context, &order, payload).await {
            Ok((Report::Said(said), _)) => said,
            Ok(_) => Err(Fault::new(FaultKind::Mapping, "the mapper answers something else")),
            Err(end) => Err(end.fault),
        }
    }

    /// The first output of a filter about a payload.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn first(&self, filter: &Filter, payload: &[u8], context: Context) -> Result<Option<String>, Fault> {
        Ok(self.ask(filter, payload, context).await?.into_iter().next().flatten())
    }

    /// One order to the child, which is started where there is none.
    async fn attempt(&self, filters: &[&Filter], context: &Context, order: &Order, body: &[u8]) -> Result<(Report, Vec<u8>), End> {
        let mut place = self.worker.lock().await;
        // whoever stops waiting for the answer leaves no child behind that still gives it
        let (mut worker, patience) = match place.take() {
            Some(worker) => (worker, BUDGET),
            None => (Worker::start(&self.program)?, STARTING + BUDGET),
        };
        let mut input = None;
        let answer = timeout(patience, worker.obey(filters, context, (order, body), &mut input)).await;
        let input = input.filter(|number| *number > 0);
        match answer {
            Ok(Ok(answer)) => {
                *place = Some(worker);
                Ok(answer)
            }
            Ok(Err(error)) => Err(End { fault: worker.last_words(&error).await, input, late: false }),
            Err(_) => Err(End { fault: Fault::new(FaultKind::Mapping, "the filter did not end within 5 s"), input, late: true }),
        }
    }
}

/// The events of a mapped payload, of which the child has seen that they can be read.
fn read_lines(mut mapped: Mapped, lines: &[u8], context: &Context) -> Result<Mapped, Fault> {
    let wrong = |what: &str| Fault::new(FaultKind::Mapping, format!("the mapper gives a line that is no event: {what}"));
    let lines = std::str::from_utf8(lines).map_err(|_| wrong("not UTF-8"))?;
    for line in lines.lines() {
        mapped.events.push(wire::read(line, &context.defaults).map_err(|reject| wrong(&reject.detail))?.event);
    }
    Ok(mapped)
}

/// A child that came to its end.
struct End {
    fault: Fault,
    /// The input that it was at, from 1, where it was asked to say so.
    input: Option<usize>,
    /// It was ended for taking too long.
    late: bool,
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self { fault, input: None, late: false }
    }
}

/// A child process and what it knows.
#[derive(Debug)]
struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    known: Set<u64>,
    join: Option<Arc<str>>,
}

impl Worker {
    fn start(program: &Path) -> Result<Self, Fault> {
        let no_process = |why: String| Fault::new(FaultKind::Mapping, format!("no process for the filters: {why}"));
        let mut command = Command::new(program);
        #[cfg(unix)]
        command.arg0("warroom").process_group(0);
        // it needs nothing of what the environment knows
        command.arg(VERB).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| no_process(error.to_string()))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Self { child, stdin, stdout: BufReader::new(stdout), known: Set::default(), join: None }),
            _ => Err(no_process("no pipe".to_owned())),
        }
    }

    async fn obey(
        &mut self,
        filters: &[&Filter],
        context: &Context,
        (order, body): (&Order, &[u8]),
        input: &mut Option<usize>,
    ) -> std::io::Result<(Report, Vec<u8>)> {
        for filter in filters {
            if self.known.insert(filter.number) {
                let learn = Order::Learn { number: filter.number, source: (*filter.source).clone() };
                self.send(&learn, &[]).await?;
            }
        }
        if let Some(join) = &context.join
            && self.join.as_ref().is_none_or(|known| !Arc::ptr_eq(known, join))
        {
            self.send(&Order::Join, join.as_bytes()).await?;
            self.join = Some(Arc::clone(join));
        }
        self.send(order, body).await?;
        loop {
            match self.receive().await? {
                (Report::Begins(number), _) => *input = Some(number),
                answer => return Ok(answer),
            }
        }
    }

    async fn send(&mut self, order: &Order, body: &[u8]) -> std::io::Result<()> {
        self.stdin.write_all(&frame::begin(order, body.len())?).await?;
        self.stdin.write_all(body).await
    }

    async fn receive(&mut self) -> std::io::Result<(Report, Vec<u8>)> {
        let mut ahead = [0; LENGTHS_BYTES];
        self.stdout.read_exact(&mut ahead).await?;
        let (head_bytes, body_bytes) = frame::lengths(ahead)?;
        let (mut head, mut body) = (vec![0; head_bytes], vec![0; body_bytes]);
        self.stdout.read_exact(&mut head).await?;
        self.stdout.read_exact(&mut body).await?;
        Ok((serde_json::from_slice(&head)?, body))
    }

    /// Why it ended, by what it said on its standard error, and its status.
    async fn last_words(mut self, error: &std::io::Error) -> Fault {
        let mut words = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let read = AsyncReadExt::take(stderr, LAST_WORDS_BYTES);
            // a child that does not end is ended below
            drop(timeout(END, async { { read }.read_to_end(&mut words).await }).await);
        }
        let words = String::from_utf8_lossy(&words);
        let why = if words.contains("overflowed its stack") {
            "the filter builds values that are nested too deep, or calls itself too often".to_owned()
        } else if words.contains("memory allocation of") {
            "the filter needs more than 1 GiB of memory".to_owned()
        } else if words.contains(TOO_LONG) || error.to_string() == TOO_LONG {
            format!("the filter gives {TOO_LONG}")
        } else {
            drop(self.child.start_kill());
            match timeout(END, self.child.wait()).await {
                Ok(Ok(status)) => format!("the process of the filters ended: {status}"),
                _ => "the process of the filters ended".to_owned(),
            }
        };
        Fault::new(FaultKind::Mapping, why)
    }
}
