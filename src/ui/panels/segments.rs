//! The scoreboard: what each segment and its host brought, the running one on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::metric::{Metric, Scope};
use crate::engine::time::Span;
use crate::engine::view::course::Score;
use crate::engine::view::show::SegmentView;
use crate::ui::pane::{ORDERS, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::Phrase;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let mut lines: Vec<&SegmentView<'_>> = pane.segments.iter().rev().filter(|line| pane.passes(Panel::Segments, line.name)).collect();
    pane.sort(Panel::Segments, &mut lines, |line, column| key(pane, line, column));
    let title = |column, key| pane.sorted_title(Panel::Segments, column, key);
    let title_style = pane.title_style(Panel::Segments, ORDERS);
    let columns = vec![
        Column::words(pane.table_title(Panel::Segments, "panel-segments", ORDERS), 10),
        Column::mark(pane.word("column-kind"), 8, 6),
        Column::mark(pane.word("column-host"), 8, 2),
        Column::number(pane.word("column-began"), 7, 3),
        Column::number(pane.word("column-lasted"), 7, 4),
        Column::number(title(0, "column-orders"), 6, 1),
        Column::number(title(1, "column-placed"), 7, 1),
        Column::number(title(2, "column-gmv-per-min"), 8, 2),
        Column::number(title(6, "column-watch"), 6, 3),
        Column::number(title(7, "column-cvr"), 6, 3),
        Column::number(title(3, "column-per-click"), 7, 5),
        Column::number(title(4, "column-viewers"), 7, 5),
        Column::number(title(5, "column-chat-per-min"), 7, 7),
    ];
    let first = pane.first_row(Panel::Segments, lines.len(), room.height);
    let rows = lines
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(room.height))
        .map(|(index, segment)| Row { cells: cells(pane, segment), style: pane.row_style(Panel::Segments, lines.len(), index) });
    let table = Table { columns, rows: rows.collect(), title_style, ellipsis: pane.view.glyphs.dots };
    table.put(area, buf);
    if lines.is_empty() {
        pane.empty("segments-none", room, buf);
    }
    pane.fade(ORDERS, room, buf);
}

/// The segments, then what every kind and every host brought together, and the offers against the peak of the audience.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let engine = pane.view.engine;
    let (kinds, hosts) = (engine.scores_by_kind(), engine.scores_by_host());
    let mut rows: Vec<(String, Score)> =
        kinds.into_iter().map(|(kind, score)| (pane.word(super::now::kind_word(kind)).to_owned(), score)).collect();
    rows.extend(hosts.into_iter().map(|(host, score)| (pane.view.format.person(&host).into_owned(), score)));
    let offers = offers(pane);
    let lines = u16::try_from(rows.len() + offers.len() + 2).unwrap_or(u16::MAX);
    let below = lines.min(area.height / 2);
    let top = Rect::new(area.x, area.y, area.width, area.height - below);
    draw(pane, top, buf);
    let rest = Rect::new(area.x, top.bottom(), area.width, below);
    let board = Rect::new(rest.x, rest.y, rest.width, rest.height.min(u16::try_from(rows.len() + 1).unwrap_or(u16::MAX)));
    draw_scores(pane, &rows, board, buf);
    let inner = Rect::new(rest.x + 1.min(rest.width), board.bottom(), rest.width.saturating_sub(2), rest.bottom() - board.bottom());
    for (line, y) in offers.iter().zip(inner.top()..inner.bottom()) {
        line.put(buf, inner, inner.x, y);
    }
}

/// The scoreboard of kinds and hosts: watch time, conversion, revenue a minute.
fn draw_scores(pane: &Pane<'_>, rows: &[(String, Score)], area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let columns = vec![
        Column::words(pane.word("segments-scores"), 10),
        Column::number(pane.word("segments-count"), 8, 4),
        Column::number(pane.word("column-lasted"), 7, 4),
        Column::number(pane.word("column-orders"), 6, 1),
        Column::number(pane.word("column-placed"), 9, 1),
        Column::number(pane.word("column-gmv-per-min"), 9, 2),
        Column::number(pane.word("column-watch"), 7, 2),
        Column::number(pane.word("column-cvr"), 7, 2),
    ];
    let plain = |text: String| pane.phrase(text, Tone::Normal);
    let known = |told: Option<String>| plain(told.unwrap_or_else(|| pane.unknown().to_owned()));
    let rows = rows.iter().take(usize::from(room.height)).map(|(name, score)| Row {
        cells: vec![
            plain(name.clone()),
            plain(pane.view.format.count(i64::try_from(score.segments).unwrap_or(i64::MAX))),
            plain(pane.view.format.countdown(score.length_ms)),
            plain(pane.view.format.count(score.orders)),
            known(score.gmv_minor.to_string().parse().ok().map(|minor| pane.minor(minor))),
            known(score.gmv_per_min_minor().map(|minor| pane.minor(minor))),
            plain(watched(pane, score.watch)),
            known(score.conversion.map(|share| pane.view.format.percent(share, 1))),
        ],
        ..Row::default()
    });
    let table =
        Table { columns, rows: rows.collect(), title_style: pane.title_style(Panel::Segments, ORDERS), ellipsis: pane.view.glyphs.dots };
    table.put(area, buf);
}

/// `peak 2,980 at 33' · 1 Fone on air`, then every offer with the audience that it met.
fn offers(pane: &Pane<'_>) -> Vec<Phrase> {
    let engine = pane.view.engine;
    let Some((minute, viewers)) = engine.peak_minute() else { return Vec::new() };
    let on_air = engine.on_air_in_minute(minute).map_or_else(|| pane.unknown().to_owned(), |sym| pane.product_name(sym));
    let peak = pane.say(
        "segments-peak",
        &[("viewers", pane.view.format.count(viewers).into()), ("minute", pane.minute_label(minute).into()), ("product", on_air.into())],
    );
    let mut lines = vec![pane.phrase(peak, Tone::Title)];
    for offer in engine.offers_at_peak() {
        let name = offer.product.map_or_else(String::new, |sym| pane.product_name(sym));
        let tone = if offer.of_peak < 0.75 { Tone::Warn } else { Tone::Normal };
        let told = pane.say(
            "segments-offer",
            &[
                ("act", pane.act(offer.kind).into()),
                ("product", name.into()),
                ("time", pane.live_time(offer.at).into()),
                ("viewers", pane.view.format.count(offer.viewers).into()),
                ("share", pane.view.format.percent(offer.of_peak, 0).into()),
            ],
        );
        lines.push(pane.phrase(told, tone));
    }
    lines
}

/// `08:10` of watch time.
#[expect(clippy::cast_possible_truncation, reason = "seconds of a live")]
fn watched(pane: &Pane<'_>, seconds: Option<f64>) -> String {
    seconds.map_or_else(|| pane.unknown().to_owned(), |seconds| pane.view.format.countdown((seconds * 1_000.0) as i64))
}

/// What the `n`-th column of `s` sorts by.
fn key(pane: &Pane<'_>, segment: &SegmentView<'_>, column: usize) -> Option<f64> {
    let metric = match column {
        0 => Metric::OrdersPlaced,
        1 => Metric::GmvPlaced,
        2 => Metric::GmvPerMin,
        3 => Metric::CoRate,
        4 => Metric::Acu,
        6 => Metric::AvgWatchS,
        7 => Metric::CvrUv,
        _ => Metric::ChatRate,
    };
    pane.read(metric, Scope::Segment(segment.index), Span::Live).number()
}

fn cells(pane: &Pane<'_>, segment: &SegmentView<'_>) -> Vec<Phrase> {
    let read = |metric| pane.read(metric, Scope::Segment(segment.index), Span::Live);
    let plain = |text: String| pane.phrase(text, Tone::Normal);
    let until = segment.to.unwrap_or(pane.view.now);
    let tone = if segment.to.is_none() { Tone::Accent } else { Tone::Normal };
    vec![
        pane.phrase(segment.name, tone),
        pane.phrase(segment.kind.map_or("", |kind| pane.word(super::now::kind_word(kind))), Tone::Muted),
        pane.phrase(segment.host.map(|host| pane.view.format.person(host).into_owned()).unwrap_or_default(), Tone::Normal),
        plain(pane.live_time(segment.from)),
        plain(pane.view.format.countdown(until.since_ms(segment.from))),
        plain(pane.count(&read(Metric::OrdersPlaced))),
        plain(pane.amount(&read(Metric::GmvPlaced))),
        plain(pane.amount(&read(Metric::GmvPerMin))),
        plain(watched(pane, read(Metric::AvgWatchS).number())),
        plain(pane.percent(&read(Metric::CvrUv), 1)),
        plain(pane.percent(&read(Metric::CoRate), 1)),
        plain(pane.count(&read(Metric::Acu))),
        plain(pane.number(&read(Metric::ChatRate), 1)),
    ]
}
