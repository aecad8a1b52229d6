"""A job of this run of the server: what its work reports to, and what others may ask of it."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any

from rolltop.errors import RolltopError
from rolltop.jobs.schemas import Job, JobError, JobLine, JobState, Level, Progress
from rolltop.kit.ids import now

log = logging.getLogger("rolltop.jobs")

PUBLISH_SECONDS = 0.2  # at most five events a second and job
KEEP_SECONDS = 1.0
"""So long at most are lines of the log known to this process only."""
LINES_KEPT = 1_000
LONGEST_LINE = 2_000
INTERRUPTED = "Interrupted: the server stopped."
_RATE_SAMPLES = 15  # three seconds of them

Work = Callable[["Running"], Any]


class JobCancelled(Exception):
    """Raised inside a job's work once somebody asked it to stop."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for a job, and with what. `input` is JSON and is kept, so that the same can be asked again later."""

    actor: str | None = None
    input: Any = None
    retry_of: str | None = None


UNEXPECTED = JobError(
    code="internal",
    message="Something went wrong inside Rolltop.",
    details=None,
    hint="The server's log says more; `rolltop paths` shows where it is.",
)


class Running:
    """A job, as its work sees it. `publish` tells of progress, `keep` stores the lines that are not stored yet."""

    def __init__(
        self, job: Job, asked: Asked, work: Work, publish: Callable[[Job], None], keep: Callable[["Running"], None]
    ) -> None:
        self.job = job
        self.asked = asked
        self._work = work
        self._publish = publish
        self._keep = keep
        self._stop = threading.Event()
        self._samples: deque[tuple[float, int]] = deque(maxlen=_RATE_SAMPLES)
        self._published = 0.0
        self._lock = threading.Lock()
        self._lines: deque[JobLine] = deque(maxlen=LINES_KEPT)
        self._count = 0
        self._stored = 0
        self._kept = monotonic()

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job.id

    def check(self) -> None:
        """Raise `JobCancelled` when the job shall stop."""
        if self._stop.is_set():
            raise JobCancelled

    def cancel(self) -> None:
        """Ask the work to stop at its next `check` or `progress`."""
        self._stop.set()

    # ---- progress ------------------------------------------------------------------------------------------------

    def progress(self, done: int, total: int | None = None, unit: str | None = None, size: int | None = None) -> None:
        """Say how far the work is, `size` in bytes; what is left out stays as it was. Raises `JobCancelled`."""
        self.check()
        moment = monotonic()
        if moment - self._published < PUBLISH_SECONDS and unit is None:
            return
        before = self.job.progress
        if unit is not None and unit != before.unit:
            self._samples.clear()
        self._samples.append((moment, done))
        total = before.total if total is None else total
        rate, eta = self._speed(done, total)
        size = before.bytes if size is None else size
        self._set(Progress(done=done, total=total, unit=unit or before.unit, bytes=size, rate=rate, eta_seconds=eta))
        self._published = moment
        self._publish(self.job)
        self._keep_now_and_then(moment)

    def _speed(self, done: int, total: int | None) -> tuple[float | None, float | None]:
        """Units a second over the last seconds, and the seconds left at that."""
        since, before = self._samples[0]
        passed = self._samples[-1][0] - since
        if passed <= 0 or done <= before:
            return None, None
        rate = (done - before) / passed
        return rate, (max(total - done, 0) / rate if total is not None else None)

    def _set(self, progress: Progress) -> None:
        self.job = self.job.model_copy(update={"progress": progress})

    # ---- the log -------------------------------------------------------------------------------------------------

    def log(self, text: str, level: Level = "info") -> None:
        """Write a line for those who want to know how it went; the last thousand are kept."""
        self._add(text, level)
        self._keep_now_and_then(monotonic())

    def lines(self, after: int) -> list[JobLine]:
        """The lines after the one of this number."""
        with self._lock:
            return list(islice(self._lines, max(after - (self._count - len(self._lines)), 0), None))

    def not_stored(self) -> list[JobLine]:
        """The lines since `stored` was last told."""
        return self.lines(self._stored)

    def stored(self, number: int) -> None:
        """The lines up to this one are in `rolltop.db`."""
        self._stored = number

    def _add(self, text: str, level: Level) -> None:
        text = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
        with self._lock:
            self._count += 1
            self._lines.append(JobLine(number=self._count, time=now(), level=level, text=text))

    def _keep_now_and_then(self, moment: float) -> None:
        if moment - self._kept >= KEEP_SECONDS and self._stored < self._count:
            self._kept = moment
            self._keep(self)

    # ---- states --------------------------------------------------------------------------------------------------

    def begin(self) -> Job:
        """Leave the queue."""
        self.job = self.job.model_copy(update={"state": "running", "started": now()})
        self._add("Started.", "info")
        return self.job

    def run(self) -> Job:
        """Do the work and return the job in its last state."""
        try:
            result = self._work(self)
        except JobCancelled:
            return self._end("cancelled", "Cancelled.", "warning")
        except RolltopError as error:
            return self._end("failed", f"Failed: {error.message}", "error", error=JobError(**error.fields()))
        except Exception:
            log.exception("The job %s (%s) failed unexpectedly", self.job.id, self.job.kind)
            return self._end("failed", f"Failed: {UNEXPECTED.message}", "error", error=UNEXPECTED)
        return self._end("done", "Done.", "info", result=result)

    def interrupt(self) -> Job:
        """The server's end came before the work's."""
        self.job = self.job.model_copy(update={"state": "interrupted"})
        self._add(INTERRUPTED, "warning")
        return self.job

    def _end(
        self, state: JobState, said: str, level: Level, *, error: JobError | None = None, result: Any = None
    ) -> Job:
        progress = self.job.progress.model_copy(update={"rate": None, "eta_seconds": None})
        if state == "done" and progress.total is not None:
            progress = progress.model_copy(update={"done": progress.total})
        changes = {"state": state, "error": error, "result": result, "ended": now(), "progress": progress}
        self.job = self.job.model_copy(update=changes)
        self._add(said, level)
        return self.job
