"""Looks at the rows: which of them stand in the way of a table's new shape, and which would lose something.

Every question is one SELECT over the table as it is, with its cells as they would be. Nothing is written; the
connection may be a reader's, so that nobody waits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from rolltop.collections.schema import links
from rolltop.collections.schema.columns import type_check
from rolltop.collections.schema.convert import LOSES, MISFITS
from rolltop.collections.schema.draft import Draft
from rolltop.collections.schema.rebuild import key_columns, settled
from rolltop.collections.schema.rehearsal import Rehearsal
from rolltop.collections.schema.schemas import Finding, Sample
from rolltop.data import ddl, quote
from rolltop.data.definition import Clause, ColumnText, TableText
from rolltop.data.types import of_declared

SAMPLES = 5
LONGEST = 200
"""Characters of a cell in a sample."""


def look(connection: apsw.Connection, name: str, rehearsal: Rehearsal) -> list[Finding]:
    """What is found in the rows of the table `name`, which is as it was before."""
    draft = rehearsal.draft
    if draft is None or rehearsal.name is None or not (draft.changed or rehearsal.new_indexes):
        return []
    if connection.execute(f"SELECT 1 FROM {quote(name)} LIMIT 1").get is None:  # noqa: S608 (quoted)
        return []
    found = list(_conversions(connection, name, rehearsal, draft))
    with settled(connection, draft, strictly=False, names=rehearsal.renamed) as cells:
        rows = _Rows(connection, name, draft, cells, rehearsal.renamed)
        found += _nulls(rows)
        found += _duplicates(rows, rehearsal)
        found += _checks(rows)
        found += _orphans(rows, rehearsal)
    return found


def _conversions(connection: apsw.Connection, name: str, rehearsal: Rehearsal, draft: Draft) -> Iterator[Finding]:
    keys = _present_keys(draft, rehearsal.renamed)
    for lower, conversion in draft.conversions.items():
        column = draft.column(lower)
        present = quote(rehearsal.renamed.get(lower, draft.sources[lower]))
        connection.create_scalar_function(
            "rolltop_verdict", conversion.verdict, 1, deterministic=True, flags=apsw.SQLITE_DIRECTONLY
        )
        try:
            counts = {LOSES: 0, MISFITS: 0}
            samples: dict[int, list[Sample]] = {LOSES: [], MISFITS: []}
            listed = ", ".join([*map(quote, keys), present])
            sql = f"SELECT rolltop_verdict({present}) AS verdict, {listed} FROM {quote(name)} WHERE verdict > 0"  # noqa: S608
            for verdict, *values in connection.execute(sql):
                counts[verdict] += 1
                if len(samples[verdict]) < SAMPLES:
                    samples[verdict].append(_sample(keys, values[:-1], [column.name], values[-1:]))
        finally:
            connection.create_scalar_function("rolltop_verdict", None, 1)
        kind = conversion.target.declared.lower()
        if counts[MISFITS]:
            hint = (
                f'Send "misfits": "null" to empty these cells or "keep" to leave them as they are, or correct them: '
                f"not every cell reads as {kind}."
            )
            yield _finding(
                "misfits", [column.name], counts[MISFITS], samples[MISFITS], hint, conversion.misfits != "refuse"
            )
        if counts[LOSES]:
            hint = f'Send "losses": "accept" to store what a {kind} can hold of them.'
            yield _finding("losses", [column.name], counts[LOSES], samples[LOSES], hint, conversion.losses != "refuse")


@dataclass(slots=True)
class _Rows:
    """The rows as they would be, as a subquery."""

    connection: apsw.Connection
    name: str
    draft: Draft
    cells: dict[str, str]
    renamed: dict[str, str]

    @property
    def keys(self) -> list[str]:
        """The present names of the columns that tell a row."""
        return _present_keys(self.draft, self.renamed)

    def sql(self) -> str:
        """A SELECT with the keys (`_rolltop_key0` …) and every column under its new name."""
        columns = [f"{quote(key)} AS _rolltop_key{at}" for at, key in enumerate(self.keys)]
        generated: list[ColumnText] = []
        for column in self.draft.text.columns:
            if column.generated:
                generated.append(column)
            else:
                columns.append(f"{self._cell(column)} AS {quote(column.name)}")
        made = f"SELECT {', '.join(columns)} FROM {quote(self.name)}"  # noqa: S608 (names, quoted)
        for column in _in_order(generated):
            expression = column.of("GENERATED", "AS")[0].inside
            made = f"SELECT *, ({expression}) AS {quote(column.name)} FROM ({made})"  # noqa: S608
        return made

    def _cell(self, column: ColumnText) -> str:
        """The cell's SQL; a new column has its default."""
        cell = self.cells.get(column.name.lower())
        if cell is not None:
            return cell
        return next((f"({clause.value})" for clause in column.of("DEFAULT")), "NULL")

    def where(self, condition: str, columns: Sequence[str], source: str | None = None) -> tuple[int, list[Sample]]:
        """How many rows there are for which something holds, and the first of them."""
        keys = [f"_rolltop_key{at}" for at in range(len(self.keys))]
        listed = ", ".join([*keys, *map(quote, columns)]) or "NULL"
        sql = f"SELECT {listed} FROM ({source or self.sql()}) AS own WHERE {condition}"  # noqa: S608 (ours)
        count = 0
        samples: list[Sample] = []
        for row in self.connection.execute(sql):
            count += 1
            if len(samples) < SAMPLES:
                samples.append(_sample(self.keys, row[: len(keys)], columns, row[len(keys) :]))
        return count, samples

    def touched(self, names: Sequence[str]) -> bool:
        """Whether one of the columns gets other cells than it had."""
        lower = [name.lower() for name in names]
        return any(name in self.draft.conversions or name not in self.draft.sources for name in lower)


def _nulls(rows: _Rows) -> Iterator[Finding]:
    draft = rows.draft
    alias = draft.text.rowid_alias
    for column in draft.text.columns:
        source = draft.sources.get(column.name.lower())
        had = None if source is None else draft.before.column(source)
        before = had is not None and (bool(had.of("NOT")) or had.name == draft.before.rowid_alias)
        wanted = bool(column.of("NOT")) or (column.name == alias and source is not None)
        if column.generated or not wanted or (before and not rows.touched([column.name])):
            continue
        count, samples = rows.where(f"{quote(column.name)} IS NULL", [column.name])
        if count:
            hint = "Give the column a default, fill these rows first, or leave `not_null` out."
            yield _finding("nulls", [column.name], count, samples, hint)


def _duplicates(rows: _Rows, rehearsal: Rehearsal) -> Iterator[Finding]:
    draft = rows.draft
    had = {frozenset(map(str.lower, key)) for key in _unique_keys(draft.before)}
    keys = [key for key in _unique_keys(draft.text) if frozenset(map(str.lower, key)) not in had or rows.touched(key)]
    seen = set()
    for key in keys:
        if frozenset(key) not in seen:
            seen.add(frozenset(key))
            yield from _equal(rows, [f"{quote(name)}{_collation(draft, name)}" for name in key], key, "", None)
    for index in rehearsal.new_indexes:
        if index.unique:
            parts = [quote(part.column) if part.column else f"({part.expression})" for part in index.parts]
            columns = [part.column for part in index.parts if part.column]
            yield from _equal(rows, parts, columns, f" AND ({index.where})" if index.where else "", index.name)
    for sql in _unique_indexes(rows, draft):
        tokens = ddl.tokens_of(sql)
        opening = next(at for at, token in enumerate(tokens) if token.text == "(")
        closing = ddl.closing_of(tokens, opening)
        mentioned = {token.name.lower() for token in tokens[opening:] if token.kind == "name"}
        columns = [column.name for column in draft.text.columns if column.name.lower() in mentioned]
        if rows.touched(columns):
            parts = [_expression(part) for part in ddl.split(tokens[opening + 1 : closing])]
            where = " ".join(token.text for token in tokens[closing + 2 :])
            yield from _equal(rows, parts, columns, f" AND ({where})" if where else "", None)


def _expression(tokens: ddl.Tokens) -> str:
    """A part of an index without its direction."""
    return " ".join(token.text for token in tokens if token.word not in ("ASC", "DESC"))


def _equal(rows: _Rows, parts: Sequence[str], columns: Sequence[str], more: str, rule: str | None) -> Iterator[Finding]:
    """Rows that are the same in all parts; a NULL is never the same."""
    full = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    listed = ", ".join(parts)
    source = rows.sql()
    groups = f"SELECT {listed}, count(*) FROM ({source}) WHERE {full}{more} GROUP BY {listed} HAVING count(*) > 1"  # noqa: S608
    count = 0
    first: list[tuple[Any, ...]] = []
    for row in rows.connection.execute(groups):
        count += int(row[-1])
        if len(first) < SAMPLES:
            first.append(row[:-1])
    samples: list[Sample] = []
    for values in first:
        same = " AND ".join(f"{part} = ?" for part in parts)
        keys = [f"_rolltop_key{at}" for at in range(len(rows.keys))]
        sql = f"SELECT {', '.join([*keys, *map(quote, columns)]) or 'NULL'} FROM ({source}) WHERE {same}{more} LIMIT 2"  # noqa: S608
        samples += [
            _sample(rows.keys, row[: len(keys)], columns, row[len(keys) :])
            for row in rows.connection.execute(sql, tuple(values))
        ]
    if count:
        hint = "Change or delete these rows first, or add a column that tells them apart."
        yield _finding("duplicates", list(columns), count, samples, hint, rule=rule)


def _checks(rows: _Rows) -> Iterator[Finding]:
    draft = rows.draft
    known = {_text(clause) for clause in _check_clauses(draft.before)}
    for clause in _check_clauses(draft.text):
        mentioned = [column.name for column in draft.text.columns if clause.mentions(column.name)]
        if _text(clause) in known and not rows.touched(mentioned):
            continue
        if _is_type_check(draft, clause, mentioned):
            continue  # what does not fit the type has been found by reading the cells
        text = clause.inside
        try:
            count, samples = rows.where(f"NOT ({text})", mentioned)
        except apsw.Error:
            continue  # it cannot be computed over cells in between; the copy itself tells
        if count:
            hint = "Change these rows first, or change the rule."
            yield _finding("check", mentioned, count, samples, hint, rule=text)


def _is_type_check(draft: Draft, clause: Clause, mentioned: Sequence[str]) -> bool:
    if len(mentioned) != 1 or mentioned[0].lower() not in draft.conversions:
        return False
    own = type_check(of_declared(draft.column(mentioned[0]).type), mentioned[0])
    return own is not None and _text(own) == _text(clause)


def _orphans(rows: _Rows, rehearsal: Rehearsal) -> Iterator[Finding]:
    draft = rows.draft
    known = {(columns, _text(clause)) for columns, clause in _foreign_keys(draft.before)}
    for columns, clause in _foreign_keys(draft.text):
        if (columns, _text(clause)) in known and not rows.touched(columns):
            continue
        tokens = clause.tokens
        at = next(at for at, token in enumerate(tokens) if token.word == "REFERENCES")
        parent = tokens[at + 1].name
        own = parent.lower() in (draft.name.lower(), str(rehearsal.name).lower())
        named = ddl.names_in(tokens[at + 2 :]) if len(tokens) > at + 2 and tokens[at + 2].text == "(" else ()
        target = list(named) or (list(draft.text.primary_key) if own else _key_of(rows.connection, parent))
        if len(target) != len(columns):
            continue
        table = f"({rows.sql()})" if own else quote(parent)
        yield from _lost(rows, columns, table, target, parent)
    for child in links.children(rows.connection, rows.name):
        target = list(child.parent_columns or draft.text.primary_key)
        if child.table != rows.name and rows.touched(target) and len(target) == len(child.columns):
            yield from _lost_children(rows, child, target)


def _lost(rows: _Rows, columns: Sequence[str], table: str, target: Sequence[str], parent: str) -> Iterator[Finding]:
    full = " AND ".join(f"own.{quote(name)} IS NOT NULL" for name in columns)
    same = " AND ".join(f"there.{quote(one)} = own.{quote(two)}" for one, two in zip(target, columns, strict=True))
    condition = f"{full} AND NOT EXISTS (SELECT 1 FROM {table} AS there WHERE {same})"  # noqa: S608 (ours, quoted)
    count, samples = rows.where(condition, columns)
    if count:
        hint = f"Add the missing rows to {parent!r}, or correct or empty these cells first."
        yield _finding("orphans", list(columns), count, samples, hint, rule=f"REFERENCES {parent}")


def _lost_children(rows: _Rows, child: links.Child, target: Sequence[str]) -> Iterator[Finding]:
    """Rows of another table whose parent would have another key."""
    listed = ", ".join(map(quote, child.columns))
    full = " AND ".join(f"child.{quote(name)} IS NOT NULL" for name in child.columns)
    same = " AND ".join(
        f"there.{quote(one)} = child.{quote(two)}" for one, two in zip(target, child.columns, strict=True)
    )
    sql = (
        f"SELECT {listed} FROM {quote(child.table)} AS child WHERE {full} "  # noqa: S608 (names, quoted)
        f"AND NOT EXISTS (SELECT 1 FROM ({rows.sql()}) AS there WHERE {same})"
    )
    count = 0
    samples: list[Sample] = []
    for row in rows.connection.execute(sql):
        count += 1
        if len(samples) < SAMPLES:
            samples.append(_sample([], [], list(child.columns), row))
    if count:
        hint = f"Rows of {child.table!r} point to values that would be gone; change that column, too, or drop its key."
        yield _finding(
            "orphans", list(child.columns), count, samples, hint, rule=f"{child.table} REFERENCES {rows.name}"
        )


# ---- parts -----------------------------------------------------------------------------------------------------------


def _finding(
    kind: Any,
    columns: list[str],
    rows: int,
    samples: list[Sample],
    hint: str,
    resolved: bool = False,
    rule: str | None = None,
) -> Finding:
    return Finding(kind=kind, columns=columns, rule=rule, rows=rows, resolved=resolved, samples=samples, hint=hint)


def _sample(keys: Sequence[str], key: Sequence[Any], columns: Sequence[str], values: Sequence[Any]) -> Sample:
    return Sample(
        key={name: _shown(value) for name, value in zip(keys, key, strict=True)},
        values={name: _shown(value) for name, value in zip(columns, values, strict=True)},
    )


def _shown(value: Any) -> Any:
    """A cell as JSON can say it, long ones cut."""
    if isinstance(value, bytes):
        return f"\\x{value[:LONGEST].hex()}"
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _present_keys(draft: Draft, renamed: dict[str, str]) -> list[str]:
    return [renamed.get(name.lower(), name) for name in key_columns(draft.before)]


def _in_order(generated: list[ColumnText]) -> list[ColumnText]:
    """Generated columns, those first that others need."""
    waiting, done = list(generated), []
    while waiting:
        free = [
            column
            for column in waiting
            if not any(
                other is not column and column.of("GENERATED", "AS")[0].mentions(other.name) for other in waiting
            )
        ]
        free = free or waiting[:1]
        done += free
        waiting = [column for column in waiting if not any(column is each for each in free)]
    return done


def _unique_keys(text: TableText) -> list[tuple[str, ...]]:
    keys = [text.primary_key] if text.primary_key else []
    keys += [clause.columns for clause in text.constraints if clause.kind == "UNIQUE"]
    return keys + [(column.name,) for column in text.columns if column.of("UNIQUE")]


def _unique_indexes(rows: _Rows, draft: Draft) -> list[str]:
    if rows.renamed:
        return []  # their SQL has the present names: the copy itself tells
    sql = """
        SELECT sql FROM sqlite_schema
        WHERE type = 'index' AND lower(tbl_name) = lower(?) AND sql LIKE 'create unique%'
    """
    return [str(row[0]) for row in rows.connection.execute(sql, (draft.name,))]


def _collation(draft: Draft, name: str) -> str:
    clause = next(iter(draft.column(name).of("COLLATE")), None)
    return "" if clause is None else f" {clause.text}"


def _check_clauses(text: TableText) -> list[Clause]:
    found = [clause for column in text.columns for clause in column.of("CHECK")]
    return found + [clause for clause in text.constraints if clause.kind == "CHECK"]


def _foreign_keys(text: TableText) -> list[tuple[tuple[str, ...], Clause]]:
    found = [((column.name,), clause) for column in text.columns for clause in column.of("REFERENCES")]
    return found + [(clause.columns, clause) for clause in text.constraints if clause.kind == "FOREIGN"]


def _key_of(connection: apsw.Connection, table: str) -> list[str]:
    sql = "SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk"
    return [str(row[0]) for row in connection.execute(sql, (table,))]


def _text(clause: Clause) -> str:
    return " ".join(token.text for token in clause.tokens)
