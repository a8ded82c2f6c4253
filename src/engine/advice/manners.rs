//! The manners of the desk: few cards at a time and in an hour, causes that silence others, nothing about what an act is at
//! work on, no card about what cannot sell.

use super::{Advisor, HeldBy, Recommendation, State};
use crate::engine::Engine;
use crate::engine::event::InterventionKind;
use crate::engine::live::log::AdviceTurn;
use crate::engine::price::TooDear;
use crate::engine::rule::{Across, Cause, Move, Rule, Urgency, Watch};
use crate::engine::time::{At, SECOND_MS};
use crate::engine::watch::{Target, Watching};

/// Cards that are on the glass at once.
pub const MOST_OPEN: usize = 3;
/// A new card at most this often.
pub const NEW_EVERY_S: i64 = 20;
/// Cards of what goes wrong raised in any hour, at most; what is beyond waits.
pub const MOST_PER_HOUR: usize = 6;
/// Hints in any hour, at most; they take no place of what goes wrong, and none comes where that has filled the hour.
pub const MOST_HINTS_PER_HOUR: usize = 4;
/// Of one cause a hint comes at most this often, so that no cause spends what the others have.
const HINT_AGAIN_S: i64 = 1_800;
/// After an act on a product, rules on it and its substitutes are silent for so long.
const AFTER_ACT_S: i64 = 300;

/// Why a rule raises nothing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    Inhibited(Cause),
    Cooling,
    MostReached,
    TooDear(TooDear),
    ActRuns,
    Muted,
    Grouped,
    TooMany,
    /// Nothing is left of it: that it does not sell says nothing.
    SoldOut,
    /// It is not on air any more.
    OffAir,
}

impl Silent {
    /// One word for it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Inhibited(_) => "inhibited",
            Self::Cooling => "cooling",
            Self::MostReached => "most_reached",
            Self::TooDear(_) => "too_dear",
            Self::ActRuns => "act_runs",
            Self::Muted => "muted",
            Self::Grouped => "grouped",
            Self::TooMany => "too_many",
            Self::SoldOut => "sold_out",
            Self::OffAir => "off_air",
        }
    }
}

impl Advisor {
    /// The budget of attention: few at a time, few in an hour; a hint gives way to what is wrong.
    pub(super) fn make_room(&mut self, index: usize, now: At) -> Result<(), Silent> {
        let Rule { urgency, cause, .. } = self.armed[index].rule;
        let in_hour = |card: &&Recommendation| card.state != State::HeldOut && now.since_ms(card.raised) < 3_600 * SECOND_MS;
        let (hints, acts): (Vec<_>, Vec<_>) = self.cards.iter().filter(in_hour).partition(|card| card.urgency == Urgency::Hint);
        let spent = match urgency {
            Urgency::Hint => {
                let told = hints.iter().any(|card| card.cause == cause && now.since_ms(card.raised) < HINT_AGAIN_S * SECOND_MS);
                told || hints.len() >= MOST_HINTS_PER_HOUR || acts.len() + hints.len() >= MOST_PER_HOUR
            }
            Urgency::Act => acts.len() >= MOST_PER_HOUR,
        };
        if spent || self.last_raised.is_some_and(|last| now.since_ms(last) < NEW_EVERY_S * SECOND_MS) {
            return Err(Silent::TooMany);
        }
        let open = self.cards.iter().filter(|card| card.state.is_open()).count();
        if open < MOST_OPEN {
            return Ok(());
        }
        let weaker = self
            .cards
            .iter_mut()
            .find(|card| urgency == Urgency::Act && card.urgency == Urgency::Hint && matches!(card.state, State::Raised | State::Seen));
        let Some(weaker) = weaker else { return Err(Silent::TooMany) };
        (weaker.state, weaker.changed) = (State::Superseded, now);
        self.gone.push((weaker.id.clone(), AdviceTurn::Superseded));
        Ok(())
    }

    /// Manners of a rule before a card of it is thought of.
    pub(super) fn silence(&self, index: usize, target: Target, now: At, engine: &Engine) -> Result<(), Silent> {
        let armed = &self.armed[index];
        if self.muted_until.is_some_and(|until| now < until) {
            return Err(Silent::Muted);
        }
        if armed.raised >= armed.rule.most_per_live {
            return Err(Silent::MostReached);
        }
        let cooled = |at: &At| now.since_ms(*at) >= armed.rule.cooldown_s * SECOND_MS;
        let of_this = |cooling: &Target| *cooling == target || armed.rule.urgency == Urgency::Hint;
        if armed.cooling.iter().any(|(cooling, at)| of_this(cooling) && !cooled(at)) {
            return Err(Silent::Cooling);
        }
        let answered = |card: &&Recommendation| !card.state.is_open() && card.rule == armed.rule.name && of_this(&card.target);
        if self.cards.iter().filter(answered).any(|card| !cooled(&card.changed)) {
            return Err(Silent::Cooling);
        }
        for card in self.cards.iter().filter(|card| card.state.is_open()) {
            let inhibits = self.armed.iter().find(|other| other.rule.name == card.rule).map(|other| other.rule.inhibits.as_slice());
            if inhibits.is_some_and(|causes| causes.contains(&armed.rule.cause)) {
                return Err(Silent::Inhibited(card.cause));
            }
        }
        if let Some(cause) = self.still_true(armed.rule.cause, now) {
            return Err(Silent::Inhibited(cause));
        }
        if act_runs_on(target, armed.rule.act, engine, now) {
            return Err(Silent::ActRuns);
        }
        self.silence_of_product(&armed.rule, target, engine)
    }

    /// A rule that inhibits a cause and is still true though nobody answered its card; one that was declined is believed no more.
    fn still_true(&self, cause: Cause, now: At) -> Option<Cause> {
        let inhibits = self.armed.iter().filter(|other| other.rule.inhibits.contains(&cause));
        let mut holds =
            inhibits.filter(|other| other.watching.iter().any(|watching| watching.fires_now() && watching.is_ripe(&other.rule, now)));
        let declined =
            |rule: &str| self.cards.iter().rev().find(|card| card.rule == rule).is_some_and(|card| card.state == State::Declined);
        holds.find(|other| other.raised > 0 && !declined(&other.rule.name)).map(|other| other.rule.cause)
    }

    /// A product's rate says nothing where nothing is left of it, where it is off air, or where the whole live moves the same way.
    fn silence_of_product(&self, rule: &Rule, target: Target, engine: &Engine) -> Result<(), Silent> {
        let (Watch::Rate { events, moves, across, .. }, Some(product)) = (&rule.watch, target.product) else { return Ok(()) };
        if *moves == Move::Falls && engine.stock_alarm(product).sold_out {
            return Err(Silent::SoldOut);
        }
        if *across == Across::OnAir && engine.on_air() != Some(product) {
            return Err(Silent::OffAir);
        }
        let whole = self.armed.iter().find(|other| {
            let same = matches!(&other.rule.watch, Watch::Rate { events: its, moves: way, across: Across::Live, .. } if its == events && way == moves);
            same && other.watching.iter().any(Watching::fires_now)
        });
        whole.map_or(Ok(()), |other| Err(Silent::Inhibited(other.rule.cause)))
    }
}

/// True while an act runs on the product or a declared substitute, or ran there within [`AFTER_ACT_S`]; for the whole live, while a price act runs.
fn act_runs_on(target: Target, kind: InterventionKind, engine: &Engine, now: At) -> bool {
    let books = &engine.live().books;
    engine.interventions().iter().filter(|act| !act.withdrawn && !act.kind.is_excluded_from_effects()).any(|act| {
        let running = act.ended.is_none_or(|ended| now.since_ms(ended) < AFTER_ACT_S * SECOND_MS) && act.started <= now;
        if !running || act.kind == InterventionKind::PinProduct {
            return false;
        }
        match (target.product, act.product) {
            (Some(watched), Some(treated)) => {
                let substitutes = engine.plan().product(books.skus.text(treated)).map(|p| p.substitutes.as_slice()).unwrap_or_default();
                watched == treated || substitutes.iter().any(|sku| books.find_product(sku) == Some(watched))
            }
            (None, _) => act.kind.is_price_act() && kind.is_price_act(),
            (Some(_), None) => false,
        }
    })
}

/// Why an open card is not pressed now.
pub(super) fn held_by(card: &Recommendation, needs: Option<&[&str]>, engine: &Engine, now: At) -> Option<HeldBy> {
    let price_act = engine.interventions().iter().any(|act| {
        !act.withdrawn && act.ended.is_none() && act.started <= now && act.kind.is_price_act() && act.advice != Some(card.id.as_str())
    });
    if price_act && card.kind.is_price_act() {
        return Some(HeldBy::PriceAct);
    }
    if card.target.product.is_some() && act_runs_on(card.target, card.kind, engine, now) {
        return Some(HeldBy::SameProduct);
    }
    needs.is_some_and(|needs| !needs.is_empty() && engine.is_stale(needs)).then_some(HeldBy::StaleFeed)
}
