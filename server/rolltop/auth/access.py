"""The caller of a FastAPI route, and the right it needs.

`web.guard` has found out who asks and put the actor into the scope; here a route says what it needs of him.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from rolltop.auth.actor import Actor, Scope
from rolltop.errors import Forbidden


def require(scope: Scope) -> Callable[[Request], Actor]:
    """A dependency that gives the caller when he has `scope`, and answers 403 otherwise."""

    def _allowed(request: Request) -> Actor:
        actor: Actor = request.scope["actor"]
        if scope not in actor.scopes:
            raise Forbidden(f"This needs the right {scope.value!r}.", hint="Ask the owner of the workspace for it.")
        return actor

    return _allowed


def _caller(request: Request) -> Actor:
    actor: Actor = request.scope["actor"]
    return actor


Caller = Annotated[Actor, Depends(_caller)]
Administrator = Annotated[Actor, Depends(require(Scope.ADMIN))]
