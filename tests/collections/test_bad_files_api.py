"""Files at the limits and beyond, and workers that fail: a message says what and where, and nothing is left."""

import io
import json
import sqlite3
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars
import psutil
import pytest
from starlette.testclient import TestClient
from tests.collections.conftest import Importer
from tests.collections.test_import_sources_api import by_openpyxl, by_xlsxwriter, failed

from rolltop.formats import asking

NAMES = [f"c{number}" for number in range(10_000)]
LONG = "ä" * 10_000_000


def parquet(**columns: list[Any]) -> bytes:
    """A file with these columns."""
    file = io.BytesIO()
    polars.DataFrame(columns).write_parquet(file)
    return file.getvalue()


def database(sql: str, *rows: tuple[Any, ...]) -> bytes:
    """A file with a table `t` of these rows."""
    connection = sqlite3.connect(":memory:")
    connection.execute(sql)
    connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.commit()
    content = connection.serialize()
    connection.close()
    return content


def zipped(**files: bytes) -> bytes:
    """An archive; `__` in a name stands for a point."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        lambda: f"a\n{LONG}\n".encode(),
        lambda: json.dumps([{"a": LONG}], ensure_ascii=False).encode(),
        lambda: parquet(a=[LONG]),
        lambda: database("CREATE TABLE t (a TEXT)", (LONG,)),
        lambda: zipped(a__csv=f"a\n{LONG}\n".encode()),
    ],
    ids=["csv", "json", "parquet", "sqlite", "zip"],
)
def test_cells_of_ten_million_characters(importer: Importer, content: Callable[[], bytes], request: Any) -> None:
    draft = importer.send(content())
    if request.node.callspec.id == "zip":  # a letter ten million times is what bombs are made of
        assert failed(draft)[0] == "imports.unpacks_too_large"
        return
    assert draft["state"] == "ready", draft["error"]
    assert len(draft["preview"][0][0]) < 2_000
    assert importer.run(draft["id"], table="long")["state"] == "done"
    assert importer.rows("long")[0]["a"] == LONG


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (lambda: by_xlsxwriter([NAMES, [1] * len(NAMES)]), "too_many_columns", "10,000"),
        (lambda: parquet(**{name: [1] for name in NAMES}), "too_many_columns", "10,000"),
        (lambda: parquet(a=["x", "y\0z"]), "bad_text", "Row 2 holds a NUL character"),
        (lambda: database("CREATE TABLE t (a TEXT)", ("x",), ("y\0z",)), "bad_text", "Row 2 holds a NUL character"),
        (lambda: database("CREATE TABLE t (a TEXT)", ("x" * 17_000_000,)), "cell_too_large", "Row 1"),
        (lambda: parquet(a=["x" * 17_000_000]), "cell_too_large", "Row 1"),
        (lambda: database("CREATE TABLE t (a)", ("x",)).replace(b"CREATE TABLE t", b"CREATE TABEL t"), "damaged", ""),
        (lambda: zipped(a__csv=b""), "empty", ""),
        (lambda: zipped(a__zip=zipped(b__csv=b"a\n1\n")), "nested", "another archive"),
        (lambda: _encrypted(zipped(a__csv=b"a\n1\n")), "encrypted", "'a.csv'"),
        (lambda: _liar(zipped(a__csv=b"a\n" + b"1\n" * 100)), "damaged", ""),
        (lambda: b"PARE" + bytes(100), "not_csv", "encrypted Parquet"),
        (lambda: by_openpyxl([["a"], [1]]) + b"x" * 70_000, "damaged", ""),
        (lambda: b"PK\x03\x04 this is text", "damaged", ""),
        (lambda: b"SQLite format 3\0 this is text", "damaged", ""),
        (lambda: b"PAR1,b\n1,2\n", "damaged", ""),
    ],
)  # fmt: skip
def test_say_what_and_where(importer: Importer, content: Callable[[], bytes], code: str, says: str) -> None:
    draft = importer.send(content(), "lies.csv")
    found, message = failed(draft)
    assert (found, says in message) == (f"imports.{code}", True), (found, message)
    assert importer.collections() == []


def _encrypted(archive: bytes) -> bytes:
    """Say that the first file is encrypted, in both places."""
    made = bytearray(archive)
    made[6] |= 1
    made[archive.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def _liar(archive: bytes) -> bytes:
    """Say that the first file is smaller than it is."""
    made = bytearray(archive)
    made[archive.rindex(b"PK\x01\x02") + 24] = 10
    return bytes(made)


class TestWorkers:
    """The program that reads a file may die, hang or talk nonsense: that file made it so."""

    @pytest.mark.parametrize(
        ("program", "says"),
        [
            ("import os; os.abort()", "gave up"),
            ("import sys; sys.exit(3)", "gave up"),
            ("print('nonsense')", "makes no sense"),
            ('print(\'{"type": "done"}\')', "makes no sense"),
            ("import time; time.sleep(60)", "got stuck"),
            ('import time; print(\'{"type": "progress", "share": 0.5}\', flush=True); time.sleep(60)', "got stuck"),
        ],
    )
    def test_that_fail(
        self, importer: Importer, uploads: Path, monkeypatch: pytest.MonkeyPatch, program: str, says: str
    ) -> None:
        monkeypatch.setattr(asking, "_command", lambda: [sys.executable, "-c", program])
        monkeypatch.setattr(asking, "SILENT_SECONDS", 2.0)
        draft = importer.send("[1]")
        code, message = failed(draft)
        assert (code, says in message) == ("imports.damaged", True), message
        assert _workers() == []
        assert len(list(uploads.iterdir())) == 1
        importer.client.delete(f"/api/imports/{draft['id']}")
        assert list(uploads.iterdir()) == []

    def test_end_when_the_job_is_cancelled(
        self, importer: Importer, client: TestClient, uploads: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asking, "_command", lambda: [sys.executable, "-c", "import time; time.sleep(60)"])
        sent = client.post("/api/imports?name=x", content=b"[1]", headers={"Content-Type": "text/csv"}).json()
        deadline = time.monotonic() + 20
        while not _workers():
            assert time.monotonic() < deadline
            time.sleep(0.005)
        client.delete(f"/api/imports/{sent['id']}")
        assert importer.wait(sent["job"])["state"] == "cancelled"
        assert _workers() == []
        assert list(uploads.iterdir()) == []


def _workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
