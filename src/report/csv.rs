//! CSV (RFC 4180): numbers as numbers, what is not known as an empty cell, foreign text never as a formula.

use super::tables::{Cell, Table};

/// A cell that begins with one of these would be worked out by a spreadsheet.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠'];

/// The file of a table.
#[must_use]
pub fn print(table: &Table) -> String {
    let mut out = table.head.join(",") + "\r\n";
    for row in &table.rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            push(&mut out, cell);
        }
        out.push_str("\r\n");
    }
    out
}

fn push(out: &mut String, cell: &Cell) {
    match cell {
        Cell::Empty => {}
        Cell::Whole(number) => out.push_str(&number.to_string()),
        Cell::Figure(text) => out.push_str(text),
        Cell::Time(at) => out.push_str(&at.rfc3339()),
        Cell::Text(text) => {
            let guard = if text.starts_with(FORMULA) || text.trim_start().starts_with(FORMULA) { "'" } else { "" };
            let text = format!("{guard}{text}");
            if text.contains(['"', ',', '\r', '\n', ';']) {
                out.push('"');
                out.push_str(&text.replace('"', "\"\""));
                out.push('"');
            } else {
                out.push_str(&text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: Vec<Cell>) -> String {
        print(&Table { name: "a", head: vec!["a"], rows: vec![cells] })
    }

    #[test]
    fn foreign_text_is_never_a_formula_and_a_figure_never_text() {
        for start in ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "\0a", " =1+1", "＝1"] {
            let written = row(vec![Cell::Text(start.to_owned())]);
            assert!(written.trim_start_matches("a\r\n").trim_start_matches('"').starts_with('\''), "{written:?}");
        }
        assert_eq!(row(vec![Cell::Figure("-12.50".to_owned()), Cell::Empty]), "a\r\n-12.50,\r\n");
    }

    #[test]
    fn quotes_commas_and_line_ends_are_quoted() {
        assert_eq!(row(vec![Cell::Text("a \"b\", c\nd".to_owned())]), "a\r\n\"a \"\"b\"\", c\nd\"\r\n");
    }
}
