"""A file behind a URL that a person gives, fetched without letting it reach into this machine or its network.

Threat model W1 and W2: the name is resolved once, every address is checked, and the connection goes to the checked
address; so it is again after each redirect. Proxies of the environment are not asked.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from rolltop.collections.imports.errors import BadUrl, FileTooLarge, NotFetched
from rolltop.collections.imports.spool import MEGABYTE, Spool

if TYPE_CHECKING:
    import httpx

SECONDS = 600.0
_CONNECT_SECONDS, _STALL_SECONDS = 10.0, 30.0
_MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_DISGUISES = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""Addresses that carry an IPv4 address and lead to it."""

Watch = Callable[[int, int | None], None]
"""Gets the bytes that have arrived and those that were announced; may raise to stop."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
    if parts.scheme not in _PORTS:
        raise BadUrl(url, "it begins neither with http:// nor with https://")
    if not parts.hostname or port == 0:
        raise BadUrl(url, "it names no host")
    if parts.username is not None or parts.password is not None:
        raise BadUrl(url, "it carries a user name or a password")
    return parts


def fetch(url: str, spool: Spool, allowed: frozenset[str], watch: Watch) -> Path:
    """Fetch the file into the spool folder. `allowed` are hosts with ports (`10.0.0.5:8000`) inside that may be asked.

    Raises:
        BadUrl: it, or where it redirects to, must not be fetched.
        NotFetched: nobody answers, or the answer is no file, or takes too long.
        FileTooLarge, OutOfSpace: there is no room for it.
    """
    import httpx

    until = monotonic() + SECONDS
    timeout = httpx.Timeout(_STALL_SECONDS, connect=_CONNECT_SECONDS)
    try:
        with httpx.Client(trust_env=False, timeout=timeout, follow_redirects=False) as client:
            for _ in range(_MOST_REDIRECTS + 1):
                with _asked(client, check(url), allowed) as answer:
                    if not answer.has_redirect_location:
                        return _stored(answer, url, spool, until, watch)
                    url = urljoin(url, answer.headers["location"])
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        raise NotFetched(url, _reason(error)) from error
    raise NotFetched(url, f"it redirects more than {_MOST_REDIRECTS} times")


@contextmanager
def _asked(client: "httpx.Client", parts: SplitResult, allowed: frozenset[str]) -> Iterator["httpx.Response"]:
    """The answer of the checked address of the host, asked under the host's name."""
    import httpx

    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    address = _address(parts, host, port, allowed)
    literal = f"[{address}]" if address.version == 6 else str(address)
    target = httpx.URL(parts._replace(netloc=f"{literal}:{port}", fragment="").geturl())
    name = parts.netloc
    headers = {"Host": name, "Accept-Encoding": "identity", "User-Agent": "Rolltop"}
    with client.stream("GET", target, headers=headers, extensions={"sni_hostname": host}) as answer:
        yield answer


def _address(parts: SplitResult, host: str, port: int, allowed: frozenset[str]) -> Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotFetched(parts.geturl(), f"there is no host {host[:200]!r}") from error
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        if not is_public(address) and not (f"{host}:{port}" in allowed and _may_be_allowed(address)):
            raise BadUrl(
                parts.geturl(),
                f"{host} is {address}, an address inside this machine or its network",
                hint=f'To allow it, add "{host}:{port}" to import_hosts in workspace.toml.',
            )
    return addresses[0]


def is_public(address: Address) -> bool:
    """Whether the address is one of the internet's, for everybody."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _DISGUISES):
            return False
    return address.is_global and not address.is_multicast


def _may_be_allowed(address: Address) -> bool:
    """Whether a setting may allow it: this machine and private networks, but nothing that answers for the network."""
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def _stored(answer: "httpx.Response", url: str, spool: Spool, until: float, watch: Watch) -> Path:
    if answer.status_code != 200:
        raise NotFetched(url, f"the server answered {answer.status_code}")
    length = answer.headers.get("content-length", "")
    total = int(length) if length.isascii() and length.isdecimal() else None
    if total is not None and total > spool.limit:
        raise FileTooLarge(spool.limit // MEGABYTE)

    def _blocks() -> Iterator[bytes]:
        done = 0
        for block in answer.iter_raw(1 << 18):
            done += len(block)
            if monotonic() > until:
                raise NotFetched(url, f"it takes longer than {SECONDS / 60:.0f} minutes")
            watch(done, total)
            yield block

    return spool.keep(_blocks())


def _reason(error: Exception) -> str:
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return "the server does not answer in time"
    text = " ".join(str(error).split())[:200]
    return text or type(error).__name__
