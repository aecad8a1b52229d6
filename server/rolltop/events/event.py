"""One event: what it says, who may hear it, who wants to, and what can be told together."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from rolltop.auth import Action, Actor, Scope

ROW_KINDS = frozenset({"insert", "update", "delete"})
NEEDS = {
    "rows": Scope.ROWS_READ,
    "schema": Scope.COLLECTIONS_READ,
    "job": Scope.JOBS_READ,
    "query": Scope.QUERIES_READ,
    "import": Scope.COLLECTIONS_WRITE,
}
"""The kinds of events and the right that each needs: that of the route which shows the same."""
KEYS_TOLD = 20
LONGEST_KEY = 200


def shown_keys(keys: Iterable[Iterable[Any]] | None) -> list[list[Any]] | None:
    """Keys of rows as JSON has them, bytes as `\\x…` like the rows API; None when one of them is long."""
    if keys is None:
        return None
    shown = [[f"\\x{part.hex()}" if isinstance(part, bytes) else part for part in key] for key in keys]
    return None if any(isinstance(part, str) and len(part) > LONGEST_KEY for key in shown for part in key) else shown


class Event:
    """Something that happened. It becomes text when the first listener takes it, if ever."""

    __slots__ = ("_text", "data", "id", "kind")

    def __init__(self, id: int, kind: str, data: dict[str, Any]) -> None:
        self.id = id
        self.kind = kind
        self.data = data
        self._text: bytes | None = None

    def encoded(self) -> bytes:
        """The event as text/event-stream has it (WHATWG HTML, section 9.2)."""
        if self._text is None:
            data = msgspec.json.encode(self.data)
            self._text = b"id: %d\nevent: %s\ndata: %s\n\n" % (self.id, self.kind.encode(), data)
        return self._text


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a listener asked for. Empty sets: everything."""

    tables: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    """Kinds of events; `insert`, `update` and `delete` stand for a part of `rows`."""

    def takes(self, event: Event) -> bool:
        """Whether the event is among that. One that does not say which table or what happened to rows may be."""
        about_table = event.kind in ("rows", "schema")
        if self.tables and about_table and event.data.get("table") not in (None, *self.tables):
            return False
        if not self.kinds:
            return about_table or not self.tables
        if event.kind in self.kinds:
            return True
        done = event.data.get("kind")
        return event.kind == "rows" and (done in self.kinds if done is not None else bool(ROW_KINDS & self.kinds))


EVERYTHING = Wanted()


_NOTHING_MORE = {"kind": None, "rows": None, "keys": None, "actor": None, "change": None}


def heard(actor: Actor, event: Event) -> Event | None:
    """The event as the caller may know it; None for one of which he may not know.

    Whoever sees only some tables, columns or rows hears that his tables change, and of those that he does not see whole
    nothing more: not which rows, and not how many.
    """
    if NEEDS[event.kind] not in actor.scopes:
        return None
    if not actor.limits:
        return event
    if event.kind not in ("rows", "schema"):
        return None
    table = event.data.get("table")
    if event.kind == "schema":
        return Event(event.id, "schema", {**event.data, "table": None, "actor": None, "change": None})
    if table is not None and not actor.may(Action.SELECT, table):
        return None
    if table is None or all(rights.of(table).whole for rights in actor.limits):
        return event
    return Event(event.id, "rows", {**event.data, **_NOTHING_MORE})


def joined(before: Event, kind: str, data: dict[str, Any]) -> dict[str, Any] | None:
    """Both as one event, where the later one says nothing that is lost by that; None where they must stay two."""
    if before.kind != kind:
        return None
    if before.data == data:
        return data
    if kind == "job" and before.data["job"]["id"] == data["job"]["id"]:
        return data
    if kind == "rows" and all(before.data.get(name) == data.get(name) for name in ("table", "kind", "actor")):
        return _more_rows(before.data, data)
    return None


def _more_rows(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    rows = None if before["rows"] is None or after["rows"] is None else before["rows"] + after["rows"]
    keys = None if before["keys"] is None or after["keys"] is None else [*before["keys"], *after["keys"]]
    return {**after, "rows": rows, "keys": None if keys is None or len(keys) > KEYS_TOLD else keys}
