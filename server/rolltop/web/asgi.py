"""The shapes of ASGI, and answers sent without a framework (the lean lane)."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import msgspec

from rolltop.errors import RolltopError

ASGIScope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[ASGIScope, Receive, Send], Awaitable[None]]

JSON = b"application/json; charset=utf-8"


def header(scope: ASGIScope, name: bytes) -> bytes | None:
    """The first header of that (lower-case) name."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


async def answer(
    send: Send,
    status: int,
    body: bytes = b"",
    content_type: bytes | None = None,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """A whole answer at once."""
    start = [(b"content-length", str(len(body)).encode())]
    if content_type is not None:
        start.append((b"content-type", content_type))
    start.extend(headers)
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, status: int, content: Any, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """A JSON answer."""
    await answer(send, status, msgspec.json.encode(content), JSON, headers)


async def answer_error(send: Send, error: RolltopError) -> None:
    """The four fields, with the error's own status and headers."""
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    await answer_json(send, error.status, error.fields(), headers)
