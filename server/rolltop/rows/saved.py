"""The saved queries as the lane knows them: all in memory, and what their statements mean in the present schema.

    rolltop.db ─ queries.service ─ replace() ─▶ SavedQueries ─ described() ─▶ /rpc, the root document, /openapi.json

They lie in rolltop.db, which is read with SQLModel; the lane must not load that. So the domain `queries` hands all of
them over, once when rolltop.db is open and again after each change, as plain values. A request for a saved query that
comes earlier waits for the first time (`RowsLane`). What a statement reads, writes and returns is looked at when it is
first called after a change of the schema, for the schema may change under a saved query.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from rolltop.auth import Scope
from rolltop.data import ColumnType, Data
from rolltop.data.types import SQLValue
from rolltop.errors import RolltopError
from rolltop.rows.described import Described, describe

Returns = Literal["one", "many"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named, typed parameter; `default` counts where `required` is not."""

    name: str
    type: ColumnType
    required: bool = True
    default: SQLValue = None


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query by name. `one` gives the first value or row of its result, `many` gives all."""

    name: str
    sql: str
    parameters: tuple[Parameter, ...] = ()
    returns: Returns = "many"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """All queries by name; `version` is another one after each change, 0 before they are known at all."""

    version: int
    queries: Mapping[str, SavedQuery]


@dataclass(frozen=True, slots=True)
class Call:
    """A saved query, and what it means in the present schema."""

    query: SavedQuery
    described: Described

    @property
    def needs(self) -> frozenset[Scope]:
        """The rights that a call needs."""
        statement, tables = self.described.statement, self.described.catalog.tables
        needed = {Scope.ROWS_WRITE if statement.writes else Scope.ROWS_READ}
        if statement.reads & tables.keys():
            needed.add(Scope.ROWS_READ)
        if statement.changes & tables.keys():
            needed.add(Scope.ROWS_WRITE)
        return frozenset(needed)


class SavedQueries:
    """Holds what `queries.service` handed over; read from any thread."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self.now = Known(0, {})
        self._described: dict[str, Described] = {}
        self._version = (-1, -1)

    def replace(self, queries: Iterable[SavedQuery]) -> None:
        """These are all there are from now on."""
        self.now = Known(self.now.version + 1, {query.name: query for query in queries})

    def described(self, query: SavedQuery) -> Described:
        """What the query's statement means now; `SQLProblem` when it cannot run in this schema."""
        catalog = self._data.catalog
        version = (self.now.version, catalog.version)
        if version != self._version:
            self._described = {}
            self._version = version
        described = self._described  # another thread may put a new one in its place meanwhile
        known = described.get(query.name)
        if known is None:
            known = describe(query.name, query.returns, self._data.inspect(query.sql), catalog)
            described[query.name] = known
        return known

    def callable(self) -> list[Call]:
        """All that can be called now, with what each means; of their statements, not of rows that were seen."""
        catalog = self._data.catalog
        found = []
        for query in self.now.queries.values():
            with suppress(RolltopError):  # its tables are gone: it is not there until they are again
                statement = self._data.inspect(query.sql)
                found.append(Call(query, describe(query.name, query.returns, statement, catalog)))
        return found

    def remember(self, described: Described) -> None:
        """Keep the types that were found by running it."""
        if described.catalog is self._data.catalog:
            self._described[described.name] = described
