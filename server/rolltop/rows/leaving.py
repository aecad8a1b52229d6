"""Clients that leave before their answer: what is being read for them is given up, or others would wait behind it."""

import asyncio
from collections.abc import Awaitable
from typing import cast

from rolltop.rows.body import Disconnected
from rolltop.rows.respond import Answer, disconnected
from rolltop.web.asgi import Receive

LOOK_AFTER_SECONDS = 0.25
"""Most reads are over before anybody looks whether their client is still there."""


async def unless_left(receive: Receive, answering: Awaitable[Answer]) -> Answer:
    """What `answering` gives; it is cancelled, and `Disconnected` raised, once the client has gone."""
    watch = _Watch(receive)
    try:
        return await answering
    except asyncio.CancelledError:
        if not watch.saw_it_leave:
            raise
        watch.task.uncancel()
        raise Disconnected from None
    finally:
        watch.end()


class _Watch:
    """Cancels the task that made it when the client goes."""

    def __init__(self, receive: Receive) -> None:
        self.task = cast("asyncio.Task[object]", asyncio.current_task())
        self.saw_it_leave = False
        self._receive = receive
        self._looking: asyncio.Future[None] | None = None
        self._timer = self.task.get_loop().call_later(LOOK_AFTER_SECONDS, self._look)

    def end(self) -> None:
        """Look no longer."""
        self._timer.cancel()
        if self._looking is not None:
            self._looking.remove_done_callback(self._left)
            self._looking.cancel()

    def _look(self) -> None:
        self._looking = asyncio.ensure_future(disconnected(self._receive))
        self._looking.add_done_callback(self._left)

    def _left(self, looking: "asyncio.Future[None]") -> None:
        if not looking.cancelled() and looking.exception() is None:
            self.saw_it_leave = True
            self.task.cancel()
