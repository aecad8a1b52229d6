"""The bus itself."""

import asyncio
from collections.abc import AsyncIterator

from rolltop.events import Events


async def _next(stream: AsyncIterator[bytes]) -> str:
    return (await asyncio.wait_for(anext(stream), 10)).decode()


def test_a_listener_hears_what_other_threads_publish() -> None:
    async def _listen() -> str:
        events = Events("x")
        stream = events.stream()
        await _next(stream)
        heard = asyncio.ensure_future(_next(stream))
        await asyncio.to_thread(events.publish, "rows", {"table": "films"})
        return await heard

    assert 'event: rows\ndata: {"table":"films"}' in asyncio.run(_listen())


def test_a_slow_listener_costs_no_memory_and_is_told_to_start_over() -> None:
    async def _listen() -> list[str]:
        events = Events("x", keep=10)
        stream = events.stream()
        heard = [await _next(stream)]
        for number in range(1_000):
            events.publish("rows", {"table": str(number)})
        assert len(events._ring) == 10
        heard.append(await _next(stream))
        events.publish("rows", {"table": "after"})
        heard.append(await _next(stream))
        return heard

    hello, reset, after = asyncio.run(_listen())
    assert "event: hello" in hello
    assert "event: reset" in reset
    assert '"after"' in after


def test_the_same_news_is_told_once_until_somebody_has_read_it() -> None:
    async def _listen() -> list[str]:
        events = Events("x")
        stream = events.stream()
        await _next(stream)
        for _ in range(100):
            events.publish("rows", {"table": "films"})
        first = await _next(stream)
        events.publish("rows", {"table": "films"})
        return [first, await _next(stream)]

    assert [chunk.count("event: rows") for chunk in asyncio.run(_listen())] == [1, 1]


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
        events.closing.set()
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
