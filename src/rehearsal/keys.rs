//! Recorded keys: a file for `--keys`, one key a line, with its time in the live.
//!
//! ```text
//! # warroom keys: scenario w1-surprise-discount, seed 7
//! 00:31:12.500 i
//! 00:31:12.900 f
//! 00:31:13.400 Enter
//! ```

use std::fmt::Write;

/// A key and when it was pressed, in milliseconds from the start of the live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    pub at_ms: i64,
    /// As the key table writes it: `i`, `Enter`, `Ctrl-c`.
    pub key: String,
}

/// The file's text for these keys.
#[must_use]
pub fn write(scenario: &str, seed: u64, presses: &[Press]) -> String {
    let mut text = format!("# warroom keys: scenario {scenario}, seed {seed}\n");
    for press in presses {
        let (ms, s) = (press.at_ms.rem_euclid(1_000), press.at_ms.div_euclid(1_000));
        let _ = writeln!(text, "{:02}:{:02}:{:02}.{ms:03} {}", s / 3_600, s / 60 % 60, s % 60, press.key);
    }
    text
}

/// Reads such a file; the keys come back by time.
///
/// # Errors
/// With every line that is none, by its number.
pub fn read(text: &str) -> Result<Vec<Press>, Vec<String>> {
    let mut presses = Vec::new();
    let mut wrong = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        if line.trim().is_empty() || line.starts_with("# ") || line == "#" {
            continue;
        }
        match press(line) {
            Some(press) => presses.push(press),
            None => wrong.push(format!("line {number}: \"{line}\": write a time and a key, like 00:31:12.500 Enter")),
        }
    }
    presses.sort_by_key(|press| press.at_ms);
    if wrong.is_empty() { Ok(presses) } else { Err(wrong) }
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
    Some(Press { at_ms: ((digits(hours)? * 60 + digits(minutes)?) * 60 + digits(whole)?) * 1_000 + ms, key: key.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_as_they_were_pressed() {
        let presses = vec![
            Press { at_ms: 1_872_500, key: "i".into() },
            Press { at_ms: 1_872_900, key: "#".into() },
            Press { at_ms: 7_200_004, key: "Enter".into() },
        ];
        let text = write("w1", 7, &presses);
        assert_eq!(read(&text).unwrap(), presses);
        assert_eq!(read("31:12 f\n\n# a remark\n").unwrap(), vec![Press { at_ms: 1_872_000, key: "f".into() }]);
    }

    #[test]
    fn every_wrong_line_is_told() {
        let wrong = read("soon i\n00:10:00 x\n12 y\n00:10:00.12345 z").unwrap_err();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong[0].starts_with("line 1"));
    }
}
