"""What is backed up, and how a moment of it is caught."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rolltop.backups import manifest as manifests
from rolltop.backups.archive import is_storable
from rolltop.data import Data, copying
from rolltop.db import copying as own_copying
from rolltop.workspace import Workspace

if TYPE_CHECKING:
    from rolltop.db.database import Database


@dataclass(slots=True)
class Moment:
    """Both databases as they were at one moment; None for one that is not there."""

    data: copying.Seen | None = None
    own: own_copying.Seen | None = None

    def close(self) -> None:
        """Let go of it."""
        for seen in (self.data, self.own):
            if seen is not None:
                seen.close()
        self.data = self.own = None


@dataclass(frozen=True, slots=True)
class Source:
    """A workspace: its folder, and who catches a moment of its databases."""

    folder: Path
    name: str
    in_place: bool
    catch: Callable[[], Moment]

    @contextmanager
    def moment(self) -> Iterator[Moment]:
        """One moment of both databases; whoever writes goes on afterwards."""
        with copying.explained(), own_copying.explained():
            caught = self.catch()
        try:
            yield caught
        finally:
            caught.close()

    def files(self, folders: tuple[str, ...]) -> tuple[list[tuple[str, Path]], list[str]]:
        """The other files by their names in the backup; and what is left out, since it is no file or has no such name.

        Links are not followed: they may lead out of the workspace.
        """
        found: list[tuple[str, Path]] = []
        left: list[str] = []
        for top in (manifests.SETTINGS, *folders):
            for path in _walk(self.folder / top):
                name = path.relative_to(self.folder).as_posix()
                fine = stat.S_ISREG(path.lstat().st_mode) and is_storable(name)
                found.append((name, path)) if fine else left.append(name.encode(errors="replace").decode())
        return found, left


def of_open(workspace: Workspace, data: Data, database: "Database") -> Source:
    """The workspace that this process serves.

    Nobody writes rolltop.db between the beginning of one snapshot and of the other, so both show the moment of the
    second. Afterwards everybody goes on.
    """

    def catch() -> Moment:
        with database.held():
            own = own_copying.snapshot(database.path)
            try:
                return Moment(data.snapshot(), own)
            except BaseException:
                own.close()
                raise

    return Source(workspace.path, workspace.name, data.in_place, catch)


def of_folder(folder: Path, name: str, data: Path | None = None) -> Source:
    """A workspace that nobody has open, or the files of a former one; `data` is an SQLite file elsewhere."""

    def catch() -> Moment:
        moment = Moment()
        file = data or folder / manifests.DATA
        own = folder / manifests.OWN
        try:
            moment.data = copying.snapshot(file, in_place=data is not None) if file.exists() else None
            moment.own = own_copying.snapshot(own) if own.exists() else None
        except BaseException:
            moment.close()
            raise
        return moment

    return Source(folder, name, data is not None, catch)


def _walk(path: Path) -> Iterator[Path]:
    """The path itself, or what a folder holds to any depth; nothing when it is not there."""
    if path.is_dir() and not path.is_symlink():
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            yield from _walk(path / name)
    elif path.exists() or path.is_symlink():
        yield path
