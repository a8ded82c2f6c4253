//! What all feeds that listen to a stream share: mapping of one message, and what is told when a lost stream is back.

use std::sync::Arc;

use super::fault::Fault;
use super::mapper::Mapper;
use super::mapping::{Context, Mapped, Plain, Recipe};
use super::outlet::Outlet;
use super::session::Session;
use super::webhook::put_aside;
use crate::engine::event::{FeedStatus, Guarantee};
use crate::engine::time::At;

/// A feed's hold on a stream.
#[derive(Clone, Debug)]
pub struct Tap {
    pub session: Arc<Session>,
    pub mapper: Mapper,
    pub recipe: Arc<Recipe>,
}

impl Tap {
    /// The feed's plain variables for its filters, and how far the stream was read: `$feed.since`.
    #[must_use]
    pub fn feed_values(&self, outlet: &Outlet) -> Plain {
        let mut plain = self.session.account.plain();
        plain.extend(place(outlet).map(|place| ("since".to_owned(), place.to_owned())));
        plain
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

/// The last place of the stream that is known: `{{since}}` of what is asked and said.
#[must_use]
pub fn place(outlet: &Outlet) -> Option<&str> {
    outlet.cursor().filter(|place| !place.is_empty())
}

/// The stream was opened (again) at `opened`: what was missed meanwhile is told where nobody can read it again, with its length
/// and, where they are known, the number of events and the reason. Everything before `complete_to` is told now.
pub fn note_return(opened: At, missing: Option<u64>, why: Option<&str>, complete_to: At, outlet: &mut Outlet) {
    let missed_ms = outlet.state().complete_to.map_or(0, |until| opened.since_ms(until));
    let length = match missing {
        Some(events) => Some(format!("{events} events in {} s were missed", (missed_ms / 1_000).max(1))),
        None => (missed_ms >= 1_000).then(|| format!("{} s were missed", missed_ms / 1_000)),
    };
    let is_first = outlet.state().complete_to.is_none() && place(outlet).is_none();
    let told: Vec<&str> = length.as_deref().into_iter().chain(why).collect();
    outlet.note(|state| {
        state.heard_from = state.heard_from.or(is_first.then_some(opened));
        let was_away = matches!(state.status, FeedStatus::Retrying | FeedStatus::Starting);
        if !told.is_empty() && state.guarantee == Guarantee::BestEffort && was_away {
            state.last_error = Some(format!("gap: {}", told.join(": ")).into());
        }
    });
    outlet.note_success(complete_to);
}
