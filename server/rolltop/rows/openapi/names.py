"""Names of tables and columns as OpenAPI and the query string can hold them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

# Names that mean something else in the query string; quoted, they are columns.
RESERVED = frozenset({"select", "columns", "on_conflict", "order", "limit", "offset", "and", "or"})

_PLAIN_NAME = re.compile(r"(?! )[\w$ ]+(?:-[\w$ ]+)*(?<! )")


def component_names(tables: Sequence[str], taken: Iterable[str], endings: tuple[str, ...]) -> dict[str, str]:
    """Table name → component key (`[A-Za-z0-9_]+`), such that none of the keys with these endings meets another."""
    used = set(taken)
    names = {}
    for table in tables:
        base = _slug(table)
        name, number = base, 2
        while any(name + ending in used for ending in endings):
            name, number = f"{base}_{number}", number + 1
        used |= {name + ending for ending in endings}
        names[table] = name
    return names


def _slug(name: str) -> str:
    """The name in the characters that component keys and generated identifiers may have."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
    return slug if slug and not slug[0].isdigit() else f"table_{slug}".rstrip("_")


def spelled(column: str) -> str:
    """The column as a query parameter spells it: quoted when it is not a plain name (dialect, 2)."""
    if _PLAIN_NAME.fullmatch(column) and column not in RESERVED:
        return column
    escaped = column.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
