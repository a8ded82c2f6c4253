//! A replay stands, whatever was done to its clock, at the state of a straight run: the same figures, the same screen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a test stops where it fails, and measures"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use warroom::config::playbook;
use warroom::engine::event::{Fact, Record};
use warroom::engine::time::{At, MINUTE_MS};
use warroom::engine::view::marks::MarkKind;
use warroom::engine::{Arrival, Engine};
use warroom::journal::{Journal, JournalBatch, Reader, export};
use warroom::replay::{Known, Order, Pace, Player, Shown};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;
use warroom::summary::{Figures, Folded};
use warroom::ui::format::Format;
use warroom::ui::glyphs::{Charset, Glyphs};
use warroom::ui::keymap::Keymap;
use warroom::ui::state::{Mode, UiState};
use warroom::ui::theme::{Colours, Theme};
use warroom::ui::words::{Lang, Words};
use warroom::ui::{JournalLight, View, render};

/// Only against hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// A measurement may open a file of ten million events.
const PATIENCE_MEASURING: Duration = Duration::from_secs(1_200);

fn patience() -> Duration {
    if std::env::var_os("WARROOM_REPLAY").is_some() { PATIENCE_MEASURING } else { PATIENCE }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Twenty minutes of the demo, as a live would have kept them: with a playbook, so that rules watch.
fn journal(folder: &Path) -> PathBuf {
    let path = folder.join("a.warroom");
    let scenario = Arc::new(Scenario::demo().unwrap().lasting(0.34));
    let mut writer = Journal::create(&path, &scenario.plan()).unwrap();
    let records: Vec<Record> = Records::new(scenario, 11).unwrap().collect();
    for batch in records.chunks(2_000) {
        writer.append(JournalBatch { records: batch.to_vec().into(), ..JournalBatch::default() });
        let started = Instant::now();
        while !writer.has_room() {
            assert!(started.elapsed() < patience(), "the journal has room again");
            std::thread::yield_now();
        }
    }
    assert!(!writer.close().ever_failed);
    path
}

/// The state of a straight run at a moment.
fn straight(records: &[Record], plan: &warroom::engine::plan::Plan, arrival: Arrival, at: At) -> Engine {
    let mut engine = Engine::new(plan.clone(), arrival);
    engine.arm(playbook::shipped());
    records.iter().take_while(|record| record.at <= at).for_each(|record| drop(engine.step(record)));
    engine.advance_to(at);
    engine
}

fn figures(engine: &Engine, at: At) -> String {
    Figures::of(&Folded { engine: engine.clone(), reports: Vec::new(), at: Some(at) }).json()
}

fn screen(engine: &Engine, at: At) -> String {
    let (words, glyphs, keymap) = (Words::new(Lang::En), Glyphs::of(Charset::Unicode), Keymap::default());
    let (format, theme) = (Format::new(Lang::En, chrono_tz::America::Sao_Paulo, glyphs), Theme::for_terminal("dark", Colours::Full));
    let state = UiState::new(Mode::Replay);
    let view = View {
        engine,
        curves: engine,
        live: engine,
        state: &state,
        words: &words,
        theme: &theme,
        format: &format,
        glyphs: &glyphs,
        keymap: &keymap,
        now: at,
        mode: Mode::Replay,
        journal: JournalLight::Off,
        speed: 1.0,
    };
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    terminal.draw(|frame| render(frame, &view)).unwrap();
    format!("{:?}", terminal.backend().buffer())
}

/// What is shown next that is so.
fn wait(player: &mut Player, what: &str, is_so: impl Fn(&Shown) -> bool) -> Shown {
    let started = Instant::now();
    loop {
        match player.shown.try_recv() {
            Ok(shown) if is_so(&shown) => return shown,
            Ok(_) => {}
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
        assert!(started.elapsed() < patience(), "waited in vain: {what}");
    }
}

fn opened(path: &Path) -> (Player, Shown) {
    let (mut player, _) = Player::open(path, 1.0, playbook::shipped(), &Default::default()).unwrap();
    player.order(Order::Pause);
    let shown = wait(&mut player, "opened and paused", |shown| shown.standing.opened >= 1.0 && shown.standing.pace == Pace::Paused);
    (player, shown)
}

fn sought(player: &mut Player, at: At) -> Shown {
    player.order(Order::Seek(at));
    wait(player, "there", |shown| {
        let to = at.clamp(shown.standing.from, shown.standing.to);
        shown.at == to && matches!(shown.standing.pace, Pace::Paused | Pace::Ended)
    })
}

#[derive(Clone, Debug)]
enum Move {
    Seek(i64),
    Step(i64),
    Faster,
    Slower,
    /// Plays for so many milliseconds of the wall.
    Play(u64),
    Hindsight,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (-60_000..1_000_000i64).prop_map(Move::Seek),
        3 => (-120_000..120_000i64).prop_map(Move::Step),
        1 => Just(Move::Faster),
        1 => Just(Move::Slower),
        2 => (0..60u64).prop_map(Move::Play),
        1 => Just(Move::Hindsight),
    ];
    proptest::collection::vec(one, 1..12)
}

fn walk(player: &mut Player, from: At, moves: &[Move]) -> Shown {
    for one in moves {
        match one {
            Move::Seek(ms) => player.order(Order::Seek(from.plus_ms(*ms))),
            Move::Step(ms) => player.order(Order::Step(*ms)),
            Move::Faster => player.order(Order::Faster),
            Move::Slower => player.order(Order::Slower),
            Move::Play(ms) => {
                player.order(Order::Pause);
                // any length will do: where it comes to is asked afterwards
                let started = Instant::now();
                while started.elapsed() < Duration::from_millis(*ms) {
                    let _ = player.shown.try_recv();
                    std::thread::yield_now();
                }
                player.order(Order::Pause);
            }
            Move::Hindsight => {
                player.order(Order::Known(Known::Now));
                player.order(Order::Known(Known::Then));
            }
        }
    }
    // a step stands still; whatever is shown then, and not on its way to somewhere, is exact
    player.order(Order::Step(1));
    wait(player, "paused", |shown| {
        matches!(shown.standing.pace, Pace::Paused | Pace::Ended) && shown.standing.known == Known::Then && shown.curves.is_none()
    })
}

#[test]
fn any_walk_ends_at_the_state_of_a_straight_run() {
    let folder = folder();
    let path = journal(folder.path());
    let reader = Reader::open(&path).unwrap();
    let (plan, records): (_, Vec<Record>) = (reader.plan().unwrap().clone(), reader.records().collect());
    let (player, first) = opened(&path);
    let (player, from) = (std::cell::RefCell::new(player), first.standing.from);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 12, ..ProptestConfig::default() });
    runner
        .run(&moves(), |moves| {
            let shown = walk(&mut player.borrow_mut(), from, &moves);
            let straight = straight(&records, &plan, Arrival::Live, shown.at);
            prop_assert!(figures(&shown.engine, shown.at) == figures(&straight, shown.at), "figures at {} after {moves:?}", shown.at);
            prop_assert!(screen(&shown.engine, shown.at) == screen(&straight, shown.at), "screen at {} after {moves:?}", shown.at);
            // both go on to the same end, the state of the replay by the verdicts of the straight run
            let (mut one, mut other) = (shown.engine.as_ref().clone(), straight);
            for record in records.iter().filter(|record| record.at > shown.at) {
                let (_, verdict) = other.step_and_judge(record);
                one.step_judged(record, verdict);
            }
            let end = one.now();
            prop_assert!(figures(&one, end) == figures(&other, end), "the end after {moves:?} and {}", shown.at);
            prop_assert!(screen(&one, end) == screen(&other, end), "the end's screen after {moves:?} and {}", shown.at);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_end_of_a_replay_is_the_live_and_a_file_of_it_is_the_same() {
    let folder = folder();
    let path = journal(folder.path());
    let reader = Reader::open(&path).unwrap();
    let records: Vec<Record> = reader.records().collect();
    let end = records.last().unwrap().at;
    let live = straight(&records, reader.plan().unwrap(), Arrival::Live, end);
    let file = folder.path().join("a.ndjson");
    export::export(&reader, &mut std::fs::File::create(&file).unwrap()).unwrap();
    for path in [&path, &file] {
        let (mut player, _) = opened(path);
        let shown = sought(&mut player, end);
        assert_eq!(shown.standing.pace, Pace::Ended);
        assert!(figures(&shown.engine, end) == figures(&live, end), "{}", path.display());
        assert!(screen(&shown.engine, end) == screen(&live, end), "{}", path.display());
    }
}

#[test]
fn plain_files_are_replayed_in_the_order_of_the_contract() {
    let folder = folder();
    let path = folder.path().join("plain.ndjson");
    let mut out = Vec::new();
    warroom::simulate::run(3, 0.2, &mut out).unwrap();
    let mut lines: Vec<&str> = std::str::from_utf8(&out).unwrap().lines().collect();
    // the last lines first: far out of order, so that the one pass begins again
    let plan = lines.remove(0);
    let half = lines.len() / 2;
    lines.rotate_left(half);
    let text = std::iter::once(plan).chain(lines).chain(["no event at all"]).collect::<Vec<_>>().join("\n");
    std::fs::write(&path, text + "\n").unwrap();
    let folded = warroom::summary::fold(&warroom::summary::Request {
        inputs: vec![path.display().to_string()],
        ..warroom::summary::Request::default()
    })
    .unwrap();
    let (mut player, first) = opened(&path);
    assert_eq!(first.standing.lost.refused, 1, "the line that is no event");
    let at = folded.at.unwrap();
    let shown = sought(&mut player, at);
    assert!(figures(&shown.engine, at) == figures(&folded.engine, at));
}

#[test]
fn what_came_late_and_went_back_is_known_now() {
    let folder = folder();
    let path = journal(folder.path());
    let reader = Reader::open(&path).unwrap();
    let records: Vec<Record> = reader.records().collect();
    let mut late = records.iter().filter(|record| record.at.since_ms(record.event.ts) > 30_000 && !record.event.fact.is_control());
    let late = late.rfind(|record| !matches!(record.event.fact, Fact::Refund(_))).expect("late facts");
    let at = late.event.ts.plus_ms(late.at.since_ms(late.event.ts) / 2);
    let (mut player, _) = opened(&path);
    let then = sought(&mut player, at);
    assert_eq!((then.standing.known, then.standing.added), (Known::Then, 0));
    player.order(Order::Known(Known::Now));
    let now = wait(&mut player, "known now", |shown| shown.standing.known == Known::Now);
    assert!(now.standing.added > 0 && now.at == at);
    assert!(now.engine.tally().accepted > then.engine.tally().accepted);
    let came = records.iter().filter(|record| record.at > at && record.event.ts <= at && !record.event.fact.is_control()).count();
    assert!(usize::try_from(now.standing.added).is_ok_and(|added| added >= came), "{} of {came}", now.standing.added);
    player.order(Order::Known(Known::Then));
    let again = wait(&mut player, "known then", |shown| shown.standing.known == Known::Then);
    assert!(figures(&again.engine, at) == figures(&then.engine, at), "looking back changes nothing");
}

#[test]
fn a_replay_has_marks_from_its_end_on_and_stops_there() {
    let folder = folder();
    let (mut player, shown) = opened(&journal(folder.path()));
    let kinds: Vec<MarkKind> = shown.standing.marks.iter().map(|mark| mark.kind).collect();
    assert!(kinds.contains(&MarkKind::Pin) && kinds.contains(&MarkKind::Cue) && kinds.contains(&MarkKind::Peak), "{kinds:?}");
    let end = sought(&mut player, shown.standing.to.plus_ms(60 * MINUTE_MS));
    assert_eq!((end.at, end.standing.pace), (shown.standing.to, Pace::Ended));
    let start = sought(&mut player, shown.standing.from.plus_ms(-MINUTE_MS));
    assert_eq!((start.at, start.standing.pace), (shown.standing.from, Pace::Paused));
}

#[test]
fn speeds_go_from_a_quarter_to_six_hundred_and_time_runs_by_them() {
    let folder = folder();
    let (mut player, shown) = opened(&journal(folder.path()));
    for _ in 0..20 {
        player.order(Order::Faster);
    }
    let fast = wait(&mut player, "fast", |shown| shown.standing.speed >= 600.0);
    assert!((fast.standing.speed - 600.0).abs() < 1e-9);
    player.order(Order::Seek(shown.standing.from));
    player.order(Order::Pause);
    let end = wait(&mut player, "the end at 600 times", |shown| shown.standing.pace == Pace::Ended);
    assert_eq!(end.at, shown.standing.to);
    for _ in 0..20 {
        player.order(Order::Slower);
    }
    wait(&mut player, "slow", |shown| (shown.standing.speed - 0.25).abs() < 1e-9);
}

#[test]
fn what_is_damaged_is_read_as_far_as_it_goes_and_the_rest_is_told() {
    let folder = folder();
    let path = journal(folder.path());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("DELETE FROM record WHERE seq BETWEEN 100 AND 111", []).unwrap();
    connection.execute("UPDATE record SET body = '{broken' WHERE seq = 200", []).unwrap();
    drop(connection);
    let (_player, shown) = opened(&path);
    assert_eq!(shown.standing.lost.losses.records(), 13);
    assert_eq!(shown.standing.failed, None);

    let size = std::fs::metadata(&path).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(size / 2).unwrap();
    let (_player, shown) = opened(&path);
    let lost = &shown.standing.lost.losses;
    assert!(lost.tail || lost.records() > 13, "{lost:?}");

    let newer = folder.path().join("newer.warroom");
    drop(Journal::create(&newer, &Default::default()).unwrap().close());
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection
        .execute_batch("UPDATE meta SET value = '9.0' WHERE key = 'format'; ALTER TABLE record RENAME COLUMN body TO content")
        .unwrap();
    drop(connection);
    let refused = |path: &Path| Player::open(path, 1.0, playbook::shipped(), &Default::default()).expect_err("refused").to_string();
    assert!(refused(&newer).contains("newer warroom"), "{}", refused(&newer));
    assert!(refused(&folder.path().join("none.warroom")).contains("no such journal"));
    assert!(refused(&folder.path().join("none.ndjson")).contains("none.ndjson"));
    let rubbish = folder.path().join("rubbish.ndjson");
    std::fs::write(&rubbish, "what\n{\"type\":\"nothing\"}\n").unwrap();
    assert!(refused(&rubbish).contains("holds no event to play; 2 "), "{}", refused(&rubbish));
}

/// What `make bench` asks for: `WARROOM_REPLAY=FILE cargo test --release --test replay -- --ignored --nocapture seeking`.
#[test]
#[ignore = "a measurement"]
fn seeking() {
    let path = PathBuf::from(std::env::var_os("WARROOM_REPLAY").expect("WARROOM_REPLAY=FILE"));
    let started = Instant::now();
    let (mut player, first) = opened(&path);
    println!("opened {:.2} s", started.elapsed().as_secs_f64());
    let (from, to) = (first.standing.from, first.standing.to);
    drop(first);
    let (mut curves, mut exact) = (Vec::new(), Vec::new());
    for number in 1..=40i64 {
        // every other one forward and back, all over it
        let at = from.plus_ms((to.since_ms(from) / 1_000) * (number * 619 % 1_000));
        let started = Instant::now();
        player.order(Order::Seek(at));
        let knows = wait(&mut player, "curves", |shown| shown.at == at);
        curves.push(started.elapsed().as_secs_f64());
        let is_there = matches!(knows.standing.pace, Pace::Paused | Pace::Ended);
        drop(knows);
        if !is_there {
            wait(&mut player, "there", |shown| shown.at == at && matches!(shown.standing.pace, Pace::Paused | Pace::Ended));
        }
        exact.push(started.elapsed().as_secs_f64());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    for (what, times) in [("curves", &mut curves), ("exact", &mut exact)] {
        times.sort_by(f64::total_cmp);
        println!("{what} median {:.3} s most {:.3} s", times[times.len() / 2], times[times.len() - 1]);
    }
    println!("peak {:.0} MiB", resident.unwrap_or(0.0) / 1024.0);
}
