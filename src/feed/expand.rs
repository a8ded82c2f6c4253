//! Thin notices: only the name of what changed came, so the resource itself is fetched and mapped. Notices of one id become one call.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::call::Call;
use super::fault::Fault;
use super::http::Answer;
use super::mapper::Mapper;
use super::mapping::{Context, Expansion, Mapped, Plain, Recipe};
use super::session::Session;
use super::template::Values;
use crate::engine::id::Table;
use crate::engine::time::At;

/// Calls at once.
const AT_ONCE: usize = 4;

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
#[derive(Clone, Debug)]
pub struct Expander {
    pub session: Arc<Session>,
    pub expand: Expand,
    pub mapper: Mapper,
}

impl Expander {
    /// Adds what the notices lead to.
    ///
    /// # Errors
    /// When one of the calls fails; nothing is lost, for the notices come again.
    pub async fn expand(&self, mut notices: Vec<Expansion>, at: At, into: &mut Mapped) -> Result<(), Fault> {
        for stage in self.expand.stages() {
            let mut once: Table<String, Expansion> = Table::default();
            for notice in notices.drain(..) {
                once.insert(notice.id.clone(), notice);
            }
            let groups: Vec<Vec<Expansion>> =
                once.into_values().collect::<Vec<_>>().chunks(stage.together).map(<[Expansion]>::to_vec).collect();
            let calls = stream::iter(groups.into_iter().map(|group| self.fetch(stage, group, at))).buffered(AT_ONCE);
            let fetched: Vec<Mapped> = calls.try_collect().await?;
            for mut mapped in fetched {
                // what a detail says of pages is not what the list says, and its inputs are none of the list's
                (mapped.next, mapped.inputs) = (None, 0);
                notices.append(&mut mapped.expansions);
                into.append(mapped);
            }
        }
        into.expansions = notices;
        Ok(())
    }

    async fn fetch(&self, stage: &Expand, group: Vec<Expansion>, at: At) -> Result<Mapped, Fault> {
        let mut values: Values = self.session.account.values.clone();
        let ids: Vec<&str> = group.iter().map(|notice| notice.id.as_str()).collect();
        values.set_text("expand.ids", ids.join(","));
        for (name, value) in group.iter().flat_map(|notice| &notice.values) {
            values.set_text(format!("expand.{name}"), value);
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
