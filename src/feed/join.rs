//! A lookup table beside a feed: what a payload names by one id and the desk knows by another (`$join`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;

use super::call::Call;
use super::fault::{Fault, FaultKind};
use super::filter::Filter;
use super::http::Answer;
use super::mapping::Context;
use super::session::Session;
use super::template::Value;
use crate::clock;
use crate::engine::id::Table;
use crate::engine::time::At;

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
    live_start: At,
    /// As JSON.
    known: Option<(Instant, Arc<str>)>,
}

impl Joined {
    #[must_use]
    pub const fn new(session: Arc<Session>, join: Join, live_start: At) -> Self {
        Self { session, join, live_start, known: None }
    }

    /// The table, read anew when it is old; an old one is better than none.
    ///
    /// # Errors
    /// When there never was one.
    pub async fn table(&mut self) -> Result<Arc<str>, Fault> {
        if let Some((read, table)) = &self.known
            && read.elapsed() < self.join.every
        {
            return Ok(Arc::clone(table));
        }
        match (self.fetch().await, &self.known) {
            (Ok(table), _) => {
                self.known = Some((clock::instant(), Arc::clone(&table)));
                Ok(table)
            }
            (Err(_), Some((_, old))) => Ok(Arc::clone(old)),
            (Err(fault), None) => Err(fault),
        }
    }

    async fn fetch(&self) -> Result<Arc<str>, Fault> {
        let session = &self.session;
        let examine = |answer: Answer| async move {
            let context = Context::of_answer(&answer, session.clock.now(), "join".into(), &session.account);
            let table = session.mapper.first(&self.join.table, &answer.body, context).await;
            let table = table.map_err(|fault| Fault { detail: format!("join: {}", fault.detail), ..fault })?;
            let is_object = |text: &String| serde_json::from_str::<Table<String, IgnoredAny>>(text).is_ok();
            let table = table.filter(is_object).ok_or_else(|| Fault::new(FaultKind::Mapping, "join: the table is no object"))?;
            Ok(Arc::from(table))
        };
        let mut values = session.account.values.clone();
        values.set("live_start", Value::Time(self.live_start));
        values.set("now", Value::Time(session.clock.now()));
        session.call(&self.join.call, &values, examine).await
    }
}
