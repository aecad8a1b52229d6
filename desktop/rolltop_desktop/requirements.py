"""Whether a window can be shown here, and if not, why and what to do about it.

Qt ends the whole process when a library or the display is missing, and its message blames the wrong library. So all of
it is looked at before Qt is loaded.
"""

import ctypes
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

LIBRARIES: Mapping[str, str] = {
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libgbm1": "libgbm.so.1",
    "libnss3": "libnss3.so",
    "libasound2": "libasound.so.2",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libxcomposite1": "libXcomposite.so.1",
    "libxdamage1": "libXdamage.so.1",
    "libxrandr2": "libXrandr.so.2",
    "libxtst6": "libXtst.so.6",
    "libxkbfile1": "libxkbfile.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libx11-xcb1": "libX11-xcb.so.1",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-dri3-0": "libxcb-dri3.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-sync1": "libxcb-sync.so.1",
    "libxcb-xfixes0": "libxcb-xfixes.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
}
"""What the window needs from the system: Debian 12's package, and the library it brings."""

BUNDLED = frozenset({"libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1"})
"""The packaged app carries these itself."""

_PYTHON_PACKAGES = ("webview", *(("PySide6.QtWebEngineWidgets", "qtpy") if sys.platform == "linux" else ()))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there can be no window, and the way out."""

    message: str
    hint: str


def unavailable(environment: Mapping[str, str] = os.environ) -> Reason | None:
    """Why no window is possible here; None when one is."""
    checks: list[Callable[[], Reason | None]] = [_without_packages]
    if sys.platform == "linux":
        checks.insert(0, lambda: _without_display(environment))
        checks += [_without_libraries, lambda: _without_sandbox(environment)]
    elif sys.platform == "win32":
        from rolltop_desktop import win

        checks.append(win.without_web_view)
    return next((reason for check in checks if (reason := check()) is not None), None)


def missing_libraries(load: Callable[[str], object] = ctypes.CDLL) -> list[str]:
    """The Debian packages whose libraries cannot be loaded, in the order of `LIBRARIES`."""
    frozen = bool(getattr(sys, "frozen", False))
    missing = []
    for package, library in LIBRARIES.items():
        if frozen and package in BUNDLED:
            continue
        try:
            load(library)
        except OSError:
            missing.append(package)
    return missing


def _without_display(environment: Mapping[str, str]) -> Reason | None:
    if environment.get("QT_QPA_PLATFORM"):  # the person knows what they want, `offscreen` for example
        return None
    wayland, x11 = environment.get("WAYLAND_DISPLAY", ""), environment.get("DISPLAY", "")
    if wayland and _socket_answers(Path(environment.get("XDG_RUNTIME_DIR", "/")) / wayland):
        return None
    if x11 and _x11_answers():
        return None
    named = x11 or wayland
    return Reason(
        f"The display {named} does not answer." if named else "There is no display here.",
        "Start Rolltop in a desktop session, or use the browser: `rolltop serve` prints the address.",
    )


def _socket_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        try:
            asked.connect(str(path))
        except OSError:
            return False
    return True


def _x11_answers() -> bool:
    """Connect as Qt will; also true without the library to ask with, since `_without_libraries` says that better."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        return not xcb.xcb_connection_has_error(connection)
    finally:
        xcb.xcb_disconnect(connection)


def _without_packages() -> Reason | None:
    for name in _PYTHON_PACKAGES:
        top = name.partition(".")[0]
        found = importlib.util.find_spec(top)
        if found is not None and "." in name:  # looked up without loading the package, which is slow
            part = name.partition(".")[2]
            places = [Path(place) for place in found.submodule_search_locations or []]
            if not any(list(place.glob(f"{part}.*")) for place in places) and not getattr(sys, "frozen", False):
                found = None
        if found is None:
            return Reason(
                f"The Python package for the window is not installed ({top}).",
                "Install it with `pip install 'rolltop[desktop]'`, or use the browser.",
            )
    return None


def _without_libraries() -> Reason | None:
    missing = missing_libraries()
    if not missing:
        return None
    names = " ".join(missing)
    how = f"sudo apt-get install {names}" if shutil.which("apt-get") else f"what brings {names} (Debian's names)"
    return Reason(
        f"The window needs system libraries that are not installed ({len(missing)} of {len(LIBRARIES)}).",
        f"Install them with: {how}",
    )


def _without_sandbox(environment: Mapping[str, str]) -> Reason | None:
    """Chromium ends at once when the system forbids the user namespaces that its sandbox is made of."""
    if environment.get("QTWEBENGINE_DISABLE_SANDBOX") == "1" or os.geteuid() == 0:
        return None
    forbidden = (
        ("/proc/sys/kernel/unprivileged_userns_clone", "0"),
        ("/proc/sys/user/max_user_namespaces", "0"),
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
    )
    for path, value in forbidden:
        try:
            found = Path(path).read_text("ascii").strip()
        except OSError:
            continue
        if found == value:
            return Reason(
                f"The system forbids the sandbox that the window's web engine lives in ({path} is {value}).",
                "Allow it for Rolltop with an AppArmor profile, start with --no-sandbox if you accept to run without, "
                "or use the browser.",
            )
    return None
