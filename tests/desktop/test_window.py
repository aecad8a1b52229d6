"""The real window on a screen without a screen: it paints, it closes, it hands over, it leaves nothing behind."""

import signal
from pathlib import Path

import httpx
import psutil
import pytest
from tests.conftest import Servers
from tests.desktop.conftest import Launch, Screen, read_json, until
from tests.desktop.devtools import Page

from rolltop import discovery
from rolltop.kit.locks import FileLock
from rolltop_desktop.instance import LOCK_FILE
from rolltop_desktop.lifecycle import ExitCode

pytestmark = pytest.mark.timeout(300)
COLOURS = 50


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A small file to import."""
    path = tmp_path / "ä b%20#.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    return path


@pytest.mark.parametrize("arguments", [[], ["--safe-graphics"]])
def test_smoke(launch: Launch, tmp_path: Path, arguments: list[str]) -> None:
    app = launch(*arguments, ROLLTOP_SMOKE=str(tmp_path / "out.json"))
    assert app.end() == ExitCode.OK, app.said()
    report = read_json(tmp_path / "out.json")
    assert report["ok"] is True
    assert (report["user"], report["painted"]) == ("Owner", True)
    assert "Rolltop" in str(report["title"])
    assert isinstance(report["seconds"], dict)
    assert set(report["seconds"]) == {"window_visible", "splash_painted", "server_ready", "ui_ready"}
    assert app.left_behind([]) == []


def test_the_window_paints_and_closes_by_its_button(launch: Launch, screen: Screen, tmp_path: Path) -> None:
    app = launch()
    runtime = app.ready()
    assert screen.shoot(tmp_path / "window.png") > COLOURS
    (window,) = screen.windows("^Rolltop$")
    geometry = screen.xdotool("getwindowgeometry", "--shell", window)
    width, height = (int(geometry.partition(f"{name}=")[2].split()[0]) for name in ("WIDTH", "HEIGHT"))
    assert (width <= 1280, height <= 800) == (True, True)
    assert httpx.get(f"{runtime.url}/api/health", trust_env=False).status_code == 200
    family = app.family()
    screen.xdotool("windowactivate", "--sync", window)
    screen.xdotool("key", "--clearmodifiers", "alt+F4")  # the window manager sends WM_DELETE_WINDOW
    assert app.end() == ExitCode.OK, app.said()
    assert app.left_behind(family) == []
    assert read_json(app.workspace / "window.json")["port"] == int(runtime.url.rpartition(":")[2])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_the_app_well_and_leave_nothing(launch: Launch, number: signal.Signals) -> None:
    app = launch()
    app.ready()
    family = app.family()
    assert len(family) > 2  # the server, and the web engine's own
    app.process.send_signal(number)
    assert app.end() == ExitCode.OK, app.said()
    assert app.left_behind(family) == []
    lock = FileLock(app.workspace / LOCK_FILE)
    assert lock.acquire()
    lock.release()


def test_the_command_opens_the_window_and_ends_with_it(launch: Launch) -> None:
    app = launch(program="rolltop")
    app.ready()
    family = app.family()
    app.process.terminate()
    assert app.end() == ExitCode.OK, app.said()
    assert app.left_behind(family) == []


def test_a_signal_at_the_very_start_ends_it_too(launch: Launch) -> None:
    app = launch()
    until(lambda: "Web engine flags" in app.log(), "the start")
    app.process.terminate()
    assert app.end() == ExitCode.OK, app.said()
    assert app.left_behind([]) == []


def test_a_second_start_hands_its_file_over_and_ends(launch: Launch, screen: Screen, table: Path) -> None:
    first = launch()
    runtime = first.ready()
    (window,) = screen.windows("^Rolltop$")
    screen.xdotool("windowminimize", "--sync", window)
    second = launch(str(table))
    assert second.end() == ExitCode.OK, second.said()
    until(lambda: screen.xdotool("getactivewindow") == window, "the window in front")
    with httpx.Client(
        base_url=runtime.url, headers={"Authorization": f"Bearer {runtime.token}"}, trust_env=False
    ) as http:
        until(lambda: [each["name"] for each in http.get("/api/imports").json()] == [table.name], "the import")
    assert first.runs()
    assert screen.windows("^Rolltop$") == [window]


def test_a_file_of_the_start_is_shown_in_the_page(launch: Launch, table: Path) -> None:
    app = launch(str(table))
    runtime = app.ready()
    with Page(app.debugging, runtime.url) as page:
        until(lambda: page.evaluate("location.pathname").startswith("/import/"), "the page of the import")
        until(lambda: table.name in page.evaluate("document.body.innerText"), "the file's name")


def test_a_killed_server_is_started_again_and_the_page_comes_back(
    launch: Launch, screen: Screen, tmp_path: Path
) -> None:
    app = launch()
    before = app.ready()
    with Page(app.debugging, before.url) as page:
        page.evaluate("history.pushState(null, '', '/data?kept=eq.1')")
    psutil.Process(before.pid).kill()
    after = app.ready(times=2)
    assert after.url == before.url
    assert after.pid != before.pid
    with Page(app.debugging, after.url) as page:
        until(lambda: page.evaluate("location.pathname + location.search") == "/data?kept=eq.1", "the former place")
    assert screen.shoot(tmp_path / "again.png") > COLOURS
    app.process.terminate()
    assert app.end() == ExitCode.OK, app.said()


def test_a_killed_window_takes_its_server_with_it(launch: Launch) -> None:
    app = launch()
    app.ready()
    family = app.family()
    app.process.kill()
    app.end()
    until(lambda: app.left_behind(family) in ([], ["desktop.json"]), "the end of everything")
    launch().ready(times=2)


def test_a_server_that_runs_already_is_shown_and_outlives_the_window(
    launch: Launch, servers: Servers, tmp_path: Path
) -> None:
    server = servers.start(tmp_path / "workspace")
    app = launch(ROLLTOP_SMOKE=str(tmp_path / "out.json"))
    until(lambda: "is served at" in app.log(), "the running server being found")
    until(lambda: (tmp_path / "out.json").exists() or app.times("server_ready"), "its page")
    app.process.terminate()
    assert app.end() == ExitCode.OK, app.said()
    found = discovery.find(server.workspace)
    assert found is not None
    assert found.pid == server.pid
    assert servers.stop(server) == 0


def test_what_stops_the_server_is_shown_with_a_way_out(launch: Launch, screen: Screen, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "data.db").write_bytes(b"this is no database, but it is mine" * 100)
    app = launch()
    until(lambda: app.times("failed"), "the failure")
    until(lambda: screen.windows("^Rolltop$"), "the window")
    (window,) = screen.windows("^Rolltop$")
    until(lambda: screen.shoot(tmp_path / "error.png") > COLOURS, "the error page")
    assert "data.db" in app.log()
    (workspace / "data.db").unlink()
    screen.xdotool("windowactivate", "--sync", window)
    screen.xdotool("key", "Tab")
    screen.xdotool("key", "Return")  # Try again
    app.ready()
    app.process.terminate()
    assert app.end() == ExitCode.OK, app.said()


def test_a_workspace_that_cannot_be_used_is_said_in_a_window(launch: Launch, screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "workspace").write_text("a file is in the way")
    app = launch()
    until(lambda: screen.windows("^Rolltop$"), "the window")
    until(lambda: screen.shoot(tmp_path / "error.png") > COLOURS, "its page")
    (window,) = screen.windows("^Rolltop$")
    screen.xdotool("windowactivate", "--sync", window)
    screen.xdotool("key", "Tab")
    screen.xdotool("key", "Return")  # Quit
    assert app.end() == ExitCode.SERVER_FAILED
    assert "cannot be used" in app.said()
    assert (tmp_path / "workspace").read_text() == "a file is in the way"


def test_a_window_that_does_not_answer_is_said(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    lock = FileLock(tmp_path / "workspace" / LOCK_FILE)
    assert lock.acquire()
    app = launch(ROLLTOP_SMOKE=str(tmp_path / "out.json"))
    assert app.end() == ExitCode.NOT_ANSWERING
    lock.release()
    assert "does not answer" in app.said()


def test_closing_the_error_page_ends_with_5(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "data.db").write_bytes(b"this is no database, but it is mine" * 100)
    app = launch(ROLLTOP_SMOKE=str(tmp_path / "out.json"))
    assert app.end() == ExitCode.SERVER_FAILED
    assert read_json(tmp_path / "out.json")["ok"] is False
