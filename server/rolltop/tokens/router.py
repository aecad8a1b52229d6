"""Tokens over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from rolltop.auth.access import InPerson
from rolltop.tokens.schemas import NewToken, Token, TokenCreate
from rolltop.tokens.service import Tokens

router = APIRouter(prefix="/api/tokens", tags=["Access"])


def _tokens(request: Request) -> Tokens:
    tokens: Tokens = request.app.state.tokens
    return tokens


Known = Annotated[Tokens, Depends(_tokens)]


@router.get("")
def list_tokens(tokens: Known, actor: InPerson) -> list[Token]:
    """Your tokens, the newest first; with the right `admin`, everybody's."""
    return tokens.list(actor)


@router.post("", status_code=201)
def create_token(wanted: TokenCreate, tokens: Known, actor: InPerson) -> NewToken:
    """Make a token for a script. It can do no more than you, and its secret is shown this once."""
    return tokens.create(actor, wanted)


@router.delete("/{id}", status_code=204)
def revoke_token(id: str, tokens: Known, actor: InPerson) -> None:
    """Revoke a token: requests with it are refused from now on."""
    tokens.revoke(actor, id)
