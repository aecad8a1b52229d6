"""Schema edits beside one another, beside an import, and cut off in the middle."""

import threading
from concurrent.futures import ThreadPoolExecutor

import apsw
import pytest
from starlette.testclient import TestClient
from tests.collections.conftest import Importer
from tests.collections.test_schema_api import change, execute, make, whole

from rolltop.collections.schema import rebuild


class TestAtOnce:
    def test_edits_of_one_table_all_come_true(self, client: TestClient) -> None:
        make(client, name="t", columns=[{"name": "a"}])
        wishes = [{"change": "add_column", "column": {"name": f"c{at}"}, "before": "a"} for at in range(4)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda wish: change(client, "t", wish), wishes))
        assert {answer.status_code for answer in answers} <= {200, 429}
        done = sum(answer.status_code == 200 for answer in answers)
        assert len(client.get("/api/collections/t").json()["columns"]) == 2 + done
        whole(client)

    def test_only_one_of_two_who_saw_the_same_version(self, client: TestClient) -> None:
        seen = make(client, name="t", columns=[{"name": "a"}])["version"]
        wishes = [{"change": "rename_column", "column": "a", "name": name} for name in ("b", "c")]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda wish: change(client, "t", wish, version=seen), wishes))
        assert sorted(answer.status_code for answer in answers) == [200, 409]

    def test_an_import_goes_on(self, importer: Importer) -> None:
        client = importer.client
        make(client, name="t", columns=[{"name": "a"}])
        client.post("/rest/v1/t", json=[{"a": str(at)} for at in range(100)])
        draft = importer.send("x,y\n" + "".join(f"{at},{at * 2}\n" for at in range(60_000)))
        job = client.post(f"/api/imports/{draft['id']}/run", json={"table": "films"}).json()["id"]
        answer = change(client, "t", {"change": "alter_column", "column": "a", "type": "integer"})
        assert answer.status_code == 200, answer.text
        assert importer.wait(job)["state"] == "done"
        assert execute(client, "SELECT count(*) FROM films") == [(60_000,)]
        whole(client)


class TestCutOff:
    def test_leaves_everything_as_it_was(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        make(client, name="t", columns=[{"name": "a"}])
        client.post("/rest/v1/t", json=[{"a": "1"}])
        before = execute(client, "SELECT * FROM sqlite_schema")
        writer = next(thread for thread in threading.enumerate() if thread.name == "rolltop-writer")

        def _fail(_connection: apsw.Connection, _table: str) -> None:
            if threading.current_thread() is writer:
                raise apsw.FullError("database or disk is full")

        monkeypatch.setattr(rebuild, "_last_number", _fail)
        answer = change(client, "t", {"change": "alter_column", "column": "a", "type": "integer"})
        assert (answer.status_code, answer.json()["code"]) == (507, "out_of_space")
        assert execute(client, "SELECT * FROM sqlite_schema") == before
        assert execute(client, "PRAGMA foreign_keys") == [(1,)]
        assert client.get("/rest/v1/t").json() == [{"id": 1, "a": "1"}]
        whole(client)
