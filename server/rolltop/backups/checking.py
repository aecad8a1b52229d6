"""Checking a backup: every byte, and both databases, unpacked into a folder that is thrown away."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rolltop.backups import manifest as manifests
from rolltop.backups.archive import Archive
from rolltop.backups.errors import DamagedBackup, NewerBackup, NotABackup
from rolltop.backups.making import Report, working
from rolltop.backups.manifest import DatabaseFacts, Manifest
from rolltop.data import copying
from rolltop.db.version import known_revisions, revision_of
from rolltop.workspace.folder import WorkspaceNewer, WorkspaceUnusable, read_settings


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found whole."""

    files: int
    size: int
    tables: int
    rows: int


def check(path: Path, folder: Path, report: Report) -> Checked:
    """Read all of the backup at `path`; databases are unpacked into `folder` for the while.

    Raises:
        NotABackup, DamagedBackup, NewerBackup: it cannot be restored, and why.
        OutOfSpace: there is no room to unpack it.
    """
    with working(folder) as room, Archive(path) as archive:
        databases = [entry for entry in archive.manifest.files if entry.path in (manifests.DATA, manifests.OWN)]
        archive.make_room(room, sum(entry.size for entry in databases))
        done = 0

        def forward(size: int) -> None:
            nonlocal done
            done += size
            report(done, archive.size)

        for entry in archive.manifest.files:
            if entry in databases:
                archive.unpack(entry, room / entry.path, forward)
                check_database(archive.manifest, room / entry.path, lambda: report(done, archive.size))
                (room / entry.path).unlink()
            elif entry.path == manifests.SETTINGS:
                archive.unpack(entry, room / entry.path, forward)
                check_settings(archive.manifest, room / entry.path)
            else:
                archive.check(entry, forward)
        return summary(archive)


def summary(archive: Archive) -> Checked:
    """What a backup holds."""
    tables = {} if archive.manifest.data is None else archive.manifest.data.tables
    return Checked(len(archive.manifest.files), archive.size, len(tables), sum(tables.values()))


def check_settings(manifest: Manifest, path: Path) -> None:
    """Whether this Rolltop reads the unpacked settings.

    Raises:
        DamagedBackup, NewerBackup: it does not.
    """
    try:
        read_settings(path)
    except WorkspaceNewer as error:
        raise NewerBackup(manifest.rolltop) from error
    except WorkspaceUnusable as error:
        raise DamagedBackup(f"{path.name} cannot be read") from error


def check_database(manifest: Manifest, path: Path, pause: Callable[[], None]) -> None:
    """Whether the unpacked database is whole, ours, and holds what the manifest says.

    Raises:
        NotABackup, DamagedBackup, NewerBackup: it is not.
    """
    facts = manifest.data if path.name == manifests.DATA else manifest.own
    examined = copying.examine(path, pause, thorough=True)
    if examined.damage:
        raise DamagedBackup(f"{path.name} is not whole ({examined.damage[0]})")
    if facts is None or examined.tables != facts.tables or examined.orphans != facts.orphans:
        raise DamagedBackup(f"{path.name} holds {_difference(examined.tables, facts)}")
    if path.name == manifests.OWN:
        _check_own(manifest, path, examined.programs)


def _check_own(manifest: Manifest, path: Path, programs: int) -> None:
    """Nobody writes triggers and views into rolltop.db; in a file from elsewhere they would run with our rights."""
    if programs:
        raise NotABackup(f"{path.name} has triggers or views")
    revision = revision_of(path)
    if revision is not None and revision not in known_revisions():
        raise NewerBackup(manifest.rolltop)


def _difference(found: dict[str, int], facts: DatabaseFacts | None) -> str:
    said = {} if facts is None else facts.tables
    for name in sorted(found.keys() | said.keys()):
        if found.get(name) != said.get(name):
            return f"{_rows(found.get(name))} in {name!r}, and the manifest says {_rows(said.get(name))}"
    return "other rows that break a foreign key than the manifest says"


def _rows(count: int | None) -> str:
    return "no table" if count is None else f"{count:,} rows"
