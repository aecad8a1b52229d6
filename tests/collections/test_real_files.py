"""Files that other packages ship: scikit-learn, vega-datasets, palmerpenguins. Counts and sums as pandas reads them."""

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas
import pytest
from tests.collections.conftest import Importer
from tests.collections.test_import_sources_api import types_of


def folder(package: str, *inside: str) -> Path:
    """Where a package keeps its data."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent.joinpath(*inside)


VEGA = folder("vega_datasets", "_data")
SKLEARN = folder("sklearn", "datasets", "data")
PENGUINS = folder("palmerpenguins", "data")


def loaded(importer: Importer, path: Path, **wish: Any) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Types and rows of a file."""
    draft = importer.send(path.read_bytes(), path.name)
    assert draft["state"] == "ready", draft["error"]
    job = importer.run(draft["id"], **wish)
    assert job["state"] == "done", job["error"]
    return types_of(draft), importer.rows(job["result"]["table"])


def is_as_in(rows: list[dict[str, Any]], frame: pandas.DataFrame, types: dict[str, str]) -> None:
    """Row counts, nulls and the sums of numbers are those of pandas."""
    assert len(rows) == min(len(frame), 10_000)
    if len(frame) > 10_000:
        return
    for (name, kind), column in zip(types.items(), frame.columns, strict=True):
        values = [row[name] for row in rows]
        if kind in ("integer", "real", "decimal"):
            numbers = pandas.to_numeric(frame[column])
            assert sum(value is None for value in values) == int(numbers.isna().sum()), name
            assert sum(value or 0 for value in values) == pytest.approx(float(numbers.sum())), name


@pytest.mark.parametrize("path", sorted(VEGA.glob("*.json")), ids=lambda path: path.stem)
def test_json_of_vega_datasets(importer: Importer, path: Path) -> None:
    types, rows = loaded(importer, path, key=None)
    is_as_in(rows, pandas.read_json(path, dtype=False), types)


@pytest.mark.parametrize("path", sorted(VEGA.glob("*.csv")), ids=lambda path: path.stem)
def test_csv_of_vega_datasets(importer: Importer, path: Path) -> None:
    types, rows = loaded(importer, path, key=None)
    is_as_in(rows, pandas.read_csv(path, dtype={"address": str}), types)
    if path.stem == "stocks":
        assert types == {"symbol": "choice", "date": "date", "price": "real"}
        assert rows[0]["date"] == "2000-01-01"
    if path.stem in ("seattle-temps", "sf-temps"):
        assert types["date"] == "timestamp"


@pytest.mark.parametrize("name", ["penguins", "penguins-raw"])
def test_penguins(importer: Importer, name: str) -> None:
    types, rows = loaded(importer, PENGUINS / f"{name}.csv", key=None)
    is_as_in(rows, pandas.read_csv(PENGUINS / f"{name}.csv"), types)
    assert len(rows) == 344
    if name == "penguins":
        assert types["bill_length_mm"] == "real"
        assert types["species"] == "choice"
    else:
        assert types["Date Egg" if "Date Egg" in types else "date_egg"] == "date"


@pytest.mark.parametrize("name", ["linnerud_exercise", "linnerud_physiological"])
def test_spaces_between_cells(importer: Importer, name: str) -> None:
    types, rows = loaded(importer, SKLEARN / f"{name}.csv", key=None)
    assert set(types.values()) == {"integer"}
    is_as_in(rows, pandas.read_csv(SKLEARN / f"{name}.csv", sep=" "), types)


@pytest.mark.parametrize("name", ["iris", "wine_data", "breast_cancer"])
def test_a_first_row_of_another_width(importer: Importer, name: str) -> None:
    """scikit-learn puts counts and class names there: refused with the rows, or set aside, never guessed away."""
    path = SKLEARN / f"{name}.csv"
    draft = importer.send(path.read_bytes(), path.name)
    with path.open(newline="") as file:
        widths = [len(row) for row in csv.reader(file)]
    assert draft["state"] == "ready"
    if len(set(widths)) > 1:
        assert draft["ragged"]["short"] + draft["ragged"]["long"] > 0
    job = importer.run(draft["id"], bad_rows="quarantine", key=None)
    assert job["state"] == "done"
    assert job["result"]["inserted"] + job["result"]["refused"] == draft["rows"]


@pytest.mark.parametrize("name", ["digits", "diabetes_data_raw", "diabetes_target"])
def test_packed_files_without_a_header(importer: Importer, name: str) -> None:
    path = SKLEARN / f"{name}.csv.gz"
    types, rows = loaded(importer, path, key=None)
    frame = pandas.read_csv(path, header=None, sep="," if name == "digits" else r"\s+")
    is_as_in(rows, frame, types)
    assert set(types.values()) <= {"integer", "real"}
