"""The built interface while its files come and go under a running server."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rolltop.web.ui import UI


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder of a built interface."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<!doctype html><style nonce="__CSP_NONCE__"></style>', "utf-8")
    (tmp_path / "assets" / "a.js").write_text("1", "utf-8")
    return tmp_path


@pytest.fixture
def browser(built: Path) -> TestClient:
    """Somebody who looks at its pages."""
    return TestClient(UI(built))


def test_a_page_that_vanished_is_said_calmly_and_comes_back(built: Path, browser: TestClient) -> None:
    page = (built / "index.html").read_text("utf-8")
    assert browser.get("/data").status_code == 200
    (built / "index.html").unlink()
    gone = browser.get("/data")
    assert gone.status_code == 404
    assert gone.headers["cache-control"] == "no-store"
    assert "reload this page" in gone.text
    (built / "index.html").write_text(page, "utf-8")
    assert browser.get("/data").status_code == 200


def test_an_asset_that_vanished_is_unknown(built: Path, browser: TestClient) -> None:
    assert browser.get("/assets/a.js").text == "1"
    (built / "assets" / "a.js").unlink()
    gone = browser.get("/assets/a.js")
    assert (gone.status_code, gone.json()["code"]) == (404, "web.unknown_file")
