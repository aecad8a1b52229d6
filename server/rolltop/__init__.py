"""Rolltop: a real backend on your own desk."""

from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rolltop.client import connect as connect

__all__ = ["__version__", "connect"]
__version__ = _version("rolltop")


def __getattr__(name: str) -> Any:
    """`connect` is loaded when first asked for: the server has no use for an HTTP client."""
    if name == "connect":
        from rolltop.client import connect

        return connect
    raise AttributeError(f"module 'rolltop' has no attribute {name!r}")
