"""Names that somebody may have meant."""

import difflib
from collections.abc import Iterable

ALIKE = 0.75
COMPARED = 2_000


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name most like `name`, if one is at least three quarters alike."""
    if len(name) > 100:
        return None
    known = list(names)[:COMPARED]
    found = difflib.get_close_matches(name, known, 1, ALIKE)
    return found[0] if found else None
