"""What signing in takes and gives."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CodeExchange(BaseModel):
    """A one-time code to be exchanged for a session."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=200, description="The code from the sign-in link's fragment.")


class SessionToken(BaseModel):
    """A session of this server run."""

    token: str = Field(description="Send it as `Authorization: Bearer <token>`.")
    token_type: Literal["bearer"]


class SignInCode(BaseModel):
    """A link that signs a browser in, once, within a minute."""

    code: str
    url: str = Field(examples=["http://127.0.0.1:8377/#code=…"])
    expires_in: int = Field(description="Seconds until the code is refused.", examples=[60])


class DownloadWish(BaseModel):
    """The file to be downloaded."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(
        min_length=1,
        max_length=60_000,
        description="The path of a GET that answers with a file, with its query.",
        examples=["/api/exports/flights.xlsx?month=eq.1"],
    )


class Download(BaseModel):
    """A link to a file that needs no token."""

    url: str = Field(examples=["http://127.0.0.1:8377/api/downloads/…/flights.xlsx"])
    expires_in: int = Field(description="Seconds until the link is refused.", examples=[60])
