//! `warroom live` without a screen, as a process of its own that a test kills and starts again; and what its journal holds.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_warroom");

/// A running desk.
#[derive(Debug)]
pub struct Desk {
    child: Child,
}

impl Desk {
    /// Opens the live of a plan; what it says is appended to `desk.txt` beside the plan.
    pub fn open(plan: &Path, journal: &Path, variables: &[(&str, &str)]) -> Self {
        let folder = plan.parent().expect("a folder");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("desk.txt")).expect("a log");
        let mut command = Command::new(PROGRAM);
        command.args(["live".as_ref(), plan.as_os_str(), "--plain".as_ref(), "--journal".as_ref(), journal.as_os_str()]);
        command.env("XDG_DATA_HOME", folder.join("data")).env("XDG_CONFIG_HOME", folder.join("config")).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        Self { child: command.spawn().expect("the desk starts") }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no time for anything.
    pub fn kill(mut self) {
        self.child.kill().expect("a running desk");
        self.child.wait().expect("it is gone");
    }

    /// SIGTERM, as a closing session sends it.
    pub fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        let began = Instant::now();
        while self.child.try_wait().expect("its end").is_none() {
            assert!(began.elapsed() < Duration::from_secs(20), "the desk does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // a test that fails leaves nobody behind
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a journal holds.
#[derive(Debug, Default)]
pub struct Kept {
    /// How often each order was written, by its source.
    pub orders: BTreeMap<String, BTreeMap<String, u32>>,
    /// Texts of the chat by source.
    pub texts: BTreeMap<String, Vec<String>>,
    /// What each feed told of itself.
    pub errors: BTreeMap<String, BTreeSet<String>>,
    pub quarantined: BTreeMap<String, u64>,
}

impl Kept {
    pub fn read(journal: &Path) -> Self {
        let output = Command::new(PROGRAM).arg("export").arg(journal).output().expect("export runs");
        let mut kept = Self::default();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let event: Value = serde_json::from_str(line).expect("a line of JSON");
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            match event["type"].as_str() {
                Some("purchase") => *kept.orders.entry(text("source")).or_default().entry(text("order")).or_default() += 1,
                Some("chat_message") => kept.texts.entry(text("source")).or_default().push(text("text")),
                Some("feed_state") => {
                    kept.errors.entry(text("feed")).or_default().insert(text("last_error"));
                    kept.quarantined.insert(text("feed"), event["quarantined"].as_u64().unwrap_or(0));
                }
                _ => {}
            }
        }
        kept
    }
}
