"""The tables and views of the data file, with their sizes and labels."""

import asyncio
import builtins
import time
from collections.abc import Mapping
from dataclasses import dataclass

import apsw
from sqlmodel import Session

from rolltop.auth import Actor, visible
from rolltop.collections import store
from rolltop.collections.errors import NoSuchCollection
from rolltop.collections.schema import structure
from rolltop.collections.schemas import (
    Check,
    Collection,
    CollectionDetail,
    Column,
    ForeignKey,
    Index,
    Reference,
    Unique,
)
from rolltop.data import Catalog, Change, Data, Table, quote
from rolltop.data import Column as DataColumn

VIEW_SECONDS = 0.3
"""A view whose rows take longer to count is listed without their number."""


@dataclass(frozen=True, slots=True)
class Words:
    """What people call something, and what it means; empty when nobody said."""

    label: str = ""
    description: str = ""


Labels = dict[tuple[str, str], Words]
_NONE = Words()


def labels(session: Session) -> Labels:
    """Every label and description by table and column; the empty column is the table itself."""
    return {(row.table, row.column): Words(row.label, row.description) for row in store.labels(session)}


class Collections:
    """The catalog as people see it.

    Rows are counted on a reader thread, when somebody asks for the first time after a change. Many who ask at the same
    time wait for one count.
    """

    def __init__(self, data: Data, seen: structure.Seen) -> None:
        self._data = data
        self.seen = seen
        self._counts: dict[str, int | None] = {}
        self._counting: dict[str, asyncio.Task[int | None]] = {}
        self._changes = 0
        data.on_change.append(self._forget)

    async def list(self, labels: Labels, actor: Actor) -> builtins.list[Collection]:
        """Every table and view that the caller sees, by name."""
        seen = visible.of(self._data.fresh_catalog(), actor.limits)
        tables = sorted(seen.catalog.tables.values(), key=lambda table: table.name.lower())
        return [
            Collection(
                name=table.name,
                kind=table.kind,
                label=labels.get((table.name, ""), _NONE).label or table.name,
                rows=await self._rows(table) if seen.is_whole(table.name) else None,
                writable=table.writable,
                description=labels.get((table.name, ""), _NONE).description,
                columns=len(table.columns),
            )
            for table in tables
        ]

    async def get(self, name: str, labels: Labels, actor: Actor) -> CollectionDetail:
        """One table or view, as far as the caller sees it.

        Raises:
            NoSuchCollection: there is none of that name.
        """
        seen = visible.of(self._catalog_with(name), actor.limits)
        table = seen.catalog.table(name)
        if table is None:
            raise NoSuchCollection(name)
        own = labels.get((name, ""), _NONE)
        found = await self._data.read(lambda connection: structure.read(connection, name))
        self.seen.remember(found)
        made = CollectionDetail(
            name=table.name,
            kind=table.kind,
            label=own.label or name,
            description=own.description,
            rows=await self._rows(table) if seen.is_whole(name) else None,
            writable=table.writable,
            columns=_columns(table, labels, found.expressions),
            primary_key=list(table.primary_key),
            version=found.version,
            unique=[Unique(name=key.name, columns=list(key.columns)) for key in table.unique],
            checks=[Check(name=check, expression=text) for check, text in found.checks],
            foreign_keys=[ForeignKey.model_validate(key, from_attributes=True) for key in table.foreign_keys],
            indexes=[Index.model_validate(index, from_attributes=True) for index in found.indexes],
            triggers=list(found.triggers),
            search=list(found.search),
            strict=table.strict,
            without_rowid=table.without_rowid,
            sql=found.sql,
        )
        return _seen_in_part(made) if actor.limits else made

    def _catalog_with(self, name: str) -> Catalog:
        """The catalog; a fresh one when the name is not in it."""
        catalog = self._data.catalog
        return catalog if catalog.table(name) is not None else self._data.fresh_catalog()

    def _forget(self, change: Change) -> None:
        """On the writer's thread: what was counted of a changed table is no longer true."""
        self._changes += 1
        if change.table is None or change.schema:
            self._counts = {}
        else:
            # Views may show any table, so their counts go with every change.
            views = [name for name, table in self._data.catalog.tables.items() if table.kind == "view"]
            self._counts = {name: rows for name, rows in self._counts.items() if name not in (change.table, *views)}

    async def _rows(self, table: Table) -> int | None:
        if table.name in self._counts:
            return self._counts[table.name]
        task = self._counting.get(table.name)
        if task is None:
            task = asyncio.create_task(self._count(table))
            self._counting[table.name] = task
            task.add_done_callback(lambda _: self._counting.pop(table.name, None))
        return await asyncio.shield(task)

    async def _count(self, table: Table) -> int | None:
        changes = self._changes
        rows = await self._data.read(lambda connection: _count_rows(connection, table))
        if changes == self._changes:
            self._counts = {**self._counts, table.name: rows}
        return rows


def _count_rows(connection: apsw.Connection, table: Table) -> int | None:
    """The number of rows; None for a view that takes too long or cannot be read any more."""
    sql = f"SELECT count(*) FROM {quote(table.name)}"  # noqa: S608 (a name of the catalog, quoted)
    if table.kind == "table":
        return int(connection.execute(sql).get)
    until = time.monotonic() + VIEW_SECONDS
    watch = object()
    connection.set_progress_handler(lambda: time.monotonic() > until, 10_000, id=watch)
    try:
        return int(connection.execute(sql).get)
    except (apsw.InterruptError, apsw.SQLError):
        return None
    finally:
        connection.set_progress_handler(None, id=watch)


def _seen_in_part(made: CollectionDetail) -> CollectionDetail:
    """The same without what speaks of columns and tables that the caller may not see."""
    columns = [column.model_copy(update={"expression": None}) for column in made.columns]
    hidden = {"checks": [], "indexes": [], "triggers": [], "search": [], "sql": ""}
    return made.model_copy(update={"columns": columns, **hidden})


def _columns(table: Table, labels: Labels, expressions: Mapping[str, str]) -> builtins.list[Column]:
    unique = {key.columns[0] for key in table.unique if len(key.columns) == 1}
    unique |= set(table.primary_key) if len(table.primary_key) == 1 else set()
    return [
        _described(
            table,
            column,
            labels.get((table.name, column.name), _NONE),
            unique=column.name in unique,
            expression=expressions.get(column.name),
        )
        for column in table.columns
    ]


def _described(table: Table, column: DataColumn, words: Words, *, unique: bool, expression: str | None) -> Column:
    references = next(
        (
            Reference(table=key.table, column=key.parent_columns[0])
            for key in table.foreign_keys
            if key.columns == (column.name,) and key.parent_columns
        ),
        None,
    )
    return Column(
        name=column.name,
        label=words.label or column.name,
        description=words.description,
        type=column.type.name,
        declared=column.declared,
        not_null=column.not_null,
        default=column.default,
        generated=column.generated,
        key=column.key,
        choices=[str(choice) for choice in column.choices] or None,
        max_length=column.max_length,
        references=references,
        unique=unique,
        expression=expression,
        collation=column.collation,
    )
