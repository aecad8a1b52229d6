"""The import of flights.csv into a typed table with a key, without other indexes: seconds for all its rows."""

import json
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.flights import COLUMNS, ROWS, create_table
from tests.bench.servers import Server

HAND_ROWS = 20_000
"""The hand-written import takes minutes for all rows; its time grows with them, so it is asked for these."""


@dataclass(frozen=True)
class Import:
    """Seconds for finding out what the file holds, the sending of it included, and for loading it."""

    scan: float
    load: float


def by_rolltop(server: Server, source: Path, table: str) -> Import:
    """Send the file, take the guesses as they are, load."""
    start = time.perf_counter()
    draft = server.call("POST", "/api/imports?name=flights.csv", source, "text/csv")
    while draft["state"] == "scanning":
        time.sleep(0.02)
        draft = server.call("GET", f"/api/imports/{draft['id']}")
    scanned = time.perf_counter()
    columns = [
        {"source": column["name"], "name": column["name"], "type": column["type"], "include": True}
        for column in draft["columns"]
    ]
    wanted = {"table": table, "columns": columns, "key": None}
    job = server.call("POST", f"/api/imports/{draft['id']}/run", json.dumps(wanted).encode())
    while job["state"] in ("queued", "running"):
        time.sleep(0.02)
        job = server.call("GET", f"/api/jobs/{job['id']}")
    if job["state"] != "done":
        raise SystemExit(f"The import ended as {job['state']}: {job['error']}")
    return Import(scanned - start, time.perf_counter() - scanned)


def by_hand(server: Server, lines: bytes) -> float:
    """The hand-written import of `HAND_ROWS` rows, scaled to all."""
    start = time.perf_counter()
    server.call("POST", "/import", lines, "text/csv")
    return (time.perf_counter() - start) * ROWS / HAND_ROWS


def by_command_line(folder: Path, source: Path) -> float:
    """The sqlite3 program: `.import` into a staging table of text, then one INSERT SELECT into the typed one."""
    database = folder / "command-line.db"
    database.unlink(missing_ok=True)
    nulls = ", ".join(f"nullif({column}, '')" for column in COLUMNS)
    script = (
        f"PRAGMA journal_mode = WAL;\n{create_table('flights')};\n.import --csv {source} staging\n"
        f"INSERT INTO flights ({', '.join(COLUMNS)}) SELECT {nulls} FROM staging;\nDROP TABLE staging;\n"
    )
    start = time.perf_counter()
    subprocess.run(["sqlite3", str(database)], input=script.encode(), check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    with sqlite3.connect(database) as connection:
        count = connection.execute("SELECT count(*) FROM flights WHERE typeof(dep_delay) <> 'text'").fetchone()[0]
    connection.close()
    if count != ROWS:
        raise SystemExit(f"The sqlite3 program imported {count} typed rows instead of {ROWS}.")
    return seconds
