"""Quarantined rows over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from rolltop.collections.access import Reader, Writer
from rolltop.collections.quarantine.schemas import (
    Discard,
    Discarded,
    Job,
    Quarantine,
    QuarantinedRow,
    QuarantinedRows,
    QuarantineSummary,
    ReasonCode,
    Retry,
    RowEdit,
)
from rolltop.collections.quarantine.service import Quarantines
from rolltop.collections.recipes.schemas import Fix

router = APIRouter(prefix="/api/quarantine", tags=["Imports"])


def _quarantines(request: Request) -> Quarantines:
    quarantines: Quarantines = request.app.state.quarantines
    return quarantines


Waiting = Annotated[Quarantines, Depends(_quarantines)]


@router.get("")
def list_quarantines(waiting: Waiting, _actor: Reader) -> list[QuarantineSummary]:
    """The imports that left rows which did not fit, the newest first. They wait until they land or are discarded."""
    return waiting.list()


@router.get("/{id}")
def read_quarantine(id: str, waiting: Waiting, _actor: Reader) -> Quarantine:
    """One import's rows: what is wrong with them, grouped by column and reason, and what would help each group."""
    return waiting.get(id)


@router.get("/{id}/rows")
def list_quarantined_rows(
    id: str,
    waiting: Waiting,
    _actor: Reader,
    column: Annotated[str | None, Query(description="Only rows with a reason in this column of the table.")] = None,
    code: Annotated[ReasonCode | None, Query(description="Only rows with a reason of this code.")] = None,
    after: Annotated[int, Query(ge=0, description="Rows with a number above this one.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> QuarantinedRows:
    """A page of rows, in the order of the file."""
    return waiting.rows(id, column, code, after, limit)


@router.patch("/{id}/rows/{row}")
def edit_quarantined_row(id: str, row: int, wanted: RowEdit, waiting: Waiting, _actor: Writer) -> QuarantinedRow:
    """Change cells of a row. It is looked at again, and goes into the table with the next retry."""
    return waiting.edit(id, row, wanted)


@router.delete("/{id}/rows/{row}", status_code=204)
def discard_quarantined_row(id: str, row: int, waiting: Waiting, _actor: Writer) -> None:
    """Drop one row for good."""
    waiting.discard_row(id, row)


@router.post("/{id}/fixes", status_code=201)
def add_fix(id: str, fix: Fix, waiting: Waiting, _actor: Writer) -> Quarantine:
    """Add a fix. It is used by the next retry, and kept as the recipe for files with the same headers."""
    return waiting.add_fix(id, fix)


@router.delete("/{id}/fixes/{number}")
def remove_fix(id: str, number: int, waiting: Waiting, _actor: Writer) -> Quarantine:
    """Take a fix out of the recipe. Fixes count from 1. Rows that landed stay."""
    return waiting.remove_fix(id, number)


@router.post("/{id}/retry", status_code=202)
def retry_quarantine(id: str, wanted: Retry, waiting: Waiting, actor: Writer) -> Job:
    """Try rows again as a job. Those that fit go into the table and leave, the others get their reasons of now."""
    return waiting.retry(id, wanted, actor.id)


@router.post("/{id}/discard")
def discard_quarantine(id: str, wanted: Discard, waiting: Waiting, _actor: Writer) -> Discarded:
    """Drop rows for good: all, or those of a column, a reason or some numbers."""
    return waiting.discard(id, wanted)
