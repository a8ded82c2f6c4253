//! A moment as it is known now: the state of then, and on top of it every fact that had happened by then but came later, and
//! every refund that was made later of what was sold by then. They are told at that moment, since they are about it.

use std::sync::Arc;

use super::head::Head;
use super::scan::{LATE_MS, Late, Shared};
use super::tape::Place;
use crate::engine::event::Record;
use crate::engine::time::At;
use crate::engine::{Admission, Engine};

/// The state at the moment that `head` stands at, as it is known now; and how many facts came on top.
///
/// # Errors
/// When the tape cannot be read any more.
pub fn known_now(head: &Head, index: &Shared) -> Result<(Engine, u64), String> {
    let at = head.at();
    let mut engine = head.engine().clone();
    let mut added = 0;
    let mut tell = |record: Record| {
        let takes_back = record.event.fact.takes_back().is_some_and(|order| record.event.ts > at && sold_by(&engine, order));
        if record.event.ts > at && !takes_back {
            return;
        }
        let mut record = Record { at, ..record };
        record.event.ts = record.event.ts.min(at);
        engine.step_judged(&record, Admission::Accepted);
        added += 1;
    };
    let shared = index.lock();
    let (tape, verdicts, upto) = (shared.tape.clone(), Arc::clone(&shared.verdicts), shared.place);
    let later = |late: &&Late| late.place > head.place() && late.ts <= at;
    let mut places: Vec<Place> = shared.late.iter().filter(later).map(|late| late.place).collect();
    let refunds: Vec<Place> = shared.takes_back.iter().filter(|late| late.place > head.place()).map(|late| late.place).collect();
    drop(shared);
    let Some(tape) = tape else { return Ok((engine, 0)) };
    // what came within a minute is found by reading on
    let soon = at.plus_ms(LATE_MS);
    let mut stream = tape.stream(head.place(), upto).map_err(|error| error.to_string())?;
    while let Some(record) = stream.peek().filter(|record| record.at <= soon).cloned() {
        stream.take();
        let is_noted = record.event.fact.takes_back().is_some() || record.at.since_ms(record.event.ts) > LATE_MS;
        if record.event.ts <= at && !is_noted && verdicts.of(stream.place()) == Admission::Accepted {
            tell(record);
        }
    }
    places.extend(refunds);
    places.sort_unstable();
    tape.records(&places).map_err(|error| error.to_string())?.into_iter().for_each(&mut tell);
    Ok((engine, added))
}

fn sold_by(engine: &Engine, order: &str) -> bool {
    engine.live().books.orders.find(order).is_some()
}

/// True for a moment after which nothing more is known: then and now are the same.
#[must_use]
pub fn is_the_end(at: At, index: &Shared) -> bool {
    let index = index.lock();
    index.complete && at >= index.reached
}
