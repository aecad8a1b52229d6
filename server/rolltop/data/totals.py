"""Exact sums and averages: decimals as they are written, whole numbers of any size."""

from decimal import Context, Decimal, localcontext
from typing import Any

_WIDE = Context(prec=400)
"""Digits enough for doubles of very different sizes, and a bound for them."""
_PLACES = Decimal("1e-16")
"""So many decimals of an average, as Postgres has at least."""


class Rest:
    """Adds up numbers one by one; text that is a number counts, other cells do not."""

    def __init__(self) -> None:
        self._whole = 0
        self._decimal = Decimal(0)
        self._infinite = 0.0
        self._seen = False

    def step(self, value: Any = None) -> None:
        """Add a cell."""
        if isinstance(value, int):
            self._whole += value
            self._seen = True
        elif isinstance(value, float | str):
            number = _decimal(value)
            if number.is_finite():
                self._decimal = _WIDE.add(self._decimal, number)
            elif not number.is_nan():
                self._infinite += float(number)
            self._seen = self._seen or not number.is_nan()

    def final(self) -> str | None:
        """The digits of the sum; NULL when there was no number."""
        if not self._seen:
            return None
        if self._infinite:
            return str(self._infinite)
        return str(_WIDE.add(Decimal(self._whole), self._decimal))


def _decimal(value: float | str) -> Decimal:
    try:
        return Decimal(value.strip() if isinstance(value, str) else repr(value))
    except ArithmeticError:
        return Decimal("nan")


def _total(high: Any, low: Any, small: Any, rest: Any) -> Decimal:
    whole = ((high or 0) << 32) + (low or 0)
    total = _WIDE.add(Decimal(whole), _WIDE.multiply(Decimal(small or 0), Decimal("0.0001")))
    return total if rest is None else _WIDE.add(total, Decimal(rest))


def _shown(number: Decimal) -> int | float | str:
    """As SQLite holds it when it does exactly, else its digits."""
    if not number.is_finite():
        return float(number)
    if number == number.to_integral_value():
        whole = int(number) if number.adjusted() < 19 else None
        if whole is not None and -(2**63) <= whole < 2**63:
            return whole
    nearest = float(number)
    if Decimal(repr(nearest)) == number:
        return nearest
    return f"{number.normalize(_WIDE):f}" if -300 < number.adjusted() < 300 else nearest


def total(high: Any, low: Any, small: Any, rest: Any) -> int | float | str | None:
    """The sum of halves of whole numbers, of ten-thousandths, and of the rest; NULL when there was nothing."""
    if high is None and low is None and small is None and rest is None:
        return None
    return _shown(_total(high, low, small, rest))


def average(high: Any, low: Any, small: Any, rest: Any, count: Any) -> int | float | str | None:
    """The sum divided by the count."""
    if not count:
        return None
    with localcontext(_WIDE):
        mean = _total(high, low, small, rest) / Decimal(count)
        if not mean.is_finite():
            return float(mean)
        rounded = mean.quantize(_PLACES) if mean.adjusted() < 300 else mean
    return float(rounded) if abs(rounded) < 10**15 else _shown(rounded)
