"""One server a test file, on tables that each test makes itself."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient
from tests.conftest import BASE_URL

from rolltop.app import Application, create_app
from rolltop.config import Config
from rolltop.data import Cause, quote

JOB_SECONDS = 60


@dataclass(frozen=True)
class Owner:
    """The local owner: writes rows, looks at the history, takes changes back."""

    client: TestClient
    app: Application

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """Run SQL past the history, and see at once what it did."""
        found = self.app.data.submit(lambda c: c.execute(text).fetchall(), table="_rolltop_none").result(10)
        self.app.data.fresh_catalog()
        return found

    def write(self, method: str, path: str, body: Any = None, **headers: str) -> int:
        """Write by the rows API; the number of the change."""
        answer = self.client.request(method, f"/rest/v1/{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return int(answer.headers["X-Rolltop-Change"])

    def call(self, sql: str) -> int:
        """Save a query that writes, and call it; the number of the change."""
        made = self.client.post("/api/queries", json={"name": "tried", "sql": sql})
        assert made.status_code == 201, made.text
        try:
            return self.write("POST", "rpc/tried", {})
        finally:
            self.client.delete("/api/queries/tried")

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What is in a table."""
        found: list[dict[str, Any]] = self.client.get(f"/rest/v1/{table}").json()
        return found

    def get(self, path: str = "", **params: Any) -> Any:
        """What `/api/history…` says."""
        answer = self.client.get(f"/api/history{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def undo(self, change: int, way: str = "undo", **wish: Any) -> dict[str, Any]:
        """Take back; what came of it."""
        answer = self.client.post(f"/api/history/{change}/{way}", json=wish)
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        assert answer.headers.get("X-Rolltop-Change") == (str(done["change"]) if done["change"] else None)
        return done

    def refused(self, change: int, way: str = "undo", status: int = 409, **wish: Any) -> dict[str, Any]:
        """Try to take back; the error. Nothing is written."""
        before = self.get("/retention")["newest"]
        answer = self.client.post(f"/api/history/{change}/{way}", json=wish)
        assert answer.status_code == status, answer.text
        assert self.get("/retention")["newest"] == before
        error: dict[str, Any] = answer.json()
        return error

    def schema(self, method: str, path: str, body: Any = None) -> int:
        """Change the schema; the number of the change."""
        answer = self.client.request(method, f"/api/collections{path}", json=body)
        assert answer.is_success, answer.text
        return int(answer.headers["X-Rolltop-Change"])

    def imported(self, content: str, name: str = "films.csv", **wish: Any) -> dict[str, Any]:
        """Send a file and load it; what the job says."""
        sent = self.client.post(
            "/api/imports", params={"name": name}, content=content.encode(), headers={"Content-Type": "text/csv"}
        ).json()
        self.wait(sent["job"])
        return self.wait(self.client.post(f"/api/imports/{sent['id']}/run", json=wish).json()["id"])

    def wait(self, job: str) -> dict[str, Any]:
        """What came of a job."""
        deadline = time.monotonic() + JOB_SECONDS
        while (found := self.client.get(f"/api/jobs/{job}").json())["ended"] is None:
            assert time.monotonic() < deadline, found
            time.sleep(0.005)
        assert found["state"] == "done", found["error"]
        result: dict[str, Any] = found["result"]
        return {**result, "job": job}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """One application a test file: its start takes longer than most of these tests."""
    app = create_app(Config(workspace=tmp_path_factory.mktemp("history") / "workspace"))
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as made:
        made.headers["Authorization"] = f"Bearer {app.sessions.owner_token}"
        yield Owner(made, app)


@pytest.fixture
def owner(server: Owner) -> Iterator[Owner]:
    """The owner at a server without tables."""
    yield server
    server.client.patch("/api/history/retention", json={"on": True})
    for waiting in server.client.get("/api/quarantine").json():
        server.client.post(f"/api/quarantine/{waiting['id']}/discard", json={})
    server.app.data.reshape(_drop_everything, cause=Cause()).result(10)
    server.app.data.fresh_catalog()


def _drop_everything(connection: apsw.Connection) -> None:
    sql = (
        "SELECT type, name FROM sqlite_schema WHERE type IN ('view', 'table') AND name NOT GLOB '_rolltop*' "
        "AND name NOT GLOB 'sqlite*' ORDER BY type DESC"
    )
    for kind, name in connection.execute(sql).fetchall():
        connection.execute(f"DROP {kind} {quote(str(name))}")


Make = Callable[[str], Owner]


@pytest.fixture
def make(owner: Owner) -> Make:
    """The owner with tables that this SQL makes."""

    def _made(sql: str) -> Owner:
        owner.sql(sql)
        return owner

    return _made
