"""The process that reads one file: a request on its stdin, messages on its stdout."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from rolltop.errors import OutOfSpace
from rolltop.formats.asked import Failure, Format, Message, Progress, Request, Told, Wish
from rolltop.formats.errors import Unreadable, damaged
from rolltop.formats.rowfile import RowWriter
from rolltop.kit.files import FULL

MEMORY = 2 << 30
"""The most address space. Beyond that a file is either damaged or meant to harm; a sheet of 200 MB takes a quarter."""
TELL_SECONDS = 0.2

Reader = Callable[[Path, Format, Wish, RowWriter, Callable[[float], None]], Told]


def main() -> int:
    """Read the file that is asked for and say how it went; 0 also when it cannot be read."""
    _limit()
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    said = sys.stdout.buffer
    try:
        with RowWriter(Path(request.out), request.limit) as out:
            told = _reader(request.format)(Path(request.path), request.format, request.wish, out, _Watch(said))
    except Unreadable as error:
        _say(said, Failure(**error.fields()))
    except OSError as error:
        _say(said, _no_room() if error.errno in FULL else _odd(error))
    except BaseException as error:  # a panic in Rust is no Exception; whatever it is, the file is to blame
        _say(said, _odd(error))
    else:
        _say(said, told)
    return 0


def _no_room() -> Failure:
    hint = "Free some space, then try again."
    return Failure(OutOfSpace.code, "The disk or its quota is full; nothing was changed.", None, hint)


def _odd(error: BaseException) -> Failure:
    reason = "it takes more memory than it should" if isinstance(error, MemoryError) else f"{error}"
    return Failure(**damaged("file", f"{type(error).__name__}: {reason}").fields())


def _reader(wanted: Format) -> Reader:
    match wanted:
        case "json" | "ndjson":
            from rolltop.formats import document

            return document.read
        case "parquet":
            from rolltop.formats import parquet

            return parquet.read
        case "sqlite":
            from rolltop.formats import database

            return database.read
    from rolltop.formats import workbook

    return workbook.read


class _Watch:
    """Tells how far the work is, now and then."""

    def __init__(self, said: BinaryIO) -> None:
        self._said = said
        self._next = 0.0

    def __call__(self, share: float) -> None:
        moment = time.monotonic()
        if moment >= self._next:
            self._next = moment + TELL_SECONDS
            _say(self._said, Progress(share))


def _say(said: BinaryIO, message: Message) -> None:
    said.write(msgspec.json.encode(message) + b"\n")
    said.flush()


def _limit() -> None:
    """As little as a process can do; Windows and macOS do not know the limit of memory."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.nice(5)  # the server's own answers go first
