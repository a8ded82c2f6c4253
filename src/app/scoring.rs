//! What follows a rehearsal: its score, on a thread of its own so that the glass never waits, and the files that are kept of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::debrief::Debrief;
use super::stage::{Ended, Sheet};
use crate::clock;
use crate::engine::rule::Playbook;
use crate::rehearsal::best::Budget;
use crate::rehearsal::policy::Advised;
use crate::rehearsal::progress::{self, Course, Entry};
use crate::rehearsal::score::{Played, Score, score, score_while};
use crate::rehearsal::solo::Solo;
use crate::simulate::act::Act;
use crate::simulate::scenario::Scenario;
use crate::ui::format::Format;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::page::{Block, Page, Piece};
use crate::ui::theme::Tone;
use crate::ui::words::Words;

/// How fast the desk's own advice is followed where the debrief says what it would have earned.
pub const REACTION_S: i64 = 45;
/// Sheets that may wait; the search tells of its progress this often.
const SHEETS: usize = 4;
const TOLD_EVERY_RUNS: usize = 8;

/// What is kept of a play, all beside its journal.
#[derive(Clone, Debug)]
pub struct Kept {
    pub debrief: PathBuf,
    pub score: PathBuf,
    pub keys: PathBuf,
    /// One line a play, of all plays.
    pub progress: PathBuf,
}

impl Kept {
    #[must_use]
    pub fn beside(journal: &Path, progress: PathBuf) -> Self {
        let beside = |ending: &str| journal.with_extension(ending);
        Self { debrief: beside("debrief.md"), score: beside("score.json"), keys: beside("keys"), progress }
    }
}

/// What a play was, and what its score needs.
#[derive(Debug)]
pub struct Scoring {
    pub scenario: Arc<Scenario>,
    pub seed: u64,
    pub playbook: Playbook,
    pub kept: Kept,
    pub remarks: Vec<String>,
    /// Set when nobody waits for the best play any more: the search then ends with what it has found.
    pub hurry: Arc<AtomicBool>,
}

/// A score that is being worked out.
pub type Scored = JoinHandle<Result<Score, String>>;

impl Scoring {
    /// Starts; the first sheet is there at once.
    #[must_use]
    pub fn start(self, ended: Ended) -> (Sheet, mpsc::Receiver<Sheet>, Scored) {
        let words = Words::new(ended.lang);
        let waiting = Block::Text(Piece::new(words.get("debrief-waiting"), Tone::Accent));
        let first = Sheet { page: Page { title: self.scenario.title.clone(), blocks: vec![waiting] }, last: false };
        let (sheets, taken) = mpsc::channel(SHEETS);
        let scored = std::thread::spawn(move || self.work(&ended, &words, &sheets));
        (first, taken, scored)
    }

    fn hurries(&self) -> bool {
        self.hurry.load(Ordering::Relaxed)
    }

    fn work(&self, ended: &Ended, words: &Words, sheets: &mpsc::Sender<Sheet>) -> Result<Score, String> {
        let mut failed: Vec<String> = self.keep(&self.kept.keys, &ended.keys.write()).err().into_iter().collect();
        let played =
            Played { scenario: Arc::clone(&self.scenario), seed: self.seed, acts: ended.acts.clone(), raised: ended.raised.clone() };
        let glyphs = Glyphs::of(Charset::Unicode);
        let format = Format::new(ended.lang, self.scenario.time_zone, glyphs);
        let on_glass = format.clone().masking(ended.masked);
        let left_s = ended.at.since_ms(self.scenario.starts_at).div_euclid(1_000);
        let left_s = Some(left_s).filter(|left| *left < self.scenario.closes_s());
        let known = score(&played, Budget { runs: 1 }, None)?;
        let debrief = Debrief {
            score: &known,
            scenario: &self.scenario,
            searching: Some((1, Budget::default().runs)),
            left_s,
            course: None,
            uncounted: ended.uncounted,
            remarks: &self.remarks,
            words,
            format: &on_glass,
        };
        let tell = |searching| {
            let page = Debrief { searching, ..debrief }.page();
            // A glass that is behind, or gone, misses a sheet.
            let _ = sheets.try_send(Sheet { page, last: false });
        };
        tell(debrief.searching);
        let followed = self.followed()?;
        let score = score_while(&played, Budget::default(), followed.as_deref(), &mut |done, all| {
            if done % TOLD_EVERY_RUNS == 0 {
                tell(Some((done, all)));
            }
            !self.hurries()
        })?;
        let (course, trouble) = if ended.uncounted.is_none() { self.remember(&score) } else { (None, None) };
        failed.extend(trouble);
        let debrief = Debrief { score: &score, searching: None, course: course.as_ref(), ..debrief };
        let file = Debrief { format: &format, ..debrief }.page().markdown();
        failed.extend(self.keep(&self.kept.debrief, &file).err());
        failed.extend(self.keep(&self.kept.score, &(score.json() + "\n")).err());
        let mut page = debrief.page();
        let kept = words.text("debrief-kept", &[("file", self.kept.debrief.display().to_string().into())]);
        page.blocks.push(Block::Text(Piece::new(kept, Tone::Muted)));
        page.blocks.extend(failed.into_iter().map(|text| Block::Text(Piece::new(text, Tone::Alarm))));
        // Whoever has left reads the file.
        let _ = sheets.blocking_send(Sheet { page, last: true });
        Ok(score)
    }

    /// The acts of one who always follows the desk's advice on the same seed; `None` where nobody waits for them.
    fn followed(&self) -> Result<Option<Vec<Act>>, String> {
        let mut solo = Solo::new(Arc::clone(&self.scenario), self.seed)?;
        solo.engine_mut().arm(self.playbook.clone());
        let mut policy = Advised::new(REACTION_S);
        while !solo.is_over() {
            if self.hurries() {
                return Ok(None);
            }
            solo.step(&mut policy);
        }
        Ok(Some(solo.finish().acts))
    }

    /// Writes the play into the file of all plays; how the scenario has gone so far, and what went wrong.
    fn remember(&self, score: &Score) -> (Option<Course>, Option<String>) {
        let entry = Entry::of(score, clock::wall_now());
        let path = &self.kept.progress;
        let mut entries = std::fs::read_to_string(path).map(|text| progress::read(&text).0).unwrap_or_default();
        let appended = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
            writeln!(file, "{}", entry.line())
        });
        entries.push(entry);
        let course = progress::courses(&entries).into_iter().find(|course| course.scenario == score.scenario);
        (course, appended.err().map(|cause| format!("{}: {cause}", path.display())))
    }

    fn keep(&self, path: &Path, text: &str) -> Result<(), String> {
        std::fs::write(path, text).map_err(|cause| format!("{}: {cause}", path.display()))
    }
}
