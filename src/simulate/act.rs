//! What the operator does to the broadcast, as the simulation hears of it.

use crate::engine::event::{Answer, Event, Fact, InterventionKind, Parameters};
use crate::engine::id::Name;
use crate::engine::time::At;

/// An act of the operator, at its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    pub at: At,
    /// When the host was told of it, where that came before: what the host has to do is then done that much sooner.
    pub told: Option<At>,
    pub deed: Deed,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// An intervention begins.
    Begin {
        id: Name,
        kind: InterventionKind,
        sku: Option<Name>,
        duration_s: Option<i64>,
        parameters: Parameters,
        /// The recommendation that it answers.
        advice: Option<Name>,
    },
    /// A running one ends before its time; `withdrawn`: it is taken back, as if it had never been told.
    End { id: Name, withdrawn: bool },
    /// The host goes on to a segment of the run of show.
    Cue { segment: Name },
}

impl Act {
    /// An intervention of this kind, as tests and policies make it.
    #[must_use]
    pub fn begin(at: At, id: &str, kind: InterventionKind, sku: Option<&str>) -> Self {
        let deed =
            Deed::Begin { id: id.into(), kind, sku: sku.map(Name::new), duration_s: None, parameters: Parameters::new(), advice: None };
        Self { at, told: None, deed }
    }

    /// The same with a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Deed::Begin { parameters, .. } = &mut self.deed {
            parameters.insert(name.into(), value.into());
        }
        self
    }

    /// The act that a record of the desk stands for; `None` for what moves no shopper.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let deed = match &event.fact {
            Fact::Intervention(act) => Deed::Begin {
                id: event.id.clone().unwrap_or_default(),
                kind: act.kind,
                sku: act.sku.clone(),
                duration_s: act.duration_s,
                parameters: act.parameters.clone(),
                advice: act.advice.clone(),
            },
            Fact::InterventionEnded(end) => Deed::End { id: end.intervention.clone(), withdrawn: false },
            Fact::InterventionWithdrawn(end) => Deed::End { id: end.intervention.clone(), withdrawn: true },
            Fact::Cue(cue) => Deed::Cue { segment: cue.segment.clone() },
            _ => return None,
        };
        Some(Self { at: event.ts, told: None, deed })
    }

    /// When the host was told of this act, where that is what the event says.
    #[must_use]
    pub fn is_told_by(&self, event: &Event) -> Option<At> {
        let (Deed::Begin { advice: Some(advice), .. }, Fact::AdviceAnswer(answer)) = (&self.deed, &event.fact) else { return None };
        (answer.advice == *advice && answer.answer == Answer::Waiting).then_some(event.ts)
    }
}
