"""SIGINT, SIGTERM and SIGHUP close the window as its person would."""

import signal
from collections.abc import Callable
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def install(interrupted: Callable[[], None]) -> None:
    """Call `interrupted` on each of them, on the main thread; it must return at once and take no lock."""

    def asked(_number: int, _frame: Any) -> None:
        interrupted()

    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, asked)
