"""The page talks to the window around it, through a fake pipe."""

import queue
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rolltop.app import Application

WAIT = 30.0
REPORT = {"title": "Rolltop", "user": "Owner", "painted": True}


class Pipe:
    """What the server says to the window."""

    def __init__(self, app: Application) -> None:
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.say = app.bridge.receive
        app.bridge.attach(self._hear)

    def _hear(self, event: str, /, **members: Any) -> None:
        self.said.put({"ev": event, **members})

    def wait(self, event: str) -> dict[str, Any]:
        """The next message of this kind."""
        while True:
            message = self.said.get(timeout=WAIT)
            if message["ev"] == event:
                return message


@pytest.fixture
def pipe(app: Application) -> Pipe:
    """A window at the other end."""
    return Pipe(app)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A small file to import."""
    path = tmp_path / "ä b%20.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    return path


def picked(client: TestClient) -> "queue.Queue[Any]":
    """Ask for the dialog in a thread, since the answer waits for the person."""
    answers: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=lambda: answers.put(client.post("/api/desktop/pick-import")), daemon=True).start()
    return answers


def test_without_a_window_there_is_no_dialog(client: TestClient) -> None:
    answer = client.post("/api/desktop/pick-import")
    assert answer.status_code == 409
    assert answer.json()["code"] == "desktop.absent"
    assert answer.json()["hint"]


def test_without_a_window_a_report_changes_nothing(client: TestClient) -> None:
    assert client.post("/api/desktop/ready", json=REPORT).status_code == 204


@pytest.mark.parametrize(
    "body", [{}, {**REPORT, "title": 5}, {**REPORT, "extra": 1}, {**REPORT, "title": "x" * 301}, [], "text"]
)
def test_a_report_of_another_shape_is_refused(client: TestClient, body: object) -> None:
    answer = client.post("/api/desktop/ready", json=body)
    assert answer.status_code == 422
    assert set(answer.json()) >= {"code", "message", "details", "hint"}


@pytest.mark.parametrize("path", ["ready", "pick-import"])
def test_nobody_without_a_token_reaches_the_window(anonymous: TestClient, pipe: Pipe, path: str) -> None:
    assert anonymous.post(f"/api/desktop/{path}", json=REPORT).status_code == 401
    assert pipe.said.empty()


def test_the_report_reaches_the_window(client: TestClient, pipe: Pipe) -> None:
    client.post("/api/desktop/ready", json=REPORT)
    assert pipe.wait("ui") == {"ev": "ui", "event": "ready", **REPORT}


def test_a_chosen_file_becomes_an_import(client: TestClient, pipe: Pipe, table: Path) -> None:
    answers = picked(client)
    asked = pipe.wait("dialog")
    assert asked["kind"] == "open"
    assert asked["filters"][0].startswith("Tables (*.csv")
    pipe.say({"ev": "reply", "id": asked["id"], "value": str(table)})
    answer = answers.get(timeout=WAIT)
    assert answer.status_code == 201
    assert answer.json()["name"] == table.name
    assert client.get(f"/api/imports/{answer.json()['id']}").status_code == 200


@pytest.mark.parametrize("value", [None, "", 5, []])
def test_a_dialog_that_was_cancelled(client: TestClient, pipe: Pipe, value: object) -> None:
    answers = picked(client)
    pipe.say({"ev": "reply", "id": pipe.wait("dialog")["id"], "value": value})
    assert answers.get(timeout=WAIT).status_code == 204


def test_a_chosen_file_that_is_gone_is_said(client: TestClient, pipe: Pipe, tmp_path: Path) -> None:
    answers = picked(client)
    pipe.say({"ev": "reply", "id": pipe.wait("dialog")["id"], "value": str(tmp_path / "gone.csv")})
    answer = answers.get(timeout=WAIT)
    assert answer.status_code in (404, 422)
    assert answer.json()["hint"]


def test_replies_that_nobody_waits_for_change_nothing(client: TestClient, pipe: Pipe) -> None:
    pipe.say({"ev": "reply", "id": 99, "value": 1})
    pipe.say({"ev": "reply"})
    pipe.say({"ev": "what"})
    pipe.say({"ev": "open", "paths": [5, "relative.csv"]})
    pipe.say({"ev": "code", "id": "x"})
    code = pipe.wait("code")
    assert code["id"] == "x"
    assert client.post("/api/auth/exchange", json={"code": code["code"]}).status_code == 200


def test_messages_before_the_start_are_kept(app: Application, pipe: Pipe) -> None:
    pipe.say({"ev": "code", "id": 1})
    assert pipe.said.empty()
    with TestClient(app, base_url="http://127.0.0.1:8377"):
        assert pipe.wait("code")["id"] == 1


def test_a_file_that_cannot_be_read_is_told_to_the_window(
    client: TestClient, pipe: Pipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rolltop.bridge.desktop.LISTEN_SECONDS", 0.0)
    client.post("/api/desktop/ready", json=REPORT)
    assert pipe.wait("ui")["event"] == "ready"
    pipe.say({"ev": "open", "paths": [str(tmp_path / "gone.csv")]})
    refused = pipe.wait("ui")
    assert refused["event"] == "refused"
    assert refused["path"].endswith("gone.csv")
    assert refused["reason"]
