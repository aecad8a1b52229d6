"""Uploads on their way to the disk: under a random name, for the owner only, within the limit."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from rolltop.collections.imports.errors import FileTooLarge, UnsupportedBody
from rolltop.errors import OutOfSpace
from rolltop.kit.files import FULL, private_folder
from rolltop.kit.ids import secret

MEGABYTE = 1_000_000
_WRITE_AT_ONCE = 1 << 20
_TYPES = frozenset(
    {
        "text/csv",
        "text/tab-separated-values",
        "text/plain",
        "application/csv",
        "application/octet-stream",
        "application/vnd.ms-excel",  # what Windows calls CSV
    }
)


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
        if content_type.partition(";")[0].strip().lower() not in _TYPES:
            raise UnsupportedBody(content_type)
        if length is not None and length.isdecimal() and int(length) > self._limit_mb * MEGABYTE:
            raise FileTooLarge(self._limit_mb)

    async def store(self, body: AsyncIterator[bytes]) -> Path:
        """Write the body to a new file.

        Raises:
            FileTooLarge: it goes beyond the limit.
            OutOfSpace: the disk is full. Nothing is kept in either case, nor when the caller goes away.
        """
        path = self._folder / secret()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                await self._write(body, file.write)
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno in FULL:
                raise OutOfSpace(
                    "The disk or its quota is full; nothing was changed.", hint="Free some space, then try again."
                ) from error
            raise
        return path

    async def _write(self, body: AsyncIterator[bytes], write: Callable[[bytearray], int | None]) -> None:
        block = bytearray()
        size = 0
        async for part in body:
            size += len(part)
            if size > self._limit_mb * MEGABYTE:
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
