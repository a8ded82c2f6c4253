//! Charts as inline SVG: curves over the minutes, a quadrant, a heatmap. Colours come from the page's style.

use maud::{Markup, html};

/// Width of every chart; the page scales it.
const WIDTH: f64 = 1_000.0;
/// Room for the labels on the left.
const LEFT: f64 = 90.0;
const RIGHT: f64 = 20.0;
const PANEL: f64 = 110.0;
const GAP: f64 = 22.0;
/// Letters that fit on a stretch of the lane.
const LETTER: f64 = 6.6;

/// A chart with what it says in one sentence.
#[derive(Clone, Debug)]
pub enum Chart {
    Curves(Curves),
    Quadrant(Quadrants),
    Heat(Heat),
}

/// Panels over the same minutes, with a lane of what was on air and what was done.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    pub caption: String,
    pub minutes: usize,
    /// Place and clock of the times under the curves.
    pub times: Vec<(usize, String)>,
    pub panels: Vec<Panel>,
    /// First and last minute of what was on air, with its name.
    pub on_air: Vec<(usize, usize, String)>,
    /// First and last minute of an act, with its number in the list of acts.
    pub acts: Vec<(usize, usize, String)>,
    /// Minutes of cues, notes and the close.
    pub marks: Vec<(usize, String)>,
    /// Minutes that no feed told of.
    pub gaps: Vec<(usize, usize)>,
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Panel {
    pub label: String,
    pub values: Vec<Option<f64>>,
    /// Its greatest value in words.
    pub top: String,
    pub bars: bool,
}

/// Points against two medians.
#[derive(Clone, Debug, Default)]
pub struct Quadrants {
    pub caption: String,
    pub across: String,
    pub up: String,
    /// x, y, label, to be looked at.
    pub points: Vec<(f64, f64, String, bool)>,
    pub middle: (f64, f64),
    /// The greatest values in words.
    pub tops: (String, String),
    /// The corner of many views and low conversion.
    pub corner: String,
}

/// Rows of counts over the minutes.
#[derive(Clone, Debug, Default)]
pub struct Heat {
    pub caption: String,
    pub minutes: usize,
    pub times: Vec<(usize, String)>,
    pub rows: Vec<(String, Vec<Option<i64>>)>,
}

impl Chart {
    #[must_use]
    pub fn caption(&self) -> &str {
        match self {
            Self::Curves(curves) => &curves.caption,
            Self::Quadrant(quadrants) => &quadrants.caption,
            Self::Heat(heat) => &heat.caption,
        }
    }
}

/// The chart as an element.
#[must_use]
pub fn draw(chart: &Chart) -> Markup {
    match chart {
        Chart::Curves(curves) => draw_curves(curves),
        Chart::Quadrant(quadrants) => draw_quadrants(quadrants),
        Chart::Heat(heat) => draw_heat(heat),
    }
}

/// Coordinates with one decimal.
fn p(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}

#[expect(clippy::cast_precision_loss, reason = "minutes of a broadcast")]
const fn real(place: usize) -> f64 {
    place as f64
}

/// Where a minute begins.
fn x_of(place: usize, minutes: usize) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * real(place) / real(minutes.max(1))
}

fn frame(height: f64, caption: &str, content: &Markup) -> Markup {
    html! {
        svg viewBox={ "0 0 " (p(WIDTH)) " " (p(height)) } role="img" aria-label=(caption) {
            title { (caption) }
            (content)
        }
    }
}

fn times(times: &[(usize, String)], minutes: usize, y: f64) -> Markup {
    html! {
        @for (place, clock) in times {
            text x=(p(x_of(*place, minutes))) y=(p(y)) text-anchor="middle" { (clock) }
        }
    }
}

fn draw_curves(curves: &Curves) -> Markup {
    let lane = if curves.on_air.is_empty() { 8.0 } else { 34.0 };
    let acts = if curves.acts.is_empty() { 0.0 } else { 20.0 };
    let top = lane + acts;
    let bottom = top + (PANEL + GAP) * real(curves.panels.len());
    let x = |place: usize| x_of(place, curves.minutes);
    let wide = |from: usize, to: usize| x(to + 1) - x(from);
    let content = html! {
        @for (from, to) in &curves.gaps {
            rect .air x=(p(x(*from))) y=(p(top)) width=(p(wide(*from, *to))) height=(p(bottom - top)) {}
        }
        @for (from, to, label) in &curves.on_air {
            g { title { (label) }
                rect .air x=(p(x(*from))) y="6" width=(p(wide(*from, *to))) height="20" {}
                text x=(p(x(*from) + 3.0)) y="20" { (cut(label, wide(*from, *to))) } }
        }
        @for (from, to, number) in &curves.acts {
            g { title { (number) }
                rect .band x=(p(x(*from))) y=(p(lane)) width=(p(wide(*from, *to))) height=(p(bottom - lane)) {}
                text .strong x=(p(x(*from) + 2.0)) y=(p(lane + 14.0)) { (number) } }
        }
        @for (place, label) in &curves.marks {
            g { title { (label) } line .mark x1=(p(x(*place))) x2=(p(x(*place))) y1=(p(top)) y2=(p(bottom)) {} }
        }
        @for (number, panel) in curves.panels.iter().enumerate() {
            (draw_panel(panel, number, top + (PANEL + GAP) * real(number), curves.minutes))
        }
        (times(&curves.times, curves.minutes, bottom + 8.0))
    };
    frame(bottom + 16.0, &curves.caption, &content)
}

/// The beginning of a label that fits.
fn cut(label: &str, width: f64) -> String {
    let mut room = width - 6.0;
    label
        .chars()
        .take_while(|_| {
            room -= LETTER;
            room >= 0.0
        })
        .collect()
}

fn draw_panel(panel: &Panel, number: usize, top: f64, minutes: usize) -> Markup {
    let greatest = panel.values.iter().flatten().copied().fold(0.0, f64::max);
    let base = top + PANEL;
    let height = |value: f64| if greatest > 0.0 { (PANEL - 14.0) * (value.max(0.0) / greatest) } else { 0.0 };
    let bar = (x_of(1, minutes) - LEFT).max(0.5);
    let colour = number % 3;
    html! {
        text .strong x="0" y=(p(top + 22.0)) { (panel.label) }
        text x=(p(LEFT - 6.0)) y=(p(top + 40.0)) text-anchor="end" { (panel.top) }
        text x=(p(LEFT - 6.0)) y=(p(base)) text-anchor="end" { "0" }
        line .axis x1=(p(LEFT)) x2=(p(WIDTH - RIGHT)) y1=(p(base)) y2=(p(base)) {}
        @if panel.bars {
            @for (place, value) in panel.values.iter().enumerate() {
                @if let Some(value) = value {
                    rect class={ "b" (colour) } x=(p(x_of(place, minutes) + bar * 0.1)) y=(p(base - height(*value))) width=(p(bar * 0.8)) height=(p(height(*value))) {}
                }
            }
        } @else {
            @for points in strokes(&panel.values, minutes, base, height) {
                polyline class={ "s" (colour) } points=(points) {}
            }
        }
    }
}

/// The curve in pieces: where nothing is known there is no line.
fn strokes(values: &[Option<f64>], minutes: usize, base: f64, height: impl Fn(f64) -> f64) -> Vec<String> {
    let half = (x_of(1, minutes) - LEFT) / 2.0;
    let mut pieces = vec![String::new()];
    for (place, value) in values.iter().enumerate() {
        match (value, pieces.last_mut()) {
            (Some(value), Some(piece)) => {
                if !piece.is_empty() {
                    piece.push(' ');
                }
                piece.push_str(&format!("{:.1},{:.1}", x_of(place, minutes) + half, base - height(*value)));
            }
            (None, Some(piece)) if !piece.is_empty() => pieces.push(String::new()),
            _ => {}
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn draw_quadrants(chart: &Quadrants) -> Markup {
    const HEIGHT: f64 = 380.0;
    const BASE: f64 = 340.0;
    const TOP: f64 = 24.0;
    let greatest = |of: fn(&(f64, f64, String, bool)) -> f64| chart.points.iter().map(of).fold(f64::MIN_POSITIVE, f64::max) * 1.05;
    let (most_x, most_y) = (greatest(|point| point.0), greatest(|point| point.1));
    let x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT - 120.0) * value / most_x;
    let y = |value: f64| BASE - (BASE - TOP) * value / most_y;
    let (middle_x, middle_y) = (x(chart.middle.0), y(chart.middle.1));
    let places: Vec<(f64, f64)> = chart.points.iter().map(|(across, up, ..)| (x(*across), y(*up) + 4.0)).collect();
    let labels = apart(&places);
    let content = html! {
        rect .band x=(p(middle_x)) y=(p(middle_y)) width=(p(WIDTH - RIGHT - middle_x)) height=(p(BASE - middle_y)) {}
        text .strong x=(p(WIDTH - RIGHT - 6.0)) y=(p(BASE - 8.0)) text-anchor="end" { (chart.corner) }
        line .axis x1=(p(LEFT)) x2=(p(WIDTH - RIGHT)) y1=(p(BASE)) y2=(p(BASE)) {}
        line .axis x1=(p(LEFT)) x2=(p(LEFT)) y1=(p(TOP)) y2=(p(BASE)) {}
        line .mark x1=(p(middle_x)) x2=(p(middle_x)) y1=(p(TOP)) y2=(p(BASE)) {}
        line .mark x1=(p(LEFT)) x2=(p(WIDTH - RIGHT)) y1=(p(middle_y)) y2=(p(middle_y)) {}
        text x=(p(LEFT - 6.0)) y=(p(y(most_y / 1.05) + 4.0)) text-anchor="end" { (chart.tops.1) }
        text x=(p(x(most_x / 1.05))) y=(p(BASE + 16.0)) text-anchor="middle" { (chart.tops.0) }
        text .strong x="0" y="14" { (chart.up) }
        text .strong x=(p(LEFT)) y=(p(HEIGHT - 6.0)) { (chart.across) }
        @for ((across, up, label, flag), text_y) in chart.points.iter().zip(&labels) {
            g { title { (label) }
                circle .dot .flag[*flag] cx=(p(x(*across))) cy=(p(y(*up))) r="5" {}
                text x=(p(x(*across) + 8.0)) y=(p(*text_y)) { (cut(label, 200.0)) } }
        }
    };
    frame(HEIGHT, &chart.caption, &content)
}

/// Heights of labels that begin at these places, moved so that none lies on another: from the top down, each below those near it.
fn apart(places: &[(f64, f64)]) -> Vec<f64> {
    const NEAR: f64 = 130.0;
    const LINE: f64 = 13.0;
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| places[*a].1.total_cmp(&places[*b].1));
    let mut heights: Vec<f64> = places.iter().map(|place| place.1).collect();
    for (rank, place) in order.iter().enumerate() {
        let above = order[..rank].iter().filter(|other| (places[**other].0 - places[*place].0).abs() < NEAR);
        let lowest = above.map(|other| heights[*other] + LINE).fold(f64::NEG_INFINITY, f64::max);
        heights[*place] = heights[*place].max(lowest);
    }
    heights
}

fn draw_heat(heat: &Heat) -> Markup {
    const ROW: f64 = 20.0;
    let bottom = ROW * real(heat.rows.len());
    let wide = (x_of(1, heat.minutes) - LEFT).max(0.5);
    let content = html! {
        @for (number, (label, counts)) in heat.rows.iter().enumerate() {
            @let top = ROW * real(number);
            @let most = counts.iter().flatten().copied().max().unwrap_or(0).max(1);
            text x="0" y=(p(top + 14.0)) { (label) }
            @for (place, count) in counts.iter().enumerate() {
                @if let Some(count) = count.filter(|count| *count > 0) {
                    rect .heat x=(p(x_of(place, heat.minutes))) y=(p(top + 2.0)) width=(p(wide)) height=(p(ROW - 3.0)) fill-opacity=(shade(count, most)) {}
                }
            }
        }
        (times(&heat.times, heat.minutes, bottom + 12.0))
    };
    frame(bottom + 18.0, &heat.caption, &content)
}

/// How dark a count is among its row.
#[expect(clippy::cast_precision_loss, reason = "counts of a minute")]
fn shade(count: i64, most: i64) -> String {
    format!("{:.2}", 0.12 + 0.88 * (count as f64 / most as f64))
}
