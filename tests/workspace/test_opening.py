"""Opening a workspace: what is made, and what is refused untouched with a way out."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rolltop.app import create_app
from rolltop.config import Config
from rolltop.data import Data
from rolltop.errors import StartError
from rolltop.workspace import Workspace, pending


def _refusal(config: Config) -> StartError:
    application = create_app(config)
    with pytest.raises(StartError) as caught:
        application.open()
    assert caught.value.hint
    return caught.value


def test_a_fresh_workspace_is_private(workspace: Path) -> None:
    former = os.umask(0)
    try:
        application = create_app(Config(workspace=workspace))
        application.open()
        application.close()
    finally:
        os.umask(former)
    assert stat.S_IMODE(workspace.stat().st_mode) == 0o700
    for entry in workspace.iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) == (0o700 if entry.is_dir() else 0o600), entry.name


def test_a_second_process_is_turned_away(workspace: Path) -> None:
    application = create_app(Config(workspace=workspace))
    application.open()
    try:
        command = [sys.executable, "-m", "rolltop", "serve", "--port", "0", "--workspace", str(workspace)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 4
        assert "already open" in second.stderr
        assert str(os.getpid()) in second.stderr
        assert "Traceback" not in second.stderr
    finally:
        application.close()


def test_a_lock_of_a_dead_process_does_not_block(workspace: Path) -> None:
    workspace.mkdir()
    (workspace / "workspace.lock").write_text("999999\n")
    application = create_app(Config(workspace=workspace))
    application.open()
    application.close()


def test_the_workspace_can_be_opened_again(workspace: Path) -> None:
    for _ in range(2):
        application = create_app(Config(workspace=workspace))
        application.open()
        application.close()


def test_a_file_in_the_place_of_the_folder(workspace: Path) -> None:
    workspace.write_text("not a folder")
    assert _refusal(Config(workspace=workspace)).code == "workspace.unusable"
    assert workspace.read_text() == "not a folder"


@pytest.mark.parametrize("content", ["format = 99\n", 'format = "new"\n'])
def test_a_newer_workspace_is_refused_untouched(workspace: Path, content: str) -> None:
    workspace.mkdir()
    (workspace / "workspace.toml").write_text(content)
    assert _refusal(Config(workspace=workspace)).code == "workspace.newer"
    assert (workspace / "workspace.toml").read_text() == content
    assert not (workspace / "data.db").exists()


def test_settings_that_are_not_toml(workspace: Path) -> None:
    workspace.mkdir()
    (workspace / "workspace.toml").write_text("port = = 3\n")
    assert "not valid TOML" in _refusal(Config(workspace=workspace)).message


def test_a_newer_own_database_is_refused_untouched(workspace: Path) -> None:
    workspace.mkdir()
    path = workspace / "rolltop.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')"
    )
    connection.close()
    before = path.read_bytes()
    assert _refusal(Config(workspace=workspace)).code == "workspace.newer"
    assert path.read_bytes() == before


def test_an_own_database_that_is_none(workspace: Path) -> None:
    workspace.mkdir()
    (workspace / "rolltop.db").write_bytes(b"this is not a database, whatever its name says" * 100)
    assert _refusal(Config(workspace=workspace)).code == "workspace.damaged"


def _text_file(path: Path) -> None:
    path.write_bytes(b"name,age\nx,1\n" * 1000)


def _folder(path: Path) -> None:
    path.mkdir()


def _nothing(_path: Path) -> None:
    pass


@pytest.mark.parametrize("make", [_text_file, _folder, _nothing])
def test_data_that_cannot_be_served(workspace: Path, tmp_path: Path, make: Callable[[Path], Any]) -> None:
    path = tmp_path / "shop.sqlite"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert _refusal(Config(workspace=workspace, data=path)).message
    assert (path.read_bytes() if path.is_file() else None) == before


def test_whatever_was_opened_before_a_failure_is_closed_again(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def _refuse(*_arguments: Any, **_options: Any) -> Data:
        raise StartError("No.", hint="Try again.")

    monkeypatch.setattr(Data, "open", _refuse)
    _refusal(Config(workspace=workspace))
    monkeypatch.undo()
    application = create_app(Config(workspace=workspace))
    application.open()
    application.close()


class TestADecidedRestore:
    """It is done or it waits, whatever the system refuses; its files are thrown away in no case."""

    @pytest.fixture
    def new(self, workspace: Path) -> Path:
        """A file that waits to take its place."""
        folder = workspace / pending.FOLDER / pending.NEW
        folder.mkdir(parents=True)
        (workspace / "backups").mkdir()
        (folder / "workspace.toml").write_text('format = 1\nname = "Restored"\n')
        now = datetime.now(UTC)
        pending.decide(workspace, pending.Plan("b.zip", now, "before-restore-x", ["workspace.toml"], []))
        return folder / "workspace.toml"

    def test_whose_plan_cannot_be_read_waits(self, workspace: Path, new: Path) -> None:
        plan = workspace / pending.FOLDER / "plan.json"
        content = plan.read_bytes()
        plan.unlink()
        plan.mkdir()
        assert _refusal(Config(workspace=workspace)).code == "workspace.restore_stuck"
        plan.rmdir()
        plan.write_bytes(content[:-1])
        assert _refusal(Config(workspace=workspace)).code == "workspace.restore_stuck"
        assert new.exists()
        plan.write_bytes(content)
        with Workspace.claimed(workspace):
            assert (workspace / "workspace.toml").read_text().endswith('name = "Restored"\n')

    def test_that_cannot_be_noted_is_stuck_and_goes_on(self, workspace: Path, new: Path) -> None:
        (workspace / "backups" / "restored.json").mkdir()
        assert _refusal(Config(workspace=workspace)).code == "workspace.restore_stuck"
        (workspace / "backups" / "restored.json").rmdir()
        with Workspace.claimed(workspace):
            assert not new.exists()
            assert (done := pending.restored(workspace)) is not None
            assert done.backup == "b.zip"
            assert not (workspace / pending.FOLDER).exists()

    def test_whose_note_is_damaged_is_none_to_tell_of(self, workspace: Path) -> None:
        (workspace / "backups").mkdir(parents=True)
        (workspace / "backups" / "restored.json").write_text("{")
        assert pending.restored(workspace) is None
