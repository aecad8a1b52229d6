"""`rolltop import`: the same import, asked of a running server, or done in this process when none runs.

file ─▶ a `Desk` (HTTP, or the services themselves) ─▶ scan ─▶ run ─▶ what came of it
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rolltop import config, discovery
from rolltop.cli import running
from rolltop.cli.following import Follows, bar_of, follow
from rolltop.errors import RolltopError
from rolltop.kit import logs

if TYPE_CHECKING:
    import httpx
    from rich.console import Console

    from rolltop.collections.imports import Imports
    from rolltop.jobs import Jobs

LOG_FILE = "import.log"
ROWS_LEFT = 7
"""The exit code when rows did not fit: they were set aside, or a dry run says that they would not."""


class BadOption(RolltopError):
    """An option of the command line cannot be used."""

    code = "cli.bad_option"
    exit_code = 2


class Desk(Follows, Protocol):
    """Where the import is done. Everything is the JSON of the API."""

    def begin(self, path: Path, console: "Console") -> dict[str, Any]:
        """Hand the file over; its import."""

    def draft(self, id: str) -> dict[str, Any]:
        """The import as it is now."""

    def run(self, id: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Start to load it; the job."""


@contextmanager
def desk(workspace: Path | None) -> Iterator[Desk]:
    """The running server of the workspace, or the workspace itself, opened here.

    Raises:
        StartError: no server answers, and the workspace cannot be opened.
    """
    settings = config.load(workspace=workspace)
    found = discovery.find(settings.workspace)
    if found is not None:
        with running.server(workspace) as client:
            yield _Server(client)
        return
    from rolltop.app import create_app

    logs.start(config.log_folder(), LOG_FILE, level=settings.log_level, terminal=None)
    app = create_app(settings)
    app.open()
    try:
        parts = app.parts()
        yield _Here(parts["imports"], parts["jobs"])
    finally:
        app.close()


def import_file(at: Desk, path: Path, wish: Mapping[str, Any], columns: "Columns", *, show: bool) -> dict[str, Any]:
    """Read the file and load it; what came of its rows, as `ImportOutcome`.

    Raises:
        RolltopError: it cannot be imported, and why.
    """
    from rich.console import Console

    console = Console(stderr=True, quiet=not show)
    made = at.begin(path, console)
    follow(at, made["job"], f"Reading {path.name}", console)
    draft = at.draft(made["id"])
    table = wish.get("table") or draft["table"]
    job = at.run(made["id"], {**wish, "table": table, "columns": columns.wanted(draft)})
    title = f"Trying {path.name}" if wish.get("dry_run") else f"Importing into {table}"
    result: dict[str, Any] = follow(at, job["id"], title, console)["result"]
    return result


def said(done: Mapping[str, Any]) -> str:
    """What came of it, for people."""
    counted = [
        f"{done[name]:,} {word}"
        for name, word in (("inserted", "added"), ("changed", "changed"), ("unchanged", "left as they were"))
        if done[name] or name == "inserted"
    ]
    lines = [f"{'Would import' if done['dry_run'] else 'Imported'} into {done['table']}: rows {', '.join(counted)}."]
    if done["refused"]:
        fate = "would not fit" if done["dry_run"] else "did not fit, now in quarantine"
        rows = "1 row" if done["refused"] == 1 else f"{done['refused']:,} rows"
        lines.append(f"{rows} {fate}:")
        lines += [f"  row {each['row']:,}: {_reasons(each['reasons'])}" for each in done["first_refused"]]
    return "\n".join(lines)


def _reasons(reasons: list[dict[str, Any]]) -> str:
    said = "; ".join(
        reason["message"] if reason["column"] is None else f"{reason['column']}: {reason['message']}"
        for reason in reasons
    )
    return logs.escape(said)  # cells may hold anything, and a terminal obeys


class Columns:
    """What the command line says of columns: new names, types, and those left out."""

    def __init__(self, named: list[str], typed: list[str], skipped: list[str]) -> None:
        self._named = dict(map(_pair, named))
        self._typed = dict(map(_pair, typed))
        self._skipped = skipped

    def wanted(self, draft: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Their part of the run.

        Raises:
            BadOption: the file has no such column.
        """
        known = {name: each["name"] for each in draft["columns"] for name in (each["source"], each["name"]) if name}
        wishes: dict[str, dict[str, Any]] = {}
        for option, given in (("name", self._named), ("type", self._typed), ("include", self._skipped)):
            for column in given:
                if column not in known:
                    listed = ", ".join(each["name"] for each in draft["columns"][:20])
                    raise BadOption(f"The file has no column {column!r}.", hint=f"It has {listed}.")
                value = False if isinstance(given, list) else given[column]
                wishes.setdefault(known[column], {"source": known[column]})[option] = value
        return list(wishes.values())


def _pair(text: str) -> tuple[str, str]:
    before, equals, after = text.rpartition("=")
    if not (before and equals and after):
        raise BadOption(f"{text!r} is no pair.", hint="Write COLUMN=VALUE, as in --map 'Dep. delay=dep_delay'.")
    return before, after


class _Server:
    """A running server, over HTTP."""

    def __init__(self, client: "httpx.Client") -> None:
        self._client = client

    def begin(self, path: Path, console: "Console") -> dict[str, Any]:
        with bar_of(console) as bar:
            task = bar.add_task(f"Sending {path.name}", total=path.stat().st_size, unit="bytes")

            def _chunks() -> Iterator[bytes]:
                with path.open("rb") as source:
                    while chunk := source.read(1 << 20):
                        yield chunk
                        bar.update(task, advance=len(chunk))

            sent = self._client.post("/api/imports", params={"name": path.name}, content=_chunks(), headers=running.RAW)
        return self._answer(sent)

    def draft(self, id: str) -> dict[str, Any]:
        return self._answer(self._client.get(f"/api/imports/{id}"))

    def run(self, id: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        return self._answer(self._client.post(f"/api/imports/{id}/run", json=dict(wanted)))

    def job(self, id: str) -> dict[str, Any]:
        return self._answer(self._client.get(f"/api/jobs/{id}"))

    def cancel(self, id: str) -> None:
        self._client.post(f"/api/jobs/{id}/cancel", json={})

    @staticmethod
    def _answer(response: "httpx.Response") -> dict[str, Any]:
        answered: dict[str, Any] = running.answer(response)
        return answered


class _Here:
    """The services of a workspace that this process has opened. The file is read where it lies."""

    def __init__(self, imports: "Imports", jobs: "Jobs") -> None:
        self._imports = imports
        self._jobs = jobs

    def begin(self, path: Path, console: "Console") -> dict[str, Any]:  # noqa: ARG002 (nothing is sent)
        return self._imports.from_path(path).model_dump(mode="json")

    def draft(self, id: str) -> dict[str, Any]:
        return self._imports.get(id).model_dump(mode="json")

    def run(self, id: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        from pydantic import ValidationError

        from rolltop.auth import OWNER
        from rolltop.collections.imports.schemas import ImportRun

        try:
            run = ImportRun.model_validate(wanted)
        except ValidationError as error:
            first = error.errors()[0]
            raise BadOption(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
        return self._imports.run(id, run, OWNER.id).model_dump(mode="json")

    def job(self, id: str) -> dict[str, Any]:
        return self._jobs.get(id).model_dump(mode="json")

    def cancel(self, id: str) -> None:
        self._jobs.cancel(id)
