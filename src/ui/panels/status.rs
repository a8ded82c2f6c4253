//! The first line: mode, the live's clock, title, recording, the age of every feed, the time left. Never scrolls away.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::feeds::is_urgent;
use crate::engine::event::FeedStatus;
use crate::engine::view::show::FeedView;
use crate::ui::JournalLight;
use crate::ui::pane::Pane;
use crate::ui::reel::{Pace, Reel};
use crate::ui::state::{Known, Mode};
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit, fit_middle, width};

/// Columns that a title keeps where it is shown at all.
const TITLE_LEAST: u16 = 24;
/// Columns between two parts of the line.
const GAP: u16 = 2;
/// A desk that has written nothing for so long is told as silent: its feeds report more often than that.
const SILENT_MS: i64 = 10_000;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let head = mode(pane).and(" ", pane.style(Tone::Normal)).and(elapsed(pane), pane.style(Tone::Normal));
    let light = journal(pane);
    let clock = pane.phrase(pane.view.format.clock_s(pane.view.now), Tone::Normal);
    let left = time_left(pane);
    let title = &pane.view.engine.plan().title;
    let title_least = width(title).min(TITLE_LEAST);
    let mut room = area.width;
    let mut take = |wanted: u16| {
        let fits = wanted + GAP <= room;
        room -= if fits { wanted + GAP } else { 0 };
        fits
    };
    // what must be said comes first, then the time left, the title, every feed, the clock
    take(head.width());
    take(light.width());
    let (all, few, least) = feeds(pane);
    let few = if few.width() <= area.width / 3 { few } else { least };
    let has_few = take(few.width());
    let has_left = take(left.width());
    let has_title = title_least > 0 && take(title_least);
    let has_all = has_few && take(all.width().saturating_sub(few.width() + GAP));
    let has_clock = take(clock.width());
    let mut line = head;
    let mut add = |phrase: Phrase| {
        line.0.push((" ".repeat(usize::from(GAP)), pane.style(Tone::Normal)));
        line.0.extend(phrase.0);
    };
    if has_title {
        let title = fit(title, title_least + room, pane.view.glyphs.dots).into_owned();
        add(pane.phrase(title, Tone::Title));
    }
    add(light);
    if has_few {
        add(if has_all { all } else { few });
    }
    let mut right = Phrase::default();
    for (phrase, is_shown) in [(clock, has_clock), (left, has_left)] {
        if is_shown {
            right.0.push((" ".repeat(usize::from(GAP)), pane.style(Tone::Normal)));
            right.0.extend(phrase.0);
        }
    }
    pane.line_of(&line, &right, area, area.y, buf);
}

/// `● LIVE`, `DEMO`, `HELD 20:31:04`.
fn mode(pane: &Pane<'_>) -> Phrase {
    let view = pane.view;
    let (glyph, tone) = match view.mode {
        Mode::Live if view.engine.closed().is_some() => (view.glyphs.hollow, Tone::Muted),
        Mode::Live => (view.glyphs.dot, Tone::Good),
        Mode::Demo | Mode::Replay | Mode::Rehearsal | Mode::Mirror | Mode::Host => (view.glyphs.pointer, Tone::Mode),
    };
    let word = match view.mode {
        Mode::Live if view.engine.closed().is_some() => pane.word("mode-closed"),
        Mode::Live if view.engine.started().is_some_and(|at| at > view.now) => pane.word("mode-waiting"),
        Mode::Live => pane.word("mode-live"),
        Mode::Demo => pane.word("mode-demo"),
        Mode::Replay => pane.word("mode-replay"),
        Mode::Rehearsal => pane.word("mode-rehearsal"),
        Mode::Mirror | Mode::Host if view.engine.closed().is_some() => pane.word("mode-closed"),
        Mode::Mirror => pane.word("mode-mirror"),
        Mode::Host => pane.word("mode-host"),
    };
    let mut phrase = pane.phrase(format!(" {glyph} {word}"), tone);
    if let Some(reel) = &view.state.reel {
        return phrase.and(format!(" {}", replaying(pane, reel)), pane.style(Tone::Mode));
    }
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

/// `×60`, `×0.25 PAUSED`, `×1 known now`: what is shown is never taken for a live.
fn replaying(pane: &Pane<'_>, reel: &Reel) -> String {
    let decimals = if reel.speed.fract() == 0.0 { 0 } else { 2 };
    let mut told = format!("{}{}", pane.view.glyphs.times, pane.view.format.number(reel.speed, decimals));
    let pace = match reel.pace {
        Pace::Plays => None,
        Pace::Paused => Some("replay-paused"),
        Pace::Seeks => Some("replay-seeks"),
        Pace::Ended => Some("replay-ended"),
    };
    for key in pace.into_iter().chain((reel.known == Known::Now).then_some("replay-known-now")) {
        told.push(' ');
        told.push_str(pane.view.words.get(key));
    }
    told
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
        JournalLight::Followed { silent_ms } if silent_ms >= SILENT_MS && pane.view.engine.closed().is_none() => {
            let age = pane.view.format.age(silent_ms);
            pane.phrase(format!("! {} !", pane.say("journal-silent", &[("age", age.into())])), Tone::Alarm)
        }
        JournalLight::Followed { .. } => pane.phrase(format!("{} {}", pane.view.glyphs.dot, pane.word("journal-followed")), Tone::Good),
        JournalLight::Off => pane.phrase(pane.word("journal-off"), Tone::Muted),
    }
}

/// Every feed with its age; where that is too long, those that need the operator with the number of the others; at the least,
/// how many need the operator.
fn feeds(pane: &Pane<'_>) -> (Phrase, Phrase, Phrase) {
    let (urgent, fresh): (Vec<_>, Vec<_>) = pane.view.engine.feeds().into_iter().partition(is_urgent);
    let dot = || (format!(" {} ", pane.view.glyphs.middot), pane.style(Tone::Muted));
    let joined = |parts: Vec<Phrase>| {
        parts.into_iter().fold(Phrase::default(), |mut line, part| {
            if !line.0.is_empty() {
                line.0.push(dot());
            }
            line.0.extend(part.0);
            line
        })
    };
    let all = joined(urgent.iter().chain(&fresh).map(|feed| feed_age(pane, feed)).collect());
    let mut few: Vec<Phrase> = urgent.iter().map(|feed| feed_age(pane, feed)).collect();
    if let Some(oldest) = fresh.iter().filter_map(|feed| feed.complete_to).min() {
        let age = pane.view.format.age(pane.view.now.since_ms(oldest));
        few.push(pane.phrase(pane.say("status-feeds", &[("n", fresh.len().into()), ("age", age.into())]), Tone::Muted));
    }
    let least = if urgent.is_empty() { joined(few.clone()) } else { need(pane, &urgent) };
    (all, joined(few), least)
}

/// How many feeds need the operator, and since when: the stale ones, else those that are tried again.
fn need(pane: &Pane<'_>, urgent: &[FeedView<'_>]) -> Phrase {
    let stale: Vec<&FeedView<'_>> = urgent.iter().filter(|feed| feed.stale || feed.state.status == FeedStatus::Failed).collect();
    let (told, word, tone) = if stale.is_empty() {
        (urgent.iter().collect(), "status-feeds-retrying", Tone::Warn)
    } else {
        (stale, "status-feeds-stale", Tone::Stale)
    };
    let oldest = told.iter().filter_map(|feed| feed.complete_to).min();
    match oldest.map(|at| pane.view.format.age(pane.view.now.since_ms(at))) {
        Some(age) => pane.phrase(pane.say(word, &[("n", told.len().into()), ("age", age.into())]), tone),
        None => pane.phrase(pane.say("status-feeds-never", &[("n", told.len().into())]), Tone::Stale),
    }
}

fn feed_age(pane: &Pane<'_>, feed: &FeedView<'_>) -> Phrase {
    let age = feed.complete_to.map_or_else(|| pane.unknown().to_owned(), |at| pane.view.format.age(pane.view.now.since_ms(at)));
    let name = fit_middle(&feed.state.feed, 12, pane.view.glyphs.dots).into_owned();
    let phrase = pane.phrase(name, if is_urgent(feed) { Tone::Stale } else { Tone::Muted });
    match feed.state.status {
        FeedStatus::Failed => phrase.and(format!(" {}!", pane.word("feed-failed")), pane.style(Tone::Alarm)),
        _ if feed.stale => phrase.and(format!(" {age} {}!", pane.word("stale")), pane.style(Tone::Stale)),
        FeedStatus::Retrying => phrase.and(format!(" {age} {}", pane.word("feed-retrying")), pane.style(Tone::Warn)),
        FeedStatus::Ended => phrase.and(format!(" {}", pane.word("feed-ended")), pane.style(Tone::Muted)),
        FeedStatus::Starting | FeedStatus::Ok => phrase.and(format!(" {age}"), pane.style(Tone::Normal)),
    }
}

/// `left 1:12:48`; over time says so. A rehearsal says how long it still is.
fn time_left(pane: &Pane<'_>) -> Phrase {
    let view = pane.view;
    if let Some((opens, closes)) = view.state.drill {
        let left = view.format.countdown(closes.since_ms(view.now).max(0));
        let text =
            if view.now < opens { pane.word("status-preparing").to_owned() } else { pane.say("status-drill", &[("time", left.into())]) };
        return pane.phrase(text, Tone::Mode).and(" ", pane.style(Tone::Normal));
    }
    let Some(end) = view.engine.plan().ends_at().filter(|_| view.engine.closed().is_none()) else { return Phrase::default() };
    let left = end.since_ms(view.now);
    let (key, tone) = if left >= 0 { ("status-left", Tone::Normal) } else { ("status-over", Tone::Warn) };
    pane.phrase(pane.say(key, &[("time", view.format.countdown(left.abs()).into())]), tone).and(" ", pane.style(Tone::Normal))
}
