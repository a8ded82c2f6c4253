//! What every source that tells stock has, and what its silence about a product means. Nothing is judged here.
//!
//! A source that was asked and lists all it has lacks what it does not name. That is so of an asked answer only: read to
//! its last page, neither a window nor a cursor over what changed, every row of it understood. A file or a program that is followed was
//! read as far as it goes, and may name the rest later; what is delivered, or streamed, or told as it changes cannot be
//! asked for the rest; and what failed, or was put aside, may have named anything.

use crate::engine::event::Fact;
use crate::engine::id::{Name, Table};
use crate::engine::money::Money;
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::feed::platform::{Paging, Poll, Request, Transport};
use crate::feed::probe::{Outcome, Probe};

/// What it means that a source does not name a product. Of several feeds of one source the last in this order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// It is followed, and has not named it so far.
    NotYet,
    /// It tells what changes, when it changes, and cannot be asked.
    NotAsked,
    /// It lists all that it has, and does not have it.
    Lacks,
    /// It did not answer, or not in full.
    NotHeard,
}

/// What one source has of one sku at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot<'s> {
    pub source: &'s Name,
    /// As the plan calls it.
    pub sku: &'s Name,
    pub available: i64,
    pub price: Option<Money>,
}

/// A gauge: the latest word holds.
#[derive(Clone, Copy, Debug)]
struct Level {
    told_at: At,
    available: i64,
    price: Option<Money>,
}

#[derive(Debug)]
struct Source {
    silence: Silence,
    /// By sku and place.
    levels: Table<(Name, Option<Name>), Level>,
}

/// What the sources have.
#[derive(Debug, Default)]
pub struct Shelves(Table<Name, Source>);

impl Shelves {
    /// Takes what a feed told; `None` of one that is delivered to. Feeds that have nothing to do with stock are passed over.
    pub fn take(&mut self, account: &Name, request: &Request, probe: Option<&Probe>) {
        let silence = silence_of(request, probe);
        let mut has_told = false;
        for event in probe.iter().flat_map(|probe| &probe.events) {
            let Fact::Inventory(stock) = &event.fact else { continue };
            has_told = true;
            let level = Level { told_at: event.ts, available: stock.available, price: stock.price };
            let levels = &mut self.open(&event.source, silence).levels;
            let known = levels.entry((stock.sku.clone(), stock.location.clone())).or_insert(level);
            if known.told_at <= level.told_at {
                *known = level;
            }
        }
        let is_announced = request.gives.iter().any(|kind| kind == "inventory");
        // lines without a `gives` may hold anything: those that could not be read may have held stock
        let may_have_told = request.gives.is_empty() && probe.is_some_and(is_lost);
        if !has_told && (is_announced || may_have_told) {
            self.open(account, silence);
        }
    }

    fn open(&mut self, source: &Name, silence: Silence) -> &mut Source {
        let source = self.0.entry(source.clone()).or_insert_with(|| Source { silence, levels: Table::default() });
        source.silence = source.silence.max(silence);
        source
    }

    /// True where no source tells stock.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every source, with what its silence means.
    pub fn sources(&self) -> impl Iterator<Item = (&Name, Silence)> {
        self.0.iter().map(|(name, source)| (name, source.silence))
    }

    /// Everything that is told of the skus that are meant, under the plan's names for them.
    pub fn lots<'s>(&'s self, plan: &'s Plan, is_meant: impl Fn(&Name) -> bool) -> Vec<Lot<'s>> {
        let told = self.0.iter().flat_map(|(source, held)| held.levels.iter().map(move |level| (source, level)));
        let lots = told.map(|(source, ((sku, _), level))| Lot {
            source,
            sku: plan.aliases.get(sku).unwrap_or(sku),
            available: level.available,
            price: level.price,
        });
        lots.filter(|lot| is_meant(lot.sku)).collect()
    }
}

fn silence_of(request: &Request, probe: Option<&Probe>) -> Silence {
    let Some(probe) = probe else { return Silence::NotAsked };
    match &request.transport {
        _ if is_lost(probe) => Silence::NotHeard,
        Transport::Poll(_) if !probe.state.caught_up || !probe.rejected.is_empty() || probe.state.unmapped > 0 => Silence::NotHeard,
        Transport::Poll(poll) if lists_all(poll) => Silence::Lacks,
        Transport::Ndjson(_) if !probe.rejected.is_empty() || !probe.events.is_empty() && !probe.state.caught_up => Silence::NotHeard,
        Transport::Ndjson(_) => Silence::NotYet,
        Transport::Poll(_) | Transport::Webhook(_) | Transport::Sse(_) | Transport::Ws(_) | Transport::Nats(_) | Transport::Kafka(_) => {
            Silence::NotAsked
        }
    }
}

/// Nothing of it could be used.
const fn is_lost(probe: &Probe) -> bool {
    matches!(probe.outcome, Outcome::Failed | Outcome::Late) || probe.events.is_empty() && !probe.rejected.is_empty()
}

/// An answer from the first to the last of what there is, not what changed since then.
const fn lists_all(poll: &Poll) -> bool {
    let from_the_first = match poll.paging {
        Paging::One | Paging::Offset { .. } | Paging::Page { .. } | Paging::Token { persist: false, .. } | Paging::Link { .. } => true,
        Paging::Token { persist: true, .. } | Paging::Since { .. } | Paging::Queue => false,
    };
    from_the_first && poll.window.is_none() && !poll.partial
}

#[cfg(test)]
pub mod tests;
