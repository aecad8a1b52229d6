"""What the page can and cannot do in the real window: downloads, links, permissions, print, zoom, script."""

import contextlib
import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.desktop.conftest import App, Screen, until
from tests.desktop.devtools import Page

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def app(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One window for all of these tests; each leaves it as it was."""
    made = App(screen, tmp_path_factory.mktemp("window"))
    try:
        made.ready()
        yield made
    finally:
        made.clean_up()


@pytest.fixture
def page(app: App) -> Iterator[Page]:
    """A way into its page."""
    with Page(app.debugging, app.ready().url) as made:
        yield made


@pytest.fixture
def in_front(app: App) -> str:
    """The window has the keyboard."""
    screen = app.screen
    until(lambda: screen.windows("^Rolltop$"), "the window on the screen")
    (window,) = screen.windows("^Rolltop$")
    screen.xdotool("windowactivate", "--sync", window)
    return window


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A small file to import."""
    path = tmp_path / "ä b%20#.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    return path


def opened(app: App) -> list[str]:
    """What went to the person's own programs so far."""
    return app.opened.read_text().split() if app.opened.exists() else []


def test_nothing_of_the_windows_reaches_the_page(page: Page) -> None:
    assert page.evaluate("[typeof window.pywebview, typeof window.qt, typeof window.QWebChannel]") == ["undefined"] * 3


def test_the_page_runs_under_its_strict_policy(page: Page) -> None:
    policy = page.evaluate("fetch('/').then(answer => answer.headers.get('content-security-policy'))")
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    script = """new Promise(resolve => {
        document.addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective), {once: true});
        const element = document.createElement('script');
        element.textContent = 'window.intruded = true';
        document.head.append(element);
        element.remove();
    })"""
    assert page.evaluate(script).startswith("script-src")
    assert page.evaluate("typeof window.intruded") == "undefined"


@pytest.mark.usefixtures("in_front")
def test_a_reload_keeps_the_person_signed_in(app: App, screen: Screen) -> None:
    before = app.times("ui_ready")
    screen.xdotool("key", "F5")
    until(lambda: app.times("ui_ready") > before, "the page again")


@pytest.mark.parametrize(
    "script",
    [
        "location.href = '{url}'",
        "window.open('{url}', '_blank')",
        "Object.assign(document.createElement('a'), {{href: '{url}', target: '_blank'}}).click()",
        "Object.assign(document.createElement('a'), {{href: '{url}'}}).click()",
    ],
)
@pytest.mark.parametrize("url", ["https://example.org/page", "mailto:somebody@example.org", "http://127.0.0.1:1/other"])
def test_links_to_elsewhere_open_outside(app: App, page: Page, script: str, url: str) -> None:
    before, place = len(opened(app)), page.evaluate("location.href")
    page.evaluate(f"{script.format(url=url)}; null", gesture=True)
    until(lambda: opened(app)[before:] == [url], f"{url} outside")
    assert page.evaluate("location.href") == place


@pytest.mark.parametrize("url", ["file:///etc/passwd", "rolltop:quit", "data:text/html,x", "smb://host/x"])
def test_other_addresses_go_nowhere(app: App, page: Page, url: str) -> None:
    before, place = opened(app), page.evaluate("location.href")
    page.evaluate(f"location.href = '{url}'; null", gesture=True)
    page.evaluate(f"window.open('{url}'); null", gesture=True)
    assert page.evaluate("new Promise(resolve => setTimeout(() => resolve(location.href), 300))") == place
    assert opened(app) == before
    assert app.runs()


def test_a_link_to_a_page_of_ours_in_a_new_window_opens_here(app: App, page: Page) -> None:
    before = app.times("ui_ready")
    page.evaluate("window.open('/data', '_blank'); null", gesture=True)
    until(lambda: app.times("ui_ready") > before, "the page")
    with Page(app.debugging, app.ready().url) as there:
        assert there.evaluate("location.pathname") == "/data"


@pytest.mark.usefixtures("in_front")
def test_a_download_asks_where_to(page: Page, screen: Screen, tmp_path: Path) -> None:
    target = tmp_path / "saved file.svg"
    script = "Object.assign(document.createElement('a'), {href: '/icon.svg', download: 'icon.svg'}).click()"
    page.evaluate(f"{script}; null", gesture=True)
    screen.choose("Save as", str(target))
    until(lambda: target.exists() and target.read_bytes().startswith(b"<svg"), "the saved file")
    page.evaluate(f"{script}; null", gesture=True)
    until(lambda: screen.windows("Save as"), "the dialog")
    screen.xdotool("key", "Escape")
    until(lambda: not screen.windows("Save as"), "its end")
    assert sorted(tmp_path.iterdir()) == [target]


@pytest.mark.usefixtures("in_front")
def test_a_file_is_chosen_in_the_native_dialog(page: Page, screen: Screen, table: Path) -> None:
    table = table.rename(table.with_name("plain name.csv"))  # letters that a fake keyboard has
    page.evaluate(
        "window.picked = fetch('/api/desktop/pick-import', {method: 'POST', headers: "
        "{Authorization: 'Bearer ' + localStorage.getItem('rolltop.session')}}).then(answer => answer.json()); null"
    )
    screen.choose("Open file", str(table))
    assert page.evaluate("window.picked.then(made => made.name)") == table.name


def test_a_file_dropped_on_the_window_is_imported(app: App, page: Page, screen: Screen, table: Path) -> None:
    page.evaluate("history.pushState(null, '', '/'); dispatchEvent(new PopStateEvent('popstate')); null")
    source = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("drag_source.py")), str(table)],
        env=screen.environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: screen.windows("Drag source"), "the source")
        (window,) = screen.windows("Drag source")
        (target,) = screen.windows("^Rolltop$")
        screen.xdotool("windowactivate", "--sync", window)
        page.evaluate("window.over = 0; addEventListener('dragover', () => window.over++, true); null")
        screen.xdotool("mousemove", "--window", window, "60", "60", "mousedown", "1")
        places = itertools.cycle(range(300, 640, 20))

        def dragged() -> bool:  # in steps, as a hand does: the drag begins and is offered on the way
            screen.xdotool("mousemove", "--window", window, str(next(places) % 60), "50")
            screen.xdotool("mousemove", "--window", target, str(next(places)), "400")
            return bool(page.evaluate("window.over > 2"))

        until(dragged, "the file over the page")
        page.evaluate("window.over = 0; null")
        until(dragged, "the file over the page, where it will be let go")  # only what the page has seen can be dropped
        screen.xdotool("mouseup", "1")
        until(lambda: page.evaluate("location.pathname").startswith("/import/"), "the import's page")
        until(lambda: table.name in page.evaluate("document.body.innerText"), "the file's name")
    finally:
        source.kill()
        source.wait()
    assert app.runs()


@pytest.mark.usefixtures("in_front")
def test_print_makes_a_pdf(page: Page, screen: Screen, tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    page.evaluate("setTimeout(() => window.print(), 0); null", gesture=True)
    screen.choose("Save as PDF", str(target))
    until(lambda: target.exists() and target.read_bytes().startswith(b"%PDF"), "the PDF")


@pytest.mark.usefixtures("in_front")
def test_zoom_by_keyboard(page: Page, screen: Screen) -> None:
    def width() -> int:
        return int(page.evaluate("window.innerWidth"))

    usual = width()
    screen.xdotool("key", "ctrl+plus")
    until(lambda: width() < usual, "larger")
    screen.xdotool("key", "ctrl+minus")
    screen.xdotool("key", "ctrl+minus")
    until(lambda: width() > usual, "smaller")
    screen.xdotool("key", "ctrl+0")
    until(lambda: width() == usual, "as it was")


@pytest.mark.usefixtures("in_front")
def test_the_clipboard_is_the_pages_and_nothing_else_is(page: Page) -> None:
    page.evaluate("navigator.clipboard.writeText('ä\\t1')", gesture=True)
    assert page.evaluate("navigator.clipboard.readText()", gesture=True) == "ä\t1"
    refused = "new Promise(resolve => navigator.geolocation.getCurrentPosition(() => resolve(0), e => resolve(e.code)))"
    assert page.evaluate(refused, gesture=True) == 1


def test_the_storage_and_the_cache_lie_where_they_should(app: App) -> None:
    assert (app.workspace / "window").is_dir()
    assert (app.home / "rolltop" / "cache" / "web").is_dir()
    assert not (app.home / ".pywebview").exists()
    assert {path.name for path in (app.home / ".cache").glob("*")} <= {"rolltop", "fontconfig", "mesa_shader_cache"}


def test_a_page_process_that_dies_is_drawn_again(app: App) -> None:
    before = app.times("ui_ready")
    processes = {each.pid: each for each in app.family() if each.name().startswith("QtWebEngine")}
    forked = [each for each in processes.values() if each.ppid() in processes and not each.children()]
    assert forked  # from the zygote, which the pages' processes come from
    for each in forked:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    until(lambda: app.times("ui_ready") > before, "the page again")
