"""Who asks, and what he may: the local owner, sessions of windows and browsers."""

from rolltop.auth.actor import OF_WHOLE, OWNER, Actor, BadCode, Grant, Scope, Sessions
from rolltop.auth.credentials import Credential, Credentials
from rolltop.auth.rights import Action, Rights, TableRights
from rolltop.auth.tickets import Tickets

__all__ = [
    "OF_WHOLE",
    "OWNER",
    "Action",
    "Actor",
    "BadCode",
    "Credential",
    "Credentials",
    "Grant",
    "Rights",
    "Scope",
    "Sessions",
    "TableRights",
    "Tickets",
]
