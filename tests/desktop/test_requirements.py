"""Why there is no window, and the way out."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rolltop_desktop import requirements
from rolltop_desktop.lifecycle import ExitCode


def loading(missing: set[str]) -> Callable[[str], object]:
    def load(library: str) -> object:
        if library in missing:
            raise OSError(library)
        return object()

    return load


def test_missing_libraries_are_named_by_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    load = loading({"libxcb-icccm.so.4", "libnss3.so"})
    assert requirements.missing_libraries(load) == ["libnss3", "libxcb-icccm4"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert requirements.missing_libraries(load) == ["libnss3"]


def test_twenty_four_packages_are_known() -> None:
    assert len(requirements.LIBRARIES) == len(set(requirements.LIBRARIES.values())) == 24


def test_without_libraries_the_message_holds_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "missing_libraries", lambda: ["libnss3", "libegl1"])
    monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/apt-get")
    reason = requirements._without_libraries()
    assert reason is not None
    assert reason.hint == "Install them with: sudo apt-get install libnss3 libegl1"


@pytest.mark.parametrize(
    ("environment", "message"),
    [({}, "There is no display here."), ({"DISPLAY": ":987"}, "The display :987 does not answer.")],
)
def test_without_a_display_the_process_says_so_and_ends_with_3(
    environment: dict[str, str], message: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rolltop_desktop", "--workspace", str(tmp_path / "w")],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ROLLTOP_HOME": str(tmp_path / "home"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == ExitCode.NO_WINDOW
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "w").exists()


def test_a_sandbox_that_the_system_forbids_is_a_choice_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(Path, "read_text", lambda _self, _encoding="": "1\n")
    reason = requirements._without_sandbox({})
    assert reason is not None
    assert "--no-sandbox" in reason.hint
    assert requirements._without_sandbox({"QTWEBENGINE_DISABLE_SANDBOX": "1"}) is None
