"""Opening a workspace: make what is missing, refuse what cannot be used, touch nothing before the lock is held."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rolltop import discovery
from rolltop.config import SETTINGS_FILE, default_workspace
from rolltop.errors import StartError
from rolltop.kit.files import private_folder, write_private
from rolltop.kit.locks import FileLock
from rolltop.workspace import pending

FORMAT = 1
FOLDERS = ("backups", "files", "logs", "secrets")
LOCK_FILE = "workspace.lock"
DATA_FILE = "data.db"
OWN_FILE = "rolltop.db"

_SETTINGS = """\
# Settings of this Rolltop workspace. docs/settings.md explains each.
format = {format}
name = "{name}"

[server]
# port = 8377
"""


class WorkspaceInUse(StartError):
    """Another process has the workspace open (threat model R4)."""

    code = "workspace.in_use"
    exit_code = 4


class WorkspaceUnusable(StartError):
    """The folder cannot be made, read or written, or is not a workspace."""

    code = "workspace.unusable"
    exit_code = 5


class WorkspaceNewer(StartError):
    """A later Rolltop wrote the workspace; it is refused untouched (threat model R6)."""

    code = "workspace.newer"
    exit_code = 6


@dataclass(slots=True)
class Workspace:
    """A folder that this process owns until `close`."""

    path: Path
    name: str
    _lock: FileLock

    @classmethod
    def open(cls, path: Path) -> "Workspace":
        """Open the workspace at `path`, making it when there is nothing.

        Raises:
            WorkspaceInUse, WorkspaceUnusable, WorkspaceNewer: see there.
            RestoreStuck: a decided restore cannot be done now.
        """
        try:
            lock = claim(path)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            pending.finish(path)
            name = _read_settings(path)
            for folder in FOLDERS:
                private_folder(path / folder)
        except OSError as error:
            lock.release()
            raise _unusable(path, error) from error
        except BaseException:
            lock.release()
            raise
        return cls(path, name, lock)

    @staticmethod
    @contextmanager
    def claimed(path: Path) -> Iterator[None]:
        """Nobody else has the workspace within the block, and nothing of it is opened; what was decided is done.

        Raises:
            WorkspaceInUse, WorkspaceUnusable: see there.
            RestoreStuck: a decided restore cannot be done now.
        """
        try:
            lock = claim(path)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            pending.finish(path)
            yield
        finally:
            lock.release()

    @property
    def data_file(self) -> Path:
        """The user's tables, unless another file is served in its place."""
        return self.path / DATA_FILE

    @property
    def own_file(self) -> Path:
        """Rolltop's own database."""
        return self.path / OWN_FILE

    @property
    def files(self) -> Path:
        """Uploads and spooled imports, under names of our own."""
        return self.path / "files"

    @property
    def backups(self) -> Path:
        """Whole copies of the workspace, one file each."""
        return self.path / "backups"

    def close(self) -> None:
        """Let another process have it."""
        self._lock.release()


def claim(path: Path) -> FileLock:
    """Make the folder, if there is none, and take its lock; nothing in it is looked at.

    Raises:
        WorkspaceInUse: another process has it.
        OSError: it cannot be made or written.
    """
    private_folder(path)
    lock = FileLock(path / LOCK_FILE)
    if not lock.acquire():
        raise _in_use(path, lock)
    return lock


def _unusable(path: Path, error: OSError) -> WorkspaceUnusable:
    return WorkspaceUnusable(
        f"The workspace folder {path} cannot be used: {error.strerror or error}.",
        hint="Give yourself the right to write there, or name another folder with --workspace.",
    )


def _in_use(path: Path, lock: FileLock) -> WorkspaceInUse:
    running = discovery.read(path)
    where = f" It is served at {running.url}." if running else ""
    holder = lock.holder()
    return WorkspaceInUse(
        f"The workspace {path} is already open{f' in process {holder}' if holder else ''}.{where}",
        hint="Use the running one (`rolltop open`), stop it, or name another folder with --workspace.",
    )


def _read_settings(path: Path) -> str:
    """Write the settings file of a new workspace, or check the one that is there; its name is returned."""
    file = path / SETTINGS_FILE
    if not file.exists():
        name = "My workspace" if path == default_workspace() else re.sub(r'[\\"\x00-\x1f]', "_", path.name)
        write_private(file, _SETTINGS.format(format=FORMAT, name=name))
        return name
    return read_settings(file) or path.name


def read_settings(file: Path) -> str | None:
    """The workspace's name in a settings file.

    Raises:
        WorkspaceUnusable: it is not TOML.
        WorkspaceNewer: a later Rolltop wrote it.
    """
    try:
        settings = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceUnusable(
            f"The settings file {file} is not valid TOML: {error}.", hint="Correct the line, or delete the file."
        ) from error
    found = settings.get("format", FORMAT)
    if not isinstance(found, int) or found > FORMAT:
        raise WorkspaceNewer(
            "This workspace was used with a later version of Rolltop.",
            details=f"{file} says format {found}; this version knows {FORMAT}.",
            hint="Update Rolltop, or open another workspace with --workspace.",
        )
    name = settings.get("name")
    return None if name is None else str(name)
