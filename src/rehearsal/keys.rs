//! Recorded keys: a file for `--keys`, one key a line, with its time in the live.
//!
//! ```text
//! # warroom keys: scenario w1-surprise-discount, seed 7, speed 1
//! 00:31:12.500 i
//! 00:31:12.900 f
//! 00:31:13.400 Enter
//! ```
//!
//! The first line may be missing. It ends in `, file PATH` or `, journal PATH` where the scenario is no shipped one.
//! What closes by itself on the glass does so in real time, so the speed at which the keys
//! were pressed belongs to them; how fast they are played again does not matter.

use std::fmt::Write;
use std::path::PathBuf;

/// A file of keys is no longer than this.
pub const MOST_LINES: usize = 100_000;
/// The longest live has a day.
const LONGEST_MS: i64 = 24 * 3_600_000;
const HEAD: &str = "# warroom keys:";

/// A key and when it was pressed, in milliseconds from the start of the live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    pub at_ms: i64,
    /// As the key table writes it: `i`, `Enter`, `Ctrl-c`.
    pub key: String,
}

/// What the scenario of a play is read from, where it is no shipped one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    /// A live that was, of this journal or file of events.
    Journal(PathBuf),
}

impl Source {
    /// The end of the first line; nothing for a path that cannot stand in it.
    fn write(&self) -> String {
        let (what, path) = match self {
            Self::File(path) => (FILE, path),
            Self::Journal(path) => (JOURNAL, path),
        };
        path.to_str().filter(|path| !path.contains(['\n', '\r'])).map(|path| format!("{what}{path}")).unwrap_or_default()
    }

    /// Splits it off a first line.
    fn split(head: &str) -> (&str, Option<Self>) {
        let file = head.split_once(FILE).map(|(head, path)| (head, Self::File(path.into())));
        let journal = head.split_once(JOURNAL).map(|(head, path)| (head, Self::Journal(path.into())));
        let first = [file, journal].into_iter().flatten().min_by_key(|(head, _)| head.len());
        first.map_or((head, None), |(head, source)| (head, Some(source)))
    }
}

const FILE: &str = ", file ";
const JOURNAL: &str = ", journal ";

/// The keys of a play.
#[derive(Clone, Debug, PartialEq)]
pub struct Keys {
    /// What they were pressed in, where the file says so.
    pub scenario: Option<String>,
    pub source: Option<Source>,
    pub seed: Option<u64>,
    /// Times real speed when they were pressed.
    pub speed: f64,
    /// By time.
    pub presses: Vec<Press>,
}

impl Keys {
    /// The file's text.
    #[must_use]
    pub fn write(&self) -> String {
        let scenario = self.scenario.as_deref().unwrap_or_default();
        let (seed, source) = (self.seed.unwrap_or_default(), self.source.as_ref().map(Source::write).unwrap_or_default());
        let mut text = format!("{HEAD} scenario {scenario}, seed {seed}, speed {}{source}\n", self.speed);
        for press in &self.presses {
            let (ms, s) = (press.at_ms.rem_euclid(1_000), press.at_ms.div_euclid(1_000));
            let _ = writeln!(text, "{:02}:{:02}:{:02}.{ms:03} {}", s / 3_600, s / 60 % 60, s % 60, press.key);
        }
        text
    }

    /// Reads such a file; `known` tells which keys there are.
    ///
    /// # Errors
    /// With every line that is none, by its number.
    pub fn read(text: &str, known: &dyn Fn(&str) -> bool) -> Result<Self, Vec<String>> {
        let mut keys = Self { scenario: None, source: None, seed: None, speed: 1.0, presses: Vec::new() };
        let mut wrong = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim_end();
            if number > MOST_LINES {
                wrong.push(format!("{number}: more than {MOST_LINES} lines; split the play"));
                break;
            }
            if let Some(head) = line.strip_prefix(HEAD) {
                keys.read_head(head);
            } else if line.trim().is_empty() || line.starts_with("# ") || line == "#" {
            } else {
                match press(line) {
                    Some(press) if known(&press.key) => keys.presses.push(press),
                    Some(press) => {
                        wrong.push(format!("{number}: no key is called \"{}\"; write it as i, Enter, Esc, Up, Ctrl-c, Space", press.key))
                    }
                    None => wrong.push(format!("{number}: \"{line}\": write a time and a key, like 00:31:12.500 Enter")),
                }
            }
        }
        keys.presses.sort_by_key(|press| press.at_ms);
        if wrong.is_empty() { Ok(keys) } else { Err(wrong) }
    }

    /// What the first line says; what it does not say stays as it is.
    fn read_head(&mut self, head: &str) {
        let (head, source) = Source::split(head);
        self.source = source;
        for part in head.split(',') {
            match part.trim().split_once(' ') {
                Some(("scenario", name)) => self.scenario = Some(name.to_owned()),
                Some(("seed", number)) => self.seed = number.parse().ok(),
                Some(("speed", number)) => self.speed = number.parse().ok().filter(|speed| (0.25..=600.0).contains(speed)).unwrap_or(1.0),
                _ => {}
            }
        }
    }
}

fn press(line: &str) -> Option<Press> {
    let (time, key) = line.split_once(' ')?;
    let mut parts = time.split(':').rev();
    let (seconds, minutes, hours) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let ms = digits(format!("{fraction:0<3}").get(..3)?)?;
    if parts.next().is_some() || key.is_empty() || fraction.len() > 3 {
        return None;
    }
    let seconds = digits(hours)?.checked_mul(60)?.checked_add(digits(minutes)?)?.checked_mul(60)?.checked_add(digits(whole)?)?;
    let at_ms = seconds.checked_mul(1_000)?.checked_add(ms)?;
    (at_ms <= LONGEST_MS).then(|| Press { at_ms, key: key.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Keys, Vec<String>> {
        Keys::read(text, &|key| key != "Nonsense")
    }

    #[test]
    fn keys_come_back_as_they_were_pressed() {
        let press = |at_ms, key: &str| Press { at_ms, key: key.into() };
        let keys = Keys {
            scenario: Some("w1".into()),
            source: None,
            seed: Some(7),
            speed: 4.0,
            presses: vec![press(1_872_500, "i"), press(1_872_900, "#"), press(7_200_004, "Enter")],
        };
        assert_eq!(read(&keys.write()).unwrap(), keys);
        for source in [Source::File("/a b, c/journal x.toml".into()), Source::Journal("/a/b, file c.warroom".into())] {
            let keys = Keys { source: Some(source), ..keys.clone() };
            assert_eq!(read(&keys.write()).unwrap(), keys);
        }
        let by_hand = read("31:12 f\n\n# a remark\n").unwrap();
        assert_eq!((by_hand.presses, by_hand.seed, by_hand.speed), (vec![press(1_872_000, "f")], None, 1.0));
    }

    #[test]
    fn every_wrong_line_is_told() {
        let wrong = read("soon i\n00:10:00 x\n12 y\n00:10:00.12345 z\n00:10:00 Nonsense\n99999999999999999:00:00 i").unwrap_err();
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        assert!(wrong[0].starts_with("1: ") && wrong[3].contains("Nonsense"), "{wrong:?}");
    }
}
