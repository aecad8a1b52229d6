"""The real JavaScript clients, run by Node against a real server."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import LiveServer

FOLDER = Path(__file__).parent / "js"


@pytest.mark.parametrize("script", ["postgrest.mjs", "supabase.mjs"])
def test_client_reads_and_writes(script: str, library: "LiveServer") -> None:
    run_node(FOLDER / script, library)


def run_node(script: Path, server: "LiveServer") -> str:
    """Run a script with the server's address and token in its environment; what it printed."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").is_dir():
        pytest.fail("This test needs Node and its packages: run scripts/setup, or `npm ci` in tests/client/js.")
    environment = {**os.environ, "ROLLTOP_URL": server.url, "ROLLTOP_TOKEN": server.token}
    ended = subprocess.run(
        [node, str(script)], cwd=FOLDER, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
