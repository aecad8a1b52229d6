"""Recipes as `rolltop.db` keeps them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class RecipeRow(SQLModel, table=True):
    """One shape and its fixes."""

    __tablename__ = "recipes"

    id: str = Field(primary_key=True)
    shape: str = Field(unique=True)
    """The headers as JSON text."""
    name: str
    fixes: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    types: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    changed: datetime
    used: datetime | None
