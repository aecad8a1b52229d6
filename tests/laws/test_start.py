"""What a starting server may load: the first paint waits for all of it."""

import json
import re
import subprocess
import sys
from pathlib import Path

# Each costs between half a second and five on a small machine; they load when first used.
HEAVY = {"duckdb", "httpx", "numpy", "onnxruntime", "openpyxl", "pandas", "polars", "scipy", "sklearn", "xlsxwriter"}
BACK = {"alembic", "fastapi", "sqlalchemy", "sqlmodel", "starlette"}

ASK = """
import asyncio, json, sys
from pathlib import Path
import rolltop.serve.listener
from rolltop.app import create_app
from rolltop.config import Config

async def ask(app, path):
    answers = []
    async def receive(): return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message): answers.append(message)
    token = app.sessions.owner_token
    headers = [(b"host", b"127.0.0.1:8377"), (b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": headers, "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1),
             "server": ("127.0.0.1", 8377), "root_path": ""}
    await app(scope, receive, send)
    return answers[0]["status"]

app = create_app(Config(workspace=Path(sys.argv[1])))
app.open()
statuses = [asyncio.run(ask(app, path)) for path in ("/health/live", "/rest/v1/nothing")]
app.close()
print(json.dumps({"statuses": statuses, "loaded": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


class TestTheLeanLane:
    def test_answers_without_a_framework(self, workspace: Path) -> None:
        run = subprocess.run([sys.executable, "-c", ASK, str(workspace)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        told = json.loads(run.stdout)
        assert told["statuses"] == [200, 404]
        assert set(told["loaded"]) & (HEAVY | BACK) == set()


class TestTheServer:
    def test_loads_nothing_heavy(self) -> None:
        """Everything is up: FastAPI, the jobs, the imports; numbers and tables of other libraries are not."""
        code = "from rolltop.app import routers; routers(); import rolltop.web.back, rolltop.db.database, rolltop.jobs"
        command = [sys.executable, "-X", "importtime", "-c", code]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr[-2000:]
        loaded = set(re.findall(r"^import time:.*\|\s+(\w+)$", run.stderr, re.MULTILINE))
        assert "fastapi" in loaded
        assert loaded & (HEAVY | {"alembic"}) == set()
