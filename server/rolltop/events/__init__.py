"""Telling windows and scripts what changed."""

from rolltop.events.event import Event, Wanted
from rolltop.events.service import Events

__all__ = ["Event", "Events", "Wanted"]
