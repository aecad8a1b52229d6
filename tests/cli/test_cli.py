"""The command line: what it prints, for people and for scripts, and how it exits."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from rolltop import __version__


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the commands of one test keep everything."""
    return tmp_path / "home"


def rolltop(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    given = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(
        [sys.executable, "-m", "rolltop", *arguments],
        env={**given, "ROLLTOP_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_version(home: Path) -> None:
    assert rolltop(home, "version").stdout.strip() == __version__
    assert json.loads(rolltop(home, "version", "--json").stdout)["version"] == __version__


def test_paths_lie_in_the_home(home: Path) -> None:
    places: dict[str, Any] = json.loads(rolltop(home, "paths", "--json").stdout)
    assert all(place.startswith(str(home)) for place in places.values())


def test_an_option_before_the_command_is_not_passed_over(home: Path) -> None:
    done = rolltop(home, "--workspace", str(home / "other"), "paths")
    assert done.returncode == 2
    assert "rolltop paths --workspace" in done.stderr


def test_status_of_nothing(home: Path) -> None:
    done = rolltop(home, "status", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["running"] is False


@pytest.mark.parametrize("command", [["token"], ["jobs", "cancel", "x"]])
def test_what_needs_a_server_says_how_to_start_one(home: Path, command: list[str]) -> None:
    done = rolltop(home, *command)
    assert done.returncode == 3
    assert "rolltop serve" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there(home: Path) -> None:
    done = rolltop(home, "import", "nowhere.csv")
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("ROLLTOP_PORT", "many"), ("ROLLTOP_PORT", "70000"), ("ROLLTOP_SYNCHRONOUS", "MAYBE")]
)
def test_a_bad_setting_is_named(home: Path, name: str, value: str) -> None:
    done = rolltop(home, "serve", **{name: value})
    assert done.returncode == 2
    assert name.removeprefix("ROLLTOP_").lower() in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said_and_never_changed_unasked(home: Path, live: Any) -> None:
    port = live.url.rsplit(":", 1)[1]
    done = rolltop(home, "serve", "--port", port)
    assert done.returncode == 6
    assert port in done.stderr
    assert "--port 0" in done.stderr


class TestRunning:
    def test_status_and_token(self, home: Path, live: Any) -> None:
        told = json.loads(rolltop(home, "status", "--json", "--workspace", str(live.workspace)).stdout)
        assert told["running"] is True
        assert told["url"] == live.url
        assert "token" not in told
        assert rolltop(home, "token", "--workspace", str(live.workspace)).stdout.strip() == live.token

    def test_tokens_for_scripts(self, home: Path, live: Any) -> None:
        there = ("--workspace", str(live.workspace))
        made = rolltop(home, "token", "create", "Nightly", "--scope", "rows:read", "--days", "30", *there)
        assert made.stdout.startswith("rtk_")
        headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        assert httpx.get(f"{live.url}/rest/v1/", headers=headers, trust_env=False).status_code == 200
        [listed] = json.loads(rolltop(home, "token", "list", "--json", *there).stdout)
        assert (listed["name"], listed["scopes"]) == ("Nightly", ["rows:read"])
        assert listed["expires"] is not None
        assert "Nightly" in rolltop(home, "token", "list", *there).stdout
        refused = rolltop(home, "token", "create", "x", "--scope", "rows:read", "--table", "nowhere=select", *there)
        assert refused.returncode == 1
        assert "nowhere" in refused.stderr
        assert (
            rolltop(home, "token", "create", "x", "--scope", "rows:read", "--table", "flights", *there).returncode == 2
        )
        assert rolltop(home, "token", "revoke", listed["id"], *there).returncode == 0
        assert httpx.get(f"{live.url}/rest/v1/", headers=headers, trust_env=False).status_code == 401
        assert rolltop(home, "token", "list", *there).stdout.strip() == "No tokens."

    def test_import_makes_a_typed_table(self, home: Path, live: Any, tmp_path: Path) -> None:
        file = tmp_path / "people.csv"
        file.write_text("id,name,born\n1,Ada,1815-12-10\n2,Alan,1912-06-23\n")
        done = rolltop(home, "import", str(file), "--json", "--workspace", str(live.workspace))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["rows"] == 2
        assert json.loads(done.stdout)["table"] == "people"

    def test_export_makes_a_file(self, home: Path, live: Any, tmp_path: Path) -> None:
        place = ("--workspace", str(live.workspace))
        (tmp_path / "cities.csv").write_text("city,people\nOslo,709037\nRiga,605802\n", encoding="utf-8")
        assert rolltop(home, "import", str(tmp_path / "cities.csv"), *place).returncode == 0
        target = tmp_path / "out.ndjson"
        done = rolltop(home, "export", "cities", str(target), "--query", "people=gt.700000", "--json", *place)
        assert json.loads(done.stdout) == {"table": "cities", "file": str(target), "bytes": target.stat().st_size}
        assert json.loads(target.read_text(encoding="utf-8"))["city"] == "Oslo"
        shown = rolltop(home, "export", "cities", "-", "--format", "csv", "--query", "select=city&order=city", *place)
        assert shown.stdout == "city\nOslo\nRiga\n"
        refused = rolltop(home, "export", "cites", str(target), *place)
        assert refused.returncode == 1
        assert "cities" in refused.stderr
        nowhere = rolltop(home, "export", "cities", str(tmp_path / "no" / "out.csv"), *place)
        assert nowhere.returncode == 2
        assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.ndjson"]

    def test_export_of_a_saved_query(self, home: Path, live: Any, tmp_path: Path) -> None:
        place = ("--workspace", str(live.workspace))
        sql = "SELECT :n AS n, :text AS text, :j AS j"
        parameters = [{"name": "n", "type": "bigint"}, {"name": "text", "type": "text"}, {"name": "j", "type": "jsonb"}]
        query = {"name": "said", "sql": sql, "parameters": parameters}
        headers = {"Authorization": f"Bearer {live.token}"}
        assert httpx.post(f"{live.url}/api/queries", json=query, headers=headers).status_code == 201
        given = ("--param", "n=7", "--param", "text=eq.a=b")
        asked = ("export", "said", "-", "--format", "csv", "--saved", *given, *place)
        shown = rolltop(home, *asked, "--param", 'j={"a": [1]}', "--query", "select=n,text,j&n=eq.7")
        assert shown.stdout == 'n,text,j\n7,eq.a=b,"{""a"":[1]}"\n', shown.stderr
        target = tmp_path / "said.parquet"
        done = rolltop(home, "export", "said", str(target), "--saved", *given, "--param", "j=1", "--json", *place)
        assert json.loads(done.stdout) == {"query": "said", "file": str(target), "bytes": target.stat().st_size}
        for refused in (["--param", "j={"], ["--param", "j"]):
            assert rolltop(home, *asked, *refused).returncode == 2
        missing = rolltop(home, *asked)
        assert missing.returncode == 1
        assert "said" in missing.stderr
        unsaved = rolltop(home, "export", "said", "-", "--format", "csv", "--param", "n=1", *place)
        assert (unsaved.returncode, "--saved" in unsaved.stderr) == (2, True)

    def test_jobs_are_listed_shown_and_tried_again(self, home: Path, live: Any, tmp_path: Path) -> None:
        place = ("--workspace", str(live.workspace))
        file = tmp_path / "empty.csv"
        file.write_bytes(b"")
        assert rolltop(home, "import", str(file), *place).returncode == 1
        listed = json.loads(rolltop(home, "jobs", "--state", "failed", "--json", *place).stdout)
        assert [(job["title"], job["state"]) for job in listed[:1]] == [("Read empty.csv", "failed")]
        id = listed[0]["id"]
        shown = rolltop(home, "jobs", "show", id, *place).stdout
        assert "Read empty.csv" in shown
        assert "Started." in shown
        again = json.loads(rolltop(home, "jobs", "retry", id, "--json", *place).stdout)
        assert again["retry_of"] == id
        assert "The job is failed." in rolltop(home, "jobs", "cancel", id, *place).stdout
        unknown = rolltop(home, "jobs", *place, "show", "nothing")
        assert unknown.returncode == 1
        assert "no job" in unknown.stderr

    def test_a_file_that_is_not_csv(self, home: Path, live: Any, tmp_path: Path) -> None:
        file = tmp_path / "picture.csv"
        file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50)
        done = rolltop(home, "import", str(file), "--workspace", str(live.workspace))
        assert done.returncode == 1
        assert "Hint:" in done.stderr
        assert "Traceback" not in done.stderr
