"""Who writes, and what the history shall call it."""

from dataclasses import dataclass

ROLLTOP = "rolltop"
"""The actor of writes that nobody asked for."""


@dataclass(slots=True)
class Cause:
    """Given with a write; comes back with the number of the change that the history made of it."""

    actor: str = ROLLTOP
    """The id of the caller."""
    kind: str = "write"
    """For programs: insert, update, upsert, delete, query, import, schema, undo, redo, write."""
    title: str | None = None
    """For people; None where the kind and the table say it."""
    job: str | None = None
    """The id of the job that writes."""
    along: frozenset[str] = frozenset()
    """Hidden tables whose rows go back and forth with the change, without being counted in it."""
    table: str | None = None
    """The table that a change of the schema is about, where that is not the first one that became different."""
    rows: int = 0
    """How many rows a change of the schema is about."""
    words: str | None = None
    """What people call the tables of a change of the schema before it, as JSON: what to say again once it is undone."""
    described: bool = False
    """Whether these words become different, so that there is a change even where the schema stays as it is."""
    of: int | None = None
    """The change that this one undoes or redoes."""
    change: int | None = None
    """Set once the write is committed; None when it changed nothing or the history is off."""
