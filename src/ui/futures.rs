//! Both futures of a card: two fans of simulated evenings to the close, act now and do nothing, drawn one over the other.

use ratatui::text::{Line as TextLine, Span};

use super::View;
use super::panels::advice::wrap;
use super::panels::pace::paced;
use super::theme::Tone;
use crate::engine::id::Name;
use crate::engine::metric::Metric;
use crate::engine::money::{Currency, Money};
use crate::engine::time::{At, MINUTE_MS};

/// Columns that the lines are broken to.
const WIDTH: u16 = 74;
/// Columns and rows of the chart.
const COLUMNS: usize = 48;
const ROWS: usize = 5;

/// What is known of a card's futures.
#[derive(Clone, Debug, PartialEq)]
pub enum Future {
    Drawing {
        advice: Name,
    },
    Drawn(Box<Fans>),
    /// The key of the words that say why not.
    Unfit {
        advice: Name,
        why: &'static str,
    },
}

/// Two fans. Each band is its tenth, half and nine tenths of the evenings; money in minor units, placed from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Fans {
    pub advice: Name,
    pub from: At,
    pub to: At,
    pub nothing: Vec<[f64; 3]>,
    pub acting: Vec<[f64; 3]>,
    pub units: [[f64; 3]; 2],
    /// What the act adds to the margin.
    pub gain: Option<[f64; 3]>,
    pub better: f64,
    pub runs: u64,
    /// What is paid in the end of all that was placed by then, and the share of what is placed that is paid.
    pub due: f64,
    pub paid_share: f64,
    pub currency: Option<Currency>,
}

impl Future {
    /// The card that they are of.
    #[must_use]
    pub const fn advice(&self) -> &Name {
        match self {
            Self::Drawing { advice } | Self::Unfit { advice, .. } => advice,
            Self::Drawn(fans) => &fans.advice,
        }
    }
}

/// The futures of a card as lines; none where nobody asked for them.
#[must_use]
pub fn lines<'a>(advice: &Name, break_even: Option<f64>, view: &View<'a>) -> Vec<TextLine<'a>> {
    let Some(future) = view.state.future.as_ref().filter(|future| future.advice() == advice) else { return Vec::new() };
    let title = TextLine::styled(view.word("futures-title"), view.style(Tone::Title));
    match future {
        Future::Drawing { .. } => vec![title, TextLine::styled(view.word("futures-drawing"), view.style(Tone::Muted))],
        Future::Unfit { why, .. } => vec![title, TextLine::styled(view.words.get(why).to_owned(), view.style(Tone::Muted))],
        Future::Drawn(fans) => {
            let mut lines = vec![title];
            lines.extend(chart(fans, view));
            lines.extend(figures(fans, break_even, view));
            lines
        }
    }
}

fn money(minor: f64, fans: &Fans, view: &View<'_>) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "money of one evening")]
    let minor = minor.round() as i64;
    view.format.money_short(Money::new(minor, fans.currency.unwrap_or(Currency::NONE)))
}

/// What a cell of the chart is in.
fn chart<'a>(fans: &Fans, view: &View<'a>) -> Vec<TextLine<'a>> {
    let minutes = fans.nothing.len().min(fans.acting.len());
    let top = fans.nothing.iter().chain(&fans.acting).map(|band| band[2]).fold(0.0, f64::max);
    if minutes == 0 || top <= 0.0 {
        return Vec::new();
    }
    let columns = COLUMNS.min(minutes);
    let [_, light, middle, dark, _] = view.glyphs.shades;
    let holds = |band: &[f64; 3], low: f64, high: f64| band[2] >= low && band[0] < high;
    let mut lines = Vec::new();
    for row in (0..ROWS).rev() {
        #[expect(clippy::cast_precision_loss, reason = "a few rows")]
        let (low, high) = (top * row as f64 / ROWS as f64, top * (row + 1) as f64 / ROWS as f64);
        let mut spans: Vec<Span<'a>> = (0..columns)
            .map(|column| {
                let minute = (column + 1) * minutes / columns - 1;
                match (holds(&fans.nothing[minute], low, high), holds(&fans.acting[minute], low, high)) {
                    (true, true) => Span::styled(dark, view.style(Tone::Normal)),
                    (true, false) => Span::styled(light, view.style(Tone::Muted)),
                    (false, true) => Span::styled(middle, view.style(Tone::Accent)),
                    (false, false) => Span::raw(" "),
                }
            })
            .collect();
        if row + 1 == ROWS {
            spans.push(Span::styled(format!(" {}", money(top, fans, view)), view.style(Tone::Muted)));
        }
        lines.push(TextLine::from(spans));
    }
    let length = fans.to.since_ms(fans.from) / MINUTE_MS;
    let legend =
        format!("{dark} {}  {middle} {}  {light} {}", view.word("futures-both"), view.word("futures-acting"), view.word("futures-nothing"));
    lines.push(TextLine::styled(
        view.text("futures-axis", &[("minutes", length.into()), ("legend", legend.into())]),
        view.style(Tone::Muted),
    ));
    lines
}

fn figures<'a>(fans: &Fans, break_even: Option<f64>, view: &View<'a>) -> Vec<TextLine<'a>> {
    let count = |number: f64| view.format.number(number, 0);
    let row = |key: &'static str, band: Option<&[f64; 3]>, units: &[f64; 3]| {
        let [low, mid, high] = band.copied().unwrap_or_default();
        let values = [
            ("name", view.word(key).into()),
            ("mid", money(mid, fans, view).into()),
            ("low", money(low, fans, view).into()),
            ("high", money(high, fans, view).into()),
            ("units", count(units[1]).into()),
            ("fewest", count(units[0]).into()),
            ("most", count(units[2]).into()),
        ];
        TextLine::from(view.text("futures-row", &values))
    };
    let mut lines =
        vec![row("futures-nothing", fans.nothing.last(), &fans.units[0]), row("futures-acting", fans.acting.last(), &fans.units[1])];
    #[expect(clippy::cast_precision_loss, reason = "a few dozen evenings")]
    let better = view.text("futures-better", &[("n", count(fans.better * fans.runs as f64).into()), ("runs", fans.runs.into())]);
    let gain = fans.gain.map_or_else(
        || view.word("futures-no-margin").to_owned(),
        |[low, mid, high]| {
            let values =
                [("mid", money(mid, fans, view).into()), ("low", money(low, fans, view).into()), ("high", money(high, fans, view).into())];
            view.text("futures-margin", &values)
        },
    );
    let dot = view.glyphs.middot;
    let mut line = format!("{gain} {dot} {better}");
    if let Some(units) = break_even {
        line.push_str(&format!(" {dot} {}", view.text("futures-even", &[("units", count(units).into())])));
    }
    lines.extend(wrap(&line, WIDTH).into_iter().map(TextLine::from));
    lines.extend(closes(fans, view).into_iter().map(TextLine::from));
    let assumed = view.text("futures-assumed", &[("runs", fans.runs.into())]);
    lines.extend(wrap(&assumed, WIDTH).into_iter().map(|line| TextLine::styled(line, view.style(Tone::Warn))));
    lines
}

/// Both futures as the close that the line of pace projects, GMV paid, and why the two are not one.
fn closes(fans: &Fans, view: &View<'_>) -> Vec<String> {
    let close = |band: Option<&[f64; 3]>| band.map_or(fans.due, |[_, mid, _]| fans.due + mid * fans.paid_share);
    let [nothing, acting] = [&fans.nothing, &fans.acting].map(|fan| money(close(fan.last()), fans, view));
    let mut lines = wrap(&view.text("futures-close", &[("nothing", nothing.into()), ("acting", acting.into())]), WIDTH);
    let (metric, _) = paced(view.engine.plan());
    if let Some(close) = view.engine.projection(metric).filter(|_| metric == Metric::GmvPaid) {
        let values = [("low", money(close.low, fans, view).into()), ("high", money(close.high, fans, view).into())];
        lines.extend(wrap(&view.text("futures-projected", &values), WIDTH));
    }
    lines
}
