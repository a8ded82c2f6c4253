//! What all feeds that listen to a stream share: mapping of one message, and what is told when a lost stream is back.

use std::sync::Arc;

use super::fault::{Fault, FaultKind};
use super::mapper::Mapper;
use super::mapping::{Context, Mapped, Plain, Recipe};
use super::outlet::Outlet;
use super::session::Session;
use super::webhook::put_aside;
use crate::engine::event::{FeedStatus, Guarantee};

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
            Err(fault) if matches!(fault.kind, FaultKind::BadBody | FaultKind::Mapping) => Ok(put_aside(&fault, &payload)),
            other => other,
        }
    }
}

/// The stream is open (again): what was missed meanwhile is told where nobody can read it again.
pub fn note_return(outlet: &mut Outlet) {
    let now = outlet.now();
    let missed_s = outlet.state().complete_to.map_or(0, |until| now.since_ms(until) / 1_000);
    outlet.note(|state| {
        let was_away = matches!(state.status, FeedStatus::Retrying | FeedStatus::Starting);
        if state.guarantee == Guarantee::BestEffort && was_away && missed_s > 0 {
            state.last_error = Some(format!("gap: {missed_s} s were missed").into());
        }
    });
    outlet.note_success(now);
}
