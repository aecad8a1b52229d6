"""The build hook: when the UI is built, and with whose Node."""

import os
from pathlib import Path

import hatch_build
import pytest

SCRIPT = '#!/bin/sh\nif [ "$1" = --version ]; then echo {version}; fi\n'


@pytest.fixture
def ui(tmp_path: Path) -> Path:
    """A small UI folder."""
    for name in ("index.html", "src/main.ts", "dist/index.html", "node_modules/x/index.js"):
        path = tmp_path / "ui" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "ui"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole search path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, version: str = "") -> Path:
    """Put a program there that tells its version."""
    program = folder / name
    program.write_text(SCRIPT.format(version=version))
    program.chmod(0o755)
    return program


class TestFingerprint:
    def test_is_of_the_sources_alone(self, ui: Path) -> None:
        before = hatch_build.fingerprint(ui)
        (ui / "dist" / "index.html").write_text("built anew")
        (ui / "node_modules" / "x" / "index.js").write_text("installed anew")
        assert hatch_build.fingerprint(ui) == before

    @pytest.mark.parametrize("change", ["edit", "add", "rename"])
    def test_moves_with_every_change(self, ui: Path, change: str) -> None:
        before = hatch_build.fingerprint(ui)
        source = ui / "src" / "main.ts"
        if change == "edit":
            source.write_text("x")
        elif change == "add":
            (ui / "src" / "other.ts").write_text("")
        else:
            source.rename(source.with_name("start.ts"))
        assert hatch_build.fingerprint(ui) != before


class TestNode:
    @pytest.mark.parametrize("version", ["v20.19.0", "v22.0.1", "v100.0.0"])
    def test_of_the_system_is_taken(self, path: Path, version: str) -> None:
        install(path, "node", version)
        npm = install(path, "npm")
        assert hatch_build._system_npm() == [str(npm)]

    @pytest.mark.parametrize("version", ["v18.20.4", "v20.18.9", "", "nonsense"])
    def test_that_is_too_old_is_not(self, path: Path, version: str) -> None:
        install(path, "node", version)
        install(path, "npm")
        assert hatch_build._system_npm() is None

    def test_without_npm_is_not(self, path: Path) -> None:
        install(path, "node", "v24.0.0")
        assert hatch_build._system_npm() is None

    def test_of_the_wheel_can_run_npm(self) -> None:
        node, script = hatch_build._wheel_npm()
        assert Path(node).is_file()
        assert Path(script).name == "npm-cli.js"


class TestAnInstall:
    def test_is_done_once_for_each_lock(self, ui: Path) -> None:
        lock, done = ui / "package-lock.json", ui / "node_modules" / ".package-lock.json"
        lock.write_text("{}")
        assert not hatch_build._installed(ui)
        done.write_text("{}")
        os.utime(lock, (1000, 1000))
        assert hatch_build._installed(ui)
        os.utime(done, (999, 999))
        assert not hatch_build._installed(ui)
