//! How the glass looks: the command line before the operator's settings before the terminal and its locale.

use super::args::Options;
use super::output::{Failure, code};
use crate::app::glass::Look;
use crate::config::paths::Folders;
use crate::config::settings::Settings;
use crate::engine::spelling;
use crate::feed::account::Environment;
use crate::ui::keymap::Keymap;
use crate::ui::theme::{Colours, Theme};
use crate::ui::words::Lang;

/// Decides language, theme, colours, characters and keys.
///
/// # Errors
/// When a language or theme is not known, or the operator's keys are wrong.
pub fn choose(options: &Options, settings: &Settings, folders: Option<&Folders>, environment: Environment<'_>) -> Result<Look, Failure> {
    let theme = options.theme.clone().or_else(|| settings.theme.clone()).unwrap_or_else(|| "dark".to_owned());
    if Theme::named(&theme).is_none() {
        return Err(Failure::new(
            code::CONFIGURATION,
            format!("theme `{theme}` is not known; {}", spelling::remedy(&theme, &["dark", "light"])),
        ));
    }
    Ok(Look {
        lang: lang(options, settings, environment)?,
        theme,
        colours: colours(environment),
        ascii: options.ascii || settings.ascii.unwrap_or(false) || !is_utf8(environment),
        bell: settings.bell.unwrap_or(false),
        keymap: keymap(folders)?,
    })
}

fn lang(options: &Options, settings: &Settings, environment: Environment<'_>) -> Result<Lang, Failure> {
    if let Some(named) = options.lang.as_deref().or(settings.lang.as_deref()) {
        let known: Vec<&str> = Lang::ALL.iter().map(|lang| lang.id()).collect();
        return Lang::parse(named).ok_or_else(|| {
            Failure::new(code::CONFIGURATION, format!("language `{named}` is not known; {}", spelling::remedy(named, &known)))
        });
    }
    Ok(locale(environment).and_then(|locale| Lang::parse(&locale)).unwrap_or_default())
}

/// The language of what is told where nothing can be decided: the command line's if it is one, else the locale's.
#[must_use]
pub fn language(options: &Options, environment: Environment<'_>) -> Lang {
    let of_locale = || locale(environment).and_then(|locale| Lang::parse(&locale));
    options.lang.as_deref().and_then(Lang::parse).or_else(of_locale).unwrap_or_default()
}

/// `pt_BR.UTF-8`: the first of the three variables that is set.
fn locale(environment: Environment<'_>) -> Option<String> {
    ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| environment(name))
}

/// False only where the locale names another encoding: a bare `C` or none at all says nothing about the terminal.
fn is_utf8(environment: Environment<'_>) -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment(name));
    named
        .and_then(|locale| locale.split_once('.').map(|(_, encoding)| encoding.to_ascii_lowercase()))
        .is_none_or(|encoding| encoding.starts_with("utf"))
}

fn colours(environment: Environment<'_>) -> Colours {
    if environment("NO_COLOR").is_some() || environment("TERM").as_deref() == Some("dumb") {
        return Colours::None;
    }
    let rich = environment("COLORTERM").is_some()
        || environment("TERM").is_none_or(|term| term.contains("256") || term.contains("direct") || term.contains("kitty"));
    if rich { Colours::Full } else { Colours::Sixteen }
}

fn keymap(folders: Option<&Folders>) -> Result<Keymap, Failure> {
    let Some(path) = folders.map(Folders::keys).filter(|path| path.exists()) else { return Ok(Keymap::shipped()) };
    let wrong = |message: String| Failure::new(code::CONFIGURATION, format!("{}: {message}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|cause| wrong(cause.to_string()))?;
    Keymap::with(&text).map_err(wrong)
}
