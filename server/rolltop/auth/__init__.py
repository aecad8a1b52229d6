"""Who asks, and what he may: the local owner, sessions of windows and browsers."""

from rolltop.auth.actor import OWNER, Actor, BadCode, Scope, Sessions
from rolltop.auth.tickets import Tickets

__all__ = ["OWNER", "Actor", "BadCode", "Scope", "Sessions", "Tickets"]
