"""What is wrong with a file, in words that say what and where."""

import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

from rolltop.errors import RolltopError
from rolltop.formats.asked import Part

BROKEN_ARCHIVE = (
    zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError,
    ValueError, KeyError, IndexError, OverflowError, RuntimeError,
)  # fmt: skip
"""What `zipfile` and `gzip` raise on a damaged archive. An OSError may be one, too: a place that is none (EINVAL)."""


class Unreadable(RolltopError):
    """The file is of a format that Rolltop reads, but cannot be read (422)."""

    status = 422
    code = "imports.unreadable"

    def __init__(self, message: str, *, details: Any = None, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message, details=details, hint=hint)
        self.reason = code or self.code

    def fields(self) -> dict[str, Any]:
        """The four fields; the code says which of many things is wrong."""
        return {**super().fields(), "code": self.reason}


def damaged(what: str, reason: object) -> Unreadable:
    """A file of which only the beginning is right, or not even that."""
    text = " ".join(str(reason).split())[:300]
    return Unreadable(
        f"The {what} is damaged: {text}." if text else f"The {what} is damaged.",
        hint="Open it in the program that made it and save it again, or send it again.",
        code="imports.damaged",
    )


def too_large(row: int, what: str = "one cell") -> Unreadable:
    """A cell or a row beyond what is taken."""
    return Unreadable(
        f"Row {row:,} of the file is too large: over 16 million characters in {what}.",
        details={"row": row},
        hint="Leave such cells out of the file, or keep them in files of their own.",
        code="imports.cell_too_large",
    )


def no_part(wanted: str, parts: Sequence[Part]) -> Unreadable:
    """There is no table of that name in the file."""
    return Unreadable(
        f"There is no {wanted[:200]!r} in the file.",
        details={"parts": [part.name for part in parts[:100]]},
        hint="The import's `parts` are what can be chosen.",
        code="imports.no_such_part",
    )
