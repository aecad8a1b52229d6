"""The contenders that answer over HTTP: started here, each in a process of its own, and ended here."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil
from tests.bench.flights import Material
from tests.bench.load import request_bytes
from tests.bench.workloads import ASGI, FASTAPI, HAND, OURS

from rolltop import discovery

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "bench-token"
START_SECONDS = 60
CARRIERS = ("UA", "B6", "EV", "DL", "AA")
Recipe = Callable[["Server", Material], list[bytes]]


@dataclass
class Server:
    """A running contender."""

    name: str
    port: int
    token: str
    process: subprocess.Popen[bytes]
    recipes: dict[str, Recipe] = field(repr=False)

    @property
    def host(self) -> str:
        """As the Host header has it."""
        return f"127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Seconds of CPU that the process has taken so far, user and system."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self.port

    def call(self, method: str, target: str, body: bytes | Path = b"", content_type: str = "application/json") -> Any:
        """One request apart from the measuring, with bytes or a file; the JSON of the answer."""
        if isinstance(body, Path):
            with body.open("rb") as file:
                read = self.raw(target, method, file, content_type, body.stat().st_size)
        else:
            read = self.raw(target, method, body, content_type, len(body))
        return json.loads(read) if read else None

    def raw(
        self, target: str, method: str = "GET", body: bytes | IO[bytes] = b"", content_type: str = "", size: int = 0
    ) -> bytes:
        """The same; the answer's bytes."""
        request = urllib.request.Request(f"http://{self.host}{target}", data=body or None, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if body:
            request.add_header("Content-Type", content_type)
            request.add_header("Content-Length", str(size))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=600) as answer:
            read: bytes = answer.read()
        return read

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _spawn(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _wait_for(process: subprocess.Popen[bytes], ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            said = process.communicate()[1].decode(errors="replace")
            raise SystemExit(f"{what} did not start: {said[-2000:]}")
        time.sleep(0.003)


def _answers(port: int, target: str, token: str) -> bool:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{target}", headers={"Authorization": f"Bearer {token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        return error.code == 404  # the workspace has no flights yet
    except OSError:
        return False


# ---- Rolltop ---------------------------------------------------------------------------------------------------------


def start_rolltop(workspace: Path) -> Server:
    """`rolltop serve` on this workspace, when it has answered its first request."""
    (workspace / discovery.RUNTIME_FILE).unlink(missing_ok=True)
    command = [sys.executable, "-m", "rolltop", "serve", "--port", "0", "--workspace", str(workspace)]
    process = _spawn(command, {"ROLLTOP_HOME": str(workspace.parent / "home")})
    found: list[discovery.RuntimeFile] = []

    def announced() -> bool:
        runtime = discovery.read(workspace)
        if runtime is not None:
            found.append(runtime)
        return bool(found)

    _wait_for(process, announced, OURS)
    port = int(found[-1].url.rsplit(":", 1)[1])
    _wait_for(process, lambda: _answers(port, "/rest/v1/flights?id=eq.1", found[-1].token), OURS)
    return Server(OURS, port, found[-1].token, process, _ROLLTOP)


def settled(server: Server) -> Server:
    """The same server once it has loaded what it loads behind its first answers, which costs a second of CPU."""
    _wait_for(server.process, lambda: _answers(server.port, "/health/ready", server.token), server.name)
    return server


def resting(server: Server) -> None:
    """Wait until the server does nothing any more, for ten seconds at most."""
    until, quiet = time.monotonic() + 10, 0
    while quiet < 3 and time.monotonic() < until:
        before = server.cpu()
        time.sleep(0.2)
        quiet = quiet + 1 if server.cpu() - before < 0.02 else 0


def _mixed(points: list[bytes], pages: list[bytes], inserts: list[bytes]) -> list[bytes]:
    """Of 20 requests 12 read a row, 6 a page of 100, 2 insert; as many twenties as there are inserts."""
    some, pages_on, inserts_on = cycle(points), cycle(pages), iter(inserts)
    mixed = []
    for insert in inserts_on:
        part = [next(some) for _ in range(12)] + [next(pages_on) for _ in range(6)] + [insert, next(inserts_on, insert)]
        mixed += [part[number * 7 % 20] for number in range(20)]
    return mixed


def _rolltop_points(server: Server, material: Material) -> list[bytes]:
    targets = [f"/rest/v1/flights?id=eq.{key}" for key in material.keys]
    return [request_bytes("GET", target, server.host, server.token) for target in targets]


def _rolltop_page(limit: int) -> Recipe:
    def requests(server: Server, _material: Material) -> list[bytes]:
        targets = [f"/rest/v1/flights?carrier=eq.{name}&order=time_hour.desc&limit={limit}" for name in CARRIERS]
        return [request_bytes("GET", target, server.host, server.token) for target in targets]

    return requests


def _rolltop_insert(server: Server, material: Material) -> list[bytes]:
    headers = ("Content-Type: application/json", "Prefer: return=representation")
    return [
        request_bytes("POST", "/rest/v1/flights", server.host, server.token, body, *headers) for body in material.bodies
    ]


def _rolltop_bulk(server: Server, material: Material) -> list[bytes]:
    headers = ("Content-Type: application/json", "Prefer: return=minimal")
    return [request_bytes("POST", "/rest/v1/flights", server.host, server.token, material.bulk, *headers)]


def _rolltop_update(server: Server, material: Material) -> list[bytes]:
    headers = ("Content-Type: application/json", "Prefer: return=representation")
    targets = [f"/rest/v1/flights?id=eq.{key}" for key in material.keys]
    pairs = zip(targets, cycle(material.changes), strict=False)
    return [request_bytes("PATCH", target, server.host, server.token, body, *headers) for target, body in pairs]


def _rolltop_aggregate(server: Server, _material: Material) -> list[bytes]:
    target = "/rest/v1/flights?select=carrier,month,n:count(),mean:dep_delay.avg()&order=carrier,month"
    return [request_bytes("GET", target, server.host, server.token)]


def _mix(points: Recipe, page: Recipe, insert: Recipe) -> Recipe:
    return lambda server, material: _mixed(points(server, material), page(server, material), insert(server, material))


# ---- the others ------------------------------------------------------------------------------------------------------


def start_uvicorn(
    name: str, application: str, recipes: dict[str, Recipe], probe: str, *options: str, **environment: str
) -> Server:
    """An ASGI application of this folder under uvicorn (uvloop and httptools, as Rolltop has them)."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--app-dir", str(ROOT), "--port", str(port)]
    command += ["--log-level", "warning", "--no-access-log", *options]
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _wait_for(process, lambda: _answers(port, probe, TOKEN), name)
    return Server(name, port, TOKEN, process, recipes)


def start_handwritten(database: Path) -> Server:
    """The FastAPI and SQLModel app."""
    environment = {"BENCH_DATABASE": str(database), "BENCH_TOKEN": TOKEN}
    return start_uvicorn(HAND, "tests.bench.handwritten:app", _HANDWRITTEN, "/flights/1", **environment)


def start_bare_asgi(answers: Path) -> Server:
    """The constant, behind uvicorn alone."""
    return start_uvicorn(ASGI, "tests.bench.constants:asgi", _CONSTANT, "/point", BENCH_ANSWERS=str(answers))


def start_fastapi_constant(answers: Path) -> Server:
    """The constant, behind a FastAPI route."""
    environment = {"BENCH_ANSWERS": str(answers)}
    application = "tests.bench.constants:fastapi_app"
    return start_uvicorn(FASTAPI, application, _CONSTANT, "/point", "--factory", **environment)


def _hand_points(server: Server, material: Material) -> list[bytes]:
    return [request_bytes("GET", f"/flights/{key}", server.host, server.token) for key in material.keys]


def _hand_page(limit: int) -> Recipe:
    def requests(server: Server, _material: Material) -> list[bytes]:
        targets = [f"/flights?carrier={quote(name)}&order=time_hour&limit={limit}" for name in CARRIERS]
        return [request_bytes("GET", target, server.host, server.token) for target in targets]

    return requests


def _hand_insert(server: Server, material: Material) -> list[bytes]:
    kind = "Content-Type: application/json"
    return [request_bytes("POST", "/flights", server.host, server.token, body, kind) for body in material.bodies]


def _hand_bulk(server: Server, material: Material) -> list[bytes]:
    kind = "Content-Type: application/json"
    return [request_bytes("POST", "/flights/bulk", server.host, server.token, material.bulk, kind)]


def _hand_update(server: Server, material: Material) -> list[bytes]:
    kind = "Content-Type: application/json"
    pairs = zip([f"/flights/{key}" for key in material.keys], cycle(material.changes), strict=False)
    return [request_bytes("PATCH", target, server.host, server.token, body, kind) for target, body in pairs]


def _hand_aggregate(server: Server, _material: Material) -> list[bytes]:
    return [request_bytes("GET", "/delays", server.host, server.token)]


def _constant(name: str) -> Recipe:
    return lambda server, _material: [request_bytes("GET", f"/{name}", server.host, server.token)]


def _constant_insert(server: Server, material: Material) -> list[bytes]:
    kind = "Content-Type: application/json"
    return [request_bytes("POST", "/insert", server.host, server.token, body, kind) for body in material.bodies]


def _constant_update(server: Server, material: Material) -> list[bytes]:
    kind = "Content-Type: application/json"
    return [request_bytes("PATCH", "/insert", server.host, server.token, body, kind) for body in material.changes]


_ROLLTOP: dict[str, Recipe] = {
    "point": _rolltop_points,
    "page100": _rolltop_page(100),
    "page1000": _rolltop_page(1000),
    "aggregate": _rolltop_aggregate,
    "mix": _mix(_rolltop_points, _rolltop_page(100), _rolltop_insert),
    "insert": _rolltop_insert,
    "insert1": _rolltop_insert,
    "bulk": _rolltop_bulk,
    "update": _rolltop_update,
}
_HANDWRITTEN: dict[str, Recipe] = {
    "point": _hand_points,
    "page100": _hand_page(100),
    "page1000": _hand_page(1000),
    "aggregate": _hand_aggregate,
    "mix": _mix(_hand_points, _hand_page(100), _hand_insert),
    "insert": _hand_insert,
    "insert1": _hand_insert,
    "bulk": _hand_bulk,
    "update": _hand_update,
}
_CONSTANT: dict[str, Recipe] = {
    "point": _constant("point"),
    "page100": _constant("page100"),
    "page1000": _constant("page1000"),
    "mix": _mix(_constant("point"), _constant("page100"), _constant_insert),
    "insert": _constant_insert,
    "insert1": _constant_insert,
    "update": _constant_update,
}
