"""The event stream over HTTP, as a real client reads it."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psutil
import pytest
from starlette.testclient import TestClient
from tests.conftest import LiveServer, start_server, stop_server

from rolltop.app import Application
from rolltop.auth import Actor, Scope

PATIENCE = httpx.Timeout(30)
PATIENCE_FOR_OTHERS = 1.0  # seconds that a busy machine may take on top


@pytest.fixture
def http(live: LiveServer) -> Iterator[httpx.Client]:
    """The owner."""
    with httpx.Client(base_url=live.url, headers=live.headers, trust_env=False, timeout=PATIENCE) as made:
        yield made


@contextmanager
def listening(http: httpx.Client, query: str = "", **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The events as they come; comments and empty lines left out."""
    with http.stream("GET", f"/api/events{query}", headers=headers) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        yield events_of(stream)


def events_of(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    """Each event with its kind, id and decoded data."""
    event: dict[str, Any] = {}
    for line in stream.iter_lines():
        if not line and "data" in event:
            yield event
            event = {}
        name, _, value = line.partition(": ")
        if name in ("id", "event", "data"):
            event[name] = json.loads(value) if name == "data" else value


def import_films(http: httpx.Client, table: str) -> None:
    """Start an import of two rows."""
    headers = {"Content-Type": "text/csv"}
    draft = http.post(f"/api/imports?name={table}.csv", content="title,year\nAlien,1979\n", headers=headers).json()
    while http.get(f"/api/imports/{draft['id']}").json()["state"] == "scanning":
        pass
    assert http.post(f"/api/imports/{draft['id']}/run", json={}).status_code == 202


def wait_for_tables(http: httpx.Client, *tables: str) -> None:
    """Ask again until they are there."""
    while not set(tables) <= {each["name"] for each in http.get("/api/collections").json()}:
        pass


def until(events: Iterator[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The next event of a kind."""
    return next(event for event in events if event["event"] == kind)


class TestStreamEvents:
    def test_begins_with_hello(self, http: httpx.Client) -> None:
        instance = http.get("/api/health").json()["instance"]
        with listening(http) as events:
            assert next(events)["data"] == {"instance": instance}

    def test_tells_jobs_schema_and_rows(self, http: httpx.Client) -> None:
        with listening(http) as events:
            next(events)
            import_films(http, "told")
            seen = []
            for event in events:
                seen.append(event)
                job = event["data"].get("job")
                if job and job["kind"] == "import.load" and job["state"] == "done":
                    break
            assert {event["event"] for event in seen} == {"job", "schema", "rows"}
            assert all("_rolltop" not in str(event["data"].get("table")) for event in seen)
            ids = [int(event["id"]) for event in seen]
            assert ids == sorted(set(ids))
            http.post("/rest/v1/told", json={"title": "Brazil", "year": 1985})
            assert until(events, "rows")["data"]["table"] == "told"

    def test_says_what_was_written_by_whom(self, http: httpx.Client) -> None:
        columns = [{"name": "id", "type": "integer"}, {"name": "title", "type": "text"}]
        wish = {"name": "written", "columns": columns, "primary_key": ["id"]}
        with listening(http, "?table=written") as events:
            next(events)
            assert http.post("/api/collections", json=wish).status_code == 201
            made = until(events, "schema")["data"]
            assert (made["table"], made["actor"]) == ("written", "owner")
            told = []
            for method, path, body in (
                ("POST", "/rest/v1/written", [{"id": 1, "title": "Alien"}, {"id": 2, "title": "Brazil"}]),
                ("PATCH", "/rest/v1/written?id=eq.2", {"title": "Brasil"}),
                ("POST", "/rest/v1/written", [{"id": number} for number in range(100, 200)]),
                ("DELETE", "/rest/v1/written?id=lt.2", None),
            ):
                assert http.request(method, path, json=body).is_success
                told.append(next(event["data"] for event in events if event["data"].get("kind")))
        changes = [each.pop("change") for each in told]
        assert changes == sorted(set(changes))
        assert min(changes) > made["change"]
        written = {"table": "written", "actor": "owner"}
        assert told == [
            {**written, "kind": "insert", "rows": 2, "keys": [[1], [2]]},
            {**written, "kind": "update", "rows": 1, "keys": [[2]]},
            {**written, "kind": "insert", "rows": 100, "keys": None},
            {**written, "kind": "delete", "rows": 1, "keys": [[1]]},
        ]

    def test_tells_of_an_import_as_one(self, http: httpx.Client) -> None:
        with listening(http, "?table=whole&kinds=schema,insert") as events:
            next(events)
            import_films(http, "whole")
            made, filled = next(events)["data"], next(events)["data"]
        assert (made["table"], made["actor"]) == ("whole", "owner")
        assert filled == {**made, "kind": "insert", "rows": 1, "keys": None}

    def test_goes_on_where_a_listener_left_off(self, http: httpx.Client) -> None:
        with listening(http) as events:
            last = next(events)["id"]
        import_films(http, "missed")
        with listening(http, **{"Last-Event-ID": last}) as events:
            assert next(events)["event"] == "hello"
            assert int(next(events)["id"]) == int(last) + 1

    @pytest.mark.parametrize("last", ["1", "999999999999999999"])
    def test_tells_a_listener_of_another_time_to_start_over(self, http: httpx.Client, last: str) -> None:
        with listening(http, **{"Last-Event-ID": last}) as events:
            assert [next(events)["event"], next(events)["event"]] == ["hello", "reset"]

    @pytest.mark.parametrize("last", ["x", "-1", "9" * 100])
    def test_takes_a_strange_id_for_none(self, http: httpx.Client, last: str) -> None:
        with listening(http, **{"Last-Event-ID": last}) as events:
            assert next(events)["event"] == "hello"

    def test_gives_only_what_was_asked_for(self, http: httpx.Client) -> None:
        import_films(http, "chosen")
        import_films(http, "left")
        wait_for_tables(http, "chosen", "left")
        with listening(http, "?table=chosen&kinds=rows") as events:
            next(events)
            for table in ("left", "chosen"):
                http.post(f"/rest/v1/{table}", json={"title": "Brazil", "year": 1985})
            assert next(events)["data"]["table"] == "chosen"

    def test_tells_of_saved_queries_and_the_document_is_another_one(self, http: httpx.Client) -> None:
        query = {"name": "one", "sql": "SELECT 1 AS one"}
        with listening(http, "?kinds=query") as events:
            next(events)
            before = http.get("/openapi.json").headers["etag"]
            assert http.post("/api/queries", json=query).status_code == 201
            assert http.post("/api/queries", json=query).status_code == 409
            assert next(events)["data"] == {"name": "one", "kind": "create", "actor": "owner", "before": None}
            assert http.get("/openapi.json").headers["etag"] != before
            assert http.put("/api/queries/one", json={**query, "name": "uno"}).status_code == 200
            assert next(events)["data"] == {"name": "uno", "kind": "replace", "actor": "owner", "before": "one"}
            assert http.delete("/api/queries/uno").status_code == 204
            assert next(events)["data"] == {"name": "uno", "kind": "delete", "actor": "owner", "before": None}

    @pytest.mark.parametrize("query", ["?kinds=gossip", "?kinds=rows,", "?table=", "?kinds=hello"])
    def test_refuses_what_nobody_can_listen_to(self, http: httpx.Client, query: str) -> None:
        assert http.get(f"/api/events{query}").status_code == 422

    def test_ends_when_its_session_does(self, http: httpx.Client, live: LiveServer) -> None:
        code = http.post("/api/auth/codes", json={}).json()["code"]
        token = http.post("/api/auth/exchange", json={"code": code}).json()["token"]
        with httpx.Client(
            base_url=live.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=PATIENCE
        ) as other:
            with listening(other) as events, listening(http) as control:
                assert [next(events)["event"], next(control)["event"]] == ["hello", "hello"]
                assert httpx.delete(f"{live.url}/api/auth/session", headers=other.headers, trust_env=False).is_success
                assert list(events) == []  # at once: a heartbeat would take longer than the patience of a test
                import_films(http, "after")
                assert until(control, "rows")["event"] == "rows"
            assert other.get("/api/events").status_code == 401

    def test_is_refused_to_whoever_may_hear_nothing(
        self, app: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nobody = Actor("n", "Nobody", "guest", frozenset({Scope.ADMIN}))
        monkeypatch.setattr(app.sessions, "owner", nobody)
        assert client.get("/api/events").status_code == 403

    def test_needs_a_caller(self, live: LiveServer) -> None:
        assert httpx.get(f"{live.url}/api/events", trust_env=False).status_code == 401


def test_a_listener_does_not_hold_up_the_end_of_the_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    process, server = start_server(tmp_path_factory.mktemp("ending") / "workspace")
    with (
        httpx.Client(base_url=server.url, headers=server.headers, trust_env=False, timeout=PATIENCE) as http,
        listening(http) as events,
    ):
        next(events)
        process.terminate()
        assert list(events) == []  # the stream ends by itself; cut off, it would raise
        assert stop_server(process) == 0


def test_a_hundred_listeners_hear_every_write_while_others_are_stuck(live: LiveServer) -> None:
    listeners, writes = 100, 200

    async def _listen(client: httpx.AsyncClient, ready: asyncio.Event) -> int:
        """How many rows were told of until the end was."""
        heard = 0
        async with client.stream(
            "GET", "/api/events?table=busy&table=end&kinds=insert", headers=live.headers
        ) as stream:
            async for line in stream.aiter_lines():
                if line == "event: hello":
                    ready.set()
                if line.startswith("data: ") and "table" in line:
                    told = json.loads(line[6:])
                    if told["table"] == "end":
                        return heard
                    heard += told["rows"] or 0
        return heard

    async def _all() -> tuple[list[int], float]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=live.url, trust_env=False, timeout=PATIENCE, limits=limits) as client:
            ready = [asyncio.Event() for _ in range(listeners)]
            tasks = [asyncio.create_task(_listen(client, each)) for each in ready]
            for each in ready:
                await asyncio.wait_for(each.wait(), 60)
            slowest = 0.0
            for table in [*["busy"] * writes, "end"]:
                begun = time.perf_counter()
                answer = await client.post(f"/rest/v1/{table}", json={"n": 1}, headers=live.headers)
                slowest = max(slowest, time.perf_counter() - begun)
                assert answer.status_code == 201
            return await asyncio.wait_for(asyncio.gather(*tasks), 60), slowest

    with httpx.Client(base_url=live.url, headers=live.headers, trust_env=False, timeout=PATIENCE) as http:
        for table in ("busy", "end"):
            wish = {"name": table, "columns": [{"name": "n", "type": "integer"}]}
            assert http.post("/api/collections", json=wish).status_code == 201
    with ExitStack() as stuck:
        for _ in range(20):  # they ask and never read
            each = stuck.enter_context(socket.create_connection(("127.0.0.1", int(live.url.rsplit(":", 1)[1]))))
            head = f"GET /api/events HTTP/1.1\r\nHost: {live.url[7:]}\r\nAuthorization: Bearer {live.token}\r\n\r\n"
            each.sendall(head.encode())
        heard, slowest = asyncio.run(_all())
    assert heard == [writes] * listeners
    assert slowest < 2.0  # threat model S3


class TestOtherPrograms:
    def test_what_they_do_is_noticed_within_a_second(self, http: httpx.Client, live: LiveServer) -> None:
        steps = {
            "CREATE TABLE shared (a)": ["schema", "rows"],
            "INSERT INTO shared VALUES (1)": ["rows"],
            "DROP TABLE shared": ["schema", "rows"],
        }
        with listening(http, "?kinds=rows,schema") as events:
            next(events)
            for sql, kinds in steps.items():
                subprocess.run(["sqlite3", str(live.workspace / "data.db"), sql], check=True)
                written = time.monotonic()
                heard = [next(events) for _ in kinds]
                assert time.monotonic() - written < 1.0 + PATIENCE_FOR_OTHERS
                assert [event["event"] for event in heard] == kinds
                assert {(event["data"]["table"], event["data"]["actor"]) for event in heard} == {(None, None)}

    def test_it_costs_next_to_nothing_to_look(self, live: LiveServer) -> None:
        server = psutil.Process(live.pid)
        before, begun = server.cpu_times(), time.monotonic()
        time.sleep(3)  # the measurement itself
        after, passed = server.cpu_times(), time.monotonic() - begun
        used = after.user + after.system - before.user - before.system
        assert used / passed < 0.05
