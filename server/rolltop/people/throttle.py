"""Slows guessing: so many wrong passwords in a minute, for each account and for each address (threat model A6)."""

import threading
import time
from collections import deque

WINDOW_SECONDS = 60.0
PER_ACCOUNT = 10
PER_ADDRESS = 100
MOST_KEPT = 10_000


class Throttle:
    """Remembers wrong passwords. The clock is the monotonic one: it does not jump."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: dict[tuple[str, str], deque[float]] = {}

    def wait(self, account: str, address: str) -> int:
        """The seconds to wait before the next try; 0 for none."""
        now = time.monotonic()
        with self._lock:
            waits = [
                self._left(("account", account.lower()), PER_ACCOUNT, now),
                self._left(("address", address), PER_ADDRESS, now),
            ]
        return max(waits)

    def wrong(self, account: str, address: str) -> None:
        """A password was wrong."""
        now = time.monotonic()
        with self._lock:
            if len(self._wrong) > MOST_KEPT:
                self._wrong = {key: times for key, times in self._wrong.items() if times[-1] > now - WINDOW_SECONDS}
            for key in (("account", account.lower()), ("address", address)):
                self._wrong.setdefault(key, deque(maxlen=PER_ADDRESS)).append(now)

    def _left(self, key: tuple[str, str], most: int, now: float) -> int:
        times = self._wrong.get(key)
        if times is None:
            return 0
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        return int(times[-most] + WINDOW_SECONDS - now) + 1 if len(times) >= most else 0
