"""How answers leave: whole ones in one write, all others as uvicorn sends them."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from rolltop.config import Config
from rolltop.serve import binding
from rolltop.serve.listener import Listener

WAIT = 20.0
LENGTH = (b"content-length", b"5")
ANSWERS: dict[str, tuple[list[tuple[bytes, bytes]], list[bytes]]] = {
    "/whole": ([(b"content-type", b"text/plain"), LENGTH], [b"hello"]),
    "/parts": ([LENGTH], [b"hel", b"lo"]),
    "/chunks": ([], [b"hel", b"lo"]),
    "/closing": ([LENGTH, (b"connection", b"close")], [b"hello"]),
    "/split": ([LENGTH, (b"location", b"/a\r\nset-cookie: b=c")], [b"hello"]),
    "/longer": ([LENGTH], [b"hello world"]),
    "/shorter": ([LENGTH], [b"hell"]),
}


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers as the path says."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    assert scope["type"] == "http"
    headers, parts = ANSWERS[scope["path"]]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for part in parts[:-1]:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": parts[-1], "more_body": False})


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A listener with the little application, in a thread."""
    workspace: Path = tmp_path_factory.mktemp("workspace")
    bound = binding.listen(Config(workspace=workspace, port=0), fallback=False)
    ready = threading.Event()
    application_: Any = application
    listener = Listener(application_, ready=ready.set, closing=lambda: None)
    thread = threading.Thread(target=lambda: listener.run(sockets=[bound]))
    thread.start()
    assert ready.wait(WAIT)
    yield bound.getsockname()[1]
    listener.stop()
    thread.join(WAIT)
    bound.close()


@pytest.fixture
def asked(port: int) -> Callable[[str], bytes]:
    """Sends requests all at once, and one more whose answer closes the connection; what came before that one's."""

    def ask(*requests: str) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as connection:
            sent = [f"{request} HTTP/1.1\r\nHost: x\r\n\r\n" for request in (*requests, "GET /closing")]
            connection.sendall("".join(sent).encode())
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        before, closing, last = b"".join(parts).rpartition(b"HTTP/1.1 200 OK")
        return before if b"connection: close" in last else before + closing + last

    return ask


def test_a_whole_answer_has_its_headers_and_the_date(asked: Callable[..., bytes]) -> None:
    head, _, body = asked("GET /whole").partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    assert (status, body) == (b"HTTP/1.1 200 OK", b"hello")
    assert [line.split(b": ")[0] for line in lines] == [b"date", b"content-type", b"content-length"]


def test_requests_sent_ahead_are_answered_in_order(asked: Callable[..., bytes]) -> None:
    said = asked("GET /whole", "HEAD /whole", "GET /parts", "GET /chunks", "GET /whole")
    assert said.count(b"HTTP/1.1 200 OK") == 5
    assert said.count(b"hello") == 3
    assert b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n" in said


def test_a_head_without_its_body_is_whole(asked: Callable[..., bytes]) -> None:
    said = asked("HEAD /whole")
    assert said.endswith(b"content-length: 5\r\n\r\n")


def test_an_answer_that_closes_the_connection_is_the_last(asked: Callable[..., bytes]) -> None:
    assert asked("GET /closing", "GET /whole") == b""


def test_no_header_makes_another(asked: Callable[..., bytes], caplog: pytest.LogCaptureFixture) -> None:
    said = asked("GET /split")
    assert b"set-cookie" not in said
    assert "Invalid HTTP header value" in caplog.text


@pytest.mark.parametrize("path", ["/longer", "/shorter"])
def test_a_wrong_length_is_not_hidden(path: str, asked: Callable[..., bytes], caplog: pytest.LogCaptureFixture) -> None:
    said = asked(f"GET {path}")
    assert said.count(b"HTTP/1.1 200 OK") == 1
    assert "than Content-Length" in caplog.text
