//! Products of a plan from a CSV file: every row becomes the table that the plan could have held, on the same line, so that
//! both are read, judged and told in one way.

use std::path::{Path, PathBuf};

use super::plan::{LARGEST_BYTES, MOST_ENTRIES};
use crate::feed::document::Problem;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Money,
    Share,
    Whole,
    Flag,
    /// Skus, separated by spaces, `;` or `|`.
    List,
}

/// The keys of a product with what other programs call their columns.
const COLUMNS: [(&str, Kind, &[&str]); 18] = [
    ("sku", Kind::Text, &["variant sku", "seller sku", "código", "codigo", "ref"]),
    ("name", Kind::Text, &["title", "product", "product name", "nome", "produto"]),
    ("variants", Kind::List, &["variações", "variacoes"]),
    ("slot", Kind::Whole, &["posição", "posicao"]),
    ("price", Kind::Money, &["variant price", "preço", "preco"]),
    ("cost", Kind::Money, &["cost per item", "custo"]),
    ("margin", Kind::Share, &["margem"]),
    ("margin_floor", Kind::Share, &["margem mínima", "margem minima"]),
    ("max_discount", Kind::Share, &["desconto máximo", "desconto maximo"]),
    ("stock", Kind::Whole, &["variant inventory qty", "inventory", "quantity", "estoque"]),
    ("expected_units", Kind::Whole, &["unidades esperadas"]),
    ("role", Kind::Text, &["papel"]),
    ("good_on_camera", Kind::Flag, &[]),
    ("fits_theme", Kind::Flag, &[]),
    ("substitutes", Kind::List, &["substitutos"]),
    ("bundle_with", Kind::List, &[]),
    ("bundle_price", Kind::Money, &[]),
    ("bonus_kit", Kind::Text, &["brinde"]),
];

/// Letters of a currency's name beside a number, at most: `R$`, `Rp`, `BRL`.
const CURRENCY_LETTERS: usize = 3;
/// The columns of [`write()`].
pub const WRITTEN: [&str; 4] = ["sku", "name", "price", "stock"];

/// The products of a CSV file as the TOML that a plan would hold, with what is wrong and what was left aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// As problems name it.
    pub file: String,
    pub toml: String,
    pub problems: Vec<Problem>,
    pub doubts: Vec<Problem>,
}

impl Catalogue {
    /// Reads the file that a plan names, relative to the plan.
    #[must_use]
    pub fn open(plan: &str, named: &str) -> Self {
        let path = beside(plan, named);
        let file = path.display().to_string();
        let refuse = |what: String, remedy: &str| Self {
            problems: vec![Problem { file: file.clone(), line: 1, what, remedy: remedy.to_owned() }],
            file: file.clone(),
            ..Self::default()
        };
        let bytes = match std::fs::metadata(&path).and_then(|found| {
            if found.len() > LARGEST_BYTES {
                return Ok(Err(found.len()));
            }
            std::fs::read(&path).map(Ok)
        }) {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(size)) => return refuse(format!("{size} bytes are too many for a list of products"), "keep what is sold in this live"),
            Err(cause) => return refuse(cause.to_string(), "give the path of a CSV file, from the plan's own folder"),
        };
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::read(&file, text),
            Err(_) => refuse("is no UTF-8 text".into(), "save it as \"CSV UTF-8\""),
        }
    }

    /// Reads the text of a CSV file: comma, semicolon or tab, whichever its first line has most of.
    #[must_use]
    pub fn read(file: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut catalogue = Self { file: file.to_owned(), toml: "product = [".into(), ..Self::default() };
        let delimiter = delimiter_of(text);
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes())
            .into_records();
        let head = match rows.next() {
            Some(Ok(head)) => head,
            Some(Err(_)) | None => {
                catalogue.wrong(1, "has no line of column names".into(), columns_remedy());
                return catalogue;
            }
        };
        let columns = catalogue.columns(&head);
        let (mut written, mut lines) = (0usize, 1u64);
        for row in rows {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    let line = error.position().map_or(1, csv::Position::line);
                    catalogue.wrong(line, "cannot be read as CSV".into(), "write every cell with a comma in it in quotes".into());
                    break;
                }
            };
            if row.iter().all(str::is_empty) {
                continue;
            }
            written += 1;
            if written > MOST_ENTRIES {
                catalogue.wrong(1, format!("has more than {MOST_ENTRIES} products"), format!("keep it to {MOST_ENTRIES}"));
                break;
            }
            let line = line_of(text, &row);
            catalogue.push_row(&row, &columns, line, &mut lines);
        }
        catalogue.toml.push(']');
        catalogue
    }

    fn wrong(&mut self, line: u64, what: String, remedy: String) {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        self.problems.push(Problem { file: self.file.clone(), line, what, remedy });
    }

    /// What each column is; one that is no key of a product is left aside and told.
    fn columns(&mut self, head: &csv::StringRecord) -> Vec<Option<(&'static str, Kind)>> {
        let found: Vec<Option<(&'static str, Kind)>> = head.iter().map(column_of).collect();
        let mut seen: Vec<&str> = found.iter().flatten().map(|(key, _)| *key).collect();
        if !seen.contains(&"sku") {
            self.wrong(1, "has no column `sku`".into(), columns_remedy());
        }
        seen.sort_unstable();
        if let Some(twice) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
            self.wrong(1, format!("has two columns for `{}`", twice[0]), "keep one of them".into());
        }
        let aside: Vec<&str> =
            head.iter().zip(&found).filter(|(name, column)| column.is_none() && !name.is_empty()).map(|(name, _)| name).collect();
        if !aside.is_empty() {
            let shown = crate::engine::text::clean(&aside.join(", "), 200).to_string();
            let what = format!("columns that say nothing of a product are left aside: {shown}");
            self.doubts.push(Problem { file: self.file.clone(), line: 1, what, remedy: columns_remedy() });
        }
        found
    }

    /// One inline table on the row's own line.
    fn push_row(&mut self, row: &csv::StringRecord, columns: &[Option<(&'static str, Kind)>], line: u64, lines: &mut u64) {
        if row.len() > columns.len() {
            self.wrong(
                line,
                format!("has {} cells under {} columns", row.len(), columns.len()),
                "put cells with the separator in quotes".into(),
            );
        }
        while *lines < line {
            self.toml.push('\n');
            *lines += 1;
        }
        self.toml.push('{');
        let mut first = true;
        for (cell, (key, kind)) in row.iter().zip(columns).filter_map(|(cell, column)| Some((cell, (*column)?))) {
            if cell.is_empty() {
                continue;
            }
            if !first {
                self.toml.push(',');
            }
            first = false;
            self.toml.push_str(&format!("{key}={}", value_of(cell, kind)));
        }
        self.toml.push_str("},");
    }
}

/// The line that a row begins on: the reader's place lies before the empty lines that it skipped.
#[must_use]
pub fn line_of(text: &str, row: &csv::StringRecord) -> u64 {
    let Some(place) = row.position() else { return 1 };
    let from = usize::try_from(place.byte()).unwrap_or(usize::MAX).min(text.len());
    let skipped = text.as_bytes()[from..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).filter(|byte| **byte == b'\n').count();
    place.line() + skipped as u64
}

/// A path that a plan names, from the plan's own folder.
#[must_use]
pub fn beside(plan: &str, named: &str) -> PathBuf {
    Path::new(plan).parent().unwrap_or(Path::new("")).join(named)
}

fn columns_remedy() -> String {
    let keys: Vec<&str> = COLUMNS.iter().map(|(key, ..)| *key).collect();
    format!("the first line names the columns: {}", keys.join(", "))
}

fn delimiter_of(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let count = |byte: u8| head.bytes().filter(|b| *b == byte).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

fn column_of(name: &str) -> Option<(&'static str, Kind)> {
    let name = name.trim().to_lowercase();
    let spelled = name.replace([' ', '-'], "_");
    COLUMNS.iter().find(|(key, _, others)| *key == spelled || others.contains(&name.as_str())).map(|(key, kind, _)| (*key, *kind))
}

/// A cell as a TOML value; what cannot be its column's is left as text, which the plan's reader refuses with the line.
fn value_of(cell: &str, kind: Kind) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    match kind {
        Kind::Text => text(unguarded(cell)),
        Kind::Money => text(&plain_number(cell)),
        Kind::Share => {
            let plain = plain_number(cell.trim_end_matches('%').trim());
            if cell.ends_with('%') { text(&format!("{plain}%")) } else { share_of(&plain).unwrap_or_else(|| text(cell)) }
        }
        Kind::Whole => cell.parse::<u32>().map_or_else(|_| text(cell), |number| number.to_string()),
        Kind::Flag => match cell.to_lowercase().as_str() {
            "true" | "yes" | "y" | "sim" | "s" | "1" | "x" => "true".to_owned(),
            "false" | "no" | "n" | "não" | "nao" | "0" => "false".to_owned(),
            _ => text(cell),
        },
        Kind::List => {
            let items: Vec<String> = cell.split([';', '|', ' ', ',']).filter(|item| !item.is_empty()).map(text).collect();
            format!("[{}]", items.join(","))
        }
    }
}

/// A share without its sign as a TOML float.
fn share_of(plain: &str) -> Option<String> {
    plain
        .parse::<f64>()
        .ok()
        .filter(|share| share.is_finite())
        .map(|_| if plain.contains('.') { plain.to_owned() } else { format!("{plain}.0") })
}

/// Our own CSV keeps a spreadsheet from taking text for a formula with an apostrophe; it is no part of the text.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(cell)
}

/// A number as people and spreadsheets write it, with a point before its decimals: `R$ 1.299,90`, `1,299.90`, `129,9`.
#[must_use]
pub fn plain_number(text: &str) -> String {
    let kept: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-')).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let begins = text.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches(|c: char| !c.is_ascii_digit());
    // a currency's sign or short name may stand before or after the digits, nothing among them
    if begins.is_empty() || letters > CURRENCY_LETTERS || begins.chars().any(char::is_alphabetic) {
        return text.trim().to_owned();
    }
    let (points, commas) = (kept.matches('.').count(), kept.matches(',').count());
    match (kept.rfind('.'), kept.rfind(',')) {
        (Some(point), Some(comma)) if comma > point => kept.replace('.', "").replace(',', "."),
        (Some(_), Some(_)) => kept.replace(',', ""),
        (None, Some(comma)) if commas == 1 && kept.len() - comma - 1 != 3 => kept.replace(',', "."),
        (None, Some(_)) => kept.replace(',', ""),
        (Some(_), None) if points > 1 => kept.replace('.', ""),
        _ => kept,
    }
}

/// A product to be written into a CSV file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub sku: String,
    pub name: String,
    /// In major units.
    pub price: String,
    pub stock: String,
}

/// Products as a CSV file that [`Catalogue::read`] takes; foreign text never becomes a formula.
#[must_use]
pub fn write(rows: &[Row]) -> String {
    let guarded = |text: &str| if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing into memory cannot fail.
    drop(writer.write_record(WRITTEN));
    for row in rows {
        drop(writer.write_record([&guarded(&row.sku), &guarded(&row.name), &row.price, &row.stock]));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_table_on_its_own_line() {
        let read = Catalogue::read("p.csv", "SKU;Nome;Preço;margin_floor;stock\n\nA;\"Fone; Pro\";R$ 1.299,90;15%;12\n");
        assert_eq!(read.problems, []);
        assert_eq!(read.toml, "product = [\n\n{sku=\"A\",name=\"Fone; Pro\",price=\"1299.90\",margin_floor=\"15%\",stock=12},]");
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, plain) in [
            ("129.90", "129.90"),
            ("129,90", "129.90"),
            ("R$ 1.299,90", "1299.90"),
            ("1,299.90", "1299.90"),
            ("1.299.000", "1299000"),
            ("1,299", "1299"),
            ("12.345", "12.345"),
            ("-5", "-5"),
            ("Rp 12.480.000", "12480000"),
            ("cheap", "cheap"),
            ("12 apples", "12 apples"),
            ("2h30", "2h30"),
        ] {
            assert_eq!(plain_number(text), plain, "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_products_says_so() {
        assert!(Catalogue::read("p.csv", "").problems[0].what.contains("no line of column names"));
        assert!(Catalogue::read("p.csv", "name,price\nA,1\n").problems[0].what.contains("no column `sku`"));
        let read = Catalogue::read("p.csv", "sku,colour\nA,red,more\n");
        assert!(read.doubts[0].what.contains("colour") && read.problems[0].what.contains("3 cells under 2 columns"));
        assert_eq!(read.problems[0].line, 2);
        assert!(Catalogue::open("plans/a.toml", "none.csv").problems[0].file.ends_with("plans/none.csv"));
    }

    #[test]
    fn what_is_written_is_read_again_and_never_a_formula() {
        let rows = [Row { sku: "A".into(), name: "=HYPERLINK(\"x\")".into(), price: "1.00".into(), stock: "3".into() }];
        let text = write(&rows);
        assert!(text.contains("\"'=HYPERLINK"), "{text}");
        let read = Catalogue::read("p.csv", &text);
        assert!(read.problems.is_empty() && read.toml.contains(r#"name='=HYPERLINK("x")'"#), "{}", read.toml);
    }
}
