//! Wiring: the select loop, the frame clock, the terminal guard. The only owner of engine, view state and terminal.

pub mod chronicle;
pub mod closing;
pub mod debrief;
pub mod demo;
pub mod desk;
pub mod ending;
pub mod face;
pub mod foresight;
pub mod glass;
pub mod headway;
pub mod history;
pub mod lines;
pub mod live;
pub mod mirror;
pub mod outbox;
pub mod rehearse;
pub mod replay;
pub mod reporting;
pub mod scoring;
pub mod session;
pub mod settling;
pub mod stage;
pub mod terminal;

use std::io::Write;
use std::path::PathBuf;

use crate::config::paths::Folders;
use crate::config::plan::Loaded;
use crate::ui::format::Format;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::state::Mode;
use crate::ui::words::Words;
use face::Face;

/// What the command line asks for.
#[derive(Debug)]
pub struct Request {
    pub show: Show,
    pub look: glass::Look,
    /// Lines instead of the screen.
    pub plain: bool,
    /// Who is at the desk.
    pub operator: Option<String>,
}

/// What is on the glass.
#[derive(Debug)]
pub enum Show {
    Demo(demo::Request),
    Live(Box<LiveRequest>),
    Replay {
        file: PathBuf,
        speed: f64,
    },
    Rehearse(Box<rehearse::Request>),
    /// A second terminal on the journal of a live.
    Mirror {
        file: PathBuf,
        sheet: mirror::Sheet,
    },
}

/// What a live needs.
#[derive(Debug)]
pub struct LiveRequest {
    pub loaded: Loaded,
    /// The live's journal: opened if it is there, else begun ([`crate::journal::Journal::of_live`]).
    pub journal: PathBuf,
    /// Where the key of people and the ledger of customers lie.
    pub folders: Folders,
}

/// Opens the glass and runs until the operator leaves; the exit code.
///
/// # Errors
/// When the terminal cannot be used, or what is to be shown cannot be opened.
pub fn open(request: Request) -> std::io::Result<u8> {
    let Request { show, look, plain, operator } = request;
    let closing = look.clone();
    let face = move |mode: Mode, zone: chrono_tz::Tz| -> std::io::Result<Box<dyn Face>> {
        if plain {
            let glyphs = Glyphs::of(if look.ascii { Charset::Ascii } else { Charset::Unicode });
            return Ok(Box::new(lines::Lines::new(Words::new(look.lang), Format::new(look.lang, zone, glyphs))));
        }
        Ok(Box::new(glass::Glass::open(look, mode, zone)?))
    };
    match show {
        Show::Demo(demo) => demo::run(&demo, face).map(ending::Ending::code),
        Show::Live(live) => {
            let (journal, plan, folders) = (live.journal.clone(), live.loaded.file.clone(), live.folders.clone());
            let (code, closed) = live::run(*live, face, operator)?;
            if closed {
                closing::report(&closing::Closed { journal, plan, folders, look: closing, plain });
            }
            Ok(code)
        }
        Show::Replay { file, speed } => replay::run(&file, speed, closing.lang, face).map(ending::Ending::code),
        Show::Mirror { file, sheet } => mirror::run(&file, sheet, face).map(ending::Ending::code),
        Show::Rehearse(request) => {
            let (code, text) = rehearse::run(*request, face)?;
            std::io::stdout().write_all(text.as_bytes())?;
            Ok(code)
        }
    }
}

/// A runtime of two threads: the owner's and one for the network.
///
/// # Errors
/// When the system has no threads left.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
