//! The sessions of a plan's accounts. What is one account at one platform has one limiter, however many entries the plan makes of
//! it; those that come with the same credentials log in once, and wait together when they are refused.

use std::sync::Arc;

use super::account::Account;
use super::fault::Fault;
use super::http::Http;
use super::mapper::Workshop;
use super::quota::Limiter;
use super::session::Session;
use super::vault::Vault;
use crate::clock::Clock;
use crate::engine::id::{Name, Table};
use crate::engine::time::At;

/// The open sessions, and what they share.
#[derive(Debug)]
pub struct Sessions {
    http: Http,
    clock: Clock,
    /// A day's quota is spread until here.
    live_end: Option<At>,
    workshop: Workshop,
    vault: Arc<Vault>,
    limiters: Table<(String, Name), Arc<Limiter>>,
    open: Vec<Arc<Session>>,
}

impl Sessions {
    /// # Errors
    /// When there can be no HTTP client at all.
    pub fn new(clock: Clock, live_end: Option<At>, workshop: Workshop) -> Result<Self, Fault> {
        Ok(Self { http: Http::new()?, clock, live_end, workshop, vault: Arc::default(), limiters: Table::default(), open: Vec::new() })
    }

    /// Keeps the secrets of all accounts: the first to be opened may repeat one of the last.
    pub fn know<'a>(&self, accounts: impl IntoIterator<Item = &'a Account>) {
        accounts.into_iter().for_each(|account| self.vault.keep(account.values.secrets()));
    }

    /// The session of one entry of the plan.
    pub fn open(&mut self, account: Account) -> Arc<Session> {
        let key = (account.platform.clone(), account.source.clone());
        let limiter = self.limiters.entry(key).or_insert_with(|| Limiter::new(account.limit, self.clock.clone(), self.live_end));
        let same = self.open.iter().find(|open| open.account.has_credentials_of(&account));
        let session = Session::new(account, self.http.clone(), self.clock.clone(), Arc::clone(limiter), (&self.workshop, &self.vault));
        let session = Arc::new(match same {
            Some(same) => session.beside(same),
            None => session,
        });
        self.open.push(Arc::clone(&session));
        session
    }
}
