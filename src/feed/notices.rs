//! The notices of a hook that are not looked up yet. Most were acknowledged: they stand in the hook's cursor, which is stored
//! before the answer goes out and again in the transaction that holds what they led to, so that a kill in between loses none.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::mapping::Expansion;
use crate::engine::time::At;

/// Signed notices that are kept at once; more are turned away.
const MOST_KEPT: usize = 1_000;
/// The same of a hook that anybody may write to: what comes beyond is looked up before it is answered.
const MOST_UNSIGNED: usize = 100;
/// What the kept ones may take together.
const MOST_KEPT_BYTES: usize = 256 << 10;
/// A longer one is looked up before it is answered.
const MAX_NOTICE_BYTES: usize = 4 << 10;
/// What could not be read is asked for again so often,
pub const AGAIN: Duration = Duration::from_secs(5);
/// and for so long until it is given up: its sender does not bring it again either, or it is told by its name.
const MOST_OWED_MS: i64 = 120_000;
/// What was told is asked for once more so often, as long as there is room,
const AGAIN_LATER: Duration = Duration::from_secs(60);
/// and no longer than so.
const LAST_MS: i64 = 1_800_000;

/// What a notice came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Yes,
    /// There is no room: it has to come again.
    Full,
    /// It cannot lie in a cursor, or its sender is anybody and others have had the room: it is looked up before it is answered.
    No,
}

/// What is known of everything that came before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Read,
    /// What came since then is still to be looked up.
    Waits(At),
    /// Something could not be read.
    Failed,
}

/// Notices that are looked up together.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub numbers: Vec<u64>,
    pub notices: Vec<Expansion>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trouble {
    #[default]
    None,
    /// It was not there; of what is not there nothing is missing.
    Missing,
    Failed,
}

/// A notice that waits.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    since: At,
    notice: Expansion,
    /// When it could not be read for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<At>,
    /// It was told that it cannot be read.
    #[serde(default)]
    is_told: bool,
    /// Its sender still has it, and was told to bring it again: it does not stand in the cursor.
    #[serde(skip)]
    is_theirs: bool,
    #[serde(skip)]
    number: u64,
    /// Not before then.
    #[serde(skip)]
    due: Option<Instant>,
    /// It is looked up now.
    #[serde(skip)]
    is_asked: bool,
    #[serde(skip)]
    trouble: Trouble,
}

impl Waiting {
    const fn new(since: At, notice: Expansion, number: u64) -> Self {
        let (failed, due, trouble) = (None, None, Trouble::None);
        Self { since, notice, failed, is_told: false, is_theirs: false, number, due, is_asked: false, trouble }
    }

    fn is_old(&self, now: At) -> bool {
        self.failed.is_some_and(|failed| now.since_ms(failed) > MOST_OWED_MS)
    }

    /// Another notice of the same id came.
    fn renew(&mut self, now: At, notice: Expansion) {
        if self.is_told || self.is_theirs {
            (self.since, self.failed, self.is_told, self.is_theirs) = (now, None, false, false);
        }
        if self.trouble == Trouble::Missing {
            self.trouble = Trouble::None;
        }
        (self.notice, self.due) = (notice, None);
    }
}

#[derive(Serialize, Deserialize)]
struct Cursor<W> {
    notices: Vec<W>,
}

/// The notices, oldest first.
#[derive(Debug)]
pub struct Notices {
    list: Vec<Waiting>,
    /// The number of the next one.
    next: u64,
    is_signed: bool,
}

impl Notices {
    /// Those of the cursor that was stored last.
    #[must_use]
    pub fn resume(is_signed: bool, stored: Option<&str>) -> Self {
        let cursor = stored.and_then(|text| serde_json::from_str::<Cursor<Waiting>>(text).ok());
        let mut list = cursor.map(|cursor| cursor.notices).unwrap_or_default();
        (0..).zip(&mut list).for_each(|(number, waiting)| waiting.number = number);
        Self { next: list.len() as u64, list, is_signed }
    }

    /// The cursor: where the hook goes on.
    #[must_use]
    pub fn cursor(&self) -> Option<String> {
        let kept: Vec<&Waiting> = self.list.iter().filter(|waiting| !waiting.is_theirs).collect();
        serde_json::to_string(&Cursor { notices: kept }).ok()
    }

    /// Keeps the notices of a delivery, all or none. What is being looked up now may be older than the word of a new one.
    pub fn keep(&mut self, notices: &[Expansion], now: At) -> Kept {
        let bytes = notices.iter().map(size).sum();
        if notices.len() > self.most() || bytes > MOST_KEPT_BYTES || notices.iter().any(|notice| size(notice) > MAX_NOTICE_BYTES) {
            return Kept::No;
        }
        let fresh = notices.iter().filter(|notice| self.place_of(notice).is_none()).count();
        while !self.has_room(fresh, bytes) {
            let Some(told) = self.list.iter().position(|waiting| waiting.is_told && !waiting.is_asked) else {
                return if self.is_signed { Kept::Full } else { Kept::No };
            };
            self.list.remove(told);
        }
        for notice in notices {
            match self.place_of(notice) {
                Some(place) => self.list[place].renew(now, notice.clone()),
                None => self.push(now, notice.clone()),
            }
        }
        Kept::Yes
    }

    /// Notes what was turned away unread: it is asked for again all the same. The oldest give way.
    pub fn owe(&mut self, notices: Vec<Expansion>, now: At, due: Instant) {
        for notice in notices {
            if self.place_of(&notice).is_none() {
                self.push(now, notice);
                if let Some(waiting) = self.list.last_mut() {
                    (waiting.is_theirs, waiting.failed) = (true, Some(now));
                    (waiting.due, waiting.trouble) = (Some(due), Trouble::Failed);
                }
            }
        }
        let theirs = |waiting: &Waiting| waiting.is_theirs && !waiting.is_asked;
        let mut beyond = self.list.iter().filter(|waiting| theirs(waiting)).count().saturating_sub(MOST_KEPT);
        self.list.retain(|waiting| {
            let gives_way = beyond > 0 && theirs(waiting);
            beyond -= usize::from(gives_way);
            !gives_way
        });
    }

    /// What was turned away has come again.
    pub fn take_back(&mut self, notices: &[Expansion]) {
        self.list.retain(|waiting| !waiting.is_theirs || waiting.is_asked || !notices.iter().any(|notice| notice.id == waiting.notice.id));
    }

    /// The next ones to look up: `together` that wait, or one that could not be read before.
    pub fn next_due(&mut self, now: Instant, together: usize) -> Option<Asked> {
        let ready = || self.idle().filter(|waiting| waiting.due.is_none_or(|due| due <= now));
        let mut ids: Vec<&str> = Vec::new();
        let mut numbers: Vec<u64> = Vec::new();
        for waiting in ready().filter(|waiting| waiting.trouble == Trouble::None) {
            if numbers.len() < together && !ids.contains(&waiting.notice.id.as_str()) {
                ids.push(&waiting.notice.id);
                numbers.push(waiting.number);
            }
        }
        if numbers.is_empty() {
            numbers.extend(ready().min_by_key(|waiting| waiting.due).map(|waiting| waiting.number));
        }
        let mut notices = Vec::new();
        for waiting in self.list.iter_mut().filter(|waiting| numbers.contains(&waiting.number)) {
            waiting.is_asked = true;
            notices.push(waiting.notice.clone());
        }
        (!notices.is_empty()).then_some(Asked { numbers, notices })
    }

    /// When the next one is due; nothing where all are being looked up.
    #[must_use]
    pub fn next_at(&self, now: Instant) -> Option<Instant> {
        self.idle().map(|waiting| waiting.due.map_or(now, |due| due.max(now))).min()
    }

    /// They were read; true where the cursor has changed.
    pub fn read(&mut self, numbers: &[u64]) -> bool {
        let is_in_cursor = self.list.iter().any(|waiting| !waiting.is_theirs && numbers.contains(&waiting.number));
        self.list.retain(|waiting| !numbers.contains(&waiting.number));
        is_in_cursor
    }

    /// They could not be read, or are not there. Gives the ids that nobody brings again and that were not read for too long, once.
    pub fn fail(&mut self, numbers: &[u64], is_missing: bool, now: At, instant: Instant) -> Vec<String> {
        let mut told = Vec::new();
        for waiting in self.list.iter_mut().filter(|waiting| numbers.contains(&waiting.number)) {
            waiting.is_asked = false;
            waiting.failed.get_or_insert(now);
            waiting.trouble = if is_missing { Trouble::Missing } else { Trouble::Failed };
            if waiting.is_old(now) && !waiting.is_theirs && !waiting.is_told {
                waiting.is_told = true;
                told.push(waiting.notice.id.clone());
            }
            waiting.due = Some(instant + if waiting.is_told { AGAIN_LATER } else { AGAIN });
        }
        let is_over = |waiting: &Waiting| waiting.is_told && waiting.failed.is_some_and(|failed| now.since_ms(failed) > LAST_MS);
        self.list.retain(|waiting| waiting.is_asked || !(is_over(waiting) || waiting.is_theirs && waiting.is_old(now)));
        told
    }

    /// What was told holds nothing up any more.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let open = || self.list.iter().filter(|waiting| !waiting.is_told && waiting.trouble != Trouble::Missing);
        if open().any(|waiting| waiting.trouble == Trouble::Failed) {
            return Standing::Failed;
        }
        open().map(|waiting| waiting.since).min().map_or(Standing::Read, Standing::Waits)
    }

    /// All that are left: there is nothing more that looks them up.
    pub fn take_all(&mut self) -> Vec<Expansion> {
        std::mem::take(&mut self.list).into_iter().map(|waiting| waiting.notice).collect()
    }

    fn push(&mut self, now: At, notice: Expansion) {
        self.list.push(Waiting::new(now, notice, self.next));
        self.next += 1;
    }

    fn has_room(&self, count: usize, bytes: usize) -> bool {
        let kept = || self.list.iter().filter(|waiting| !waiting.is_theirs);
        kept().count() + count <= self.most() && kept().map(|waiting| size(&waiting.notice)).sum::<usize>() + bytes <= MOST_KEPT_BYTES
    }

    /// Where the same waits and is not being looked up. Another that says more than the id may be another fact.
    fn place_of(&self, notice: &Expansion) -> Option<usize> {
        self.list.iter().position(|waiting| !waiting.is_asked && waiting.notice == *notice)
    }

    const fn most(&self) -> usize {
        if self.is_signed { MOST_KEPT } else { MOST_UNSIGNED }
    }

    /// Those that may be looked up at their time: of one id one after the other.
    fn idle(&self) -> impl Iterator<Item = &Waiting> {
        let asked: Vec<&str> = self.list.iter().filter(|waiting| waiting.is_asked).map(|waiting| waiting.notice.id.as_str()).collect();
        self.list.iter().filter(move |waiting| !waiting.is_asked && !asked.contains(&waiting.notice.id.as_str()))
    }
}

fn size(notice: &Expansion) -> usize {
    notice.id.len() + notice.values.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const NOW: At = At::from_ms(1_800_000_000_000);

    fn notices(ids: impl IntoIterator<Item = u32>) -> Vec<Expansion> {
        ids.into_iter().map(|id| Expansion { id: id.to_string(), values: Vec::new() }).collect()
    }

    fn ids(asked: Option<&Asked>) -> Vec<&str> {
        asked.map(|asked| asked.notices.iter().map(|notice| notice.id.as_str()).collect()).unwrap_or_default()
    }

    #[test]
    fn what_is_kept_stands_in_the_cursor_until_it_is_read() {
        let mut known = Notices::resume(true, None);
        assert_eq!(known.keep(&notices([1, 2, 1]), NOW), Kept::Yes);
        let cursor = known.cursor();
        let mut again = Notices::resume(true, cursor.as_deref());
        assert_eq!((again.cursor(), again.standing()), (cursor, Standing::Waits(NOW)));
        let asked = again.next_due(clock::instant(), 50);
        assert_eq!(ids(asked.as_ref()), ["1", "2"], "of one id one");
        assert_eq!(again.cursor(), known.cursor(), "also while it is looked up");
        assert!(again.read(&asked.unwrap_or_default().numbers));
        assert_eq!((again.cursor().as_deref(), again.standing()), (Some("{\"notices\":[]}"), Standing::Read));
    }

    #[test]
    fn a_notice_that_comes_while_its_id_is_looked_up_is_looked_up_behind_it() {
        let (mut known, now) = (Notices::resume(true, None), clock::instant());
        known.keep(&notices([1]), NOW);
        let first = known.next_due(now, 1).unwrap_or_default();
        known.keep(&notices([1]), NOW.plus_s(1));
        assert!(known.next_due(now, 1).is_none() && known.next_at(now).is_none());
        known.read(&first.numbers);
        assert_eq!(known.standing(), Standing::Waits(NOW.plus_s(1)));
        assert_eq!(ids(known.next_due(now, 1).as_ref()), ["1"]);
    }

    #[test]
    fn what_waits_goes_before_what_could_not_be_read_which_goes_alone() {
        let (mut known, now) = (Notices::resume(true, None), clock::instant());
        known.keep(&notices([1, 2]), NOW);
        let asked = known.next_due(now, 9).unwrap_or_default();
        assert!(known.fail(&asked.numbers, false, NOW, now).is_empty());
        assert_eq!((known.standing(), known.next_at(now)), (Standing::Failed, Some(now + AGAIN)));
        known.keep(&notices([3, 4]), NOW);
        let later = now + AGAIN;
        assert_eq!(ids(known.next_due(later, 9).as_ref()), ["3", "4"]);
        assert_eq!(ids(known.next_due(later, 9).as_ref()), ["1"]);
        assert_eq!(ids(known.next_due(later, 9).as_ref()), ["2"]);
        let asked = Asked { numbers: vec![0, 1], ..Asked::default() };
        known.fail(&asked.numbers, true, NOW, now);
        assert_eq!(known.standing(), Standing::Waits(NOW), "of what is not there nothing is missing");
    }

    #[test]
    fn what_is_acknowledged_and_not_read_for_two_minutes_is_told_once_and_gives_way_when_room_is_needed() {
        let (mut known, now) = (Notices::resume(true, None), clock::instant());
        known.keep(&notices(1..=1_000), NOW);
        assert_eq!(known.keep(&notices([1_001]), NOW), Kept::Full);
        assert_eq!(known.keep(&notices([7]), NOW), Kept::Yes, "it waits already");
        let asked = known.next_due(now, 1).unwrap_or_default();
        let (began, late) = (NOW.plus_s(3_600), NOW.plus_s(3_600).plus_ms(MOST_OWED_MS + 1));
        assert_eq!(known.fail(&asked.numbers, false, began, now), [""; 0], "it may have waited long for its turn");
        assert_eq!(known.fail(&asked.numbers, false, late, now), ["1"]);
        assert_eq!(known.fail(&asked.numbers, false, late, now), [""; 0]);
        assert!(known.cursor().is_some_and(|cursor| cursor.contains("\"id\":\"1\"")), "it is asked for again");
        let again = Notices::resume(true, known.cursor().as_deref());
        assert_eq!(again.list.iter().filter(|waiting| waiting.is_told).count(), 1, "and told no second time after a restart");
        assert_eq!(known.keep(&notices([1_001]), late), Kept::Yes);
        assert!(!known.cursor().is_some_and(|cursor| cursor.contains("\"id\":\"1\"")));
    }

    #[test]
    fn what_may_come_from_anybody_has_little_room_and_what_is_long_has_none() {
        let mut known = Notices::resume(false, None);
        assert_eq!(known.keep(&notices(1..=100), NOW), Kept::Yes);
        assert_eq!(known.keep(&notices([101]), NOW), Kept::No);
        let long = |length: usize| vec![Expansion { id: "1".into(), values: vec![("order".into(), "x".repeat(length))] }];
        let mut known = Notices::resume(true, None);
        assert_eq!(known.keep(&long(MAX_NOTICE_BYTES), NOW), Kept::No);
        assert_eq!(known.keep(&long(100), NOW), Kept::Yes);
        let many =
            |first: u32| (first..first + 60).map(|id| Expansion { id: id.to_string(), ..long(4_000)[0].clone() }).collect::<Vec<_>>();
        assert_eq!((known.keep(&many(100), NOW), known.keep(&many(200), NOW)), (Kept::Yes, Kept::Full));
    }

    #[test]
    fn what_was_turned_away_is_asked_for_but_kept_by_its_sender() {
        let (mut known, now) = (Notices::resume(false, None), clock::instant());
        known.owe(notices([1, 2]), NOW, now + AGAIN);
        assert_eq!((known.cursor().as_deref(), known.standing()), (Some("{\"notices\":[]}"), Standing::Failed));
        known.take_back(&notices([2]));
        assert_eq!(ids(known.next_due(now + AGAIN, 9).as_ref()), ["1"]);
        assert!(known.fail(&[0], false, NOW.plus_ms(MOST_OWED_MS + 1), now).is_empty() && known.standing() == Standing::Read);
    }
}
