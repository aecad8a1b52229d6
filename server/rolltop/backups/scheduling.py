"""The schedule: a thread that asks now and then whether a backup is due, makes it, and lets old ones go."""

import logging
import threading
from datetime import datetime

from rolltop.backups import due, store
from rolltop.backups.schemas import BackupPlan, BackupSchedule
from rolltop.backups.service import Backups
from rolltop.backups.tables import ScheduleRow
from rolltop.db.database import Database
from rolltop.errors import RolltopError
from rolltop.jobs import Job, Jobs
from rolltop.kit.ids import now

LOOK_SECONDS = 30.0

log = logging.getLogger("rolltop.backups")


class Scheduler:
    """Makes backups when they are due, from `start` to `close`."""

    def __init__(self, database: Database, backups: Backups, jobs: Jobs) -> None:
        self._database = database
        self._backups = backups
        self._jobs = jobs
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="rolltop-backups", daemon=True)

    def start(self) -> None:
        """Begin to look at the clock."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; a backup under way is the jobs' to end."""
        self._closing = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def read(self) -> BackupSchedule:
        """The schedule, and how it goes."""
        row = self._row()
        plan, done = _plan(row), _moment(row.done)
        job = self._job(row)
        return BackupSchedule(
            **plan.model_dump(), last=done, next=due.next_moment(plan, done, now()),
            problem=job.error if job is not None else None,
        )  # fmt: skip

    def change(self, plan: BackupPlan) -> BackupSchedule:
        """Set the schedule; a backup that is due by it is made at once."""
        row = self._row()
        with self._database.write() as session:
            store.save(session, ScheduleRow(**{**row.model_dump(), **plan.model_dump()}))
        self._wake.set()
        return self.read()

    def _run(self) -> None:
        while not self._closing:
            try:
                self._look()
            except Exception:  # the next look may find things in order
                log.exception("The schedule of backups could not be looked at")
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _look(self) -> None:
        row = self._row()
        job = self._job(row)
        running = job is not None and job.ended is None
        if running or not due.is_due(_plan(row), _moment(row.tried), _moment(row.done), now()):
            return
        began = now()
        self._note(tried=began.isoformat())  # first: where this cannot be written, each look would make a backup
        started = self._backups.create("scheduled", secrets=False, actor=None, then=lambda _made: self._made(began))
        self._note(job=started.id)

    def _made(self, began: datetime) -> None:
        """A scheduled backup is whole: note it, and let go those that it makes superfluous."""
        self._note(done=began.isoformat())
        for old in due.surplus(_plan(self._row()), self._backups.list(), now()):
            try:
                self._backups.delete(old.id)
            except RolltopError as error:  # held by a program that reads it: the next time
                log.warning("The old backup %s could not be deleted: %s", old.file, error.message)

    def _note(self, **changes: str) -> None:
        with self._database.write() as session:
            row = store.schedule(session)
            if row is not None:
                for name, value in changes.items():
                    setattr(row, name, value)

    def _row(self) -> ScheduleRow:
        with self._database.read() as session:
            return store.schedule(session) or ScheduleRow(**BackupPlan().model_dump())

    def _job(self, row: ScheduleRow) -> Job | None:
        """The last job, while it is known; old ones are forgotten."""
        if row.job is None:
            return None
        try:
            return self._jobs.get(row.job)
        except RolltopError:
            return None


def _plan(row: ScheduleRow) -> BackupPlan:
    return BackupPlan.model_validate(row.model_dump(include=set(BackupPlan.model_fields)))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
