"""Files on their way to the disk: under a random name, for the owner only, within the limit."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rolltop.collections.imports.errors import FileTooLarge, UnsupportedBody
from rolltop.errors import OutOfSpace
from rolltop.kit.files import FULL, private_folder
from rolltop.kit.ids import secret

MEGABYTE = 1_000_000
_WRITE_AT_ONCE = 1 << 20
TYPES = (
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/csv",
    "application/octet-stream",
    "application/vnd.ms-excel",  # what Windows calls CSV, too
    "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/x-ndjson",
    "application/jsonl",
    "application/vnd.apache.parquet",
    "application/vnd.sqlite3",
    "application/x-sqlite3",
    "application/gzip",
    "application/x-gzip",
    "application/zip",
    "application/x-zip-compressed",
)
"""The types of a body that may be a file with rows; what it is, is found out by its content."""


class Spool:
    """A folder of uploads. They live as long as their imports; what a killed process left goes at the next start."""

    def __init__(self, folder: Path, limit_mb: int) -> None:
        self._folder = private_folder(folder)
        self._limit_mb = limit_mb
        self.clear()

    def check(self, content_type: str, length: str | None) -> None:
        """Refuse a body by its head.

        Raises:
            UnsupportedBody: it is a form, JSON or something else than the file itself.
            FileTooLarge: it says so of itself.
        """
        if content_type.partition(";")[0].strip().lower() not in TYPES:
            raise UnsupportedBody(content_type)
        self.check_length(length)

    def check_length(self, length: str | None) -> None:
        """Refuse a body by the length that its head announces.

        Raises:
            FileTooLarge: it is beyond the limit.
        """
        if length is not None and length.isdecimal() and int(length) > self.limit:
            raise FileTooLarge(self._limit_mb)

    @property
    def limit(self) -> int:
        """The most bytes of a file."""
        return self._limit_mb * MEGABYTE

    async def store(self, body: AsyncIterator[bytes]) -> Path:
        """Write the body to a new file.

        Raises:
            FileTooLarge: it goes beyond the limit.
            OutOfSpace: the disk is full. Nothing is kept in either case, nor when the caller goes away.
        """
        path = self._free()
        # Buffered: a raw file may write less than it is given on a disk that gets full; the upload would be cut off.
        with _kept(path), os.fdopen(_descriptor(path), "wb") as file:
            await self._write(body, file.write)
        return path

    def keep(self, blocks: Iterable[bytes]) -> Path:
        """Write the blocks to a new file, from a thread; as `store` otherwise."""
        path = self._free()
        with _kept(path), os.fdopen(_descriptor(path), "wb") as file:
            size = 0
            for block in blocks:
                size += len(block)
                if size > self.limit:
                    raise FileTooLarge(self._limit_mb)
                file.write(block)
        return path

    def new(self) -> Path:
        """A new empty file."""
        path = self._free()
        with _kept(path):
            os.close(_descriptor(path))
        return path

    def _free(self) -> Path:
        return self._folder / secret()

    async def _write(self, body: AsyncIterator[bytes], write: Callable[[bytearray], int | None]) -> None:
        block = bytearray()
        size = 0
        async for part in body:
            size += len(part)
            if size > self.limit:
                raise FileTooLarge(self._limit_mb)
            block += part
            if len(block) >= _WRITE_AT_ONCE:
                await asyncio.to_thread(write, block)
                block = bytearray()
        if block:
            await asyncio.to_thread(write, block)

    def clear(self) -> None:
        """Delete every upload."""
        for path in self._folder.iterdir():
            path.unlink(missing_ok=True)


def _descriptor(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)


@contextmanager
def _kept(path: Path) -> Iterator[None]:
    """Keep the file only if all goes well; a full disk is said to be full."""
    try:
        yield
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise OutOfSpace(
                "The disk or its quota is full; nothing was changed.", hint="Free some space, then try again."
            ) from error
        raise
