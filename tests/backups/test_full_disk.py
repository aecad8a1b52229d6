"""A full disk: said as such, nothing left, nothing lost, and it works again without a restart."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.backups.conftest import Keeper
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.config import Config

MEGABYTE = 1 << 20


class SmallDisk:
    """A file system of some megabytes in memory; needs the right to mount."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.filler = path / "filler"

    def fill(self, leave: int) -> None:
        """Take all but so many bytes."""
        free = self.free()
        with self.filler.open("ab") as file:
            file.write(b"\0" * max(free - leave, 0))

    def empty(self) -> None:
        """Give them back."""
        self.filler.unlink(missing_ok=True)

    def free(self) -> int:
        """Bytes."""
        return shutil.disk_usage(self.path).free


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """200 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(path)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.fail(f"These tests mount a small file system, which takes root: {mounted.stderr}")
    yield SmallDisk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def keeper(disk: SmallDisk) -> Iterator[Keeper]:
    """A workspace with ten megabytes that cannot be compressed."""
    app = create_app(Config(workspace=disk.path / "workspace"))
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
        fill = f"CREATE TABLE big (i INTEGER, b BLOB); INSERT INTO big {numbers} SELECT i, randomblob(1000) FROM n"
        app.data.submit(lambda connection: connection.execute(fill)).result()
        yield Keeper(client, disk.path / "workspace")


def failed(keeper: Keeper, job: Any) -> dict[str, Any]:
    """Why the job failed."""
    ended = keeper.ended(job.json()["id"])
    assert ended["state"] == "failed"
    error: dict[str, Any] = ended["error"]
    assert error["code"] == "out_of_space"
    assert error["hint"]
    return error


@pytest.mark.parametrize("leave", [2, 9, 12, 15, 18])
def test_no_room_for_a_backup(keeper: Keeper, disk: SmallDisk, leave: int) -> None:
    """For the copy of the database, for the file, or for its last part."""
    before = keeper.make()
    disk.fill(leave * MEGABYTE)
    failed(keeper, keeper.client.post("/api/backups"))
    assert keeper.left() == [f"{before}.zip"]
    assert keeper.client.get("/rest/v1/big?select=i&limit=1").json() == [{"i": 1}]
    assert keeper.client.get("/api/backups").status_code == 200
    disk.empty()
    assert keeper.verify(keeper.make())["state"] == "done"


def test_no_room_to_verify_restore_or_upload(keeper: Keeper, disk: SmallDisk) -> None:
    id = keeper.make()
    content = keeper.file(id).read_bytes()
    disk.fill(5 * MEGABYTE)
    failed(keeper, keeper.client.post(f"/api/backups/{id}/verify"))
    failed(keeper, keeper.client.post(f"/api/backups/{id}/restore"))
    answer = keeper.send(content)
    assert (answer.status_code, answer.json()["code"]) == (507, "out_of_space")
    assert keeper.left() == [f"{id}.zip"]
    assert not (keeper.workspace / "restore").exists()
    assert list((keeper.workspace / "files" / "backups").iterdir()) == []
    disk.empty()
    assert keeper.verify(id)["state"] == "done"
    assert keeper.done(keeper.client.post(f"/api/backups/{id}/restore").json()["id"])["reopening"] is False


def test_no_room_for_the_backup_before_an_upgrade(disk: SmallDisk) -> None:
    workspace = disk.path / "old"
    app = create_app(Config(workspace=workspace))
    app.open()
    app.parts()
    app.data.submit(lambda c: c.execute("CREATE TABLE t AS SELECT randomblob(9000000) AS b")).result()
    app.close()
    _age(workspace / "rolltop.db")
    before = (workspace / "rolltop.db").read_bytes()
    disk.fill(4 * MEGABYTE)
    command = [sys.executable, "-m", "rolltop", "serve", "--port", "0", "--workspace", str(workspace)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 5
    assert "the backup before its upgrade failed" in done.stderr
    assert "ROLLTOP_UPGRADE_BACKUP=false" in done.stderr
    assert "Traceback" not in done.stderr
    assert (workspace / "rolltop.db").read_bytes() == before


def _age(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("UPDATE alembic_version SET version_num = '0005'; DROP TABLE backup_schedule")
