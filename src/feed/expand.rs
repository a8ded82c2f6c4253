//! Thin notices: only the name of what changed came, so the resource itself is fetched and mapped. Notices of one id become one call;
//! one that a list gives again and again with the same `rev` needs two.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::Rejected;
use super::call::Call;
use super::fault::Fault;
use super::http::Answer;
use super::mapper::Mapper;
use super::mapping::{BEGINNING_COLUMNS, Context, Expansion, Mapped, Plain, Recipe};
use super::session::Session;
use super::template::{Template, Values};
use crate::engine::event::Quarantine;
use crate::engine::id::{Set, Table};
use crate::engine::text::clean;
use crate::engine::time::At;
use crate::engine::wire::Reject;

/// Calls at once.
const AT_ONCE: usize = 4;
/// Ids of which is known what became of them; beyond, all are asked for again.
const MOST_KNOWN: usize = 4_096;
/// So often a row is looked up at one `rev`.
const ENOUGH: u8 = 2;

/// The second request, as a platform file describes it.
#[derive(Clone, Debug)]
pub struct Expand {
    pub call: Call,
    pub recipe: Arc<Recipe>,
    /// Ids that one call may ask for: `{{expand.ids}}`, separated by commas.
    pub together: usize,
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
    known: Mutex<Known>,
}

/// What became of a call.
enum Fetched {
    There(Box<Mapped>),
    /// It is not there, which is the first that is heard of that.
    Missing(Fault),
}

/// What is known of ids that were asked for.
#[derive(Debug, Default)]
struct Known {
    /// The `rev` that each was looked up at, and how often: a platform's detail may lag behind its list.
    revs: Table<String, (String, u8)>,
    /// The same of those that are looked up now: it counts once what they led to is handed over.
    fresh: Vec<(String, String)>,
    /// Ids that were not there when they were first asked for.
    missing: Set<String>,
}

impl Expander {
    #[must_use]
    pub fn new(session: Arc<Session>, expand: Expand, mapper: Mapper) -> Self {
        Self { session, expand, mapper, known: Mutex::default() }
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
            let fetched: Vec<Fetched> = calls.try_collect().await?;
            let mut missing = None;
            for fetched in fetched {
                let mut mapped = match fetched {
                    Fetched::There(mapped) => mapped,
                    Fetched::Missing(fault) => {
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

    async fn fetch(&self, stage: &Expand, group: Vec<Expansion>, at: At) -> Result<Fetched, Fault> {
        match (self.ask(stage, &group, at).await, &*group) {
            (Err(fault), [notice]) if matches!(fault.status, Some(404 | 410)) => {
                if self.locked().is_missing_first(&notice.id) {
                    return Ok(Fetched::Missing(fault));
                }
                let detail = self.session.discreet(fault).to_string();
                Ok(Fetched::There(Box::new(put_aside(detail, &notice.id))))
            }
            (Ok(mapped), notices) => {
                let mut known = self.locked();
                for notice in notices {
                    known.missing.swap_remove(&notice.id);
                }
                Ok(Fetched::There(Box::new(mapped)))
            }
            (Err(fault), _) => Err(fault),
        }
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
                self.mapper.map(answer.body, &stage.recipe, context).await
            }
        };
        self.session.call(&stage.call, &values, examine).await
    }
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

    /// Notes that a resource is not there; true for the first time.
    fn is_missing_first(&mut self, id: &str) -> bool {
        if self.missing.len() >= MOST_KNOWN {
            self.missing.clear();
        }
        self.missing.insert(id.to_owned())
    }
}
