"""What macOS wants of a window: files from the Finder arrive as Apple events, and foreign pages have to be kept out.

Written from Apple's documentation and pywebview's source; what decides is tested with fakes.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from rolltop_desktop import external
from rolltop_desktop.external import Verdict

OPEN_DOCUMENTS = ("aevt", "odoc")
_CANCEL = 0  # WKNavigationActionPolicyCancel
_DECIDE = "webView_decidePolicyForNavigationAction_decisionHandler_"

log = logging.getLogger("rolltop_desktop.mac")


class Origin(Protocol):
    """Knows which origin may be shown."""

    def own_origin(self) -> str:
        """The server's origin; empty while the local page is shown."""


class Events(Protocol):
    """Who is told."""

    def action(self, name: str) -> None:
        """A button of the local page was pressed."""

    def activate(self, paths: list[Path], token: str = "") -> bool:
        """Files are to be opened."""


def prepare(delegate: type, origin: Origin, events: Events) -> None:
    """Listen for the Finder's open-file events and guard the window; `delegate` is pywebview's class of that name."""
    listen(_apple_events(), events)
    guard(delegate, origin, events)


def guard(delegate: type, origin: Origin, events: Events) -> None:
    """Let pywebview's navigation delegate decide only about addresses that may be shown here."""
    theirs = getattr(delegate, _DECIDE)

    def decide(self: Any, view: Any, action: Any, handler: Callable[[int], None]) -> None:
        frame = action.targetFrame()
        url = str(action.request().URL().absoluteString())
        own = origin.own_origin()
        local = not own and url.startswith(("about:blank", "data:text/html", "file:"))  # the local page itself
        verdict = external.judge(url, own)
        if local or verdict is Verdict.HERE or (frame is not None and not frame.isMainFrame()):
            theirs(self, view, action, handler)
            return
        handler(_CANCEL)
        if verdict is Verdict.ACTION and not own:
            events.action(url.partition(":")[2].strip("/"))
        elif verdict is Verdict.OUTSIDE:
            external.open_url(url)

    setattr(delegate, _DECIDE, decide)


def listen(register: Callable[[int, int, Callable[[Sequence[str]], None]], None], events: Events) -> None:
    """Have `open these files` delivered. `register(class, id, handler)` calls the handler with absolute paths."""

    def opened(names: Sequence[str]) -> None:
        paths = [Path(name) for name in names if name.startswith("/")]
        if paths:
            events.activate(paths)

    event_class, event_id = (four_letters(code) for code in OPEN_DOCUMENTS)
    register(event_class, event_id, opened)


def four_letters(code: str) -> int:
    """A four-letter code as the number that Apple events are known by."""
    return int.from_bytes(code.encode("mac-roman"), "big")


def _apple_events() -> Callable[[int, int, Callable[[Sequence[str]], None]], None]:
    import Foundation  # type: ignore[import-not-found]
    import objc  # type: ignore[import-not-found]

    class _Handler(Foundation.NSObject):  # type: ignore[misc]
        def opened_reply_(self, event: Any, _reply: Any) -> None:
            listed = event.paramDescriptorForKeyword_(four_letters("----"))
            urls = [listed.descriptorAtIndex_(place + 1).fileURLValue() for place in range(listed.numberOfItems())]
            self.handler([str(url.path()) for url in urls if url is not None])

    def register(event_class: int, event_id: int, handler: Callable[[Sequence[str]], None]) -> None:
        receiver = _Handler.alloc().init()
        receiver.handler = handler
        _KEPT.append(receiver)
        manager = Foundation.NSAppleEventManager.sharedAppleEventManager()
        manager.setEventHandler_andSelector_forEventClass_andEventID_(
            receiver, objc.selector(None, selector=b"opened:reply:", signature=b"v@:@@").selector, event_class, event_id
        )

    return register


_KEPT: list[Any] = []  # the event manager does not keep its receivers alive
