//! One self-contained HTML file: no script, no request, light and dark, printable. Foreign text is escaped by maud.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::document::{Block, Card, Cell, Document, Section, Table, Tone};
use super::svg;

const STYLE: &str = include_str!("report.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Letters of a cell that is not worth a second line.
const SHORT: usize = 14;
/// Columns of a table that needs no more room than they take.
const NARROW: usize = 2;

/// The whole file.
#[must_use]
pub fn print(document: &Document) -> String {
    let page = html! {
        (DOCTYPE)
        html lang=(document.language) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (document.title) }
                    p .lead { (document.lead) }
                    nav aria-label=(document.contents) {
                        @for section in &document.sections {
                            a href={ "#" (section.id) } { (section.title) }
                        }
                    }
                }
                main {
                    @for section in &document.sections { (chapter(section)) }
                }
                footer { p { "warroom" } }
            }
        }
    };
    page.into_string()
}

fn chapter(section: &Section) -> Markup {
    html! {
        section id=(section.id) {
            h2 { (section.title) }
            @for block in &section.blocks { (part(block, &section.title)) }
        }
    }
}

/// A block of the section of that title.
fn part(block: &Block, title: &str) -> Markup {
    match block {
        Block::Heading(text) => html! { h3 { (text) } },
        Block::Text(text) => html! { p { (text) } },
        Block::Warning(text) => html! { p .warning role="note" { (text) } },
        Block::Cards(cards) => html! {
            dl .cards { @for figure in cards { (card(figure)) } }
        },
        Block::Table(rows) => table(&rows.lean(), title),
        Block::Chart(chart) => html! {
            figure tabindex="0" { (svg::draw(chart)) figcaption { (chart.caption()) } }
        },
        Block::Ticks(ticks) => html! {
            ul .ticks {
                @for (number, (change, evidence)) in (1..).zip(ticks) {
                    li { span .box aria-hidden="true" { "☐" } div { strong { (number) ". " (change) } p { (evidence) } } }
                }
            }
        },
    }
}

fn card(figure: &Card) -> Markup {
    html! {
        div .card {
            dt { (figure.label) }
            dd .value { (cell_text(&figure.value)) }
            @if !figure.note.is_empty() { dd .note .good[figure.value.tone == Tone::Good] .bad[figure.value.tone == Tone::Bad] { (figure.note) } }
        }
    }
}

/// A caption that says what the section's title has said is for those who cannot see it.
fn table(table: &Table, title: &str) -> Markup {
    let is_number = |column: usize| table.rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.is_number));
    html! {
        div .scroll tabindex="0" role="group" aria-label=(table.caption) {
            table .narrow[table.head.len() <= NARROW] {
                caption .unseen[table.caption == title] { (table.caption) }
                thead { tr { @for (column, words) in table.head.iter().enumerate() { th scope="col" .number[is_number(column)] { (words) } } } }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (column, cell) in row.iter().enumerate() {
                                @if column == 0 && !cell.text.trim().is_empty() { th scope="row" .number[cell.is_number] .short[is_short(cell)] { (cell_text(cell)) } }
                                @else { td .number[cell.is_number] .short[is_short(cell)] .good[cell.tone == Tone::Good] .bad[cell.tone == Tone::Bad] { (cell_text(cell)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn is_short(cell: &Cell) -> bool {
    cell.why.is_none() && cell.text.chars().count() <= SHORT
}

fn cell_text(cell: &Cell) -> Markup {
    html! {
        @match &cell.why {
            Some(why) => { span .unknown title=(why) { (cell.text) " " small { (why) } } },
            None => { (cell.text) },
        }
    }
}
