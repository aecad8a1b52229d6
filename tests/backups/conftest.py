"""A caller who makes backups, at an application in this process."""

import sqlite3
import time
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rolltop.app import Application

PATIENCE = 60
ZIP = {"Content-Type": "application/zip"}


class Keeper:
    """The owner and his backups."""

    def __init__(self, client: TestClient, workspace: Path) -> None:
        self.client = client
        self.workspace = workspace
        self.folder = workspace / "backups"

    def ended(self, job: str) -> dict[str, Any]:
        """The job when it has ended."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.client.get(f"/api/jobs/{job}").json())["ended"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        told: dict[str, Any] = found
        return told

    def done(self, job: str) -> Any:
        """What came of a job that went well."""
        ended = self.ended(job)
        assert ended["state"] == "done", ended["error"]
        return ended["result"]

    def make(self, **wish: Any) -> str:
        """A new backup; its id."""
        answer = self.client.post("/api/backups", json=wish)
        assert answer.status_code == 202
        return str(self.done(answer.json()["id"])["backup"])

    def file(self, id: str) -> Path:
        """Where it lies."""
        return self.folder / f"{id}.zip"

    def send(self, content: bytes) -> Any:
        """Upload; the answer."""
        return self.client.post("/api/backups/upload", content=content, headers=ZIP)

    def verify(self, id: str) -> dict[str, Any]:
        """Verify; the job when it has ended."""
        return self.ended(self.client.post(f"/api/backups/{id}/verify").json()["id"])

    def left(self) -> list[str]:
        """What lies in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def keeper(app: Application, client: TestClient, workspace: Path) -> Keeper:
    """On a workspace with a table of three films."""
    assert app.config.workspace == workspace
    made = client.post(
        "/api/collections",
        json={"name": "films", "columns": [{"name": "title", "type": "text"}, {"name": "year", "type": "integer"}]},
    )
    assert made.status_code == 201, made.text
    films = [{"title": "Alien", "year": 1979}, {"title": "Brazil", "year": 1985}, {"title": "Clue", "year": 1985}]
    assert client.post("/rest/v1/films", json=films).status_code == 201
    return Keeper(client, workspace)


@pytest.fixture
def unpacked(tmp_path: Path) -> "Unpacked":
    """Looks into backups with other programs."""
    return Unpacked(tmp_path / "unpacked")


class Unpacked:
    """Backups as any zip program and any SQLite tool see them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rows(self, backup: Path, sql: str, database: str = "data.db") -> list[Any]:
        """What a database in the backup holds."""
        with zipfile.ZipFile(backup) as archive:
            path = Path(archive.extract(database, self._folder / backup.stem))
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return connection.execute(sql).fetchall()
