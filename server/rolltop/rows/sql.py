# ruff: noqa: S608 (this module is where SQL is made: names are looked up and quoted, values bound)
"""Plans as SQL: one statement, names quoted, values bound. Pure, and the text depends on the shape only.

SQLite builds the JSON. Of a page:

    SELECT group_concat(j, ','), count(*) FROM (SELECT json_object('id', "id", …) AS j FROM "t" WHERE … LIMIT ?)

With a sorter the JSON is made outside, lest it be made for every row that is sorted.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from rolltop.data import Column, Table, quote
from rolltop.data.quoting import quote_text
from rolltop.data.types import SQLValue
from rolltop.rows.conditions import KEY, base, belongs, embedded_rows, joins, kept, order_by, source_of, where_of
from rolltop.rows.media import ARRAY, Media
from rolltop.rows.planned import (
    Aggregate,
    Arrays,
    Embedded,
    Exists,
    Listed,
    Nested,
    Output,
    Place,
    ReadPlan,
    Selection,
    Shown,
    Where,
)
from rolltop.rows.statement import Statement, Text
from rolltop.rows.values import (
    MOST_PAIRS,
    aggregated,
    cast_value,
    cell_value,
    compared,
    object_json,
    output_json,
    row_text,
    value,
)

ROW = "_rolltop_row"
"""The alias of a row's text: a name that no table has, for ORDER BY looks at aliases first."""

ROWS = "_rolltop_rows"


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


def cells(plan: ReadPlan, *, sorter: bool = False) -> Statement:
    """One SQL value an output: for exports in forms that have types of their own. LIMIT and OFFSET are bound."""
    text = Text()
    head = _head(text, plan)
    if plan.grouped:
        inner = _groups(text, plan, plan.source.sql, kept(plan))
        limit = _limit(text, limited=True, offset=True, apart=False)
        names = ((output, f"_rolltop_{number}") for number, output in enumerate(plan.outputs))
        made = ", ".join(cell_value(output, name) if isinstance(output, Aggregate) else name for output, name in names)
        return text.statement(f"{head}SELECT {made} FROM ({inner}{limit})")
    made = ", ".join(cell_value(output, _value(text, output)) for output in plan.outputs) or "NULL"
    rowid = plan.table.rowid
    if sorter and rowid is not None and plan.source.query is None:
        inner = _by_key(text, plan, quote(rowid), limited=True, offset=True)
        return text.statement(f"SELECT {made} FROM {inner}")
    return text.statement(head + _select(text, plan, made, limited=True, offset=True))


def _head(text: Text, plan: ReadPlan) -> str:
    """The query that stands in the place of a table, in front of the statement."""
    if plan.source.query is None:
        return ""
    text.binds.extend(plan.source.binds)
    columns = ", ".join(quote(column.name) for column in plan.table.columns)
    before = f"{plan.source.before}, " if plan.source.before else ""
    return f"WITH {before}{plan.source.sql} ({columns}) AS ({plan.source.query}) "


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
        made = row_text(media, _direct(text, plan, media))
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
    made = row_text(media, _direct(text, plan, media))
    return _by_key(text, plan, key, limited=limited, offset=offset), made


def _by_key(text: Text, plan: ReadPlan, key: str, *, limited: bool, offset: bool) -> str:
    """The rows of a window, found by sorting their keys alone."""
    own = f"{plan.row}.{key}" if plan.row else key
    source = None if any(sort.related for sort in plan.order) else plan.source.sql
    inner = _select(text, plan, f"{own} AS {KEY}", limited=limited, offset=offset, apart=True, source=source)
    beside = joins(text, plan)
    if plan.row:
        return f"({inner}) CROSS JOIN {plan.source.sql} ON {own} = {KEY}{beside}"
    return f"({inner}) CROSS JOIN {plan.source.sql} AS t ON t.{key} = {KEY}"


def count(plan: ReadPlan) -> Statement:
    """How many rows there are without limit and offset, before they are grouped."""
    text = Text()
    head = _head(text, plan)
    return text.statement(f"{head}SELECT count(*) FROM {plan.source.sql}{where_of(text, kept(plan))}")


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
    return text.statement(where_of(text, (*plan.where, *plan.rules)))


def ruled(plan: ReadPlan) -> Statement:
    """` WHERE …` of the rules alone, for the row that is in the way of another."""
    text = Text()
    return text.statement(where_of(text, plan.rules))


def allowed(plan: ReadPlan, keys: Sequence[str]) -> Statement:
    """How many of the rows whose keys are bound, as in `returned`, the rules let the caller see."""
    text = Text(window=0)
    where = where_of(text, plan.rules)
    return text.statement(f"SELECT count(*) FROM {_keyed(plan, keys)}{where}")


def _keyed(plan: ReadPlan, keys: Sequence[str]) -> str:
    """The rows whose keys are bound as one JSON array."""
    row = plan.row or "t"
    joined = " AND ".join(
        f"{row}.{quote(key)} = {_bound_key(plan.table, number if len(keys) > 1 else None)}"
        for number, key in enumerate(keys)
    )
    wanted = "(SELECT key AS _rolltop_at, value AS _rolltop_key, type AS _rolltop_type FROM json_each(?))"
    return f"{wanted} CROSS JOIN {quote(plan.table.name)}{'' if plan.row else ' AS t'} ON {joined}"


def returned(plan: ReadPlan, media: Media, keys: Sequence[str]) -> Statement:
    """The rows whose keys are bound as one JSON array; in the array's order unless the plan has one.

    `keys` are column names, or one name of the rowid. Several keys are bound as an array of arrays.
    """
    text = Text()
    source = _keyed(plan, keys)
    inner_only = tuple(Exists(embed, False) for embed in plan.embeds if embed.inner)
    if plan.grouped:
        inner = _groups(text, plan, source, inner_only, window=True)
        return text.statement(f"SELECT {_glued(row_text(media, _named(plan)), media)} FROM ({inner} LIMIT -1)")
    made = row_text(media, _direct(text, plan, media))
    text.window = len(text.binds)
    source += joins(text, plan)
    where = where_of(text, inner_only)
    order = order_by(text, plan.order) or " ORDER BY _rolltop_at"
    return text.statement(
        f"SELECT {_glued(ROW, media)} FROM (SELECT {made} AS {ROW} FROM {source}{where}{order} LIMIT -1)"
    )


def _bound_key(table: Table, number: int | None) -> str:
    """The value of a key, or of its part of this number; what JSON cannot say is in an object (`key_json`)."""
    bound = "_rolltop_key" if number is None else f"(_rolltop_key ->> {number})"
    if table.rowid is not None:
        return bound
    kind = "_rolltop_type" if number is None else f"json_type(_rolltop_key, '$[{number}]')"
    odd = f"coalesce(unhex({bound} ->> 'x'), 9e999 * ({bound} ->> 'sign'))"
    return f"CASE WHEN {kind} = 'object' THEN {odd} ELSE {bound} END"


def key_json(value: SQLValue) -> Any:
    """A key's value for the JSON that `returned` binds."""
    if isinstance(value, bytes):
        return {"x": value.hex()}
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return {"sign": 1 if value > 0 else -1}
    return value


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
    source = source or source_of(text, plan)
    where = where_of(text, kept(plan))
    order = order_by(text, plan.order)
    return f"SELECT {columns} FROM {source}{where}{order}{_limit(text, limited=limited, offset=offset, apart=apart)}"


def _limit(text: Text, *, limited: bool, offset: bool, apart: bool) -> str:
    text.window = len(text.binds)
    limit = " LIMIT ?" if limited else " LIMIT -1" if offset or apart else ""
    return limit + (" OFFSET ?" if offset else " OFFSET 0" if apart else "")


# ---- what is selected ------------------------------------------------------------------------------------------------


def _direct(text: Text, selection: Selection, media: Media = ARRAY) -> list[tuple[Shown | Arrays, str]]:
    """The outputs with the SQL of their values, made in the row's own SELECT."""
    if media.form == "csv":
        return [(output, _value(text, output)) for output in selection.outputs]
    made: list[tuple[Shown | Arrays, str]] = []
    for embed, group in groupby(selection.outputs, lambda output: output.embed if isinstance(output, Listed) else None):
        outputs = tuple(group)
        listed = tuple(output for output in outputs if isinstance(output, Listed))
        if embed is not None and 1 < len(listed) <= MOST_PAIRS:
            made.append((Arrays(listed), _arrays(text, Arrays(listed))))
        else:
            made.extend((output, _value(text, output)) for output in outputs)
    return made


def _values(text: Text, selection: Selection) -> str:
    """The same as columns, for a SELECT around this one to name."""
    made = [f"{_value(text, output)} AS _rolltop_{number}" for number, output in enumerate(selection.outputs)]
    return ", ".join(made) or "NULL"


def _named(selection: Selection) -> list[tuple[Shown | Arrays, str]]:
    """The outputs with the names that `_values` or `_groups` gave them."""
    found: list[tuple[Shown | Arrays, str]] = []
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
    return aggregated(output)


def _groups(
    text: Text,
    selection: Selection,
    source: str,
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
    beside = joins(text, selection)
    made_where = where_of(text, where, match)
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {', '.join(columns)} FROM {source}{beside}{made_where}{group}{order_by(text, selection.order)}"


# ---- what is embedded ------------------------------------------------------------------------------------------------


def _embedded_page(text: Text, embed: Embedded) -> str:
    """ORDER BY and LIMIT of an embedded resource; the LIMIT also keeps SQLite from dropping the order."""
    order = order_by(text, embed.order)
    made = f" LIMIT {'-1' if embed.limit is None else text.constant(embed.limit)}"
    return f"{order}{made} OFFSET {text.constant(embed.offset)}" if embed.offset else order + made


def _as_it_comes(embed: Embedded) -> bool:
    return not (embed.order or embed.offset) and embed.limit is None


def _nested(text: Text, embed: Embedded) -> str:
    """An embedded object or array as JSON."""
    if embed.joined:
        return f"CASE WHEN {embed.present} THEN {object_json(_direct(text, embed))} END"
    if embed.grouped:
        inner = _groups(text, embed, base(embed), kept(embed), match=belongs(embed))
        inner += _embedded_page(text, replace(embed, order=()))
        made = object_json(_named(embed))
        select = (
            f"{made} FROM ({inner}) LIMIT 1"
            if embed.relationship.to_one
            else f"json_group_array({made}) FROM ({inner})"
        )
    else:
        made = object_json(_direct(text, embed))
        if _as_it_comes(embed):
            select = f"json_group_array({made}) FROM {embedded_rows(text, embed)}"
        else:  # joined as text: a quarter faster than json_group_array(json(…))
            rows = f"{embedded_rows(text, embed)}{_embedded_page(text, embed)}"
            select = f"'[' || coalesce(group_concat({ROW}, ','), '') || ']' FROM (SELECT {made} AS {ROW} FROM {rows})"
    return _guarded(embed, f"json((SELECT {select}))")  # json(): a subquery's result is no longer known to be JSON


def _listed(text: Text, output: Listed) -> str:
    """One column of an embedded resource as a JSON array."""
    embed, element = output.embed, output.element
    made = _value(text, element)
    if _as_it_comes(embed):
        select = f"json_group_array({output_json(element, made)}) FROM {embedded_rows(text, embed)}"
    else:
        name = "_rolltop_0" if isinstance(element, Output) else "json(_rolltop_0)"
        rows = f"{embedded_rows(text, embed)}{_embedded_page(text, embed)}"
        select = f"json_group_array({output_json(element, name)}) FROM (SELECT {made} AS _rolltop_0 FROM {rows})"
    return _guarded(embed, f"json((SELECT {select}))")


def _arrays(text: Text, arrays: Arrays) -> str:
    """Several columns of an embedded resource as an object of arrays: its rows are looked up once for all."""
    embed = arrays.embed
    elements = [(each, _value(text, each.element)) for each in arrays.listed]
    rows = embedded_rows(text, embed)
    if not _as_it_comes(embed):
        columns = ", ".join(f"{made} AS _rolltop_{number}" for number, (_, made) in enumerate(elements))
        rows = f"(SELECT {columns} FROM {rows}{_embedded_page(text, embed)})"
        elements = [
            (each, f"_rolltop_{number}" if isinstance(each.element, Output) else f"json(_rolltop_{number})")
            for number, each in enumerate(arrays.listed)
        ]
    members = [
        f"{quote_text(each.key)}, json_group_array({output_json(each.element, made)})" for each, made in elements
    ]
    made = f"(SELECT json_object({', '.join(members)}) FROM {rows})"
    if not embed.guard:
        return made
    nothing = ", ".join(f"{quote_text(each.key)}, NULL" for each in arrays.listed)
    return f"CASE WHEN {embed.guard} THEN {made} ELSE json_object({nothing}) END"


def _guarded(embed: Embedded, made: str) -> str:
    """NULL where the row above is not there."""
    return f"CASE WHEN {embed.guard} THEN {made} END" if embed.guard else made
