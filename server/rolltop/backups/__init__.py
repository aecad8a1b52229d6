"""Backups: the whole workspace in one file, checked, kept, brought back."""

from rolltop.backups.service import Backups

__all__ = ["Backups"]
