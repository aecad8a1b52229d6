"""The export of all flights to one file: seconds until its last byte is here, and what the server's memory grew by."""

import subprocess
import time
import urllib.request
from pathlib import Path

from tests.bench.memory import Watch
from tests.bench.results import Sample, timed
from tests.bench.servers import Server

_READ_BYTES = 1 << 18


def over_http(server: Server, target: str, least: int) -> Sample:
    """Read the whole answer, which must have at least so many bytes, and forget it."""
    cpu, start, size = server.cpu(), time.perf_counter(), 0
    request = urllib.request.Request(f"http://{server.host}{target}")
    request.add_header("Authorization", f"Bearer {server.token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with Watch(server.process.pid) as watch, opener.open(request, timeout=600) as answer:
        while part := answer.read(_READ_BYTES):
            size += len(part)
    seconds = time.perf_counter() - start
    if size < least:
        raise SystemExit(f"{server.name} exported {size} bytes, which cannot be all.")
    return timed(seconds, server.cpu() - cpu, watch.most - watch.before)


def by_command_line(database: Path, target: Path, mode: str) -> Sample:
    """The sqlite3 program, writing `csv` or `json` to a file."""
    command = ["sqlite3", "-readonly", f"-{mode}", *(["-header"] if mode == "csv" else []), str(database)]
    start = time.perf_counter()
    with target.open("wb") as file:
        subprocess.run([*command, "SELECT * FROM flights"], check=True, stdout=file)
    return timed(time.perf_counter() - start)
