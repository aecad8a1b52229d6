"""The history as people see it, and taking changes back.

log in the user's file ─▶ changes, their rows, what can be done with them
undo, redo ─▶ the one writer: the changeset backwards, or the earlier schema and its words ─▶ a change of its own
"""

import asyncio
import builtins
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import apsw

from rolltop.auth import Actor
from rolltop.data import Data
from rolltop.data.history import log, reading, trimming, undo
from rolltop.db.database import Database
from rolltop.history import described
from rolltop.history.errors import NotPossible, UnknownTime
from rolltop.history.schemas import (
    Change,
    ChangeDetail,
    ChangeOfRow,
    ChangePage,
    ChangesOfRow,
    Retention,
    RowChangePage,
    TakeBack,
    TakenBack,
    Way,
)
from rolltop.history.taking import InTheWay, TakingBack


@dataclass(frozen=True, slots=True)
class Filter:
    """Which changes somebody asks for; None: whatever it is."""

    table: str | None = None
    actor: str | None = None
    kinds: Sequence[str] = field(default_factory=list)
    job: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class History:
    """The history of the open file."""

    def __init__(self, data: Data, database: Database, in_the_way: InTheWay) -> None:
        self._data = data
        self._in_the_way = in_the_way
        self._database = database

    # ---- looking ---------------------------------------------------------------------------------------------------

    async def list(self, wanted: Filter, before: int | None, limit: int) -> ChangePage:
        """Changes, newest first.

        Raises:
            UnknownTime: a time has no zone.
        """
        chosen = reading.Wanted(
            before, wanted.table, wanted.actor, wanted.kinds, wanted.job, _stamp(wanted.since), _stamp(wanted.until)
        )

        def _page(connection: apsw.Connection) -> tuple[builtins.list[Change], bool]:
            found = reading.entries(connection, chosen, limit + 1)
            return described.changes(connection, found[:limit]), len(found) > limit

        changes, more = await self._data.read(_page)
        return ChangePage(changes=changes, next=changes[-1].id if more else None)

    async def get(self, id: int) -> ChangeDetail:
        """One change.

        Raises:
            NoSuchChange: it is not there, or no longer.
        """

        def _one(connection: apsw.Connection) -> ChangeDetail:
            entry = _entry(connection, id)
            return ChangeDetail(
                **described.changes(connection, [entry])[0].model_dump(),
                tables=reading.tables(connection, entry),
                objects=described.objects(entry, backwards=False),
            )

        return await self._data.read(_one)

    async def rows(self, id: int, after: int, limit: int) -> RowChangePage:
        """The rows of a change.

        Raises:
            NoSuchChange: it is not there, or no longer.
        """
        found = await self._data.read(
            lambda connection: reading.rows(connection, _entry(connection, id), after, limit + 1)
        )
        page = found[:limit]
        return RowChangePage(
            rows=[described.row(each) for each in page], next=page[-1].number if len(found) > limit else None
        )

    async def of_row(self, table: str, key: Sequence[str], before: int | None, limit: int) -> ChangesOfRow:
        """What became of one row."""

        def _page(connection: apsw.Connection) -> ChangesOfRow:
            page = reading.of_row(connection, table, key, before, limit)
            changes = described.changes(connection, [entry for entry, _ in page.rows])
            listed = [
                ChangeOfRow(change=change, row=described.row(row))
                for change, (_, row) in zip(changes, page.rows, strict=True)
            ]
            return ChangesOfRow(changes=listed, next=page.next)

        return await self._data.read(_page)

    async def retention(self) -> Retention:
        """What is kept."""
        kept, limits = await self._data.read(trimming.look), self._data.limits
        trimmed, trimmed_bytes, trimmed_at = kept.trimmed
        return Retention(
            on=kept.on and limits.bytes > 0,
            changes=kept.changes,
            bytes=kept.bytes,
            oldest=kept.oldest,
            oldest_at=_time(kept.oldest_at),
            newest=kept.newest,
            trimmed=trimmed,
            trimmed_bytes=trimmed_bytes,
            trimmed_at=_time(trimmed_at),
            free_bytes=kept.free_bytes,
            days=limits.days,
            limit_bytes=limits.bytes,
            change_limit_bytes=limits.change_bytes,
        )

    async def record(self, *, on: bool) -> Retention:
        """Turn recording on or off.

        Raises:
            NotPossible: the settings keep nothing, or the file has tables of others where the log would be.
        """
        if on and not self._data.limits.bytes:
            raise NotPossible("The setting history_mb is 0.", hint="Give it another value and start Rolltop again.")
        try:
            await asyncio.to_thread(self._data.record, on=on)
        except apsw.SQLError as error:
            raise NotPossible("The file has tables of its own that are called like the history's.") from error
        return await self.retention()

    # ---- taking back -----------------------------------------------------------------------------------------------

    async def take_back(self, actor: Actor, id: int, way: Way, wanted: TakeBack) -> TakenBack:
        """Undo or redo a change, or find out what that would do.

        Raises:
            NoSuchChange, NotUndoable, AlreadyUndone, NotUndone, HistoryOff: it cannot be taken back.
            RowsChanged, FormChanged, LaterChanges, SchemaMoved, KeysBroken: something stands against it.
            Forbidden: the caller may not change rows, or the schema.
        """
        return await asyncio.to_thread(
            TakingBack(self._data, self._database, self._in_the_way, actor, id, way, wanted).run
        )


def _stamp(moment: datetime | None) -> int | None:
    """Microseconds since 1970."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise UnknownTime(f"{moment.isoformat()} has no time zone.", hint="Add Z for UTC, or an offset such as +01:00.")
    return round(moment.timestamp() * 1_000_000)


def _time(stamp: int | None) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp / 1_000_000, UTC)


def _entry(connection: apsw.Connection, id: int) -> log.Entry:
    entry = reading.entry(connection, id)
    if entry is None:
        raise undo.NoSuchChange(id)
    return entry
