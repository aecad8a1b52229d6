"""Files with a few bytes changed, cut or doubled: each is refused in words or imported whole, and the server goes on.

Forty of each format, always the same ones; `ROLLTOP_MUTATIONS=2000` asks for as many.
"""

import gzip
import io
import json
import os
import random
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.collections.conftest import Importer
from tests.collections.test_import_sources_api import Cells, by_odfpy, by_xlsxwriter, by_xlwt

HOW_MANY = int(os.environ.get("ROLLTOP_MUTATIONS", "40"))
_ROWS = [{"id": number, "name": f"row {number}", "day": f"2024-05-{number % 28 + 1:02}"} for number in range(1, 40)]
_CELLS: Cells = [["id", "name", "day"], *([row["id"], row["name"], row["day"]] for row in _ROWS)]


def _csv() -> bytes:
    return "\n".join(",".join(map(str, row)) for row in _CELLS).encode()


def _sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, day DATE)")
    connection.executemany("INSERT INTO t VALUES (:id, :name, :day)", _ROWS)
    connection.commit()
    found = connection.serialize()
    connection.close()
    return found


def _parquet() -> bytes:
    import polars

    file = io.BytesIO()
    polars.DataFrame(_ROWS).write_parquet(file)
    return file.getvalue()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", _csv())
        archive.writestr("b.json", json.dumps(_ROWS))
    return file.getvalue()


FORMATS: dict[str, Callable[[], bytes]] = {
    "csv": _csv,
    "json": lambda: json.dumps(_ROWS).encode(),
    "ndjson": lambda: b"\n".join(json.dumps(row).encode() for row in _ROWS),
    "xlsx": lambda: by_xlsxwriter(_CELLS),
    "xls": lambda: by_xlwt(_CELLS),
    "ods": lambda: by_odfpy(_CELLS),
    "sqlite": _sqlite,
    "parquet": _parquet,
    "gz": lambda: gzip.compress(_csv(), mtime=0),
    "zip": _zip,
}


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The file with one to five mistakes."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(made) + 1)
        match chance.choice(("flip", "cut", "drop", "double", "zero", "noise", "insert")):
            case "flip" if at < len(made):
                made[at] ^= 1 << chance.randrange(8)
            case "cut" if at > 10 and chance.random() < 0.5:
                del made[at:]
            case "drop":
                del made[at : at + chance.randint(1, 40)]
            case "double":
                made[at:at] = made[at : at + chance.randint(1, 200)]
            case "zero":
                end = min(at + chance.randint(1, 40), len(made))
                made[at:end] = bytes(end - at)
            case "noise":
                made[at:at] = chance.randbytes(chance.randint(1, 40))
            case _:
                made[at:at] = chance.choice((b"\0", b'"', b"\xff\xfe", b"\n", b"{", b"]", b"9" * 400))
    return bytes(made)


def _loaded(importer: Importer, content: bytes, name: str) -> str:
    """What became of the file: refused when it was read, refused when it was loaded, or done."""
    draft = importer.send(content, name)
    if draft["state"] == "failed":
        error = draft["error"]
    else:
        assert draft["state"] == "ready"
        started = importer.client.post(f"/api/imports/{draft['id']}/run", json={})
        if started.status_code == 202:
            job = importer.wait(started.json()["id"])
            if job["state"] == "done":
                table = job["result"]["table"]
                count = importer.client.get(f"/rest/v1/{table}?select=count()")
                assert count.json() == [{"count": draft["rows"]}]
                importer.client.delete(f"/api/collections/{table}?dependents=drop")
                return "done"
            error = job["error"]
        else:
            assert started.status_code in (409, 422), started.text
            error = started.json()
    assert error["code"] != "internal", error
    assert error["message"]
    assert error["hint"], error
    return str(error["code"])


@pytest.mark.parametrize("format", FORMATS)
def test_mutated_files_are_refused_in_words_or_imported_whole(importer: Importer, uploads: Path, format: str) -> None:
    content = FORMATS[format]()
    assert _loaded(importer, content, f"whole.{format}") == "done"
    chance = random.Random(f"{format} 2026")
    for number in range(HOW_MANY):
        broken = mutated(content, chance)
        _loaded(importer, broken, f"broken.{format}")
        assert importer.collections() == [], number
        for draft in importer.client.get("/api/imports").json():
            importer.client.delete(f"/api/imports/{draft['id']}")
        assert list(uploads.iterdir()) == [], number
