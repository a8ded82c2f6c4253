//! What a playbook would have recommended in past lives: what fired, when, on which evidence.
//!
//! The journals' own playbooks and the answers to their cards are left out, since they belong to other cards; what was done and
//! what happened stays. Nothing is held out at random. The past answers as it did: an act that was not made then has no effect.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::advice::Recommendation;
use crate::engine::event::{Fact, Record};
use crate::engine::plan::Plan;
use crate::engine::rule::Playbook;
use crate::engine::time::{At, MINUTE_MS};
use crate::engine::watch::{Answer, Because};
use crate::engine::{Arrival, Engine};
use crate::files::{FilesError, Fold, Inputs};

/// What a playbook did in all lives that it was tried on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backtest {
    pub lives: Vec<Life>,
    pub rules: Vec<RuleTally>,
}

/// One life.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Life {
    pub input: String,
    pub name: String,
    pub title: String,
    pub began: Option<At>,
    pub minutes: Option<i64>,
    /// Records that a damaged journal has lost.
    pub records_lost: u64,
    pub fired: Vec<Fired>,
    /// Rules that raised nothing, with what they said at the end.
    pub silent: Vec<Silence>,
}

/// A recommendation that would have been raised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fired {
    pub at: At,
    /// Minute of the live.
    pub minute: i64,
    pub rule: String,
    pub cause: &'static str,
    pub act: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    pub parameters: BTreeMap<String, String>,
    /// Other rules of the same cause that fired meanwhile.
    pub members: Vec<String>,
    pub evidence: Evidence,
    /// What became of it without an answer: open, expired, superseded, accepted (somebody did it by himself).
    pub state: &'static str,
}

/// What moved, with the counts that it stands on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    pub metric: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    pub window_s: i64,
}

/// A rule that raised nothing in a life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silence {
    pub rule: String,
    pub why: &'static str,
}

/// A rule over all lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleTally {
    pub rule: String,
    pub fired: u32,
    pub lives: u32,
}

impl From<&Because> for Evidence {
    fn from(because: &Because) -> Self {
        Self {
            metric: because.metric.clone(),
            from: because.from,
            to: because.to,
            ratio: because.ratio,
            low: because.low,
            high: because.high,
            events: because.support,
            exposure: because.exposure,
            expected: because.expected,
            window_s: because.window_s,
        }
    }
}

impl Evidence {
    /// `co_rate 0.0966 → 0.0344 ×0.36 [0.23–0.55], 28 of 842, usually 79, 540 s`.
    #[must_use]
    pub fn line(&self) -> String {
        let short = |number: f64| {
            if number.abs() >= 100.0 {
                format!("{number:.0}")
            } else {
                format!("{number:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
            }
        };
        let mut line = self.metric.clone();
        if let (Some(from), Some(to)) = (self.from, self.to) {
            line.push_str(&format!(" {} → {}", short(from), short(to)));
        }
        if let Some(ratio) = self.ratio {
            line.push_str(&format!(" ×{ratio:.2}"));
        }
        if let (Some(low), Some(high)) = (self.low, self.high) {
            line.push_str(&format!(" [{low:.2}–{high:.2}]"));
        }
        match (self.events, self.exposure) {
            (Some(events), Some(exposure)) => line.push_str(&format!(", {} of {}", short(events), short(exposure))),
            (Some(events), None) => line.push_str(&format!(", {}", short(events))),
            (None, _) => {}
        }
        if let Some(expected) = self.expected {
            line.push_str(&format!(", usually {}", short(expected)));
        }
        if self.window_s > 0 {
            line.push_str(&format!(", {} s", self.window_s));
        }
        line
    }
}

/// An engine that knows the tried playbook alone.
struct Trial {
    engine: Engine,
    playbook: Playbook,
}

impl Fold for Trial {
    fn begin(&mut self, arrival: Arrival, plan: &Plan) {
        self.engine = Engine::new(plan.clone(), arrival);
        self.engine.arm(self.playbook.clone());
    }
    fn step(&mut self, record: &Record) {
        match &record.event.fact {
            Fact::Playbook(_) | Fact::AdviceAnswer(_) => {}
            Fact::Intervention(act) if act.advice.is_some() => {
                let mut own = record.clone();
                if let Fact::Intervention(act) = &mut own.event.fact {
                    act.advice = None;
                }
                self.engine.step(&own);
            }
            _ => {
                self.engine.step(record);
            }
        }
    }
}

/// Tries a playbook on past lives, each by itself.
///
/// # Errors
/// When a life cannot be read.
pub fn backtest(playbook: &Playbook, inputs: &[String]) -> Result<Backtest, FilesError> {
    let playbook = Playbook { hold_out: 0.0, ..playbook.clone() };
    let lives = inputs.iter().map(|input| life(&playbook, input)).collect::<Result<Vec<_>, _>>()?;
    let rules = playbook.rules.iter().map(|rule| {
        let counts = lives.iter().map(|life| life.fired.iter().filter(|fired| fired.rule == rule.name).count());
        let counts: Vec<u32> = counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX)).collect();
        let lives = u32::try_from(counts.iter().filter(|count| **count > 0).count()).unwrap_or(u32::MAX);
        RuleTally { rule: rule.name.clone(), fired: counts.iter().sum(), lives }
    });
    Ok(Backtest { rules: rules.collect(), lives })
}

fn life(playbook: &Playbook, input: &str) -> Result<Life, FilesError> {
    let mut trial = Trial { engine: Engine::new(Plan::default(), Arrival::Files), playbook: playbook.clone() };
    let reports = Inputs::open(&[input.to_owned()])?.fold(None, None, &mut trial)?;
    let engine = &mut trial.engine;
    if let Some(to) = engine.tally().to {
        engine.advance_to(to);
    }
    let began = engine.started().or(engine.tally().from);
    let ended = engine.closed().or(engine.tally().to);
    let cards = engine.advisor().cards();
    Ok(Life {
        input: input.to_owned(),
        name: engine.plan().name.clone(),
        title: engine.plan().title.clone(),
        began,
        minutes: began.zip(ended).map(|(from, to)| to.since_ms(from) / MINUTE_MS),
        records_lost: reports.iter().map(|report| report.losses.records()).sum(),
        fired: cards.iter().map(|card| fired(card, began, engine)).collect(),
        silent: engine
            .advisor()
            .reasons()
            .filter(|(rule, ..)| cards.iter().all(|card| card.rule != rule.name))
            .map(|(rule, watching, _)| Silence {
                rule: rule.name.clone(),
                why: watching
                    .iter()
                    .map(|watching| &watching.answer)
                    .max_by_key(|answer| answer.loudness())
                    .map_or("no_target", Answer::id),
            })
            .collect(),
    })
}

fn fired(card: &Recommendation, began: Option<At>, engine: &Engine) -> Fired {
    let books = &engine.live().books;
    let product = card.target.product.or(card.because.product);
    Fired {
        at: card.raised,
        minute: began.map_or(0, |began| card.raised.since_ms(began) / MINUTE_MS),
        rule: card.rule.clone(),
        cause: card.cause.id(),
        act: card.kind.id(),
        sku: card.parameters.get("sku").cloned().or_else(|| product.map(|sym| books.skus.text(sym).to_owned())),
        channel: card.target.channel.map(|sym| books.channels.text(sym).to_owned()),
        parameters: card.parameters.iter().filter(|(name, _)| *name != "sku").map(|(name, value)| (name.clone(), value.clone())).collect(),
        members: card.members.iter().map(|(rule, _)| rule.clone()).collect(),
        evidence: Evidence::from(&card.because),
        state: if card.state.is_open() { "open" } else { card.state.id() },
    }
}

impl Backtest {
    /// As one JSON object.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// As text: each life with what fired, then every rule over all lives.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for life in &self.lives {
            let title = if life.title.is_empty() { &life.name } else { &life.title };
            let minutes = life.minutes.map_or_else(String::new, |minutes| format!(", {minutes} min"));
            text.push_str(&format!("{}  {title}{minutes}, {} fired\n", life.input, life.fired.len()));
            if life.records_lost > 0 {
                text.push_str(&format!("  damaged: {} records are missing\n", life.records_lost));
            }
            for fired in &life.fired {
                text.push_str(&fired.line());
            }
            let mut by_why: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for silence in &life.silent {
                by_why.entry(silence.why).or_default().push(&silence.rule);
            }
            for (why, rules) in by_why {
                text.push_str(&format!("  {why}: {}\n", rules.join(" ")));
            }
            text.push('\n');
        }
        text.push_str("rule                          fired  in lives\n");
        for tally in &self.rules {
            text.push_str(&format!("{:<28} {:>6}  {:>8}\n", tally.rule, tally.fired, tally.lives));
        }
        text
    }
}

impl Fired {
    fn line(&self) -> String {
        let about = self.sku.as_deref().or(self.channel.as_deref()).map_or_else(String::new, |about| format!(" on {about}"));
        let parameters: String = self.parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        let members = if self.members.is_empty() { String::new() } else { format!("; with {}", self.members.join(" ")) };
        format!(
            "  {:>4}'  {} → {}{about}{parameters}: {} ({}{members})\n",
            self.minute,
            self.rule,
            self.act,
            self.evidence.line(),
            self.state
        )
    }
}
