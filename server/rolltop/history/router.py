"""The history over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from rolltop.auth import Actor
from rolltop.history.access import Administrator, Reader, Writer
from rolltop.history.schemas import (
    ChangeDetail,
    ChangePage,
    ChangesOfRow,
    Recording,
    Retention,
    RowChangePage,
    TakeBack,
    TakenBack,
    Way,
)
from rolltop.history.service import Filter, History

router = APIRouter(prefix="/api/history", tags=["History"])

_MOST = 1 << 53


def _history(request: Request) -> History:
    history: History = request.app.state.history
    return history


Log = Annotated[History, Depends(_history)]
Number = Annotated[int, Path(ge=1, le=_MOST, description="The change's number.")]
Table = Annotated[str, Query(min_length=1, max_length=1_000, description="The table.")]
Before = Annotated[int | None, Query(ge=1, le=_MOST, description="Only changes before this one: `next` of a page.")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="So many at most.")]
Word = Annotated[str, Query(min_length=1, max_length=200)]


@router.get("")
async def list_changes(
    history: Log,
    _actor: Reader,
    table: Table | None = None,
    actor: Annotated[str | None, Query(max_length=200, description="Who did it, by id.")] = None,
    kind: Annotated[list[Word] | None, Query(max_length=20, description="Only these; may be given again.")] = None,
    job: Annotated[str | None, Query(max_length=200, description="The job that did it.")] = None,
    since: Annotated[datetime | None, Query(description="Not before this time, with its zone.")] = None,
    until: Annotated[datetime | None, Query(description="Before this time, with its zone.")] = None,
    before: Before = None,
    limit: Limit = 50,
) -> ChangePage:
    """What was changed, newest first: of everything, of a table, by an actor, by a job."""
    return await history.list(Filter(table, actor, kind or [], job, since, until), before, limit)


@router.get("/retention")
async def read_retention(history: Log, _actor: Reader) -> Retention:
    """What the history holds, how far back it goes, and the settings that bound it."""
    return await history.retention()


@router.patch("/retention")
async def set_recording(wanted: Recording, history: Log, _actor: Administrator) -> Retention:
    """Turn recording on or off for this file. A file that is served where it lies is not recorded before that."""
    return await history.record(on=wanted.on)


@router.get("/rows")
async def list_changes_of_row(
    history: Log,
    _actor: Reader,
    table: Table,
    key: Annotated[
        list[str],
        Query(
            min_length=1,
            max_length=64,
            description="A cell of the row's key; given again for each of its columns, in the order in which the table "
            "has them. Rows of a table without a key are found by their rowid.",
        ),
    ],
    before: Before = None,
    limit: Limit = 50,
) -> ChangesOfRow:
    """What became of one row, newest first, with its cells before and after; also by changes of many rows."""
    return await history.of_row(table, key, before, limit)


@router.get("/{id}")
async def read_change(id: Number, history: Log, _actor: Reader) -> ChangeDetail:
    """One change. Its rows are at `/api/history/{id}/rows`."""
    return await history.get(id)


@router.get("/{id}/rows")
async def list_rows_of_change(
    id: Number,
    history: Log,
    _actor: Reader,
    after: Annotated[int, Query(ge=0, le=_MOST, description="`next` of a page.")] = 0,
    limit: Limit = 100,
) -> RowChangePage:
    """The rows of a change before and after. A change of the schema has none."""
    return await history.rows(id, after, limit)


@router.post("/{id}/undo")
async def undo_change(
    id: Number, history: Log, actor: Writer, response: Response, wanted: TakeBack | None = None
) -> TakenBack:
    """Take a change back: an edit of one row or of many, an import, a change of the schema, or an undo.

    Rows that were changed since are reported with what they were, what the change made of them and what they are now
    (409), and nothing is written, unless `conflicts` says what becomes of them. That an undo can be undone goes without
    saying: it is a change like any other.
    """
    return await _take_back(history, actor, id, "undo", wanted, response)


@router.post("/{id}/redo")
async def redo_change(
    id: Number, history: Log, actor: Writer, response: Response, wanted: TakeBack | None = None
) -> TakenBack:
    """Bring back what was undone, by the number of the change that was undone."""
    return await _take_back(history, actor, id, "redo", wanted, response)


async def _take_back(
    history: History, actor: Actor, id: int, way: Way, wanted: TakeBack | None, response: Response
) -> TakenBack:
    done = await history.take_back(actor, id, way, wanted or TakeBack())
    if done.change is not None:
        response.headers["X-Rolltop-Change"] = str(done.change)
    return done
