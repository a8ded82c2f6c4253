//! What the operator sees once a live is closed: where the report lies, what is final of it, and proposed changes to tick.

use crossterm::event::{Event as TerminalEvent, KeyEventKind};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::action::Action;
use super::keymap::{Key, Keymap};
use super::theme::{Theme, Tone};
use super::words::Words;

/// Columns of the text, at most.
const WIDEST: u16 = 100;

/// A proposed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What to do, and why.
    pub text: String,
    pub evidence: String,
    pub ticked: bool,
}

/// The closing page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// What is told above: the report's path, what is final; or why there is no report.
    pub told: Vec<String>,
    pub changes: Vec<Change>,
    row: usize,
    /// Somebody is at the desk: the page stays.
    stays: bool,
}

/// What a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Leave,
}

impl Closing {
    #[must_use]
    pub fn new(told: Vec<String>, proposals: &[(String, String)]) -> Self {
        let change = |(text, evidence): &(String, String)| Change { text: text.clone(), evidence: evidence.clone(), ticked: false };
        Self { told, changes: proposals.iter().map(change).collect(), row: 0, stays: false }
    }

    /// True once a key was pressed.
    #[must_use]
    pub const fn stays(&self) -> bool {
        self.stays
    }

    /// Numbers of the ticked changes, from 1.
    #[must_use]
    pub fn ticked(&self) -> Vec<usize> {
        self.changes.iter().enumerate().filter(|(_, change)| change.ticked).map(|(place, _)| place + 1).collect()
    }

    /// Takes a key; anything else is none of its business.
    pub fn press(&mut self, event: &TerminalEvent, keymap: &Keymap) -> Step {
        let TerminalEvent::Key(event) = event else { return Step::Stay };
        if event.kind != KeyEventKind::Press {
            return Step::Stay;
        }
        self.stays = true;
        let last = self.changes.len().saturating_sub(1);
        match Key::from_terminal(event).and_then(|key| keymap.action_in("closing", key)) {
            Some(Action::Accept | Action::Cancel) => return Step::Leave,
            Some(Action::ChoiceUp) => self.row = self.row.saturating_sub(1),
            Some(Action::ChoiceDown) => self.row = (self.row + 1).min(last),
            Some(Action::Tick) => self.tick(self.row),
            Some(Action::Slot(digit)) => self.tick(usize::from(digit).saturating_sub(1)),
            _ => {}
        }
        Step::Stay
    }

    fn tick(&mut self, place: usize) {
        if let Some(change) = self.changes.get_mut(place) {
            change.ticked = !change.ticked;
            self.row = place;
        }
    }

    /// Draws the page; `leaves_s` counts down while nobody has pressed a key.
    pub fn draw(&self, frame: &mut Frame<'_>, theme: &Theme, words: &Words, leaves_s: u64) {
        let area = frame.area();
        frame.buffer_mut().set_style(area, theme.style(Tone::Normal));
        let width = area.width.min(WIDEST).saturating_sub(2);
        let inner = Rect { x: area.x + (area.width - width.min(area.width)) / 2, width, ..area };
        let [body, keys] = Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(inner);
        frame.render_widget(Paragraph::new(self.lines(theme, words)).wrap(Wrap { trim: false }), body);
        let mut footer = words.get("closing-keys").to_owned();
        if !self.stays {
            footer = format!("{footer} · {}", words.text("closing-leaves", &[("seconds", leaves_s.into())]));
        }
        frame.render_widget(Paragraph::new(Line::styled(footer, theme.style(Tone::Muted))), keys);
    }

    fn lines<'a>(&'a self, theme: &Theme, words: &'a Words) -> Vec<Line<'a>> {
        let mut lines = vec![Line::default(), Line::styled(words.get("closing-title"), theme.style(Tone::Title)), Line::default()];
        lines.extend(self.told.iter().map(|told| Line::styled(told.as_str(), theme.style(Tone::Normal))));
        lines.push(Line::default());
        if self.changes.is_empty() {
            lines.push(Line::styled(words.get("closing-none"), theme.style(Tone::Muted)));
            return lines;
        }
        lines.push(Line::styled(words.get("closing-proposals"), theme.style(Tone::Title)));
        for (place, change) in self.changes.iter().enumerate() {
            let mark = if change.ticked { "[x]" } else { "[ ]" };
            let tone = if place == self.row { Tone::Selected } else { Tone::Normal };
            lines.push(Line::from(vec![Span::styled(format!("{mark} {} {}", place + 1, change.text), theme.style(tone))]));
            lines.push(Line::styled(format!("      {}", change.evidence), theme.style(Tone::Muted)));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyEventState, KeyModifiers};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::ui::words::Lang;

    fn key(code: KeyCode) -> TerminalEvent {
        TerminalEvent::Key(KeyEvent { code, modifiers: KeyModifiers::NONE, kind: KeyEventKind::Press, state: KeyEventState::NONE })
    }

    fn page() -> Closing {
        let proposals: Vec<(String, String)> = (1..=3).map(|n| (format!("Change {n}."), format!("Evidence {n}."))).collect();
        Closing::new(vec!["Report: night.html".into()], &proposals)
    }

    #[test]
    fn space_ticks_the_row_and_a_digit_its_own() {
        let (mut page, keymap) = (page(), Keymap::shipped());
        assert!(!page.stays());
        for code in [KeyCode::Char(' '), KeyCode::Down, KeyCode::Down, KeyCode::Down, KeyCode::Char(' '), KeyCode::Char('1')] {
            assert_eq!(page.press(&key(code), &keymap), Step::Stay);
        }
        assert_eq!((page.ticked(), page.stays()), (vec![3], true));
        assert_eq!(page.press(&key(KeyCode::Char('9')), &keymap), Step::Stay);
        assert_eq!(page.press(&key(KeyCode::Enter), &keymap), Step::Leave);
    }

    #[test]
    fn the_page_fits_every_size() {
        let (theme, words) = (Theme::named("dark").unwrap(), Words::new(Lang::En));
        for (width, height) in [(80, 24), (120, 40), (200, 60), (1, 1), (20, 3)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| page().draw(frame, &theme, &words, 12)).unwrap();
            let text: String = terminal.backend().buffer().content().iter().map(ratatui::buffer::Cell::symbol).collect();
            if width >= 80 {
                for part in ["Report: night.html", "[ ] 3 Change 3.", "Evidence 3.", "12 s"] {
                    assert!(text.contains(part), "{width}: {part}");
                }
            }
        }
    }
}
