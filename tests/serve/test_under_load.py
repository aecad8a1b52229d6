"""The server as a process under load: nothing broken, nothing lost, memory and log bounded, an end that is clean."""

import asyncio
import itertools
import json
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import httpx
import psutil
import pytest
from pysqlite3 import dbapi2
from tests.bench.load import drive, endlessly, request_bytes
from tests.conftest import LiveServer, Servers

CONNECTIONS = 200
OFFERED = 150.0
"""Requests a second, of all connections together."""
SECONDS = 12.0
WAIT = 60.0
MEGABYTE = 1 << 20

Model = dict[int, int]


@pytest.fixture
def server(servers: Servers, workspace: Path) -> LiveServer:
    """A server with a table `items (id, lane, value, text)`."""
    started = servers.start(workspace)
    columns = [{"name": name, "type": "integer"} for name in ("lane", "value")] + [{"name": "text", "type": "text"}]
    with signed_in(started) as http:
        assert http.post("/api/collections", json={"name": "items", "columns": columns}).status_code == 201
    return started


def signed_in(server: LiveServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers=server.headers, timeout=WAIT, trust_env=False)


def lane_client(server: LiveServer) -> httpx.AsyncClient:
    """One connection, kept alive."""
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    return httpx.AsyncClient(
        base_url=server.url, headers=server.headers, timeout=WAIT, trust_env=False, verify=False, limits=limits
    )


def memory_of(server: LiveServer) -> int:
    return int(psutil.Process(server.pid).memory_info().rss)


def log_size(server: LiveServer) -> int:
    log = server.workspace / "data.db-wal"
    return log.stat().st_size if log.exists() else 0


def stored(path: Path, sql: str) -> list[Any]:
    """What is in a file that no server holds any more."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


class Lane:
    """One client: it writes rows of its own, reads what everybody wrote, and knows what must be there."""

    def __init__(self, number: int, statuses: Counter[int]) -> None:
        self.number = number
        self.model: Model = {}
        self._statuses = statuses

    async def run(self, server: LiveServer, until: float) -> None:
        async with lane_client(server) as http:
            for turn in itertools.count():
                await asyncio.sleep(CONNECTIONS / OFFERED)
                if time.monotonic() > until:
                    return
                await self._act(http, turn)

    async def _act(self, http: httpx.AsyncClient, turn: int) -> None:
        actions = (self._add, self._read, self._change, self._page, self._add_many, self._me, self._remove, self._count)
        await actions[turn % len(actions)](http, turn)

    async def _ask(self, http: httpx.AsyncClient, method: str, address: str, body: Any = None) -> Any:
        headers = {"Prefer": "return=representation"}
        answer = await http.request(method, address, json=body, headers=headers)
        self._statuses[answer.status_code] += 1
        return answer.json()

    def _known(self) -> int:
        return next(reversed(self.model))

    async def _add(self, http: httpx.AsyncClient, turn: int) -> None:
        row = {"lane": self.number, "value": turn, "text": "one"}
        [made] = await self._ask(http, "POST", "/rest/v1/items", row)
        self.model[made["id"]] = turn

    async def _add_many(self, http: httpx.AsyncClient, turn: int) -> None:
        rows = [{"lane": self.number, "value": turn + n, "text": "many" * 20} for n in range(10)]
        made = await self._ask(http, "POST", "/rest/v1/items", rows)
        self.model.update({row["id"]: row["value"] for row in made})

    async def _read(self, http: httpx.AsyncClient, _turn: int) -> None:
        key = self._known()
        [row] = await self._ask(http, "GET", f"/rest/v1/items?id=eq.{key}")
        assert row["value"] == self.model[key]

    async def _change(self, http: httpx.AsyncClient, turn: int) -> None:
        key = self._known()
        [row] = await self._ask(http, "PATCH", f"/rest/v1/items?id=eq.{key}", {"value": -turn})
        assert row["value"] == -turn
        self.model[key] = -turn

    async def _remove(self, http: httpx.AsyncClient, _turn: int) -> None:
        key = self._known()
        [row] = await self._ask(http, "DELETE", f"/rest/v1/items?id=eq.{key}")
        assert row["value"] == self.model.pop(key)

    async def _page(self, http: httpx.AsyncClient, _turn: int) -> None:
        await self._ask(http, "GET", "/rest/v1/items?value=gt.0&order=value.desc&limit=100")

    async def _count(self, http: httpx.AsyncClient, _turn: int) -> None:
        found = await self._ask(http, "GET", f"/rest/v1/items?lane=eq.{self.number}&select=count()")
        assert found == [{"count": len(self.model)}]

    async def _me(self, http: httpx.AsyncClient, _turn: int) -> None:
        await self._ask(http, "GET", "/api/me")


class TestTwoHundredConnections:
    def test_get_what_they_ask_for(self, server: LiveServer, servers: Servers) -> None:
        statuses: Counter[int] = Counter()
        lanes = [Lane(number, statuses) for number in range(CONNECTIONS)]
        before, most = memory_of(server), 0

        async def main() -> None:
            nonlocal most
            until = time.monotonic() + SECONDS
            running = [asyncio.ensure_future(lane.run(server, until)) for lane in lanes]
            while not all(each.done() for each in running):
                most = max(most, memory_of(server))
                await asyncio.wait(running, timeout=0.25, return_when=asyncio.FIRST_EXCEPTION)
            await asyncio.gather(*running)

        asyncio.run(main())
        assert set(statuses) == {200, 201}
        assert statuses.total() > CONNECTIONS
        assert most - before <= 150 * MEGABYTE
        assert servers.stop(server) == 0
        expected = {(lane.number, key, value) for lane in lanes for key, value in lane.model.items()}
        assert set(stored(server.workspace / "data.db", "SELECT lane, id, value FROM items")) == expected


class TestTheEnd:
    def test_under_load_is_clean_and_keeps_what_was_acknowledged(self, server: LiveServer, servers: Servers) -> None:
        sent: set[int] = set()
        acknowledged: set[int] = set()
        statuses: set[int] = set()
        numbers, enough = itertools.count(), asyncio.Event()

        async def write(http: httpx.AsyncClient) -> None:
            while True:
                number = next(numbers)
                sent.add(number)
                rows = [{"lane": 0, "value": number}, {"lane": 1, "value": number}]
                try:
                    answer = await http.post("/rest/v1/items", json=rows)
                except httpx.TransportError:
                    return
                statuses.add(answer.status_code)
                if answer.status_code != 201:
                    return
                acknowledged.add(number)
                if len(acknowledged) == 200:
                    enough.set()

        async def main() -> None:
            clients = [lane_client(server) for _ in range(16)]
            writers = [asyncio.ensure_future(write(http)) for http in clients]
            await asyncio.wait_for(enough.wait(), WAIT)
            psutil.Process(server.pid).terminate()
            await asyncio.wait_for(asyncio.gather(*writers), WAIT)
            for http in clients:
                await http.aclose()

        asyncio.run(main())
        assert max(statuses) < 500
        assert servers.stop(server) == 0
        assert log_size(server) == 0
        kept = Counter(value for (value,) in stored(server.workspace / "data.db", "SELECT value FROM items"))
        assert set(kept.values()) == {2}
        assert acknowledged <= set(kept) <= sent

    def test_waits_for_no_query_that_is_stuck(self, server: LiveServer, servers: Servers) -> None:
        """SQLite looks at no clock within one call of a function."""
        long = "printf('%.*c', 6000000, 'a')"
        made = {"name": "stuck", "sql": f"SELECT instr({long}, substr({long}, 3000000) || 'b') AS n", "parameters": []}
        answers: list[httpx.Response] = []

        def call() -> None:
            with signed_in(server) as http:
                answers.append(http.post("/rest/v1/rpc/stuck", json={}))

        with signed_in(server) as http:
            assert http.post("/api/queries", json=made).status_code == 201
            thread = threading.Thread(target=call)
            thread.start()
            for _ in range(20):  # it has long begun when the last of these is answered
                assert http.get("/rest/v1/items?order=value&limit=1").status_code == 200
        assert servers.stop(server) == 0
        thread.join(WAIT)
        assert [answer.status_code for answer in answers] == [409]
        assert answers[0].json()["code"] == "web.ending"


class TestRaces:
    """Of many who want the same at once one gets it, and the others are told."""

    @staticmethod
    def at_once(server: LiveServer, ask: Callable[[httpx.Client], httpx.Response]) -> list[httpx.Response]:
        answers: list[httpx.Response] = []
        gate = threading.Barrier(12)

        def run() -> None:
            with signed_in(server) as http:
                http.get("/health/live")
                gate.wait(WAIT)
                answers.append(ask(http))

        threads = [threading.Thread(target=run) for _ in range(gate.parties)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        return answers

    def test_for_a_key(self, server: LiveServer) -> None:
        answers = self.at_once(server, lambda http: http.post("/rest/v1/items", json={"id": 7, "value": 1}))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 11}
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"23505"}

    def test_for_a_table(self, server: LiveServer) -> None:
        made = {"name": "wanted", "columns": [{"name": "a", "type": "text"}]}
        answers = self.at_once(server, lambda http: http.post("/api/collections", json=made))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 11}

    def test_for_a_state(self, server: LiveServer) -> None:
        with signed_in(server) as http:
            http.post("/rest/v1/items", json={"id": 7, "value": 0})
        prefer = {"Prefer": "return=representation"}
        address = "/rest/v1/items?id=eq.7&value=eq.0"
        answers = self.at_once(server, lambda http: http.patch(address, json={"value": 1}, headers=prefer))
        assert {answer.status_code for answer in answers} == {200}
        assert sorted(len(answer.json()) for answer in answers) == [0] * 11 + [1]

    def test_for_an_upsert_everybody_wins(self, server: LiveServer) -> None:
        prefer = {"Prefer": "resolution=merge-duplicates"}
        answers = self.at_once(
            server, lambda http: http.post("/rest/v1/items", json={"id": 7, "value": 5}, headers=prefer)
        )
        assert {answer.status_code for answer in answers} <= {200, 201}
        with signed_in(server) as http:
            assert http.get("/rest/v1/items?select=id,value").json() == [{"id": 7, "value": 5}]


def reading_slowly(server: LiveServer) -> socket.socket:
    """A client that has asked for everything and takes nothing of it."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(WAIT)
    connection.connect((host, int(port)))
    connection.sendall(request_bytes("GET", "/rest/v1/items", f"{host}:{port}", server.token))
    assert connection.recv(100).startswith(b"HTTP/1.1 200")
    return connection


class TestALongReader:
    def test_sees_one_moment_and_the_log_shrinks_after_it(self, server: LiveServer) -> None:
        with signed_in(server) as http:
            http.post("/rest/v1/items", json=[{"text": "x" * 4_000}] * 8_000).raise_for_status()
            reader = reading_slowly(server)
            try:
                for digit in "123":
                    http.patch("/rest/v1/items?id=gt.0", json={"text": digit * 4_000}).raise_for_status()
                assert log_size(server) > 64 * MEGABYTE
                assert http.get("/rest/v1/items?select=count()").json() == [{"count": 8_000}]
            finally:
                reader.close()
            until = time.monotonic() + WAIT
            while log_size(server) > 64 * MEGABYTE and time.monotonic() < until:
                http.post("/rest/v1/items", json={"text": "short"}).raise_for_status()
            assert log_size(server) <= 64 * MEGABYTE


class TestALongRun:
    def test_takes_no_more_memory(self, server: LiveServer) -> None:
        host, _, port = server.url.removeprefix("http://").partition(":")
        requests = endlessly(list(self._requests(f"{host}:{port}", server.token)))
        drive((host, int(port)), requests, 8, 5.0, limit=3_000)
        before = memory_of(server)
        load = drive((host, int(port)), requests, 8, 15.0, limit=16_000)
        assert load.failures == 0
        assert memory_of(server) - before <= 60 * MEGABYTE

    @staticmethod
    def _requests(host: str, token: str) -> Iterator[bytes]:
        kind = "Content-Type: application/json"
        for number in range(1, 200):
            body = json.dumps({"lane": 1, "value": number, "text": "text" * 10}).encode()
            yield request_bytes("POST", "/rest/v1/items", host, token, body, kind, "Prefer: return=representation")
            for _ in range(4):
                yield request_bytes("GET", f"/rest/v1/items?id=eq.{number}", host, token)
            yield request_bytes("GET", f"/rest/v1/items?value=eq.{number}&order=id.desc&limit=20", host, token)
            change = json.dumps({"value": -number}).encode()
            yield request_bytes("PATCH", f"/rest/v1/items?id=eq.{number}", host, token, change, kind)
            yield request_bytes("GET", f"/rest/v1/items?select=lane,value&offset={number}&limit=100", host, token)


def test_sqlite_is_one_that_keeps_its_log_whole() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)  # threat model R1
    assert dbapi2.sqlite_version_info >= (3, 51, 3)
