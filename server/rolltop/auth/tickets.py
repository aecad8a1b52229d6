"""Downloads by link: a browser sends no token with a link, so a ticket stands in for it, once (threat model B6)."""

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from rolltop.auth.actor import Actor, digest
from rolltop.errors import Unprocessable
from rolltop.kit.ids import secret

TICKET_SECONDS = 60
_TICKETS_KEPT = 1_000
DOWNLOADABLE = ("/api/exports/", "/api/backups/")
"""Where the files are that a link may lead to."""


class NotDownloadable(Unprocessable):
    """A ticket was asked for something that is no file."""

    code = "auth.not_downloadable"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who may download what, until when."""

    actor: Actor
    path: str
    query: str
    until: float


@dataclass(slots=True)
class Tickets:
    """The tickets that were given out and not used; only digests of their secrets are kept."""

    _tickets: dict[bytes, Ticket] = field(default_factory=dict)

    def issue(self, actor: Actor, target: str) -> str:
        """A secret that stands for one GET of `target`, a path with its query, by this caller.

        Raises:
            NotDownloadable: there is no file at such a path.
        """
        try:
            parts = urlsplit(target)
        except ValueError:  # brackets that are no address
            parts = urlsplit("")
        if parts.scheme or parts.netloc or not parts.path.startswith(DOWNLOADABLE):
            raise NotDownloadable(
                "A link can be made only for the path of a file.",
                hint="Give the path of an export, such as /api/exports/flights.csv?month=eq.1, or of a backup's file.",
            )
        now = time.monotonic()
        self._tickets = {key: ticket for key, ticket in self._tickets.items() if ticket.until > now}
        while len(self._tickets) >= _TICKETS_KEPT:
            del self._tickets[next(iter(self._tickets))]
        made = secret()
        self._tickets[digest(made)] = Ticket(actor, parts.path, parts.query, now + TICKET_SECONDS)
        return made

    def take(self, secret_text: str) -> Ticket | None:
        """What the ticket is for, once; None when nobody knows it, or no longer."""
        ticket = self._tickets.pop(digest(secret_text), None)
        return None if ticket is None or ticket.until < time.monotonic() else ticket
