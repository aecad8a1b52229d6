"""The screen that the tests of the window have."""

from tests.desktop.conftest import screen

__all__ = ["screen"]
