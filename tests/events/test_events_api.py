"""The event stream over HTTP, as a real client reads it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.conftest import LiveServer, start_server, stop_server

PATIENCE = httpx.Timeout(30)


@pytest.fixture
def http(live: LiveServer) -> Iterator[httpx.Client]:
    """The owner."""
    with httpx.Client(base_url=live.url, headers=live.headers, trust_env=False, timeout=PATIENCE) as made:
        yield made


@contextmanager
def listening(http: httpx.Client, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The events as they come; comments and empty lines left out."""
    with http.stream("GET", "/api/events", headers=headers) as stream:
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
            assert until(events, "rows")["data"] == {"table": "told"}

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
