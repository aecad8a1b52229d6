"""What is said of roles."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rolltop.auth import Action, Scope

MOST_TABLES = 2_000
LONGEST_RULE = 4_000
RoleName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="A small letter, then small letters, digits, `-` and `_`.",
        examples=["bookkeeper"],
    ),
]
Columns = Annotated[list[str], Field(max_length=2_000)]


class TableRights(BaseModel):
    """What may be done with one table."""

    model_config = ConfigDict(extra="forbid")

    actions: list[Action] = Field(description="What may be done with its rows. Without any, the table is not there.")
    hidden: Columns = Field(default=[], description="Columns that are not there for those who have the role.")
    read_only: Columns = Field(default=[], description="Columns that they see and cannot write.")
    rule: str = Field(
        default="",
        max_length=LONGEST_RULE,
        description="Filters of the rows API. Rows that do not match are not there, and none can be written that does "
        "not match. `{me.id}`, `{me.name}` and `{me.role}` stand for who asks.",
        examples=["owner=eq.{me.id}"],
    )


class RoleRights(BaseModel):
    """What a role gives."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(default="", max_length=10_000)
    scopes: list[Scope] = Field(description="The parts of Rolltop that may be used.", examples=[["rows:read"]])
    tables: dict[str, TableRights] = Field(
        default={}, max_length=MOST_TABLES, description="The rights on single tables, by name."
    )
    others: list[Action] = Field(
        default=list(Action), description="What may be done with the rows of all tables that are not named."
    )


class RoleWrite(RoleRights):
    """A role to be made."""

    name: RoleName


class Role(RoleWrite):
    """A role. Those that are `fixed` are always there and cannot be changed."""

    fixed: bool
    created: datetime | None
    changed: datetime | None
