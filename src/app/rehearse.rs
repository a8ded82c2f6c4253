//! A rehearsal: a broadcast that answers to what the operator does, kept in a journal of its own, with its debrief at the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::demo::drive;
use super::desk::Desk;
use super::ending::{Ending, JOURNAL_FAILED};
use super::face::Face;
use super::session::{Outside, Session};
use crate::clock::{self, Clock};
use crate::config::playbook;
use crate::engine::event::Fact;
use crate::journal::Journal;
use crate::rehearsal::best::Budget;
use crate::rehearsal::debrief;
use crate::rehearsal::policy::Advised;
use crate::rehearsal::score::{Played, Score, score};
use crate::rehearsal::solo::{Solo, raised};
use crate::simulate::broadcast::Broadcast;
use crate::simulate::scenario::Scenario;
use crate::ui::state::Mode;
use crate::ui::words::{Lang, Words};

/// How fast the desk's own advice is followed where it plays by itself.
const REACTION_S: i64 = 45;

/// What `warroom rehearse` is asked for.
#[derive(Debug)]
pub struct Request {
    pub scenario: Scenario,
    pub seed: u64,
    pub speed: f64,
    /// Play by the playbook, without a screen.
    pub solo: bool,
    /// The score as JSON instead of the debrief.
    pub json: bool,
    pub journal: PathBuf,
    pub lang: Lang,
}

/// Plays a rehearsal; the exit code and what to print.
///
/// # Errors
/// When the journal or the terminal cannot be used.
pub fn run(request: Request, face: impl FnOnce(Mode, chrono_tz::Tz) -> std::io::Result<Box<dyn Face>>) -> std::io::Result<(u8, String)> {
    let Request { scenario, seed, speed, solo, json, journal, lang } = request;
    let scenario = Arc::new(scenario);
    let other = std::io::Error::other::<String>;
    if solo {
        let mut play = Solo::new(Arc::clone(&scenario), seed).map_err(other)?;
        play.engine_mut().arm(playbook::shipped());
        let played = play.play(&mut Advised::new(REACTION_S));
        let score = score(&played, Budget::default(), None).map_err(other)?;
        return Ok((0, told(&score, json, lang)));
    }
    let broadcast = Broadcast::new(Arc::clone(&scenario), seed).map_err(other)?;
    let plan = scenario.plan();
    let zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
    let clock = Clock::scaled(scenario.starts_at.plus_s(scenario.opens_s()), speed);
    let writer = Journal::create(&journal, &plan).map_err(|error| std::io::Error::other(error.to_string()))?;
    let runtime = super::runtime()?;
    let _inside = runtime.enter();
    let mut desk = Desk::new(plan.clone(), clock.clone(), Some(writer));
    desk.follow_the_records();
    desk.write_control(Fact::Plan, serde_json::to_string(&plan).unwrap_or_default().into_boxed_str());
    if let Some(priors) = scenario.priors() {
        desk.write_control(Fact::Priors, priors.into_boxed_str());
    }
    desk.write_control(Fact::Playbook, serde_json::to_string(&playbook::shipped()).unwrap_or_default().into_boxed_str());
    let (acts, heard) = mpsc::unbounded_channel();
    let (sent, acted) = std::sync::mpsc::channel();
    let closes = scenario.starts_at.plus_s(scenario.closes_s());
    let session = Session {
        desk,
        face: face(Mode::Rehearsal, zone)?,
        mode: Mode::Rehearsal,
        history: None,
        start_feeds: Some(Box::new(move |_| drive(broadcast, clock, heard, Some(closes), sent))),
        outside: Outside::Audience(acts),
        playbook: None,
        ends_with_feeds: true,
        playing: None,
        foresight: Default::default(),
        bookmarks: super::session::bookmarks(&journal),
    };
    let (ending, desk) = runtime.block_on(session.run())?;
    runtime.shutdown_timeout(Duration::from_millis(200));
    let played = Played { scenario, seed, acts: acted.try_iter().collect(), raised: raised(desk.engine()) };
    let failed = desk.into_journal().is_some_and(|journal| journal.close().ever_failed);
    if !matches!(ending, Ending::Left | Ending::Closed | Ending::Finished) {
        return Ok((ending.code(), String::new()));
    }
    let started = clock::instant();
    let score = score(&played, Budget::default(), None).map_err(other)?;
    tracing::info!("scored in {:?}", started.elapsed());
    Ok((if failed { JOURNAL_FAILED } else { 0 }, told(&score, json, lang)))
}

fn told(score: &Score, json: bool, lang: Lang) -> String {
    if json {
        return debrief::json(score) + "\n";
    }
    let words = Words::new(lang);
    debrief::markdown(score, None, &|key| words.get(key).to_owned())
}
