"""Who uses a column: the register of everything outside the data file that names tables and columns.

The file's own views, triggers, indexes and keys are found by SQLite itself; saved queries, dashboards, models and
tokens say it here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Use:
    """Something that uses a table or a column of it."""

    kind: str
    """What it is, in one word: `query`, `dashboard`, `model`, `token`."""
    name: str
    """What people call it, or its address below `/api`."""
    column: str | None = None
    """Which column; None: the whole table, or it cannot be told."""


Ask = Callable[[str, frozenset[str]], Iterable[Use]]
"""Given a table and columns of it (none: the whole table), what uses them."""

Follow = Callable[[str, str, Mapping[str, str]], None]
"""Told the name that a table had, the one it has now, and the names that columns had by their new ones."""


@dataclass(slots=True)
class Uses:
    """The parts that can be asked. They register once, when the server is put together."""

    _parts: list[Ask] = field(default_factory=list)
    _followers: list[Follow] = field(default_factory=list)

    def register(self, ask: Ask, follow: Follow | None = None) -> None:
        """Ask this part, too, from now on; it is called from worker threads and must not change anything.

        `follow` is called after a change that gave other names, and takes them over.
        """
        self._parts.append(ask)
        if follow is not None:
            self._followers.append(follow)

    def renamed(self, table: str, name: str, columns: Mapping[str, str]) -> None:
        """Tell those who take over new names."""
        for follow in self._followers:
            follow(table, name, columns)

    def of(self, table: str, columns: frozenset[str] = frozenset()) -> list[Use]:
        """Everything that uses the table or one of its columns."""
        return [use for part in self._parts for use in part(table, columns)]
