"""`rolltop doctor`: looks at a workspace and says in words what is wrong and what to do.

It only looks. With `--fix` it does what cannot harm: rights of files, what a dead process left. Every look is a
function from the patient to findings; a look that fails is a finding as well.
"""

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from rolltop import config, discovery
from rolltop.cli import doctor_databases
from rolltop.config import Config
from rolltop.errors import RolltopError, StartError
from rolltop.kit.locks import FileLock
from rolltop.kit.logs import escape
from rolltop.workspace import pending
from rolltop.workspace.folder import LOCK_FILE, read_settings

State = Literal["ok", "note", "problem"]
LOW_ON_SPACE = 200 << 20
OLD_BACKUP_DAYS = 14
_SHOWN = 5


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `check` is for programs; a `note` is worth knowing, a `problem` wants doing."""

    check: str
    state: State
    message: str
    hint: str | None = None
    fixed: bool = False


@dataclass(slots=True)
class Patient:
    """A workspace: its folder, what its settings say, and whether a process has it."""

    folder: Path
    config: Config | None
    served: bool
    fix: bool

    @property
    def data(self) -> Path:
        """The file that holds the tables."""
        elsewhere = self.config.data if self.config is not None else None
        return elsewhere or self.folder / "data.db"


Look = Callable[[Patient], Iterator[Finding]]


def examine(workspace: Path | None, *, fix: bool) -> tuple[Path, list[Finding]]:
    """The folder, and everything that was found."""
    folder = config.workspace_folder(workspace)
    if not folder.is_dir():
        hint = "`rolltop serve` makes one; --workspace names another."
        return folder, [Finding("folder", "problem", f"There is no workspace {folder}.", hint)]
    settings: Config | None = None
    findings: list[Finding] = []
    try:
        settings = config.load(workspace=workspace)
    except RolltopError as error:
        findings.append(_failed("settings", error))
    patient = Patient(folder, settings, FileLock(folder / LOCK_FILE).is_held(), fix)
    for look in _LOOKS:
        name = look.__name__.strip("_")
        try:
            findings += look(patient)
        except (RolltopError, OSError) as error:
            findings.append(_failed(name, error))
    return folder, findings


def is_healthy(found: list[Finding]) -> bool:
    """Whether nothing wants doing."""
    return not any(each.state == "problem" and not each.fixed for each in found)


def said(finding: Finding) -> str:
    """A finding for people."""
    mark = "fixed" if finding.fixed else finding.state
    hint = f"\n          {escape(finding.hint)}" if finding.hint else ""
    return f"{mark:<8}  {escape(finding.message)}{hint}"


def _failed(check: str, error: RolltopError | OSError) -> Finding:
    if isinstance(error, RolltopError):
        return Finding(check, "problem", error.message, error.hint)
    return Finding(check, "problem", f"This could not be looked at: {error}.", "Give yourself the right to read it.")


def _settings(patient: Patient) -> Iterator[Finding]:
    file = patient.folder / config.SETTINGS_FILE
    if not file.exists():
        yield Finding("settings", "note", f"{file.name} is missing.", "It is made at the next start, with a new name.")
        return
    try:
        read_settings(file)
    except StartError as error:
        yield _failed("settings", error)
        return
    if patient.config is not None:
        yield Finding("settings", "ok", "The settings can be read.")


def _rights(patient: Patient) -> Iterator[Finding]:
    """Nobody else may read (threat model L1). Windows has no such bits; there the user's folder is private."""
    if sys.platform == "win32":
        return
    open_ones = [path for path in _ours(patient.folder) if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    foreign = [path for path in _ours(patient.folder) if path.lstat().st_uid != os.getuid()]
    if foreign:
        yield Finding(
            "rights", "problem", f"{_named(foreign, patient.folder)} belong to another user.",
            "Take them over with chown, as that user or as root.",
        )  # fmt: skip
    if not open_ones:
        yield Finding("rights", "ok", "Only you can read the workspace.")
        return
    if patient.fix:
        for path in open_ones:
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & 0o700)
    yield Finding(
        "rights", "problem", f"Others on this machine can read {_named(open_ones, patient.folder)}.",
        None if patient.fix else "`rolltop doctor --fix` takes that right away.", fixed=patient.fix,
    )  # fmt: skip


def _ours(folder: Path) -> Iterator[Path]:
    """The folder and what lies directly in it and its folders; links are left alone."""
    yield folder
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            continue
        yield path
        if path.is_dir() and path.name in ("backups", "secrets", "files"):
            yield from (inner for inner in sorted(path.iterdir()) if not inner.is_symlink())


def _server(patient: Patient) -> Iterator[Finding]:
    told = discovery.read(patient.folder)
    file = patient.folder / discovery.RUNTIME_FILE
    if patient.served:
        if told is not None and discovery.answers(told):
            yield Finding("server", "ok", f"It is served at {told.url}, process {told.pid}.")
            return
        holder = FileLock(patient.folder / LOCK_FILE).holder()
        yield Finding(
            "server", "problem", f"Process {holder or 'unknown'} has the workspace, but no server answers.",
            "If it goes on for long, end that process; nothing that was acknowledged is lost.",
        )  # fmt: skip
    elif file.exists():
        if patient.fix:
            file.unlink(missing_ok=True)
        hint = None if patient.fix else "It does no harm and goes at the next start; --fix removes it."
        yield Finding("server", "note", "A server ended without taking its runtime.json away.", hint, patient.fix)
    else:
        yield Finding("server", "ok", "No server runs, and none left anything behind.")


def _leftovers(patient: Patient) -> Iterator[Finding]:
    plan = pending.decided(patient.folder)
    if plan is not None:
        yield Finding("restore", "note", f"A restore of {plan.backup} was decided; the next start finishes it.")
    if patient.served:
        return
    found = list((patient.folder / "backups").glob(".working-*"))
    if plan is None:
        found += [path for path in (patient.folder / pending.FOLDER,) if path.exists()]
    for part in ("imports", "exports", "backups"):
        if (patient.folder / "files" / part).is_dir():
            found += (patient.folder / "files" / part).iterdir()
    if not found:
        yield Finding("leftovers", "ok", "No process left anything unfinished.")
        return
    size = sum(each.lstat().st_size for path in found for each in [path, *path.rglob("*")])
    if patient.fix:
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    hint = None if patient.fix else "It goes at the next start; --fix removes it now."
    message = f"A process that was cut off left {_named(found, patient.folder)} ({size:,} bytes)."
    yield Finding("leftovers", "note", message, hint, patient.fix)


def _space(patient: Patient) -> Iterator[Finding]:
    free = shutil.disk_usage(patient.folder).free
    size = patient.data.stat().st_size if patient.data.exists() else 0
    megabytes = f"{free / 1e6:,.0f} MB"
    if free < LOW_ON_SPACE:
        yield Finding("space", "problem", f"Only {megabytes} of the disk are free.", "Free some space.")
    elif free < 2 * size:
        yield Finding("space", "note", f"{megabytes} of the disk are free.", "A backup may need more for the while.")
    else:
        yield Finding("space", "ok", f"{megabytes} of the disk are free.")


def _backups(patient: Patient) -> Iterator[Finding]:
    from rolltop.backups.checking import check
    from rolltop.backups.restoring import DAMAGED, former_states
    from rolltop.backups.service import Folder

    folder = patient.folder / "backups"
    listed = Folder(folder).list() if folder.is_dir() else []
    for each in listed:
        if each.problem is not None:
            yield Finding("backups", "problem", f"{each.file}: {each.problem}", "Delete it, and make a new backup.")
    for former in [*(former_states(folder) if folder.is_dir() else ()), *folder.glob(f"{DAMAGED}*")]:
        yield Finding("backups", "note", f"The folder {former.name} holds the files before a restore.",
                      "Keep it as long as you may want them; then delete it.")  # fmt: skip
    whole = [each for each in listed if each.content is not None]
    if not whole or whole[0].content is None:
        yield Finding("backups", "note", "There is no backup.", "Make one: `rolltop backup`.")
        return
    newest = whole[0]
    try:
        if os.access(folder, os.W_OK):
            check(folder / newest.file, folder, lambda _done, _total: None)
    except RolltopError as error:
        yield Finding("backups", "problem", f"The newest backup, {newest.file}: {error.message}", "Make a new one.")
        return
    days = (time.time() - whole[0].content.created.timestamp()) / 86_400
    message = f"The newest of {len(whole)} backups is whole and {days:,.0f} days old."
    hint = "Make a new one: `rolltop backup`." if days > OLD_BACKUP_DAYS else None
    yield Finding("backups", "note" if hint else "ok", message, hint)


def _databases(patient: Patient) -> Iterator[Finding]:
    for found in doctor_databases.look(patient.folder, patient.data, served=patient.served):
        yield Finding(*found)


def _named(paths: list[Path], folder: Path) -> str:
    names = [str(path.relative_to(folder)) if path != folder else "the folder itself" for path in paths]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


_LOOKS: tuple[Look, ...] = (_settings, _rights, _server, _leftovers, _databases, _space, _backups)
