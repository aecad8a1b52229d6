"""What is said of changes, and how they are taken back."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Way = Literal["undo", "redo"]
Cells = dict[str, Any]


class Change(BaseModel):
    """Something that was done to the data in one go."""

    id: int = Field(description="Counts up, never given twice; what `X-Rolltop-Change` names.", examples=[1207])
    at: datetime
    actor: str = Field(description="The id of who did it.", examples=["owner"])
    kind: str = Field(
        description="What was done, for programs: insert, update, upsert, delete, import, query, schema, undo, redo, "
        "write.",
        examples=["update"],
    )
    title: str = Field(description="What was done, for people.", examples=["Change 240 rows of flights"])
    job: str | None = Field(description="The job that did it, if one did.", examples=[None])
    table: str | None = Field(description="The table that was meant.", examples=["flights"])
    key: list[str] | None = Field(description="The key of the only row; null where there were more.", examples=[["17"]])
    rows: int = Field(description="How many rows became different.", examples=[240])
    bytes: int = Field(description="What it takes in the file, about.", examples=[18_230])
    of: int | None = Field(description="The change that this one takes back.", examples=[None])
    undone_by: int | None = Field(description="The change that took this one back.", examples=[None])
    can: Way | None = Field(description="What can be done with it now; null: neither.", examples=["undo"])
    lost: str | None = Field(description="Why it can never be undone, where that is so.", examples=[None])


class ChangePage(BaseModel):
    """Some changes, newest first."""

    changes: list[Change]
    next: int | None = Field(description="`before` for the next page; null: there is none.", examples=[1158])


class SchemaChange(BaseModel):
    """A table, index, view or trigger that a change of the schema made different."""

    kind: Literal["table", "index", "view", "trigger", "virtual"] = Field(examples=["table"])
    before: str | None = Field(description="Its name before; null: it is new.", examples=["films"])
    after: str | None = Field(description="Its name afterwards; null: it went.", examples=["films"])
    sql_before: str | None
    sql_after: str | None


class ChangeDetail(Change):
    """One change, with every table that it reached."""

    tables: list[str] = Field(description="The one that was meant stands first.", examples=[["flights"]])
    objects: list[SchemaChange] = Field(description="What became of the schema; empty for changes of rows.")


class RowChange(BaseModel):
    """A row before and after."""

    number: int = Field(description="Its place in the change, from 1.", examples=[1])
    table: str = Field(examples=["flights"])
    op: Literal["insert", "update", "delete"]
    key: Cells = Field(examples=[{"id": 17}])
    before: Cells | None = Field(
        description="Cells as SQLite holds them, of an update those that differ; null: there was no such row. "
        "Long texts are cut, bytes are `\\x…`.",
        examples=[{"dep_delay": 4}],
    )
    after: Cells | None = Field(
        description="The same cells afterwards; null: the row went.", examples=[{"dep_delay": 5}]
    )


class RowChangePage(BaseModel):
    """Some rows of one change."""

    rows: list[RowChange]
    next: int | None = Field(description="`after` for the next page; null: there is none.", examples=[100])


class ChangeOfRow(BaseModel):
    """What a change did to one row."""

    change: Change
    row: RowChange


class ChangesOfRow(BaseModel):
    """The changes of one row, newest first."""

    changes: list[ChangeOfRow]
    next: int | None = Field(
        description="`before` for the next page; null: there is none. A page may be short, or empty, and not the last: "
        "large changes take time to look through.",
    )


class TakeBack(BaseModel):
    """How to undo or redo."""

    model_config = ConfigDict(extra="forbid")

    conflicts: Literal["refuse", "skip", "overwrite"] = Field(
        default="refuse",
        description="What becomes of rows that were changed since: nothing at all is done (409, with those rows), they "
        "stay as they are, or what they are now is given up for what they were.",
    )
    dry_run: bool = Field(default=False, description="Only find out what it would do.")


class ConflictingCell(BaseModel):
    """A cell that was changed since."""

    column: str = Field(examples=["dep_delay"])
    before: Any = Field(description="Before the change: what it would be again.", examples=[4])
    after: Any = Field(description="As the change left it.", examples=[5])
    now: Any = Field(examples=[6])


class ConflictingRow(BaseModel):
    """A row that is not as the change left it."""

    reason: Literal["changed", "gone", "key_taken", "constraint"]
    table: str = Field(examples=["flights"])
    key: Cells = Field(examples=[{"id": 17}])
    columns: list[ConflictingCell]


class TakenBack(BaseModel):
    """What an undo or a redo did, or would do."""

    way: Way
    of: int = Field(description="The change that it is about.", examples=[1207])
    change: int | None = Field(
        description="The change that it is itself, which can be undone like any other; null after a dry run.",
        examples=[1208],
    )
    dry_run: bool
    rows: int = Field(description="How many rows became different.", examples=[240])
    left: int = Field(description="How many rows were left as they are.", examples=[0])
    conflicts: list[ConflictingRow] = Field(description="These rows, the first 50.")
    objects: list[SchemaChange] = Field(description="What becomes of the schema; `before` is before this.")


class Retention(BaseModel):
    """What the history holds, and how much it may."""

    on: bool = Field(description="Whether writes are recorded.")
    changes: int = Field(examples=[1207])
    bytes: int = Field(
        description="What it takes of the file, about; tables that were deleted and can be brought back are in it.",
        examples=[1_204_224],
    )
    oldest: int | None = Field(description="The oldest change that is kept.", examples=[1])
    oldest_at: datetime | None
    newest: int | None = Field(examples=[1207])
    trimmed: int = Field(description="How many changes were let go since the beginning.", examples=[0])
    trimmed_bytes: int = Field(examples=[0])
    trimmed_at: datetime | None
    free_bytes: int = Field(description="Room in the file that what is written next will use.", examples=[0])
    days: int = Field(description="The setting `history_days`; 0: the age does not matter.", examples=[90])
    limit_bytes: int = Field(
        description="The setting `history_mb` in bytes; 0: nothing is kept.", examples=[1_000_000_000]
    )
    change_limit_bytes: int = Field(
        description="The setting `history_change_mb` in bytes: what a change may take to be undoable.",
        examples=[128_000_000],
    )


class Recording(BaseModel):
    """Whether writes are to be recorded."""

    model_config = ConfigDict(extra="forbid")

    on: bool
