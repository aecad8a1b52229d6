"""The caller of a FastAPI route, and the right it needs.

`web.guard` has found out who asks and put the actor into the scope; here a route says what it needs of him.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from rolltop.auth.actor import OF_WHOLE, OWNER, Actor, Scope
from rolltop.errors import Forbidden


class _Known(SecurityBase):
    """The caller whom the guard let in. As a security scheme, it puts the rights of each route into the document."""

    model = HTTPBearer()
    scheme_name = "bearer"

    def __call__(self, request: Request) -> Actor:
        actor: Actor = request.scope["actor"]
        return actor


_KNOWN = _Known()


def require(scope: Scope, *, of_limited: bool = False) -> Callable[[Actor], Actor]:
    """A dependency that gives the caller when he has `scope`, and answers 403 otherwise.

    Whoever may see only some tables, columns or rows is refused, too, unless the route heeds that: `of_limited`.
    """

    scopes = [scope.value] if of_limited else [scope.value, OF_WHOLE]

    def _allowed(actor: Annotated[Actor, Security(_KNOWN, scopes=scopes)]) -> Actor:
        if scope not in actor.scopes:
            raise Forbidden(f"This needs the right {scope.value!r}.", hint="Ask the owner of the workspace for it.")
        if actor.limits and not of_limited:
            raise Forbidden(
                "This needs rights on all tables, columns and rows.", hint="Ask the owner of the workspace for them."
            )
        return actor

    return _allowed


def _in_person(actor: Annotated[Actor, Security(_KNOWN)]) -> Actor:
    """Gives a caller who is signed in; answers 403 to tokens for scripts, unless they open `admin`."""
    if actor.token and Scope.ADMIN not in actor.scopes:
        raise Forbidden("A token for scripts cannot do this.", hint="Sign in as a person, and do it there.")
    return actor


def _owner(actor: Annotated[Actor, Security(_KNOWN, scopes=[Scope.ADMIN.value, OF_WHOLE])]) -> Actor:
    """Gives the owner, signed in; answers 403 to everybody else, also to administrators and tokens."""
    if actor.id != OWNER.id or actor.token:
        raise Forbidden("Only the owner of the workspace can do this.", hint="Sign in as the owner.")
    return actor


def _at_the_desk(actor: Annotated[Actor, Security(_KNOWN, scopes=[Scope.ADMIN.value, OF_WHOLE])]) -> Actor:
    """Gives the local owner, known by the desk itself; answers 403 to everybody else, also to administrators."""
    if actor.id != OWNER.id or actor.credential:
        raise Forbidden("Only the owner, at this computer, can do this.", hint="Use the Rolltop window.")
    return actor


InPerson = Annotated[Actor, Depends(_in_person)]
Owner = Annotated[Actor, Depends(_owner)]
AtTheDesk = Annotated[Actor, Depends(_at_the_desk)]
Caller = Annotated[Actor, Security(_KNOWN)]
Administrator = Annotated[Actor, Depends(require(Scope.ADMIN))]
