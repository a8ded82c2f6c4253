//! The second calls of a hook, made beside its deliveries: what a notice names is looked up after its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::expand::Expander;
use super::fault::{Fault, FaultKind};
use super::mapping::Mapped;
use super::notices::{AGAIN, Asked, Notices};
use crate::clock;
use crate::engine::time::At;

/// What a signed notice names and is not there may come so late: it is read somewhere else than it was written.
pub const GONE_AFTER: Duration = Duration::from_secs(30);
/// Lookups at once.
const AT_ONCE: usize = 4;
/// So many in a row that fail are the platform's and not a notice's: all wait.
const MANY_IN_A_ROW: u32 = 4;

/// What became of a lookup.
#[derive(Debug)]
pub struct Looked {
    pub numbers: Vec<u64>,
    pub found: Result<Mapped, Fault>,
}

/// A hook's notices, and who looks them up.
#[derive(Debug)]
pub struct Lookups {
    pub notices: Notices,
    pub expander: Arc<Expander>,
    running: JoinSet<Looked>,
    failed_in_a_row: u32,
    /// None begins before then.
    again_at: Option<Instant>,
}

impl Lookups {
    #[must_use]
    pub fn new(expander: Expander, notices: Notices) -> Self {
        Self { notices, expander: Arc::new(expander), running: JoinSet::new(), failed_in_a_row: 0, again_at: None }
    }

    /// Begins what is due.
    pub fn begin(&mut self, at: At) {
        let now = clock::instant();
        while self.running.len() < AT_ONCE && self.again_at.is_none_or(|again| again <= now) {
            let Some(Asked { numbers, notices }) = self.notices.next_due(now, self.expander.together()) else { return };
            let expander = Arc::clone(&self.expander);
            self.running.spawn(async move {
                let mut mapped = Mapped::default();
                let found = expander.expand(notices, at, &mut mapped).await.map(|()| mapped);
                Looked { numbers, found }
            });
        }
    }

    /// How long until something is to be begun.
    #[must_use]
    pub fn next_in(&self) -> Option<Duration> {
        let now = clock::instant();
        let next = self.notices.next_at(now).filter(|_| self.running.len() < AT_ONCE)?;
        Some(next.max(self.again_at.unwrap_or(now)).saturating_duration_since(now))
    }

    /// Waits for the next lookup that ends.
    ///
    /// # Errors
    /// When one broke: the feed is started again, where the cursor stands.
    pub async fn next(&mut self) -> Result<Looked, Fault> {
        match self.running.join_next().await {
            Some(looked) => looked.map_err(|_| Fault::new(FaultKind::Crashed, "the feed broke and is started again")),
            None => std::future::pending().await,
        }
    }

    /// A lookup failed. Gives the ids that were not read for too long.
    pub fn fail(&mut self, numbers: &[u64], is_missing: bool, now: At) -> Vec<String> {
        let instant = clock::instant();
        if is_missing {
            self.failed_in_a_row = 0;
        } else {
            self.failed_in_a_row += 1;
        }
        if self.failed_in_a_row >= MANY_IN_A_ROW {
            self.again_at = Some(instant + AGAIN);
        }
        self.notices.fail(numbers, is_missing, now, instant)
    }

    /// A lookup came to its end; true where the cursor has changed.
    pub fn read(&mut self, numbers: &[u64]) -> bool {
        (self.failed_in_a_row, self.again_at) = (0, None);
        self.notices.read(numbers)
    }
}
