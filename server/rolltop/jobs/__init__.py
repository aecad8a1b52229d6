"""Work with progress and cancel that goes on after its request was answered."""

from rolltop.jobs.schemas import Job, JobError
from rolltop.jobs.service import UNEXPECTED, JobCancelled, Jobs, Running

__all__ = ["UNEXPECTED", "Job", "JobCancelled", "JobError", "Jobs", "Running"]
