"""What was asked, checked against the catalog and the caller's rights: names become columns, types decide operators.

Pure: needs the catalog, not the file. What the dialect has but this server does not yet answers PGRST127 here.
"""

from dataclasses import dataclass
from typing import Literal

from rolltop.auth import Actor, Scope
from rolltop.data import Catalog, Column, ColumnType, Table
from rolltop.data.types import of_declared
from rolltop.rows import errors
from rolltop.rows.asked import Asked, Condition, CountRows, Embed, Field, Group, Item, Slot, Star, Step, Term
from rolltop.rows.parse import CONTAINERS, FULL_TEXT, PATTERNS, RANGES
from rolltop.rows.similar import closest

TEXT = of_declared("TEXT")
JSON = of_declared("JSON")

CASTS = {
    **dict.fromkeys(("text", "varchar"), TEXT),
    **dict.fromkeys(("int", "int4", "int8", "integer", "bigint", "smallint"), of_declared("INTEGER")),
    **dict.fromkeys(("float", "float4", "float8", "real", "double precision"), of_declared("REAL")),
    **dict.fromkeys(("numeric", "decimal"), of_declared("DECIMAL")),
    **dict.fromkeys(("bool", "boolean"), of_declared("BOOLEAN")),
    **dict.fromkeys(("json", "jsonb"), JSON),
    "date": of_declared("DATE"),
    "timestamp": of_declared("TIMESTAMP"),
}
"""The types of `::type` by name (dialect, section 5.3)."""

_SYMBOLS = {"like": "~~", "ilike": "~~*", "match": "~", "imatch": "~*", "cs": "@>", "cd": "<@", "ov": "&&"}


@dataclass(frozen=True, slots=True)
class Place:
    """A column, or a place inside its JSON."""

    column: Column
    steps: tuple[Step, ...] = ()
    texts: tuple[bool, ...] = ()

    @property
    def type(self) -> ColumnType:
        """The type of what is found there."""
        if not self.steps:
            return self.column.type
        return TEXT if self.texts[-1] else JSON


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on a place."""

    place: Place
    operator: str
    value: "str | tuple[str | None, ...] | Slot"
    negated: bool
    quantifier: Literal["", "any", "all"]


@dataclass(frozen=True, slots=True)
class Logic:
    """Tests joined by AND or OR."""

    operator: Literal["and", "or"]
    members: "tuple[Test | Logic, ...]"
    negated: bool


@dataclass(frozen=True, slots=True)
class Output:
    """A key of the result and where its value comes from."""

    key: str
    place: Place
    cast: ColumnType | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """A term of ORDER BY; nulls go where the dialect puts them unless told."""

    place: Place
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A read of one table. `by_key` when equality on the whole primary key picks at most one row."""

    table: Table
    outputs: tuple[Output, ...]
    where: tuple[Test | Logic, ...]
    order: tuple[Sort, ...]
    by_key: bool


def find_table(catalog: Catalog, name: str) -> Table:
    """The table or view called `name`; PGRST205 with a name that is alike."""
    table = catalog.table(name)
    if table is None:
        raise errors.UnknownTable(name, closest(name, catalog.tables))
    return table


def may(actor: Actor, table: Table, scope: Scope) -> None:
    """Refuse with 42501 what the caller has no right to."""
    if scope not in actor.scopes:
        raise errors.NotAllowed(table.name)


def read(asked: Asked, table: Table) -> ReadPlan:
    """The plan of a read, or of the rows that a write names and returns."""
    _refuse_embedded_paths(asked)
    where = tuple(_condition(table, condition) for _, condition in asked.filters)
    order = next((terms for path, terms in asked.orders if not path), ())
    return ReadPlan(
        table,
        _outputs(table, asked),
        where,
        tuple(_sort(table, term) for term in order),
        _picks_by_key(table, where),
    )


def _refuse_embedded_paths(asked: Asked) -> None:
    for parameters in (asked.filters, asked.orders, asked.limits, asked.offsets):
        for path, _ in parameters:
            if path:
                raise errors.NotEmbedded(path[0])


def _picks_by_key(table: Table, where: tuple[Test | Logic, ...]) -> bool:
    if not table.primary_key:
        return False
    fixed = {test.place.column.name for test in where if isinstance(test, Test) and is_plain_equality(test)}
    return fixed.issuperset(table.primary_key)


def is_plain_equality(test: Test) -> bool:
    """Whether the test is `column=eq.value` and nothing more."""
    return test.operator == "eq" and not (test.negated or test.quantifier or test.place.steps)


def place(table: Table, field: Field) -> Place:
    """The column that a field names; 42703 when there is none."""
    column = table.by_name.get(field.name)
    if column is None:
        raise errors.UnknownColumn(table.name, field.name, closest(field.name, table.by_name))
    if True in field.texts[:-1]:
        raise errors.UndefinedOperator("->", "text")
    return Place(column, field.steps, field.texts)


def _condition(table: Table, condition: Condition | Group) -> Test | Logic:
    if isinstance(condition, Group):
        members = tuple(_condition(table, member) for member in condition.members)
        return Logic(condition.operator, members, condition.negated)
    found = place(table, condition.field)
    operator = condition.operator
    if operator in RANGES:
        raise errors.NotImplementedHere(f"The range operator '{operator}' is out of scope.")
    if operator in FULL_TEXT:
        raise errors.NotImplementedHere("Full-text search is not available yet; `ilike` finds text.")
    if operator in PATTERNS and not found.type.textual:
        raise errors.UndefinedOperator(_SYMBOLS[operator], found.type.name)
    if operator in CONTAINERS and found.type.name != "jsonb":
        raise errors.UndefinedOperator(_SYMBOLS[operator], found.type.name)
    if operator == "is" and condition.value not in ("null", "not_null") and found.type.name != "boolean":
        raise errors.NotBoolean(
            f"argument of IS {str(condition.value).upper()} must be type boolean, not type {found.type.name}"
        )
    return Test(found, operator, condition.value, condition.negated, condition.quantifier)


def _sort(table: Table, term: Term) -> Sort:
    if term.embed is not None:
        raise errors.NotEmbedded(term.embed)
    nulls_first = term.descending if term.nulls_first is None else term.nulls_first
    return Sort(place(table, term.field), term.descending, nulls_first)


def _outputs(table: Table, asked: Asked) -> tuple[Output, ...]:
    outputs: list[Output] = []
    for item in asked.select or (Star(),):
        if isinstance(item, Star):
            outputs.extend(Output(column.name, Place(column)) for column in table.columns)
        elif isinstance(item, Embed):
            raise errors.NotImplementedHere("Embedding is not available yet; read the tables one by one.")
        elif isinstance(item, CountRows) or item.aggregate is not None or _is_old_count(table, item):
            raise errors.NotImplementedHere("Aggregates are not available yet; `Prefer: count=exact` counts rows.")
        else:
            outputs.append(_output(table, item))
    return tuple(outputs)


def _is_old_count(table: Table, item: Item) -> bool:
    return item.field == Field("count") and "count" not in table.by_name


def _output(table: Table, item: Item) -> Output:
    cast = None
    if item.cast is not None:
        cast = CASTS.get(item.cast)
        if cast is None:
            raise errors.UnknownType(item.cast)
    return Output(item.alias or result_key(item.field), place(table, item.field), cast)


def result_key(field: Field) -> str:
    """The key of a result without alias: the last name in the JSON path, else the column (dialect, section 5.1)."""
    return next((step for step in reversed(field.steps) if isinstance(step, str)), field.name)
