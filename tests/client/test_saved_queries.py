"""The examples of docs/queries.md run as they are written, by the real clients, and what they do besides."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from postgrest import APIError
from tests.client.test_documentation import MODULES, code_of, run

from rolltop import connect

if TYPE_CHECKING:
    from tests.conftest import LiveServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "queries.md"


@pytest.fixture(scope="module")
def saved(library: "LiveServer", tmp_path_factory: pytest.TempPathFactory) -> "LiveServer":
    """The library with the page's queries, saved and called as the page's shell does."""
    printed = run(["bash", "-euc", "\n".join(code_of(PAGE, "sh", library))], tmp_path_factory.mktemp("shell"), library)
    assert printed.endswith('390[{"title":"Salt","authors":{"name":"Ruiz"}}]')
    return library


def test_python(saved: "LiveServer", tmp_path: Path) -> None:
    [code] = code_of(PAGE, "python", saved)
    checks = "assert added[0]['born'] == 1804\nassert books == [{'title': 'Salt'}]\nassert total == 390, total\n"
    (tmp_path / "page.py").write_text(f"{code}\n{checks}", encoding="utf-8")
    run([sys.executable, "page.py"], tmp_path, saved)


def test_javascript(saved: "LiveServer", tmp_path: Path) -> None:
    if not MODULES.is_dir():
        pytest.fail("This test needs Node's packages: run scripts/setup, or `npm ci` in tests/client/js.")
    (tmp_path / "node_modules").symlink_to(MODULES)
    [code] = code_of(PAGE, "js", saved)
    asked = (
        'const refused = await db.rpc("books_by", { author: "x" });\n'
        'const tried = await db.rpc("add_author", { name: "Zola" }).single();\n'
        'const counted = await db.rpc("books_by", { author: 1 }, { head: true, get: true, count: "exact" });\n'
        'const writes = await db.rpc("add_author", { name: "Zola" }, { get: true });\n'
        'const unknown = await db.rpc("books_of", {});\n'
        "console.log(JSON.stringify({ books, total, code: refused.error.code, name: tried.data.name, "
        "count: counted.count, writes: [writes.status, writes.error.code], unknown: unknown.error }));\n"
    )
    (tmp_path / "page.mjs").write_text(f"const token = process.env.ROLLTOP_TOKEN;\n{code}\n{asked}", encoding="utf-8")
    told = json.loads(run(["node", "page.mjs"], tmp_path, saved))
    assert told.pop("unknown")["code"] == "PGRST202"
    assert told == {
        "books": [
            {"title": "Pepper, Ground", "authors": {"name": "Ruiz"}},
            {"title": "Salt", "authors": {"name": "Ruiz"}},
        ],
        "total": 390,
        "code": "22P02",
        "name": "Zola",
        "count": 2,
        "writes": [405, "25006"],
    }


class TestThePythonClient:
    def test_filters_orders_and_limits(self, saved: "LiveServer") -> None:
        with connect(saved.workspace) as db:
            asked = db.rpc("books_by", {"author": "1"}).gt("pages", 100).order("id", desc=True).limit(1)
            assert asked.select("id").execute().data == [{"id": 2}]

    def test_carries_the_error(self, saved: "LiveServer") -> None:
        with connect(saved.workspace) as db, pytest.raises(APIError) as refused:
            db.rpc("books_bi", {"author": "1"}).execute()
        assert refused.value.code == "PGRST202"
        assert refused.value.hint == "Perhaps you meant to call the function public.books_by"
