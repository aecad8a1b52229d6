# ruff: noqa: S608 (names are looked up in the catalog and quoted, values bound)
"""Which rows: what is joined to them, the conditions on them, and their order, as SQL.

What is embedded to one stands beside its parent in FROM; what is embedded to many has a SELECT of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from rolltop.data import quote
from rolltop.data.functions import order_of_operand
from rolltop.data.quoting import quote_text
from rolltop.rows import literals
from rolltop.rows.asked import Slot
from rolltop.rows.parse import CONTAINERS, FULL_TEXT
from rolltop.rows.planned import JSON, Embedded, Exists, Logic, Place, Selection, Sort, Test, Where
from rolltop.rows.statement import Text
from rolltop.rows.values import compared, is_loose_day, is_moment, moment, plain, sorted_by, value

_COMPARE = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "isdistinct": "IS NOT"}

KEY = "_rolltop_key"


def source_of(text: Text, selection: Selection) -> str:
    """The selection's source, and beside its row those that belong to it one to one."""
    return selection.source.sql + joins(text, selection)


def joins(text: Text, selection: Selection) -> str:
    """The rows that belong one to one, each with its conditions, so that its absence leaves its parent there."""
    parts: list[str] = []
    for embed in selection.embeds:
        if embed.joined:
            nothing = ["0"] if embed.limit == 0 or embed.offset > 0 else []
            tests = [belongs(embed), *nothing, *(_condition(text, part) for part in kept(embed))]
            parts.append(f" LEFT JOIN {embed.source.sql} AS {embed.row} ON {_joined(tests, 'AND')}")
            parts.append(joins(text, embed))
    return "".join(parts)


def kept(selection: Selection) -> tuple[Where, ...]:
    """The conditions on a row: its filters, the rules, and that nothing embedded with `!inner` lacks."""
    return (
        *selection.where,
        *selection.rules,
        *(Exists(embed, False) for embed in selection.embeds if embed.inner),
    )


def belongs(embed: Embedded) -> str:
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


def base(embed: Embedded) -> str:
    """Where the rows of an embedded resource are."""
    own = f"{embed.source.sql} AS {embed.row}"
    junction = embed.relationship.junction
    if junction is not None:
        key = junction.to_target
        between = quote(junction.table.name)
        if junction.table.indexed.isdisjoint(junction.to_origin.columns):
            ruled = _columns(embed.rules, f"{embed.row}j")
            both = dict.fromkeys((*junction.to_origin.columns, *key.columns, *ruled))
            between = f"(SELECT {', '.join(map(quote, both))} FROM {between} LIMIT -1)"
        pairs = _equal(embed.row, key.parent_columns, f"{embed.row}j", key.columns)
        return f"{between} AS {embed.row}j JOIN {own} ON {pairs}"
    if embed.keyed:
        key_column = quote(str(embed.table.rowid))
        columns = tuple(map(quote, embed.relationship.target_columns))
        keys = f"(SELECT {', '.join(columns)}, {key_column} AS {KEY} FROM {embed.source.sql} LIMIT -1) AS {embed.row}k"
        return f"{keys} CROSS JOIN {own} ON {embed.row}.{key_column} = {embed.row}k.{KEY}"
    return own


def _columns(where: Iterable[Where], row: str) -> Iterator[str]:
    """The columns of a row that conditions look at."""
    for part in where:
        if isinstance(part, Logic):
            yield from _columns(part.members, row)
        elif isinstance(part, Test) and part.place.row == row:
            yield part.place.column.name


def _exists(text: Text, test: Exists) -> str:
    embed = test.embed
    found = f"EXISTS (SELECT 1 FROM {base(embed)}{where_of(text, kept(embed), belongs(embed))})"
    return f"NOT {found}" if test.negated else found


def embedded_rows(text: Text, embed: Embedded) -> str:
    """FROM and WHERE of an embedded resource's own SELECT."""
    source = base(embed) + joins(text, embed)
    return f"{source}{where_of(text, kept(embed), belongs(embed))}"


def order_by(text: Text, order: Sequence[Sort]) -> str:
    """` ORDER BY …`, or nothing."""
    return f" ORDER BY {', '.join([_term(text, sort) for sort in order])}" if order else ""


def _term(text: Text, sort: Sort) -> str:
    column = sort.place.column
    never_null = not (sort.place.steps or sort.related) and (column.not_null or (column.held and column.key > 0))
    nulls = "" if never_null else " NULLS FIRST" if sort.nulls_first else " NULLS LAST"
    made = sorted_by(sort)
    if sort.embed is not None:
        made = f"(SELECT {made} FROM {embedded_rows(text, sort.embed)} LIMIT 1)"
    return f"{made}{' DESC' if sort.descending else ''}{nulls}"


def where_of(text: Text, where: Sequence[Where], match: str = "") -> str:
    """` WHERE …`, or nothing; `match` is SQL that must hold, too."""
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
    make = _SPECIAL.get(operator, _comparison)
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
        return order_of_operand
    return literals.comparable(place.type)


def _in(text: Text, test: Test) -> str:
    convert = _convert(test.place)
    target = compared(test.place)
    if is_moment(test.place):
        target = moment(test.place)
    elif is_loose_day(test.place):
        target = _day(test.place)
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
    operator = _COMPARE[test.operator]
    if test.place.type is JSON:
        return f"rolltop_compare({plain(test.place)}, {text.bind(literal, literals.operand)}) {operator} 0"
    if is_moment(test.place):
        return _of_second(text, test, literal) if test.place.column.held else _of_days(text, test, literal)
    if is_loose_day(test.place):
        return _of_day(text, test, literal)
    return f"{compared(test.place)} {operator} {text.bind(literal, _convert(test.place))}"


def _day(place: Place) -> str:
    return f"substr({value(place)}, 1, 10)"


def _of_day(text: Text, test: Test, literal: "str | Slot | None") -> str:
    """A day, whatever time follows it in the cell; by comparisons that an index helps."""
    cell, convert = value(test.place), _convert(test.place)
    match test.operator:
        case "eq":
            return f"({cell} >= {text.bind(literal, convert)} AND {cell} < {text.bind(literal, literals.end_of_day)})"
        case "neq":
            return f"({cell} < {text.bind(literal, convert)} OR {cell} >= {text.bind(literal, literals.end_of_day)})"
        case "gt" | "lte":
            operator = ">=" if test.operator == "gt" else "<"
            return f"{cell} {operator} {text.bind(literal, literals.end_of_day)}"
        case "isdistinct":
            return f"{_day(test.place)} IS NOT {text.bind(literal, convert)}"
        case _:
            return f"{cell} {_COMPARE[test.operator]} {text.bind(literal, convert)}"


def _of_days(text: Text, test: Test, literal: "str | Slot | None") -> str:
    """A moment in any ISO form: first the days around it, so that an index helps, for it holds the texts."""
    found = []
    if literal is not None and test.operator in ("eq", "gt", "gte"):
        found.append(f"{value(test.place)} >= {text.bind(literal, literals.day_before)}")
    if literal is not None and test.operator in ("eq", "lt", "lte"):
        found.append(f"{value(test.place)} < {text.bind(literal, literals.day_after)}")
    return _joined([*found, _moments(text, test, literal)], "AND")


def _of_second(text: Text, test: Test, literal: "str | Slot | None") -> str:
    """A moment as tables of ours keep it, whose texts sort as moments from second to second, and not within one."""
    if literal is None or test.operator == "isdistinct":
        return _moments(text, test, literal)
    cell, operator = value(test.place), test.operator
    begins = text.bind(literal, literals.second_begins) if operator in ("eq", "gt", "gte") else ""
    ends = text.bind(literal, literals.second_ends) if operator in ("eq", "lt", "lte") else ""
    match operator:
        case "eq":
            return f"({cell} >= {begins} AND {cell} <= {ends} AND {_moments(text, test, literal)})"
        case "gt" | "gte":
            later = f"{cell} > {text.bind(literal, literals.second_ends)}"
            return f"({cell} >= {begins} AND ({later} OR {_moments(text, test, literal)}))"
        case "lt" | "lte":
            earlier = f"{cell} < {text.bind(literal, literals.second_begins)}"
            return f"({cell} <= {ends} AND ({earlier} OR {_moments(text, test, literal)}))"
        case _:
            return _moments(text, test, literal)


def _moments(text: Text, test: Test, literal: "str | Slot | None") -> str:
    return f"{moment(test.place)} {_COMPARE[test.operator]} {text.bind(literal, _convert(test.place))}"


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
    made = text.bind(literal, literals.operand)
    return f"rolltop_{test.operator}({plain(test.place)}, {made})"


def _full_text(text: Text, test: Test, literal: "str | Slot | None") -> str:
    wanted = text.bind(literal, literals.searches(test.operator))
    mode = quote_text(f"{test.operator} {test.config}")
    return f"rolltop_fts({plain(test.place)}, {int(test.place.type is JSON)}, {mode}, {wanted})"


_SPECIAL: dict[str, Callable[[Text, Test, "str | Slot | None"], str]] = {
    "like": _like,
    "ilike": _ilike,
    "match": _match,
    "imatch": _match,
    **dict.fromkeys(CONTAINERS, _contains),
    **dict.fromkeys(FULL_TEXT, _full_text),
}
