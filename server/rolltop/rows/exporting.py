"""Whole results for export: planned as every read is, said as one line a row or as one value a cell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import apsw

from rolltop.auth import Actor, Scope
from rolltop.data import Catalog, ColumnType
from rolltop.data.types import SQLValue
from rolltop.rows import parse, plan, respond, shape, sql
from rolltop.rows.media import Media
from rolltop.rows.planned import JSON, Aggregate, Output, ReadPlan, Shown, Source

ROWS_AT_ONCE = 1_000

T = TypeVar("T")
Rows = Iterator[list[tuple[SQLValue, ...]]]


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of a result."""

    name: str
    type: ColumnType
    declared: str
    """The type as a table of another file declares it."""
    not_null: bool = False
    held: bool = False
    """Whether no cell is of another storage class than the type's."""


@dataclass(frozen=True, slots=True)
class Result:
    """A planned read, from its first row to its last."""

    plan: ReadPlan
    values: Sequence[str]
    """The literals of its filters."""
    window: tuple[int, int]
    """Limit, -1 for none, and offset."""

    @property
    def columns(self) -> tuple[ExportColumn, ...]:
        """What each row holds, in order."""
        return tuple(map(_column, self.plan.outputs))

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the key, when all of them are in the result under their own names."""
        plain = {output.key for output in self.plan.outputs if _is_plain(output)}
        key = self.plan.table.primary_key
        return key if plain.issuperset(key) and not self.plan.grouped else ()

    def header(self, media: Media) -> str:
        """The first line of a CSV."""
        return respond.csv_header(self.plan.keys, media)

    def lines(self, connection: apsw.Connection, media: Media) -> Iterator[list[bytes]]:
        """The rows as texts in that form, a thousand at a time; as bytes, for not every text in a file is UTF-8."""
        statement = sql.rows(self.plan, media, limited=True, offset=True, sorter=bool(self.plan.order))
        cursor = connection.execute(
            f"SELECT CAST({sql.ROW} AS BLOB) FROM ({statement.sql})",  # noqa: S608 (wraps a statement that `sql` made)
            statement.bindings(self.values, self.window),
        )
        return _batches(cursor, lambda row: row[0])

    def cells(self, connection: apsw.Connection) -> Rows:
        """The rows as SQL values, a thousand at a time; what is nested is JSON text."""
        statement = sql.cells(self.plan, sorter=bool(self.plan.order))
        cursor = connection.execute(statement.sql, statement.bindings(self.values, self.window))
        return _batches(cursor, tuple)


def result(catalog: Catalog, actor: Actor, source: Source, query: bytes) -> Result:
    """The result of a read of `source` with the parameters of the raw `query`.

    Raises:
        RolltopError: the dialect's errors, as for a GET.
    """
    shaped = shape.split(query)
    planned = plan.read(parse.read(shape.parameters(shaped.pieces)), source, catalog)
    plan.may(actor, source.table, Scope.ROWS_READ)
    plan.may_read(actor, planned)
    return Result(planned, shaped.values, (-1 if shaped.limit is None else max(shaped.limit, 0), shaped.offset))


def _is_plain(output: Shown) -> bool:
    """Whether it is a column as it is, under its own name."""
    if not isinstance(output, Output) or output.cast is not None or output.place.steps:
        return False
    return output.key == output.place.column.name


def _column(output: Shown) -> ExportColumn:
    if isinstance(output, Aggregate):
        kind = output.cast or output.type
    elif isinstance(output, Output):
        kind = output.cast or output.place.type
        if kind is output.place.column.type and not output.place.steps:
            column = output.place.column
            return ExportColumn(output.key, kind, column.declared, column.not_null, column.held)
    else:
        kind = JSON
    return ExportColumn(output.key, kind, kind.declared)


def _batches(cursor: apsw.Cursor, taken: Callable[[Any], T]) -> Iterator[list[T]]:
    rows = map(taken, cursor)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        yield batch
