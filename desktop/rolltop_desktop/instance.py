"""One window for a workspace: the lock, and handing over to the window that holds it.

The first start takes the lock `desktop.lock` in the workspace and listens on a loopback port of its own, which it
writes with a secret into `desktop.json` (mode 0600). A later start reads that, sends the absolute paths of its files
and ends. The lock is the system's: it falls when its holder dies, however it dies. The pid in both files must be the
same, so that what a dead window left behind is not believed.
"""

import contextlib
import hmac
import json
import logging
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rolltop.kit.files import private_folder, write_private
from rolltop.kit.locks import FileLock

LOCK_FILE = "desktop.lock"
ADDRESS_FILE = "desktop.json"
HANDOVER_SECONDS = 10.0
_ANSWER_SECONDS = 3.0
_PAUSE_SECONDS = 0.05
_MESSAGE_BYTES = 1_000_000

Activate = Callable[[list[Path], str], bool]
"""Told the files of another start and its activation token; false when this window is closing."""

log = logging.getLogger("rolltop_desktop.instance")


class NotAnswering(Exception):
    """The window that holds the lock did not take the hand-over in time."""


class Instance:
    """This process's claim to be the window of the workspace."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._lock = FileLock(workspace / LOCK_FILE)
        self._secret = secrets.token_urlsafe(32)
        self._listening: socket.socket | None = None
        self._activate: Activate | None = None
        self._early: list[tuple[list[Path], str]] = []
        self._guard = threading.Lock()

    @classmethod
    def claim_or_hand_over(cls, workspace: Path, files: list[Path], token: str = "") -> "Instance | None":
        """The claim when nobody else has it, else None: the window that has it took the files.

        Raises:
            NotAnswering: somebody has it and neither answers nor ends within ten seconds.
            OSError: the workspace cannot be made or written.
        """
        private_folder(workspace)
        until = time.monotonic() + HANDOVER_SECONDS
        while True:
            mine = cls(workspace)
            if mine._lock.acquire():
                mine._listen()
                return mine
            if _hand_over(workspace, files, token):
                return None
            if time.monotonic() > until:
                raise NotAnswering
            time.sleep(_PAUSE_SECONDS)

    def on_activate(self, activate: Activate) -> None:
        """Tell later starts' wishes from now on, and those that have come already."""
        with self._guard:
            self._activate = activate
            early, self._early = self._early, []
        for paths, token in early:
            activate(paths, token)

    def release(self) -> None:
        """Give up the claim."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
            with contextlib.suppress(OSError):
                (self._workspace / ADDRESS_FILE).unlink()
        self._lock.release()

    def _listen(self) -> None:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.bind(("127.0.0.1", 0))
            listening.listen(16)
            address = {"v": 1, "pid": os.getpid(), "port": listening.getsockname()[1], "secret": self._secret}
            write_private(self._workspace / ADDRESS_FILE, json.dumps(address) + "\n")
        except BaseException:
            listening.close()
            self._lock.release()
            raise
        self._listening = listening
        threading.Thread(target=self._serve, args=(listening,), name="instance", daemon=True).start()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:  # closed by `release`
                return
            threading.Thread(target=self._answer, args=(connection,), name="handover", daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(_ANSWER_SECONDS)
            try:
                message = _receive(connection)
                taken = self._understand(message)
                connection.sendall(json.dumps({"taken": taken}).encode() + b"\n")
            except (OSError, ValueError):
                log.info("Another start said something that is no hand-over.")

    def _understand(self, message: dict[str, Any]) -> bool:
        if not hmac.compare_digest(str(message.get("secret", "")).encode(), self._secret.encode()):
            return False
        wanted = message.get("paths")
        names = wanted if isinstance(wanted, list) else []
        paths = [Path(name) for name in names if isinstance(name, str) and Path(name).is_absolute()]
        token = str(message.get("token", ""))
        with self._guard:
            if self._activate is None:
                self._early.append((paths, token))
                return True
            activate = self._activate
        return activate(paths, token)


def _hand_over(workspace: Path, files: list[Path], token: str) -> bool:
    """Whether the window that holds the lock took the files."""
    try:
        address = json.loads((workspace / ADDRESS_FILE).read_text("utf-8"))
        if address["pid"] != FileLock(workspace / LOCK_FILE).holder():
            return False
        if sys.platform == "win32":
            from rolltop_desktop import win

            win.let_come_forward(address["pid"])
        with socket.create_connection(("127.0.0.1", address["port"]), timeout=_ANSWER_SECONDS) as connection:
            message = {"secret": address["secret"], "paths": [str(path) for path in files], "token": token}
            connection.sendall(json.dumps(message).encode() + b"\n")
            return _receive(connection).get("taken") is True
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _receive(connection: socket.socket) -> dict[str, Any]:
    with connection.makefile("rb") as lines:
        message = json.loads(lines.readline(_MESSAGE_BYTES))
    if not isinstance(message, dict):
        raise ValueError("not a message")
    return message
