"""How the server is started."""

import sys
from pathlib import Path

import pytest

from rolltop_desktop import child


def test_the_server_learns_nothing_that_concerns_the_window_alone() -> None:
    given = {
        "PATH": "/bin",
        "ROLLTOP_HOME": "/h",
        "ROLLTOP_SMOKE": "o",
        "QT_API": "x",
        "QTWEBENGINE_DISABLE_SANDBOX": "1",
    }
    assert child.server_environment(given) == {"PATH": "/bin", "ROLLTOP_HOME": "/h"}


def test_the_server_of_the_package_lies_beside_the_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert child.server_command(["--port", "1"]) == [
        *(sys.executable, "-m", "rolltop", "serve", "--pipe"),
        *("--port", "1"),
    ]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "rolltop-desktop"))
    assert child.server_command([])[:3] == [str(tmp_path / "rolltop"), "serve", "--pipe"]
