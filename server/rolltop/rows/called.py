"""A call of a saved query: which query, whether the caller may, and its result in the place of a table.

For whoever answers a call: `calling` with a page, `exporting` with a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import apsw

from rolltop.auth import Actor, Scope
from rolltop.data import Data
from rolltop.data.ddl import tokens_of
from rolltop.data.errors import SQLProblem, SyntaxProblem, of_running
from rolltop.data.inspection import problem_of
from rolltop.data.types import SQLValue
from rolltop.errors import Forbidden, RolltopError
from rolltop.rows import arguments, errors, parse, returned, shadows, shape, sight
from rolltop.rows.asked import Asked, Item
from rolltop.rows.described import Described
from rolltop.rows.planned import Source
from rolltop.rows.saved import Call, SavedQueries, SavedQuery
from rolltop.rows.shape import Shaped
from rolltop.rows.sight import Sight
from rolltop.rows.statement import Statement

_WRITING = ("INSERT", "REPLACE", "UPDATE", "DELETE")


def query_named(saved: SavedQueries, actor: Actor, name: str, given: Mapping[str, Any]) -> SavedQuery:
    """The saved query called `name`; PGRST202 when there is none, with one that is alike for who may call them all."""
    queries = saved.now.queries
    query = queries.get(name)
    if query is None:
        raise arguments.unknown(name, given, {} if actor.limits else queries)
    return query


def seen_by(data: Data, actor: Actor, described: Described) -> Described:
    """The query as its caller sees its tables; 42501 for what he has no right to."""
    statement = described.statement
    if (Scope.ROWS_WRITE if statement.writes else Scope.ROWS_READ) not in actor.scopes:
        raise errors.NotAllowed(described.name)
    seen = sight.of(described.catalog, actor.limits)
    if statement.writes:
        with _unnamed(described):
            shadows.check_write(statement, seen, actor)
        return described
    with _unnamed(described):
        before = shadows.of(statement, seen, actor, None)
    if not before.sql:
        return described
    try:
        columns = data.inspect(shadows.looked_at(statement, before)).columns
    except SQLProblem:
        raise errors.QueryNotAllowed(described.name) from None
    return described.with_columns(columns, seen.catalog)


@contextmanager
def _unnamed(described: Described) -> Iterator[None]:
    """Refuses without the name of the table, of which the caller may not know."""
    try:
        yield
    except errors.NotAllowed:
        raise errors.QueryNotAllowed(described.name) from None


def callable_by(data: Data, saved: SavedQueries, actor: Actor) -> list[Call]:
    """The saved queries that the caller may call, as he sees them; of their statements, not of rows that were seen."""
    found = []
    for call in saved.callable():
        with suppress(Forbidden):
            found.append(Call(call.query, seen_by(data, actor, call.described)))
    return found


def refuse_writing(described: Described) -> None:
    """Refuse with 25006 a query that writes where only reading is possible."""
    if described.statement.writes:
        words = (token.word for token in tokens_of(described.statement.sql))
        raise errors.ReadOnlyCall(next((word for word in words if word in _WRITING), "WRITE"))


def source_of(actor: Actor, described: Described, literals: int) -> Source:
    """A query that reads in the place of a table: its arguments are bound after so many literals of the URL, and after
    them the caller's own values."""
    parameters = len(described.statement.parameters)
    seen = sight.of(described.catalog, actor.limits)
    before = shadows.of(described.statement, seen, actor, literals + parameters)
    binds = tuple((literals + number, _as_it_is) for number in range(parameters))
    return Source(described.table, described.sql, before.binds + binds, before.sql)


def sight_of(actor: Actor, described: Described) -> Sight:
    """Where its rows have relationships: only rows of a table have some."""
    return sight.of(described.catalog, actor.limits) if described.of_table else sight.of(returned.NO_TABLES, ())


def needs_types(shaped: Shaped) -> bool:
    """Whether a request compares, casts or computes."""
    asked: Asked = parse.read(shape.parameters(shaped.pieces))
    items = (item for item in asked.select or () if isinstance(item, Item))
    return bool(asked.filters) or any(item.cast or item.aggregate or item.field.steps for item in items)


async def typed(
    data: Data, saved: SavedQueries, actor: Actor, described: Described, values: Sequence[SQLValue]
) -> Described:
    """The same with the types of the values that its first rows hold."""
    names, source = described.untyped, source_of(actor, described, 0)
    columns = [column.name for column in described.table.columns]
    text = returned.kinds_of(described.sql, columns, names, source.before)
    bindings = Statement(text, source.binds, 0).bindings([*values, *actor.me])
    rows = await data.query(lambda one: one.execute(text, bindings).fetchall(), single=True)
    described = described.typed((name, {str(row[at]) for row in rows}) for at, name in enumerate(names))
    if not described.untyped and not actor.limits:
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
