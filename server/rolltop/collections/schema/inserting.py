"""Which columns an INSERT names: SQLite's authorizer tells of the table only, so it is prepared without each."""

import apsw

from rolltop.collections.schema.twin import Snapshot, snapshot, twin
from rolltop.data import Data, quote


def inserted(data: Data, sql: str, table: str, columns: frozenset[str]) -> frozenset[str]:
    """Those of `columns` (in lower case) without which the statement could not be prepared.

    All of them, when it does not name any: then it counts on their number and order.
    """
    reader = data.connect_reader()
    try:
        entries = snapshot(reader)
        found = reader.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,)).fetchall()
    finally:
        reader.close()
    names = [str(name) for (name,) in found]
    if not _prepares(entries, sql, table, names):
        return frozenset()  # it does not work as it is: that is not the column's fault
    return frozenset(
        each
        for each in columns
        if not _prepares(entries, sql, table, [name for name in names if name.lower() != each.lower()])
    )


def _prepares(entries: Snapshot, sql: str, table: str, columns: list[str]) -> bool:
    """Whether SQLite takes the statement when the table has just these columns."""
    others = tuple(each for each in entries if each.table.lower() != table.lower())
    with twin(others) as connection:
        connection.execute(f"CREATE TABLE {quote(table)} ({', '.join(map(quote, columns)) or '_rolltop_none'})")
        try:
            connection.execute(f"EXPLAIN {sql}", _NoValues())
        except apsw.SQLError as error:
            return "ON CONFLICT clause does not match" in str(error)  # the names were read, only the key is not here
    return True


class _NoValues(dict[str, None]):
    """Stands for the values of parameters."""

    def __missing__(self, _name: str) -> None:
        return None
