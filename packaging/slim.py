"""What PyInstaller's hooks collect and Rolltop does not ship: about a quarter of the folder.

Four kinds go: parts of Qt that no window of ours uses, languages that the UI does not speak, what only developers
use, and libraries that must be the user's own (they belong to its drivers, fonts and sound).
"""

import re
from collections.abc import Iterable
from pathlib import PurePath

Entry = tuple[str, str, str]  # PyInstaller's: the place in the bundle, the file it comes from, its kind

LANGUAGES = ("en",)

# What QtWebEngineWidgets and a window on X11 or Wayland load; checked by starting it.
QT_LIBRARIES = re.compile(
    r"Core|Gui|Widgets|Network|PrintSupport|DBus|OpenGL|OpenGLWidgets|Qml|QmlMeta|QmlModels|QmlWorkerScript|Quick"
    r"|QuickWidgets|Positioning|WebChannel|WebEngineCore|WebEngineWidgets|XcbQpa|WaylandClient|WlShellIntegration|Svg"
    r"|WaylandEglClientHwIntegration"
)
QT_PLUGINS = re.compile(
    r"platforms/libq(xcb|wayland|offscreen)|platformthemes/libqxdgdesktopportal|xcbglintegrations|wayland-"
    r"|platforminputcontexts/lib(compose|ibus)|imageformats|iconengines|tls|networkinformation"
)

# Taken from the user's system; each is there where a desktop is, and a second copy breaks drivers, fonts or sound.
SYSTEM_LIBRARIES = re.compile(
    r"lib(glib|gobject|gio|gmodule|gthread)-2|lib(nss|nspr|smime|ssl3|plc|plds|softokn|freebl)|libfontconfig|libfreetype"
    r"|libdbus-1|libasound|lib(krb5|k5crypto|gssapi|com_err|keyutils)|lib(systemd|udev|cap)\.|lib(gnutls|nettle|hogweed|p11-kit|tasn1)"
    r"|lib(gbm|drm|X11|xcb|X11-xcb|Xau|Xdmcp|wayland-(client|server))\.so|lib(gtk|gdk|pango|cairo|atk|atspi|harfbuzz)"
)
# What came only for parts that go: Qt's multimedia and printing plugins, the GTK theme.
DRAGGED_IN = re.compile(
    r"lib(pulse|pulsecommon|sndfile|FLAC|vorbis|vorbisenc|ogg|opus|mpg123|mp3lame|asyncns|cups|avahi-\w+|epoxy|fribidi|thai"
    r"|datrie|graphite2|pixman-1|Xinerama|Xcursor|gcrypt|gpg-error|mount|blkid|selinux|idn2|unistring|gmp)[-.]"
)
DEVELOPERS = re.compile(r"devtools_resources|__pycache__|(^|/)tests?/|\.pyi$|\.(prl|la|a)$|/Qt/(metatypes|include)/")
INSTALL_RECORDS = re.compile(r"\.dist-info/(direct_url\.json|uv_\w+\.json|RECORD|INSTALLER|REQUESTED)$")


def slim(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that stay, in their order."""
    return [entry for entry in entries if stays(entry[0])]


def stays(place: str) -> bool:
    """Whether what would lie at this place in the bundle is shipped."""
    path = PurePath(place).as_posix()
    name = PurePath(path).name
    if (
        DEVELOPERS.search(path)
        or INSTALL_RECORDS.search(path)
        or SYSTEM_LIBRARIES.match(name)
        or DRAGGED_IN.match(name)
    ):
        return False
    if found := re.match(r"(?:libQt6|PySide6/Qt)(\w+?)\.(?:abi3\.)?so", name if name.startswith("lib") else path):
        return bool(QT_LIBRARIES.fullmatch(found[1]))  # at the top these are links into PySide6
    if not path.startswith("PySide6/"):
        return True
    if "/Qt/qml/" in path:
        return False
    if found := re.search(r"/Qt/plugins/(\S+)", path):
        return bool(QT_PLUGINS.match(found[1]))
    if found := re.search(r"/translations/(?:qtwebengine_locales/|\w+_)([a-z]{2})\b", path):
        return found[1] in LANGUAGES
    return True
