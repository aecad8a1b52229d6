"""What names a table or a column inside the file: keys, rules and indexes."""

from collections.abc import Callable
from dataclasses import dataclass

import apsw

from rolltop.collections.schema import edits
from rolltop.collections.schema.draft import Draft
from rolltop.data import ddl
from rolltop.data.definition import Clause


@dataclass(frozen=True, slots=True)
class Link:
    """Something that would not be right without the column, and how to do without it."""

    kind: str
    name: str
    table: str
    remove: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Child:
    """A foreign key of any table that points to a certain one."""

    table: str
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    """Empty: the parent's primary key."""


def in_table(draft: Draft, name: str) -> list[Link]:
    """The rules, keys and generated columns of the same table that need a column, its own left out."""
    found = []
    for check, clause in edits.named_checks(draft).items():
        own = any(
            clause is each for column in draft.text.columns if _same(column.name, name) for each in column.clauses
        )
        if clause.mentions(name) and not own:
            found.append(Link("check", check, draft.name, lambda check=check: edits.drop_check(draft, check)))  # type: ignore[misc]
    for column in draft.text.columns:
        if _same(column.name, name):
            if column.of("PRIMARY"):
                found.append(Link("primary key", column.name, draft.name, lambda: edits.set_primary_key(draft, [])))
        elif any(clause.mentions(name) for clause in column.of("GENERATED", "AS")):
            found.append(Link("generated column", column.name, draft.name, lambda: None))
    for constraint in draft.text.constraints:
        if constraint.kind in _KEYS and any(_same(each, name) for each in constraint.columns):
            shown = constraint.name or ", ".join(constraint.columns)
            found.append(Link(_KEYS[constraint.kind], shown, draft.name, _without(draft, constraint)))
    return found


_KEYS = {"PRIMARY": "primary key", "UNIQUE": "unique", "FOREIGN": "foreign key"}


def _without(draft: Draft, constraint: Clause) -> Callable[[], None]:
    def _remove() -> None:
        draft.text.constraints = [each for each in draft.text.constraints if each is not constraint]
        draft.otherwise = True

    return _remove


def indexes(connection: apsw.Connection, table: str, column: str | None = None) -> list[str]:
    """The names of the table's indexes that somebody made, or of those that name a column."""
    sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND lower(tbl_name) = lower(?) AND sql IS NOT NULL"
    rows = connection.execute(sql, (table,)).fetchall()
    return [str(name) for name, statement in rows if column is None or _names(str(statement), column)]


def _names(statement: str, column: str) -> bool:
    tokens = ddl.tokens_of(statement)
    start = next((at for at, token in enumerate(tokens) if token.text == "("), len(tokens))
    return any(token.kind == "name" and _same(token.name, column) for token in tokens[start:])


def children(connection: apsw.Connection, table: str) -> list[Child]:
    """The foreign keys that point to a table, its own among them."""
    sql = """
        SELECT own.name, key.id, key."from", key."to"
        FROM sqlite_schema AS own, pragma_foreign_key_list(own.name) AS key
        WHERE own.type = 'table' AND lower(key."table") = lower(?) ORDER BY own.name, key.id, key.seq
    """
    keys: dict[tuple[str, int], list[tuple[str, str | None]]] = {}
    for child, number, column, parent in connection.execute(sql, (table,)):
        keys.setdefault((str(child), int(number)), []).append((str(column), parent))
    return [
        Child(
            child,
            tuple(column for column, _ in parts),
            tuple(str(parent) for _, parent in parts if parent is not None),
        )
        for (child, _), parts in keys.items()
    ]


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
