//! The symbols of the glass, in Unicode or ASCII. Which set is right is decided once at start.

/// Which symbols the terminal draws one column wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    #[default]
    Unicode,
    /// `--ascii`, a locale without UTF-8, or a terminal that draws ambiguous symbols two columns wide.
    Ascii,
}

/// One symbol for each thing that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    pub charset: Charset,
    /// Recording, live.
    pub dot: &'static str,
    /// Off, withdrawn.
    pub hollow: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub flat: &'static str,
    /// Stands before the selected row, the product on air.
    pub pointer: &'static str,
    /// The line of NOW.
    pub now: &'static str,
    /// A hard time of the run of show.
    pub anchor: &'static str,
    /// A place to come back to.
    pub bookmark: &'static str,
    /// Unknown.
    pub dash: &'static str,
    pub minus: &'static str,
    pub times: &'static str,
    pub arrow: &'static str,
    pub dots: &'static str,
    /// Between the parts of a line.
    pub middot: &'static str,
    pub masked: &'static str,
    pub horizontal: &'static str,
    pub vertical: &'static str,
    pub tee_down: &'static str,
    pub corners: [&'static str; 4],
    /// A column from empty to full, nine steps.
    pub bars: [&'static str; 9],
    /// A bar lying on its side, from empty to full, nine steps.
    pub rows: [&'static str; 9],
    /// Heat from nothing to most, five steps.
    pub shades: [&'static str; 5],
    /// A minute that is still filling.
    pub hatch: &'static str,
    /// The rest of a bar.
    pub track: &'static str,
    /// A known zero in a curve, which is no gap.
    pub zero: &'static str,
    /// A known zero in a heatmap, which is no gap.
    pub zero_heat: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    charset: Charset::Unicode,
    dot: "●",
    hollow: "○",
    up: "▲",
    down: "▼",
    flat: "=",
    pointer: "▸",
    now: "┊",
    anchor: "◆",
    bookmark: "◇",
    dash: "—",
    minus: "−",
    times: "×",
    arrow: "→",
    dots: "…",
    middot: "·",
    masked: "•",
    horizontal: "─",
    vertical: "│",
    tee_down: "┬",
    corners: ["┌", "┐", "└", "┘"],
    bars: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    rows: [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    shades: [" ", "░", "▒", "▓", "█"],
    hatch: "▒",
    track: "░",
    zero: "_",
    zero_heat: "·",
};

const ASCII: Glyphs = Glyphs {
    charset: Charset::Ascii,
    dot: "*",
    hollow: "o",
    up: "^",
    down: "v",
    flat: "=",
    pointer: ">",
    now: ":",
    anchor: "!",
    bookmark: "b",
    dash: "-",
    minus: "-",
    times: "x",
    arrow: ">",
    dots: "~",
    middot: "-",
    masked: "*",
    horizontal: "-",
    vertical: "|",
    tee_down: "+",
    corners: ["+", "+", "+", "+"],
    bars: [" ", "_", ",", ":", "-", "=", "o", "O", "#"],
    rows: [" ", ".", ":", "-", "=", "+", "*", "%", "#"],
    shades: [" ", ":", "+", "x", "#"],
    hatch: "/",
    track: ".",
    zero: ".",
    zero_heat: ".",
};

impl Glyphs {
    #[must_use]
    pub const fn of(charset: Charset) -> Self {
        match charset {
            Charset::Unicode => UNICODE,
            Charset::Ascii => ASCII,
        }
    }
    #[must_use]
    pub const fn is_ascii(&self) -> bool {
        matches!(self.charset, Charset::Ascii)
    }
}

impl Default for Glyphs {
    fn default() -> Self {
        UNICODE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    fn all(glyphs: Glyphs) -> Vec<&'static str> {
        let mut all = vec![
            glyphs.dot,
            glyphs.hollow,
            glyphs.up,
            glyphs.down,
            glyphs.flat,
            glyphs.pointer,
            glyphs.now,
            glyphs.dash,
            glyphs.minus,
            glyphs.times,
            glyphs.arrow,
            glyphs.dots,
            glyphs.middot,
            glyphs.masked,
            glyphs.horizontal,
            glyphs.vertical,
            glyphs.tee_down,
            glyphs.hatch,
            glyphs.track,
            glyphs.anchor,
        ];
        all.extend(glyphs.corners);
        all.extend(glyphs.bars);
        all.extend(glyphs.rows);
        all.extend(glyphs.shades);
        all
    }

    #[test]
    fn every_symbol_is_one_column_wide() {
        for glyphs in [UNICODE, ASCII] {
            for symbol in all(glyphs) {
                assert_eq!(symbol.width(), 1, "{symbol}");
            }
        }
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        assert!(all(ASCII).iter().all(|symbol| symbol.is_ascii()));
    }
}
