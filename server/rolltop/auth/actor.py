"""Who asks, and what he may."""

import enum
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rolltop.errors import Unauthorized
from rolltop.kit.ids import secret

CODE_SECONDS = 60  # threat model B6
_CODES_KEPT = 100


class Scope(enum.StrEnum):
    """The parts of Rolltop that a caller may be allowed to use."""

    ROWS_READ = "rows:read"
    ROWS_WRITE = "rows:write"
    COLLECTIONS_READ = "collections:read"
    COLLECTIONS_WRITE = "collections:write"
    QUERIES_READ = "queries:read"
    QUERIES_WRITE = "queries:write"
    HISTORY_READ = "history:read"
    HISTORY_WRITE = "history:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """A known caller. The local owner is the person whose workspace this is."""

    id: str
    name: str
    role: str
    scopes: frozenset[Scope]


OWNER = Actor(id="owner", name="Owner", role="owner", scopes=frozenset(Scope))


class BadCode(Unauthorized):
    """The one-time code is unknown, used or older than a minute."""

    code = "auth.bad_code"


def digest(token: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


@dataclass(slots=True)
class Sessions:
    """The local owner's credentials of one run: the token of `runtime.json`, one-time codes, window sessions.

    Only digests are kept (threat model A2). Everything ends with the process.
    """

    owner_token: str = field(default_factory=secret)
    on_end: list[Callable[[], None]] = field(default_factory=list)
    """Called after a token has become no good: what goes on in its name looks again."""
    _tokens: dict[bytes, Actor] = field(default_factory=dict)
    _codes: dict[bytes, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tokens[digest(self.owner_token)] = OWNER

    def actor(self, token: str) -> Actor | None:
        """Whose token it is; None for nobody's. The look-up is by digest, so its time says nothing of the token."""
        return self._tokens.get(digest(token))

    def new_code(self) -> str:
        """A one-time code for a window or a browser, good for a minute."""
        now = time.monotonic()
        self._codes = {digest: until for digest, until in self._codes.items() if until > now}
        while len(self._codes) >= _CODES_KEPT:
            del self._codes[next(iter(self._codes))]
        code = secret()
        self._codes[digest(code)] = now + CODE_SECONDS
        return code

    def exchange(self, code: str) -> str:
        """A session token for a code, once.

        Raises:
            BadCode: the code is unknown, was used or is too old.
        """
        until = self._codes.pop(digest(code), None)
        if until is None or until < time.monotonic():
            raise BadCode(
                "This sign-in link was used already or is older than a minute.",
                hint="Run `rolltop open` to get a new one.",
            )
        token = secret()
        self._tokens[digest(token)] = OWNER
        return token

    def end(self, token: str) -> None:
        """Forget a session; the token of `runtime.json` stays until the server ends."""
        if not hmac.compare_digest(token.encode(), self.owner_token.encode()):
            self._tokens.pop(digest(token), None)
            for look_again in self.on_end:
                look_again()
