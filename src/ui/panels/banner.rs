//! A feed that has died, said across the screen where the pace stands: which, since when, why, and when it is tried again.

use super::feeds::is_urgent;
use crate::engine::event::FeedStatus;
use crate::engine::view::show::FeedView;
use crate::ui::detail;
use crate::ui::pane::Pane;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::Phrase;

/// What the pace is made of.
const COMMERCE: [&str; 2] = ["purchase", "payment"];
/// A feed that the pace is not made of is said for so long; then its mark in the status line is enough.
const SAID_MS: i64 = 60_000;

/// The banner, while there is something to say.
#[must_use]
pub fn of(pane: &Pane<'_>) -> Option<Phrase> {
    if pane.view.engine.closed().is_some() {
        return None;
    }
    let feeds = pane.view.engine.feeds();
    let mut dead: Vec<&FeedView<'_>> = feeds.iter().filter(|feed| is_dead(feed) && is_said(pane, feed)).collect();
    dead.sort_by_key(|feed| !is_commerce(feed));
    let first = dead.first()?;
    let format = pane.view.format;
    let feed = || ("feed", first.state.feed.as_str().into());
    let mut text = match first.complete_to {
        Some(at) => pane.say("banner-feed", &[feed(), ("age", format.age(pane.view.now.since_ms(at)).into())]),
        None => pane.say("banner-feed-never", &[feed()]),
    };
    if dead.len() > 1 {
        text.push_str(&pane.say("banner-more", &[("n", (dead.len() - 1).into())]));
    }
    let mut phrase = pane.phrase(format!(" ! {text}"), Tone::Alarm);
    if let Some(error) = first.state.last_error.as_deref() {
        let error = detail::shown(error, pane.view.words);
        phrase = phrase.and(format!(" {} {error}", pane.view.glyphs.middot), pane.style(Tone::Warn));
    }
    let retry = first.state.retry_at.filter(|_| first.state.status == FeedStatus::Retrying).map(|at| at.since_ms(pane.view.now));
    if let Some(ms) = retry.filter(|ms| *ms > 0) {
        let again = pane.say("banner-again", &[("time", format.age(ms).into())]);
        phrase = phrase.and(format!(" {} {again}", pane.view.glyphs.middot), pane.style(Tone::Muted));
    }
    Some(phrase)
}

/// Stale, or given up; one that only tries again is not yet dead.
fn is_dead(feed: &FeedView<'_>) -> bool {
    is_urgent(feed) && (feed.stale || feed.state.status == FeedStatus::Failed)
}

fn is_commerce(feed: &FeedView<'_>) -> bool {
    feed.state.gives.iter().any(|kind| COMMERCE.contains(&kind.as_str()))
}

fn is_said(pane: &Pane<'_>, feed: &FeedView<'_>) -> bool {
    is_commerce(feed) || feed.stale_since.is_none_or(|since| pane.view.now.since_ms(since) < SAID_MS)
}
