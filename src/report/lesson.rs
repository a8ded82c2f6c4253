//! A lesson: a proposed change that somebody ticked, what it was measured by then, and whether it helped in later lives.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::lessons::{self, Proposal};
use super::measure::{self, Counts, Rate};
use super::model::Report;
use crate::engine::Engine;
use crate::engine::impact::{RateRatio, Verdict};
use crate::engine::metric::{Metric, Scope, Unit, definition};
use crate::engine::time::{At, Span};
use crate::engine::view::show::Gesture;

/// A ticked lesson, as `lessons.json` keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// `terca-tech-2026-11-24-2000-weak-product`.
    pub id: String,
    /// What to do, in the operator's words.
    pub text: String,
    /// The live that it was learned from.
    pub from_live: String,
    pub ticked_at: At,
    /// The rule that proposed it; none in a lesson that somebody wrote by hand.
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub parameters: Parameters,
    /// What later lives said, one each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
}

/// What a lesson stands on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Why, in the operator's words.
    pub evidence: String,
    /// Where it is known by a figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// The figures of the evidence.
    #[serde(flatten)]
    pub figures: serde_json::Map<String, Json>,
}

/// A figure that a lesson is to change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// A metric id, or `gesture`: messages of a topic among all messages.
    pub metric: String,
    pub about: About,
    pub less_is_better: bool,
    /// As it stood in the live that it was learned from.
    pub then: Rate,
}

/// What a lesson's figure is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Live,
    Product(String),
    Channel(String),
    /// Minor units where the band begins.
    Band(i64),
    Gesture(String),
}

/// What a later live says of a lesson.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The later live.
    pub live: String,
    pub then: Option<f64>,
    pub now: Option<f64>,
    pub ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// `better` `worse` `no_visible_change` `cant_tell`.
    pub verdict: String,
}

impl Lesson {
    /// A proposal that was ticked, in the words it was read in.
    #[must_use]
    pub fn ticked(report: &Report, proposal: &Proposal, (text, evidence): (String, String), at: At) -> Self {
        let figures = proposal.evidence.iter().filter_map(|(name, said)| Some(((*name).to_owned(), serde_json::to_value(said).ok()?)));
        Self {
            id: format!("{}-{}", report.slug, proposal.lesson),
            text,
            from_live: report.slug.clone(),
            ticked_at: at,
            kind: proposal.lesson.to_owned(),
            parameters: Parameters { evidence, measure: proposal.measure.clone(), figures: figures.collect() },
            outcomes: Vec::new(),
        }
    }

    /// True for one that a plan follows: by its id, or by its words.
    #[must_use]
    pub fn is_followed_by(&self, plan: &[String]) -> bool {
        plan.iter().any(|line| *line == self.id || *line == self.text)
    }

    /// What a later live says of it.
    #[must_use]
    pub fn judge(&self, report: &Report, engine: &Engine) -> Outcome {
        let measure = self.parameters.measure.as_ref();
        let now = measure.and_then(|measure| measure.about.rate(&measure.metric, report, engine));
        let ratio = measure.zip(now).and_then(|(measure, now)| now.over(&measure.then));
        let verdict = |ratio: RateRatio| measure::verdict(ratio, measure.is_some_and(|measure| measure.less_is_better));
        Outcome {
            live: report.slug.clone(),
            then: measure.and_then(|measure| measure.then.value()),
            now: now.and_then(|now| now.value()),
            ratio: ratio.map(|ratio| ratio.ratio),
            low: ratio.map(|ratio| ratio.low),
            high: ratio.map(|ratio| ratio.high),
            verdict: ratio.map_or(Verdict::CantTell, verdict).id().to_owned(),
        }
    }
}

impl Measure {
    /// The figure as it stands in this live; `None` where it is not known.
    #[must_use]
    pub fn of(metric: &str, about: About, less_is_better: bool, report: &Report, engine: &Engine) -> Option<Self> {
        let then = about.rate(metric, report, engine)?;
        Some(Self { metric: metric.to_owned(), about, less_is_better, then })
    }
}

impl About {
    fn scope(&self, engine: &Engine) -> Option<Scope> {
        match self {
            Self::Live => Some(Scope::Live),
            Self::Product(sku) => engine.products().iter().find(|product| product.sku == sku).map(|product| Scope::Product(product.sym)),
            Self::Channel(name) => engine.channels().iter().find(|channel| channel.name == name).map(|channel| Scope::Channel(channel.sym)),
            Self::Band(from) => engine.bands().iter().find(|band| band.from.minor == *from).map(|band| Scope::Band(band.index)),
            Self::Gesture(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "sums of a broadcast")]
    fn rate(&self, metric: &str, report: &Report, engine: &Engine) -> Option<Rate> {
        if let Self::Gesture(gesture) = self {
            let gesture = Gesture::ALL.into_iter().find(|known| known.id() == gesture)?;
            let asked = lessons::asked(report, gesture)? as f64;
            let messages = super::model::count(&report.figures.broadcast, Metric::ChatMessages)? as f64;
            return Some(Rate { numerator: asked, denominator: messages, events: asked, counts: Counts::Events });
        }
        let (metric, scope) = (Metric::parse(metric)?, self.scope(engine)?);
        let reading = engine.reading(metric, scope, Span::Live);
        let value = reading.number()?;
        if metric == Metric::GmvPerMin {
            let (minutes, events) =
                (super::against::minutes(engine) as f64, engine.reading(Metric::OrdersPaid, scope, Span::Live).number()?);
            return Some(Rate { numerator: value * minutes, denominator: minutes, events, counts: Counts::Money });
        }
        let (numerator, denominator) = (reading.numerator? as f64, reading.denominator? as f64);
        let is_money = definition(metric).numerator.starts_with("gmv");
        let counts = match (is_money, definition(metric).unit) {
            (true, _) => Counts::Money,
            (false, Unit::Ratio) => Counts::Share,
            (false, _) => Counts::Events,
        };
        let events = match counts {
            Counts::Money => engine.reading(Metric::OrdersPaid, scope, Span::Live).number()?,
            Counts::Share | Counts::Events => numerator,
        };
        Some(Rate { numerator, denominator, events, counts })
    }
}

/// A lesson that this live followed, with what the live says of it.
#[derive(Clone, Debug, Serialize)]
pub struct FollowUp {
    pub id: String,
    pub text: String,
    pub from_live: String,
    pub metric: Option<String>,
    pub outcome: Option<Outcome>,
}

/// The lessons of a plan, each with what the live says of it. What is known of a lesson only by its words is told without.
#[must_use]
pub fn follow_up(known: &[Lesson], report: &Report, engine: &Engine) -> Vec<FollowUp> {
    let follow = |line: &String| {
        let lesson = known.iter().rev().find(|lesson| lesson.from_live != report.slug && lesson.is_followed_by(std::slice::from_ref(line)));
        match lesson {
            Some(lesson) => FollowUp {
                id: lesson.id.clone(),
                text: lesson.text.clone(),
                from_live: lesson.from_live.clone(),
                metric: lesson.parameters.measure.as_ref().map(|measure| measure.metric.clone()),
                outcome: Some(lesson.judge(report, engine)),
            },
            None => FollowUp { id: String::new(), text: line.clone(), from_live: String::new(), metric: None, outcome: None },
        }
    };
    engine.plan().lessons.iter().map(follow).collect()
}
