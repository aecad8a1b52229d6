"""An index, from the wish to SQL."""

from collections.abc import Iterable

from rolltop.collections.imports.names import free_name, name_from
from rolltop.collections.schema.errors import BadRule, NameTaken, NoSuchColumn
from rolltop.collections.schema.expressions import whole
from rolltop.collections.schema.schemas import IndexPart, NewIndex
from rolltop.data import quote
from rolltop.data.definition import TableText


def index_sql(table: str, text: TableText, wish: NewIndex, taken: Iterable[str]) -> str:
    """The CREATE INDEX statement. `taken` are all names in the file.

    Raises:
        NameTaken, NoSuchColumn, BadRule, BadExpression: it cannot be made.
    """
    names = list(taken)
    parts = [_part(text, part, f"parts.{at}") for at, part in enumerate(wish.parts)]
    if wish.name is None:
        words = [part.column or "expression" for part in wish.parts]
        name = free_name(name_from(f"{table}_{'_'.join(words)}_index", "index"), names)
    elif wish.name.lower() in map(str.lower, names):
        raise NameTaken("something called", wish.name, free_name(wish.name, names))
    else:
        name = wish.name
    where = "" if wish.where is None else f" WHERE {whole(wish.where, 'where')}"
    unique = "UNIQUE " if wish.unique else ""
    return f"CREATE {unique}INDEX {quote(name)} ON {quote(table)} ({', '.join(parts)}){where}"


def _part(text: TableText, part: IndexPart, place: str) -> str:
    if (part.column is None) == (part.expression is None):
        raise BadRule("An index's part is a column or an expression.", place=place, hint="Give one of the two.")
    if part.column is not None:
        column = text.column(part.column)
        if column is None:
            raise NoSuchColumn(part.column, [each.name for each in text.columns], place)
        written = quote(column.name)
    else:
        written = f"({whole(str(part.expression), f'{place}.expression')})"
    return written + (" DESC" if part.descending else "")
