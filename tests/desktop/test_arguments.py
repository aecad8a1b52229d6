"""What the command line asks for."""

from pathlib import Path

import pytest

from rolltop_desktop import __main__ as entry
from rolltop_desktop import opening
from rolltop_desktop.remembered import Remembered


def test_an_sqlite_file_is_opened_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROLLTOP_HOME", str(tmp_path))
    wanted = entry._parse([str(tmp_path / "shop.sqlite"), str(tmp_path / "a.csv")])
    workspace, data, files = entry._what_to_open(wanted, {})
    assert data == tmp_path / "shop.sqlite"
    assert files == [tmp_path / "a.csv"]
    assert workspace.parent == tmp_path / "in-place"


@pytest.mark.parametrize(
    ("settings", "environment", "port"),
    [
        ("", {}, 8400),
        ("[server]\n# port = 8377\n", {}, 8400),
        ("[server]\nport = 9000\n", {}, None),
        ("", {"ROLLTOP_PORT": "9000"}, None),
    ],
)
def test_a_port_in_the_settings_is_stronger_than_the_last_one(
    tmp_path: Path, settings: str, environment: dict[str, str], port: int | None
) -> None:
    (tmp_path / "workspace.toml").write_text(settings)
    start = opening.Start(
        workspace=tmp_path,
        data=None,
        files=[],
        port=None,
        safe_graphics=False,
        smoke=None,
        started=0.0,
        server_environment=environment,
    )
    assert opening._last_port(start, Remembered(port=8400)) == port


def test_files_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    workspace, data, files = entry._what_to_open(entry._parse(["a.csv", "--workspace", "w"]), {})
    assert (workspace, data, files) == (tmp_path / "w", None, [tmp_path / "a.csv"])
