# ruff: noqa: S608 (this module is where SQL is made: names are looked up and quoted, values bound)
"""Plans as SQL: one statement, names quoted, values bound. Pure, and the text depends on the shape only.

SQLite builds the JSON. Of a page:

    SELECT group_concat(j, ','), count(*) FROM (SELECT json_object('id', "id", …) AS j FROM "t" WHERE … LIMIT ?)

With a sorter the JSON is made outside, lest it be made for every row that is sorted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rolltop.data import Column, quote
from rolltop.data.quoting import quote_text
from rolltop.data.types import ColumnType, SQLValue
from rolltop.rows import aggregate, literals
from rolltop.rows.asked import Slot, Step
from rolltop.rows.media import Media
from rolltop.rows.plan import (
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
    Selection,
    Shown,
    Sort,
    Test,
    Where,
)

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
    """SQL in the making, with its bindings in the order of their marks: whoever renders first comes first."""

    binds: list[Bind] = field(default_factory=list)
    window: int | None = None
    """Where among the bindings those of the request's window (limit, offset; or keys) go."""

    def bind(self, value: "str | Slot | None", convert: literals.Convert) -> str:
        """A placeholder for a literal."""
        if isinstance(value, Slot):
            self.binds.append((value.number, convert))
        else:
            self.binds.append((-1, None if value is None else convert(value)))
        return "?"

    def constant(self, value: SQLValue) -> str:
        """A placeholder for a value of the shape."""
        self.binds.append((-1, value))
        return "?"

    def statement(self, sql: str) -> "Statement":
        """The finished statement."""
        return Statement(sql, tuple(self.binds), len(self.binds) if self.window is None else self.window)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and where its values come from; those of the window go in at `window`."""

    sql: str
    binds: tuple[Bind, ...]
    window: int

    def bindings(self, values: Sequence[str], window: Sequence[SQLValue] = ()) -> list[SQLValue]:
        """The values to bind for one request: its literals, and its limit and offset where the statement has them."""
        made: list[SQLValue] = [
            convert(values[slot]) if slot >= 0 else convert  # type: ignore[operator,misc]
            for slot, convert in self.binds
        ]
        if window:
            made[self.window : self.window] = window
        return made


def page(plan: ReadPlan, media: Media, *, offset: bool, sorter: bool) -> Statement:
    """The rows of a page as one text, separated but without brackets, and their number. LIMIT is always bound."""
    text = Text()
    head = _head(text, plan)
    inner, made = _rows(text, plan, media, limited=True, offset=offset, sorter=sorter)
    return text.statement(f"{head}SELECT {_glued(made, media)} FROM {inner}")


def rows(
    plan: ReadPlan, media: Media, *, limited: bool = False, offset: bool = False, sorter: bool = False
) -> Statement:
    """One text a row: for reads by key and for streams."""
    text = Text()
    head = _head(text, plan)
    inner, made = _rows(text, plan, media, limited=limited, offset=offset, sorter=sorter)
    return text.statement(f"{head}SELECT {made} AS {ROW} FROM {inner}" if made != ROW else head + inner[1:-1])


def _head(text: Text, plan: ReadPlan) -> str:
    """The query that stands in the place of a table, in front of the statement."""
    if plan.source.query is None:
        return ""
    text.binds.extend(plan.source.binds)
    return f"WITH {plan.source.sql} AS ({plan.source.query}) "


def _glued(made: str, media: Media) -> str:
    glue = quote_text("," if media.form != "csv" else "\n")
    return f"group_concat({made}, {glue}) AS {ROW}, count(*) AS {ROWS}"


def _rows(text: Text, plan: ReadPlan, media: Media, *, limited: bool, offset: bool, sorter: bool) -> tuple[str, str]:
    """What to select from, and the expression over it that is a row's text."""
    if plan.grouped:
        inner = _groups(text, plan, plan.source.sql, kept(plan))
        limit = _limit(text, limited=limited, offset=offset, apart=True)
        return f"({inner}{limit})", row_text(media, _named(plan))
    if not sorter:
        made = row_text(media, _direct(text, plan))
        return f"({_select(text, plan, f'{made} AS {ROW}', limited=limited, offset=offset)})", ROW
    rowid = plan.table.rowid
    if (
        rowid is not None and plan.source.query is None
    ):  # sorts keys only: half the time of sorting rows when the page is far
        return _rows_by_key(text, plan, media, quote(rowid), limited=limited, offset=offset)
    columns = _values(text, plan)
    inner = _select(text, plan, columns, limited=limited, offset=offset, apart=True)
    return f"({inner})", row_text(media, _named(plan))


def _rows_by_key(text: Text, plan: ReadPlan, media: Media, key: str, *, limited: bool, offset: bool) -> tuple[str, str]:
    made = row_text(media, _direct(text, plan))
    own = f"{plan.row}.{key}" if plan.row else key
    source = None if any(sort.related for sort in plan.order) else plan.source.sql
    inner = _select(text, plan, f"{own} AS {KEY}", limited=limited, offset=offset, apart=True, source=source)
    joins = _joins(text, plan)
    if plan.row:
        return f"({inner}) CROSS JOIN {plan.source.sql} ON {own} = {KEY}{joins}", made
    return f"({inner}) CROSS JOIN {plan.source.sql} AS t ON t.{key} = {KEY}", made


def count(plan: ReadPlan) -> Statement:
    """How many rows there are without limit and offset, before they are grouped."""
    text = Text()
    head = _head(text, plan)
    return text.statement(f"{head}SELECT count(*) FROM {plan.source.sql}{_where(text, kept(plan))}")


def extent(plan: ReadPlan) -> Statement:
    """How many rows the result has without limit and offset: groups, if rows are grouped."""
    if not plan.grouped:
        return count(plan)
    text = Text()
    head = _head(text, plan)
    inner = _groups(text, plan, plan.source.sql, kept(plan))
    return text.statement(f"{head}SELECT count(*) FROM ({inner})")


def filtered(plan: ReadPlan) -> Statement:
    """` WHERE …` of a write, or nothing."""
    text = Text()
    return text.statement(_where(text, plan.where))


def returned(plan: ReadPlan, media: Media, keys: Sequence[str]) -> Statement:
    """The rows whose keys are bound as one JSON array; in the array's order unless the plan has one.

    `keys` are column names, or one name of the rowid. Several keys are bound as an array of arrays.
    """
    text = Text()
    row = plan.row or "t"
    joined = " AND ".join(
        f"{row}.{quote(key)} = (_rolltop_key ->> {number})" if len(keys) > 1 else f"{row}.{quote(key)} = _rolltop_key"
        for number, key in enumerate(keys)
    )
    wanted = "(SELECT key AS _rolltop_at, value AS _rolltop_key FROM json_each(?))"
    source = f"{wanted} CROSS JOIN {quote(plan.table.name)}{'' if plan.row else ' AS t'} ON {joined}"
    inner_only = tuple(Exists(embed, False) for embed in plan.embeds if embed.inner)
    if plan.grouped:
        inner = _groups(text, plan, source, inner_only, window=True)
        return text.statement(f"SELECT {_glued(row_text(media, _named(plan)), media)} FROM ({inner} LIMIT -1)")
    made = row_text(media, _direct(text, plan))
    text.window = len(text.binds)
    source += _joins(text, plan)
    where = _where(text, inner_only)
    order = _order(text, plan.order) or " ORDER BY _rolltop_at"
    return text.statement(
        f"SELECT {_glued(ROW, media)} FROM (SELECT {made} AS {ROW} FROM {source}{where}{order} LIMIT -1)"
    )


def _select(
    text: Text,
    plan: ReadPlan,
    columns: str,
    *,
    limited: bool,
    offset: bool,
    apart: bool = False,
    source: str | None = None,
) -> str:
    """A plain SELECT; `apart` keeps SQLite from merging it into the query around it, by an OFFSET."""
    source = source or _from(text, plan)
    where = _where(text, kept(plan))
    order = _order(text, plan.order)
    return f"SELECT {columns} FROM {source}{where}{order}{_limit(text, limited=limited, offset=offset, apart=apart)}"


def _limit(text: Text, *, limited: bool, offset: bool, apart: bool) -> str:
    text.window = len(text.binds)
    limit = " LIMIT ?" if limited else " LIMIT -1" if offset or apart else ""
    return limit + (" OFFSET ?" if offset else " OFFSET 0" if apart else "")


# ---- what is selected ------------------------------------------------------------------------------------------------


def _direct(text: Text, selection: Selection) -> list[tuple[Shown, str]]:
    """The outputs with the SQL of their values, made in the row's own SELECT."""
    return [(output, _value(text, output)) for output in selection.outputs]


def _values(text: Text, selection: Selection) -> str:
    """The same as columns, for a SELECT around this one to name."""
    made = [f"{_value(text, output)} AS _rolltop_{number}" for number, output in enumerate(selection.outputs)]
    return ", ".join(made) or "NULL"


def _named(selection: Selection) -> list[tuple[Shown, str]]:
    """The outputs with the names that `_values` or `_groups` gave them."""
    found: list[tuple[Shown, str]] = []
    for number, output in enumerate(selection.outputs):
        name = f"_rolltop_{number}"
        if isinstance(output, Nested | Listed):  # the text of JSON: that it is JSON is forgotten on the way out
            found.append((output, f"json({name})"))
        elif isinstance(output, Output) and output.cast is not None and selection.grouped:  # cast where it was grouped
            found.append((Output(output.key, Place(Column(output.key, "", output.cast, held=True))), name))
        else:
            found.append((output, name))
    return found


def _value(text: Text, output: Shown) -> str:
    """The SQL value of an output."""
    if isinstance(output, Output):
        return value(output.place)
    if isinstance(output, Nested):
        return _nested(text, output.embed)
    if isinstance(output, Listed):
        return _listed(text, output)
    return _aggregated(output)


def _aggregated(output: Aggregate) -> str:
    argument = output.argument
    if argument is None:
        return "count(*)"
    place = argument.place
    column = argument.cast is None and not place.steps
    held = not column or place.column.held
    return aggregate.sql(output.function, argument.cast or place.type, cast_value(argument), held=held, column=column)


def cast_value(output: Output) -> str:
    """The SQL value of an output after its cast."""
    made, source = value(output.place), output.place.type
    if output.cast is None or output.cast is source:
        return made
    return f"rolltop_cast({quote_text(source.name)}, {quote_text(output.cast.name)}, {made})"


def _groups(
    text: Text,
    selection: Selection,
    base: str,
    where: Sequence[Where],
    *,
    match: str = "",
    window: bool = False,
) -> str:
    """A SELECT of groups: whatever is not computed over a group's rows makes the groups."""
    columns: list[str] = []
    keys: list[str] = []
    for number, output in enumerate(selection.outputs):
        made = cast_value(output) if isinstance(output, Output) else _value(text, output)
        columns.append(f"{made} AS _rolltop_{number}")
        if isinstance(output, Output) and output.cast is None:
            keys.append(compared(output.place))
        elif not isinstance(output, Aggregate):
            keys.append(str(number + 1))
    if window:
        text.window = len(text.binds)
    joins = _joins(text, selection)
    made_where = _where(text, where, match)
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {', '.join(columns)} FROM {base}{joins}{made_where}{group}{_order(text, selection.order)}"


def _from(text: Text, selection: Selection) -> str:
    """The selection's source, and beside its row those that belong to it one to one."""
    return selection.source.sql + _joins(text, selection)


def _joins(text: Text, selection: Selection) -> str:
    parts: list[str] = []
    for embed in selection.embeds:
        if embed.joined:
            nothing = ["0"] if embed.limit == 0 or embed.offset > 0 else []
            tests = [_belongs(embed), *nothing, *(_condition(text, part) for part in kept(embed))]
            parts.append(f" LEFT JOIN {embed.source.sql} AS {embed.row} ON {_joined(tests, 'AND')}")
            parts.append(_joins(text, embed))
    return "".join(parts)


def kept(selection: Selection) -> tuple[Where, ...]:
    """The conditions on a row: its filters, and that nothing embedded with `!inner` lacks."""
    return (*selection.where, *(Exists(embed, False) for embed in selection.embeds if embed.inner))


# ---- what is embedded ------------------------------------------------------------------------------------------------


def _belongs(embed: Embedded) -> str:
    """What makes a row, or a row of its junction, belong to the row above; the parent's column comes first."""
    relationship = embed.relationship
    if relationship.junction is not None:
        key = relationship.junction.to_origin
        return _equal(embed.over, key.parent_columns, f"{embed.row}j", key.columns)
    row = f"{embed.row}k" if embed.keyed else embed.row
    above, own = (embed.over, relationship.columns), (row, relationship.target_columns)
    return _equal(*own, *above) if relationship.forward else _equal(*above, *own)


def _equal(left: str, left_columns: Sequence[str], right: str, right_columns: Sequence[str]) -> str:
    pairs = zip(left_columns, right_columns, strict=True)
    return " AND ".join(f"{left}.{quote(one)} = {right}.{quote(other)}" for one, other in pairs)


def _base(embed: Embedded) -> str:
    """Where the rows of an embedded resource are."""
    own = f"{embed.source.sql} AS {embed.row}"
    junction = embed.relationship.junction
    if junction is not None:
        key = junction.to_target
        columns = (*junction.to_origin.columns, *key.columns)
        between = quote(junction.table.name)
        if junction.table.indexed.isdisjoint(junction.to_origin.columns):
            between = f"(SELECT {', '.join(map(quote, columns))} FROM {between} LIMIT -1)"
        pairs = _equal(embed.row, key.parent_columns, f"{embed.row}j", key.columns)
        return f"{between} AS {embed.row}j JOIN {own} ON {pairs}"
    if embed.keyed:
        key_column = quote(str(embed.table.rowid))
        columns = tuple(map(quote, embed.relationship.target_columns))
        keys = f"(SELECT {', '.join(columns)}, {key_column} AS {KEY} FROM {embed.source.sql} LIMIT -1) AS {embed.row}k"
        return f"{keys} CROSS JOIN {own} ON {embed.row}.{key_column} = {embed.row}k.{KEY}"
    return own


def _exists(text: Text, test: Exists) -> str:
    embed = test.embed
    found = f"EXISTS (SELECT 1 FROM {_base(embed)}{_where(text, kept(embed), _belongs(embed))})"
    return f"NOT {found}" if test.negated else found


def _embedded_rows(text: Text, embed: Embedded) -> str:
    """FROM and WHERE of an embedded resource's own SELECT."""
    base = _base(embed) + _joins(text, embed)
    return f"{base}{_where(text, kept(embed), _belongs(embed))}"


def _embedded_page(text: Text, embed: Embedded, *, most: int | None = None) -> str:
    """ORDER BY and LIMIT of an embedded resource; the LIMIT also keeps SQLite from dropping the order."""
    order = _order(text, embed.order)
    limit = embed.limit if most is None or (embed.limit is not None and embed.limit < most) else most
    made = f" LIMIT {'-1' if limit is None else text.constant(limit)}"
    return f"{order}{made} OFFSET {text.constant(embed.offset)}" if embed.offset else order + made


def _as_it_comes(embed: Embedded) -> bool:
    return not (embed.order or embed.offset) and embed.limit is None


def _object(pairs: Sequence[tuple[Shown, str]]) -> str:
    made = json_object([(output.key, output_json(output, expression)) for output, expression in pairs])
    return f"json({made})" if len(pairs) > MOST_PAIRS else made


def _nested(text: Text, embed: Embedded) -> str:
    """An embedded object or array as JSON."""
    if embed.joined:
        return f"CASE WHEN {embed.present} THEN {_object(_direct(text, embed))} END"
    if embed.grouped:
        inner = _groups(text, embed, _base(embed), kept(embed), match=_belongs(embed))
        inner += _embedded_page(text, replace(embed, order=()))
        made = _object(_named(embed))
        select = (
            f"{made} FROM ({inner}) LIMIT 1"
            if embed.relationship.to_one
            else f"json_group_array({made}) FROM ({inner})"
        )
    else:
        made = _object(_direct(text, embed))
        if _as_it_comes(embed):
            select = f"json_group_array({made}) FROM {_embedded_rows(text, embed)}"
        else:  # joined as text: a quarter faster than json_group_array(json(…))
            rows = f"{_embedded_rows(text, embed)}{_embedded_page(text, embed)}"
            select = f"'[' || coalesce(group_concat({ROW}, ','), '') || ']' FROM (SELECT {made} AS {ROW} FROM {rows})"
    return _guarded(embed, f"json((SELECT {select}))")  # json(): a subquery's result is no longer known to be JSON


def _listed(text: Text, output: Listed) -> str:
    """One column of an embedded resource as a JSON array."""
    embed, element = output.embed, output.element
    made = _value(text, element)
    if _as_it_comes(embed):
        select = f"json_group_array({output_json(element, made)}) FROM {_embedded_rows(text, embed)}"
    else:
        name = "_rolltop_0" if isinstance(element, Output) else "json(_rolltop_0)"
        rows = f"{_embedded_rows(text, embed)}{_embedded_page(text, embed)}"
        select = f"json_group_array({output_json(element, name)}) FROM (SELECT {made} AS _rolltop_0 FROM {rows})"
    return _guarded(embed, f"json((SELECT {select}))")


def _guarded(embed: Embedded, made: str) -> str:
    """NULL where the row above is not there."""
    return f"CASE WHEN {embed.guard} THEN {made} END" if embed.guard else made


# ---- order and conditions --------------------------------------------------------------------------------------------


def _order(text: Text, order: Sequence[Sort]) -> str:
    return f" ORDER BY {', '.join([_term(text, sort) for sort in order])}" if order else ""


def _term(text: Text, sort: Sort) -> str:
    column = sort.place.column
    never_null = not (sort.place.steps or sort.related) and (column.not_null or (column.held and column.key > 0))
    nulls = "" if never_null else " NULLS FIRST" if sort.nulls_first else " NULLS LAST"
    made = compared(sort.place)
    if sort.embed is not None:
        made = f"(SELECT {made} FROM {_embedded_rows(text, sort.embed)} LIMIT 1)"
    return f"{made}{' DESC' if sort.descending else ''}{nulls}"


def _where(text: Text, where: Sequence[Where], match: str = "") -> str:
    tests = [*([match] if match else []), *(_condition(text, part) for part in where)]
    return f" WHERE {_joined(tests, 'AND')}" if tests else ""


def _condition(text: Text, part: Where) -> str:
    if isinstance(part, Exists):
        return _exists(text, part)
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
    quoted = f"{place.row}.{quote(column.name)}" if place.row else quote(column.name)
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


def row_text(media: Media, pairs: Sequence[tuple[Shown, str]]) -> str:
    """The text of a row: a JSON object or a CSV line; each output comes with the SQL of its value."""
    if media.form == "csv":
        return csv_line([csv_cell(output, expression) for output, expression in pairs])
    made = json_object([(output.key, output_json(output, expression)) for output, expression in pairs])
    return f"rolltop_stripped({made})" if media.stripped else made


def csv_line(cells: Sequence[str]) -> str:
    """Cells joined by commas; NULL is empty."""
    return " || ',' || ".join(f"coalesce({cell}, '')" for cell in cells) or "''"


def csv_cell(output: Shown, expression: str) -> str:
    """A cell of CSV (dialect, section 12): the text of its JSON value, quoted where RFC 4180 asks for it."""
    if isinstance(output, Nested | Listed):
        return f"rolltop_csv({expression}, {quote_text(JSON.name)})"
    if isinstance(output, Aggregate):
        made, shown = _aggregate_cast(output, expression)
        return f"rolltop_csv({made}, {quote_text(shown.name)})"
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
    parts = [pairs[start : start + MOST_PAIRS] for start in range(0, len(pairs), MOST_PAIRS)] or [()]
    objects = [f"json_object({', '.join(f'{quote_text(key)}, {made}' for key, made in part)})" for part in parts]
    if len(objects) == 1:
        return objects[0]
    pieces = [f"substr({made}, {1 if number == 0 else 2})" for number, made in enumerate(objects)]
    opened = [f"rtrim({piece}, '}}')" for piece in pieces[:-1]]
    return " || ',' || ".join([*opened, pieces[-1]])


def _aggregate_cast(output: Aggregate, expression: str) -> tuple[str, ColumnType]:
    """The value of an aggregate after its cast, and its type."""
    if output.cast is None or output.cast is output.type:
        return expression, output.type
    return f"rolltop_cast({quote_text(output.type.name)}, {quote_text(output.cast.name)}, {expression})", output.cast


def output_json(output: Shown, expression: str) -> str:
    """The SQL for an output's JSON value, `expression` being its SQL value."""
    if isinstance(output, Nested | Listed):
        return expression
    if isinstance(output, Aggregate):
        made, shown = _aggregate_cast(output, expression)
        return aggregate.json(shown, made, held=output.function == "count" or shown is not output.type)
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
