//! `make picture`: runs the real program in a pseudo-terminal and writes what it shows as SVG.
//!
//! usage: picture PROGRAM COLUMNS ROWS SECONDS OUT.svg [ARGUMENTS…]
#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test stops where it fails"
)]

use std::fmt::Write as _;
use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const CELL: (f64, f64) = (8.4, 17.0);
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d6d9df";
/// The sixteen colours of a dark terminal.
const PALETTE: [&str; 16] = [
    "#16181d", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d6d9df", "#5c6370", "#ff7b86", "#b5e890", "#ffd68a",
    "#7fc4ff", "#dd92f5", "#6fd3df", "#ffffff",
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, program, columns, rows, seconds, out, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: picture PROGRAM COLUMNS ROWS SECONDS OUT.svg [ARGUMENTS…]");
        std::process::exit(2);
    };
    let size = PtySize { rows: rows.parse().expect("rows"), cols: columns.parse().expect("columns"), pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(std::fs::canonicalize(program).expect("the program"));
    command.args(rest);
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    command.env("LANG", "en_US.UTF-8");
    let mut child = pair.slave.spawn_command(command).expect("the program starts");
    let mut reader = pair.master.try_clone_reader().expect("its output");
    let (sent, taken) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            if sent.send(buffer[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut screen = vt100::Parser::new(size.rows.try_into().expect("rows"), size.cols.try_into().expect("columns"), 0);
    let mut left = Duration::from_secs(seconds.parse().expect("seconds"));
    while !left.is_zero() {
        let step = left.min(Duration::from_millis(100));
        std::thread::sleep(step);
        left -= step;
        while let Ok(bytes) = taken.try_recv() {
            screen.process(&bytes);
        }
    }
    child.kill().expect("the program ends");
    std::fs::write(out, svg(screen.screen())).expect("the picture is written");
}

fn colour(colour: vt100::Color, default: &str) -> String {
    match colour {
        vt100::Color::Default => default.to_owned(),
        vt100::Color::Idx(index @ 0..=15) => PALETTE[usize::from(index)].to_owned(),
        vt100::Color::Idx(index @ 16..=231) => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let index = index - 16;
            format!("#{:02x}{:02x}{:02x}", step(index / 36), step(index / 6 % 6), step(index % 6))
        }
        vt100::Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
        vt100::Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
    }
}

fn svg(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f64::from(columns) * CELL.0 + 16.0, f64::from(rows) * CELL.1 + 16.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..rows {
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column) else { continue };
            let (mut fore, mut back) = (colour(cell.fgcolor(), FOREGROUND), colour(cell.bgcolor(), BACKGROUND));
            if cell.inverse() {
                std::mem::swap(&mut fore, &mut back);
            }
            let (x, y) = (8.0 + f64::from(column) * CELL.0, 8.0 + f64::from(row) * CELL.1);
            if back != BACKGROUND {
                let _ = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{back}\"/>",
                    CELL.0 + 0.2,
                    CELL.1
                );
            }
            let text = cell.contents();
            if !text.trim().is_empty() {
                let weight = if cell.bold() { " font-weight=\"700\"" } else { "" };
                let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
                let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{fore}\"{weight}>{escaped}</text>", y + 13.0);
            }
        }
    }
    out.push_str("</svg>\n");
    out
}
