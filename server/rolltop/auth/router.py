"""Signing in: one-time codes, sessions, who am I."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from rolltop.auth.access import AtTheDesk, Caller
from rolltop.auth.actor import CODE_SECONDS, Sessions
from rolltop.auth.schemas import CodeExchange, Download, DownloadWish, SessionToken, SignInCode
from rolltop.auth.tickets import TICKET_SECONDS, Tickets
from rolltop.web.guard import DOWNLOADS
from rolltop.web.units import BaseUrl

router = APIRouter(prefix="/api", tags=["Access"])


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def _tickets(request: Request) -> Tickets:
    tickets: Tickets = request.app.state.tickets
    return tickets


OpenSessions = Annotated[Sessions, Depends(_sessions)]


@router.post("/auth/codes", status_code=201)
def create_sign_in_code(sessions: OpenSessions, base_url: BaseUrl, _actor: AtTheDesk) -> SignInCode:
    """Make a one-time link that signs a browser in as the local owner."""
    code = sessions.new_code()
    return SignInCode(code=code, url=f"{base_url}/#code={code}", expires_in=CODE_SECONDS)


@router.post("/auth/exchange")
def exchange_code(wanted: CodeExchange, sessions: OpenSessions) -> SessionToken:
    """Exchange a one-time code for a session token. Public: the code is the credential."""
    return SessionToken(token=sessions.exchange(wanted.code), token_type="bearer")  # noqa: S106 (RFC 6750's word)


@router.post("/downloads", status_code=201)
def create_download(
    wanted: DownloadWish, tickets: Annotated[Tickets, Depends(_tickets)], base_url: BaseUrl, actor: Caller
) -> Download:
    """Make a link to a file: it works once, within a minute, with the rights of whoever asked for it."""
    ticket = tickets.issue(actor, wanted.path)
    name = wanted.path.partition("?")[0].rpartition("/")[2]
    return Download(url=f"{base_url}{DOWNLOADS}{ticket}/{name}", expires_in=TICKET_SECONDS)
