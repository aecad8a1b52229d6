"""What may be shown in the window, and what is opened outside it, with whose environment."""

import sys

import pytest

from rolltop_desktop import external
from rolltop_desktop.external import Verdict

OWN = "http://127.0.0.1:8377"


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        (f"{OWN}/", Verdict.HERE),
        (f"{OWN}/data/flights?n=1#code=x", Verdict.HERE),
        ("HTTP://127.0.0.1:8377/", Verdict.HERE),
        ("http://127.0.0.1:8378/", Verdict.OUTSIDE),
        ("http://localhost:8377/", Verdict.OUTSIDE),
        ("https://127.0.0.1:8377/", Verdict.OUTSIDE),
        ("http://127.0.0.1:8377@example.org/", Verdict.OUTSIDE),
        ("https://example.org/", Verdict.OUTSIDE),
        ("mailto:somebody@example.org", Verdict.OUTSIDE),
        ("rolltop:retry", Verdict.ACTION),
        ("file:///etc/passwd", Verdict.REFUSED),
        ("data:text/html,<b>", Verdict.REFUSED),
        ("javascript:alert(1)", Verdict.REFUSED),
        ("smb://host/share", Verdict.REFUSED),
        ("about:blank", Verdict.REFUSED),
        ("http://[", Verdict.OUTSIDE),
        ("", Verdict.REFUSED),
    ],
)
def test_what_may_be_shown_in_the_window(url: str, verdict: Verdict) -> None:
    assert external.judge(url, external.origin(OWN)) is verdict


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (OWN, "/"),
        (f"{OWN}/?n=1#code=x", "/"),
        (f"{OWN}/data/a%20b?x=eq.1&n=1&order=n.desc", "/data/a%20b?x=eq.1&order=n.desc"),
    ],
)
def test_the_place_in_our_pages(url: str, place: str) -> None:
    assert external.place(url) == place


def test_before_there_is_a_server_no_page_of_one_may_be_shown() -> None:
    assert external.judge(f"{OWN}/", "") is Verdict.OUTSIDE


def test_a_program_outside_the_package_gets_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    bundle = {
        "HOME": "/home/a",
        "LD_LIBRARY_PATH": "/app/_internal",
        "LD_LIBRARY_PATH_ORIG": "/opt/lib",
        "QT_PLUGIN_PATH": "/app/plugins",
        "QML2_IMPORT_PATH": "/app/qml",
    }
    assert external.outside_environment(bundle) == {"HOME": "/home/a", "LD_LIBRARY_PATH": "/opt/lib"}
    del bundle["LD_LIBRARY_PATH_ORIG"]
    assert "LD_LIBRARY_PATH" not in external.outside_environment(bundle)


def test_from_source_library_paths_are_the_persons_own() -> None:
    assert external.outside_environment({"LD_LIBRARY_PATH": "/opt/lib"}) == {"LD_LIBRARY_PATH": "/opt/lib"}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "rolltop:retry", "-e", ""])
def test_nothing_but_web_and_mail_is_opened_outside(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(external, "_open", opened.append)
    external.open_url(url)
    external.open_url("https://example.org/")
    assert opened == ["https://example.org/"]
