"""Passwords: hashed with Argon2id, checked in the same time whether the person exists or not (threat model A6)."""

import threading
from functools import cache
from typing import TYPE_CHECKING

from rolltop.kit.ids import secret

if TYPE_CHECKING:
    from pwdlib import PasswordHash


@cache
def _hasher() -> "PasswordHash":
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@cache
def _nobodys() -> str:
    """A hash that no password fits: what a stranger's password is compared with."""
    return _hasher().hash(secret())


_TURNS = threading.BoundedSemaphore(2)
"""A hash takes 64 MB of memory (Argon2id by RFC 9106's second choice): so many at a time."""


def hashed(password: str) -> str:
    """What is kept of a password."""
    with _TURNS:
        return _hasher().hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the password that was kept; False where none was, in the same time."""
    compared = kept if kept is not None else _nobodys()
    with _TURNS:
        found = _hasher().verify(password, compared)
    return found and kept is not None
