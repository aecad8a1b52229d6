"""What the frozen app leaves out, and what it must never leave out."""

import pytest
import slim

SHIPPED = [
    "rolltop/static/index.html",
    "rolltop-0.1.0.dist-info/METADATA",
    "rolltop/db/migrations/env.py",
    "rolltop_desktop/splash.html",
    "libpython3.11.so.1.0",
    "apsw/__init__.cpython-311-x86_64-linux-gnu.so",
    "PySide6/QtWebEngineWidgets.abi3.so",
    "PySide6/Qt/lib/libQt6WebEngineCore.so.6",
    "PySide6/Qt/lib/libicudata.so.73",
    "PySide6/Qt/libexec/QtWebEngineProcess",
    "PySide6/Qt/resources/qtwebengine_resources.pak",
    "PySide6/Qt/resources/icudtl.dat",
    "PySide6/Qt/translations/qtwebengine_locales/en-US.pak",
    "PySide6/Qt/plugins/platforms/libqxcb.so",
    "PySide6/Qt/plugins/imageformats/libqsvg.so",
    "libxcb-cursor.so.0",
    "libxcb-icccm.so.4",
    "libQt6WebEngineCore.so.6",
]
LEFT_OUT = [
    "PySide6/Qt/qml/QtQuick/Controls/libqtquickcontrols2plugin.so",
    "PySide6/Qt/lib/libQt6Multimedia.so.6",
    "PySide6/Qt3DCore.abi3.so",
    "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
    "PySide6/Qt/plugins/platforms/libqeglfs.so",
    "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
    "PySide6/Qt/translations/qtwebengine_locales/fi.pak",
    "PySide6/Qt/translations/qtbase_fi.qm",
    "PySide6/Qt/resources/qtwebengine_devtools_resources.pak",
    "libglib-2.0.so.0",
    "libgbm.so.1",
    "libX11.so.6",
    "libxcb.so.1",
    "libgtk-3.so.0",
    "rolltop-0.1.0.dist-info/direct_url.json",
    "libQt6Multimedia.so.6",
    "libpulsecommon-16.1.so",
]


@pytest.mark.parametrize("place", SHIPPED)
def test_ships(place: str) -> None:
    assert slim.stays(place)


@pytest.mark.parametrize("place", LEFT_OUT)
def test_leaves_out(place: str) -> None:
    assert not slim.stays(place)


def test_keeps_the_order() -> None:
    entries = [("b", "/b", "DATA"), ("PySide6/Qt/qml/x", "/x", "DATA"), ("a", "/a", "DATA")]
    assert slim.slim(entries) == [("b", "/b", "DATA"), ("a", "/a", "DATA")]
