"""People and their sessions as `rolltop.db` keeps them."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class PersonRow(SQLModel, table=True):
    """A person; the keys are the texts as they are compared (`store.key`).

    Of the password only the Argon2id hash is kept (threat model A6).
    """

    __tablename__ = "people"

    id: str = Field(primary_key=True)
    name: str
    name_key: str = Field(unique=True)
    email: str | None
    email_key: str | None = Field(unique=True)
    role: str
    active: bool
    password: str | None
    created: datetime
    changed: datetime


class SessionRow(SQLModel, table=True):
    """A browser or app in which a person is signed in; of the token only the SHA-256 is kept (threat model A2)."""

    __tablename__ = "sessions"

    id: str = Field(primary_key=True)
    digest: bytes = Field(unique=True)
    person: str = Field(foreign_key="people.id")
    client: str
    created: datetime
    expires: datetime
    used: datetime | None


class InvitationRow(SQLModel, table=True):
    """A link by which a person sets a password, once."""

    __tablename__ = "invitations"

    digest: bytes = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    expires: datetime
