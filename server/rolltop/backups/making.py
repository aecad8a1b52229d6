"""Making a backup: copies of both databases that show one moment, then one file of everything, then its name.

moment ─▶ copy ─▶ examine ─▶ pack ─▶ manifest ─▶ sync ─▶ rename         whatever fails leaves nothing
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rolltop import __version__
from rolltop.backups import manifest as manifests
from rolltop.backups.archive import Writer
from rolltop.backups.errors import DamagedWorkspace, FilesUnusable, NoRoom
from rolltop.backups.manifest import DatabaseFacts, Manifest, Reason
from rolltop.backups.source import Moment, Source
from rolltop.data import copying
from rolltop.db import copying as own_copying
from rolltop.db.version import revision_of
from rolltop.errors import OutOfSpace
from rolltop.kit.files import FULL, private_folder, sync_file, sync_folder
from rolltop.kit.ids import now

SUFFIX = ".zip"
_WORKING = ".working-"

Report = Callable[[int, int], None]
"""Told how many bytes are done, of how many; may raise to stop."""


def make(source: Source, folder: Path, reason: Reason, *, secrets: bool, report: Report) -> Path:
    """Write a backup of `source` into `folder`; its path.

    Raises:
        DamagedWorkspace: a database is not whole.
        OutOfSpace: the disk is full. Nothing is left in either case.
    """
    created = now()
    with working(folder) as room:
        part = room / "part"
        with source.moment() as moment:
            manifest = _pack(source, moment, room, part, _Work(report), reason=reason, secrets=secrets, created=created)
        sync_file(part)
        return place(part, folder, f"rolltop-{_slug(manifest.workspace)}", created)


def place(part: Path, folder: Path, stem: str, created: datetime) -> Path:
    """Give a finished file in `folder` its name, which none has yet; the path."""
    name = f"{stem}-{created.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    number = 1
    while (path := folder / f"{name}{'' if number == 1 else f'-{number}'}{SUFFIX}").exists():
        number += 1
    part.rename(path)
    sync_folder(folder)
    return path


@contextmanager
def working(folder: Path) -> Iterator[Path]:
    """A folder inside `folder` for what is not finished; it goes at the end, or at the next start after a crash.

    Raises:
        OutOfSpace: the disk was full.
    """
    with files_explained():
        room = Path(tempfile.mkdtemp(prefix=_WORKING, dir=private_folder(folder)))
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)


@contextmanager
def files_explained() -> Iterator[None]:
    """A full disk, and whatever else the system refuses, in words of ours; whoever writes takes back what he wrote."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise FilesUnusable(error) from error
        raise OutOfSpace(
            "The disk or its quota is full; nothing was left behind.",
            hint="Free some space, or delete old backups, then try again.",
        ) from error


def sweep(folder: Path) -> None:
    """Remove what a killed process left unfinished."""
    for left in folder.glob(f"{_WORKING}*"):
        shutil.rmtree(left, ignore_errors=True)


class _Work:
    """Bytes done, of how many."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._done = 0
        self.total = 0

    def forward(self, size: int) -> None:
        self._done += size
        self._report(self._done, max(self.total, self._done))

    def check(self) -> None:
        self._report(self._done, max(self.total, self._done))

    def pages(self, size: int) -> Report:
        """A report of pages, for a copy of `size` bytes."""
        before = self._done

        def told(done: int, total: int) -> None:
            self.forward(before + size * done // max(total, 1) - self._done)

        return told


def _pack(
    source: Source, moment: Moment, room: Path, part: Path, work: _Work, *, reason: Reason, secrets: bool,
    created: datetime,
) -> Manifest:  # fmt: skip
    folders = (*manifests.FOLDERS, *((manifests.SECRETS,) if secrets else ()))
    files, left = source.files(folders)
    sizes = {name: _size(seen) for name, seen in ((manifests.OWN, moment.own), (manifests.DATA, moment.data)) if seen}
    _refuse_full(room, sum(sizes.values()))
    work.total = 2 * sum(sizes.values()) + sum(path.stat().st_size for _, path in files)
    for name in sizes:
        if name == manifests.OWN and moment.own is not None:
            own_copying.copy(moment.own, room / name, work.pages(sizes[name]))
        elif moment.data is not None:
            copying.copy(moment.data, room / name, work.pages(sizes[name]))
    moment.close()
    facts = {name: _facts(room / name, work.check) for name in sizes}
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "w+b") as file, Writer(file) as writer:
        for name, path in [*((name, room / name) for name in sizes), *files]:
            writer.add(name, path, work.forward)
        manifest = Manifest(
            rolltop=__version__, created=created, reason=reason, workspace=source.name, in_place=source.in_place,
            secrets=secrets, files=writer.entries, data=facts.get(manifests.DATA), own=facts.get(manifests.OWN),
            left_out=[*manifests.LEFT_OUT, *(() if secrets else (manifests.SECRETS,)), *left],
        )  # fmt: skip
        writer.finish(manifest)
    return manifest


def _facts(copied: Path, check: Callable[[], None]) -> DatabaseFacts:
    examined = copying.examine(copied, check, thorough=False)
    if examined.damage:
        raise DamagedWorkspace(copied.name, examined.damage)
    revision = revision_of(copied) if copied.name == manifests.OWN else None
    return DatabaseFacts(examined.tables, examined.orphans, revision)


def _size(seen: Any) -> int:
    """Bytes of a database as a connection sees it."""
    pages, size = (seen.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(size)


def _refuse_full(room: Path, needed: int) -> None:
    free = shutil.disk_usage(room).free
    if needed > free:
        raise NoRoom(needed, free)


def _slug(name: str) -> str:
    """The workspace's name as a part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "workspace"
