"""docs/rows-api.md and docs/queries.md are true: curl, Python and JavaScript give what stands below them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.client.pages import Page
from tests.conftest import start_server, stop_server
from tests.rows.conftest import LIBRARY

if TYPE_CHECKING:
    from tests.conftest import LiveServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator["LiveServer"]:
    """A server with the library as the pages begin with it."""
    workspace = tmp_path / "workspace"
    process, live = start_server(workspace)
    with closing(sqlite3.connect(workspace / "data.db", timeout=10)) as connection:
        connection.executescript(LIBRARY)
    yield live
    assert stop_server(process) == 0


class TestRowsPage:
    """Each language begins with a library of its own, for the examples write."""

    def test_curl(self, server: "LiveServer", tmp_path: Path) -> None:
        assert Page("rows-api.md", server, tmp_path).run_curl() > 20

    def test_python(self, server: "LiveServer", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert Page("rows-api.md", server, tmp_path).run_python(monkeypatch) > 10

    def test_javascript(self, server: "LiveServer", tmp_path: Path) -> None:
        assert Page("rows-api.md", server, tmp_path).run_javascript() > 10


def test_the_queries_page(server: "LiveServer", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell saves the queries, the others call them."""
    page = Page("queries.md", server, tmp_path)
    assert page.run_curl() >= 4
    assert page.run_python(monkeypatch) >= 3
    assert page.run_javascript() >= 4
