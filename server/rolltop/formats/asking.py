"""Has a worker read a file, and watches it."""

import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import IO

import msgspec

from rolltop.errors import OutOfSpace
from rolltop.formats.asked import Failure, Message, Progress, Request, Told
from rolltop.formats.errors import Unreadable, damaged

log = logging.getLogger("rolltop.formats")

WORKER = "read-file"
"""The argument that makes the packaged program a worker."""
SILENT_SECONDS = 300.0
_LOOK_SECONDS = 0.1
_LONGEST_LINE = 64 << 20  # of a worker; the longest names all columns and parts

Watch = Callable[[float], None]


def ask(request: Request, watch: Watch) -> Told:
    """Have the file read; `watch` gets the share that is done, is called often, and may raise to stop.

    Raises:
        Unreadable: the file cannot be read, and why.
        OutOfSpace: the disk is full.
    """
    process = subprocess.Popen(
        _command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(msgspec.json.encode(request) + b"\n")
        process.stdin.close()
        return _heard(process.stdout, watch)
    except BrokenPipeError as error:
        raise damaged("file", "") from error
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, WORKER]
    return [sys.executable, "-m", "rolltop.formats"]


def _heard(said: IO[bytes], watch: Watch) -> Told:
    """What the worker says at the end."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(said, lines), name="rolltop-file", daemon=True).start()
    share, last = 0.0, monotonic()
    while True:
        watch(share)
        try:
            line = lines.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            if monotonic() - last > SILENT_SECONDS:
                raise damaged("file", f"reading it got stuck for {SILENT_SECONDS:.0f} seconds") from None
            continue
        if not line:
            raise damaged("file", "the program that reads it gave up, as it does when a file asks for all memory")
        last = monotonic()
        try:
            message = msgspec.json.decode(line, type=Message)
        except msgspec.MsgspecError as error:
            raise damaged("file", "the program that reads it says what makes no sense") from error
        if isinstance(message, Told):
            return message
        if isinstance(message, Progress):
            share = message.share
        else:
            raise _error(message)


def _listen(said: IO[bytes], lines: "queue.SimpleQueue[bytes]") -> None:
    try:
        while line := said.readline(_LONGEST_LINE):
            lines.put(line)
    except (OSError, ValueError):
        log.info("The pipe of a worker broke.")
    lines.put(b"")


def _error(failure: Failure) -> Exception:
    if failure.code == OutOfSpace.code:
        return OutOfSpace(failure.message, hint=failure.hint)
    return Unreadable(failure.message, details=failure.details, hint=failure.hint, code=failure.code)
