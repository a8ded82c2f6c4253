//! The lessons of all lives as one document for other teams: what to do, why, and whether it helped.

use super::document::{Block, Document, Section};
use super::lesson::{Lesson, Outcome};
use super::voice::{Voice, say, word};
use crate::engine::impact::Verdict;

/// The playbook in a language; lessons that helped most often come first.
#[must_use]
pub fn compose(lessons: &[Lesson], voice: &dyn Voice) -> Document {
    let number = |count: usize| voice.count(i64::try_from(count).unwrap_or(i64::MAX));
    let lives: std::collections::BTreeSet<&str> = lessons.iter().map(|lesson| lesson.from_live.as_str()).collect();
    let lead = if lessons.is_empty() {
        say(voice, "playbook-none")
    } else {
        voice.text("playbook-lead", &[("lessons", number(lessons.len())), ("lives", number(lives.len()))])
    };
    let mut ranked: Vec<&Lesson> = lessons.iter().collect();
    ranked.sort_by_key(|lesson| std::cmp::Reverse((said(lesson, Verdict::Better), lesson.ticked_at)));
    let blocks = ranked.into_iter().flat_map(|lesson| blocks(lesson, voice)).collect::<Vec<_>>();
    let section = Section { id: "lessons", title: say(voice, "report-next"), blocks };
    Document {
        language: voice.language(),
        title: say(voice, "playbook-title"),
        lead,
        contents: say(voice, "report-contents"),
        sections: if lessons.is_empty() { Vec::new() } else { vec![section] },
    }
}

/// Lives that said so of a lesson.
fn said(lesson: &Lesson, verdict: Verdict) -> usize {
    lesson.outcomes.iter().filter(|outcome| outcome.verdict == verdict.id()).count()
}

fn blocks(lesson: &Lesson, voice: &dyn Voice) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(lesson.text.clone())];
    if !lesson.parameters.evidence.is_empty() {
        blocks.push(Block::Text(voice.text("playbook-why", &[("evidence", lesson.parameters.evidence.clone())])));
    }
    let from = [("live", lesson.from_live.clone()), ("day", voice.day(lesson.ticked_at))];
    blocks.push(Block::Text(voice.text("playbook-from", &from)));
    if lesson.outcomes.is_empty() {
        blocks.push(Block::Text(say(voice, "playbook-untried")));
        return blocks;
    }
    let (better, worse) = (said(lesson, Verdict::Better), said(lesson, Verdict::Worse));
    let number = |count: usize| voice.count(i64::try_from(count).unwrap_or(i64::MAX));
    let unclear = lesson.outcomes.len() - better - worse;
    let score = [("better", number(better)), ("worse", number(worse)), ("unclear", number(unclear))];
    blocks.push(Block::Text(voice.text("playbook-score", &score)));
    blocks.extend(lesson.outcomes.iter().map(|outcome| Block::Text(sentence(outcome, voice))));
    blocks
}

fn sentence(outcome: &Outcome, voice: &dyn Voice) -> String {
    let times = |ratio: f64| format!("×{}", voice.number(ratio, 2));
    match (outcome.ratio, outcome.low, outcome.high) {
        (Some(ratio), Some(low), Some(high)) => voice.text(
            "playbook-outcome",
            &[
                ("live", outcome.live.clone()),
                ("verdict", word(voice, "verdict", &outcome.verdict)),
                ("ratio", times(ratio)),
                ("low", times(low)),
                ("high", times(high)),
            ],
        ),
        _ => voice.text("playbook-outcome-unknown", &[("live", outcome.live.clone())]),
    }
}
