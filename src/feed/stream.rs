//! What all feeds that listen to a stream share: mapping of one message, and what is told when a lost stream is back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fault::Fault;
use super::mapper::Mapper;
use super::mapping::{Context, Mapped, Plain, Recipe};
use super::outlet::Outlet;
use super::session::Session;
use super::webhook::put_aside;
use crate::clock;
use crate::engine::event::{FeedStatus, Guarantee};
use crate::engine::time::At;

/// A connection that stays for so long, or brings an event, is one: to open and to be closed again is no sign of life.
const STEADY: Duration = Duration::from_secs(2);

/// A connection that is open and has not shown yet that it stays.
#[derive(Clone, Copy, Debug)]
pub struct Fresh {
    pub opened: At,
    pub steady: Instant,
}

impl Fresh {
    #[must_use]
    pub fn at(opened: At) -> Self {
        Self { opened, steady: clock::instant() + STEADY }
    }

    /// True once it has stayed, or has brought something.
    #[must_use]
    pub fn has_shown(&self, mapped: &Mapped) -> bool {
        !mapped.events.is_empty() || clock::instant() >= self.steady
    }
}

/// A feed's hold on a stream.
#[derive(Clone, Debug)]
pub struct Tap {
    pub session: Arc<Session>,
    pub mapper: Mapper,
    pub recipe: Arc<Recipe>,
}

impl Tap {
    /// The feed's plain variables for its filters.
    #[must_use]
    pub fn feed_values(&self) -> Plain {
        self.session.account.plain()
    }

    /// Maps one payload; one that is no JSON, or that ends the filters, is put aside: it would only come again.
    ///
    /// # Errors
    /// When the platform says no in it.
    pub async fn map(&self, payload: Vec<u8>, context: Context) -> Result<Mapped, Fault> {
        match self.mapper.map(payload.clone(), &self.recipe, context).await {
            Err(fault) if fault.is_of_payload() => Ok(put_aside(&fault, &payload)),
            other => other,
        }
    }
}

/// The stream was opened (again) at `opened`: what was missed meanwhile is told where nobody can read it again, with its length
/// and, where it is known, the number of events.
pub fn note_return(opened: At, missing: Option<u64>, outlet: &mut Outlet) {
    let missed_ms = outlet.state().complete_to.map_or(0, |until| opened.since_ms(until));
    let gap = match missing {
        Some(events) => Some(format!("gap: {events} events in {} s were missed", (missed_ms / 1_000).max(1))),
        None => (missed_ms >= 1_000).then(|| format!("gap: {} s were missed", missed_ms / 1_000)),
    };
    outlet.note(|state| {
        let was_away = matches!(state.status, FeedStatus::Retrying | FeedStatus::Starting);
        if let Some(gap) = gap.filter(|_| state.guarantee == Guarantee::BestEffort && was_away) {
            state.last_error = Some(gap.into());
        }
    });
    outlet.note_success(outlet.now());
}
