"""A dry run's counts are what the run then does, whatever is in the file and in the table."""

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.collections.test_scan_and_load import watch

from rolltop.collections.imports.delimited import Wish, delimited
from rolltop.collections.imports.into import plan_into
from rolltop.collections.imports.load import Outcome, load
from rolltop.collections.imports.plan import plan
from rolltop.collections.imports.scan import Scanned, scan
from rolltop.collections.imports.schemas import ImportRun
from rolltop.collections.imports.source import Source
from rolltop.data import Cause, Data

NUMBERS = itertools.count()
AS_WRITTEN = Wish(encoding="utf-8", delimiter=",", quote='"', header=True)
TABLE = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, n INTEGER CHECK (n < 5), must TEXT NOT NULL DEFAULT 'd',"
    " boss INTEGER REFERENCES t (id), other INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)"
)
ROWS = "INSERT INTO t VALUES (1, 'a', 1, 'x', NULL, NULL), (2, 'b', 2, 'y', 1, 7), (3, NULL, NULL, 'z', 3, NULL)"

ids = st.sampled_from(["", "1", "2", "3", "4", "5", "6", "x"])
cells = st.fixed_dictionaries(
    {
        "id": ids,
        "code": st.sampled_from(["", "a", "b", "c", "d", "A"]),
        "n": st.sampled_from(["", "1", "2", "4", "9", "1.0", "soon"]),
        "must": st.sampled_from(["", "x", "y"]),
        "boss": ids,
        "other": st.sampled_from(["", "7", "8"]),
    }
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    """A file to load into."""
    opened = Data.open(tmp_path_factory.mktemp("data") / "data.db", synchronous="NORMAL")
    execute(opened, "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (7)")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files lie."""
    return tmp_path_factory.mktemp("files")


def execute(data: Data, sql: str) -> None:
    """Run SQL on the writer."""
    data.submit(lambda connection: connection.execute(sql).fetchall()).result()


def scanned(folder: Path, columns: list[str], rows: list[dict[str, str]]) -> Scanned:
    """Write the rows as CSV and scan them."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / f"{next(NUMBERS)}.csv"
    path.write_text(text.getvalue())
    source = Source.of(path, ours=False)
    return scan(delimited(source, AS_WRITTEN, lambda _done: None), lambda _done: None)


def counted(outcome: Outcome) -> tuple[object, ...]:
    """Everything that is said of it."""
    counts, rejects = outcome.counts, outcome.rejects
    numbers = (counts.inserted, counts.changed, counts.unchanged, counts.refused)
    return *numbers, rejects.groups, [(row, [reason.fields() for reason in said]) for row, said in rejects.first]


def content(data: Data) -> list[tuple[object, ...]]:
    """The table's rows."""
    return data.read_now("SELECT * FROM t ORDER BY id")


@given(
    st.lists(cells, max_size=12),
    st.sets(st.sampled_from(["code", "n", "must", "boss", "other"])),
    st.sampled_from(["append", "update", "update by code"]),
)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_into_a_table_that_is_there(
    data: Data, folder: Path, rows: list[dict[str, str]], chosen: set[str], how: str
) -> None:
    execute(data, f"DROP TABLE IF EXISTS t; {TABLE}; {ROWS}")
    table = data.fresh_catalog().table("t")
    assert table is not None
    columns = ["id", *sorted(chosen | ({"code"} if how == "update by code" else set()))]
    found = scanned(folder, columns, rows)
    wish = {"target": how.partition(" ")[0], "bad_rows": "quarantine"}
    wish |= {"key": "code"} if how == "update by code" else {}
    before = content(data)
    tried = load(
        data,
        found,
        plan_into(found, table, ImportRun.model_validate({**wish, "dry_run": True})),
        "_rolltop_import_dry",
        watch,
        lambda *_settled: None,
        Cause(),
    )
    assert content(data) == before
    done = load(
        data,
        found,
        plan_into(found, table, ImportRun.model_validate(wish)),
        "_rolltop_import_run",
        watch,
        lambda *_settled: None,
        Cause(),
    )
    assert counted(done) == counted(tried)
    after = content(data)
    assert len(after) == len(before) + done.counts.inserted
    assert len({row[0] for row in before} - {row[0] for row in after}) <= done.counts.changed
    kept = sum(row in after for row in before)
    assert len(before) - kept == done.counts.changed
    assert done.counts.landed + done.counts.refused == len(rows) == found.rows
    assert data.read_now("PRAGMA foreign_key_check") == []
    assert data.read_now("SELECT name FROM sqlite_schema WHERE name LIKE '%rolltop_import%'") == []


@given(st.lists(cells, max_size=12), st.sampled_from(["id", "code", None]))
@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_of_a_new_table(data: Data, folder: Path, rows: list[dict[str, str]], key: str | None) -> None:
    found = scanned(folder, ["id", "code", "n"], rows)
    types = [{"source": "id", "type": "integer"}, {"source": "n", "type": "integer"}]
    wish = {"key": key, "columns": types if key != "id" else types[:1], "bad_rows": "quarantine"}
    if key is None:
        wish["columns"] = [{"source": "id", "name": "number", "type": "integer"}, *types[1:]]
    name = f"new_{next(NUMBERS)}"
    dry = plan(found, name, ImportRun.model_validate({**wish, "dry_run": True}))
    tried = load(data, found, dry, "_rolltop_import_dry", watch, lambda *_settled: None, Cause())
    done = load(
        data,
        found,
        plan(found, name, ImportRun.model_validate(wish)),
        "_rolltop_import_run",
        watch,
        lambda *_settled: None,
        Cause(),
    )
    assert counted(done) == counted(tried)
    assert data.read_now(f"SELECT count(*) FROM {name}") == [(done.counts.inserted,)]
    assert done.counts.inserted + done.counts.refused == len(rows)
    execute(data, f"DROP TABLE {name}")
