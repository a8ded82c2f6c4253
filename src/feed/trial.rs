//! A stored payload through a feed's filters, without a network: for whoever writes a platform file, and for its golden tests.

use jaq_json::Val;

use super::account::Account;
use super::fault::{Fault, FaultKind};
use super::mapping::{Context, Mapped, Recipe, map_payload, parse};
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
    pub join: Option<Vec<u8>>,
    /// The plain variables.
    pub feed: Val,
}

impl Trial {
    #[must_use]
    pub fn new(at: At, defaults: Defaults) -> Self {
        Self { at, defaults, expanded: false, join: None, feed: Val::Null }
    }

    /// A trial as the account's own feeds would run.
    #[must_use]
    pub fn of(account: &Account, at: At) -> Self {
        let plain = account.values.plain().map(|(name, value)| (Val::from(name.to_owned()), Val::from(value)));
        Self { feed: Val::obj(plain.collect()), ..Self::new(at, account.defaults.clone()) }
    }

    /// Maps a payload as the request would.
    ///
    /// # Errors
    /// When the payload is refused, or the request has no filter.
    pub fn map(&self, request: &Request, payload: &[u8]) -> Result<Mapped, Fault> {
        let none = || Fault::new(FaultKind::Mapping, "its lines are canonical, there is no filter");
        let expand = request.expand.as_ref().filter(|_| self.expanded).map(|expand| &expand.recipe);
        let recipe: &Recipe = expand.or(request.recipe.as_ref()).ok_or_else(none)?;
        let join = self.join.as_deref().map_or(Ok(Val::Null), parse)?;
        let context = Context { join, feed: self.feed.clone(), ..Context::new(self.at, self.defaults.clone()) };
        map_payload(payload, recipe, &context)
    }
}

impl Platform {
    /// A request by its name.
    #[must_use]
    pub fn request(&self, name: &str) -> Option<&Request> {
        self.requests.iter().find(|request| request.name == name)
    }
}
