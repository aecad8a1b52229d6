"""Jobs over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from rolltop.jobs.access import Reader, Writer
from rolltop.jobs.schemas import Job
from rolltop.jobs.service import Jobs

router = APIRouter(prefix="/api/jobs", tags=["Jobs"])


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


Runner = Annotated[Jobs, Depends(_jobs)]


@router.get("")
def list_jobs(jobs: Runner, _actor: Reader) -> list[Job]:
    """The last hundred jobs, newest first."""
    return jobs.list()


@router.get("/{id}")
def read_job(id: str, jobs: Runner, _actor: Reader) -> Job:
    """One job: its state, progress and what came of it."""
    return jobs.get(id)


@router.post("/{id}/cancel", status_code=202)
def cancel_job(id: str, jobs: Runner, _actor: Writer) -> Job:
    """Ask a job to stop. It takes back what it has done so far, then becomes `cancelled`."""
    return jobs.cancel(id)
