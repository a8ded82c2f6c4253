//! The log: what happened beside the numbers, in order, and what of it was taken back.

use super::books::Books;
use super::feeds::Turn;
use crate::engine::event::{Answer, CorrectionKind, Fact, Record, SegmentKind};
use crate::engine::id::{Name, Set, Sym};
use crate::engine::money::Money;
use crate::engine::notice::{Notice, NoticeKind};
use crate::engine::plan::Plan;
use crate::engine::time::At;

/// The source of what the operator writes at the desk.
pub const DESK: &str = "desk";
/// Entries that are kept; the oldest go first.
pub const ENTRIES: usize = 20_000;

/// What became of a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdviceTurn {
    Raised,
    Answered(Answer),
    /// Its reason is gone, or nobody answered.
    Expired,
    /// It was done without the card, or something more urgent took its place.
    Superseded,
}

/// What was typed in of a figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// As it was written.
    Number(Name),
    /// Money, the total so far.
    Total(Money),
    /// Money that adds.
    More(Money),
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(text) => f.write_str(text),
            Self::Total(money) => write!(f, "{money}"),
            Self::More(money) => write!(f, "+{money}"),
        }
    }
}

/// What an entry tells of.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Pinned {
        product: Sym,
    },
    /// Nothing is pinned there now where it names no product.
    Unpinned {
        product: Option<Sym>,
    },
    Cue {
        segment: Name,
        kind: Option<SegmentKind>,
    },
    /// An act began; the rest is in its ledger.
    Started {
        id: Name,
    },
    Ended {
        id: Name,
        operator: Option<Name>,
    },
    Withdrawn {
        id: Name,
        operator: Option<Name>,
    },
    Note {
        text: Name,
        operator: Option<Name>,
    },
    Figure {
        metric: Name,
        value: Told,
    },
    /// A sale typed in.
    Sale {
        value: Money,
    },
    Corrected {
        kind: CorrectionKind,
        target: Name,
    },
    Advice {
        advice: Name,
        turn: AdviceTurn,
    },
    FeedLost {
        feed: Name,
    },
    FeedBack {
        feed: Name,
    },
    Closed,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub at: At,
    pub seq: u64,
    /// Of the event that made it; empty where no event did.
    pub id: Name,
    pub what: What,
}

/// The log of one broadcast.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: std::collections::VecDeque<Entry>,
    /// Ids that a correction made void.
    voided: Set<Name>,
    last_seq: u64,
}

impl Log {
    /// Takes every record that the log tells of.
    pub fn fold(&mut self, record: &Record, books: &mut Books, plan: &Plan, notices: &mut Vec<Notice>) {
        let event = &record.event;
        self.last_seq = record.seq;
        let what = match &event.fact {
            Fact::ProductPinned(pin) => What::Pinned { product: books.product(&pin.sku, None, plan) },
            Fact::ProductUnpinned(pin) => What::Unpinned { product: pin.sku.as_ref().map(|sku| books.product(sku, None, plan)) },
            Fact::Cue(cue) => What::Cue { segment: cue.segment.clone(), kind: cue.kind },
            Fact::Intervention(_) => What::Started { id: event.id.clone().unwrap_or_default() },
            Fact::InterventionEnded(end) => What::Ended { id: end.intervention.clone(), operator: end.operator.clone() },
            Fact::InterventionWithdrawn(end) => What::Withdrawn { id: end.intervention.clone(), operator: end.operator.clone() },
            Fact::Note(note) => {
                let kind = NoticeKind::Noted { text: note.text.clone(), operator: note.operator.clone() };
                notices.push(Notice { at: record.at, kind });
                What::Note { text: note.text.clone(), operator: note.operator.clone() }
            }
            Fact::Correction(correction) => {
                if correction.kind == CorrectionKind::Void {
                    self.voided.insert(correction.target.clone());
                }
                What::Corrected { kind: correction.kind, target: correction.target.clone() }
            }
            Fact::AdviceAnswer(told) if matches!(told.answer, Answer::Waiting | Answer::Said | Answer::Declined | Answer::Snoozed) => {
                What::Advice { advice: told.advice.clone(), turn: AdviceTurn::Answered(told.answer) }
            }
            Fact::Closed(_) => What::Closed,
            fact if event.is_manual() => match typed(fact) {
                Some(what) => what,
                None => return,
            },
            _ => return,
        };
        self.add(Entry { at: event.ts, seq: record.seq, id: event.id.clone().unwrap_or_default(), what });
    }

    /// A feed that went stale or came back, as judged.
    pub fn tell_feed(&mut self, at: At, turn: Turn) {
        let what = match turn {
            Turn::Lost(feed) => What::FeedLost { feed },
            Turn::Back(feed) => What::FeedBack { feed },
        };
        self.add(Entry { at, seq: self.last_seq, id: Name::default(), what });
    }

    /// A recommendation that was raised or left the glass by itself, as judged.
    pub fn tell_advice(&mut self, at: At, advice: Name, turn: AdviceTurn) {
        self.add(Entry { at, seq: self.last_seq, id: Name::default(), what: What::Advice { advice, turn } });
    }

    fn add(&mut self, entry: Entry) {
        let place = self.entries.iter().rposition(|kept| (kept.at, kept.seq) <= (entry.at, entry.seq)).map_or(0, |before| before + 1);
        self.entries.insert(place, entry);
        if self.entries.len() > ENTRIES {
            self.entries.pop_front();
        }
    }

    /// All entries by the time they happened.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
    /// True for an event that a correction made void.
    #[must_use]
    pub fn is_void(&self, id: &Name) -> bool {
        !id.is_empty() && self.voided.contains(id)
    }
}

/// A figure or a sale typed in at the desk.
fn typed(fact: &Fact) -> Option<What> {
    let (metric, value) = match fact {
        Fact::Audience(audience) => ("ccu".into(), Told::Number(audience.viewers.to_string().into())),
        Fact::AdSpend(spend) if spend.total => ("ad_spend".into(), Told::Total(spend.value)),
        Fact::AdSpend(spend) => ("ad_spend".into(), Told::More(spend.value)),
        Fact::Reading(reading) => (reading.metric.clone(), Told::Number(reading.value.clone())),
        Fact::Inventory(inventory) => ("stock".into(), Told::Number(inventory.available.to_string().into())),
        Fact::Purchase(purchase) => return Some(What::Sale { value: purchase.value }),
        _ => return None,
    };
    Some(What::Figure { metric, value })
}
