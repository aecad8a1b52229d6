"""What macOS wants of a window: files opened from the Finder arrive as Apple events, not as arguments.

Written from Apple's documentation and pywebview's source; what can be is tested with fakes.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

OPEN_DOCUMENTS = ("aevt", "odoc")

log = logging.getLogger("rolltop_desktop.mac")


class Events(Protocol):
    """Who is told."""

    def activate(self, paths: list[Path], token: str = "") -> bool:
        """Files are to be opened."""


def prepare(_native: Any, _origin: Any, events: Any) -> None:
    """Listen for the Finder's open-file events before the window shows."""
    listen(_apple_events(), events)


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
