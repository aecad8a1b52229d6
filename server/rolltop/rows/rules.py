"""Row rules: which rows a caller may see and write, in the words of the rows API's own filters. Pure.

    owner=eq.{me.id}&or=(draft.is.false,author.eq.{me.name})

A placeholder stands alone in the place of a value. It becomes a slot, so that all callers share the statement.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from rolltop.errors import Forbidden
from rolltop.rows import parse, shape
from rolltop.rows.asked import Asked, Condition, Group, Slot
from rolltop.rows.errors import ParseError

PLACEHOLDERS = {"{me.id}": 0, "{me.name}": 1, "{me.role}": 2}
"""Which of the caller's own values each one is."""
_COMPARING = frozenset({"eq", "neq", "gt", "gte", "lt", "lte", "isdistinct"})

Rule = tuple[Condition | Group, ...]
"""Conditions that must all hold; slot n is the n-th of the caller's own values."""


class BadRule(Forbidden):
    """The text is no rule. Asked when it is written; when it is met, nobody sees a row by it."""

    code = "42501"


@lru_cache(maxsize=1_000)
def read(text: str) -> Rule:
    """The conditions of a rule; none for the empty text.

    Raises:
        BadRule: it cannot be read, asks for more than which rows, or has a placeholder where none can be.
    """
    try:
        asked = parse.read(_parameters(text))
    except ParseError as problem:
        raise BadRule(
            f"The rule cannot be read: {problem.message}.",
            details=problem.details,
            hint="Write it as the filters of the rows API, such as owner=eq.{me.id}.",
        ) from None
    if not _is_filter(asked):
        raise BadRule(
            "A rule says which rows, and nothing else.",
            hint="Use filters on the table's own columns, and= and or=; no select, order, limit or embedded tables.",
        )
    return tuple(map(_with_slots, (condition for _, condition in asked.filters)))


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    query = text.strip().encode("utf-8", "surrogatepass")
    shape.refuse_nul(query)
    for part in query.split(b"&"):
        if part:
            key, _, value = part.partition(b"=")
            yield shape.decoded(key), shape.decoded(value)


def _is_filter(asked: Asked) -> bool:
    """Whether only rows of the table itself are chosen."""
    others = (asked.select, asked.columns, asked.on_conflict, asked.orders, asked.limits, asked.offsets)
    return not any(others) and not any(path for path, _ in asked.filters)


def _with_slots(condition: Condition | Group) -> Condition | Group:
    if isinstance(condition, Group):
        return Group(condition.operator, tuple(map(_with_slots, condition.members)), condition.negated)
    field, value = condition.field, condition.value
    if isinstance(value, str) and value in PLACEHOLDERS and condition.operator in _COMPARING:
        slot = Slot(PLACEHOLDERS[value])
        return Condition(field, condition.operator, slot, condition.negated, condition.quantifier)
    texts = value if isinstance(value, tuple) else (value,)
    if any("{me" in str(text) for text in texts):
        raise BadRule(
            f"The placeholder in the condition on {field.name!r} is not understood.",
            details=f"There are {', '.join(PLACEHOLDERS)}.",
            hint="It stands alone as the value of eq, neq, gt, gte, lt, lte or isdistinct.",
        )
    return condition


def columns(rule: Iterable[Condition | Group]) -> Iterator[str]:
    """The columns that a rule speaks of."""
    for condition in rule:
        if isinstance(condition, Group):
            yield from columns(condition.members)
        else:
            yield condition.field.name


def shifted(condition: Condition | Group, by: int) -> Condition | Group:
    """The condition with its slots behind the first `by` ones."""
    if isinstance(condition, Group):
        members = tuple(shifted(member, by) for member in condition.members)
        return Group(condition.operator, members, condition.negated)
    if not isinstance(condition.value, Slot):
        return condition
    slot = Slot(condition.value.number + by)
    return Condition(condition.field, condition.operator, slot, condition.negated, condition.quantifier)
