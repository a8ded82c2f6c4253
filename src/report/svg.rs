//! Charts as inline SVG: curves over the minutes, a quadrant, a heatmap. Colours come from the page's style.

use maud::{Markup, html};

/// Width of every chart; the page scales it.
const WIDTH: f64 = 1_000.0;
/// Room for the labels on the left.
const LEFT: f64 = 90.0;
const RIGHT: f64 = 20.0;
const PANEL: f64 = 110.0;
const GAP: f64 = 22.0;
/// Width of a letter, at most: of a label, and of the lane's smaller ones.
const LETTER: f64 = 6.6;
const LANE_LETTER: f64 = 5.9;
/// A name of fewer letters says nothing.
const LEAST_LETTERS: usize = 3;

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
                text .lane x=(p(x(*from) + 2.0)) y="20" { (cut(label, wide(*from, *to), LANE_LETTER)) } }
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

/// A label, or as much of its beginning as fits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "letters of a label")]
fn cut(label: &str, width: f64, letter: f64) -> String {
    let room = ((width - 4.0) / letter).max(0.0) as usize;
    if label.chars().count() <= room {
        return label.to_owned();
    }
    if room < LEAST_LETTERS {
        return String::new();
    }
    let beginning: String = label.chars().take(room - 1).collect();
    format!("{}…", beginning.trim_end())
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
    const LABEL: f64 = 200.0;
    let greatest = |of: fn(&(f64, f64, String, bool)) -> f64| chart.points.iter().map(of).fold(f64::MIN_POSITIVE, f64::max) * 1.05;
    let (most_x, most_y) = (greatest(|point| point.0), greatest(|point| point.1));
    let x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT - 120.0) * value / most_x;
    let y = |value: f64| BASE - (BASE - TOP) * value / most_y;
    let (middle_x, middle_y) = (x(chart.middle.0), y(chart.middle.1));
    let dots: Vec<(f64, f64)> = chart.points.iter().map(|(across, up, ..)| (x(*across), y(*up))).collect();
    let names: Vec<String> = chart.points.iter().map(|(_, _, label, _)| cut(label, LABEL, LETTER)).collect();
    let labels = apart(&dots, &names);
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
        @for (((_, _, label, flag), name), (dot, place)) in chart.points.iter().zip(&names).zip(dots.iter().zip(&labels)) {
            g { title { (label) }
                @if place.is_far { line .axis x1=(p(dot.0)) y1=(p(dot.1)) x2=(p(place.x)) y2=(p(place.y - 4.0)) {} }
                circle .dot .flag[*flag] cx=(p(dot.0)) cy=(p(dot.1)) r="5" {}
                text x=(p(place.x)) y=(p(place.y)) { (name) } }
        }
    };
    frame(HEIGHT, &chart.caption, &content)
}

/// Where the label of a dot begins.
#[derive(Clone, Copy, Debug)]
struct Place {
    x: f64,
    y: f64,
    /// So far off that a line must lead to it.
    is_far: bool,
}

/// Places of the labels of some dots, so that none lies on a dot or on another label: beside its dot on the right, on the left,
/// above or below it, else in a free line further out.
fn apart(dots: &[(f64, f64)], names: &[String]) -> Vec<Place> {
    const LINE: f64 = 13.0;
    const LINES: u32 = 12;
    let mut taken: Vec<[f64; 4]> = dots.iter().map(|(x, y)| [x - 6.0, y - 6.0, x + 6.0, y + 6.0]).collect();
    let mut places = Vec::new();
    for (own, ((x, y), name)) in dots.iter().zip(names).enumerate() {
        let width = LETTER * real(name.chars().count());
        let around = [
            (x + 9.0, y + 4.0, false),
            (x - 9.0 - width, y + 4.0, false),
            (x - width / 2.0, y - 9.0, false),
            (x - width / 2.0, y + 18.0, false),
        ];
        let further = (1..LINES).flat_map(|line| {
            let off = LINE * f64::from(line);
            [(x + 26.0, y + 4.0 - off, true), (x + 26.0, y + 4.0 + off, true)]
        });
        let free = |(x, y, _): &(f64, f64, bool)| {
            let area = [*x, y - 10.0, x + width, y + 3.0];
            let apart = |other: &[f64; 4]| other[0] > area[2] || other[2] < area[0] || other[1] > area[3] || other[3] < area[1];
            *x >= LEFT && x + width <= WIDTH && *y > LINE && taken.iter().enumerate().all(|(place, other)| place == own || apart(other))
        };
        let (x, y, is_far) = around.into_iter().chain(further).find(free).unwrap_or((x + 9.0, y + 4.0, false));
        taken.push([x, y - 10.0, x + width, y + 3.0]);
        places.push(Place { x, y, is_far });
    }
    places
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_does_not_fit_is_cut_with_a_sign_or_left_out() {
        assert_eq!(cut("Fone Pro X2", 100.0, 6.0), "Fone Pro X2");
        assert_eq!(cut("Fone Pro X2", 40.0, 6.0), "Fone…");
        assert_eq!(cut("Fone Pro X2", 16.0, 6.0), "");
    }

    #[test]
    fn labels_of_dots_that_lie_together_lie_apart() {
        let dots = [(400.0, 300.0), (402.0, 301.0), (405.0, 299.0), (399.0, 303.0), (900.0, 40.0)];
        let names: Vec<String> = ["Caneca térm.", "Carregador", "Caixa de som", "Ring light", "Fone Pro X2"].map(str::to_owned).to_vec();
        let places = apart(&dots, &names);
        for (one, a) in places.iter().enumerate() {
            for (two, b) in places.iter().enumerate().skip(one + 1) {
                let (wide_a, wide_b) = (LETTER * real(names[one].chars().count()), LETTER * real(names[two].chars().count()));
                let beside = a.x + wide_a < b.x || b.x + wide_b < a.x;
                assert!(beside || (a.y - b.y).abs() >= 13.0, "{} {a:?} lies on {} {b:?}", names[one], names[two]);
            }
        }
        assert!(!places[4].is_far, "one that lies alone keeps its name beside it");
    }
}
