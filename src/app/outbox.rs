//! Errands on their way: each waits until its record is on the disk, is sent once, and its result comes back to the owner.
//!
//! Only a live has an outbox ([`super::session::Outside`]): a session whose audience is simulated has none by its type.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::engine::event::InterventionKind;
use crate::feed::errand::{Commission, Errand};
use crate::feed::http::Http;

/// An operator who leaves waits so long for results that are still out.
const LAST_RESULTS: Duration = Duration::from_secs(5);
/// Characters of an answer that are kept.
const DETAIL_CHARS: usize = 160;

/// What became of an errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub kind: InterventionKind,
    /// Orders that it was about.
    pub count: usize,
    /// The status of the answer, or why there is none.
    pub outcome: Result<u16, String>,
}

/// The errands of a live.
#[derive(Debug)]
pub struct Outbox {
    errands: Vec<Errand>,
    http: Option<Http>,
    results: (mpsc::UnboundedSender<Sent>, mpsc::UnboundedReceiver<Sent>),
    under_way: usize,
}

impl Outbox {
    /// The outbox of a live with what its plan names.
    #[must_use]
    pub fn of_live(errands: Vec<Errand>) -> Self {
        let http =
            (!errands.is_empty()).then(Http::new).and_then(|http| http.inspect_err(|fault| tracing::error!("no errands: {fault}")).ok());
        Self { errands, http, results: mpsc::unbounded_channel(), under_way: 0 }
    }

    /// Sends a commission once `committed` says that its record is kept.
    pub fn send(&mut self, commission: Commission, committed: oneshot::Receiver<bool>) {
        let errand = self.errands.iter().find(|errand| errand.kind == commission.kind).cloned();
        let (Some(errand), Some(http)) = (errand, self.http.clone()) else { return };
        self.under_way += 1;
        let results = self.results.0.clone();
        tokio::spawn(async move {
            let outcome = match committed.await {
                Ok(true) => carry_out(&errand, &http, &commission).await,
                Ok(false) | Err(_) => Err("the journal did not keep the act".to_owned()),
            };
            // An owner that has gone hears no result.
            drop(results.send(Sent { kind: commission.kind, count: commission.orders.len(), outcome }));
        });
    }

    /// The next result; never where nothing is out.
    pub async fn next(&mut self) -> Sent {
        match self.results.1.recv().await {
            Some(sent) => {
                self.under_way = self.under_way.saturating_sub(1);
                sent
            }
            None => std::future::pending().await,
        }
    }

    /// Results that are still out when the operator leaves, as far as they come in time.
    pub async fn last(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        let all = async {
            while self.under_way > 0 {
                let one = self.next().await;
                sent.push(one);
            }
        };
        // What does not come in time is told by the shop alone.
        drop(tokio::time::timeout(LAST_RESULTS, all).await);
        sent
    }
}

async fn carry_out(errand: &Errand, http: &Http, commission: &Commission) -> Result<u16, String> {
    let filled = errand.fill(commission)?;
    let answer = http.send(filled).await.and_then(crate::feed::http::Answer::checked);
    answer.map(|answer| answer.status.as_u16()).map_err(|fault| {
        let told = errand.redact(&fault.to_string());
        crate::engine::text::clean(&told, DETAIL_CHARS).to_string()
    })
}
