//! How far the figures can be trusted: what came late, twice, wrong or not at all.

use crate::report::document::{Block, Cell, Table, Writer};
use crate::report::model::Damage;
use crate::report::voice::id_of;

/// Lines that are shown as they came.
const SAMPLES: usize = 10;

pub(super) fn quality(writer: &Writer<'_>) -> Vec<Block> {
    let events = &writer.report.figures.events;
    let mut blocks: Vec<Block> = writer.report.damage.iter().map(|damage| Block::Warning(damaged(writer, damage))).collect();
    if writer.report.closed.is_none() {
        blocks.push(Block::Warning(writer.say("report-not-closed")));
    }
    let row = |key: &str, cell: Cell| vec![Cell::text(writer.say(key)), cell];
    let late = u64::try_from(writer.report.filled_late.len()).unwrap_or(u64::MAX);
    let mut rows = vec![
        row("report-accepted", writer.total(events.accepted)),
        row("report-duplicate", writer.total(events.duplicate)),
        row("report-conflict", writer.total(events.conflict)),
        row("report-late", writer.total(events.late)),
        row("report-late-minutes", writer.total(late)),
        row("report-test", writer.total(events.test)),
        row("report-quarantined", writer.total(events.quarantined)),
    ];
    rows.extend(events.quarantine.iter().map(|(reason, count)| vec![Cell::text(format!("  {reason}")), writer.total(*count)]));
    let head = writer.head(&["report-what", "report-events"]);
    blocks.push(Block::Table(Table { caption: writer.say("report-events-caption"), head, rows }));
    blocks.extend(feeds(writer));
    blocks.extend(gaps(writer));
    blocks.extend(samples(writer));
    blocks
}

fn damaged(writer: &Writer<'_>, damage: &Damage) -> String {
    let gaps: Vec<String> = damage.gaps.iter().map(|(first, last)| format!("{first}–{last}")).collect();
    let values = [
        ("input", damage.input.clone()),
        ("records", writer.voice.count(i64::try_from(damage.records).unwrap_or(i64::MAX))),
        ("gaps", gaps.join(", ")),
    ];
    let mut text = writer.voice.text("report-damaged", &values);
    if damage.tail {
        text.push(' ');
        text.push_str(&writer.say("report-damaged-tail"));
    }
    text
}

fn feeds(writer: &Writer<'_>) -> Option<Block> {
    let feeds = &writer.report.figures.events.feeds;
    let rows = feeds.iter().map(|feed| {
        let status = feed.status.map_or_else(String::new, |status| writer.word("status", &id_of(&status)));
        let counter = |of: fn(&crate::summary::FeedCounters) -> u64| {
            feed.counters.as_ref().map_or_else(|| Cell::unknown(writer.say("report-not-counted")), |counters| writer.total(of(counters)))
        };
        vec![
            Cell::text(feed.feed.rsplit(['/', '\\']).next().unwrap_or_default()),
            Cell::text(status),
            writer.total(feed.received),
            writer.total(feed.quarantined),
            counter(|counters| counters.late),
            counter(|counters| counters.duplicate),
            counter(|counters| counters.errors),
            feed.complete_to.map_or_else(|| Cell::text(""), |at| writer.clock(at)),
        ]
    });
    let head = writer.head(&[
        "report-feed",
        "report-state",
        "report-received",
        "report-quarantined",
        "report-late",
        "report-duplicate",
        "report-errors",
        "report-complete-to",
    ]);
    (!feeds.is_empty()).then(|| Block::Table(Table { caption: writer.say("report-feeds"), head, rows: rows.collect() }))
}

/// When feeds were away.
fn gaps(writer: &Writer<'_>) -> Option<Block> {
    let marks = &writer.report.marks;
    let rows: Vec<Vec<Cell>> = marks
        .iter()
        .filter(|mark| mark.kind == "feed_lost")
        .map(|lost| {
            let back = marks.iter().find(|mark| mark.kind == "feed_back" && mark.subject == lost.subject && mark.at >= lost.at);
            let until = back.map_or_else(|| Cell::text(writer.say("report-not-back")), |back| writer.clock(back.at));
            let away = back.map_or_else(String::new, |back| writer.voice.length(back.at.since_ms(lost.at)));
            vec![Cell::text(&lost.subject), writer.clock(lost.at), until, Cell::number(away)]
        })
        .collect();
    let head = writer.head(&["report-feed", "report-lost-at", "report-back-at", "report-length"]);
    (!rows.is_empty()).then(|| Block::Table(Table { caption: writer.say("report-gaps"), head, rows }))
}

fn samples(writer: &Writer<'_>) -> Option<Block> {
    let samples = writer.report.figures.events.feeds.iter().flat_map(|feed| feed.samples.iter());
    let rows: Vec<Vec<Cell>> = samples
        .take(SAMPLES)
        .map(|sample| vec![Cell::text(&sample.place), Cell::text(sample.reason), Cell::text(&sample.field), Cell::text(&sample.beginning)])
        .collect();
    let head = writer.head(&["report-place", "report-reason", "report-field", "report-beginning"]);
    (!rows.is_empty()).then(|| Block::Table(Table { caption: writer.say("report-samples"), head, rows }))
}
