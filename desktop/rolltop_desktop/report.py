"""When what happened, counted from the start of the process; kept in the log, and for the smoke test in a file.

With `ROLLTOP_SMOKE=out.json` the app writes what the page reported and these times, then quits.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

log = logging.getLogger("rolltop_desktop.report")


def process_started() -> float:
    """When this process began, on the monotonic clock, in seconds; without a way to know, now."""
    if sys.platform == "linux":
        try:
            ticks = int(Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()[19])
            since_boot = ticks / os.sysconf("SC_CLK_TCK")
            return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot)
        except (OSError, ValueError, IndexError):
            pass
    return time.monotonic()


class Report:
    """Notes each thing when it happens first."""

    def __init__(self, started: float, smoke: Path | None) -> None:
        self._started = started
        self._smoke = smoke
        self._seconds: dict[str, float] = {}

    def note(self, what: str, members: Mapping[str, Any]) -> bool:
        """Take note; true when the smoke test has seen what it wanted, or that there is nothing to see."""
        after = round(time.monotonic() - self._started, 3)
        self._seconds.setdefault(what, after)
        log.info("%s after %.3f s", what, after)
        if self._smoke is None or what not in ("ui_ready", "failed"):
            return False
        self._smoke.write_text(
            json.dumps({"ok": what == "ui_ready", **members, "seconds": self._seconds}) + "\n", "utf-8"
        )
        return True
