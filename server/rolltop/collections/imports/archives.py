"""gzip and zip: what is in them is unpacked into the spool folder, within limits (threat model F3)."""

import errno
import gzip
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rolltop.collections.imports.spool import MEGABYTE, Spool
from rolltop.formats.asked import Part
from rolltop.formats.errors import BROKEN_ARCHIVE, Unreadable, damaged, no_part

MOST_ENTRIES = 5_000
MOST_TIMES = 200
"""A packed table is a hundredth of itself at the least; a bomb is a thousandth."""
_SMALL = 10 * MEGABYTE  # for which the ratio says nothing
_BLOCK = 1 << 20

Watch = Callable[[int], None]
"""Gets the packed bytes that have been read; may raise to stop."""


def unpack_gzip(path: Path, spool: Spool, watch: Watch) -> Path:
    """The file that was packed.

    Raises:
        Unreadable: it is damaged, or unpacks to far too much.
        OutOfSpace: the disk is full.
    """
    with path.open("rb") as packed, _told("gzip file"), gzip.GzipFile(fileobj=packed) as file:
        return _unpacked(file, spool, path.stat().st_size, lambda: watch(packed.tell()))


def parts_of_zip(path: Path) -> tuple[Part, ...]:
    """The files in the archive that may hold tables.

    Raises:
        Unreadable: it is damaged, has too many files, or names that lead out of a folder.
    """
    with _told("zip archive"), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise Unreadable(
                f"The archive holds {len(entries):,} files; at most {MOST_ENTRIES:,} are taken.",
                hint="Unpack it, and choose the files that you want.",
                code="imports.too_many_parts",
            )
        for entry in entries:
            _check_name(entry)
    names = [entry.filename for entry in entries if not entry.is_dir() and not _is_litter(entry.filename)]
    if not names:
        raise Unreadable("The archive holds no file.", hint="Choose another file.", code="imports.empty")
    return tuple(Part(name, "file") for name in names)


def unpack_zip(path: Path, name: str, spool: Spool, watch: Watch) -> Path:
    """One file of the archive.

    Raises:
        Unreadable: there is none of that name, it is encrypted or damaged, or unpacks to far too much.
        OutOfSpace: the disk is full.
    """
    parts = parts_of_zip(path)
    if name not in [part.name for part in parts]:
        raise no_part(name, parts)
    with _told("zip archive"), zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(name)
        if entry.flag_bits & 1:
            raise Unreadable(
                f"{name!r} in the archive is encrypted.", hint="Unpack it with its password.", code="imports.encrypted"
            )
        done = 0

        def _tell() -> None:
            nonlocal done
            done += _BLOCK
            watch(min(done * entry.compress_size // max(entry.file_size, 1), entry.compress_size))

        with archive.open(entry) as file:
            return _unpacked(file, spool, entry.compress_size, _tell)


def _unpacked(file: IO[bytes] | gzip.GzipFile, spool: Spool, packed: int, tell: Callable[[], None]) -> Path:
    limit = min(max(packed * MOST_TIMES, _SMALL), spool.limit)

    def _blocks() -> Iterator[bytes]:
        size = 0
        while block := file.read(_BLOCK):
            size += len(block)
            if size > limit:
                raise Unreadable(
                    f"The archive unpacks to more than {limit // MEGABYTE:,} MB: {MOST_TIMES} times its size, "
                    "or the limit of an import.",
                    hint="Check where it comes from. To import it all the same, unpack it yourself.",
                    code="imports.unpacks_too_large",
                )
            yield block
            tell()

    return spool.keep(_blocks())


def _check_name(entry: zipfile.ZipInfo) -> None:
    """Nothing is ever written under such a name; an archive with one was made to harm."""
    name = entry.filename
    leads_out = name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":"
    if leads_out or stat.S_ISLNK(entry.external_attr >> 16):
        raise Unreadable(
            f"The archive holds {name[:200]!r}, which leads out of its folder.",
            hint="Do not trust where this archive comes from.",
            code="imports.unsafe_name",
        )


def _is_litter(name: str) -> bool:
    """What file managers add."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith((".", "Thumbs.db"))


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say of a damaged archive that it is one."""
    try:
        yield
    except BROKEN_ARCHIVE as error:
        raise damaged(what, error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise damaged(what, "it points to places outside itself") from error
