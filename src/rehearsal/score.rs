//! What a play was worth: every incident with the times to see, to tell and to act, every act with what it earned, and the
//! money against the same seed played by nobody and by the best play that a search found.

use std::sync::Arc;

use serde::Serialize;

use super::best::{Best, Budget, Watch, outcome, search};
use crate::engine::event::{Answer, Event, Fact, InterventionKind};
use crate::engine::id::Name;
use crate::engine::money::Currency;
use crate::engine::time::{At, SECOND_MS};
use crate::simulate::act::{Act, Deed};
use crate::simulate::broadcast::{Broadcast, Outcome};
use crate::simulate::incident::{Incident, IncidentKind};
use crate::simulate::scenario::Scenario;

/// What was done in a play, and what the desk had said.
#[derive(Clone, Debug)]
pub struct Played {
    pub scenario: Arc<Scenario>,
    pub seed: u64,
    pub acts: Vec<Act>,
    pub raised: Vec<Raised>,
}

/// A recommendation that the desk raised.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    pub id: Name,
    pub at: At,
    pub rule: String,
    pub kind: InterventionKind,
    pub sku: Option<Name>,
    /// It was open when the operator sat down.
    pub was_there: bool,
    /// When the host was told.
    pub told: Option<At>,
}

impl Raised {
    /// Hears of an answer: that the host was told. What the card itself still says of it is forgotten once the act runs.
    pub fn hear(&mut self, event: &Event) {
        if let Fact::AdviceAnswer(answer) = &event.fact
            && (answer.advice == self.id && answer.answer == Answer::Waiting)
        {
            self.told = self.told.or(Some(event.ts));
        }
    }
}

/// The books of one play, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Books {
    pub margin_minor: i64,
    pub gmv_paid_minor: i64,
    pub ad_spend_minor: i64,
    pub orders_paid: i64,
    pub units: i64,
    pub stock_left: i64,
    pub oversold: i64,
    pub carts_recovered: i64,
    pub questions: i64,
    pub questions_answered: i64,
    pub watched_min: i64,
}

impl From<&Outcome> for Books {
    fn from(outcome: &Outcome) -> Self {
        Self {
            margin_minor: outcome.margin(),
            gmv_paid_minor: outcome.takings.paid,
            ad_spend_minor: outcome.ad_spend,
            orders_paid: outcome.takings.orders_paid,
            units: outcome.units,
            stock_left: outcome.stock_left,
            oversold: outcome.oversold_units,
            carts_recovered: outcome.takings.recovered,
            questions: outcome.questions,
            questions_answered: outcome.answered,
            watched_min: outcome.watched_s / 60,
        }
    }
}

impl Met {
    /// As it should be: a right act, or hands off where nothing helps.
    #[must_use]
    pub const fn is_right(self) -> bool {
        matches!(self, Self::Answered | Self::LeftAlone)
    }
}

/// How an incident was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// A right act was taken while it lasted.
    Answered,
    /// Something was done, but nothing that helps against it.
    Wrong,
    Missed,
    /// There was nothing to do, and nothing was done about it.
    LeftAlone,
    /// There was nothing to do, and prices were moved all the same.
    Fooled,
}

/// An incident of the play.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentScore {
    pub incident: IncidentKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Seconds of the live.
    pub from_s: i64,
    pub until_s: i64,
    pub right: Vec<InterventionKind>,
    pub met: Met,
    /// What the seconds below count from: its beginning, or sitting down where it had begun before.
    pub counted_from_s: i64,
    /// Seconds until the desk raised a fitting card, the host was told, the right act began.
    pub detected_s: Option<i64>,
    pub told_s: Option<i64>,
    pub acted_s: Option<i64>,
    /// A fitting card was open already when the operator sat down.
    pub card_was_there: bool,
    /// Seconds from the card to the right act.
    pub card_to_act_s: Option<i64>,
}

/// What an act was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It answered an incident.
    Right,
    /// It answered none, but it earned something.
    Helpful,
    /// It answered none and earned nothing.
    Needless,
    /// It was withdrawn, or ended before it could work: it is no act.
    TakenBack,
}

/// An act of the play.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActScore {
    pub at_s: i64,
    pub kind: InterventionKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    pub verdict: Verdict,
    /// Margin of the play less that of the same play without this act.
    pub worth_minor: i64,
}

/// The best play found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestScore {
    pub books: Books,
    /// Broadcasts that were simulated to find it.
    pub runs: usize,
    pub acts: Vec<ActScore>,
}

/// A play's score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    pub format: u32,
    pub scenario: String,
    pub title: String,
    pub seed: u64,
    pub currency: Currency,
    pub from_s: i64,
    pub to_s: i64,
    /// The books are closed this many seconds after the play.
    pub settled_s: i64,
    pub incidents: Vec<IncidentScore>,
    pub acts: Vec<ActScore>,
    pub played: Books,
    /// The same seed, nobody at the desk.
    pub nobody: Books,
    pub best: BestScore,
    /// Share of the possible gain in margin that was reached; `null` where there was none to reach.
    pub reached: Option<f64>,
    /// The desk's advice, always followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub followed: Option<Books>,
    pub curves: &'static str,
}

impl Score {
    /// As one JSON object.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Margin over the same seed played by nobody.
    #[must_use]
    pub const fn gain_minor(&self) -> i64 {
        self.played.margin_minor - self.nobody.margin_minor
    }
}

/// What has to stand beside every figure of a rehearsal.
pub const CURVES: &str = "simulated shoppers; the response curves are assumptions, not measurements";

/// Scores a play. `followed`: the acts of the desk's own advice on the same seed, where somebody played them.
///
/// # Errors
/// When the simulator cannot be set up.
pub fn score(played: &Played, budget: Budget, followed: Option<&[Act]>) -> Result<Score, String> {
    score_while(played, budget, followed, &mut |_, _| true)
}

/// The same; the search for the best play ends early where `goes_on` says so.
///
/// # Errors
/// When the simulator cannot be set up.
pub fn score_while(played: &Played, budget: Budget, followed: Option<&[Act]>, goes_on: Watch<'_>) -> Result<Score, String> {
    let scenario = &played.scenario;
    let at = |second: i64| scenario.starts_at.plus_s(second);
    let (opens, closes, settled) = (at(scenario.opens_s()), at(scenario.closes_s()), at(scenario.settled_s()));
    let mut start = Broadcast::new(Arc::clone(scenario), played.seed)?.silent();
    start.advance_to(opens, &[]);
    let came_to = outcome(&start, &played.acts, settled);
    let nobody = outcome(&start, &[], settled);
    let mut best = search(&start, closes, settled, budget, goes_on);
    if came_to.margin() > best.outcome.margin() {
        best = Best { acts: played.acts.clone(), outcome: came_to.clone(), runs: best.runs };
    }
    let possible = best.outcome.margin() - nobody.margin();
    let judge = Judge { start: &start, settled };
    Ok(Score {
        format: 1,
        scenario: scenario.called().to_owned(),
        title: scenario.title.clone(),
        seed: played.seed,
        currency: scenario.currency,
        from_s: scenario.opens_s(),
        to_s: scenario.closes_s(),
        settled_s: scenario.settled_s() - scenario.closes_s(),
        incidents: judge.incidents(played, closes),
        acts: judge.acts(&played.acts, &came_to),
        played: Books::from(&came_to),
        nobody: Books::from(&nobody),
        best: BestScore { books: Books::from(&best.outcome), runs: best.runs, acts: judge.acts(&best.acts, &best.outcome) },
        reached: (possible > 0).then(|| (came_to.margin() - nobody.margin()) as f64 / possible as f64),
        followed: followed.map(|acts| Books::from(&outcome(&start, acts, settled))),
        curves: CURVES,
    })
}

/// Judges incidents and acts of a play from where the operator sat down.
struct Judge<'a> {
    start: &'a Broadcast,
    settled: At,
}

impl Judge<'_> {
    fn second(&self, at: At) -> i64 {
        at.since_ms(self.start.scenario().starts_at).div_euclid(1_000)
    }

    fn incidents(&self, played: &Played, closes: At) -> Vec<IncidentScore> {
        let (opens_s, closes_s) = (played.scenario.opens_s(), self.second(closes));
        let during = |incident: &&Incident| incident.until_s() > opens_s && incident.from_s() < closes_s;
        self.start.incidents().iter().filter(during).map(|incident| self.incident(incident, played, opens_s)).collect()
    }

    fn incident(&self, incident: &Incident, played: &Played, opens_s: i64) -> IncidentScore {
        let began = incident.from_s().max(opens_s);
        let during = |at: At| (began..incident.answerable_until_s()).contains(&self.second(at));
        let was_there = |raised: &Raised| raised.was_there && began == opens_s && self.second(raised.at) < began;
        let fits = |raised: &&Raised| incident.right().contains(&raised.kind) && (during(raised.at) || was_there(raised));
        let acts = played.acts.iter().filter(|act| !self.is_taken_back(act, &played.acts));
        let acts: Vec<(At, InterventionKind)> = acts.filter_map(kind_of).filter(|(at, _)| during(*at)).collect();
        let right = acts.iter().find(|(_, kind)| incident.right().contains(kind));
        let moves_prices = acts.iter().any(|(_, kind)| kind.is_price_act());
        let met = match (incident.kind.wants_act(), right, acts.is_empty()) {
            (true, Some(_), _) => Met::Answered,
            (true, None, false) => Met::Wrong,
            (true, None, true) => Met::Missed,
            (false, ..) if moves_prices => Met::Fooled,
            (false, ..) => Met::LeftAlone,
        };
        let since = |at: At| (self.second(at) - began).max(0);
        let detected_s = played.raised.iter().filter(fits).map(|raised| since(raised.at)).min();
        let acted_s = right.map(|(at, _)| since(*at));
        IncidentScore {
            incident: incident.kind,
            sku: incident.sku.as_ref().map(ToString::to_string),
            from_s: incident.from_s(),
            until_s: incident.until_s(),
            right: incident.right().to_vec(),
            met,
            counted_from_s: began,
            detected_s,
            told_s: played.raised.iter().filter(fits).find_map(|raised| raised.told).map(since),
            acted_s,
            card_was_there: played.raised.iter().any(|raised| fits(&raised) && was_there(raised)),
            card_to_act_s: detected_s.zip(acted_s).map(|(card, act)| act - card).filter(|seconds| *seconds >= 0),
        }
    }

    /// True where an act was withdrawn, or was ended before the host had done it.
    fn is_taken_back(&self, act: &Act, acts: &[Act]) -> bool {
        let Deed::Begin { id, kind, .. } = &act.deed else { return false };
        let scenario = self.start.scenario();
        let heard_s = |at: At| self.second(at.plus_ms(SECOND_MS - 1));
        let works_s = heard_s(act.at).max(act.told.map_or(heard_s(act.at), |told| self.second(told)) + scenario.curves.of(*kind).delay_s);
        acts.iter().any(|end| match &end.deed {
            Deed::End { id: ended, withdrawn } => ended == id && (*withdrawn || heard_s(end.at) <= works_s),
            Deed::Begin { .. } | Deed::Cue { .. } => false,
        })
    }

    fn acts(&self, acts: &[Act], came_to: &Outcome) -> Vec<ActScore> {
        let incidents = self.start.incidents();
        let mut scores = Vec::new();
        for (place, act) in acts.iter().enumerate() {
            let Deed::Begin { kind, sku, .. } = &act.deed else { continue };
            let mut others = acts.to_vec();
            others.remove(place);
            let worth_minor = came_to.margin() - outcome(self.start, &others, self.settled).margin();
            let at_s = self.second(act.at);
            let answers =
                |incident: &Incident| incident.right().contains(kind) && (incident.from_s()..incident.answerable_until_s()).contains(&at_s);
            let verdict = match worth_minor {
                _ if self.is_taken_back(act, acts) => Verdict::TakenBack,
                _ if incidents.iter().any(answers) => Verdict::Right,
                worth if worth > 0 => Verdict::Helpful,
                _ => Verdict::Needless,
            };
            scores.push(ActScore { at_s, kind: *kind, sku: sku.as_ref().map(ToString::to_string), verdict, worth_minor });
        }
        scores
    }
}

fn kind_of(act: &Act) -> Option<(At, InterventionKind)> {
    match &act.deed {
        Deed::Begin { kind, .. } => Some((act.at, *kind)),
        Deed::End { .. } | Deed::Cue { .. } => None,
    }
}
