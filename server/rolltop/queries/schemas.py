"""What is said of saved queries."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

LONGEST_SQL = 100_000
MOST_PARAMETERS = 100
NAME_PATTERN = r"^[^\W\d_]\w{0,62}$"
# Words that mean something else in the query string of a call.
RESERVED = frozenset({"select", "columns", "on_conflict", "order", "limit", "offset", "and", "or"})


def _name(name: str) -> str:
    if name != unicodedata.normalize("NFC", name):
        raise ValueError("write it with composed characters (Unicode NFC)")
    return name


def _parameter_name(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"{name!r} means something else in the address of a call; pick another name")
    return _name(name)


def _text(text: str) -> str:
    if "\x00" in text or any(0xD800 <= ord(character) < 0xE000 for character in text):
        raise ValueError("only Unicode text without U+0000 can be kept")
    return text


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[
    str,
    Field(
        pattern=NAME_PATTERN,
        description="A letter, then letters, digits and `_`; 63 characters at most.",
        examples=["loans_of"],
    ),
    AfterValidator(_name),
]
ParameterName = Annotated[
    str,
    Field(pattern=NAME_PATTERN, description="As the SQL names it, without the colon.", examples=["member"]),
    AfterValidator(_parameter_name),
]
ParameterType = Literal[
    "bigint", "double precision", "numeric", "boolean", "text", "date", "timestamp", "time", "uuid", "jsonb", "bytea"
]
Returns = Annotated[
    Literal["one", "many"],
    Field(description="`one`: the first value or row of the result; `many`: all of them."),
]


class ParameterDeclaration(BaseModel):
    """A parameter that the SQL names as `:name`."""

    model_config = ConfigDict(extra="forbid")

    name: ParameterName
    type: ParameterType = Field(description="The type of the rows API that arguments are read by.", examples=["bigint"])
    required: bool = Field(default=True, description="Whether a call must give it. False when there is a default.")
    default: Any = Field(default=None, description="What it is when a call leaves it out.")

    @model_validator(mode="after")
    def _default_or_required(self) -> "ParameterDeclaration":
        if self.default is not None:
            if self.required and "required" in self.model_fields_set:
                raise ValueError("a parameter with a default is not required")
            self.required = False
        return self


class QueryWrite(BaseModel):
    """A query to be saved."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    sql: Text = Field(
        min_length=1,
        max_length=LONGEST_SQL,
        description="One SELECT, INSERT, UPDATE or DELETE statement, with parameters as `:name`.",
        examples=["SELECT * FROM loans WHERE lender_id = :member"],
    )
    parameters: list[ParameterDeclaration] = Field(default=[], max_length=MOST_PARAMETERS)
    returns: Returns = "many"
    description: Text = Field(default="", max_length=10_000, description="For people, and for the API's documents.")


class Parameter(BaseModel):
    """A parameter of a saved query."""

    name: str
    type: ParameterType
    required: bool
    default: Any


class QueryColumn(BaseModel):
    """A column of the result."""

    name: str = Field(examples=["lender_id"])
    type: str | None = Field(
        description="The type of the rows API; null for an expression, whose values tell.", examples=["bigint"]
    )


class QueryProblem(BaseModel):
    """Why a query that was fine when it was saved cannot run now, such as a table that is gone."""

    code: str
    message: str
    details: Any
    hint: str | None


class Query(BaseModel):
    """A saved query, and what its SQL means in the present schema."""

    name: str
    sql: str
    parameters: list[Parameter]
    returns: Returns
    description: str
    path: str = Field(description="Where it is called.", examples=["/rest/v1/rpc/loans_of"])
    writes: bool | None = Field(description="Whether it changes rows; told by SQLite. Null when it cannot run now.")
    shape: Literal["nothing", "value", "values", "rows"] | None = Field(
        description="What a call gives: nothing, one value, a list of values, or rows. Null when it cannot run now."
    )
    table: str | None = Field(description="The table whose rows these are, with its relationships; null for others.")
    columns: list[QueryColumn]
    problem: QueryProblem | None
    created: datetime
    changed: datetime
