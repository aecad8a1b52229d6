"""How a cell of one type is read as another: whole, with a loss, or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from rolltop.data.types import ColumnType, SQLValue, of_declared
from rolltop.data.types.integer import HIGHEST, LOWEST
from rolltop.data.types.timestamp import in_utc
from rolltop.errors import BadRequest

FITS, LOSES, MISFITS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Conversion:
    """A column on its way from one type to another, and what the person chose for the cells that do not go along."""

    source: ColumnType
    target: ColumnType
    misfits: str = "refuse"
    losses: str = "refuse"

    def read(self, cell: SQLValue) -> tuple[int, SQLValue]:
        """How well the cell fits, and what becomes of it; a cell that does not fit stays itself."""
        if cell is None:
            return FITS, None
        try:
            value, lost = _convert(self.source, self.target, cell)
        except (BadRequest, ArithmeticError, ValueError):
            return MISFITS, cell
        return (LOSES if lost else FITS), value

    def verdict(self, *cells: Any) -> int:
        """Only how well it fits: an SQL function for looking at rows before anything is done."""
        return self.read(cells[0])[0]

    def settled(self, *cells: Any) -> Any:
        """What is stored, by the person's choice; cells that the choice refuses stay themselves."""
        verdict, value = self.read(cells[0])
        if verdict == MISFITS:
            return None if self.misfits == "null" else cells[0]
        return value

    def strictly(self, refused: Callable[[], Exception]) -> Callable[..., Any]:
        """The same for copying rows: what the choice refuses ends the copy."""

        def _settled(*cells: Any) -> Any:
            verdict, value = self.read(cells[0])
            if verdict == FITS:
                return value
            if (self.misfits if verdict == MISFITS else self.losses) == "refuse":
                raise refused()
            return value if verdict == LOSES else None if self.misfits == "null" else cells[0]

        return _settled


def _convert(source: ColumnType, target: ColumnType, cell: Any) -> tuple[SQLValue, bool]:
    """The value, and whether something of it is lost; BadRequest and ValueError when there is none."""
    if target.name in ("bigint", "double precision", "numeric"):
        return _number(target, cell)
    if target.name == "boolean":
        if isinstance(cell, int | float):
            return _flag(cell), False
        return target.parse(_text(source, cell)), False
    if target.name == "bytea":
        return (cell, False) if isinstance(cell, bytes) else (_text(source, cell).encode(), False)
    if target.name == "jsonb":
        return _json(source, cell), False
    text = _text(source, cell)
    if target.name == "text":
        return text, False
    if target.name == "timestamp":
        return in_utc(str(target.parse(text))), False
    if target.name == "date" and len(text) > 10 and source.name in ("timestamp", "text"):
        return _day(text), not _is_midnight(text)
    return target.parse(text), False


def _text(source: ColumnType, cell: Any) -> str:
    """The text that people see."""
    if isinstance(cell, bytes):
        return f"\\x{cell.hex()}"
    if source.name == "boolean" and cell in (0, 1):
        return "true" if cell else "false"
    return cell if isinstance(cell, str) else msgspec.json.encode(cell).decode()


def _flag(cell: float) -> int:
    if cell not in (0, 1):
        raise ValueError("neither 0 nor 1")
    return int(cell)


def _number(target: ColumnType, cell: Any) -> tuple[SQLValue, bool]:
    if isinstance(cell, bytes):
        raise ValueError("bytes are no number")
    exact = Decimal(cell.strip() if isinstance(cell, str) else repr(cell))
    if not exact.is_finite() or (isinstance(cell, str) and not _is_plain(cell)):
        raise ValueError("not a finite number")
    if target.name == "bigint":
        whole = int(exact.to_integral_value(rounding="ROUND_HALF_UP"))
        if not LOWEST <= whole <= HIGHEST:
            raise ValueError("beyond 64 bits")
        return whole, whole != exact
    if target.name == "numeric" and exact == exact.to_integral_value() and LOWEST <= exact <= HIGHEST:
        return int(exact), False
    near = float(exact)
    if near in (float("inf"), float("-inf")):
        raise ValueError("beyond any double")
    return near, Decimal(repr(near)) != exact


def _is_plain(text: str) -> bool:
    """Decimal also reads underscores and the digits of other scripts."""
    return text.isascii() and "_" not in text and len(text) <= 1_000


def _json(source: ColumnType, cell: Any) -> str:
    if isinstance(cell, str) and source.name in ("text", "jsonb"):
        msgspec.json.decode(cell)
        return cell
    if source.name == "boolean" and cell in (0, 1):
        return "true" if cell else "false"
    return msgspec.json.encode(_text(source, cell) if isinstance(cell, bytes) else cell).decode()


def _day(text: str) -> str:
    return str(of_declared("TIMESTAMP").parse(text))[:10]


def _is_midnight(text: str) -> bool:
    return not text[10:].strip("TtZz :0.,+-")
