"""The network as a fetch sees it: names are resolved once and checked, silence and length of time have their limits.

httpcore asks for a connection to a name; it gets one to a checked address, and keeps the name for TLS and `Host`.
"""

import ssl
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import httpcore

from rolltop.collections.imports.addresses import Rules

_LOOK_SECONDS = 0.5


class TooLong(Exception):
    """The whole takes longer than it may."""


class Guarded(httpcore.NetworkBackend):
    """Connects to checked addresses only. `check` is called often and may raise to stop."""

    def __init__(self, rules: Rules, until: float, check: Callable[[], object]) -> None:
        self._rules = rules
        self._until = until
        self._check = check
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that answers."""
        failure: Exception = httpcore.ConnectError(f"there is no host {host[:200]!r}")
        try:
            addresses = self._rules.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise failure from error
        for address in addresses:
            self._check()
            try:
                found = self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(found, self._until, self._check)
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection that looks up now and then while the other side is silent."""

    def __init__(self, stream: httpcore.NetworkStream, until: float, check: Callable[[], object]) -> None:
        self._stream = stream
        self._until = until
        self._check = check

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        silent_until = self._until if timeout is None else monotonic() + timeout
        while True:
            self._check()
            now = monotonic()
            if now > self._until:
                raise TooLong
            if now > silent_until:
                raise httpcore.ReadTimeout
            try:
                return self._stream.read(max_bytes, _LOOK_SECONDS)
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._until, self._check)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
