"""A screen without a screen, and real windows on it."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.conftest import ROOT

from rolltop import discovery
from rolltop.discovery import RuntimeFile

WAIT = 90.0
TOOLS = ("Xvfb", "openbox", "xdotool", "import", "identify")


def until(condition: Callable[[], object], what: str, seconds: float = WAIT) -> None:
    """Wait for something outside this process that sends no signal."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.05)


class Screen:
    """An X server of our own with a window manager."""

    def __init__(self, display: str) -> None:
        self.display = display
        self.environment = {**os.environ, "DISPLAY": display}

    def xdotool(self, *arguments: str) -> str:
        """What xdotool says; empty when it fails, as it does when there is no such window."""
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True, timeout=WAIT, check=False
        )
        return done.stdout.strip()

    def windows(self, name: str) -> list[str]:
        """The visible windows whose title matches."""
        return self.xdotool("search", "--onlyvisible", "--name", name).split()

    def shoot(self, path: Path) -> int:
        """Take a picture of the screen; how many colours it has."""
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True, timeout=WAIT)
        counted = subprocess.run(
            ["identify", "-format", "%k", str(path)], capture_output=True, text=True, check=True, timeout=WAIT
        )
        return int(counted.stdout)

    def choose(self, title: str, path: str) -> None:
        """Type a path into the native dialog of this title and confirm."""
        until(lambda: self.windows(title), f"a dialog {title!r}")
        until(lambda: self.xdotool("getactivewindow", "getwindowname") == title, f"the dialog {title!r} in front")
        self.xdotool("key", "ctrl+a")
        self.xdotool("type", "--delay", "5", path)
        self.xdotool("key", "Return")
        until(lambda: not self.windows(title), f"the end of the dialog {title!r}")


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """A screen of 1280 by 800."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.fail(f"The window tests need {' '.join(missing)}: apt-get install xvfb openbox xdotool imagemagick")
    if not (ROOT / "ui" / "dist" / "index.html").is_file():
        pytest.fail("The window tests need the built interface: npm ci && npm run build in ui/")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        display = f":{told.readline().strip()}"
    made = Screen(display)
    manager = subprocess.Popen(["openbox"], env=made.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: manages(made), "a window manager")
    yield made
    for process in (manager, server):
        process.terminate()
        process.wait()


def manages(screen: Screen) -> bool:
    """Whether the window manager is there: it announces itself on the root window."""
    asked = ["xprop", "-display", screen.display, "-root", "_NET_SUPPORTING_WM_CHECK"]
    said = subprocess.run(asked, capture_output=True, text=True, timeout=WAIT, check=False).stdout
    return "window id" in said


class App:
    """One start of `rolltop-desktop` on the screen, with a home of its own."""

    def __init__(
        self, screen: Screen, home: Path, *arguments: str, program: str = "rolltop_desktop", **environment: str
    ) -> None:
        self.screen = screen
        self.debugging = free_port()
        self.home = home
        self.workspace = home / "workspace"
        self.opened = home / "opened"
        self._errors = (home / f"stderr-{time.monotonic_ns()}").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", program, "--workspace", str(self.workspace), *arguments],
            env={
                **self._environment(),
                "QTWEBENGINE_REMOTE_DEBUGGING": f"127.0.0.1:{self.debugging}",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )

    def _environment(self) -> dict[str, str]:
        """A home of its own, and an `xdg-open` that only notes what it was to open."""
        programs = self.home / "bin"
        programs.mkdir(exist_ok=True)
        opener = programs / "xdg-open"
        if not opener.exists():
            opener.write_text(f'#!/bin/sh\necho "$1" >> "{self.opened}"\n')
            opener.chmod(0o755)
        kept = {name: value for name, value in self.screen.environment.items() if not name.startswith("XDG_")}
        return {
            **kept,
            "HOME": str(self.home),
            "ROLLTOP_HOME": str(self.home / "rolltop"),
            "PATH": f"{programs}:{os.environ['PATH']}",
        }

    def log(self, name: str = "desktop.log") -> str:
        """What was logged so far."""
        try:
            return (self.home / "rolltop" / "logs" / name).read_text("utf-8")
        except OSError:
            return ""

    def times(self, what: str) -> int:
        """How often something was reported."""
        return len(re.findall(rf"report: {what} after", self.log()))

    def ready(self, times: int = 1) -> RuntimeFile:
        """Wait until the page has said that it is usable; the server's runtime file."""
        with contextlib.suppress(AssertionError):
            until(lambda: self.times("ui_ready") >= times or not self.runs(), "a usable page")
        assert self.runs(), self.said()
        assert self.times("ui_ready") >= times, self.said()
        found = discovery.find(self.workspace)
        assert found is not None
        return found

    def runs(self) -> bool:
        """Whether the process is there."""
        return self.process.poll() is None

    def said(self) -> str:
        """Logs and stderr, for the message of a failed test."""
        errors = Path(os.fsdecode(self._errors.name)).read_text(errors="replace")
        return f"{self.log()}\n{self.log('server.log')}\n{errors}"

    def family(self) -> list[psutil.Process]:
        """Every process that it has started, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        return self.process.wait(WAIT)

    def left_behind(self, family: list[psutil.Process]) -> list[str]:
        """What should not be there after the end."""
        psutil.wait_procs(family, timeout=20)
        left = [str(process) for process in family if process.is_running() and process.status() != "zombie"]
        return left + [name for name in ("runtime.json", "desktop.json") if (self.workspace / name).exists()]

    def clean_up(self) -> None:
        """End whatever still runs."""
        with contextlib.suppress(psutil.NoSuchProcess):
            family = self.family()
            self.process.kill()
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()
        self._errors.close()


Launch = Callable[..., App]


@pytest.fixture
def launch(screen: Screen, tmp_path: Path) -> Iterator[Launch]:
    """Start the app: `launch("--flag", NAME="value")`."""
    made: list[App] = []

    def start(*arguments: str, **environment: str) -> App:
        made.append(App(screen, tmp_path, *arguments, **environment))
        return made[-1]

    yield start
    for app in made:
        app.clean_up()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
        return number


def read_json(path: Path) -> dict[str, object]:
    """A JSON object in a file."""
    found: dict[str, object] = json.loads(path.read_text("utf-8"))
    return found
