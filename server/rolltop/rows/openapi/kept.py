"""What was made for a caller, kept until the schema or the saved queries change."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rolltop.auth import Grant
from rolltop.data import Catalog

T = TypeVar("T")

_MOST = 8
"""Sets of rights for which something is kept at a time."""


class Kept(Generic[T]):
    """Keeps one thing for each set of rights; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: tuple[Catalog | None, int] = (None, 0)
        self._made: dict[Grant, T] = {}

    def get(self, catalog: Catalog, version: int, grant: Grant, make: Callable[[], T]) -> T:
        """What is kept for this catalog and this version of the saved queries, else what `make` makes."""
        with self._lock:
            known, known_version = self._of
            if catalog is not known or version != known_version:
                self._of, self._made = (catalog, version), {}
            if grant not in self._made:
                if len(self._made) >= _MOST:
                    self._made.clear()
                self._made[grant] = make()
            return self._made[grant]
