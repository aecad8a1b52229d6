"""Who asks, and what he may."""

import enum
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rolltop.auth.rights import Action, Rights
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


OF_WHOLE = "whole"
"""Stands among the scopes of a route that is only for callers who may use every table, column and row."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a caller may do: which parts of Rolltop he may use, and what with which tables."""

    scopes: frozenset[Scope] = frozenset(Scope)
    limits: tuple[Rights, ...] = ()

    def may(self, action: Action, *tables: str) -> bool:
        """Whether there is the right on each of the tables of these names."""
        return NEEDED[action] in self.scopes and all(
            action in rights.of(table).actions for rights in self.limits for table in tables
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """A known caller. The local owner is the person whose workspace this is."""

    id: str
    name: str
    role: str
    scopes: frozenset[Scope]
    limits: tuple[Rights, ...] = ()
    """Rights that all apply; none for a caller who may do with every table what his scopes say."""
    credential: str = ""
    """The id of the token or session that he came with; empty for the local owner's own."""
    token: bool = False
    """Whether he came with a token for scripts."""

    @property
    def me(self) -> tuple[str, str, str]:
        """The values that a rule calls `{me.id}`, `{me.name}` and `{me.role}`."""
        return self.id, self.name, self.role

    @property
    def grant(self) -> Grant:
        """What the caller may do, whoever he is."""
        return Grant(self.scopes, self.limits)

    def may(self, action: Action, table: str) -> bool:
        """Whether the caller has the right on the table of this name."""
        return NEEDED[action] in self.scopes and all(action in rights.of(table).actions for rights in self.limits)


NEEDED = {
    Action.SELECT: Scope.ROWS_READ,
    Action.INSERT: Scope.ROWS_WRITE,
    Action.UPDATE: Scope.ROWS_WRITE,
    Action.DELETE: Scope.ROWS_WRITE,
}


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
    owner: Actor = OWNER
    _tokens: set[bytes] = field(default_factory=set)
    _codes: dict[bytes, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tokens.add(digest(self.owner_token))

    def actor(self, token: str) -> Actor | None:
        """Whose token it is; None for nobody's. The look-up is by digest, so its time says nothing of the token."""
        return self.owner if digest(token) in self._tokens else None

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
        self._tokens.add(digest(token))
        return token

    def end(self, token: str) -> None:
        """Forget a session; the token of `runtime.json` stays until the server ends."""
        if not hmac.compare_digest(token.encode(), self.owner_token.encode()):
            self._tokens.discard(digest(token))
            self.tell()

    def tell(self) -> None:
        """Say that a token may have become no good."""
        for look_again in self.on_end:
            look_again()
