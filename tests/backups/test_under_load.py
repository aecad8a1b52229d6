"""A backup under load shows one moment of every writer's history, in both databases, and nobody waits for it."""

import concurrent.futures
import threading
import time
from pathlib import Path

import httpx
from tests.backups.conftest import Unpacked
from tests.conftest import Servers

WRITERS = 4
PATIENCE = 60


def test_shows_one_moment(servers: Servers, tmp_path: Path, unpacked: Unpacked) -> None:
    server = servers.start(tmp_path / "workspace")
    http = httpx.Client(base_url=server.url, headers=server.headers, trust_env=False, timeout=60)
    columns = [{"name": "writer", "type": "integer"}, {"name": "step", "type": "integer"}, {"name": "pad"}]
    for table in ("steps", "echo"):
        assert http.post("/api/collections", json={"name": table, "columns": columns}).status_code == 201
    filling = [{"writer": -1, "step": number, "pad": "x" * 1000} for number in range(20_000)]
    assert http.post("/rest/v1/steps", json=filling).status_code == 201

    stopped = threading.Event()
    slowest = [0.0] * WRITERS

    def write(writer: int) -> int:
        """A step is a row in one table, then one in the other, then a saved query."""
        with httpx.Client(base_url=server.url, headers=server.headers, trust_env=False, timeout=60) as own:
            step = 0
            while not stopped.is_set():
                step += 1
                began = time.monotonic()
                row = {"writer": writer, "step": step}
                assert own.post("/rest/v1/steps", json=row).status_code == 201
                assert own.post("/rest/v1/echo", json=row).status_code == 201
                saved = {"name": f"w{writer}_{step}", "sql": "SELECT 1 AS one"}
                assert own.post("/api/queries", json=saved).status_code == 201
                slowest[writer] = max(slowest[writer], time.monotonic() - began)
            return step

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, writer) for writer in range(WRITERS)]
        backups = []
        for _ in range(3):
            job = http.post("/api/backups").json()["id"]
            deadline = time.monotonic() + PATIENCE
            while (found := http.get(f"/api/jobs/{job}").json())["ended"] is None:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert found["state"] == "done", found["error"]
            backups.append(server.workspace / "backups" / f"{found['result']['backup']}.zip")
        stopped.set()
        done = [each.result() for each in writing]
    http.close()

    for backup in backups:
        for writer in range(WRITERS):
            where = f"WHERE writer = {writer}"
            steps = [step for (step,) in unpacked.rows(backup, f"SELECT step FROM steps {where} ORDER BY step")]
            echo = [step for (step,) in unpacked.rows(backup, f"SELECT step FROM echo {where} ORDER BY step")]
            sql = f"SELECT count(*) FROM queries WHERE name LIKE 'w{writer}\\_%' ESCAPE '\\'"
            queries = unpacked.rows(backup, sql, "rolltop.db")[0][0]
            assert steps == list(range(1, len(steps) + 1))
            assert echo == list(range(1, len(echo) + 1))
            assert len(steps) - 1 <= len(echo) <= len(steps) <= done[writer]
            assert len(echo) - 1 <= queries <= len(echo)
    assert len({len(unpacked.rows(backup, "SELECT 1 FROM steps")) for backup in backups}) == 3
    assert max(slowest) < 5
