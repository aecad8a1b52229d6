"""The Prefer header (dialect, section 10)."""

from dataclasses import dataclass
from functools import lru_cache

from rolltop.rows.errors import BadPreferences

VALUES: dict[str, frozenset[str]] = {
    "resolution": frozenset({"merge-duplicates", "ignore-duplicates"}),
    "missing": frozenset({"default", "null"}),
    "return": frozenset({"minimal", "headers-only", "representation"}),
    "count": frozenset({"exact", "planned", "estimated"}),
    "tx": frozenset({"rollback", "commit"}),
    "handling": frozenset({"lenient", "strict"}),
}
ORDER = (*VALUES, "max-affected")
"""The order in which honoured preferences are echoed."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What was preferred; None where nothing was said."""

    resolution: str | None = None
    missing: str | None = None
    returning: str | None = None
    count: str | None = None
    tx: str | None = None
    handling: str | None = None
    max_affected: int | None = None

    @property
    def rollback(self) -> bool:
        """Answer as usual, keep nothing."""
        return self.tx == "rollback"

    @property
    def representation(self) -> bool:
        """Whether a write answers with its rows."""
        return self.returning == "representation"

    def applied(self, *names: str) -> bytes | None:
        """The Preference-Applied header for those of `names` that were given."""
        given = {
            "resolution": self.resolution,
            "missing": self.missing,
            "return": self.returning,
            "count": self.count,
            "tx": self.tx,
            "handling": self.handling,
            "max-affected": None if self.max_affected is None else str(self.max_affected),
        }
        parts = [f"{name}={given[name]}" for name in ORDER if name in names and given[name] is not None]
        return ", ".join(parts).encode() if parts else None


NONE = Preferences()


@lru_cache(maxsize=256)
def preferences(headers: tuple[bytes, ...]) -> Preferences:
    """The preferences of all Prefer headers; PGRST122 for unknown ones under `handling=strict`."""
    found: dict[str, str] = {}
    unknown: list[str] = []
    for text in ",".join(header.decode("latin-1") for header in headers).split(","):
        preference = text.strip()
        name, _, value = (piece.strip() for piece in preference.partition("="))
        if not preference or name == "timezone":
            continue
        if value in VALUES.get(name, ()) or (name == "max-affected" and value.isascii() and value.isdigit()):
            found.setdefault(name, value)
        else:
            unknown.append(preference)
    strict = found.get("handling") == "strict"
    if strict and unknown:
        raise BadPreferences(unknown)
    most = found.get("max-affected")
    return Preferences(
        found.get("resolution"),
        found.get("missing"),
        found.get("return"),
        found.get("count"),
        found.get("tx"),
        found.get("handling"),
        int(most[:18]) if most is not None and strict else None,
    )
