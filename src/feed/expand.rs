//! Thin notices: only the name of what changed came, so the resource itself is fetched and mapped. Notices of one id become one call;
//! one that a list gives again and again with the same `rev` needs two.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::Rejected;
use super::call::Call;
use super::fault::{Fault, FaultKind};
use super::filter::Filter;
use super::http::Answer;
use super::mapper::Mapper;
use super::mapping::{BEGINNING_COLUMNS, Context, Expansion, Mapped, Plain, Recipe};
use super::quota;
use super::session::Session;
use super::template::{Template, Values};
use crate::clock;
use crate::engine::event::Quarantine;
use crate::engine::id::Table;
use crate::engine::text::clean;
use crate::engine::time::At;
use crate::engine::wire::Reject;

/// Calls at once.
const AT_ONCE: usize = 4;
/// Ids of which is known what became of them; beyond, all are asked for again.
const MOST_KNOWN: usize = 4_096;
/// So many of a group that are refused one by one, and none read: it is not about them.
const MOST_REFUSED: usize = 3;
/// Longest that an answer is waited for that is not ready.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two questions for it.
const SHORTEST_WAIT_S: f64 = 0.2;
const LONGEST_WAIT_S: f64 = 60.0;
/// So often a row is looked up at one `rev`.
const ENOUGH: u8 = 2;

/// The second request, as a platform file describes it.
#[derive(Clone, Debug)]
pub struct Expand {
    pub call: Call,
    pub recipe: Arc<Recipe>,
    /// Ids that one call may ask for: `{{expand.ids}}`, separated by commas.
    pub together: usize,
    /// Of an answer that is not ready: seconds until the same is asked for again.
    pub wait: Option<Filter>,
    /// What its answer may name in turn: the lines of an order, say.
    pub then: Option<Box<Self>>,
}

impl Expand {
    /// It, and what comes behind it.
    pub fn stages(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |stage| stage.then.as_deref())
    }
}

/// Fetches what notices name.
#[derive(Debug)]
pub struct Expander {
    session: Arc<Session>,
    expand: Expand,
    mapper: Mapper,
    gone_after: Duration,
    known: Mutex<Known>,
}

/// What an answer is.
enum Answered {
    There(Box<Mapped>),
    /// It is still being made: to be asked for again after so long.
    NotYet(Duration),
}

/// What became of a call.
enum Fetched {
    There(Box<Mapped>),
    /// It is not there, which is the first that is heard of that.
    Missing(Fault),
    /// The platform says no to this id, for good.
    Refused(Fault, Expansion),
}

/// What is known of ids that were asked for.
#[derive(Debug, Default)]
struct Known {
    /// The `rev` that each was looked up at, and how often: a platform's detail may lag behind its list.
    revs: Table<String, (String, u8)>,
    /// The same of those that are looked up now: it counts once what they led to is handed over.
    fresh: Vec<(String, String)>,
    /// Ids that were not there, and since when.
    missing: Table<String, Instant>,
}

impl Expander {
    #[must_use]
    pub fn new(session: Arc<Session>, expand: Expand, mapper: Mapper) -> Self {
        Self { session, expand, mapper, gone_after: Duration::ZERO, known: Mutex::default() }
    }

    /// What is not there is asked for again for so long, and not only once.
    #[must_use]
    pub const fn patient(mut self, gone_after: Duration) -> Self {
        self.gone_after = gone_after;
        self
    }

    /// Ids that one call may ask for.
    #[must_use]
    pub const fn together(&self) -> usize {
        self.expand.together
    }

    /// Adds what the notices lead to. A resource that is not there is put aside when it is not there again: where a notice comes
    /// before what it names can be read, it is there the second time.
    ///
    /// # Errors
    /// When one of the calls fails; nothing is lost, for the notices come again.
    pub async fn expand(&self, mut notices: Vec<Expansion>, at: At, into: &mut Mapped) -> Result<(), Fault> {
        self.locked().leave_known(&mut notices);
        for stage in self.expand.stages() {
            let mut once: Table<String, Expansion> = Table::default();
            for notice in notices.drain(..) {
                once.insert(notice.id.clone(), notice);
            }
            let groups: Vec<Vec<Expansion>> =
                once.into_values().collect::<Vec<_>>().chunks(stage.together).map(<[Expansion]>::to_vec).collect();
            let calls = stream::iter(groups.into_iter().map(|group| self.fetch(stage, group, at))).buffered(AT_ONCE);
            let fetched: Vec<Vec<Fetched>> = calls.try_collect().await?;
            // where none is read it is not the ids that are wrong; what was put aside had no input
            let is_any_there = fetched.iter().flatten().any(|fetched| matches!(fetched, Fetched::There(mapped) if mapped.inputs > 0));
            let mut missing = None;
            for fetched in fetched.into_iter().flatten() {
                let fetched = match fetched {
                    Fetched::Refused(fault, notice) if is_any_there => self.not_there(fault, &notice),
                    fetched => fetched,
                };
                let mut mapped = match fetched {
                    Fetched::There(mapped) => mapped,
                    Fetched::Missing(fault) | Fetched::Refused(fault, _) => {
                        missing.get_or_insert(fault);
                        continue;
                    }
                };
                // what a detail says of pages is not what the list says, and its inputs are none of the list's
                (mapped.next, mapped.inputs) = (None, 0);
                notices.append(&mut mapped.expansions);
                into.append(*mapped);
            }
            if let Some(fault) = missing {
                return Err(fault);
            }
        }
        into.expansions = notices;
        Ok(())
    }

    /// What the notices led to is handed over: that they were looked up at their `rev` counts now.
    pub fn keep(&self) {
        let mut known = self.locked();
        let fresh = std::mem::take(&mut known.fresh);
        if known.revs.len() + fresh.len() > MOST_KNOWN {
            known.revs.clear();
        }
        for (id, rev) in fresh {
            let times = known.revs.get(&id).filter(|(known, _)| *known == rev).map_or(1, |(_, times)| times.saturating_add(1));
            known.revs.insert(id, (rev, times));
        }
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call for all of a group; where one of them is refused for good, a call for each.
    async fn fetch(&self, stage: &Expand, group: Vec<Expansion>, at: At) -> Result<Vec<Fetched>, Fault> {
        match self.ask(stage, &group, at).await {
            Ok(mapped) => {
                let mut known = self.locked();
                for notice in &group {
                    known.missing.swap_remove(&notice.id);
                }
                Ok(vec![Fetched::There(Box::new(mapped))])
            }
            Err(fault) if group.len() == 1 && matches!(fault.status, Some(404 | 410)) => Ok(vec![self.not_there(fault, &group[0])]),
            Err(fault) if is_about_ids(&fault) => {
                if let [notice] = &*group {
                    return Ok(vec![Fetched::Refused(fault, notice.clone())]);
                }
                let mut fetched = Vec::new();
                for notice in group {
                    fetched.extend(Box::pin(self.fetch(stage, vec![notice], at)).await?);
                    // a platform that says no to all of them is asked no more
                    if fetched.len() >= MOST_REFUSED && fetched.iter().all(|fetched| matches!(fetched, Fetched::Refused(..))) {
                        return Err(fault);
                    }
                }
                Ok(fetched)
            }
            Err(fault) => Err(fault),
        }
    }

    /// What is not there, or is refused: the first time it may still come, then it is put aside.
    fn not_there(&self, fault: Fault, notice: &Expansion) -> Fetched {
        if self.locked().may_still_come(&notice.id, self.gone_after) {
            return Fetched::Missing(fault);
        }
        let detail = self.session.discreet(fault).to_string();
        Fetched::There(Box::new(put_aside(detail, &notice.id)))
    }

    async fn ask(&self, stage: &Expand, group: &[Expansion], at: At) -> Result<Mapped, Fault> {
        let mut values: Values = self.session.account.values.clone();
        let ids: Vec<&str> = group.iter().map(|notice| notice.id.as_str()).collect();
        values.set_text("expand.ids", ids.join(","));
        for (name, value) in group.iter().flat_map(|notice| &notice.values) {
            values.set_text(format!("expand.{name}"), value);
        }
        let wanted =
            stage.call.templates().into_iter().flat_map(Template::needed).filter_map(|name| Some((name, name.strip_prefix("expand.")?)));
        if let Some((_, missing)) = wanted.into_iter().find(|(name, _)| values.get(name).is_none()) {
            let detail = format!("map: the second call needs `{missing}`, which `expand` does not give");
            return Ok(put_aside(detail, &ids.join(",")));
        }
        let examine = |answer: Answer| {
            let place = ids.first().map(|id| format!("id {id}")).unwrap_or_default();
            let feed: Plain = values.plain().map(|(name, text)| (name.to_owned(), text)).collect();
            async move {
                // what the notice said is known beside the answer: `$feed["expand.NAME"]`
                let context = Context { feed, ..Context::of_answer(&answer, at, place, &self.session.account) };
                if let Some(wait) = &stage.wait {
                    let seconds = self.mapper.first(wait, &answer.body, context.clone()).await?.and_then(|text| text.parse().ok());
                    if let Some(seconds) = seconds.filter(|seconds: &f64| seconds.is_finite()) {
                        return Ok(Answered::NotYet(Duration::from_secs_f64(seconds.clamp(SHORTEST_WAIT_S, LONGEST_WAIT_S))));
                    }
                }
                self.mapper.map(answer.body, &stage.recipe, context).await.map(Box::new).map(Answered::There)
            }
        };
        let mut waited = Duration::ZERO;
        loop {
            match self.session.call(&stage.call, &values, examine).await? {
                Answered::There(mapped) => return Ok(*mapped),
                Answered::NotYet(wait) if waited + wait > PATIENCE => {
                    let detail = format!("what was asked for is not ready after {} s: {}", waited.as_secs(), ids.join(","));
                    return Err(Fault::new(FaultKind::Refused, detail));
                }
                Answered::NotYet(wait) => {
                    quota::pause(wait).await;
                    waited += wait;
                }
            }
        }
    }
}

/// The platform heard what was asked for, and says no to it.
fn is_about_ids(fault: &Fault) -> bool {
    let is_of_request = |status: u16| (400..500).contains(&status) && !matches!(status, 401 | 403 | 408 | 425 | 429);
    fault.kind == FaultKind::Refused && fault.status.is_none() || fault.wait.is_none() && fault.status.is_some_and(is_of_request)
}

/// What notices become that lead to nothing.
fn put_aside(detail: String, ids: &str) -> Mapped {
    let beginning = clean(ids, BEGINNING_COLUMNS).to_string();
    let rejected = vec![Rejected { reject: Reject { reason: Quarantine::BadField, detail }, place: String::new(), beginning }];
    Mapped { rejected, ..Mapped::default() }
}

impl Known {
    /// Leaves out notices that were looked up often enough at the same `rev`; of the others it is noted.
    fn leave_known(&mut self, notices: &mut Vec<Expansion>) {
        self.fresh.clear();
        notices.retain(|notice| {
            let rev = notice.values.iter().find(|(name, _)| name == "rev").map(|(_, rev)| rev);
            let Some(rev) = rev.filter(|rev| !rev.is_empty()) else { return true };
            let is_known = self.revs.get(&notice.id).is_some_and(|(known, times)| known == rev && *times >= ENOUGH);
            if !is_known {
                self.fresh.push((notice.id.clone(), rev.clone()));
            }
            !is_known
        });
    }

    /// Notes that a resource is not there; true for the first time, and for so long.
    fn may_still_come(&mut self, id: &str, gone_after: Duration) -> bool {
        if self.missing.len() >= MOST_KNOWN {
            self.missing.clear();
        }
        let (now, known) = (clock::instant(), self.missing.get(id).copied());
        self.missing.entry(id.to_owned()).or_insert(now);
        known.is_none_or(|since| now.duration_since(since) < gone_after)
    }
}
