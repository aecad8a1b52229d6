"""Tables made and changed: rehearsed, looked at, then done in one transaction by the one writer."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

from rolltop.auth import OWNER
from rolltop.collections import store, words
from rolltop.collections.errors import NoSuchCollection, StillReferenced
from rolltop.collections.imports.kept import Link
from rolltop.collections.schema import edits, expressions, findings, links, structure, views
from rolltop.collections.schema import schemas as wishes
from rolltop.collections.schema.create import create_table
from rolltop.collections.schema.engine import Engine, check_table_free
from rolltop.collections.schema.errors import Changed, InUse, RowsInTheWay
from rolltop.collections.schema.rebuild import CellsChanged
from rolltop.collections.schema.rehearsal import Rehearsal, affected, rehearse, rehearse_table
from rolltop.collections.schema.twin import Snapshot, snapshot, twin
from rolltop.collections.schema.uses import Uses
from rolltop.collections.schemas import CollectionDetail
from rolltop.collections.service import Collections, Labels, labels
from rolltop.data import Cause, Data, quote
from rolltop.data.errors import Busy
from rolltop.db.database import Database
from rolltop.errors import RolltopError

TRIES = 5
"""So often is a change rehearsed again because somebody else changed the schema in between."""


class _Moved(Exception):
    """The schema is another than the rehearsed one."""


class Schema:
    """Makes, changes and deletes tables and views; the work is done in threads and by the one writer."""

    def __init__(self, data: Data, database: Database, uses: Uses, collections: Collections) -> None:
        self._data = data
        self._database = database
        self._uses = uses
        self._collections = collections

    async def create(self, wish: wishes.TableCreate | wishes.ViewCreate, cause: Cause) -> CollectionDetail:
        """Make a table or a view.

        Raises:
            SchemaError, NameTaken: it cannot be made, and why.
        """
        await asyncio.to_thread(self._create, wish, cause)
        return await self._now(wish.name)

    async def preview(self, name: str, wish: wishes.Changes) -> wishes.Impact:
        """What the changes would do. Nothing is done, and nobody waits for it.

        Raises:
            NoSuchCollection, SchemaError, Conflict: they are not possible whatever the rows are.
        """
        return await asyncio.to_thread(self._preview, name, wish)

    async def change(self, name: str, wish: wishes.Changes, cause: Cause) -> wishes.Changed:
        """Do the changes, all of them or none.

        Raises:
            NoSuchCollection, SchemaError: they are not possible.
            Changed, InUse, StillReferenced, RowsInTheWay: something stands in the way, and what to do.
        """
        done, found = await asyncio.to_thread(self._change, name, wish, cause)
        now = None if done.name is None else await self._now(done.name)
        return wishes.Changed(collection=now, rewritten=done.rewritten, findings=found, lost=done.lost)

    def relate(self, name: str, links: Sequence[Link], actor: str) -> list[str]:
        """Give a table foreign keys, on this thread and for that actor; of those that cannot be, why."""
        notes = []
        for link in links:
            key = wishes.AddForeignKey.model_validate(
                {
                    "change": "add_foreign_key",
                    "from_columns": link.columns,
                    "table": link.table,
                    "columns": link.parent_columns,
                    "on_delete": link.on_delete,
                    "on_update": link.on_update,
                }
            )
            try:
                self._change(name, wishes.Changes(changes=[key]), Cause(actor, "schema"))
            except RolltopError as error:
                columns = ", ".join(link.columns)
                notes.append(f"{name} ({columns}) does not refer to {link.table} any more: {error.message}")
        return notes

    async def _now(self, name: str) -> CollectionDetail:
        def _words() -> Labels:
            with self._database.read() as session:
                return labels(session)

        return await self._collections.get(name, await asyncio.to_thread(_words), OWNER)

    # ---- new ones --------------------------------------------------------------------------------------------------

    def _create(self, wish: wishes.TableCreate | wishes.ViewCreate, cause: Cause) -> None:
        cause.title, cause.table = f"Create {wish.name}", wish.name
        cause.words = words.read(self._database, [wish.name])
        self._rehearsed(
            lambda entries, _: self._try_new(entries, wish), lambda connection, _: _make(connection, wish), cause
        )
        described = [wishes.Describe(change="describe", label=wish.label, description=wish.description)]
        if isinstance(wish, wishes.TableCreate):
            described += [
                wishes.Describe(change="describe", column=each.name, label=each.label, description=each.description)
                for each in wish.columns
            ]
        self._describe(wish.name, described, {})

    def _try_new(self, entries: Snapshot, wish: wishes.TableCreate | wishes.ViewCreate) -> None:
        if isinstance(wish, wishes.TableCreate):
            rehearse_table(entries, wish)
            return
        edits.check_name(wish.name)
        statement = expressions.select(wish.select, "select")
        with twin(entries) as connection:
            check_table_free(connection, wish.name)
            expressions.try_select(connection, statement, "select")
            views.create(connection, wish.name, statement)
            expressions.try_select(connection, f"SELECT * FROM {quote(wish.name)}", "select")  # noqa: S608 (quoted)

    # ---- changes ---------------------------------------------------------------------------------------------------

    def _preview(self, name: str, wish: wishes.Changes) -> wishes.Impact:
        with _reading(self._data) as connection:
            now = self._seen_structure(connection, name, wish.version)
            entries = snapshot(connection)
            rehearsal = rehearse(entries, name, wish.changes, drop=True)
            found = findings.look(connection, name, rehearsal)
            free = _would_not_break(entries, name, wish)
            return wishes.Impact(
                version=now.version,
                possible=free and all(each.resolved for each in found),
                rows=_rows(connection, name),
                rewritten=rehearsal.rewritten,
                findings=found,
                dependents=rehearsal.dependents + self._used(name, wish.changes),
                lost=rehearsal.lost,
                before=rehearsal.before,
                after=rehearsal.after,
            )

    def _change(self, name: str, wish: wishes.Changes, cause: Cause) -> tuple[Rehearsal, list[wishes.Finding]]:
        found: list[wishes.Finding] = []

        def _try(entries: Snapshot, connection: apsw.Connection) -> Rehearsal:
            nonlocal found
            self._seen_structure(connection, name, wish.version)
            self._refuse_referenced(connection, name, wish)
            rehearsal = rehearse(entries, name, wish.changes, drop=wish.dependents == "drop")
            found = findings.look(connection, name, rehearsal)
            _refuse_rows(found)
            return rehearsal

        deleted = any(isinstance(each, wishes.Delete) for each in wish.changes)
        cause.title, cause.table = f"{'Delete' if deleted else 'Change'} {name}", name
        names = [each.name for each in wish.changes if isinstance(each, wishes.Rename)]
        cause.words = words.read(self._database, [name, *names])
        cause.described = any(isinstance(each, wishes.Describe) for each in wish.changes)
        rehearsal = self._rehearsed(_try, lambda connection, made: _do(connection, name, wish, made), cause)
        if rehearsal.name is None:
            with self._database.write() as session:
                store.forget(session, name)
        else:
            if rehearsal.name != name or rehearsal.columns_renamed:
                self._uses.renamed(name, rehearsal.name, rehearsal.columns_renamed)
            self._describe(name, wish.changes, rehearsal.columns_renamed, rehearsal.name)
        return rehearsal, found

    def _used(self, name: str, changes: Sequence[Any]) -> list[wishes.Dependent]:
        """What the other parts of Rolltop say."""
        columns = affected(changes)
        if columns is not None and not columns:
            return []
        uses = self._uses.of(name, frozenset(columns or ()))
        return [
            wishes.Dependent(kind=use.kind, name=use.name, table=None, column=use.column, breaks=None) for use in uses
        ]

    def _seen_structure(self, connection: apsw.Connection, name: str, version: str | None) -> structure.Structure:
        """The structure now; Changed when the caller saw another one."""
        there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ? AND type IN ('table', 'view')", (name,))
        if there.get is None or self._data.fresh_catalog().table(name) is None:
            raise NoSuchCollection(name)
        now = self._collections.seen.remember(structure.read(connection, name))
        if version is not None and version != now.version:
            raise Changed(name, now.version, self._collections.seen.differences(version, now))
        return now

    @staticmethod
    def _refuse_referenced(connection: apsw.Connection, name: str, wish: wishes.Changes) -> None:
        if wish.dependents == "refuse" and any(isinstance(change, wishes.Delete) for change in wish.changes):
            others = sorted({child.table for child in links.children(connection, name)} - {name})
            if others:
                raise StillReferenced(name, others)

    # ---- the way to the writer -------------------------------------------------------------------------------------

    def _rehearsed(self, attempt: Any, work: Any, cause: Cause) -> Any:
        """Rehearse on what the schema is now, do it on the very same schema; again when somebody came in between."""
        refused = False
        for _ in range(TRIES):
            with _reading(self._data) as connection:
                entries = snapshot(connection)
                made = attempt(entries, connection)

            def _unit(writing: apsw.Connection, entries: Snapshot = entries, made: Any = made) -> None:
                if snapshot(writing) != entries:
                    raise _Moved
                work(writing, made)

            try:
                self._data.reshape(_unit, cause=cause).result()
            except _Moved:
                continue
            except (CellsChanged, apsw.ConstraintError) as error:
                if refused:  # the rows were looked at again meanwhile, and still SQLite says no
                    raise RowsInTheWay(
                        f"Rows do not fit: {error or 'cells changed meanwhile'}.",
                        [],
                        "Look at the preview, then try again.",
                    ) from error
                refused = True
                continue
            return made
        raise Busy(
            "Others keep changing the tables meanwhile.", hint="Try again in a moment.", headers={"Retry-After": "1"}
        )

    # ---- labels ----------------------------------------------------------------------------------------------------

    def _describe(
        self, name: str, changes: Sequence[Any], renamed: dict[str, str], new_name: str | None = None
    ) -> None:
        """Let labels and descriptions follow the new names, and take over new ones."""
        dropped = [change.column for change in changes if isinstance(change, wishes.DropColumn)]
        described = [change for change in changes if isinstance(change, wishes.Describe)]
        described += [
            wishes.Describe(
                change="describe",
                column=change.column.name,
                label=change.column.label,
                description=change.column.description,
            )
            for change in changes
            if isinstance(change, wishes.AddColumn)
        ]
        with self._database.write() as session:
            store.rename_columns(session, name, renamed)
            store.drop_columns(session, name, dropped)
            if new_name is not None and new_name != name:
                store.rename_table(session, name, new_name)
            for each in described:
                store.describe(session, new_name or name, each.column or "", each.label, each.description)


@contextmanager
def _reading(data: Data) -> Iterator[apsw.Connection]:
    """A connection of one's own that sees one moment of the file."""
    connection = data.connect_reader()
    try:
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()


def _make(connection: apsw.Connection, wish: wishes.TableCreate | wishes.ViewCreate) -> None:
    if isinstance(wish, wishes.TableCreate):
        create_table(connection, wish)
    else:
        views.create(connection, wish.name, wish.select)


def _do(connection: apsw.Connection, name: str, wish: wishes.Changes, rehearsal: Rehearsal) -> None:
    """On the writer's thread, inside its transaction."""
    tables = [name, *rehearsal.children, *(child.table for child in links.children(connection, name))]
    checked = rehearsal.rewritten or bool(rehearsal.children)
    before = _violations(connection, tables) if checked else {}
    Engine(connection, name, drop=wish.dependents == "drop").run(wish.changes, rehearsal.doomed)
    if checked:
        now = [str(rehearsal.name) if table == name and rehearsal.name else table for table in tables]
        after = _violations(connection, now)
        if sum(after.values()) > sum(before.values()):
            raise apsw.ConstraintError("FOREIGN KEY constraint failed")


def _violations(connection: apsw.Connection, tables: Sequence[str]) -> dict[str, int]:
    """How many rows of each table point to nowhere; a file of others may have some that are not our concern."""
    counts: dict[str, int] = {}
    for table in set(tables):
        try:
            counts[table] = sum(1 for _ in connection.execute(f"PRAGMA foreign_key_check({quote(table)})"))
        except apsw.SQLError:
            counts[table] = 0  # its key does not fit its parent: so it was before
    return counts


def _refuse_rows(found: Sequence[wishes.Finding]) -> None:
    """Raises RowsInTheWay unless the request says what becomes of each finding."""
    open_ones = [each for each in found if not each.resolved]
    if not open_ones:
        return
    words = {
        "misfits": "cannot be read as the new type",
        "losses": "would lose something",
        "nulls": "have no value",
        "duplicates": "are not different",
        "check": "break the rule",
        "orphans": "point to rows that are not there",
    }
    first = open_ones[0]
    where = f" in {', '.join(map(repr, first.columns))}" if first.columns else ""
    raise RowsInTheWay(
        f"{first.rows:,} row{'s' if first.rows != 1 else ''}{where} {words[first.kind]}.",
        [each.model_dump() for each in open_ones],
        first.hint,
    )


def _would_not_break(entries: Snapshot, name: str, wish: wishes.Changes) -> bool:
    if wish.dependents == "drop":
        return True
    if any(isinstance(change, wishes.Delete) for change in wish.changes):
        with twin(entries) as connection:
            if {child.table for child in links.children(connection, name)} - {name}:
                return False
    try:
        rehearse(entries, name, wish.changes, drop=False)
    except InUse:
        return False
    return True


def _rows(connection: apsw.Connection, name: str) -> int:
    try:
        return int(connection.execute(f"SELECT count(*) FROM {quote(name)}").get)  # noqa: S608 (quoted)
    except apsw.Error:
        return 0  # a view that is broken already
