"""The bus itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rolltop.auth import OWNER, Actor, Rights, Scope, TableRights
from rolltop.events import Events, Wanted
from rolltop.events.service import CHUNK_BYTES


def rows(table: str | None, kind: str | None = None, **more: Any) -> dict[str, Any]:
    """What is told of rows."""
    return {"table": table, "kind": kind, "rows": None, "keys": None, "actor": None, "change": None, **more}


async def _next(stream: AsyncIterator[bytes]) -> str:
    return (await asyncio.wait_for(anext(stream), 10)).decode()


def _told(chunk: str) -> list[tuple[str, Any]]:
    """The kind and the data of each event."""
    found = []
    for block in chunk.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "data" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_a_listener_hears_what_other_threads_publish() -> None:
    async def _listen() -> str:
        events = Events("x")
        stream = events.stream()
        await _next(stream)
        heard = asyncio.ensure_future(_next(stream))
        await asyncio.to_thread(events.publish, "rows", {"table": "films"})
        return await heard

    assert 'event: rows\ndata: {"table":"films"}' in asyncio.run(_listen())


def test_nothing_is_published_of_which_nobody_knows_who_may_hear_it() -> None:
    with pytest.raises(ValueError, match="secret"):
        Events("x").publish("secret", {})


def test_a_slow_listener_costs_no_memory_and_is_told_to_start_over() -> None:
    async def _listen() -> list[str]:
        events = Events("x", keep=10)
        stream = events.stream()
        heard = [await _next(stream)]
        for number in range(1_000):
            events.publish("rows", rows(str(number)))
        assert len(events._ring) == 10
        heard.append(await _next(stream))
        events.publish("rows", rows("after"))
        heard.append(await _next(stream))
        return heard

    hello, reset, after = asyncio.run(_listen())
    assert "event: hello" in hello
    assert "event: reset" in reset
    assert '"after"' in after


def test_much_to_catch_up_with_comes_in_pieces_and_whole() -> None:
    async def _listen() -> list[str]:
        events = Events("x")
        stream = events.stream()
        await _next(stream)
        for number in range(500):
            events.publish("rows", rows(f"{number} {'x' * 1_000}"))
        chunks: list[str] = []
        while sum(chunk.count("event: rows") for chunk in chunks) < 500:
            chunks.append(await _next(stream))
        return chunks

    chunks = asyncio.run(_listen())
    assert len(chunks) > 5
    assert max(map(len, chunks)) < CHUNK_BYTES + 2_000
    names = [data["table"].split(" ")[0] for chunk in chunks for _, data in _told(chunk)]
    assert names == [str(number) for number in range(500)]


class TestToldTogether:
    def _heard(self, *published: tuple[str, dict[str, Any]]) -> list[tuple[str, Any]]:
        async def _listen() -> str:
            events = Events("x")
            stream = events.stream()
            await _next(stream)
            for kind, data in published:
                events.publish(kind, data)
            return await _next(stream)

        return _told(asyncio.run(_listen()))

    def test_the_same_news(self) -> None:
        assert self._heard(*[("rows", rows("films"))] * 100) == [("rows", rows("films"))]

    def test_rows_written_the_same_way_to_a_table(self) -> None:
        one = rows("films", "insert", rows=1, keys=[[1]], actor="ada", change=7)
        two = rows("films", "insert", rows=2, keys=[[2], [3]], actor="ada", change=8)
        assert self._heard(("rows", one), ("rows", two)) == [
            ("rows", rows("films", "insert", rows=3, keys=[[1], [2], [3]], actor="ada", change=8))
        ]

    def test_too_many_keys_are_left_out(self) -> None:
        written = [("rows", rows("films", "insert", rows=1, keys=[[number]])) for number in range(21)]
        assert self._heard(*written) == [("rows", rows("films", "insert", rows=21, keys=None))]

    def test_the_states_of_a_job(self) -> None:
        states = [("job", {"job": {"id": "j", "state": state}}) for state in ("queued", "running", "done")]
        assert self._heard(*states) == [states[-1]]

    def test_but_nothing_that_differs(self) -> None:
        different = [
            ("rows", rows("films", "insert", rows=1)),
            ("rows", rows("films", "delete", rows=1)),
            ("rows", rows("songs", "delete", rows=1)),
            ("rows", rows("songs", "delete", rows=1, actor="ada")),
            ("schema", {"table": "songs"}),
            ("job", {"job": {"id": "j", "state": "done"}}),
            ("job", {"job": {"id": "k", "state": "done"}}),
        ]
        assert self._heard(*different) == different

    def test_and_nothing_that_somebody_has_read(self) -> None:
        async def _listen() -> list[str]:
            events = Events("x")
            stream = events.stream()
            await _next(stream)
            events.publish("rows", rows("films"))
            first = await _next(stream)
            events.publish("rows", rows("films"))
            return [first, await _next(stream)]

        assert [chunk.count("event: rows") for chunk in asyncio.run(_listen())] == [1, 1]


class TestWanted:
    PUBLISHED = (
        ("rows", rows("films", "insert", rows=1)),
        ("rows", rows("songs", "delete", rows=1)),
        ("rows", rows(None)),
        ("schema", {"table": "films"}),
        ("schema", {"table": "songs"}),
        ("job", {"job": {"id": "j"}}),
        ("query", {"name": "q"}),
    )

    @pytest.mark.parametrize(
        ("tables", "kinds", "heard"),
        [
            ("", "", [0, 1, 2, 3, 4, 5, 6]),
            ("films", "", [0, 2, 3]),
            ("films songs", "", [0, 1, 2, 3, 4]),
            ("films", "job", [5]),
            ("films", "rows job", [0, 2, 5]),
            ("", "rows", [0, 1, 2]),
            ("", "delete", [1, 2]),
            ("films", "delete", [2]),
            ("songs", "schema insert", [2, 4]),
            ("", "query", [6]),
        ],
    )
    def test_only_that_comes(self, tables: str, kinds: str, heard: list[int]) -> None:
        async def _listen() -> str:
            events = Events("x")
            stream = events.stream(None, Wanted(frozenset(tables.split()), frozenset(kinds.split())))
            await _next(stream)
            for kind, data in self.PUBLISHED:
                events.publish(kind, data)
            return await _next(stream)

        assert _told(asyncio.run(_listen())) == [self.PUBLISHED[at] for at in heard]

    def test_what_is_passed_over_is_not_missed(self) -> None:
        """After a break the listener goes on after all that did not concern it, without a reset."""

        async def _listen() -> list[str]:
            events = Events("x", keep=10, heartbeat=0.01)
            films = Wanted(frozenset({"films"}))
            stream = events.stream(None, films)
            await _next(stream)
            for number in range(10):
                events.publish("rows", rows(str(number)))
            alive = await _next(stream)
            for number in range(10):
                events.publish("rows", rows(str(number)))
            last = int(alive.partition("id: ")[2])
            later = events.stream(last, films)
            return [await _next(later), await _next(later)]

        hello, alive = asyncio.run(_listen())
        assert "event: hello" in hello
        assert "reset" not in alive


class TestRights:
    def test_each_hears_what_he_may_know(self) -> None:
        async def _listen(scope: Scope) -> str:
            events = Events("x")
            some = Actor("some", "Somebody", "guest", frozenset({scope}))
            stream = events.stream(None, who=lambda: some)
            await _next(stream)
            for kind, data in TestWanted.PUBLISHED:
                events.publish(kind, data)
            return await _next(stream)

        wanted = {
            Scope.ROWS_READ: {"rows"},
            Scope.COLLECTIONS_READ: {"schema"},
            Scope.JOBS_READ: {"job"},
            Scope.QUERIES_READ: {"query"},
        }
        assert {scope: {kind for kind, _ in _told(asyncio.run(_listen(scope)))} for scope in wanted} == wanted

    def test_a_right_that_is_taken_away_counts_at_once(self) -> None:
        async def _listen() -> list[str]:
            events = Events("x")
            now: list[Actor | None] = [OWNER]
            stream = events.stream(None, who=lambda: now[0])
            heard = [await _next(stream)]
            events.publish("rows", rows("films"))
            heard.append(await _next(stream))
            waiting = asyncio.ensure_future(_next(stream))
            await asyncio.sleep(0)
            now[0] = None
            await asyncio.to_thread(events.look_again)
            events.publish("rows", rows("secret"))
            with pytest.raises(StopAsyncIteration):
                await waiting
            return heard

        assert len(asyncio.run(_listen())) == 2


def test_a_silent_time_is_bridged_by_comments() -> None:
    async def _listen() -> str:
        stream = Events("x", heartbeat=0.01).stream()
        await _next(stream)
        return await _next(stream)

    assert asyncio.run(_listen()).startswith(":")


def test_the_stream_ends_when_the_server_closes() -> None:
    async def _listen() -> list[str]:
        events = Events("x")
        stream = events.stream()
        await _next(stream)
        events.close()
        return [chunk.decode() async for chunk in stream]

    assert asyncio.run(_listen()) == []


def test_a_listener_that_goes_is_forgotten() -> None:
    async def _listen() -> int:
        events = Events("x")
        stream = events.stream()
        await _next(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        events.publish("rows", {"table": None})
        return len(events._listeners)

    assert asyncio.run(_listen()) == 0


def test_what_may_not_be_known_does_not_choose_what_is_told() -> None:
    rights = Rights({"films": TableRights(rule="id=eq.1")})
    viewer = Actor("ann", "Ann", "guest", frozenset({Scope.ROWS_READ}), limits=(rights,))

    async def _listen(kinds: set[str]) -> list[tuple[str, Any]]:
        events = Events("x")
        stream = events.stream(None, Wanted(kinds=frozenset(kinds)), lambda: viewer)
        await _next(stream)
        events.publish("rows", rows("films", "delete", rows=3))
        return _told(await _next(stream))

    for kinds in ({"delete"}, {"insert"}, {"rows"}):
        assert asyncio.run(_listen(kinds)) == [("rows", rows("films"))]


def test_a_schema_event_does_not_tell_the_name_of_its_table() -> None:
    viewer = Actor("ann", "Ann", "guest", frozenset({Scope.COLLECTIONS_READ}), limits=(Rights(),))

    async def _listen(table: str) -> list[tuple[str, Any]]:
        events = Events("x")
        stream = events.stream(None, Wanted(frozenset({table})), lambda: viewer)
        await _next(stream)
        events.publish("schema", {"table": "secret", "kind": "add", "actor": "owner", "change": 1})
        return _told(await _next(stream))

    assert asyncio.run(_listen("guess")) == asyncio.run(_listen("secret"))
