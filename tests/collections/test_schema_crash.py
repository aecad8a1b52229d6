"""Schema edits that are killed, starved of disk, or done while others read and write: wholly or not at all."""

import itertools
import random
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import LiveServer, Servers

ROUNDS = 5
ROWS = 30_000
FILL = "x" * 400


def owner(server: LiveServer) -> httpx.Client:
    """The owner at this server."""
    return httpx.Client(base_url=server.url, headers=server.headers, trust_env=False, timeout=60)


def sound(workspace: Path) -> sqlite3.Connection:
    """The file as another program opens it, which finds nothing wrong."""
    connection = sqlite3.connect(workspace / "data.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    return connection


def large(server: LiveServer, rows: int = ROWS) -> None:
    """A table that takes a while to be written anew."""
    with owner(server) as client:
        columns = [{"name": "n", "type": "integer"}, {"name": "word"}]
        assert client.post("/api/collections", json={"name": "large", "columns": columns}).status_code == 201
        for first in range(0, rows, 10_000):
            many = [{"n": at, "word": FILL} for at in range(first, min(first + 10_000, rows))]
            sent = client.post("/rest/v1/large", json=many, headers={"Prefer": "return=minimal"})
            assert sent.status_code == 201, sent.text


class TestKilled:
    def test_tables_made_changed_and_deleted_are_there_or_not(self, servers: Servers, tmp_path: Path) -> None:
        """The experiment R2: the catalogue, the file and the API agree, whatever was cut off."""
        chance = random.Random(7)
        workspace = tmp_path / "workspace"
        numbers = itertools.count()
        for _ in range(ROUNDS):
            server = servers.start(workspace)
            known: dict[str, list[str]] = {}
            doubtful: set[str] = set()
            with owner(server) as client:
                for each in client.get("/api/collections").json():
                    detail = client.get(f"/api/collections/{each['name']}").json()
                    known[each["name"]] = [column["name"] for column in detail["columns"]]
                end = threading.Timer(chance.uniform(0.3, 0.9), servers.kill, [server])
                end.start()
                with suppress(httpx.TransportError):
                    self.edit(client, known, doubtful, numbers, chance)
                end.join()
            with closing(sound(workspace)) as connection:
                self.agree(connection, known, doubtful)
        server = servers.start(workspace)
        with owner(server) as client, closing(sound(workspace)) as connection:
            names = {each["name"] for each in client.get("/api/collections").json()}
            assert names == set(tables_of(connection))
            assert all(client.get(f"/rest/v1/{name}").status_code == 200 for name in names)

    @staticmethod
    def edit(
        client: httpx.Client,
        known: dict[str, list[str]],
        doubtful: set[str],
        numbers: Iterator[int],
        chance: random.Random,
    ) -> None:
        """Make, change and delete tables until the server is gone; `doubtful` is what was not answered."""
        while True:
            number = next(numbers)
            name = chance.choice([*known, f"t{number}"])
            doubtful.add(name)
            if name not in known:
                columns = [{"name": "a"}, {"name": "b", "type": "integer"}]
                answer = client.post("/api/collections", json={"name": name, "columns": columns})
                after: list[str] | None = ["id", "a", "b"]
            elif chance.random() < 0.4:
                answer = client.delete(f"/api/collections/{name}")
                after = None
            else:
                wish = {"change": "add_column", "column": {"name": f"c{number}", "not_null": True, "default": "-"}}
                answer = client.post(f"/api/collections/{name}/changes", json={"changes": [wish | {"before": "a"}]})
                after = [*known[name][:-2], f"c{number}", "a", "b"]
            assert answer.status_code < 300, answer.text
            known.pop(name, None)
            known |= {} if after is None else {name: after}
            doubtful.discard(name)

    @staticmethod
    def agree(connection: sqlite3.Connection, known: dict[str, list[str]], doubtful: set[str]) -> None:
        found = tables_of(connection)
        sure = {name: columns for name, columns in known.items() if name not in doubtful}
        assert {name: columns for name, columns in found.items() if name not in doubtful} == sure
        for name in doubtful & found.keys():  # one step further, or not
            assert set(known.get(name, ["id", "a", "b"])) <= set(found[name])

    def test_a_table_that_was_being_written_anew_is_old_or_new(self, servers: Servers, tmp_path: Path) -> None:
        workspace = tmp_path / "workspace"
        server = servers.start(workspace)
        large(server)
        kinds = itertools.cycle(["text", "integer"])
        with owner(server) as client:
            begun = time.monotonic()
            now = next(kinds)
            assert retype(client, now).status_code == 200
        takes = time.monotonic() - begun
        for part in (0.2, 0.5, 0.8):
            wanted = next(kinds)
            with owner(server) as client, ThreadPoolExecutor(1) as pool:
                asked = pool.submit(retype, client, wanted)
                time.sleep(takes * part)
                servers.kill(server)
                answered = asked.exception() is None
            with closing(sound(workspace)) as connection:
                sql = "SELECT typeof(n), count(*), sum(n) FROM large GROUP BY 1"
                [(found, *rows)] = connection.execute(sql).fetchall()
            assert rows == [ROWS, ROWS * (ROWS - 1) // 2]
            assert found == wanted if answered else found in (now, wanted)
            now = found
            kinds = itertools.cycle(["integer", "text"] if now == "text" else ["text", "integer"])
            server = servers.start(workspace)
        with owner(server) as client:
            assert retype(client, next(kinds)).status_code == 200


def retype(client: httpx.Client, kind: str) -> httpx.Response:
    """Have all rows of the large table written anew."""
    wish = {"change": "alter_column", "column": "n", "type": kind}
    return client.post("/api/collections/large/changes", json={"changes": [wish]})


def tables_of(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """The columns of each table that is not Rolltop's own."""
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        name: [str(row[1]) for row in connection.execute(f"PRAGMA table_info({name})")]
        for name in names
        if not name.startswith(("_rolltop_", "sqlite_"))
    }


class TestMeanwhile:
    @pytest.fixture
    def busy(self, servers: Servers, tmp_path: Path) -> LiveServer:
        """A server with the large table."""
        server = servers.start(tmp_path / "workspace")
        large(server)
        return server

    def test_a_client_that_streams_the_table_gets_all_of_its_old_rows(self, busy: LiveServer) -> None:
        with owner(busy) as client, owner(busy) as other, client.stream("GET", "/api/exports/large.csv") as response:
            lines = response.iter_lines()
            assert next(lines) == "id,n,word"
            assert retype(other, "text").status_code == 200
            assert sum(1 for _ in lines) == ROWS
        with closing(sound(busy.workspace)) as connection:
            assert connection.execute("SELECT DISTINCT typeof(n) FROM large").fetchall() == [("text",)]

    def test_writers_lose_nothing(self, busy: LiveServer) -> None:
        changed = threading.Event()

        def write(lane: int) -> int:
            with owner(busy) as client:
                for number in itertools.count():
                    sent = client.post("/rest/v1/large", json={"n": ROWS + number, "word": f"lane {lane}"})
                    assert sent.status_code == 201, sent.text
                    if changed.is_set():
                        return number + 1
            return 0

        with owner(busy) as client, ThreadPoolExecutor(3) as pool:
            lanes = [pool.submit(write, lane) for lane in range(3)]
            answers = [retype(client, kind) for kind in ("text", "integer")]
            changed.set()
            written = sum(lane.result() for lane in lanes)
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        with closing(sound(busy.workspace)) as connection:
            assert connection.execute("SELECT count(*) FROM large").fetchall() == [(ROWS + written,)]


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own; making one needs the rights of root."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True, text=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class TestFullDisk:
    def test_an_edit_that_finds_no_room_changes_nothing(self, servers: Servers, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk", 60) as disk:
            server = servers.start(disk / "workspace")
            large(server)
            fill = disk / "fill"
            with owner(server) as client:
                before: Any = client.get("/api/collections/large").json()["sql"]
                filled = fill_up(fill)
                answer = retype(client, "text")
                assert (answer.status_code, answer.json()["code"]) == (507, "out_of_space"), answer.text
                assert client.get("/rest/v1/large?n=eq.5&select=id").json() == [{"id": 6}]
                assert client.get("/api/collections/large").json()["sql"] == before
                for ending in ("xlsx", "parquet", "sqlite"):
                    answer = client.get(f"/api/exports/large.{ending}")
                    assert (answer.status_code, answer.json()["code"]) == (507, "out_of_space"), answer.text
                assert client.get("/api/exports/large.csv").content.count(b"\n") == ROWS + 1
                assert list((disk / "workspace" / "files" / "exports").iterdir()) == []
                assert filled > 1_000_000
                fill.unlink()
                assert client.post("/rest/v1/large", json={"n": -1}).status_code == 201
                assert client.get("/api/exports/large.xlsx?limit=5").status_code == 200
            assert servers.stop(server) == 0
            sound(disk / "workspace").close()

    def test_an_import_that_finds_no_room_leaves_nothing(self, servers: Servers, tmp_path: Path) -> None:
        content = "word,n\n" + "".join(f"{FILL},{at}\n" for at in range(10_000))
        with small_disk(tmp_path / "disk", 24) as disk:
            server = servers.start(disk / "workspace")
            with owner(server) as client:
                assert client.get("/api/collections").json() == []  # all of the server is there
                for room in (0, 6_000_000):  # for nothing at all; for the upload, but not for the rows
                    fill = disk / "fill"
                    fill_up(fill, room)
                    failure = imported(client, content)
                    assert failure["code"] == "out_of_space", failure
                    assert client.get("/api/collections").json() == []
                    assert client.get("/health/ready").status_code == 200
                    fill.unlink()
                assert imported(client, content) == {}
                assert client.get("/rest/v1/words?n=eq.9999&select=n").json() == [{"n": 9999}]
            assert servers.stop(server) == 0
            sound(disk / "workspace").close()


def imported(client: httpx.Client, content: str) -> dict[str, Any]:
    """The error that an import of the table `words` ended with, empty when there is none; what was sent is deleted."""
    headers = {"Content-Type": "text/csv"}
    sent = client.post("/api/imports", params={"name": "words.csv"}, content=content, headers=headers)
    if sent.status_code != 202:
        return dict(sent.json())
    address = f"/api/imports/{sent.json()['id']}"
    scanned = ended(client, sent.json()["job"])
    error = scanned["error"] or ended(client, client.post(f"{address}/run", json={}).json()["id"])["error"]
    client.delete(address)
    return dict(error or {})


def ended(client: httpx.Client, job: str) -> dict[str, Any]:
    """The job when it has ended."""
    deadline = time.monotonic() + 60
    while (found := client.get(f"/api/jobs/{job}").json())["ended"] is None:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return dict(found)


def fill_up(path: Path, room: int = 131_072) -> int:
    """Take what is left of the disk but for that much room; how many bytes."""
    block = b"\0" * 65_536
    size = 0
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                size += file.write(block)
        except OSError:
            file.truncate(max(size - room, 0))
    return size
