//! The report tells the engine's figures, in every form, whatever text the feeds bring.
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/totals.rs"]
mod totals;

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use warroom::app::reporting::{Request, Spoken, run};
use warroom::config::playbook;
use warroom::engine::event::{Fact, Record};
use warroom::engine::metric::{Metric, Scope, Value};
use warroom::engine::plan::Plan;
use warroom::engine::time::Span;
use warroom::engine::{Arrival, Engine};
use warroom::journal::{Journal, JournalBatch};
use warroom::report::{Background, Report, Written, csv, document, html, markdown, tables, write};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;
use warroom::summary::Folded;
use warroom::ui::words::Lang;

/// The simulated broadcast, folded once for all tests.
static DEMO: LazyLock<Folded> = LazyLock::new(|| {
    let scenario = Scenario::demo().unwrap();
    let mut engine = Engine::new(scenario.plan(), Arrival::Live);
    engine.arm(playbook::shipped());
    for record in Records::new(scenario, 1).unwrap() {
        engine.step(&record);
    }
    let at = engine.tally().to;
    Folded { engine, reports: Vec::new(), at }
});

fn voice(lang: Lang) -> Spoken {
    Spoken::new(lang, DEMO.engine.plan().time_zone)
}

fn made(input: &Path, plan: Option<Plan>, out: &Path) -> Written {
    run(&Request { inputs: vec![input.display().to_string()], plan, out: out.to_owned(), ..Request::default() }).unwrap().written
}

/// Rows of an RFC 4180 file.
fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {
                letters.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    assert!(cell.is_empty() && row.is_empty() && !quoted, "the file ends with a line end");
    rows
}

fn column(rows: &[Vec<String>], name: &str) -> usize {
    rows[0].iter().position(|head| head == name).unwrap()
}

fn file(report: &Report, name: &str) -> Vec<Vec<String>> {
    parse(&csv::print(tables::all(report).iter().find(|table| table.name == name).unwrap()))
}

/// A reading as a CSV writes it.
fn cell(value: Value) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::Money(money) => money.text(),
        Value::Number(number) => number.to_string(),
        Value::Unknown(_) => String::new(),
    }
}

#[test]
fn every_figure_of_products_channels_and_minutes_is_the_engines() {
    let engine = &DEMO.engine;
    let report = Report::of(&DEMO, "en", Background::default());
    let check = |rows: &[Vec<String>], row: &[String], from: usize, read: &dyn Fn(Metric) -> Value| {
        for (head, written) in rows[0].iter().zip(row).skip(from) {
            let metric = Metric::parse(head).unwrap();
            assert_eq!(*written, cell(read(metric)), "{head} of {row:?}");
        }
    };
    let rows = file(&report, "products");
    assert_eq!(rows.len(), engine.products().len() + 1);
    for row in &rows[1..] {
        let product = engine.products().into_iter().find(|product| product.sku == row[0]).unwrap().sym;
        check(&rows, row, 3, &|metric| engine.reading(metric, Scope::Product(product), Span::Live).value);
    }
    let rows = file(&report, "channels");
    for row in &rows[1..] {
        let channel = engine.channels().into_iter().find(|channel| channel.name == row[0]).unwrap().sym;
        check(&rows, row, 2, &|metric| engine.reading(metric, Scope::Channel(channel), Span::Live).value);
    }
    let rows = file(&report, "minutes");
    for (row, minute) in rows[1..].iter().zip(&report.figures.minutes) {
        assert_eq!(row[0], minute.at.rfc3339());
        check(&rows, row, 3, &|metric| engine.reading_in_minute(metric, Scope::Live, minute.at.minute()).value);
    }
}

#[test]
fn the_minutes_add_up_to_the_live() {
    let report = Report::of(&DEMO, "en", Background::default());
    let rows = file(&report, "minutes");
    let orders = column(&rows, "orders_placed");
    let sum: i64 = rows[1..].iter().filter_map(|row| row[orders].parse::<i64>().ok()).sum();
    assert_eq!(Value::Count(sum), DEMO.engine.reading(Metric::OrdersPlaced, Scope::Live, Span::Live).value);
}

#[test]
fn what_is_not_known_is_a_dash_with_its_reason() {
    let engine = Engine::new(Plan::default(), Arrival::Files);
    let report = Report::of(&Folded { engine, reports: Vec::new(), at: None }, "en", Background::default());
    let page = html::print(&document::compose(&report, &voice(Lang::En)));
    assert!(page.contains("— <small>no feed gives it</small>"), "{page}");
    assert!(!page.contains("R$ 0"), "nothing is told as zero");
}

#[test]
fn the_report_ends_with_at_most_five_changes_each_with_evidence_in_both_languages() {
    for lang in Lang::ALL {
        let report = Report::of(&DEMO, lang.id(), Background::default());
        assert!((1..=5).contains(&report.proposals.len()), "{:?}", report.proposals);
        let text = markdown::print(&document::compose(&report, &voice(lang)));
        assert_eq!(text.matches("- [ ] ").count(), report.proposals.len());
        for key in ["report-", "lesson-", "evidence-", "metric-", "why-", "act-", "mark-", "verdict-"] {
            assert!(!text.contains(&format!(" {key}")), "{key} is not in the catalogue of {}", lang.id());
        }
    }
}

#[test]
fn the_page_asks_for_nothing_and_runs_nothing() {
    let page = html::print(&document::compose(&Report::of(&DEMO, "en", Background::default()), &voice(Lang::En)));
    for foreign in ["<script", "http://", "https://", "<link", "@import", "url(", " onload", "<img", "<iframe"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
}

#[test]
fn hostile_text_through_every_name_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let (input, plan) = hostile::broadcast(folder.path());
    let written = made(&input, Some(plan), folder.path());
    assert_eq!(written.folder.parent(), Some(folder.path()), "no path in a file name");
    let page = fs::read_to_string(&written.html).unwrap();
    for markup in ["<script", "<img", "</style><script", "<b>"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"), "it is shown as text");
    let text = fs::read_to_string(written.folder.join("report.md")).unwrap();
    assert!(!text.contains("<script") && !text.contains("<img"));
    assert!(serde_json::from_str::<serde_json::Value>(&fs::read_to_string(written.folder.join("report.json")).unwrap()).is_ok());
    for name in ["products.csv", "channels.csv", "minutes.csv", "interventions.csv", "segments.csv", "marks.csv", "explains.csv"] {
        let rows = parse(&fs::read_to_string(written.folder.join(name)).unwrap());
        for row in &rows {
            assert_eq!(row.len(), rows[0].len(), "{name}: {row:?}");
            for cell in row.iter().filter(|cell| cell.parse::<f64>().is_err()) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']), "{name}: {cell:?}");
            }
        }
        assert!(rows.len() > 1, "{name}");
    }
}

#[test]
fn a_damaged_journal_makes_a_report_that_names_the_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torn.warroom");
    let scenario = Scenario::demo().unwrap();
    let mut writer = Journal::create(&path, &scenario.plan()).unwrap();
    let records: Arc<[Record]> =
        Records::new(scenario, 1).unwrap().take(3_000).filter(|record| !(1_001..=1_200).contains(&record.seq)).collect();
    writer.append(JournalBatch { records, ..JournalBatch::default() });
    assert!(!writer.close().ever_failed);
    let written = made(&path, None, folder.path());
    let page = fs::read_to_string(&written.html).unwrap();
    assert!(page.contains("torn.warroom is damaged: 200 records are missing (numbers 1001–1200)"), "the gap is named");
    assert!(!page.contains(&folder.path().display().to_string()), "no path of this machine");
}

#[test]
fn written_again_the_report_is_the_same_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(&Report::of(&DEMO, "pt-BR", Background::default()), &voice(Lang::PtBr), folder.path()).unwrap();
    let page = fs::read(&first.html).unwrap();
    let again = write(&Report::of(&DEMO, "pt-BR", Background::default()), &voice(Lang::PtBr), folder.path()).unwrap();
    assert_eq!(fs::read(&again.html).unwrap(), page);
    let mut names: Vec<String> =
        fs::read_dir(&again.folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "advice.csv",
            "broadcast.csv",
            "channels.csv",
            "explains.csv",
            "gestures.csv",
            "interventions.csv",
            "marks.csv",
            "minutes.csv",
            "price_bands.csv",
            "products.csv",
            "report.html",
            "report.json",
            "report.md",
            "report.sqlite",
            "rules.csv",
            "segments.csv"
        ]
    );
}

#[test]
fn every_analysis_stands_in_the_report_of_a_live() {
    let report = Report::of(&DEMO, "en", Background::default());
    let document = document::compose(&report, &voice(Lang::En));
    let ids: Vec<&str> = document.sections.iter().map(|section| section.id).collect();
    assert_eq!(ids, totals::SECTIONS);
    let text = markdown::print(&document);
    let shown = ["Each time on air", "On air: fit of each product", "Best minutes", "Hosts", "Kinds of segment"];
    for title in shown.into_iter().chain(totals::TOLD).chain(["Recommendations by what became of them"]) {
        assert!(text.contains(title), "{title}");
    }
}

#[test]
fn the_reports_figures_are_the_summarys_to_the_byte() {
    let report = Report::of(&DEMO, "en", Background::default());
    assert_eq!(serde_json::to_string(&report.figures).unwrap(), warroom::summary::Figures::of(&DEMO).json());
}

#[test]
fn minutes_on_air_and_off_add_up_and_buyers_too() {
    let engine = &DEMO.engine;
    let report = Report::of(&DEMO, "en", Background::default());
    assert!(report.air.len() > 3);
    for air in &report.air {
        let product = engine.products().into_iter().find(|product| product.sku == air.sku).unwrap().sym;
        let orders = air.orders.unwrap();
        assert_eq!(Value::Count(orders.on + orders.off), engine.reading(Metric::OrdersPlaced, Scope::Product(product), Span::Live).value);
    }
    let sum = |of: fn(&warroom::report::model::BuyerRow) -> i64| report.buyers.iter().map(of).sum::<i64>();
    assert_eq!(Value::Count(sum(|row| row.buyers)), engine.reading(Metric::Buyers, Scope::Live, Span::Live).value);
    assert_eq!(Value::Count(sum(|row| row.orders)), engine.reading(Metric::OrdersPlaced, Scope::Live, Span::Live).value);
    let Value::Money(paid) = engine.reading(Metric::GmvPaid, Scope::Live, Span::Live).value else { panic!("paid") };
    assert_eq!(sum(|row| row.paid.unwrap().minor), paid.minor);
}

#[test]
fn questions_are_answered_not_answered_or_open() {
    let count = |metric| match DEMO.engine.reading(metric, Scope::Live, Span::Live).value {
        Value::Count(count) => count,
        other => panic!("{metric:?}: {other:?}"),
    };
    let (asked, answered, unanswered) = (count(Metric::Questions), count(Metric::QuestionsAnswered), count(Metric::QuestionsUnanswered));
    let open: i64 = DEMO.engine.questions().iter().map(|open| i64::from(open.count)).sum();
    assert!(asked > 100 && answered > 0, "{asked} {answered}");
    assert_eq!(asked, answered + unanswered + open);
}

#[test]
fn a_lesson_is_judged_by_its_own_figure_in_the_live_that_followed_it() {
    use warroom::report::lesson::Lesson;
    let learned = Report::of(&DEMO, "en", Background::default());
    let words = warroom::report::sections::ticks(&document::Writer { report: &learned, voice: &voice(Lang::En) });
    let at = DEMO.at.unwrap();
    let mut lessons: Vec<Lesson> =
        learned.proposals.iter().zip(&words).map(|(proposal, said)| Lesson::ticked(&learned, proposal, said.clone(), at)).collect();
    for lesson in &mut lessons {
        "an-earlier-live".clone_into(&mut lesson.from_live);
    }
    let measured = lessons.iter_mut().find(|lesson| lesson.parameters.measure.is_some()).expect("a proposal that is known by a figure");
    let less_is_better = measured.parameters.measure.as_ref().unwrap().less_is_better;
    // as if it had stood at half of what it is now
    measured.parameters.measure.as_mut().unwrap().then.numerator /= 2.0;
    let (id, text) = (measured.id.clone(), measured.text.clone());
    let scenario = Scenario::demo().unwrap();
    let mut engine = Engine::new(Plan { lessons: vec![text, "nobody knows it".into()], ..scenario.plan() }, Arrival::Live);
    // The broadcast's own plan would take the place of this one.
    for record in Records::new(scenario, 1).unwrap().filter(|record| !matches!(record.event.fact, Fact::Plan(_))) {
        engine.step(&record);
    }
    let folded = Folded { at: engine.tally().to, engine, reports: Vec::new() };
    let report = Report::of(&folded, "en", Background { lessons, ..Background::default() });
    let [followed, unknown] = report.followed.as_slice() else { panic!("{:?}", report.followed) };
    assert_eq!(followed.id, id);
    let outcome = followed.outcome.as_ref().unwrap();
    assert!((outcome.ratio.unwrap() - 2.0).abs() < 1e-6, "{outcome:?}");
    let (low, better) = (outcome.low.unwrap(), if less_is_better { "worse" } else { "better" });
    assert_eq!(outcome.verdict, if low > 1.0 { better } else { "cant_tell" });
    assert!(unknown.outcome.is_none() && unknown.text == "nobody knows it");
}
