//! Where things lie: journals, keys and the ledger of customers in the data folder, settings in the configuration folder.

use std::path::{Path, PathBuf};

use chrono::TimeZone;

use crate::engine::plan::Plan;
use crate::feed::account::Environment;
use crate::journal::EXTENSION;

/// The folder's name inside the user's own folders.
const OURS: &str = "warroom";

/// The user's folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    pub data: PathBuf,
    pub config: PathBuf,
}

impl Folders {
    /// By the XDG variables, else under the home folder; `None` where there is neither.
    #[must_use]
    pub fn find(environment: Environment<'_>) -> Option<Self> {
        let absolute = |name: &str| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let under = |variable: &str, usual: &str| Some(absolute(variable).or_else(|| Some(home.as_ref()?.join(usual)))?.join(OURS));
        Some(Self { data: under("XDG_DATA_HOME", ".local/share")?, config: under("XDG_CONFIG_HOME", ".config")? })
    }

    /// Where journals are looked for.
    #[must_use]
    pub fn journals(&self) -> PathBuf {
        self.data.join("journals")
    }

    /// The journal of a plan's live: the same plan finds the same file again.
    #[must_use]
    pub fn journal_of(&self, plan: &Plan) -> PathBuf {
        let name = if plan.name.is_empty() { "live" } else { &plan.name };
        let file = match plan.starts_at {
            Some(at) => {
                let zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
                let local = zone.from_utc_datetime(&at.utc().naive_utc());
                format!("{name}-{}.{EXTENSION}", local.format("%Y-%m-%d-%H%M"))
            }
            None => format!("{name}.{EXTENSION}"),
        };
        self.journals().join(file)
    }

    /// The key that customers and chat authors are hidden with.
    #[must_use]
    pub fn people_key(&self) -> PathBuf {
        self.data.join("people.key")
    }

    /// Who bought in which live, as keyed hashes.
    #[must_use]
    pub fn customers(&self) -> PathBuf {
        self.data.join("customers.db")
    }

    /// What earlier lives taught: drift of rates, records of rules, effects of acts.
    #[must_use]
    pub fn experience(&self) -> PathBuf {
        self.data.join("experience.db")
    }

    /// What was ticked in reports, with what later lives said of it.
    #[must_use]
    pub fn lessons(&self) -> PathBuf {
        self.data.join("lessons.json")
    }

    /// Where the report of a live is written when it is closed.
    #[must_use]
    pub fn reports(&self) -> PathBuf {
        self.data.join("reports")
    }

    /// The operator's own settings.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The operator's own keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.config.join("keys.toml")
    }
}

/// Journals of a folder, by name.
///
/// # Errors
/// When the folder cannot be read; one that is not there has none.
pub fn journals_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(cause),
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == EXTENSION))
        .collect();
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::At;

    fn found(pairs: &[(&str, &str)]) -> Option<Folders> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Folders::find(&|name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn folders_follow_the_environment() {
        let home = found(&[("HOME", "/h")]).unwrap();
        assert_eq!(home.data, Path::new("/h/.local/share/warroom"));
        let own = found(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("XDG_CONFIG_HOME", "relative")]).unwrap();
        assert_eq!((own.data.as_path(), own.config.as_path()), (Path::new("/d/warroom"), Path::new("/h/.config/warroom")));
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn a_live_is_found_again_by_its_plan() {
        let folders = found(&[("HOME", "/h")]).unwrap();
        let plan = Plan {
            name: "terca-tech".into(),
            starts_at: At::parse("2026-11-24T23:00:00Z", None),
            time_zone: Some(chrono_tz::America::Sao_Paulo),
            ..Plan::default()
        };
        assert!(folders.journal_of(&plan).ends_with("journals/terca-tech-2026-11-24-2000.warroom"));
        assert!(folders.journal_of(&Plan::default()).ends_with("journals/live.warroom"));
    }
}
