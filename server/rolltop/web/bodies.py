"""How large the JSON bodies of `/api` may be (threat model S8); files and rows have limits of their own."""

from rolltop.errors import TooLarge
from rolltop.web.asgi import Message, Receive

MOST_BYTES = 16 * 1024 * 1024


class BodyTooLarge(TooLarge):
    code = "web.body_too_large"


async def bounded(announced: bytes | None, receive: Receive) -> Receive:
    """What hands on a body within the limit: told from its announced length, else by reading it first.

    Raises:
        BodyTooLarge: it is larger.
    """
    if announced is not None:
        if announced.isdigit() and int(announced) > MOST_BYTES:
            raise _too_large()
        return receive  # the server hands on no more than was announced
    read: list[Message] = []
    size, more = 0, True
    while more:
        message = await receive()
        read.append(message)
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            raise _too_large()
        more = message.get("more_body", False)
    read.reverse()

    async def replay() -> Message:
        return read.pop() if read else await receive()

    return replay


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(
        f"The body is larger than {MOST_BYTES >> 20} MB.", hint="Send less at once; files are sent to /api/imports."
    )
