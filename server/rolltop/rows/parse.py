"""The query grammar: text in, `Asked` out. Pure; knows no table. Everything that cannot be read is PGRST100."""

import re
from collections.abc import Iterable
from typing import Literal, NoReturn

from rolltop.data.arrays import BRACED, QUOTED, array_literal, unescaped
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
    Slot,
    Star,
    Step,
    Term,
)
from rolltop.rows.errors import ParseError

COMPARISONS = frozenset({"eq", "neq", "gt", "gte", "lt", "lte"})
PATTERNS = frozenset({"like", "ilike", "match", "imatch"})
CONTAINERS = frozenset({"cs", "cd", "ov"})
FULL_TEXT = frozenset({"fts", "plfts", "phfts", "wfts"})
RANGES = frozenset({"sl", "sr", "nxl", "nxr", "adj"})
OPERATORS = COMPARISONS | PATTERNS | CONTAINERS | FULL_TEXT | RANGES | {"in", "is", "isdistinct"}
QUANTIFIED = (COMPARISONS - {"neq"}) | PATTERNS
IS_WORDS = frozenset({"null", "not_null", "true", "false", "unknown"})
AGGREGATES = frozenset({"sum", "avg", "min", "max", "count"})

DEEPEST = 50
"""Groups and embeds may nest so far (threat model S4)."""
MOST = 1_000
"""So many items, conditions or list elements of one parameter are read; `in` lists may be longer."""

_WORD = r"[\w$ \u0080-\U0010ffff]+"
_NAME = re.compile(rf"{_WORD}(?:-(?!>){_WORD})*")
_KEY = re.compile(r"[^(\-:.,>)]+(?:-(?!>)[^(\-:.,>)]+)*", re.DOTALL)
_INDEX = re.compile(r"-?[0-9]+(?=->|::|[.,)]|$)")
_TYPE = re.compile(r"[\w]+(?: [\w]+)*")
_OPERATOR = re.compile(r"[a-z]+")
_CONFIG = re.compile(r"[A-Za-z0-9_$ ]+")
_RAW = re.compile(r"[^,)]*", re.DOTALL)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)

Parameter = tuple[str, "str | tuple[bool, str, Slot]"]
"""A decoded key with its text, or with (negated, operator, slot) where the text of the value does not matter."""


class Reader:
    """A text and how far it was read; `fail` says where it stopped."""

    def __init__(self, what: str, text: str) -> None:
        self.what = what
        self.text = text
        self.at = 0
        self.depth = 0

    def fail(self, at: int | None = None) -> NoReturn:
        """Raise the error for the place where reading stopped."""
        at = self.at if at is None else at
        found = f"unexpected {self.text[at]!r}" if at < len(self.text) else "unexpected end of input"
        raise ParseError(self.what, self.text, at, found)

    def peek(self, mark: str) -> bool:
        """Whether `mark` comes next."""
        return self.text.startswith(mark, self.at)

    def take(self, mark: str) -> bool:
        """Read `mark` if it comes next."""
        if self.text.startswith(mark, self.at):
            self.at += len(mark)
            return True
        return False

    def need(self, mark: str) -> None:
        """Read `mark` or fail."""
        if not self.take(mark):
            self.fail()

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Read what `pattern` matches here."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()

    def spaces(self) -> None:
        """Read spaces."""
        while self.take(" "):
            pass

    def end(self) -> None:
        """Fail unless everything was read."""
        if self.at != len(self.text):
            self.fail()

    def deeper(self) -> None:
        """Count a level of nesting."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail()


def read(parameters: Iterable[Parameter]) -> Asked:
    """What the parameters of a URL ask for; `ParseError` for the first that cannot be read."""
    filters: list[tuple[Path, Condition | Group]] = []
    orders: dict[Path, tuple[Term, ...]] = {}
    limits: dict[Path, int] = {}
    offsets: dict[Path, int] = {}
    once: dict[str, str] = {}
    for key, value in parameters:
        if not isinstance(value, str):
            negated, operator, slot = value
            path, field = _filter_key(key)
            filters.append((path, Condition(field, operator, slot, negated)))
        elif key in ("select", "columns", "on_conflict"):
            once.setdefault(key, value)
        else:
            _parameter(key, value, filters, orders, limits, offsets)
    return Asked(
        select=_select(once["select"]) if once.get("select", "").strip() else None,
        filters=tuple(filters),
        orders=tuple(orders.items()),
        limits=tuple(limits.items()),
        offsets=tuple(offsets.items()),
        columns=names("columns parameter", once["columns"]) if "columns" in once else None,
        on_conflict=names("on_conflict parameter", once["on_conflict"]) if "on_conflict" in once else None,
    )


def _parameter(
    key: str,
    value: str,
    filters: list[tuple[Path, Condition | Group]],
    orders: dict[Path, tuple[Term, ...]],
    limits: dict[Path, int],
    offsets: dict[Path, int],
) -> None:
    """Read one parameter other than `select`, `columns`, `on_conflict`."""
    *before, last = key.split(".")
    if last == "order" and '"' not in key:
        orders.setdefault(tree_path(".".join(before)), order(value))
    elif last in ("limit", "offset") and '"' not in key:
        if _INTEGER.fullmatch(value) and (last == "limit" or int(value) >= 0):
            (limits if last == "limit" else offsets)[tree_path(".".join(before))] = int(value)
    elif last in ("and", "or") and '"' not in key:
        negated = bool(before) and before[-1] == "not"
        path = tree_path(".".join(before[:-1] if negated else before))
        filters.append((path, logic_tree("and" if last == "and" else "or", value, negated)))
    else:
        path, field = _filter_key(key)
        filters.append((path, condition_of_parameter(field, value)))


def tree_path(text: str) -> Path:
    """`authors.books` as names."""
    if not text:
        return ()
    reader = Reader("tree path", text)
    path = [_name(reader)]
    while reader.take("."):
        path.append(_name(reader))
    reader.end()
    return tuple(path)


def _filter_key(key: str) -> tuple[Path, Field]:
    """`authors.info->dim->h`: the embedded resource and the field in it."""
    reader = Reader("tree path", key)
    path: list[str] = []
    field = _field(reader)
    while not field.steps and reader.take("."):
        path.append(field.name)
        field = _field(reader)
    reader.end()
    return tuple(path), field


def names(what: str, text: str) -> tuple[str, ...]:
    """A comma-separated list of names."""
    reader = Reader(what, text)
    found = [_name(reader)]
    while reader.take(","):
        found.append(_name(reader))
    reader.end()
    return tuple(found)


def _name(reader: Reader) -> str:
    """A bare or quoted name with spaces around it trimmed."""
    reader.spaces()
    start = reader.at
    if reader.peek('"'):
        quoted = reader.match(QUOTED)
        if quoted is None:
            reader.fail()
        reader.spaces()
        return unescaped(quoted[1:-1])
    name = (reader.match(_NAME) or "").strip()
    if not name:
        reader.fail(start)
    return name


def _field(reader: Reader) -> Field:
    """A name, with a JSON path perhaps."""
    name = _name(reader)
    steps: list[Step] = []
    texts: list[bool] = []
    while reader.peek("->"):
        texts.append(reader.take("->>") or not reader.take("->"))
        steps.append(_step(reader))
    return Field(name, tuple(steps), tuple(texts))


def _step(reader: Reader) -> Step:
    index = reader.match(_INDEX)
    if index is not None:
        if len(index) > 9:
            reader.fail(reader.at - len(index))
        return int(index)
    quoted = reader.match(QUOTED)
    if quoted is not None:
        return unescaped(quoted[1:-1])
    key = reader.match(_KEY)
    if key is None:
        reader.fail()
    return key.strip() if reader.what == "select parameter" else key


def _select(text: str) -> tuple[Selected, ...]:
    reader = Reader("select parameter", text)
    items = _items(reader)
    reader.end()
    return items


def _items(reader: Reader) -> tuple[Selected, ...]:
    items = [_item(reader)]
    while reader.take(","):
        items.append(_item(reader))
        if len(items) > MOST:
            reader.fail()
    return tuple(items)


def _item(reader: Reader) -> Selected:
    reader.spaces()
    item = _spread(reader) if reader.take("...") else _plain_item(reader)
    reader.spaces()
    return item


def _spread(reader: Reader) -> Embed:
    start = reader.at
    target = _name(reader)
    if not reader.peek("(") and not reader.peek("!"):
        reader.fail(reader.at if reader.at < len(reader.text) else start)
    return _embed(reader, target, None, spread=True)


def _plain_item(reader: Reader) -> Selected:
    if reader.take("*"):
        return Star()
    alias: str | None = None
    field = _field(reader)
    if not field.steps and reader.peek(":") and not reader.peek("::"):
        reader.take(":")
        alias = field.name
        reader.spaces()
        if reader.peek("..."):
            reader.fail()
        field = _field(reader)
    if not field.steps:
        if field.name == "count" and reader.take("()"):
            return CountRows(alias, _cast(reader))
        if reader.peek("(") or reader.peek("!"):
            return _embed(reader, field.name, alias, spread=False)
    cast = _cast(reader)
    aggregate = aggregate_cast = None
    if reader.take("."):
        start = reader.at
        aggregate = reader.match(_OPERATOR)
        if aggregate not in AGGREGATES:
            reader.fail(start)
        reader.need("()")
        aggregate_cast = _cast(reader)
    return Item(field, alias, cast, aggregate, aggregate_cast)


def _cast(reader: Reader) -> str | None:
    if not reader.take("::"):
        return None
    name = reader.match(_TYPE)
    if name is None:
        reader.fail()
    return name.lower()


def _embed(reader: Reader, target: str, alias: str | None, *, spread: bool) -> Embed:
    hint: str | None = None
    join: Literal["", "inner", "left"] = ""
    while reader.take("!"):
        start = reader.at
        word = _name(reader)
        if word in ("inner", "left") and not join:
            join = "inner" if word == "inner" else "left"
        elif hint is None:
            hint = word
        else:
            reader.fail(start)
    if reader.text[reader.at - 1] == " ":
        reader.fail()
    reader.need("(")
    reader.deeper()
    reader.spaces()
    items = () if reader.peek(")") else _items(reader)
    reader.need(")")
    reader.depth -= 1
    return Embed(target, items, alias, hint, join, spread)


def order(text: str) -> tuple[Term, ...]:
    """The terms of `order=`."""
    reader = Reader("order", text)
    terms = [_term(reader)]
    while reader.take(","):
        terms.append(_term(reader))
        if len(terms) > MOST:
            reader.fail()
    reader.end()
    return tuple(terms)


def _term(reader: Reader) -> Term:
    reader.spaces()
    field = _field(reader)
    embed: str | None = None
    if not field.steps and reader.take("("):
        embed = field.name
        field = _field(reader)
        reader.need(")")
    descending = False
    nulls_first: bool | None = None
    if reader.take(".desc"):
        descending = True
    else:
        reader.take(".asc")
    if reader.take(".nullsfirst"):
        nulls_first = True
    elif reader.take(".nullslast"):
        nulls_first = False
    reader.spaces()
    if reader.at < len(reader.text) and not reader.peek(","):
        reader.fail()
    return Term(field, embed, descending, nulls_first)


def condition_of_parameter(field: Field, text: str) -> Condition:
    """`[not.]operator.value`, the value being everything to the end of the text."""
    reader = Reader("filter", text)
    negated, operator, quantifier, config = _operator(reader)
    value: str | tuple[str | None, ...]
    if operator == "in":
        value = _in_list(reader)
        reader.end()
    elif quantifier:
        value = _array(reader)
        reader.end()
    elif operator == "is":
        value = _is_word(reader, text[reader.at :])
    else:
        value = text[reader.at :]
    return Condition(field, operator, value, negated, quantifier, config)


def _operator(reader: Reader) -> tuple[bool, str, Literal["", "any", "all"], str | None]:
    """`[not.]operator[(any)|(all)|(config)].`"""
    negated = reader.take("not.")
    start = reader.at
    operator = reader.match(_OPERATOR)
    if operator not in OPERATORS:
        reader.fail(start)
    quantifier: Literal["", "any", "all"] = ""
    config: str | None = None
    if reader.peek("("):
        if operator in QUANTIFIED:
            quantifier = "any" if reader.take("(any)") else "all"
            if quantifier == "all":
                reader.need("(all)")
        elif operator in FULL_TEXT:
            reader.take("(")
            config = reader.match(_CONFIG)
            if config is None:
                reader.fail()
            reader.need(")")
        else:
            reader.fail()
    reader.need(".")
    return negated, operator, quantifier, config


def _is_word(reader: Reader, word: str) -> str:
    lower = word.lower()
    if lower not in IS_WORDS:
        reader.fail()
    reader.at += len(word)
    return lower


def in_list(text: str) -> tuple[str, ...]:
    """The elements of `(a,b)`, the whole value of an `in` filter."""
    reader = Reader("filter", f"in.{text}")
    reader.at = 3
    found = _in_list(reader)
    reader.end()
    return found


def _in_list(reader: Reader) -> tuple[str, ...]:
    reader.need("(")
    if reader.take(")"):
        return ()
    elements = [_element(reader)]
    while reader.take(","):
        elements.append(_element(reader))
    reader.need(")")
    return tuple(elements)


def _element(reader: Reader) -> str:
    """A value that `,` or `)` ends; in quotes when they close before that."""
    if reader.peek('"'):
        found = QUOTED.match(reader.text, reader.at)
        if found is not None and reader.text[found.end() : found.end() + 1] in (",", ")"):
            reader.at = found.end()
            return unescaped(found.group(1))
    return reader.match(_RAW) or ""


def _array(reader: Reader) -> tuple[str | None, ...]:
    """A Postgres array literal."""
    found = array_literal(reader.text, reader.at)
    if found is None:
        reader.fail()
    elements, reader.at = found
    return elements


def logic_tree(operator: Literal["and", "or"], text: str, negated: bool) -> Group:
    """The value of an `and=` or `or=` parameter."""
    reader = Reader("logic tree", text)
    reader.spaces()
    group = _group(reader, operator, negated)
    reader.spaces()
    reader.end()
    return group


def _group(reader: Reader, operator: Literal["and", "or"], negated: bool) -> Group:
    reader.need("(")
    reader.deeper()
    members = [_member(reader)]
    while reader.take(","):
        members.append(_member(reader))
        if len(members) > MOST:
            reader.fail()
    reader.need(")")
    reader.depth -= 1
    return Group(operator, tuple(members), negated)


def _member(reader: Reader) -> Condition | Group:
    reader.spaces()
    for word in ("and", "or"):
        for prefix in ("", "not."):
            if reader.peek(f"{prefix}{word}("):
                reader.take(prefix + word)
                group = _group(reader, "and" if word == "and" else "or", bool(prefix))
                reader.spaces()
                return group
    field = _field(reader)
    reader.need(".")
    negated, operator, quantifier, config = _operator(reader)
    value: str | tuple[str | None, ...]
    if operator == "in":
        value = _in_list(reader)
    elif quantifier:
        value = _array(reader)
    elif operator == "is":
        value = _is_word(reader, _RAW.findall(reader.text, reader.at)[0].rstrip())
    else:
        braced = BRACED.match(reader.text, reader.at)
        if braced is not None and reader.text[braced.end() : braced.end() + 1] in (",", ")"):
            reader.at = braced.end()
            value = braced.group()
        else:
            value = _element(reader)
    reader.spaces()
    return Condition(field, operator, value, negated, quantifier, config)
