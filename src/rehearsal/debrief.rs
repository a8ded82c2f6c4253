//! The debrief of a play: its score as JSON and as Markdown. Words come from the catalogue, handed in by who asks.

use std::fmt::Write;

use super::progress::Course;
use super::score::{ActScore, Books, IncidentScore, Score};
use crate::engine::money::Money;

/// Finds a word of the catalogue by its id.
pub type Words<'a> = &'a dyn Fn(&str) -> String;

/// The score as one JSON object.
#[must_use]
pub fn json(score: &Score) -> String {
    serde_json::to_string_pretty(score).unwrap_or_default()
}

/// The debrief as Markdown.
#[must_use]
pub fn markdown(score: &Score, course: Option<&Course>, word: Words<'_>) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "# {}\n", score.title);
    let _ = writeln!(
        text,
        "{} {} · {} {}–{}\n",
        word("debrief-seed"),
        score.seed,
        word("debrief-played"),
        clock(score.from_s),
        clock(score.to_s)
    );
    write_money(score, word, &mut text);
    write_incidents(score, word, &mut text);
    write_acts(&score.acts, "debrief-acts", score, word, &mut text);
    write_acts(&score.best.acts, "debrief-best-acts", score, word, &mut text);
    if let Some(course) = course.filter(|course| course.plays > 1) {
        write_course(course, word, &mut text);
    }
    let _ = writeln!(text, "_{}_", word("debrief-curves"));
    text
}

/// Seconds of the live as `h:mm:ss`.
fn clock(second: i64) -> String {
    format!("{}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

fn amount(minor: i64, score: &Score) -> String {
    Money::new(minor, score.currency).to_string()
}

fn write_money(score: &Score, word: Words<'_>, text: &mut String) {
    if let Some(reached) = score.reached {
        let _ = writeln!(text, "**{}: {:.0} %**\n", word("debrief-reached"), reached * 100.0);
    }
    let mut columns = vec![
        (word("debrief-you"), score.played),
        (word("debrief-nobody"), score.nobody),
        (format!("{} ({} {})", word("debrief-best"), score.best.runs, word("debrief-runs")), score.best.books),
    ];
    columns.extend(score.followed.map(|followed| (word("debrief-followed"), followed)));
    let heads: Vec<&str> = columns.iter().map(|(head, _)| head.as_str()).collect();
    let _ = writeln!(text, "| | {} |\n|---|{}", heads.join(" | "), "---:|".repeat(heads.len()));
    type Cell<'a> = &'a dyn Fn(&Books) -> String;
    let rows: [(&str, Cell<'_>); 7] = [
        ("debrief-margin", &|books| amount(books.margin_minor, score)),
        ("debrief-paid", &|books| amount(books.gmv_paid_minor, score)),
        ("debrief-orders", &|books| books.orders_paid.to_string()),
        ("debrief-stock", &|books| books.stock_left.to_string()),
        ("debrief-oversold", &|books| books.oversold.to_string()),
        ("debrief-recovered", &|books| books.carts_recovered.to_string()),
        ("debrief-answered", &|books| format!("{}/{}", books.questions_answered, books.questions)),
    ];
    for (id, cell) in rows {
        let cells: Vec<String> = columns.iter().map(|(_, books)| cell(books)).collect();
        let _ = writeln!(text, "| {} | {} |", word(id), cells.join(" | "));
    }
    text.push('\n');
}

fn write_incidents(score: &Score, word: Words<'_>, text: &mut String) {
    let _ = writeln!(text, "## {}\n", word("debrief-incidents"));
    let heads = ["debrief-when", "debrief-what", "debrief-met", "debrief-detect", "debrief-tell", "debrief-act", "debrief-right"].map(word);
    let _ = writeln!(text, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for incident in &score.incidents {
        let _ = writeln!(text, "| {} |", incident_cells(incident, word).join(" | "));
    }
    text.push('\n');
}

fn incident_cells(incident: &IncidentScore, word: Words<'_>) -> [String; 7] {
    let seconds = |value: Option<i64>| value.map_or_else(|| "—".to_owned(), |s| format!("{s} s"));
    let name = word(&format!("incident-{}", incident.incident.id().replace('_', "-")));
    let met = serde_json::to_value(incident.met).ok().and_then(|v| v.as_str().map(|s| s.replace('_', "-"))).unwrap_or_default();
    let right: Vec<String> = incident.right.iter().map(|kind| word(&format!("act-{}", kind.id().replace('_', "-")))).collect();
    [
        clock(incident.from_s),
        incident.sku.as_ref().map_or_else(|| name.clone(), |sku| format!("{name} {sku}")),
        word(&format!("met-{met}")),
        seconds(incident.detected_s),
        seconds(incident.told_s),
        seconds(incident.acted_s),
        if right.is_empty() { word("debrief-nothing") } else { right.join(", ") },
    ]
}

fn write_acts(acts: &[ActScore], head: &str, score: &Score, word: Words<'_>, text: &mut String) {
    let _ = writeln!(text, "## {}\n", word(head));
    if acts.is_empty() {
        let _ = writeln!(text, "{}\n", word("debrief-nothing"));
        return;
    }
    let heads = ["debrief-when", "debrief-what", "debrief-verdict", "debrief-worth"].map(word);
    let _ = writeln!(text, "| {} |\n|---|---|---|---:|", heads.join(" | "));
    for act in acts {
        let name = word(&format!("act-{}", act.kind.id().replace('_', "-")));
        let what = act.sku.as_ref().map_or_else(|| name.clone(), |sku| format!("{name} {sku}"));
        let verdict = serde_json::to_value(act.verdict).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        let (when, verdict) = (clock(act.at_s), word(&format!("verdict-{verdict}")));
        let _ = writeln!(text, "| {when} | {what} | {verdict} | {} |", amount(act.worth_minor, score));
    }
    text.push('\n');
}

fn write_course(course: &Course, word: Words<'_>, text: &mut String) {
    let percent = |share: Option<f64>| share.map_or_else(|| "—".to_owned(), |share| format!("{:.0} %", share * 100.0));
    let seconds = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), |s| format!("{s:.0} s"));
    let _ = writeln!(text, "## {}\n", word("debrief-progress"));
    let (plays, last) = (course.plays, &course.last);
    let _ = writeln!(text, "- {}: {plays}", word("debrief-plays"));
    let _ = writeln!(
        text,
        "- {}: {} ({} {})",
        word("debrief-reached"),
        percent(last.reached),
        word("debrief-before"),
        percent(course.best_before)
    );
    let _ = writeln!(
        text,
        "- {}: {} ({} {})\n",
        word("debrief-act"),
        seconds(last.acted_s),
        word("debrief-before"),
        seconds(course.fastest_before_s)
    );
}
