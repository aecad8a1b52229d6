"""Reads that go on for long: a thread and a connection of their own each, so that the two readers stay free."""

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncGenerator, Callable, Iterator

import apsw

from rolltop.data import errors
from rolltop.data.writer import STEPS_BETWEEN_LOOKS

AT_ONCE = 8
"""So many streams run; others wait for their turn."""
CHUNKS_AHEAD = 2
STALL_SECONDS = 60.0
"""A client that takes nothing for so long loses its stream, for an open read keeps the log from shrinking."""


class Stalled(errors.Closed):
    """The stream was ended because nobody took it."""

    code = "data.stalled"


Produce = Callable[[apsw.Connection], Iterator[bytes]]


class Streams:
    """Runs producers of chunks; keeps a few idle connections."""

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._idle: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._closing = threading.Event()
        self._running: set[threading.Thread] = set()

    async def run(self, produce: Produce) -> AsyncGenerator[bytes]:
        """The chunks of `produce`, which runs in one read transaction; made a little ahead of their reader."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(CHUNKS_AHEAD)
        stopped = threading.Event()

        def over() -> bool:
            return stopped.is_set() or self._closing.is_set()

        def put(item: bytes | BaseException | None) -> bool:
            """Wait until the reader took what is ahead; False when it is gone. An empty chunk only asks."""
            if over():
                return False
            if item == b"":
                return True
            waiting = asyncio.run_coroutine_threadsafe(chunks.put(item), loop)
            try:
                waiting.result(STALL_SECONDS)
            except concurrent.futures.TimeoutError:
                waiting.cancel()
                loop.call_soon_threadsafe(cut)
                return False
            return True

        def cut() -> None:
            """What is ahead is thrown away: should the client wake up, it must not take half for the whole."""
            while not chunks.empty():
                chunks.get_nowait()
            chunks.put_nowait(Stalled(f"The client took nothing for {STALL_SECONDS:.0f} s.", hint="Read faster."))

        thread = threading.Thread(target=self._produce, args=(produce, put, over), name="rolltop-stream", daemon=True)
        self._running.add(thread)
        thread.start()
        try:
            while (item := await chunks.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stopped.set()
            while not chunks.empty():  # lets a waiting producer see that nobody reads any more
                chunks.get_nowait()
            self._running.discard(thread)

    def close(self) -> None:
        """End what runs and close the idle connections."""
        self._closing.set()
        for thread in tuple(self._running):
            thread.join(5)
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _produce(
        self, produce: Produce, put: Callable[[bytes | BaseException | None], bool], over: Callable[[], bool]
    ) -> None:
        try:
            with self._turns:
                connection = self._take()
                connection.set_progress_handler(over, STEPS_BETWEEN_LOOKS)  # also while it sorts, or looks in vain
                try:
                    connection.execute("BEGIN")
                    for chunk in produce(connection):
                        if not put(chunk):
                            return
                finally:
                    connection.set_progress_handler(None)
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    self._give_back(connection)
        except apsw.Error as error:
            put(errors.of_running(error) or error)
        except Exception as error:
            put(error)
        else:
            put(None)

    def _take(self) -> apsw.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._lock:
            if len(self._idle) < 2 and not self._closing.is_set():
                self._idle.append(connection)
                return
        connection.close()


async def begun(stream: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The stream when its first chunk is there; what goes wrong before is raised here."""
    return continued(await anext(stream, b""), stream)


async def continued(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """A chunk that was taken ahead, then the others."""
    try:
        yield first
        async for chunk in rest:
            yield chunk
    finally:
        await rest.aclose()
