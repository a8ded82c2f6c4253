//! A stream that is open again: whether it stays, and what was missed meanwhile.

use std::time::{Duration, Instant};

use super::mapping::Mapped;
use super::outlet::{Gone, Outlet};
use super::stream::{note_return, place};
use super::succession::{Finding, Succession, number_of};
use crate::clock;
use crate::engine::event::Guarantee;
use crate::engine::time::At;

/// A connection that stays for so long, or brings an event, is one: to open and to be closed again is no sign of life.
const STEADY: Duration = Duration::from_secs(2);
/// How long a stream that is open again may take to show that it goes on; after that a gap is told.
/// A filter's own word of a gap is about the break for so long, or until the first event.
const PROOF: Duration = Duration::from_secs(5);

/// How a stream is taken up again.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The platform says that it goes on where it broke off.
    pub resumes: bool,
    /// It goes on behind a place that we tell.
    pub by_place: bool,
    /// Its ids can show that it does.
    pub by_number: bool,
    pub idle: Duration,
}

/// What is known of an open stream and of the break before it.
#[derive(Debug)]
pub struct Arrival<'s> {
    succession: &'s mut Succession,
    terms: Terms,
    /// Everything had been told until then when it was opened.
    told: Option<At>,
    opened: At,
    /// Until then it may show that it goes on, or at least that it stays; before, nothing is told.
    held: Option<Instant>,
    /// It has to show by its numbers that it goes on.
    is_doubtful: bool,
    /// Until then, and before its first event, what a filter says of a gap is about the break.
    young: Option<Instant>,
    /// The number of the place that it was opened behind, until the filter finds the next place.
    behind: Option<u64>,
}

impl<'s> Arrival<'s> {
    pub fn begin(terms: Terms, succession: &'s mut Succession, outlet: &Outlet) -> Self {
        succession.reopen(terms.resumes, outlet.cursor().filter(|_| terms.by_number));
        let told = outlet.state().complete_to;
        let is_doubtful = terms.by_number && told.is_some() && succession.can_show();
        let now = clock::instant();
        let held = now + if is_doubtful { PROOF.min(terms.idle / 2) } else { STEADY };
        let behind = place(outlet).filter(|_| terms.by_place && !terms.by_number).and_then(number_of);
        Self { succession, terms, told, opened: outlet.now(), held: Some(held), is_doubtful, young: Some(now + PROOF), behind }
    }

    /// Until when it has to show something; nothing where it has.
    #[must_use]
    pub const fn held(&self) -> Option<Instant> {
        self.held
    }

    /// The time to show something is over. The error means that the owner has gone.
    pub async fn expire(&mut self, outlet: &mut Outlet) -> Result<(), Gone> {
        self.settle(None, None, outlet);
        outlet.report().await
    }

    /// Takes the id of an event. The error means that the owner has gone.
    pub async fn hear(&mut self, id: Option<&str>, data: Option<&str>, outlet: &mut Outlet) -> Result<(), Gone> {
        let Some(id) = id.filter(|_| self.terms.by_number) else { return Ok(()) };
        match self.succession.hear(id, data.unwrap_or_default()) {
            Finding::GoesOn if self.held.is_some() => self.settle(None, None, outlet),
            Finding::Lost(missing) if self.held.is_some() || outlet.state().guarantee == Guarantee::Resumable => {
                self.lose(missing, None, outlet).await?;
            }
            Finding::Nothing | Finding::GoesOn | Finding::Lost(_) => {}
        }
        Ok(())
    }

    /// Looks at the place behind one message: the first on this connection that is before the last one shows that the server
    /// counts anew, and so does not go on.
    pub fn compare(&mut self, mapped: &mut Mapped) {
        let place = mapped.next.as_deref();
        let Some(behind) = self.behind.take_if(|_| place.is_some()) else { return };
        if let Some(number) = place.and_then(number_of).filter(|number| *number < behind) {
            mapped.gap.get_or_insert_with(|| format!("its places begin anew: after {behind} comes {number}"));
            self.young = Some(clock::instant() + PROOF);
        }
    }

    /// Takes what a payload became: a filter may know that the stream does not go on. The error means that the owner has gone.
    pub async fn take(&mut self, mapped: &mut Mapped, outlet: &mut Outlet) -> Result<(), Gone> {
        let now = clock::instant();
        if let Some(why) = mapped.gap.take_if(|_| self.young.is_some_and(|until| now < until)) {
            self.young = None;
            self.succession.break_off();
            self.lose(None, Some(&why), outlet).await?;
        } else if mapped.gap.is_some() {
            self.succession.break_off();
        }
        let has_events = !mapped.events.is_empty();
        self.young.take_if(|_| has_events);
        if self.held.is_some_and(|until| !self.is_doubtful && has_events || now >= until) {
            self.settle(None, None, outlet);
        }
        if self.held.is_none() {
            outlet.note_success(outlet.now());
        }
        Ok(())
    }

    /// Tells what the stream promises now.
    pub fn promise(&self, outlet: &mut Outlet) {
        let has_place = !self.terms.by_place || place(outlet).is_some() || outlet.state().received == 0;
        let promise = self.succession.promise(has_place);
        outlet.note(|state| state.guarantee = promise);
    }

    /// It did not go on where it broke off. Where it was trusted when it came back, that nothing was missed is taken back.
    async fn lose(&mut self, missing: Option<u64>, why: Option<&str>, outlet: &mut Outlet) -> Result<(), Gone> {
        if self.told.is_none() {
            return Ok(());
        }
        if self.held.is_none() {
            outlet.note_doubt(self.told);
            self.promise(outlet);
            outlet.report().await?;
        }
        self.settle(missing, why, outlet);
        Ok(())
    }

    /// What was missed is known now, or will not be.
    fn settle(&mut self, missing: Option<u64>, why: Option<&str>, outlet: &mut Outlet) {
        self.held = None;
        self.promise(outlet);
        note_return(self.opened, missing, why, outlet.now(), outlet);
    }
}
