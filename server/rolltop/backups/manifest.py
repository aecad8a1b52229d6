"""What a backup says of itself: `manifest.json`, the last entry of the file."""

from datetime import datetime
from typing import Literal

import msgspec

from rolltop.backups.errors import DamagedBackup, NewerBackup, NotABackup

FORMAT = 1
MANIFEST = "manifest.json"
DATA = "data.db"
OWN = "rolltop.db"
SETTINGS = "workspace.toml"
FOLDERS = ("models", "services")
SECRETS = "secrets"
LEFT_OUT = ("files", "logs", "backups")
"""Uploads and exports under way, logs, and the other backups."""

Reason = Literal["manual", "scheduled", "before_upgrade", "before_restore"]


class Entry(msgspec.Struct, frozen=True):
    """A file in the backup; `path` has slashes, `sha256` is hexadecimal."""

    path: str
    size: int
    sha256: str


class DatabaseFacts(msgspec.Struct, frozen=True):
    """What a database in the backup is like. `revision` is that of the schema of rolltop.db.

    `orphans` counts rows that break a foreign key: other programs may write such, and a copy has them too.
    """

    tables: dict[str, int]
    orphans: int
    revision: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it."""

    kind: Literal["rolltop-backup"] = "rolltop-backup"
    format: int = FORMAT
    rolltop: str
    created: datetime
    reason: Reason
    workspace: str
    in_place: bool
    secrets: bool
    files: list[Entry]
    data: DatabaseFacts | None
    own: DatabaseFacts | None
    left_out: list[str]


class _Head(msgspec.Struct):
    kind: str
    format: int
    rolltop: str = "unknown"


def encode(manifest: Manifest) -> bytes:
    """Its JSON, for people to read as well."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def decode(text: bytes) -> Manifest:
    """Read it.

    Raises:
        NotABackup, NewerBackup, DamagedBackup: it cannot be.
    """
    try:
        head = msgspec.json.decode(text, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotABackup(f"its {MANIFEST} cannot be read") from error
    if head.kind != "rolltop-backup":
        raise NotABackup(f"its {MANIFEST} is of another kind")
    if head.format > FORMAT:
        raise NewerBackup(head.rolltop)
    try:
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedBackup(f"its {MANIFEST} is incomplete ({error})") from error
