"""What uvicorn's protocol lacks (threat model S8): each attack, and a harmless control beside it."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from rolltop.config import Config
from rolltop.serve import binding, deadlines
from rolltop.serve.listener import Listener

WAIT = 20.0


async def echo(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers with the number of bytes it was sent; `/slow` reads its body only when the test lets it."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    assert scope["type"] == "http"
    if scope["path"] == "/large":
        await send_large(send)
        return
    if scope["path"] == "/slow":
        await asyncio.get_running_loop().run_in_executor(None, LET_READ.wait, WAIT)
    size, more = 0, True
    while more:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    text = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text, "more_body": False})


async def send_large(send: ASGISendCallable) -> None:
    """More than any buffer between here and the client holds; notes when it may end."""
    try:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(LARGE_PARTS):
            await send({"type": "http.response.body", "body": bytes(LARGE_PART), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        SENT.set()


LARGE_PARTS, LARGE_PART = 64, 1 << 20
LET_READ = threading.Event()
SENT = threading.Event()
"""`/large` has come to its end, taken or not."""


@pytest.fixture
def port(tmp_path: Any) -> Iterator[int]:
    """A listener with the little application, in a thread."""
    LET_READ.clear()
    SENT.clear()
    bound = binding.listen(Config(workspace=tmp_path, port=0), fallback=False)
    ready = threading.Event()
    listener = Listener(echo, ready=ready.set, closing=LET_READ.set)
    thread = threading.Thread(target=lambda: listener.run(sockets=[bound]))
    number: int = bound.getsockname()[1]
    thread.start()
    assert ready.wait(WAIT)
    yield number
    listener.stop()
    thread.join(WAIT)
    bound.close()
    assert not thread.is_alive()


@pytest.fixture
def connect(port: int) -> Iterator[Callable[[], socket.socket]]:
    """Makes connections, and closes them after the test."""
    made: list[socket.socket] = []

    def connect() -> socket.socket:
        made.append(socket.create_connection(("127.0.0.1", port), timeout=WAIT))
        return made[-1]

    yield connect
    for each in made:
        each.close()


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and code of an answer, whose body must have the four fields."""
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = json.loads(body)
    assert set(fields) == {"code", "message", "details", "hint"}
    assert b"connection: close" in head.lower()
    return int(head.split(b" ")[1]), fields["code"]


def ask(connection: socket.socket, path: str = "/") -> bytes:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection.recv(65536)


Connect = Callable[[], socket.socket]


def test_a_silent_connection_is_closed(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.0)
    assert read_all(connect()) == b""


@pytest.mark.parametrize("start", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"\r\n\r\n"])
def test_half_a_head_is_closed_with_408(connect: Connect, start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.5)
    late = connect()
    late.sendall(start)
    assert refusal(read_all(late)) == (408, "timeout")


def test_dripping_a_head_does_not_help(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 1.0)
    late = connect()
    late.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    late.settimeout(0.1)
    until = time.monotonic() + WAIT
    answer = b""
    while not answer and time.monotonic() < until:
        try:
            late.sendall(b"A: b\r\n")
            answer = late.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return  # closed while we were still dripping, and the answer was lost with it
    assert answer.startswith(b"HTTP/1.1 408")


def test_an_idle_connection_is_closed_and_a_used_one_is_not(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "KEEP_ALIVE_SECONDS", 0.5)
    idle, waiting = connect(), connect()
    waiting.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in ask(idle)
    assert read_all(idle) == b""
    LET_READ.set()
    assert b"200 OK" in waiting.recv(65536)


def test_half_a_head_after_a_whole_request_is_closed(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.5)
    late = connect()
    assert b"200 OK" in ask(late)
    late.sendall(b"GET / HT")
    assert refusal(read_all(late)) == (408, "timeout")


def test_a_body_that_stalls_is_closed_with_408(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "STALL_SECONDS", 0.5)
    late = connect()
    late.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    assert refusal(read_all(late)) == (408, "timeout")


def test_a_server_that_is_slow_to_read_is_not_held_against_the_client(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "STALL_SECONDS", 0.2)
    size = 8_000_000
    sender = connect()
    sender.sendall(f"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
    threading.Timer(2.5, LET_READ.set).start()  # more than two of the server's rounds
    sender.sendall(b"x" * size)
    assert sender.recv(65536).endswith(str(size).encode())


def test_a_long_answer_is_not_a_stalled_request(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.1)
    monkeypatch.setattr(deadlines, "STALL_SECONDS", 0.1)
    waiting = connect()
    waiting.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    threading.Timer(2.5, LET_READ.set).start()
    assert waiting.recv(65536).endswith(b"\r\n\r\n0")


def test_an_answer_that_nobody_takes_is_ended(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "TAKE_SECONDS", 0.5)
    late = connect()
    late.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    assert late.recv(1) == b"H"
    assert SENT.wait(WAIT)
    size = 0
    with contextlib.suppress(ConnectionError):
        while part := late.recv(1 << 20):
            size += len(part)
    assert size < LARGE_PARTS * LARGE_PART


def test_an_answer_that_is_taken_slowly_arrives(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "TAKE_SECONDS", 1.5)
    slow = connect()
    slow.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    size = 0
    for _ in range(12):
        size += len(slow.recv(1 << 18, socket.MSG_WAITALL))
        SENT.wait(0.25)  # never set so early: it only passes time
    assert not SENT.is_set()
    while size <= LARGE_PARTS * LARGE_PART and (part := slow.recv(1 << 20)):
        size += len(part)
    assert size > LARGE_PARTS * LARGE_PART


@pytest.mark.parametrize(
    ("request_head", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", 431, "head_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", 431, "head_too_large"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "url_too_long"),
    ],
)
def test_large_heads_are_refused(connect: Connect, request_head: bytes, status: int, code: str) -> None:
    large = connect()
    large.sendall(request_head)
    assert refusal(read_all(large)) == (status, code)


def test_an_endless_head_is_refused_before_it_ends(connect: Connect) -> None:
    endless = connect()
    endless.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
    endless.sendall(b"a" * 70_000)
    assert refusal(read_all(endless)) == (431, "head_too_large")


def test_a_large_body_behind_a_small_head_is_no_large_head(connect: Connect) -> None:
    sender = connect()
    sender.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000)
    assert sender.recv(65536).endswith(b"200000")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_http_is_answered_with_400(connect: Connect, nonsense: bytes) -> None:
    sender = connect()
    sender.sendall(nonsense)
    assert refusal(read_all(sender)) == (400, "bad_request")


def test_connections_beyond_the_limit_are_told_429(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "CONNECTIONS", 2)
    monkeypatch.setattr(deadlines, "CONNECTIONS_ANSWERED", 3)
    first, second, third, fourth = connect(), connect(), connect(), connect()
    assert b"200 OK" in ask(first)
    assert b"200 OK" in ask(second)
    answer = ask(third) + read_all(third)
    assert refusal(answer) == (429, "busy")
    assert b"retry-after: 1" in answer.lower()
    with contextlib.suppress(ConnectionError):  # closed unheard, which shows as a reset or as an end of data
        assert ask(fourth) == b""
    first.close()
    until = time.monotonic() + WAIT
    while b"200 OK" not in ask(connect()):  # the server may not have seen yet that one is gone
        assert time.monotonic() < until
