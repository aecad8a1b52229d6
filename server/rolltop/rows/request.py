"""A request to the rows lane, as taken from the ASGI scope."""

from typing import Any, NamedTuple

from rolltop.auth import Actor
from rolltop.rows import errors, prefer
from rolltop.rows.prefer import Preferences
from rolltop.web.asgi import ASGIScope

ROOT = b"/rest/v1"


_PROFILES = {
    **dict.fromkeys(("GET", "HEAD"), b"accept-profile"),
    **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), b"content-profile"),
}
"""Which header names the schema (dialect, section 1.3)."""


class Request(NamedTuple):
    """Raw as received; parsed only where a statement is not known yet."""

    method: str
    raw_path: bytes
    query: bytes
    actor: Actor
    accept: bytes | None
    preferences: Preferences
    range: bytes | None
    content_type: bytes | None
    content_length: bytes | None


def taken(scope: ASGIScope) -> Request:
    """The request in `scope`; refuses schemas other than `public`."""
    accept = range_header = content_type = content_length = None
    preferred: tuple[bytes, ...] = ()
    method: str = scope["method"]
    profile = _PROFILES.get(method)
    name: bytes
    value: bytes
    for name, value in scope["headers"]:
        if name == b"accept":
            accept = value if accept is None else accept + b", " + value
        elif name == b"prefer":
            preferred += (value,)
        elif name == b"range":
            range_header = value
        elif name == b"content-type":
            content_type = value
        elif name == b"content-length":
            content_length = value
        elif name == profile and value.strip() not in (b"", b"public"):
            raise errors.UnknownSchema(value.decode("latin-1"))
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise errors.CompressedBody("Compressed request bodies are not taken.", hint="Send the body as it is.")
    raw_path: Any = scope.get("raw_path")
    if raw_path is None:
        raw_path = scope["path"].encode()
    return Request(
        method,
        raw_path.partition(b"?")[0],
        scope["query_string"],
        scope["actor"],
        accept,
        prefer.preferences(preferred) if preferred else prefer.NONE,
        range_header,
        content_type,
        content_length,
    )
