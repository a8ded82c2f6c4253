//! The thin binary: parse, call, exit code.

use std::process::ExitCode;

use warroom::app::demo;
use warroom::app::glass::Look;
use warroom::ui::keymap::Keymap;
use warroom::ui::theme::Colours;
use warroom::ui::words::Lang;

fn main() -> ExitCode {
    let look = Look { lang: Lang::En, theme: "dark".into(), colours: Colours::Full, ascii: false, keymap: Keymap::shipped() };
    match demo::run(&demo::Request { seed: 1, speed: 1.0, from_min: 24 }, look) {
        Ok(ending) => ExitCode::from(ending.code()),
        Err(error) => {
            eprintln!("warroom: {error}");
            ExitCode::FAILURE
        }
    }
}
