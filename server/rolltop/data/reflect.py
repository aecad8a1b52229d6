"""Reads the catalog from an open file."""

import time
from dataclasses import replace
from typing import Any

import apsw

from rolltop.data import checks, ddl, expressions
from rolltop.data.catalog import Catalog, CheckRule, Column, ForeignKey, Table, UniqueKey
from rolltop.data.quoting import quote
from rolltop.data.types import of_declared
from rolltop.data.types.expression import EXPRESSION

HIDDEN_PREFIXES = ("sqlite_", "_rolltop_")
_SHADOWABLE = ("rowid", "_rowid_", "oid")


def is_hidden(name: str) -> bool:
    """Whether the API does not know a table of this name: SQLite's own and Rolltop's (threat model S2)."""
    return name.lower().startswith(HIDDEN_PREFIXES)


def fts_trigger_names(table: str) -> tuple[str, str, str]:
    """The triggers that keep the full-text search of a table: after insert, delete, update. They write nowhere else."""
    return f"{table}_fts_insert", f"{table}_fts_delete", f"{table}_fts_update"


def schema_version(connection: apsw.Connection) -> int:
    """The number that SQLite raises with every change of the schema."""
    return int(connection.execute("PRAGMA schema_version").get)


def reflect(connection: apsw.Connection) -> Catalog:
    """The catalog as it is now; call inside a transaction or with nobody else writing."""
    version = schema_version(connection)
    sources: dict[str, str] = {}
    triggered: set[str] = set()
    for kind, name, table, sql in _rows(connection, "SELECT type, name, tbl_name, sql FROM sqlite_schema"):
        if kind == "trigger":
            if name not in fts_trigger_names(table):
                triggered.add(table.lower())
        elif kind in ("table", "view"):
            sources[name] = sql or ""
    tables: dict[str, Table] = {}
    for schema, name, kind, _columns, without_rowid, strict in _rows(connection, "PRAGMA table_list"):
        if schema != "main" or kind not in ("table", "view") or is_hidden(name):
            continue
        sql = sources.get(name, "")
        try:
            if kind == "view":
                tables[name] = _view(connection, name, sql)
            else:
                triggers = name.lower() in triggered
                tables[name] = _table(connection, name, sql, bool(without_rowid), bool(strict), triggers)
        except apsw.SQLError:
            continue  # a view over tables that are gone, or over functions that the file may not call
    return Catalog(version, _with_exact_parents(tables))


def _rows(connection: apsw.Connection, sql: str, *bindings: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql, bindings).fetchall()


SAMPLE_ROWS = 100
SAMPLE_SECONDS = 0.1
_BY_STORAGE_CLASS = {
    frozenset({"integer"}): "INTEGER",
    frozenset({"real"}): "REAL",
    frozenset({"integer", "real"}): "NUMERIC",
    frozenset({"text"}): "TEXT",
    frozenset({"blob"}): "BLOB",
}


def _view(connection: apsw.Connection, name: str, sql: str) -> Table:
    """A view: its columns are of the types of what it selects, told by its text, else by what its first rows hold."""
    names = [row[1] for row in _rows(connection, "SELECT * FROM pragma_table_xinfo(?)", name) if row[6] != 1]
    told = expressions.types_of(connection, expressions.body_of_view(sql))
    if len(told) != len(names):
        told = (None,) * len(names)
    found = _sampled(connection, name, [column for column, kind in zip(names, told, strict=True) if kind is None])
    columns = []
    for column, kind in zip(names, told, strict=True):
        seen = found.get(column)
        if kind is not None or seen is not None:
            columns.append(Column(column, kind or "", of_declared(kind or seen or "")))
        else:
            columns.append(Column(column, "", EXPRESSION))
    return Table(name, "view", tuple(columns), sql=sql)


def _sampled(connection: apsw.Connection, name: str, columns: list[str]) -> dict[str, str]:
    """Types for a view's expressions by what its first rows hold, where that is all of one kind; looked at briefly."""
    if not columns:
        return {}
    kinds = ", ".join(f"typeof({quote(column)})" for column in columns)
    until = time.monotonic() + SAMPLE_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > until, 10_000, id="sample")
    try:
        rows = _rows(connection, f"SELECT {kinds} FROM {quote(name)} LIMIT {SAMPLE_ROWS}")  # noqa: S608 (quoted)
    except apsw.InterruptError:
        return {}
    finally:
        connection.set_progress_handler(None, id="sample")
    found = {}
    for column, kinds_seen in zip(columns, zip(*rows, strict=True), strict=False):
        seen = _BY_STORAGE_CLASS.get(frozenset(kinds_seen) - {"null"})
        if seen is not None:
            found[column] = seen
    return found


def _table(
    connection: apsw.Connection, name: str, sql: str, without_rowid: bool, strict: bool, triggers: bool
) -> Table:
    declared = ddl.read(sql)
    columns = tuple(
        _column(declared, strict, *row)
        for row in _rows(connection, "SELECT * FROM pragma_table_xinfo(?)", name)
        if row[6] != 1  # 1: a hidden column of a virtual table
    )
    primary_key = tuple(column.name for column in sorted(columns, key=lambda column: column.key) if column.key)
    exact = {column.name.lower(): column.name for column in columns}
    unique, rowid_alias = _unique_keys(connection, name, declared, exact), None
    if not without_rowid and len(primary_key) == 1 and not _has_index_for_key(connection, name):
        rowid_alias = primary_key[0]
        columns = tuple(_held_alias(column) if column.name == rowid_alias else column for column in columns)
    first, sorted_by_index = _indexed(connection, name)
    return Table(
        name,
        "table",
        columns,
        primary_key=primary_key,
        primary_key_name=declared.primary_key_name or f"{name}_pkey",
        unique=unique,
        foreign_keys=_foreign_keys(connection, name, declared, exact),
        checks=_checks(name, declared),
        without_rowid=without_rowid,
        strict=strict,
        rowid=None if without_rowid else next((word for word in _SHADOWABLE if word not in exact), None),
        rowid_alias=rowid_alias,
        triggers=triggers,
        indexed=first | ({rowid_alias} if rowid_alias is not None else set()),
        sorted_by_index=sorted_by_index,
        sql=sql,
    )


def _column(
    declared: ddl.Declared,
    strict: bool,
    _cid: int,
    name: str,
    declared_type: str,
    not_null: int,
    default: str | None,
    key: int,
    hidden: int,
) -> Column:
    column_type = of_declared(declared_type)
    lower = name.lower()
    expression = column_type.check(quote(name))
    wanted = None if expression is None else " ".join(token.text for token in ddl.tokens_of(expression))
    own = [check for check in declared.checks if check.column is None or check.column.lower() == lower]
    found_choices = next((found[1] for found in map(checks.choices, own) if found and found[0] == lower), ())
    lengths = [(side, length) for check in own for name, side, length in checks.lengths(check) if name == lower]
    bounds = [(mark, number) for check in own for name, mark, number in checks.bounds(check) if name == lower]
    boolean = column_type.name == "boolean"
    return Column(
        name,
        declared_type,
        column_type,
        not_null=bool(not_null),
        default=default,
        generated=hidden in (2, 3),
        key=key,
        choices=() if boolean else found_choices,
        min_length=max((length for side, length in lengths if side == "least"), default=None),
        max_length=min((length for side, length in lengths if side == "most"), default=None),
        bounds=tuple(bounds),
        held=(strict and declared_type.upper() in ("INT", "INTEGER", "TEXT"))
        or any(check.text == wanted for check in own),
        collation=declared.collations.get(lower),
    )


def _held_alias(column: Column) -> Column:
    """The rowid alias holds 64-bit integers whatever anyone tries to store."""
    return replace(column, held=True)


def _has_index_for_key(connection: apsw.Connection, name: str) -> bool:
    return any(row[3] == "pk" for row in _rows(connection, "SELECT * FROM pragma_index_list(?)", name))


def _indexed(connection: apsw.Connection, name: str) -> tuple[frozenset[str], frozenset[str]]:
    """The first columns of the table's indexes, partial ones left out; and all columns of them."""
    sql = (
        "SELECT parts.name, parts.seqno FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS parts "
        "WHERE NOT list.partial AND parts.name IS NOT NULL"
    )
    found = _rows(connection, sql, name)
    return frozenset(column for column, place in found if place == 0), frozenset(column for column, _ in found)


def _unique_keys(
    connection: apsw.Connection, name: str, declared: ddl.Declared, exact: dict[str, str]
) -> tuple[UniqueKey, ...]:
    keys = []
    for _, index, unique, origin, partial in _rows(connection, "SELECT * FROM pragma_index_list(?)", name):
        if not unique or partial or origin == "pk":
            continue
        columns = [column for _, _, column in _rows(connection, "SELECT * FROM pragma_index_info(?)", index)]
        if None in columns:  # an expression
            continue
        lower = tuple(column.lower() for column in columns)
        derived = index if origin == "c" else f"{name}_{'_'.join(columns)}_key"
        keys.append(UniqueKey(declared.unique_names.get(lower, derived), tuple(exact[column] for column in lower)))
    return tuple(keys)


def _foreign_keys(
    connection: apsw.Connection, name: str, declared: ddl.Declared, exact: dict[str, str]
) -> tuple[ForeignKey, ...]:
    rows: dict[int, list[tuple[object, ...]]] = {}
    for row in _rows(connection, "SELECT * FROM pragma_foreign_key_list(?)", name):
        rows.setdefault(row[0], []).append(row)
    keys = []
    for _, parts in sorted(rows.items(), reverse=True):  # SQLite lists the last declared first
        parts.sort(key=lambda part: int(str(part[1])))
        lower = tuple(str(part[3]).lower() for part in parts)
        columns = tuple(exact.get(column, column) for column in lower)
        parent = str(parts[0][2])
        named = tuple(str(part[4]) for part in parts if part[4] is not None)
        keys.append(
            ForeignKey(
                declared.foreign_key_names.get(lower, f"{name}_{'_'.join(columns)}_fkey"),
                columns,
                parent,
                named or _primary_key_of(connection, parent),
                on_update=str(parts[0][5]),
                on_delete=str(parts[0][6]),
                deferred=lower in declared.deferred_keys,
            )
        )
    return tuple(keys)


def _primary_key_of(connection: apsw.Connection, name: str) -> tuple[str, ...]:
    rows = _rows(connection, "SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk", name)
    return tuple(str(row[0]) for row in rows)


def _checks(name: str, declared: ddl.Declared) -> tuple[CheckRule, ...]:
    rules = []
    for check in declared.checks:
        derived = f"{name}_{check.column}_check" if check.column else f"{name}_check"
        rules.append(CheckRule(check.name or derived, check.text))
    return tuple(rules)


def _with_exact_parents(tables: dict[str, Table]) -> dict[str, Table]:
    """Foreign keys name their parents in any case; here they get the case of the declaration."""
    exact = {name.lower(): table for name, table in tables.items()}
    for name, table in tables.items():
        keys = []
        for key in table.foreign_keys:
            parent = exact.get(key.table.lower())
            if parent is not None:
                columns = {column.name.lower(): column.name for column in parent.columns}
                key = replace(
                    key,
                    table=parent.name,
                    parent_columns=tuple(columns.get(column.lower(), column) for column in key.parent_columns),
                )
            keys.append(key)
        if tuple(keys) != table.foreign_keys:
            tables[name] = replace(table, foreign_keys=tuple(keys))
    return tables
