"""What opening a file does to it, and what it says about files that cannot be opened."""

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from tests.data.conftest import Make, made_by_others

from rolltop.data import Data, connections, errors
from rolltop.errors import StartError


def refused(path: Path, kind: type[StartError], *, in_place: bool = True) -> StartError:
    before = {each.name: each.stat().st_size for each in path.parent.iterdir()}
    with pytest.raises(kind) as caught:
        Data.open(path, in_place=in_place)
    assert caught.value.message
    assert caught.value.hint
    assert "Traceback" not in caught.value.message
    after = {each.name: each.stat().st_size for each in path.parent.iterdir()}
    assert after == before
    return caught.value


class TestOwnFiles:
    def test_are_made_when_missing(self, opened: Make, tmp_path: Path) -> None:
        data = opened()
        assert (tmp_path / "data.db").exists()
        assert data.catalog.tables == {}
        assert data.read_now("PRAGMA journal_mode") == [("wal",)]

    def test_are_durable_and_guarded(self, opened: Make) -> None:
        data = opened("CREATE TABLE t (a)")

        def settings(connection: apsw.Connection) -> list[object]:
            names = ("synchronous", "foreign_keys", "trusted_schema", "recursive_triggers")
            return [connection.execute(f"PRAGMA {name}").get for name in names]

        assert data.submit(settings).result() == [2, 1, 0, 1]
        with pytest.raises(apsw.SQLError):
            data.submit(lambda connection: connection.execute('SELECT "no such column"')).result()
        with pytest.raises(apsw.SQLError):
            data.submit(lambda connection: connection.execute("SELECT load_extension('x')")).result()
        with pytest.raises(apsw.SQLError):
            data.submit(lambda connection: connection.execute("ATTACH ':memory:' AS other")).result()
        with pytest.raises(apsw.SQLError):
            data.submit(lambda connection: connection.execute("DELETE FROM sqlite_schema")).result()
        with pytest.raises(apsw.ReadOnlyError):
            data.read_now("DELETE FROM t")

    def test_leave_no_log_behind(self, tmp_path: Path) -> None:
        data = Data.open(tmp_path / "data.db")
        data.submit(lambda connection: connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)")).result()
        data.close()
        data.close()
        assert [each.name for each in tmp_path.iterdir()] == ["data.db"]

    def test_whose_database_is_gone_are_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "data.db-wal").write_bytes(b"log")
        refused(tmp_path / "data.db", errors.DatabaseMissing, in_place=False)
        assert not (tmp_path / "data.db").exists()

    def test_refuse_work_after_closing(self, opened: Make) -> None:
        data = opened()
        data.close()
        with pytest.raises(errors.Closed):
            data.submit(lambda _connection: None)


class TestForeignFiles:
    def test_keep_their_journal_mode_and_every_byte(self, opened: Make, tmp_path: Path) -> None:
        made_by_others(tmp_path / "shop.sqlite", "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        before = (tmp_path / "shop.sqlite").read_bytes()
        data = opened(name="shop.sqlite", in_place=True)
        assert data.read_now("SELECT a FROM t") == [(1,)]
        assert data.read_now("PRAGMA journal_mode") == [("delete",)]
        data.close()
        assert (tmp_path / "shop.sqlite").read_bytes() == before
        assert [each.name for each in tmp_path.iterdir()] == ["shop.sqlite"]

    def test_may_be_in_wal_mode(self, opened: Make, tmp_path: Path) -> None:
        made_by_others(tmp_path / "shop.sqlite", "PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
        data = opened(name="shop.sqlite", in_place=True)
        data.submit(lambda connection: connection.execute("INSERT INTO t VALUES (1)")).result()
        assert data.read_now("SELECT a FROM t") == [(1,)]
        assert data.read_now("PRAGMA journal_mode") == [("wal",)]

    def test_with_a_hot_journal_are_rolled_back(self, tmp_path: Path) -> None:
        script = (
            "import apsw, os, sys\n"
            "c = apsw.Connection(sys.argv[1])\n"
            "c.execute('CREATE TABLE t (a); INSERT INTO t VALUES (1)')\n"
            "c.execute('PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE t SET a = 2')\n"
            "c.executemany('INSERT INTO t VALUES (?)', ((\"x\" * 4000,) for _ in range(200)))\n"
            "os._exit(0)\n"
        )
        path = tmp_path / "shop.sqlite"
        subprocess.run([sys.executable, "-c", script, str(path)], check=True)
        assert (tmp_path / "shop.sqlite-journal").stat().st_size > 0
        data = Data.open(path, in_place=True)
        assert data.read_now("SELECT a FROM t") == [(1,)]
        data.close()


class TestRefused:
    def test_missing(self, tmp_path: Path) -> None:
        refused(tmp_path / "nothing.sqlite", errors.DatabaseMissing)

    def test_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        refused(tmp_path / "folder", errors.DatabaseMissing)

    def test_in_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(errors.DatabaseMissing):
            Data.open(tmp_path / "no" / "data.db")

    @pytest.mark.parametrize(
        "content", [b"hello, world", b"x" * 5000, b"SQLite format 3\x00" + b"\xff" * 4096, b"\x89PNG" * 999]
    )
    def test_not_a_database(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "file.sqlite"
        path.write_bytes(content)
        for in_place in (True, False):
            refused(path, StartError, in_place=in_place)
            assert path.read_bytes() == content

    def test_locked_by_another_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "OPEN_WAIT_MS", 50)
        path = tmp_path / "shop.sqlite"
        made_by_others(path, "CREATE TABLE t (a)")
        holder = apsw.Connection(str(path))
        holder.execute("BEGIN EXCLUSIVE")
        try:
            error = refused_while_held(path)
        finally:
            holder.close()
        assert "locked" in error.message

    def test_without_the_right_to_write(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "shop.sqlite"
        made_by_others(path, "CREATE TABLE t (a)")
        path.chmod(0o444)
        if os.access(path, os.W_OK):  # root may write anything: say what access() tells everybody else
            monkeypatch.setattr(os, "access", lambda *_: False)
        refused(path, errors.DatabaseReadOnly)

    def test_damaged(self, tmp_path: Path) -> None:
        path = tmp_path / "shop.sqlite"
        made_by_others(
            path,
            "CREATE TABLE t (a); CREATE INDEX i ON t (a);"
            "WITH RECURSIVE c (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 5000)"
            "INSERT INTO t SELECT x FROM c",
        )
        content = bytearray(path.read_bytes())
        content[4096 : 4096 + 2000] = b"\xa5" * 2000
        path.write_bytes(content)
        refused(path, errors.DatabaseDamaged)
        assert path.read_bytes() == content

    def test_cut_short(self, tmp_path: Path) -> None:
        path = tmp_path / "shop.sqlite"
        made_by_others(
            path,
            "CREATE TABLE t (a); WITH RECURSIVE c (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 5000)"
            "INSERT INTO t SELECT x FROM c",
        )
        content = path.read_bytes()[: 3 * 4096]
        path.write_bytes(content)
        refused(path, errors.DatabaseDamaged)


def refused_while_held(path: Path) -> StartError:
    with pytest.raises(errors.DatabaseLocked) as caught:
        Data.open(path, in_place=True)
    return caught.value
