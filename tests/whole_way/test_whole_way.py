"""The whole way of a newcomer, with nothing between him and the product.

A fresh workspace, a real window, the real flights dropped on it, the rows in the grid; three kinds of script read and
write one row; the grid shows it; the window closes and opens again, and everything is there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from postgrest import CountMethod
from tests.client.real import JS as JAVASCRIPT
from tests.desktop.conftest import WAIT, App, Launch, Screen, until
from tests.desktop.devtools import Page

from rolltop import connect
from rolltop.discovery import RuntimeFile

ROWS = 336_776
ROW = 3
COLUMN = "dep_delay"

pytestmark = pytest.mark.timeout(600)


def test_from_a_file_to_a_typed_documented_api_in_a_window(
    launch: Launch, screen: Screen, nycflights: Callable[[str], Path]
) -> None:
    app = launch()
    runtime = app.ready()

    drop(screen, nycflights("flights"))
    with opened(app, runtime) as page:
        until(lambda: path(page).startswith("/import/"), "the preview")
        until(lambda: page.evaluate("document.querySelectorAll('th').length") > 0, "its columns")
        in_front(screen)
        screen.xdotool("key", "ctrl+Return")
        until(lambda: path(page) == "/data/flights", "the table")
        until(lambda: page.evaluate("document.querySelector('[role=grid]')?.ariaRowCount") == str(ROWS + 1), "its rows")
        until(lambda: cell(page), "the row with the key 3")
        assert by_client(app, runtime, 101) == int(cell(page) or "")
        until(lambda: cell(page) == "101", "the client's change in the grid")
        assert by_curl(runtime, 202) == 101
        until(lambda: cell(page) == "202", "curl's change in the grid")
        assert by_supabase(runtime, 303) == 202
        until(lambda: cell(page) == "303", "supabase-js's change in the grid")
    assert_documented(runtime)
    close(app, screen)

    again = launch()
    runtime = again.ready(times=2)
    with connect(workspace=again.workspace) as db:
        found = db.from_("flights").select(COLUMN, count=CountMethod.exact).eq("id", ROW).execute()
        assert found.data == [{COLUMN: 303}]
        assert db.from_("flights").select("id", count=CountMethod.exact).limit(1).execute().count == ROWS
    with opened(again, runtime) as page:
        page.evaluate("document.querySelector('a[href=\"/data/flights\"]').click(); null")
        until(lambda: cell(page) == "303", "the row in the grid")
    close(again, screen)


def drop(screen: Screen, file: Path) -> None:
    """Drag the file from another program's window and drop it on ours."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("drag_source.py")), str(file)],
        env={**screen.environment, "QT_API": "pyside6"},
        stdout=subprocess.PIPE,
        text=True,
    ) as source:
        assert source.stdout is not None
        try:
            assert source.stdout.readline().strip() == "ready"
            screen.xdotool("mousemove", "60", "20", "mousedown", "1")
            for step in range(1, 21):
                screen.xdotool("mousemove", str(60 + 30 * step), str(20 + 20 * step))
            screen.xdotool("mouseup", "1")
            assert source.stdout.readline().strip() == "dropped"
        finally:
            source.kill()


def in_front(screen: Screen) -> str:
    """Give our window the keyboard."""
    (window,) = screen.windows("Rolltop$")
    screen.xdotool("windowactivate", "--sync", window)
    return window


def close(app: App, screen: Screen) -> None:
    """Close the window by its button; nothing stays behind."""
    family = app.family()
    in_front(screen)
    screen.xdotool("key", "--clearmodifiers", "alt+F4")
    assert app.end() == 0, app.said()
    assert app.left_behind(family) == []


@contextmanager
def opened(app: App, runtime: RuntimeFile) -> Iterator[Page]:
    """A look into the window's page."""
    with Page(app.debugging, runtime.url) as page:
        yield page


def path(page: Page) -> str:
    """Where the page is."""
    return str(page.evaluate("location.pathname"))


def cell(page: Page) -> str | None:
    """The text of the column in the row with the key, as the grid shows it; None while it is not shown."""
    script = """(() => {
        const heads = [...document.querySelectorAll('[role=grid] [role=columnheader]')];
        const head = heads.find(each => each.textContent.trim() === %s);
        const place = head?.getAttribute('aria-colindex');
        const row = document.querySelector('[role=grid] [role=row][aria-rowindex="%d"]');
        return row?.querySelector(`[role=gridcell][aria-colindex="${place}"]`)?.textContent.trim() ?? null;
    })()"""
    found: str | None = page.evaluate(script % (json.dumps(COLUMN), ROW + 1))
    return found


def by_client(app: App, runtime: RuntimeFile, value: int) -> Any:
    """What `connect()` reads before it writes `value`; it finds the running app by itself."""
    with connect(workspace=app.workspace) as db:
        assert str(db.base_url).startswith(runtime.url)
        before: Any = db.from_("flights").select(COLUMN).eq("id", ROW).execute().data
        db.from_("flights").update({COLUMN: value}).eq("id", ROW).execute()
    return before[0][COLUMN]


def by_curl(runtime: RuntimeFile, value: int) -> Any:
    """The same with curl."""
    address = f"{runtime.url}/rest/v1/flights?id=eq.{ROW}&select={COLUMN}"
    caller = ["curl", "--silent", "--show-error", "--fail-with-body", "-H", f"Authorization: Bearer {runtime.token}"]
    before = subprocess.run([*caller, address], capture_output=True, text=True, check=True, timeout=WAIT)
    body = json.dumps({COLUMN: value})
    change = [*caller, "-X", "PATCH", "-H", "Content-Type: application/json", "--data", body, address]
    subprocess.run(change, capture_output=True, text=True, check=True, timeout=WAIT)
    return json.loads(before.stdout)[0][COLUMN]


def by_supabase(runtime: RuntimeFile, value: int) -> Any:
    """The same with supabase-js."""
    environment = {**os.environ, "ROLLTOP_URL": runtime.url, "ROLLTOP_TOKEN": runtime.token}
    command = ["node", "one_row.mjs", "flights", str(ROW), COLUMN, str(value)]
    done = subprocess.run(
        command, cwd=JAVASCRIPT, env=environment, capture_output=True, text=True, check=False, timeout=WAIT
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["after"] == value
    return told["before"]


def assert_documented(runtime: RuntimeFile) -> None:
    """The one document has the table's typed paths."""
    caller = ["curl", "--silent", "--fail", "-H", f"apikey: {runtime.token}", f"{runtime.url}/openapi.json"]
    document = json.loads(subprocess.run(caller, capture_output=True, check=True, timeout=WAIT).stdout)
    assert document["openapi"].startswith("3.1")
    assert {"get", "post", "patch", "delete"} <= set(document["paths"]["/rest/v1/flights"])
    properties = document["components"]["schemas"]["flights"]["properties"]
    assert properties["time_hour"]["format"] == "date-time"
    assert "integer" in properties[COLUMN]["type"]
