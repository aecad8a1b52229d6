"""`rolltop restore`: by the running server, or in this process when none runs."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolltop import config, discovery
from rolltop.cli import running
from rolltop.cli.backing import shown
from rolltop.cli.desks import BadOption
from rolltop.cli.following import bar_of
from rolltop.config import BadSetting
from rolltop.errors import RolltopError

if TYPE_CHECKING:
    import httpx
    from rich.progress import Progress, TaskID

REOPEN_SECONDS = 120.0
_LOOK_SECONDS = 0.1


class NotReopened(RolltopError):
    """The server did not come back with the restored workspace."""

    code = "cli.not_reopened"


def confirm(path: Path, workspace: Path) -> None:
    """Ask the person; whoever is no person says --yes.

    Raises:
        BadOption: there is nobody to ask.
    """
    import typer

    if not sys.stdin.isatty():
        raise BadOption("A restore replaces the whole workspace.", hint="Say --yes.")
    typer.confirm(
        f"Bring {workspace} back to {path.name}? The present state is kept as a backup.", abort=True, err=True
    )


def restore(workspace: Path | None, path: Path, *, show: bool) -> dict[str, Any]:
    """Bring the workspace back to the backup; what was restored, and where the state before is.

    Raises:
        RolltopError: it cannot be, and why.
    """
    folder = config.workspace_folder(workspace)
    if discovery.find(folder) is not None:
        return _asked(workspace, folder, path, show=show)
    return _here(workspace, folder, path, show=show)


# ---- without a server ------------------------------------------------------------------------------------------------


def _here(workspace: Path | None, folder: Path, path: Path, *, show: bool) -> dict[str, Any]:
    from rolltop.backups.restoring import former_states, keep, lay_ready
    from rolltop.workspace import Workspace, pending

    with Workspace.claimed(folder), shown("Restoring", show=show) as report:
        lay_ready(path, folder, report, served=_served(workspace))
        pending.finish(folder)
        kept = []
        for former in former_states(folder / pending.BACKUPS):
            try:
                made = keep(former, folder / pending.BACKUPS, report)
            except RolltopError as error:  # its files are there, and the restore is done
                print(
                    f"The state before could not be made a backup: {error.message} {error.hint or ''}", file=sys.stderr
                )
            else:
                kept += [] if made is None else [str(made)]
    return {"workspace": str(folder), "backup": path.name, "kept": kept}


def _served(workspace: Path | None) -> Path | None:
    """The file that the settings serve in place of data.db. Settings that cannot be read are to be replaced."""
    try:
        return config.load(workspace=workspace).data
    except BadSetting:
        return None


# ---- by the server ---------------------------------------------------------------------------------------------------


def _asked(workspace: Path | None, folder: Path, path: Path, *, show: bool) -> dict[str, Any]:
    from rich.console import Console

    with running.server(workspace) as client, bar_of(Console(stderr=True, quiet=not show)) as bar:
        task = bar.add_task("Restoring", total=None, unit="bytes")
        before = _restored(client)
        sent = None
        if path.parent != folder / "backups":
            with path.open("rb") as file:
                sent = running.answer(client.post("/api/backups/upload", content=file, headers=running.RAW))["id"]
        id = sent or path.name.removesuffix(".zip")
        try:
            job = running.answer(client.post(f"/api/backups/{id}/restore"))
            _follow(client, job["id"], bar, task)
            _wait(client, before)
        finally:
            if sent is not None:
                client.delete(f"/api/backups/{sent}")
        kept = _kept(client)
    return {"workspace": str(folder), "backup": path.name, "kept": kept}


def _follow(client: "httpx.Client", job: str, bar: "Progress", task: "TaskID") -> None:
    """Wait for the job; it goes with the state before the restore, so it may be gone when it is asked for."""
    import httpx

    while True:
        try:
            answered = client.get(f"/api/jobs/{job}")
        except httpx.TransportError:
            return
        if answered.status_code == 404:
            return
        state = running.answer(answered)
        if state["state"] == "done":
            return
        if state["ended"] is not None:
            error = state["error"] or {"message": f"The job ended as {state['state']}.", "details": None, "hint": None}
            raise running.Refused(error["message"], details=error["details"], hint=error["hint"])
        bar.update(task, completed=state["progress"]["done"], total=state["progress"]["total"])
        time.sleep(_LOOK_SECONDS)


def _wait(client: "httpx.Client", before: Any) -> None:
    """Until the server says that it has restored something else than before."""
    import httpx

    until = time.monotonic() + REOPEN_SECONDS
    while time.monotonic() < until:
        try:
            if _restored(client) != before:
                return
        except httpx.TransportError:
            pass  # it is closing or opening
        time.sleep(_LOOK_SECONDS)
    raise NotReopened(
        "The server did not open the restored workspace in time.", hint="Look into its log; start it again."
    )


def _kept(client: "httpx.Client") -> list[str]:
    """The backup of the state before, when it is made; it may take longer than anybody wants to wait here."""
    until = time.monotonic() + REOPEN_SECONDS
    while time.monotonic() < until:
        jobs = running.answer(client.get("/api/jobs", params={"kind": "backups.keep", "limit": 1}))
        if not jobs:
            return []
        if jobs[0]["ended"] is not None:
            result = jobs[0]["result"]
            return [] if result is None else [str(result["backup"])]
        time.sleep(_LOOK_SECONDS)
    return []


def _restored(client: "httpx.Client") -> Any:
    answered = client.get("/api/backups/restored")
    return None if answered.status_code == 404 else running.answer(answered)
