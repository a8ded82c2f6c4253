//! Filters run in a process of their own, one for each feed and one for the logins and tables of an account: whatever they do
//! to its stack, its memory or its time, the desk goes on, and only the inputs that they did it with are put aside.
//!
//! A process that ends by itself did so by what it was mapping. It is mapped once more, input by input: what is finished is
//! kept, the input that ends the process is put aside, and known again when it comes again. A process that is killed, or
//! frozen, says nothing about a payload: then nothing is put aside, and whoever brought the payload brings it again.

pub mod child;
mod frame;

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fault::{Fault, FaultKind};
use super::filter::Filter;
use super::mapping::run::Resume;
use super::mapping::{Context, Mapped, Recipe};
use crate::clock;
use crate::engine::id::Set;
use crate::engine::wire;
use frame::{LENGTHS_BYTES, Order, Report, TOO_LONG};

/// The verb that starts the child.
pub const VERB: &str = "mapper";
/// Time of a processor without getting on: to another input, or another output of the same.
pub const CPU_BUDGET: Duration = Duration::from_secs(2);
/// A child that works says so more often than this, however long it takes.
const SILENCE: Duration = Duration::from_secs(5);
/// On top of it for a child that has just been started.
const STARTING: Duration = Duration::from_secs(10);
/// A payload whose inputs end children for so long comes again later; those that did are known then.
const PATIENCE: Duration = Duration::from_secs(15);
/// So many children may be killed or freeze over one payload.
const MOST_KILLED: usize = 3;
/// Inputs that are known to end their process.
const MOST_POISON: usize = 256;
/// Kept of a child's last words.
const LAST_WORDS_BYTES: usize = 4 << 10;
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
        Mapper { program: self.program.clone(), witness: None, room: Arc::default() }
    }
}

/// Maps the payloads of one feed, one after the other. Its process ends with the last handle.
#[derive(Clone, Debug)]
pub struct Mapper {
    program: PathBuf,
    witness: Option<Witness>,
    room: Arc<Mutex<Room>>,
}

/// Who has it maps.
#[derive(Debug, Default)]
struct Room {
    worker: Option<Worker>,
    /// Marks of inputs that ended a child, and why; the oldest first.
    poison: Vec<(u64, String)>,
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
    /// When the payload is no JSON within the limits, the platform says no in it, its filters end their process with all of it,
    /// or, as [`FaultKind::Crashed`], when it may become something the next time.
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
        let mut room = self.room.lock().await;
        let began = clock::instant();
        let (mut kept, mut careful, mut killed) = (Kept::default(), false, 0);
        let mut resume = Resume { poison: room.poison.clone(), ..Resume::default() };
        loop {
            let order = Order::Map { recipe: numbers.clone(), context: context.clone(), joined: context.join.is_some(), careful, resume };
            let end = match self.attempt(&mut room, &filters, context, (&order, payload), &mut kept).await {
                Ok((Report::Mapped(mapped), lines)) => {
                    kept.add(mapped?, &lines, context)?;
                    return Ok(kept.mapped);
                }
                Ok(_) => return Err(Fault::new(FaultKind::Crashed, "the mapper answers something else")),
                Err(end) => end,
            };
            let aside = match end.input.or(kept.input) {
                _ if end.fault.kind == FaultKind::Crashed => {
                    tracing::warn!("a payload is mapped again: {}", end.fault.detail);
                    killed += 1;
                    None
                }
                Some(input) => Some((input, end.fault.detail.clone())),
                None if recipe.items.is_none() || careful => return Err(end.fault),
                None => None,
            };
            if killed > MOST_KILLED || began.elapsed() > PATIENCE {
                return Err(Fault { kind: FaultKind::Crashed, ..end.fault });
            }
            careful |= recipe.items.is_some() && end.fault.kind != FaultKind::Crashed;
            kept.input = None;
            resume = Resume { done: kept.done, aside, poison: room.poison.clone() };
        }
    }

    /// The outputs of a filter about a payload, as texts; null and false say nothing.
    ///
    /// # Errors
    /// When the payload is no JSON within the limits, or the filter fails or ends its process.
    pub async fn ask(&self, filter: &Filter, payload: &[u8], context: Context) -> Result<Vec<Option<String>>, Fault> {
        let order = Order::Ask { filter: filter.number, context: context.clone() };
        let mut room = self.room.lock().await;
        match self.attempt(&mut room, &[filter], &context, (&order, payload), &mut Kept::default()).await {
            Ok((Report::Said(said), _)) => said,
            Ok(_) => Err(Fault::new(FaultKind::Crashed, "the mapper answers something else")),
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
    async fn attempt(
        &self,
        room: &mut Room,
        filters: &[&Filter],
        context: &Context,
        (order, body): (&Order, &[u8]),
        kept: &mut Kept,
    ) -> Result<(Report, Vec<u8>), End> {
        // whoever stops waiting for the answer leaves no child behind that still gives it
        let (mut worker, mut patience) = match room.worker.take() {
            Some(worker) => (worker, SILENCE),
            None => (Worker::start(&self.program)?, STARTING + SILENCE),
        };
        let sent = timeout(patience, worker.send_all(filters, context, order, body)).await;
        let mut said = match sent {
            // one that has ended may have told why
            Ok(_) => timeout(patience, worker.receive()).await,
            Err(late) => Err(late),
        };
        loop {
            patience = SILENCE;
            match said {
                Ok(Ok((Report::Works, _))) => {}
                Ok(Ok((Report::Begins(number), _))) => kept.input = Some(number).filter(|number| *number > 0),
                Ok(Ok((Report::Keeps(mapped, poison), lines))) => {
                    if let (Some(mark), Some(rejected)) = (poison, mapped.rejected.first()) {
                        room.note_poison(mark, rejected.reject.detail.trim_start_matches("map: "));
                    }
                    kept.finish(mapped, &lines, context)?;
                }
                Ok(Ok((Report::Stuck(input), _))) => {
                    let fault = Fault::new(FaultKind::Mapping, "the filter did not get on within 2 s");
                    return Err(End { fault, input: Some(input).filter(|number| *number > 0) });
                }
                Ok(Ok(answer)) => {
                    room.worker = Some(worker);
                    return Ok(answer);
                }
                Ok(Err(error)) => return Err(worker.last_words(&error).await.into()),
                Err(_) => return Err(Fault::new(FaultKind::Crashed, "the process of the filters does not answer").into()),
            }
            said = timeout(patience, worker.receive()).await;
        }
    }
}

impl Room {
    fn note_poison(&mut self, mark: u64, why: &str) {
        if self.poison.iter().all(|(known, _)| *known != mark) {
            self.poison.push((mark, why.to_owned()));
            if self.poison.len() > MOST_POISON {
                self.poison.remove(0);
            }
        }
    }
}

/// What is finished of a payload.
#[derive(Default)]
struct Kept {
    mapped: Mapped,
    /// Inputs that were handed over one by one.
    done: usize,
    /// The input that the child is at, from 1, where it says so.
    input: Option<usize>,
}

impl Kept {
    /// The input that the child is at is finished.
    fn finish(&mut self, mapped: Mapped, lines: &[u8], context: &Context) -> Result<(), Fault> {
        self.done = self.input.take().unwrap_or(self.done);
        self.add(mapped, lines, context)
    }

    /// Adds what was mapped, with the events of which the child has seen that they can be read.
    fn add(&mut self, mut mapped: Mapped, lines: &[u8], context: &Context) -> Result<(), Fault> {
        let wrong = |what: &str| Fault::new(FaultKind::Mapping, format!("the mapper gives a line that is no event: {what}"));
        let lines = std::str::from_utf8(lines).map_err(|_| wrong("not UTF-8"))?;
        for line in lines.lines() {
            mapped.events.push(wire::read(line, &context.defaults).map_err(|reject| wrong(&reject.detail))?.event);
        }
        let ack = mapped.ack.take();
        self.mapped.append(mapped);
        self.mapped.ack = ack;
        Ok(())
    }
}

/// A child that came to its end.
struct End {
    fault: Fault,
    /// The input that it was at, from 1, where it said so.
    input: Option<usize>,
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self { fault, input: None }
    }
}

/// A child process and what it knows.
#[derive(Debug)]
struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// The end of what it says on its standard error, which filters may write to as well.
    words: JoinHandle<Vec<u8>>,
    known: Set<u64>,
    join: Option<Arc<str>>,
}

impl Worker {
    fn start(program: &Path) -> Result<Self, Fault> {
        let no_process = |why: String| Fault::new(FaultKind::Crashed, format!("no process for the filters: {why}"));
        let mut command = Command::new(program);
        #[cfg(unix)]
        command.arg0("warroom").process_group(0);
        // it needs nothing of what the environment knows
        command.arg(VERB).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| no_process(error.to_string()))?;
        match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(stdin), Some(stdout), Some(stderr)) => {
                let words = tokio::spawn(hear_out(stderr));
                Ok(Self { child, stdin, stdout: BufReader::new(stdout), words, known: Set::default(), join: None })
            }
            _ => Err(no_process("no pipe".to_owned())),
        }
    }

    /// Teaches what the child does not know yet, and gives the order.
    async fn send_all(&mut self, filters: &[&Filter], context: &Context, order: &Order, body: &[u8]) -> std::io::Result<()> {
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
        self.send(order, body).await
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
        // a child that does not end is ended below
        let words = timeout(END, &mut self.words).await.ok().and_then(Result::ok).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        drop(self.child.start_kill());
        let status = timeout(END, self.child.wait()).await.ok().and_then(Result::ok);
        let why = if words.contains("overflowed its stack") {
            "the filter builds values that are nested too deep, or calls itself too often"
        } else if words.contains("memory allocation of") {
            "the filter needs more than 1 GiB of memory"
        } else if words.contains(TOO_LONG) || error.to_string() == TOO_LONG {
            "the filter gives more than 64 MiB"
        } else if was_killed(status) {
            return Fault::new(FaultKind::Crashed, "the process of the filters was killed");
        } else {
            "the process of the filters ended"
        };
        Fault::new(FaultKind::Mapping, why)
    }
}

/// Reads a child's standard error to its end, and keeps the last of it.
async fn hear_out(mut stderr: ChildStderr) -> Vec<u8> {
    let (mut words, mut chunk) = (Vec::new(), [0; LAST_WORDS_BYTES]);
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        words.extend_from_slice(&chunk[..count]);
        words.drain(..words.len().saturating_sub(LAST_WORDS_BYTES));
    }
    words
}

/// By somebody else: the filters themselves end it otherwise.
#[cfg(unix)]
fn was_killed(status: Option<ExitStatus>) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const KILL: i32 = 9;
    const TERM: i32 = 15;
    status.is_none_or(|status| matches!(status.signal(), Some(KILL | TERM)))
}

#[cfg(not(unix))]
fn was_killed(status: Option<ExitStatus>) -> bool {
    status.is_none()
}
