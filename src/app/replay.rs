//! A replay on the glass: the player's states in, the operator's orders out.

use std::path::Path;

use super::desk::Desk;
use super::ending::Ending;
use super::face::Face;
use super::headway::Headway;
use super::session::{Outside, Session};
use crate::clock::Clock;
use crate::config::playbook;
use crate::replay::{self, Order, Player, Shown, Standing};
use crate::ui::intent::Steering;
use crate::ui::reel::{Lost, Pace, Reel};
use crate::ui::state::{Known, Mode};
use crate::ui::words::Lang;

/// A replay under way.
#[derive(Debug)]
pub struct Playing {
    pub player: Player,
    /// What is on the glass.
    pub latest: Shown,
    /// What was lost has been told.
    pub told: bool,
}

impl Playing {
    /// Hands on what the operator asks for.
    pub fn steer(&self, steering: Steering) {
        self.player.order(match steering {
            Steering::Seek(at) => Order::Seek(at),
            Steering::Pause => Order::Pause,
            Steering::Faster => Order::Faster,
            Steering::Slower => Order::Slower,
            Steering::Step(seconds) => Order::Step(seconds.saturating_mul(1_000)),
            Steering::Known(Known::Then) => Order::Known(replay::Known::Then),
            Steering::Known(Known::Now) => Order::Known(replay::Known::Now),
        });
    }

    /// How it stands, for the glass.
    #[must_use]
    pub fn reel(&self) -> Reel {
        let standing = &self.latest.standing;
        Reel {
            from: standing.from,
            to: standing.to,
            speed: standing.speed,
            pace: match standing.pace {
                replay::Pace::Plays => Pace::Plays,
                replay::Pace::Paused => Pace::Paused,
                replay::Pace::Seeks => Pace::Seeks,
                replay::Pace::Ended => Pace::Ended,
            },
            known: match standing.known {
                replay::Known::Then => Known::Then,
                replay::Known::Now => Known::Now,
            },
            added: standing.added,
            opened: standing.opened,
            marks: std::sync::Arc::clone(&standing.marks),
            lost: lost(standing),
            failed: standing.failed.clone(),
        }
    }
}

fn lost(standing: &Standing) -> Lost {
    Lost {
        records: standing.lost.losses.records(),
        tail: standing.lost.losses.tail,
        lines: standing.lost.refused,
        late: standing.late_left_out,
    }
}

/// Plays a file at `speed` times real time until the operator leaves.
///
/// # Errors
/// When it cannot be read, or the terminal cannot be used.
pub fn run(
    file: &Path,
    speed: f64,
    lang: Lang,
    face: impl FnOnce(Mode, chrono_tz::Tz) -> std::io::Result<Box<dyn Face>>,
) -> std::io::Result<Ending> {
    let headway = Headway::of(&file.to_string_lossy(), lang);
    let (player, latest) = Player::open(file, speed, playbook::shipped(), headway.gauge())?;
    drop(headway);
    let plan = latest.engine.plan().clone();
    let zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
    let clock = Clock::scaled(latest.at, speed);
    let runtime = super::runtime()?;
    let _inside = runtime.enter();
    let session = Session {
        desk: Desk::new(plan, clock, None),
        face: face(Mode::Replay, zone)?,
        mode: Mode::Replay,
        history: None,
        start_feeds: None,
        outside: Outside::Nobody,
        playbook: None,
        playing: Some(Playing { player, latest, told: false }),
        foresight: Default::default(),
        bookmarks: super::session::bookmarks(file),
        stage: None,
        curtain: None,
        sheets: None,
    };
    let (ending, _) = runtime.block_on(session.run())?;
    Ok(ending)
}
