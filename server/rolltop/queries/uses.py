"""Which saved queries use a table or a column of it: what SQLite asks its authorizer about when it prepares them."""

from collections.abc import Iterator

from rolltop.collections.schema import Use, inserted
from rolltop.data import Data
from rolltop.errors import RolltopError
from rolltop.rows.saved import SavedQueries


class QueryUses:
    """Asked before a change of the schema; from worker threads."""

    def __init__(self, data: Data, saved: SavedQueries) -> None:
        self._data = data
        self._saved = saved

    def of(self, table: str, columns: frozenset[str]) -> Iterator[Use]:
        """The saved queries that use the table, also through a view or a trigger; or, when columns are given, those of
        them that each uses. A query that cannot run as it is uses nothing."""
        for query in self._saved.now.queries.values():
            used = self._used(query.sql, table, columns)
            if used is None:
                continue
            if not columns:
                yield Use("query", query.name)
            for column in sorted(used):
                yield Use("query", query.name, column)

    def _used(self, sql: str, table: str, columns: frozenset[str]) -> frozenset[str] | None:
        """The columns that the statement uses; None when it has nothing to do with the table."""
        try:
            statement = self._data.inspect(sql)
        except RolltopError:
            return None
        changed = {name.lower() for name in statement.changes}
        if table.lower() not in changed | {name.lower() for name in statement.reads}:
            return None
        named = {column for name, column in statement.columns_used if name == table.lower()}
        found = frozenset(column for column in columns if column.lower() in named)
        if columns - found and table.lower() in {name.lower() for name in statement.inserts}:
            found |= inserted(self._data, statement.sql, table, columns - found)
        return found
