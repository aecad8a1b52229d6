"""JSON lines between the server and the window that started it: stdin and stdout, one object a line.

Server to window: `ready{url,port,pid,instance}`, `code{id,code}`, `dialog{id,kind,filters,name}`, `ui{event,…}`,
`fatal{code,reason,hint}`. Window to server: `code{id}`, `reply{id,value}`, `open{paths}`. The end of stdin means stop.
The kind of a message is its member `ev`.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

LINE_BYTES = 1_000_000

log = logging.getLogger("rolltop.serve")


class Pipe:
    """The server's end. `send` may be called from any thread; received messages arrive on the reader's thread."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()

    def send(self, event: str, /, **members: Any) -> None:
        """Write one message; a parent that is gone is noticed by the reader, not here."""
        line = json.dumps({"ev": event, **members}, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                self._outgoing.write(line)
                self._outgoing.flush()
            except (OSError, ValueError):
                log.info("The window no longer listens.")

    def start(self, receive: Callable[[dict[str, Any]], None], ended: Callable[[], None]) -> None:
        """Read in a thread of its own until the end of input; no message stops it, and `ended` is always called."""
        threading.Thread(target=self._read, args=(receive, ended), name="pipe", daemon=True).start()

    def _read(self, receive: Callable[[dict[str, Any]], None], ended: Callable[[], None]) -> None:
        try:
            while line := self._incoming.readline(LINE_BYTES):
                try:
                    message = json.loads(line)
                    if not isinstance(message, dict) or not isinstance(message.get("ev"), str):
                        raise ValueError("not a message")
                    receive(message)
                except Exception:
                    log.exception("A message from the window was not understood.")
        except (OSError, ValueError):
            log.info("The pipe to the window broke.")
        finally:
            ended()


def take_standard_streams() -> Pipe:
    """Take stdin and stdout for the protocol; whatever else prints goes to stderr from now on."""
    incoming = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout.flush()
    if sys.stderr is not None:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, sys.stdin.fileno())
    os.close(null)
    sys.stdout = sys.stderr
    return Pipe(incoming, outgoing)
