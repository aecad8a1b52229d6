"""Quarantined rows: what is wrong with them, fixes, edits, another try."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import apsw
import msgspec

from rolltop.auth import OWNER, Scope
from rolltop.collections.imports.content import Cell, Row
from rolltop.collections.imports.into import key_of
from rolltop.collections.imports.names import unique_names
from rolltop.collections.imports.readings import BY_TYPE
from rolltop.collections.quarantine import store
from rolltop.collections.quarantine.errors import (
    NoSuchFix,
    NoSuchQuarantine,
    NoSuchRow,
    Retrying,
    TableGone,
    UnknownColumn,
    UselessFix,
)
from rolltop.collections.quarantine.groups import grouped, reasons_now
from rolltop.collections.quarantine.origin import Origin
from rolltop.collections.quarantine.retry import Tried, try_again
from rolltop.collections.quarantine.schemas import (
    Discard,
    Discarded,
    Quarantine,
    QuarantineColumn,
    QuarantinedRow,
    QuarantinedRows,
    QuarantineSummary,
    Retry,
    RowEdit,
)
from rolltop.collections.quarantine.store import Selection
from rolltop.collections.recipes import service as recipes
from rolltop.collections.recipes.schemas import CutLong, FillShort, Fix, ReadAs, Recipe
from rolltop.data import Cause, Data, Table
from rolltop.db.database import Database
from rolltop.jobs import Asked, InputGone, Job, Jobs, Running

T = TypeVar("T")


class Quarantines:
    """Every row that waits, whichever run of the server imported it."""

    def __init__(self, data: Data, database: Database, jobs: Jobs) -> None:
        self._data = data
        self._database = database
        self._jobs = jobs
        self._lock = threading.Lock()
        self._retrying: dict[str, str] = {}
        jobs.repeats("import.retry", self._again, Scope.COLLECTIONS_WRITE)

    def list(self) -> "list[QuarantineSummary]":
        """The imports that left rows, the newest first."""
        with self._reader() as connection:
            found = store.origins(connection) if store.exist(connection) else []
        origins = ((msgspec.json.decode(text, type=Origin), rows) for text, rows in found)
        return [
            QuarantineSummary(id=each.id, name=each.name, table=each.table, rows=rows, created=each.created)
            for each, rows in origins
        ]

    def get(self, id: str) -> Quarantine:
        """One import's rows: what is wrong, and what would help.

        Raises:
            NoSuchQuarantine: no rows wait under that id.
        """
        with self._reader() as connection:
            origin = _origin(connection, id)
            recipe = self._recipe(origin)
            table = self._data.catalog.table(origin.table)
            fixes = [] if recipe is None else recipe.fixes
            return Quarantine(
                id=id,
                name=origin.name,
                table=origin.table,
                rows=store.count(connection, id, Selection()),
                created=origin.created,
                columns=_columns(origin),
                key=list(origin.key),
                fixes=fixes,
                recipe=None if recipe is None else recipe.id,
                groups=grouped(connection, origin, table),
                job=self._retrying.get(id) or None,
            )

    def rows(self, id: str, column: str | None, code: str | None, after: int, limit: int) -> QuarantinedRows:
        """A page of rows.

        Raises:
            NoSuchQuarantine: no rows wait under that id.
        """
        chosen = Selection(column, code)
        with self._reader() as connection:
            _origin(connection, id)
            page = store.page(connection, id, chosen, after, limit)
            count = store.count(connection, id, chosen)
        rows = [_row(*each) for each in page]
        return QuarantinedRows(rows=rows, count=count, next=rows[-1].row if len(rows) == limit else None)

    def edit(self, id: str, row: int, wanted: RowEdit) -> QuarantinedRow:
        """Change cells of a row; it stays until a retry.

        Raises:
            NoSuchQuarantine, NoSuchRow, UnknownColumn, Retrying: it cannot be, and why.
        """
        return self._changing(id, lambda connection, origin: self._edit(connection, origin, row, wanted))

    def discard(self, id: str, wanted: Discard) -> Discarded:
        """Drop rows.

        Raises:
            NoSuchQuarantine, Retrying: it cannot be, and why.
        """
        chosen = Selection(wanted.column, wanted.code, wanted.rows)
        return Discarded(rows=self._changing(id, lambda connection, _: store.discard(connection, id, chosen)))

    def discard_row(self, id: str, row: int) -> None:
        """Drop one row.

        Raises:
            NoSuchQuarantine, NoSuchRow, Retrying: it cannot be, and why.
        """
        if not self._changing(id, lambda connection, _: store.discard(connection, id, Selection(rows=[row]))):
            raise NoSuchRow(row)

    def add_fix(self, id: str, fix: Fix) -> Quarantine:
        """Add a fix to the recipe of this shape of file; a retry uses it.

        Raises:
            NoSuchQuarantine, UnknownColumn, UselessFix: it cannot be, and why.
        """
        origin = self._origin(id)
        _check(origin, fix)
        recipe = self._recipe(origin)
        self._keep(origin, [*(recipe.fixes if recipe is not None else ()), fix])
        return self.get(id)

    def remove_fix(self, id: str, number: int) -> Quarantine:
        """Take a fix out of the recipe; `number` counts from 1.

        Raises:
            NoSuchQuarantine, NoSuchFix: there is none.
        """
        origin = self._origin(id)
        recipe = self._recipe(origin)
        fixes = [] if recipe is None else list(recipe.fixes)
        if not 1 <= number <= len(fixes):
            raise NoSuchFix(number, len(fixes))
        del fixes[number - 1]
        self._keep(origin, fixes)
        return self.get(id)

    def retry(self, id: str, wanted: Retry, actor: str, retry_of: str | None = None) -> Job:
        """Try rows again, with the fixes and edits made since; as a job.

        Raises:
            NoSuchQuarantine, TableGone, BadKey, Retrying: it cannot be, and why.
        """
        origin = self._origin(id)
        recipe = self._recipe(origin)
        table = self._table(origin)
        names = [column.name for column in origin.columns]
        key = origin.key if wanted.key is None else (key_of(table, names, wanted.key) if wanted.key else ())
        plan = origin.plan(table, [] if recipe is None else recipe.fixes, key)
        chosen = Selection(wanted.column, wanted.code, wanted.rows)
        with self._reader() as connection:
            total = store.count(connection, id, chosen)
        with self._lock:
            if id in self._retrying:
                raise Retrying
            self._retrying[id] = ""

        title = f"Try {origin.name} again"

        def _work(running: Running) -> dict[str, Any]:
            try:
                cause = Cause(actor, "import", title, job=running.id, along=store.TABLES)
                tried = try_again(self._data, origin, plan, chosen, running.progress, cause)
                counts = tried.counts()
                landed = counts["inserted"] + counts["changed"]
                running.log(f"{landed:,} rows landed, {counts['refused']:,} still do not fit.")
                return {**_result(origin, tried), "change": cause.change}
            finally:
                with self._lock:
                    del self._retrying[id]

        asked = Asked(actor, {"quarantine": id, "retry": wanted.model_dump(mode="json", exclude_unset=True)}, retry_of)
        job = self._jobs.submit("import.retry", title, _work, total=total, asked=asked)
        with self._lock:
            if id in self._retrying:
                self._retrying[id] = job.id
        return job

    def _again(self, asked: Asked) -> Job:
        """Do once more what a job did; the rows wait in the file, whichever run of the server it was."""
        wanted = Retry.model_validate(asked.input["retry"])
        try:
            return self.retry(asked.input["quarantine"], wanted, asked.actor or OWNER.id, asked.retry_of)
        except NoSuchQuarantine as error:
            raise InputGone("No rows of that import wait any more.", hint="There is nothing left to do.") from error

    # ---- parts ---------------------------------------------------------------------------------------------------

    def _edit(self, connection: apsw.Connection, origin: Origin, row: int, wanted: RowEdit) -> QuarantinedRow:
        found = store.page(connection, origin.id, Selection(), row - 1, 1)
        if not found or found[0][0] != row:
            raise NoSuchRow(row)
        cells = msgspec.json.decode(found[0][1], type=list[Cell])
        sources = unique_names(origin.headers)
        for name, cell in wanted.cells.items():
            if name not in sources:
                raise UnknownColumn(name, sources)
            place = sources.index(name)
            cells += [""] * (place + 1 - len(cells))
            cells[place] = cell
        recipe = self._recipe(origin)
        fixes = [] if recipe is None else recipe.fixes
        reasons = [reason.fields() for reason in reasons_now(origin.plan(self._table(origin), fixes), origin, cells)]
        store.replace_row(connection, origin.id, row, cells, reasons)
        return QuarantinedRow.model_validate({"row": row, "cells": cells, "reasons": reasons})

    def _changing(self, id: str, work: Callable[[apsw.Connection, Origin], T]) -> T:
        """What `work` returns, on the writer's thread."""
        with self._lock:
            if id in self._retrying:
                raise Retrying
        return self._data.submit(
            lambda connection: work(connection, _origin(connection, id)), table=store.ROWS
        ).result()

    def _origin(self, id: str) -> Origin:
        with self._reader() as connection:
            return _origin(connection, id)

    def _table(self, origin: Origin) -> Table:
        table = self._data.fresh_catalog().table(origin.table)
        if table is None:
            raise TableGone(origin.table, f"The table {origin.table!r} is not there any more.")
        return table

    def _recipe(self, origin: Origin) -> Recipe | None:
        with self._database.read() as session:
            return recipes.of_headers(session, origin.headers)

    def _keep(self, origin: Origin, fixes: Sequence[Fix]) -> None:
        of_columns = {fix.column for fix in fixes if not isinstance(fix, FillShort | CutLong)}
        types = {column.source: column.type for column in origin.columns if column.source in of_columns}
        with self._database.write() as session:
            recipes.set_fixes(session, origin.headers, origin.name, fixes, types)

    @contextmanager
    def _reader(self) -> Iterator[apsw.Connection]:
        connection = self._data.connect_reader()
        try:
            with connection:
                yield connection
        finally:
            connection.close()


def _origin(connection: apsw.Connection, id: str) -> Origin:
    found = store.origin(connection, id) if store.exist(connection) else None
    if found is None:
        raise NoSuchQuarantine(id)
    return msgspec.json.decode(found, type=Origin)


def _columns(origin: Origin) -> list[QuarantineColumn]:
    by_place = {column.place: column for column in origin.columns}
    columns = []
    for place, (header, source) in enumerate(zip(origin.headers, unique_names(origin.headers), strict=True)):
        into = by_place.get(place)
        name, type_name = (None, None) if into is None else (into.name, into.type)
        columns.append(QuarantineColumn(source=source, header=header, name=name, type=type_name))
    return columns


def _row(number: int, cells: str, reasons: str) -> QuarantinedRow:
    decoded: Row = msgspec.json.decode(cells)
    return QuarantinedRow.model_validate({"row": number, "cells": decoded, "reasons": msgspec.json.decode(reasons)})


def _check(origin: Origin, fix: Fix) -> None:
    if isinstance(fix, FillShort | CutLong):
        return
    column = next((column for column in origin.columns if column.source == fix.column), None)
    if column is None:
        raise UnknownColumn(fix.column, [column.source for column in origin.columns])
    if isinstance(fix, ReadAs) and fix.reading not in [each.name for each in BY_TYPE[column.type]]:
        raise UselessFix(
            f"Cells of type {column.type} are never written as {fix.reading}.",
            details={"readings": [each.name for each in BY_TYPE[column.type] if each.name is not None]},
            hint="Choose a reading of the column's type.",
        )


def _result(origin: Origin, tried: Tried) -> dict[str, Any]:
    return {"quarantine": origin.id, "table": origin.table, **tried.counts()}
