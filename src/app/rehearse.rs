//! A rehearsal: a broadcast that answers to what the operator does, kept in a journal of its own, with its debrief at the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::desk::Desk;
use super::ending::{Ending, JOURNAL_FAILED};
use super::face::Face;
use super::scoring::{Kept, Scoring};
use super::session::{Outside, Session};
use super::stage::{Curtain, Stage};
use crate::clock::Clock;
use crate::engine::event::Fact;
use crate::engine::rule::Playbook;
use crate::journal::Journal;
use crate::rehearsal::keys::{Keys, Source};
use crate::simulate::broadcast::Broadcast;
use crate::simulate::scenario::Scenario;
use crate::ui::state::Mode;

/// What `warroom rehearse` is asked for.
#[derive(Debug)]
pub struct Request {
    pub scenario: Scenario,
    /// What it was read from, where it is no shipped one.
    pub source: Option<Source>,
    pub seed: u64,
    pub speed: f64,
    /// Keys that are pressed instead of the operator's.
    pub keys: Option<Keys>,
    pub playbook: Playbook,
    /// The score as JSON at the end.
    pub json: bool,
    /// What the debrief has to say about the scenario.
    pub remarks: Vec<String>,
    pub journal: PathBuf,
    /// The file of all plays.
    pub progress: PathBuf,
}

/// Plays a rehearsal; the exit code and what to print.
///
/// # Errors
/// When the journal or the terminal cannot be used.
pub fn run(request: Request, face: impl FnOnce(Mode, chrono_tz::Tz) -> std::io::Result<Box<dyn Face>>) -> std::io::Result<(u8, String)> {
    let Request { scenario, source, seed, speed, keys, playbook, json, remarks, journal, progress } = request;
    let scenario = Arc::new(scenario);
    let other = std::io::Error::other::<String>;
    let broadcast = Broadcast::new(Arc::clone(&scenario), seed).map_err(other)?;
    let plan = scenario.plan();
    let writer = Journal::create(&journal, &plan).map_err(|error| std::io::Error::other(error.to_string()))?;
    let runtime = super::runtime()?;
    let _inside = runtime.enter();
    let mut face = face(Mode::Rehearsal, plan.time_zone.unwrap_or(chrono_tz::UTC))?;
    let stage = Stage::new(broadcast, source, speed, keys);
    let (opens, glass_speed) = stage.pace();
    face.keep_pace(opens, glass_speed, stage.closes());
    let mut desk = Desk::new(plan.clone(), Clock::scaled(opens, speed), Some(writer));
    desk.set_now(scenario.starts_at);
    desk.write_control(Fact::Plan, serde_json::to_string(&plan).unwrap_or_default().into_boxed_str());
    if let Some(priors) = scenario.priors() {
        desk.write_control(Fact::Priors, priors.into_boxed_str());
    }
    desk.write_control(Fact::Playbook, serde_json::to_string(&playbook).unwrap_or_default().into_boxed_str());
    let hurry = Arc::new(AtomicBool::new(false));
    let kept = Kept::beside(&journal, progress);
    let scoring = Scoring { scenario, seed, playbook, kept: kept.clone(), remarks, hurry: Arc::clone(&hurry) };
    let (started, scored) = std::sync::mpsc::channel();
    let curtain: Curtain = Box::new(move |ended| {
        let (sheet, sheets, score) = scoring.start(ended);
        // The receiver lives as long as the session.
        let _ = started.send(score);
        (sheet, sheets)
    });
    let session = Session {
        desk,
        face,
        mode: Mode::Rehearsal,
        history: None,
        start_feeds: None,
        outside: Outside::Nobody,
        playbook: None,
        playing: None,
        foresight: Default::default(),
        bookmarks: super::session::bookmarks(&journal),
        stage: Some(stage),
        curtain: Some(curtain),
        sheets: None,
    };
    let (ending, desk) = runtime.block_on(session.run())?;
    runtime.shutdown_timeout(Duration::from_millis(200));
    hurry.store(true, Ordering::Relaxed);
    let failed = desk.into_journal().is_some_and(|journal| journal.close().ever_failed);
    let Ok(score) = scored.try_recv() else { return Ok((ending.code(), String::new())) };
    let score = score.join().map_err(|_| other("the debrief could not be worked out".into()))?.map_err(other)?;
    let code = if failed { JOURNAL_FAILED } else { ending.code() };
    let finished = matches!(ending, Ending::Left | Ending::Closed | Ending::Finished);
    let files = [&journal, &kept.debrief, &kept.score, &kept.keys].map(|file| file.display().to_string()).join("\n") + "\n";
    let told = if json { score.json() + "\n" } else { files };
    Ok((code, if finished { told } else { String::new() }))
}
