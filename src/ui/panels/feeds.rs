//! The feeds: how each stands, how far it is complete, what it brought and what had to be put aside. Zoomed, the chosen one in full,
//! and what no feed of the plan can give.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::event::{FeedStatus, Guarantee};
use crate::engine::time::{At, MINUTE_MS};
use crate::engine::view::show::FeedView;
use crate::ui::detail;
use crate::ui::pane::{OWN, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::Phrase;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let feeds = ordered(pane);
    let title = |column, key| pane.sorted_title(Panel::Feeds, column, key);
    let title_style = pane.title_style(Panel::Feeds, OWN);
    // when it is tried again is worth its room as soon as one has to be
    let retries = if feeds.iter().any(|feed| feed.state.retry_at.is_some()) { 2 } else { 10 };
    let columns = vec![
        Column { middle: true, ..Column::words(pane.table_title(Panel::Feeds, "panel-feeds", OWN), name_columns(&feeds)) },
        Column::mark(pane.word("column-state"), 6, 1),
        Column::number(title(0, "column-age"), 4, 2),
        Column::number(pane.word("column-rate"), 5, 9),
        Column::number(pane.word("column-lag"), 4, 10),
        Column::number(title(1, "column-received"), 6, 3),
        Column::number(title(2, "column-duplicate"), 4, 6),
        Column::number(title(3, "column-late"), 4, 5),
        Column::number(title(4, "column-quarantined"), 4, 4),
        Column::number(pane.word("column-unmapped"), 5, 8),
        Column::number(pane.word("column-dropped"), 5, 7),
        Column::number(title(5, "column-errors"), 5, 9),
        Column::number(pane.word("column-retry"), 5, retries),
        Column::number(pane.word("column-skew"), 6, 11),
        Column::number(pane.word("column-quota"), 6, 11),
        Column::mark(pane.word("column-guarantee"), 9, 12),
        Column { elastic: true, ..Column::mark(pane.word("column-last-error"), 12, 13) },
    ];
    let first = pane.first_row(Panel::Feeds, feeds.len(), room.height);
    let rows = feeds
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(room.height))
        .map(|(index, feed)| Row { cells: cells(pane, feed), style: pane.row_style(Panel::Feeds, feeds.len(), index) });
    let table = Table { columns, rows: rows.collect(), title_style, ellipsis: pane.view.glyphs.dots };
    table.put(area, buf);
    if feeds.is_empty() {
        pane.empty("feeds-none", room, buf);
    }
}

/// Columns that names keep when room is short: the longest, as far as it is one that is read at a glance.
fn name_columns(feeds: &[FeedView<'_>]) -> u16 {
    const LEAST: usize = 6;
    const MOST: usize = 12;
    let longest = feeds.iter().map(|feed| feed.state.feed.chars().count()).max().unwrap_or(LEAST);
    u16::try_from(longest.clamp(LEAST, MOST)).unwrap_or(u16::MAX)
}

/// True for a feed that is stale, failing or gone.
pub fn is_urgent(feed: &FeedView<'_>) -> bool {
    feed.stale || matches!(feed.state.status, FeedStatus::Retrying | FeedStatus::Failed)
}

/// What the `n`-th column of `s` sorts by.
#[expect(clippy::cast_precision_loss, reason = "counters, for an order only")]
fn key(pane: &Pane<'_>, feed: &FeedView<'_>, column: usize) -> Option<f64> {
    match column {
        0 => feed.complete_to.map(|at| pane.view.now.since_ms(at) as f64),
        1 => Some(feed.state.received as f64),
        2 => Some(feed.state.duplicate as f64),
        3 => Some(feed.late as f64),
        4 => Some(feed.quarantined as f64),
        _ => Some(feed.state.errors as f64),
    }
}

fn cells(pane: &Pane<'_>, feed: &FeedView<'_>) -> Vec<Phrase> {
    let format = pane.view.format;
    let count = |n: u64| {
        let told = format.count_short(i64::try_from(n).unwrap_or(i64::MAX));
        pane.phrase(told, if n == 0 { Tone::Muted } else { Tone::Normal })
    };
    let wrong = |n: u64| {
        let told = format.count_short(i64::try_from(n).unwrap_or(i64::MAX));
        if n == 0 { pane.phrase(told, Tone::Muted) } else { pane.phrase(format!("{told}!"), Tone::Warn) }
    };
    let (word, tone) = standing(feed);
    let age = feed.complete_to.map_or_else(|| pane.unknown().to_owned(), |at| format.age(pane.view.now.since_ms(at)));
    let retry = feed.state.retry_at.map(|at| format.age(at.since_ms(pane.view.now))).unwrap_or_default();
    let skew = feed.state.skew_ms.map_or_else(|| pane.unknown().to_owned(), |ms| format!("{}ms", format.count(ms)));
    let per_min = |rate: u64| format.count_short(i64::try_from(rate).unwrap_or(i64::MAX));
    let rate = pane.phrase(feed.rate.map_or_else(|| pane.unknown().to_owned(), per_min), Tone::Normal);
    let lag = pane.phrase(feed.state.lag_ms.map_or_else(|| pane.unknown().to_owned(), |ms| format.age(ms)), Tone::Muted);
    vec![
        pane.phrase(feed.state.feed.as_str(), Tone::Normal),
        pane.phrase(pane.word(word), tone),
        pane.phrase(age, if feed.stale { Tone::Stale } else { Tone::Normal }),
        rate,
        lag,
        count(feed.state.received),
        count(feed.state.duplicate),
        count(feed.late),
        wrong(feed.quarantined.max(feed.state.quarantined)),
        count(feed.state.unmapped),
        wrong(feed.state.dropped),
        wrong(feed.state.errors),
        pane.phrase(retry, Tone::Warn),
        pane.phrase(skew, Tone::Muted),
        quota(pane, feed),
        pane.phrase(pane.word(promise(feed.state.guarantee)), Tone::Muted),
        last_error(pane, feed),
    ]
}

/// The last error with its age; muted where it is over.
fn last_error(pane: &Pane<'_>, feed: &FeedView<'_>) -> Phrase {
    let Some(error) = feed.state.last_error.as_deref() else { return Phrase::default() };
    let age = feed.error_at.map(|at| pane.view.format.age(pane.view.now.since_ms(at)));
    let age = age.map(|age| format!("{age} {} ", pane.view.glyphs.middot)).unwrap_or_default();
    pane.phrase(format!("{age}{}", detail::shown(error, pane.view.words)), if is_urgent(feed) { Tone::Warn } else { Tone::Muted })
}

/// What is left of a quota; how little, where it does not last for the live.
fn quota(pane: &Pane<'_>, feed: &FeedView<'_>) -> Phrase {
    let Some(left) = feed.state.quota_left else { return pane.phrase("", Tone::Muted) };
    let ends = pane.view.engine.plan().ends_at();
    let short = feed.state.quota_until.is_some_and(|until| ends.is_some_and(|ends| until < ends));
    pane.phrase(pane.view.format.count_short(left), if short { Tone::Warn } else { Tone::Muted })
}

/// The table, below it what holds for the whole desk, the chosen feed in full, and what its platform has not.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let lines = details(pane);
    let rows = u16::try_from(pane.view.engine.feeds().len()).unwrap_or(u16::MAX).saturating_add(2);
    // many feeds leave the details half of the room at least
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height / 2);
    let table = Rect { height: rows.min(area.height.saturating_sub(wanted)), ..area };
    draw(pane, table, buf);
    let inner = Rect { y: table.bottom(), height: area.height - table.height, ..area };
    for (line, y) in lines.iter().zip(inner.top()..inner.bottom()) {
        line.put(buf, inner, inner.x, y);
    }
}

/// The feeds as the table shows them.
fn ordered<'v>(pane: &Pane<'v>) -> Vec<FeedView<'v>> {
    let mut feeds = pane.view.engine.feeds();
    feeds.retain(|feed| pane.passes(Panel::Feeds, &feed.state.feed));
    // those that need the operator come first
    feeds.sort_by_key(|feed| !is_urgent(feed));
    pane.sort(Panel::Feeds, &mut feeds, |feed, column| key(pane, feed, column));
    feeds
}

fn details(pane: &Pane<'_>) -> Vec<Phrase> {
    let feeds = ordered(pane);
    let chosen = pane.chosen(Panel::Feeds, feeds.len()).unwrap_or(0);
    let mut lines = of_desk(pane);
    let Some(feed) = feeds.get(chosen) else { return lines };
    lines.extend(in_full(pane, feed));
    let lang = pane.view.words.lang().id();
    let name = feed.state.feed.as_str();
    let is_its = |account: &str| name.strip_prefix(account).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    for gap in pane.view.engine.plan().unavailable.iter().filter(|gap| is_its(&gap.account)) {
        let values = [("feed", gap.account.as_str().into()), ("kind", gap.kind.as_str().into()), ("why", gap.why(lang).to_owned().into())];
        lines.push(pane.phrase(format!(" {}", pane.say("feeds-unavailable", &values)), Tone::Muted));
    }
    lines
}

/// What is of no feed: left out by rule, and typed in.
fn of_desk(pane: &Pane<'_>) -> Vec<Phrase> {
    let engine = pane.view.engine;
    let mut lines = Vec::new();
    let [orders, acts, messages] = engine.excluded();
    let tests = engine.tests();
    if orders + acts + messages + tests > 0 {
        let values = [("orders", orders.into()), ("acts", acts.into()), ("messages", messages.into()), ("tests", tests.into())];
        lines.push(pane.phrase(format!(" {}", pane.say("feeds-excluded", &values)), Tone::Normal));
    }
    if let Some(at) = engine.tally().manual_at {
        let values = [("n", engine.tally().manual.into()), ("age", pane.view.format.age(pane.view.now.since_ms(at)).into())];
        lines.push(pane.phrase(format!(" {}", pane.say("feeds-manual", &values)), Tone::Accent));
    }
    lines
}

/// Everything that is known of one feed.
fn in_full(pane: &Pane<'_>, feed: &FeedView<'_>) -> Vec<Phrase> {
    let (state, format, now) = (feed.state, pane.view.format, pane.view.now);
    let count = |n: u64| format.count(i64::try_from(n).unwrap_or(i64::MAX));
    let known = |text: Option<String>| text.unwrap_or_else(|| pane.unknown().to_owned());
    let (word, tone) = standing(feed);
    let line = |key: &str, values: &[(&'static str, crate::ui::words::FluentValue<'_>)]| {
        pane.phrase(format!(" {}", pane.say(key, values)), Tone::Normal)
    };
    let gives: Vec<&str> = state.gives.iter().map(|kind| kind.as_str()).collect();
    let head = pane.phrase(format!(" {} ", state.feed), Tone::Title).and(pane.word(word), pane.style(tone));
    let mut lines = vec![head.and(format!("  {}", gives.join(" ")), pane.style(Tone::Muted))];
    lines.push(line(
        "feed-full-time",
        &[
            ("to", known(feed.complete_to.map(|at| format.clock_s(at))).into()),
            ("age", known(feed.complete_to.map(|at| format.age(now.since_ms(at)))).into()),
            ("limit", format.age(state.stale_after_s.saturating_mul(1_000)).into()),
            ("every", known(state.interval_ms.map(|ms| seconds(pane, ms))).into()),
            ("lag", known(state.lag_ms.map(|ms| seconds(pane, ms))).into()),
            ("rate", known(feed.rate.map(count)).into()),
        ],
    ));
    // a low screen cuts what stands last
    lines.extend(troubles(pane, feed));
    lines.push(line(
        "feed-full-counts",
        &[
            ("received", count(state.received).into()),
            ("duplicate", count(state.duplicate).into()),
            ("conflict", count(state.conflict).into()),
            ("late", count(feed.late).into()),
            ("tests", count(state.tests).into()),
        ],
    ));
    lines.push(line(
        "feed-full-lost",
        &[
            ("quarantined", count(feed.quarantined.max(state.quarantined)).into()),
            ("unmapped", count(state.unmapped).into()),
            ("skipped", count(state.skipped).into()),
            ("dropped", count(state.dropped).into()),
        ],
    ));
    lines.push(line(
        "feed-full-faults",
        &[
            ("errors", count(state.errors).into()),
            ("retries", count(state.retries).into()),
            ("skew", known(state.skew_ms.map(|ms| seconds(pane, ms))).into()),
            ("promise", pane.word(promise(state.guarantee)).into()),
        ],
    ));
    if let Some(left) = state.quota_left {
        let until = state.quota_until.map(|at| format.clock(at)).unwrap_or_else(|| pane.word("feed-quota-lasts").to_owned());
        let of = known(state.quota.map(|all| format.count(all)));
        lines.push(line("feed-full-quota", &[("left", format.count(left).into()), ("of", of.into()), ("until", until.into())]));
    }
    lines
}

/// What it lost, why the newest was put aside, and its last error: each with its time.
fn troubles(pane: &Pane<'_>, feed: &FeedView<'_>) -> Vec<Phrase> {
    let (state, format, now) = (feed.state, pane.view.format, pane.view.now);
    let ago = |at: Option<At>| at.map_or_else(|| pane.unknown().to_owned(), |at| format.age(now.since_ms(at)));
    let mut lines = Vec::new();
    let (gaps, lost_ms) = feed.gaps;
    if gaps > 0 {
        let length = if lost_ms < MINUTE_MS { format.age(lost_ms) } else { format.countdown(lost_ms) };
        let values = [("n", gaps.into()), ("length", length.into())];
        lines.push(pane.phrase(format!(" {}", pane.say("feed-full-gaps", &values)), Tone::Warn));
    }
    if let Some(why) = state.last_aside.as_deref() {
        let values = [("age", ago(feed.aside_at).into()), ("why", detail::shown(why, pane.view.words).into())];
        lines.push(pane.phrase(format!(" {}", pane.say("feed-full-aside", &values)), Tone::Warn));
    }
    if let Some(error) = state.last_error.as_deref() {
        let values = [("age", ago(feed.error_at).into()), ("error", detail::shown(error, pane.view.words).into())];
        let tone = if is_urgent(feed) { Tone::Warn } else { Tone::Muted };
        lines.push(pane.phrase(format!(" {}", pane.say("feed-full-error", &values)), tone));
    }
    if let Some(ms) = state.retry_at.map(|at| at.since_ms(now)).filter(|ms| *ms > 0) {
        lines.push(pane.phrase(format!(" {}", pane.say("banner-again", &[("time", format.age(ms).into())])), Tone::Warn));
    }
    lines
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
fn seconds(pane: &Pane<'_>, ms: i64) -> String {
    format!("{} s", pane.view.format.number(ms as f64 / 1_000.0, 1))
}

fn standing(feed: &FeedView<'_>) -> (&'static str, Tone) {
    match feed.state.status {
        FeedStatus::Failed => ("feed-failed", Tone::Alarm),
        FeedStatus::Retrying => ("feed-retrying", Tone::Warn),
        _ if feed.stale => ("stale", Tone::Stale),
        FeedStatus::Starting => ("feed-starting", Tone::Muted),
        FeedStatus::Ok => ("feed-ok", Tone::Good),
        FeedStatus::Ended => ("feed-ended", Tone::Muted),
    }
}

const fn promise(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::Durable => "guarantee-durable",
        Guarantee::Resumable => "guarantee-resumable",
        Guarantee::BestEffort => "guarantee-best-effort",
    }
}
