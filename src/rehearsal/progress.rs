//! Progress over rehearsals: one JSON line a play, in a file that only grows.

use serde::{Deserialize, Serialize};

use super::score::{Score, Verdict};
use crate::engine::time::At;

/// Why a run is no play that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncounted {
    /// A file pressed the keys.
    Playback,
    /// Nobody pressed any, and nobody sat it out at a screen.
    Unattended,
}

/// A play as it is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was played.
    pub at: At,
    pub scenario: String,
    pub seed: u64,
    pub incidents: usize,
    pub answered: usize,
    pub needless: usize,
    /// Mean seconds to the right act, over those that were answered.
    pub acted_s: Option<f64>,
    pub gain_minor: i64,
    pub reached: Option<f64>,
}

impl Entry {
    #[must_use]
    pub fn of(score: &Score, at: At) -> Self {
        let acted: Vec<i64> = score.incidents.iter().filter_map(|incident| incident.acted_s).collect();
        Self {
            at,
            scenario: score.scenario.clone(),
            seed: score.seed,
            incidents: score.incidents.len(),
            answered: score.incidents.iter().filter(|incident| incident.met.is_right()).count(),
            needless: score.acts.iter().filter(|act| act.verdict == Verdict::Needless).count(),
            acted_s: (!acted.is_empty()).then(|| acted.iter().sum::<i64>() as f64 / acted.len() as f64),
            gain_minor: score.gain_minor(),
            reached: score.reached,
        }
    }

    /// As a line of the file, without a line end.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Reads the file: the plays in it, and how many lines were none.
#[must_use]
pub fn read(text: &str) -> (Vec<Entry>, usize) {
    let mut lost = 0;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let entries = lines.filter_map(|line| serde_json::from_str(line).map_err(|_| lost += 1).ok()).collect();
    (entries, lost)
}

/// How a scenario has gone so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Course {
    pub scenario: String,
    pub plays: usize,
    pub last: Entry,
    /// Best share of the possible gain before the last play.
    pub best_before: Option<f64>,
    /// Fastest mean to the right act before the last play.
    pub fastest_before_s: Option<f64>,
}

impl Course {
    /// Best share of the possible gain so far.
    #[must_use]
    pub fn best(&self) -> Option<f64> {
        pick(self.best_before, self.last.reached, f64::max)
    }
}

/// The course of every scenario, in the order of its first play.
#[must_use]
pub fn courses(entries: &[Entry]) -> Vec<Course> {
    let mut courses: Vec<Course> = Vec::new();
    for entry in entries {
        match courses.iter_mut().find(|course| course.scenario == entry.scenario) {
            None => courses.push(Course {
                scenario: entry.scenario.clone(),
                plays: 1,
                last: entry.clone(),
                best_before: None,
                fastest_before_s: None,
            }),
            Some(course) => {
                course.plays += 1;
                course.best_before = pick(course.best_before, course.last.reached, f64::max);
                course.fastest_before_s = pick(course.fastest_before_s, course.last.acted_s, f64::min);
                course.last = entry.clone();
            }
        }
    }
    courses
}

fn pick(one: Option<f64>, other: Option<f64>, better: fn(f64, f64) -> f64) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(better(one, other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(reached: f64, acted_s: Option<f64>) -> Entry {
        Entry {
            at: At::from_ms(1_795_303_864_000),
            scenario: "w1".into(),
            seed: 1,
            incidents: 1,
            answered: 1,
            needless: 0,
            acted_s,
            gain_minor: 100,
            reached: Some(reached),
        }
    }

    #[test]
    fn a_play_is_compared_with_the_best_before_it() {
        let text: String = [entry(0.4, Some(90.0)), entry(0.7, None), entry(0.6, Some(50.0))].iter().map(|e| e.line() + "\n").collect();
        let (entries, lost) = read(&(text + "not a play\n"));
        assert_eq!((entries.len(), lost), (3, 1));
        let course = &courses(&entries)[0];
        assert_eq!((course.plays, course.best_before, course.fastest_before_s), (3, Some(0.7), Some(90.0)));
        assert_eq!(course.last.reached, Some(0.6));
    }
}
