//! After the close: the report is written, named, and its proposals can be ticked on the glass; without one, lines say where
//! it lies and how to tick.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use tokio::time::{Instant, interval, sleep_until};

use super::glass::Look;
use super::reporting::{self, Made, Request};
use super::terminal::Screen;
use crate::config::paths::Folders;
use crate::ui::closing::{Closing, Step};
use crate::ui::glyphs::Charset;
use crate::ui::theme::Theme;
use crate::ui::words::Words;

/// A page that nobody touches leaves by itself, so that a desk without an operator comes to its end.
const LEAVES: Duration = Duration::from_secs(15);

/// A live that was closed.
#[derive(Debug)]
pub struct Closed {
    pub journal: PathBuf,
    /// The plan's file: the playbook is kept beside it.
    pub plan: PathBuf,
    pub folders: Folders,
    pub look: Look,
    /// Lines instead of the glass.
    pub plain: bool,
}

/// Writes the report of a closed live and lets its proposals be ticked. What fails is told: the live itself is safe.
pub fn report(closed: &Closed) {
    let words = Words::new(closed.look.lang);
    let made = reporting::run(&closed.request(Vec::new()));
    let told = match &made {
        Ok(made) => told(made, &words),
        Err(error) => vec![words.text("closing-failed", &[("error", error.as_str().into())])],
    };
    let proposals: &[(String, String)] = made.as_ref().map_or(&[], |made| &made.proposals);
    let page = Closing::new(told.clone(), proposals);
    let ticked = if closed.plain { None } else { show(page, &closed.look, &words).ok() };
    let mut lines = told;
    match ticked {
        Some(numbers) if !numbers.is_empty() => lines.push(keep(closed, numbers, &words)),
        _ if proposals.is_empty() => {}
        _ => {
            let numbered = proposals.iter().enumerate().map(|(place, (text, _))| format!("  {} {text}", place + 1));
            lines.extend(numbered);
            lines.push(words.text("closing-later", &[("journal", closed.journal.display().to_string().into())]));
        }
    }
    let mut out = std::io::stdout().lock();
    for line in lines {
        // A terminal that has gone needs no lines.
        drop(writeln!(out, "{}", crate::engine::text::clean(&line, 1_000)));
    }
}

impl Closed {
    fn request(&self, ticks: Vec<usize>) -> Request {
        Request {
            inputs: vec![self.journal.display().to_string()],
            lang: self.look.lang,
            out: self.folders.reports(),
            folders: Some(self.folders.clone()),
            ticks,
            beside: Some(self.plan.clone()),
            ..Request::default()
        }
    }
}

/// Keeps the ticked lessons; the report is written once more with them.
fn keep(closed: &Closed, numbers: Vec<usize>, words: &Words) -> String {
    let count = numbers.len();
    match reporting::run(&closed.request(numbers)) {
        Ok(_) => words.text("closing-ticked", &[("count", count.into())]),
        Err(error) => words.text("closing-failed", &[("error", error.into())]),
    }
}

/// What the live has come to, where the report lies, and what is final.
fn told(made: &Made, words: &Words) -> Vec<String> {
    let mut told = made.results.clone();
    told.push(words.text("closing-report", &[("path", made.written.html.display().to_string().into())]));
    told.push(
        words.text("closing-standing", &[("settled", made.settled.clone().into()), ("provisional", made.provisional.clone().into())]),
    );
    told.extend(made.missing.iter().cloned());
    told
}

/// The page on the terminal until the operator is done; the numbers that were ticked.
fn show(mut page: Closing, look: &Look, words: &Words) -> std::io::Result<Vec<usize>> {
    let theme = Theme::for_terminal(&look.theme, look.colours);
    let mut screen = Screen::enter(if look.ascii { Charset::Ascii } else { Charset::Unicode })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut keys = EventStream::new();
        let mut second = interval(Duration::from_millis(250));
        let leaves = Instant::now() + LEAVES;
        loop {
            let left_s = leaves.saturating_duration_since(Instant::now()).as_secs();
            screen.draw(|frame| page.draw(frame, &theme, words, left_s))?;
            tokio::select! {
                biased;
                key = keys.next() => match key {
                    Some(Ok(event)) if page.press(&event, &look.keymap) == Step::Leave => break,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                },
                () = sleep_until(leaves), if !page.stays() => break,
                _ = second.tick() => {}
            }
        }
        Ok(page.ticked())
    })
}
