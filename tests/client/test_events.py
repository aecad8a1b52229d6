"""`connect().events()`: hears, goes on after a break, and says when the server is gone."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from postgrest import APIError
from tests.client.conftest import fill

from rolltop import client, connect
from rolltop.client import Event, NotRunning, RolltopClient

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import LiveServer, Servers


class Heard:
    """What a listener in a thread of its own hears, until it was told of so many rows, or `failed`."""

    def __init__(self, events: Iterator[Event], rows: int) -> None:
        self.events: list[Event] = []
        self.failed: Exception | None = None
        self._thread = threading.Thread(target=self._listen, args=(events, rows), daemon=True)
        self._thread.start()

    def _listen(self, events: Iterator[Event], rows: int) -> None:
        try:
            for event in events:
                self.events.append(event)
                if sum(each.data.get("rows") or 0 for each in self.events) >= rows:
                    return
        except Exception as error:
            self.failed = error

    def wait(self) -> "list[Event]":
        """The events when all have come."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        if self.failed is not None:
            raise self.failed
        return self.events


def last_id(db: RolltopClient) -> int:
    """The number of the last event there was: whoever listens after it misses nothing, however late he starts."""
    with db.session.stream("GET", f"{db.url}/api/events", headers=db.headers) as response:
        return next(event.id for event in client._events(response.iter_bytes()))


@pytest.fixture
def db(library: "LiveServer") -> Iterator[RolltopClient]:
    """A client of the library."""
    with connect(library.workspace) as made:
        yield made


def test_hears_what_was_written(db: RolltopClient) -> None:
    heard = Heard(db.events("authors", kinds=["insert", "delete"], after=last_id(db)), 2)
    db.from_("authors").insert({"id": 77, "name": "Nora"}).execute()
    db.from_("authors").update({"name": "Nóra"}).eq("id", 77).execute()
    db.from_("authors").delete().eq("id", 77).execute()
    assert [(event.kind, event.data["kind"], event.data["keys"]) for event in heard.wait()] == [
        ("rows", "insert", [[77]]),
        ("rows", "delete", [[77]]),
    ]


class Door:
    """Stands before the server and can cut every connection."""

    def __init__(self, url: str) -> None:
        self._target = int(url.rsplit(":", 1)[1])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it is."""
        number: int = self._listener.getsockname()[1]
        return number

    def cut(self) -> None:
        """Break every connection that is open."""
        ends, self._ends = self._ends, []
        for end in ends:
            with closing(end), suppress(OSError):  # one end may be gone already
                end.shutdown(socket.SHUT_RDWR)
        self.cuts += 1

    def close(self) -> None:
        """Take no more."""
        self._listener.close()
        self.cut()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pour, args=(source, sink, self.port, self._target), daemon=True).start()


def _pour(source: socket.socket, sink: socket.socket, near: int, far: int) -> None:
    try:
        while part := source.recv(65_536):
            sink.sendall(part.replace(b"127.0.0.1:%d" % near, b"127.0.0.1:%d" % far))
    except OSError:
        return


def test_goes_on_after_a_break_and_misses_nothing(
    db: RolltopClient, library: "LiveServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RETRY_SECONDS", 0.05)
    door = Door(library.url)
    behind = RolltopClient(f"http://127.0.0.1:{door.port}", library.token)
    with closing(door), behind:
        heard = Heard(behind.events("authors", kinds=["insert"], after=last_id(db)), 20)
        for number in range(20):
            db.from_("authors").insert({"id": 1_000 + number, "name": "x"}).execute()
            if number % 5 == 4:
                door.cut()
        events = heard.wait()
    keys = [key for event in events for key in event.data["keys"]]
    assert keys == [[1_000 + number] for number in range(20)]
    assert door.cuts >= 4
    db.from_("authors").delete().gte("id", 1_000).execute()


def test_is_refused_with_a_bad_token(library: "LiveServer", tmp_path: "Path") -> None:
    with connect(tmp_path, url=library.url, token="nobody's") as stranger, pytest.raises(APIError) as refused:
        next(stranger.events())
    assert refused.value.code == "auth.token_unknown"


def test_says_when_the_server_is_gone(servers: "Servers", tmp_path: "Path") -> None:
    server = servers.start(tmp_path / "workspace")
    fill(server.workspace)
    with connect(server.workspace) as db:
        heard = Heard(db.events(after=last_id(db)), 1_000_000)
        servers.kill(server)
        with pytest.raises(NotRunning):
            heard.wait()
