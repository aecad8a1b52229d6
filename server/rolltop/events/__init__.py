"""Telling windows and scripts what changed."""

from rolltop.events.event import Event, Wanted, shown_keys
from rolltop.events.service import Events

__all__ = ["Event", "Events", "Wanted", "shown_keys"]
