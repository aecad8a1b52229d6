"""`kill -9` while four write: what was acknowledged is there, nothing is half there, and log and rows agree."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import httpx
from tests.conftest import LiveServer, Servers

from rolltop.data.history import log

ROUNDS = 5
ACKNOWLEDGED = 60
"""So many requests a writer, in the middle of which the server is killed."""
ROUND_SECONDS = 60
Rows = dict[int, str]


class Lane:
    """One writer, which knows what must be in its part of the table."""

    def __init__(self, number: int, seed: int) -> None:
        self._first = number * 1_000_000
        self._chance = random.Random(seed)
        self.rows: Rows = {}
        self.acknowledged = 0
        self.may_be: Rows | None = None
        """The rows when the request that was cut off took effect."""

    def write(self, server: LiveServer) -> None:
        """Write until the server is gone."""
        with httpx.Client(base_url=f"{server.url}/rest/v1", headers=server.headers, timeout=30) as client:
            while True:
                method, path, body, self.may_be = self._next()
                try:
                    answer = client.request(method, path, json=body)
                except httpx.TransportError:
                    return
                assert answer.is_success, answer.text
                assert answer.headers["X-Rolltop-Change"]
                self.rows = self.may_be
                self.acknowledged += 1

    def _next(self) -> tuple[str, str, Any, Rows]:
        """A request, and the rows after it."""
        kind = self._chance.choice(["insert", "batch", "update", "delete"]) if self.rows else "insert"
        text = f"{self._chance.random()}"
        if kind in ("insert", "batch"):
            start = max(self.rows, default=self._first) + 1
            new = {start + each: text for each in range(1 if kind == "insert" else 50)}
            return "POST", "t", [{"id": id, "a": a} for id, a in new.items()], {**self.rows, **new}
        chosen = self._chance.sample(sorted(self.rows), k=min(len(self.rows), 3))
        path = f"t?id=in.({','.join(map(str, chosen))})"
        if kind == "update":
            return "PATCH", path, {"a": text}, {**self.rows, **dict.fromkeys(chosen, text)}
        return "DELETE", path, None, {id: a for id, a in self.rows.items() if id not in chosen}


def test_log_and_rows_agree_after_kill_9(servers: Servers, workspace: Path) -> None:
    lanes = [Lane(number, seed=number) for number in range(1, 5)]
    for round_number in range(ROUNDS):
        server = servers.start(workspace)
        if round_number == 0:
            columns = [{"name": "id", "type": "integer"}, {"name": "a", "type": "text"}]
            made = httpx.post(
                f"{server.url}/api/collections",
                json={"name": "t", "columns": columns, "primary_key": ["id"]},
                headers=server.headers,
                timeout=60,
            )
            assert made.status_code == 201, made.text
        before = sum(lane.acknowledged for lane in lanes)
        threads = [threading.Thread(target=lane.write, args=(server,)) for lane in lanes]
        for thread in threads:
            thread.start()
        until = time.monotonic() + ROUND_SECONDS
        while sum(lane.acknowledged for lane in lanes) < before + 4 * ACKNOWLEDGED and time.monotonic() < until:
            time.sleep(0.001 * (1 + round_number))
        servers.kill(server)
        for thread in threads:
            thread.join(30)
        _look(workspace / "data.db", lanes)
    assert sum(lane.acknowledged for lane in lanes) >= ROUNDS * ACKNOWLEDGED


def _look(path: Path, lanes: list[Lane]) -> None:
    """Whether the file is whole, holds what it must, and its log leads to its rows."""
    connection = apsw.Connection(str(path))
    try:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        found: Rows = dict(connection.execute("SELECT id, a FROM t"))
        for lane in lanes:
            own = {id: a for id, a in found.items() if id // 1_000_000 == min(lane.may_be or lane.rows) // 1_000_000}
            assert own in (lane.rows, lane.may_be)
            lane.rows, lane.may_be = own, None
        assert sum(len(lane.rows) for lane in lanes) == len(found)
        assert _replayed(connection) == found
        assert connection.execute("SELECT count(*) = max(id) FROM _rolltop_log").get == 1
    finally:
        connection.close()


def _replayed(connection: apsw.Connection) -> Rows:
    """The rows that the log alone leads to."""
    rows: Rows = {}
    for (number,) in connection.execute("SELECT id FROM _rolltop_log WHERE steps IS NULL ORDER BY id").fetchall():
        for change in _changes(connection, int(str(number))):
            new: Any = change.new
            old: Any = change.old
            if change.op == "DELETE":
                assert rows.pop(old[0]) == old[1]
            elif change.op == "UPDATE":
                assert rows[old[0]] == old[1]
                rows[old[0]] = new[1]
            else:
                assert new[0] not in rows
                rows[new[0]] = new[1]
    return rows


def _changes(connection: apsw.Connection, number: int) -> Iterator[apsw.TableChange]:
    return iter(apsw.Changeset.iter(log.stream(log.changeset(connection, number))))
