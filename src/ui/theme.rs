//! Colour by meaning: about a dozen tones, a style for each, from a theme file. Colour never speaks alone: a symbol and a word stand beside it.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// What a piece of text means. Widgets name a tone, never a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Normal,
    /// Labels, units, what can wait.
    Muted,
    /// Titles of panels.
    Title,
    /// The rules between panels.
    Frame,
    Good,
    Warn,
    Alarm,
    /// Data older than its feed promises.
    Stale,
    /// The present: NOW, the product on air, the cursor's column.
    Accent,
    /// The row or cell under the cursor.
    Selected,
    /// The panel that has the focus.
    Focused,
    /// A minute that is still filling.
    Unfinished,
    /// Right of NOW: the plan, the ghost of an earlier live.
    Plan,
    /// A hidden figure or name.
    Masked,
    /// A key that can be pressed.
    Key,
    /// DEMO, REPLAY, REHEARSAL, HELD: this is not the live.
    Mode,
}

impl Tone {
    pub const ALL: [Self; 16] = [
        Self::Normal,
        Self::Muted,
        Self::Title,
        Self::Frame,
        Self::Good,
        Self::Warn,
        Self::Alarm,
        Self::Stale,
        Self::Accent,
        Self::Selected,
        Self::Focused,
        Self::Unfinished,
        Self::Plan,
        Self::Masked,
        Self::Key,
        Self::Mode,
    ];

    /// Its name in a theme file.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Muted => "muted",
            Self::Title => "title",
            Self::Frame => "frame",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Alarm => "alarm",
            Self::Stale => "stale",
            Self::Accent => "accent",
            Self::Selected => "selected",
            Self::Focused => "focused",
            Self::Unfinished => "unfinished",
            Self::Plan => "plan",
            Self::Masked => "masked",
            Self::Key => "key",
            Self::Mode => "mode",
        }
    }
}

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// `NO_COLOR`, or a terminal without any: bold, dim, underlined and reversed only.
    None,
    /// The sixteen of the terminal's own palette.
    Sixteen,
    #[default]
    Full,
}

/// A style for every tone.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    name: String,
    styles: [Style; Tone::ALL.len()],
    /// Colours that tell products and channels apart, beside their number or name.
    lanes: Vec<Color>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    lanes: Vec<String>,
    tones: std::collections::BTreeMap<String, Look>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
    reversed: bool,
}

const DARK: &str = include_str!("../../config/themes/dark.toml");
const LIGHT: &str = include_str!("../../config/themes/light.toml");
const SIXTEEN: &str = include_str!("../../config/themes/sixteen.toml");
const MONO: &str = include_str!("../../config/themes/mono.toml");

impl Theme {
    /// Names that [`Theme::named`] knows.
    pub const NAMES: [&'static str; 4] = ["dark", "light", "sixteen", "mono"];

    /// A theme that is shipped.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let text = match name {
            "dark" => DARK,
            "light" => LIGHT,
            "sixteen" => SIXTEEN,
            "mono" => MONO,
            _ => return None,
        };
        Self::parse(text).ok()
    }

    /// The shipped theme of that name as far as the terminal's colours reach; the dark one for a name that nobody knows.
    #[must_use]
    pub fn for_terminal(name: &str, colours: Colours) -> Self {
        let name = match colours {
            Colours::None => "mono",
            Colours::Sixteen => "sixteen",
            Colours::Full => name,
        };
        Self::named(name).or_else(|| Self::named("dark")).unwrap_or_else(Self::plain)
    }

    /// No style at all: what is left when even the shipped files cannot be read.
    #[must_use]
    pub fn plain() -> Self {
        Self { name: "plain".to_owned(), styles: [Style::new(); Tone::ALL.len()], lanes: Vec::new() }
    }

    /// Reads a theme file.
    ///
    /// # Errors
    /// With every tone and colour that is not known or missing, one a line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut theme = Self { name: file.name, ..Self::plain() };
        let mut wrong = Vec::new();
        for (id, look) in &file.tones {
            match Tone::ALL.iter().position(|tone| tone.id() == id) {
                Some(index) => theme.styles[index] = style(look, id, &mut wrong),
                None => wrong.push(format!("tones.{id}: no such tone")),
            }
        }
        for tone in Tone::ALL {
            if !file.tones.contains_key(tone.id()) {
                wrong.push(format!("tones.{}: missing", tone.id()));
            }
        }
        for lane in &file.lanes {
            match Color::from_str(lane) {
                Ok(colour) => theme.lanes.push(colour),
                Err(_) => wrong.push(format!("lanes: no such colour: {lane}")),
            }
        }
        if wrong.is_empty() { Ok(theme) } else { Err(wrong.join("\n")) }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub const fn style(&self, tone: Tone) -> Style {
        self.styles[tone as usize]
    }

    /// The style of the `index`-th product or channel where several stand side by side.
    #[must_use]
    pub fn lane(&self, index: usize) -> Style {
        match index.checked_rem(self.lanes.len()).and_then(|i| self.lanes.get(i)) {
            Some(colour) => self.style(Tone::Normal).fg(*colour),
            None => self.style(Tone::Normal),
        }
    }
}

fn style(look: &Look, id: &str, wrong: &mut Vec<String>) -> Style {
    let mut style = Style::new();
    for (text, is_fg) in [(&look.fg, true), (&look.bg, false)] {
        let Some(text) = text else { continue };
        match Color::from_str(text) {
            Ok(colour) => style = if is_fg { style.fg(colour) } else { style.bg(colour) },
            Err(_) => wrong.push(format!("tones.{id}: no such colour: {text}")),
        }
    }
    for (set, modifier) in [
        (look.bold, Modifier::BOLD),
        (look.dim, Modifier::DIM),
        (look.italic, Modifier::ITALIC),
        (look.underlined, Modifier::UNDERLINED),
        (look.reversed, Modifier::REVERSED),
    ] {
        if set {
            style = style.add_modifier(modifier);
        }
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_theme_gives_every_tone_a_style() {
        for (name, text) in [("dark", DARK), ("light", LIGHT), ("sixteen", SIXTEEN), ("mono", MONO)] {
            let theme = Theme::parse(text).unwrap();
            assert_eq!(theme.name(), name);
        }
    }

    #[test]
    fn the_mono_theme_has_no_colour_and_still_tells_alarm_from_normal() {
        let theme = Theme::for_terminal("light", Colours::None);
        for tone in Tone::ALL {
            assert_eq!((theme.style(tone).fg, theme.style(tone).bg), (None, None), "{tone:?}");
        }
        assert_ne!(theme.style(Tone::Alarm), theme.style(Tone::Normal));
        assert_ne!(theme.style(Tone::Selected), theme.style(Tone::Normal));
    }

    #[test]
    fn a_wrong_theme_file_names_every_mistake_at_once() {
        let wrong = Theme::parse("name = 'x'\nlanes = ['nope']\n[tones]\nwarm = { fg = 'red' }\nwarn = { fg = 'reddish' }").unwrap_err();
        for part in
            ["tones.warm: no such tone", "tones.warn: no such colour: reddish", "tones.alarm: missing", "lanes: no such colour: nope"]
        {
            assert!(wrong.contains(part), "{part} in {wrong}");
        }
    }

    #[test]
    fn tones_and_their_places_agree() {
        for (index, tone) in Tone::ALL.into_iter().enumerate() {
            assert_eq!(tone as usize, index);
        }
    }
}
