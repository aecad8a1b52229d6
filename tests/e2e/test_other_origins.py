"""supabase-js in pages of other web sites: one whose origin the person allowed, and one that nobody allowed."""

import functools
import http.server
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.conftest import ROOT, LiveServer, start_server, stop_server

SUPABASE = (
    ROOT / "tests" / "client" / "js" / "node_modules" / "@supabase" / "supabase-js" / "dist" / "umd" / "supabase.js"
)
HTML = "<!doctype html><title>Another site</title><script src='supabase.js'></script>"
CONNECT = """
  const db = supabase.createClient(url, token, { auth: { persistSession: false, autoRefreshToken: false } });
  const tell = ({ data, count, error, status }) => ({ data, count, error, status });
"""


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The origins of two web sites with supabase-js on a page: the friend's and the stranger's."""
    if not SUPABASE.is_file():
        pytest.fail("This test needs Node's packages: run scripts/setup, or `npm ci` in tests/client/js.")
    folder = tmp_path_factory.mktemp("site")
    shutil.copyfile(SUPABASE, folder / "supabase.js")
    (folder / "index.html").write_text(HTML, encoding="utf-8")
    handler = functools.partial(QuietFiles, directory=str(folder))
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    friend, stranger = (server.server_address[1] for server in servers)
    yield f"http://localhost:{friend}", f"http://127.0.0.1:{stranger}"  # of another site, and of the same
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def live(sites: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that knows the friend, with one table."""
    workspace = tmp_path_factory.mktemp("origins") / "workspace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROLLTOP_ORIGINS", json.dumps([sites[0]]))
        process, server = start_server(workspace)
    with closing(sqlite3.connect(workspace / "data.db", timeout=10)) as connection, connection:
        connection.execute("CREATE TABLE lamps (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        connection.execute("INSERT INTO lamps VALUES (1, 'Brass'), (2, 'Oil')")
    yield server
    assert stop_server(process) == 0


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of one's own."""
    with chromium.new_context() as context:
        yield context.new_page()


def ask(page: Page, live: LiveServer, code: str) -> Any:
    """What the code gives in the page; it knows `db`, `url`, `token` and `tell`."""
    return page.evaluate(f"async ([url, token]) => {{ {CONNECT} {code} }}", [live.url, live.token])


def lamps(live: LiveServer) -> list[Any]:
    """What is in the file."""
    with closing(sqlite3.connect(live.workspace / "data.db", timeout=10)) as connection:
        return connection.execute("SELECT id, name FROM lamps ORDER BY id").fetchall()


class TestFriend:
    @pytest.fixture(autouse=True)
    def there(self, page: Page, sites: tuple[str, str]) -> None:
        page.goto(sites[0])

    def test_reads_and_counts(self, page: Page, live: LiveServer) -> None:
        told = ask(
            page,
            live,
            """return {
              page: tell(await db.from("lamps").select("name", { count: "exact" }).order("id").limit(1)),
              head: tell(await db.from("lamps").select("*", { count: "exact", head: true })),
            }""",
        )
        assert told["page"] == {"data": [{"name": "Brass"}], "count": 2, "error": None, "status": 206}
        assert (told["head"]["count"], told["head"]["error"]) == (2, None)

    def test_writes(self, page: Page, live: LiveServer) -> None:
        told = ask(
            page,
            live,
            """return [
              tell(await db.from("lamps").insert({ id: 3, name: "Lava" }).select()),
              tell(await db.from("lamps").upsert({ id: 3, name: "Salt" }).select()),
              tell(await db.from("lamps").update({ name: "Paper" }).eq("id", 3).select()),
            ]""",
        )
        assert [(each["error"], each["data"][0]["name"]) for each in told] == [
            (None, "Lava"),
            (None, "Salt"),
            (None, "Paper"),
        ]
        assert lamps(live)[-1] == (3, "Paper")
        assert ask(page, live, 'return tell(await db.from("lamps").delete().eq("id", 3))')["status"] == 204
        assert lamps(live) == [(1, "Brass"), (2, "Oil")]

    def test_sees_errors_and_headers(self, page: Page, live: LiveServer) -> None:
        told = ask(
            page,
            live,
            """const failed = await fetch(`${url}/rest/v1/lamp`, { headers: { apikey: token } });
            return { error: (await db.from("lamp").select()).error, proxy: failed.headers.get("Proxy-Status"),
                     nobody: (await fetch(`${url}/rest/v1/lamps`)).status }""",
        )
        assert (told["error"]["code"], told["error"]["hint"]) == (
            "PGRST205",
            "Perhaps you meant the table 'public.lamps'",
        )
        assert told["proxy"] == "PostgREST; error=PGRST205"
        assert told["nobody"] == 401


class TestStranger:
    @pytest.fixture(autouse=True)
    def there(self, page: Page, sites: tuple[str, str]) -> None:
        page.goto(sites[1])

    @pytest.mark.parametrize(
        "request_",
        [
            "select()",
            'select("*", { count: "exact", head: true })',
            'insert({ id: 9, name: "Foreign" })',
            'update({ name: "Foreign" }).eq("id", 1)',
            'delete().eq("id", 1)',
        ],
    )
    def test_gets_and_changes_nothing_even_with_the_token(self, request_: str, page: Page, live: LiveServer) -> None:
        told = ask(page, live, f'return tell(await db.from("lamps").{request_}.retry(false))')
        assert (told["status"], told["data"]) == (0, None)
        assert told["error"]["message"] == "TypeError: Failed to fetch"
        assert lamps(live) == [(1, "Brass"), (2, "Oil")]

    @pytest.mark.parametrize("address", ["/rest/v1/lamps", "/rest/v1/lamps?apikey="])
    def test_changes_nothing_by_a_request_that_asks_nobody(self, address: str, page: Page, live: LiveServer) -> None:
        """A POST with a plain body is sent without a preflight; it is refused, and the page is not told how."""
        told = ask(
            page,
            live,
            f"""const to = url + "{address}" + ("{address}".endsWith("=") ? token : "");
            const body = JSON.stringify({{ id: 9, name: "Foreign" }});
            return await fetch(to, {{ method: "POST", mode: "no-cors", body }}).catch(({{ message }}) => message)""",
        )
        assert told == "Failed to fetch"
        assert lamps(live) == [(1, "Brass"), (2, "Oil")]
