"""The runner itself."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rolltop.auth import OWNER, Actor, Scope
from rolltop.db.database import Database
from rolltop.errors import Forbidden, NotFound
from rolltop.jobs import Asked, Job, JobCancelled, Jobs, Running
from rolltop.jobs.errors import NothingToRetry, NotOver, NotRepeatable
from rolltop.jobs.tables import JobLineRow
from rolltop.kit.ids import now

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
    monkeypatch.setattr("rolltop.jobs.running.monotonic", lambda: float(next(clock)))

    def _work(running: Running) -> None:
        for done in (100, 200, 300):
            running.progress(done)

    job = jobs.submit("test", "Count", _work, total=1_000)
    told.wait(job)
    seen = [each["progress"] for each in told.jobs if each["state"] == "running"]
    assert seen[-1] == {"done": 300, "total": 1_000, "unit": "rows", "bytes": None, "rate": 100.0, "eta_seconds": 7.0}


def test_progress_is_told_at_most_five_times_a_second(jobs: Jobs, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(number / 1_000 for number in range(10_000))
    monkeypatch.setattr("rolltop.jobs.running.monotonic", lambda: 100 + next(moments))

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


class TestLog:
    def test_says_what_the_work_said_and_how_it_ended(self, jobs: Jobs, told: Told) -> None:
        def _work(running: Running) -> None:
            running.log("Half of it is strange.", "warning")

        job = jobs.submit("test", "Count", _work)
        told.wait(job)
        log = jobs.log(job.id, 0, 10)
        assert [(line.number, line.level, line.text) for line in log.lines] == [
            (1, "info", "Started."), (2, "warning", "Half of it is strange."), (3, "info", "Done."),
        ]  # fmt: skip
        assert log.next is None

    def test_is_read_in_pages_while_the_job_runs_and_after(self, jobs: Jobs, told: Told) -> None:
        begun, go = threading.Event(), threading.Event()

        def _work(running: Running) -> None:
            for number in range(5):
                running.log(str(number))
            begun.set()
            go.wait(PATIENCE)

        job = jobs.submit("test", "Count", _work)
        assert begun.wait(PATIENCE)
        during = [jobs.log(job.id, 0, 4), jobs.log(job.id, 4, 4)]
        go.set()
        told.wait(job)
        after = [jobs.log(job.id, 0, 4), jobs.log(job.id, 4, 4)]
        assert [(len(page.lines), page.next) for page in during] == [(4, 4), (2, None)]
        assert [(len(page.lines), page.next) for page in after] == [(4, 4), (3, None)]
        assert after[0] == during[0]

    def test_keeps_the_last_thousand_lines_cut_to_size(self, jobs: Jobs, told: Told, database: Database) -> None:
        def _work(running: Running) -> None:
            for number in range(2_500):
                running.log(f"{number} {'x' * 3_000}")

        job = jobs.submit("test", "Talk", _work)
        told.wait(job)
        lines = jobs.log(job.id, 0, 5_000).lines
        assert (lines[0].number, lines[-1].number, len(lines)) == (1_503, 2_502, 1_000)
        assert max(len(line.text) for line in lines) == 2_001
        again = Jobs(database, told.publish, workers=0)
        assert again.log(job.id, 0, 5_000).lines == lines

    def test_outlives_a_killed_process_and_says_so(self, database: Database, told: Told) -> None:
        killed = Jobs(database, told.publish, workers=1)
        begun, go = threading.Event(), threading.Event()

        def _work(running: Running) -> None:
            running.log("Begun.")
            running._kept = 0.0  # a second has passed
            running.progress(1)
            begun.set()
            go.wait(PATIENCE)

        job = killed.submit("test", "Count", _work)
        assert begun.wait(PATIENCE)
        again = Jobs(database, told.publish, workers=0)  # as if the other one were no more
        texts = [line.text for line in again.log(job.id, 0, 10).lines]
        assert texts == ["Started.", "Begun.", "Interrupted: the server stopped."]
        go.set()
        told.wait(job)
        killed.close()


class TestList:
    def test_pages_by_the_last_id(self, jobs: Jobs, told: Told) -> None:
        made = [jobs.submit("test", str(number), lambda _running: None) for number in range(7)]
        for job in made:
            told.wait(job)
        seen: list[str] = []
        before = None
        while page := jobs.list(before=before, limit=3):
            seen += [job.id for job in page]
            before = page[-1].id
        assert seen == sorted((job.id for job in made), reverse=True)

    def test_filters_by_state_and_kind_as_they_are_now(self, jobs: Jobs, told: Told) -> None:
        go = threading.Event()
        running = jobs.submit("import.load", "Run", lambda _running: go.wait(PATIENCE))
        waiting = jobs.submit("importing", "Wait", lambda _running: None)
        found = {
            "import": [job.id for job in jobs.list(kinds=["import"])],
            "over": [job.id for job in jobs.list(states=["done"])],
            "not over": {job.id for job in jobs.list(states=["queued", "running"])},
        }
        go.set()
        told.wait(running)
        told.wait(waiting)
        assert found == {"import": [running.id], "over": [], "not over": {running.id, waiting.id}}
        assert len(jobs.list(states=["done"])) == 2


class TestRetry:
    def test_starts_a_new_job_with_what_the_old_one_was_asked(
        self, database: Database, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rolltop.jobs.service.KEPT", 10)
        given: list[Asked] = []

        def _fail(_running: Running) -> None:
            raise NotFound("Not today.")

        def _register(jobs: Jobs) -> None:
            def _again(asked: Asked) -> Job:
                given.append(asked)
                return jobs.submit("test", "Again", lambda _running: "fine", asked=asked)

            jobs.repeats("test", _again, Scope.COLLECTIONS_WRITE)

        first = Jobs(database, told.publish, workers=1)
        _register(first)
        failed = first.submit("test", "Fail", _fail, asked=Asked("ada", {"file": 7}))
        told.wait(failed)
        first.close()
        second = Jobs(database, told.publish, workers=1)  # a later run of the server
        _register(second)
        retried = second.retry(failed.id, OWNER)
        assert told.wait(retried)["result"] == "fine"
        assert given == [Asked("owner", {"file": 7}, failed.id)]
        assert (second.get(retried.id).retry_of, second.get(retried.id).actor) == (failed.id, "owner")
        with pytest.raises(NothingToRetry):
            second.retry(retried.id, OWNER)
        with pytest.raises(Forbidden):
            second.retry(failed.id, Actor("low", "Low", "guest", frozenset({Scope.JOBS_WRITE})))
        second.close()

    def test_is_refused_where_it_cannot_be(self, jobs: Jobs, told: Told) -> None:
        go = threading.Event()

        def _fail(_running: Running) -> None:
            go.wait(PATIENCE)
            raise NotFound("Not today.")

        job = jobs.submit("test", "Fail", _fail)
        with pytest.raises(NotOver):
            jobs.retry(job.id, OWNER)
        go.set()
        told.wait(job)
        with pytest.raises(NotRepeatable):
            jobs.retry(job.id, OWNER)
        with pytest.raises(NotFound):
            jobs.retry("nothing", OWNER)


class TestTrim:
    def test_keeps_the_newest_and_their_lines(
        self, jobs: Jobs, told: Told, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rolltop.jobs.service.KEPT", 3)
        made = [jobs.submit("test", str(number), lambda _running: None) for number in range(6)]
        for job in made:
            told.wait(job)
        jobs.close()  # the last one is trimmed after it was told
        assert {job.id for job in jobs.list()} == {job.id for job in made[-3:]}
        with database.read() as session:
            left = session.exec(select(JobLineRow.job)).all()
        assert set(left) == {job.id for job in made[-3:]}

    def test_forgets_what_ended_long_ago_but_nothing_unfinished(
        self, database: Database, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs = Jobs(database, told.publish, workers=1)
        old = jobs.submit("test", "Old", lambda _running: None)
        told.wait(old)
        jobs.close()
        later = now() + timedelta(days=91)
        monkeypatch.setattr("rolltop.jobs.service.now", lambda: later)
        again = Jobs(database, told.publish, workers=0)
        waiting = again.submit("test", "Wait", lambda _running: None)
        assert [job.id for job in again.list()] == [waiting.id]
