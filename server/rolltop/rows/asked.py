"""What a request asks for, as read from its text and nothing else: names are not looked up yet."""

from dataclasses import dataclass
from typing import Literal

Step = str | int
"""A key of an object or an index of an array."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that changes from request to request of the same shape: the n-th literal of the URL."""

    number: int


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a place inside its JSON; `texts[n]` tells whether step n was written with `->>`."""

    name: str
    steps: tuple[Step, ...] = ()
    texts: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """`field.[not.]operator[(quantifier)].value`.

    `value` is the text, a list for `in` (and with a quantifier; None there is NULL), a word for `is`, or a slot whose
    text comes with each request.
    """

    field: Field
    operator: str
    value: "str | tuple[str | None, ...] | Slot"
    negated: bool = False
    quantifier: Literal["", "any", "all"] = ""
    config: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """`[not.]and(…)` or `[not.]or(…)`."""

    operator: Literal["and", "or"]
    members: "tuple[Condition | Group, ...]"
    negated: bool = False


Path = tuple[str, ...]
"""Names of embedded resources from the root; empty for the root itself."""


@dataclass(frozen=True, slots=True)
class Star:
    """`*`: all columns."""


@dataclass(frozen=True, slots=True)
class Item:
    """`[alias:]field[::cast][.aggregate()[::aggregate_cast]]`."""

    field: Field
    alias: str | None = None
    cast: str | None = None
    aggregate: str | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class CountRows:
    """`[alias:]count()[::cast]`."""

    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """`[alias:]target[!hint][!inner|!left](items)`, or `...target(items)`."""

    target: str
    items: "tuple[Star | Item | CountRows | Embed, ...]"
    alias: str | None = None
    hint: str | None = None
    join: Literal["", "inner", "left"] = ""
    spread: bool = False


Selected = Star | Item | CountRows | Embed


@dataclass(frozen=True, slots=True)
class Term:
    """`field[.asc|.desc][.nullsfirst|.nullslast]`, `embed(field)…`."""

    field: Field
    embed: str | None = None
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The whole query string. Filters add up; a limit or offset of the root is a number or a slot."""

    select: tuple[Selected, ...] | None = None
    filters: tuple[tuple[Path, Condition | Group], ...] = ()
    orders: tuple[tuple[Path, tuple[Term, ...]], ...] = ()
    limits: tuple[tuple[Path, int], ...] = ()
    offsets: tuple[tuple[Path, int], ...] = ()
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
