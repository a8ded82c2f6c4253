//! A page that was refused in the middle of a round is asked for again, by itself: the pages before it stay read. Only for what
//! may pass, and not for ever: what a round stands on, a token or a link, may have ended meanwhile.

use std::time::Duration;

use super::backoff::Backoff;
use super::fault::Fault;

/// Who was refused so often in a row has its round begun anew.
const MOST_REFUSALS: u32 = 5;
/// A longer wait is none in the middle of a round.
const LONGEST: Duration = Duration::from_secs(300);

/// The refusals of one page.
#[derive(Debug)]
pub struct Patience {
    backoff: Backoff,
    refusals: u32,
}

impl Patience {
    #[must_use]
    pub const fn new(backoff: Backoff) -> Self {
        Self { backoff, refusals: 0 }
    }

    /// A page came.
    pub const fn renew(&mut self) {
        self.backoff.reset();
        self.refusals = 0;
    }

    /// How long to wait until a page is asked for again; nothing where the round has to end.
    pub fn after(&mut self, fault: &Fault) -> Option<Duration> {
        // what we hold back ourselves was not refused
        self.refusals += u32::from(fault.held.is_none());
        let wait = self.backoff.next(fault);
        let is_worth_it = fault.is_passing() && self.refusals < MOST_REFUSALS && wait <= LONGEST;
        is_worth_it.then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::fault::FaultKind;

    #[test]
    fn what_may_pass_is_waited_for_some_times_in_a_row_and_what_we_hold_back_is_no_refusal() {
        let mut patience = Patience::new(Backoff::new(7, Duration::from_secs(5)));
        let busy = Fault { status: Some(503), ..Fault::new(FaultKind::Status, "http 503") }.waiting(Some(Duration::from_secs(2)));
        for _ in 0..3 {
            let waits: Vec<Option<Duration>> = (0..5).map(|_| patience.after(&busy)).collect();
            assert!(waits[..4].iter().all(|wait| *wait >= Some(Duration::from_secs(2))) && waits[4].is_none(), "{waits:?}");
            patience.renew();
        }
        let held = Fault::new(FaultKind::Throttled, "").held(Duration::from_secs(40));
        assert!((0..9).all(|_| patience.after(&held) == Some(Duration::from_secs(40))));
        let tomorrow = Fault::new(FaultKind::Throttled, "").waiting(Some(Duration::from_secs(3_600)));
        assert_eq!(patience.after(&tomorrow), None);
    }

    #[test]
    fn what_would_be_refused_again_ends_the_round() {
        let status = |status| Fault { status: Some(status), ..Fault::new(FaultKind::Status, "") };
        for (fault, passes) in [
            (status(500), true),
            (status(408), true),
            (status(400).waiting(Some(Duration::from_secs(1))), true),
            (status(400), false),
            (status(410), false),
            (Fault::new(FaultKind::Timeout, ""), true),
            (Fault::new(FaultKind::Unreachable, "").fatal(), false),
            (Fault::new(FaultKind::Unauthorized, "").held(Duration::from_secs(10)), false),
            (Fault::new(FaultKind::Refused, ""), false),
            (Fault::new(FaultKind::BadBody, ""), false),
        ] {
            let mut patience = Patience::new(Backoff::new(7, Duration::from_secs(5)));
            assert_eq!(patience.after(&fault).is_some(), passes, "{fault:?}");
        }
    }
}
