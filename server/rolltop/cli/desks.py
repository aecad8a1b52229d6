"""Where `rolltop import` is done: asked of a running server, or by the services of a workspace opened here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rolltop import config, discovery
from rolltop.cli import running
from rolltop.cli.following import Follows, bar_of
from rolltop.errors import RolltopError
from rolltop.kit import logs

if TYPE_CHECKING:
    import httpx
    from rich.console import Console

    from rolltop.collections.imports import Imports
    from rolltop.jobs import Jobs

LOG_FILE = "import.log"


class BadOption(RolltopError):
    """An option of the command line cannot be used."""

    code = "cli.bad_option"
    exit_code = 2


class Desk(Follows, Protocol):
    """Where the import is done. Everything is the JSON of the API."""

    def begin(self, source: Path | str, console: "Console") -> dict[str, Any]:
        """Hand the file over, or the address it is fetched from; its import."""

    def draft(self, id: str) -> dict[str, Any]:
        """The import as it is now."""

    def read_part(self, id: str, part: str) -> dict[str, Any]:
        """Read another part of the file; the import."""

    def begin_parts(self, id: str, parts: Sequence[str]) -> list[dict[str, Any]]:
        """Imports of other parts of the same file."""

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
            yield _Server(client, Path(found.data))
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


class _Server:
    """A running server, over HTTP."""

    def __init__(self, client: "httpx.Client", data: Path) -> None:
        self._client = client
        self._data = data

    def begin(self, source: Path | str, console: "Console") -> dict[str, Any]:
        if isinstance(source, str):
            return self._answer(self._client.post("/api/imports/from-url", json={"url": source}))
        if self._data.exists() and source.samefile(self._data):
            raise BadOption(f"{source.name} is what the server serves: its tables are there already.")
        return self._send(source, console)

    def _send(self, path: Path, console: "Console") -> dict[str, Any]:
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

    def read_part(self, id: str, part: str) -> dict[str, Any]:
        return self._answer(self._client.put(f"/api/imports/{id}/dialect", json={"part": part}))

    def begin_parts(self, id: str, parts: Sequence[str]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = running.answer(
            self._client.post(f"/api/imports/{id}/parts", json={"parts": list(parts)})
        )
        return made

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

    def begin(self, source: Path | str, console: "Console") -> dict[str, Any]:  # noqa: ARG002 (nothing is sent)
        from rolltop.auth import OWNER
        from rolltop.collections.imports.schemas import UrlWanted

        if isinstance(source, str):
            return self._imports.from_url(UrlWanted(url=source), OWNER.id).model_dump(mode="json")
        return self._imports.from_path(source).model_dump(mode="json")

    def read_part(self, id: str, part: str) -> dict[str, Any]:
        from rolltop.auth import OWNER
        from rolltop.collections.imports.schemas import DialectChange

        return self._imports.change_dialect(id, DialectChange(part=part), OWNER.id).model_dump(mode="json")

    def begin_parts(self, id: str, parts: Sequence[str]) -> list[dict[str, Any]]:
        from rolltop.auth import OWNER
        from rolltop.collections.imports.schemas import PartsWanted

        made = self._imports.import_parts(id, PartsWanted(parts=list(parts)), OWNER.id)
        return [each.model_dump(mode="json") for each in made]

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
