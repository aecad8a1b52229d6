"""Jobs over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from rolltop.jobs.access import Reader, Writer
from rolltop.jobs.schemas import Job, JobLog, JobState
from rolltop.jobs.service import LISTED, Jobs

router = APIRouter(prefix="/api/jobs", tags=["Jobs"])


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


Runner = Annotated[Jobs, Depends(_jobs)]


@router.get("")
def list_jobs(
    jobs: Runner,
    _actor: Reader,
    state: Annotated[list[JobState] | None, Query(description="Only these; may be given several times.")] = None,
    kind: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=100)]] | None,
        Query(
            max_length=20,
            description="Only these kinds; may be given several times. `import` stands for `import.load`, too.",
        ),
    ] = None,
    before: Annotated[
        str | None, Query(max_length=100, description="Only jobs older than this one: the id of the last one you have.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="So many at most.")] = LISTED,
) -> list[Job]:
    """The jobs that are kept, newest first. A page with fewer than `limit` jobs is the last one."""
    return jobs.list(before=before, states=state or (), kinds=kind or (), limit=limit)


@router.get("/{id}")
def read_job(id: str, jobs: Runner, _actor: Reader) -> Job:
    """One job: its state, progress and what came of it."""
    return jobs.get(id)


@router.get("/{id}/log")
def read_job_log(
    id: str,
    jobs: Runner,
    _actor: Reader,
    after: Annotated[int, Query(ge=0, le=1 << 53, description="The number of the last line you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000, description="So many lines at most.")] = 1_000,
) -> JobLog:
    """What a job said of its work, in order."""
    return jobs.log(id, after, limit)


@router.post("/{id}/cancel", status_code=202)
def cancel_job(id: str, jobs: Runner, _actor: Writer) -> Job:
    """Ask a job to stop. It takes back what it has done so far, then becomes `cancelled`."""
    return jobs.cancel(id)


@router.post("/{id}/retry", status_code=202)
def retry_job(id: str, jobs: Runner, actor: Writer) -> Job:
    """Do again what a job did that failed, was cancelled or interrupted, as a new job. Where what it worked on is not
    there any more, the error says what to do instead."""
    return jobs.retry(id, actor)
