"""Bare SQLite: one loop in one thread over the sqlite3 module, the same rows as JSON text, no HTTP."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from tests.bench.flights import COLUMNS, Material
from tests.bench.servers import CARRIERS

_NAMES = ("id", *COLUMNS)
_PAIRS = ", ".join(f"'{name}', {name}" for name in _NAMES)
_ROW = f"json_object({_PAIRS})"
_INSERT = f"INSERT INTO flights ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


@dataclass(frozen=True)
class Loop:
    """What a loop did."""

    count: int
    seconds: float
    cpu: float


def connect(database: Path) -> sqlite3.Connection:
    """WAL and FULL, as the others have it; no transaction that nobody asked for."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def run(database: Path, workload: str, material: Material, seconds: float) -> Loop:
    """Repeat the workload's statement until the time is over."""
    connection = connect(database)
    step, once = STEPS[workload](connection, material)
    count, start, cpu = 0, time.perf_counter(), time.process_time()
    while count == 0 or (not once and time.perf_counter() - start < seconds):
        step()
        count += 1
    loop = Loop(count, time.perf_counter() - start, time.process_time() - cpu)
    connection.close()
    return loop


Steps = tuple[Callable[[], object], bool]


def _point(connection: sqlite3.Connection, material: Material) -> Steps:
    keys: Iterator[int] = cycle(material.keys)
    return lambda: connection.execute(f"SELECT {_ROW} FROM flights WHERE id = ?", (next(keys),)).fetchone(), False


def _page(limit: int) -> Callable[[sqlite3.Connection, Material], Steps]:
    inner = f"SELECT {_ROW} AS row FROM flights WHERE carrier = ? ORDER BY time_hour DESC LIMIT {limit}"

    def prepare(connection: sqlite3.Connection, _material: Material) -> Steps:
        carriers = cycle(CARRIERS)
        query = f"SELECT '[' || group_concat(row, ',') || ']' FROM ({inner})"
        return lambda: connection.execute(query, (next(carriers),)).fetchone()[0].encode(), False

    return prepare


def _insert(connection: sqlite3.Connection, material: Material) -> Steps:
    """A transaction for each row, the row decoded from its JSON."""
    bodies = cycle(material.bodies)
    return lambda: connection.execute(_INSERT, tuple(json.loads(next(bodies)).values())), False


def _bulk(connection: sqlite3.Connection, material: Material) -> Steps:
    def step() -> None:
        rows = [tuple(row.values()) for row in json.loads(material.bulk)]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, rows)
        connection.execute("COMMIT")

    return step, True


def _update(connection: sqlite3.Connection, material: Material) -> Steps:
    """A transaction for each row, which is read again as JSON."""
    keys, delays = cycle(material.keys), cycle(range(-20, 300))

    def step() -> None:
        key = next(keys)
        connection.execute("UPDATE flights SET dep_delay = ? WHERE id = ?", (next(delays), key))
        connection.execute(f"SELECT {_ROW} FROM flights WHERE id = ?", (key,)).fetchone()

    return step, False


def _aggregate(connection: sqlite3.Connection, _material: Material) -> Steps:
    group = "SELECT carrier, month, count(*) AS n, avg(dep_delay) AS mean FROM flights GROUP BY carrier, month"
    pairs = "'carrier', carrier, 'month', month, 'n', n, 'mean', mean"
    query = f"SELECT json_group_array(json_object({pairs})) FROM ({group} ORDER BY carrier, month)"
    return lambda: connection.execute(query).fetchone()[0].encode(), False


STEPS = {
    "point": _point,
    "page100": _page(100),
    "page1000": _page(1000),
    "aggregate": _aggregate,
    "insert": _insert,
    "insert1": _insert,
    "bulk": _bulk,
    "update": _update,
}
