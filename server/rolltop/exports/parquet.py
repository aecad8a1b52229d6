# ruff: noqa: S608 (names are quoted, and paths are ours)
"""Parquet, written by DuckDB.

The cells go through a CSV of our own, every text quoted and NULL not, so that nothing has to fit into memory. A column
gets its Parquet type only when every cell of it is of that type; what another program left there otherwise stays text.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rolltop.data import quote
from rolltop.data.quoting import quote_text
from rolltop.data.types import SQLValue
from rolltop.rows.exporting import ExportColumn, Result, Rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "256MB"
_MOST_DIGITS = 38  # of a Parquet decimal
_WHOLE = r"-?\d+"
_FIXED = r"-?\d+(\.\d+)?"
_MOMENT = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?"


class _Candidate(NamedTuple):
    """A Parquet type, which cells it takes, and how a cell becomes one; `{0}` is the cell's text."""

    name: str
    fits: str
    value: str


def _cast(name: str, form: str | None = None) -> _Candidate:
    """A type that DuckDB reads from text, of this form where DuckDB would take more than it can keep."""
    shaped = "" if form is None else f"{_of_form(form)} AND "
    return _Candidate(name, f"{shaped}TRY_CAST({{0}} AS {name}) IS NOT NULL", f"CAST({{0}} AS {name})")


def _of_form(form: str) -> str:
    braced = quote_text(form).replace("{", "{{").replace("}", "}}")
    return f"regexp_full_match({{0}}, {braced})"


_DOUBLE = _cast("DOUBLE")
_TEXT = _Candidate("VARCHAR", "true", "{0}")
_CANDIDATES: dict[str, tuple[_Candidate, ...]] = {
    "bigint": (_cast("BIGINT", _WHOLE), _DOUBLE),
    "double precision": (_DOUBLE,),
    "numeric": (_Candidate("DECIMAL", _of_form(_FIXED), ""), _DOUBLE),
    "boolean": (_Candidate("BOOLEAN", "{0} IN ('0', '1')", "{0} = '1'"),),
    "date": (_cast("DATE", r"\d{4}-\d{2}-\d{2}"),),
    "timestamp": (_cast("TIMESTAMP", _MOMENT), _cast("TIMESTAMPTZ", _MOMENT + r"(Z|[+-]\d{2}:\d{2})")),
    "time": (_cast("TIME", r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"),),
    "uuid": (_cast("UUID"),),
    "jsonb": (_Candidate("JSON", "json_valid({0})", "CAST({0} AS JSON)"),),
    "bytea": (_Candidate("BLOB", _of_form(r"\\x([0-9a-f]{2})*"), "unhex(substr({0}, 3))"),),
}


def write(path: Path, table: str, result: Result, rows: Rows) -> Iterator[bytes]:  # noqa: ARG001
    """Write the file at `path`; what is needed on the way lies beside it."""
    import duckdb

    columns = result.columns
    cells = path.with_name(f"{path.name}.cells")
    with cells.open("w", encoding="utf-8", newline="") as file:
        for batch in rows:
            file.writelines(",".join(map(_spelled, row)) + "\n" for row in batch)
            yield b""
    with closing(duckdb.connect(config={"memory_limit": MEMORY, "threads": 1})) as connection:
        connection.execute(f"SET temp_directory = {quote_text(f'{path}.spill')}")
        source = _source(cells, len(columns))
        chosen = _choose(connection, source, columns)
        made = ", ".join(
            f"{candidate.value.format(_name(number))} AS {quote(column.name)}"
            for number, (column, candidate) in enumerate(zip(columns, chosen, strict=True))
        )
        target = f"{quote_text(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        connection.execute(f"COPY (SELECT {made} FROM {source}) TO {target}")


def _name(number: int) -> str:
    return f"c{number}"


def _spelled(cell: SQLValue) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bytes):
        return f'"\\x{cell.hex()}"'
    return '"' + str(cell).replace('"', '""') + '"'


def _source(cells: Path, columns: int) -> str:
    types = ", ".join(f"'{_name(number)}': 'VARCHAR'" for number in range(columns))
    return (
        f"read_csv({quote_text(str(cells))}, auto_detect = false, header = false, columns = {{{types}}}, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', "
        "max_line_size = 1000000000, parallel = false)"
    )


def _choose(connection: "DuckDBPyConnection", source: str, columns: Sequence[ExportColumn]) -> list[_Candidate]:
    """For each column the first type that every cell is of."""
    asked: list[str] = []
    for number, column in enumerate(columns):
        name = _name(number)
        whole, fraction = f"split_part(ltrim({name}, '-'), '.', 1)", f"split_part({name}, '.', 2)"
        asked += [f"max(length({whole}))", f"max(length({fraction}))"]
        asked += [
            f"bool_and(coalesce({candidate.fits.format(name)}, false)) FILTER (WHERE {name} IS NOT NULL)"
            for candidate in _CANDIDATES.get(column.type.name, ())
        ]
    answers = iter(connection.execute(f"SELECT {', '.join(asked) or '1'} FROM {source}").fetchall()[0])
    chosen: list[_Candidate] = []
    for column in columns:
        digits, scale = next(answers) or 1, next(answers) or 0
        fitting = [each for each in _CANDIDATES.get(column.type.name, ()) if next(answers) is not False]
        sized = (_sized(each, digits, scale) for each in fitting)
        chosen.append(next(filter(None, sized), _TEXT))
    return chosen


def _sized(candidate: _Candidate, digits: int, scale: int) -> _Candidate | None:
    """The decimal type with as many digits as are there; None when no decimal has so many."""
    if candidate.name != "DECIMAL":
        return candidate
    if digits + scale > _MOST_DIGITS:
        return None
    return _cast(f"DECIMAL({max(digits + scale, 18)}, {scale})")
