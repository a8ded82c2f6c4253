//! The same report as Markdown: tables, and boxes to tick. Foreign text cannot become markup.

use std::fmt::Write;

use super::document::{Block, Cell, Document, Table};

/// Marks that Markdown (or HTML within it) gives a meaning to.
const MARKS: [char; 12] = ['\\', '`', '*', '_', '{', '}', '[', ']', '#', '|', '!', '~'];

/// The whole file.
#[must_use]
pub fn print(document: &Document) -> String {
    let mut out = format!("# {}\n\n{}\n", plain(&document.title), plain(&document.lead));
    for section in &document.sections {
        let _ = write!(out, "\n## {}\n", plain(&section.title));
        for block in &section.blocks {
            out.push('\n');
            push(&mut out, block);
        }
    }
    out
}

fn push(out: &mut String, block: &Block) {
    match block {
        Block::Heading(text) => {
            let _ = writeln!(out, "### {}", plain(text));
        }
        Block::Text(text) => out.push_str(&(plain(text) + "\n")),
        Block::Warning(text) => {
            let _ = writeln!(out, "> **{}**", plain(text));
        }
        Block::Cards(cards) => {
            for card in cards {
                let note = if card.note.is_empty() { String::new() } else { format!(" ({})", plain(&card.note)) };
                let _ = writeln!(out, "- {}: **{}**{note}", plain(&card.label), cell(&card.value));
            }
        }
        Block::Table(rows) => table(out, &rows.lean()),
        // What a chart shows stands in the tables, too.
        Block::Chart(chart) => {
            let _ = writeln!(out, "_{}_", plain(chart.caption()));
        }
        Block::Ticks(ticks) => {
            for (number, (change, evidence)) in (1..).zip(ticks) {
                let _ = writeln!(out, "- [ ] **{number}. {}** {}", plain(change), plain(evidence));
            }
        }
    }
}

fn table(out: &mut String, table: &Table) {
    let is_number = |column: usize| table.rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.is_number));
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&format!("**{}**\n\n", plain(&table.caption)));
    out.push_str(&line(table.head.iter().map(|words| plain(words)).collect()));
    out.push_str(&line((0..table.head.len()).map(|column| if is_number(column) { "---:" } else { "---" }.to_owned()).collect()));
    for row in &table.rows {
        out.push_str(&line(row.iter().map(cell).collect()));
    }
}

fn cell(cell: &Cell) -> String {
    match &cell.why {
        Some(why) => format!("{} ({})", cell.text, plain(why)),
        None => plain(&cell.text),
    }
}

/// Text that stays text: marks escaped, one line.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') {
            out.push(' ');
            continue;
        }
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            mark if MARKS.contains(&mark) => out.extend(['\\', mark]),
            other => out.push(other),
        }
    }
    out
}
