//! What was asked, advised, done and marked, as the engine tells it.

use super::{Act, Card, Mark, Question, Record, Skus};
use crate::engine::Engine;
use crate::engine::id::Sym;
use crate::engine::prior::{RuleRecord, of_this_live};
use crate::engine::time::At;
use crate::engine::view::show::{AdviceTurn, Logged};
use crate::summary::Figures;

pub(super) fn questions(engine: &Engine, skus: &Skus) -> Vec<Question> {
    let mut rows: Vec<Question> = engine
        .questions()
        .into_iter()
        .map(|open| Question {
            text: open.text.to_owned(),
            topic: open.topic.map(|topic| topic.id()),
            sku: skus.text(open.product),
            count: open.count,
            since: open.since,
        })
        .collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.count), row.since));
    rows
}

pub(super) fn cards(engine: &Engine, skus: &Skus, language: &str) -> Vec<Card> {
    let advisor = engine.advisor();
    let acts = engine.interventions();
    let rows = advisor.cards().iter().map(|card| Card {
        id: card.id.to_string(),
        rule: card.rule.clone(),
        title: advisor.words(card, language).title,
        kind: card.kind,
        sku: skus.text(card.target.product),
        raised: card.raised,
        state: card.state.id(),
        metric: card.because.metric.clone(),
        from: card.because.from,
        to: card.because.to,
        ratio: card.because.ratio,
        low: card.because.low,
        high: card.because.high,
        support: card.because.support,
        reason: card.reason.as_ref().map(ToString::to_string),
        act: acts.iter().find(|act| act.advice == Some(card.id.as_str())).map(|act| act.id.to_owned()),
    });
    rows.collect()
}

/// The record of every rule that ever raised a card, in the order of the playbook, then those that it no longer has.
pub(super) fn records(engine: &Engine, language: &str) -> Vec<Record> {
    let (priors, rules) = (engine.priors(), &engine.advisor().playbook().rules);
    let own = rules.iter().map(|rule| {
        let words = rule.words.get(language).or_else(|| rule.words.get("en"));
        (rule.name.clone(), words.map_or_else(|| rule.name.clone(), |words| words.title.clone()))
    });
    let gone = priors.rules.keys().filter(|name| rules.iter().all(|rule| rule.name != **name)).map(|name| (name.clone(), name.clone()));
    let rows = own.chain(gone).map(|(rule, title)| {
        let record = priors.rules.get(&rule).copied().unwrap_or_default().and(of_this_live(&rule, engine));
        Record { rule, title, record }
    });
    rows.filter(|row| row.record != RuleRecord::default()).collect()
}

/// Acts, those with the greatest measured effect first, then by time.
pub(super) fn acts(engine: &Engine, figures: &Figures) -> Vec<Act> {
    let views = engine.interventions();
    let mut rows: Vec<Act> = figures
        .interventions
        .iter()
        .map(|row| Act {
            id: row.id.clone(),
            kind: row.kind,
            sku: row.sku.clone().filter(|sku| !sku.is_empty()),
            started: row.started,
            ended: row.ended,
            parameters: row.parameters.clone(),
            advice: row.advice.clone(),
            withdrawn: row.withdrawn,
            overlaps: views.iter().any(|view| view.id == row.id && view.overlaps),
            impact: serde_json::to_value(&row.impact).ok().and_then(|impact| serde_json::from_value(impact).ok()).unwrap_or_default(),
        })
        .collect();
    let rank = |act: &Act| act.impact.ratio.unwrap_or(f64::NEG_INFINITY);
    rows.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.started.cmp(&b.started)).then(a.id.cmp(&b.id)));
    rows
}

pub(super) fn marks(engine: &Engine, skus: &Skus) -> Vec<Mark> {
    let log = engine.log();
    let row = |at, withdrawn, kind, subject: String, sku: Option<String>, operator: Option<&str>| Mark {
        at,
        kind,
        subject,
        sku,
        operator: operator.map(str::to_owned),
        withdrawn,
    };
    // a card that left by itself tells so in its own row
    let left = |what: &Logged<'_>| matches!(what, Logged::Advice { turn: AdviceTurn::Expired | AdviceTurn::Superseded, .. });
    log.iter()
        .filter(|entry| !left(&entry.what))
        .map(|entry| {
            let row = |kind, subject: &str, product: Option<Sym>, operator| {
                row(entry.at, entry.withdrawn, kind, subject.to_owned(), skus.text(product), operator)
            };
            let sku = |product| skus.text(Some(product)).unwrap_or_default();
            match entry.what {
                Logged::Pinned { product } => row("pin", &sku(product), Some(product), None),
                Logged::Unpinned { product } => row("unpin", &product.map(sku).unwrap_or_default(), product, None),
                Logged::Cue { segment, .. } => row("cue", segment, None, None),
                Logged::Started { kind, product, operator, .. } => row("act", kind.id(), product, operator),
                Logged::Ended { kind, product, operator, .. } => row("act_ended", kind.id(), product, operator),
                Logged::Withdrawn { kind, product, operator, .. } => row("act_withdrawn", kind.id(), product, operator),
                Logged::Note { text, operator } => row("note", text, None, operator),
                Logged::Figure { metric, value } => row("figure", &format!("{metric} {value}"), None, None),
                Logged::Sale { value } => row("figure", &format!("sale {value}"), None, None),
                Logged::Corrected { target, .. } => row("correction", target, None, None),
                Logged::Advice { rule, .. } => row("advice", rule, None, None),
                Logged::FeedLost { feed } => row("feed_lost", feed, None, None),
                Logged::FeedBack { feed } => row("feed_back", feed, None, None),
                Logged::Closed => row("closed", "", None, None),
            }
        })
        .collect()
}

/// When a feed was lost and when it was back, else the end.
pub(super) fn away(engine: &Engine, end: Option<At>) -> Vec<(At, At)> {
    let log = engine.log();
    let lost = log.iter().enumerate().filter_map(|(place, entry)| match entry.what {
        Logged::FeedLost { feed } => Some((place, entry.at, feed)),
        _ => None,
    });
    lost.filter_map(|(place, at, feed)| {
        let back = log.iter().skip(place).find(|entry| matches!(entry.what, Logged::FeedBack { feed: other } if other == feed));
        Some((at, back.map(|entry| entry.at).or(end)?))
    })
    .collect()
}
