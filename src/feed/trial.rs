//! A stored payload through a feed's filters, without a network: for whoever writes a platform file, and for its golden tests.

use std::sync::Arc;

use super::account::Account;
use super::fault::{Fault, FaultKind};
use super::mapper::Mapper;
use super::mapping::{Context, Mapped, Plain};
use super::platform::{Platform, Request};
use crate::engine::time::At;
use crate::engine::wire::Defaults;

/// What a payload is tried with.
#[derive(Clone, Debug)]
pub struct Trial {
    pub at: At,
    pub defaults: Defaults,
    /// The payload is the answer of the second request.
    pub expanded: bool,
    /// The lookup table, as JSON.
    pub join: Option<Arc<str>>,
    /// The plain variables.
    pub feed: Plain,
}

impl Trial {
    #[must_use]
    pub fn new(at: At, defaults: Defaults) -> Self {
        Self { at, defaults, expanded: false, join: None, feed: Plain::new() }
    }

    /// A trial as the account's own feeds would run.
    #[must_use]
    pub fn of(account: &Account, at: At) -> Self {
        Self { feed: account.plain(), ..Self::new(at, account.defaults.clone()) }
    }

    /// Maps a payload as the request would.
    ///
    /// # Errors
    /// When the payload is refused, or the request has no filter.
    pub async fn map(&self, mapper: &Mapper, request: &Request, payload: &[u8]) -> Result<Mapped, Fault> {
        let none = || Fault::new(FaultKind::Mapping, "its lines are canonical, there is no filter");
        let expand = request.expand.as_ref().filter(|_| self.expanded).map(|expand| &expand.recipe);
        let recipe = expand.or(request.recipe.as_ref()).ok_or_else(none)?;
        let context = Context { join: self.join.clone(), feed: self.feed.clone(), ..Context::new(self.at, self.defaults.clone()) };
        mapper.map(payload.to_vec(), recipe, context).await
    }
}

impl Platform {
    /// A request by its name.
    #[must_use]
    pub fn request(&self, name: &str) -> Option<&Request> {
        self.requests.iter().find(|request| request.name == name)
    }
}
