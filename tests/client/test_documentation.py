"""The examples of docs/client.md run as they are written, at a server whose address is the test's own."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import LiveServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "client.md"
MODULES = Path(__file__).parent / "js" / "node_modules"
FLIGHTS = """
CREATE TABLE flights (id INTEGER PRIMARY KEY, flight INTEGER, carrier TEXT, dest TEXT, dep_delay INTEGER);
CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO airlines VALUES ('UA', 'United'), ('HA', 'Hawaiian');
INSERT INTO flights VALUES (1, 51, 'HA', 'HNL', 1301), (2, 3535, 'MQ', 'CMH', 1137), (3, 1545, 'UA', 'IAH', 2);
"""


@pytest.fixture(scope="module")
def server(live: "LiveServer") -> "LiveServer":
    """A server with a few flights."""
    with closing(sqlite3.connect(live.workspace / "data.db", timeout=10)) as connection:
        connection.executescript(FLIGHTS)
    return live


def examples(language: str, server: "LiveServer") -> list[str]:
    """This page's code in one language."""
    return code_of(PAGE, language, server)


def code_of(page: Path, language: str, server: "LiveServer") -> list[str]:
    """A page's code in one language, with the address of this server in place of the usual one."""
    found = re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return [code.replace("http://127.0.0.1:8377", server.url) for code in found]


def run(command: list[str], folder: Path, server: "LiveServer") -> str:
    """Run as the person whose default workspace is the server's."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ROLLTOP_HOME": str(server.workspace.parent),
        "ROLLTOP_TOKEN": server.token,
    }
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_python(server: "LiveServer", tmp_path: Path) -> None:
    checks = (
        "assert [row['dest'] for row in late] == ['HNL', 'CMH']\nassert frame['flight'][0] == 1545\n"
        "import asyncio\nassert asyncio.run(names()) == ['Hawaiian', 'United']\n"
    )
    (tmp_path / "page.py").write_text("\n".join([*examples("python", server), checks]), encoding="utf-8")
    run([sys.executable, "page.py"], tmp_path, server)


def test_javascript(server: "LiveServer", tmp_path: Path) -> None:
    if not MODULES.is_dir():
        pytest.fail("This test needs Node's packages: run scripts/setup, or `npm ci` in tests/client/js.")
    (tmp_path / "node_modules").symlink_to(MODULES)
    with_postgrest, with_supabase = examples("js", server)
    token = "const token = process.env.ROLLTOP_TOKEN;"
    pages = {
        "postgrest.mjs": f"{with_postgrest}\nif (error || data.length !== 2) throw new Error(JSON.stringify(error));",
        "supabase.mjs": f"{token}\n{with_supabase}\nif (count !== 3) throw new Error(count);",
    }
    for name, code in pages.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
        run(["node", name], tmp_path, server)


def test_curl(server: "LiveServer", tmp_path: Path) -> None:
    [code] = examples("sh", server)
    assert "HNL" in run(["bash", "-euc", code], tmp_path, server)
