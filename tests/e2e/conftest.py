"""A real browser at a real server. Every page is watched: an error in the console, a request to anywhere else than the
server, or a violation of its content security policy fails the test in which it happens.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from tests.conftest import ROOT, LiveServer

Theme = Literal["light", "dark"]
Visit = Callable[..., Page]

PATIENCE_MS = 20_000  # a busy machine is slow, not wrong
expect.set_options(timeout=PATIENCE_MS)

UI = ROOT / "ui"
AXE = UI / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# A violation is reported by an event only; as an error in the console it is seen like every other one.
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP violation: ${event.violatedDirective} refused ${event.blockedURI} in ${event.sourceFile}`));
"""
DROP = """async (files) => {
  const data = new DataTransfer();
  for (const [name, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    if not (UI / "dist" / "index.html").is_file():
        pytest.fail("These tests need the built interface: run `npm ci && npm run build` in ui/.")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("These tests need Chromium: install the package `chromium`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong on the pages of a test. `allow(pattern)` takes a complaint that the test provokes on purpose."""

    origin: str
    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        self.allowed.append(pattern)

    def over(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def left(self) -> list[str]:
        """Complaints that nobody expected."""
        return [text for text in self.complaints if not any(re.search(pattern, text) for pattern in self.allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.origin + "/", "data:", f"blob:{self.origin}/")):
            self.complaints.append(f"request outside the origin: {request.url}")


@pytest.fixture
def watch(live: LiveServer) -> Iterator[Watch]:
    """Sees to every page of the test, and fails it at the end."""
    made = Watch(live.url)
    yield made
    assert made.left() == []


@pytest.fixture
def context(chromium: Browser, watch: Watch) -> Iterator[BrowserContext]:
    """A browser of one's own: no storage shared with another test."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light") as made:
        made.set_default_timeout(PATIENCE_MS)
        made.add_init_script(REPORT_VIOLATIONS)
        made.on("page", watch.over)
        yield made


@pytest.fixture
def visit(context: BrowserContext, live: LiveServer) -> Visit:
    """Open an address of the server, signed in with a one-time link as people are; `theme` as the system has it."""

    def _visit(path: str = "/", *, theme: Theme = "light", signed_in: bool = True) -> Page:
        page = context.new_page()
        page.emulate_media(color_scheme=theme)
        page.goto(f"{live.url}{path}#code={new_code(live)}" if signed_in else live.url + path)
        return page

    return _visit


def new_code(live: LiveServer) -> str:
    """A one-time code that signs a page in."""
    code: str = api(live, "POST", "/api/auth/codes").json()["code"]
    return code


def api(live: LiveServer, method: str, path: str, **arguments: Any) -> httpx.Response:
    """Ask the server as a script would."""
    headers = {**live.headers, **arguments.pop("headers", {})}
    return httpx.request(method, live.url + path, headers=headers, trust_env=False, timeout=30, **arguments)


def drop(page: Page, *paths: Path) -> None:
    """Drop files on the window."""
    page.get_by_role("main").wait_for()  # the page takes drops from when it is drawn
    page.evaluate(DROP, [[path.name, list(path.read_bytes())] for path in paths])


def assert_accessible(page: Page, *, menu_open: bool = False) -> None:
    """No violation that axe knows of: WCAG 2.2 A and AA, and its best practices.

    An open menu lies at the end of the page, outside any landmark: the ARIA pattern allows it, axe does not.
    """
    if not AXE.is_file():
        pytest.fail("These tests need axe-core: run `npm ci` in ui/.")
    page.evaluate(AXE.read_text(encoding="utf-8"))  # by the debugger, which no content security policy stops
    options = {"iframes": False, "rules": {"region": {"enabled": not menu_open}}}
    found = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
    assert [f"{each['id']}: {node['html']} {node['failureSummary']}" for each in found for node in each["nodes"]] == []
