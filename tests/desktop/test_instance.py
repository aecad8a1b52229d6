"""One window for a workspace: the lock, the hand-over, and what a dead window leaves behind."""

import json
import socket
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rolltop_desktop import instance
from rolltop_desktop.instance import ADDRESS_FILE, LOCK_FILE, Instance, NotAnswering

HOLDER = """
    import sys, threading
    from pathlib import Path
    from rolltop_desktop.instance import Instance

    def activate(paths, token):
        print("took", *paths, token, flush=True)
        return True

    mine = Instance.claim_or_hand_over(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    if mine is None:
        print("handed over", flush=True)
    else:
        mine.on_activate(activate)
        print("holds", flush=True)
        sys.stdin.read()
        mine.release()
"""


class Taken:
    """A window that takes what is handed over."""

    def __init__(self) -> None:
        self.all: list[tuple[list[Path], str]] = []

    def __call__(self, paths: list[Path], token: str) -> bool:
        self.all.append((paths, token))
        return True


def start(workspace: Path, *files: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(workspace), *map(str, files)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def holder(workspace: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(workspace)
    assert said(process) == "holds"
    yield process
    process.kill()
    process.communicate()


def test_a_second_start_hands_its_files_over(holder: subprocess.Popen[str], workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "ä b%20#.csv"
    assert Instance.claim_or_hand_over(workspace, [file], "token-1") is None
    assert said(holder) == f"took {file} token-1"


def test_of_three_starts_at_once_one_lives(workspace: Path, tmp_path: Path) -> None:
    started = [start(workspace, tmp_path / f"{number}.csv") for number in range(3)]
    try:
        first = {process.pid: said(process) for process in started}
        assert sorted(first.values()) == ["handed over", "handed over", "holds"]
        (living,) = (process for process in started if first[process.pid] == "holds")
        taken = {said(living), said(living)}
        assert len(taken) == 2
        assert all(text.startswith("took ") for text in taken)
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_a_killed_holder_does_not_block(holder: subprocess.Popen[str], workspace: Path) -> None:
    holder.kill()
    holder.wait()
    assert (workspace / ADDRESS_FILE).exists()
    mine = Instance.claim_or_hand_over(workspace, [])
    assert mine is not None
    mine.release()


def test_release_leaves_no_address_and_frees_the_lock(workspace: Path) -> None:
    for _ in range(2):
        mine = Instance.claim_or_hand_over(workspace, [])
        assert mine is not None
        mine.release()
        assert not (workspace / ADDRESS_FILE).exists()


def test_the_files_are_private(workspace: Path) -> None:
    mine = Instance.claim_or_hand_over(workspace, [])
    assert mine is not None
    modes = [stat.S_IMODE((workspace / name).stat().st_mode) for name in (".", LOCK_FILE, ADDRESS_FILE)]
    mine.release()
    assert modes == [0o700, 0o600, 0o600]


@pytest.mark.usefixtures("holder")
def test_a_holder_that_is_silent_is_named(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "HANDOVER_SECONDS", 0.2)
    (workspace / ADDRESS_FILE).unlink()
    with pytest.raises(NotAnswering):
        Instance.claim_or_hand_over(workspace, [])


def test_an_address_of_another_process_is_not_believed(
    holder: subprocess.Popen[str], workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "HANDOVER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        foreign.settimeout(0)
        stale = {"v": 1, "pid": holder.pid + 1, "port": foreign.getsockname()[1], "secret": "s"}
        (workspace / ADDRESS_FILE).write_text(json.dumps(stale))
        with pytest.raises(NotAnswering):
            Instance.claim_or_hand_over(workspace, [Path("/secret.csv")])
        with pytest.raises(BlockingIOError):
            foreign.accept()


@pytest.mark.parametrize("message", [b'{"secret":"wrong","paths":["/a"]}\n', b"[]\n", b"nothing\n", b"", b"\xff\n"])
def test_a_stranger_at_the_port_changes_nothing(workspace: Path, message: bytes) -> None:
    taken = Taken()
    mine = Instance.claim_or_hand_over(workspace, [])
    assert mine is not None
    mine.on_activate(taken)
    port = json.loads((workspace / ADDRESS_FILE).read_text())["port"]
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(message)
        stranger.shutdown(socket.SHUT_WR)
        answer = stranger.makefile("rb").read()
    assert answer in (b"", b'{"taken": false}\n')
    assert Instance.claim_or_hand_over(workspace, [Path("/b")]) is None
    assert taken.all == [([Path("/b")], "")]
    mine.release()


def test_a_hand_over_before_the_window_is_there_is_kept(workspace: Path) -> None:
    mine = Instance.claim_or_hand_over(workspace, [])
    assert mine is not None
    assert Instance.claim_or_hand_over(workspace, [Path("/early.csv")], "t") is None
    taken = Taken()
    mine.on_activate(taken)
    assert taken.all == [([Path("/early.csv")], "t")]
    mine.release()


def test_a_window_that_closes_is_waited_for(workspace: Path) -> None:
    closing = Instance.claim_or_hand_over(workspace, [])
    assert closing is not None
    refused = threading.Event()

    def refuse(_paths: list[Path], _token: str) -> bool:
        refused.set()
        return False

    closing.on_activate(refuse)

    def let_go() -> None:
        refused.wait(20)
        closing.release()

    thread = threading.Thread(target=let_go)
    thread.start()
    mine = Instance.claim_or_hand_over(workspace, [])
    thread.join()
    assert mine is not None
    mine.release()


def test_a_workspace_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Instance.claim_or_hand_over(tmp_path / "file" / "workspace", [])
