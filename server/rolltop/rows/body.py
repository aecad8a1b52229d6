"""The bytes of a request's body, within the limit (threat model S8)."""

from rolltop.rows import errors
from rolltop.rows.request import Request
from rolltop.web.asgi import Receive

MOST_BYTES = 100 * 1024 * 1024


class Disconnected(Exception):
    """The client went away before its body or its answer was complete; there is nobody to answer."""


async def whole(request: Request, receive: Receive) -> bytes:
    """The body; 413 from Content-Length and again while reading."""
    announced = request.content_length
    if announced is not None and announced.isdigit() and int(announced) > MOST_BYTES:
        raise _too_large()
    message = await receive()
    if not message.get("more_body", False) and message["type"] == "http.request":
        first: bytes = message.get("body", b"")
        return first
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


def _too_large() -> errors.BodyTooLarge:
    return errors.BodyTooLarge(
        "The body is larger than 100 MB.", hint="Send the rows in several requests, or import a file instead."
    )
