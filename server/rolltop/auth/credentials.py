"""The tokens that outlive a run, as the door knows them: all in memory, each with the caller whose it is.

They lie in rolltop.db, which is read with SQLModel; the door must not load that. So `access` hands all of them over,
once when rolltop.db is open and again after each change. Whoever comes earlier with a token that is not the local
owner's waits for the first time (`web.guard`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rolltop.auth.actor import Actor, digest


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose a token is, and until when; None for as long as nobody revokes it."""

    actor: Actor
    expires: datetime | None = None


@dataclass(slots=True)
class Credentials:
    """What `access` handed over; read on the event loop, replaced from any thread."""

    used: dict[str, datetime] = field(default_factory=dict)
    """When credentials were last used, by id, as far as that is not written down yet."""
    _by_digest: Mapping[bytes, Credential] = field(default_factory=dict)
    _by_id: Mapping[str, Actor] = field(default_factory=dict)

    def replace(self, by_digest: Mapping[bytes, Credential]) -> None:
        """These are all there are from now on."""
        self._by_digest = by_digest
        self._by_id = {each.actor.credential: each.actor for each in by_digest.values()}

    def still(self, actor: Actor) -> Actor | None:
        """The caller as he is now: who came with a token or session that is gone is nobody."""
        return actor if not actor.credential else self._by_id.get(actor.credential)

    def actor(self, token: str) -> Actor | None:
        """Whose token it is; None for nobody's, or for one that has expired."""
        credential = self._by_digest.get(digest(token))
        if credential is None:
            return None
        now = datetime.now(UTC)
        if credential.expires is not None and credential.expires <= now:
            return None
        self.used[credential.actor.credential] = now
        return credential.actor
