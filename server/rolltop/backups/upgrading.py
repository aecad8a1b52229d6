"""Before `rolltop.db` is brought to a new form, a backup keeps the workspace as it was (threat model R6)."""

import logging

from rolltop.backups.making import make
from rolltop.backups.source import Moment, Source
from rolltop.data import Data
from rolltop.db import copying as own_copying
from rolltop.db.version import known_revisions, revision_of
from rolltop.errors import RolltopError, StartError
from rolltop.workspace import Workspace

log = logging.getLogger("rolltop.backups")


class UpgradeRefused(StartError):
    """The workspace is of an older form, and the backup that comes first cannot be made. Nothing was changed."""

    code = "backups.upgrade_refused"


def keep_before_upgrade(workspace: Workspace, data: Data, *, wanted: bool) -> None:
    """Make the backup, if an upgrade is due.

    Raises:
        UpgradeRefused: it cannot be made.
    """
    revision = revision_of(workspace.own_file)
    if revision in (None, known_revisions()[-1]):
        return
    if not wanted:
        log.warning("The workspace is brought to a new form without a backup, as the settings ask for.")
        return

    def catch() -> Moment:
        own = own_copying.snapshot(workspace.own_file)
        try:
            return Moment(data.snapshot(), own)
        except BaseException:
            own.close()
            raise

    source = Source(workspace.path, workspace.name, data.in_place, catch)
    try:
        made = make(source, workspace.backups, "before_upgrade", secrets=False, report=lambda _done, _total: None)
    except RolltopError as error:
        raise UpgradeRefused(
            f"This workspace is of an older form, and the backup before its upgrade failed: {error.message}",
            details=error.details,
            hint=f"{error.hint or ''} ROLLTOP_UPGRADE_BACKUP=false starts once without a backup.".strip(),
        ) from error
    log.info("The workspace is brought to a new form; %s keeps it as it was.", made.name)
