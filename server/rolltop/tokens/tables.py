"""Tokens as `rolltop.db` keeps them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class TokenRow(SQLModel, table=True):
    """A token; of the secret itself only the SHA-256 is kept (threat model A2)."""

    __tablename__ = "tokens"

    id: str = Field(primary_key=True)
    name: str
    digest: bytes = Field(unique=True)
    hint: str
    person: str
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    tables: dict[str, Any] | None = Field(sa_column=Column(JSON))
    created: datetime
    expires: datetime | None
    used: datetime | None
