"""What is said of tokens."""

from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from rolltop.auth import Action, Scope

_TABLES = "What may be done with the rows of single tables; nothing with those of others. Null: as the scopes say."


_FOREVER = datetime(9000, 1, 1, tzinfo=UTC)


class TokenCreate(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        min_length=1, max_length=200, description="What it is for.", examples=["Nightly import"], pattern=r"\S"
    )
    scopes: list[Scope] = Field(
        min_length=1, description="The parts of Rolltop that it opens.", examples=[["rows:read"]]
    )
    tables: dict[str, list[Action]] | None = Field(
        default=None, max_length=2_000, description=_TABLES, examples=[{"flights": ["select"]}]
    )
    expires: AwareDatetime | None = Field(default=None, lt=_FOREVER, description="When it ends; null for never.")


class Token(BaseModel):
    """A token, without its secret."""

    id: str
    name: str
    hint: str = Field(description="How it begins.", examples=["rtk_4qXz"])
    person: str = Field(description="The id of who made it.")
    scopes: list[Scope]
    tables: dict[str, list[Action]] | None = Field(description=_TABLES)
    created: datetime
    expires: datetime | None
    used: datetime | None = Field(description="When it was last used; null for never.")


class NewToken(Token):
    """A token that was just made. The secret is shown this once."""

    token: str = Field(examples=["rtk_4qXz…"])
