"""Jobs over HTTP."""

from collections.abc import Iterator
from pathlib import Path

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
    while client.get(f"/api/jobs/{job}").json()["ended"] is None:
        pass
    return job


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
