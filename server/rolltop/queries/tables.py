"""Saved queries as `rolltop.db` keeps them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class QueryRow(SQLModel, table=True):
    """A saved query; what it reads, writes and returns is told by SQLite whenever somebody asks."""

    __tablename__ = "queries"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    sql: str
    parameters: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    returns: str
    description: str
    created: datetime
    changed: datetime
