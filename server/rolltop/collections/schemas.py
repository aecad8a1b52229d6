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
    description: str = Field(description="What it holds; empty when nobody said.", examples=["All flights of 2013."])


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
    description: str = Field(description="What it means; empty when nobody said.", examples=["Minutes after schedule."])
    expression: str | None = Field(
        description="What a generated column is computed from.", examples=["air_time / 60.0"]
    )
    collation: str | None = Field(description="How texts are compared, when the table says so.", examples=["NOCASE"])


class Unique(BaseModel):
    """Columns that together differ in each row."""

    name: str = Field(examples=["films_title_year_key"])
    columns: list[str] = Field(examples=[["title", "year"]])


class Check(BaseModel):
    """A rule that no row may break."""

    name: str = Field(examples=["films_check"])
    expression: str = Field(examples=["ended >= started"])


class ForeignKey(BaseModel):
    """Columns that point to another table."""

    name: str = Field(examples=["films_director_id_fkey"])
    columns: list[str] = Field(examples=[["director_id"]])
    table: str = Field(examples=["directors"])
    parent_columns: list[str] = Field(examples=[["id"]])
    on_delete: str = Field(examples=["CASCADE"])
    on_update: str = Field(examples=["NO ACTION"])
    deferred: bool


class Index(BaseModel):
    """An index that somebody made."""

    name: str = Field(examples=["films_year_index"])
    columns: list[str | None] = Field(description="null for an expression.", examples=[["year"]])
    unique: bool
    partial: bool = Field(description="Only some rows are in it.")
    sql: str


class CollectionDetail(_Described):
    """A table or a view with its columns."""

    columns: list[Column]
    primary_key: list[str] = Field(description="The key's columns in order; empty without a key.", examples=[["id"]])
    version: str = Field(
        description="Stands for the structure: changes that name another version are refused.",
        examples=["5d0c1f3a9b7e2468"],
    )
    unique: list[Unique]
    checks: list[Check]
    foreign_keys: list[ForeignKey]
    indexes: list[Index]
    triggers: list[str] = Field(description="The names of its triggers.")
    search: list[str] = Field(description="The columns of its full-text search; empty without one.")
    strict: bool = Field(description="Whether SQLite's STRICT holds its cells to their types.")
    without_rowid: bool
    sql: str = Field(description="The SQL that makes it.")
