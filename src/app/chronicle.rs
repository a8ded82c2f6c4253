//! What `--log FILE` tells of a live while it runs: feeds that fail and come back, the journal's state, what was put aside, acts.
//!
//! Names, kinds and counts, never what an input or an act held; and few lines, however much goes wrong.

use crate::engine::event::{Event, Fact, FeedState, FeedStatus, Guarantee, Quarantine};
use crate::engine::id::{Name, Set, Table};
use crate::engine::time::{At, SECOND_MS};
use crate::journal::{Health, JournalStatus};

/// Counts are told at most so often.
const COUNTS_EVERY_MS: i64 = 60 * SECOND_MS;
/// Lines about the changes of one feed between two tellings of counts; what changes beyond that is counted.
const MOST_CHANGES: u64 = 12;

/// The log's memory of what it told.
#[derive(Debug, Default)]
pub struct Chronicle {
    feeds: Table<Name, Told>,
    journal: Health,
    /// Records that the journal has lost, as told.
    lost: u64,
    counted_at: Option<At>,
}

/// What was told of one feed, and what was not yet.
#[derive(Debug, Default)]
struct Told {
    heard: Option<Standing>,
    /// Failures in all, and as told.
    errors: u64,
    errors_told: u64,
    /// Put aside since it was told.
    aside: Table<Quarantine, u64>,
    /// Why anything was put aside so far; a new reason does not wait.
    reasons: Set<Quarantine>,
    is_new: bool,
    /// Changes since counts were told.
    changes: u64,
}

/// What of a feed's state is worth a line when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    status: FeedStatus,
    guarantee: Guarantee,
    fault: Option<Name>,
}

impl Chronicle {
    /// A feed told how it stands.
    pub fn hear_feed(&mut self, state: &FeedState) {
        let FeedState { feed, received, errors, retries, .. } = state;
        tracing::debug!("feed {feed}: {} received {received} errors {errors} retries {retries}", status_id(state.status));
        let told = self.feeds.entry(feed.clone()).or_default();
        told.errors = *errors;
        let standing = Standing { status: state.status, guarantee: state.guarantee, fault: state.last_error.clone() };
        let Some(before) = told.heard.replace(standing.clone()) else {
            // what an earlier run failed at was told then
            told.errors_told = told.errors;
            tracing::info!("feed {feed}: {}, {}", status_id(state.status), guarantee_id(state.guarantee));
            return;
        };
        if before == standing {
            return;
        }
        told.changes += 1;
        if told.changes <= MOST_CHANGES && tell_change(feed, &before, &standing) {
            told.errors_told += 1;
        }
    }

    /// An input of a feed was put aside.
    pub fn hear_aside(&mut self, feed: &Name, reason: Quarantine) {
        let told = self.feeds.entry(feed.clone()).or_default();
        *told.aside.entry(reason).or_default() += 1;
        told.is_new |= told.reasons.insert(reason);
    }

    /// A second has passed.
    pub fn pass(&mut self, now: At, journal: Option<&JournalStatus>) {
        if let Some(status) = journal {
            self.hear_journal(status);
        }
        for (feed, told) in self.feeds.iter_mut().filter(|(_, told)| told.is_new) {
            told.tell_aside(feed);
        }
        if self.counted_at.is_none_or(|at| now.since_ms(at) >= COUNTS_EVERY_MS) && self.tell_counts() {
            self.counted_at = Some(now);
        }
    }

    fn hear_journal(&mut self, status: &JournalStatus) {
        let before = std::mem::replace(&mut self.journal, status.health.clone());
        match (&before, &status.health) {
            (Health::Writing, Health::Writing) | (Health::Slow { .. }, Health::Slow { .. }) => {}
            (Health::Failing { error: before }, Health::Failing { error }) if before == error => {}
            (_, Health::Failing { error }) => tracing::warn!("journal: failing: {error}"),
            (_, Health::Slow { since_ms }) => tracing::warn!("journal: slow, a commit takes {since_ms} ms so far"),
            (_, Health::Writing) => tracing::info!("journal: writing again, up to record {}", status.committed_seq),
        }
        if status.lost > self.lost {
            tracing::warn!("journal: {} records were not stored", status.lost);
            self.lost = status.lost;
        }
    }

    /// Tells what was only counted so far. False where there was nothing.
    pub fn tell_counts(&mut self) -> bool {
        let mut told_any = false;
        for (feed, told) in &mut self.feeds {
            told_any |= !told.aside.is_empty();
            told.tell_aside(feed);
            let errors = told.errors.saturating_sub(std::mem::replace(&mut told.errors_told, told.errors));
            if errors > 0 {
                tracing::warn!("feed {feed}: {errors} more errors, {} in all", told.errors);
            }
            let changes = std::mem::take(&mut told.changes);
            if let Some(standing) = told.heard.as_ref().filter(|_| changes > MOST_CHANGES) {
                let untold = changes - MOST_CHANGES;
                tracing::warn!("feed {feed}: {untold} more changes, now {}", status_id(standing.status));
            }
            told_any |= errors > 0 || changes > 0;
        }
        told_any
    }
}

impl Told {
    fn tell_aside(&mut self, feed: &Name) {
        self.is_new = false;
        let aside: Vec<String> = self.aside.drain(..).map(|(reason, count)| format!("{count} {}", reason.id())).collect();
        if !aside.is_empty() {
            tracing::warn!("feed {feed}: put aside: {}", aside.join(", "));
        }
    }
}

/// The desk itself wrote something: the operator's act, or the plan, the playbook, the close.
pub fn tell_desk(event: &Event) {
    match &event.fact {
        Fact::Intervention(act) => tracing::info!("desk: intervention {}", act.kind.id()),
        fact => tracing::info!("desk: {}", fact.type_id()),
    }
}

/// One line about what is different. True where that is a failure.
fn tell_change(feed: &Name, before: &Standing, now: &Standing) -> bool {
    let is_down = matches!(now.status, FeedStatus::Retrying | FeedStatus::Failed);
    let was_down = matches!(before.status, FeedStatus::Retrying | FeedStatus::Failed);
    let fault = now.fault.as_ref().filter(|_| is_down || before.fault != now.fault);
    let told = fault.map_or_else(String::new, |fault| format!(": {fault}"));
    if before.guarantee != now.guarantee {
        tracing::info!("feed {feed}: {}, was {}", guarantee_id(now.guarantee), guarantee_id(before.guarantee));
    }
    match () {
        () if is_down || fault.is_some() => tracing::warn!("feed {feed}: {}{told}", status_id(now.status)),
        () if was_down && now.status == FeedStatus::Ok => tracing::info!("feed {feed}: ok again"),
        () if before.status != now.status => tracing::info!("feed {feed}: {}", status_id(now.status)),
        () => {}
    }
    is_down
}

const fn status_id(status: FeedStatus) -> &'static str {
    match status {
        FeedStatus::Starting => "starting",
        FeedStatus::Ok => "ok",
        FeedStatus::Retrying => "retrying",
        FeedStatus::Ended => "ended",
        FeedStatus::Failed => "failed",
    }
}

const fn guarantee_id(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::Durable => "durable",
        Guarantee::Resumable => "resumable",
        Guarantee::BestEffort => "best effort",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;
    use crate::engine::wire::{self, Defaults};

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines that are told meanwhile.
    fn told(what: impl FnOnce()) -> Vec<String> {
        let page = Page::default();
        let writer = page.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).without_time().with_target(false).with_writer(move || writer.clone());
        tracing::subscriber::with_default(lines.finish(), what);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| line.trim().to_owned()).collect()
    }

    fn state(status: FeedStatus, errors: u64, fault: &str) -> FeedState {
        let last_error = (!fault.is_empty()).then(|| fault.into());
        FeedState { feed: "shop".into(), status, errors, last_error, ..FeedState::default() }
    }

    #[test]
    fn a_feed_that_fails_and_comes_back_is_told_by_its_changes_and_the_rest_is_counted() {
        let lines = told(|| {
            let mut chronicle = Chronicle::default();
            chronicle.hear_feed(&state(FeedStatus::Starting, 0, ""));
            chronicle.hear_feed(&state(FeedStatus::Ok, 0, ""));
            for errors in 1..=55 {
                chronicle.hear_feed(&state(FeedStatus::Retrying, errors, "throttled: http 429"));
            }
            chronicle.hear_feed(&state(FeedStatus::Ok, 55, "throttled: http 429"));
            (0..7).for_each(|_| chronicle.hear_aside(&"shop".into(), Quarantine::BadMoney));
            chronicle.pass(At::from_ms(0), None);
            chronicle.pass(At::from_ms(1_000), None);
        });
        assert_eq!(
            lines,
            [
                "INFO feed shop: starting, best effort",
                "INFO feed shop: ok",
                "WARN feed shop: retrying: throttled: http 429",
                "INFO feed shop: ok again",
                "WARN feed shop: put aside: 7 bad_money",
                "WARN feed shop: 54 more errors, 55 in all",
            ]
        );
    }

    #[test]
    fn a_feed_that_flaps_and_a_thousand_inputs_put_aside_are_few_lines() {
        let lines = told(|| {
            let mut chronicle = Chronicle::default();
            for number in 0..1_000 {
                let status = if number % 2 == 0 { FeedStatus::Ok } else { FeedStatus::Retrying };
                chronicle.hear_feed(&state(status, number / 2, &format!("status: http {number}")));
                chronicle.hear_aside(&"shop".into(), Quarantine::NotJson);
            }
            chronicle.tell_counts();
        });
        assert!(lines.len() as u64 <= MOST_CHANGES + 4, "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("more changes, now retrying")), "{lines:#?}");
    }

    #[test]
    fn an_act_is_told_by_its_kind_and_the_journal_when_it_fails_and_recovers() {
        let text = r#"{"type":"note","id":"n1","ts":"2026-11-26T20:00:00Z","text":"the supplier is Maria"}"#;
        let note = wire::read(text, &Defaults::default()).unwrap().event;
        let failing = JournalStatus { health: Health::Failing { error: "disk full".into() }, lost: 3, ..JournalStatus::default() };
        let lines = told(|| {
            let mut chronicle = Chronicle::default();
            tell_desk(&note);
            chronicle.pass(At::from_ms(0), Some(&JournalStatus::default()));
            chronicle.pass(At::from_ms(1), Some(&failing));
            chronicle.pass(At::from_ms(2), Some(&failing));
            chronicle.pass(At::from_ms(3), Some(&JournalStatus { committed_seq: 9, lost: 3, ..JournalStatus::default() }));
        });
        let journal =
            ["WARN journal: failing: disk full", "WARN journal: 3 records were not stored", "INFO journal: writing again, up to record 9"];
        assert_eq!(lines, [&["INFO desk: note"][..], &journal].concat());
    }
}
