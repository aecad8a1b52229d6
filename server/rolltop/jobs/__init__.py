"""Work with progress, a log, cancel and retry that goes on after its request was answered."""

from rolltop.jobs.errors import InputGone
from rolltop.jobs.running import UNEXPECTED, Asked, JobCancelled, Running
from rolltop.jobs.schemas import Job, JobError
from rolltop.jobs.service import Jobs

__all__ = ["UNEXPECTED", "Asked", "InputGone", "Job", "JobCancelled", "JobError", "Jobs", "Running"]
