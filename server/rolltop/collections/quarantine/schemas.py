"""Quarantined rows as the API shows them, and what may be done with them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rolltop.collections.recipes.schemas import Fix
from rolltop.jobs import Job

__all__ = ["Job"]

ReasonCode = Literal["type", "empty", "unique", "twice", "check", "reference", "short", "long", "trigger", "other"]
_CODES = (
    "`type`: cannot be read as the column's type · `empty`: a value is needed · `unique`: a row of the table has the "
    "key already · `twice`: an earlier row of the file has it · `check`: the table's CHECK refuses it · `reference`: "
    "the row it refers to is not there · `short`, `long`: too few or too many cells · `trigger`: a trigger refuses it "
    "· `other`: something else that SQLite says"
)


class Reason(BaseModel):
    """One thing that is wrong with a row."""

    code: ReasonCode = Field(description=_CODES)
    column: str | None = Field(description="The table's column; null when it is no single one's fault.")
    value: str | None = Field(description="The cell, a long one cut.", examples=["31/12/2024"])
    message: str = Field(examples=["'31/12/2024' is not a date."])


class QuarantinedRow(BaseModel):
    """A row that waits."""

    row: int = Field(description="Its number in the file, the header not counted.", examples=[17])
    cells: list[str | None] = Field(description="As they stand in the file, or as they were edited.")
    reasons: list[Reason] = Field(description="Empty: nothing that can be told before a retry speaks against it now.")


class QuarantinedRows(BaseModel):
    """A page of rows."""

    rows: list[QuarantinedRow]
    count: int = Field(description="All rows of the selection.")
    next: int | None = Field(description="The `after` of the next page; null on the last one.")


class QuarantineColumn(BaseModel):
    """A column of the file."""

    source: str = Field(description="What fixes and edits call it.", examples=["price"])
    header: str = Field(description="What stands in the file.", examples=["Price"])
    name: str | None = Field(description="The table's column; null: it is left out.", examples=["price"])
    type: str | None = Field(description="The type that its cells are read as.", examples=["decimal"])


class Suggestion(BaseModel):
    """Something that would help."""

    action: Literal["fix", "update", "discard"] = Field(
        description="`fix`: add the fix, then retry. `update`: retry with `key`, so that rows that are there are "
        "changed. `discard`: drop the rows."
    )
    title: str = Field(description="For people.", examples=["Read as day/month/year"])
    solves: int = Field(description="How many of the cells would fit then.", examples=[412])
    fix: Fix | None = None
    key: list[str] | None = None


class ReasonGroup(BaseModel):
    """The rows with the same thing wrong in the same column."""

    code: ReasonCode = Field(description=_CODES)
    column: str | None
    rows: int = Field(description="How many rows.", examples=[420])
    first: int = Field(description="The first of them.", examples=[17])
    message: str = Field(description="What is said of one of them.")
    values: list[str] = Field(description="The most frequent cells, long ones cut.", examples=[["31/12/2024", "n/k"]])
    suggestions: list[Suggestion]


class QuarantineSummary(BaseModel):
    """An import that left rows."""

    id: str = Field(description="The import's id.", examples=["01kb8v3c9tqk6x4m2h7w"])
    name: str = Field(description="The file's name.", examples=["orders.csv"])
    table: str = Field(description="The table into which they go.", examples=["orders"])
    rows: int = Field(description="How many rows wait.", examples=[420])
    created: datetime


class Quarantine(QuarantineSummary):
    """An import that left rows, with what is wrong and what would help."""

    columns: list[QuarantineColumn] = Field(description="In the order of a row's cells.")
    key: list[str] = Field(description="The columns by which a retry finds rows to change; empty: rows are added.")
    fixes: list[Fix] = Field(description="Those that a retry uses: the recipe of this shape of file.")
    recipe: str | None = Field(description="The recipe's id.")
    groups: list[ReasonGroup] = Field(description="The largest first; a row is in as many as it has reasons.")
    job: str | None = Field(description="The retry that is under way.")


class RowEdit(BaseModel):
    """Other texts for some cells of a row."""

    model_config = ConfigDict(extra="forbid")

    cells: dict[str, str | None] = Field(
        min_length=1, description="By the column's `source`, written as in the file.", examples=[{"price": "12.50"}]
    )


class _Selected(BaseModel):
    model_config = ConfigDict(extra="forbid")

    column: str | None = Field(default=None, description="Only rows with a reason in this column of the table.")
    code: ReasonCode | None = Field(default=None, description="Only rows with a reason of this code.")
    rows: list[int] | None = Field(default=None, max_length=10_000, description="Only the rows with these numbers.")


class Retry(_Selected):
    """Which rows shall be tried again; an empty object tries all."""

    key: list[str] | None = Field(
        default=None,
        description="Find rows by this key of the table and change them; an empty list only adds. Left out: as the "
        "import did.",
    )


class Discard(_Selected):
    """Which rows shall be dropped; an empty object drops all."""


class Discarded(BaseModel):
    """What was dropped."""

    rows: int = Field(examples=[420])
