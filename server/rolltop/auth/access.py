"""The caller of a FastAPI route, and the right it needs.

`web.guard` has found out who asks and put the actor into the scope; here a route says what it needs of him.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from rolltop.auth.actor import Actor, Scope
from rolltop.errors import Forbidden


class _Known(SecurityBase):
    """The caller whom the guard let in. As a security scheme, it puts the rights of each route into the document."""

    model = HTTPBearer()
    scheme_name = "bearer"

    def __call__(self, request: Request) -> Actor:
        actor: Actor = request.scope["actor"]
        return actor


_KNOWN = _Known()


def require(scope: Scope) -> Callable[[Actor], Actor]:
    """A dependency that gives the caller when he has `scope`, and answers 403 otherwise."""

    def _allowed(actor: Annotated[Actor, Security(_KNOWN, scopes=[scope.value])]) -> Actor:
        if scope not in actor.scopes:
            raise Forbidden(f"This needs the right {scope.value!r}.", hint="Ask the owner of the workspace for it.")
        return actor

    return _allowed


Caller = Annotated[Actor, Security(_KNOWN)]
Administrator = Annotated[Actor, Depends(require(Scope.ADMIN))]
