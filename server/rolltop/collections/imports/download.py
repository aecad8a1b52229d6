"""A file behind a URL that a person gives, fetched without letting it reach into this machine or its network.

Threat model W1 and W2: every name is resolved once, its addresses are checked, and the connection goes to a checked
one; so it is again after each redirect. Proxies of the environment are not asked.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from rolltop.collections.imports.addresses import Rules
from rolltop.collections.imports.errors import BadUrl, FileTooLarge, NotFetched
from rolltop.collections.imports.spool import MEGABYTE, Spool

if TYPE_CHECKING:
    import httpcore

SECONDS = 600.0
CONNECT_SECONDS = 10.0
SILENT_SECONDS = 30.0
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_AS_IT_IS = ("", "identity", "gzip", "x-gzip")
"""Encodings that an answer may have: gzip is told by the content and unpacked as any other such file."""
_AT_ONCE = 1 << 18

Watch = Callable[[int, int | None], None]
"""Gets the bytes that have arrived and those that were announced; may raise to stop."""


def file_name(url: str) -> str:
    """What the file is called, by the last part of the path."""
    parts = urlsplit(url)
    return unquote(parts.path.rpartition("/")[2]) or parts.hostname or "file"


def check(url: str) -> SplitResult:
    """The parts of a URL that may be fetched.

    Raises:
        BadUrl: it is none of http or https, names no host, or carries a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl(url, f"{error}") from error
    if parts.scheme not in ("http", "https"):
        raise BadUrl(url, "it begins neither with http:// nor with https://")
    if not parts.hostname or port == 0:
        raise BadUrl(url, "it names no host")
    if parts.username is not None or parts.password is not None:
        raise BadUrl(url, "it carries a user name or a password")
    return parts


def fetch(url: str, spool: Spool, rules: Rules, watch: Watch) -> Path:
    """Fetch the file into the spool folder.

    Raises:
        BadUrl: it, or where it redirects to, must not be fetched.
        NotFetched: nobody answers, or the answer is no file, or takes too long.
        FileTooLarge, OutOfSpace: there is no room for it.
    """
    import httpcore
    import httpx

    from rolltop.collections.imports.guarded import Guarded, TooLong

    so_far = _SoFar(watch)
    network = Guarded(rules, monotonic() + SECONDS, so_far.look)
    tls = httpx.create_ssl_context(trust_env=False)
    try:
        with httpcore.ConnectionPool(ssl_context=tls, network_backend=network) as pool:
            for _ in range(_MOST_REDIRECTS + 1):
                found = _asked(pool, url, spool, so_far)
                if isinstance(found, Path):
                    return found
                url = found
    except TooLong as error:
        raise NotFetched(url, f"it takes longer than {SECONDS / 60:.0f} minutes") from error
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise NotFetched(url, "the server does not answer in time") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpx.InvalidURL, ConnectionError, ValueError) as error:
        raise NotFetched(url, " ".join(str(error).split())[:200] or type(error).__name__) from error
    raise NotFetched(url, f"it redirects more than {_MOST_REDIRECTS} times")


class _SoFar:
    """What has arrived, and who wants to know."""

    def __init__(self, watch: Watch) -> None:
        self.done = 0
        self.total: int | None = None
        self._watch = watch

    def look(self) -> None:
        self._watch(self.done, self.total)


def _asked(pool: "httpcore.ConnectionPool", url: str, spool: Spool, so_far: _SoFar) -> Path | str:
    """The file, or the address that is to be asked instead."""
    import httpcore
    import httpx

    check(url)
    target = httpx.URL(url)
    asked = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
    headers = {"Host": target.netloc.decode("ascii"), "Accept-Encoding": "identity", "User-Agent": "Rolltop"}
    timeout = {"connect": CONNECT_SECONDS, "read": SILENT_SECONDS, "write": SILENT_SECONDS, "pool": SILENT_SECONDS}
    with pool.stream("GET", asked, headers=list(headers.items()), extensions={"timeout": timeout}) as answer:
        told = {name.lower(): value.decode("latin-1").strip() for name, value in answer.headers}
        if answer.status in _REDIRECTS and b"location" in told:
            return urljoin(url, told[b"location"])
        if answer.status != 200:
            raise NotFetched(url, f"the server answered {answer.status}")
        packed = told.get(b"content-encoding", "").lower()
        if packed not in _AS_IT_IS:
            raise NotFetched(url, f"the server sends it packed as {packed[:50]!r}")
        length = told.get(b"content-length", "")
        so_far.total = int(length) if length.isascii() and length.isdecimal() else None
        if so_far.total is not None and so_far.total > spool.limit:
            raise FileTooLarge(spool.limit // MEGABYTE)
        return spool.keep(_blocks(answer, so_far))


def _blocks(answer: "httpcore.Response", so_far: _SoFar) -> Iterator[bytes]:
    """The body in larger pieces than it comes in."""
    block = bytearray()
    for part in answer.iter_stream():
        so_far.done += len(part)
        block += part
        if len(block) >= _AT_ONCE:
            yield bytes(block)
            block.clear()
    yield bytes(block)
