"""Makes a new table on a connection, from the wish."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

from rolltop.collections.imports.names import free_name
from rolltop.collections.schema import columns, edits, search
from rolltop.collections.schema.draft import Draft
from rolltop.collections.schema.engine import check_table_free
from rolltop.collections.schema.errors import BadColumns, NameTaken, SchemaError
from rolltop.collections.schema.indexes import index_sql
from rolltop.collections.schema.schemas import TableCreate
from rolltop.data.definition import ColumnText, TableText

ADDED_KEY = "id"

Attempt = Callable[[TableText, Callable[[], object]], object]


def create_table(
    connection: apsw.Connection, wish: TableCreate, attempt: Attempt = lambda _text, work: work()
) -> TableText:
    """Make the table with its indexes and its search. `attempt` runs each statement and may word SQLite's refusal.

    Raises:
        SchemaError, NameTaken: it cannot be made; the place says what is wrong.
    """
    edits.check_name(wish.name)
    check_table_free(connection, wish.name)
    text = definition(wish)
    attempt(text, lambda: connection.execute(text.sql(wish.name)))
    for at, index in enumerate(wish.indexes):
        names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema")]
        with _at(f"indexes.{at}"):
            sql = index_sql(wish.name, text, index, names)
            attempt(text, lambda: connection.execute(sql))  # noqa: B023 (called at once)
    if wish.search:
        names = Draft(wish.name, text, text).exact(wish.search, "search")
        with _at("search"):
            search.create(connection, wish.name, text, names)
    return text


def definition(wish: TableCreate) -> TableText:
    """The table's definition.

    Raises:
        SchemaError, NameTaken: names, rules or keys do not go together.
    """
    text = TableText([])
    draft = Draft(wish.name, text, text)
    for at, column in enumerate(wish.columns):
        place = f"columns.{at}"
        edits.check_name(column.name, f"{place}.name")
        if text.column(column.name) is not None:
            raise NameTaken("a column", column.name, free_name(column.name, draft.names), f"{place}.name")
        with _at(place):
            text.columns.append(columns.made(column))
    if all(column.generated for column in text.columns):
        raise BadColumns("A table needs a column that is not generated.", place="columns", hint="Add one.")
    _set_key(draft, wish)
    for at, unique in enumerate(wish.unique):
        with _at(f"unique.{at}"):
            edits.add_unique(draft, unique)
    for at, check in enumerate(wish.checks):
        with _at(f"checks.{at}"):
            edits.add_check(draft, check)
    for at, key in enumerate(wish.foreign_keys):
        with _at(f"foreign_keys.{at}"):
            edits.add_foreign_key(draft, key)
    return text


def _set_key(draft: Draft, wish: TableCreate) -> None:
    if wish.primary_key is not None:
        edits.set_primary_key(draft, wish.primary_key, "primary_key")
        return
    if draft.text.column(ADDED_KEY) is None:
        draft.text.columns.insert(0, ColumnText(ADDED_KEY, "INTEGER"))
    edits.set_primary_key(draft, [ADDED_KEY], "primary_key")


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Errors inside are told with the place."""
    try:
        yield
    except SchemaError as error:
        error.at(place)
        raise
