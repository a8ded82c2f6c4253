//! How far a long reading is: a line on standard error where that is a terminal, from the first second on, wiped at the end.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::files::Gauge;
use crate::ui::format::Format;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::words::{Lang, Words};

/// What is read sooner needs no line.
const FIRST: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(250);
/// Characters of a name that are told.
const NAME_CHARS: usize = 32;

/// A line that is kept up while something is read; it is gone when this is dropped.
#[derive(Debug)]
pub struct Headway {
    gauge: Arc<Gauge>,
    telling: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Headway {
    /// Begins to tell how far the reading of an input is.
    #[must_use]
    pub fn of(input: &str, lang: Lang) -> Self {
        let gauge = Arc::<Gauge>::default();
        let telling = stderr().is_terminal().then(|| tell(short(input), lang, Arc::clone(&gauge)));
        Self { gauge, telling: telling.flatten() }
    }

    /// What the reading is counted on.
    #[must_use]
    pub const fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }
}

impl Drop for Headway {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.telling.take() {
            drop(stop);
            // a line that could not be wiped is no reason to end
            let _ = thread.join();
        }
    }
}

/// The end of a path, as far as it tells inputs apart.
fn short(input: &str) -> String {
    let name = std::path::Path::new(input).file_name().map_or(input.into(), std::ffi::OsStr::to_string_lossy);
    crate::engine::text::clean(&name, NAME_CHARS).into()
}

fn tell(name: String, lang: Lang, gauge: Arc<Gauge>) -> Option<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = channel();
    let work = move || {
        let (words, format) = (Words::new(lang), Format::new(lang, chrono_tz::UTC, Glyphs::of(Charset::Unicode)));
        let mut wait = FIRST;
        let mut told = false;
        while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            (wait, told) = (EVERY, true);
            let _ = write!(stderr(), "\r{}\u{1b}[K", line(&name, &gauge, &words, &format));
        }
        if told {
            let _ = write!(stderr(), "\r\u{1b}[K");
        }
    };
    std::thread::Builder::new().name("headway".into()).spawn(work).ok().map(|thread| (stop, thread))
}

/// `friday.warroom: 43% read, 412,000 events`.
fn line(name: &str, gauge: &Gauge, words: &Words, format: &Format) -> String {
    let share = gauge.share().map_or_else(|| "…".to_owned(), |share| format.percent(share, 0));
    #[expect(clippy::cast_precision_loss, reason = "a count that is read by people")]
    let events = format.number(gauge.events() as f64, 0);
    words.text("headway", &[("name", name.into()), ("share", share.into()), ("events", events.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_the_file_the_share_and_the_events() {
        for (lang, told) in [(Lang::En, "night.ndjson: 0% read, 0 events"), (Lang::PtBr, "night.ndjson: 0% lido, 0 eventos")] {
            let (words, format) = (Words::new(lang), Format::new(lang, chrono_tz::UTC, Glyphs::of(Charset::Unicode)));
            let line = line(&short("somewhere/night.ndjson"), &Gauge::default(), &words, &format);
            assert_eq!(line.replace('…', "0%"), told);
        }
    }
}
