"""A small load generator for loopback: N connections kept alive, one request in flight on each, bounded in time.

Plain sockets and epoll, since an HTTP library would take more CPU than the servers that are measured. Requests are
bytes made before the clock starts; answers are read by their Content-Length.
"""

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Load:
    """What came of one run."""

    requests: int
    seconds: float
    failures: int
    latencies: list[float] = field(repr=False)

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return (self.requests - self.failures) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in seconds that this share of the requests stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request_bytes(method: str, target: str, host: str, token: str, body: bytes = b"", *headers: str) -> bytes:
    """An HTTP/1.1 request as it goes over the wire."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arrived = bytearray()
        self._expected = 0  # bytes of the whole answer; 0 until its head is here
        self.started = 0.0

    def send(self, request: bytes) -> None:
        self._arrived, self._expected = bytearray(), 0
        self.started = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status once the whole answer is here; None while more is to come."""
        arrived = self.socket.recv(_READ_BYTES)
        if not arrived:
            raise ConnectionError("The server closed the connection.")
        self._arrived += arrived
        if not self._expected:
            end = self._arrived.find(b"\r\n\r\n")
            if end < 0:
                return None
            self._expected = end + 4 + _content_length(bytes(self._arrived[:end]))
        return int(self._arrived[9:12]) if len(self._arrived) >= self._expected else None


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    if at >= 0:
        return int(head[at + 15 :].split(b"\r\n", 1)[0])
    if head[9:12] == b"204":
        return 0
    raise ValueError(f"An answer without Content-Length cannot be measured: {head.decode(errors='replace')}")


def drive(
    address: tuple[str, int], requests: Callable[[], bytes], connections: int, seconds: float, limit: int = 1_000_000
) -> Load:
    """Send requests on every connection, each as soon as the one before was answered, until the time is over."""
    selector = selectors.DefaultSelector()
    opened = [_Connection(address) for _ in range(connections)]
    latencies: list[float] = []
    failures = 0
    start = time.perf_counter()
    for connection in opened:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(requests())
    waiting = len(opened)
    while waiting:
        for key, _ in selector.select(60):
            connection = key.data
            status = connection.receive()
            if status is None:
                continue
            now = time.perf_counter()
            latencies.append(now - connection.started)
            failures += status >= 300
            if now - start < seconds and len(latencies) + waiting <= limit:
                connection.send(requests())
            else:
                selector.unregister(connection.socket)
                waiting -= 1
    elapsed = time.perf_counter() - start
    for connection in opened:
        connection.socket.close()
    return Load(len(latencies), elapsed, failures, latencies)


def endlessly(bodies: list[bytes]) -> Callable[[], bytes]:
    """The requests one after the other, from the start again when they are used up."""

    def turn() -> Iterator[bytes]:
        while True:
            yield from bodies

    return turn().__next__
