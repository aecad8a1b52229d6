"""A lock between processes that the system drops when its holder dies."""

import os
import sys
from pathlib import Path


class FileLock:
    """An exclusive lock on a file, held until `release` or the end of the process. The file stays: removing it would
    let two processes lock two files of one name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock and write our pid into the file; False when another process holds it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        if not _lock(descriptor):
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return True

    def is_held(self) -> bool:
        """Whether another process has it; nothing is changed."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            return False
        try:
            return not _lock(descriptor)
        finally:
            os.close(descriptor)

    def holder(self) -> int | None:
        """The pid that the file names, when it can be read."""
        try:
            return int(self.path.read_text("ascii").strip())
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Let go; closing the descriptor drops the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # lock a byte beyond the text, so that others may read who holds it

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
