"""When what happened."""

import json
from pathlib import Path

from rolltop_desktop import report


def test_the_smoke_report_says_what_happened_when(tmp_path: Path) -> None:
    made = report.Report(report.process_started(), tmp_path / "out.json")
    assert not made.note("window_visible", {})
    assert made.note("ui_ready", {"title": "Rolltop"})
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["ok"] is True
    assert written["title"] == "Rolltop"
    assert set(written["seconds"]) == {"window_visible", "ui_ready"}


def test_without_a_smoke_test_nothing_ends_by_itself() -> None:
    assert not report.Report(report.process_started(), None).note("ui_ready", {})
