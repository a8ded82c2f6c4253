//! `--plain`: a line for every notable event, for screen readers, logs and pipes. A minute's figures once a minute.

use std::io::{Write, stdout};

use super::face::{Face, Scene};
use super::glass::told_losses;
use crate::engine::Engine;
use crate::engine::advice::State;
use crate::engine::event::InterventionKind;
use crate::engine::id::Sym;
use crate::engine::metric::{Metric, Scope};
use crate::engine::notice::Notice;
use crate::engine::time::{At, Span};
use crate::engine::view::show::{AdviceTurn, LogEntry, Logged};
use crate::journal::{Health, Losses};
use crate::ui::detail;
use crate::ui::format::Format;
use crate::ui::page::Page;
use crate::ui::panels::log::{advice_word, figure};
use crate::ui::reel::Reel;
use crate::ui::words::{Lang, Words};

/// Lines on standard output.
#[derive(Debug)]
pub struct Lines {
    words: Words,
    format: Format,
    /// The last entry of the log that was told.
    told_seq: u64,
    told_advice: usize,
    told_minute: Option<i64>,
    told_journal: bool,
    /// What stands before every line of a replay: it is never taken for a live.
    replaying: String,
}

impl Lines {
    #[must_use]
    pub const fn new(words: Words, format: Format) -> Self {
        Self { words, format, told_seq: 0, told_advice: 0, told_minute: None, told_journal: false, replaying: String::new() }
    }

    /// Tells what there is to tell, in the order of its time, however much of it a frame holds.
    fn tell(&self, mut told: Vec<(At, String)>) -> std::io::Result<()> {
        told.sort_by_key(|(at, _)| *at);
        let mut out = stdout().lock();
        for (at, text) in told {
            writeln!(out, "{}{} {text}", self.replaying, self.format.clock_s(at))?;
        }
        out.flush()
    }

    /// What a log entry tells, in words.
    fn sentence(&self, entry: &LogEntry<'_>, live: &Engine) -> String {
        let product = |sym: Sym| {
            let sku = live.live().books.skus.text(sym);
            live.plan().product(sku).map_or(sku, |planned| planned.name.as_str()).to_owned()
        };
        let act = |kind: InterventionKind, on: Option<Sym>| {
            let name = self.words.get(&crate::ui::action::Action::Kind(kind).doc_key()).to_owned();
            on.map_or(name.clone(), |sym| format!("{name}: {}", product(sym)))
        };
        match &entry.what {
            Logged::Pinned { product: sym } => self.words.text("plain-on-air", &[("product", product(*sym).into())]),
            Logged::Unpinned { product: Some(sym) } => self.words.text("log-unpinned", &[("product", product(*sym).into())]),
            Logged::Unpinned { product: None } => self.words.get("log-unpinned-all").to_owned(),
            Logged::Cue { segment, .. } => self.words.text("plain-cue", &[("segment", (*segment).into())]),
            Logged::Started { kind, product, .. } => self.words.text("plain-started", &[("act", act(*kind, *product).into())]),
            Logged::Ended { kind, product, .. } => self.words.text("log-ended", &[("act", act(*kind, *product).into())]),
            Logged::Withdrawn { kind, product, .. } => self.words.text("log-withdrawn", &[("act", act(*kind, *product).into())]),
            Logged::Note { text, .. } => (*text).to_owned(),
            Logged::Figure { metric, value } => figure(metric, value, live, (&self.words, &self.format)),
            Logged::Sale { value } => self.words.text("log-sale", &[("value", self.format.money(*value).into())]),
            Logged::Corrected { target, .. } => self.words.text("plain-corrected", &[("target", (*target).into())]),
            Logged::Advice { id, turn, .. } => {
                let card = live.advisor().cards().iter().find(|card| card.id == *id);
                let title = card.map(|card| live.advisor().words(card, self.words.lang().id()).title).unwrap_or_default();
                self.words.text(advice_word(*turn), &[("title", title.into())])
            }
            Logged::FeedLost { feed } => self.words.text("log-feed-lost", &[("feed", (*feed).into())]),
            Logged::FeedBack { feed } => self.words.text("log-feed-back", &[("feed", (*feed).into())]),
            Logged::Closed => self.words.get("log-closed").to_owned(),
        }
    }

    fn tell_log(&mut self, live: &Engine, told: &mut Vec<(At, String)>) {
        // that a card was raised is told with its act
        let raised = |entry: &&LogEntry<'_>| matches!(entry.what, Logged::Advice { turn: AdviceTurn::Raised, .. });
        for entry in live.log().iter().filter(|entry| entry.seq > self.told_seq && !raised(entry)) {
            told.push((entry.at, self.sentence(entry, live)));
        }
        self.told_seq = live.log().last().map_or(self.told_seq, |entry| entry.seq.max(self.told_seq));
    }

    fn tell_advice(&mut self, live: &Engine, told: &mut Vec<(At, String)>) {
        let raised = live.advisor().cards().iter().skip(self.told_advice);
        for card in raised.filter(|card| card.state != State::HeldOut) {
            let words = live.advisor().words(card, self.words.lang().id());
            let text = self.words.text("plain-advice", &[("title", words.title.into()), ("act", card.kind.id().into())]);
            told.push((card.raised, text));
        }
        self.told_advice = live.advisor().cards().len();
    }

    fn tell_minute(&mut self, live: &Engine, now: At, told: &mut Vec<(At, String)>) {
        let minute = now.minute();
        if self.told_minute == Some(minute) || live.started().is_none_or(|started| now < started) {
            return;
        }
        self.told_minute = Some(minute);
        let value = |metric, span| self.format.value(live.reading(metric, Scope::Live, span).value);
        let text = self.words.text(
            "plain-minute",
            &[
                ("paid", value(Metric::GmvPaid, Span::Live).into()),
                ("placed", value(Metric::OrdersPlaced, Span::Live).into()),
                ("viewers", value(Metric::Ccu, Span::Live).into()),
                ("orders", value(Metric::OrdersPlaced, Span::M5).into()),
                ("left", value(Metric::CartAbandon, Span::Live).into()),
            ],
        );
        told.push((now, text));
    }
}

impl Face for Lines {
    fn hear(&mut self, _: &[Notice], _: &Engine) {}

    fn words(&self) -> &Words {
        &self.words
    }

    fn refuse(&mut self, text: String) {
        eprintln!("warroom: {}", detail::told(&text, &self.words));
    }

    fn show(&mut self, page: Page, last: bool) {
        if last {
            // A reader that has gone needs no debrief.
            let _ = stdout().lock().write_all(page.markdown().as_bytes());
        }
    }

    fn lang(&self) -> Lang {
        self.words.lang()
    }

    fn tell_losses(&mut self, losses: &Losses, refused: u64) {
        if let Some(text) = told_losses(&self.words, losses, refused) {
            self.refuse(text);
        }
    }

    fn hear_reel(&mut self, reel: Reel) {
        let decimals = if reel.speed.fract() == 0.0 { 0 } else { 2 };
        self.replaying = format!("{} x{} ", self.words.get("mode-replay"), self.format.number(reel.speed, decimals));
    }

    fn draw(&mut self, scene: &Scene<'_>) -> std::io::Result<bool> {
        let Scene { live, now, journal, .. } = *scene;
        let mut told = Vec::new();
        if let (Some(Health::Failing { error }), false) = (journal.map(|status| &status.health), self.told_journal) {
            self.told_journal = true;
            told.push((now, self.words.text("plain-journal-lost", &[("error", error.as_str().into())])));
        }
        self.tell_log(live, &mut told);
        self.tell_advice(live, &mut told);
        self.tell_minute(live, now, &mut told);
        self.tell(told)?;
        Ok(true)
    }
}
