"""Roles as `rolltop.db` keeps them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class RoleRow(SQLModel, table=True):
    """A role that somebody made; those that are always there are in `service`."""

    __tablename__ = "roles"

    name: str = Field(primary_key=True)
    description: str
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    tables: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    others: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created: datetime
    changed: datetime
