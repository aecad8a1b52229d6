"""Imports: the drafts of this run, and what may be done with them."""

import builtins
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from rolltop.collections.imports.schemas import DialectChange, Import, ImportRun, Job
from rolltop.data import Data
from rolltop.jobs import Jobs


class Imports:
    """The files on their way into tables. A draft lives as long as the server; its file is in `folder`."""

    def __init__(self, data: Data, jobs: Jobs, folder: Path, limit_bytes: int) -> None:
        self._data = data
        self._jobs = jobs
        self._folder = folder
        self._limit = limit_bytes

    async def receive(self, name: str, headers: Mapping[str, str], body: AsyncIterator[bytes]) -> Import:
        """Store an uploaded file and start its scan."""
        raise NotImplementedError

    def from_path(self, path: Path) -> Import:
        """Start the scan of a file that lies on this machine; it is read where it is."""
        raise NotImplementedError

    def list(self) -> builtins.list[Import]:
        """The drafts, newest first."""
        raise NotImplementedError

    def get(self, id: str) -> Import:
        """One draft."""
        raise NotImplementedError

    def change_dialect(self, id: str, wanted: DialectChange) -> Import:
        """Scan the file again, read another way."""
        raise NotImplementedError

    def run(self, id: str, wanted: ImportRun) -> Job:
        """Load the file into a table."""
        raise NotImplementedError

    def delete(self, id: str) -> None:
        """Forget a draft and its file."""
        raise NotImplementedError
