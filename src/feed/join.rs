//! A lookup table beside a feed: what a payload names by one id and the desk knows by another (`$join`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use jaq_json::Val;

use super::call::Call;
use super::fault::{Fault, FaultKind};
use super::http::Answer;
use super::mapping::{Context, Filter, parse};
use super::session::Session;
use crate::clock;

/// The request for the table, as a platform file describes it.
#[derive(Clone, Debug)]
pub struct Join {
    pub call: Call,
    /// From the answer to an object: `{"key": value, …}`.
    pub table: Filter,
    /// Read again after this time.
    pub every: Duration,
}

/// The table as last read.
#[derive(Debug)]
pub struct Joined {
    session: Arc<Session>,
    join: Join,
    known: Option<(Instant, Val)>,
}

impl Joined {
    #[must_use]
    pub const fn new(session: Arc<Session>, join: Join) -> Self {
        Self { session, join, known: None }
    }

    /// The table, read anew when it is old; an old one is better than none.
    ///
    /// # Errors
    /// When there never was one.
    pub async fn table(&mut self) -> Result<Val, Fault> {
        if let Some((read, table)) = &self.known
            && read.elapsed() < self.join.every
        {
            return Ok(table.clone());
        }
        match (self.fetch().await, &self.known) {
            (Ok(table), _) => {
                self.known = Some((clock::instant(), table.clone()));
                Ok(table)
            }
            (Err(_), Some((_, old))) => Ok(old.clone()),
            (Err(fault), None) => Err(fault),
        }
    }

    async fn fetch(&self) -> Result<Val, Fault> {
        let session = &self.session;
        let examine = |answer: Answer| async move {
            let context = Context::of_answer(&answer, session.clock.now(), "join".into(), &session.account);
            let page = parse(&answer.body)?;
            match self.join.table.run(page.clone(), &context, &page).next() {
                Some(Ok(table @ Val::Obj(_))) => Ok(table),
                Some(Err(error)) => Err(Fault::new(FaultKind::Mapping, format!("join: {error}"))),
                _ => Err(Fault::new(FaultKind::Mapping, "join: the table is no object")),
            }
        };
        session.call(&self.join.call, &session.account.values, examine).await
    }
}
