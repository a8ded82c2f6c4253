//! The operator's words: a fluent catalogue in English and Brazilian Portuguese. A key that is missing shows itself.

use std::fmt;

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

pub use fluent_bundle::FluentValue;

use crate::engine::id::Table;
use crate::ui::detail::Details;

const EN: &str = include_str!("../../config/words/en.ftl");
const PT_BR: &str = include_str!("../../config/words/pt-BR.ftl");

/// A language of the glass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    En,
    PtBr,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::PtBr];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::PtBr => "pt-BR",
        }
    }

    /// From `--lang` or a locale of the environment: `pt`, `pt_BR.UTF-8`, `en-GB`. Any other language is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split(['-', '_', '.', '@']).next()?.to_ascii_lowercase().as_str() {
            "pt" => Some(Self::PtBr),
            "en" | "c" | "posix" => Some(Self::En),
            _ => None,
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::En => EN,
            Self::PtBr => PT_BR,
        }
    }
}

/// The catalogue of one language.
pub struct Words {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
    /// Messages without variables, as they stand.
    plain: Table<String, String>,
    /// What the program says in English, in this language; made when it is first asked for.
    details: OnceLock<Details>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("lang", &self.lang).field("plain", &self.plain.len()).finish_non_exhaustive()
    }
}

impl Words {
    /// The shipped catalogue.
    #[must_use]
    pub fn new(lang: Lang) -> Self {
        let source = lang.source();
        // what fluent cannot read of a file it leaves out; a test reads both files whole
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(partial, _)| partial);
        let mut bundle = FluentBundle::new_concurrent(lang.id().parse().into_iter().collect());
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        let mut words = Self { lang, bundle, plain: Table::default(), details: OnceLock::new() };
        for key in keys(source) {
            if let Some(text) = words.format(key, None) {
                words.plain.insert(key.to_owned(), text);
            }
        }
        words
    }

    #[must_use]
    pub const fn lang(&self) -> Lang {
        self.lang
    }

    /// A message without variables. The key itself where the catalogue has none.
    #[must_use]
    pub fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.plain.get(key).map_or(key, String::as_str)
    }

    /// The messages without variables whose keys begin so.
    pub fn plain(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.plain.iter().filter(move |(key, _)| key.starts_with(prefix)).map(|(key, said)| (key.as_str(), said.as_str()))
    }

    /// What the program says in English, in this language; none where this is English.
    #[must_use]
    pub fn details(&self) -> Option<&Details> {
        (self.lang != Lang::En).then(|| self.details.get_or_init(|| Details::new(&Self::new(Lang::En), self)))
    }

    /// True when the catalogue knows the key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// A message with its variables: `words.text("panel-age", &[("age", age.into())])`.
    #[must_use]
    pub fn text(&self, key: &str, values: &[(&'static str, FluentValue<'_>)]) -> String {
        if let Some(plain) = self.plain.get(key) {
            return plain.clone();
        }
        let args: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.format(key, Some(&args)).unwrap_or_else(|| key.to_owned())
    }

    /// `None` where the message is missing or lacks a variable.
    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors).into_owned();
        errors.is_empty().then_some(text)
    }
}

/// The ids of all messages of a file, in its order.
fn keys(source: &str) -> impl Iterator<Item = &str> {
    source
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    /// Variables by message.
    fn variables(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                key = line.split('=').next().unwrap().trim().to_owned();
                assert!(!of.contains_key(&key), "{key} stands twice");
                of.insert(key.clone(), BTreeSet::new());
            }
            for part in line.split('$').skip(1) {
                let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').collect();
                of.get_mut(&key).unwrap().insert(name);
            }
        }
        of
    }

    #[test]
    fn both_languages_have_the_same_keys_and_variables() {
        let (en, pt) = (variables(EN), variables(PT_BR));
        for (key, names) in &en {
            assert_eq!(Some(names), pt.get(key), "{key} in pt-BR");
        }
        for key in pt.keys() {
            assert!(en.contains_key(key), "{key} in en");
        }
    }

    #[test]
    fn fluent_reads_both_files_whole() {
        for lang in Lang::ALL {
            let resource = FluentResource::try_new(lang.source().to_owned());
            assert!(resource.is_ok(), "{}: {:?}", lang.id(), resource.err().map(|(_, errors)| errors));
            let words = Words::new(lang);
            for (key, names) in variables(lang.source()) {
                let values: Vec<(&'static str, FluentValue<'_>)> =
                    names.iter().map(|name| (&*name.clone().leak(), FluentValue::from(2))).collect();
                assert_ne!(words.text(&key, &values), key, "{key} in {}", lang.id());
            }
        }
    }

    #[test]
    fn a_missing_key_shows_itself() {
        let words = Words::new(Lang::En);
        assert_eq!(words.get("no-such-key"), "no-such-key");
        assert_eq!(words.text("no-such-key", &[]), "no-such-key");
    }

    #[test]
    fn the_locale_of_the_environment_names_the_language() {
        assert_eq!(Lang::parse("pt_BR.UTF-8"), Some(Lang::PtBr));
        assert_eq!(Lang::parse("en_GB"), Some(Lang::En));
        assert_eq!(Lang::parse("C.UTF-8"), Some(Lang::En));
        assert_eq!(Lang::parse("de_DE"), None);
    }
}
