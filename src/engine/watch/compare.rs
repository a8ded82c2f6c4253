//! Groups against each other, and a chat gesture against its own past.

use super::{Answer, Because, Sight, Target, viewers_between};
use crate::engine::Engine;
use crate::engine::detect::groups::{Comparison, LEAST_EVENTS, compare, compare_shares};
use crate::engine::metric::{Metric, Scope};
use crate::engine::rule::{Groups, Watch};
use crate::engine::time::{At, Span};
use crate::engine::view::show::Gesture;

/// Minutes that a chat gesture is compared with.
const PAST_MIN: i64 = 20;
/// Chat comes in bursts: the interval is widened by this dispersion.
const CHAT_PHI: f64 = 2.0;

fn number(engine: &Engine, metric: Metric, scope: Scope, span: Span) -> f64 {
    engine.reading(metric, scope, span).number().unwrap_or(0.0)
}

/// Compares two groups of the live.
pub fn ask(groups: &Groups, least_ratio: f64, target: Target, sight: &Sight<'_>) -> Answer {
    let engine = sight.engine;
    let (metric, compared, from, to) = match groups {
        Groups::DearCarts { from } => dear_carts(*from, engine),
        Groups::Segments { segment } => segments(*segment, engine),
        Groups::Products => return product(least_ratio, target, sight),
        Groups::Returning { share } => return returning(*share, engine),
        Groups::Channels => return channel(least_ratio, target, engine),
    };
    let Some(comparison) = compared else { return Answer::NotEnoughYet { halving_min: None } };
    let because = Because {
        metric: metric.to_owned(),
        product: target.product,
        from,
        to,
        ratio: Some(comparison.ratio),
        low: Some(comparison.low),
        high: Some(comparison.high),
        support: Some(comparison.events),
        exposure: Some(comparison.other_events),
        ..Because::default()
    };
    if comparison.ratio >= least_ratio && comparison.low > 1.0 { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

type Compared = (&'static str, Option<Comparison>, Option<f64>, Option<f64>);

/// Carts left of all that ended, at a price and above against below.
fn dear_carts(from_major: i64, engine: &Engine) -> Compared {
    let bands = &engine.plan().limits.price_bands;
    let (mut dear, mut cheap) = ((0.0, 0.0), (0.0, 0.0));
    for (index, edge) in bands.iter().enumerate() {
        let left = number(engine, Metric::CartsAbandoned, Scope::Band(index), Span::Live);
        let reading = engine.reading(Metric::CartAbandon, Scope::Band(index), Span::Live);
        #[expect(clippy::cast_precision_loss, reason = "numbers of carts")]
        let ended = reading.denominator.unwrap_or(0) as f64;
        let group = if *edge >= from_major { &mut dear } else { &mut cheap };
        *group = (group.0 + left, group.1 + ended);
    }
    let share = |(left, ended): (f64, f64)| (ended > 0.0).then(|| left / ended);
    let compared = if dear.0 >= 2.0 * LEAST_EVENTS { compare_shares(dear.0, dear.1, cheap.0, cheap.1) } else { None };
    ("cart_abandon", compared, share(cheap), share(dear))
}

/// Viewers at the end of segments of a kind against their begin, against talk.
fn segments(kind: crate::engine::event::SegmentKind, engine: &Engine) -> Compared {
    use crate::engine::event::SegmentKind::Talk;
    let (mut of_kind, mut of_talk) = ((0.0, 0.0), (0.0, 0.0));
    let mut held = (0, 0);
    for segment in engine.segments() {
        let group = match segment.kind {
            Some(found) if found == kind => {
                held.0 += 1;
                &mut of_kind
            }
            Some(Talk) => {
                held.1 += 1;
                &mut of_talk
            }
            Some(_) | None => continue,
        };
        let to = segment.to.unwrap_or_else(|| engine.now());
        let Some(viewers) = viewers_between(engine, segment.from, to) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "minutes of a segment")]
        let minutes = (to.since_ms(segment.from) as f64 / 60_000.0).max(0.0);
        group.0 += left_between(engine, segment.from, to);
        group.1 += viewers * minutes;
    }
    // Fewer leave per viewer-minute while it is shown: the ratio is told as "who stays" = talk's leaving / the kind's leaving.
    let enough = held.0 >= 2 && held.1 >= 2;
    let compared = if enough { compare(of_talk.0, of_talk.1, of_kind.0, of_kind.1, CHAT_PHI) } else { None };
    // where so many leave in a minute, who comes stays that much of it
    let watched_s = |(left, exposed): (f64, f64)| (left > 0.0).then(|| 60.0 * exposed / left);
    ("avg_watch_s", compared, watched_s(of_talk), watched_s(of_kind))
}

/// Visits that ended within a stretch.
fn left_between(engine: &Engine, from: At, to: At) -> f64 {
    use crate::engine::series::{Count, Window, slot_of};
    #[expect(clippy::cast_precision_loss, reason = "visits of a segment")]
    let left = engine.live().sheets.live.count(Count::Visits, Window::between(slot_of(from), slot_of(to))) as f64;
    left
}

/// A product against all others at the same place in the show, in orders and in money: many orders of a trifle are no reason
/// to bring it back. One that is on air is there already.
fn product(least_ratio: f64, target: Target, sight: &Sight<'_>) -> Answer {
    let shelf = sight.shelf();
    let Some(found) = target.product.and_then(|product| shelf.standing(product)) else { return Answer::NotEnoughYet { halving_min: None } };
    let because = Because {
        metric: shelf.metric.id().to_owned(),
        product: target.product,
        from: Some(found.from),
        to: Some(found.to),
        ratio: Some(found.orders.ratio),
        low: Some(found.orders.low),
        high: Some(found.orders.high),
        support: Some(found.orders.events),
        exposure: Some(found.orders.other_events),
        ..Because::default()
    };
    let above = found.orders.ratio.min(found.money) >= least_ratio && found.orders.low > 1.0;
    if above && sight.engine.on_air() != target.product { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

/// A channel against all others in buyers of its viewers: better where the bound is above 1, worse where it is below.
fn channel(bound: f64, target: Target, engine: &Engine) -> Answer {
    let converts = |scope: Scope| -> Option<(f64, f64)> {
        let reading = engine.reading(Metric::CvrUv, scope, Span::Live);
        #[expect(clippy::cast_precision_loss, reason = "numbers of people")]
        Some((reading.numerator? as f64, reading.denominator? as f64))
    };
    let own = target.channel.and_then(|channel| converts(Scope::Channel(channel)));
    let (Some(own), Some(all)) = (own, converts(Scope::Live)) else { return Answer::NotEnoughYet { halving_min: None } };
    // who came by two channels stands in both
    let others = ((all.0 - own.0).max(0.0), (all.1 - own.1).max(0.0));
    let Some(found) = compare_shares(own.0, own.1, others.0, others.1) else { return Answer::NotEnoughYet { halving_min: None } };
    let because = Because {
        metric: Metric::CvrUv.id().to_owned(),
        channel: target.channel,
        from: (others.1 > 0.0).then(|| others.0 / others.1),
        to: (own.1 > 0.0).then(|| own.0 / own.1),
        ratio: Some(found.ratio),
        low: Some(found.low),
        high: Some(found.high),
        support: Some(found.events),
        exposure: Some(found.other_events),
        ..Because::default()
    };
    let differs = if bound >= 1.0 { found.ratio >= bound && found.low > 1.0 } else { found.ratio <= bound && found.high < 1.0 };
    if differs { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

/// Returning buyers dominate: the lower end of their share (Wilson) is above the bound.
fn returning(bound: f64, engine: &Engine) -> Answer {
    let reading = engine.reading(Metric::NewBuyerShare, Scope::Live, Span::Live);
    let (Some(new), Some(all)) = (reading.numerator, reading.denominator) else { return Answer::NotEnoughYet { halving_min: None } };
    #[expect(clippy::cast_precision_loss, reason = "numbers of buyers")]
    let (new, all) = (new as f64, all as f64);
    if all < 4.0 * LEAST_EVENTS {
        return Answer::NotEnoughYet { halving_min: None };
    }
    let z = crate::engine::detect::special::Z95;
    let share = 1.0 - new / all;
    let centre = (share + z * z / (2.0 * all)) / (1.0 + z * z / all);
    let half = z * (share * (1.0 - share) / all + z * z / (4.0 * all * all)).sqrt() / (1.0 + z * z / all);
    let because = Because {
        metric: Metric::NewBuyerShare.id().to_owned(),
        from: Some(1.0 - bound),
        to: Some(1.0 - share),
        low: Some(1.0 - centre - half),
        high: Some(1.0 - centre + half),
        support: Some(all - new),
        exposure: Some(all),
        ..Because::default()
    };
    if centre - half > bound { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}

/// A gesture of the last minutes against the twenty before, per message. One that goes on since a while is compared with what
/// was before it began, so that trouble does not become usual.
pub fn surge(watch: &Watch, since: Option<At>, engine: &Engine, now: At) -> Answer {
    let Watch::Surge { gesture, ratio, least, within_min } = watch else { return Answer::Quiet(None) };
    let Some(gesture) = Gesture::ALL.into_iter().find(|known| known.id() == gesture) else { return Answer::Frozen };
    let Some(complete) = engine.complete_to(&["chat_message"]) else { return Answer::Frozen };
    let last = complete.min(now).minute();
    let sum = |from: i64, to: i64| -> (f64, f64) {
        (from..to).fold((0.0, 0.0), |(made, said), minute| {
            #[expect(clippy::cast_precision_loss, reason = "messages of a minute")]
            let made_now = engine.gestures_in_minute(gesture, minute).unwrap_or(0) as f64;
            (made + made_now, said + engine.reading_in_minute(Metric::ChatMessages, Scope::Live, minute).number().unwrap_or(0.0))
        })
    };
    let began = since.map_or(last, |since| since.minute()).min(last);
    let (recent, past) = (sum(last - within_min, last), sum(began - within_min - PAST_MIN, began - within_min));
    if recent.0 < f64::from(*least) {
        return Answer::Quiet(None);
    }
    let Some(found) = compare(recent.0, recent.1, past.0, past.1.max(1.0), CHAT_PHI) else {
        return Answer::NotEnoughYet { halving_min: None };
    };
    let because = Because {
        metric: gesture.id().to_owned(),
        from: (past.1 > 0.0).then(|| past.0 / past.1),
        to: (recent.1 > 0.0).then(|| recent.0 / recent.1),
        ratio: Some(found.ratio),
        low: Some(found.low),
        high: Some(found.high),
        support: Some(recent.0),
        exposure: Some(recent.1),
        window_s: within_min * 60,
        ..Because::default()
    };
    if found.ratio >= *ratio && found.low > 1.0 { Answer::Fires(because) } else { Answer::Quiet(Some(because)) }
}
