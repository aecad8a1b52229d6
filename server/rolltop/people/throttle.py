"""Slows guessing: so many wrong passwords in a minute, for each account and for each address (threat model A6)."""

import threading
import time
from collections import deque

WINDOW_SECONDS = 60.0
PER_ACCOUNT = 10
PER_ADDRESS = 100
MOST_KEPT = 10_000


_Key = tuple[str, str]


def _keys(account: str, address: str) -> tuple[_Key, _Key]:
    return ("account", account), ("address", address)


class Throttle:
    """Remembers wrong passwords. The clock is the monotonic one: it does not jump."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: dict[_Key, deque[float]] = {}

    def attempt(self, account: str, address: str) -> int:
        """The seconds to wait before the next try; 0 when this one may go on. It counts as wrong until `right` is told,
        so that tries at the same time cannot all go on."""
        now = time.monotonic()
        keys = _keys(account, address)
        with self._lock:
            wait = max(self._left(key, most, now) for key, most in zip(keys, (PER_ACCOUNT, PER_ADDRESS), strict=True))
            if wait:
                return wait
            if len(self._wrong) > MOST_KEPT:
                since = now - WINDOW_SECONDS
                self._wrong = {key: times for key, times in self._wrong.items() if times and times[-1] > since}
            for key in keys:
                self._wrong.setdefault(key, deque(maxlen=PER_ADDRESS)).append(now)
            return 0

    def right(self, account: str, address: str) -> None:
        """The password was right: its try does not count."""
        with self._lock:
            for key in _keys(account, address):
                if times := self._wrong.get(key):
                    times.pop()

    def _left(self, key: _Key, most: int, now: float) -> int:
        times = self._wrong.get(key)
        if times is None:
            return 0
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        return int(times[-most] + WINDOW_SECONDS - now) + 1 if len(times) >= most else 0
