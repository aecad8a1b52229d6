"""Whole results for export: planned as every read is, said as one line a row or as one value a cell."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import apsw

from rolltop.auth import Action, Actor
from rolltop.data import ColumnType, Data, definition
from rolltop.data.types import SQLValue
from rolltop.rows import arguments, called, paging, parse, plan, respond, shape, sight, sql
from rolltop.rows.media import Media
from rolltop.rows.planned import JSON, Aggregate, Output, ReadPlan, Shown, Source
from rolltop.rows.saved import SavedQueries
from rolltop.rows.shape import Shaped
from rolltop.rows.sight import Sight

ROWS_AT_ONCE = 1_000

T = TypeVar("T")
Rows = Iterator[list[tuple[SQLValue, ...]]]


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of a result."""

    name: str
    type: ColumnType
    declared: str
    """The type as a table of another file declares it; nothing where only the cells have one."""
    not_null: bool = False
    held: bool = False
    """Whether no cell is of another storage class than the type's."""
    rules: tuple[str, ...] = ()
    """What the table's own text says behind its type, as far as it is about this column alone."""


@dataclass(frozen=True, slots=True)
class Result:
    """A planned read, from its first row to its last."""

    plan: ReadPlan
    values: Sequence[SQLValue]
    """The literals of its filters, then the arguments of a query."""
    window: tuple[int, int]
    """Limit, -1 for none, and offset."""
    guessed: frozenset[str] = frozenset()
    """The columns of a query whose types are those of its first rows."""

    @property
    def columns(self) -> tuple[ExportColumn, ...]:
        """What each row holds, in order."""
        table = self.plan.table
        is_told = (
            table.kind == "table" and table.sql and self.plan.source.query is None
        )  # nobody's limits tell the text
        text = definition.read(table.sql) if is_told else None
        return tuple(_column(output, self.plan.row, self.guessed, text) for output in self.plan.outputs)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the key, when all of them are in the result under their own names."""
        plain = {output.key for output in self.plan.outputs if _is_plain(output, self.plan.row)}
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
            can_cache=False,  # used again, a statement that defuses took half as long again (measured)
        )
        return _batches(cursor, lambda row: row[0])

    def cells(self, connection: apsw.Connection) -> Rows:
        """The rows as SQL values, a thousand at a time; what is nested is JSON text."""
        statement = sql.cells(self.plan, sorter=bool(self.plan.order))
        cursor = connection.execute(statement.sql, statement.bindings(self.values, self.window))
        return _batches(cursor, tuple)


def result(data: Data, actor: Actor, name: str, query: bytes) -> Result:
    """The rows of the table or view called `name`, with the parameters of the raw `query`.

    Raises:
        RolltopError: the dialect's errors, as for a GET.
    """
    seen = sight.of(data.fresh_catalog(), actor.limits)
    source = Source(plan.find_table(seen.catalog, name))
    shaped = shape.split(query)
    planned = _planned(shaped, source, seen, len(shaped.values))
    plan.may(actor, source.table, Action.SELECT)
    plan.may_read(actor, planned)
    return Result(planned, [*shaped.values, *actor.me], _window(shaped))


async def result_of_query(
    data: Data, saved: SavedQueries, actor: Actor, name: str, query: bytes, body: bytes | None
) -> Result:
    """The rows that the saved query called `name` gives; one that gives values gives rows of one column.

    Its arguments are those in the raw `query`, or in a `body` of JSON.

    Raises:
        RolltopError: the dialect's errors, as for a call; 25006 for a query that writes.
    """
    data.fresh_catalog()
    given: Mapping[str, Any]
    if body is None:
        query, given = arguments.split(query)
    else:
        given, _ = arguments.of_body(body, None, None)
    shaped = shape.split(query)
    asked = called.query_named(saved, actor, name, given)
    described = called.seen_by(data, actor, saved.described(asked))
    guessed = frozenset(described.untyped)
    values = arguments.bound(asked, described.statement.parameters, given, saved.now.queries, texts=body is None)
    called.refuse_writing(described)
    if described.untyped:
        with _explained():
            described = await called.typed(data, saved, actor, described, values)
    first = len(shaped.values)
    source, seen = called.source_of(actor, described, first), called.sight_of(actor, described)
    planned = _planned(shaped, source, seen, first + len(values))
    plan.may_read(actor, planned)
    return Result(planned, [*shaped.values, *values, *actor.me], _window(shaped), guessed)


def stream(data: Data, result: Result, produce: Callable[[apsw.Connection], Iterator[bytes]]) -> AsyncGenerator[bytes]:
    """The chunks that `produce` makes of the result; those of a query within the bounds of queries."""
    if result.plan.source.query is None:
        return data.stream(produce)

    def guarded(connection: apsw.Connection) -> Iterator[bytes]:
        with _explained():
            yield from produce(connection)

    return data.stream_query(guarded, counted=False)


@contextmanager
def _explained() -> Iterator[None]:
    """Says what a query's statement met that it cannot use."""
    try:
        yield
    except apsw.SQLError as failure:
        raise called.of_data(failure) from None


def _planned(shaped: Shaped, source: Source, seen: Sight, mine: int) -> ReadPlan:
    return plan.read(parse.read(shape.parameters(shaped.pieces)), source, seen, mine)


def _window(shaped: Shaped) -> tuple[int, int]:
    limit, offset = paging.window(shaped.limit, shaped.offset, None)
    return -1 if limit is None else limit, offset


def _is_plain(output: Shown, row: str) -> bool:
    """Whether it is a column of the row called `row` as it is, under its own name."""
    if not isinstance(output, Output) or output.cast is not None or output.place.steps:
        return False
    return output.key == output.place.column.name and output.place.row == row


def _column(output: Shown, row: str, guessed: frozenset[str], text: definition.TableText | None) -> ExportColumn:
    if isinstance(output, Aggregate):
        kind = output.cast or output.type
    elif isinstance(output, Output):
        kind = output.cast or output.place.type
        if kind is output.place.column.type and not output.place.steps:
            column = output.place.column
            declared = "" if column.name in guessed else column.declared  # a wrong one would change cells
            needed = column.not_null and output.place.row == row  # what is embedded may not be there
            rules = _rules(text, column.name) if text is not None and _is_plain(output, row) else ()
            return ExportColumn(output.key, kind, declared, needed, column.held, rules)
    else:
        kind = JSON
    return ExportColumn(output.key, kind, kind.declared)


def _rules(text: definition.TableText, name: str) -> tuple[str, ...]:
    """The clauses behind a column that hold wherever it stands; keys that name other tables are left out."""
    column = text.column(name)
    if column is None or column.generated:
        return ()
    others = [each.name for each in text.columns if each is not column]
    clauses = column.of("NOT", "UNIQUE", "CHECK", "DEFAULT", "COLLATE")
    return tuple(each.text for each in clauses if not (each.kind == "CHECK" and any(map(each.mentions, others))))


def _batches(cursor: apsw.Cursor, taken: Callable[[Any], T]) -> Iterator[list[T]]:
    rows = map(taken, cursor)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        yield batch
