"""The schedule: what is due when, which backups go, and that it is done."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysqlite3 import dbapi2 as sqlite
from tests.backups.conftest import Keeper

from rolltop.backups.due import is_due, next_moment, surplus
from rolltop.backups.making import make
from rolltop.backups.schemas import BackupPlan
from rolltop.backups.service import describe
from rolltop.backups.source import of_folder

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
plans = st.builds(
    BackupPlan,
    every=st.sampled_from(["hours", "day"]),
    hours=st.integers(1, 1000),
    at=st.times().map(lambda each: f"{each:%H:%M}"),
)


def until(look: Callable[[], Any]) -> Any:
    """Ask again until there is an answer."""
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


class TestWhatIsDue:
    @given(plans, moments)
    def test_the_first_is_due_at_once(self, plan: BackupPlan, now: datetime) -> None:
        assert is_due(plan, None, None, now)

    @given(plans, moments)
    def test_nothing_is_due_right_after_one(self, plan: BackupPlan, now: datetime) -> None:
        assert not is_due(plan, now, now, now)

    @given(plans, moments, st.timedeltas(timedelta(), timedelta(days=90)))
    def test_it_is_due_when_its_moment_has_come_however_long_the_machine_slept(
        self, plan: BackupPlan, done: datetime, passed: timedelta
    ) -> None:
        moment = next_moment(plan, done, done)
        assert moment is not None
        assert moment > done
        assert is_due(plan, done, done, done + passed) == (done + passed >= moment)

    @given(plans, moments)
    def test_a_day_has_one_moment(self, plan: BackupPlan, done: datetime) -> None:
        moment = next_moment(plan, done, done)
        assert moment is not None
        if plan.every == "day":
            assert moment - done <= timedelta(days=1, hours=1)  # a clock that is put back makes a day longer
            assert f"{moment.astimezone():%H:%M}" == plan.at
        else:
            assert moment - done == timedelta(hours=plan.hours)

    @given(plans, moments, st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
    def test_a_clock_that_was_set_back_does_not_stop_it(
        self, plan: BackupPlan, done: datetime, back: timedelta
    ) -> None:
        assert is_due(plan, done, done, done - back)

    @given(plans, moments)
    def test_one_that_failed_is_tried_again_after_an_hour(self, plan: BackupPlan, tried: datetime) -> None:
        assert not is_due(plan, tried, None, tried + timedelta(minutes=59))
        assert is_due(plan, tried, None, tried + timedelta(minutes=60))

    def test_never(self) -> None:
        plan = BackupPlan(every="never")
        assert not is_due(plan, None, None, NOW)
        assert next_moment(plan, None, NOW) is None


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A scheduled backup."""
    folder = tmp_path_factory.mktemp("one")
    made = make(of_folder(folder, "w"), folder / "b", "scheduled", secrets=False, report=lambda _done, _total: None)
    return describe(made)


class TestWhatGoes:
    @given(
        days=st.lists(st.integers(0, 60), max_size=30),
        last=st.none() | st.integers(1, 40),
        age=st.none() | st.integers(1, 60),
    )
    def test_number_and_age_keep(self, one: Any, days: list[int], last: int | None, age: int | None) -> None:
        backups = [
            one.model_copy(
                update={
                    "id": str(number),
                    "content": one.content.model_copy(update={"created": NOW - timedelta(days=day, seconds=number)}),
                }
            )
            for number, day in enumerate(days)
        ]
        by_hand = one.model_copy(update={"id": "m", "content": one.content.model_copy(update={"reason": "manual"})})
        unreadable = one.model_copy(update={"id": "u", "content": None})
        gone = surplus(BackupPlan(keep_last=last, keep_days=age), [*backups, by_hand, unreadable], NOW)
        kept = [each for each in backups if each not in gone]
        assert {"m", "u"}.isdisjoint(each.id for each in gone)
        if last is None and age is None:
            assert not gone
        if backups:  # the newest of all
            assert max(each.content.created for each in backups) in [each.content.created for each in kept]
        oldest = min((each.content.created for each in kept), default=NOW)
        assert all(old.content is not None and old.content.created < oldest for old in gone)
        young = sum(NOW - each.content.created < timedelta(days=age or 0) for each in backups)
        if gone:
            assert len(kept) == max(last or 1, young)


class TestOverHTTP:
    def test_nothing_is_scheduled_at_first(self, keeper: Keeper) -> None:
        told = keeper.client.get("/api/backups/schedule").json()
        assert (told["every"], told["last"], told["next"], told["problem"]) == ("never", None, None, None)

    def test_makes_one_at_once_and_lets_old_ones_go(self, keeper: Keeper) -> None:
        source = of_folder(keeper.workspace.parent / "empty", "w")
        for _ in range(3):
            make(source, keeper.folder, "scheduled", secrets=False, report=lambda _done, _total: None)
        manual = keeper.make()
        wish = {"every": "day", "at": "03:30", "keep_last": 2}
        told = keeper.client.put("/api/backups/schedule", json=wish).json()
        assert (told["every"], told["at"], told["keep_last"]) == ("day", "03:30", 2)

        def made() -> Any:
            found = keeper.client.get("/api/backups/schedule").json()
            return found["last"] and found

        told = until(made)
        assert told["next"] > told["last"]
        until(lambda: len(keeper.client.get("/api/backups").json()) == 3)
        listed = keeper.client.get("/api/backups").json()
        assert [each["content"]["reason"] for each in listed].count("scheduled") == 2
        assert manual in [each["id"] for each in listed]
        assert listed[0]["content"]["tables"] == {"films": 3} | listed[0]["content"]["tables"]

    def test_says_why_the_last_one_failed(self, keeper: Keeper) -> None:
        (keeper.workspace / "backups").rename(keeper.workspace / "moved")
        (keeper.workspace / "backups").write_text("in the way")
        keeper.client.put("/api/backups/schedule", json={"every": "hours", "hours": 1})
        told = until(lambda: (found := keeper.client.get("/api/backups/schedule").json())["problem"] and found)
        assert told["last"] is None
        assert told["problem"]["code"] == "backups.files"
        assert told["problem"]["hint"]

    def test_makes_none_when_it_cannot_note_that_it_tries(
        self, keeper: Keeper, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Else each look would make one, until the disk is full."""
        keeper.client.put("/api/backups/schedule", json={"every": "never"})
        refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF tried ON backup_schedule BEGIN SELECT RAISE(ABORT, 'no'); END"
        with closing(sqlite.connect(keeper.workspace / "rolltop.db", isolation_level=None)) as connection:
            connection.execute(refuse)
        keeper.client.put("/api/backups/schedule", json={"every": "hours", "hours": 1})
        until(lambda: "could not be looked at" in caplog.text)
        assert keeper.client.get("/api/jobs?kind=backups.create").json() == []

    @pytest.mark.parametrize(
        "wish", [{"every": "week"}, {"hours": 0}, {"at": "24:00"}, {"at": "3"}, {"keep_last": 0}, {"to": "/x"}]
    )
    def test_refuses_what_it_cannot_do(self, keeper: Keeper, wish: dict[str, Any]) -> None:
        assert keeper.client.put("/api/backups/schedule", json=wish).status_code == 422

    def test_outlives_the_process(self, keeper: Keeper, workspace: Path) -> None:
        keeper.client.put("/api/backups/schedule", json={"every": "never", "hours": 5, "keep_days": 30})
        told = keeper.client.get("/api/backups/schedule").json()
        assert (told["hours"], told["keep_days"], workspace.is_dir()) == (5, 30, True)
