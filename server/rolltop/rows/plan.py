"""What was asked, checked against the catalog and the caller's rights: names become columns, types decide operators.

Pure: needs the catalog, not the file. What the dialect has but this server does not yet answers PGRST127 here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rolltop.auth import Action, Actor
from rolltop.data import Catalog, ColumnType, Table
from rolltop.data.fulltext import CONFIGS
from rolltop.data.types import of_declared
from rolltop.errors import RolltopError
from rolltop.rows import aggregate, errors, relations
from rolltop.rows.asked import (
    Asked,
    Condition,
    CountRows,
    Embed,
    Field,
    Group,
    Item,
    Path,
    Selected,
    Star,
    Term,
)
from rolltop.rows.parse import CONTAINERS, FULL_TEXT, PATTERNS, RANGES
from rolltop.rows.planned import (
    JSON,
    TEXT,
    Aggregate,
    Embedded,
    Exists,
    Listed,
    Logic,
    Nested,
    Output,
    Place,
    ReadPlan,
    Shown,
    Sort,
    Source,
    Test,
    Where,
    is_there,
)
from rolltop.rows.rules import shifted
from rolltop.rows.sight import Sight
from rolltop.rows.similar import closest

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

MOST_EMBEDS = 50
"""So many resources may be embedded in all; SQLite joins at most 64 tables."""

_SYMBOLS = {"like": "~~", "ilike": "~~*", "match": "~", "imatch": "~*", "cs": "@>", "cd": "<@", "ov": "&&"}


ACTIONS = {
    "GET": (Action.SELECT,),
    "POST": (Action.INSERT,),
    "PUT": (Action.INSERT, Action.UPDATE, Action.SELECT),
    "PATCH": (Action.UPDATE, Action.SELECT),
    "DELETE": (Action.DELETE, Action.SELECT),
}
"""What a method needs at least: a filter tells of rows, and so must be allowed to read them."""


def find_table(catalog: Catalog, name: str) -> Table:
    """The table or view called `name`; PGRST205 with a name that is alike."""
    table = catalog.table(name)
    if table is None:
        raise errors.UnknownTable(name, closest(name, catalog.tables))
    return table


def may(actor: Actor, table: Table, *actions: Action) -> None:
    """Refuse with 42501 what the caller has no right to."""
    for action in actions:
        if not actor.may(action, table.name):
            raise errors.NotAllowed(table.name)


def may_read(actor: Actor, planned: ReadPlan) -> None:
    """Refuse with 42501 when the caller may not read all that is embedded."""
    for table in planned.others:
        may(actor, table, Action.SELECT)


def read(asked: Asked, source: Source, sight: Sight, mine: int = 0) -> ReadPlan:
    """The plan of a read, or of the rows that a write names and returns.

    `sight` is what the caller sees; his own values, which rules speak of, are bound from slot `mine` on.
    """
    return _Planner(asked, sight, mine).root(source)


def rules(sight: Sight, table: str, mine: int, row: str = "") -> tuple[Where, ...]:
    """The conditions that the caller's rights put on the rows of a table; 42501 when they do not fit it any more."""
    if table not in sight.rules:
        return ()
    try:
        return fitted(sight, table, mine, row)
    except RolltopError as problem:
        raise errors.BrokenRule(table, problem.message) from None


def fitted(sight: Sight, table: str, mine: int, row: str) -> tuple[Where, ...]:
    """The same, with the dialect's own errors for what does not fit."""
    level = _Level(sight.whole.tables[table], row, ())
    return tuple(_condition(level, shifted(condition, mine)) for condition in sight.rules.get(table, ()))


def _picks_by_key(table: Table, where: tuple[Where, ...]) -> bool:
    if not table.primary_key:
        return False
    fixed = {
        test.place.column.name
        for test in where
        if isinstance(test, Test) and is_plain_equality(test) and not _has_forms(test.place)
    }
    return fixed.issuperset(table.primary_key)


def _has_forms(place: Place) -> bool:
    """Whether cells of several texts are the same value."""
    return place.type.name == "timestamp" or (place.type.name == "date" and not place.column.held)


def is_plain_equality(test: Test) -> bool:
    """Whether the test is `column=eq.value` and nothing more."""
    return test.operator == "eq" and not (test.negated or test.quantifier or test.place.steps)


def place(table: Table, field: Field, row: str = "") -> Place:
    """The column that a field names; 42703 when there is none."""
    column = table.by_name.get(field.name)
    if column is None:
        raise errors.UnknownColumn(table.name, field.name, closest(field.name, table.by_name))
    if True in field.texts[:-1]:
        raise errors.UndefinedOperator("->", "text")
    return Place(column, field.steps, field.texts, row)


@dataclass(frozen=True, slots=True)
class _Level:
    """Where planning is: a table, its row's name, the path to it, and what is embedded in it so far."""

    table: Table
    row: str
    path: tuple[frozenset[str], ...]
    """The names of each step on the way here: the alias, and the target's where no other is called so."""
    embeds: list[Embedded] = field(default_factory=list)
    guard: str = ""
    """The SQL that tells whether the row is there; empty when it always is."""

    def embedded(self, name: str) -> Embedded | None:
        """What is embedded under this key, else the first whose target is called so."""
        keyed = (embed for embed in self.embeds if embed.key == name)
        return next(keyed, None) or next((embed for embed in self.embeds if embed.target == name), None)

    def is_at(self, path: Path) -> bool:
        """Whether a parameter's path leads here."""
        return len(path) == len(self.path) and all(map(frozenset.__contains__, self.path, path))


class _Planner:
    """Plans one request: the root, and level by level what is embedded in it."""

    def __init__(self, asked: Asked, sight: Sight, mine: int) -> None:
        self._asked = asked
        self._sight = sight
        self._mine = mine
        self._levels: list[_Level] = []
        self._others: dict[str, Table] = {}
        self._number = 0

    def root(self, source: Source) -> ReadPlan:
        table = source.table
        items = self._asked.select or (Star(),)
        row = source.sql if any(isinstance(item, Embed) for item in items) else ""
        level = _Level(table, row, ())
        self._levels.append(level)
        outputs = self._outputs(level, items)
        where = self._where(level)
        order = self._order(level, outputs)
        self._check_paths()
        return ReadPlan(
            source,
            row,
            outputs,
            where,
            order,
            tuple(level.embeds),
            rules(self._sight, table.name, self._mine, row) if source.query is None else (),
            _picks_by_key(table, where),
            tuple(self._others.values()),
        )

    def _check_paths(self) -> None:
        """Refuse parameters for what is not embedded."""
        asked = self._asked
        for parameters in (asked.filters, asked.orders, asked.limits, asked.offsets):
            for path, _ in parameters:
                for length in range(1, len(path) + 1):
                    if not any(level.is_at(path[:length]) for level in self._levels):
                        raise errors.NotEmbedded(path[length - 1])

    # ---- what is selected ----

    def _outputs(self, level: _Level, items: Sequence[Selected]) -> tuple[Shown, ...]:
        outputs: list[Shown] = []
        keys = {item.alias or item.target for item in items if isinstance(item, Embed)}
        for item in items:
            if isinstance(item, Star):
                outputs.extend(Output(column.name, Place(column, row=level.row)) for column in level.table.columns)
            elif isinstance(item, Embed):
                outputs.extend(self._embedded(level, item, {item.target} - keys))
            elif isinstance(item, CountRows):
                outputs.append(_count_of_rows(item.alias, item.cast))
            elif item.aggregate is not None:
                outputs.append(_aggregate(level, item, item.aggregate))
            elif item.field == Field("count") and "count" not in level.table.by_name:  # the old spelling
                outputs.append(_count_of_rows(item.alias, item.cast))
            else:
                outputs.append(_output(level, item))
        return tuple(outputs)

    def _embedded(self, level: _Level, item: Embed, names: set[str]) -> Iterator[Shown]:
        """The outputs that an embedded resource adds; the resource itself is kept in the level."""
        embed = self._embed(level, item, frozenset(names))
        level.embeds.append(embed)
        if embed.spread and embed.joined:
            yield from embed.outputs
        elif embed.spread:
            for output in embed.outputs:
                if isinstance(output, Aggregate):
                    raise errors.NotImplementedHere(
                        "Aggregates are not implemented for one-to-many or many-to-many spreads."
                    )
                yield Listed(output.key, embed, output)
        elif item.items:
            yield Nested(embed.key, embed)

    def _embed(self, level: _Level, item: Embed, names: frozenset[str]) -> Embedded:
        """`names` are what paths may call it besides its key."""
        self._number += 1
        if self._number > MOST_EMBEDS:
            raise errors.TooManyEmbeds(MOST_EMBEDS)
        relationship = relations.find(self._sight.catalog, level.table, item.target, item.hint)
        self._others.setdefault(relationship.target.name, relationship.target)
        if relationship.junction is not None:
            self._others.setdefault(relationship.junction.table.name, relationship.junction.table)
        row = f"_rolltop_r{self._number}"
        key = item.alias or item.target
        lifted = item.spread and relationship.to_one
        inside = _Level(
            relationship.target,
            row,
            (*level.path, names | {key}),
            guard=is_there(row, relationship) if lifted else "",
        )
        self._levels.append(inside)
        outputs = self._outputs(inside, item.items)
        limit = _number(self._asked.limits, inside)
        if limit is not None and limit < 0:
            raise errors.RangeNotSatisfiable("Limit should be greater than or equal to zero.")
        return Embedded(
            Source(relationship.target),
            row,
            outputs,
            self._where(inside),
            self._order(inside, () if lifted else outputs),
            tuple(inside.embeds),
            self._rules(relationship, row),
            key,
            item.target,
            relationship,
            level.row,
            item.spread,
            item.join == "inner",
            limit,
            _number(self._asked.offsets, inside) or 0,
            level.guard,
        )

    # ---- which rows, in which order ----

    def _rules(self, relationship: relations.Relationship, row: str) -> tuple[Where, ...]:
        """The rules on the rows of an embedded resource, and on those that lead to it."""
        own = rules(self._sight, relationship.target.name, self._mine, row)
        if relationship.junction is None:
            return own
        return own + rules(self._sight, relationship.junction.table.name, self._mine, f"{row}j")

    def _where(self, level: _Level) -> tuple[Where, ...]:
        return tuple(_condition(level, condition) for path, condition in self._asked.filters if level.is_at(path))

    def _order(self, level: _Level, outputs: Sequence[Shown]) -> tuple[Sort, ...]:
        terms = next((terms for path, terms in self._asked.orders if level.is_at(path)), ())
        sorts = tuple(_sort(level, term) for term in terms)
        if any(isinstance(output, Aggregate) for output in outputs):
            groups = [output.place for output in outputs if isinstance(output, Output) and output.cast is None]
            for sort in sorts:
                if sort.embed is not None or sort.place not in groups:
                    raise errors.NotGrouped(level.table.name, sort.place.column.name)
        return sorts


def _number(numbers: Sequence[tuple[Path, int]], level: _Level) -> int | None:
    return next((number for path, number in numbers if level.is_at(path)), None)


def _condition(level: _Level, condition: Condition | Group) -> Where:
    if isinstance(condition, Group):
        members = tuple(_condition(level, member) for member in condition.members)
        return Logic(condition.operator, members, condition.negated)
    operator = condition.operator
    embed = level.embedded(condition.field.name)
    if embed is not None and operator == "is" and condition.value in ("null", "not_null") and not condition.field.steps:
        return Exists(embed, (condition.value == "null") is not condition.negated)
    found = place(level.table, condition.field, level.row)
    if operator in RANGES:
        raise errors.NotImplementedHere(f"The range operator '{operator}' is out of scope.")
    if operator in PATTERNS and not found.type.textual:
        raise errors.UndefinedOperator(_SYMBOLS[operator], found.type.name)
    if operator in CONTAINERS and found.type.name != "jsonb":
        raise errors.UndefinedOperator(_SYMBOLS[operator], found.type.name)
    if operator == "is" and condition.value not in ("null", "not_null") and found.type.name != "boolean":
        raise errors.NotBoolean(
            f"argument of IS {str(condition.value).upper()} must be type boolean, not type {found.type.name}"
        )
    config = _config(found, condition) if operator in FULL_TEXT else ""
    return Test(found, operator, condition.value, condition.negated, condition.quantifier, config)


def _config(found: Place, condition: Condition) -> str:
    """The text search configuration of a full text condition, `english` if none is named."""
    if not found.type.textual and found.type is not JSON:
        raise errors.UndefinedOperator("@@", found.type.name)
    config = "english" if condition.config is None else condition.config.strip().lower()
    if config not in CONFIGS:
        raise errors.UnknownConfig(config)
    return config


def _sort(level: _Level, term: Term) -> Sort:
    nulls_first = term.descending if term.nulls_first is None else term.nulls_first
    if term.embed is None:
        found = place(level.table, term.field, level.row)
        return Sort(found, term.descending, nulls_first, by_moment=_sorts_by_moment(level.table, found))
    embed = level.embedded(term.embed)
    if embed is None:
        raise errors.NotEmbedded(term.embed)
    if not embed.relationship.to_one:
        raise errors.RelatedOrder(level.table.name, term.embed)
    named = next((output for output in embed.outputs if output.key == term.field.name), None)
    if not isinstance(named, Output) or named.place.row != embed.row:
        raise errors.UnknownColumn(embed.table.name, term.field.name)
    apart = None if embed.joined else embed
    if named.cast is not None and named.cast is not named.place.type:
        steps, as_text = term.field.steps, term.field.texts[-1:] == (True,)
        return Sort(named.place, term.descending, nulls_first, True, apart, named.cast, steps, as_text)
    field = Field(named.place.column.name, named.place.steps + term.field.steps, named.place.texts + term.field.texts)
    found = place(embed.table, field, embed.row)
    by_moment = _sorts_by_moment(embed.table, found)
    return Sort(found, term.descending, nulls_first, related=True, embed=apart, by_moment=by_moment)


def _sorts_by_moment(table: Table, found: Place) -> bool:
    """Whether a timestamp is sorted by time: views and indexed columns may come in the order of an index, of texts."""
    return found.type.name == "timestamp" and table.kind == "table" and found.column.name not in table.sorted_by_index


def _output(level: _Level, item: Item) -> Output:
    key = item.alias or result_key(item.field)
    return Output(key, place(level.table, item.field, level.row), _cast(item.cast))


def _aggregate(level: _Level, item: Item, function: str) -> Aggregate:
    argument = _output(level, item)
    found = aggregate.result_type(function, argument.cast or argument.place.type)
    return Aggregate(item.alias or function, function, argument, found, _cast(item.aggregate_cast))


def _count_of_rows(alias: str | None, cast: str | None) -> Aggregate:
    return Aggregate(alias or "count", "count", None, aggregate.BIGINT, _cast(cast))


def _cast(name: str | None) -> ColumnType | None:
    if name is None:
        return None
    found = CASTS.get(name)
    if found is None:
        raise errors.UnknownType(name)
    return found


def result_key(field: Field) -> str:
    """The key of a result without alias: the last name in the JSON path, else the column (dialect, section 5.1)."""
    return next((step for step in reversed(field.steps) if isinstance(step, str)), field.name)
