"""What can go wrong with jobs."""

from rolltop.errors import NotFound


class NoSuchJob(NotFound):
    """The id is unknown."""

    code = "jobs.unknown"

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no job {id!r}.", hint="GET /api/jobs lists the last hundred.")
