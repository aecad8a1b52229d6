"""`rolltop doctor` finds what is wrong, says what to do, changes nothing, and mends what cannot harm."""

import json
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.test_cli import rolltop
from tests.conftest import Servers

from rolltop.app import create_app
from rolltop.backups.making import make
from rolltop.backups.source import of_folder
from rolltop.cli.doctor import examine, is_healthy
from rolltop.config import Config


class Doctor:
    """The command on one workspace."""

    def __init__(self, home: Path, workspace: Path) -> None:
        self._home = home
        self.workspace = workspace

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The command itself."""
        done = rolltop(self._home, "doctor", "--workspace", str(self.workspace), *arguments)
        assert "Traceback" not in done.stderr
        return done

    def __call__(self, *, fix: bool = False) -> tuple[bool, list[dict[str, Any]]]:
        """Whether all is well, and what was found."""
        _, found = examine(self.workspace, fix=fix)
        listed: list[dict[str, Any]] = msgspec.to_builtins(found)
        return is_healthy(found), listed

    def wrong(self, *, fix: bool = False) -> list[dict[str, Any]]:
        """What is not well; each says what to do unless it was done."""
        found = [each for each in self(fix=fix)[1] if each["state"] != "ok"]
        assert all(each["message"] for each in found)
        assert all(each["hint"] or each["fixed"] or each["check"] == "restore" for each in found)
        return found

    def files(self) -> dict[str, tuple[int, int]]:
        """Names, sizes and times of change of everything."""
        return {
            str(path.relative_to(self.workspace)): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in sorted(self.workspace.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    """On a closed workspace with a table and a backup."""
    workspace = tmp_path / "workspace"
    app = create_app(Config(workspace=workspace))
    app.open()
    app.parts()
    app.data.submit(lambda connection: connection.execute("CREATE TABLE t (a TEXT UNIQUE)")).result()
    rows = [(f"row {number}",) for number in range(5000)]
    app.data.submit(lambda connection: connection.executemany("INSERT INTO t VALUES (?)", rows)).result()
    app.close()
    make(of_folder(workspace, "w"), workspace / "backups", "manual", secrets=False, report=lambda _done, _total: None)
    return Doctor(tmp_path / "home", workspace)


def test_a_healthy_workspace(doctor: Doctor) -> None:
    before = doctor.files()
    healthy, found = doctor()
    assert healthy
    assert {each["state"] for each in found} == {"ok"}
    assert {"settings", "rights", "server", "leftovers", "data", "own", "space", "backups"} <= {
        each["check"] for each in found
    }
    assert doctor.files() == before
    said = doctor.command()
    assert (said.returncode, "data.db is whole" in said.stdout, "All is well." in said.stdout) == (0, True, True)
    (doctor.workspace / "workspace.toml").write_text("name = = 1")
    told = doctor.command("--json")
    assert (told.returncode, json.loads(told.stdout)["healthy"]) == (1, False)


def test_a_workspace_that_is_served(doctor: Doctor, servers: Servers) -> None:
    server = servers.start(doctor.workspace)
    healthy, found = doctor()
    assert healthy
    assert f"It is served at {server.url}" in " ".join(each["message"] for each in found)
    servers.kill(server)
    notes = [each["check"] for each in doctor.wrong()]
    assert "server" in notes
    fixed = [each for each in doctor.wrong(fix=True) if each["check"] == "server"]
    assert fixed[0]["fixed"]
    assert not (doctor.workspace / "runtime.json").exists()


def _spoil_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = b"\xff" * 200
    path.write_bytes(content)


def _no_database(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)


def _gone(path: Path) -> None:
    path.unlink()
    path.with_name(f"{path.name}-wal").write_bytes(b"log")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def _no_toml(path: Path) -> None:
    path.write_text("name = = 1")


def _bad_setting(path: Path) -> None:
    path.write_text('[server]\nport = "many"\n')


def _readable_by_all(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("name", "spoil", "check"),
    [
        ("data.db", _spoil_page, "data"),
        ("data.db", _no_database, "data"),
        ("data.db", _gone, "data"),
        ("rolltop.db", _no_database, "own"),
        ("rolltop.db", _newer, "own"),
        ("workspace.toml", _no_toml, "settings"),
        ("workspace.toml", _bad_setting, "settings"),
        ("data.db", _readable_by_all, "rights"),
    ],
)
def test_what_is_wrong(doctor: Doctor, name: str, spoil: Callable[[Path], None], check: str) -> None:
    spoil(doctor.workspace / name)
    before = doctor.files()
    healthy, found = doctor()
    assert not healthy
    assert check in [each["check"] for each in found if each["state"] == "problem"]
    assert doctor.files() == before


def test_a_spoilt_backup(doctor: Doctor) -> None:
    backup = next((doctor.workspace / "backups").glob("*.zip"))
    whole = backup.read_bytes()
    backup.write_bytes(whole[: len(whole) // 2])
    assert [each["check"] for each in doctor.wrong() if each["state"] == "problem"] == ["backups"]
    changed = bytearray(whole)
    changed[len(whole) // 3] ^= 0xFF
    backup.write_bytes(changed)
    assert [each["check"] for each in doctor.wrong() if each["state"] == "problem"] == ["backups"]


def test_mends_what_cannot_harm(doctor: Doctor) -> None:
    (doctor.workspace / "data.db").chmod(0o666)
    (doctor.workspace / "backups" / ".working-x").mkdir()
    (doctor.workspace / "backups" / ".working-x" / "part").write_text("half")
    (doctor.workspace / "restore" / "new").mkdir(parents=True)
    (doctor.workspace / "files" / "imports").mkdir(exist_ok=True)
    (doctor.workspace / "files" / "imports" / "x").write_text("left")
    healthy, found = doctor()
    assert not healthy
    assert not any(each["fixed"] for each in found)
    healthy, found = doctor(fix=True)
    assert healthy
    assert {each["check"] for each in found if each["fixed"]} == {"rights", "leftovers"}
    assert stat.S_IMODE((doctor.workspace / "data.db").stat().st_mode) == 0o600
    assert not (doctor.workspace / "restore").exists()
    assert {each["state"] for each in doctor()[1]} == {"ok"}


def test_leaves_a_restore_alone_whose_plan_it_cannot_read(doctor: Doctor) -> None:
    new = doctor.workspace / "restore" / "new" / "data.db"
    new.parent.mkdir(parents=True)
    new.write_bytes(b"the only copy")
    (doctor.workspace / "restore" / "plan.json").write_text("{")
    assert any("plan.json cannot be read" in each["message"] for each in doctor.wrong(fix=True))
    assert new.read_bytes() == b"the only copy"


def test_no_workspace(tmp_path: Path) -> None:
    doctor = Doctor(tmp_path / "home", tmp_path / "none")
    assert not doctor()[0]
    assert not (tmp_path / "none").exists()
