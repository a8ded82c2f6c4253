//! A test of rules: series in, expected recommendations out, as a TOML file (`warroom rules test`).
//!
//! [`mod@file`] reads it, [`course`] makes canonical events of its series, [`Trial::run`] lets the engine judge them and compares.

pub mod course;
pub mod file;

use crate::backtest::lives::Evidence;
use crate::engine::advice::Recommendation;
use crate::engine::rule::Playbook;
use crate::engine::time::{At, MINUTE_MS, SECOND_MS};
use crate::engine::{Arrival, Engine};
use file::{Expected, Said, Trial};

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub name: String,
    /// What differs: `-` expected and not there, `+` there and not expected, `?` what the rule said. Empty: it passed.
    pub differs: Vec<String>,
}

impl Outcome {
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.differs.is_empty()
    }
}

impl Trial {
    /// Runs it with the rules of a playbook that it names (all where it names none).
    #[must_use]
    pub fn run(&self, playbook: &Playbook) -> Outcome {
        let mut engine = Engine::new(self.plan.clone(), Arrival::Live);
        let unknown = self.rules.iter().filter(|name| playbook.rules.iter().all(|rule| rule.name != **name));
        let mut differs: Vec<String> = unknown.map(|name| format!("- a rule {name}: the playbook has none of this name")).collect();
        let rules = playbook.rules.iter().filter(|rule| self.rules.is_empty() || self.rules.contains(&rule.name)).cloned().collect();
        engine.arm(Playbook { rules, hold_out: 0.0, ..playbook.clone() });
        let mut asked: Vec<&Said> = self.says.iter().collect();
        asked.sort_by(|one, other| one.minute.total_cmp(&other.minute));
        let mut asked = asked.into_iter().peekable();
        for record in self.records() {
            while let Some(said) = asked.next_if(|said| self.at(said.minute) <= record.at) {
                engine.advance_to(self.at(said.minute));
                differs.extend(said.compare(&engine));
            }
            engine.step(&record);
        }
        #[expect(clippy::cast_precision_loss, reason = "minutes of a test")]
        let end = self.at(self.minutes as f64);
        engine.advance_to(end);
        differs.extend(asked.filter_map(|said| said.compare(&engine)));
        differs.extend(self.compare(&engine));
        Outcome { name: self.name.clone(), differs }
    }

    /// An instant by its minute.
    fn at(&self, minute: f64) -> At {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes of a test")]
        let ms = (minute * MINUTE_MS as f64) as i64;
        self.begins().plus_ms(ms)
    }

    /// Every expected card takes one that was raised; what is left over on either side differs.
    fn compare(&self, engine: &Engine) -> Vec<String> {
        let mut raised: Vec<&Recommendation> = engine.advisor().cards().iter().collect();
        let mut differs = Vec::new();
        for expected in &self.expect {
            match raised.iter().position(|card| expected.is(card, self.minute_of(card.raised), engine)) {
                Some(found) => {
                    raised.remove(found);
                }
                None => {
                    differs.push(format!("- {}", expected.line()));
                    differs.extend(what_it_said(&expected.rule, engine).map(|said| format!("? {} says at the end: {said}", expected.rule)));
                }
            }
        }
        differs.extend(raised.into_iter().map(|card| {
            let minute = self.minute_of(card.raised);
            let about = about(card, engine).map_or_else(String::new, |about| format!(" on {about}"));
            format!("+ {} → {}{about}, minute {minute:.1}: {}", card.rule, card.kind.id(), Evidence::from(&card.because).line())
        }));
        differs
    }

    fn minute_of(&self, at: At) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "seconds of a test")]
        let seconds = (at.since_ms(self.begins()) / SECOND_MS) as f64;
        seconds / 60.0
    }
}

/// The product or channel that a card is about.
fn about<'a>(card: &'a Recommendation, engine: &'a Engine) -> Option<&'a str> {
    let books = &engine.live().books;
    card.parameters
        .get("sku")
        .map(String::as_str)
        .or_else(|| card.target.product.or(card.because.product).map(|sym| books.skus.text(sym)))
        .or_else(|| card.target.channel.map(|sym| books.channels.text(sym)))
}

/// The loudest answer of a rule, and what keeps it silent.
fn what_it_said(rule: &str, engine: &Engine) -> Option<&'static str> {
    let (_, watching, silent) = engine.advisor().reasons().find(|(known, ..)| known.name == rule)?;
    let answer = watching.iter().map(|watching| &watching.answer).max_by_key(|answer| answer.loudness());
    silent.map(crate::engine::advice::Silent::id).or_else(|| answer.map(crate::engine::watch::Answer::id)).or(Some("no_target"))
}

impl Expected {
    fn is(&self, card: &Recommendation, minute: f64, engine: &Engine) -> bool {
        card.rule == self.rule
            && (self.from_min..=self.to_min).contains(&minute)
            && self.act.is_none_or(|act| act == card.kind)
            && self.about.as_deref().is_none_or(|wanted| about(card, engine) == Some(wanted))
            && self.parameters.iter().all(|(name, value)| card.parameters.get(name) == Some(value))
    }

    fn line(&self) -> String {
        let act = self.act.map_or_else(String::new, |act| format!(" → {}", act.id()));
        let about = self.about.as_ref().map_or_else(String::new, |about| format!(" on {about}"));
        let parameters: String = self.parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        format!("{}{act}{about}{parameters}, minute {} to {}", self.rule, self.from_min, self.to_min)
    }
}

impl Said {
    fn compare(&self, engine: &Engine) -> Option<String> {
        let said = what_it_said(&self.rule, engine).unwrap_or("no_such_rule");
        (said != self.says).then(|| format!("- {} says {} at minute {}; it said {said}", self.rule, self.says, self.minute))
    }
}
