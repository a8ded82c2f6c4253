//! What a frame of the demo costs: built, compared with the one before and written as bytes, second after second of the
//! broadcast. Prints the median and the 99th percentile for two sizes; the goals are 2 ms at 200×60 and 8 ms at 300×100.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::cast_precision_loss,
    reason = "a benchmark stops where it fails, and it measures time"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use warroom::config::playbook;
use warroom::engine::{Arrival, Engine};
use warroom::simulate::Records;
use warroom::simulate::scenario::Scenario;
use warroom::ui::format::Format;
use warroom::ui::glyphs::{Charset, Glyphs};
use warroom::ui::keymap::Keymap;
use warroom::ui::state::{Mode, UiState};
use warroom::ui::theme::{Colours, Theme};
use warroom::ui::words::{Lang, Words};
use warroom::ui::{JournalLight, View, render};

/// The broadcast is looked at from its 47th minute on, where every panel has something to show.
const FROM_S: i64 = 47 * 60;
/// Frames of a size, one for each second that passes.
const FRAMES: i64 = 600;

fn main() {
    for (width, height) in [(200, 60), (300, 100)] {
        let mut frames = frames(width, height);
        frames.sort();
        let ms = |share: usize| frames[(frames.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
        println!("frame {width}x{height} median {:.2} ms p99 {:.2} ms", ms(50), ms(99));
    }
}

fn frames(width: u16, height: u16) -> Vec<Duration> {
    let scenario: Arc<Scenario> = Scenario::demo().expect("the demo");
    let (starts_at, plan) = (scenario.starts_at, scenario.plan());
    let mut records = Records::new(scenario, 3).expect("a broadcast").peekable();
    let mut engine = Engine::new(plan, Arrival::Live);
    engine.arm(playbook::shipped());
    let (words, glyphs) = (Words::new(Lang::En), Glyphs::of(Charset::Unicode));
    let format = Format::new(Lang::En, chrono_tz::America::Sao_Paulo, glyphs);
    let (theme, keymap, state) = (Theme::for_terminal("dark", Colours::Full), Keymap::default(), UiState::new(Mode::Demo));
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, width, height)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(std::io::sink()), options).expect("a terminal");
    let mut taken = Vec::new();
    for second in 0..FRAMES {
        let now = starts_at.plus_s(FROM_S + second);
        while let Some(record) = records.next_if(|record| record.at <= now) {
            engine.step(&record);
        }
        engine.advance_to(now);
        let begun = Instant::now();
        let view = View {
            engine: &engine,
            curves: &engine,
            live: &engine,
            state: &state,
            words: &words,
            theme: &theme,
            format: &format,
            glyphs: &glyphs,
            keymap: &keymap,
            now,
            mode: Mode::Demo,
            journal: JournalLight::Recording,
            speed: 1.0,
        };
        terminal.draw(|frame| render(frame, &view)).expect("a frame");
        taken.push(begun.elapsed());
    }
    taken
}
