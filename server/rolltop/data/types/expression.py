"""What an expression gives whose type nothing tells."""

from types import MappingProxyType

from rolltop.data.types.base import SQLValue, odd_cells_apart, of_declared
from rolltop.data.types.real import FORM
from rolltop.data.types.text import Text


class Expression(Text):
    """Its cells come out as what they are: numbers as numbers, text as text."""

    schema = MappingProxyType({})

    def json(self, expression: str, *, held: bool) -> str:  # noqa: ARG002
        guard = f"{expression} >= x'' OR {expression} = 9e999 OR {expression} = -9e999"
        return odd_cells_apart(expression, guard)

    def parse(self, literal: str) -> SQLValue:
        """A number where the literal reads as one."""
        if len(literal) <= 400 and FORM.fullmatch(literal) and literal.strip().lstrip("+-")[:1].isdigit():
            return of_declared("NUMERIC").parse(literal)
        return literal


EXPRESSION = Expression()
