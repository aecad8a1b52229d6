"""Universally unique identifiers, stored as lower-case text."""

import re
import uuid
from types import MappingProxyType

from rolltop.data.errors import InvalidLiteral
from rolltop.data.types.base import ColumnType, SQLValue, odd_cells_apart

_LOOSE = re.compile("[{]?[0-9a-f-]{32,36}[}]?", re.ASCII)


class Uuid(ColumnType):
    """A UUID in its usual form with dashes."""

    name = "uuid"
    declared = "UUID"
    example = '"01890a5d-ac96-774b-bcce-b302099a8057"'
    normalizes = True
    payload = str
    schema = MappingProxyType({"type": "string", "format": "uuid"})

    def json(self, expression: str, *, held: bool) -> str:
        return expression if held else odd_cells_apart(expression, f"{expression} >= x''")

    def parse(self, literal: str) -> SQLValue:
        text = literal.strip().lower()
        if not _LOOSE.fullmatch(text):
            raise InvalidLiteral(self.name, literal)
        try:
            return str(uuid.UUID(text))
        except ValueError:
            raise InvalidLiteral(self.name, literal) from None

    def check(self, column: str) -> str | None:
        return f"length({column}) = 36 AND {column} GLOB '????????-????-????-????-????????????'"
