//! Which clock minute stands in which column of chart, lanes and heatmap, so that one cursor reads them all.

use crate::engine::Engine;
use crate::engine::time::At;

/// Columns right of NOW that are kept for the plan while the live scrolls.
const AHEAD: i64 = 12;

/// A row of columns, the n-th of them the n-th clock minute from `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Clock minute (UTC, since 1970) of the first column.
    pub first: i64,
    /// How many columns there are.
    pub columns: u16,
    /// Width of a column in cells.
    pub cells: u16,
    /// Minutes that a column stands for: 1 beside the lanes, more where a whole long live is looked at.
    pub per: i64,
    /// Clock minute of the live's start: minute 0 of the axis.
    pub start: i64,
    /// Clock minute of the present.
    pub now: i64,
    /// Clock minute of the planned close.
    pub end: Option<i64>,
}

impl Timeline {
    /// As many minutes as `width` holds, `cells` columns each. A live that fits is shown from its start with its planned
    /// rest; a longer one scrolls with NOW, or so that `cursor` stays in sight.
    #[must_use]
    pub fn of(engine: &Engine, now: At, width: u16, cells: u16, cursor: Option<i64>) -> Self {
        let line = Self::whole(engine, now, width, cells);
        let columns = i64::from(line.columns);
        let ahead = line.end.map_or(0, |end| (end - line.now).clamp(0, AHEAD.min(columns / 4)));
        let last_first = (line.now + ahead + 1 - columns).max(line.start);
        let first = match cursor {
            Some(minute) if minute < last_first => minute.max(line.start),
            Some(minute) if minute >= last_first + columns => minute + 1 - columns,
            _ => last_first,
        };
        Self { first, per: 1, ..line }
    }

    /// The whole live with its planned rest, in columns of as many minutes as it takes.
    #[must_use]
    pub fn whole(engine: &Engine, now: At, width: u16, cells: u16) -> Self {
        let now = engine.closed().unwrap_or(now).minute();
        let start = engine.started().map_or(now, At::minute);
        let end = engine.plan().ends_at().map(At::minute);
        let columns = width / cells.max(1);
        let minutes = end.unwrap_or(now).max(now).saturating_sub(start).saturating_add(1);
        let per = (minutes - 1).max(0) / i64::from(columns).max(1) + 1;
        Self { first: start, columns, cells: cells.max(1), per, start, now, end }
    }

    /// The clock minutes of column `n`: its first, and the first after it.
    #[must_use]
    pub const fn minutes_of(&self, column: u16) -> (i64, i64) {
        let from = self.first + column as i64 * self.per;
        (from, from + self.per)
    }

    /// The column of a clock minute, if it is in sight.
    #[must_use]
    pub fn column_of(&self, minute: i64) -> Option<u16> {
        let column = (minute - self.first).div_euclid(self.per.max(1));
        u16::try_from(column).ok().filter(|column| *column < self.columns)
    }

    /// The offset in cells of a clock minute.
    #[must_use]
    pub fn offset_of(&self, minute: i64) -> Option<u16> {
        self.column_of(minute).map(|column| column.saturating_mul(self.cells))
    }

    /// Columns in sight, as clock minutes.
    pub fn minutes(&self) -> impl Iterator<Item = i64> + use<> {
        let (first, per) = (self.first, self.per);
        (0..self.columns).map(move |column| first + i64::from(column) * per)
    }

    /// Width of all columns in cells.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.columns.saturating_mul(self.cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Arrival;
    use crate::engine::plan::Plan;

    fn line(now: i64, columns: i64) -> Timeline {
        Timeline { first: 100, columns: 60, cells: 1, per: columns, start: 100, now, end: Some(220) }
    }

    #[test]
    fn a_column_is_a_clock_minute() {
        assert_eq!(line(147, 1).column_of(100), Some(0));
        assert_eq!(line(147, 1).column_of(159), Some(59));
        assert_eq!(line(147, 1).column_of(160), None);
        assert_eq!(line(147, 1).column_of(99), None);
        assert_eq!(line(147, 3).minutes_of(2), (106, 109));
        assert_eq!(Timeline { cells: 2, ..line(147, 1) }.offset_of(103), Some(6));
    }

    #[test]
    fn an_engine_without_facts_still_has_a_timeline() {
        let engine = Engine::new(Plan::default(), Arrival::Live);
        for (width, cells) in [(0, 1), (1, 2), (60, 1), (400, 0)] {
            let line = Timeline::of(&engine, At::default(), width, cells, None);
            assert_eq!(line.per, 1);
            assert_eq!(line.minutes().count(), usize::from(line.columns));
            assert!(Timeline::whole(&engine, At::default(), width, cells).per >= 1);
        }
    }
}
