"""The runner: jobs in threads, with progress, rate, time left, a log, cancel and retry.

    submit ─▶ queued ─▶ running ─▶ done | failed | cancelled        a stop of the server: interrupted

Work is a function of one argument, the `Running` job. It reports `progress` now and then, which is also where a cancel
reaches it: `JobCancelled` is raised, the work takes back what it did and lets the exception pass.

Whoever can do a kind of job again says so with `repeats`; he gets back what the job was asked with.
"""

import logging
import queue
import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from time import monotonic
from typing import Any, NamedTuple

from rolltop.auth import Actor, Scope
from rolltop.db.database import Database
from rolltop.errors import Forbidden
from rolltop.jobs import store
from rolltop.jobs.errors import NoSuchJob, NothingToRetry, NotOver, NotRepeatable
from rolltop.jobs.running import INTERRUPTED, LINES_KEPT, Asked, Running, Work
from rolltop.jobs.schemas import Job, JobLine, JobLog, JobState, Progress
from rolltop.jobs.tables import JobLineRow, JobRow
from rolltop.kit.ids import new_id, now

log = logging.getLogger("rolltop.jobs")

LISTED = 100
KEPT = 1_000
"""So many jobs that are over are kept, the newest,"""
KEPT_DAYS = 90
"""and none that ended longer ago."""
_STOP_SECONDS = 5.0

Again = Callable[[Asked], Job]


class _Repeat(NamedTuple):
    again: Again
    needs: Scope


class Jobs:
    """Every job: those of this run in memory, all that are kept in `rolltop.db`."""

    def __init__(self, database: Database, publish: Callable[[str, Any], None], workers: int = 2) -> None:
        self._database = database
        self._publish_event = publish
        self._queue: queue.SimpleQueue[Running | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._live: dict[str, Running] = {}
        self._repeats: dict[str, _Repeat] = {}
        self._closed = False
        self._tidy()
        self._threads = [
            threading.Thread(target=self._serve, name=f"rolltop-job-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        kind: str,
        title: str,
        work: Work,
        *,
        unit: str = "rows",
        total: int | None = None,
        asked: Asked | None = None,
    ) -> Job:
        """Queue the work and return the job. Kinds are for programs, titles for people."""
        asked = asked or Asked()
        progress = Progress(done=0, total=total, unit=unit, bytes=None, rate=None, eta_seconds=None)
        job = Job(
            id=new_id(), kind=kind, title=title, state="queued", progress=progress, error=None, result=None,
            created=now(), started=None, ended=None, actor=asked.actor, retry_of=asked.retry_of,
        )  # fmt: skip
        running = Running(job, asked, work, self._publish, self._keep_lines)
        with self._lock:
            self._live[job.id] = running
        self._announce(running)
        self._queue.put(running)
        return job

    def repeats(self, kind: str, again: Again, needs: Scope) -> None:
        """Jobs of this kind can be tried again: `again` starts the new job, or raises and says what to do instead.
        Only callers with the right `needs` may ask for it."""
        self._repeats[kind] = _Repeat(again, needs)

    # ---- what is asked -------------------------------------------------------------------------------------------

    def list(
        self,
        *,
        before: str | None = None,
        states: Collection[JobState] = (),
        kinds: Collection[str] = (),
        limit: int = LISTED,
    ) -> list[Job]:
        """The jobs of these states and kinds, newest first, from after the job `before`. A kind stands for those below
        it, too: `import` for `import.load`."""
        with self._lock:
            live = {id: running.job for id, running in self._live.items()}
        with self._database.read() as session:
            most = limit + len(live)  # some of them may be of another state by now
            rows = store.newest(session, most, before=before, states=states, kinds=kinds, besides=live)
            jobs = {row.id: _job(row) for row in rows}
        jobs |= {id: job for id, job in live.items() if _is_asked(job, before, kinds)}
        return [jobs[id] for id in sorted(jobs, reverse=True) if not states or jobs[id].state in states][:limit]

    def get(self, id: str) -> Job:
        """One job as it is now.

        Raises:
            NoSuchJob: nobody knows that id.
        """
        running = self._running(id)
        return running.job if running is not None else _job(self._row(id))

    def log(self, id: str, after: int, limit: int) -> JobLog:
        """What the job said of its work, after the line of this number.

        Raises:
            NoSuchJob: nobody knows that id.
        """
        running = self._running(id)
        if running is not None:
            lines = running.lines(after)
        else:
            self._row(id)
            with self._database.read() as session:
                lines = [JobLine.model_validate(row.model_dump()) for row in store.lines(session, id, after, limit + 1)]
        page = lines[:limit]
        return JobLog(lines=page, next=page[-1].number if len(lines) > limit else None)

    def cancel(self, id: str) -> Job:
        """Ask a job to stop; one that has ended is left as it is.

        Raises:
            NoSuchJob: nobody knows that id.
        """
        running = self._running(id)
        if running is None:
            return self.get(id)
        running.cancel()
        return running.job

    def retry(self, id: str, actor: Actor) -> Job:
        """Start a new job that does the same as one that failed, was cancelled or interrupted.

        Raises:
            NoSuchJob: nobody knows that id.
            NotOver, NothingToRetry, NotRepeatable, InputGone: it cannot be, and what to do instead.
            Forbidden: the caller may not do what the job does.
        """
        running = self._running(id)
        job, given = (running.job, running.asked.input) if running is not None else self._kept(id)
        if job.ended is None:
            raise NotOver(job.state)
        if job.state == "done":
            raise NothingToRetry
        repeat = self._repeats.get(job.kind)
        if repeat is None or given is None:
            raise NotRepeatable(job.kind)
        if repeat.needs not in actor.scopes:
            raise Forbidden(
                f"This needs the right {repeat.needs.value!r}.", hint="Ask the owner of the workspace for it."
            )
        return repeat.again(Asked(actor.id, given, id))

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

    # ---- work ----------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while (running := self._queue.get()) is not None:
            if not running.job.ended:
                self._finish(running)

    def _finish(self, running: Running) -> None:
        running.begin()
        self._announce(running)
        job = running.run()
        if job.state == "cancelled" and self._closed:
            job = running.interrupt()
        if self._announce(running):
            with self._lock:
                del self._live[job.id]
            self._trim()

    def _announce(self, running: Running) -> bool:
        """Keep the new state and tell it. A full disk must not stop the work whose state it is: then it is known to
        this run only."""
        saved = self._stored(running, "The state of job %s could not be stored")
        self._publish(running.job)
        return saved

    def _publish(self, job: Job) -> None:
        self._publish_event("job", {"job": job.model_dump(mode="json")})

    # ---- rolltop.db ----------------------------------------------------------------------------------------------

    def _tidy(self) -> None:
        """What the last process left: jobs that did not come to their end, and old ones."""
        moment = now()
        with self._database.write() as session:
            cut_off = store.unfinished(session)
            store.interrupt(session, cut_off, moment)
            for id in cut_off:
                number = store.last_line(session, id) + 1
                line = JobLineRow(job=id, number=number, time=moment, level="warning", text=INTERRUPTED)
                store.add_lines(session, [line])
            store.trim(session, KEPT, moment - timedelta(days=KEPT_DAYS))

    def _trim(self) -> None:
        try:
            with self._database.write() as session:
                store.trim(session, KEPT, now() - timedelta(days=KEPT_DAYS))
        except Exception:  # there is another time
            log.warning("Old jobs could not be deleted yet.", exc_info=True)

    def _keep_lines(self, running: Running) -> None:
        self._stored(running, "The log of job %s could not be stored")

    def _stored(self, running: Running, problem: str) -> bool:
        """Bring `rolltop.db` up to date with a job and its log."""
        job, lines = running.job, running.not_stored()
        try:
            with self._database.write() as session:
                store.save(session, _row(job, running.asked))
                if lines:
                    store.add_lines(session, [JobLineRow(job=job.id, **line.model_dump()) for line in lines])
                    store.drop_lines(session, job.id, lines[-1].number - LINES_KEPT)
        except Exception:
            log.exception(problem, job.id)
            return False
        if lines:
            running.stored(lines[-1].number)
        return True

    def _running(self, id: str) -> Running | None:
        with self._lock:
            return self._live.get(id)

    def _row(self, id: str) -> JobRow:
        with self._database.read() as session:
            row = store.by_id(session, id)
            if row is None:
                raise NoSuchJob(id)
            session.expunge(row)
            return row

    def _kept(self, id: str) -> tuple[Job, Any]:
        row = self._row(id)
        return _job(row), row.input


def _is_asked(job: Job, before: str | None, kinds: Collection[str]) -> bool:
    older = before is None or job.id < before
    return older and (not kinds or any(job.kind == kind or job.kind.startswith(f"{kind}.") for kind in kinds))


def _row(job: Job, asked: Asked) -> JobRow:
    fields = job.model_dump(exclude={"progress"})
    progress = job.progress
    return JobRow(**fields, input=asked.input, done=progress.done, total=progress.total, unit=progress.unit)


def _job(row: JobRow) -> Job:
    progress = Progress(done=row.done, total=row.total, unit=row.unit, bytes=None, rate=None, eta_seconds=None)
    return Job.model_validate({**row.model_dump(exclude={"done", "total", "unit", "input"}), "progress": progress})
