"""The server as a child process, spoken to in JSON lines over its stdin and stdout."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from rolltop_desktop.external import outside_environment

LINE_BYTES = 1_000_000

log = logging.getLogger("rolltop_desktop.child")


def server_command(arguments: Sequence[str]) -> list[str]:
    """How the server is started: the executable beside this one in the packaged app, else the module."""
    if getattr(sys, "frozen", False):
        suffix = ".exe" if sys.platform == "win32" else ""
        return [str(Path(sys.executable).with_name(f"rolltop{suffix}")), "serve", "--pipe", *arguments]
    return [sys.executable, "-m", "rolltop", "serve", "--pipe", *arguments]


def server_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Ours without what concerns the window alone. The packaged server needs the bundle's library paths, as we do."""
    mine = ("ROLLTOP_SMOKE", "QT_", "QTWEBENGINE_", "PYWEBVIEW_")
    kept = {name: value for name, value in environment.items() if not name.startswith(mine)}
    return kept if getattr(sys, "frozen", False) else outside_environment(kept)


class ServerChild:
    """One run of the server. Its end is told once, by `gone`, after its last message."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        message: Callable[[dict[str, Any]], None],
        gone: Callable[[int], None],
    ) -> None:
        self._lock = threading.Lock()
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if _has_stderr() else subprocess.DEVNULL,
            env=dict(environment),
            creationflags=flags,
            start_new_session=sys.platform != "win32",  # Ctrl+C in a terminal is for the window, which then ends us
        )
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        self._input: IO[bytes] = self._process.stdin
        self._output: IO[bytes] = self._process.stdout
        threading.Thread(target=self._read, args=(message, gone), name="child", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, event: str, /, **members: Any) -> None:
        """Write one message; a child that is gone is noticed by the reader."""
        line = json.dumps({"ev": event, **members}, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                self._input.write(line)
                self._input.flush()
            except (OSError, ValueError):
                log.info("The server no longer listens.")

    def close_input(self) -> None:
        """The end of its stdin asks the child to end."""
        with self._lock:
            try:
                self._input.close()
            except OSError:
                log.debug("The server's stdin was closed already.")

    def wait(self, seconds: float) -> bool:
        """Whether the process has ended, after at most so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def terminate(self) -> None:
        """SIGTERM, or on Windows the same as `kill`."""
        self._process.terminate()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def _read(self, message: Callable[[dict[str, Any]], None], gone: Callable[[int], None]) -> None:
        try:
            while line := self._output.readline(LINE_BYTES):
                try:
                    heard = json.loads(line)
                    if isinstance(heard, dict):
                        message(heard)
                except Exception:
                    log.exception("A message from the server was not understood.")
        except (OSError, ValueError):
            log.info("The pipe to the server broke.")
        finally:
            code = self._process.wait()
            self._output.close()
            self.close_input()
            gone(code)


def _has_stderr() -> bool:
    """Whether we have a stderr to share; a windowed program has none."""
    try:
        os.fstat(2)
    except OSError:
        return False
    return sys.stderr is not None
