"""What is opened outside the window: addresses, folders, and with whose environment.

The packaged app carries its own libraries and tells the loader so in the environment. A foreign program that inherits
this breaks, so it gets the environment as it was before.
"""

import contextlib
import enum
import logging
import os
import subprocess
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from rolltop.kit.files import private_folder, write_private

ACTION_SCHEME = "rolltop"
OUTSIDE_SCHEMES = frozenset({"http", "https", "mailto"})

_BUNDLE_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
_BUNDLE_ONLY = ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH", "QML_IMPORT_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "_MEIPASS2")

log = logging.getLogger("rolltop_desktop.external")


class Verdict(enum.Enum):
    """What becomes of a navigation in the window."""

    HERE = "here"
    ACTION = "action"
    OUTSIDE = "outside"
    REFUSED = "refused"


def origin(url: str) -> str:
    """Scheme, host and port of an address, in one spelling; empty when there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname else ""


def place(url: str) -> str:
    """Path and query of an address, without the number that only makes two addresses differ."""
    parts = urlsplit(url)
    query = "&".join(part for part in parts.query.split("&") if part and not part.startswith("n="))
    return f"{parts.path or '/'}?{query}" if query else parts.path or "/"


def judge(url: str, own: str) -> Verdict:
    """Whether an address may be shown in the window; `own` is the origin of the server's page.

    Our own pages stay, what a browser or a mail program can show goes there, a button of the local page is acted upon,
    and everything else (`file:`, `data:`, `javascript:`, other programs' schemes) is refused.
    """
    scheme = url.partition(":")[0].lower()
    if scheme == ACTION_SCHEME:
        return Verdict.ACTION
    if own and origin(url) == own:
        return Verdict.HERE
    return Verdict.OUTSIDE if scheme in OUTSIDE_SCHEMES else Verdict.REFUSED


def outside_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment that a program outside the packaged app is started with."""
    clean = {name: value for name, value in environment.items() if name not in _BUNDLE_ONLY}
    if getattr(sys, "frozen", False):
        for name in _BUNDLE_PATHS:
            before = clean.pop(f"{name}_ORIG", None)
            clean.pop(name, None)
            if before is not None:
                clean[name] = before
    return clean


def open_url(url: str) -> None:
    """Show an http, https or mailto address in the person's own program for it."""
    if url.partition(":")[0].lower() not in OUTSIDE_SCHEMES:
        log.warning("An address of another kind was not opened.")
        return
    _open(url)


def open_folder(folder: Path) -> None:
    """Show a folder in the file manager."""
    _open(str(folder))


def open_signed_in(url: str, code: str) -> None:
    """Open the server's page in the browser; the one-time code goes by a file that only the person can read."""
    folder = private_folder(Path(tempfile.mkdtemp(prefix="rolltop-")))
    page = folder / "open.html"
    link = f"{url}/#code={code}"
    write_private(page, f'<!doctype html><meta http-equiv="refresh" content="0; url={link}"><title>Rolltop</title>\n')
    _open(page.as_uri())


def _open(target: str) -> None:
    try:
        if sys.platform == "win32":
            import ctypes

            ctypes.windll.kernel32.SetDllDirectoryW(None)
            os.startfile(target)  # noqa: S606
        elif sys.platform == "darwin":
            _start(["open", target])
        else:
            _start(["xdg-open", target])
    except FileNotFoundError:
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(target)
    except OSError:
        log.exception("Nothing could be opened.")


def _start(command: list[str]) -> None:
    started = subprocess.Popen(
        command,
        env=outside_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=started.wait, daemon=True).start()  # it may be the browser itself and live for days
