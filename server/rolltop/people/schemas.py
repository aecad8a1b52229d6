"""What is said of people and signing in."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rolltop.auth import Scope


def _text(text: str) -> str:
    stripped = text.strip()
    if not stripped or any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in stripped):
        raise ValueError("write at least one visible character, and none that are not for texts")
    return stripped


Name = Annotated[
    str, Field(min_length=1, max_length=200, description="What he is called, and signs in with."), AfterValidator(_text)
]
Email = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[^\s@\x00-\x1f]+@[^\s@\x00-\x1f]+\.[^\s@\x00-\x1f]+$",
        description="He can sign in with this, too.",
    ),
]
Password = Annotated[str, Field(min_length=8, max_length=1_000, description="At least 8 characters.")]
RoleName = Annotated[str, Field(max_length=63, examples=["viewer"])]


class PersonCreate(BaseModel):
    """A person to be let in."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    email: Email | None = None
    role: RoleName
    password: Password | None = Field(default=None, description="Without one, send an invitation.")


class PersonChange(BaseModel):
    """What is to be different about a person; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    email: Email | None = Field(default=None, description="Null takes it away.")
    role: RoleName | None = None
    active: bool | None = Field(default=None, description="False: he cannot sign in, and his tokens are refused.")


class Person(BaseModel):
    """A person."""

    id: str
    name: str
    email: str | None
    role: str
    active: bool
    has_password: bool
    created: datetime
    changed: datetime


class NewPassword(BaseModel):
    """A password for somebody else."""

    model_config = ConfigDict(extra="forbid")

    password: Password


class OwnPassword(NewPassword):
    """A password of one's own in place of the present one."""

    current: str | None = Field(default=None, max_length=1_000, description="The present one, if there is one.")


class SignIn(BaseModel):
    """A name, or an e-mail address, and a password."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=254)
    password: str = Field(min_length=1, max_length=1_000)


class Acceptance(NewPassword):
    """A password for the person who was invited."""

    code: str = Field(min_length=1, max_length=200, description="The code from the invitation's fragment.")


class SignedIn(BaseModel):
    """A session."""

    token: str = Field(description="Send it as `Authorization: Bearer <token>`.")
    token_type: Literal["bearer"]
    expires: datetime


class Invitation(BaseModel):
    """A link by which a person sets his password, once, within a week."""

    url: str = Field(examples=["http://127.0.0.1:8377/#invitation=…"])
    expires: datetime


class Session(BaseModel):
    """A browser or app in which somebody is signed in."""

    id: str
    person: str = Field(description="The id of who is signed in.")
    client: str = Field(description="How the browser or app called itself.")
    created: datetime
    expires: datetime
    used: datetime | None
    current: bool = Field(description="Whether this request came from it.")


class Me(BaseModel):
    """The caller."""

    id: str = Field(examples=["owner"])
    name: str = Field(examples=["Owner"])
    role: str = Field(examples=["owner"])
    scopes: list[Scope] = Field(description="The parts of Rolltop that he may use.")
    limited: bool = Field(description="Whether he may use only some tables, columns or rows.")
