"""A page of docs/ whose examples are run as they are written, in three languages.

Code blocks in a row are the same request in several languages; the block after them says what each gives: what curl
prints, what the last names on the left hold in Python and JavaScript.
"""

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.client.real import JS
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import LiveServer

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = ("sh", "python", "js")
SEPARATOR = "\x1e"


@dataclass(frozen=True)
class Example:
    """Code, and what comes of it; None for what only prepares."""

    code: str
    kind: str | None = None
    wanted: str = ""


class Page:
    """A page, read for the server at which it is to be run; `folder` is for what the programs write."""

    def __init__(self, name: str, server: "LiveServer", folder: Path) -> None:
        self._text = (ROOT / "docs" / name).read_text(encoding="utf-8").replace("http://127.0.0.1:8377", server.url)
        self._server = server
        self._folder = folder

    def examples(self, language: str) -> list[Example]:
        """The code in one language."""
        found: list[Example] = []
        waiting: list[str] = []
        for kind, text in BLOCK.findall(self._text):
            if kind == language:
                waiting.append(text)
            elif kind not in LANGUAGES and waiting:
                found += [Example(code) for code in waiting[:-1]]
                found.append(Example(waiting[-1], kind, text))
                waiting = []
        assert not waiting, "what an example gives stands below it"
        return found

    def run_curl(self) -> int:
        """Run what is for the shell; the number of examples that told something."""
        found = self.examples("sh")
        script = f"\nprintf '{SEPARATOR}'\n".join(["set -eu", *(example.code for example in found), ""])
        printed = self._run(["bash", "-c", script]).split(SEPARATOR)[1:-1]
        told = [(example, text) for example, text in zip(found, printed, strict=True) if example.kind is not None]
        for example, text in told:
            if example.kind == "json":
                assert json.loads(text) == json.loads(example.wanted), example.code
            elif example.kind == "csv":
                assert text == example.wanted, example.code
            else:
                _assert_http(text, example)
        return len(told)

    def run_python(self, monkeypatch: pytest.MonkeyPatch) -> int:
        """Run the Python, and close its `db`; the number of examples that told something."""
        monkeypatch.setenv("ROLLTOP_HOME", str(self._server.workspace.parent))
        names: dict[str, Any] = {}
        told = 0
        for example in self.examples("python"):
            exec(compile(example.code, "page.py", "exec"), names)
            if example.kind is not None:
                given = [names[name] for name in _assigned(ast.parse(example.code).body[-1])]
                assert (given if len(given) > 1 else given[0]) == json.loads(example.wanted), example.code
                told += 1
        names["db"].close()
        return told

    def run_javascript(self) -> int:
        """Run the JavaScript in Node; the number of examples that told something."""
        if not (JS / "node_modules").is_dir():
            pytest.fail("This test needs Node's packages: run scripts/setup, or `npm ci` in tests/client/js.")
        (self._folder / "node_modules").symlink_to(JS / "node_modules")
        found = self.examples("js")
        told = [example for example in found if example.kind is not None]
        pieces = [each.code if each.kind is None else f"console.log({_answered(each.code)});" for each in found]
        (self._folder / "page.mjs").write_text("\n".join(pieces), encoding="utf-8")
        printed = self._run(["node", "page.mjs"]).splitlines()
        for example, line in zip(told, printed, strict=True):
            assert json.loads(line) == json.loads(example.wanted), example.code
        return len(told)

    def _run(self, command: list[str]) -> str:
        """What a program prints that the person runs whose default workspace is the server's."""
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ROLLTOP_HOME": str(self._server.workspace.parent),
        }
        ended = subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, check=False, timeout=90
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


def _assert_http(printed: str, example: Example) -> None:
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


def _assigned(statement: ast.stmt) -> list[str]:
    """The names on the left of a statement; of a `try`, of the last one in its `except`."""
    if isinstance(statement, ast.Try):
        return _assigned(statement.handlers[-1].body[-1])
    assert isinstance(statement, ast.Assign)
    [target] = statement.targets
    elements = target.elts if isinstance(target, ast.Tuple) else [target]
    return [element.id for element in elements if isinstance(element, ast.Name)]


def _answered(code: str) -> str:
    """An expression for what the last names on the left hold, as JSON."""
    names = re.findall(r"const \{ (.+?) \} = await", code)[-1]
    return f"JSON.stringify(await (async () => {{ {code}; return {names if ',' not in names else f'[{names}]'}; }})())"
