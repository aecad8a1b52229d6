"""The fixtures of the neighbours that the whole way passes."""

from tests.collections.conftest import nycflights
from tests.desktop.conftest import launch, screen

__all__ = ["launch", "nycflights", "screen"]
