"""Bringing a backup back: check all of it, lay its files ready, decide.

    unpack into restore/new ─▶ check ─▶ bring rolltop.db to the present form ─▶ sync ─▶ `workspace.pending.decide`

Up to the decision nothing of the workspace is touched; the next opening does the rest.
"""

import shutil
from pathlib import Path

from rolltop import db
from rolltop.backups import manifest as manifests
from rolltop.backups.archive import Archive
from rolltop.backups.checking import check_database, check_settings
from rolltop.backups.errors import AlreadyDecided, DamagedWorkspace, ServedInPlace
from rolltop.backups.making import Report, files_explained, make
from rolltop.backups.source import of_folder
from rolltop.data.errors import Damaged
from rolltop.db.version import DamagedDatabase
from rolltop.kit.files import private_folder, sync_file, sync_folder
from rolltop.kit.ids import now
from rolltop.workspace import pending
from rolltop.workspace.folder import WorkspaceUnusable, read_settings
from rolltop.workspace.pending import Plan

KEPT = "before-restore-"
"""What the folders of former files begin with, until a backup has been made of them."""
DAMAGED = "damaged-"
"""The same when none can be made."""


def lay_ready(path: Path, workspace: Path, report: Report, *, served: Path | None = None) -> Plan:
    """Check the backup at `path`, and decide that the workspace becomes what it holds at its next opening.

    `served` is a file of somebody else that is served in place of the workspace's data.

    Raises:
        NotABackup, DamagedBackup, NewerBackup: it cannot be restored.
        ServedInPlace, AlreadyDecided: this workspace cannot take it now.
        OutOfSpace: there is no room for it. Nothing was changed in any of these cases.
    """
    if served is not None:
        raise ServedInPlace(served)
    if pending.decided(workspace) is not None:
        raise AlreadyDecided
    folder = workspace / pending.FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with files_explained(), Archive(path) as archive:
            private_folder(folder)
            archive.make_room(workspace, archive.size)
            new = private_folder(folder / pending.NEW)
            _unpack(archive, new, report)
            plan = _planned(path.name, new)
            pending.decide(workspace, plan)
            return plan
    except BaseException:
        if pending.decided(workspace) is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _unpack(archive: Archive, new: Path, report: Report) -> None:
    done = 0

    def forward(size: int) -> None:
        nonlocal done
        done += size
        report(done, archive.size)

    for entry in archive.manifest.files:
        target = new / entry.path
        for parent in reversed(target.relative_to(new).parents):
            private_folder(new / parent)
        archive.unpack(entry, target, forward)
        if entry.path in (manifests.DATA, manifests.OWN):
            check_database(archive.manifest, target, lambda: report(done, archive.size))
        elif entry.path == manifests.SETTINGS:
            check_settings(archive.manifest, target)
    if (new / manifests.OWN).exists():
        db.open_database(new / manifests.OWN).close()  # brings an older one to the present form
    for path in new.rglob("*"):
        sync_folder(path) if path.is_dir() else sync_file(path)


def _planned(name: str, new: Path) -> Plan:
    replaced = sorted(path.name for path in new.iterdir())
    known = (manifests.DATA, manifests.OWN, manifests.SETTINGS, *manifests.FOLDERS)
    removed = [name for name in known if name not in replaced]
    decided = now()
    return Plan(name, decided, f"{KEPT}{decided:%Y-%m-%dT%H%M%SZ}", replaced, removed)


def keep(former: Path, folder: Path, report: Report) -> Path | None:
    """Make a backup of the files that a restore has set aside in `former`, and give them up; None when there are none.

    Raises:
        RolltopError: it cannot be made; the files stay. Those of a damaged workspace get another name.
    """
    settings = former / manifests.SETTINGS
    try:
        if not any(former.iterdir()):
            former.rmdir()
            return None
        name = (read_settings(settings) if settings.exists() else None) or "workspace"
        secrets = (former / manifests.SECRETS).exists()
        made = make(of_folder(former, name), folder, "before_restore", secrets=secrets, report=report)
    except (DamagedWorkspace, DamagedDatabase, Damaged, WorkspaceUnusable) as error:
        damaged = former.with_name(former.name.replace(KEPT, DAMAGED, 1))
        former.rename(damaged)
        error.hint = f"Its files are kept in {damaged}."
        raise
    shutil.rmtree(former)
    return made


def former_states(folder: Path) -> list[Path]:
    """What restores have set aside and no backup has been made of yet."""
    return sorted(path for path in folder.glob(f"{KEPT}*") if path.is_dir())
