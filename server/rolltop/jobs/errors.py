"""What can go wrong with jobs."""

from rolltop.errors import Conflict, NotFound


class NoSuchJob(NotFound):
    """The id is unknown."""

    code = "jobs.unknown"

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no job {id!r}.", hint="GET /api/jobs lists those that are kept.")


class NotOver(Conflict):
    """A job that waits or runs cannot be tried again."""

    code = "jobs.not_over"

    def __init__(self, state: str) -> None:
        super().__init__(f"The job is {state}.", hint="Wait for its end, or cancel it first.")


class NothingToRetry(Conflict):
    """A job that did its work is not done twice."""

    code = "jobs.done"

    def __init__(self) -> None:
        super().__init__(
            "The job has done its work; there is nothing to try again.", hint="Start a new one for the same again."
        )


class NotRepeatable(Conflict):
    """Jobs of this kind cannot be tried again, or this one came from a version that did not keep what it worked on."""

    code = "jobs.not_repeatable"

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"Jobs of the kind {kind!r} cannot be tried again.", hint="Start a new one the way this one was started."
        )


class InputGone(Conflict):
    """What the job worked on is not there any more."""

    code = "jobs.input_gone"
