"""The runner itself."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rolltop.db.database import Database
from rolltop.errors import NotFound
from rolltop.jobs import Job, JobCancelled, Jobs, Running

PATIENCE = 30


class Told:
    """What was published."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def publish(self, kind: str, data: dict[str, Any]) -> None:
        """Keep it."""
        assert kind == "job"
        with self._changed:
            self.jobs.append(data["job"])
            self._changed.notify_all()

    def states(self, job: Job) -> list[str]:
        """The states of a job, one after the other."""
        found = [each["state"] for each in self.jobs if each["id"] == job.id]
        return [state for at, state in enumerate(found) if at == 0 or found[at - 1] != state]

    def wait(self, job: Job) -> dict[str, Any]:
        """The job when it has ended."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self._ended(job), PATIENCE)
        assert ended
        return ended

    def _ended(self, job: Job) -> dict[str, Any] | None:
        return next((each for each in self.jobs if each["id"] == job.id and each["ended"]), None)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated rolltop.db."""
    opened = Database.open(tmp_path / "rolltop.db")
    yield opened
    opened.close()


@pytest.fixture
def told() -> Told:
    """Somebody who listens."""
    return Told()


@pytest.fixture
def jobs(database: Database, told: Told) -> Iterator[Jobs]:
    """A runner with one thread."""
    made = Jobs(database, told.publish, workers=1)
    yield made
    made.close()


def test_a_job_is_queued_runs_and_ends_with_its_result(jobs: Jobs, told: Told) -> None:
    job = jobs.submit("test", "Count", lambda _running: {"answer": 42}, total=3)
    assert job.state == "queued"
    assert told.wait(job)["result"] == {"answer": 42}
    assert told.states(job) == ["queued", "running", "done"]
    assert jobs.get(job.id).progress.done == 3


def test_work_reports_progress_with_rate_and_time_left(jobs: Jobs, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1_000))
    monkeypatch.setattr("rolltop.jobs.service.monotonic", lambda: float(next(clock)))

    def _work(running: Running) -> None:
        for done in (100, 200, 300):
            running.progress(done)

    job = jobs.submit("test", "Count", _work, total=1_000)
    told.wait(job)
    seen = [each["progress"] for each in told.jobs if each["state"] == "running"]
    assert seen[-1] == {"done": 300, "total": 1_000, "unit": "rows", "bytes": None, "rate": 100.0, "eta_seconds": 7.0}


def test_progress_is_told_at_most_five_times_a_second(jobs: Jobs, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(number / 1_000 for number in range(10_000))
    monkeypatch.setattr("rolltop.jobs.service.monotonic", lambda: 100 + next(moments))

    def _work(running: Running) -> None:
        for done in range(1_000):  # one second, a millisecond each
            running.progress(done)

    told.wait(jobs.submit("test", "Count", _work))
    assert 4 <= len([each for each in told.jobs if each["progress"]["done"]]) <= 6


def test_a_cancel_reaches_the_work(jobs: Jobs, told: Told) -> None:
    begun = threading.Event()
    undone = []

    def _work(running: Running) -> None:
        begun.set()
        try:
            while True:
                running.progress(1)
        except JobCancelled:
            undone.append(True)
            raise

    job = jobs.submit("test", "Count", _work)
    assert begun.wait(PATIENCE)
    jobs.cancel(job.id)
    assert told.wait(job)["state"] == "cancelled"
    assert undone == [True]


def test_a_waiting_job_can_be_cancelled(jobs: Jobs, told: Told) -> None:
    go = threading.Event()
    first = jobs.submit("test", "Wait", lambda _running: go.wait(PATIENCE))
    second = jobs.submit("test", "Count", lambda running: running.check())
    jobs.cancel(second.id)
    go.set()
    assert told.wait(first)["state"] == "done"
    assert told.wait(second)["state"] == "cancelled"


def test_a_failure_that_can_be_said_is_said(jobs: Jobs, told: Told) -> None:
    def _work(_running: Running) -> None:
        raise NotFound("The file is gone.", hint="Send it again.")

    ended = told.wait(jobs.submit("test", "Fail", _work))
    assert ended["state"] == "failed"
    assert ended["error"] == {
        "code": "not_found", "message": "The file is gone.", "details": None, "hint": "Send it again.",
    }  # fmt: skip


def test_an_unexpected_failure_is_logged_and_not_shown(
    jobs: Jobs, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    ended = told.wait(jobs.submit("test", "Fail", lambda _running: {"a": 1}["secret"]))
    assert ended["error"]["code"] == "internal"
    assert "secret" not in str(ended["error"])
    assert "secret" in caplog.text


def test_a_full_disk_does_not_stop_the_work(
    jobs: Jobs, told: Told, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    go = threading.Event()
    job = jobs.submit("test", "Wait", lambda _running: go.wait(PATIENCE))
    monkeypatch.setattr(database, "write", lambda: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    go.set()
    assert told.wait(job)["state"] == "done"
    assert "could not be stored" in caplog.text
    assert jobs.get(job.id).state == "done"
    later = jobs.submit("test", "Later", lambda _running: None)
    assert told.wait(later)["state"] == "done"
    assert [(each.id, each.state) for each in jobs.list()] == [(later.id, "done"), (job.id, "done")]


def test_a_stop_interrupts_what_runs_and_what_waits(database: Database, told: Told) -> None:
    jobs = Jobs(database, told.publish, workers=1)
    begun = threading.Event()

    def _work(running: Running) -> None:
        begun.set()
        while True:
            running.check()

    first, second = jobs.submit("test", "Run", _work), jobs.submit("test", "Wait", _work)
    assert begun.wait(PATIENCE)
    jobs.close()
    again = Jobs(database, told.publish)
    assert {again.get(job.id).state for job in (first, second)} == {"interrupted"}
    again.close()


def test_what_a_killed_process_ran_is_interrupted(database: Database, told: Told) -> None:
    jobs = Jobs(database, told.publish, workers=0)
    job = jobs.submit("test", "Never", lambda _running: None)
    again = Jobs(database, told.publish)
    found = again.get(job.id)
    assert found.state == "interrupted"
    assert found.ended is not None
    again.close()
