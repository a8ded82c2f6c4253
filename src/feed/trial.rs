//! A stored payload through a feed's filters, without a network: for whoever writes a platform file, and for its golden tests.

use std::iter;
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
    /// Which call's answer the payload is: 0 of the request itself, 1 of its second call, 2 of the call after that.
    pub expanded: u8,
    /// The lookup table, as JSON.
    pub join: Option<Arc<str>>,
    /// The plain variables.
    pub feed: Plain,
}

impl Trial {
    #[must_use]
    pub fn new(at: At, defaults: Defaults) -> Self {
        Self { at, defaults, expanded: 0, join: None, feed: Plain::new() }
    }

    /// A trial as the account's own feeds would run.
    #[must_use]
    pub fn of(account: &Account, at: At) -> Self {
        Self { feed: account.plain(), ..Self::new(at, account.defaults.clone()) }
    }

    /// Maps a payload as the request would.
    ///
    /// # Errors
    /// When the payload is refused, or the request has no such call or no filter.
    pub async fn map(&self, mapper: &Mapper, request: &Request, payload: &[u8]) -> Result<Mapped, Fault> {
        let none = || Fault::new(FaultKind::Mapping, "its lines are canonical, there is no filter");
        let calls = iter::successors(request.expand.as_ref(), |expand| expand.then.as_deref()).map(|expand| Some(&expand.recipe));
        let recipe = iter::once(request.recipe.as_ref()).chain(calls).nth(self.expanded.into());
        let recipe = recipe.ok_or_else(|| Fault::new(FaultKind::Mapping, "the request has no such further call"))?.ok_or_else(none)?;
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
