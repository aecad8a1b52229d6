"""What the command line asks for."""

from pathlib import Path

import pytest

from rolltop_desktop import __main__ as entry


def test_an_sqlite_file_is_opened_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROLLTOP_HOME", str(tmp_path))
    wanted = entry._parse([str(tmp_path / "shop.sqlite"), str(tmp_path / "a.csv")])
    workspace, data, files = entry._what_to_open(wanted, {})
    assert data == tmp_path / "shop.sqlite"
    assert files == [tmp_path / "a.csv"]
    assert workspace.parent == tmp_path / "in-place"


def test_files_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    workspace, data, files = entry._what_to_open(entry._parse(["a.csv", "--workspace", "w"]), {})
    assert (workspace, data, files) == (tmp_path / "w", None, [tmp_path / "a.csv"])
