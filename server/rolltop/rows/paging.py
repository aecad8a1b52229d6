"""Limit, offset and the Range header, and what they look like in an answer (dialect, section 9)."""

import re
from typing import NamedTuple

from rolltop.rows.errors import RangeNotSatisfiable

_RANGE = re.compile(rb"([0-9]{1,18})-([0-9]{0,18})")
HIGHEST = 2**63 - 1


class Window(NamedTuple):
    """The rows from `offset` on, at most `limit` of them."""

    limit: int | None = None
    offset: int = 0


ALL = Window()


def window(limit: int | None, offset: int, header: bytes | None) -> Window:
    """The page asked for by `limit`, `offset` and the Range header together; 416 when it cannot be."""
    if limit is not None and limit < 0:
        raise RangeNotSatisfiable("Limit should be greater than or equal to zero.")
    found = None if header is None else _RANGE.fullmatch(header.strip())
    if found is None:
        return Window(limit, offset)
    first = int(found[1])
    last = int(found[2]) if found[2] else HIGHEST
    if first > last:
        raise RangeNotSatisfiable(
            "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        )
    start = max(first, offset)
    end = min(last, HIGHEST if limit is None else offset + limit - 1)
    if start > end:
        raise RangeNotSatisfiable(
            "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        )
    return Window(None if end == HIGHEST else end - start + 1, start)


def capped(window: Window, most: int | None) -> Window:
    """The window with a limit no larger than `most`."""
    if most is None or (window.limit is not None and window.limit <= most):
        return window
    return Window(most, window.offset)


def content_range(offset: int, rows: int, total: int | None) -> bytes:
    """`a-b/total` with `*` for what there is not."""
    shown = b"*" if total is None else b"%d" % total
    return b"%d-%d/%b" % (offset, offset + rows - 1, shown) if rows else b"*/" + shown


def status_of_page(offset: int, rows: int, total: int | None) -> int:
    """200 for everything, 206 for a part; raises 416 beyond the end."""
    if total is None:
        return 200
    if offset > total:
        raise RangeNotSatisfiable(f"An offset of {offset} was requested, but there are only {total} rows.", total=total)
    return 200 if rows == total else 206
