//! How shoppers answer to an act: the response curves, read from `config/responses.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::engine::event::InterventionKind;

const SHIPPED: &str = include_str!("../../config/responses.toml");

/// The curve of one kind of act. The file explains every figure; 0 is "no effect".
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Response {
    /// Where the figures come from: a source, or "assumption".
    pub source: String,
    pub delay_s: i64,
    pub lasts_s: i64,
    pub fades: bool,
    pub whole_live: bool,
    pub percent: f64,
    pub elasticity: f64,
    pub urgency: f64,
    pub clicks: f64,
    pub others: f64,
    pub adds: f64,
    pub completion: f64,
    pub patience: f64,
    pub organic: f64,
    pub paid: f64,
    pub direct: f64,
    pub chat: f64,
    pub units: f64,
    pub spend: f64,
    #[serde(default = "unworn")]
    pub wear: f64,
    pub wear_min: i64,
    pub pull_forward: f64,
    pub recover: f64,
    pub recover_dear: f64,
    pub recover_unpaid: f64,
    pub cost: f64,
    pub per_order: f64,
    pub answers: f64,
}

const fn unworn() -> f64 {
    1.0
}

/// The curves of all kinds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Responses(BTreeMap<InterventionKind, Response>);

impl Responses {
    /// The shipped curves, with single figures replaced.
    ///
    /// # Errors
    /// When an override names a kind or a figure that there is not.
    pub fn shipped_with(overrides: &toml::Table) -> Result<Self, String> {
        let mut table: toml::Table = toml::from_str(SHIPPED).map_err(|error| format!("config/responses.toml: {error}"))?;
        for (kind, figures) in overrides {
            let Some(figures) = figures.as_table() else {
                return Err(format!("responses.{kind}: give figures, like [responses.{kind}] elasticity = 2.0"));
            };
            let Some(curve) = table.get_mut(kind).and_then(toml::Value::as_table_mut) else {
                return Err(format!("responses.{kind}: no such kind of intervention"));
            };
            curve.extend(figures.clone());
        }
        let mut curves = BTreeMap::new();
        for (kind, figures) in table {
            let known = InterventionKind::parse(&kind).ok_or_else(|| format!("responses.{kind}: no such kind of intervention"))?;
            let curve = figures.try_into().map_err(|error: toml::de::Error| format!("responses.{kind}: {}", error.message()))?;
            curves.insert(known, curve);
        }
        Ok(Self(curves))
    }

    #[must_use]
    pub fn of(&self, kind: InterventionKind) -> Response {
        self.0.get(&kind).cloned().unwrap_or_default()
    }

    /// The same curves with the lifts of every kind multiplied by what `factor` says of it: our curves are assumptions, so studies vary them.
    #[must_use]
    pub fn varied(&self, mut factor: impl FnMut(InterventionKind) -> f64) -> Self {
        let mut varied = self.clone();
        for (kind, curve) in &mut varied.0 {
            let factor = factor(*kind);
            for lift in [
                &mut curve.elasticity,
                &mut curve.urgency,
                &mut curve.clicks,
                &mut curve.others,
                &mut curve.adds,
                &mut curve.completion,
                &mut curve.patience,
                &mut curve.organic,
                &mut curve.paid,
                &mut curve.direct,
                &mut curve.chat,
                &mut curve.units,
                &mut curve.recover,
                &mut curve.recover_dear,
                &mut curve.recover_unpaid,
            ] {
                *lift *= factor;
            }
            for share in [&mut curve.pull_forward, &mut curve.answers] {
                *share = (*share * factor).min(1.0);
            }
        }
        varied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_curve_with_a_source() {
        let curves = Responses::shipped_with(&toml::Table::new()).unwrap();
        for kind in InterventionKind::ALL {
            if !matches!(kind, InterventionKind::TechEvent | InterventionKind::PolicyWarning) {
                assert!(!curves.of(kind).source.is_empty(), "{kind:?}");
            }
        }
    }

    #[test]
    fn a_scenario_overrides_single_figures() {
        let overrides: toml::Table = toml::from_str("[flash_deal]\nelasticity = 1.0").unwrap();
        let curves = Responses::shipped_with(&overrides).unwrap();
        let flash = curves.of(InterventionKind::FlashDeal);
        assert!((flash.elasticity - 1.0).abs() < 1e-9);
        assert_eq!(flash.lasts_s, 600);
        let wrong: toml::Table = toml::from_str("[flash_del]\nelasticity = 1.0").unwrap();
        assert!(Responses::shipped_with(&wrong).is_err());
        let wrong: toml::Table = toml::from_str("[flash_deal]\nelastic = 1.0").unwrap();
        assert!(Responses::shipped_with(&wrong).is_err());
    }
}
