"""A window, a child and a world that only take note, for driving the lifecycle without a screen."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rolltop_desktop.lifecycle import Notice

WAIT = 20.0


class Notes:
    """What was called, in order; tests wait for what they expect instead of sleeping."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.all: list[tuple[Any, ...]] = []

    def add(self, *what: Any) -> None:
        with self._changed:
            self.all.append(what)
            self._changed.notify_all()

    def wait(self, *start: Any, count: int = 1) -> tuple[Any, ...]:
        """The `count`-th note that starts so, as soon as there is one."""

        def found() -> list[tuple[Any, ...]]:
            return [note for note in self.all if note[: len(start)] == start]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, WAIT), f"{start} not among {self.all}"
            return found()[count - 1]

    def of(self, name: str) -> list[tuple[Any, ...]]:
        with self._changed:
            return [note for note in self.all if note[0] == name]


class FakeWindow:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.answer: str | None = None
        self.where = "/"

    def show(self, notice: Notice) -> None:
        self.notes.add("show", notice.title, notice)

    def load(self, url: str) -> None:
        self.notes.add("load", url)

    def place(self) -> str:
        return self.where

    def focus(self, token: str = "") -> None:
        self.notes.add("focus", token)

    def dialog(self, kind: str, filters: list[str], name: str) -> str | None:
        self.notes.add("dialog", kind, tuple(filters), name)
        return self.answer

    def tell(self, title: str, text: str) -> None:
        self.notes.add("tell", title, text)

    def close(self) -> None:
        self.notes.add("close window")


class FakeChild:
    """Ends when it is asked to, unless told to be stubborn."""

    def __init__(self, notes: Notes, message: Callable[[dict[str, Any]], None], gone: Callable[[int], None]) -> None:
        self.notes = notes
        self.say = message
        self.gone = gone
        self.ends_on = "close_input"
        self._ended = False

    def send(self, event: str, /, **members: Any) -> None:
        self.notes.add("send", event, members)

    def close_input(self) -> None:
        self._asked("close_input")

    def wait(self, seconds: float) -> bool:
        self.notes.add("wait", seconds)
        return self._ended

    def terminate(self) -> None:
        self._asked("terminate")

    def kill(self) -> None:
        self._asked("kill")

    def ready(self, port: int = 8377) -> None:
        """Say that the server answers."""
        self.say({"ev": "ready", "url": f"http://127.0.0.1:{port}", "port": port, "pid": 1, "instance": "i"})

    def answer_code(self, count: int = 1) -> None:
        """Answer the `count`-th question for a code."""
        asked = self.notes.wait("send", "code", count=count)
        self.say({"ev": "code", "id": asked[2]["id"], "code": f"code-{asked[2]['id']}"})

    def page_ready(self) -> None:
        """Pass on the page's report."""
        self.say({"ev": "ui", "event": "ready", "title": "Rolltop", "user": "Owner", "painted": True})

    def _asked(self, how: str) -> None:
        self.notes.add(how)
        if how == self.ends_on:
            self._ended = True
            self.gone(0)


class FakeServers:
    """Spawns fake children and keeps them."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.children: list[FakeChild] = []
        self.fails: OSError | None = None

    def __call__(
        self, *, port: int | None, message: Callable[[dict[str, Any]], None], gone: Callable[[int], None]
    ) -> FakeChild:
        if self.fails is not None:
            raise self.fails
        child = FakeChild(self.notes, message, gone)
        self.children.append(child)
        self.notes.add("spawn", port)
        return child

    def wait(self, count: int) -> FakeChild:
        """The `count`-th child, as soon as it was started."""
        self.notes.wait("spawn", count=count)
        return self.children[count - 1]


class FakeRunning:
    """A server that somebody else runs."""

    url = "http://127.0.0.1:9000"

    def __init__(self, notes: Notes, instance: str = "theirs") -> None:
        self.notes = notes
        self.instance = instance
        self.fails: OSError | None = None

    def code(self) -> str:
        if self.fails is not None:
            raise self.fails
        return "their-code"

    def bring(self, path: Path) -> None:
        if self.fails is not None:
            raise self.fails
        self.notes.add("bring", path)


class FakeOutside:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.running: FakeRunning | None = None

    def find(self) -> FakeRunning | None:
        self.notes.add("find")
        return self.running

    def open_log(self) -> None:
        self.notes.add("open log")

    def browse(self, url: str, code: str) -> None:
        self.notes.add("browse", url, code)

    def port_used(self, port: int) -> None:
        self.notes.add("port", port)


class FakeReport:
    def __init__(self, notes: Notes, ends_at: str = "") -> None:
        self.notes = notes
        self.ends_at = ends_at

    def note(self, what: str, members: Mapping[str, Any]) -> bool:
        self.notes.add("note", what, dict(members))
        return what == self.ends_at
