//! What all feeds that listen to a stream share: mapping of one message, and what is told when a lost stream is back.

use std::sync::Arc;

use jaq_json::Val;

use super::mapping::{Mapper, Recipe};
use super::outlet::Outlet;
use super::session::Session;
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
    pub fn feed_values(&self) -> Val {
        let plain = self.session.account.values.plain();
        Val::obj(plain.map(|(name, value)| (Val::from(name.to_owned()), Val::from(value))).collect())
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
