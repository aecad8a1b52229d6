"""What the server says of itself to those it knows."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class WorkspaceStatus(BaseModel):
    """The open workspace."""

    name: str = Field(examples=["My workspace"])
    path: str
    default: bool = Field(description="The workspace that is opened when none is named.")


class DataStatus(BaseModel):
    """The SQLite file that holds the tables."""

    path: str
    size: int = Field(description="Bytes, without the write-ahead log.")
    sqlite_version: str = Field(examples=["3.54.1"])
    in_place: bool = Field(description="A file opened where it lies, in place of the workspace's own data.db.")


class Status(BaseModel):
    """The running server."""

    version: str
    url: str = Field(examples=["http://127.0.0.1:8377"])
    pid: int
    instance: str = Field(description="New at each start; also in /api/health.")
    mode: Literal["desktop", "serve"]
    desktop: bool = Field(description="Whether native dialogs can be asked for.")
    started: datetime
    workspace: WorkspaceStatus
    data: DataStatus
