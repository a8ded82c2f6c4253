//! The first line: mode, the live's clock, title, recording, the age of every feed, the time left. Never scrolls away.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::event::FeedStatus;
use crate::engine::view::show::FeedView;
use crate::ui::JournalLight;
use crate::ui::pane::Pane;
use crate::ui::state::Mode;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit};

/// Columns that a title keeps at least where it is shown at all.
const TITLE_LEAST: u16 = 8;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = area.width;
    let mut head = mode(pane).and(" ", pane.style(Tone::Normal)).and(elapsed(pane), pane.style(Tone::Normal));
    let light = journal(pane);
    let feeds = feeds(pane);
    let left = time_left(pane);
    let sum = |parts: &[&Phrase]| parts.iter().map(|part| part.width()).filter(|width| *width > 0).map(|width| width + 2).sum::<u16>();
    // what must be said comes first; what is left goes to the time, then to fresh feeds, then to the title
    let mut used = sum(&[&head, &light]);
    let (urgent, fresh): (Vec<Phrase>, Vec<Phrase>) = feeds;
    let mut told = Phrase::default();
    let urgent_count = urgent.len();
    for (index, feed) in urgent.into_iter().chain(fresh).enumerate() {
        let with_left = if index < urgent_count { 0 } else { sum(&[&left]) + TITLE_LEAST };
        if used + told.width() + feed.width() + 5 + with_left > room {
            break;
        }
        if !told.0.is_empty() {
            told = told.and(format!(" {} ", pane.view.glyphs.middot), pane.style(Tone::Muted));
        }
        told.0.extend(feed.0);
    }
    used += sum(&[&told]);
    let left = if used + sum(&[&left]) <= room { left } else { Phrase::default() };
    used += sum(&[&left]);
    let title = &pane.view.engine.plan().title;
    if room >= used + TITLE_LEAST && !title.is_empty() {
        let title = fit(title, room - used - 3, pane.view.glyphs.dots).into_owned();
        head = head.and("  ", pane.style(Tone::Normal)).and(title, pane.style(Tone::Title));
    }
    let mut line = head;
    for part in [light, told] {
        if !part.0.is_empty() {
            line = line.and("  ", pane.style(Tone::Normal));
            line.0.extend(part.0);
        }
    }
    pane.line_of(&line, &left, area, area.y, buf);
}

/// `● LIVE`, `DEMO`, `HELD 20:31:04`.
fn mode(pane: &Pane<'_>) -> Phrase {
    let view = pane.view;
    let (glyph, tone) = match view.mode {
        Mode::Live if view.engine.closed().is_some() => (view.glyphs.hollow, Tone::Muted),
        Mode::Live => (view.glyphs.dot, Tone::Good),
        Mode::Demo | Mode::Replay | Mode::Rehearsal => (view.glyphs.pointer, Tone::Mode),
    };
    let word = match view.mode {
        Mode::Live if view.engine.closed().is_some() => pane.word("mode-closed"),
        Mode::Live if view.engine.started().is_some_and(|at| at > view.now) => pane.word("mode-waiting"),
        Mode::Live => pane.word("mode-live"),
        Mode::Demo => pane.word("mode-demo"),
        Mode::Replay => pane.word("mode-replay"),
        Mode::Rehearsal => pane.word("mode-rehearsal"),
    };
    let mut phrase = pane.phrase(format!(" {glyph} {word}"), tone);
    if (view.speed - 1.0).abs() > f64::EPSILON {
        phrase = phrase.and(format!(" {}{}", view.glyphs.times, view.format.number(view.speed, 0)), pane.style(Tone::Mode));
    }
    if let Some(held) = view.state.held {
        phrase = phrase
            .and(" ", pane.style(Tone::Normal))
            .and(pane.say("held", &[("at", view.format.clock_s(held).into())]), pane.style(Tone::Mode));
    }
    phrase
}

/// `00:47:12 of 02:00`, and a countdown before the start.
fn elapsed(pane: &Pane<'_>) -> String {
    let view = pane.view;
    let Some(start) = view.engine.started() else { return pane.unknown().to_owned() };
    let since = view.engine.closed().unwrap_or(view.now).since_ms(start);
    let length = view.engine.plan().length_s;
    if length <= 0 {
        return view.format.duration(since);
    }
    let whole = format!("{:02}:{:02}", length / 3600, length / 60 % 60);
    pane.say("status-of", &[("now", view.format.duration(since).into()), ("whole", whole.into())])
}

fn journal(pane: &Pane<'_>) -> Phrase {
    match pane.view.journal {
        JournalLight::Recording => pane.phrase(format!("{} {}", pane.view.glyphs.dot, pane.word("journal-recording")), Tone::Good),
        JournalLight::Lost => pane.phrase(format!("! {} !", pane.word("journal-lost")), Tone::Alarm),
        JournalLight::Off => pane.phrase(pane.word("journal-off"), Tone::Muted),
    }
}

/// Feeds that need the operator, and the others; each with its age.
fn feeds(pane: &Pane<'_>) -> (Vec<Phrase>, Vec<Phrase>) {
    let (urgent, fresh): (Vec<_>, Vec<_>) = pane.view.engine.feeds().into_iter().partition(is_urgent);
    let told = |list: Vec<FeedView<'_>>| list.iter().map(|feed| feed_age(pane, feed)).collect();
    (told(urgent), told(fresh))
}

fn is_urgent(feed: &FeedView<'_>) -> bool {
    feed.stale || matches!(feed.state.status, FeedStatus::Retrying | FeedStatus::Failed)
}

fn feed_age(pane: &Pane<'_>, feed: &FeedView<'_>) -> Phrase {
    let age = feed.complete_to.map_or_else(|| pane.unknown().to_owned(), |at| pane.view.format.age(pane.view.now.since_ms(at)));
    let name = fit(&feed.state.feed, 12, pane.view.glyphs.dots).into_owned();
    let phrase = pane.phrase(name, if is_urgent(feed) { Tone::Stale } else { Tone::Muted });
    match feed.state.status {
        FeedStatus::Failed => phrase.and(format!(" {}!", pane.word("feed-failed")), pane.style(Tone::Alarm)),
        _ if feed.stale => phrase.and(format!(" {age} {}!", pane.word("stale")), pane.style(Tone::Stale)),
        FeedStatus::Retrying => phrase.and(format!(" {age} {}", pane.word("feed-retrying")), pane.style(Tone::Warn)),
        FeedStatus::Ended => phrase.and(format!(" {}", pane.word("feed-ended")), pane.style(Tone::Muted)),
        FeedStatus::Starting | FeedStatus::Ok => phrase.and(format!(" {age}"), pane.style(Tone::Normal)),
    }
}

/// `20:47:12  left 1:12:48`.
fn time_left(pane: &Pane<'_>) -> Phrase {
    let view = pane.view;
    let clock = pane.phrase(view.format.clock_s(view.now), Tone::Normal);
    let Some(end) = view.engine.plan().ends_at().filter(|_| view.engine.closed().is_none()) else {
        return clock.and(" ", pane.style(Tone::Normal));
    };
    let left = end.since_ms(view.now);
    let (key, tone) = if left >= 0 { ("status-left", Tone::Normal) } else { ("status-over", Tone::Warn) };
    let told = pane.say(key, &[("time", view.format.countdown(left.abs()).into())]);
    clock.and(format!("  {told} "), pane.style(tone))
}
