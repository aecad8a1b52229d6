"""What a column type has to say, and the register of all of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from rolltop.data.types.text_of import text_of

SQLValue = None | int | float | str | bytes


def odd_cells_apart(expression: str, guard: str) -> str:
    """`expression`, with the cells that `guard` finds turned to JSON by an application function.

    SQLite lets any cell hold any storage class. A BLOB inside `json_object()` is taken for JSONB and an infinity comes
    out as 9.0e+999, so both are caught by comparisons, which cost a fifth of what `typeof()` costs.
    """
    return f"CASE WHEN {guard} THEN json(rolltop_json({expression})) ELSE {expression} END"


class ColumnType(ABC):
    """One dialect type: how its values look in JSON, how they are read, how a table of ours declares and holds them."""

    name: ClassVar[str]
    """The name in the dialect, a Postgres type name: `bigint`."""
    declared: ClassVar[str]
    """The type name that Rolltop writes: `INTEGER`."""
    words: ClassVar[tuple[str, ...]] = ()
    """A declared type that contains one of these is of this type; `register` says in which order."""
    payload: ClassVar[Any]
    """The msgspec annotation of values in a JSON body that need no coercion."""
    schema: ClassVar[Mapping[str, Any]]
    """The JSON Schema of a value in an answer, null left out."""
    ordered_as_stored: ClassVar[bool] = True
    """Whether SQLite's own comparison is the type's (JSON has one of its own)."""
    normalizes: ClassVar[bool] = False
    """Whether a text of the payload has to be read before it is stored, to check or to change it."""
    example: ClassVar[str]
    """How a value is written, for people."""
    textual: ClassVar[bool] = False
    """Whether pattern operators apply."""

    @abstractmethod
    def json(self, expression: str, *, held: bool) -> str:
        """The SQL whose value goes into `json_object()`; `held` when a CHECK of ours or STRICT rules odd cells out."""

    @abstractmethod
    def parse(self, literal: str) -> SQLValue:
        """The value of the text `literal` in a filter or payload; `InvalidLiteral` and its kin when it has none."""

    def coerce(self, value: object) -> SQLValue:
        """The value to store for a decoded JSON value other than null, coerced as Postgres would from its text."""
        return self.parse(text_of(value))

    def check(self, column: str) -> str | None:  # noqa: ARG002
        """The CHECK expression that holds the quoted `column` to this type in a table of ours."""
        return None

    def ddl(self, column: str) -> str:
        """Declared type and CHECK as they follow the quoted `column` in CREATE TABLE."""
        check = self.check(column)
        return self.declared if check is None else f"{self.declared} CHECK ({check})"

    def __repr__(self) -> str:
        return f"<{self.name}>"


_BY_WORD: list[tuple[str, ColumnType]] = []
_BY_DECLARED: dict[str, ColumnType] = {}


def register(column_type: ColumnType) -> None:
    """Make a type known; the order of calls is the order in which words are tried."""
    _BY_WORD.extend((word, column_type) for word in column_type.words)
    _BY_DECLARED[column_type.declared] = column_type


def of_declared(declared: str) -> ColumnType:
    """The type of a column declared as `declared`, by the rule of the dialect's section 3."""
    upper = declared.upper()
    if upper in _BY_DECLARED:
        return _BY_DECLARED[upper]
    for word, column_type in _BY_WORD:
        if word in upper:
            return column_type
    return _BY_DECLARED["TEXT"]


def all_types() -> tuple[ColumnType, ...]:
    """Every type that Rolltop writes, in the order of registration."""
    return tuple(_BY_DECLARED.values())
