"""The sdist and the wheel built from it: what they hold, and that the wheel runs with nothing but what it asks for.

Building and installing take packages from the registry or uv's cache.
"""

import json
import os
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ROOT

UV = str(Path(sys.executable).with_name("uv"))

pytestmark = pytest.mark.timeout(600)


def run(*command: str, **environment: str) -> str:
    """Run a command; what it printed, or the test's failure."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and, built from that, the wheel."""
    folder = tmp_path_factory.mktemp("built")
    run(UV, "build", "--quiet", "--out-dir", str(folder))
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """The wheel."""
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel and what it requires, nothing else."""
    home = tmp_path_factory.mktemp("installed")
    run(UV, "venv", "--quiet", "--python", sys.executable, str(home))
    run(UV, "pip", "install", "--quiet", "--constraint", "requirements.lock", str(wheel), VIRTUAL_ENV=str(home))
    return home / "bin"


class TestTheSdist:
    def test_holds_the_sources_and_nothing_built(self, built: Path) -> None:
        (path,) = built.glob("*.tar.gz")
        with tarfile.open(path) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        assert {"hatch_build.py", "ui/package-lock.json", "ui/.npmrc", "ui/src/main.ts", "LICENSE"} <= names
        assert [
            name for name in names if name.startswith(("ui/dist", "ui/node_modules", ".venv", "build/", "dist/"))
        ] == []


class TestTheWheel:
    def test_holds_the_ui_and_all_that_is_read_at_run_time(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
        assert {"rolltop/static/index.html", "rolltop/db/migrations/env.py", "rolltop/py.typed"} <= names
        assert any(name.startswith("rolltop/static/assets/") and name.endswith(".js") for name in names)
        assert any(name.startswith("rolltop/static/docs/") and name.endswith(".js") for name in names)
        assert any(name.startswith("rolltop/db/migrations/versions/") for name in names)
        assert "rolltop_desktop/splash.html" in names

    def test_holds_nothing_else(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        assert {name.partition("/")[0] for name in names} == {"rolltop", "rolltop_desktop", "rolltop-0.1.0.dist-info"}
        assert len(names) == len(set(names))
        assert [name for name in names if name.endswith((".map", ".pyc", ".ts"))] == []

    def test_is_licensed_and_names_its_programs(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            said = {
                name.rpartition("/")[2]: archive.read(name).decode()
                for name in archive.namelist()
                if "dist-info" in name
            }
        assert "License-Expression: Apache-2.0" in said["METADATA"]
        assert "Apache License" in said["LICENSE"]
        assert "[console_scripts]\nrolltop = " in said["entry_points.txt"]
        assert "[gui_scripts]\nrolltop-desktop = " in said["entry_points.txt"]


@pytest.fixture
def served(programs: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the installed `rolltop serve` says about itself while it runs."""
    workspace = tmp_path / "workspace"
    command = [str(programs / "rolltop"), "serve", "--port", "0", "--workspace", str(workspace)]
    environment = {"PATH": "/usr/bin:/bin", "ROLLTOP_HOME": str(tmp_path / "home")}
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not (workspace / "runtime.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(process.communicate()[1].decode())
        time.sleep(0.05)
    yield json.loads((workspace / "runtime.json").read_text())
    process.terminate()
    said = process.communicate(timeout=20)[1].decode()
    assert process.returncode == 0, said


def get(url: str, token: str | None = None) -> bytes:
    """The body of an answer of 200."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        body: bytes = answer.read()
    return body


class TestAnInstall:
    def test_tells_its_version(self, programs: Path) -> None:
        assert "0.1.0" in run(str(programs / "rolltop"), "version")

    def test_serves_the_ui_and_the_api(self, served: dict[str, str]) -> None:
        assert b"<script" in get(served["url"] + "/")
        assert b"swagger" in get(served["url"] + "/docs").lower()
        assert json.loads(get(served["url"] + "/openapi.json", served["token"]))["openapi"].startswith("3.1")
        assert json.loads(get(served["url"] + "/api/collections", served["token"])) == []
