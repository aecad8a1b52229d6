"""Jobs over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import create_app
from rolltop.config import Config


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The local owner at one server for this file."""
    app = create_app(Config(workspace=tmp_path_factory.mktemp("jobs") / "workspace"))
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        yield made


def scan(client: TestClient, content: bytes) -> str:
    """Start a job that reads a file; its id."""
    sent = client.post("/api/imports?name=x.csv", content=content, headers={"Content-Type": "text/csv"})
    job: str = sent.json()["job"]
    ended(client, job)
    return job


def ended(client: TestClient, job: str) -> dict[str, Any]:
    """The job when it has ended."""
    while (found := client.get(f"/api/jobs/{job}").json())["ended"] is None:
        pass
    return dict(found)


class TestReadJob:
    def test_says_how_it_went(self, client: TestClient) -> None:
        job = client.get(f"/api/jobs/{scan(client, b'a,b')}").json()
        assert job["kind"] == "import.scan"
        assert job["title"] == "Read x.csv"
        assert (job["state"], job["error"]) == ("done", None)
        assert job["progress"] == {
            "done": 6,
            "total": 6,
            "unit": "bytes",
            "bytes": None,
            "rate": None,
            "eta_seconds": None,
        }
        assert job["created"] <= job["started"] <= job["ended"]
        assert job["created"].endswith("Z")

    def test_says_why_it_failed(self, client: TestClient) -> None:
        job = client.get(f"/api/jobs/{scan(client, b'')}").json()
        assert job["state"] == "failed"
        assert set(job["error"]) == {"code", "message", "details", "hint"}
        assert job["error"]["code"] == "imports.empty"

    def test_does_not_know_every_id(self, client: TestClient) -> None:
        answer = client.get("/api/jobs/nothing")
        assert (answer.status_code, answer.json()["code"]) == (404, "jobs.unknown")


class TestListJobs:
    def test_the_newest_comes_first(self, client: TestClient) -> None:
        made = [scan(client, b"a"), scan(client, b"b")]
        listed = [job["id"] for job in client.get("/api/jobs").json()]
        assert listed[:2] == made[::-1]


class TestCancelJob:
    def test_leaves_one_that_has_ended_as_it_is(self, client: TestClient) -> None:
        answer = client.post(f"/api/jobs/{scan(client, b'a')}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (202, "done")

    def test_does_not_know_every_id(self, client: TestClient) -> None:
        assert client.post("/api/jobs/nothing/cancel").status_code == 404


def test_jobs_outlive_the_server(tmp_path: Path) -> None:
    app = create_app(Config(workspace=tmp_path / "workspace"))
    with TestClient(app, base_url=BASE_URL) as client:
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        id = scan(client, b"a,b")
        before = client.get(f"/api/jobs/{id}").json()
    app = create_app(Config(workspace=tmp_path / "workspace"))
    with TestClient(app, base_url=BASE_URL) as client:
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        assert client.get(f"/api/jobs/{id}").json() == before


class TestReadLog:
    def test_tells_how_the_work_went(self, client: TestClient) -> None:
        id = scan(client, b"a,b\n1,2\n3,4\n")
        log = client.get(f"/api/jobs/{id}/log").json()
        assert [line["text"] for line in log["lines"]] == ["Started.", "2 rows, 2 columns.", "Done."]
        assert log["next"] is None
        page = client.get(f"/api/jobs/{id}/log?after=1&limit=1").json()
        assert ([line["number"] for line in page["lines"]], page["next"]) == ([2], 2)

    def test_does_not_know_every_id(self, client: TestClient) -> None:
        assert client.get("/api/jobs/nothing/log").json()["code"] == "jobs.unknown"


class TestFilters:
    def test_by_state_and_kind(self, client: TestClient) -> None:
        failed = scan(client, b"")
        scan(client, b"a")
        assert [job["id"] for job in client.get("/api/jobs?state=failed&limit=1").json()] == [failed]
        assert {job["kind"] for job in client.get("/api/jobs?kind=import").json()} == {"import.scan"}
        assert client.get("/api/jobs?kind=backup").json() == []

    def test_pages(self, client: TestClient) -> None:
        scan(client, b"a")
        scan(client, b"b")
        first = client.get("/api/jobs?limit=1").json()
        second = client.get(f"/api/jobs?limit=1&before={first[0]['id']}").json()
        assert second[0]["id"] < first[0]["id"]

    @pytest.mark.parametrize("query", ["state=asleep", "limit=0", "limit=9999", "kind="])
    def test_refuses_what_it_does_not_understand(self, client: TestClient, query: str) -> None:
        assert client.get(f"/api/jobs?{query}").status_code == 422


class TestRetryJob:
    def test_reads_the_file_again(self, client: TestClient) -> None:
        failed = scan(client, b"")
        answer = client.post(f"/api/jobs/{failed}/retry")
        assert answer.status_code == 202
        assert (answer.json()["retry_of"], answer.json()["kind"]) == (failed, "import.scan")
        assert answer.json()["id"] != failed

    def test_loads_again_once_nothing_stands_in_the_way(self, client: TestClient) -> None:
        into = {"table": "way", "key": ["a"]}
        for target in ("new", "append"):
            headers = {"Content-Type": "text/csv"}
            sent = client.post("/api/imports?name=way.csv", content=b"a,b\n1,x\n", headers=headers).json()
            ended(client, sent["job"])
            wish = into if target == "new" else {"table": "way", "target": "append"}
            started = client.post(f"/api/imports/{sent['id']}/run", json=wish)
            assert started.status_code == 202, started.text
            job = ended(client, started.json()["id"])
        assert (job["state"], job["actor"]) == ("failed", "owner")  # the row is there already
        log = client.get(f"/api/jobs/{job['id']}/log").json()["lines"]
        assert (log[-1]["level"], log[-1]["text"][:12]) == ("error", "Failed: Row ")
        assert client.delete("/rest/v1/way?a=eq.1").status_code == 204
        again = client.post(f"/api/jobs/{job['id']}/retry").json()
        assert (again["kind"], again["retry_of"]) == ("import.load", job["id"])
        assert ended(client, again["id"])["result"]["inserted"] == 1

    def test_says_what_to_do_when_the_file_is_gone(self, client: TestClient) -> None:
        failed = scan(client, b"")
        for each in client.get("/api/imports").json():
            client.delete(f"/api/imports/{each['id']}")
        answer = client.post(f"/api/jobs/{failed}/retry")
        assert (answer.status_code, answer.json()["code"]) == (409, "jobs.input_gone")
        assert "POST /api/imports" in answer.json()["hint"]

    def test_does_not_do_twice_what_was_done(self, client: TestClient) -> None:
        answer = client.post(f"/api/jobs/{scan(client, b'a')}/retry")
        assert (answer.status_code, answer.json()["code"]) == (409, "jobs.done")

    def test_does_not_know_every_id(self, client: TestClient) -> None:
        assert client.post("/api/jobs/nothing/retry").status_code == 404


class TestRetryAfterARestart:
    """A person's own file lies where it lay; an upload went with the run of the server."""

    def _run(self, workspace: Path) -> TestClient:
        app = create_app(Config(workspace=workspace))
        client = TestClient(app, base_url=BASE_URL)
        client.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        return client

    def test_reads_and_loads_a_file_of_ones_own(self, tmp_path: Path) -> None:
        path = tmp_path / "way.csv"
        path.write_text("a;b\n1;x\n2;y\n")
        with self._run(tmp_path / "workspace") as client:
            columns = [{"name": "a", "type": "integer"}, {"name": "b", "type": "text"}]
            assert client.post("/api/collections", json={"name": "way", "columns": columns}).status_code == 201
            unique = {"changes": [{"change": "add_unique", "columns": ["a"]}]}
            assert client.post("/api/collections/way/changes", json=unique).status_code == 200
            assert client.post("/rest/v1/way", json={"a": 2}).status_code == 201
            draft = client.app._back.result().state.imports.from_path(path)  # type: ignore[attr-defined]
            ended(client, draft.job)
            run = {"table": "way", "target": "append"}
            failed = ended(client, client.post(f"/api/imports/{draft.id}/run", json=run).json()["id"])
            assert failed["state"] == "failed"  # a row is there already
        with self._run(tmp_path / "workspace") as client:
            scanned = client.get("/api/jobs?kind=import.scan").json()[0]["id"]
            assert client.post(f"/api/jobs/{scanned}/retry").json()["code"] == "jobs.done"
            again = ended(client, client.post(f"/api/jobs/{failed['id']}/retry").json()["id"])
            assert (again["state"], again["retry_of"]) == ("failed", failed["id"])
            assert again["error"]["code"] == failed["error"]["code"]
            assert client.delete("/rest/v1/way?a=eq.2").status_code == 204
            done = ended(client, client.post(f"/api/jobs/{again['id']}/retry").json()["id"])
            assert (done["state"], done["result"]["inserted"]) == ("done", 2)
            assert client.get("/rest/v1/way?select=a,b&order=a").json() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
        assert path.exists()

    def test_says_what_to_do_where_the_file_is_gone(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.csv"
        path.write_bytes(b"")
        with self._run(tmp_path / "workspace") as client:
            client.get("/api/jobs")  # waits for all parts
            own = client.app._back.result().state.imports.from_path(path).job  # type: ignore[attr-defined]
            ended(client, own)
            sent = scan(client, b"")
        path.unlink()
        with self._run(tmp_path / "workspace") as client:
            answers = [client.post(f"/api/jobs/{id}/retry") for id in (own, sent)]
        assert [answer.status_code // 100 for answer in answers] == [4, 4]
        assert "empty.csv" in answers[0].json()["message"]
        assert answers[1].json()["code"] == "jobs.input_gone"
        assert all(answer.json()["hint"] for answer in answers)
