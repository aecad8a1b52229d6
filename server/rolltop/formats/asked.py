"""What the server and the worker say to each other: a request, then messages until it is done, a line of JSON each."""

from typing import Literal

import msgspec

Format = Literal["csv", "json", "ndjson", "xlsx", "xls", "xlsb", "ods", "parquet", "sqlite"]
PartKind = Literal["sheet", "table", "list", "file"]


class Part(msgspec.Struct, frozen=True):
    """One of several tables in a file."""

    name: str
    kind: PartKind
    rows: int | None = None
    """How many rows it has, when the format says so."""
    hidden: bool = False
    """Whether its author hid it."""


class Wish(msgspec.Struct, frozen=True):
    """How the file shall be read; None is for the reader to find out."""

    part: str | None = None
    header: bool | None = None
    header_row: int | None = None
    """The row of a sheet that holds the column names; rows before it are left out. Counted from 1."""
    flatten: bool = False
    """Nested objects become columns of their own."""


class Request(msgspec.Struct, frozen=True):
    """Read a file, write its rows to `out`."""

    path: str
    format: Format
    out: str
    wish: Wish
    limit: int
    """The most bytes that `out` may take."""


class Column(msgspec.Struct, frozen=True):
    """A column: its header, and the type that the format gives it, by the names of imports."""

    header: str
    type: str | None = None


class Index(msgspec.Struct, frozen=True):
    """An index, or a UNIQUE constraint, by the headers of its columns."""

    columns: tuple[str, ...]
    unique: bool


class ForeignKey(msgspec.Struct, frozen=True):
    """Columns whose values are rows of another table of the same file."""

    columns: tuple[str, ...]
    table: str
    parent_columns: tuple[str, ...]
    """Empty: its primary key."""
    on_delete: str
    on_update: str


class Structure(msgspec.Struct, frozen=True):
    """What a database says of a table beyond its columns."""

    primary_key: tuple[str, ...] = ()
    not_null: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the file has been read, between 0 and 1."""

    share: float


class Failure(msgspec.Struct, frozen=True, tag="failure"):
    """It cannot be read, and why."""

    code: str
    message: str
    details: object
    hint: str | None


class Told(msgspec.Struct, frozen=True, tag="done"):
    """What was read."""

    parts: tuple[Part, ...]
    part: str | None
    columns: tuple[Column, ...]
    rows: int
    header_row: int | None = None
    notes: tuple[str, ...] = ()
    """What a person should know of how it was read."""
    structure: Structure | None = None


Message = Progress | Failure | Told
