"""The frozen app in dist/Rolltop, which `scripts/build` makes: it starts, paints, hands over, ends and leaves nothing.

They run on a screen of their own.
"""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars
import psutil
import pytest
import xlsxwriter
from tests.conftest import ROOT
from tests.desktop.conftest import Screen

APP = ROOT / "dist" / "Rolltop"
PICTURE = ROOT / "build" / "reports" / "frozen.png"
LARGEST_MB = 530  # 68 of them are DuckDB, which writes Parquet
_ROWS = [{"id": 1, "title": "Alien"}, {"id": 2, "title": "Brazil"}]


def _workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([list(_ROWS[0]), *(list(each.values()) for each in _ROWS)]):
            sheet.write_row(row, 0, cells)


def _database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT)")
    connection.executemany("INSERT INTO films VALUES (:id, :title)", _ROWS)
    connection.commit()
    connection.close()


_FILES: dict[str, Callable[[Path], object]] = {
    "xlsx": _workbook,
    "json": lambda path: path.write_text(json.dumps(_ROWS)),
    "parquet": lambda path: polars.DataFrame(_ROWS).write_parquet(path),
    "sqlite": _database,
    "csv.gz": lambda path: path.write_bytes(gzip.compress(b"id,title\n1,Alien\n2,Brazil\n")),
}
COLOURS = 50  # an empty screen has one, a page that was really painted more than a hundred

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="session")
def app() -> Path:
    """The folder of the frozen app."""
    if not (APP / "rolltop-desktop").is_file():
        pytest.fail(f"{APP} is not built; run scripts/build.")
    return APP


@pytest.fixture
def environment(screen: Screen, tmp_path: Path) -> dict[str, str]:
    """What a program finds that was started from a desktop: nothing of this checkout or its Python."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    return {**kept, "DISPLAY": screen.display, "PATH": "/usr/bin:/bin", "ROLLTOP_HOME": str(tmp_path / "home")}


def until(what: str, seen: Callable[[], Any], process: subprocess.Popen[bytes], seconds: float = 60) -> Any:
    """Wait until something is seen; fail with what the program said when it isn't."""
    deadline = time.monotonic() + seconds
    while not (found := seen()):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            said = process.communicate()[1].decode(errors="replace")
            pytest.fail(f"{what} was not seen; exit code {process.returncode}. It said:\n{said[-3000:]}")
        time.sleep(0.1)
    return found


class Window:
    """One run of the frozen window."""

    def __init__(self, app: Path, environment: dict[str, str], *files: str) -> None:
        self.home = Path(environment["ROLLTOP_HOME"])
        self.process = subprocess.Popen(
            [str(app / "rolltop-desktop"), *files], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        log = self.home / "logs" / "desktop.log"
        until("the usable page", lambda: log.exists() and "ui_ready" in log.read_text(), self.process)

    @property
    def runtime(self) -> dict[str, Any]:
        """What the server says of itself."""
        said: dict[str, Any] = json.loads((self.home / "workspace" / "runtime.json").read_text())
        return said

    def family(self) -> list[psutil.Process]:
        """The window's process and all below it."""
        mine = psutil.Process(self.process.pid)
        return [mine, *mine.children(recursive=True)]

    def ask(self, path: str) -> Any:
        """The JSON answer of its server."""
        return answer(self.runtime, path)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.communicate(timeout=20)
        return self.process.returncode


def answer(runtime: dict[str, Any], path: str) -> Any:
    """The JSON that a server answers to its owner."""
    request = urllib.request.Request(runtime["url"] + path, headers={"Authorization": f"Bearer {runtime['token']}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as got:
        return json.loads(got.read())


@pytest.fixture
def window(app: Path, environment: dict[str, str]) -> Iterator[Window]:
    """A running window with a usable page."""
    opened = Window(app, environment)
    yield opened
    if opened.process.poll() is None:
        opened.process.kill()
        opened.process.communicate()


class TestTheFolder:
    def test_is_not_too_large(self, app: Path) -> None:
        sizes: dict[str, int] = {}
        for path in app.rglob("*"):
            if path.is_file() and not path.is_symlink():
                part = "/".join(path.relative_to(app).parts[:3])
                sizes[part] = sizes.get(part, 0) + path.stat().st_size
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:10]
        told = "\n".join(f"{size / 1e6:8.1f} MB  {part}" for part, size in largest)
        assert sum(sizes.values()) / 1e6 < LARGEST_MB, told

    def test_has_no_dangling_links(self, app: Path) -> None:
        assert [path.name for path in app.rglob("*") if path.is_symlink() and not path.exists()] == []

    def test_names_no_folder_of_the_machine_that_built_it(self, app: Path) -> None:
        texts = [path for path in (app / "_internal" / "rolltop-0.1.0.dist-info").iterdir() if path.is_file()]
        assert [path.name for path in texts if str(ROOT) in path.read_text(errors="replace")] == []


class TestTheCommandLine:
    def test_tells_its_version(self, app: Path, environment: dict[str, str]) -> None:
        run = subprocess.run([app / "rolltop", "version"], env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert "0.1.0" in run.stdout

    def test_serves_alone(self, app: Path, environment: dict[str, str], tmp_path: Path) -> None:
        """Migrations, the UI, FastAPI's half and the lean half are all there."""
        workspace = tmp_path / "workspace"
        command = [str(app / "rolltop"), "serve", "--port", "0", "--workspace", str(workspace)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        file = workspace / "runtime.json"
        until("runtime.json", file.exists, process)
        runtime = json.loads(file.read_text())
        assert answer(runtime, "/api/collections") == []
        assert answer(runtime, "/openapi.json")["openapi"].startswith("3.1")
        assert answer(runtime, "/api/status")["version"] == "0.1.0"
        process.terminate()
        process.communicate(timeout=20)
        assert process.returncode == 0
        assert not file.exists()

    @pytest.mark.parametrize("format", ["xlsx", "json", "parquet", "sqlite", "csv.gz"])
    def test_reads_files_in_a_worker_of_its_own(
        self, app: Path, environment: dict[str, str], tmp_path: Path, format: str
    ) -> None:
        file = tmp_path / f"films.{format}"
        _FILES[format](file)
        command = [str(app / "rolltop"), "import", str(file), "--workspace", str(tmp_path / "workspace"), "--json"]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["inserted"] == 2


class TestTheWindow:
    def test_paints_a_page_that_is_signed_in(self, window: Window, screen: Screen) -> None:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        until(f"{COLOURS} colours", lambda: screen.shoot(PICTURE) > COLOURS, window.process, 20)
        assert window.ask("/api/status")["mode"] == "desktop"

    def test_reports_in_smoke_mode(self, app: Path, environment: dict[str, str], tmp_path: Path) -> None:
        out = tmp_path / "smoke.json"
        run = subprocess.run(
            [app / "rolltop-desktop"], env={**environment, "ROLLTOP_SMOKE": str(out)}, capture_output=True, check=False
        )
        assert run.returncode == 0, run.stderr.decode(errors="replace")[-3000:]
        assert json.loads(out.read_text())["ok"] is True

    def test_hands_a_second_launch_over(self, app: Path, environment: dict[str, str], window: Window) -> None:
        before = window.runtime["instance"]
        second = subprocess.run(
            [app / "rolltop-desktop"], env=environment, capture_output=True, timeout=20, check=False
        )
        assert second.returncode == 0, second.stderr.decode(errors="replace")
        assert window.runtime["instance"] == before
        assert window.process.poll() is None

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
    def test_ends_and_leaves_nothing(self, window: Window, how: signal.Signals) -> None:
        family = window.family()
        assert len(family) > 1
        assert window.end(how) == 0
        _, alive = psutil.wait_procs(family, timeout=5)
        assert alive == []
        assert not (window.home / "workspace" / "runtime.json").exists()

    def test_killed_leaves_no_server_behind(self, window: Window) -> None:
        family = window.family()
        window.process.kill()
        window.process.communicate()
        _, alive = psutil.wait_procs(family, timeout=15)
        assert alive == []
