//! The journal under use, crashes and damage.
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

use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use warroom::clock;
use warroom::engine::event::{Quarantine, Record};
use warroom::engine::plan::Plan;
use warroom::engine::time::At;
use warroom::engine::wire::{self, Defaults};
use warroom::engine::{Arrival, Engine};
use warroom::journal::{Health, Journal, JournalBatch, JournalError, Quarantined, Reader, Writer, export, write};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;

/// Against hangs only.
const PATIENCE: Duration = Duration::from_secs(60);

fn record(seq: u64) -> Record {
    let at = At::from_ms(1_795_303_864_120 + i64::try_from(seq).unwrap() * 7);
    let line = match seq % 3 {
        0 => format!(
            r#"{{"type":"purchase","id":"p-{seq}","ts":"{}","source":"shop","currency":"BRL","order":"{seq}","rev":"{seq}","status":"paid","value":"259.80","items":[{{"sku":"LIP-01","quantity":2,"price":"129.90"}}],"channel":{{"source":"instagram","medium":"paid_social"}},"gift_note":"a \"quoted\", {{odd}} one"}}"#,
            at.rfc3339()
        ),
        1 => format!(r#"{{"type":"view_item","id":"v-{seq}","ts":"{}","source":"shop","sku":"LIP-01","visitor":"u{seq}"}}"#, at.rfc3339()),
        _ => format!(r#"{{"type":"chat_message","id":"c-{seq}","ts":"{}","author":"u1","text":"tem na cor preta?"}}"#, at.rfc3339()),
    };
    Record { seq, at, event: wire::read(&line, &Defaults::default()).unwrap().event }
}

fn batch(from: u64, to: u64) -> JournalBatch {
    JournalBatch {
        feed: "shop".into(),
        records: (from..=to).map(record).collect(),
        cursor: Some(to.to_string()),
        ..JournalBatch::default()
    }
}

fn plan() -> Plan {
    Plan { name: "terca".into(), starts_at: Some(At::from_ms(1_795_303_800_000)), ..Plan::default() }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes records 1 to `last` and closes.
fn written(path: &Path, last: u64) {
    let mut writer = Journal::create(path, &plan()).unwrap();
    for from in (1..=last).step_by(100) {
        writer.append(batch(from, (from + 99).min(last)));
    }
    let closing = writer.close();
    assert!(!closing.ever_failed, "{closing:?}");
}

fn seqs(path: &Path) -> Vec<u64> {
    Reader::open(path).unwrap().records().map(|record| record.seq).collect()
}

fn wait_until(mut reached: impl FnMut() -> bool) {
    let until = clock::instant() + PATIENCE;
    while !reached() {
        assert!(clock::instant() < until, "waited too long");
        std::thread::yield_now();
    }
}

#[test]
fn what_is_written_is_read_back_exactly() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    let records: Arc<[Record]> = (1..=300).map(record).collect();
    let quarantined = Quarantined {
        feed: "shop".into(),
        place: "12".into(),
        reason: Quarantine::BadMoney,
        detail: "value".into(),
        beginning: "{\"value\":1e3}".into(),
        at: At::from_ms(5),
    };
    let (committed, answer) = oneshot::channel();
    writer.append(JournalBatch {
        feed: "shop".into(),
        records: Arc::clone(&records),
        cursor: Some("page 3".into()),
        quarantined: vec![quarantined.clone()],
        committed: Some(committed),
        by_cursor: true,
    });
    assert!(answer.blocking_recv().unwrap());
    writer.remember("figures", "{}".into());
    let closing = writer.close();
    assert_eq!((closing.lost, closing.ever_failed), (0, false));

    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the journal");
    let reader = Reader::open(&path).unwrap();
    let mut read = reader.records();
    assert!(read.by_ref().eq(records.iter().cloned()));
    assert!(read.losses().is_empty());
    assert_eq!(reader.plan(), Some(&plan()));
    assert_eq!(reader.cursors(), [("shop".into(), "page 3".to_owned())]);
    assert_eq!(reader.quarantined(), [quarantined]);
    assert_eq!(reader.recall("figures").as_deref(), Some("{}"));
    drop(reader);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the journal");
}

#[test]
fn an_opened_journal_goes_on_where_it_ended() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    written(&path, 250);
    let mut writer = Journal::open_for_writing(&path).unwrap();
    assert_eq!((writer.last_seq(), writer.last_at()), (250, record(250).at));
    writer.append(batch(251, 300));
    assert!(!writer.close().ever_failed);
    assert_eq!(seqs(&path), (1..=300).collect::<Vec<_>>());
}

#[test]
fn a_follower_sees_what_is_committed_while_it_is_written() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    let reader = Reader::open(&path).unwrap();
    let mut tail = reader.tail(0);
    assert_eq!(tail.next(), None);
    for round in 0..5u64 {
        let (committed, answer) = oneshot::channel();
        writer.append(JournalBatch { committed: Some(committed), ..batch(round * 10 + 1, round * 10 + 10) });
        assert!(answer.blocking_recv().unwrap());
        let seen: Vec<u64> = tail.by_ref().map(|record| record.seq).collect();
        assert_eq!(seen, (round * 10 + 1..=round * 10 + 10).collect::<Vec<_>>());
    }
}

#[cfg(unix)]
#[test]
fn a_journal_and_what_sqlite_lays_beside_it_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    let (committed, answer) = oneshot::channel();
    writer.append(JournalBatch { committed: Some(committed), ..batch(1, 10) });
    assert!(answer.blocking_recv().unwrap());
    for ending in ["", "-wal", "-shm"] {
        let file = format!("{}{ending}", path.display());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_second_writer_is_refused_and_told_who_writes() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let writer = Journal::create(&path, &plan()).unwrap();
    let refused = Journal::open_for_writing(&path).unwrap_err();
    assert!(matches!(refused, JournalError::Locked { .. }));
    assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    drop(writer);
    assert!(Journal::open_for_writing(&path).is_ok());
}

#[test]
fn what_is_no_journal_is_refused_with_a_reason() {
    let folder = folder();
    let missing = folder.path().join("none.warroom");
    assert!(matches!(Reader::open(&missing), Err(JournalError::Missing { .. })));
    let text = folder.path().join("text.warroom");
    std::fs::write(&text, "{\"type\":\"note\"}\n".repeat(400)).unwrap();
    assert!(matches!(Reader::open(&text), Err(JournalError::Foreign { .. })));
    assert!(matches!(Journal::open_for_writing(&text), Err(JournalError::Foreign { .. })));
    assert!(matches!(Journal::create(&text, &plan()), Err(JournalError::Exists { .. })));
    let foreign = folder.path().join("foreign.warroom");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
    assert!(matches!(Reader::open(&foreign), Err(JournalError::Foreign { .. })));
}

#[test]
fn a_newer_format_is_read_as_far_as_it_is_known_and_never_written_to() {
    let folder = folder();
    for (format, newer) in [("2.0", Some("2.0")), ("1.9", None)] {
        let path = folder.path().join(format!("{format}.warroom"));
        written(&path, 10);
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute("UPDATE meta SET value = ?1 WHERE key = 'format'", [format]).unwrap();
        let reader = Reader::open(&path).unwrap();
        let mut records = reader.records();
        assert_eq!(records.by_ref().count(), 10, "{format}");
        assert_eq!((records.losses().newer.as_deref(), records.losses().records()), (newer, 0));
        let writer = Journal::open_for_writing(&path);
        assert_eq!(writer.is_err(), newer.is_some(), "{format}");
        if let Err(error) = writer {
            assert!(error.to_string().contains("newer warroom"), "{error}");
        }
        // the records are told in another way
        connection.execute_batch("ALTER TABLE record RENAME COLUMN body TO content").unwrap();
        if let Err(error) = Reader::open(&path) {
            assert!(newer.is_some() && error.to_string().contains("update warroom"), "{error}");
        }
    }
}

#[test]
fn an_export_begins_with_the_plan_and_carries_at_and_seq() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    written(&path, 30);
    let mut out = Vec::new();
    let losses = export::export(&Reader::open(&path).unwrap(), &mut out).unwrap();
    assert!(losses.is_empty());
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<wire::Line> = text.lines().map(|line| wire::read(line, &Defaults::default()).unwrap()).collect();
    assert!(text.starts_with(r#"{"type":"plan""#));
    assert_eq!(lines.len(), 31);
    for (seq, line) in (1..=30).zip(&lines[1..]) {
        let expected = record(seq);
        assert_eq!((line.seq, line.at, &line.event), (Some(seq), Some(expected.at), &expected.event));
    }
}

#[test]
fn an_event_takes_at_most_two_hundred_bytes_on_disk() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    let source = record(1);
    let line = r#"{"type":"add_to_cart","id":"01JDC6Q8ZT-0000123","ts":"2026-11-21T23:31:04.120Z","source":"shop","currency":"BRL","sku":"SKU-00123","quantity":1,"price":"129.90","visitor":"v-0012345","cart":"c-0012345","channel":"organic"}"#;
    let event = wire::read(line, &Defaults::default()).unwrap().event;
    let last = 20_000;
    for from in (1..=last).step_by(1_000) {
        let records = (from..from + 1_000).map(|seq| Record { seq, at: source.at, event: event.clone() }).collect();
        writer.append(JournalBatch { records, ..JournalBatch::default() });
        wait_until(|| writer.has_room());
    }
    assert!(!writer.close().ever_failed);
    let each = std::fs::metadata(&path).unwrap().len() / last;
    assert!(each <= 200, "{each} bytes an event, of a line of {} bytes", line.len());
}

/// The frames of a write-ahead log: a header of 32 bytes, then 24 bytes and a page each.
fn frame_ends(wal: &[u8]) -> Vec<usize> {
    let page = u32::from_be_bytes(wal[8..12].try_into().unwrap()) as usize;
    (0..).map(|frame| 32 + frame * (24 + page)).take_while(|end| *end <= wal.len()).collect()
}

/// A journal whose records stand in the log only, as after a crash: the files, copied while the writer lives.
fn crashed(folder: &Path) -> PathBuf {
    let path = folder.join("live.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    for from in (1..=60).step_by(10) {
        let (committed, answer) = oneshot::channel();
        writer.append(JournalBatch { committed: Some(committed), ..batch(from, from + 9) });
        assert!(answer.blocking_recv().unwrap());
    }
    let copy = folder.join("crashed.warroom");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(folder.join("live.warroom-wal"), folder.join("crashed.warroom-wal")).unwrap();
    copy
}

#[test]
fn a_log_cut_anywhere_opens_at_the_last_whole_commit() {
    let folder = folder();
    let path = crashed(folder.path());
    let main = std::fs::read(&path).unwrap();
    let wal = std::fs::read(folder.path().join("crashed.warroom-wal")).unwrap();
    let ends = frame_ends(&wal);
    let mut best = 0;
    for cut in ends.iter().flat_map(|end| [*end, end + 11, end + 2_000]).filter(|cut| *cut <= wal.len()) {
        let case = folder.path().join(format!("cut-{cut}.warroom"));
        std::fs::write(&case, &main).unwrap();
        std::fs::write(folder.path().join(format!("cut-{cut}.warroom-wal")), &wal[..cut]).unwrap();
        let first = match Reader::open(&case) {
            Ok(reader) => reader.records().map(|record| record.seq).collect::<Vec<_>>(),
            Err(JournalError::Foreign { .. }) => continue,
            Err(other) => panic!("cut at {cut}: {other}"),
        };
        let last = first.len() as u64;
        assert_eq!(first, (1..=last).collect::<Vec<_>>());
        assert_eq!(last % 10, 0, "a part of a commit at {cut}");
        assert!(last >= best, "fewer records from a longer log");
        best = last;
        let mut writer = Journal::open_for_writing(&case).unwrap();
        assert_eq!(writer.last_seq(), last);
        let cursor = Reader::open(&case).unwrap().cursors().first().map(|(_, position)| position.clone());
        assert_eq!(cursor, (last > 0).then(|| last.to_string()), "cursor and records are of one commit");
        writer.append(batch(last + 1, last + 5));
        assert!(!writer.close().ever_failed);
        assert_eq!(seqs(&case).len() as u64, last + 5, "a second opening is no different");
    }
    assert_eq!(best, 60);
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn damaged_pages_keep_the_rows_of_all_others_and_tell_what_is_missing() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    written(&path, 3_000);
    let pages = std::fs::metadata(&path).unwrap().len() / 4_096;
    let noise = [0xA5u8; 4_096];
    let mut told = 0;
    for page in (1..pages).step_by(usize::try_from(pages / 23).unwrap().max(1)) {
        let case = folder.path().join(format!("page-{page}.warroom"));
        std::fs::copy(&path, &case).unwrap();
        overwrite(&case, page * 4_096, &noise);
        let Ok(reader) = Reader::open(&case) else { continue };
        let mut records = reader.records();
        let read: Vec<Record> = records.by_ref().collect();
        let losses = records.losses().clone();
        for found in &read {
            assert_eq!(*found, record(found.seq), "page {page}");
        }
        if !losses.tail {
            assert_eq!(read.len() as u64 + losses.records(), 3_000, "page {page}: {losses:?}");
        }
        told += u64::from(!losses.is_empty());
    }
    assert!(told > 15, "damage was told in {told} cases");
}

#[test]
fn a_journal_cut_short_is_salvaged_and_goes_on() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    written(&path, 3_000);
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length * 2 / 3).unwrap();
    let before = seqs(&path);
    assert!(before.len() > 1_000, "{}", before.len());
    let mut writer = Journal::open_for_writing(&path).unwrap();
    let salvaged = writer.salvaged().cloned().expect("it was damaged");
    assert_eq!(salvaged.kept, before.len() as u64);
    assert!(salvaged.losses.tail && salvaged.damaged.exists());
    assert_eq!(writer.last_seq(), *before.last().unwrap());
    let next = writer.last_seq() + 1;
    writer.append(batch(next, next + 9));
    assert!(!writer.close().ever_failed);
    assert_eq!(seqs(&path).len(), before.len() + 10);
    assert!(Journal::open_for_writing(&path).unwrap().salvaged().is_none());
}

#[test]
fn a_journal_that_is_removed_is_told_and_written_again() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    let (committed, answer) = oneshot::channel();
    writer.append(JournalBatch { committed: Some(committed), ..batch(1, 50) });
    assert!(answer.blocking_recv().unwrap());
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(folder.path().join(format!("a.warroom{ending}"))).unwrap();
    }
    writer.append(batch(51, 60));
    wait_until(|| writer.status().committed_seq == 60);
    assert!(writer.status().ever_failed);
    assert!(writer.close().ever_failed);
    assert_eq!(seqs(&path), (1..=60).collect::<Vec<_>>());
}

#[test]
fn a_failing_journal_is_told_at_once_and_keeps_what_fits_until_it_is_back() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    // Another program that holds the file stands for a disk that takes no more.
    let blocker = rusqlite::Connection::open(&path).unwrap();
    blocker.busy_timeout(PATIENCE).unwrap();
    blocker.execute_batch("DROP TABLE cursor").unwrap();
    let (committed, answer) = oneshot::channel();
    writer.append(JournalBatch { committed: Some(committed), ..batch(1, 10) });
    assert!(!answer.blocking_recv().unwrap(), "nothing is called stored that is not");
    assert!(matches!(writer.status().health, Health::Failing { .. }));
    let (committed, answer) = oneshot::channel();
    writer.append(JournalBatch { committed: Some(committed), ..batch(11, 20) });
    assert!(!answer.blocking_recv().unwrap());
    assert!(writer.has_room(), "the live goes on");
    blocker.execute_batch("CREATE TABLE cursor(feed TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID").unwrap();
    wait_until(|| writer.status().health == Health::Writing);
    let closing = writer.close();
    assert_eq!((closing.lost, closing.ever_failed, closing.error), (0, true, None));
    assert_eq!(seqs(&path), (1..=20).collect::<Vec<_>>());
}

#[test]
fn what_does_not_fit_is_counted_and_its_feed_is_read_again_from_before_the_gap() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    let blocker = rusqlite::Connection::open(&path).unwrap();
    blocker.busy_timeout(PATIENCE).unwrap();
    blocker.execute_batch("DROP TABLE cursor").unwrap();
    let one = record(1).event;
    let many = |from: u64, count: u64| JournalBatch {
        feed: "shop".into(),
        records: (from..from + count).map(|seq| Record { seq, at: At::from_ms(1_795_303_864_120), event: one.clone() }).collect(),
        cursor: Some((from + count - 1).to_string()),
        ..JournalBatch::default()
    };
    let full = write::QUEUE_EVENTS as u64;
    writer.append(many(1, full));
    writer.append(many(full + 1, 10));
    assert_eq!(writer.status().lost, 10);
    blocker.execute_batch("CREATE TABLE cursor(feed TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID").unwrap();
    wait_until(|| writer.status().committed_seq == full);
    writer.append(many(full + 11, 5));
    let told = [false, true].map(|by_cursor| {
        let (committed, answer) = oneshot::channel();
        let batch = JournalBatch { feed: "shop".into(), cursor: Some("9".into()), ..JournalBatch::default() };
        writer.append(JournalBatch { committed: Some(committed), by_cursor, ..batch });
        answer.blocking_recv().unwrap()
    });
    assert_eq!(told, [true, false], "what stands in a cursor that is not moved is not stored");
    assert!(writer.close().ever_failed);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.cursors(), [("shop".into(), full.to_string())]);
    let mut records = reader.tail(full);
    assert_eq!(records.by_ref().map(|record| record.seq).collect::<Vec<_>>(), (full + 11..=full + 15).collect::<Vec<_>>());
    assert_eq!(records.losses().gaps, [(full + 1, full + 10)]);
}

#[test]
fn a_journal_read_back_gives_the_state_that_the_live_had() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let scenario = Arc::new(Scenario::demo().unwrap().lasting(0.2));
    let plan = scenario.plan();
    let mut live = Engine::new(plan.clone(), Arrival::Live);
    let mut writer = Journal::create(&path, &plan).unwrap();
    let mut records = Records::new(scenario, 5).unwrap();
    loop {
        let batch: Arc<[Record]> = records.by_ref().take(500).collect();
        if batch.is_empty() {
            break;
        }
        batch.iter().for_each(|record| drop(live.step(record)));
        writer.append(JournalBatch { records: batch, ..JournalBatch::default() });
        wait_until(|| writer.has_room());
    }
    assert!(!writer.close().ever_failed);
    let reader = Reader::open(&path).unwrap();
    let mut replayed = Engine::new(reader.plan().unwrap().clone(), Arrival::Live);
    for record in reader.records() {
        replayed.step(&record);
    }
    assert!(format!("{live:?}") == format!("{replayed:?}"), "the states differ");
}

/// Prints the rates that `performance.md` asks for: `cargo test --release --test journal -- --ignored --nocapture rates`.
#[test]
#[ignore = "a measurement"]
fn rates_of_writing_and_reading() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer = Journal::create(&path, &plan()).unwrap();
    let (total, each) = (400_000u64, 800u64);
    let event = record(1).event;
    let mut waits = Vec::new();
    let began = clock::instant();
    for from in (1..=total).step_by(usize::try_from(each).unwrap()) {
        let records = (from..from + each)
            .map(|seq| Record { seq, at: At::from_ms(1_795_303_864_120 + i64::try_from(seq / 20).unwrap()), event: event.clone() })
            .collect();
        let (committed, answer) = oneshot::channel();
        let asked = clock::instant();
        writer.append(JournalBatch { records, committed: Some(committed), ..JournalBatch::default() });
        if from % 16_000 == 1 {
            assert!(answer.blocking_recv().unwrap());
            waits.push(asked.elapsed());
        }
        wait_until(|| writer.has_room());
    }
    assert!(!writer.close().ever_failed);
    let wrote = began.elapsed();
    let began = clock::instant();
    assert_eq!(Reader::open(&path).unwrap().records().count() as u64, total);
    let read = began.elapsed();
    waits.sort();
    let bytes = std::fs::metadata(&path).unwrap().len() / total;
    println!(
        "{total} events: written in {wrote:?}, read in {read:?}, {bytes} bytes each, commit answered p50 {:?} max {:?}",
        waits[waits.len() / 2],
        waits[waits.len() - 1]
    );
}

const CHILD: &str = "WARROOM_TEST_CHILD_JOURNAL";

/// Run by the test below in a process of its own: writes until it is killed, saying what is durable.
#[test]
#[ignore = "the other half of the kill test"]
fn child_writes_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let path = PathBuf::from(path);
    let mut writer = if path.exists() { Journal::open_for_writing(&path) } else { Journal::create(&path, &plan()) }.unwrap();
    let out = std::io::stdout();
    loop {
        let from = writer.last_seq() + 1;
        let (committed, answer) = oneshot::channel();
        writer.append(JournalBatch { committed: Some(committed), ..batch(from, from + 37) });
        writer.append(batch(from + 38, from + 40));
        if answer.blocking_recv().unwrap() {
            writeln!(out.lock(), "durable {}", from + 37).unwrap();
        }
    }
}

const LIMITED: &str = "WARROOM_TEST_LIMITED_JOURNAL";

/// Run by the test below where no file may grow beyond its limit.
#[test]
#[ignore = "the other half of the full disk test"]
fn child_writes_until_the_disk_is_full() {
    let Ok(path) = std::env::var(LIMITED) else { return };
    let mut writer = Journal::create(Path::new(&path), &plan()).unwrap();
    let mut durable = 0;
    loop {
        let from = writer.last_seq() + 1;
        let (committed, answer) = oneshot::channel();
        writer.append(JournalBatch { committed: Some(committed), ..batch(from, from + 99) });
        if !answer.blocking_recv().unwrap() {
            break;
        }
        durable = from + 99;
    }
    let told = matches!(writer.status().health, Health::Failing { .. });
    let appended = writer.last_seq();
    let closing = writer.close();
    println!("durable {durable} appended {appended} lost {} told {told} failed {}", closing.lost, closing.ever_failed);
}

#[test]
fn a_full_disk_is_told_and_loses_nothing_that_was_called_durable() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let program = std::env::current_exe().unwrap();
    let script = "trap '' XFSZ; ulimit -f 400; exec \"$0\" --exact child_writes_until_the_disk_is_full --ignored --nocapture";
    let output = Command::new("sh").args(["-c", script]).arg(program).env(LIMITED, &path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("durable ")).unwrap_or_default();
    assert!(line.ends_with("told true failed true"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let number = |word: &str| -> u64 { line.split(word).nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap() };
    let kept = number("appended ") - number("lost ");
    assert!(kept >= number("durable ") && number("durable ") >= 100, "{line}");
    assert_eq!(seqs(&path), (1..=kept).collect::<Vec<_>>());
}

fn start_child(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn whatever_was_called_durable_is_there_after_a_kill() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let rounds = std::env::var("WARROOM_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12usize);
    let mut reached = 0u64;
    for round in 0..rounds {
        let mut child = start_child(&path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut durable = reached;
        for line in lines.by_ref().map_while(Result::ok).filter(|line| line.contains("durable ")).take(1 + round * 7 % 11) {
            durable = line.rsplit(' ').next().unwrap().parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        durable = lines
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("durable ").and_then(|(_, seq)| seq.parse().ok()))
            .max()
            .unwrap_or(durable)
            .max(durable);
        let reader = Reader::open(&path).unwrap();
        let mut records = reader.records();
        let read: Vec<Record> = records.by_ref().collect();
        assert!(records.losses().is_empty());
        assert!(read.len() as u64 >= durable, "{} records of {durable} durable ones", read.len());
        assert!(read.iter().all(|found| *found == record(found.seq)));
        assert_eq!(reader.cursors()[0].1, read.len().to_string(), "cursor and records are of one commit");
        reached = read.len() as u64;
    }
}

#[test]
fn a_dropped_writer_closes_as_one_that_is_closed() {
    let folder = folder();
    let path = folder.path().join("a.warroom");
    let mut writer: Writer = Journal::create(&path, &plan()).unwrap();
    writer.append(batch(1, 5));
    drop(writer);
    assert_eq!(seqs(&path), [1, 2, 3, 4, 5]);
}
