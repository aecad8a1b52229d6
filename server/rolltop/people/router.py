"""People, signing in and sessions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request

from rolltop.auth import Sessions
from rolltop.auth.access import Administrator, Caller, InPerson
from rolltop.people.schemas import (
    Acceptance,
    Invitation,
    Me,
    NewPassword,
    OwnPassword,
    Person,
    PersonChange,
    PersonCreate,
    Session,
    SignedIn,
    SignIn,
)
from rolltop.people.service import People
from rolltop.people.sessions import PeopleSessions
from rolltop.web.guard import token_of
from rolltop.web.units import BaseUrl

router = APIRouter(prefix="/api", tags=["Access"])


def _people(request: Request) -> People:
    people: People = request.app.state.people
    return people


def _signed_in(request: Request) -> PeopleSessions:
    sessions: PeopleSessions = request.app.state.people_sessions
    return sessions


Everybody = Annotated[People, Depends(_people)]
SignedInPeople = Annotated[PeopleSessions, Depends(_signed_in)]
Client = Annotated[str, Header(alias="user-agent", include_in_schema=False)]


@router.get("/people")
def list_people(people: Everybody, _actor: Administrator) -> list[Person]:
    """Everybody who may use this workspace, by name."""
    return people.list()


@router.post("/people", status_code=201)
def create_person(wanted: PersonCreate, people: Everybody, actor: Administrator) -> Person:
    """Let somebody in, with a role that gives no more than you have."""
    return people.create(actor, wanted)


@router.get("/people/{id}")
def read_person(id: str, people: Everybody, _actor: Administrator) -> Person:
    """One person."""
    return people.get(id)


@router.patch("/people/{id}")
def change_person(id: str, wanted: PersonChange, people: Everybody, actor: Administrator) -> Person:
    """Give somebody another name, address or role, or keep him out. It takes effect at his next request."""
    return people.change(actor, id, wanted)


@router.delete("/people/{id}", status_code=204)
def delete_person(id: str, people: Everybody, actor: Administrator) -> None:
    """Let somebody go, with his sessions and tokens."""
    people.delete(actor, id)


@router.put("/people/{id}/password", status_code=204)
def set_password(id: str, wanted: NewPassword, people: Everybody, actor: Administrator) -> None:
    """Give somebody a new password. He is signed out everywhere."""
    people.set_password(actor, id, wanted.password)


@router.post("/people/{id}/invitation", status_code=201)
def create_invitation(id: str, people: Everybody, base_url: BaseUrl, actor: Administrator) -> Invitation:
    """Make a link by which somebody sets his password, once, within a week. Earlier ones are void."""
    code, expires = people.invite(actor, id)
    return Invitation(url=f"{base_url}/#invitation={code}", expires=expires)


@router.put("/me/password", status_code=204)
def change_own_password(wanted: OwnPassword, people: Everybody, actor: InPerson) -> None:
    """Give yourself a new password. Your other sessions end."""
    people.change_own_password(actor, wanted)


@router.get("/me")
def read_me(actor: Caller) -> Me:
    """Who the token belongs to, and what he may use."""
    return Me(id=actor.id, name=actor.name, role=actor.role, scopes=sorted(actor.scopes), limited=bool(actor.limits))


@router.post("/auth/sign-in")
def sign_in(request: Request, wanted: SignIn, sessions: SignedInPeople, client: Client = "") -> SignedIn:
    """Sign in with a name, or an e-mail address, and a password. Public: the password is the credential."""
    address = request.client.host if request.client else ""
    return sessions.sign_in(wanted, address, client)


@router.post("/auth/invitation")
def accept_invitation(wanted: Acceptance, people: Everybody, sessions: SignedInPeople, client: Client = "") -> SignedIn:
    """Set your password by the code of an invitation, and be signed in. Public: the code is the credential."""
    return sessions.begin(people.accept(wanted), client)


@router.delete("/auth/session", status_code=204)
def end_session(request: Request, sessions: SignedInPeople, actor: Caller) -> None:
    """Sign out: the token of this request is refused from now on. A token for scripts stays until it is revoked."""
    desk: Sessions = request.app.state.sessions
    desk.end(token_of(request.scope) or "")
    if actor.credential and not actor.token:
        sessions.end(actor, actor.credential)


@router.get("/sessions")
def list_sessions(sessions: SignedInPeople, actor: InPerson) -> list[Session]:
    """Where you are signed in by password; with the right `admin`, everybody."""
    return sessions.list(actor)


@router.delete("/sessions/{id}", status_code=204)
def end_session_of(id: str, sessions: SignedInPeople, actor: InPerson) -> None:
    """Sign out of one."""
    sessions.end(actor, id)
