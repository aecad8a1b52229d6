"""`rolltop backup`: asked of a running server, or done in this process when none runs."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolltop import config, discovery
from rolltop.cli import running
from rolltop.cli.exporting import opened
from rolltop.cli.following import bar_of, follow
from rolltop.config import Config
from rolltop.errors import RolltopError
from rolltop.workspace import Workspace

if TYPE_CHECKING:
    import httpx

    from rolltop.backups.making import Report
    from rolltop.backups.schemas import Backup


class NoWorkspace(RolltopError):
    """There is nothing to back up."""

    code = "cli.no_workspace"
    exit_code = 2


class NoBackup(RolltopError):
    """No such file, and no backup of that name."""

    code = "cli.no_backup"
    exit_code = 2


def create(workspace: Path | None, file: Path | None, *, secrets: bool, show: bool) -> dict[str, Any]:
    """Make a backup, in the workspace's folder or as `file`; where it is and what it holds.

    Raises:
        RolltopError: it cannot be made, and why.
    """
    settings = config.load(workspace=workspace)
    if discovery.find(settings.workspace) is not None:
        with running.server(workspace) as client:
            made = _asked(client, settings.workspace / "backups", file, secrets=secrets, show=show)
    else:
        made = _here(settings, file, secrets=secrets, show=show)
    return described(made)


def _asked(client: "httpx.Client", folder: Path, file: Path | None, *, secrets: bool, show: bool) -> Path:
    from rich.console import Console

    job = running.answer(client.post("/api/backups", json={"secrets": secrets}))
    done = follow(_Jobs(client), job["id"], "Backing up", Console(stderr=True, quiet=not show))
    id = done["result"]["backup"]
    if file is None:
        return folder / f"{id}.zip"
    with client.stream("GET", f"/api/backups/{id}/file", timeout=None) as response:
        running.check(response)
        with opened(file) as out:
            for chunk in response.iter_bytes():
                out.write(chunk)
    client.delete(f"/api/backups/{id}")
    return file


def _here(settings: Config, file: Path | None, *, secrets: bool, show: bool) -> Path:
    from rolltop.backups.making import make, sweep
    from rolltop.backups.source import of_folder

    if not (settings.workspace / config.SETTINGS_FILE).exists():
        raise NoWorkspace(f"There is no workspace {settings.workspace}.", hint="Name one with --workspace.")
    owned = Workspace.open(settings.workspace)
    try:
        sweep(owned.backups)
        source = of_folder(owned.path, owned.name, settings.data)
        with shown("Backing up", show=show) as report:
            made = make(source, owned.backups, "manual", secrets=secrets, report=report)
    finally:
        owned.close()
    if file is None:
        return made
    with made.open("rb") as source_file, opened(file) as out:
        shutil.copyfileobj(source_file, out, 1 << 20)
    made.unlink()
    return file


def verify(workspace: Path | None, name: str, *, show: bool) -> dict[str, Any]:
    """Read all of a backup, a file or one of the workspace's by its name; what it holds.

    Raises:
        RolltopError: it is not whole, and why.
    """
    from rolltop.backups.checking import check

    path = found(workspace, name)
    room = path.parent if os.access(path.parent, os.W_OK) else Path(tempfile.gettempdir())
    with shown("Verifying", show=show) as report:
        check(path, room, report)
    return described(path)


def found(workspace: Path | None, name: str) -> Path:
    """The file of that name, or the workspace's backup of that name, with or without its ending.

    Raises:
        NoBackup: there is neither.
    """
    file = Path(name).expanduser().absolute()
    if file.is_file():
        return file
    for backup in listed(workspace):
        if name in (backup.id, backup.file):
            return config.workspace_folder(workspace) / "backups" / backup.file
    raise NoBackup(f"There is no file and no backup {name!r}.", hint="`rolltop backup list` shows the backups.")


def listed(workspace: Path | None) -> "list[Backup]":
    """The backups of the workspace, newest first; read from their folder."""
    from rolltop.backups.service import Folder

    folder = config.workspace_folder(workspace) / "backups"
    return Folder(folder).list() if folder.is_dir() else []


def described(path: Path) -> dict[str, Any]:
    """A backup as the API says it, with its path."""
    from rolltop.backups.service import describe

    return {"path": str(path), **describe(path).model_dump(mode="json")}


def said(backup: dict[str, Any]) -> str:
    """A backup in one line, for people."""
    content = backup["content"]
    if content is None:
        return f"{backup['file']}  cannot be read: {backup['problem']}"
    rows = sum(content["tables"].values())
    secrets = ", with secrets" if content["secrets"] else ""
    reason = content["reason"].replace("_", " ")
    return (
        f"{backup['file']}  {backup['size']:,} bytes, {len(content['tables'])} tables, {rows:,} rows, {reason}{secrets}"
    )


def show(backups: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print backups."""
    if as_json:
        print(json.dumps(backups))
    else:
        print("\n".join(map(said, backups)) or "There are no backups.")


@contextmanager
def shown(title: str, *, show: bool) -> "Iterator[Report]":
    """A bar for work in this process."""
    from rich.console import Console

    with bar_of(Console(stderr=True, quiet=not show)) as bar:
        task = bar.add_task(title, total=None, unit="bytes")
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Jobs:
    """The jobs of a running server."""

    def __init__(self, client: "httpx.Client") -> None:
        self._client = client

    def job(self, id: str) -> dict[str, Any]:
        answered: dict[str, Any] = running.answer(self._client.get(f"/api/jobs/{id}"))
        return answered

    def cancel(self, id: str) -> None:
        self._client.post(f"/api/jobs/{id}/cancel", json={})
