//! A live: its plan, its journal (found again, or begun), its feeds, its people hidden, its close.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;

use super::desk::Desk;
use super::ending::{Ending, JOURNAL_FAILED};
use super::face::Face;
use super::outbox::Outbox;
use super::session::{Outside, Session, StartFeeds};
use super::{LiveRequest, history};
use crate::clock::{self, Clock};
use crate::config::playbook::PlaybookFile;
use crate::customers::{Bought, Ledger, Pseudonyms};
use crate::engine::earlier::EarlierLive;
use crate::engine::event::Fact;
use crate::engine::id::{Name, Table};
use crate::engine::live::commerce::orders::Buyer;
use crate::engine::money::Money;
use crate::engine::plan::Plan;
use crate::engine::prior::Learnt;
use crate::engine::time::At;
use crate::engine::wire::Reject;
use crate::experience::Experience;
use crate::feed::mapper::Workshop;
use crate::feed::outlet::Resume;
use crate::feed::supervision::{Feeds, Start};
use crate::feed::{QUEUE_BATCHES, Rejected};
use crate::journal::format::key;
use crate::journal::{Journal, Quarantined, Reader, Writer};
use crate::lives::{self, KeyFigures};
use crate::ui::state::Mode;

/// How long the feeds may take to stop before the program ends.
const STOP: Duration = Duration::from_secs(3);

/// Runs a live until the operator leaves or closes it; the exit code, and whether it was closed.
///
/// # Errors
/// When the journal, the key of people or the terminal cannot be used.
pub fn run(
    request: LiveRequest,
    face: impl FnOnce(Mode, chrono_tz::Tz) -> std::io::Result<Box<dyn Face>>,
    operator: Option<String>,
) -> std::io::Result<(u8, bool)> {
    let LiveRequest { loaded, journal: path, folders } = request;
    let other = std::io::Error::other::<String>;
    let people = Pseudonyms::open(&folders.people_key()).map_err(|error| other(error.to_string()))?;
    let mut plan = loaded.plan;
    people.hide_plan(&mut plan);
    let begun = path.exists();
    let writer = Journal::of_live(&path, &plan).map_err(|error| other(error.to_string()))?;
    tracing::info!("the live {} {} in {}", plan.name, if begun { "goes on" } else { "begins" }, path.display());
    let stored = if begun { stored(&path) } else { Table::default() };
    let clock = Clock::wall();
    let zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
    let runtime = super::runtime()?;
    let _inside = runtime.enter();
    let face = face(Mode::Live, zone)?;
    let keep_names = plan.keep_chat_names;
    let mut desk = Desk::new(plan.clone(), clock.clone(), Some(writer));
    desk.hide_people(Box::new(move |event| {
        people.hide(event, keep_names);
    }));
    desk.set_operator(operator.map(Into::into));
    let ledger = Ledger::open(&folders.customers());
    let live_start = plan.starts_at.unwrap_or_else(|| clock.now()).plus_s(-plan.limits.grace_s);
    let own_playbook = loaded.file.with_file_name("playbook.toml");
    let playbook = PlaybookFile::open(own_playbook.exists().then_some(own_playbook));
    let live_end = plan.ends_at();
    let (feeds_tx, feeds_rx) = std::sync::mpsc::channel();
    let accounts = loaded.accounts;
    let experience = Experience::open(&folders.experience());
    let lives = if begun { Vec::new() } else { lives::earlier(&folders.journals(), &path, plan.starts_at.unwrap_or_else(|| clock.now())) };
    let priors = priors((ledger.as_ref().ok(), experience.as_ref().ok()), &plan, clock.now(), &lives);
    let first_playbook = playbook.current().clone();
    let start_feeds: StartFeeds = Box::new(move |desk| {
        begin(desk, &plan, begun, priors, &first_playbook);
        let (tx, rx) = mpsc::channel(QUEUE_BATCHES);
        let states: Table<_, _> = desk.engine().feeds().into_iter().map(|feed| (feed.state.feed.clone(), feed.state.clone())).collect();
        let start = Start {
            tx,
            clock: desk.clock().clone(),
            live_start,
            live_end,
            seed: clock::wall_now().ms().unsigned_abs(),
            workshop: Workshop::own(),
        };
        let resume = |feed: &Name| Resume { state: states.get(feed).cloned(), ..stored.get(feed).cloned().unwrap_or_default() };
        match Feeds::start(accounts, &start, resume) {
            Ok(feeds) => {
                // The session may have ended meanwhile; then the feeds stop with it.
                let _ = feeds_tx.send(feeds);
            }
            Err(fault) => tracing::error!("the feeds cannot be started: {fault}"),
        }
        rx
    });
    let session = Session {
        desk,
        face,
        mode: Mode::Live,
        history: if begun { Some(history::read(path.clone())?) } else { None },
        start_feeds: Some(start_feeds),
        outside: Outside::Automation(Outbox::of_live(loaded.errands)),
        playbook: Some(playbook),
        playing: None,
        foresight: Default::default(),
        bookmarks: super::session::bookmarks(&path),
        stage: None,
        curtain: None,
        sheets: None,
    };
    let (ending, desk) = runtime.block_on(session.run())?;
    if let Ok(feeds) = feeds_rx.try_recv() {
        runtime.block_on(async { tokio::time::timeout(STOP, feeds.stop()).await.ok() });
        tracing::info!("the feeds have stopped");
    }
    let ended = close(desk, Kept { ledger: ledger.ok(), experience: experience.ok() }, &path, ending);
    Ok((ended, ending == Ending::Closed))
}

/// The first records of a new journal, and what changed for one that goes on.
fn begin(desk: &mut Desk, plan: &Plan, begun: bool, priors: Option<Box<str>>, playbook: &crate::engine::rule::Playbook) {
    let known = desk.engine().plan().clone();
    if !begun || known != *plan {
        desk.write_control(Fact::Plan, json(plan));
    }
    if let (false, Some(body)) = (begun, priors) {
        desk.write_control(Fact::Priors, body);
    }
    desk.write_playbook(playbook.clone());
}

fn json(document: &impl serde::Serialize) -> Box<str> {
    serde_json::to_string(document).unwrap_or_default().into_boxed_str()
}

/// Where each feed goes on, as the journal has it.
fn stored(path: &Path) -> Table<Name, Resume> {
    let mut stored: Table<Name, Resume> = Table::default();
    let Ok(reader) = Reader::open(path) else { return stored };
    for (feed, cursor) in reader.cursors() {
        stored.entry(feed).or_default().cursor = Some(cursor);
    }
    for Quarantined { feed, place, reason, detail, beginning, .. } in reader.quarantined() {
        let aside = Rejected { reject: Reject { reason, detail }, place, beginning };
        stored.entry(feed).or_default().asides.push(aside);
    }
    stored
}

/// Customers who bought: their first order, how many they placed, what they spent.
fn buyers(desk: &Desk) -> Table<&str, Bought> {
    let (live, plan, currency) = (desk.engine().live(), desk.engine().plan(), desk.engine().currency());
    let mut buyers: Table<&str, Bought> = Table::default();
    for (_, account) in live.commerce.orders.accounts(0, u32::MAX, plan).filter(|(_, account)| account.in_scope && !account.excluded) {
        if let Buyer::Customer(customer) = account.buyer {
            let known = buyers.entry(live.books.customers.text(customer)).or_insert(Bought {
                at: account.placed,
                orders: 0,
                spent: currency.map(|currency| Money::new(0, currency)),
            });
            known.at = known.at.min(account.placed);
            known.orders += 1;
            if let Some(spent) = known.spent.as_mut().filter(|_| account.cancelled.is_none()) {
                spent.minor = spent.minor.saturating_add(account.value);
            }
        }
    }
    buyers
}

/// What earlier lives say, as the body of a control record: who bought then, what was learnt, and how each of them went minute
/// by minute. `None` where there was none.
fn priors((ledger, experience): (Option<&Ledger>, Option<&Experience>), plan: &Plan, now: At, lives: &[EarlierLive]) -> Option<Box<str>> {
    let buyers = ledger.and_then(|ledger| ledger.priors(plan, now).ok().flatten()).and_then(|event| match event.fact {
        Fact::Priors(control) => serde_json::from_str::<serde_json::Map<_, _>>(&control.body).ok(),
        _ => None,
    });
    let learnt = experience.and_then(|experience| experience.priors(plan, now).ok().flatten());
    let learnt = learnt.and_then(|learnt| match serde_json::to_value(learnt) {
        Ok(serde_json::Value::Object(learnt)) => Some(learnt),
        _ => None,
    });
    let mut body = buyers.unwrap_or_default();
    body.extend(learnt.unwrap_or_default());
    if !lives.is_empty() {
        body.insert("lives".into(), serde_json::to_value(lives).unwrap_or_default());
    }
    (!body.is_empty()).then(|| json(&body))
}

/// Where later lives find what this one leaves.
struct Kept {
    ledger: Option<Ledger>,
    experience: Option<Experience>,
}

/// Stores what later lives need, and closes the journal.
fn close(desk: Desk, kept: Kept, path: &Path, ending: Ending) -> u8 {
    let figures = KeyFigures::of(desk.engine(), desk.journal().map_or(0, Writer::last_seq));
    if let Some(experience) = kept.experience
        && let Err(error) = experience.remember(desk.engine().plan(), desk.now(), &Learnt::of(desk.engine()))
    {
        eprintln!("warroom: what this live taught was not kept: {error}");
    }
    if let Some(mut ledger) = kept.ledger {
        let buyers = buyers(&desk);
        if let Err(error) = ledger.remember(desk.engine().plan(), buyers.iter().map(|(name, bought)| (*name, *bought))) {
            eprintln!("warroom: the ledger of customers was not written: {error}");
        }
    }
    let Some(journal) = desk.into_journal() else { return ending.code() };
    journal.remember(key::FIGURES, serde_json::to_string(&figures).unwrap_or_default());
    let closing = journal.close();
    tracing::info!("the journal is closed; {} records were not stored", closing.lost);
    if closing.ever_failed {
        let error = closing.error.unwrap_or_else(|| "it failed on the way".to_owned());
        eprintln!("warroom: {}: {error}; {} records were not stored", path.display(), closing.lost);
        return JOURNAL_FAILED;
    }
    ending.code()
}
