//! Whom and what an order belongs to. A version that is silent on one of these does not unsay what an earlier one named: a server
//! that confirms an order often does not know where its buyer came from.

use super::Version;
use crate::engine::id::Sym;

/// What one version names.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ties {
    pub channel: Option<Sym>,
    pub customer: Option<Sym>,
    pub visitor: Option<Sym>,
    pub method: Option<Sym>,
    /// A first-ever buyer.
    pub new: Option<bool>,
    /// It says that it belongs to this live, or to another.
    pub attributed: Option<bool>,
}

impl Ties {
    /// These, and of the others what these are silent on.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            channel: self.channel.or(others.channel),
            customer: self.customer.or(others.customer),
            visitor: self.visitor.or(others.visitor),
            method: self.method.or(others.method),
            new: self.new.or(others.new),
            attributed: self.attributed.or(others.attributed),
        }
    }
}

/// The latest word on something, of a version that did not win.
type Latest<T> = Option<(Version, T)>;

/// What earlier versions name and the winning one does not: of each the latest word. Kept only where there is some.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lent {
    channel: Latest<Sym>,
    customer: Latest<Sym>,
    visitor: Latest<Sym>,
    method: Latest<Sym>,
    new: Latest<bool>,
    attributed: Latest<bool>,
}

impl Lent {
    /// Takes what an earlier version names and the winner does not.
    pub fn take(&mut self, version: Version, ties: &Ties, winner: &Ties, sorted: bool) {
        keep(&mut self.channel, version, ties.channel, winner.channel, sorted);
        keep(&mut self.customer, version, ties.customer, winner.customer, sorted);
        keep(&mut self.visitor, version, ties.visitor, winner.visitor, sorted);
        keep(&mut self.method, version, ties.method, winner.method, sorted);
        keep(&mut self.new, version, ties.new, winner.new, sorted);
        keep(&mut self.attributed, version, ties.attributed, winner.attributed, sorted);
    }

    #[must_use]
    pub fn ties(&self) -> Ties {
        Ties {
            channel: self.channel.map(|(_, channel)| channel),
            customer: self.customer.map(|(_, customer)| customer),
            visitor: self.visitor.map(|(_, visitor)| visitor),
            method: self.method.map(|(_, method)| method),
            new: self.new.map(|(_, new)| new),
            attributed: self.attributed.map(|(_, attributed)| attributed),
        }
    }
}

fn keep<T: Copy>(latest: &mut Latest<T>, version: Version, named: Option<T>, winners: Option<T>, sorted: bool) {
    if let (Some(named), None) = (named, winners)
        && latest.is_none_or(|(known, _)| version.beats(&known, sorted))
    {
        *latest = Some((version, named));
    }
}
