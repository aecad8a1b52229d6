"""The backups of the open workspace: made, listed, checked, taken in and deleted.

Everything about them is in their folder; nothing here needs rolltop.db, which may be what a backup is needed for.
"""

import asyncio
import builtins
import dataclasses
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rolltop.auth import Scope
from rolltop.backups.archive import Archive
from rolltop.backups.checking import check
from rolltop.backups.errors import BackupInUse, NoSuchBackup, NothingRestored, WrongBody
from rolltop.backups.making import SUFFIX, Report, make, place, sweep
from rolltop.backups.manifest import DatabaseFacts, Reason
from rolltop.backups.restoring import former_states, keep, lay_ready
from rolltop.backups.schemas import Backup, BackupContent, BackupResult, Job, Restored, RestoreResult, Verified
from rolltop.backups.source import Source
from rolltop.collections.imports.spool import Spool
from rolltop.data.reflect import is_hidden
from rolltop.errors import RolltopError
from rolltop.jobs import Asked, Jobs, Running
from rolltop.kit.files import private_folder, sync_file
from rolltop.kit.ids import now
from rolltop.workspace import pending

_TYPES = re.compile(r"application/(?:zip|octet-stream|x-zip-compressed)\s*(?:;|$)", re.IGNORECASE)
_LOOK_SECONDS = 0.2


class Folder:
    """The backups that lie in a folder, whoever put them there."""

    def __init__(self, path: Path) -> None:
        self.path = private_folder(path)
        self._read: dict[Path, tuple[tuple[int, int], Backup]] = {}

    def list(self) -> builtins.list[Backup]:
        """All of them, newest first."""
        found = []
        present = set(self.path.glob(f"*{SUFFIX}"))
        for path in list(self._read):  # a copy, for others list at the same time
            if path not in present:
                self._read.pop(path, None)
        for path in present:
            with suppress(FileNotFoundError):  # it has just gone
                found.append(self._described(path))
        return sorted(found, key=lambda each: each.content.created if each.content else each.changed, reverse=True)

    def get(self, id: str) -> Backup:
        """One of them.

        Raises:
            NoSuchBackup: there is none.
        """
        try:
            return self._described(self.file(id))
        except FileNotFoundError:
            raise NoSuchBackup(id) from None

    def file(self, id: str) -> Path:
        """Where it lies. The name is looked for among those that are there, and never made into a path.

        Raises:
            NoSuchBackup: there is none.
        """
        for path in self.path.glob(f"*{SUFFIX}"):
            if path.name == f"{id}{SUFFIX}" and path.is_file():
                return path
        raise NoSuchBackup(id)

    def _described(self, path: Path) -> Backup:
        status = path.stat()
        key = (status.st_mtime_ns, status.st_size)
        known = self._read.get(path)
        if known is None or known[0] != key:
            known = self._read[path] = (key, describe(path))
        return known[1]


def describe(path: Path) -> Backup:
    """What a file says of itself, which need not be true: `check` finds out."""
    status = path.stat()
    content, problem = None, None
    try:
        with Archive(path) as archive:
            content = _content(archive)
    except (RolltopError, OSError) as error:
        problem = str(error)
    return Backup(
        id=path.name.removesuffix(SUFFIX), file=path.name, size=status.st_size,
        changed=datetime.fromtimestamp(status.st_mtime, UTC), content=content, problem=problem,
    )  # fmt: skip


def _content(archive: Archive) -> BackupContent:
    told = archive.manifest
    return BackupContent(
        format=told.format, rolltop=told.rolltop, created=told.created, reason=told.reason, workspace=told.workspace,
        secrets=told.secrets, in_place=told.in_place, revision=told.own.revision if told.own else None,
        tables=_shown(told.data), unpacked=archive.size, left_out=told.left_out,
    )  # fmt: skip


def _shown(data: DatabaseFacts | None) -> dict[str, int]:
    """The tables that people know of."""
    return {} if data is None else {name: rows for name, rows in data.tables.items() if not is_hidden(name)}


class Backups:
    """The backups of the workspace that this process serves."""

    def __init__(
        self, source: Source, served: Path | None, limit_mb: int, jobs: Jobs, reopen: Callable[[], bool]
    ) -> None:
        """`served` is a file that is served in place of the workspace's data; `reopen` asks whoever runs the server to
        open the workspace anew, and says whether he does."""
        self._folder = Folder(source.folder / "backups")
        self._source = source
        self._served = served
        self._spool = Spool(source.folder / "files" / "backups", limit_mb)
        self._jobs = jobs
        self._reopen = reopen
        self._turn = threading.Lock()
        sweep(self._folder.path)
        for kind, again in (("backups.create", self._create_again), ("backups.verify", self._verify_again)):
            jobs.repeats(kind, again, Scope.ADMIN)
        for former in former_states(self._folder.path):
            self._keep(former)

    def list(self) -> builtins.list[Backup]:
        """All of them, newest first."""
        return self._folder.list()

    def get(self, id: str) -> Backup:
        """One of them.

        Raises:
            NoSuchBackup: there is none.
        """
        return self._folder.get(id)

    def file(self, id: str) -> Path:
        """Where it lies.

        Raises:
            NoSuchBackup: there is none.
        """
        return self._folder.file(id)

    def create(
        self,
        reason: Reason,
        *,
        secrets: bool,
        actor: str | None,
        retry_of: str | None = None,
        then: Callable[[Path], None] = lambda _made: None,
    ) -> Job:
        """Make one, as a job, and `then` tell of it. Its result is a `BackupResult`."""

        def work(running: Running) -> dict[str, object]:
            with self._in_turn(running):
                made = make(self._source, self._folder.path, reason, secrets=secrets, report=_report(running))
            then(made)
            return _result(made)

        asked = Asked(actor, {"reason": reason, "secrets": secrets}, retry_of)
        return self._jobs.submit("backups.create", f"Back up {self._source.name}", work, unit="bytes", asked=asked)

    def verify(self, id: str, actor: str | None, retry_of: str | None = None) -> Job:
        """Check one, as a job that fails when it is not whole. Its result is a `Verified`.

        Raises:
            NoSuchBackup: there is none.
        """
        path = self._folder.file(id)

        def work(running: Running) -> dict[str, object]:
            found = check(path, self._folder.path, _report(running))
            counts = dataclasses.asdict(found)
            return Verified(backup=id, bytes=counts.pop("size"), **counts).model_dump()

        asked = Asked(actor, {"backup": id}, retry_of)
        return self._jobs.submit("backups.verify", f"Verify {path.name}", work, unit="bytes", asked=asked)

    def restore(self, id: str, actor: str | None) -> Job:
        """Bring one back, as a job: it checks all of it and lays it ready, then the server opens it. Its result is a
        `RestoreResult`.

        Raises:
            NoSuchBackup: there is none.
        """
        path = self._folder.file(id)

        def work(running: Running) -> dict[str, object]:
            with self._in_turn(running):
                lay_ready(path, self._source.folder, _report(running), served=self._served)
            return RestoreResult(backup=id, reopening=self._reopen()).model_dump()

        title = f"Restore {path.name}"
        return self._jobs.submit("backups.restore", title, work, unit="bytes", asked=Asked(actor, {"backup": id}))

    def restored(self) -> Restored:
        """The last restore that was done.

        Raises:
            NothingRestored: there was none.
        """
        found = pending.restored(self._source.folder)
        if found is None:
            raise NothingRestored
        return Restored.model_validate(msgspec.structs.asdict(found))

    async def receive(self, headers: Mapping[str, str], body: AsyncIterator[bytes]) -> Backup:
        """Take in a file that was sent. It gets a name of ours.

        Raises:
            WrongBody, FileTooLarge, OutOfSpace: it cannot be taken.
            NotABackup, DamagedBackup, NewerBackup: it is no backup. Nothing is kept in any of these cases.
        """
        if not _TYPES.match(headers.get("content-type", "")):
            raise WrongBody
        self._spool.check_length(headers.get("content-length"))
        sent = await self._spool.store(body)
        return await asyncio.to_thread(self._take_in, sent)

    def _take_in(self, sent: Path) -> Backup:
        """Give a file that was sent its place, if it is a backup; else it goes."""
        try:
            with Archive(sent):
                pass
            sync_file(sent)
            return self._folder.get(place(sent, self._folder.path, "uploaded", now()).name.removesuffix(SUFFIX))
        finally:
            sent.unlink(missing_ok=True)

    def delete(self, id: str) -> None:
        """Remove one.

        Raises:
            NoSuchBackup: there is none.
            BackupInUse: the system does not let go of the file.
        """
        path = self._folder.file(id)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise BackupInUse(error.strerror or str(error)) from error

    def _keep(self, former: Path) -> None:
        """What a restore has set aside becomes a backup; until then its files stay as they are."""

        def work(running: Running) -> dict[str, object] | None:
            with self._in_turn(running):
                made = keep(former, self._folder.path, _report(running))
            return None if made is None else _result(made)

        self._jobs.submit("backups.keep", "Back up the state before the restore", work, unit="bytes")

    def _create_again(self, asked: Asked) -> Job:
        return self.create(
            asked.input["reason"], secrets=asked.input["secrets"], actor=asked.actor, retry_of=asked.retry_of
        )

    def _verify_again(self, asked: Asked) -> Job:
        return self.verify(asked.input["backup"], asked.actor, asked.retry_of)

    @contextmanager
    def _in_turn(self, running: Running) -> Iterator[None]:
        """One after the other: two at a time would only take more of the disk."""
        while not self._turn.acquire(timeout=_LOOK_SECONDS):
            running.check()
        try:
            yield
        finally:
            self._turn.release()


def _result(made: Path) -> dict[str, object]:
    return BackupResult(backup=made.name.removesuffix(SUFFIX), size=made.stat().st_size).model_dump()


def _report(running: Running) -> Report:
    return lambda done, total: running.progress(done, total)
