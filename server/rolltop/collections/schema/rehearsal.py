"""What changes would do to the schema, seen on an empty twin of it."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from rolltop.collections.schema import expressions, links, probes, references, search
from rolltop.collections.schema import schemas as wishes
from rolltop.collections.schema.create import create_table
from rolltop.collections.schema.draft import Draft
from rolltop.collections.schema.engine import Engine
from rolltop.collections.schema.errors import InUse, NotUnderstood, SchemaError, WrongOrder
from rolltop.collections.schema.twin import Entry, Named, Snapshot, broken, reads, twin
from rolltop.data.definition import TableText
from rolltop.errors import Conflict, RolltopError

_FALLS = re.compile(r"error in (view|trigger) (.*) after (?:rename|drop column): (.*)", re.DOTALL)
"""How SQLite says that a view or trigger would not work."""


@dataclass(slots=True)
class Rehearsal:
    """How it went."""

    name: str | None
    """The name afterwards; None when it is deleted."""
    draft: Draft | None
    """The table in its new shape; None for views."""
    renamed: dict[str, str]
    rewritten: bool
    lost: list[str]
    doomed: list[Named]
    """Views and triggers that would break and are dropped."""
    children: list[str]
    """Other tables that lose a foreign key."""
    new_indexes: list[wishes.NewIndex]
    dependents: list[wishes.Dependent]
    before: str
    after: str | None

    @property
    def columns_renamed(self) -> dict[str, str]:
        """For each renamed column, by its new name as it is written: the name it had."""
        names = [] if self.draft is None else [column.name for column in self.draft.before.columns]
        return {name: self.renamed[name.lower()] for name in names if name.lower() in self.renamed}


def rehearse(entries: Snapshot, name: str, changes: Sequence[Any], *, drop: bool) -> Rehearsal:
    """Do the changes on a twin of the schema.

    Raises:
        SchemaError, Conflict: they cannot be done; the place says which one and where.
    """
    if len(changes) > 1 and any(isinstance(change, wishes.Delete) for change in changes):
        raise WrongOrder("A table that is deleted needs no other change.", hint="Send `delete` alone.")
    fallen: list[tuple[Named, str]] = []
    while True:  # each turn with one more, of those that there are
        try:
            return _rehearsed(entries, name, changes, fallen, drop=drop)
        except _Falls as falls:
            fallen.append((falls.who, falls.why))


class _Falls(Exception):
    """SQLite refuses a rename because a view or trigger would not work any more."""

    def __init__(self, who: Named, why: str) -> None:
        super().__init__(why)
        self.who = who
        self.why = why


def _rehearsed(
    entries: Snapshot, name: str, changes: Sequence[Any], fallen: Sequence[tuple[Named, str]], *, drop: bool
) -> Rehearsal:
    """The same without the views and triggers that are known to fall."""
    entry = next(each for each in entries if each.name == name and each.kind in ("table", "view"))
    with twin(entries) as connection:
        _must_be_there(connection, entry)
        failing = broken(connection)
        mismatched = set(references.mismatched(connection, name))
        dependents = _dependents(connection, entry, changes)
        _refuse_fallen(fallen, dependents, name, drop=drop)
        engine = Engine(connection, name, drop=drop)
        first = [who for who, _ in fallen]
        _run(engine, changes, first, set(failing) | set(first))
        now = engine.name
        doomed = _doomed(connection, failing, engine, dependents, what=name)
        if now is not None:
            references.check(connection, now, list(_pointing(changes)))
            lost_keys = [child for child in references.mismatched(connection, now) if child not in mismatched]
            references.refuse_mismatched(now, lost_keys)
            _try_views(connection, changes)
        after = None
        if now is not None:
            after = str(connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (now,)).get)
        lost = engine.lost + [f"{kind} {each}" for kind, each in doomed]
        return Rehearsal(
            now, engine.table, engine.renamed, engine.rewritten, lost, [*first, *doomed], list(engine.children),
            engine.new_indexes, dependents, entry.sql, after,
        )  # fmt: skip


def _refuse_fallen(
    fallen: Sequence[tuple[Named, str]], dependents: list[wishes.Dependent], what: str, *, drop: bool
) -> None:
    """Note them as what would break; InUse unless they may be dropped."""
    if fallen and not drop:
        raise InUse(repr(what), [{"kind": kind, "name": name, "why": why} for (kind, name), why in fallen])
    names = {who for who, _ in fallen}
    dependents[:] = [each for each in dependents if (each.kind, each.name) not in names]
    dependents += [_dependent(kind, name, None, None, breaks=True) for kind, name in names]


def rehearse_table(entries: Snapshot, wish: wishes.TableCreate) -> str:
    """Make the table on a twin of the schema; its SQL.

    Raises:
        SchemaError, Conflict: it cannot be made.
    """
    with twin(entries) as connection:
        text = create_table(connection, wish, attempt=_attempt(wish))
        pointing = [
            (f"columns.{at}.references", [column.name], column.references)
            for at, column in enumerate(wish.columns)
            if column.references is not None
        ]
        pointing += [(f"foreign_keys.{at}", key.from_columns, key) for at, key in enumerate(wish.foreign_keys)]
        references.check(connection, wish.name, pointing)
        probes.try_written(text, list(probes.written(wish)))
        for at, column in enumerate(wish.columns):
            made = text.column(column.name)
            if made is not None:
                probes.try_default(made, f"columns.{at}.default")
        return str(connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (wish.name,)).get)


def _attempt(wish: wishes.TableCreate) -> Callable[[TableText, Callable[[], object]], object]:
    """Runs a statement of the new table; when SQLite refuses, the piece that it refuses gets the blame."""

    def _tried(text: TableText, work: Callable[[], object]) -> None:
        try:
            work()
        except apsw.SQLError as error:
            probes.try_written(text, list(probes.written(wish)))
            raise NotUnderstood(
                f"SQLite does not take this table: {error}.", hint="Correct what it names, then send it again."
            ) from error

    return _tried


def _must_be_there(connection: apsw.Connection, entry: Entry) -> None:
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (entry.name,)).get is None:
        raise NotUnderstood(
            f"{entry.name!r} uses something that this SQLite does not have, so that it cannot be changed here.",
            details={"sql": entry.sql},
            hint="Change it with the program that made it.",
        )


def _run(engine: Engine, changes: Sequence[Any], fallen: Sequence[Named], known: set[Named]) -> None:
    """Every change; an error is told with its place. `known` are the views and triggers that need not work."""
    at = 0

    def _now(number: int) -> None:
        nonlocal at
        at = number

    try:
        engine.run(changes, fallen, at=_now)
    except RolltopError as error:
        _place(error, f"changes.{at}" if at < len(changes) else None)
        raise
    except apsw.Error as error:
        _blame(engine, changes)
        falls = _FALLS.fullmatch(str(error))
        if falls is not None and (falls[1], falls[2]) not in known:
            raise _Falls((falls[1], falls[2]), falls[3]) from error
        raise NotUnderstood(
            f"SQLite does not take this: {error}.",
            place=f"changes.{at}" if at < len(changes) else "changes",
            hint="Delete or repair that view or trigger first: it does not work as it is."
            if str(error).startswith("error in ")
            else "Correct what it names, then send it again. Nothing was changed.",
        ) from error
    _blame(engine, changes)


def _place(error: RolltopError, place: str | None) -> None:
    if isinstance(error, SchemaError):
        error.at(place)
    elif isinstance(error, Conflict) and place is not None:
        known = error.details if isinstance(error.details, dict) else {}
        inner = known.get("place")
        error.details = known | {"place": f"{place}.{inner}" if inner else place}


def _blame(engine: Engine, changes: Sequence[Any]) -> None:
    """Try out the SQL and the defaults of each change over the columns as they would be."""
    if engine.table is None:
        return
    text = engine.table.text
    for number, change in enumerate(changes):
        probes.try_written(text, list(probes.written(change, f"changes.{number}")))
        column = None
        if isinstance(change, wishes.AddColumn):
            column = text.column(change.column.name)
        elif isinstance(change, wishes.AlterColumn):
            column = text.column(change.column)
        if column is not None:
            probes.try_default(column, f"changes.{number}.default")


def _try_views(connection: apsw.Connection, changes: Sequence[Any]) -> None:
    for number, change in enumerate(changes):
        if isinstance(change, wishes.SetSelect):
            statement = expressions.select(change.select, f"changes.{number}.select")
            expressions.try_select(connection, statement, f"changes.{number}.select")


def _pointing(changes: Sequence[Any]) -> Iterator[references.Pointing]:
    for number, change in enumerate(changes):
        if isinstance(change, wishes.AddForeignKey):
            yield f"changes.{number}", change.from_columns, change
        elif isinstance(change, wishes.AddColumn) and change.column.references is not None:
            yield f"changes.{number}.column.references", [change.column.name], change.column.references
        elif isinstance(change, wishes.AlterColumn) and change.references is not None:
            yield f"changes.{number}.references", [change.column], change.references


# ---- what depends on it ----------------------------------------------------------------------------------------------


def _doomed(
    connection: apsw.Connection,
    failing: dict[Named, str],
    engine: Engine,
    dependents: list[wishes.Dependent],
    what: str,
) -> list[Named]:
    """The views and triggers that worked before and would not any more."""
    newly = {who: why for who, why in broken(connection).items() if who not in failing}
    for dependent in dependents:
        if (dependent.kind, dependent.name) in newly:
            dependent.breaks = True
    known = {(each.kind, each.name) for each in dependents}
    for kind, name in newly:
        if (kind, name) not in known:
            dependents.append(wishes.Dependent(kind=kind, name=name, table=None, column=None, breaks=True))
    if newly and not engine.drop:
        used = [{"kind": kind, "name": name, "why": why} for (kind, name), why in newly.items()]
        raise InUse(repr(what), used)
    return list(newly)


def _dependents(connection: apsw.Connection, entry: Entry, changes: Sequence[Any]) -> list[wishes.Dependent]:
    """Everything in the file that uses what is changed, each once for each column."""
    columns = affected(changes)
    users = reads(connection, entry.name)
    found = []
    for (kind, name), used in sorted(users.items()):
        if columns is None:
            found.append(_dependent(kind, name, None, None, breaks=False))
        else:
            found += [_dependent(kind, name, None, column, breaks=False) for column in sorted(used & set(columns))]
    if entry.kind == "table":
        found += _linked(connection, entry, columns, changes)
    return found


def _linked(
    connection: apsw.Connection, entry: Entry, columns: dict[str, bool] | None, changes: Sequence[Any]
) -> list[wishes.Dependent]:
    found = []
    pointing = links.children(connection, entry.name)
    if columns is None:
        gone = any(isinstance(change, wishes.Delete) for change in changes)
        others = [child for child in pointing if child.table != entry.name]
        return [_dependent("foreign key", ", ".join(each.columns), each.table, None, breaks=gone) for each in others]
    draft = Draft.of(entry.name, entry.sql)
    for column, dropped in sorted(columns.items()):
        for link in links.in_table(draft, column):
            found.append(_dependent(link.kind, link.name, link.table, column, breaks=dropped))
        for index in links.indexes(connection, entry.name, column):
            found.append(_dependent("index", index, entry.name, column, breaks=dropped))
        for child in pointing:
            if column in map(str.lower, child.parent_columns or draft.before.primary_key):
                found.append(_dependent("foreign key", ", ".join(child.columns), child.table, column, breaks=dropped))
        if column in map(str.lower, search.present(connection, entry.name, draft.before)):
            found.append(_dependent("search", search.index_name(entry.name), entry.name, column, breaks=dropped))
    return found


def affected(changes: Sequence[Any]) -> dict[str, bool] | None:
    """The columns (lower case, as named before) that are renamed, altered or dropped, and whether they are dropped;
    None when it is about the table as a whole."""
    found: dict[str, bool] = {}
    names: dict[str, str] = {}
    for change in changes:
        if isinstance(change, wishes.Delete | wishes.Rename | wishes.SetSelect):
            return None
        if isinstance(change, wishes.RenameColumn | wishes.AlterColumn | wishes.DropColumn):
            lower = names.get(change.column.lower(), change.column.lower())
            if isinstance(change, wishes.RenameColumn):
                names[change.name.lower()] = lower
            found[lower] = found.get(lower, False) or isinstance(change, wishes.DropColumn)
    return found


def _dependent(kind: str, name: str, table: str | None, column: str | None, *, breaks: bool) -> wishes.Dependent:
    return wishes.Dependent(kind=kind, name=name, table=table, column=column, breaks=breaks)
