"""A few lines of the Chrome DevTools protocol, for looking into the page of a real window.

Playwright cannot connect to QtWebEngine ("Browser context management is not supported"), and the window itself offers
no way into its page, by design. The port is only there because the test asks Qt for it by an environment variable.
"""

import base64
import json
import os
import socket
import struct
import time
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any, Self

WAIT = 60.0


class Page:
    """One page, by its WebSocket."""

    def __init__(self, port: int, origin: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self._file = self._socket.makefile("rb")
        self._number = 0
        self._upgrade(port, _target(port, origin))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._socket.close()

    def evaluate(self, script: str, *, gesture: bool = False) -> Any:
        """The value of an expression; a promise is waited for. `gesture`: as if the person had clicked."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=gesture
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; events in between are passed over."""
        self._number += 1
        self._send(json.dumps({"id": self._number, "method": method, "params": parameters}).encode())
        while True:
            message = json.loads(self._receive())
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def _upgrade(self, port: int, path: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        assert b" 101 " in self._file.readline()
        while self._file.readline() not in (b"\r\n", b""):
            pass

    def _send(self, text: bytes) -> None:
        mask = os.urandom(4)
        head = b"\x81" + (bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text)))
        self._socket.sendall(head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(text)))

    def _receive(self) -> bytes:
        parts = []
        while True:
            first, second = self._file.read(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self._file.read(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._file.read(8))
            parts.append(self._file.read(size))
            if first & 0x80:
                return b"".join(parts)


def _target(port: int, origin: str) -> str:
    """The path of the WebSocket of the page whose address starts with `origin`, as soon as there is one."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        try:
            with opener.open(f"http://127.0.0.1:{port}/json", timeout=5) as answer:
                for target in json.load(answer):
                    if target["type"] == "page" and target["url"].startswith(origin):
                        return str(target["webSocketDebuggerUrl"]).partition(f":{port}")[2]
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.05)
    raise AssertionError(f"no page of {origin}")
