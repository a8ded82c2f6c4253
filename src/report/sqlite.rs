//! The tables of a report as one SQLite file.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::tables::{Cell, Table};

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(match self {
            Self::Text(text) => Value::Text(text.clone()),
            Self::Whole(number) => Value::Integer(*number),
            Self::Figure(text) => text.parse().map_or_else(|_| Value::Text(text.clone()), Value::Real),
            Self::Time(at) => Value::Text(at.rfc3339()),
            Self::Empty => Value::Null,
        }))
    }
}

/// Writes the tables into a new file, which is made durable before it is closed.
///
/// # Errors
/// When the file cannot be written.
pub fn write(tables: &[Table], path: &Path) -> std::io::Result<()> {
    let stored = Connection::open(path).and_then(|mut connection| {
        // Nobody reads the file before it is whole, so it needs no journal of its own.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
        let transaction = connection.transaction()?;
        for table in tables {
            store(&transaction, table)?;
        }
        transaction.commit()
    });
    stored.map_err(std::io::Error::other)?;
    std::fs::File::open(path)?.sync_all()
}

fn store(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let columns: Vec<String> = table.head.iter().map(|name| format!("\"{name}\"")).collect();
    let places = vec!["?"; columns.len()].join(", ");
    connection.execute_batch(&format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", ")))?;
    let mut insert = connection.prepare(&format!("INSERT INTO \"{}\" VALUES ({places})", table.name))?;
    for row in &table.rows {
        insert.execute(params_from_iter(row))?;
    }
    Ok(())
}
