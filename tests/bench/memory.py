"""How much memory a process holds."""

import threading
from types import TracebackType
from typing import Self

import psutil

_LOOK_SECONDS = 0.05


class Watch:
    """Within it the process's resident memory is looked at all the time; bytes, pages of mapped files included."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.before = self.most = self._now()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.most = max(self.most, self._now())

    def _now(self) -> int:
        return int(self._process.memory_info().rss)


def at_rest(pid: int) -> int:
    """Bytes that the process alone accounts for: shared pages by share where the system tells it."""
    found = psutil.Process(pid).memory_full_info()
    return int(getattr(found, "pss", found.rss))
