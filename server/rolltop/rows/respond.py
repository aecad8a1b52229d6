"""Answers as bytes and headers; nothing here knows SQL."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

import msgspec

from rolltop.errors import RolltopError
from rolltop.rows.media import Media
from rolltop.web.asgi import Message, Receive, Send

Headers = list[tuple[bytes, bytes]]
ERROR_TYPE = b"application/json; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """A whole answer, or a stream of unknown length."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    stream: AsyncGenerator[bytes] | None = None


def content_location(root: bytes, raw_path: bytes, query: bytes) -> bytes:
    """The path below the root with the query parameters sorted by name."""
    path = raw_path[len(root) :] or b"/"
    if b"&" in query:
        parts = sorted([part for part in query.split(b"&") if part], key=_name_of_parameter)
        query = b"&".join(parts)
    return path + b"?" + query if query else path


def _name_of_parameter(part: bytes) -> bytes:
    return part.partition(b"=")[0]


def body_of(media: Media, text: str | None, header: str) -> bytes:
    """The whole body around the rows' text: brackets, the CSV's header line, or the single object as it is."""
    if media.form == "object":
        return (text or "").encode()
    if media.form == "value":
        return (text or "null").encode()
    if media.form == "csv":
        return f"{header}\n{text}\n".encode() if text is not None else b"\n"
    return f"[{text}]".encode() if text is not None else b"[]"


def csv_header(keys: Sequence[str], media: Media) -> str:
    """The header line of a CSV."""
    return media.delimiter.join(_csv_cell(key, media) for key in keys)


def _csv_cell(text: str, media: Media) -> str:
    if media.defused and text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")):
        text = f"'{text}"
    quoted = any(mark in text for mark in (media.delimiter, '"', "\r", "\n"))
    return '"' + text.replace('"', '""') + '"' if quoted else text


def location(table: str, pairs: Sequence[tuple[str, object]]) -> bytes:
    """`/books?id=eq.7`: where the one row that was made is read."""
    query = "&".join(f"{_quoted(name)}=eq.{_quoted(_text(value))}" for name, value in pairs)
    return f"/{_quoted(table)}?{query}".encode()


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return str(value)


def _quoted(text: str) -> str:
    return quote_from_bytes(text.encode(), safe="-._~")


def error(failure: RolltopError, *, content_range: bytes | None = None) -> Answer:
    """The four fields under the true status; newer clients read the code from Proxy-Status when a HEAD fails."""
    headers: Headers = [
        (b"content-type", ERROR_TYPE),
        (b"proxy-status", b"PostgREST; error=" + failure.code.encode()),
    ]
    if content_range is not None:
        headers.append((b"content-range", content_range))
    headers.extend((name.lower().encode(), value.encode()) for name, value in failure.headers.items())
    return Answer(failure.status, headers, msgspec.json.encode(failure.fields()))


async def send_answer(receive: Receive, send: Send, answer: Answer, *, head: bool) -> None:
    """Send the answer; of a HEAD only the headers."""
    headers = answer.headers
    if answer.stream is None:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    start: Message = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
    if answer.stream is None or head:
        await send({"type": "http.response.body", "body": b"" if head else answer.body})
    else:
        await _send_stream(receive, send, answer.stream)


async def _send_stream(receive: Receive, send: Send, stream: AsyncGenerator[bytes]) -> None:
    """Send chunk by chunk, and stop as soon as the client is gone: sending to nobody raises nothing."""
    gone = asyncio.ensure_future(disconnected(receive))
    waiting = asyncio.ensure_future(anext(stream, None))
    try:
        while True:
            await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            chunk = await waiting
            if chunk is None:
                break
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            waiting = asyncio.ensure_future(anext(stream, None))
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await stream.aclose()


async def disconnected(receive: Receive) -> None:
    """Come back when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
