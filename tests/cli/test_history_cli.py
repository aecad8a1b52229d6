"""`rolltop history`, `undo`, `redo`, and the same from a script."""

import json
import os
import subprocess
import sys
from typing import Any

import httpx
import pytest
from postgrest import APIError
from tests.conftest import LiveServer

from rolltop import connect

FILMS = [{"id": 1, "title": "Salt", "stars": 3}, {"id": 2, "title": "North", "stars": 4}]


def rolltop(server: LiveServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "rolltop", *arguments, "--workspace", str(server.workspace)],
        env={**os.environ, "ROLLTOP_HOME": str(server.workspace.parent / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def rows(server: LiveServer) -> Any:
    return httpx.get(f"{server.url}/rest/v1/films?order=id", headers=server.headers).json()


def write(server: LiveServer, method: str, path: str, body: Any = None) -> str:
    """Write rows; the number of the change."""
    answer = httpx.request(method, f"{server.url}/rest/v1/{path}", json=body, headers=server.headers, timeout=60)
    assert answer.is_success, answer.text
    return answer.headers["X-Rolltop-Change"]


@pytest.fixture
def films(live: LiveServer) -> LiveServer:
    """A server with two films."""
    columns = [{"name": name, "type": "text" if name == "title" else "integer"} for name in FILMS[0]]
    table = {"name": "films", "columns": columns, "primary_key": ["id"]}
    with httpx.Client(base_url=live.url, headers=live.headers, timeout=60) as client:
        client.delete("/api/collections/films")
        made = client.post("/api/collections", json=table)
        assert made.status_code == 201, made.text
    write(live, "POST", "films", FILMS)
    return live


def test_lists_changes_and_takes_one_back(films: LiveServer) -> None:
    number = write(films, "PATCH", "films?id=eq.1", {"stars": 9})
    listed = rolltop(films, "history", "films", "--limit", "2")
    assert listed.returncode == 0, listed.stderr
    first, second = listed.stdout.splitlines()
    assert first.split()[0] == number
    assert first.endswith("owner       Change one row of films")
    assert second.endswith("Add 2 rows to films")
    assert [
        each["kind"] for each in json.loads(rolltop(films, "history", "films", "--limit", "1", "--json").stdout)
    ] == ["update"]
    tried = rolltop(films, "undo", number, "--dry-run")
    assert (tried.returncode, tried.stdout) == (0, f"Would undo change {number}: one row.\n")
    assert rows(films)[0]["stars"] == 9
    done = json.loads(rolltop(films, "undo", number, "--json").stdout)
    assert (done["way"], done["rows"]) == ("undo", 1)
    assert rows(films) == FILMS
    assert rolltop(films, "redo", number).stdout.startswith(f"Redid change {number}: one row. This is change ")
    assert rows(films)[0]["stars"] == 9


def test_says_what_stands_against_an_undo(films: LiveServer) -> None:
    number = write(films, "PATCH", "films?id=gt.0", {"stars": 0})
    write(films, "PATCH", "films?id=eq.2", {"stars": 7})
    refused = rolltop(films, "undo", number)
    assert (refused.returncode, refused.stdout) == (8, "")
    assert f"One row has been changed since change {number}." in refused.stderr
    assert "films id 2: changed (stars was 4, became 0, is 7)" in refused.stderr
    assert "--conflicts" in refused.stderr
    said = rolltop(films, "undo", number, "--json")
    assert (said.returncode, json.loads(said.stdout)["code"]) == (8, "history.rows_changed")
    left = rolltop(films, "undo", number, "--conflicts", "skip")
    assert left.stdout.startswith(f"Undid change {number}: one row, left 1 as they are.")
    assert [each["stars"] for each in rows(films)] == [3, 7]
    assert rolltop(films, "undo", number).returncode == 8
    assert rolltop(films, "undo", "987654").returncode == 1
    assert rolltop(films, "undo", "x").returncode == 2
    assert rolltop(films, "history", "nothing").stdout == "No changes.\n"


def test_a_script_does_the_same(films: LiveServer) -> None:
    with connect(url=films.url, token=films.token) as db:
        number = int(write(films, "DELETE", "films?id=eq.1"))
        change = db.history("films", limit=1)[0]
        assert (change["id"], change["kind"], change["can"]) == (number, "delete", "undo")
        assert db.history("films", before=number, limit=1)[0]["kind"] == "insert"
        assert db.undo(number, dry_run=True)["change"] is None
        back = db.undo(number)
        assert rows(films) == FILMS
        assert db.redo(number)["of"] == number
        with pytest.raises(APIError) as caught:
            db.undo(back["change"])
        assert caught.value.code == "history.already_undone"
