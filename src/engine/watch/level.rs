//! Bounds, supplies that run out, questions that wait, silence: what needs no baseline.

use super::{Answer, Because, Target};
use crate::engine::Engine;
use crate::engine::metric::{Metric, Scope};
use crate::engine::rule::{Supply, Times, Watch};
use crate::engine::time::{At, Span};

fn span_of(label: &str) -> Span {
    Span::ALL.into_iter().find(|span| span.label() == label).unwrap_or(Span::M5)
}

fn scope_of(target: Target) -> Scope {
    match (target.product, target.channel) {
        (Some(product), _) => Scope::Product(product),
        (None, Some(channel)) => Scope::Channel(channel),
        (None, None) => Scope::Live,
    }
}

/// A value by the name that guards use.
pub fn named(name: &str, engine: &Engine, now: At) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "minutes and small counts")]
    let minutes = |ms: i64| ms as f64 / 60_000.0;
    match name {
        "elapsed_min" => engine.started().map(|started| minutes(now.since_ms(started))),
        "left_min" => engine.plan().ends_at().map(|end| minutes(end.since_ms(now))),
        "on_air_min" => {
            let on = engine.explains().into_iter().rev().find(|explain| explain.to.is_none())?;
            Some(minutes(now.since_ms(on.from)))
        }
        "off_air_min" => engine.off_air_since().map(|since| minutes(now.since_ms(since))),
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        "running_acts" => Some(engine.interventions().iter().filter(|act| act.ended.is_none() && !act.withdrawn).count() as f64),
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        "open_questions" => Some(engine.questions().len() as f64),
        _ => engine.reading(Metric::parse(name)?, Scope::Live, Span::M5).number(),
    }
}

/// A bound on a metric, the pace of a KPI, the audience's peak, silence.
pub fn ask(watch: &Watch, target: Target, engine: &Engine, now: At) -> Answer {
    match watch {
        Watch::Level { metric, .. } => {
            let Some(metric) = Metric::parse(metric) else { return Answer::Frozen };
            level(metric, watch, target, engine)
        }
        Watch::Behind { metric, share } => behind(metric, *share, engine, now),
        Watch::Peak { share } => peak(*share, engine),
        Watch::Silence { seconds } => silence(*seconds, engine, now),
        _ => Answer::Quiet(None),
    }
}

fn level(metric: Metric, watch: &Watch, target: Target, engine: &Engine) -> Answer {
    let Watch::Level { span, above, below, times, least, .. } = watch else { return Answer::Quiet(None) };
    let (span, bounds, times, least) = (span_of(span), (*above, *below), *times, *least);
    let scope = scope_of(target);
    let reading = engine.reading(metric, scope, span);
    if reading.stale {
        return Answer::Frozen;
    }
    let Some(value) = reading.number() else { return Answer::NotEnoughYet { halving_min: None } };
    #[expect(clippy::cast_precision_loss, reason = "support of a ratio")]
    let support = reading.denominator.map_or(value, |denominator| denominator as f64);
    if support < least {
        return Answer::NotEnoughYet { halving_min: None };
    }
    let factor = match times {
        Times::One => Some(1.0),
        Times::BreakEven => engine.reading(Metric::RoasBreakeven, scope, Span::Live).number(),
        Times::LiveAverage => engine.reading(metric, Scope::Live, Span::Live).number(),
    };
    let Some(factor) = factor else { return Answer::NotEnoughYet { halving_min: None } };
    let (bound, beyond) = match bounds {
        (Some(above), _) => (above * factor, value > above * factor),
        (None, Some(below)) => (below * factor, value < below * factor),
        (None, None) => return Answer::Quiet(None),
    };
    let because = Because {
        metric: metric.id().to_owned(),
        product: target.product,
        channel: target.channel,
        from: Some(bound),
        to: Some(value),
        ratio: (bound != 0.0).then(|| value / bound),
        support: Some(support),
        window_s: span.ms().unwrap_or(0) / 1_000,
        ..Because::default()
    };
    if beyond { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

/// A KPI of the plan against where it should be by now.
fn behind(metric: &str, share: f64, engine: &Engine, now: At) -> Answer {
    let (Some(target), Some(known)) = (engine.plan().targets.iter().find(|target| target.metric == metric), Metric::parse(metric)) else {
        return Answer::NotEnoughYet { halving_min: None };
    };
    let (Some(started), length) = (engine.started(), engine.plan().length_s) else { return Answer::NotEnoughYet { halving_min: None } };
    if length <= 0 {
        return Answer::NotEnoughYet { halving_min: None };
    }
    let reading = engine.reading(known, Scope::Live, Span::Live);
    if reading.stale {
        return Answer::Frozen;
    }
    let Some(value) = reading.number() else { return Answer::NotEnoughYet { halving_min: None } };
    #[expect(clippy::cast_precision_loss, reason = "seconds of a live")]
    let gone = (now.since_ms(started) as f64 / 1_000.0 / length as f64).clamp(0.0, 1.0);
    let due = target.value * gone;
    let because = Because {
        metric: metric.to_owned(),
        from: Some(due),
        to: Some(value),
        ratio: (due > 0.0).then(|| value / due),
        support: Some(value),
        ..Because::default()
    };
    if due > 0.0 && value < share * due { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

/// Viewers near their peak while no offer runs.
fn peak(share: f64, engine: &Engine) -> Answer {
    let (now, most) = (engine.reading(Metric::Ccu, Scope::Live, Span::Live), engine.reading(Metric::Pcu, Scope::Live, Span::Live));
    if now.stale {
        return Answer::Frozen;
    }
    let (Some(viewers), Some(most)) = (now.number(), most.number()) else { return Answer::NotEnoughYet { halving_min: None } };
    let offers = engine.interventions().iter().any(|act| {
        use crate::engine::event::InterventionKind::{Countdown, FreeShipping, Giveaway};
        act.ended.is_none() && !act.withdrawn && (act.kind.is_price_act() || matches!(act.kind, Countdown | FreeShipping | Giveaway))
    });
    let because = Because {
        metric: Metric::Ccu.id().to_owned(),
        from: Some(most),
        to: Some(viewers),
        ratio: (most > 0.0).then(|| viewers / most),
        support: Some(viewers),
        ..Because::default()
    };
    if most > 0.0 && viewers >= share * most && !offers { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

/// What shows that somebody is there.
const SIGNS: [&str; 2] = ["chat_message", "select_item"];

/// No click and no message for a while, with viewers in the room.
fn silence(seconds: i64, engine: &Engine, now: At) -> Answer {
    let Some(complete) = engine.complete_to(&SIGNS).map(|at| at.min(now)) else { return Answer::Frozen };
    if engine.reading(Metric::Ccu, Scope::Live, Span::Live).number().is_none_or(|viewers| viewers < 10.0) {
        return Answer::NotEnoughYet { halving_min: None };
    }
    if !engine.live().feeds.hear(&SIGNS, complete.plus_s(-seconds), complete, engine.plan()) {
        return Answer::NotEnoughYet { halving_min: None };
    }
    let window = crate::engine::series::Window::between(
        crate::engine::series::slot_of(complete.plus_s(-seconds)),
        crate::engine::series::slot_of(complete),
    );
    use crate::engine::series::Count::{Chats, Clicks};
    let live = &engine.live().sheets.live;
    let signs = live.count(Chats, window) + live.count(Clicks, window);
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let because = Because { metric: Metric::ChatRate.id().to_owned(), to: Some(signs as f64), window_s: seconds, ..Because::default() };
    if window.slots() > 0 && signs == 0 { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

/// Stock, budgets, payments, questions.
pub fn supply(watch: &Watch, target: Target, engine: &Engine, now: At) -> Answer {
    match watch {
        Watch::RunsOut { supply: Supply::Stock, within_min, .. } => stock(*within_min, target, engine, now),
        Watch::RunsOut { supply: Supply::PendingPayments, within_min, least } => pending(*within_min, *least, engine, now),
        Watch::RunsOut { supply: Supply::Budget, within_min, .. } => budget(*within_min, target, engine),
        Watch::StockWrong {} => stock_wrong(target, engine),
        Watch::Questions { open, oldest_s } => questions(*open, *oldest_s, engine, now),
        _ => Answer::Quiet(None),
    }
}

fn stock(within_min: f64, target: Target, engine: &Engine, now: At) -> Answer {
    let Some(product) = target.product else { return Answer::Quiet(None) };
    let cover = engine.reading(Metric::StockCoverMin, Scope::Product(product), Span::M5);
    let Some(minutes) = cover.number() else { return Answer::NotEnoughYet { halving_min: None } };
    #[expect(clippy::cast_precision_loss, reason = "minutes of a live")]
    let left = engine.plan().ends_at().map_or(f64::INFINITY, |end| end.since_ms(now) as f64 / 60_000.0);
    let because = Because {
        metric: Metric::StockCoverMin.id().to_owned(),
        product: target.product,
        from: left.is_finite().then_some(left),
        to: Some(minutes),
        support: engine.reading(Metric::Stock, Scope::Product(product), Span::Live).number(),
        window_s: 300,
        ..Because::default()
    };
    if minutes < within_min && minutes < left { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

fn pending(within_min: f64, least: f64, engine: &Engine, now: At) -> Answer {
    #[expect(clippy::cast_possible_truncation, reason = "minutes in a rule")]
    let until = now.plus_ms((within_min * 60_000.0) as i64);
    let ending: Vec<_> =
        engine.pending_orders().into_iter().filter(|order| order.expires_at.is_some_and(|at| at > now && at <= until)).collect();
    let minor: Option<i128> = ending.iter().map(|order| order.value.map(|value| i128::from(value.minor))).sum();
    #[expect(clippy::cast_precision_loss, reason = "a handful of orders")]
    let because = Because {
        metric: Metric::GmvPlaced.id().to_owned(),
        to: minor.map(|minor| minor as f64),
        support: Some(ending.len() as f64),
        #[expect(clippy::cast_possible_truncation, reason = "minutes in a rule")]
        window_s: (within_min * 60.0) as i64,
        ..Because::default()
    };
    #[expect(clippy::cast_precision_loss, reason = "a handful of orders")]
    let many = ending.len() as f64 >= least.max(1.0);
    if many { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

fn budget(within_min: f64, target: Target, engine: &Engine) -> Answer {
    let Some(channel) = target.channel else { return Answer::Quiet(None) };
    let name = engine.live().books.channels.text(channel);
    let Some(budget) = engine.plan().channels.iter().find(|planned| planned.name == name).and_then(|planned| planned.budget_minor) else {
        return Answer::NotEnoughYet { halving_min: None };
    };
    let spent = engine.reading(Metric::AdSpend, Scope::Channel(channel), Span::Live).number();
    let recent = engine.reading(Metric::AdSpend, Scope::Channel(channel), Span::M15).number();
    let (Some(spent), Some(recent)) = (spent, recent) else { return Answer::NotEnoughYet { halving_min: None } };
    if recent <= 0.0 {
        return Answer::Quiet(None);
    }
    #[expect(clippy::cast_precision_loss, reason = "minor units of a budget")]
    let left_min = (budget as f64 - spent).max(0.0) / (recent / 15.0);
    #[expect(clippy::cast_precision_loss, reason = "minor units of a budget")]
    let because = Because {
        metric: Metric::AdSpend.id().to_owned(),
        channel: target.channel,
        from: Some(budget as f64),
        to: Some(spent),
        support: Some(left_min),
        window_s: 900,
        ..Because::default()
    };
    if left_min < within_min { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

fn stock_wrong(target: Target, engine: &Engine) -> Answer {
    let Some(product) = target.product else { return Answer::Quiet(None) };
    let alarm = engine.stock_alarm(product);
    #[expect(clippy::cast_precision_loss, reason = "units in stock")]
    let because = Because {
        metric: Metric::Stock.id().to_owned(),
        product: target.product,
        from: alarm.mismatch.map(|(_, most)| most as f64),
        to: alarm.mismatch.map(|(least, _)| least as f64),
        support: Some(alarm.oversold as f64),
        ..Because::default()
    };
    if alarm.oversold > 0 || alarm.mismatch.is_some() { Answer::Fires(because) } else { Answer::Quiet(None) }
}

fn questions(open: u32, oldest_s: i64, engine: &Engine, now: At) -> Answer {
    let waiting = engine.questions();
    let oldest = waiting.first().map_or(0, |question| now.since_ms(question.since) / 1_000);
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let because = Because {
        metric: "questions".to_owned(),
        from: Some(f64::from(open)),
        to: Some(waiting.len() as f64),
        support: Some(waiting.iter().map(|question| f64::from(question.count)).sum()),
        window_s: oldest,
        ..Because::default()
    };
    if waiting.len() >= open as usize && oldest >= oldest_s { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}
