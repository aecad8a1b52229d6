"""Bytes."""

import re
from types import MappingProxyType

from rolltop.data.errors import InvalidLiteral
from rolltop.data.types.base import ColumnType, SQLValue

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")


class Blob(ColumnType):
    r"""Bytes, written as `\x` and lower-case hexadecimal digits."""

    name = "bytea"
    declared = "BLOB"
    example = '"\\\\x00ff"'
    normalizes = True
    words = ("BLOB",)
    payload = str
    schema = MappingProxyType({"type": "string", "pattern": r"^\\x([0-9a-f]{2})*$"})

    def json(self, expression: str, *, held: bool) -> str:  # noqa: ARG002
        # hex(NULL) is an empty text
        return rf"CASE WHEN {expression} IS NOT NULL THEN '\x' || lower(hex({expression})) END"

    def parse(self, literal: str) -> SQLValue:
        if not literal.startswith("\\x"):
            return literal.encode()
        if not _HEX.fullmatch(literal, 2):
            raise InvalidLiteral(self.name, literal)
        return bytes.fromhex(literal[2:])

    def check(self, column: str) -> str | None:
        return f"{column} >= x''"  # only BLOBs sort from the empty BLOB on
