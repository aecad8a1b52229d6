"""Roles over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from rolltop.auth.access import Administrator
from rolltop.people.service import People
from rolltop.roles.schemas import Role, RoleRights, RoleWrite
from rolltop.roles.service import Roles

router = APIRouter(prefix="/api/roles", tags=["Access"])


def _roles(request: Request) -> Roles:
    roles: Roles = request.app.state.roles
    return roles


def _people(request: Request) -> People:
    people: People = request.app.state.people
    return people


Known = Annotated[Roles, Depends(_roles)]


@router.get("")
def list_roles(roles: Known, _actor: Administrator) -> list[Role]:
    """Every role, with what it gives."""
    return roles.list()


@router.post("", status_code=201)
def create_role(wanted: RoleWrite, roles: Known, actor: Administrator) -> Role:
    """Make a role. It can give no more than you have."""
    return roles.create(actor, wanted)


@router.get("/{name}")
def read_role(name: str, roles: Known, _actor: Administrator) -> Role:
    """One role."""
    return roles.get(name)


@router.put("/{name}")
def replace_role(name: str, wanted: RoleRights, roles: Known, actor: Administrator) -> Role:
    """Give a role other rights. Those who have it have them from their next request on."""
    return roles.replace(actor, name, wanted)


@router.delete("/{name}", status_code=204)
def delete_role(name: str, roles: Known, people: Annotated[People, Depends(_people)], _actor: Administrator) -> None:
    """Delete a role that nobody has."""
    roles.delete(name, people.holders)
