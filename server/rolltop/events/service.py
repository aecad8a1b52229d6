"""The bus between the server's parts and the windows and scripts that listen.

    publish (any thread) ─▶ ring of the last events ◀─ each listener reads from its own place, when it can

A listener holds a place in the ring and no queue of its own, so a slow one costs nothing: when the ring has moved past
its place it is told to start over (`reset`). What he may hear is looked at for each event as it goes out.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rolltop.auth import OWNER, Actor
from rolltop.events.event import EVERYTHING, NEEDS, Event, Wanted, heard, joined

KEEP = 2_000
HEARTBEAT_SECONDS = 15.0
CHUNK_BYTES = 64 * 1024
"""A listener that has much to catch up with gets it in pieces of about this size, and is waited for in between."""
RESET = b"event: reset\ndata: {}\n\n"


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


@dataclass(slots=True)
class _Place:
    """How far a listener has come, and how far the client has been told of that."""

    id: int
    told: int


class Events:
    """The last events, and who waits for the next."""

    def __init__(self, instance: str, keep: int = KEEP, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self.instance = instance
        self._closed = False
        self._heartbeat = heartbeat
        self._lock = threading.Lock()
        self._ring: deque[Event] = deque(maxlen=keep)
        # Ids go on growing over restarts, so that a number of an earlier run is known as one.
        self._last = time.time_ns() // 1_000
        self._taken = self._last
        self._listeners: set[_Listener] = set()

    def publish(self, kind: str, data: dict[str, Any]) -> None:
        """Tell everybody; from any thread. `data` is JSON, and is not changed afterwards.

        News that nobody has read yet are told together with what belongs to them: a table's next rows, a job's next
        state.
        """
        if kind not in NEEDS:
            raise ValueError(f"nobody knows who may hear of {kind!r}")
        with self._lock:
            together = None
            if self._ring and self._last > self._taken:
                together = joined(self._ring[-1], kind, data)
            if together is not None:
                self._ring[-1] = Event(self._last, kind, together)
            else:
                self._last += 1
                self._ring.append(Event(self._last, kind, data))
            listeners = list(self._listeners)
        for listener in listeners:
            listener.call()

    def close(self) -> None:
        """The server stops: streams end at once, instead of holding it up. From any thread."""
        self._closed = True
        self.look_again()

    def look_again(self) -> None:
        """A right has been taken away: let every stream look whether it may go on."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.call()

    @property
    def listening(self) -> bool:
        """Whether anybody listens at this moment."""
        with self._lock:
            return bool(self._listeners)

    async def stream(
        self,
        last_id: int | None = None,
        wanted: Wanted = EVERYTHING,
        who: Callable[[], Actor | None] = lambda: OWNER,
    ) -> AsyncIterator[bytes]:
        """The text/event-stream of one listener, from after `last_id`, or from now.

        It begins with `hello`. Events that are no longer kept, or a `last_id` of another run, give `reset`. `who` is
        asked again and again; the stream ends when it gives None.
        """
        listener = _Listener(asyncio.get_running_loop())
        place, gap = self._enter(listener, last_id)
        try:
            yield self._greeting(place.id)
            if gap:
                yield RESET
            while not self._closed and (actor := who()) is not None:
                if chunk := self._after(listener, place, wanted, actor):
                    yield chunk
                elif not await self._news(listener):
                    yield _sign_of_life(place)
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _greeting(self, place: int) -> bytes:
        return b"retry: 1000\n" + Event(place, "hello", {"instance": self.instance}).encoded()

    def _enter(self, listener: _Listener, last_id: int | None) -> tuple[_Place, bool]:
        with self._lock:
            self._listeners.add(listener)
            self._taken = self._last
            if last_id is None:
                return _Place(self._last, self._last), False
            oldest = self._ring[0].id if self._ring else self._last + 1
            gap = not oldest - 1 <= last_id <= self._last
            start = self._last if gap else last_id
            return _Place(start, start), gap

    def _after(self, listener: _Listener, place: _Place, wanted: Wanted, actor: Actor) -> bytes:
        """What has happened since `place`, as one chunk; the place moves on. Empty: nothing for this listener."""
        with self._lock:
            listener.called = False
            listener.news.clear()
            self._taken = self._last
            if self._ring and self._ring[0].id > place.id + 1:
                place.id = place.told = self._last
                return b"id: %d\n%s" % (self._last, RESET)
            missed = list(islice(reversed(self._ring), self._last - place.id))
        chunk = bytearray()
        for event in reversed(missed):
            place.id = event.id
            told = heard(actor, event)
            if told is not None and wanted.takes(told):  # what he may not know does not choose, either
                place.told = event.id
                chunk += told.encoded()
                if len(chunk) >= CHUNK_BYTES:
                    break
        return bytes(chunk)

    async def _news(self, listener: _Listener) -> bool:
        """Wait for an event or for the end; False when it is time for a sign of life."""
        try:
            async with asyncio.timeout(self._heartbeat):
                await listener.news.wait()
        except TimeoutError:
            return False
        return True


def _sign_of_life(place: _Place) -> bytes:
    """A comment. Where events were passed over, with the id from which to go on after a break (WHATWG HTML, section
    9.2.6: an id counts without data, too)."""
    if place.told == place.id:
        return b": still here\n\n"
    place.told = place.id
    return b": still here\nid: %d\n\n" % place.id
