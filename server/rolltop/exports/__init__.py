"""Exports: a table, a view or a filtered part of one as a file."""

from rolltop.exports.service import Exports

__all__ = ["Exports"]
