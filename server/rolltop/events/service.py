"""The bus between the server's parts and the windows and scripts that listen.

    publish (any thread) ─▶ ring of the last events ◀─ each listener reads from its own place, when it can

A listener holds a place in the ring and no queue of its own, so a slow one costs nothing: when the ring has moved past
its place it is told to start over (`reset`).
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

KEEP = 2_000
HEARTBEAT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `data` is JSON."""

    id: int
    kind: str
    data: bytes

    def encode(self) -> bytes:
        """The event as text/event-stream has it (WHATWG HTML, section 9.2)."""
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.id, self.kind.encode(), self.data)


class _Listener:
    """Wakes one stream on its own loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.news = asyncio.Event()
        self.called = False

    def call(self) -> None:
        if not self.called:  # one wake-up stands for any number of events
            self.called = True
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody listens any more
                self.loop.call_soon_threadsafe(self.news.set)


class Events:
    """The last events, and who waits for the next.

    `closing` is set by the application when the server stops: streams end at once, instead of holding it up.
    """

    def __init__(self, instance: str, keep: int = KEEP, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self.instance = instance
        self.closing = asyncio.Event()
        self._heartbeat = heartbeat
        self._lock = threading.Lock()
        self._ring: deque[Event] = deque(maxlen=keep)
        # Ids go on growing over restarts, so that a number of an earlier run is known as one.
        self._last = time.time_ns() // 1_000
        self._taken = self._last
        self._listeners: set[_Listener] = set()

    def publish(self, kind: str, data: Any) -> None:
        """Tell everybody; from any thread. `data` is anything that JSON can say.

        An event equal to the last one, which nobody has read yet, is the same news and is not told twice.
        """
        encoded = msgspec.json.encode(data)
        with self._lock:
            if self._ring and self._last > self._taken:
                newest = self._ring[-1]
                if newest.kind == kind and newest.data == encoded:
                    return
            self._last += 1
            self._ring.append(Event(self._last, kind, encoded))
            listeners = list(self._listeners)
        for listener in listeners:
            listener.call()

    @property
    def listening(self) -> bool:
        """Whether anybody listens at this moment."""
        with self._lock:
            return bool(self._listeners)

    async def stream(self, last_id: int | None = None) -> AsyncIterator[bytes]:
        """The text/event-stream of one listener, from after `last_id`, or from now.

        It begins with `hello`. Events that are no longer kept, or a `last_id` of another run, give `reset`.
        """
        listener = _Listener(asyncio.get_running_loop())
        closing = asyncio.create_task(self.closing.wait())
        place, gap = self._enter(listener, last_id)
        try:
            yield self._greeting(place)
            if gap:
                yield b"event: reset\ndata: {}\n\n"
            while not closing.done():
                place, chunk = self._after(listener, place)
                if chunk:
                    yield chunk
                elif not await self._news(listener, closing):
                    yield b": still here\n\n"
        finally:
            closing.cancel()
            with self._lock:
                self._listeners.discard(listener)

    def _greeting(self, place: int) -> bytes:
        hello = msgspec.json.encode({"instance": self.instance})
        return b"retry: 1000\n" + Event(place, "hello", hello).encode()

    def _enter(self, listener: _Listener, last_id: int | None) -> tuple[int, bool]:
        with self._lock:
            self._listeners.add(listener)
            self._taken = self._last
            if last_id is None:
                return self._last, False
            oldest = self._ring[0].id if self._ring else self._last + 1
            gap = not oldest - 1 <= last_id <= self._last
            return (self._last if gap else last_id), gap

    def _after(self, listener: _Listener, place: int) -> tuple[int, bytes]:
        """What has happened since `place`, as one chunk, and the new place."""
        with self._lock:
            listener.called = False
            listener.news.clear()
            self._taken = self._last
            if self._ring and self._ring[0].id > place + 1:
                return self._last, b"id: %d\nevent: reset\ndata: {}\n\n" % self._last
            missed = self._last - place
            return self._last, b"".join(event.encode() for event in list(self._ring)[-missed:] if missed)

    async def _news(self, listener: _Listener, closing: asyncio.Task[Literal[True]]) -> bool:
        """Wait for an event or for the end; False when it is time for a sign of life."""
        news = asyncio.create_task(listener.news.wait())
        done, _ = await asyncio.wait({news, closing}, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED)
        news.cancel()
        return bool(done)
