"""docs/rows-api.md is true: its examples run as they are written, in three languages.

Code blocks in a row are the same request in several languages; the block after them says what each gives: what curl
prints, what the last names on the left hold in Python and JavaScript.
"""

import ast
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.client.real import JS
from tests.conftest import start_server, stop_server
from tests.rows.conftest import LIBRARY

if TYPE_CHECKING:
    from tests.conftest import LiveServer

PAGE = (Path(__file__).parents[2] / "docs" / "rows-api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = ("sh", "python", "js")
SEPARATOR = "\x1e"


@dataclass(frozen=True)
class Example:
    """Code, and what comes of it; None for what only prepares."""

    code: str
    kind: str | None = None
    wanted: str = ""


def examples(language: str, url: str) -> list[Example]:
    """The page's code in one language, for the server at this address."""
    found: list[Example] = []
    waiting: list[str] = []
    for kind, text in BLOCK.findall(PAGE.replace("http://127.0.0.1:8377", url)):
        if kind == language:
            waiting.append(text)
        elif kind not in LANGUAGES and waiting:
            found += [Example(code) for code in waiting[:-1]]
            found.append(Example(waiting[-1], kind, text))
            waiting = []
    assert not waiting, "what an example gives stands below it"
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator["LiveServer"]:
    """A server with the library as the page begins with it."""
    workspace = tmp_path / "workspace"
    process, live = start_server(workspace)
    with closing(sqlite3.connect(workspace / "data.db", timeout=10)) as connection:
        connection.executescript(LIBRARY)
    yield live
    assert stop_server(process) == 0


def run(command: list[str], server: "LiveServer", folder: Path) -> str:
    """What a program prints that the person runs whose default workspace is the server's."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ROLLTOP_HOME": str(server.workspace.parent),
    }
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_curl(server: "LiveServer", tmp_path: Path) -> None:
    found = examples("sh", server.url)
    script = f"\nprintf '{SEPARATOR}'\n".join(["set -eu", *(example.code for example in found), ""])
    printed = run(["bash", "-c", script], server, tmp_path).split(SEPARATOR)[1:-1]
    told = [(example, text) for example, text in zip(found, printed, strict=True) if example.kind is not None]
    assert len(told) > 20
    for example, text in told:
        if example.kind == "json":
            assert json.loads(text) == json.loads(example.wanted), example.code
        elif example.kind == "csv":
            assert text == example.wanted, example.code
        else:
            assert_http(text, example)


def assert_http(printed: str, example: Example) -> None:
    """The status, each header that the page shows, and the body."""
    head, _, body = printed.replace("\r\n", "\n").partition("\n\n")
    wanted_head, _, wanted_body = example.wanted.partition("\n\n")
    status, *headers = head.splitlines()
    wanted_status, *wanted_headers = wanted_head.strip().splitlines()
    assert status.startswith(f"{wanted_status} "), example.code
    sent = {name.lower(): value for name, _, value in (line.partition(": ") for line in headers)}
    for name, _, value in (line.partition(": ") for line in wanted_headers):
        assert sent[name.lower()] == value, example.code
    assert body == wanted_body.strip(), example.code


def test_python(server: "LiveServer", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLTOP_HOME", str(server.workspace.parent))
    names: dict[str, Any] = {}
    found = examples("python", server.url)
    assert len(found) > 10
    for example in found:
        exec(compile(example.code, "rows-api.md", "exec"), names)
        if example.kind is not None:
            given = [names[name] for name in assigned(ast.parse(example.code).body[-1])]
            assert (given if len(given) > 1 else given[0]) == json.loads(example.wanted), example.code
    names["db"].close()


def assigned(statement: ast.stmt) -> list[str]:
    """The names on the left of a statement; of a `try`, of the last one in its `except`."""
    if isinstance(statement, ast.Try):
        return assigned(statement.handlers[-1].body[-1])
    assert isinstance(statement, ast.Assign)
    [target] = statement.targets
    elements = target.elts if isinstance(target, ast.Tuple) else [target]
    return [element.id for element in elements if isinstance(element, ast.Name)]


def test_javascript(server: "LiveServer", tmp_path: Path) -> None:
    if not (JS / "node_modules").is_dir():
        pytest.fail("This test needs Node's packages: run scripts/setup, or `npm ci` in tests/client/js.")
    (tmp_path / "node_modules").symlink_to(JS / "node_modules")
    found = examples("js", server.url)
    told = [example for example in found if example.kind is not None]
    assert len(told) > 10
    pieces = [example.code if example.kind is None else f"console.log({answered(example.code)});" for example in found]
    (tmp_path / "page.mjs").write_text("\n".join(pieces), encoding="utf-8")
    printed = run(["node", "page.mjs"], server, tmp_path).splitlines()
    for example, line in zip(told, printed, strict=True):
        assert json.loads(line) == json.loads(example.wanted), example.code


def answered(code: str) -> str:
    """An expression for what the last names on the left hold, as JSON."""
    names = re.findall(r"const \{ (.+?) \} = await", code)[-1]
    return f"JSON.stringify(await (async () => {{ {code}; return {names if ',' not in names else f'[{names}]'}; }})())"
