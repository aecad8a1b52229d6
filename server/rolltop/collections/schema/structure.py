"""How a table is built, as its SQL and SQLite tell it, and the version by which callers name what they saw."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw

from rolltop.collections.schema import edits, links, search
from rolltop.collections.schema.draft import Draft
from rolltop.data.reflect import fts_trigger_names

VERSIONS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class IndexFound:
    """An index that somebody made."""

    name: str
    columns: tuple[str | None, ...]
    unique: bool
    partial: bool
    sql: str


@dataclass(frozen=True, slots=True)
class Structure:
    """What the catalog, made for rows, leaves out."""

    version: str
    sql: str
    parts: tuple[str, ...]
    """What the version stands for, one line each: columns, rules, indexes, triggers."""
    expressions: dict[str, str]
    """The expression of each generated column."""
    checks: tuple[tuple[str, str], ...] = ()
    indexes: tuple[IndexFound, ...] = ()
    triggers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()


def read(connection: apsw.Connection, name: str) -> Structure:
    """The structure of a table or view that is there."""
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type, name", (name,)
    ).fetchall()
    version = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    own = {str(kind): str(sql) for kind, each, sql in rows if each == name}
    hidden = fts_trigger_names(name)
    triggers = tuple(str(each) for kind, each, _ in rows if kind == "trigger" and each not in hidden)
    others = tuple(f"{kind} {each}: {sql}" for kind, each, sql in rows if each != name and each not in hidden)
    if "table" not in own:
        sql = own.get("view", "")
        return Structure(version, sql, (f"view: {sql}", *others), {}, triggers=triggers)
    draft = Draft.of(name, own["table"])
    expressions = {
        column.name: column.of("GENERATED", "AS")[0].inside for column in draft.text.columns if column.generated
    }
    parts = (
        *(f"column {column.name}: {column.sql}" for column in draft.text.columns),
        *(f"rule: {clause.text}" for clause in draft.text.constraints),
        *((f"options: {draft.text.options}",) if draft.text.options else ()),
        *others,
    )
    return Structure(
        version,
        own["table"],
        parts,
        expressions,
        checks=tuple((each, clause.inside) for each, clause in edits.named_checks(draft).items()),
        indexes=tuple(_index(connection, each) for each in links.indexes(connection, name)),
        triggers=triggers,
        search=tuple(search.present(connection, name, draft.text)),
    )


def _index(connection: apsw.Connection, name: str) -> IndexFound:
    table, sql = connection.execute("SELECT tbl_name, sql FROM sqlite_schema WHERE name = ?", (name,)).fetchall()[0]
    unique, partial = connection.execute(
        'SELECT "unique", partial FROM pragma_index_list(?) WHERE name = ?', (table, name)
    ).fetchall()[0]
    columns = connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,))
    return IndexFound(name, tuple(row[0] for row in columns), bool(unique), bool(partial), str(sql))


class Seen:
    """The structures that callers were told of, so that a refused change can say what is different now."""

    def __init__(self) -> None:
        self._parts: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def remember(self, structure: Structure) -> Structure:
        """Keep what a version stands for."""
        self._parts[structure.version] = structure.parts
        self._parts.move_to_end(structure.version)
        while len(self._parts) > VERSIONS_KEPT:
            self._parts.popitem(last=False)
        return structure

    def differences(self, version: str, now: Structure) -> list[str] | None:
        """What is different now from the version somebody saw; None when nobody remembers it."""
        before = self._parts.get(version)
        return None if before is None else list(_differences(before, now.parts))


def _differences(before: Sequence[str], now: Sequence[str]) -> Iterable[str]:
    old, new = dict(part.split(": ", 1) for part in before), dict(part.split(": ", 1) for part in now)
    for what in new.keys() - old.keys():
        yield f"{what} is new"
    for what in old.keys() - new.keys():
        yield f"{what} is gone"
    for what in old.keys() & new.keys():
        if old[what] != new[what]:
            yield f"{what} was {old[what]}, is {new[what]}"
    if list(old) != list(new) and old.keys() == new.keys():
        yield "the order is another"
