"""What can go wrong with backups."""

from pathlib import Path

from rolltop.errors import Conflict, NotFound, OutOfSpace, Unprocessable, UnsupportedMediaType


class NoSuchBackup(NotFound):
    """The id is unknown."""

    code = "backups.unknown"

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no backup {id!r}.", hint="GET /api/backups lists them.")


class NotABackup(Unprocessable):
    """The file is none that Rolltop wrote."""

    code = "backups.not_a_backup"

    def __init__(self, why: str) -> None:
        super().__init__(f"This file is not a backup of Rolltop: {why}.", hint="Choose another file.")


class DamagedBackup(Unprocessable):
    """The file was a backup and has changed since, or was cut off."""

    code = "backups.damaged"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"This backup is damaged: {why}.",
            hint="Use another backup, or another copy of this one. Nothing was changed.",
        )


class NewerBackup(Unprocessable):
    """A later Rolltop made it."""

    code = "backups.newer"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"This backup was made by a later version of Rolltop ({version}).", hint="Update Rolltop, then try again."
        )


class DamagedWorkspace(Conflict):
    """What was to be backed up is damaged itself, so the good backups stay the last ones."""

    code = "backups.damaged_workspace"

    def __init__(self, file: str, damage: tuple[str, ...]) -> None:
        super().__init__(
            f"{file} is damaged, so no backup was made of it.",
            details=list(damage),
            hint="Restore the last good backup. The present state is kept aside then.",
        )


class ServedInPlace(Conflict):
    """The tables are in a file that is not the workspace's own, and is not to be overwritten."""

    code = "backups.served_in_place"

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} is served where it lies, and a restore would put another file in its place.",
            hint="Restore into a workspace of its own: `rolltop restore FILE --workspace FOLDER`.",
        )


class AlreadyDecided(Conflict):
    """Another restore waits for the next start."""

    code = "backups.already_decided"

    def __init__(self) -> None:
        super().__init__("A restore was decided already and is done at the next start.", hint="Start Rolltop again.")


class NothingRestored(NotFound):
    """There was no restore yet."""

    code = "backups.nothing_restored"

    def __init__(self) -> None:
        super().__init__("Nothing was restored in this workspace yet.", hint="POST /api/backups/{id}/restore does it.")


class FilesUnusable(Conflict):
    """The system does not let us read or write a file, or it went away meanwhile."""

    code = "backups.files"

    def __init__(self, error: OSError) -> None:
        where = f"{error.filename}: " if error.filename else ""
        super().__init__(
            f"The system refuses the files: {where}{error.strerror or error}.",
            hint="Look whether the file is there and yours to read and write, then try again.",
        )


class BackupInUse(Conflict):
    """The file cannot be removed now."""

    code = "backups.in_use"

    def __init__(self, why: str) -> None:
        super().__init__(f"The backup cannot be deleted now: {why}.", hint="Close what reads it, then try again.")


class NoRoom(OutOfSpace):
    """The disk cannot hold what is to be written."""

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(
            f"This needs {needed / 1e6:,.0f} MB of free disk space, and there are {free / 1e6:,.0f} MB.",
            hint="Free some space, or delete old backups, then try again.",
        )


class WrongBody(UnsupportedMediaType):
    """Something else than a backup file was sent."""

    code = "backups.body_type"

    def __init__(self) -> None:
        super().__init__(
            "The body must be the backup file itself.", hint="Send it with Content-Type: application/octet-stream."
        )
