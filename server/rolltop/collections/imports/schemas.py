"""An import, from the uploaded file to the table."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rolltop.collections.recipes.schemas import Recipe
from rolltop.jobs import Job, JobError

__all__ = [
    "Dialect",
    "DialectChange",
    "Import",
    "ImportColumn",
    "ImportOutcome",
    "ImportPart",
    "ImportRun",
    "Job",
    "KeptForeignKey",
    "KeptIndex",
    "KeptStructure",
    "MappedColumn",
    "Mapping",
    "PartsWanted",
    "RaggedRows",
    "RefusedRow",
    "RefusedTogether",
    "RunColumn",
    "UrlWanted",
]

ImportState = Literal["scanning", "ready", "loading", "done", "failed", "cancelled"]
ColumnType = Literal[
    "boolean", "integer", "real", "decimal", "date", "timestamp", "time", "uuid",
    "email", "url", "json", "blob", "choice", "text",
]  # fmt: skip
FileFormat = Literal["csv", "json", "ndjson", "xlsx", "xls", "xlsb", "ods", "parquet", "sqlite"]
Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"]


class Dialect(BaseModel):
    """How the file is written."""

    encoding: Encoding = Field(
        description="From the byte order mark, else UTF-8 when the whole file is valid UTF-8, else Windows-1252."
    )
    delimiter: str = Field(description="What stands between two cells.", examples=[","])
    quote: str | None = Field(description="What may stand around a cell; null: nothing does.", examples=['"'])
    header: bool = Field(description="Whether the first row holds the column names.")


class ImportPart(BaseModel):
    """One of several tables of a file: a sheet, a table of a database, a list in JSON, a file in an archive."""

    name: str = Field(examples=["Sheet1"])
    kind: Literal["sheet", "table", "list", "file"]
    rows: int | None = Field(description="How many rows it has, where the format says so.", examples=[8715])
    hidden: bool = Field(description="Its author hid it.")
    imports: list[str] = Field(description="The imports that read it.", examples=[["01kb8v3c9tqk6x4m2h7w"]])


class KeptIndex(BaseModel):
    """An index or a UNIQUE constraint."""

    columns: list[str] = Field(examples=[["AlbumId"]])
    unique: bool


class KeptForeignKey(BaseModel):
    """Columns whose values name rows of another table of the same file."""

    columns: list[str] = Field(examples=[["ArtistId"]])
    table: str = Field(description="The part of the file it points to.", examples=["Artist"])
    parent_columns: list[str] = Field(description="Empty: its primary key.", examples=[["ArtistId"]])
    on_delete: str = Field(examples=["NO ACTION"])
    on_update: str = Field(examples=["NO ACTION"])


class KeptStructure(BaseModel):
    """What a database says of a table beyond its columns, by the names of the import."""

    primary_key: list[str] = Field(examples=[["AlbumId"]])
    not_null: list[str] = Field(examples=[["Title"]])
    indexes: list[KeptIndex]
    foreign_keys: list[KeptForeignKey]


class PartsWanted(BaseModel):
    """Which parts of the file get imports of their own."""

    model_config = ConfigDict(extra="forbid")

    parts: list[Annotated[str, StringConstraints(max_length=1000)]] | None = Field(
        default=None,
        max_length=40,
        description="Names of parts; null: every part that is not hidden and that no import reads yet.",
        examples=[["Sheet2", "Sheet3"]],
    )


class UrlWanted(BaseModel):
    """A file on the web."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=4000, examples=["https://example.com/flights.csv.gz"])
    name: str | None = Field(
        default=None, min_length=1, max_length=255, description="Left out: the last part of the URL's path."
    )


class DialectChange(BaseModel):
    """How the file shall be read instead. What is left out is guessed again."""

    model_config = ConfigDict(extra="forbid")

    encoding: Encoding | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1, examples=[";"])
    quote: str | None = Field(
        default=None, max_length=1, description="An empty text: cells are never quoted.", examples=['"']
    )
    header: bool | None = None
    part: str | None = Field(
        default=None, max_length=1000, description="Another of the file's `parts`. Left out: the one it reads now."
    )
    header_row: int | None = Field(
        default=None,
        ge=1,
        le=1_048_576,
        description="Workbooks: the row of the sheet with the column names.",
        examples=[3],
    )
    flatten: bool | None = Field(
        default=None, description="JSON: members of nested objects become columns of their own, `outer.inner`."
    )
    null_texts: list[Annotated[str, StringConstraints(max_length=100)]] | None = Field(
        default=None,
        max_length=100,
        description="Texts that are null, capitals or not, in every column; an empty text: empty cells. Left out: "
        "words such as `NA` and `-` where the other cells of the column are more than text, and empty cells.",
        examples=[["", "n/a", "unknown"]],
    )


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


class RefusedTogether(BaseModel):
    """How many cells were refused for the same reason in the same column."""

    column: str | None = Field(description="Null when it is no single column's fault.", examples=["arr_delay"])
    code: str = Field(description="The reason, as in `/api/quarantine`.", examples=["type"])
    cells: int = Field(examples=[12])


class RefusedRow(BaseModel):
    """A row that did not fit."""

    row: int = Field(description="Its number in the file, the header not counted.", examples=[17])
    reasons: list[dict[str, str | None]] = Field(
        examples=[[{"code": "type", "column": "arr_delay", "value": "n/k", "message": "'n/k' is not a whole number."}]]
    )


class ImportOutcome(BaseModel):
    """What became of the rows of the file, or would have. Also the result of the job."""

    dry_run: bool = Field(description="Everything was counted and taken back.")
    table: str = Field(examples=["flights"])
    rows: int = Field(description="Rows that are in the table now: `inserted`, `changed` and `unchanged`.")
    inserted: int
    changed: int
    unchanged: int = Field(description="Rows that were there already, just so.")
    refused: int = Field(description="Rows that do not fit.")
    quarantine: str | None = Field(description="Where the refused rows wait: `/api/quarantine/{quarantine}`.")
    reasons: list[RefusedTogether] = Field(description="Why rows were refused, the most frequent first.")
    first_refused: list[RefusedRow] = Field(description="The first twenty of them.")
    notes: list[str] = Field(
        default_factory=list, description="What a database says of the table and the new one could not keep, and why."
    )


class MappedColumn(BaseModel):
    """Where a column of the file would go."""

    source: str = Field(description="The column's `name` in the import.", examples=["dep_delay"])
    name: str | None = Field(description="The table's column of that name; null: there is none.")
    type: ColumnType | None = Field(description="The type that its cells would be read as.")
    reading: str | None = Field(description="How, when not the plain way.")
    misfits: int = Field(description="How many of its cells do not fit that type.", examples=[0])


class Mapping(BaseModel):
    """How a file goes into a table that is there, as far as the names tell."""

    table: str
    columns: list[MappedColumn]
    missing: list[str] = Field(description="Columns of the table that need a value in every row and get none.")
    keys: list[list[str]] = Field(description="The keys by which `update` can find rows, the primary key first.")


class Import(BaseModel):
    """A file on its way into a table."""

    id: str = Field(examples=["01kb8v3c9tqk6x4m2h7w"])
    name: str = Field(description="The file's name; a label only.", examples=["flights.csv"])
    state: ImportState
    size: int = Field(description="Bytes.", examples=[33155000])
    job: str | None = Field(description="The job that scans or loads it, or did so last.")
    format: FileFormat | None = Field(description="What the file is, by its content. Null until it is known.")
    packed: Literal["gzip", "zip"] | None = Field(description="What it was packed in.")
    dialect: Dialect | None = Field(
        description="How delimited text is written. Null for other formats, and until known."
    )
    parts: list[ImportPart] = Field(description="The tables of a file that may hold several; else empty.")
    part: str | None = Field(description="The part that this import reads.", examples=["Sheet1"])
    header_row: int | None = Field(description="Workbooks: the row with the column names; null: there is none.")
    flatten: bool = Field(description="JSON: members of nested objects are columns of their own.")
    null_texts: list[str] = Field(
        description="Texts that are null, in lower case; an empty one: empty cells.", examples=[["", "-", "n/a", "na"]]
    )
    notes: list[str] = Field(
        description="What was done to read it that a person should know.",
        examples=[["2 rows above the header in row 3 left out."]],
    )
    rows: int | None = Field(description="Rows without the header; null until all have been read.", examples=[336776])
    columns: list[ImportColumn] = Field(description="Empty until the scan is over.")
    key: str | None = Field(
        description="The column that can be the primary key (its values are all there and all different), "
        "or null: a column `id` will be added."
    )
    structure: KeptStructure | None = Field(
        description="What an SQLite file says of the table; a new table is made so, too. Null for other formats."
    )
    ragged: RaggedRows | None = Field(description="Null when every row has the same number of cells.")
    preview: list[list[str | None]] = Field(
        description="The first hundred rows as they are written, long cells cut. Null: what the format itself calls so."
    )
    table: str = Field(description="The table it will be or has become.", examples=["flights"])
    error: JobError | None = Field(description="Set when the state is `failed`.")
    recipe: Recipe | None = Field(description="The fixes kept for files with these headers; a run uses them.")
    outcome: ImportOutcome | None = Field(description="What came of the last run or dry run.")


class RunColumn(BaseModel):
    """What becomes of a column."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(description="The column's `name` in the import, or its header.", max_length=1000)
    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        description="Left out: the name the import gave it; of a table that is there, the column of that name.",
    )
    type: ColumnType | None = Field(
        default=None,
        description="Left out: the type the import found. Columns of a table that is there keep their types.",
    )
    include: bool = Field(default=True, description="False leaves the column out.")


class ImportRun(BaseModel):
    """What becomes of the file. An empty object makes a new table of everything as it was found."""

    model_config = ConfigDict(extra="forbid")

    table: str | None = Field(
        default=None, min_length=1, max_length=255, description="Left out: the import's `table`.", examples=["flights"]
    )
    target: Literal["new", "append", "update"] = Field(
        default="new",
        description="`new`: make the table. `append`: add the rows to a table that is there. `update`: rows whose "
        "`key` is in the table change it, the others are added.",
    )
    columns: list[RunColumn] | None = Field(
        default=None, max_length=500, description="Columns that are not named here are taken as found."
    )
    key: str | list[str] | None = Field(
        default=None,
        description="New table: the primary key, by the columns' new names; null adds `id`; left out: the import's "
        "`key`, or the primary key of its `structure`. "
        "Update: the columns by which rows are found; left out: the table's primary key.",
    )
    fill_short_rows: bool = Field(
        default=False, description="Take rows with too few cells and leave the missing ones null."
    )
    bad_rows: Literal["refuse", "quarantine"] = Field(
        default="refuse",
        description="`refuse`: one row that does not fit, and nothing is imported. `quarantine`: the rows that fit are "
        "imported, the others wait in `/api/quarantine` with their reasons.",
    )
    dry_run: bool = Field(
        default=False,
        description="Do everything, count it, and take it back: the job's result says how many rows would be inserted, "
        "changed, left alone and refused.",
    )
    structure: bool = Field(
        default=True,
        description="Give a new table the keys, NOT NULL, indexes and foreign keys of the import's `structure`, too. "
        "Foreign keys come as soon as both tables were imported from the same file.",
    )
    recipe: bool = Field(default=True, description="Use the recipe kept for files of this shape, if there is one.")


def given(run: ImportRun, field: str) -> Any:
    """The field's value when the caller wrote it, else Ellipsis: null and left out are two different wishes."""
    return getattr(run, field) if field in run.model_fields_set else ...
