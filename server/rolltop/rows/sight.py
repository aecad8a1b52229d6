"""The file as one caller sees it, rows included: the one place where rights meet the catalog. Pure.

The rules on rows are planned into every statement (`rows.plan`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rolltop.auth import Rights, visible
from rolltop.auth.visible import Visible
from rolltop.data import Catalog
from rolltop.rows import rules
from rolltop.rows.rules import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Sight(Visible):
    """What a caller with certain rights sees."""

    rules: Mapping[str, Rule]
    """The conditions on the rows of each table that has any."""


@lru_cache(maxsize=64)
def of(catalog: Catalog, limits: tuple[Rights, ...]) -> Sight:
    """What a caller with these rights sees of the file with this catalog."""
    seen = visible.of(catalog, limits)
    read = {
        name: tuple(condition for text in texts for condition in rules.read(text)) for name, texts in seen.ruled.items()
    }
    return Sight(seen.whole, seen.catalog, seen.ruled, seen.fixed, read)
