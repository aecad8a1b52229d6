"""The server's side of the desktop: native dialogs asked for over the pipe, files handed over, the page's reports."""

from rolltop.bridge.desktop import Bridge, NoDesktop

__all__ = ["Bridge", "NoDesktop"]
