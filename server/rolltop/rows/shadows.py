# ruff: noqa: S608 (names are looked up in the catalog and quoted, values bound)
"""SQL that somebody wrote, run by a caller who does not see everything: its tables are shadowed by what he sees.

    WITH "t" AS NOT MATERIALIZED (SELECT "id", "title" FROM main."t" WHERE "owner" = ?) …the query…

A name in WITH goes before a table of that name, in every part of the query; only `main.t` goes past it, and is refused.
A view shows what its own SQL says to whoever may read it.
"""

from dataclasses import dataclass

from rolltop.auth import Action, Actor
from rolltop.data import Table, quote
from rolltop.data.ddl import tokens_of
from rolltop.data.inspection import Inspected, qualified
from rolltop.data.types import SQLValue
from rolltop.rows import errors, plan
from rolltop.rows.asked import Slot
from rolltop.rows.conditions import where_of
from rolltop.rows.literals import Convert
from rolltop.rows.sight import Sight
from rolltop.rows.statement import Bind, Text

_DENIED = "SELECT NULL AS _rolltop_denied"


@dataclass(frozen=True, slots=True)
class Shadows:
    """What goes behind WITH, in front of the query; empty where the caller sees all that it reads."""

    sql: str = ""
    binds: tuple[Bind, ...] = ()


class _Blank(Text):
    """SQL to be looked at and not to be run: nothing is bound."""

    def bind(self, _value: "str | Slot | None", _convert: Convert) -> str:
        return "NULL"

    def constant(self, _value: SQLValue) -> str:
        return "NULL"


def of(statement: Inspected, sight: Sight, actor: Actor, mine: int | None) -> Shadows:
    """The shadows that a query which reads needs; 42501 when it reads what the caller may not.

    His own values are bound from slot `mine` on; with None nothing is bound, for a look at the statement.
    """
    tables = sight.whole.tables
    _refuse_unknown(statement, sight)
    for name in sorted(statement.named & tables.keys()):
        plan.may(actor, tables[name], Action.SELECT)
    read = [tables[name] for name in sorted(statement.reads & tables.keys())]
    shadowed = [table for table in read if not (_may_read(actor, table) and sight.is_whole(table.name))]
    if not shadowed:
        return Shadows()
    if qualified(statement.sql):
        raise errors.QualifiedName
    text = _Blank() if mine is None else Text()
    made = ", ".join(
        f"{quote(table.name)} AS NOT MATERIALIZED ({_seen(text, table, sight, actor, mine or 0)})" for table in shadowed
    )
    return Shadows(made, tuple(text.binds))


def looked_at(statement: Inspected, shadows: Shadows) -> str:
    """The statement behind its shadows, for a look at the columns that it has then."""
    return f"WITH {shadows.sql} SELECT * FROM ({statement.sql}\n)"


def check_write(statement: Inspected, sight: Sight, actor: Actor) -> None:
    """Refuse with 42501 a query that writes, unless the caller may do everything with its tables and see them whole.

    Those to which their foreign keys lead are among the tables that SQLite says it reads.
    """
    tables = sight.whole.tables
    _refuse_unknown(statement, sight)
    for name in sorted((statement.reads | statement.changes) & tables.keys()):
        if name in statement.reads:
            plan.may(actor, tables[name], Action.SELECT)
        if name in statement.changes:
            plan.may(actor, tables[name], Action.INSERT, Action.UPDATE, Action.DELETE)
        if not sight.is_whole(name) or name in sight.fixed:
            raise errors.NotAllowed(name)


def _refuse_unknown(statement: Inspected, sight: Sight) -> None:
    """Refuse with 42501 a query that names what is not in the catalog, such as a full-text table, which holds the rows
    of another; what a view or a trigger does with it is theirs."""
    if sight.limited:
        unknown = {name.lower() for name in (statement.reads | statement.changes) - sight.whole.tables.keys()}
        if not unknown.isdisjoint(token.name.lower() for token in tokens_of(statement.sql)):
            raise errors.UnknownNamed


def _may_read(actor: Actor, table: Table) -> bool:
    return actor.may(Action.SELECT, table.name)


def _seen(text: Text, table: Table, sight: Sight, actor: Actor, mine: int) -> str:
    """The rows and columns that the caller sees of a table."""
    if not _may_read(actor, table):
        return _DENIED
    columns = ", ".join(quote(column.name) for column in sight.catalog.tables[table.name].columns) or "NULL"
    where = where_of(text, plan.rules(sight, table.name, mine))
    return f"SELECT {columns} FROM main.{quote(table.name)}{where}"
