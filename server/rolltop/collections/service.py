"""The tables and views of the data file, with their sizes and labels."""

import builtins

from sqlmodel import Session

from rolltop.collections import store
from rolltop.collections.schemas import Collection, CollectionDetail
from rolltop.data import Data

Labels = dict[tuple[str, str], str]


def labels(session: Session) -> Labels:
    """Every label by table and column; the empty column is the table itself."""
    return {(row.table, row.column): row.label for row in store.labels(session)}


class Collections:
    """The catalog as people see it; keeps row counts until a change makes them stale."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def list(self, labels: Labels) -> builtins.list[Collection]:
        """Every table and view, by name."""
        raise NotImplementedError

    async def get(self, name: str, labels: Labels) -> CollectionDetail:
        """One table or view."""
        raise NotImplementedError

    def delete(self, name: str, session: Session) -> None:
        """Drop a table or a view."""
        raise NotImplementedError
