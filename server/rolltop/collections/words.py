"""What people call tables and columns, kept with a change of the schema and said again once it is undone."""

from collections.abc import Iterable

import msgspec

from rolltop.collections import store
from rolltop.collections.tables import LabelRow
from rolltop.db.database import Database

Words = dict[str, list[tuple[str, str, str]]]
"""For each table: column, label and description; the empty column is the table itself."""


def read(database: Database, tables: Iterable[str]) -> str:
    """The words of these tables, as JSON."""
    found: Words = {table: [] for table in tables}
    with database.read() as session:
        for row in store.labels(session):
            if row.table in found:
                found[row.table].append((row.column, row.label, row.description))
    return msgspec.json.encode(found).decode()


def tables_of(text: str | None) -> list[str]:
    """The tables that words are kept of."""
    return [] if text is None else list(msgspec.json.decode(text, type=Words))


def write(database: Database, text: str | None) -> None:
    """Put these words in the place of what is said of their tables now."""
    if text is None:
        return
    with database.write() as session:
        for table, rows in msgspec.json.decode(text, type=Words).items():
            store.forget(session, table)
            session.add_all(
                LabelRow(table=table, column=column, label=label, description=description)
                for column, label, description in rows
            )
