"""Values as SQL: what is at a place, and how it looks in JSON and CSV."""

from collections.abc import Sequence

from rolltop.data import quote
from rolltop.data.quoting import quote_text
from rolltop.data.types import ColumnType
from rolltop.rows import aggregate
from rolltop.rows.asked import Step
from rolltop.rows.media import Media
from rolltop.rows.planned import JSON, TEXT, Aggregate, Arrays, Listed, Nested, Output, Place, Shown, Sort

MOST_PAIRS = 490
"""SQLite's functions take 1,000 arguments: so many pairs fit one `json_object` or one line's `concat`."""

_NUMBERS = frozenset({"bigint", "double precision", "numeric"})
_WRITTEN_BY_SQLITE = _NUMBERS | {"date", "timestamp", "time", "uuid", "text"}
"""The types whose CSV cells SQLite writes itself, but for the odd ones."""
_ODD_IN_CSV = "{0} >= 9e999 OR {0} <= -9e999"
_SIGNS = "=+@\t\r-"
_FORMULA = f"{{0}} GLOB '[ {_SIGNS}]*' AND ltrim({{0}}, ' ') GLOB '[{_SIGNS}]*'"
"""A text that a spreadsheet may run (threat model F5); the first look tells most apart at their first letter."""
_UNTYPED = ("", "ANY")
"""What a column without a type of its own is declared as: it holds any cell as it is, and is text all the same."""
_APOSTROPHE = quote_text("'")


def value(place: Place) -> str:
    """The SQL value at a place: a column as stored, JSON as its text, `->>` as text."""
    column = place.column
    quoted = f"{place.row}.{quote(column.name)}" if place.row else quote(column.name)
    if not place.steps:
        bare = column.type is TEXT and column.declared.upper() in _UNTYPED
        return f"CASE WHEN {quoted} < x'' THEN CAST({quoted} AS TEXT) ELSE {quoted} END" if bare else quoted
    if column.type is not JSON:
        return "NULL"  # a scalar has neither keys nor elements
    source = quoted if column.held else f"CASE WHEN json_valid({quoted}, 5) THEN {quoted} END"
    return _inside(source, place.steps, as_text=place.texts[-1])


def _inside(source: str, steps: Sequence[Step], *, as_text: bool) -> str:
    """What is in a JSON value at the end of the steps."""
    path = quote_text(json_path(steps))
    if not as_text:
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


def plain(place: Place) -> str:
    """The value at a place for a function of ours: JSON that SQLite's JSONB holds becomes text."""
    made = value(place)
    if place.type is not JSON or place.steps or place.column.held:
        return made
    return f"CASE WHEN {made} >= x'' AND json_valid({made}, 8) THEN json({made}) ELSE {made} END"


def compared(place: Place) -> str:
    """What is compared and sorted by: JSON by its jsonb order, everything else as it is."""
    return f"rolltop_order({plain(place)})" if place.type is JSON else value(place)


def is_moment(place: Place) -> bool:
    """Whether it is a timestamp, whose text may have several forms: with a zone, with a fraction, without a time."""
    return place.type.name == "timestamp"


def is_loose_day(place: Place) -> bool:
    """Whether it is a date behind whose text a time may follow: another program may have kept it so."""
    return place.type.name == "date" and not place.column.held


def moment(place: Place) -> str:
    """A timestamp as text that sorts by time."""
    return f"rolltop_moment({value(place)})"


def sorted_by(sort: Sort) -> str:
    """What a term of ORDER BY compares."""
    if sort.cast is None:
        if not sort.by_moment:
            return compared(sort.place)
        return f"rtrim({value(sort.place)}, 'Z')" if sort.place.column.held else moment(sort.place)
    made = cast_value(Output("", sort.place, sort.cast))
    if not sort.steps:
        return f"rolltop_order({made})" if sort.cast is JSON else made
    if sort.cast is not JSON:
        return "NULL"
    inside = _inside(made, sort.steps, as_text=sort.as_text)
    return inside if sort.as_text else f"rolltop_order({inside})"


def row_text(media: Media, pairs: Sequence[tuple[Shown | Arrays, str]]) -> str:
    """The text of a row: a JSON object, a bare value or a CSV line; each output comes with the SQL of its value."""
    if media.form == "csv":
        return csv_line([csv_cell(output, expression, media) for output, expression in pairs], media.delimiter)
    if media.form in ("value", "values"):
        [(output, expression)] = pairs
        made = f"json_quote({output_json(output, expression)})"
    else:
        made = object_text(pairs)
    return f"rolltop_stripped({made})" if media.stripped else made


def csv_line(cells: Sequence[str], delimiter: str) -> str:
    """Cells with the delimiter between them; NULL is empty."""
    between = f", {quote_text(delimiter)}, "
    parts = [cells[start : start + MOST_PAIRS] for start in range(0, len(cells), MOST_PAIRS)]
    return f" || {quote_text(delimiter)} || ".join(f"concat({between.join(part)})" for part in parts) or "''"


def csv_cell(output: Shown | Arrays, expression: str, media: Media) -> str:
    """A cell of CSV (dialect, section 12): the text of its JSON value, quoted where RFC 4180 asks for it."""
    delimiter = quote_text(media.delimiter)
    if isinstance(output, Nested | Listed | Arrays):
        return f"rolltop_csv({expression}, {quote_text(JSON.name)}, {delimiter})"
    if isinstance(output, Aggregate):
        made, shown = _aggregate_cast(output, expression)
        called = f"rolltop_csv({_defused(made, shown, media)}, {quote_text(shown.name)}, {delimiter})"
        return _word(made, called) if media.words and shown.name == "boolean" else called
    place = output.place
    kind = output.cast or place.type
    if kind is not place.type:
        expression = f"rolltop_cast({quote_text(place.type.name)}, {quote_text(kind.name)}, {expression})"
    bare = expression
    if not (place.column.held and kind is place.column.type and kind.name in _NUMBERS):  # those hold no text
        expression = _defused(expression, kind, media)
    called = f"rolltop_csv({expression}, {quote_text(kind.name)}, {delimiter})"
    if media.words and kind.name == "boolean":
        return _word(bare, called)
    if kind.name not in _WRITTEN_BY_SQLITE or kind is not place.type:
        return called
    if kind.name == TEXT.name and kind is not TEXT:  # an expression, which may be anything
        return called
    guards = ["{0} GLOB " + quote_text(f'*["{media.delimiter}\r\n]*')] if kind is TEXT else []
    if place.steps or not place.column.held:
        guards.append(_ODD_IN_CSV if kind.name in _NUMBERS else "{0} >= x''")
    if not guards:
        return expression
    odd = " OR ".join(guard.format(expression) for guard in guards)
    return f"CASE WHEN {odd} THEN {called} ELSE {expression} END"


def _word(expression: str, other: str) -> str:
    """A boolean as a word, and any other cell of its column as `other` writes it."""
    return f"CASE {expression} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE {other} END"


def _defused(expression: str, kind: ColumnType, media: Media) -> str:
    """The cell with an apostrophe in front where it is a text that a spreadsheet would take for a formula."""
    if not media.defused:
        return expression
    formula = _FORMULA.format(expression)
    if kind is not TEXT:  # a file of another program may have any text in any column
        formula = f"typeof({expression}) = 'text' AND {formula}"
    if kind is JSON:
        formula += f" AND NOT json_valid({expression})"
    return f"CASE WHEN {formula} THEN {_APOSTROPHE} || {expression} ELSE {expression} END"


def object_text(pairs: Sequence[tuple[Shown | Arrays, str]]) -> str:
    """A JSON object as text; each output comes with the SQL of its value."""
    objects = _objects(pairs)
    if len(objects) == 1:
        return objects[0]
    opened = [f"substr({made}, -1, -2147483647)" for made in objects[:-1]]  # all before the last character
    pieces = [opened[0], *(f"substr({made}, 2)" for made in (*opened[1:], objects[-1]))]
    return " || ',' || ".join(pieces)


def object_json(pairs: Sequence[tuple[Shown | Arrays, str]]) -> str:
    """The same as JSON that goes into another object or array."""
    made = object_text(pairs)
    return (
        made if len(pairs) <= MOST_PAIRS and not any(isinstance(pair[0], Arrays) for pair in pairs) else f"json({made})"
    )


def _objects(pairs: Sequence[tuple[Shown | Arrays, str]]) -> list[str]:
    """One after the other they are the object: a function takes so many arguments, and arrays come as an object."""
    objects: list[str] = []
    members: list[str] = []
    for output, expression in pairs:
        if isinstance(output, Arrays) or len(members) == MOST_PAIRS:
            objects.extend([f"json_object({', '.join(members)})"] if members else [])
            members = []
        if isinstance(output, Arrays):
            objects.append(expression)
        else:
            members.append(f"{quote_text(output.key)}, {output_json(output, expression)}")
    return [*objects, f"json_object({', '.join(members)})"] if members or not objects else objects


def _aggregate_cast(output: Aggregate, expression: str) -> tuple[str, ColumnType]:
    """The value of an aggregate after its cast, and its type."""
    if output.cast is None or output.cast is output.type:
        return expression, output.type
    return f"rolltop_cast({quote_text(output.type.name)}, {quote_text(output.cast.name)}, {expression})", output.cast


def output_json(output: Shown | Arrays, expression: str) -> str:
    """The SQL for an output's JSON value, `expression` being its SQL value."""
    if isinstance(output, Nested | Listed | Arrays):
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


def aggregated(output: Aggregate) -> str:
    argument = output.argument
    if argument is None:
        return "count(*)"
    place = argument.place
    column = argument.cast is None and not place.steps
    held = not column or place.column.held
    return aggregate.sql(output.function, argument.cast or place.type, cast_value(argument), held=held, column=column)


def cell_value(output: Shown, expression: str) -> str:
    """The SQL value of an output for a cell that has a type of its own; JSON as its text."""
    if isinstance(output, Aggregate):
        return _aggregate_cast(output, expression)[0]
    if not isinstance(output, Output):
        return expression
    return plain(output.place) if output.cast is None else cast_value(output)


def cast_value(output: Output) -> str:
    """The SQL value of an output after its cast."""
    made, source = value(output.place), output.place.type
    if output.cast is None or output.cast is source:
        return made
    return f"rolltop_cast({quote_text(source.name)}, {quote_text(output.cast.name)}, {made})"
