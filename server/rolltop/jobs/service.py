"""The runner: jobs in threads, with progress, rate, time left and cancel.

    submit ─▶ queued ─▶ running ─▶ done | failed | cancelled        a stop of the server: interrupted

Work is a function of one argument, the `Running` job. It reports `progress` now and then, which is also where a cancel
reaches it: `JobCancelled` is raised, the work takes back what it did and lets the exception pass.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from rolltop.db.database import Database
from rolltop.errors import RolltopError
from rolltop.jobs import store
from rolltop.jobs.errors import NoSuchJob
from rolltop.jobs.schemas import Job, JobError, JobState, Progress
from rolltop.jobs.tables import JobRow
from rolltop.kit.ids import new_id, now

log = logging.getLogger("rolltop.jobs")

LISTED = 100
PUBLISH_SECONDS = 0.2  # at most five events a second and job
_RATE_SAMPLES = 15  # three seconds of them
_STOP_SECONDS = 5.0

Work = Callable[["Running"], Any]


class JobCancelled(Exception):
    """Raised inside a job's work once somebody asked it to stop."""


class Running:
    """A job of this run of the server, as its work sees it."""

    def __init__(self, job: Job, work: Work, publish: Callable[[Job], None]) -> None:
        self.job = job
        self._work = work
        self._publish = publish
        self._stop = threading.Event()
        self._samples: deque[tuple[float, int]] = deque(maxlen=_RATE_SAMPLES)
        self._published = 0.0

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

    def run(self) -> Job:
        """Do the work and return the job in its last state."""
        try:
            result = self._work(self)
        except JobCancelled:
            return self._end("cancelled")
        except RolltopError as error:
            return self._end("failed", error=JobError(**error.fields()))
        except Exception:
            log.exception("The job %s (%s) failed unexpectedly", self.job.id, self.job.kind)
            return self._end("failed", error=UNEXPECTED)
        return self._end("done", result=result)

    def begin(self) -> Job:
        """Leave the queue."""
        self.job = self.job.model_copy(update={"state": "running", "started": now()})
        return self.job

    def _end(self, state: JobState, *, error: JobError | None = None, result: Any = None) -> Job:
        progress = self.job.progress.model_copy(update={"rate": None, "eta_seconds": None})
        if state == "done" and progress.total is not None:
            progress = progress.model_copy(update={"done": progress.total})
        changes = {"state": state, "error": error, "result": result, "ended": now(), "progress": progress}
        self.job = self.job.model_copy(update=changes)
        return self.job


UNEXPECTED = JobError(
    code="internal",
    message="Something went wrong inside Rolltop.",
    details=None,
    hint="The server's log says more; `rolltop paths` shows where it is.",
)


class Jobs:
    """Every job: those of this run in memory, all of them in `rolltop.db`."""

    def __init__(self, database: Database, publish: Callable[[str, Any], None], workers: int = 2) -> None:
        self._database = database
        self._publish_event = publish
        self._queue: queue.SimpleQueue[Running | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._live: dict[str, Running] = {}
        self._closed = False
        with database.write() as session:
            store.interrupt_unfinished(session, now())
        self._threads = [
            threading.Thread(target=self._serve, name=f"rolltop-job-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, kind: str, title: str, work: Work, *, unit: str = "rows", total: int | None = None) -> Job:
        """Queue the work and return the job. Kinds are for programs, titles for people."""
        progress = Progress(done=0, total=total, unit=unit, bytes=None, rate=None, eta_seconds=None)
        job = Job(
            id=new_id(), kind=kind, title=title, state="queued", progress=progress,
            error=None, result=None, created=now(), started=None, ended=None,
        )  # fmt: skip
        running = Running(job, work, self._publish)
        with self._lock:
            self._live[job.id] = running
        self._announce(job)
        self._queue.put(running)
        return job

    def list(self) -> list[Job]:
        """The last hundred jobs, newest first."""
        with self._database.read() as session:
            jobs = {row.id: _job(row) for row in store.newest(session, LISTED)}
        with self._lock:
            jobs |= {id: running.job for id, running in self._live.items()}
        return [jobs[id] for id in sorted(jobs, reverse=True)][:LISTED]

    def get(self, id: str) -> Job:
        """One job as it is now.

        Raises:
            NoSuchJob: nobody knows that id.
        """
        live = self._live_job(id)
        if live is not None:
            return live
        with self._database.read() as session:
            row = store.by_id(session, id)
            if row is None:
                raise NoSuchJob(id)
            return _job(row)

    def cancel(self, id: str) -> Job:
        """Ask a job to stop; one that has ended is left as it is."""
        with self._lock:
            running = self._live.get(id)
        if running is None:
            return self.get(id)
        running.cancel()
        return running.job

    def close(self) -> None:
        """Stop all work and wait for it, five seconds at most. What does not end in time is interrupted."""
        self._closed = True
        with self._lock:
            unfinished = list(self._live.values())
        for running in unfinished:
            running.cancel()
        for _ in self._threads:
            self._queue.put(None)
        deadline = monotonic() + _STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _serve(self) -> None:
        while (running := self._queue.get()) is not None:
            if not running.job.ended:
                self._finish(running)

    def _finish(self, running: Running) -> None:
        self._announce(running.begin())
        job = running.run()
        if job.state == "cancelled" and self._closed:
            job = job.model_copy(update={"state": "interrupted"})
        running.job = job
        if self._announce(job):
            with self._lock:
                del self._live[job.id]

    def _announce(self, job: Job) -> bool:
        """Keep the new state and tell it. A full disk must not stop the work whose state it is: then it is known to
        this run only."""
        try:
            self._save(job)
            saved = True
        except Exception:
            log.exception("The state of job %s could not be stored", job.id)
            saved = False
        self._publish(job)
        return saved

    def _save(self, job: Job) -> None:
        with self._database.write() as session:
            store.save(session, _row(job))

    def _publish(self, job: Job) -> None:
        self._publish_event("job", {"job": job.model_dump(mode="json")})

    def _live_job(self, id: str) -> Job | None:
        with self._lock:
            running = self._live.get(id)
        return running.job if running is not None else None


def _row(job: Job) -> JobRow:
    fields = job.model_dump(exclude={"progress"})
    progress = job.progress
    return JobRow(**fields, done=progress.done, total=progress.total, unit=progress.unit)


def _job(row: JobRow) -> Job:
    progress = Progress(done=row.done, total=row.total, unit=row.unit, bytes=None, rate=None, eta_seconds=None)
    return Job.model_validate({**row.model_dump(exclude={"done", "total", "unit"}), "progress": progress})
