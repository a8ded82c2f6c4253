"""Totals over the CSV files of a report and over its SQLite file, by DuckDB and by sqlite3, as JSON.

usage: totals.py FOLDER
"""
import json
import sqlite3
import sys
from pathlib import Path

import duckdb

folder = Path(sys.argv[1])
WANTED = {
    "minutes": ["orders_placed", "orders_paid", "units", "gmv_placed", "gmv_paid", "clicks", "adds", "views", "chat_messages"],
    "channels": ["orders_placed", "gmv_paid", "clicks"],
    "products": ["units", "clicks", "adds"],
}
MONEY = {"gmv_placed", "gmv_paid"}


def sums(columns, of):
    return ", ".join(f"sum(cast({of(column)} as decimal(18, 2)))" for column in columns)


def number(column, value):
    if value is None:  # no cell tells it
        return None
    return int(round(value * 100)) if column in MONEY else int(value)


found = {}
tables = duckdb.connect()
stored = sqlite3.connect(f"file:{folder / 'report.sqlite'}?mode=ro", uri=True)
for table, columns in WANTED.items():
    row = tables.execute(f"select {sums(columns, lambda c: c)} from read_csv('{folder / table}.csv', all_varchar = true)").fetchone()
    found[table] = {column: number(column, value) for column, value in zip(columns, row)}
    parts = ", ".join(f'sum("{column}")' for column in columns)
    row = stored.execute(f'select {parts} from "{table}"').fetchone()
    found[f"sqlite {table}"] = {column: number(column, value) for column, value in zip(columns, row)}
rows = tables.execute(f"select metric, value from read_csv('{folder}/broadcast.csv', all_varchar = true) where value is not null").fetchall()
found["broadcast"] = {metric: value for metric, value in rows}
print(json.dumps(found))
