"""The history keeps what the settings allow, and lets go of the rest bit by bit."""

import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from tests.data.conftest import Make, made_by_others
from tests.data.test_history import SHOP, reshape, run

from rolltop.data import Data, Limits
from rolltop.data.history import trimming

WAIT_SECONDS = 20


def soon(found: Callable[[], bool]) -> None:
    """Wait until the trimmer has done its work."""
    until = time.monotonic() + WAIT_SECONDS
    while not found():
        assert time.monotonic() < until, "The history was not trimmed in time."
        time.sleep(0.01)


def trim(data: Data, limits: Limits) -> int:
    """Trim to the end, as the thread does; how many steps it took."""
    steps = 0
    while data.submit(lambda connection: trimming.step(connection, limits), table="_rolltop_log").result(10):
        steps += 1
    return steps


def kept(data: Data) -> trimming.Kept:
    reader = data.connect_reader()
    try:
        return trimming.look(reader)
    finally:
        reader.close()


def many(rows: int) -> str:
    """SQL that writes so many rows of a thousand characters."""
    numbers = f"WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
    return f"INSERT INTO notes {numbers} SELECT hex(randomblob(500)) FROM n"


def count(data: Data, table: str) -> int:
    return int(data.read_now(f"SELECT count(*) FROM {table}")[0][0])


class TestStep:
    def test_leaves_what_is_allowed(self, opened: Make) -> None:
        data = opened(SHOP)
        for number in range(10, 20):
            run(data, f"INSERT INTO authors VALUES ({number}, 'Lind')")
        before = kept(data)
        assert (before.changes, before.oldest, before.newest, before.trimmed) == (10, 1, 10, (0, 0, None))
        assert trim(data, Limits()) == 0
        assert kept(data) == before

    def test_drops_the_oldest_over_the_size(self, opened: Make) -> None:
        data = opened(SHOP)
        for number in range(10, 20):
            run(data, f"INSERT INTO authors VALUES ({number}, '{'x' * 1000}')")
        trim(data, Limits(bytes=5_000))
        after = kept(data)
        assert (after.oldest, after.newest) == (7, 10)
        assert 3_000 < after.bytes <= 5_000
        assert after.trimmed[0] == 6
        assert after.trimmed[1] > 6_000
        assert after.trimmed[2] is not None

    def test_keeps_the_newest_whatever_its_size(self, opened: Make) -> None:
        data = opened(SHOP)
        run(data, "INSERT INTO authors VALUES (8, 'a')")
        run(data, f"INSERT INTO authors VALUES (9, '{'x' * 9000}')")
        trim(data, Limits(bytes=5_000))
        assert (kept(data).oldest, kept(data).newest) == (2, 2)

    def test_drops_the_old_ones(self, opened: Make) -> None:
        data = opened(SHOP)
        for number in range(10, 14):
            run(data, f"INSERT INTO authors VALUES ({number}, 'Lind')")
        days = 86_400_000_000
        aged = "UPDATE _rolltop_log SET at = at - ? WHERE id < 4"
        data.submit(lambda connection: connection.execute(aged, (91 * days,)), table="_rolltop_log").result(10)
        trim(data, Limits(days=0))
        assert kept(data).changes == 4
        trim(data, Limits(days=92))
        assert kept(data).changes == 4
        trim(data, Limits(days=90))
        assert (kept(data).oldest, kept(data).changes) == (4, 1)

    def test_takes_the_parts_of_large_changes_bit_by_bit(self, opened: Make) -> None:
        data = opened(SHOP)
        run(data, many(9000))
        run(data, "INSERT INTO authors VALUES (8, 'a')")
        assert count(data, "_rolltop_log_part") > trimming.PARTS_AT_ONCE
        assert trim(data, Limits(bytes=5_000)) > 2
        assert count(data, "_rolltop_log_part") == 0
        assert kept(data).free_bytes > 9_000_000

    @pytest.mark.parametrize("table", ["books", "notes", "named", "places"])
    def test_takes_kept_tables_bit_by_bit(self, opened: Make, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trimming, "ROWS_AT_ONCE", 2)
        data = opened(
            SHOP + "INSERT INTO notes VALUES (1), (2), (3); INSERT INTO named VALUES (1), (2), (3);"
            "INSERT INTO places VALUES (1, 'A'), (2, 'A'), (3, 'B')"
        )
        reshape(data, f"-{table}")
        run(data, "INSERT INTO authors VALUES (8, 'a')")
        trim(data, Limits(bytes=1))
        assert count(data, "_rolltop_log_kept") == 0
        assert data.read_now("SELECT name FROM sqlite_schema WHERE name GLOB '_rolltop_kept*'") == []
        assert data.read_now("PRAGMA integrity_check") == [("ok",)]

    def test_numbers_are_not_given_again(self, opened: Make) -> None:
        data = opened(SHOP)
        run(data, "INSERT INTO authors VALUES (8, 'a')")
        trim(data, Limits(bytes=0))
        assert kept(data).changes == 0
        assert run(data, "INSERT INTO authors VALUES (9, 'b')") == 2


class TestTrimmer:
    def test_works_by_itself(self, tmp_path: Path) -> None:
        made_by_others(tmp_path / "data.db", SHOP)
        data = Data.open(tmp_path / "data.db", limits=Limits(bytes=50_000))
        try:
            for number in range(10, 110):
                run(data, f"INSERT INTO authors VALUES ({number}, '{'x' * 1000}')")
            soon(lambda: 0 < kept(data).bytes <= 50_000)
            assert kept(data).newest == 100
        finally:
            data.close()

    def test_counts_tables_that_were_dropped(self, tmp_path: Path) -> None:
        made_by_others(tmp_path / "data.db", SHOP)
        data = Data.open(tmp_path / "data.db", limits=Limits(bytes=1_000_000))
        try:
            run(data, many(3000))
            number = reshape(data, "-notes")
            soon(lambda: kept(data).oldest == number)
            assert kept(data).bytes > 3_000_000
            run(data, "INSERT INTO authors VALUES (8, 'a')")
            soon(lambda: kept(data).oldest == number + 1)
            soon(lambda: kept(data).bytes < 1_000_000 and count(data, "_rolltop_log_kept") == 0)
        finally:
            data.close()

    def test_lets_go_of_everything_where_nothing_is_to_be_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "data.db"
        made_by_others(path, SHOP)
        data = Data.open(path)
        run(data, "INSERT INTO authors VALUES (8, 'a')")
        data.close()
        data = Data.open(path, limits=Limits(bytes=0))
        try:
            soon(lambda: kept(data).changes == 0)
            assert run(data, "INSERT INTO authors VALUES (9, 'b')") is None
        finally:
            data.close()

    def test_leaves_a_foreign_file_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "shop.db"
        made_by_others(path, SHOP)
        before = path.read_bytes()
        data = Data.open(path, in_place=True, limits=Limits(bytes=1))
        assert trim(data, Limits(bytes=1)) == 0
        data.close()
        assert path.read_bytes() == before

    def test_a_writer_does_not_wait_for_it(self, tmp_path: Path) -> None:
        path = tmp_path / "data.db"
        made_by_others(path, SHOP)
        data = Data.open(path)
        run(data, many(30000))
        reshape(data, "-notes")
        data.close()
        data = Data.open(path, limits=Limits(bytes=1_000))
        try:
            took = []
            number = 100
            while kept(data).bytes > 1_000 or count(data, "_rolltop_log_kept"):
                number += 1
                started = time.perf_counter()
                run(data, f"INSERT INTO authors VALUES ({number}, 'a')")
                took.append(time.perf_counter() - started)
                assert number < 100_000
            assert len(took) > 10
            assert sorted(took)[len(took) * 9 // 10] < 0.25
        finally:
            data.close()


def test_the_size_of_an_entry_is_about_right(opened: Make) -> None:
    data = opened(SHOP)
    before = page_count(data)
    for number in range(3000):
        run(data, f"INSERT INTO notes VALUES ({number})")
    taken = (page_count(data) - before) * 4096
    assert 0.7 < kept(data).bytes / taken < 1.4


def page_count(data: Data) -> int:
    connection: apsw.Connection = data.connect_reader()
    try:
        return int(connection.execute("PRAGMA page_count").get)
    finally:
        connection.close()
