"""Names that nobody can guess, and names that sort by age."""

import secrets
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: no letter that reads as a digit


def secret() -> str:
    """256 random bits in URL-safe text (threat model A2)."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """20 characters: 9 of milliseconds since 1970, 11 random. Ids made later sort later, and they never collide, also
    not when the clock jumps back (threat model R9)."""
    number = (int(time.time() * 1000) << 55) | secrets.randbits(55)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(95, -1, -5))


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
