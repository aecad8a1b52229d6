"""Telling windows and scripts what changed."""

from rolltop.events.service import Event, Events

__all__ = ["Event", "Events"]
