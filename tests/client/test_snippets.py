"""What "Copy as curl, Python, JavaScript" puts on the clipboard runs as it is, and gives what the screen shows."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import LiveServer

FOLDER = Path(__file__).parent / "js"
LANGUAGES = ("curl", "python", "javascript")
Parameters = list[list[str]]
VIEWS: dict[str, tuple[str, Parameters]] = {
    "everything": ("authors", []),
    "numbers": ("books", [["pages", "gte.150"], ["pages", "lt.200"], ["order", "id.asc"]]),
    "a comma in a value": ("books", [["title", "eq.Pepper, Ground"]]),
    "a list": ("books", [["title", 'in.("Pepper, Ground",North)'], ["order", "id.desc"]]),
    "negated": ("books", [["title", "not.like.S*"], ["order", "title.desc"]]),
    "nothing there": ("books", [["pages", "is.null"]]),
    "yes or no": ("books", [["in_print", "is.true"]]),
    "alternatives": ("books", [["or", "(id.eq.1,and(pages.lt.200,in_print.is.false))"], ["order", "id"]]),
    "some columns": ("books", [["select", "id,title"], ["order", "title.asc.nullslast"]]),
    "odd names": ("Order Details", [["Unit Price", "gt.20"], ["select", "id,Unit Price"]]),
    "a slash in the name": ("a/b?c", [["big", "eq.9007199254740993"], ["select", "id"]]),
    "quotes": ("authors", [["name", "neq.\"';$(false)`\\"], ["order", "id"]]),
}


Snippets = dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def snippets(library: "LiveServer") -> Snippets:
    """The code of every view in every language, written in one go."""
    names = [(name, language) for name in VIEWS for language in LANGUAGES]
    cases = [
        {"language": language, "place": place(library, VIEWS[name][0]), "parameters": VIEWS[name][1], "limit": 100}
        for name, language in names
    ]
    return dict(zip(names, written(cases), strict=True))


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_runs_as_copied(name: str, library: "LiveServer", snippets: Snippets, tmp_path: Path) -> None:
    shown = read_rows(library, *VIEWS[name])
    assert shown, "the view must show something, or the test says nothing"
    for language in LANGUAGES:
        code = snippets[name, language]
        assert RUN[language](code, tmp_path) == shown, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_of_a_row_runs_as_copied(language: str, library: "LiveServer", tmp_path: Path) -> None:
    values = [1900 + LANGUAGES.index(language), None]
    case = {"language": language, "place": place(library, "authors"), "key": [["id", 2]]}
    for value, code in zip(values, written([{**case, "change": ["born", value]} for value in values]), strict=True):
        RUN[language](code, tmp_path)
        assert read_rows(library, "authors", [["id", "eq.2"]])[0]["born"] == value, code


def place(server: "LiveServer", table: str) -> dict[str, str]:
    """Where the screen is."""
    return {"url": server.url, "table": table, "workspace": str(server.workspace)}


def read_rows(server: "LiveServer", table: str, parameters: Parameters) -> Any:
    """The rows as the API gives them."""
    path = f"{server.url}/rest/v1/{quote(table, safe='')}"
    pairs = httpx.QueryParams([(key, value) for key, value in parameters])
    response = httpx.get(path, params=pairs, headers=server.headers, trust_env=False)
    assert response.status_code == 200, response.text
    return response.json()


def written(cases: list[dict[str, Any]]) -> list[str]:
    """The code that the UI writes."""
    node = shutil.which("node")
    if node is None or not (FOLDER.parents[2] / "ui" / "node_modules" / "vite").is_dir():
        pytest.fail("This test needs Node and the UI's packages: run scripts/setup, or `npm ci` in ui/.")
    ended = subprocess.run(
        [node, str(FOLDER / "snippets.mjs")], input=json.dumps(cases), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    code: list[str] = json.loads(ended.stdout)
    return code


def environment() -> dict[str, str]:
    """A shell of a person who has Rolltop's environment active."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(command: list[str], folder: Path) -> str:
    """What a command prints; it must succeed."""
    ended = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def by_shell(code: str, folder: Path) -> Any:
    """A row that is read and then changed prints once: the change answers nothing."""
    output = run(["bash", "-euc", code], folder)
    return json.loads(output)


def by_python(code: str, folder: Path) -> Any:
    """Run by this environment's Python."""
    (folder / "copied.py").write_text(code, encoding="utf-8")
    return ast.literal_eval(run([sys.executable, "copied.py"], folder))


def by_node(code: str, folder: Path) -> Any:
    """Run as a module; what it logs is written as JSON."""
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(FOLDER / "node_modules")
    (folder / "copied.mjs").write_text(code, encoding="utf-8")
    as_json = "data:text/javascript,console.log = (value) => process.stdout.write(JSON.stringify(value))"
    return json.loads(run(["node", "--import", as_json, "copied.mjs"], folder))


RUN: dict[str, Callable[[str, Path], Any]] = {"curl": by_shell, "python": by_python, "javascript": by_node}
