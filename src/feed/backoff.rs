//! How long to wait after a failure: longer each time, with a seeded jitter, and never sooner than the peer asked for.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::fault::{Fault, FaultKind};

const FIRST: Duration = Duration::from_millis(500);
/// Pages without an end cost a round of calls each time.
const FIRST_OF_PAGES: Duration = Duration::from_secs(10);
const LONGEST_OF_PAGES: Duration = Duration::from_secs(60);
/// Beyond the feed's own interval by so much at most, so that a peer that is back is soon seen.
const SLACK: Duration = Duration::from_secs(5);

/// The waits of one feed.
#[derive(Debug)]
pub struct Backoff {
    rng: Pcg64Mcg,
    failures: u32,
    longest: Duration,
}

impl Backoff {
    #[must_use]
    pub fn new(seed: u64, interval: Duration) -> Self {
        Self { rng: Pcg64Mcg::seed_from_u64(seed), failures: 0, longest: interval.min(Duration::from_secs(60)) + SLACK }
    }

    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure.
    pub fn next(&mut self, fault: &Fault) -> Duration {
        // what is held back knows when it is let go
        if let Some(held) = fault.held {
            return held;
        }
        self.failures = self.failures.saturating_add(1);
        // a call that hung has waited long enough already
        let steps = if fault.kind == FaultKind::Timeout { 0 } else { self.failures.min(16) - 1 };
        let (first, longest) = match fault.kind {
            FaultKind::Paging => (FIRST_OF_PAGES, self.longest.max(LONGEST_OF_PAGES)),
            _ => (FIRST, self.longest),
        };
        let wait = first.saturating_mul(1 << steps).min(longest);
        let jittered = wait.mul_f64(self.rng.random_range(0.75..1.0));
        jittered.max(fault.wait.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_respect_the_peer() {
        let mut backoff = Backoff::new(7, Duration::from_secs(2));
        let fault = Fault::new(FaultKind::Status, "http 500");
        let waits: Vec<f64> = (0..8).map(|_| backoff.next(&fault).as_secs_f64()).collect();
        assert!(waits[0] < 0.51 && waits[2] > waits[0] && waits[7] <= 7.0 && waits[7] > 5.0, "{waits:?}");
        let asked = fault.waiting(Some(Duration::from_secs(40)));
        assert_eq!(backoff.next(&asked), Duration::from_secs(40));
        backoff.reset();
        assert!(backoff.next(&Fault::new(FaultKind::Status, "")) < Duration::from_millis(501));
    }
}
