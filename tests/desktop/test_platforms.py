"""Windows and macOS, as far as fakes go: what decides is ours and runs anywhere."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rolltop_desktop import mac, win

OWN = "http://127.0.0.1:8377"


class Signal:
    """A .NET event: handlers are added with +=."""

    def __init__(self) -> None:
        self.handlers: list[Callable[[Any, Any], None]] = []

    def __iadd__(self, handler: Callable[[Any, Any], None]) -> "Signal":
        self.handlers.append(handler)
        return self

    def fire(self, sender: Any, arguments: Any) -> None:
        for handler in self.handlers:
            handler(sender, arguments)


class Host:
    """The origin and whoever is told."""

    def __init__(self) -> None:
        self.own = OWN
        self.heard: list[str] = []

    def own_origin(self) -> str:
        return self.own

    def action(self, name: str) -> None:
        self.heard.append(name)

    def splash_painted(self) -> None:
        self.heard.append("painted")

    def renderer_gone(self) -> None:
        self.heard.append("gone")

    def activate(self, paths: list[Path], token: str = "") -> bool:
        self.heard += [f"{token}{path}" for path in paths]
        return True


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def web(host: Host) -> SimpleNamespace:
    """A fake WebView2 control, prepared."""
    made = SimpleNamespace(
        NavigationStarting=Signal(), NavigationCompleted=Signal(), CoreWebView2InitializationCompleted=Signal()
    )
    form = SimpleNamespace(browser=SimpleNamespace(webview=made), Handle=SimpleNamespace(ToInt64=lambda: 1))
    win.prepare(form, host, host)
    return made


@pytest.mark.parametrize(
    ("found", "version"),
    [
        ({}, None),
        ({("HKLM", win._CLIENT_32): "120.0.2210.91"}, (120, 0, 2210, 91)),
        ({("HKCU", win._CLIENT): "120.0.2210.91"}, (120, 0, 2210, 91)),
        ({("HKLM", win._CLIENT_32): "0.0.0.0"}, None),
        ({("HKLM", win._CLIENT_32): ""}, None),
        ({("HKLM", win._CLIENT): "nonsense", ("HKCU", win._CLIENT): "90.0.1.2"}, (90, 0, 1, 2)),
    ],
)
def test_the_web_view_runtime_is_looked_up(found: dict[tuple[str, str], str], version: tuple[int, ...] | None) -> None:
    assert win.web_view_version(lambda hive, key: found.get((hive, key))) == version


def test_without_the_runtime_there_is_a_reason_and_a_way_out() -> None:
    absent = win.without_web_view(lambda _hive, _key: None)
    old = win.without_web_view(lambda _hive, _key: "80.0.361.48")
    assert absent is not None
    assert old is not None
    assert "is not installed" in absent.message
    assert "too old (80.0.361.48)" in old.message
    assert win.RUNTIME_PAGE in absent.hint
    assert win.without_web_view(lambda _hive, _key: "86.0.622.38") is None


@pytest.mark.parametrize(
    ("url", "cancelled", "outside"),
    [
        (f"{OWN}/data", False, []),
        ("https://example.org/", True, ["https://example.org/"]),
        ("file:///c:/secret", True, []),
        ("rolltop:retry", True, []),
    ],
)
def test_foreign_pages_stay_out_of_the_windows_window(
    url: str,
    cancelled: bool,
    outside: list[str],
    web: SimpleNamespace,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("rolltop_desktop.external.open_url", opened.append)
    arguments = SimpleNamespace(Uri=url, Cancel=False)
    web.NavigationStarting.fire(None, arguments)
    assert (arguments.Cancel, opened, host.heard) == (cancelled, outside, [])


def test_buttons_work_on_the_local_page_alone(web: SimpleNamespace, host: Host) -> None:
    host.own = ""
    local = SimpleNamespace(Uri="data:text/html;charset=utf-8,page", Cancel=False)
    button = SimpleNamespace(Uri="rolltop:retry", Cancel=False)
    web.NavigationStarting.fire(None, local)
    web.NavigationStarting.fire(None, button)
    web.NavigationCompleted.fire(None, None)
    web.NavigationCompleted.fire(None, None)
    assert (local.Cancel, button.Cancel, host.heard) == (False, True, ["retry", "painted"])


def test_permissions_and_crashes_of_the_web_view(web: SimpleNamespace, host: Host) -> None:
    core = SimpleNamespace(
        ProcessFailed=Signal(), PermissionRequested=Signal(), Settings=SimpleNamespace(AreDevToolsEnabled=True)
    )
    web.CoreWebView2InitializationCompleted.fire(SimpleNamespace(CoreWebView2=core), None)
    answers = []
    for uri, kind in ((f"{OWN}/", 6), (f"{OWN}/", 1), ("https://example.org/", 6)):
        asked = SimpleNamespace(Uri=uri, PermissionKind=kind, State=0)
        core.PermissionRequested.fire(None, asked)
        answers.append(asked.State)
    core.ProcessFailed.fire(None, SimpleNamespace(ProcessFailedKind=1))
    assert answers == [1, 2, 2]
    assert host.heard == ["gone"]
    assert core.Settings.AreDevToolsEnabled is False


class Delegate:
    """pywebview's navigation delegate: it allows whatever comes to it."""

    def webView_decidePolicyForNavigationAction_decisionHandler_(
        self, _view: Any, _action: Any, handler: Callable[[int], None]
    ) -> None:
        handler(1)


@pytest.mark.parametrize(
    ("own", "url", "main", "answer", "outside", "heard"),
    [
        (OWN, f"{OWN}/data", True, 1, [], []),
        (OWN, "https://example.org/", True, 0, ["https://example.org/"], []),
        (OWN, "https://example.org/", False, 1, [], []),
        (OWN, "file:///etc/passwd", True, 0, [], []),
        (OWN, "rolltop:quit", True, 0, [], []),
        ("", "rolltop:retry", True, 0, [], ["retry"]),
        ("", "about:blank", True, 1, [], []),
    ],
)
def test_foreign_pages_stay_out_of_the_macs_window(
    own: str,
    url: str,
    main: bool,
    answer: int,
    outside: list[str],
    heard: list[str],
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("rolltop_desktop.external.open_url", opened.append)
    host.own = own
    delegate = type("Delegate", (Delegate,), {})
    mac.guard(delegate, host, host)
    address = SimpleNamespace(absoluteString=lambda: url)
    action = SimpleNamespace(
        targetFrame=lambda: SimpleNamespace(isMainFrame=lambda: main),
        request=lambda: SimpleNamespace(URL=lambda: address),
    )
    answers: list[int] = []
    delegate().webView_decidePolicyForNavigationAction_decisionHandler_(None, action, answers.append)
    assert (answers, opened, host.heard) == ([answer], outside, heard)


def test_the_finders_files_are_opened(host: Host) -> None:
    registered: dict[tuple[int, int], Callable[[Sequence[str]], None]] = {}
    mac.listen(lambda kind, event, handler: registered.update({(kind, event): handler}), host)
    handler = registered[0x61657674, 0x6F646F63]  # 'aevt' 'odoc'
    handler(["/Users/a/ä b.csv", "relative.csv", ""])
    handler([])
    assert host.heard == ["/Users/a/ä b.csv"]
