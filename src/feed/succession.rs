//! Whether a server of numbered events goes on behind the last one that it was told: what the numbers themselves show.
//!
//! Many servers count their events by one. There the first one behind a break is the successor of the last, or one that
//! was seen before: nothing was lost. A number beyond it, or a known number with other words, shows that the server forgot us.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::engine::event::Guarantee;

/// Events that are known again when they come again.
const REMEMBERED: usize = 256;
/// So many steps of one show that the numbers are counted by one.
const COUNTED_STEPS: u32 = 2;

/// The numbers of one stream, over all its connections.
#[derive(Debug, Default)]
pub struct Succession {
    /// The platform file says that the server goes on.
    is_declared: bool,
    last: Option<u64>,
    /// Otherwise: ids are no numbers, or leave numbers out.
    steps: Steps,
    /// No number has come over this connection yet.
    awaits: bool,
    shown: Shown,
    /// The platform said that it did not go on this time.
    is_broken: bool,
    /// Numbers and what their events looked like.
    seen: VecDeque<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steps {
    OfOne(u32),
    Otherwise,
}

impl Default for Steps {
    fn default() -> Self {
        Self::OfOne(0)
    }
}

/// What the returns so far have shown of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Nothing,
    GoesOn,
    Forgets,
}

/// What one event tells of the return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    Nothing,
    /// The stream goes on where it broke off.
    GoesOn,
    /// It does not, or nothing shows it; how many events are missing, where they are counted.
    Lost(Option<u64>),
}

impl Succession {
    /// The stream is open (again) behind `cursor`.
    pub fn reopen(&mut self, is_declared: bool, cursor: Option<&str>) {
        self.is_declared = is_declared;
        self.awaits = true;
        self.is_broken = false;
        self.last = self.last.or_else(|| cursor.and_then(number_of));
    }

    /// True where the next number can show what became of the break.
    #[must_use]
    pub fn can_show(&self) -> bool {
        self.last.is_some() && self.steps != Steps::Otherwise && self.shown == Shown::Nothing && !self.is_declared
    }

    /// The stream does not go on, and is not believed again.
    pub const fn forget(&mut self) {
        self.shown = Shown::Forgets;
    }

    /// The platform says itself that the stream does not go on this time. Of one that is said to go on otherwise that is believed.
    pub const fn break_off(&mut self) {
        if self.is_declared {
            self.is_broken = true;
        } else {
            self.forget();
        }
    }

    /// What the stream promises. Behind no place nothing can be taken up again, whatever the platform file says.
    #[must_use]
    pub const fn promise(&self, has_place: bool) -> Guarantee {
        match self.shown {
            _ if self.is_broken => Guarantee::BestEffort,
            Shown::GoesOn => Guarantee::Resumable,
            Shown::Nothing if self.is_declared && has_place => Guarantee::Resumable,
            Shown::Nothing | Shown::Forgets => Guarantee::BestEffort,
        }
    }

    /// Takes the id of an event.
    pub fn hear(&mut self, id: &str, data: &str) -> Finding {
        let is_first = std::mem::take(&mut self.awaits);
        let Some(number) = number_of(id) else {
            self.steps = Steps::Otherwise;
            return if is_first { self.unclear() } else { Finding::Nothing };
        };
        let known = self.recognise(number, data);
        let Some(last) = self.last.replace(number) else { return Finding::Nothing };
        if !is_first {
            self.step(last, number);
            return Finding::Nothing;
        }
        let missing = number.saturating_sub(last).saturating_sub(1);
        match (self.steps, known) {
            (Steps::Otherwise, _) => self.unclear(),
            (_, Some(false)) => self.forgets(None),
            (_, Some(true)) => self.goes_on(),
            // none that was seen, and before the last one: it counts anew
            _ if self.is_declared && number < last => {
                self.break_off();
                Finding::Lost(None)
            }
            _ if Some(number) == last.checked_add(1) => self.goes_on(),
            (Steps::OfOne(COUNTED_STEPS..), None) if missing > 0 => self.forgets(Some(missing)),
            (Steps::OfOne(_), None) => self.unclear(),
        }
    }

    /// True for an event that was seen with this number, false where another was; it is known from now on.
    fn recognise(&mut self, number: u64, data: &str) -> Option<bool> {
        let mut hasher = DefaultHasher::new();
        data.hash(&mut hasher);
        let look = hasher.finish();
        let known = self.seen.iter().rev().find(|(seen, _)| *seen == number).map(|(_, known)| *known == look);
        if known != Some(true) {
            self.seen.push_back((number, look));
            if self.seen.len() > REMEMBERED {
                self.seen.pop_front();
            }
        }
        known
    }

    /// Two numbers over one connection.
    fn step(&mut self, last: u64, number: u64) {
        self.steps = match self.steps {
            Steps::OfOne(steps) if Some(number) == last.checked_add(1) => Steps::OfOne(steps.saturating_add(1)),
            Steps::OfOne(steps) if number == last => Steps::OfOne(steps),
            Steps::OfOne(_) | Steps::Otherwise => Steps::Otherwise,
        };
    }

    const fn goes_on(&mut self) -> Finding {
        if matches!(self.shown, Shown::Nothing) {
            self.shown = Shown::GoesOn;
        }
        Finding::GoesOn
    }

    const fn forgets(&mut self, missing: Option<u64>) -> Finding {
        self.forget();
        Finding::Lost(missing)
    }

    /// Nothing shows that it went on: only the platform's own word counts then.
    fn unclear(&mut self) -> Finding {
        if self.is_declared {
            return Finding::Nothing;
        }
        if self.shown == Shown::GoesOn {
            self.shown = Shown::Nothing;
        }
        Finding::Lost(None)
    }
}

/// The number that an id or a place is, if it is one.
#[must_use]
pub fn number_of(id: &str) -> Option<u64> {
    id.parse().ok().filter(|_| id.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Connections of numbers, each with its number as its words: what was found at the first of each.
    fn found(is_declared: bool, connections: &[&[u64]]) -> (Vec<Finding>, Guarantee) {
        let mut succession = Succession::default();
        let mut first = Vec::new();
        for numbers in connections {
            succession.reopen(is_declared, None);
            let all: Vec<Finding> = numbers.iter().map(|n| succession.hear(&n.to_string(), &format!("m{n}"))).collect();
            assert!(all[1..].iter().all(|finding| *finding == Finding::Nothing), "only a return tells anything");
            first.push(all[0]);
        }
        (first, succession.promise(true))
    }

    #[test]
    fn a_successor_or_one_that_was_seen_shows_that_it_goes_on() {
        use Finding::{GoesOn, Nothing};
        assert_eq!(found(false, &[&[1, 2, 3]]), (vec![Nothing], Guarantee::BestEffort), "nothing is shown before a return");
        assert_eq!(found(false, &[&[1, 2, 3], &[4, 5]]), (vec![Nothing, GoesOn], Guarantee::Resumable));
        assert_eq!(found(false, &[&[1, 2, 3], &[2, 3, 4]]), (vec![Nothing, GoesOn], Guarantee::Resumable));
        assert_eq!(found(true, &[&[10, 20, 30], &[70, 80]]), (vec![Nothing, Nothing], Guarantee::Resumable), "it leaves numbers out");
    }

    #[test]
    fn a_jump_shows_that_it_forgets_whatever_was_said_or_shown_before() {
        use Finding::{GoesOn, Lost, Nothing};
        for is_declared in [false, true] {
            let (first, promise) = found(is_declared, &[&[1, 2, 3], &[4, 5], &[9], &[10]]);
            assert_eq!((first, promise), (vec![Nothing, GoesOn, Lost(Some(3)), GoesOn], Guarantee::BestEffort));
        }
    }

    #[test]
    fn numbers_that_leave_some_out_prove_nothing() {
        use Finding::{Lost, Nothing};
        assert_eq!(found(false, &[&[10, 20, 30], &[31]]), (vec![Nothing, Lost(None)], Guarantee::BestEffort));
        assert_eq!(found(false, &[&[1_700_000_000_000, 1_700_000_000_450], &[1_700_000_000_900]]).1, Guarantee::BestEffort);
    }

    #[test]
    fn a_count_that_begins_anew_with_each_connection_is_found_out() {
        let mut succession = Succession::default();
        succession.reopen(false, None);
        assert_eq!([1, 2, 3].map(|n: u64| succession.hear(&n.to_string(), &format!("first {n}"))), [Finding::Nothing; 3]);
        succession.reopen(false, Some("3"));
        assert_eq!(succession.hear("1", "second 1"), Finding::Lost(None));
        assert_eq!(succession.promise(true), Guarantee::BestEffort);
        assert_eq!(found(true, &[&[10, 20, 30], &[20, 30, 40]]).0, [Finding::Nothing; 2], "they are known");
        let mut declared = Succession::default();
        declared.reopen(true, Some("500"));
        assert_eq!(declared.hear("3", "m3"), Finding::Lost(None), "whatever the platform file says");
        assert_eq!(declared.promise(true), Guarantee::BestEffort);
    }

    #[test]
    fn after_a_restart_of_the_desk_the_successor_of_the_stored_id_is_enough() {
        let mut succession = Succession::default();
        succession.reopen(false, Some("57"));
        assert!(succession.can_show());
        assert_eq!(succession.hear("58", "m58"), Finding::GoesOn);
        let mut other = Succession::default();
        other.reopen(false, Some("57"));
        assert_eq!(other.hear("90", "m90"), Finding::Lost(None));
        let mut named = Succession::default();
        named.reopen(false, Some("b7f3"));
        assert!(!named.can_show(), "an id that is no number shows nothing");
        assert_eq!(named.hear("b7f4", "x"), Finding::Lost(None));
    }

    #[test]
    fn without_an_id_nothing_is_taken_up_again() {
        let mut succession = Succession::default();
        succession.reopen(true, None);
        assert_eq!((succession.promise(true), succession.promise(false)), (Guarantee::Resumable, Guarantee::BestEffort));
    }
}
