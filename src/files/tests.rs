//! Tests of the module beside it.

use std::io::Write;

use super::*;
use crate::engine::event::{Event, Fact};
use crate::engine::time::HOUR_MS;

#[derive(Default)]
struct Seen {
    arrival: Option<Arrival>,
    plan: Plan,
    records: Vec<Record>,
}

impl Fold for Seen {
    fn begin(&mut self, arrival: Arrival, plan: &Plan) {
        *self = Self { arrival: Some(arrival), plan: plan.clone(), records: Vec::new() };
    }
    fn step(&mut self, record: &Record) {
        self.records.push(record.clone());
    }
}

const START: i64 = 1_795_303_860_000;

fn at(ms: i64) -> String {
    At::from_ms(START + ms).rfc3339()
}

fn note(ms: i64, text: &str) -> String {
    format!(r#"{{"type":"note","id":"n{ms}-{text}","ts":"{}","text":"{text}"}}"#, at(ms))
}

fn folded(files: &[Vec<String>], plan: Option<Plan>, until: Option<At>) -> (Seen, Vec<InputReport>) {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<String> = files
        .iter()
        .enumerate()
        .map(|(number, lines)| {
            let path = folder.path().join(format!("{number}.ndjson"));
            let mut file = std::fs::File::create(&path).unwrap();
            for line in lines {
                writeln!(file, "{line}").unwrap();
            }
            path.to_str().unwrap().to_owned()
        })
        .collect();
    let mut seen = Seen::default();
    let reports = Inputs::open(&paths).unwrap().fold(plan, until, &mut seen).unwrap();
    (seen, reports)
}

fn texts(seen: &Seen) -> Vec<String> {
    seen.records
        .iter()
        .map(|record| match &record.event.fact {
            Fact::Note(note) => note.text.to_string(),
            other => other.type_id().to_owned(),
        })
        .collect()
}

fn shuffled(mut lines: Vec<String>) -> Vec<String> {
    let mut state = 7u64;
    for place in (1..lines.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lines.swap(place, (state >> 33) as usize % (place + 1));
    }
    lines
}

#[test]
fn records_come_by_time_whatever_the_order_of_the_lines() {
    let lines: Vec<String> = (0..30_000).map(|n| note(n, "x")).collect();
    let expected: Vec<At> = (0..30_000).map(|n| At::from_ms(START + n)).collect();
    for files in [vec![lines.clone()], vec![shuffled(lines.clone())], lines.chunks(11_000).map(<[String]>::to_vec).rev().collect(), {
        let (odd, even): (Vec<_>, Vec<_>) = lines.iter().cloned().enumerate().partition(|(n, _)| n % 2 == 1);
        [odd, even].map(|half| half.into_iter().map(|(_, line)| line).collect()).to_vec()
    }] {
        let (seen, reports) = folded(&files, None, None);
        assert!(seen.records.iter().map(|record| record.at).eq(expected.iter().copied()));
        assert!(seen.records.iter().map(|record| record.seq).eq(1..=30_000));
        assert_eq!(reports.iter().map(|report| report.received).sum::<u64>(), 30_000);
    }
}

#[test]
fn what_happens_at_the_same_instant_has_one_order() {
    let same =
        |kind: &str, id: &str, source: &str| format!(r#"{{"type":"{kind}","id":"{id}","ts":"{}","source":"{source}","sku":"A"}}"#, at(0));
    let lines = vec![
        same("view_item", "2", "b"),
        same("view_item", "1", "b"),
        same("select_item", "9", "b"),
        same("view_item", "3", "a"),
        r#"{"sku":"A", "ts":"#.to_owned() + &format!("{},", START) + r#""type":"view_item","source":"b","id":"2"}"#,
    ];
    let (first, _) = folded(std::slice::from_ref(&lines), None, None);
    let ids: Vec<&str> = first.records.iter().filter_map(|record| record.event.id.as_deref()).collect();
    assert_eq!(ids, ["3", "9", "1", "2", "2"]);
    let (turned, _) = folded(&[lines.into_iter().rev().collect()], None, None);
    assert_eq!(first.records, turned.records);
}

#[test]
fn bad_lines_are_put_aside_with_their_place_and_the_rest_goes_on() {
    let lines = vec![
        "\u{feff}".to_owned() + &note(0, "a"),
        String::new(),
        "{\"type\":\u{1b}[31m".to_owned(),
        note(1, "b"),
        r#"{"type":"sale"}"#.to_owned(),
        "x".repeat(5 << 20),
        note(2, "c"),
    ];
    let (seen, reports) = folded(&[lines], None, None);
    assert_eq!(texts(&seen), ["a", "b", "c"]);
    let report = &reports[0];
    assert_eq!((report.received, report.quarantined()), (7, 3));
    let samples: Vec<(&str, &str)> = report.samples.iter().map(|s| (s.place.as_str(), s.reason.id())).collect();
    assert_eq!(samples, [("3", "not_json"), ("5", "unknown_type"), ("6", "not_json")]);
    assert!(!report.samples[0].beginning.contains('\u{1b}'));
}

#[test]
fn an_input_that_is_missing_is_an_error() {
    let missing = Inputs::open(&["/nowhere/at/all.ndjson".to_owned()]).unwrap();
    assert!(matches!(missing.fold(None, None, &mut Seen::default()), Err(FilesError::Unreadable { .. })));
}

fn plan_line(ms: i64, name: &str, currency: &str) -> String {
    format!(r#"{{"type":"plan","ts":"{}","body":{{"name":"{name}","currency":"{currency}"}}}}"#, at(ms))
}

#[test]
fn the_first_plan_is_stepped_first_and_its_currency_counts_from_the_first_line() {
    let sale = format!(r#"{{"type":"purchase","order":"1","ts":"{}","value":"500"}}"#, at(1));
    let (seen, _) =
        folded(&[vec![sale.clone(), note(2, "a"), plan_line(3, "one", "JPY"), plan_line(4, "two", "JPY"), note(5, "b")]], None, None);
    assert_eq!(texts(&seen), ["plan", "purchase", "a", "plan", "b"]);
    assert_eq!(seen.plan.name, "one");
    assert_eq!(seen.records[0].at, At::from_ms(START + 1));
    let Fact::Purchase(order) = &seen.records[1].event.fact else { panic!() };
    assert_eq!(order.value.minor, 500);

    let given = Plan { name: "mine".to_owned(), ..Plan::default() };
    let (seen, _) = folded(&[vec![sale, plan_line(3, "one", "JPY")]], Some(given), None);
    assert_eq!((texts(&seen), seen.plan.name.as_str()), (vec!["purchase".to_owned()], "mine"));
}

#[test]
fn a_trailing_control_record_does_not_make_the_end_later() {
    let closed = format!(r#"{{"type":"closed","ts":"{}"}}"#, at(9_000_000));
    let (seen, _) = folded(&[vec![note(0, "a"), closed]], None, None);
    assert_eq!(texts(&seen), ["a", "closed"]);
    assert_eq!(seen.records[1].at, At::from_ms(START));
}

#[test]
fn an_export_is_stepped_as_it_arrived() {
    let arrived = |seq: u64, ms: i64, text: &str| {
        note(ms, text).replacen('{', &format!(r#"{{"seq":{seq},"at":"{}","#, at(ms.max(100) + seq as i64)), 1)
    };
    let lines = vec![arrived(3, 400, "c"), arrived(5, 50, "late"), arrived(9, 900, "z")];
    for lines in [lines.clone(), lines.into_iter().rev().collect()] {
        let (seen, _) = folded(&[lines], None, None);
        assert_eq!(seen.arrival, Some(Arrival::Live));
        assert_eq!(texts(&seen), ["late", "c", "z"]);
        assert!(seen.records.iter().map(|record| record.seq).eq([5, 3, 9]));
    }
}

#[test]
fn only_48_hours_count() {
    let hours = |h: i64, text: &str| note(h * HOUR_MS, text);
    let lines =
        vec![hours(0, "a"), hours(1, "a"), hours(1, "a"), hours(1, "a"), hours(60, "b"), hours(61, "b"), hours(62, "b"), hours(200, "c")];
    for lines in [lines.clone(), shuffled(lines.clone())] {
        let (seen, reports) = folded(&[lines], None, None);
        assert_eq!(texts(&seen), ["b", "b", "b"]);
        assert_eq!(reports[0].quarantine.get(&Quarantine::Span), Some(&5));
    }
    let plan = Plan { starts_at: Some(At::from_ms(START + HOUR_MS)), ..Plan::default() };
    let (seen, _) = folded(&[lines], Some(plan), None);
    assert_eq!(texts(&seen), ["a", "a", "a"]);
}

#[test]
fn until_drops_what_happened_later() {
    let (seen, _) = folded(&[vec![note(0, "a"), note(1, "b"), note(2, "c")]], None, Some(At::from_ms(START + 1)));
    assert_eq!(texts(&seen), ["a", "b"]);
}

#[test]
fn a_journal_and_its_export_give_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.warroom");
    let mut writer = journal::Journal::create(&path, &Plan::default()).unwrap();
    let event = |ms: i64| -> Event { crate::engine::wire::read(&note(ms, "x"), &Default::default()).unwrap().event };
    let records: Vec<Record> =
        (1..=10_000).map(|n| Record { seq: n, at: At::from_ms(START + n as i64), event: event(n as i64 - 5) }).collect();
    for chunk in records.chunks(1_000) {
        writer.append(journal::JournalBatch {
            feed: "f".into(),
            records: chunk.into(),
            cursor: None,
            quarantined: Vec::new(),
            committed: None,
            by_cursor: false,
        });
    }
    let closing = writer.close();
    assert_eq!(closing.lost, 0);
    let export = folder.path().join("export.ndjson");
    journal::export::export(&journal::Reader::open(&path).unwrap(), &mut std::fs::File::create(&export).unwrap()).unwrap();
    let fold = |path: &Path| {
        let (mut seen, gauge) = (Seen::default(), Arc::<Gauge>::default());
        assert_eq!(gauge.share(), None, "nothing is opened yet");
        let inputs = Inputs::open(&[path.to_str().unwrap().to_owned()]).unwrap().measured(Arc::clone(&gauge));
        inputs.fold(None, None, &mut seen).unwrap();
        assert!(gauge.share().unwrap() > 0.99, "{:?}", gauge.share());
        assert_eq!(gauge.events(), 10_001);
        (seen.arrival, seen.records)
    };
    let (from_journal, from_export) = (fold(&path), fold(&export));
    assert_eq!((from_journal.0, from_journal.1.len()), (Some(Arrival::Live), 10_001));
    assert!(from_journal.1[1..] == from_export.1[1..], "{:?} against {:?}", from_journal.1.get(1), from_export.1.get(1));
}
