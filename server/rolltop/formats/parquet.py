"""Parquet files, by DuckDB: it makes text of the columns, so that decimals and 64-bit numbers keep every digit."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rolltop.data.quoting import quote, quote_text
from rolltop.formats.asked import Column, Format, Told, Wish
from rolltop.formats.errors import Unreadable, damaged
from rolltop.formats.rowfile import RowWriter

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "256MB"
MOST_COLUMNS = 2_000
_ROWS_AT_ONCE = 2_000
_BY_NAME = {
    "BOOLEAN": "boolean", "TINYINT": "integer", "SMALLINT": "integer", "INTEGER": "integer", "BIGINT": "integer",
    "UTINYINT": "integer", "USMALLINT": "integer", "UINTEGER": "integer", "UBIGINT": "integer", "HUGEINT": "integer",
    "UHUGEINT": "integer", "FLOAT": "real", "DOUBLE": "real", "DATE": "date", "TIME": "time", "UUID": "uuid",
    "VARCHAR": "text", "BLOB": "blob", "JSON": "json",
}  # fmt: skip

Watch = Callable[[float], None]


def read(path: Path, _wanted: Format, _wish: Wish, out: RowWriter, watch: Watch) -> Told:
    """Write all rows.

    Raises:
        Unreadable: the file is damaged or encrypted.
    """
    import duckdb

    try:
        with _connection(path) as connection:
            return _written(connection, path, out, watch)
    except duckdb.Error as error:
        raise damaged("Parquet file", str(error).replace(str(path), "file")) from error


def _connection(path: Path) -> "DuckDBPyConnection":
    """A database in memory that may read this one file and load nothing."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": "1", "memory_limit": MEMORY})
    connection.execute(f"SET allowed_paths = [{quote_text(str(path))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = true")
    connection.execute("SET lock_configuration = true")
    return connection


def _written(connection: "DuckDBPyConnection", path: Path, out: RowWriter, watch: Watch) -> Told:
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    columns = [(str(name), str(kind)) for name, kind, *_ in described]
    if len(columns) > MOST_COLUMNS:  # each wants a buffer of its own
        raise Unreadable(
            f"The file has {len(columns):,} columns; Rolltop reads Parquet files of up to {MOST_COLUMNS:,}.",
            hint="Leave columns out. A table this wide is better kept as rows of (name, value).",
            code="imports.too_many_columns",
        )
    total = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [str(path)]).fetchone()
    rows = max(int(total[0]), 1) if total else 1
    texts = ", ".join(_as_text(quote(name), kind) for name, kind in columns)
    result = connection.execute(f"SELECT {texts} FROM read_parquet(?)", [str(path)])  # noqa: S608 (names are quoted)
    while chunk := result.fetchmany(_ROWS_AT_ONCE):
        for row in chunk:
            out.write(list(row))
        watch(min(out.rows / rows, 1.0))
    return Told(parts=(), part=None, columns=tuple(Column(name, _type(kind)) for name, kind in columns), rows=out.rows)


def _as_text(column: str, kind: str) -> str:
    if kind == "BLOB":
        return f"CASE WHEN {column} IS NOT NULL THEN '\\x' || lower(hex({column})) END"
    if _is_nested(kind):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if kind.startswith("DECIMAL") and not kind.endswith(",0)"):  # as few digits as say the same: SQLite keeps 64 bits
        return rf"regexp_replace(CAST({column} AS VARCHAR), '\.?0+$', '')"
    if kind in ("FLOAT", "DOUBLE"):  # JSON and SQL have no NaN; to be null is what it means
        return f"CASE WHEN isnan({column}) THEN NULL ELSE CAST({column} AS VARCHAR) END"
    return f"CAST({column} AS VARCHAR)"


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))


def _type(kind: str) -> str:
    if _is_nested(kind):
        return "json"
    if kind.startswith("DECIMAL"):
        return "decimal"
    if kind.startswith("TIMESTAMP"):
        return "timestamp"
    if kind.startswith("ENUM"):
        return "choice"
    return _BY_NAME.get(kind, "text")
