"""The user's SQLite file: connections, the one writer, the readers, the catalog, column types.

    loop ──read_now──▶ own connection          key reads, a few pages
    loop ──read──────▶ 2 reader threads        everything else that reads, one read transaction each
    loop ──write─────▶ 1 writer thread         whatever waits shares one transaction; answers after COMMIT
    thread ─submit───▶ the same writer

No code outside `connections` opens the file: closing any other descriptor would drop SQLite's locks.
"""

from rolltop.data.catalog import Catalog, CheckRule, Column, ForeignKey, Table, UniqueKey
from rolltop.data.cause import Cause
from rolltop.data.change import Change
from rolltop.data.history import Limits, retire
from rolltop.data.quoting import quote
from rolltop.data.store import Data
from rolltop.data.types import ColumnType

__all__ = [
    "Catalog",
    "Cause",
    "Change",
    "CheckRule",
    "Column",
    "ColumnType",
    "Data",
    "ForeignKey",
    "Limits",
    "Table",
    "UniqueKey",
    "quote",
    "retire",
]
