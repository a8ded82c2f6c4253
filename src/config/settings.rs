//! The operator's own defaults: `config/default.toml`, then the file in their configuration folder, then the command line.

use std::path::Path;

use crate::feed::document::{Document, Problem, Section};

/// What the program ships; it explains every key.
pub const SHIPPED: &str = include_str!("../../config/default.toml");

/// How the desk opens where the command line says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `en`, `pt-BR`; absent: by the locale.
    pub lang: Option<String>,
    pub theme: Option<String>,
    pub ascii: Option<bool>,
    /// Ring when a card is raised.
    pub bell: Option<bool>,
    /// Goes into what is written at this desk.
    pub operator: Option<String>,
}

impl Settings {
    /// The shipped settings, overlaid by the operator's own file where there is one.
    ///
    /// # Errors
    /// With all problems of the file.
    pub fn load(own: Option<&Path>) -> Result<Self, Vec<Problem>> {
        let shipped = Self::read("config/default.toml", SHIPPED)?;
        let Some(path) = own.filter(|path| path.exists()) else { return Ok(shipped) };
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|cause| {
            vec![Problem { file: file.clone(), line: 1, what: cause.to_string(), remedy: "save the settings as UTF-8 text".into() }]
        })?;
        let own = Self::read(&file, &text)?;
        Ok(Self {
            lang: own.lang.or(shipped.lang),
            theme: own.theme.or(shipped.theme),
            ascii: own.ascii.or(shipped.ascii),
            bell: own.bell.or(shipped.bell),
            operator: own.operator.or(shipped.operator),
        })
    }

    fn read(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let document = Document::new(file, text);
        let Some(table) = document.parse() else { return Err(document.take_problems()) };
        let root = Section::root(&document, &table);
        let owned = |key: &str| root.text(key).map(str::to_owned);
        let settings = Self {
            lang: owned("lang"),
            theme: owned("theme"),
            ascii: root.flag("ascii"),
            bell: root.flag("bell"),
            operator: owned("operator"),
        };
        root.finish();
        let problems = document.take_problems();
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_settings_are_read() {
        assert_eq!(Settings::load(None).unwrap().theme.as_deref(), Some("dark"));
    }

    #[test]
    fn the_operators_own_file_wins_and_is_told_its_errors() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "theme = \"light\"\n").unwrap();
        assert_eq!(Settings::load(Some(&file)).unwrap().theme.as_deref(), Some("light"));
        std::fs::write(&file, "themes = 3\nascii = 1\n").unwrap();
        assert_eq!(Settings::load(Some(&file)).unwrap_err().len(), 2);
    }
}
