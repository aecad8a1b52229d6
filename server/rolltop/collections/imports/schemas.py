"""An import, from the uploaded file to the table."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rolltop.jobs import Job, JobError

__all__ = ["Dialect", "DialectChange", "Import", "ImportColumn", "ImportRun", "Job", "RaggedRows", "RunColumn"]

ImportState = Literal["scanning", "ready", "loading", "done", "failed", "cancelled"]
ColumnType = Literal[
    "boolean", "integer", "real", "decimal", "date", "timestamp", "time", "uuid",
    "email", "url", "json", "blob", "choice", "text",
]  # fmt: skip
Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=63)]


class Dialect(BaseModel):
    """How the file is written."""

    encoding: Encoding = Field(
        description="From the byte order mark, else UTF-8 when the whole file is valid UTF-8, else Windows-1252."
    )
    delimiter: str = Field(description="What stands between two cells.", examples=[","])
    quote: str | None = Field(description="What may stand around a cell; null: nothing does.", examples=['"'])
    header: bool = Field(description="Whether the first row holds the column names.")


class DialectChange(BaseModel):
    """How the file shall be read instead. What is left out is guessed again."""

    model_config = ConfigDict(extra="forbid")

    encoding: Encoding | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1, examples=[";"])
    quote: str | None = Field(
        default=None, max_length=1, description="An empty text: cells are never quoted.", examples=['"']
    )
    header: bool | None = None


class ImportColumn(BaseModel):
    """A column of the file, judged by all of its cells."""

    source: str = Field(description="The header as it stands in the file.", examples=["Dep. delay"])
    name: str = Field(description="The name the column would get.", examples=["dep_delay"])
    type: ColumnType = Field(description="The narrowest type that every cell fits.")
    confidence: float = Field(description="From 0 (nothing to go by) to 1 (no other reading).", examples=[0.98])
    reading: str | None = Field(
        description="How cells are read when they are not written the plain way.", examples=["decimal comma"]
    )
    nulls: int = Field(description="Cells that become null: empty ones, and those in `null_tokens`.", examples=[8255])
    null_tokens: list[str] = Field(description="Words that are read as null in this column.", examples=[["NA"]])
    distinct: int | None = Field(description="Different values; null when there are too many to count.", examples=[527])
    samples: list[str] = Field(description="A few different values, long ones cut.", examples=[["2", "4", "-1"]])
    misfits: dict[str, int] = Field(
        description="For each other type: how many cells would not fit it.", examples=[{"boolean": 328521, "text": 0}]
    )
    include: bool = Field(description="False for a nameless column without a single value.")


class RaggedRows(BaseModel):
    """Rows with another number of cells than the first."""

    short: int = Field(description="Rows with too few cells.", examples=[2])
    long: int = Field(description="Rows with too many cells.", examples=[0])
    first: list[int] = Field(description="The first such rows, the header not counted.", examples=[[17, 40]])


class Import(BaseModel):
    """A file on its way into a table."""

    id: str = Field(examples=["01kb8v3c9tqk6x4m2h7w"])
    name: str = Field(description="The file's name; a label only.", examples=["flights.csv"])
    state: ImportState
    size: int = Field(description="Bytes.", examples=[33155000])
    job: str | None = Field(description="The job that scans or loads it, or did so last.")
    dialect: Dialect | None = Field(description="Null until it is known.")
    rows: int | None = Field(description="Rows without the header; null until all have been read.", examples=[336776])
    columns: list[ImportColumn] = Field(description="Empty until the scan is over.")
    key: str | None = Field(
        description="The column that can be the primary key (its values are all there and all different), "
        "or null: a column `id` will be added."
    )
    ragged: RaggedRows | None = Field(description="Null when every row has the same number of cells.")
    preview: list[list[str | None]] = Field(
        description="The first hundred rows as they are written, long cells cut. Null: what the format itself calls so."
    )
    table: str = Field(description="The table it will be or has become.", examples=["flights"])
    error: JobError | None = Field(description="Set when the state is `failed`.")


class RunColumn(BaseModel):
    """What becomes of a column."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(description="The column's `name` in the import, or its header.", max_length=1000)
    name: Name | None = Field(default=None, description="Left out: the name the import gave it.")
    type: ColumnType | None = Field(default=None, description="Left out: the type the import found.")
    include: bool = Field(default=True, description="False leaves the column out.")


class ImportRun(BaseModel):
    """How the file becomes a table. An empty object takes everything as it was found."""

    model_config = ConfigDict(extra="forbid")

    table: Name | None = Field(default=None, description="Left out: the import's `table`.", examples=["flights"])
    columns: list[RunColumn] | None = Field(
        default=None, max_length=500, description="Columns that are not named here are taken as found."
    )
    key: str | None = Field(
        default=None, description="The primary key: a column's new name. Null adds `id`. Left out: the import's `key`."
    )
    fill_short_rows: bool = Field(
        default=False, description="Take rows with too few cells and leave the missing ones null."
    )


def given(run: ImportRun, field: str) -> Any:
    """The field's value when the caller wrote it, else Ellipsis: null and left out are two different wishes."""
    return getattr(run, field) if field in run.model_fields_set else ...
