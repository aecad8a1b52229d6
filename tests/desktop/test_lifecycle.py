"""The window's life with a fake window and fake children: every state, every way between them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.desktop.fakes import FakeChild, FakeOutside, FakeReport, FakeRunning, FakeServers, FakeWindow, Notes

from rolltop_desktop import lifecycle
from rolltop_desktop.lifecycle import ExitCode, Lifecycle, Report, State


class Stage:
    """A lifecycle and everything around it."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.window = FakeWindow(self.notes)
        self.servers = FakeServers(self.notes)
        self.outside = FakeOutside(self.notes)
        self.now = 0.0
        self.life: Lifecycle

    def start(self, files: list[Path] | None = None, report: Report | None = None, port: int | None = None) -> None:
        self.life = Lifecycle(
            self.window,
            self.servers,
            self.outside,
            port=port,
            files=files,
            report=report,
            clock=lambda: self.now,
        )
        self.life.start()

    def run(self) -> FakeChild:
        """Start and come to RUNNING."""
        self.start()
        child = self.servers.wait(1)
        child.ready()
        child.answer_code()
        child.page_ready()
        self.reach(State.RUNNING)
        return child

    def reach(self, state: State) -> None:
        assert self.life.wait_for(state, seconds=20), f"{self.life.state} instead of {state}"


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.life.close()
    made.reach(State.ENDED)


def test_a_start_shows_the_page_with_a_one_time_code(stage: Stage) -> None:
    stage.run()
    url = stage.notes.wait("load")[1]
    assert url.startswith("http://127.0.0.1:8377/?n=")
    assert url.endswith("#code=code-1")
    assert stage.notes.of("port") == [("port", 8377)]


def test_two_loads_differ_before_the_fragment(stage: Stage) -> None:
    child = stage.run()
    stage.life.renderer_gone()
    child.answer_code(count=2)
    first, second = stage.notes.wait("load")[1], stage.notes.wait("load", count=2)[1]
    assert first.partition("#")[0] != second.partition("#")[0]


def test_closing_asks_the_server_to_end_and_exits_well(stage: Stage) -> None:
    stage.run()
    assert stage.life.finish() is ExitCode.OK
    assert [note[0] for note in stage.notes.all][-3:] == ["close window", "close_input", "wait"]


def test_a_server_that_does_not_end_is_terminated_then_killed(stage: Stage) -> None:
    child = stage.run()
    child.ends_on = "kill"
    assert stage.life.finish() is ExitCode.OK
    asked = [note for note in stage.notes.all if note[0] in ("close_input", "wait", "terminate", "kill")]
    assert asked[:5] == [("close_input",), ("wait", 8.0), ("terminate",), ("wait", 2.0), ("kill",)]


def test_a_server_that_dies_is_started_again_on_the_same_port(stage: Stage) -> None:
    child = stage.run()
    child.gone(-9)
    again = stage.servers.wait(2)
    assert stage.notes.of("spawn") == [("spawn", None), ("spawn", 8377)]
    stage.notes.wait("show", "Starting the server again")
    again.ready()
    again.answer_code(count=2)
    again.page_ready()
    stage.reach(State.RUNNING)
    assert stage.notes.wait("load", count=2)[1].endswith("#code=code-2")


@pytest.mark.parametrize(
    ("where", "start"),
    [("/", "/?n="), ("/data/flights", "/data/flights?n="), ("/data/flights?a=eq.1", "/data/flights?a=eq.1&n=")],
)
def test_the_person_comes_back_to_where_they_were(stage: Stage, where: str, start: str) -> None:
    child = stage.run()
    stage.window.where = where
    child.gone(-9)
    again = stage.servers.wait(2)
    again.ready()
    again.answer_code(count=2)
    assert stage.notes.wait("load", count=2)[1].startswith(f"http://127.0.0.1:8377{start}")


def test_the_fourth_death_in_five_minutes_is_said(stage: Stage) -> None:
    child = stage.run()
    for count in (2, 3, 4):
        child.gone(-11)
        child = stage.servers.wait(count)
        child.ready()
        stage.reach(State.LOAD)
    child.gone(-11)
    stage.reach(State.FAILED)
    notice = stage.notes.wait("show", "The server keeps stopping")[2]
    assert notice.actions == ("retry", "log", "quit")
    assert "-11" in notice.text
    assert stage.life.finish() is ExitCode.SERVER_FAILED


def test_deaths_far_apart_do_not_count_together(stage: Stage) -> None:
    child = stage.run()
    for count in range(2, 7):
        stage.now += 200
        child.gone(-11)
        child = stage.servers.wait(count)
        child.ready()
        stage.reach(State.LOAD)


def test_a_server_that_dies_at_the_start_is_not_started_again_unasked(stage: Stage) -> None:
    stage.start()
    stage.servers.wait(1).gone(3)
    stage.reach(State.FAILED)
    stage.notes.wait("show", "The server stopped before it was ready")
    stage.life.action("retry")
    again = stage.servers.wait(2)
    again.ready()
    again.answer_code()
    again.page_ready()
    stage.reach(State.RUNNING)
    assert stage.life.finish() is ExitCode.OK


def test_a_fatal_error_is_shown_in_the_servers_words(stage: Stage) -> None:
    stage.start()
    child = stage.servers.wait(1)
    child.say({"ev": "fatal", "code": "data.not_sqlite", "reason": "It is not SQLite.", "hint": "Name another."})
    child.gone(6)
    stage.reach(State.FAILED)
    notice = stage.notes.wait("show", "The server cannot start")[2]
    assert (notice.text, notice.hint) == ("It is not SQLite.", "Name another.")


def test_a_server_that_cannot_be_started_is_said(stage: Stage) -> None:
    stage.servers.fails = FileNotFoundError(2, "No such file")
    stage.start()
    stage.reach(State.FAILED)
    stage.notes.wait("show", "The server could not be started")


def test_a_server_that_is_not_ready_in_time_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "START_SECONDS", 0.0)
    stage.start()
    child = stage.servers.wait(1)
    stage.reach(State.FAILED)
    stage.notes.wait("show", "The server does not start")
    stage.notes.wait("close_input")
    child.ready()  # too late: nobody listens any more
    assert stage.life.state is State.FAILED


def test_a_page_that_is_never_usable_fails_the_smoke_test(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "PAGE_SECONDS", 0.0)
    stage.start(report=FakeReport(stage.notes, ends_at="failed"))
    child = stage.servers.wait(1)
    child.ready()
    child.answer_code()
    stage.reach(State.ENDED)
    assert stage.notes.wait("note", "failed")[2]["title"] == "The page is not usable"
    assert stage.life.finish() is ExitCode.SERVER_FAILED


def test_the_buttons_of_the_error_page(stage: Stage) -> None:
    stage.start()
    stage.servers.wait(1).gone(1)
    stage.reach(State.FAILED)
    stage.life.action("log")
    stage.notes.wait("open log")
    stage.life.action("browser")  # there is no server to show
    stage.life.action("unknown")
    stage.life.action("quit")
    stage.notes.wait("close window")
    assert stage.notes.of("browse") == []


def test_a_page_that_keeps_dying_offers_the_browser(stage: Stage) -> None:
    child = stage.run()
    for count in (2, 3, 4):
        stage.life.renderer_gone()
        child.answer_code(count=count)
        child.page_ready()
        stage.reach(State.RUNNING)
    stage.life.renderer_gone()
    stage.reach(State.FAILED)
    assert "browser" in stage.notes.wait("show", "The page keeps stopping")[2].actions
    stage.life.action("browser")
    child.answer_code(count=5)
    assert stage.notes.wait("browse") == ("browse", "http://127.0.0.1:8377", "code-5")
    stage.life.action("retry")
    child.answer_code(count=6)
    child.page_ready()
    stage.reach(State.RUNNING)


def test_files_of_the_start_are_sent_when_the_server_is_ready(stage: Stage, tmp_path: Path) -> None:
    stage.start(files=[tmp_path / "ä b.csv"])
    stage.servers.wait(1).ready()
    assert stage.notes.wait("send", "open")[2] == {"paths": [str(tmp_path / "ä b.csv")]}


def test_a_second_start_brings_the_window_forward_and_its_files(stage: Stage, tmp_path: Path) -> None:
    stage.run()
    assert stage.life.activate([tmp_path / "a.csv"], "a token")
    stage.notes.wait("focus", "a token")
    assert stage.notes.wait("send", "open")[2] == {"paths": [str(tmp_path / "a.csv")]}


def test_a_second_start_before_the_server_is_ready_waits(stage: Stage, tmp_path: Path) -> None:
    stage.start()
    assert stage.life.activate([tmp_path / "a.csv"])
    stage.notes.wait("focus")
    stage.servers.wait(1).ready()
    stage.notes.wait("send", "open")


def test_a_window_that_closes_takes_no_more_files(stage: Stage, tmp_path: Path) -> None:
    stage.run()
    stage.life.finish()
    assert not stage.life.activate([tmp_path / "a.csv"])


def test_a_dialog_is_answered(stage: Stage) -> None:
    child = stage.run()
    stage.window.answer = "/home/a/ä b.csv"
    child.say({"ev": "dialog", "id": 7, "kind": "open", "filters": ["Tables (*.csv)"], "name": ""})
    assert stage.notes.wait("send", "reply")[2] == {"id": 7, "value": "/home/a/ä b.csv"}
    assert stage.notes.of("dialog") == [("dialog", "open", ("Tables (*.csv)",), "")]


def test_a_dialog_that_fails_is_answered_with_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    child = stage.run()
    monkeypatch.setattr(stage.window, "dialog", lambda *_: 1 / 0)
    child.say({"ev": "dialog", "id": 8, "kind": "open"})
    assert stage.notes.wait("send", "reply")[2] == {"id": 8, "value": None}


def test_a_file_that_is_refused_is_said_in_a_box(stage: Stage) -> None:
    child = stage.run()
    child.say({"ev": "ui", "event": "refused", "path": "/a/b.bin", "reason": "It is not text.", "hint": "Save as CSV."})
    assert stage.notes.wait("tell") == ("tell", "b.bin was not opened", "It is not text.\nSave as CSV.")


@pytest.mark.parametrize(
    "message",
    [{"ev": "ready"}, {"ev": "code", "id": "x"}, {"ev": "ui"}, {"ev": 5}, {}, {"ev": "ready", "url": 1, "port": "x"}],
)
def test_messages_without_meaning_change_nothing(stage: Stage, message: dict[str, object]) -> None:
    child = stage.run()
    child.say(message)
    child.say({"ev": "dialog", "id": 1, "kind": "open"})
    stage.notes.wait("send", "reply")
    assert stage.life.state is State.RUNNING


def test_a_server_that_runs_already_is_shown_and_left_alone(stage: Stage, tmp_path: Path) -> None:
    stage.outside.running = FakeRunning(stage.notes)
    stage.start(files=[tmp_path / "a.csv"])
    assert stage.notes.wait("load")[1].endswith("#code=their-code")
    stage.notes.wait("bring", tmp_path / "a.csv")
    stage.life.activate([tmp_path / "b.csv"])
    stage.notes.wait("bring", tmp_path / "b.csv")
    assert stage.life.finish() is ExitCode.OK
    assert stage.notes.of("spawn") == stage.notes.of("close_input") == []


def test_when_a_server_that_was_only_shown_ends_ours_takes_its_place(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "WATCH_SECONDS", 0.0)
    stage.outside.running = FakeRunning(stage.notes)
    stage.start()
    stage.reach(State.LOAD)
    stage.notes.wait("find", count=5)  # it is asked again and again
    stage.window.where = "/data/flights"
    stage.outside.running = None
    child = stage.servers.wait(1)
    child.ready()
    child.answer_code()
    assert stage.notes.wait("load", count=2)[1].startswith("http://127.0.0.1:8377/data/flights?n=")


def test_a_server_that_was_only_shown_and_was_started_again_is_shown_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "WATCH_SECONDS", 0.0)
    stage.outside.running = FakeRunning(stage.notes)
    stage.start()
    stage.reach(State.LOAD)
    stage.outside.running = FakeRunning(stage.notes, "another")
    stage.notes.wait("load", count=2)
    assert stage.notes.of("spawn") == []


def test_a_running_server_that_does_not_answer_is_said(stage: Stage) -> None:
    stage.outside.running = FakeRunning(stage.notes)
    stage.outside.running.fails = ConnectionRefusedError(111, "Connection refused")
    stage.start()
    stage.reach(State.FAILED)
    stage.notes.wait("show", "The running server does not answer")


def test_a_server_that_was_started_in_this_very_moment_is_shown(stage: Stage) -> None:
    stage.start()
    child = stage.servers.wait(1)
    stage.outside.running = FakeRunning(stage.notes)
    child.say({"ev": "fatal", "code": "workspace.in_use", "reason": "In use.", "hint": ""})
    child.gone(4)
    stage.reach(State.LOAD)
    stage.notes.wait("load")


@pytest.mark.parametrize("when", [lambda _stage: None, lambda stage: stage.servers.wait(1)])
def test_closing_while_the_server_starts(stage: Stage, when: Callable[[Stage], object]) -> None:
    stage.start()
    when(stage)
    assert stage.life.finish() is ExitCode.OK


def test_the_smoke_test_ends_by_itself(stage: Stage) -> None:
    stage.start(report=FakeReport(stage.notes, ends_at="ui_ready"))
    child = stage.servers.wait(1)
    child.ready()
    child.answer_code()
    child.page_ready()
    stage.reach(State.ENDED)
    noted = stage.notes.wait("note", "ui_ready")[2]
    assert noted == {"title": "Rolltop", "user": "Owner", "painted": True, "url": "http://127.0.0.1:8377"}
