"""A call of a saved query: which query, whether the caller may, and its result in the place of a table.

For whoever answers a call: `calling` with a page, `exporting` with a file.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from rolltop.auth import Actor, Scope
from rolltop.data import Catalog, Data
from rolltop.data.ddl import tokens_of
from rolltop.data.errors import SyntaxProblem, of_running
from rolltop.data.inspection import problem_of
from rolltop.data.types import SQLValue
from rolltop.errors import RolltopError
from rolltop.rows import arguments, errors, parse, plan, returned, shape
from rolltop.rows.asked import Asked, Item
from rolltop.rows.described import Described
from rolltop.rows.planned import Source
from rolltop.rows.saved import SavedQueries, SavedQuery
from rolltop.rows.shape import Shaped

_WRITING = ("INSERT", "REPLACE", "UPDATE", "DELETE")


def query_named(saved: SavedQueries, name: str, given: Mapping[str, Any]) -> SavedQuery:
    """The saved query called `name`; PGRST202 when there is none."""
    queries = saved.now.queries
    query = queries.get(name)
    if query is None:
        raise arguments.unknown(name, given, queries)
    return query


def may_call(actor: Actor, described: Described) -> None:
    """Refuse with 42501 what the caller has no right to."""
    tables = described.catalog.tables
    for name in described.statement.reads & tables.keys():
        plan.may(actor, tables[name], Scope.ROWS_READ)
    for name in described.statement.changes & tables.keys():
        plan.may(actor, tables[name], Scope.ROWS_WRITE)
    if (Scope.ROWS_WRITE if described.statement.writes else Scope.ROWS_READ) not in actor.scopes:
        raise errors.NotAllowed(described.name)


def refuse_writing(described: Described) -> None:
    """Refuse with 25006 a query that writes where only reading is possible."""
    if described.statement.writes:
        words = (token.word for token in tokens_of(described.statement.sql))
        raise errors.ReadOnlyCall(next((word for word in words if word in _WRITING), "WRITE"))


def source_of(described: Described, literals: int) -> Source:
    """A query that reads in the place of a table: its arguments are bound after so many literals of the URL."""
    binds = tuple((literals + number, _as_it_is) for number in range(len(described.statement.parameters)))
    return Source(described.table, described.sql, binds)


def catalog_of(described: Described) -> Catalog:
    """Where its rows have relationships: only rows of a table have some."""
    return described.catalog if described.of_table else returned.NO_TABLES


def needs_types(shaped: Shaped) -> bool:
    """Whether a request compares, casts or computes."""
    asked: Asked = parse.read(shape.parameters(shaped.pieces))
    items = (item for item in asked.select or () if isinstance(item, Item))
    return bool(asked.filters) or any(item.cast or item.aggregate or item.field.steps for item in items)


async def seen(data: Data, saved: SavedQueries, described: Described, values: Sequence[SQLValue]) -> Described:
    """The same with the types of the values that its first rows hold."""
    names = described.untyped
    statement = returned.kinds_of(described.sql, [column.name for column in described.table.columns], names)
    rows = await data.query(lambda one: one.execute(statement, values).fetchall(), single=True)
    described = described.typed((name, {str(row[at]) for row in rows}) for at, name in enumerate(names))
    if not described.untyped:
        saved.remember(described)
    return described


def of_data(failure: apsw.SQLError) -> RolltopError:
    """What went wrong while a statement ran that was fine when it was looked at."""
    problem = of_running(failure) or problem_of(str(failure))
    if not isinstance(problem, SyntaxProblem):
        return problem
    return errors.DataException(
        f"The query could not go on: {failure}.", hint="Look at the arguments and at the rows that it reads."
    )


def _as_it_is(value: Any) -> SQLValue:
    """An argument was read when it was taken."""
    made: SQLValue = value
    return made
