//! A drill through the real program: played by real keys and by a file of keys, debriefed on the glass, the same again byte for byte.
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

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

#[path = "support/pty.rs"]
mod pty;
use pty::Pty;

/// A home of a test, taken away at its end.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("warroom-drill-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn warroom(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(arguments).env("HOME", home).env("LC_ALL", "C.UTF-8").env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn exported(home: &Home, journal: &str) -> String {
    let output = warroom(&home.0, &["export", &home.file(journal)]);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn score(home: &Home, name: &str) -> Value {
    serde_json::from_str(&home.read(name)).unwrap()
}

/// The file of all plays.
const PROGRESS: &str = ".local/share/warroom/rehearsals/progress.jsonl";

const END: &str = "\u{1b}[F";

/// Tab, a flash deal on what is on air, a note; a log that closes by itself before its letter comes; a card that is looked at.
const KEYS: &str = "\
# warroom keys: scenario w1-surprise-discount, seed 7, speed 1
00:30:05.000 Tab
00:30:40.200 i
00:30:40.600 f
00:30:41.000 Enter
31:10.000 .
31:10.200 o
31:10.400 k
31:10.600 Enter
00:31:50.000 i
00:31:59.000 f
00:31:59.500 Enter
00:32:00.000 Esc
00:33:00.000 a
00:33:01.000 Esc
";

#[test]
fn keys_of_a_file_play_a_drill_whose_debrief_is_read_on_the_glass() {
    let home = Home::new("keys");
    fs::write(home.0.join("in.keys"), KEYS).unwrap();
    let play = |journal: &str, speed: &str, keys: &str, size| {
        let arguments = ["rehearse", "--keys", &home.file(keys), "--speed", speed, "--journal", &home.file(journal)];
        let mut pty = Pty::warroom(&home.0, &arguments, size);
        pty.until_shown("of the possible gain");
        let screen = pty.text();
        pty.send(END);
        pty.until_shown("Simulated shoppers");
        pty.send("q");
        assert_eq!(pty.end(), 0);
        screen
    };
    let screen = play("one.warroom", "600", "in.keys", (80, 24));
    for part in ["REHEARSAL", "Debrief", "1 of 1 incidents answered", "orders per click fall", "answered", "helps: flash deal", "seed 7"] {
        assert!(screen.contains(part), "{part} in\n{screen}");
    }
    let told = score(&home, "one.score.json");
    assert_eq!((told["acts"].as_array().unwrap().len(), told["acts"][0]["kind"].as_str()), (1, Some("flash_deal")), "{told:#}");
    assert_eq!(told["incidents"][0]["acted_s"], 41);
    assert!(told["followed"].is_object() && told["best"]["runs"].as_u64().unwrap() > 20);
    assert!(home.read("one.debrief.md").contains("Smartwatch S"));
    // slower, on another glass, and by the keys that were kept of the first play: the same live, byte for byte
    let wide = play("two.warroom", "400", "one.keys", (200, 60));
    assert!(wide.contains("The best play found"), "{wide}");
    let (one, two) = (exported(&home, "one.warroom"), exported(&home, "two.warroom"));
    assert!(one.lines().count() > 5_000 && one.contains("\"type\":\"note\""));
    assert!(one == two, "two plays of the same keys differ");
    assert_eq!(home.read("one.keys"), home.read("two.keys"));
    assert_eq!(home.read("one.score.json"), home.read("two.score.json"));
    assert!(home.read("two.debrief.md").contains("A playback: not counted."));
    assert!(!home.0.join(PROGRESS).exists(), "playbacks are no plays");
    let list = warroom(&home.0, &["rehearse"]);
    let list = String::from_utf8(list.stdout).unwrap();
    let line = list.lines().find(|line| line.starts_with("w1-surprise-discount")).unwrap();
    assert!(line.contains("8 min after 30") && !line.contains('%'), "{list}");
}

#[test]
fn a_journal_of_a_rehearsal_is_a_journal_like_any_other() {
    let home = Home::new("journal");
    fs::write(home.0.join("in.keys"), KEYS).unwrap();
    let journal = home.file("play.warroom");
    let mut pty = Pty::warroom(&home.0, &["rehearse", "--keys", &home.file("in.keys"), "--speed", "600", "--journal", &journal], (120, 40));
    pty.until_shown("of the possible gain");
    pty.send("q");
    assert_eq!(pty.end(), 0);
    let figures = |input: &str| -> Value { serde_json::from_slice(&warroom(&home.0, &["summary", input, "--json"]).stdout).unwrap() };
    let own = figures(&journal);
    assert_eq!(own["interventions"].as_array().unwrap().len(), 1);
    fs::write(home.0.join("play.ndjson"), exported(&home, "play.warroom")).unwrap();
    let again = figures(&home.file("play.ndjson"));
    for figure in ["broadcast", "products", "channels", "minutes", "advice", "interventions"] {
        assert_eq!(own[figure], again[figure], "{figure}");
    }
    let mut pty = Pty::warroom(&home.0, &["replay", &journal, "--speed", "600"], (120, 40));
    pty.until_shown("REPLAY");
    pty.until_shown("flash deal");
    pty.send("q");
    assert_eq!(pty.end(), 0);
    // and a drill can be made of it
    let from = warroom(&home.0, &["rehearse", "--from", &journal, "--solo", "--json"]);
    assert!(from.status.success(), "{}", said(&from));
    let score: Value = serde_json::from_slice(&from.stdout).unwrap();
    assert!(score["nobody"]["orders_paid"].as_i64().unwrap() > 50, "{score:#}");
    // one that was cut off says what it has lost, on standard error and in what is made of it
    let whole = fs::read(&journal).unwrap();
    let cut = home.file("cut.warroom");
    fs::write(&cut, &whole[..whole.len() * 9 / 10 / 4_096 * 4_096]).unwrap();
    for (arguments, part) in [(vec!["summary", &cut], ""), (vec!["rehearse", "--from", &cut, "--solo"], "its end cannot be read")] {
        let output = warroom(&home.0, &arguments);
        assert!(output.status.success(), "{}", said(&output));
        assert!(said(&output).contains("cut.warroom: ") && said(&output).contains("its end cannot be read"), "{}", said(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains(part), "{arguments:?}");
    }
    assert!(said(&warroom(&home.0, &["summary", &journal])).is_empty());
    let junk = [&whole[..16], &[0; 84], &whole[100..]].concat();
    let none: [(&[u8], &str); 3] = [
        (b"", "(an empty file; copy it again"),
        (&whole[..60], "damaged or was cut off; copy it again"),
        (&junk, "cut off in its first bytes; copy it again"),
    ];
    for (bytes, part) in none {
        fs::write(&cut, bytes).unwrap();
        for verb in [vec!["summary"], vec!["rehearse", "--from"], vec!["export"]] {
            let output = warroom(&home.0, &[verb.as_slice(), &[cut.as_str()]].concat());
            let told = said(&output);
            assert!(!output.status.success() && told.contains(part) && !told.contains("another program"), "{verb:?}: {told}");
            assert_eq!(told.matches("cut.warroom").count(), 1, "{told}");
        }
    }
    fs::write(&cut, &whole[..3_000]).unwrap();
    let told = said(&warroom(&home.0, &["rehearse", "--from", &cut, "--solo"]));
    assert!(told.contains("its end cannot be read") && told.contains("less than five minutes"), "{told}");
}

#[test]
fn an_operator_plays_by_hand_leaves_and_the_keys_play_it_again() {
    let home = Home::new("hand");
    let arguments = ["rehearse", "checkout-down", "--speed", "10", "--seed", "3", "--journal", &home.file("hand.warroom")];
    let mut pty = Pty::warroom(&home.0, &arguments, (80, 24));
    pty.until_shown("drill left");
    // a technical event on the whole live: letter, Enter
    pty.send("i");
    pty.until_shown("log:");
    pty.send("e");
    pty.until_shown("technical event");
    pty.send("\r");
    pty.until("logged", |screen| !screen.contains("log: letter"));
    pty.send("q");
    pty.until_shown("You left at");
    pty.until_shown("of the possible gain");
    pty.send("q");
    assert_eq!(pty.end(), 0);
    let told = score(&home, "hand.score.json");
    assert_eq!(told["acts"][0]["kind"], "tech_event", "{told:#}");
    assert_eq!(told["incidents"][0]["met"], "answered");
    assert!(home.read("hand.keys").contains(" e\n"));
    let arguments = ["rehearse", "--keys", &home.file("hand.keys"), "--speed", "300", "--journal", &home.file("again.warroom")];
    let mut pty = Pty::warroom(&home.0, &arguments, (120, 40));
    pty.until_shown("of the possible gain");
    pty.send("\u{1b}");
    assert_eq!(pty.end(), 0);
    assert!(exported(&home, "hand.warroom") == exported(&home, "again.warroom"), "the same keys, another live");
    let progress = home.read(PROGRESS);
    assert!(progress.lines().count() == 1 && progress.contains("\"scenario\":\"checkout-down\""), "{progress}");
    let list = String::from_utf8(warroom(&home.0, &["rehearse"]).stdout).unwrap();
    assert!(list.lines().any(|line| line.starts_with("checkout-down") && line.contains('%')), "{list}");
}

/// A drill that is left after these keys; its journal and what lies beside it are called `name`.
fn left(home: &Home, name: &str, arguments: &[&str], keys: &str) {
    let journal = home.file(&format!("{name}.warroom"));
    let mut pty = Pty::warroom(&home.0, &[&["rehearse", "--journal", &journal], arguments].concat(), (80, 24));
    if !arguments.contains(&"--keys") {
        pty.until_shown("drill left");
        for key in keys.chars() {
            pty.send(&key.to_string());
        }
        pty.send("q");
    }
    pty.until_shown("You left at");
    pty.send("q");
    assert_eq!(pty.end(), 0);
}

#[test]
fn keys_play_back_alone_whatever_they_were_pressed_in() {
    let home = Home::new("alone");
    let own = home.file("own, mine.toml");
    fs::write(&own, "base = \"demo\"\nname = \"own\"\ntitle = \"x\"\n\n[opens]\nat_min = 30\nplay_min = 5\n").unwrap();
    for (name, scenario) in [("demo", "demo"), ("own", own.as_str())] {
        let file = home.file(&format!("{name}.keys"));
        left(&home, name, &[scenario, "--speed", "10"], "\t");
        assert!(home.read(&format!("{name}.keys")).starts_with(&format!("# warroom keys: scenario {name}, seed 1, speed 10")));
        left(&home, &format!("{name}-again"), &["--keys", &file, "--speed", "100"], "");
        assert!(exported(&home, &format!("{name}.warroom")) == exported(&home, &format!("{name}-again.warroom")), "{name}");
    }
    left(&home, "at-once", &[&own, "--speed", "10"], "");
    assert!(home.read("at-once.debrief.md").contains("No key was pressed: not counted as a play."));
    let filed: Vec<Value> = home.read(PROGRESS).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(filed.iter().map(|entry| entry["scenario"].as_str().unwrap()).collect::<Vec<_>>(), ["demo", "own"]);
    fs::remove_file(&own).unwrap();
    let output = warroom(&home.0, &["rehearse", "--keys", &home.file("own.keys")]);
    assert_eq!(output.status.code(), Some(2));
    let told = said(&output);
    assert!(told.contains("own, mine.toml, which is not there; give it: `warroom rehearse SCENARIO.toml --keys "), "{told}");
}

#[test]
fn a_connection_that_breaks_keeps_what_was_played() {
    let home = Home::new("broken");
    let arguments = ["rehearse", "checkout-down", "--speed", "10", "--seed", "3", "--journal", &home.file("x.warroom")];
    let mut pty = Pty::warroom(&home.0, &arguments, (80, 24));
    pty.until_shown("drill left");
    pty.send("i");
    pty.until_shown("log:");
    pty.send("e");
    pty.until_shown("technical event");
    pty.send("\r");
    pty.until("logged", |screen| !screen.contains("log: letter"));
    pty.signal("HUP");
    assert_eq!(pty.end(), 128 + 1);
    assert_eq!(score(&home, "x.score.json")["acts"][0]["kind"], "tech_event");
    assert!(home.read("x.keys").contains(" e\n") && home.read("x.debrief.md").contains("technical event"));
}

#[test]
fn nobody_at_the_desk_is_debriefed_in_lines_too() {
    let home = Home::new("lines");
    let output =
        warroom(&home.0, &["rehearse", "late-host", "--plain", "--speed", "600", "--lang", "pt-BR", "--journal", &home.file("x.warroom")]);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["Balanço", "0 de 1 incidentes", "apresentador atrasado", "perdido", "ninguém", "não conta como ensaio"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!home.0.join(PROGRESS).exists());
    // however many minutes a frame holds, the lines stand in the order of their time
    let clock = |line: &&str| line.len() > 8 && line.is_char_boundary(8) && line[..8].bytes().filter(|byte| *byte == b':').count() == 2;
    let times: Vec<&str> = text.lines().filter(clock).map(|line| &line[..8]).collect();
    assert!(times.len() > 20 && times.is_sorted(), "{text}");
}

#[test]
fn what_does_not_go_together_is_refused_with_what_to_do() {
    let home = Home::new("refused");
    let wrong_keys = home.file("wrong.keys");
    fs::write(&wrong_keys, "soon i\n00:31:00.000 Entre\n").unwrap();
    let other_keys = home.file("other.keys");
    fs::write(&other_keys, "# warroom keys: scenario outage, seed 2, speed 1\n00:31:00.000 i\n").unwrap();
    let scenario = home.file("own.toml");
    let text = "base = \"demo\"\nname = \"own\"\ntitle = \"x\"\n\n[opens]\nat_min = 110\nplay_min = 30\n\n[[incidents]]\nkind = \"feed_silent\"\nat_min = 500\nfeed = \"shopp\"\n";
    fs::write(&scenario, text).unwrap();
    let outside = home.file("outside.toml");
    let text = "base = \"demo\"\nname = \"own\"\ntitle = \"x\"\n\n[opens]\nat_min = 60\nplay_min = 30\n\n[[incidents]]\nkind = \"surge\"\nat_min = 40\n\n[[incidents]]\nkind = \"surge\"\nat_min = 95\n\n[[incidents]]\nkind = \"surge\"\nat_min = 58\n";
    fs::write(&outside, text).unwrap();
    let unknown_keys = home.file("unknown.keys");
    fs::write(&unknown_keys, "# warroom keys: scenario nowhere, seed 2, speed 1\n00:31:00.000 i\n").unwrap();
    let empty = home.file("empty.ndjson");
    fs::write(&empty, "{\"type\":\"chat_message\",\"ts\":\"2026-11-24T23:00:00Z\",\"id\":\"1\",\"author\":\"a\",\"text\":\"x\"}\n")
        .unwrap();
    let cases: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (vec!["rehearse", "w1-suprise"], vec!["no shipped scenario is called \"w1-suprise\"", "w1-surprise-discount"]),
        (
            vec!["rehearse", &scenario],
            vec!["own.toml:7: opens.play_min", "own.toml:11: incidents feed_silent", "own.toml:12:", "shop, pay"],
        ),
        (vec!["rehearse", "outage", "--keys", &wrong_keys], vec!["wrong.keys:1:", "wrong.keys:2: no key is called \"Entre\""]),
        (
            vec!["rehearse", &outside],
            vec![
                "outside.toml:11: incidents surge: is over at minute 48, before the drill opens at minute 60",
                "outside.toml:15: incidents surge: begins at minute 95, when the drill has closed at minute 90",
                "opens.play_min",
            ],
        ),
        (
            vec!["rehearse", "--keys", &unknown_keys],
            vec!["pressed in nowhere, which is no shipped scenario", "rehearse SCENARIO.toml --keys", "rehearse --from JOURNAL --keys"],
        ),
        (vec!["rehearse", "late-host", "--keys", &other_keys], vec!["these keys were pressed in outage"]),
        (vec!["rehearse", "--keys", &other_keys, "--plain"], vec!["leave --plain out"]),
        (vec!["rehearse", "outage", "--compare", "a.toml", "b.toml"], vec!["--solo"]),
        (vec!["rehearse", "outage", "--from", &empty], vec!["cannot be used with"]),
        (vec!["rehearse", "--from", &empty, "--solo"], vec!["less than five minutes"]),
        (vec!["rehearse", "outage", "--solo", "--playbook", &scenario], vec!["own.toml:", "no such key"]),
    ];
    for (arguments, parts) in cases {
        let output = warroom(&home.0, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        for part in parts {
            assert!(said(&output).contains(part), "{part} in {arguments:?}: {}", said(&output));
        }
    }
}

#[test]
fn two_playbooks_are_compared_on_the_same_seeds_and_the_curves_are_named_as_assumptions() {
    let home = Home::new("compare");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/playbook.toml");
    fs::write(home.0.join("none.toml"), "").unwrap();
    let none = home.file("none.toml");
    let arguments = ["rehearse", "checkout-down", "--solo", "--seeds", "3", "--compare", shipped, &none];
    let output = warroom(&home.0, &arguments);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("±50 %") && text.contains("assumed, not measured") && text.contains("earns"), "{text}");
    let output = warroom(&home.0, &[&arguments[..], &["--json"]].concat());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mean = |index: usize| told["gains"][index]["mean_minor"].as_f64().unwrap();
    assert!(mean(0) > 0.0 && mean(1).abs() < 1e-9, "{told:#}");
    assert!((mean(2) - (mean(0) - mean(1))).abs() < 1e-6, "the third is the first less the second: {told:#}");
    assert!(told["curves"].as_str().unwrap().contains("assumptions"));
}
