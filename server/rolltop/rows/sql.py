# ruff: noqa: S608 (this module is where SQL is made: names are looked up and quoted, values bound)
"""Plans as SQL: one statement, names quoted, values bound. Pure, and the text depends on the shape only.

SQLite builds the JSON. Of a page:

    SELECT group_concat(j, ','), count(*) FROM (SELECT json_object('id', "id", …) AS j FROM "t" WHERE … LIMIT ?)

With a sorter the JSON is made outside, lest it be made for every row that is sorted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rolltop.data import quote
from rolltop.data.quoting import quote_text
from rolltop.data.types import ColumnType, SQLValue
from rolltop.rows import literals
from rolltop.rows.asked import Slot, Step
from rolltop.rows.media import Media
from rolltop.rows.plan import JSON, TEXT, Logic, Output, Place, ReadPlan, Sort, Test

MOST_PAIRS = 490
"""SQLite's functions take 1,000 arguments: so many keys and values fit one `json_object`."""

Bind = tuple[int, "literals.Convert | SQLValue"]
"""(slot, how its text is read), or (-1, a value that belongs to the shape)."""

ROW = "_rolltop_row"
"""The alias of a row's text: a name that no table has, for ORDER BY looks at aliases first."""

ROWS = "_rolltop_rows"
KEY = "_rolltop_key"

_NUMBERS = frozenset({"bigint", "double precision", "numeric"})
_ODD_IN_CSV = "{0} >= 9e999 OR {0} <= -9e999"
_CSV_GUARDS = {
    **dict.fromkeys((*_NUMBERS, "date", "timestamp", "time", "uuid"), ""),
    "text": "{0} GLOB " + quote_text('*[",\r\n]*'),
}
"""The types whose cells SQLite writes itself, and which of them it must not."""
_COMPARE = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "isdistinct": "IS NOT"}


@dataclass(slots=True)
class Text:
    """SQL in the making, with its bindings in order."""

    binds: list[Bind] = field(default_factory=list)

    def bind(self, value: "str | Slot | None", convert: literals.Convert) -> str:
        """A placeholder for a literal."""
        if isinstance(value, Slot):
            self.binds.append((value.number, convert))
        else:
            self.binds.append((-1, None if value is None else convert(value)))
        return "?"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and where its values come from; LIMIT and OFFSET are bound last."""

    sql: str
    binds: tuple[Bind, ...]

    def bindings(self, values: Sequence[str]) -> list[SQLValue]:
        """The values to bind for one request's literals."""
        return [convert(values[slot]) if slot >= 0 else convert for slot, convert in self.binds]  # type: ignore[operator,misc]


def page(plan: ReadPlan, media: Media, *, offset: bool, sorter: bool) -> Statement:
    """The rows of a page as one text, separated but without brackets, and their number. LIMIT is always bound."""
    text = Text()
    glue = quote_text("," if media.form != "csv" else "\n")
    inner, made = _rows(text, plan, media, limited=True, offset=offset, sorter=sorter)
    select = f"SELECT group_concat({made}, {glue}) AS {ROW}, count(*) AS {ROWS} FROM {inner}"
    return Statement(select, tuple(text.binds))


def rows(
    plan: ReadPlan, media: Media, *, limited: bool = False, offset: bool = False, sorter: bool = False
) -> Statement:
    """One text a row: for reads by key and for streams."""
    text = Text()
    inner, made = _rows(text, plan, media, limited=limited, offset=offset, sorter=sorter)
    return Statement(f"SELECT {made} AS {ROW} FROM {inner}" if sorter else inner[1:-1], tuple(text.binds))


def _rows(text: Text, plan: ReadPlan, media: Media, *, limited: bool, offset: bool, sorter: bool) -> tuple[str, str]:
    """What to select from, and the expression over it that is a row's text."""
    if not sorter:
        made = row_text(media, [(output, value(output.place)) for output in plan.outputs])
        return f"({_select(text, plan, f'{made} AS {ROW}', limited=limited, offset=offset)})", ROW
    table = plan.table
    if table.rowid is not None:  # sorts keys only: half the time of sorting rows when the page is far
        key = quote(table.rowid)
        inner = _select(text, plan, f"{key} AS {KEY}", limited=limited, offset=offset, apart=True)
        made = row_text(media, [(output, value(output.place)) for output in plan.outputs])
        return f"({inner}) CROSS JOIN {quote(table.name)} AS t ON t.{key} = {KEY}", made
    names = [f"_rolltop_{number}" for number in range(len(plan.outputs))]
    pairs = list(zip(plan.outputs, names, strict=True))
    columns = ", ".join(f"{value(output.place)} AS {name}" for output, name in pairs)
    return f"({_select(text, plan, columns, limited=limited, offset=offset, apart=True)})", row_text(media, pairs)


def count(plan: ReadPlan) -> Statement:
    """How many rows there are without limit and offset."""
    text = Text()
    return Statement(f"SELECT count(*) FROM {quote(plan.table.name)}{_where(text, plan.where)}", tuple(text.binds))


def filtered(plan: ReadPlan) -> Statement:
    """` WHERE …` of a write, or nothing."""
    text = Text()
    return Statement(_where(text, plan.where), tuple(text.binds))


def returned(plan: ReadPlan, media: Media, keys: Sequence[str]) -> str:
    """The rows whose keys are bound as one JSON array; in the array's order unless the plan has one.

    `keys` are column names, or one name of the rowid. Several keys are bound as an array of arrays.
    """
    joined = " AND ".join(
        f"t.{quote(key)} = (_rolltop_key ->> {number})" if len(keys) > 1 else f"t.{quote(key)} = _rolltop_key"
        for number, key in enumerate(keys)
    )
    order = _order(plan.order) or " ORDER BY _rolltop_at"
    wanted = "(SELECT key AS _rolltop_at, value AS _rolltop_key FROM json_each(?))"
    made = row_text(media, [(output, value(output.place)) for output in plan.outputs])
    glue = quote_text("," if media.form != "csv" else "\n")
    return (
        f"SELECT group_concat({ROW}, {glue}) AS {ROW}, count(*) AS {ROWS} FROM (SELECT {made} AS {ROW} "
        f"FROM {wanted} CROSS JOIN {quote(plan.table.name)} AS t ON {joined}{order} LIMIT -1)"
    )


def _select(text: Text, plan: ReadPlan, columns: str, *, limited: bool, offset: bool, apart: bool = False) -> str:
    """A plain SELECT; `apart` keeps SQLite from merging it into the query around it, by an OFFSET."""
    where = _where(text, plan.where)
    limit = " LIMIT ?" if limited else " LIMIT -1" if offset or apart else ""
    skip = " OFFSET ?" if offset else " OFFSET 0" if apart else ""
    return f"SELECT {columns} FROM {quote(plan.table.name)}{where}{_order(plan.order)}{limit}{skip}"


def _order(order: Sequence[Sort]) -> str:
    return f" ORDER BY {', '.join(map(_term, order))}" if order else ""


def _term(sort: Sort) -> str:
    column = sort.place.column
    never_null = not sort.place.steps and (column.not_null or (column.held and column.key > 0))
    nulls = "" if never_null else " NULLS FIRST" if sort.nulls_first else " NULLS LAST"
    return f"{compared(sort.place)}{' DESC' if sort.descending else ''}{nulls}"


def _where(text: Text, where: Sequence[Test | Logic]) -> str:
    return f" WHERE {_joined([_condition(text, part) for part in where], 'AND')}" if where else ""


def _condition(text: Text, part: Test | Logic) -> str:
    if isinstance(part, Logic):
        made = _joined([_condition(text, member) for member in part.members], part.operator.upper())
    else:
        made = _test(text, part)
    return f"NOT ({made})" if part.negated else made


def _joined(parts: list[str], operator: str) -> str:
    """The parts in parentheses, as a balanced tree: SQLite's expressions may be 1,000 deep."""
    if len(parts) == 1:
        return f"({parts[0]})"
    if len(parts) <= 8:
        return f"({f' {operator} '.join(parts)})"
    middle = len(parts) // 2
    return f"({_joined(parts[:middle], operator)} {operator} {_joined(parts[middle:], operator)})"


def _test(text: Text, test: Test) -> str:
    operator = test.operator
    if operator == "is":
        return _is(test)
    if operator == "in":
        return _in(text, test)
    make = _PATTERNS.get(operator) or _CONTAINERS.get(operator) or _comparison
    if test.quantifier and isinstance(test.value, tuple):
        word = "OR" if test.quantifier == "any" else "AND"
        parts = [make(text, test, element) for element in test.value]
        return _joined(parts, word) if parts else ("0" if word == "OR" else "1")
    if isinstance(test.value, tuple):
        raise TypeError("a list without quantifier")
    return make(text, test, test.value)


def _is(test: Test) -> str:
    target = value(test.place)
    wanted = {"null": "IS NULL", "not_null": "IS NOT NULL", "true": "IS 1", "false": "IS 0", "unknown": "IS NULL"}
    return f"{target} {wanted[str(test.value)]}"


def _convert(place: Place) -> literals.Convert:
    if place.type is JSON:
        from rolltop.data.functions import order_of_json

        return lambda text: order_of_json(str(JSON.parse(text)))
    return literals.comparable(place.type, held=place.column.held and not place.steps)


def _in(text: Text, test: Test) -> str:
    convert = _convert(test.place)
    target = compared(test.place)
    if test.place.type.name in ("bytea", "jsonb"):
        target = f"hex({target})"
    if isinstance(test.value, Slot):
        made = text.bind(test.value, literals.listed(convert))
    else:
        elements = [convert(element) for element in test.value if element is not None]
        text.binds.append((-1, literals.json_list(elements)))
        made = "?"
    return f"{target} IN (SELECT value FROM json_each({made}))"


def _comparison(text: Text, test: Test, literal: "str | Slot | None") -> str:
    made = text.bind(literal, _convert(test.place))
    return f"{compared(test.place)} {_COMPARE[test.operator]} {made}"


def _like(text: Text, test: Test, literal: "str | Slot | None") -> str:
    return f"{value(test.place)} GLOB {text.bind(literal, literals.glob)}"


def _ilike(text: Text, test: Test, literal: "str | Slot | None") -> str:
    if isinstance(literal, str) and literal.isascii():
        return f"{value(test.place)} LIKE {text.bind(literal, literals.like)} ESCAPE '\\'"
    return f"rolltop_lower({value(test.place)}) GLOB {text.bind(literal, literals.folded_glob)}"


def _match(text: Text, test: Test, literal: "str | Slot | None") -> str:
    made = text.bind(literal, literals.expression)
    return f"rolltop_match({made}, {value(test.place)}, {int(test.operator == 'imatch')})"


def _contains(text: Text, test: Test, literal: "str | Slot | None") -> str:
    made = text.bind(literal, str)
    return f"rolltop_{test.operator}({value(test.place)}, {made})"


_PATTERNS: dict[str, Callable[[Text, Test, "str | Slot | None"], str]] = {
    "like": _like,
    "ilike": _ilike,
    "match": _match,
    "imatch": _match,
}
_CONTAINERS = dict.fromkeys(("cs", "cd", "ov"), _contains)


def value(place: Place) -> str:
    """The SQL value at a place: a column as stored, JSON as its text, `->>` as text."""
    column = place.column
    quoted = quote(column.name)
    if not place.steps:
        bare = column.type is TEXT and not column.declared
        return f"CAST({quoted} AS TEXT)" if bare else quoted
    if column.type is not JSON:
        return "NULL"  # a scalar has neither keys nor elements
    source = quoted if column.held else f"CASE WHEN json_valid({quoted}, 5) THEN {quoted} END"
    path = quote_text(json_path(place.steps))
    if not place.texts[-1]:
        return f"(({source}) -> {path})"
    return (
        f"CASE json_type({source}, {path}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
        f"ELSE CAST(({source}) ->> {path} AS TEXT) END"
    )


def json_path(steps: Sequence[Step]) -> str:
    """SQLite's path for the steps; a negative index counts from the end."""
    parts = ["$"]
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]" if step >= 0 else f"[#{step}]")
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'."{escaped}"')
    return "".join(parts)


def compared(place: Place) -> str:
    """What is compared and sorted by: JSON by its jsonb order, everything else as it is."""
    return f"rolltop_order({value(place)})" if place.type is JSON else value(place)


def row_text(media: Media, pairs: Sequence[tuple[Output, str]]) -> str:
    """The text of a row: a JSON object or a CSV line; each output comes with the SQL of its value."""
    if media.form == "csv":
        return csv_line([csv_cell(output, expression) for output, expression in pairs])
    made = json_object([(output.key, output_json(output, expression)) for output, expression in pairs])
    return f"rolltop_stripped({made})" if media.stripped else made


def csv_line(cells: Sequence[str]) -> str:
    """Cells joined by commas; NULL is empty."""
    return " || ',' || ".join(f"coalesce({cell}, '')" for cell in cells)


def csv_cell(output: Output, expression: str) -> str:
    """A cell of CSV (dialect, section 12): the text of its JSON value, quoted where RFC 4180 asks for it."""
    place = output.place
    kind = output.cast or place.type
    if kind is not place.type:
        expression = f"rolltop_cast({quote_text(place.type.name)}, {quote_text(kind.name)}, {expression})"
    called = f"rolltop_csv({expression}, {quote_text(kind.name)})"
    if kind.name not in _CSV_GUARDS or kind is not place.type:
        return called
    guards = [_CSV_GUARDS[kind.name]] if kind is TEXT else []
    if place.steps or not place.column.held:
        guards.append(_ODD_IN_CSV if kind.name in _NUMBERS else "{0} >= x''")
    if not guards:
        return expression
    odd = " OR ".join(guard.format(expression) for guard in guards)
    return f"CASE WHEN {odd} THEN {called} ELSE {expression} END"


def json_object(pairs: Sequence[tuple[str, str]]) -> str:
    """`json_object(…)`; several joined as text when there are more pairs than a function takes arguments."""
    parts = [pairs[start : start + MOST_PAIRS] for start in range(0, len(pairs), MOST_PAIRS)]
    objects = [f"json_object({', '.join(f'{quote_text(key)}, {made}' for key, made in part)})" for part in parts]
    if len(objects) == 1:
        return objects[0]
    pieces = [f"substr({made}, {1 if number == 0 else 2})" for number, made in enumerate(objects)]
    opened = [f"rtrim({piece}, '}}')" for piece in pieces[:-1]]
    return " || ',' || ".join([*opened, pieces[-1]])


def output_json(output: Output, expression: str) -> str:
    """The SQL for an output's JSON value, `expression` being the SQL value at its place."""
    place = output.place
    if output.cast is not None and output.cast is not place.type:
        return cast_json(output.cast, place.type, expression)
    if not place.steps:
        return place.column.type.json(expression, held=place.column.held)
    return f"json({expression})" if place.type is JSON else expression


def cast_json(target: ColumnType, source: ColumnType, expression: str) -> str:
    """The JSON value of a cast; the cast itself is a function of ours, whose errors name the type."""
    made = f"rolltop_cast({quote_text(source.name)}, {quote_text(target.name)}, {expression})"
    return target.json(made, held=True)
