"""`rolltop import`, with a running server and without one: the same counts, the same words, the same exit codes."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from tests.cli.test_cli import rolltop
from tests.collections.conftest import nycflights
from tests.conftest import Servers

__all__ = ["nycflights"]

FILMS = "id,title,year\n1,Alien,1979\n2,Brazil,1985\n"
CHANGED = "id,title,year\n1,Alien,1979\n2,Brasil,1985\n3,Clue,1985\nx,Dune,1984\n"
PATIENCE = 60


class Importing:
    """The command on one workspace."""

    def __init__(self, home: Path, workspace: Path) -> None:
        self._home = home
        self.workspace = workspace

    def __call__(self, content: str | Path, *arguments: str, name: str = "films.csv") -> Any:
        """Import a file, or what lies at an address; the finished process."""
        if isinstance(content, str) and content.startswith("http"):
            return rolltop(self._home, "import", content, "--workspace", str(self.workspace), *arguments)
        file = content if isinstance(content, Path) else self.workspace.parent / name
        if isinstance(content, str):
            file.write_text(content)
        return rolltop(self._home, "import", str(file), "--workspace", str(self.workspace), *arguments)

    def counts(self, content: str | Path, *arguments: str) -> tuple[int, ...]:
        """Exit code, inserted, changed, unchanged, refused."""
        done = self(content, "--json", *arguments)
        assert "Traceback" not in done.stderr
        found = json.loads(done.stdout)
        return done.returncode, found["inserted"], found["changed"], found["unchanged"], found["refused"]

    def rows(self, sql: str) -> list[Any]:
        """What is in the file, by another program."""
        connection = sqlite3.connect(self.workspace / "data.db")
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


@pytest.fixture(params=["served", "alone"])
def importing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Importing]:
    """With a server for the workspace, and without one."""
    servers = Servers()
    workspace = tmp_path / "workspace"
    if request.param == "served":
        servers.start(workspace)
    yield Importing(tmp_path / "home", workspace)
    servers.end()


def test_makes_appends_updates_and_tries(importing: Importing) -> None:
    assert importing.counts(FILMS) == (0, 2, 0, 0, 0)
    assert importing.counts(CHANGED, "--update", "--dry-run") == (7, 1, 1, 1, 1)
    assert importing.rows("SELECT title FROM films") == [("Alien",), ("Brazil",)]
    assert importing.counts(CHANGED, "--update", "--key", "id", "--quarantine") == (7, 1, 1, 1, 1)
    more = "name;when\nEraserhead;1977\n"
    mapped = ["--append", "--table", "films", "--map", "name=title", "--map", "when=year"]
    assert importing.counts(more, *mapped) == (0, 1, 0, 0, 0)
    assert importing.rows("SELECT id, title, year FROM films ORDER BY id") == [
        (1, "Alien", 1979),
        (2, "Brasil", 1985),
        (3, "Clue", 1985),
        (4, "Eraserhead", 1977),
    ]
    assert importing.rows("SELECT row FROM _rolltop_quarantine") == [(4,)]


def test_says_what_came_of_it(importing: Importing) -> None:
    done = importing(FILMS, "--type", "year=text", "--skip", "id", "--table", "seen")
    assert (done.returncode, done.stdout) == (0, "Imported into seen: rows 2 added.\n")
    done = importing(CHANGED, "--type", "id=integer", "--dry-run")
    assert done.returncode == 7
    assert done.stdout.splitlines() == [
        "Would import into films: rows 3 added.",
        "1 row would not fit:",
        "  row 4: id: 'x' is not a whole number.",
    ]


@pytest.mark.parametrize(
    ("content", "arguments", "code", "says"),
    [
        (CHANGED, ["--type", "id=integer"], 1, "Row 4: 'x' in column 'id' is not a whole number."),
        (FILMS, ["--append"], 1, "There is no table 'films'."),
        (FILMS, ["--table", "2x"], 1, "'2x' cannot be a name."),
        (FILMS, ["--map", "nothing=x"], 2, "The file has no column 'nothing'."),
        (FILMS, ["--map", "x"], 2, "'x' is no pair."),
        (FILMS, ["--append", "--key", "id"], 2, "--append only adds rows."),
        ("", [], 1, "The file is empty."),
    ],
)
def test_says_why_not(importing: Importing, content: str, arguments: list[str], code: int, says: str) -> None:
    done = importing(content, *arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_flights_with_and_without_a_server(importing: Importing, nycflights: Callable[[str], Path]) -> None:
    assert importing.counts(nycflights("airlines")) == (0, 16, 0, 0, 0)
    assert importing.counts(nycflights("weather")) == (0, 26_115, 0, 0, 0)
    assert importing.counts(nycflights("airlines"), "--update") == (0, 0, 0, 16, 0)


def test_sheets_and_tables(importing: Importing, tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(book) as made:
        for name, cells in (("One", [["a"], [1]]), ("Two", [["b"], [2], [3]]), ("None", []), ("Old", [["c"], [4]])):
            sheet = made.add_worksheet(name)
            for row, values in enumerate(cells):
                sheet.write_row(row, 0, values)
        sheet.hide()
    done = importing(book, "--sheet", "Two", "--table", "second")
    assert (done.returncode, done.stdout) == (0, "Imported into second: rows 2 added.\n")
    done = importing(book, "--all-parts")
    assert done.stdout.splitlines() == ["Imported into One: rows 1 added.", "Imported into Two: rows 2 added."]
    done = importing(book, "--part", "Old", "--part", "Two", "--append", "--dry-run", "--json")
    assert (done.returncode, "There is no table 'Old'." in done.stderr) == (1, True)
    done = importing(book, "--part", "Two", "--update", "--json")
    assert json.loads(done.stdout)["unchanged"] == 2
    for arguments, says in ((["--part", "Nine"], "'Nine'"), (["--all-parts", "--table", "x"], "for one part")):
        done = importing(book, *arguments)
        assert (done.returncode in (1, 2), says in done.stderr, "Traceback" in done.stderr) == (True, True, False)


def test_a_database_with_its_keys(importing: Importing, chinook: Path) -> None:
    done = importing(chinook, "--all-parts", "--json")
    assert (done.returncode, len(json.loads(done.stdout))) == (0, 11)
    assert [row[2:5] for row in importing.rows("PRAGMA foreign_key_list(Album)")] == [
        ("Artist", "ArtistId", "ArtistId")
    ]


def test_the_workspace_is_not_imported_into_itself(importing: Importing) -> None:
    importing(FILMS)
    done = importing(importing.workspace / "data.db")
    assert (done.returncode in (1, 2), "there already" in done.stderr or "here already" in done.stderr) == (True, True)
    assert importing.rows("SELECT count(*) FROM films") == [(2,)]


def test_an_address_inside_is_refused(importing: Importing) -> None:
    done = importing("http://127.0.0.1:1/films.csv")
    assert (done.returncode, "inside this machine" in done.stderr) == (1, True)


@pytest.mark.skipif(os.name != "posix", reason="SIGINT by the shell is POSIX")
def test_control_c_takes_everything_back(importing: Importing, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text("n,text\n" + "".join(f"{number},text {number}\n" for number in range(400_000)))
    process = subprocess.Popen(
        [sys.executable, "-m", "rolltop", "import", str(file), "--workspace", str(importing.workspace)],
        env={**os.environ, "ROLLTOP_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + PATIENCE
    while not (hidden := _hidden(importing)) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert hidden
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said
    assert _hidden(importing) == []


def _hidden(importing: Importing) -> list[Any]:
    if not (importing.workspace / "data.db").exists():
        return []
    try:
        return importing.rows("SELECT name FROM sqlite_schema WHERE name GLOB '_rolltop_import*'")
    except sqlite3.OperationalError:  # it is being made
        return []


def test_a_workspace_that_is_in_use(tmp_path: Path) -> None:
    servers = Servers()
    workspace = tmp_path / "workspace"
    server = servers.start(workspace)
    (workspace / "runtime.json").rename(tmp_path / "runtime.json")
    done = Importing(tmp_path / "home", workspace)(FILMS)
    assert done.returncode == 4
    assert "already open" in done.stderr
    servers.stop(server)
