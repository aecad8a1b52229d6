"""Backups over HTTP: made, listed, downloaded, verified, taken in, deleted."""

import asyncio
import contextlib
import gc
import hashlib
import io
import json
import socket
import sqlite3
import stat
import weakref
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import httpx
import pytest
from starlette.testclient import TestClient
from tests.backups.conftest import Keeper, Unpacked
from tests.conftest import BASE_URL, LiveServer

from rolltop.app import Application, create_app
from rolltop.backups.checking import check
from rolltop.backups.service import Folder
from rolltop.config import Config
from rolltop.db import copying as own_copying
from rolltop.errors import OutOfSpace, Unprocessable


class TestCreate:
    def test_holds_the_whole_workspace(self, keeper: Keeper, unpacked: Unpacked) -> None:
        (keeper.workspace / "models" / "delay").mkdir(parents=True)
        (keeper.workspace / "models" / "delay" / "model.onnx").write_bytes(b"onnx" * 1000)
        (keeper.workspace / "secrets" / "signing.key").write_text("do not tell")
        backup = keeper.file(keeper.make())
        with zipfile.ZipFile(backup) as archive:
            assert sorted(archive.namelist()) == [
                "data.db", "manifest.json", "models/delay/model.onnx", "rolltop.db", "workspace.toml"
            ]  # fmt: skip
            assert archive.read("models/delay/model.onnx") == b"onnx" * 1000
            assert archive.read("workspace.toml") == (keeper.workspace / "workspace.toml").read_bytes()
        assert unpacked.rows(backup, "SELECT title FROM films") == [("Alien",), ("Brazil",), ("Clue",)]
        assert unpacked.rows(backup, "SELECT count(*) FROM jobs", "rolltop.db")[0][0] >= 1
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert keeper.left() == [backup.name]

    def test_says_what_it_holds(self, keeper: Keeper) -> None:
        id = keeper.make()
        told = keeper.client.get(f"/api/backups/{id}").json()
        assert told["problem"] is None
        content = told["content"]
        assert content["tables"]["films"] == 3
        assert (content["reason"], content["secrets"], content["in_place"]) == ("manual", False, False)
        assert content["left_out"] == ["files", "logs", "backups", "secrets"]
        assert content["created"].endswith("Z")
        assert told["size"] == keeper.file(id).stat().st_size

    def test_takes_secrets_only_when_asked(self, keeper: Keeper) -> None:
        (keeper.workspace / "secrets" / "signing.key").write_text("do not tell")
        id = keeper.make(secrets=True)
        with zipfile.ZipFile(keeper.file(id)) as archive:
            assert archive.read("secrets/signing.key") == b"do not tell"
        assert keeper.client.get(f"/api/backups/{id}").json()["content"]["secrets"] is True

    def test_follows_no_link_out_of_the_workspace(self, keeper: Keeper, tmp_path: Path) -> None:
        (tmp_path / "outside").write_text("not mine")
        (keeper.workspace / "services").mkdir()
        (keeper.workspace / "services" / "link").symlink_to(tmp_path / "outside")
        (keeper.workspace / "services" / "folder").symlink_to(tmp_path)
        id = keeper.make()
        with zipfile.ZipFile(keeper.file(id)) as archive:
            assert not [name for name in archive.namelist() if name.startswith("services")]
        left = keeper.client.get(f"/api/backups/{id}").json()["content"]["left_out"]
        assert {"services/link", "services/folder"} <= set(left)

    def test_is_no_change_to_those_who_listen(self, keeper: Keeper, app: Application) -> None:
        changes: list[object] = []
        app.data.on_change.append(changes.append)
        keeper.make()
        assert changes == []

    def test_refuses_unknown_wishes(self, keeper: Keeper) -> None:
        assert keeper.client.post("/api/backups", json={"path": "/tmp/x"}).status_code == 422

    def test_keeps_the_rows_of_a_real_database_as_they_are(
        self, tmp_path: Path, chinook: Path, unpacked: Unpacked
    ) -> None:
        data = tmp_path / "chinook.sqlite"
        data.write_bytes(chinook.read_bytes())
        app = create_app(Config(workspace=tmp_path / "workspace", data=data))
        with TestClient(app, base_url=BASE_URL) as client:
            client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
            keeper = Keeper(client, tmp_path / "workspace")
            id = keeper.make()
            assert keeper.verify(id)["state"] == "done"
            assert client.get(f"/api/backups/{id}").json()["content"]["in_place"] is True
            backup = keeper.file(id)
        with closing(sqlite3.connect(data)) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                query = f'SELECT rowid, * FROM "{table}" ORDER BY rowid'
                assert unpacked.rows(backup, query) == connection.execute(query).fetchall()

    def test_refuses_a_damaged_database_and_leaves_nothing(self, keeper: Keeper) -> None:
        """The good backups stay the last ones: a damaged one would push them out."""
        connection = apsw.Connection(str(keeper.workspace / "data.db"))
        connection.execute("CREATE TABLE more (a, b); CREATE INDEX i ON more (a); INSERT INTO more VALUES (1, 2)")
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'more'").get
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.config(apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = 'i'", (root,))
        connection.close()
        ended = keeper.ended(keeper.client.post("/api/backups").json()["id"])
        assert ended["state"] == "failed"
        assert ended["error"]["code"] == "backups.damaged_workspace"
        assert ended["error"]["details"]
        assert ended["error"]["hint"]
        assert keeper.left() == []


class TestDownload:
    def test_gives_the_file(self, keeper: Keeper) -> None:
        id = keeper.make()
        answer = keeper.client.get(f"/api/backups/{id}/file")
        assert answer.content == keeper.file(id).read_bytes()
        assert f'filename="{id}.zip"' in answer.headers["content-disposition"]
        part = keeper.client.get(f"/api/backups/{id}/file", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, keeper.file(id).read_bytes()[10:20])

    def test_works_once_by_a_link(self, keeper: Keeper) -> None:
        id = keeper.make()
        link = keeper.client.post("/api/downloads", json={"path": f"/api/backups/{id}/file"}).json()["url"]
        del keeper.client.headers["Authorization"]
        assert keeper.client.get(link).content == keeper.file(id).read_bytes()
        assert keeper.client.get(link).status_code == 401

    @pytest.mark.parametrize("id", ["nothing", "..%2F..%2Fworkspace", "%2Fetc%2Fpasswd", "*", "a%00b"])
    def test_of_what_is_not_there(self, keeper: Keeper, id: str) -> None:
        keeper.make()
        for method, path in (("GET", ""), ("GET", "/file"), ("POST", "/verify"), ("DELETE", "")):
            answer = keeper.client.request(method, f"/api/backups/{id}{path}")
            assert answer.status_code == 404
            assert answer.json().keys() == {"code", "message", "details", "hint"}
        assert len(keeper.left()) == 1


class TestVerify:
    def test_says_what_is_whole(self, keeper: Keeper) -> None:
        id = keeper.make()
        ended = keeper.verify(id)
        assert ended["state"] == "done"
        assert ended["result"]["backup"] == id
        assert ended["result"]["files"] == 3
        assert ended["result"]["rows"] >= 3
        assert keeper.left() == [f"{id}.zip"]

    @pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
    @pytest.mark.parametrize("name", ["data.db", "rolltop.db", "workspace.toml", "manifest.json"])
    def test_finds_a_changed_byte(self, keeper: Keeper, name: str, place: float) -> None:
        id = keeper.make()
        with zipfile.ZipFile(keeper.file(id)) as archive:
            info = archive.getinfo(name)
            start = info.header_offset + 30 + len(name) + 20 * (name != "manifest.json")
        content = bytearray(keeper.file(id).read_bytes())
        content[start + int(info.compress_size * place)] ^= 0xFF
        keeper.file(id).write_bytes(content)
        ended = keeper.verify(id)
        assert ended["state"] == "failed"
        assert ended["error"]["code"] in ("backups.damaged", "backups.not_a_backup")
        assert ended["error"]["hint"]
        assert keeper.left() == [f"{id}.zip"]

    def test_never_stumbles(self, keeper: Keeper, tmp_path: Path) -> None:
        """Whatever byte is another one: it is said, or nothing that is restored depends on it."""
        content = keeper.file(keeper.make()).read_bytes()
        spoilt = tmp_path / "spoilt.zip"
        directory = range(content.index(b"PK\x01\x02"), len(content))
        for at in [*range(0, directory.start, directory.start // 40), *directory[::3]]:
            changed = bytearray(content)
            changed[at] ^= 0xFF
            spoilt.write_bytes(changed)
            with contextlib.suppress(Unprocessable):
                check(spoilt, tmp_path / "room", lambda _done, _total: None)

    @pytest.mark.parametrize("kept", [0, 3, 100, 0.5, -1])
    def test_finds_a_file_that_was_cut_off(self, keeper: Keeper, kept: float) -> None:
        id = keeper.make()
        content = keeper.file(id).read_bytes()
        keeper.file(id).write_bytes(content[: int(len(content) * kept) if 0 < kept < 1 else int(kept)])
        assert keeper.client.get(f"/api/backups/{id}").json()["problem"]
        assert keeper.verify(id)["error"]["code"] in ("backups.damaged", "backups.not_a_backup")


class TestUpload:
    def test_takes_a_backup_back(self, keeper: Keeper) -> None:
        id = keeper.make()
        content = keeper.client.get(f"/api/backups/{id}/file").content
        assert keeper.client.delete(f"/api/backups/{id}").status_code == 204
        assert keeper.client.get("/api/backups").json() == []
        answer = keeper.send(content)
        assert answer.status_code == 201
        assert answer.json()["id"].startswith("uploaded-")
        assert answer.json()["content"]["tables"]["films"] == 3
        assert keeper.verify(answer.json()["id"])["state"] == "done"

    def test_refuses_another_type(self, keeper: Keeper) -> None:
        answer = keeper.client.post("/api/backups/upload", content=b"a,b", headers={"Content-Type": "text/csv"})
        assert (answer.status_code, answer.json()["code"]) == (415, "backups.body_type")


def _with(content: bytes, change: Callable[[zipfile.ZipFile, dict[str, bytes]], None]) -> bytes:
    """The same backup with other entries."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        change(archive, entries)
        for name, text in entries.items():
            archive.writestr(name, text)
    return made.getvalue()


def _leaves(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    entries["../outside"] = b"x"


def _absolute(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    entries["/etc/passwd"] = b"x"


def _drive(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    entries["models/C:evil"] = b"x"


def _backslash(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    entries["models/..\\..\\evil"] = b"x"


def _foreign_file(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    entries["data.db-wal"] = b"x"


def _link(archive: zipfile.ZipFile, _entries: dict[str, bytes]) -> None:
    info = zipfile.ZipInfo("models/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def _no_manifest(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    del entries["manifest.json"]


def _no_data(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    del entries["data.db"]


def _manifest_of_numbers(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    entries["manifest.json"] = b"[" * 100_000


def _newer(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    entries["manifest.json"] = entries["manifest.json"].replace(b'"format": 1', b'"format": 2')


def _larger_than_said(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
    entries["workspace.toml"] += b"# more\n"


class TestForeignFiles:
    @pytest.mark.parametrize(
        "change",
        [_leaves, _absolute, _drive, _backslash, _foreign_file, _link, _no_manifest, _no_data, _manifest_of_numbers,
         _newer, _larger_than_said],
    )  # fmt: skip
    def test_are_refused_and_not_kept(
        self, keeper: Keeper, change: Callable[[zipfile.ZipFile, dict[str, bytes]], None], tmp_path: Path
    ) -> None:
        id = keeper.make()
        content = keeper.file(id).read_bytes()
        assert keeper.send(_with(content, lambda *_: None)).status_code == 201
        before = keeper.left()
        answer = keeper.send(_with(content, change))
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] in ("backups.damaged", "backups.not_a_backup", "backups.newer")
        assert answer.json()["hint"]
        assert keeper.left() == before
        assert list((keeper.workspace / "files" / "backups").iterdir()) == []
        assert not (tmp_path / "outside").exists()

    @pytest.mark.parametrize("content", [b"", b"PK", b"a,b\n1,2\n" * 100, b"PK\x03\x04" + b"\0" * 500])
    def test_that_are_no_archives(self, keeper: Keeper, content: bytes) -> None:
        answer = keeper.send(content)
        assert answer.status_code == 422
        assert answer.json()["code"] in ("backups.damaged", "backups.not_a_backup")
        assert keeper.left() == []

    def test_that_would_inflate_to_zeros_are_not_unpacked(self, keeper: Keeper) -> None:
        zeros = bytes(30 << 20)
        content = keeper.file(keeper.make()).read_bytes()

        def bomb(_archive: zipfile.ZipFile, entries: dict[str, bytes]) -> None:
            manifest = json.loads(entries["manifest.json"])
            for entry in manifest["files"]:
                if entry["path"] == "data.db":
                    entry |= {"size": len(zeros), "sha256": hashlib.sha256(zeros).hexdigest()}
            entries |= {"manifest.json": json.dumps(manifest).encode(), "data.db": zeros}

        sent = keeper.send(_with(content, bomb)).json()
        error = keeper.verify(sent["id"])["error"]
        assert error["code"] == "backups.damaged"
        assert "data.db is no database" in error["message"]


class TestRights:
    def test_nobody_may(self, anonymous: TestClient) -> None:
        assert anonymous.get("/api/backups").status_code == 401
        assert anonymous.post("/api/backups").status_code == 401


@pytest.fixture
def slow(workspace: Path) -> Iterator[Keeper]:
    """On a workspace whose backup takes a while."""
    app = create_app(Config(workspace=workspace))
    with TestClient(app, base_url=BASE_URL) as client:
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        fill = "CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 30000) "
        app.data.submit(lambda c: c.execute(f"{fill} SELECT i, randomblob(2000) AS b FROM n")).result()
        yield Keeper(client, workspace)


def test_a_cancelled_backup_leaves_nothing(slow: Keeper) -> None:
    job = slow.client.post("/api/backups").json()["id"]
    while not slow.left():
        pass
    slow.client.post(f"/api/jobs/{job}/cancel")
    assert slow.ended(job)["state"] == "cancelled"
    assert slow.left() == []


def test_what_a_killed_process_left_goes_at_the_start(workspace: Path) -> None:
    (workspace / "backups" / ".working-x").mkdir(parents=True)
    (workspace / "backups" / ".working-x" / "part").write_bytes(b"half")
    with TestClient(create_app(Config(workspace=workspace)), base_url=BASE_URL) as client:
        while client.get("/health/ready").status_code != 200:
            pass
        assert list((workspace / "backups").iterdir()) == []


class TestUploads:
    def test_are_taken_in_beside_the_event_loop(self, keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
        """Opening an archive and syncing it take as long as the disk likes; others are answered meanwhile."""
        content = keeper.file(keeper.make()).read_bytes()
        looped: list[bool] = []

        def sync(path: Path) -> None:
            with contextlib.suppress(RuntimeError):
                looped.append(asyncio.get_running_loop() is not None)
            synced.append(path)

        synced: list[Path] = []
        monkeypatch.setattr("rolltop.backups.service.sync_file", sync)
        assert keeper.send(content).status_code == 201
        assert (len(synced), looped) == (1, [])

    def test_that_announce_too_much_are_refused_before_they_are_sent(self, live: LiveServer) -> None:
        address = httpx.URL(live.url)
        head = (
            f"POST /api/backups/upload HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nContent-Length: {10**15}\r\n"
            f"Content-Type: application/zip\r\nAuthorization: {live.headers['Authorization']}\r\n\r\n"
        )
        with socket.create_connection((address.host, address.port), timeout=20) as connection:
            connection.sendall(head.encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_list_forgets_what_is_gone(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "a.zip").write_bytes(b"no archive")
    known = weakref.ref(folder.list()[0])
    assert known() is folder.list()[0]
    (tmp_path / "a.zip").unlink()
    assert folder.list() == []
    gc.collect()
    assert known() is None


class TestTheCopyOfOurDatabase:
    @pytest.fixture
    def own(self, tmp_path: Path) -> Iterator[own_copying.Seen]:
        """A moment of a database."""
        with closing(sqlite3.connect(tmp_path / "own.db")) as made:
            made.execute("CREATE TABLE t (a)")
        with closing(own_copying.snapshot(tmp_path / "own.db")) as seen:
            yield seen

    def test_that_the_system_refuses_is_no_full_disk(self, own: own_copying.Seen, tmp_path: Path) -> None:
        with pytest.raises(own_copying.NotCopied, match="unable to open") as caught:
            own_copying.copy(own, tmp_path / "no" / "copy.db", lambda _done, _total: None)
        assert caught.value.status == 409

    def test_without_room_is_a_full_disk(self, own: own_copying.Seen) -> None:
        own.execute("ROLLBACK")
        own.execute("PRAGMA max_page_count = 1")
        with pytest.raises(OutOfSpace), own_copying.explained():
            own.execute("CREATE TABLE more AS SELECT zeroblob(100000)")
