"""What is said of collections: the tables and views of the data file."""

from typing import Literal

from pydantic import BaseModel, Field


class _Described(BaseModel):
    name: str = Field(description="The table's name, as in `/rest/v1/{name}`.", examples=["flights"])
    kind: Literal["table", "view"]
    label: str = Field(description="What people call it; the name when nobody said otherwise.", examples=["Flights"])
    rows: int | None = Field(
        description="How many rows it has; null for a view that takes too long to count.", examples=[336776]
    )
    writable: bool = Field(description="Whether rows can be added, changed and deleted.")


class Collection(_Described):
    """A table or a view, in short."""

    columns: int = Field(description="How many columns it has.", examples=[19])


class Reference(BaseModel):
    """Where a foreign key points to."""

    table: str = Field(examples=["airlines"])
    column: str = Field(examples=["carrier"])


class Column(BaseModel):
    """A column as the table declares it."""

    name: str = Field(examples=["dep_delay"])
    label: str = Field(description="What people call it; the name when nobody said otherwise.", examples=["Dep. delay"])
    type: str = Field(description="The type of the REST dialect.", examples=["bigint"])
    declared: str = Field(description="The type as declared in SQL; may be empty.", examples=["INTEGER"])
    not_null: bool
    default: str | None = Field(description="The default as SQL text.", examples=["CURRENT_TIMESTAMP"])
    generated: bool = Field(description="Computed by SQLite, never written.")
    key: int = Field(description="The position in the primary key, counted from 1; 0: not part of it.", examples=[0])
    choices: list[str] | None = Field(description="The only values allowed, when the table says so.")
    max_length: int | None = Field(description="The longest text allowed, when the table says so.")
    references: Reference | None
    unique: bool = Field(description="No two rows may have the same value.")


class CollectionDetail(_Described):
    """A table or a view with its columns."""

    columns: list[Column]
    primary_key: list[str] = Field(description="The key's columns in order; empty without a key.", examples=[["id"]])
