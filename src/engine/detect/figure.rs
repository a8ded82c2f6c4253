//! Has any series of figures moved? Each row, seen only with what came before it, is made countable for [`RateDetector`].
//!
//! Small counts go in as they are, against their exposure. Any other figure is told as [`WORTH`] events a row, more or fewer by
//! how many of its own usual deviations it lies off the usual of its time of day, so that one deviation is that of counting.
//! The usual is the level, or the time of the day or of the week where that foresaw better so far.

use super::alarm::{Alarm, Change, Thresholds};
use super::rate::{Direction, Part, RateDetector, Settings, Verdict};

/// Rows before anything is said; usual and deviation start from them.
pub const WARM_UP_ROWS: usize = 40;
/// Events that a row at its usual is worth.
const WORTH: f64 = 30.0;
/// Deviations that are believed of one row: as many where spikes are rarer than the first share of rows, so few where they are
/// as frequent as the second and one more is no news.
const FARTHEST: (f64, f64) = (12.0, 4.0);
const SPIKES: (f64, f64) = (0.0005, 0.004);
/// A row teaches usual and deviation at most so many deviations.
const WINSOR: f64 = 4.0;
/// Rows that the level and the deviation remember, about.
const MEMORY_ROWS: f64 = 1_500.0;
/// Rows over which the ways to foresee are compared, about.
const COMPARE_ROWS: f64 = 400.0;
/// A time of day or week is preferred where its error is below so much of the level's.
const PREFERRED: f64 = 0.85;
/// Visits to a time of day or week before it is believed, and the most that it remembers.
const VISITS: (f64, f64) = (2.0, 8.0);
/// Whole figures below this mean are counted as they are.
const SMALL_MEAN: f64 = 10.0;
const DAY_MS: i64 = 86_400_000;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Milliseconds since any beginning; only the time of day and week is taken from it.
    pub at_ms: i64,
    pub value: f64,
    /// What a count is counted against.
    pub exposure: Option<f64>,
}

/// What is said of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Judged {
    /// 0 (as usual, or too early to say) to 1; one half is the threshold of an alarm.
    pub score: f64,
    /// An alarm was raised at this row.
    pub fired: bool,
}

/// A detector of one series, both ways.
#[derive(Debug)]
pub struct FigureDetector {
    warming: Vec<Figure>,
    usual: Option<Usual>,
    told: Pair,
    counted: Pair,
    /// Running mean of the figures, and whether all of them were whole and not negative.
    mean: f64,
    rows: f64,
    whole: bool,
}

impl Default for FigureDetector {
    fn default() -> Self {
        Self { warming: Vec::new(), usual: None, told: Pair::new(), counted: Pair::new(), mean: 0.0, rows: 0.0, whole: true }
    }
}

impl FigureDetector {
    /// Takes the next row. A row without a value is simply not given: the detector waits.
    pub fn push(&mut self, figure: Figure) -> Judged {
        self.rows += 1.0;
        self.mean += (figure.value - self.mean) / self.rows.min(MEMORY_ROWS);
        self.whole &= figure.value >= 0.0 && figure.value.fract() == 0.0;
        if self.usual.is_some() {
            return self.judge(figure);
        }
        self.warming.push(figure);
        if self.warming.len() == WARM_UP_ROWS {
            let first = std::mem::take(&mut self.warming);
            self.usual = Some(Usual::of(&first));
            for figure in first {
                self.judge(figure);
            }
        }
        Judged::default()
    }

    fn judge(&mut self, figure: Figure) -> Judged {
        let Some(usual) = &mut self.usual else { return Judged::default() };
        let counts = figure.exposure.is_some() || (self.whole && self.mean < SMALL_MEAN);
        let relative = usual.relative(figure.at_ms);
        let exposure = figure.exposure.unwrap_or(1.0);
        let off = usual.take(figure);
        let told = self.told.push(WORTH + WORTH.sqrt() * off.max(-WORTH.sqrt()), 1.0);
        let counted = self.counted.push(figure.value.max(0.0), exposure * relative);
        if counts { counted } else { told }
    }
}

/// A falling and a rising detector of the same counts.
#[derive(Debug)]
struct Pair([(RateDetector, Alarm); 2]);

impl Pair {
    fn new() -> Self {
        let one = |direction| (RateDetector::new(Settings { direction, ..Settings::default() }), Alarm::default());
        Self([one(Direction::Falls), one(Direction::Rises)])
    }

    fn push(&mut self, events: f64, exposure: f64) -> Judged {
        if exposure <= 0.0 {
            return Judged::default();
        }
        let thresholds = Thresholds { least_bins: 1, ..Thresholds::default() };
        let mut judged = Judged::default();
        for (detector, alarm) in &mut self.0 {
            let verdict = detector.push(smallvec::smallvec![Part { part: 0, events, exposure }]);
            judged.fired |= matches!(alarm.push(&verdict, &thresholds), Some(Change::Raised(_)));
            if let Verdict::Judged(evidence) = verdict {
                let loud = evidence.ln_m.max(0.0);
                judged.score = judged.score.max(loud / (loud + thresholds.act));
            }
        }
        judged
    }
}

/// What is usual, and how far rows usually lie off it.
#[derive(Debug)]
struct Usual {
    /// Figures are never negative: their roots scatter evenly where they are counts.
    rooted: bool,
    level: f64,
    variance: f64,
    rows: f64,
    /// Share of rows at which a spike began, and whether one goes on.
    spikes: f64,
    in_spike: bool,
    day: Cycle,
    week: Cycle,
}

impl Usual {
    fn of(first: &[Figure]) -> Self {
        let rooted = first.iter().all(|figure| figure.value >= 0.0);
        let mut values: Vec<f64> = first.iter().map(|figure| even(figure, rooted)).collect();
        values.sort_by(f64::total_cmp);
        let level = values[values.len() / 2];
        #[expect(clippy::cast_precision_loss, reason = "forty rows")]
        let variance = values.iter().map(|value| (value - level).powi(2)).sum::<f64>() / values.len() as f64;
        #[expect(clippy::cast_precision_loss, reason = "forty rows")]
        let rows = first.len() as f64;
        Self {
            rooted,
            level,
            variance,
            rows,
            spikes: 0.0,
            in_spike: false,
            day: Cycle::new(DAY_MS, DAY_MS / 48),
            week: Cycle::new(7 * DAY_MS, DAY_MS / 24),
        }
    }

    /// The way that foresaw best so far.
    fn foreseen(&self, at_ms: i64) -> f64 {
        let better = |cycle: &Cycle| Some((cycle.foreseen(at_ms)?, cycle.error_ratio())).filter(|(_, ratio)| *ratio < PREFERRED);
        match (better(&self.day), better(&self.week)) {
            (Some((day, by_day)), Some((_, by_week))) if by_day <= by_week => day,
            (_, Some((week, _))) => week,
            (Some((day, _)), None) => day,
            (None, None) => self.level,
        }
    }

    /// What is usual at a time, as a multiple of the level: more is counted then.
    fn relative(&self, at_ms: i64) -> f64 {
        let ratio = self.foreseen(at_ms) / self.level;
        if self.rooted && ratio.is_finite() { (ratio * ratio).clamp(0.05, 20.0) } else { 1.0 }
    }

    /// How many deviations a row lies off what was foreseen; then it is learnt from.
    fn take(&mut self, figure: Figure) -> f64 {
        let value = even(&figure, self.rooted);
        let foreseen = self.foreseen(figure.at_ms);
        let deviation = self.variance.sqrt().max(self.level.abs() * 1e-6).max(1e-9);
        let off = (value - foreseen) / deviation;
        let held = foreseen + off.clamp(-WINSOR, WINSOR) * deviation;
        self.rows = (self.rows + 1.0).min(MEMORY_ROWS);
        let believed = self.believed();
        let is_far = off.abs() > WINSOR;
        self.spikes += (f64::from(u8::from(is_far && !self.in_spike)) - self.spikes) / self.rows;
        self.in_spike = is_far;
        self.variance += ((held - foreseen).powi(2) - self.variance) / self.rows;
        for cycle in [&mut self.day, &mut self.week] {
            cycle.learn(figure.at_ms, held, self.level);
        }
        self.level += (held - self.level) / self.rows;
        off.clamp(-believed, believed)
    }

    /// Deviations that are believed of one row, by how often spikes came so far.
    fn believed(&self) -> f64 {
        let frequent = ((self.spikes / SPIKES.0).ln() / (SPIKES.1 / SPIKES.0).ln()).clamp(0.0, 1.0);
        FARTHEST.0 + (FARTHEST.1 - FARTHEST.0) * frequent
    }
}

/// A figure against its exposure; its root where counts scatter evenly.
fn even(figure: &Figure, rooted: bool) -> f64 {
    let rate = figure.exposure.filter(|exposure| *exposure > 0.0).map_or(figure.value, |exposure| figure.value / exposure);
    if rooted { rate.abs().sqrt().copysign(rate) } else { rate }
}

/// What a time of the day, or of the week, usually brings: means of whole visits, never of the one that runs.
#[derive(Debug)]
struct Cycle {
    length_ms: i64,
    slot_ms: i64,
    /// Mean and number of visits, by slot.
    slots: Vec<(f64, f64)>,
    /// The visit that runs: its slot, sum and rows.
    running: Option<(i64, f64, f64)>,
    /// Running absolute errors where it could foresee: its own and the level's.
    errors: (f64, f64),
    compared: f64,
}

impl Cycle {
    fn new(length_ms: i64, slot_ms: i64) -> Self {
        let slots = vec![(0.0, 0.0); usize::try_from(length_ms / slot_ms).unwrap_or(0)];
        Self { length_ms, slot_ms, slots, running: None, errors: (0.0, 0.0), compared: 0.0 }
    }

    fn place(&self, at_ms: i64) -> usize {
        usize::try_from(at_ms.rem_euclid(self.length_ms) / self.slot_ms).unwrap_or(0)
    }

    fn foreseen(&self, at_ms: i64) -> Option<f64> {
        self.slots.get(self.place(at_ms)).filter(|(_, visits)| *visits >= VISITS.0).map(|(mean, _)| *mean)
    }

    /// Its error as a multiple of the level's; not below 1 before it was compared for a while.
    fn error_ratio(&self) -> f64 {
        if self.compared < COMPARE_ROWS / 10.0 || self.errors.1 <= 0.0 { f64::INFINITY } else { self.errors.0 / self.errors.1 }
    }

    fn learn(&mut self, at_ms: i64, value: f64, level: f64) {
        if let Some(foreseen) = self.foreseen(at_ms) {
            self.compared = (self.compared + 1.0).min(COMPARE_ROWS);
            self.errors.0 += ((value - foreseen).abs() - self.errors.0) / self.compared;
            self.errors.1 += ((value - level).abs() - self.errors.1) / self.compared;
        }
        let visit = at_ms.div_euclid(self.slot_ms);
        match &mut self.running {
            Some((running, sum, rows)) if *running == visit => {
                *sum += value;
                *rows += 1.0;
            }
            running => {
                let over = running.replace((visit, value, 1.0));
                if let Some((visit, sum, rows)) = over {
                    let place = self.place(visit.saturating_mul(self.slot_ms));
                    if let Some((mean, visits)) = self.slots.get_mut(place) {
                        *visits = (*visits + 1.0).min(VISITS.1);
                        *mean += (sum / rows - *mean) / *visits;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "rows of a test")]
mod tests {
    use super::*;

    /// A wobble that is the same in every run.
    fn wobble(row: usize) -> f64 {
        let mixed = (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64 / (1u64 << 53) as f64 - 0.5) * 3.4
    }

    fn fired(rows: usize, cadence_s: i64, value: impl Fn(usize) -> f64) -> Vec<usize> {
        let mut detector = FigureDetector::default();
        (0..rows)
            .filter(|row| {
                let at_ms = i64::try_from(*row).unwrap() * cadence_s * 1_000;
                let judged = detector.push(Figure { at_ms, value: value(*row), exposure: None });
                assert!((0.0..=1.0).contains(&judged.score), "{judged:?}");
                judged.fired
            })
            .collect()
    }

    #[test]
    fn a_steady_series_of_any_scale_is_quiet_and_a_shift_of_three_deviations_is_seen_within_ten_rows() {
        for (scale, offset) in [(1.0, 100.0), (1e-3, 0.5), (1e6, 0.0), (0.2, -40.0)] {
            let steady = |row: usize| offset + scale * wobble(row);
            assert_eq!(fired(2_000, 300, steady), [0usize; 0], "×{scale} +{offset}");
            for shift in [3.0, -3.0] {
                let found = fired(1_100, 300, |row| steady(row) + if row >= 1_000 { shift * scale } else { 0.0 });
                assert!(found.first().is_some_and(|row| (1_000..1_010).contains(row)), "×{scale} +{offset} {shift}: {found:?}");
            }
        }
    }

    #[test]
    fn a_spike_of_one_row_is_seen_at_once() {
        let found = fired(1_200, 300, |row| 50.0 + wobble(row) + if row == 1_100 { 15.0 } else { 0.0 });
        assert_eq!(found, [1_100]);
    }

    #[test]
    fn spikes_that_keep_coming_become_no_news_and_a_rise_that_stays_is_one() {
        let spiky = |row: usize| 50.0 + wobble(row) + if row.is_multiple_of(97) { 30.0 } else { 0.0 };
        let found = fired(4_000, 300, |row| spiky(row) + if row >= 3_900 { 10.0 } else { 0.0 });
        let late: Vec<_> = found.iter().filter(|row| **row > 1_000).collect();
        assert!(matches!(late[..], [3_900..=3_906]), "{found:?}");
    }

    #[test]
    fn the_time_of_day_is_no_alarm_and_a_day_without_its_evening_is_one() {
        let day = 288;
        let shape = |row: usize| 100.0 + 60.0 * (std::f64::consts::TAU * (row % day) as f64 / day as f64).sin() + 4.0 * wobble(row);
        let usual = fired(14 * day, 300, shape);
        let late: Vec<_> = usual.iter().filter(|row| **row > 4 * day).collect();
        assert!(late.is_empty(), "{late:?}");
        let flat = fired(14 * day, 300, |row| if row / day == 10 { 100.0 + 4.0 * wobble(row) } else { shape(row) });
        assert!(flat.iter().any(|row| row / day == 10), "{flat:?}");
    }

    #[test]
    fn small_counts_are_judged_as_counts() {
        let counts = |row: usize| (wobble(row) + 2.0).round().max(0.0);
        assert_eq!(fired(2_000, 60, counts), [0usize; 0]);
        let found = fired(1_200, 60, |row| if row >= 1_000 { counts(row) * 4.0 } else { counts(row) });
        assert!(found.first().is_some_and(|row| (1_000..1_012).contains(row)), "{found:?}");
    }

    #[test]
    fn a_row_is_judged_by_the_past_alone() {
        let value = |row: usize| 50.0 + wobble(row);
        let scores = |rows: usize| -> Vec<f64> {
            let mut detector = FigureDetector::default();
            (0..rows).map(|row| detector.push(Figure { at_ms: row as i64 * 1_000, value: value(row), exposure: None }).score).collect()
        };
        assert_eq!(scores(300)[..], scores(600)[..300]);
    }
}
