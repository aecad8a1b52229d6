"""Aggregate functions (dialect, section 7): which types they take, what they yield, and their SQL.

Sums of whole numbers and of decimals are exact: whole numbers are added as two halves, neither of which overflows, and
decimals as ten-thousandths where they are such. Only what is left goes through a function in Python, which is 4 to 8
times as slow (336,000 numerics: sum() 10 ms, this 43, Python alone 193).
"""

from rolltop.data import ColumnType
from rolltop.data.types import of_declared
from rolltop.rows import errors

BIGINT, NUMERIC, DOUBLE = of_declared("INTEGER"), of_declared("DECIMAL"), of_declared("REAL")
_EXACT = frozenset({"bigint", "numeric"})
_UNORDERED = frozenset({"boolean", "jsonb"})
"""Types without `min` and `max`, in Postgres too."""


def result_type(function: str, argument: ColumnType) -> ColumnType:
    """The type that `function` yields for values of a type; 42883 when it takes none of them."""
    if function == "count":
        return BIGINT
    if function in ("min", "max"):
        if argument.name in _UNORDERED:
            raise errors.UndefinedFunction(function, argument.name)
        return argument
    if argument.name in _EXACT:
        return NUMERIC
    if argument.name != DOUBLE.name:
        raise errors.UndefinedFunction(function, argument.name)
    return DOUBLE


def sql(function: str, argument: ColumnType, expression: str, *, held: bool, column: bool) -> str:
    """The call; `column` when the expression is cheap enough to be written several times.

    An exact sum that no 64-bit integer or double holds is a text of digits.
    """
    if function not in ("sum", "avg") or argument.name not in _EXACT:
        return f"{function}({expression})"
    parts = _parts(argument, expression, held=held) if column else f"NULL, NULL, NULL, rolltop_rest({expression})"
    return f"rolltop_sum({parts})" if function == "sum" else f"rolltop_avg({parts}, count({expression}))"


def _parts(argument: ColumnType, cell: str, *, held: bool) -> str:
    """High and low halves of whole numbers, ten-thousandths (below 10^10 each, so that no file overflows), the rest."""
    if argument.name == NUMERIC.name:
        small = f"(abs({cell}) < 1e6 AND CAST(round({cell} * 10000.0) AS INTEGER) / 10000.0 = {cell})"
        return (
            f"NULL, NULL, sum(CAST(round({cell} * 10000.0) AS INTEGER)) FILTER (WHERE {small}), "
            f"rolltop_rest({cell}) FILTER (WHERE NOT {small})"
        )
    halves = (f"sum({cell} >> 32)", f"sum({cell} & 4294967295)")
    if held:
        return f"{halves[0]}, {halves[1]}, NULL, NULL"
    whole = f"typeof({cell}) = 'integer'"
    return (
        f"{halves[0]} FILTER (WHERE {whole}), {halves[1]} FILTER (WHERE {whole}), NULL, "
        f"rolltop_rest({cell}) FILTER (WHERE NOT {whole})"
    )


def json(result: ColumnType, value: str, *, held: bool) -> str:
    """The JSON of a result."""
    made = result.json(value, held=held)
    return f"CASE WHEN typeof({value}) = 'text' THEN json({value}) ELSE {made} END" if result is NUMERIC else made
