//! The one door for wall time. Everything else is handed an [`At`].
#![expect(clippy::disallowed_methods, reason = "this is the door")]

use std::time::Instant;

use crate::engine::time::At;

/// Wall time that never goes back, as fast as the wall or faster.
#[derive(Clone, Debug)]
pub struct Clock {
    origin: At,
    started: Instant,
    speed: f64,
}

impl Clock {
    /// The wall clock. A machine clock that is set back later cannot move it.
    #[must_use]
    pub fn wall() -> Self {
        Self { origin: wall_now(), started: Instant::now(), speed: 1.0 }
    }

    /// A clock that stands at `origin` now and runs at `speed` times real time.
    #[must_use]
    pub fn scaled(origin: At, speed: f64) -> Self {
        Self { origin, started: Instant::now(), speed }
    }

    /// The present instant.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a broadcast fit")]
    pub fn now(&self) -> At {
        self.origin.plus_ms((self.started.elapsed().as_secs_f64() * 1_000.0 * self.speed) as i64)
    }

    #[must_use]
    pub const fn speed(&self) -> f64 {
        self.speed
    }
}

/// The machine's clock, once.
#[must_use]
pub fn wall_now() -> At {
    At::from_ms(chrono::Utc::now().timestamp_millis())
}

/// A point on the monotonic clock, to measure how long something took.
#[must_use]
pub fn instant() -> Instant {
    Instant::now()
}
