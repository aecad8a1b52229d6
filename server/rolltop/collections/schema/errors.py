"""What can stand in the way of a change to the schema: where, why, and the way out."""

from collections.abc import Iterable
from typing import Any

from rolltop.errors import Conflict, Unprocessable


class SchemaError(Unprocessable):
    """A wish that cannot come true; `place` says where in the request it stands."""

    code = "collections.bad_change"

    def __init__(self, message: str, *, place: str | None = None, details: Any = None, hint: str | None = None) -> None:
        super().__init__(message, details=details, hint=hint)
        self.at(place)

    def at(self, place: str | None) -> None:
        """Say where it stands, unless that was said more closely."""
        if place is not None:
            known = self.details if isinstance(self.details, dict) else {}
            inner = known.get("place")
            self.details = known | {"place": f"{place}.{inner}" if inner else place}


class BadName(SchemaError):
    """A name that Rolltop does not create."""

    code = "collections.bad_name"

    def __init__(self, name: str, suggestion: str, place: str = "name") -> None:
        shown = name if len(name) <= 80 else name[:80] + "…"
        super().__init__(
            f"{shown!r} cannot be a name.",
            place=place,
            details={"name": shown, "suggestion": suggestion},
            hint=f"A name is a letter, then letters, digits and _, at most 63 characters, and does not begin with "
            f"sqlite_: {suggestion!r}, for example.",
        )


class NameTaken(Conflict):
    """Something of that name is there; capitals make no difference."""

    code = "collections.name_taken"

    def __init__(self, what: str, name: str, free: str, place: str = "name") -> None:
        super().__init__(
            f"There is {what} {name!r} already; capitals make no difference.",
            details={"place": place, "name": name, "free": free},
            hint=f"Choose another name, such as {free!r}.",
        )


class NoSuchColumn(SchemaError):
    """The table has no such column."""

    code = "collections.no_such_column"

    def __init__(self, name: str, known: Iterable[str], place: str = "column") -> None:
        listed = list(known)
        super().__init__(
            f"There is no column {name!r}.",
            place=place,
            details={"columns": listed[:100]},
            hint=f"It has {', '.join(map(repr, listed[:10]))}{' …' if len(listed) > 10 else ''}.",
        )


class NotThere(SchemaError):
    """There is no such rule, key or index to take away."""

    code = "collections.not_there"


class BadColumns(SchemaError):
    """The columns do not make a table: none, too many, one named twice."""

    code = "collections.bad_columns"


class BadRule(SchemaError):
    """A rule that does not go with the column's type or with another rule."""

    code = "collections.bad_rule"


class BadExpression(SchemaError):
    """SQL that does not parse, names what is not there, or calls what it may not."""

    code = "collections.bad_expression"


class BadDefault(SchemaError):
    """A default that does not fit its column."""

    code = "collections.bad_default"


class BadKey(SchemaError):
    """Columns that cannot be the primary key."""

    code = "collections.bad_key"


class BadReference(SchemaError):
    """A foreign key to nowhere, to what is not unique, or to another type."""

    code = "collections.bad_reference"


class BadSearch(SchemaError):
    """A table that cannot have a full-text search."""

    code = "collections.bad_search"


class WrongOrder(SchemaError):
    """A list of changes whose order cannot be kept."""

    code = "collections.wrong_order"


class NotForViews(SchemaError):
    """A change that only tables, or only views, know."""

    code = "collections.wrong_kind"


class NotUnderstood(SchemaError):
    """SQLite does not take the table as it would be."""

    code = "collections.refused"


class InUse(Conflict):
    """Something names what is changed and would break."""

    code = "collections.in_use"

    def __init__(self, what: str, used_by: list[dict[str, Any]], place: str | None = None) -> None:
        listed = ", ".join(f"{each['kind']} {each['name']!r}" for each in used_by[:5])
        more = f" and {len(used_by) - 5} more" if len(used_by) > 5 else ""
        super().__init__(
            f"{what} is used by {listed}{more}, which would break.",
            details={"used_by": used_by[:100]} | ({} if place is None else {"place": place}),
            hint='Change or delete them first, or send "dependents": "drop" to have them deleted, too.',
        )


class RowsInTheWay(Conflict):
    """Rows do not fit the table as it would be."""

    code = "collections.rows_in_the_way"

    def __init__(self, message: str, findings: list[dict[str, Any]], hint: str) -> None:
        super().__init__(message, details={"findings": findings}, hint=hint)


class Changed(Conflict):
    """The structure is another than the one the caller saw."""

    code = "collections.changed"

    def __init__(self, name: str, version: str, differences: list[str] | None) -> None:
        told = differences is not None
        super().__init__(
            f"{name!r} was changed meanwhile" + (f": {'; '.join(differences[:5])}." if differences else "."),
            details={"version": version, "differences": differences if told else None},
            hint=f"GET /api/collections/{name} tells how it is now; send the changes again with its version.",
        )
