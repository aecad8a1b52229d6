"""The one writer: what shares a transaction, what is undone, who is told."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.data.conftest import Make, made_by_others

from rolltop.data import Cause, Change, Data, errors
from rolltop.errors import OutOfSpace

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT UNIQUE)"


def insert(value: int) -> Any:
    return lambda connection: connection.execute("INSERT INTO t (a) VALUES (?)", (value,))


@contextlib.contextmanager
def held_writer(data: Data) -> Iterator[None]:
    """Keeps the writer busy, so that what is submitted meanwhile waits together."""
    started, release = threading.Event(), threading.Event()

    def hold(_connection: apsw.Connection) -> None:
        started.set()
        release.wait(10)

    future = data.submit(hold)
    started.wait(10)
    yield
    release.set()
    future.result(10)


class TestGroups:
    def test_a_failing_unit_undoes_only_itself(self, opened: Make) -> None:
        data = opened(TABLE)

        def two(connection: apsw.Connection) -> None:
            connection.execute("INSERT INTO t (a) VALUES (100)")
            connection.execute("INSERT INTO t (a) VALUES (1)")

        with held_writer(data):
            futures = [data.submit(insert(1)), data.submit(two), data.submit(insert(2)), data.submit(insert(1))]
        outcomes = [future.exception(10) for future in futures]
        assert [type(outcome) for outcome in outcomes] == [
            type(None),
            apsw.ConstraintError,
            type(None),
            apsw.ConstraintError,
        ]
        assert data.read_now("SELECT a FROM t ORDER BY a") == [(1,), (2,)]

    def test_share_a_transaction(self, opened: Make) -> None:
        data = opened(TABLE)
        with held_writer(data):
            futures = [data.submit(insert(number)) for number in range(50)]
            seen = data.submit(lambda connection: connection.execute("SELECT count(*) FROM t").get)
        assert seen.result(10) == 50
        assert all(future.exception(10) is None for future in futures)

    def test_deferred_keys_fail_only_their_unit(self, opened: Make) -> None:
        data = opened(
            "CREATE TABLE p (id INTEGER PRIMARY KEY);CREATE TABLE c (p INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
        )
        with held_writer(data):
            bad = data.submit(lambda connection: connection.execute("INSERT INTO c VALUES (1)"))
            good = data.submit(lambda connection: connection.execute("INSERT INTO p VALUES (5)"))
        assert isinstance(bad.exception(10), apsw.ConstraintError)
        assert good.exception(10) is None
        assert data.read_now("SELECT count(*) FROM c") == [(0,)]

    def test_many_tasks_of_one_loop(self, opened: Make) -> None:
        data = opened(TABLE)

        async def main() -> list[Any]:
            return await asyncio.gather(
                *(data.write(insert(number % 80), table="t", single=True) for number in range(100)),
                return_exceptions=True,
            )

        outcomes = asyncio.run(main())
        assert sum(isinstance(outcome, apsw.ConstraintError) for outcome in outcomes) == 20
        assert data.read_now("SELECT count(*) FROM t") == [(80,)]

    def test_a_write_with_a_deadline_is_stopped_alone(self, opened: Make) -> None:
        data = opened(TABLE)
        endless = (
            "WITH RECURSIVE c (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c) "
            "INSERT INTO t (a) SELECT 1 FROM c WHERE x < 0"
        )

        async def main() -> Sequence[Any]:
            return await asyncio.gather(
                data.write(insert(1)),
                data.write(lambda connection: connection.execute(endless), alone=True, deadline=0.1),
                data.write(insert(2)),
                return_exceptions=True,
            )

        outcomes = asyncio.run(main())
        assert isinstance(outcomes[1], errors.StatementTimeout)
        assert data.read_now("SELECT a FROM t ORDER BY a") == [(1,), (2,)]

    def test_a_full_database_loses_nothing_and_recovers(self, opened: Make) -> None:
        data = opened("CREATE TABLE t (a BLOB)")

        def limit(pages: int) -> None:
            data.submit(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()).result(10)

        limit(20)
        big = lambda connection: connection.execute("INSERT INTO t VALUES (zeroblob(200000))")  # noqa: E731
        with pytest.raises(OutOfSpace):
            data.submit(big).result(10)
        assert data.read_now("SELECT count(*) FROM t") == [(0,)]
        limit(1_000)
        data.submit(big).result(10)
        assert data.read_now("SELECT count(*) FROM t") == [(1,)]


class TestReads:
    def test_of_one_turn_share_a_transaction_and_the_next_turn_sees_what_was_written(self, opened: Make) -> None:
        data = opened(TABLE)
        count = "SELECT count(*) FROM t"

        async def main() -> list[int]:
            found = [data.read_in_turn(count)[0][0]]
            data.submit(insert(1)).result(10)
            found.append(data.read_in_turn(count)[0][0])
            await asyncio.sleep(0)
            found.append(data.read_in_turn(count)[0][0])
            await data.write(insert(2))
            found.append(data.read_in_turn(count)[0][0])
            return found

        assert asyncio.run(main()) == [0, 0, 1, 2]

    def test_see_one_moment(self, opened: Make) -> None:
        data = opened(TABLE)

        async def main() -> tuple[Any, Any]:
            def look(connection: apsw.Connection) -> tuple[Any, Any]:
                first = connection.execute("SELECT count(*) FROM t").get
                data.submit(insert(1)).result(10)
                return first, connection.execute("SELECT count(*) FROM t").get

            return await data.read(look)

        assert asyncio.run(main()) == (0, 0)
        assert data.read_now("SELECT count(*) FROM t") == [(1,)]

    def test_are_stopped_after_their_deadline(self, opened: Make) -> None:
        data = opened(TABLE)
        endless = "WITH RECURSIVE c (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"

        async def main() -> None:
            await data.read(lambda connection: connection.execute(endless).fetchall(), deadline=0.1)

        with pytest.raises(errors.StatementTimeout):
            asyncio.run(main())

    def test_slow_ones_do_not_hold_up_others(self, opened: Make) -> None:
        data = opened(TABLE)
        release = threading.Event()

        async def main() -> int:
            slow = [asyncio.create_task(data.read(lambda _connection: release.wait(30))) for _ in range(3)]
            await asyncio.sleep(0)
            quick = await asyncio.wait_for(data.read(lambda connection: connection.execute("SELECT 7").get), 20)
            release.set()
            await asyncio.gather(*slow)
            return int(str(quick))

        assert asyncio.run(main()) == 7

    def test_streams_end_when_nobody_listens(self, opened: Make) -> None:
        data = opened(TABLE)

        async def main() -> bytes:
            def endless(_connection: apsw.Connection) -> Iterator[bytes]:
                while True:
                    yield b"x"

            chunks = data.stream(endless)
            async for chunk in chunks:
                await chunks.aclose()
                return chunk
            return b""

        assert asyncio.run(main()) == b"x"

    def test_streams_hand_on_errors(self, opened: Make) -> None:
        data = opened(TABLE)

        async def main() -> None:
            async for _ in data.stream(lambda connection: iter(connection.execute("SELECT nothing").get)):  # type: ignore[arg-type,unused-ignore]
                pass

        with pytest.raises(apsw.SQLError):
            asyncio.run(main())


class TestChanges:
    def test_are_told_after_the_commit(self, opened: Make) -> None:
        data = opened(TABLE)
        heard: list[tuple[Change, int]] = []
        data.on_change.append(lambda change: heard.append((change, data.read_now("SELECT count(*) FROM t")[0][0])))
        data.submit(insert(1), table="t").result(10)
        data.submit(lambda _connection: None, table="t").result(10)  # the writer has told of the first by now
        assert heard == [(Change("t", False, 1, ((1,),), "insert", 1, "rolltop"), 1)]

    def test_name_every_table_that_a_cascade_reached(self, opened: Make) -> None:
        data = opened(TABLE + "; CREATE TABLE c (t INT REFERENCES t ON DELETE CASCADE); INSERT INTO t VALUES (7, 7)")
        data.submit(lambda connection: connection.execute("INSERT INTO c VALUES (7)"), table="c").result(10)
        heard: list[Change] = []
        data.on_change.append(heard.append)
        data.submit(lambda connection: connection.execute("DELETE FROM t"), table="t").result(10)
        data.submit(lambda _connection: None, table="t").result(10)
        assert set(heard) == {
            Change("t", False, 2, ((7,),), "delete", 1, "rolltop"),
            Change("c", False, 2, ((1,),), "delete", 1, "rolltop"),
        }

    def test_tell_what_one_transaction_wrote_together(self, opened: Make) -> None:
        data = opened(TABLE)
        heard: list[Change] = []
        data.on_change.append(heard.append)
        go = threading.Event()
        waiting = data.submit(lambda _connection: go.wait(10), table="t", alone=True)  # the others share a commit
        for key in range(30):
            data.submit(insert(key), table="t", cause=Cause("ada" if key < 25 else "bob"))
        data.submit(lambda connection: connection.execute("DELETE FROM t WHERE a > 28"), table="t", cause=Cause("ada"))
        go.set()
        waiting.result(10)
        data.submit(lambda _connection: None, table="t").result(10)
        assert [(change.kind, change.rows, change.actor, change.keys) for change in heard] == [
            ("insert", 25, "ada", None),
            ("insert", 5, "bob", tuple((key,) for key in range(26, 31))),
            ("delete", 1, "ada", ((30,),)),
        ]

    def test_without_a_history_name_what_a_cascade_may_reach(self, opened: Make) -> None:
        data = opened(TABLE + "; CREATE TABLE c (t INT REFERENCES t ON DELETE CASCADE)", in_place=True)
        heard: list[Change] = []
        data.on_change.append(heard.append)
        data.submit(insert(1), table="t").result(10)
        data.submit(lambda _connection: None, table="t").result(10)
        assert set(heard) == {Change("t"), Change("c")}

    def test_of_the_schema(self, opened: Make) -> None:
        data = opened()
        heard: list[Change] = []
        data.on_change.append(heard.append)
        data.submit(lambda connection: connection.execute(TABLE)).result(10)
        data.submit(lambda _connection: None).result(10)
        assert Change(None, schema=True) in heard

    def test_by_other_programs_are_told(self, opened: Make, tmp_path: Path) -> None:
        data = opened(TABLE)
        told = threading.Event()
        heard: list[Change] = []

        def hear(change: Change) -> None:
            heard.append(change)
            told.set()

        data.on_change.append(hear)
        made_by_others(tmp_path / "data.db", "INSERT INTO t (a) VALUES (1)")
        assert told.wait(10)
        assert heard == [Change(None)]
        told.clear()
        made_by_others(tmp_path / "data.db", "CREATE TABLE made (a)")
        assert told.wait(10)
        assert heard[1] == Change(None, schema=True)

    def test_a_subscriber_that_fails_harms_nobody(self, opened: Make) -> None:
        data = opened(TABLE)

        def fail(_change: Change) -> None:
            raise RuntimeError

        data.on_change.append(fail)
        data.submit(insert(1)).result(10)
        data.submit(insert(2)).result(10)
        assert data.read_now("SELECT count(*) FROM t") == [(2,)]


class TestLocks:
    def test_another_programs_lock_is_said_to_be_busy(self, opened: Make, tmp_path: Path) -> None:
        data = opened(TABLE, name="shop.sqlite", in_place=True)
        data.submit(lambda connection: connection.set_busy_timeout(50)).result(10)
        holder = apsw.Connection(str(tmp_path / "shop.sqlite"))
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.Busy) as caught:
            data.submit(insert(1)).result(10)
        assert caught.value.headers == {"Retry-After": "1"}
        holder.execute("ROLLBACK")
        holder.close()
        data.submit(insert(1)).result(10)
