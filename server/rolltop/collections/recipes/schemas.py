"""Fixes of cells, and the recipes they make."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Source = Annotated[str, Field(description="The column's `name` in the import.", max_length=255, examples=["price"])]
_Text = Annotated[str, Field(max_length=1000)]


class _Fix(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReadAs(_Fix):
    """Read cells that do not fit in another way of writing the type."""

    kind: Literal["read_as"] = "read_as"
    column: _Source
    reading: str = Field(
        max_length=100, description="A way of writing the column's type.", examples=["decimal comma", "day/month/year"]
    )


class TreatAsNull(_Fix):
    """Take cells that are exactly one of these words for null."""

    kind: Literal["null"] = "null"
    column: _Source
    words: list[_Text] = Field(min_length=1, max_length=1000, examples=[["unknown", "?"]])


class Strip(_Fix):
    """Take a text and spaces away from both ends of cells that do not fit."""

    kind: Literal["strip"] = "strip"
    column: _Source
    text: str = Field(min_length=1, max_length=100, examples=["€"])


class Replace(_Fix):
    """Put another text in the place of cells that are exactly this one; an empty `old` is for empty cells."""

    kind: Literal["replace"] = "replace"
    column: _Source
    old: _Text = Field(examples=["ja"])
    new: _Text = Field(examples=["true"])


class Shorten(_Fix):
    """Cut texts that are longer."""

    kind: Literal["shorten"] = "shorten"
    column: _Source
    length: int = Field(ge=1, le=1_000_000, description="Characters that stay.", examples=[80])


class FillShort(_Fix):
    """Leave the missing cells of rows with too few of them empty."""

    kind: Literal["fill_short"] = "fill_short"


class CutLong(_Fix):
    """Leave the surplus cells of rows with too many of them out."""

    kind: Literal["cut_long"] = "cut_long"


Fix = Annotated[ReadAs | TreatAsNull | Strip | Replace | Shorten | FillShort | CutLong, Field(discriminator="kind")]


class Recipe(BaseModel):
    """What makes files of one shape fit. It is used when a file with the same headers is imported again."""

    id: str = Field(examples=["01kb8v3c9tqk6x4m2h7w"])
    name: str = Field(description="The file that it was made for, or used for last.", examples=["orders.csv"])
    headers: list[str] = Field(description="The shape: the headers, in the order of the file.")
    fixes: list[Fix] = Field(description="In the order in which they were made.")
    types: dict[str, str] = Field(
        description="The types of the columns that have fixes, by column; they hold unless the import says otherwise.",
        examples=[{"price": "decimal"}],
    )
    changed: datetime
    used: datetime | None = Field(description="When an import used it last.")
