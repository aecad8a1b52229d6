"""Exports: a table, a view or what a saved query gives as a file, or a part of it."""

from rolltop.exports.service import Exports

__all__ = ["Exports"]
