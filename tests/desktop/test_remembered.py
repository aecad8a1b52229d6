"""What the window keeps from one start to the next."""

from pathlib import Path

import pytest

from rolltop_desktop.remembered import FILE, Remembered


def test_size_zoom_and_port_are_kept(tmp_path: Path) -> None:
    Remembered(width=1000, height=700, maximized=True, zoom=1.25, port=8400).save(tmp_path)
    assert Remembered.load(tmp_path) == Remembered(1000, 700, True, 1.25, 8400)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"width":"wide","height":null,"maximized":1,"zoom":"x","port":-5}', '{"zoom":99,"port":99999}'],
)
def test_what_makes_no_sense_is_forgotten(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    kept = Remembered.load(tmp_path)
    assert (kept.width, kept.height, kept.maximized, kept.port) == (1280, 800, False, 0)
    assert kept.zoom in (1.0, 3.0)


def test_a_folder_that_is_not_there_costs_only_the_memory(tmp_path: Path) -> None:
    Remembered().save(tmp_path / "absent")
    assert Remembered.load(tmp_path / "absent") == Remembered()
