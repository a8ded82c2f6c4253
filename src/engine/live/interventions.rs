//! The operator's acts: begun, ended by a key or by their own clock, withdrawn.
//!
//! An act is a function of its records in any order: an end or a withdrawal that arrives before the start waits for it.

use std::collections::BTreeMap;

use super::books::Books;
use crate::engine::event::{Fact, InterventionEnd, InterventionKind, Parameters, Record};
use crate::engine::id::{Name, Sym};
use crate::engine::notice::{Notice, NoticeKind};
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::engine::view::show::Gesture;

/// An act that runs at least [`TOLD_FROM_S`] is announced this long before its own clock ends it.
pub const TOLD_BEFORE_S: i64 = 60;
const TOLD_FROM_S: i64 = 180;

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    pub kind: InterventionKind,
    pub product: Option<Sym>,
    pub started: At,
    pub duration_s: Option<i64>,
    pub parameters: Parameters,
    pub advice: Option<Name>,
    pub operator: Option<Name>,
    pub seq: u64,
}

/// What is known of an act, its start perhaps not yet.
#[derive(Clone, Debug, Default)]
struct Known {
    act: Option<Act>,
    ended: Option<At>,
    withdrawn: bool,
    /// Told as about to end, and as ended.
    told_ending: bool,
    told_ended: bool,
}

/// An act as it stands at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing<'a> {
    pub id: &'a Name,
    pub act: &'a Act,
    pub ends_at: Option<At>,
    pub ended: Option<At>,
    /// True where its own clock ended it, not a key.
    pub by_clock: bool,
    pub withdrawn: bool,
}

/// All acts of one broadcast.
#[derive(Clone, Debug, Default)]
pub struct Interventions {
    acts: BTreeMap<(Name, Name), Known>,
    /// Acts that judging must look at: not yet told as ended.
    running: Vec<(Name, Name)>,
}

/// Done in a moment: such an act has no end of its own, and nothing runs after it.
#[must_use]
pub const fn is_momentary(kind: InterventionKind) -> bool {
    use InterventionKind as Kind;
    match kind {
        Kind::PinProduct
        | Kind::SwitchProduct
        | Kind::Restock
        | Kind::RemoveProduct
        | Kind::PinComment
        | Kind::AnswerQuestion
        | Kind::ScriptChange
        | Kind::HostChange
        | Kind::AdsUp
        | Kind::AdsDown
        | Kind::AdsCreative
        | Kind::BroadcastPush
        | Kind::CartRescue => true,
        Kind::FlashDeal
        | Kind::PriceDrop
        | Kind::Coupon
        | Kind::Bundle
        | Kind::FreeShipping
        | Kind::Giveaway
        | Kind::Countdown
        | Kind::Poll
        | Kind::Demo
        | Kind::BonusKit
        | Kind::LeadOffer
        | Kind::TechEvent
        | Kind::PolicyWarning => false,
    }
}

impl Act {
    /// When its own clock ends it.
    fn ends_at(&self) -> Option<At> {
        match self.duration_s {
            Some(seconds) => Some(self.started.plus_s(seconds.max(0))),
            None => is_momentary(self.kind).then_some(self.started),
        }
    }
}

impl Known {
    /// How it stands at `now`; `None` before its start is known.
    fn standing<'a>(&'a self, id: &'a Name, now: At) -> Option<Standing<'a>> {
        let act = self.act.as_ref()?;
        let ends_at = act.ends_at();
        let by_clock = ends_at.filter(|end| *end <= now);
        let by_key = self.ended.map(|end| end.max(act.started));
        let ended = match (by_key, by_clock) {
            (Some(key), Some(clock)) => Some(key.min(clock)),
            (key, clock) => key.or(clock),
        };
        Some(Standing {
            id,
            act,
            ends_at: act.duration_s.and(ends_at),
            ended,
            by_clock: ended.is_some() && ended != by_key,
            withdrawn: self.withdrawn,
        })
    }
}

impl Interventions {
    /// Takes a record that concerns this ledger.
    pub fn fold(&mut self, record: &Record, books: &mut Books, plan: &Plan, notices: &mut Vec<Notice>) {
        let event = &record.event;
        match &event.fact {
            Fact::Intervention(act) => {
                let key = (event.id.clone().unwrap_or_default(), event.source.clone());
                let act = Act {
                    kind: act.kind,
                    product: act.sku.as_ref().map(|sku| books.product(sku, None, plan)),
                    started: event.ts,
                    duration_s: act.duration_s,
                    parameters: act.parameters.clone(),
                    advice: act.advice.clone(),
                    operator: act.operator.clone(),
                    seq: record.seq,
                };
                let kind = NoticeKind::InterventionStarted { id: key.0.clone(), kind: act.kind, product: act.product };
                notices.push(Notice { at: record.at, kind });
                self.begin(key, act);
            }
            Fact::InterventionEnded(end) => self.end(record, end, notices),
            Fact::InterventionWithdrawn(end) => self.withdraw(record, end, notices),
            _ => {}
        }
    }

    /// What was said of the act before it was known, under its own source or another's, joins it.
    fn begin(&mut self, key: (Name, Name), act: Act) {
        let waiting: Vec<_> = self.of_id(&key.0).filter(|(_, known)| known.act.is_none()).map(|(other, _)| other.clone()).collect();
        let mut known = self.acts.remove(&key).unwrap_or_default();
        for other in waiting {
            if let Some(said) = self.acts.remove(&other) {
                known.ended = earliest(known.ended, said.ended);
                known.withdrawn |= said.withdrawn;
            }
        }
        known.told_ended = known.withdrawn || known.ended.is_some() || (act.duration_s.is_none() && is_momentary(act.kind));
        if !known.told_ended {
            self.running.push(key.clone());
        }
        known.act = Some(act);
        self.acts.insert(key, known);
    }

    fn of_id(&self, id: &Name) -> impl Iterator<Item = (&(Name, Name), &Known)> {
        let id = id.clone();
        self.acts.range((id.clone(), Name::default())..).take_while(move |((act, _), _)| *act == id)
    }

    /// The act that a reference means: of the same source, else the one that bears the id, else one still to come.
    fn meant(&mut self, id: &Name, source: &Name) -> &mut Known {
        let own = (id.clone(), source.clone());
        let others: Vec<_> = self.of_id(id).filter(|(_, known)| known.act.is_some()).map(|(key, _)| key.clone()).collect();
        let key = match others.as_slice() {
            [only] if !self.acts.contains_key(&own) => only.clone(),
            _ => own,
        };
        self.acts.entry(key).or_default()
    }

    fn end(&mut self, record: &Record, end: &InterventionEnd, notices: &mut Vec<Notice>) {
        let known = self.meant(&end.intervention, &record.event.source);
        known.ended = earliest(known.ended, Some(record.event.ts));
        if let Some(act) = &known.act
            && !known.told_ended
        {
            known.told_ended = true;
            let kind =
                NoticeKind::InterventionEnded { id: end.intervention.clone(), kind: act.kind, product: act.product, by_clock: false };
            notices.push(Notice { at: record.at, kind });
        }
    }

    fn withdraw(&mut self, record: &Record, end: &InterventionEnd, notices: &mut Vec<Notice>) {
        let known = self.meant(&end.intervention, &record.event.source);
        known.withdrawn = true;
        known.told_ended = true;
        if let Some(act) = &known.act {
            let kind = NoticeKind::InterventionWithdrawn { id: end.intervention.clone(), kind: act.kind, product: act.product };
            notices.push(Notice { at: record.at, kind });
        }
    }

    /// Judges one whole second: whose own clock has run out, whose soon will.
    pub fn judge(&mut self, second: At, notices: &mut Vec<Notice>) {
        let mut running = std::mem::take(&mut self.running);
        running.retain(|key| self.acts.get_mut(key).is_some_and(|known| is_still_running(&key.0, known, second, notices)));
        self.running = running;
    }

    /// All acts as they stand at `now`, by start.
    #[must_use]
    pub fn standing(&self, now: At) -> Vec<Standing<'_>> {
        let mut all: Vec<_> = self.acts.iter().filter_map(|((id, _), known)| known.standing(id, now)).collect();
        all.sort_by_key(|standing| (standing.act.started, standing.act.seq));
        all
    }

    /// The act with an id.
    #[must_use]
    pub fn find(&self, id: &Name) -> Option<&Act> {
        self.of_id(id).find_map(|(_, known)| known.act.as_ref())
    }
    #[must_use]
    pub fn is_withdrawn(&self, id: &Name) -> bool {
        self.of_id(id).any(|(_, known)| known.withdrawn)
    }

    /// Blocks of answers that were not taken back: when, to which product, on which topic (none: on all).
    pub fn answers(&self) -> impl Iterator<Item = (At, Option<Sym>, Option<Gesture>)> {
        let acts = self.acts.values().filter(|known| !known.withdrawn).filter_map(|known| known.act.as_ref());
        acts.filter(|act| act.kind == InterventionKind::AnswerQuestion).map(|act| (act.started, act.product, topic_of(&act.parameters)))
    }
}

fn is_still_running(id: &Name, known: &mut Known, second: At, notices: &mut Vec<Notice>) -> bool {
    let Some(act) = &known.act else { return false };
    if known.told_ended {
        return false;
    }
    let Some(ends_at) = act.ends_at() else { return true };
    if ends_at <= second {
        known.told_ended = true;
        let kind = NoticeKind::InterventionEnded { id: id.clone(), kind: act.kind, product: act.product, by_clock: true };
        notices.push(Notice { at: second, kind });
        return false;
    }
    let left_s = ends_at.since_ms(second).div_euclid(crate::engine::time::SECOND_MS);
    if !known.told_ending && left_s <= TOLD_BEFORE_S && act.duration_s.is_some_and(|duration| duration >= TOLD_FROM_S) {
        known.told_ending = true;
        let kind = NoticeKind::InterventionEnding { id: id.clone(), kind: act.kind, product: act.product, left_s };
        notices.push(Notice { at: second, kind });
    }
    true
}

fn earliest(one: Option<At>, other: Option<At>) -> Option<At> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The class of questions that a block answers, where its parameters name one.
fn topic_of(parameters: &Parameters) -> Option<Gesture> {
    let named = parameters.get("topic").or_else(|| parameters.get("class"))?;
    Gesture::ALL.into_iter().find(|gesture| gesture.id() == named)
}

/// For each act of `standing`: did another run on the same product or on the whole live at the same time?
#[must_use]
pub fn overlaps(standing: &[Standing<'_>]) -> Vec<bool> {
    let mut met = vec![false; standing.len()];
    for (later, two) in standing.iter().enumerate() {
        for (earlier, one) in standing[..later].iter().enumerate() {
            let same_time = one.ended.is_none_or(|ended| two.act.started < ended);
            let same_place = one.act.product.is_none() || two.act.product.is_none() || one.act.product == two.act.product;
            if same_time && same_place && !one.withdrawn && !two.withdrawn {
                (met[earlier], met[later]) = (true, true);
            }
        }
    }
    met
}
