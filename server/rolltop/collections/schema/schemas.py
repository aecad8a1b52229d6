"""A wished table, the changes to one, and what they would do."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, StringConstraints, Tag

from rolltop.collections.schemas import CollectionDetail

ColumnType = Literal[
    "text", "integer", "real", "decimal", "boolean", "date", "timestamp", "time", "uuid", "json", "blob"
]
Action = Literal["no action", "restrict", "cascade", "set null", "set default"]
Format = Literal["email", "url"]
Misfits = Literal["refuse", "null", "keep"]
Losses = Literal["refuse", "accept"]
Dependents = Literal["refuse", "drop"]

NewName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A name to be; the rules are checked with a hint that names a free one."""
Present = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
"""A name that is there; foreign files may have any."""
Expression = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Label = Annotated[str, StringConstraints(max_length=255)]
Description = Annotated[str, StringConstraints(max_length=10_000)]
Columns = Annotated[list[Present], Field(min_length=1, max_length=200)]


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReferenceTo(_Wish):
    """Where a foreign key points to."""

    table: Present = Field(examples=["directors"])
    columns: list[Present] | None = Field(
        default=None, max_length=200, description="The key there; left out: its primary key.", examples=[["id"]]
    )
    on_delete: Action = Field(
        default="no action", description="What happens to the rows here when the row there is deleted."
    )
    on_update: Action = Field(default="no action", description="The same when its key changes.")
    deferred: bool = Field(default=False, description="Checked at the end of a transaction, not at each statement.")


class Generated(_Wish):
    """A column that SQLite computes from others of its row."""

    expression: Expression = Field(examples=["minutes / 60.0"])
    stored: bool = Field(default=False, description="Kept on the disk instead of computed at each read.")


class Rules(_Wish):
    """What a column's values have to be."""

    not_null: bool = Field(default=False, description="Every row must have a value.")
    unique: bool = Field(default=False, description="No two rows may have the same value.")
    default: JsonValue = Field(default=None, description="The value of rows that do not say another one.")
    default_expression: Expression | None = Field(
        default=None,
        description="SQL that computes the default, instead of `default`.",
        examples=["strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"],
    )
    choices: list[str | int | float] | None = Field(
        default=None, min_length=1, max_length=1_000, description="The only values allowed."
    )
    max_length: int | None = Field(default=None, ge=1, le=1_000_000_000, description="The longest text allowed.")
    format: Format | None = Field(default=None, description="The form of the text.")
    check: Expression | None = Field(default=None, description="SQL that must not be false.", examples=["minutes > 0"])
    references: ReferenceTo | None = Field(default=None, description="The row of another table that a value names.")


class NewColumn(Rules):
    """A column to be made."""

    name: NewName = Field(examples=["minutes"])
    type: ColumnType = Field(default="text", examples=["integer"])
    label: Label | None = Field(default=None, description="What people call it.")
    description: Description | None = Field(default=None, description="What it means.")
    generated: Generated | None = Field(default=None, description="Computed, never written.")


class NewUnique(_Wish):
    """Columns that together are different in each row."""

    columns: Columns = Field(examples=[["title", "year"]])
    name: NewName | None = None


class NewCheck(_Wish):
    """A rule about several columns."""

    expression: Expression = Field(examples=["ended >= started"])
    name: NewName | None = None


class NewForeignKey(ReferenceTo):
    """A foreign key over columns of this table."""

    from_columns: Columns = Field(description="The columns here.", examples=[["director_id"]])
    name: NewName | None = None


class IndexPart(_Wish):
    """A column of an index, or an expression."""

    column: Present | None = Field(default=None, examples=["year"])
    expression: Expression | None = Field(default=None, examples=["lower(title)"])
    descending: bool = False


class NewIndex(_Wish):
    """An index, which makes filters and sorting by its columns fast."""

    name: NewName | None = Field(default=None, description="Left out: made from table and columns.")
    parts: list[IndexPart] = Field(min_length=1, max_length=50)
    unique: bool = Field(default=False, description="No two rows may be the same in it.")
    where: Expression | None = Field(default=None, description="Only rows for which this holds are in it.")


class TableCreate(_Wish):
    """A table to be made."""

    kind: Literal["table"] = "table"
    name: NewName = Field(examples=["films"])
    label: Label | None = None
    description: Description | None = None
    columns: list[NewColumn] = Field(min_length=1, max_length=1_000)
    primary_key: list[Present] | None = Field(
        default=None,
        max_length=200,
        description="The key's columns. Left out: `id`, which is added unless there is one. An empty list: no key.",
        examples=[["id"]],
    )
    unique: list[NewUnique] = Field(default_factory=list, max_length=200)
    checks: list[NewCheck] = Field(default_factory=list, max_length=200)
    foreign_keys: list[NewForeignKey] = Field(default_factory=list, max_length=200)
    indexes: list[NewIndex] = Field(default_factory=list, max_length=60)
    search: list[Present] = Field(
        default_factory=list, max_length=200, description="The columns of the full-text search.", examples=[["title"]]
    )


class ViewCreate(_Wish):
    """A view to be made: a SELECT that is read like a table."""

    kind: Literal["view"]
    name: NewName = Field(examples=["long_films"])
    label: Label | None = None
    description: Description | None = None
    select: str = Field(
        min_length=1, max_length=100_000, examples=["SELECT title, minutes FROM films WHERE minutes > 150"]
    )


def _kind(body: Any) -> str:
    kind = body.get("kind", "table") if isinstance(body, dict) else getattr(body, "kind", "table")
    return kind if isinstance(kind, str) else "table"


CollectionCreate = Annotated[
    Annotated[TableCreate, Tag("table")] | Annotated[ViewCreate, Tag("view")], Discriminator(_kind)
]


# ---- changes ---------------------------------------------------------------------------------------------------------


class Rename(_Wish):
    """Give the table or view another name."""

    change: Literal["rename"]
    name: NewName = Field(examples=["movies"])


class Describe(_Wish):
    """Say what people call the table or a column, and what it means. Nothing in the data file changes."""

    change: Literal["describe"]
    column: Present | None = Field(default=None, description="Left out: the table itself.")
    label: Label | None = Field(default=None, description="Left out: stays; empty: the name.")
    description: Description | None = Field(default=None, description="Left out: stays; empty: none.")


class AddColumn(_Wish):
    """Add a column."""

    change: Literal["add_column"]
    column: NewColumn
    before: Present | None = Field(default=None, description="The column that it stands before; left out: at the end.")


class RenameColumn(_Wish):
    """Rename a column; keys, indexes, triggers and views that name it follow. Comes before other changes in a list."""

    change: Literal["rename_column"]
    column: Present = Field(examples=["minutes"])
    name: NewName = Field(examples=["length"])


class AlterColumn(Rules):
    """Change a column's type or rules. What is left out stays as it is; null takes a rule away."""

    change: Literal["alter_column"]
    column: Present = Field(examples=["minutes"])
    type: ColumnType | None = Field(default=None, description="Left out: stays.")
    generated: Generated | None = Field(default=None, description="null makes it an ordinary column with its values.")
    misfits: Misfits = Field(
        default="refuse",
        description="What becomes of cells that cannot be read as the new type: `refuse` the change, make them `null`, "
        "or `keep` them as they are (the column's type is then no longer enforced).",
    )
    losses: Losses = Field(
        default="refuse",
        description="Whether cells may lose something: a fraction, digits, the time of day.",
    )


class DropColumn(_Wish):
    """Delete a column with its values."""

    change: Literal["drop_column"]
    column: Present


class ReorderColumns(_Wish):
    """Put the columns into this order; those that are not named follow in theirs."""

    change: Literal["reorder_columns"]
    columns: list[Present] = Field(min_length=1, max_length=2_000)


class SetPrimaryKey(_Wish):
    """Make these columns the primary key; an empty list takes it away."""

    change: Literal["set_primary_key"]
    columns: list[Present] = Field(max_length=200)


class AddUnique(NewUnique):
    """Demand that columns together differ in each row."""

    change: Literal["add_unique"]


class DropUnique(_Wish):
    """Allow equal rows again."""

    change: Literal["drop_unique"]
    columns: Columns


class AddCheck(NewCheck):
    """Add a rule about several columns."""

    change: Literal["add_check"]


class DropCheck(_Wish):
    """Take a rule away."""

    change: Literal["drop_check"]
    name: Present = Field(description="Its name as GET tells it.", examples=["films_check"])


class AddForeignKey(NewForeignKey):
    """Let columns point to rows of another table."""

    change: Literal["add_foreign_key"]


class DropForeignKey(_Wish):
    """Take a foreign key away."""

    change: Literal["drop_foreign_key"]
    from_columns: Columns


class AddIndex(NewIndex):
    """Make an index."""

    change: Literal["add_index"]


class DropIndex(_Wish):
    """Delete an index."""

    change: Literal["drop_index"]
    name: Present


class SetSearch(_Wish):
    """Choose the columns of the full-text search; an empty list ends it."""

    change: Literal["set_search"]
    columns: list[Present] = Field(max_length=200)


class SetSelect(_Wish):
    """Let a view show something else."""

    change: Literal["set_select"]
    select: str = Field(min_length=1, max_length=100_000)


class Delete(_Wish):
    """Delete the table or view with its rows; stands alone."""

    change: Literal["delete"]


AnyChange = Annotated[
    Rename
    | Describe
    | AddColumn
    | RenameColumn
    | AlterColumn
    | DropColumn
    | ReorderColumns
    | SetPrimaryKey
    | AddUnique
    | DropUnique
    | AddCheck
    | DropCheck
    | AddForeignKey
    | DropForeignKey
    | AddIndex
    | DropIndex
    | SetSearch
    | SetSelect
    | Delete,
    Field(discriminator="change"),
]

_EXAMPLE: dict[str, Any] = {
    "version": "5d0c1f3a9b7e2468",
    "changes": [
        {"change": "rename_column", "column": "len", "name": "minutes"},
        {"change": "alter_column", "column": "minutes", "type": "integer", "misfits": "null"},
        {"change": "add_column", "column": {"name": "kind", "choices": ["film", "series"], "default": "film"}},
    ],
}


class Changes(_Wish):
    """Changes to one table or view, done in their order: all of them or none."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    version: str | None = Field(
        default=None,
        max_length=64,
        description="The `version` that the caller saw; when the structure is another by now, the answer is 409.",
    )
    changes: list[AnyChange] = Field(min_length=1, max_length=500)
    dependents: Dependents = Field(
        default="refuse",
        description="What becomes of views, triggers, indexes, rules and foreign keys that would break: `refuse` the "
        "changes, or `drop` them, too.",
    )


# ---- what they do ----------------------------------------------------------------------------------------------------


class Sample(BaseModel):
    """One row with such a cell."""

    key: dict[str, Any] = Field(description="The row's key, or its rowid.", examples=[{"id": 17}])
    values: dict[str, Any] = Field(description="The cells, long ones cut.", examples=[{"minutes": "two hours"}])


class Finding(BaseModel):
    """Rows that stand in the way, or that lose something."""

    kind: Literal["misfits", "losses", "nulls", "duplicates", "check", "orphans"] = Field(
        description="Cells that cannot be read as the new type; cells that lose something; missing values; equal rows; "
        "rows that break a rule; values without a row in the other table."
    )
    columns: list[str] = Field(examples=[["minutes"]])
    rule: str | None = Field(description="The rule that is broken.", examples=["minutes > 0"])
    rows: int = Field(description="How many.", examples=[3])
    resolved: bool = Field(description="Whether the request says what to do with them.")
    samples: list[Sample]
    hint: str = Field(description="The ways out.")


class Dependent(BaseModel):
    """Something that uses what is changed."""

    kind: str = Field(
        description="`view`, `trigger`, `index`, `foreign key`, `check`, `unique`, `generated column`, `primary key`, "
        "`search`, or what the part of Rolltop calls it, such as `query`.",
        examples=["view"],
    )
    name: str = Field(examples=["long_films"])
    table: str | None = Field(description="Where it stands, when that is a table.", examples=["films"])
    column: str | None = Field(description="The column that it uses.", examples=["minutes"])
    breaks: bool | None = Field(description="Whether it would no longer work; null: it cannot be told.")


class Impact(BaseModel):
    """What changes would do. Nothing has been done."""

    version: str | None = Field(description="The version of the structure this is about; null for a new one.")
    possible: bool = Field(description="Whether the same request without `/preview` would be done now.")
    rows: int = Field(description="Rows of the table.", examples=[336776])
    rewritten: bool = Field(
        description="Whether the whole table is written anew, which takes its time when it is large."
    )
    findings: list[Finding]
    dependents: list[Dependent]
    lost: list[str] = Field(description="Columns and other things that are deleted.", examples=[["column minutes"]])
    before: str = Field(description="The SQL of the table as it is.")
    after: str | None = Field(description="The SQL as it would be; null when it is deleted.")


class Changed(BaseModel):
    """What was done."""

    collection: CollectionDetail | None = Field(description="As it is now; null when it was deleted.")
    rewritten: bool = Field(description="Whether the whole table was written anew.")
    findings: list[Finding] = Field(description="The cells that were emptied, kept or shortened, as it was wished.")
    lost: list[str] = Field(description="Columns and other things that were deleted.", examples=[["column minutes"]])
