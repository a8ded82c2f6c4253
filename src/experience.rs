//! What the shop's lives taught, kept in the data folder for the ones to come: one row a live.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::engine::plan::Plan;
use crate::engine::prior::{Learnt, Priors};
use crate::engine::time::At;

/// The latest lives that later ones learn from.
pub const MOST_LIVES: u32 = 50;
/// How long another desk's writing is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Why nothing can be learnt.
#[derive(Debug, thiserror::Error)]
pub enum ExperienceError {
    #[error("{path}: {cause}; see that the folder exists and can be written")]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("{path}: {cause}; what earlier lives taught cannot be used")]
    Sql { path: PathBuf, cause: rusqlite::Error },
}

/// The store.
#[derive(Debug)]
pub struct Experience {
    path: PathBuf,
    connection: Connection,
}

/// What a live is remembered by: doing it again, as a restart does, changes its own row alone.
fn live_of(plan: &Plan) -> String {
    format!("{} {}", plan.name, plan.starts_at.map_or_else(String::new, At::rfc3339))
}

impl Experience {
    /// Opens it, or makes it.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(path: &Path) -> Result<Self, ExperienceError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|cause| ExperienceError::Io { path: path.to_owned(), cause })?;
        }
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS learnt(live TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",
            )?;
            Ok(connection)
        });
        let connection = opened.map_err(|cause| ExperienceError::Sql { path: path.to_owned(), cause })?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Keeps what a live taught.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, plan: &Plan, at: At, learnt: &Learnt) -> Result<(), ExperienceError> {
        let body = serde_json::to_string(learnt).unwrap_or_default();
        let at = plan.starts_at.unwrap_or(at).ms();
        let sql = "INSERT INTO learnt(live, at, body) VALUES (?1, ?2, ?3) ON CONFLICT(live) DO UPDATE SET at = ?2, body = ?3";
        let stored = self.connection.execute(sql, (live_of(plan), at, body));
        stored.map(|_| ()).map_err(|cause| self.sql(cause))
    }

    /// What the lives before this one say together; `None` where there was none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn priors(&self, plan: &Plan, at: At) -> Result<Option<Priors>, ExperienceError> {
        let before = plan.starts_at.map_or(at, |starts_at| starts_at.min(at)).ms();
        let read = || {
            let mut statement =
                self.connection.prepare("SELECT body FROM learnt WHERE live <> ?1 AND at < ?2 ORDER BY at DESC, live LIMIT ?3")?;
            let rows = statement.query_map((live_of(plan), before, MOST_LIVES), |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        };
        let bodies = read().map_err(|cause| self.sql(cause))?;
        let lives: Vec<Learnt> = bodies.iter().filter_map(|body| serde_json::from_str(body).ok()).collect();
        Ok((!lives.is_empty()).then(|| Priors::of(&lives)))
    }

    fn sql(&self, cause: rusqlite::Error) -> ExperienceError {
        ExperienceError::Sql { path: self.path.clone(), cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::prior::RuleRecord;

    #[test]
    fn later_lives_learn_from_earlier_ones_and_never_from_themselves() {
        let folder = tempfile::tempdir().unwrap();
        let store = Experience::open(&folder.path().join("data/experience.db")).unwrap();
        let plan = |name: &str, day: u32| Plan {
            name: name.into(),
            starts_at: At::parse(&format!("2026-11-{day}T23:00:00Z"), None),
            ..Plan::default()
        };
        let (first, second, now) = (plan("a", 17), plan("b", 24), At::parse("2026-11-25T00:00:00Z", None).unwrap());
        assert_eq!(store.priors(&second, now).unwrap(), None);
        let learnt =
            |fired| Learnt { rules: [("dead_air".to_owned(), RuleRecord { fired, ..RuleRecord::default() })].into(), ..Learnt::default() };
        for _ in 0..2 {
            store.remember(&first, now, &learnt(3)).unwrap();
            store.remember(&second, now, &learnt(50)).unwrap();
        }
        let priors = store.priors(&second, now).unwrap().unwrap();
        assert_eq!((priors.lives, priors.rules["dead_air"].fired), (1, 3));
        assert_eq!(store.priors(&first, now).unwrap(), None);
    }
}
