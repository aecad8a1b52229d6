"""The file: a zip archive (ZIP64) of the workspace's files, and the manifest as its last entry.

An archive from elsewhere is untrusted (threat model F3): before a byte of it is unpacked, its names, sizes and number
of entries are looked at, and they must be those of the manifest.
"""

import errno
import hashlib
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from rolltop.backups import manifest as manifests
from rolltop.backups.errors import DamagedBackup, NoRoom, NotABackup
from rolltop.backups.manifest import MANIFEST, Entry, Manifest

LEVEL = 1
"""Of deflate: measured on flights and Chinook, higher levels take twice the time for a tenth of the size."""
CHUNK = 1 << 20
MOST_ENTRIES = 100_000
LARGEST_MANIFEST = 64 << 20
KEPT_FREE = 100 << 20
"""Unpacking leaves so many bytes of the disk free."""
_SQLITE = struct.Struct(">16sH")
"""The head of a database: the magic words, and bytes a page (1 stands for 65,536)."""
_ENCRYPTED = 1
_PART = re.compile(r"[^\x00-\x1f\\:\ud800-\udfff]+")
"""A part of a name: Unicode without control characters, no backslash, no drive letter."""

Report = Callable[[int], None]
"""Told of every further bytes; may raise to stop."""


def is_storable(name: str) -> bool:
    """Whether an entry may be called so on every system."""
    return all(_PART.fullmatch(part) and part not in (".", "..") for part in name.split("/"))


class Writer:
    """Writes an archive, file by file."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self.entries: list[Entry] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(OSError, ValueError):  # whoever gives up has said why; nothing is left to close after `finish`
            self._zip.close()

    def add(self, name: str, path: Path, report: Report) -> None:
        """Put the file at `path` into the archive. Never a live database."""
        digest = hashlib.sha256()
        size = 0
        with path.open("rb") as source, self._zip.open(_info(name), "w", force_zip64=True) as entry:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                entry.write(chunk)
                size += len(chunk)
                report(len(chunk))
        self.entries.append(Entry(name, size, digest.hexdigest()))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the end of the archive."""
        self._zip.writestr(_info(MANIFEST), manifests.encode(manifest), compresslevel=LEVEL)
        self._zip.close()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | 0o600) << 16
    return info


class Archive:
    """An archive to read from, whose names and sizes are in order."""

    def __init__(self, path: Path) -> None:
        self._zip = _opened(path)
        try:
            infos = _looked_at(self._zip, path)
            self.manifest = manifests.decode(self._text(infos.pop(MANIFEST, None)))
            _compare(infos, self.manifest)
        except BaseException:
            self._zip.close()
            raise
        self._infos = infos

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(entry.size for entry in self.manifest.files)

    def check(self, entry: Entry, report: Report) -> None:
        """Read the entry and compare it with the manifest.

        Raises:
            DamagedBackup: it is not what was written.
        """
        self._read(entry, lambda _chunk: None, report)

    def unpack(self, entry: Entry, target: Path, report: Report) -> None:
        """Write the entry to a new file, and compare it with the manifest.

        Raises:
            DamagedBackup: it is not what was written.
        """
        with target.open("xb") as file:
            target.chmod(0o600)
            self._read(entry, file.write, report)

    def make_room(self, folder: Path, size: int) -> None:
        """Refuse to unpack what the disk cannot hold.

        Raises:
            NoRoom: `size` bytes do not fit.
        """
        free = shutil.disk_usage(folder).free
        if size + KEPT_FREE > free:
            raise NoRoom(size + KEPT_FREE, free)

    def _read(self, entry: Entry, take: Callable[[bytes], object], report: Report) -> None:
        digest = hashlib.sha256()
        size = 0
        with _damage_told(entry.path), self._zip.open(self._infos[entry.path]) as source:
            while chunk := source.read(CHUNK):
                if not size and entry.path in (manifests.DATA, manifests.OWN):
                    _refuse_no_database(entry, chunk)
                size += len(chunk)
                digest.update(chunk)
                take(chunk)
                report(len(chunk))
        if size != entry.size or digest.hexdigest() != entry.sha256:
            raise DamagedBackup(f"{entry.path} is not what was written")

    def _text(self, info: zipfile.ZipInfo | None) -> bytes:
        if info is None:
            raise NotABackup(f"it has no {MANIFEST}")
        if info.file_size > LARGEST_MANIFEST:
            raise NotABackup(f"its {MANIFEST} is too large")
        with _damage_told(MANIFEST), self._zip.open(info) as source:
            return source.read(LARGEST_MANIFEST)


_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError,
)  # fmt: skip
"""What `zipfile` raises when the numbers in an archive are nonsense; places before its beginning give EINVAL."""


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise DamagedBackup(f"{name} cannot be read ({error})") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise DamagedBackup(f"{name} is not where its directory says") from error


def _opened(path: Path) -> zipfile.ZipFile:
    with path.open("rb") as file:
        begins = file.read(4) == b"PK\x03\x04"
    try:
        with _damage_told("its end"):
            return zipfile.ZipFile(path)
    except DamagedBackup:
        if begins:
            raise
        raise NotABackup("it is no zip archive") from None


def _looked_at(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The entries by name, none of which leaves the folder, hides, repeats or overlaps."""
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise NotABackup(f"it has {len(infos):,} entries, more than {MOST_ENTRIES:,}")
    if sum(info.compress_size for info in infos) > path.stat().st_size:
        raise NotABackup("its entries overlap")
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename
        if not is_storable(name):
            raise NotABackup(f"the name {name[:200]!r} leaves its folder")
        if info.flag_bits & _ENCRYPTED or stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise NotABackup(f"{name[:200]!r} is encrypted, a link or a folder")
        if name in found:
            raise NotABackup(f"it holds {name[:200]!r} twice")
        found[name] = info
    return found


def _compare(infos: dict[str, zipfile.ZipInfo], manifest: Manifest) -> None:
    """What is there must be what the manifest names, at places that a backup has."""
    sizes = {entry.path: entry.size for entry in manifest.files}
    if len(sizes) != len(manifest.files) or sizes.keys() != infos.keys():
        raise DamagedBackup(f"its files are not those that its {MANIFEST} names")
    for name, size in sizes.items():
        top, slash, _ = name.partition("/")
        folders = (*manifests.FOLDERS, manifests.SECRETS)
        if not (top in folders if slash else name in (manifests.DATA, manifests.OWN, manifests.SETTINGS)):
            raise NotABackup(f"no workspace has a file {name[:200]!r}")
        if infos[name].file_size != size:
            raise DamagedBackup(f"{name} has another size than its {MANIFEST} says")


def _refuse_no_database(entry: Entry, head: bytes) -> None:
    """An inflated file that is no database is told before all of it is unpacked."""
    if len(head) < _SQLITE.size:
        raise DamagedBackup(f"{entry.path} is no database")
    magic, page = _SQLITE.unpack_from(head)
    if magic != b"SQLite format 3\0" or page == 0 or entry.size % (65536 if page == 1 else page):
        raise DamagedBackup(f"{entry.path} is no database, or not the whole of it")
