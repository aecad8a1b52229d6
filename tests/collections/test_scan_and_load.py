"""What the scan takes a column for, the load accepts; and whatever the bytes are, there is an answer."""

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rolltop.collections.imports.delimited import Wish, delimited
from rolltop.collections.imports.load import load
from rolltop.collections.imports.plan import plan
from rolltop.collections.imports.readings import TYPES
from rolltop.collections.imports.scan import Scanned, scan
from rolltop.collections.imports.schemas import ImportRun, RunColumn
from rolltop.collections.imports.source import Source
from rolltop.data import Cause, Data
from rolltop.errors import RolltopError

NUMBERS = itertools.count()
CELLS = [
    "", " ", "0", "1", "-1", "+1", "007", "12345678901234567", "9223372036854775807", "9223372036854775808", "-0",
    "1.0", "1.50", ".5", "5.", "-.5e3", "1e5", "1e308", "1e309", "0.1234567890123456789", "1,5", "1.234", "1,234",
    "1.234,5", "1,234.5", "1.234.567", "1,234,567", "00,5", "true", "False", "yes", "N", "on", "NA", "null", "NaN", "-",
    "inf", "Infinity", "0x1f", "1_000", "١٢", "½", "2024-01-31", "2024-02-30", "0001-01-01", "9999-12-31", "0000-01-01",
    "1.2.2024", "31.12.2024", "01/02/2024", "31/12/2024", "12/31/2024", "2024/1/2", "2024-1-2", "1/1/1", "1-2-2024",
    "2024-01-31 10:00", "2024-01-31T10:00:00Z", "2024-01-31t10:00:00z", "2024-01-31T24:00:00Z", "2024-01-31 9:05",
    "2024-01-31T10:00:60Z", "2024-01-31T10:00:00.5+14:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
    "1.2.2024 9:05", "31/12/2024 10:00:00.123456", "2024-01-31T10:00:00,5Z", "2024-01-31T10:00:00+0130",
    "12:30", "24:00", "00:00:60", "23:59:59.999999", "9:05", "{}", "[1, {}]", '"x"', '{"a": 1e999}', "[NaN]", "{", "[",
    "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000",
    "$5", "5 €", "$1,234.50", "-€ 1.234,50", "$-5", "€", "USD 5", "1 234", "1 234,5",
    "1'234.50", "612 345 678", "a@b.cc", "a@b", "@", "http://a.b", "http://", "ftp://x/y", r"\x00ff", r"\x0", r"\x",
    "text", "a,b", 'say "x"',
    "two\nlines", "\ttab", "'", "ümläut", "日本", "\U0001f600", "=1+1", "\ufeff",
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    """A file to load into."""
    opened = Data.open(tmp_path_factory.mktemp("data") / "data.db", synchronous="NORMAL")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files lie."""
    return tmp_path_factory.mktemp("files")


def scanned(folder: Path, content: bytes, wish: Wish | None = None) -> Scanned:
    """Write the file and scan it."""
    path = folder / "x.csv"
    path.write_bytes(content)
    return scan(delimited(Source.of(path, ours=False), wish or Wish(), lambda _done: None), lambda _done: None)


def watch(done: int, total: int | None = None, unit: str | None = None, size: int | None = None) -> None:
    """Nobody wants to know how far it is."""


def loaded(data: Data, found: Scanned, wish: ImportRun) -> list[tuple[object, ...]]:
    """Load it; the rows without the added key."""
    name = f"t{next(NUMBERS)}"
    made = plan(found, name, wish)
    load(data, found, made, f"_rolltop_import_{name}", watch, lambda *_settled: None, Cause())
    names = ", ".join(f'"{column.name}"' for column in made.columns)
    rows = data.read_now(f"SELECT {names} FROM {name}")
    data.submit(lambda connection: connection.execute(f"DROP TABLE {name}").fetchall()).result()
    return rows


def written(rows: list[list[str]], delimiter: str = ";") -> bytes:
    """The rows as CSV with a header."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([f"c{place}" for place in range(len(rows[0]))])
    writer.writerows(rows)
    return text.getvalue().encode()


def refusal(data: Data, folder: Path, content: bytes) -> RolltopError | None:
    """What is said of a file that cannot be loaded; nothing of one that can."""
    try:
        found = scanned(folder, content)
        if not found.widths.first:
            assert len(loaded(data, found, ImportRun())) == found.rows
    except RolltopError as error:
        return error
    return None


AS_WRITTEN = Wish(encoding="utf-8", delimiter=";", quote='"', header=True)
SLOW = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@given(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4), st.data())
@SLOW
def test_whatever_a_column_is_taken_for_loads(data: Data, folder: Path, pool: list[str], draw: st.DataObject) -> None:
    cells = draw.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=12))
    found = scanned(folder, written([[cell, "x"] for cell in cells]), AS_WRITTEN)
    guessed = found.guesses[0]
    rows = loaded(data, found, ImportRun(key=None))
    assert len(rows) == len(cells)
    assert sum(row[0] is None for row in rows) == guessed.nulls


@given(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4), st.sampled_from(TYPES))
@SLOW
def test_a_chosen_type_loads_when_no_cell_misfits_and_is_refused_otherwise(
    data: Data, folder: Path, cells: list[str], type_name: str
) -> None:
    found = scanned(folder, written([[cell, "x"] for cell in cells]), AS_WRITTEN)
    guessed = found.guesses[0]
    column = RunColumn.model_validate({"source": "c0", "type": type_name})
    wish = ImportRun(key=None, columns=[column])
    if guessed.misfits.get(type_name, 0) == 0:
        assert len(loaded(data, found, wish)) == len(cells)
    else:
        with pytest.raises(RolltopError):
            plan(found, "x", wish)


@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
@example(b'"')
@example(b'"\n')
@example(b"\r")
@example(b",\n,\n")
@SLOW
def test_any_bytes_are_scanned_or_refused_in_words(data: Data, folder: Path, content: bytes) -> None:
    error = refusal(data, folder, content)
    assert error is None or error.hint


@given(
    st.lists(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=0, max_size=3), st.integers(0, 3)), max_size=4),
)
@SLOW
def test_a_damaged_file_is_loaded_or_refused_in_words(
    data: Data, folder: Path, rows: list[list[str]], damages: list[tuple[int, bytes, int]]
) -> None:
    content = written(rows, ",")
    for at, inserted, dropped in damages:
        at %= len(content) + 1
        content = content[:at] + inserted + content[at + dropped :]
    error = refusal(data, folder, content)
    assert error is None or error.hint
    left = data.read_now("SELECT name FROM sqlite_schema WHERE name GLOB '_rolltop_import*'")
    assert left == []
