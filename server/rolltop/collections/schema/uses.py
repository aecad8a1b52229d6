"""Who uses a column: the register of everything outside the data file that names tables and columns.

The file's own views, triggers, indexes and keys are found by SQLite itself; saved queries, dashboards, models and
tokens say it here.
"""

from collections.abc import Callable, Iterable
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


@dataclass(slots=True)
class Uses:
    """The parts that can be asked. They register once, when the server is put together."""

    _parts: list[Ask] = field(default_factory=list)

    def register(self, ask: Ask) -> None:
        """Ask this part, too, from now on; it is called from worker threads and must not change anything."""
        self._parts.append(ask)

    def of(self, table: str, columns: frozenset[str] = frozenset()) -> list[Use]:
        """Everything that uses the table or one of its columns."""
        return [use for part in self._parts for use in part(table, columns)]
