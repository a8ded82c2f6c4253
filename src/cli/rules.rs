//! The verbs that try rules and detectors: `rules test`, `backtest`.

use std::path::{Path, PathBuf};

use super::output::{Failure, code, print};
use crate::backtest::series::SeriesError;
use crate::backtest::{lives, series};
use crate::config::playbook;
use crate::engine::rule::Playbook;
use crate::trial::file;

fn load(path: &Path) -> Result<Playbook, Failure> {
    playbook::load(path).map_err(|problems| {
        let told: Vec<String> = problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect();
        Failure::configuration(&told)
    })
}

/// Runs files of tests; fails where one does.
pub fn test(files: &[PathBuf], playbook: Option<&Path>) -> Result<u8, Failure> {
    let playbook = playbook.map_or_else(|| Ok(playbook::shipped()), load)?;
    let (mut read, mut problems) = (Vec::new(), Vec::new());
    for path in files {
        match file::load(path) {
            Ok(trials) => read.push((path, trials)),
            Err(wrong) => problems.extend(wrong),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::configuration(&problems));
    }
    let (mut passed, mut failed) = (0, 0);
    print(|out| {
        for (path, trials) in &read {
            writeln!(out, "{}", path.display())?;
            for trial in trials {
                let outcome = trial.run(&playbook);
                writeln!(out, "  {}  {}", if outcome.passed() { "ok  " } else { "FAIL" }, outcome.name)?;
                for line in &outcome.differs {
                    writeln!(out, "        {line}")?;
                }
                *(if outcome.passed() { &mut passed } else { &mut failed }) += 1;
            }
        }
        writeln!(out, "{passed} passed, {failed} failed")
    })?;
    Ok(if failed == 0 { code::DONE } else { code::FAILED })
}

/// Tries a playbook on past lives.
pub fn backtest(playbook: Option<&Path>, inputs: &[String], json: bool) -> Result<u8, Failure> {
    let path =
        playbook.ok_or_else(|| Failure::new(code::CONFIGURATION, "name a playbook and a journal: warroom backtest PLAYBOOK JOURNAL"))?;
    let tried = lives::backtest(&load(path)?, inputs).map_err(Failure::other)?;
    print(|out| out.write_all(if json { tried.json() } else { tried.text() }.as_bytes()))?;
    Ok(code::DONE)
}

/// A series through the detector.
pub fn judge_series(input: &Path, output: &Path) -> Result<u8, Failure> {
    let told = series::judge(input, output).map_err(|error| match error {
        SeriesError::Rows { .. } | SeriesError::Header { .. } => Failure::new(code::CONFIGURATION, error),
        SeriesError::Io { .. } => Failure::other(error),
    })?;
    print(|out| writeln!(out, "{}: {}", output.display(), told.line()))?;
    Ok(code::DONE)
}
