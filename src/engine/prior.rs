//! What the shop's earlier lives taught: how much rates drift, what became of each rule's cards, what acts of a kind brought.
//!
//! [`Learnt`] is what one live leaves behind, [`Priors`] what all of them say together. They come as a control record, so that a
//! journal replays with what was known then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Engine;
use super::advice::State;
use super::detect::rate::{Drift, Settings};
use super::event::InterventionKind;
use super::impact::pooled::pool;
use super::impact::{RateRatio, Verdict};

/// The usual drift counts as much as this weight of blocks.
const USUAL_WEIGHT: f64 = 50_000.0;
/// Drift beyond these bounds is not believed.
const DRIFT_BOUNDS: (f64, f64) = (0.05, 0.30);
/// Fewer lives than this say nothing of what a kind of act brings.
const LEAST_EFFECTS: usize = 3;

/// What became of a rule's cards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleRecord {
    pub fired: u32,
    pub accepted: u32,
    pub declined: u32,
    pub held_out: u32,
    /// Of those accepted, by the verdict on the act.
    pub better: u32,
    pub worse: u32,
    pub no_visible_change: u32,
    pub cant_tell: u32,
}

impl RuleRecord {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            fired: self.fired.saturating_add(other.fired),
            accepted: self.accepted.saturating_add(other.accepted),
            declined: self.declined.saturating_add(other.declined),
            held_out: self.held_out.saturating_add(other.held_out),
            better: self.better.saturating_add(other.better),
            worse: self.worse.saturating_add(other.worse),
            no_visible_change: self.no_visible_change.saturating_add(other.no_visible_change),
            cant_tell: self.cant_tell.saturating_add(other.cant_tell),
        }
    }
}

/// The settled effect of an act.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub kind: InterventionKind,
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}

/// What one live leaves to later ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learnt {
    pub drift: Drift,
    pub rules: BTreeMap<String, RuleRecord>,
    pub effects: Vec<Effect>,
}

/// What acts of a kind brought in earlier lives, pooled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindEffect {
    pub kind: InterventionKind,
    pub acts: u32,
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}

/// What earlier lives say together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Priors {
    /// Lives that it stands on.
    pub lives: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_sd: Option<f64>,
    pub rules: BTreeMap<String, RuleRecord>,
    pub kinds: Vec<KindEffect>,
}

impl Learnt {
    /// What a live taught.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let advisor = engine.advisor();
        let rules = advisor.playbook().rules.iter().map(|rule| (rule.name.clone(), of_this_live(&rule.name, engine)));
        let settled = engine.interventions().into_iter().filter(|act| !act.withdrawn && !act.overlaps).filter_map(|act| {
            let impact = engine.impact(act.id).filter(|impact| !impact.early)?;
            let RateRatio { ratio, low, high } = impact.effect?;
            (low > 0.0 && high.is_finite()).then_some(Effect { kind: act.kind, ratio, low, high })
        });
        Self {
            drift: advisor.drift(),
            rules: rules.filter(|(_, record)| *record != RuleRecord::default()).collect(),
            effects: settled.collect(),
        }
    }
}

/// What became of a rule's cards in this live.
#[must_use]
pub fn of_this_live(rule: &str, engine: &Engine) -> RuleRecord {
    let mut record = RuleRecord::default();
    let acts = engine.interventions();
    for card in engine.advisor().cards().iter().filter(|card| card.rule == rule) {
        if card.state == State::HeldOut {
            record.held_out += 1;
            continue;
        }
        record.fired += 1;
        record.accepted += u32::from(card.state == State::Accepted);
        record.declined += u32::from(card.state == State::Declined);
        let act = acts.iter().find(|act| act.advice == Some(card.id.as_str()) && !act.withdrawn);
        match act.and_then(|act| engine.impact(act.id)).filter(|impact| !impact.early).map(|impact| impact.verdict) {
            Some(Verdict::Better) => record.better += 1,
            Some(Verdict::Worse) => record.worse += 1,
            Some(Verdict::NoVisibleChange) => record.no_visible_change += 1,
            Some(Verdict::CantTell) => record.cant_tell += 1,
            Some(Verdict::NotEnoughYet) | None => {}
        }
    }
    record
}

impl Priors {
    /// What several lives say together.
    #[must_use]
    pub fn of(lives: &[Learnt]) -> Self {
        let mut rules: BTreeMap<String, RuleRecord> = BTreeMap::new();
        for (rule, record) in lives.iter().flat_map(|life| &life.rules) {
            let known = rules.entry(rule.clone()).or_default();
            *known = known.and(*record);
        }
        let kinds = InterventionKind::ALL.into_iter().filter_map(|kind| {
            let of_kind = lives.iter().flat_map(|life| &life.effects).filter(|effect| effect.kind == kind);
            let effects: Vec<RateRatio> =
                of_kind.map(|effect| RateRatio { ratio: effect.ratio, low: effect.low, high: effect.high }).collect();
            let RateRatio { ratio, low, high } = pool(&effects)?;
            Some(KindEffect { kind, acts: u32::try_from(effects.len()).unwrap_or(u32::MAX), ratio, low, high })
        });
        let drift = lives.iter().fold(Drift::default(), |sum, life| sum.and(life.drift));
        Self { lives: u32::try_from(lives.len()).unwrap_or(u32::MAX), drift_sd: drift_sd(drift), rules, kinds: kinds.collect() }
    }

    /// From the body of a control record; what is not said is not known.
    #[must_use]
    pub fn read(body: &str) -> Self {
        serde_json::from_str(body).unwrap_or_default()
    }

    /// How much rates drift: as earlier lives taught it, else as usual.
    #[must_use]
    pub fn drift_sd(&self) -> f64 {
        let usual = Settings::default().drift_sd;
        self.drift_sd.filter(|sd| sd.is_finite()).map_or(usual, |sd| sd.clamp(DRIFT_BOUNDS.0, DRIFT_BOUNDS.1))
    }

    /// What acts of a kind brought, where enough of them were measured.
    #[must_use]
    pub fn effect(&self, kind: InterventionKind) -> Option<RateRatio> {
        let known = self.kinds.iter().find(|known| known.kind == kind && known.acts as usize >= LEAST_EFFECTS)?;
        Some(RateRatio { ratio: known.ratio, low: known.low, high: known.high })
    }
}

/// The drift that blocks of several lives show, drawn towards the usual where they are few. `None` without any.
fn drift_sd(seen: Drift) -> Option<f64> {
    let usual = Settings::default().drift_sd.powi(2);
    (seen.weight > 0.0).then(|| {
        let variance = (usual * USUAL_WEIGHT + seen.sum) / (USUAL_WEIGHT + seen.weight);
        variance.max(0.0).sqrt().clamp(DRIFT_BOUNDS.0, DRIFT_BOUNDS.1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_pooled_by_rule_and_by_kind_and_drift_is_drawn_towards_the_usual() {
        let record = RuleRecord { fired: 2, accepted: 1, better: 1, ..RuleRecord::default() };
        let life = Learnt {
            drift: Drift { sum: 0.04 * 50_000.0, weight: 50_000.0 },
            rules: [("conversion_dips".to_owned(), record)].into(),
            effects: vec![Effect { kind: InterventionKind::FlashDeal, ratio: 1.6, low: 1.1, high: 2.3 }],
        };
        let two = Priors::of(&[life.clone(), life.clone()]);
        assert_eq!(two.rules["conversion_dips"], RuleRecord { fired: 4, accepted: 2, better: 2, ..RuleRecord::default() });
        assert_eq!(two.effect(InterventionKind::FlashDeal), None, "two acts say nothing yet");
        let three = Priors::of(&[life.clone(), life.clone(), life]);
        let effect = three.effect(InterventionKind::FlashDeal).unwrap();
        assert!((effect.ratio - 1.6).abs() < 1e-9 && effect.low > 1.1 && effect.high < 2.3, "{effect:?}");
        assert!(
            three.drift_sd() > two.drift_sd() && two.drift_sd() > 0.12 && three.drift_sd() < 0.2,
            "{} {}",
            two.drift_sd(),
            three.drift_sd()
        );
        let body = serde_json::to_string(&three).unwrap();
        assert_eq!((Priors::read(&body).rules, Priors::read(&body).lives), (three.rules, 3));
        assert_eq!(Priors::read(r#"{"known_customers":["x"],"complete":true}"#), Priors::default());
        assert_eq!(Priors::default().drift_sd(), 0.12);
    }
}
