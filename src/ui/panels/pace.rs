//! One line: what is paid of the target, and how far it should be by the plan's curve. A feed that died is said here instead.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::engine::metric::{Metric, Scope, Value, Why};
use crate::engine::money::Money;
use crate::engine::plan::{Aim, Plan};
use crate::engine::time::Span;
use crate::ui::pane::Pane;
use crate::ui::theme::Tone;
use crate::ui::widgets::bar::{Gauge, GaugeLook};
use crate::ui::widgets::text::Phrase;

/// Narrower than this a gauge tells nothing.
const GAUGE_LEAST: u16 = 8;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    if let Some(banner) = super::banner::of(pane) {
        banner.put(buf, area, area.x, area.y);
        return;
    }
    let plan = pane.view.engine.plan();
    let (metric, name) = paced(plan);
    let target = plan.target(metric.id()).or_else(|| plan.target(Metric::GmvPlaced.id()).filter(|_| metric == Metric::GmvPaid));
    let reading = pane.read(metric, Scope::Live, Span::Live);
    let value = pane.view.format.value(reading.value);
    let name = pane.word(name);
    if reading.value == Value::Unknown(Why::SeveralCurrencies) {
        let line = pane.phrase(format!(" {name} "), Tone::Muted).and(value, pane.style(Tone::Normal));
        line.and(format!("  {}", pane.word("pace-several-currencies")), pane.style(Tone::Warn)).put(buf, area, area.x, area.y);
        return;
    }
    let Some(target) = target.filter(|target| *target > 0.0) else {
        let line = pane.phrase(format!(" {name} "), Tone::Muted).and(value, pane.style(Tone::Normal));
        line.and(format!("  {}", pane.word("pace-no-target")), pane.style(Tone::Muted)).put(buf, area, area.x, area.y);
        return;
    };
    let share = reading.number().map(|number| number / target);
    let due = plan.share_due(pane.view.now);
    // what is not known yet has its target all the same
    let like = match (reading.value, plan.currency) {
        (Value::Unknown(_), Some(currency)) if metric == Metric::GmvPaid => Value::Money(Money::new(0, currency)),
        (Value::Unknown(_), _) if metric != Metric::GmvPaid => Value::Count(0),
        (known, _) => known,
    };
    let told = |number: f64| as_value(number, like).map_or_else(|| pane.unknown().to_owned(), |v| pane.view.format.value(v));
    let left = pane
        .phrase(format!(" {name} "), Tone::Muted)
        .and(pane.say("pace-of", &[("value", value.into()), ("target", told(target).into())]), pane.style(Tone::Normal));
    // the currency stands before the value once
    let short = |number: f64| match as_value(number, like) {
        Some(Value::Money(money)) => pane.view.format.amount_short(money),
        _ => told(number),
    };
    let ways = standings(pane, metric, standing(pane, share, due, due.map(|due| short(due * target))), &short);
    let right =
        ways.iter().find(|way| left.width() + way.width() + GAUGE_LEAST + 3 <= area.width).or(ways.last()).cloned().unwrap_or_default();
    let room = area.width.saturating_sub(left.width() + right.width() + 3);
    left.put(buf, area, area.x, area.y);
    if room >= GAUGE_LEAST {
        let look = look(pane, share, due);
        Gauge { share, due, look }.render(Rect::new(area.x + left.width() + 1, area.y, room, 1), buf);
    }
    if left.width() + right.width() < area.width {
        right.put_right(buf, area, area.y);
    }
}

/// What the aim is paced by, and its word: a lot by its units where the plan says how many should go.
#[must_use]
pub fn paced(plan: &Plan) -> (Metric, &'static str) {
    match plan.aim {
        Aim::Leads => (Metric::Leads, "pace-leads"),
        Aim::ClearStock if plan.target(Metric::Units.id()).is_some() => (Metric::Units, "pace-units"),
        Aim::ClearStock | Aim::Conversion | Aim::Branding => (Metric::GmvPaid, "pace-paid"),
    }
}

/// When the lot will be empty, in a clearance.
fn lot_empty(pane: &Pane<'_>) -> Option<(String, Tone)> {
    let plan = pane.view.engine.plan();
    let at = pane.view.engine.lot_empty_at().filter(|_| plan.aim == Aim::ClearStock)?;
    let tone = if plan.ends_at().is_some_and(|end| at > end) { Tone::Warn } else { Tone::Good };
    Some((pane.say("card-lot-empty", &[("time", pane.live_time(at).into())]) + " ", tone))
}

/// The standing with the close that it leads to, the fullest first: `… close 149k–173k (80%)`, without its level, alone.
fn standings(pane: &Pane<'_>, metric: Metric, standing: Phrase, told: &dyn Fn(f64) -> String) -> Vec<Phrase> {
    let mut ways = Vec::new();
    if let Some(close) = pane.view.engine.projection(metric) {
        let range = format!("{}–{}", told(close.low), told(close.high));
        let level = pane.view.format.percent(close.level, 0);
        for words in [
            pane.say("pace-close-level", &[("range", range.as_str().into()), ("level", level.into())]),
            pane.say("pace-close", &[("range", range.as_str().into())]),
        ] {
            let target = pane.view.engine.plan().target(metric.id());
            let tone = match target {
                Some(target) if close.high < target => Tone::Alarm,
                Some(target) if close.low >= target => Tone::Good,
                _ => Tone::Normal,
            };
            ways.push(standing.clone().and(words, pane.style(tone)).and(" ", pane.style(Tone::Normal)));
        }
    }
    ways.push(standing);
    if let Some((empty, tone)) = lot_empty(pane) {
        let alone = ways.clone();
        ways = ways.into_iter().map(|way| way.and(empty.as_str(), pane.style(tone))).chain(alone).collect();
    }
    ways
}

/// `37% · plan 71.0k = 94% ▼`.
fn standing(pane: &Pane<'_>, share: Option<f64>, due: Option<f64>, due_told: Option<String>) -> Phrase {
    let Some(share) = share else { return pane.phrase(format!("{} ", pane.unknown()), Tone::Muted) };
    let mut phrase = pane.phrase(pane.view.format.percent(share, 0), Tone::Normal);
    if let (Some(due), Some(told)) = (due.filter(|due| *due > 0.0), due_told) {
        let of_due = share / due;
        let (glyph, tone) = match of_due {
            of_due if of_due < 0.9 => (pane.view.glyphs.down, Tone::Alarm),
            of_due if of_due < 1.0 => (pane.view.glyphs.down, Tone::Warn),
            _ => (pane.view.glyphs.up, Tone::Good),
        };
        let plan = pane.say("pace-plan", &[("value", told.into()), ("share", pane.view.format.percent(of_due, 0).into())]);
        phrase = phrase.and(format!(" {plan}"), pane.style(Tone::Muted)).and(format!(" {glyph}"), pane.style(tone));
    }
    phrase.and(" ", pane.style(Tone::Normal))
}

/// A target's number in the kind of the value that it is for.
#[expect(clippy::cast_possible_truncation, reason = "targets are far below 2^53")]
fn as_value(number: f64, like: Value) -> Option<Value> {
    match like {
        Value::Money(money) => Some(Value::Money(Money::new(number.round() as i64, money.currency))),
        Value::Count(_) => Some(Value::Count(number.round() as i64)),
        Value::Number(_) => Some(Value::Number(number)),
        Value::Unknown(_) => None,
    }
}

fn look<'a>(pane: &Pane<'a>, share: Option<f64>, due: Option<f64>) -> GaugeLook<'a> {
    let [_, a, b, c, d, e, f, g, h] = pane.view.glyphs.rows;
    let behind = share.zip(due).is_some_and(|(share, due)| share < due);
    GaugeLook {
        parts: [a, b, c, d, e, f, g, h],
        empty: pane.view.glyphs.track,
        tick: pane.view.glyphs.now,
        full_style: pane.style(if behind { Tone::Warn } else { Tone::Good }),
        empty_style: pane.style(Tone::Frame),
        tick_style: pane.style(Tone::Accent),
    }
}
