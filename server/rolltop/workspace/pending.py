"""A restore that was decided: files that wait in the workspace for its next opening, and the plan that says so.

    restore/new/… ─ synced ─▶ restore/plan.json ─ next opening ─▶ present files aside, the new ones in their place

The plan is written last. Before that a crash leaves the old workspace; from then on every opening goes forward from
wherever the last one was cut off, so it ends as the new one. Files are renamed while nobody has them open, which works
on every system.
"""

import shutil
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from rolltop.errors import StartError
from rolltop.kit.files import private_folder, sync_folder, write_private
from rolltop.kit.ids import now

FOLDER = "restore"
NEW = "new"
_PLAN = "plan.json"
_RESTORED = "restored.json"
BACKUPS = "backups"
T = TypeVar("T")

_COMPANIONS = ("", "-wal", "-shm", "-journal")
"""A database and what SQLite may have left beside it: moved before anything new takes the name."""


class Plan(msgspec.Struct, frozen=True):
    """What takes the place of what. `kept` is the folder in `backups` for the present files; `backup` names the source.

    `replaced` are new files and folders, `removed` present ones that the backup does not have.
    """

    backup: str
    decided: datetime
    kept: str
    replaced: list[str]
    removed: list[str]


class Restored(msgspec.Struct, frozen=True):
    """The last restore: from which backup, when, and the folder that the former files went to."""

    backup: str
    decided: datetime
    finished: datetime
    kept: str


class RestoreStuck(StartError):
    """A decided restore cannot be done now. It is tried again at the next start; nothing is lost."""

    code = "workspace.restore_stuck"


def decide(workspace: Path, plan: Plan) -> None:
    """From here on the next opening brings the new files. They must be on the disk."""
    sync_folder(workspace / FOLDER / NEW)
    write_private(workspace / FOLDER / _PLAN, msgspec.json.encode(plan).decode())
    sync_folder(workspace / FOLDER)
    sync_folder(workspace)


def decided(workspace: Path) -> Plan | None:
    """The restore that waits for the next opening.

    Raises:
        RestoreStuck: there is one, and its plan cannot be read.
    """
    path = workspace / FOLDER / _PLAN
    try:
        return _read(path, Plan)
    except (OSError, msgspec.MsgspecError) as error:
        raise RestoreStuck(
            f"A restore was decided, and its plan {path} cannot be read: {_reason(error)}.",
            hint="Give yourself the right to read it. If it is damaged, restore the backup into another folder with"
            " --workspace.",
        ) from error


def restored(workspace: Path) -> Restored | None:
    """The last restore that was done; None as well when the note of it cannot be read, for nothing depends on it."""
    try:
        return _read(workspace / BACKUPS / _RESTORED, Restored)
    except (OSError, msgspec.MsgspecError):
        return None


def finish(workspace: Path) -> None:
    """Do what was decided, or throw away what was not. Only who holds the workspace's lock may, before it opens a file.

    Raises:
        RestoreStuck: the plan cannot be read, or the system refuses a file. Nothing is thrown away.
    """
    folder = workspace / FOLDER
    plan = decided(workspace)
    if plan is not None:
        try:
            _bring(workspace, plan)
            told = Restored(plan.backup, plan.decided, now(), plan.kept)
            write_private(workspace / BACKUPS / _RESTORED, msgspec.json.encode(told).decode())
            (folder / _PLAN).unlink()
            sync_folder(folder)
        except OSError as error:
            raise RestoreStuck(
                f"The restore of {plan.backup} cannot be finished: {_reason(error)}.",
                details=error.filename,
                hint="See that the disk has room and the files are yours to write, close the programs that have them"
                " open, then start again.",
            ) from error
    shutil.rmtree(folder, ignore_errors=True)


def _bring(workspace: Path, plan: Plan) -> None:
    kept = private_folder(workspace / BACKUPS / plan.kept)
    for name in plan.removed:
        _set_aside(workspace, name, kept)
    for name in plan.replaced:
        new = workspace / FOLDER / NEW / name
        if new.exists():  # else it is in its place already
            _set_aside(workspace, name, kept)
            new.rename(workspace / name)
    sync_folder(kept)
    sync_folder(workspace)


def _set_aside(workspace: Path, name: str, kept: Path) -> None:
    for companion in _COMPANIONS:
        present = workspace / f"{name}{companion}"
        if present.exists():
            present.rename(kept / present.name)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
